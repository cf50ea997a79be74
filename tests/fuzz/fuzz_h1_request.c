/* Request heads: whatever comes in, all slices lie inside it, what is accepted can be written
 * and reads the same again, and it does not matter in which pieces it came. */
#include "wire/h1_emit.h"
#include "wire/h1_parse.h"
#include "wire/uri.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIELDS 64
static const struct h1_limits limits = {.line = 4096, .head = 16384, .fields = FIELDS};

static int parse(struct head *h, struct field *fields, struct str in, size_t from, size_t *used)
{
    *h = (struct head){.fields = fields, .cap = FIELDS};
    return h1_parse_request(h, in, from, &limits, used);
}

static void check_inside(struct str s, struct str in)
{
    assert(s.n == 0 || (s.p >= in.p && s.p + s.n <= in.p + in.n));
}

/* Written anew, the head means the same. */
static void check_round_trip(const struct head *h)
{
    struct buf out;
    struct field fields[FIELDS];
    struct head again;
    size_t used;
    buf_init(&out, 65536);
    assert(h1_emit_request(&out, h) == 0);
    int err = parse(&again, fields, buf_str(&out), 0, &used);
    if (h->version == HTTP_11 && h->scheme.n == 0) {
        assert(err == 0 && used == out.n);
        assert(again.length == h->length && again.nfields == h->nfields);
        assert(str_eq(again.target, h->target) && str_eq(again.authority, h->authority));
    }
    buf_done(&out);
}

/* In pieces, with `from`: what is good is found to be good at the same place, and what may still
 * become good is not refused. (What is bad may be noticed later, at the end of its line.) */
static void check_pieces(struct str in, int whole, size_t used)
{
    struct field fields[FIELDS];
    struct head h;
    size_t got = 0, from = 0, step = in.n / 16 + 1;
    int err = -ERR_NEED_MORE;
    for (size_t n = step; err == -ERR_NEED_MORE && from < in.n; n += step) {
        n = n < in.n ? n : in.n;
        err = parse(&h, fields, str_of(in.p, n), from, &got);
        from = n;
    }
    if (whole == 0)
        assert(err == 0 && got == used);
    else
        assert(err < 0 && (whole != -ERR_NEED_MORE || err == -ERR_NEED_MORE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size);
    struct field fields[FIELDS];
    struct head h;
    size_t used = 0;
    int err = parse(&h, fields, in, 0, &used);
    if (err == 0) {
        struct arena a;
        struct uri_path path;
        assert(used > 0 && used <= size && used <= limits.head);
        assert(h.nfields <= FIELDS);
        for (size_t i = 0; i < h.nfields; i++) {
            check_inside(h.fields[i].name, in);
            check_inside(h.fields[i].value, in);
        }
        check_inside(h.authority, in);
        check_round_trip(&h);
        arena_init(&a, 4096, 65536);
        if (uri_normalise(&a, h.target, &path) == 0)
            assert(path.encoded_slash || (path.decoded.n && path.decoded.p[0] == '/'));
        arena_done(&a);
    }
    check_pieces(in, err, used);
    return 0;
}
