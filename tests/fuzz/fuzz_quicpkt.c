/* A datagram's packets without protection: heads, then frames in what follows, and all of it as
 * transport parameters. What was read can be written and is the same when read again. */
#include "wire/quicframe.h"
#include "wire/quicparam.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct str s, struct str in)
{
    assert(s.n == 0 || (s.p >= in.p && s.p + s.n <= in.p + in.n));
}

static void ranges(const struct quicframe *f)
{
    struct quicframe_ranges it = {.begun = false};
    uint64_t first, last, below = QUICPKT_NUMBER_MAX + 1;
    while (quicframe_range(f, &it, &first, &last)) {
        assert(first <= last && last < below);
        below = first;
    }
}

static void again(const struct quicframe *f)
{
    struct buf out;
    struct quicframe got;
    buf_init(&out, 1 << 17);
    quicframe_emit(&out, f);
    struct str rest = buf_str(&out);
    assert(quicframe_parse(&got, &rest) == 0 && rest.n == 0);
    assert(got.type == f->type && got.stream == f->stream && got.offset == f->offset);
    assert(got.value == f->value && got.prior == f->prior && str_eq(got.data, f->data));
    buf_done(&out);
}

static void frames(struct str in)
{
    struct quicframe f;
    struct str rest = in;
    while (rest.n) {
        struct str before = rest;
        if (quicframe_parse(&f, &rest)) {
            assert(rest.p == before.p && rest.n == before.n);
            return;
        }
        assert(rest.n < before.n);
        inside(f.data, in);
        inside(f.reset, in);
        assert(f.data.n <= QUICPKT_NUMBER_MAX - f.offset);
        if (f.type == QUICFRAME_ACK || f.type == QUICFRAME_ACK_ECN)
            ranges(&f);
        again(&f);
    }
}

static void params(struct str in)
{
    struct quicparams p, got;
    struct buf out;
    if (quicparams_parse(&p, in))
        return;
    inside(p.preferred_address, in);
    inside(p.versions, in);
    (void)quicparams_fault(&p);
    buf_init(&out, 1 << 17);
    quicparams_emit(&out, &p);
    assert(quicparams_parse(&got, buf_str(&out)) == 0);
    assert(got.seen == p.seen && memcmp(got.number, p.number, sizeof p.number) == 0);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size), rest = in;
    struct quicpkt p;
    while (rest.n && quicpkt_parse(&p, rest, 8) == 0) {
        inside(p.dcid, rest);
        inside(p.scid, rest);
        inside(p.token, rest);
        inside(p.versions, rest);
        inside(p.integrity, rest);
        inside(p.whole, rest);
        assert(p.whole.n > 0 && p.number_at <= p.whole.n);
        frames(str_from(p.whole, p.number_at));
        rest = str_from(rest, p.whole.n);
    }
    frames(in);
    params(in);
    return 0;
}
