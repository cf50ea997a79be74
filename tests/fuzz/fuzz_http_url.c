/* Location values, resolved against a page deep inside a site; what comes out can be asked for. */
#include "audit/http_client.h"
#include "audit/http_url.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_url base = {.host = STR("www.example.com"),
                            .port = 80,
                            .target = STR("/dir/page?q")},
                    u;
    struct arena arena;
    struct buf out;
    arena_init(&arena, 65536, 1 << 20);
    buf_init(&out, 1 << 20);
    if (http_url_resolve(&u, &arena, &base, str_of((const char *)data, size)) == 0) {
        struct http_request r = {.target = u.target, .host = http_url_authority(&arena, &u)};
        assert(u.port && u.host.n && str_starts(u.target, STR("/")));
        assert(http_client_request(&out, &r) == 0);
        struct str text = http_url_text(&arena, &u);
        struct http_url again;
        assert(http_url_resolve(&again, &arena, &base, text) == 0 || text.n > 8192);
        http_url_same_site(u.host, base.host);
    }
    buf_done(&out);
    arena_done(&arena);
    return 0;
}
