/* Cookies: what was hardened has what was to be added, and is not added to again. */
#include "wire/cookie.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned all = COOKIE_SECURE | COOKIE_HTTPONLY | COOKIE_SAMESITE;
    struct str value = str_of((const char *)data, size);
    struct set_cookie before, after;
    struct buf once, twice;
    buf_init(&once, size + 64);
    buf_init(&twice, size + 64);
    if (set_cookie_harden(&once, value, all) == 0) {
        assert(set_cookie_parse(&before, value) == 0);
        assert(set_cookie_parse(&after, buf_str(&once)) == 0);
        assert((after.flags & all) == all);
        assert(str_eq(before.name, after.name) && str_eq(before.value, after.value));
        assert(set_cookie_harden(&twice, buf_str(&once), all) == 0);
        assert(str_eq(buf_str(&once), buf_str(&twice)));
    } else {
        assert(once.n == 0);
    }
    struct str got = cookie_get(value, STR("a"));
    assert(got.n == 0 || (got.p >= value.p && got.p + got.n <= value.p + value.n));
    buf_done(&once);
    buf_done(&twice);
    return 0;
}
