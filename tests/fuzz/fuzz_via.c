/* Answers of proxies: in pieces of any size they come to the same as at once, nothing behind the
 * opening is taken, and the end is one. The first byte says which proxy is asked. */
#include "audit/via.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t talk(struct via_talk *t, const struct via *v, struct str in, size_t piece)
{
    size_t used = 0;
    assert(via_talk_init(t, v, STR("a.test"), 443) == 0);
    while (used < in.n) {
        size_t n = via_talk_feed(t, str_sub(in, used, piece));
        assert(n <= piece);
        used += n;
        if (t->state == VIA_OPEN || t->state == VIA_REFUSED)
            break;
        assert(n == (piece < in.n - (used - n) ? piece : in.n - (used - n)));
    }
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const proxies[] = {"http://p:1", "socks5://p:1", "socks5://u:p@p:1"};
    struct via v;
    struct via_talk one, other;
    struct buf why;
    if (size == 0)
        return 0;
    struct str in = str_of((const char *)data + 1, size - 1);
    buf_init(&why, 1024);
    assert(via_parse(&v, str_c(proxies[data[0] % 3]), &why) == 0);
    size_t a = talk(&one, &v, in, SIZE_MAX), b = talk(&other, &v, in, 1);
    assert(a == b && one.state == other.state);
    assert(str_eq(buf_str(&one.out), buf_str(&other.out)) && strcmp(one.why, other.why) == 0);
    assert(one.state != VIA_REFUSED || one.why[0]);
    via_talk_end(&one);
    assert(one.state == other.state || one.state == VIA_REFUSED);
    via_talk_done(&one);
    via_talk_done(&other);
    struct via parsed;
    if (via_parse(&parsed, in, &why) == 0)
        assert(parsed.port && parsed.host[0] && strlen(parsed.text) > strlen(parsed.host));
    buf_done(&why);
    return 0;
}
