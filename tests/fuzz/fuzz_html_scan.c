/* Pages, over https and over http. */
#include "audit/html_scan.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int https = 0; https < 2; https++) {
        struct html_page page = {https, STR("www.example.com")};
        struct html_facts f;
        struct arena arena;
        arena_init(&arena, 4096, 1 << 20);
        assert(html_scan(&f, &arena, &page, str_of((const char *)data, size)) == 0);
        assert(https || f.mixed_active + f.mixed_passive + f.mixed_forms == 0);
        assert(f.scripts_foreign == f.foreign_secure_bare + f.foreign_secure_integrity +
                                        f.foreign_insecure_bare + f.foreign_insecure_integrity);
        for (size_t i = 0; i < f.nrefs; i++)
            assert(f.refs[i].url.n <= HTML_TEXT_MAX && f.refs[i].at < size);
        arena_done(&arena);
    }
    return 0;
}
