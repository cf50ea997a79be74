/* Fields as lines "Name: value", all readers, and policies by themselves. */
#include "audit/http_headers.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t cut(struct field *fields, size_t max, struct str in)
{
    struct str line;
    size_t n = 0;
    while (n < max && str_split(&in, '\n', &line)) {
        size_t colon = str_find(line, ':', 0);
        fields[n++] = (struct field){str_sub(line, 0, colon), str_trim(str_from(line, colon + 1)),
                                     FIELD_OTHER};
    }
    return n;
}

static void policies(struct str in, enum csp_origin origin)
{
    struct csp c;
    csp_init(&c);
    csp_add(&c, in, origin);
    assert(c.policies + c.report_only >= 1);
    assert(csp_judge(&c, true) <= CSP_NO_UNSAFE_DEFAULT_NONE);
    assert((c.in_field & ~c.present) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size);
    struct field fields[100];
    struct http_answer answer = {.fields = fields, .nfields = cut(fields, 100, in)};
    struct http_reading reading = {STR("www.example.com"), STR("https://evil.example"), 1800000000};
    struct http_headers h;
    struct arena arena;
    arena_init(&arena, 65536, 1 << 20);
    assert(http_headers_read(&h, &arena, &answer, &reading) == 0);
    assert(h.ncookies <= HTTP_COOKIES_MAX && h.nbanners <= HTTP_BANNERS_MAX);
    assert(!h.hsts.valid || h.hsts.count > 0);
    assert(!h.alt_svc.h3 || h.alt_svc.h3_port > 0);
    policies(in, CSP_FIELD);
    policies(in, CSP_META);
    policies(in, CSP_REPORT_ONLY);
    arena_done(&arena);
    return 0;
}
