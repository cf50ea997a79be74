/* Targets and hosts: what is accepted is normal, stays normal, and never leaves the root. */
#include "wire/scan.h"
#include "wire/uri.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(struct str p)
{
    struct str rest = p, segment;
    assert(p.n > 0 && p.p[0] == '/' && p.p[p.n] == '\0');
    assert(memchr(p.p, '\0', p.n) == NULL && memchr(p.p, '\\', p.n) == NULL);
    bool first = true;
    while (str_split(&rest, '/', &segment)) {
        assert(!str_eq(segment, STR(".")) && !str_eq(segment, STR("..")));
        assert(segment.n > 0 || first || !rest.p); /* "" only at both ends */
        first = false;
    }
    for (struct str s = p; s.n;) {
        size_t n = str_utf8(s);
        assert(n > 0);
        s = str_from(s, n);
    }
}

static void target(struct str in)
{
    struct arena a;
    struct uri_path u, again;
    arena_init(&a, 4096, 1 << 20);
    if (uri_normalise(&a, in, &u) == 0) {
        struct buf b;
        assert(u.raw.n > 0 && u.raw.p[0] == '/' && u.encoded_slash == !u.decoded.p);
        if (u.encoded_slash) {
            arena_done(&a);
            return;
        }
        check_path(u.decoded);
        assert(u.decoded.n <= u.raw.n);
        buf_init(&b, 1 << 20);
        uri_encode_path(&b, u.decoded);
        assert(buf_ok(&b) && scan_target(buf_str(&b)) == b.n);
        assert(uri_normalise(&a, buf_str(&b), &again) == 0);
        assert(str_eq(again.decoded, u.decoded));
        buf_done(&b);
    }
    arena_done(&a);
}

static void authority(struct str in)
{
    char text[URI_HOST_MAX], text2[URI_HOST_MAX];
    struct str host, again;
    uint16_t port, none;
    if (uri_host(in, text, &host, &port))
        return;
    assert(host.p == text && host.n > 0 && host.n < URI_HOST_MAX);
    assert(uri_host(host, text2, &again, &none) == 0 && none == 0);
    assert(str_eq(host, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size);
    target(in);
    authority(in);
    return 0;
}
