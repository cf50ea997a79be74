/* Responses of hostile servers: the answer is the same whole and byte by byte. */
#include "audit/http_client.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
    int err, closed;
    size_t used;
    struct http_answer answer;
};

static struct result run(struct arena *arena, struct str in, size_t piece, enum method to)
{
    struct http_client c;
    struct result r = {.err = -ERR_NEED_MORE};
    http_client_init(&c, arena, to);
    while (r.err == -ERR_NEED_MORE && r.used < in.n) {
        struct str part = str_sub(in, r.used, piece);
        size_t n = part.n;
        r.err = http_client_feed(&c, part, &n);
        assert(n <= part.n);
        r.used += n;
    }
    if (r.err == -ERR_NEED_MORE)
        r.closed = http_client_close(&c, true);
    r.answer = c.answer;
    http_client_done(&c);
    return r;
}

static void check(const struct result *r, size_t size)
{
    const struct http_answer *a = &r->answer;
    if ((r->err != 0 && r->err != -ERR_NEED_MORE) || r->closed)
        return;
    assert(a->end != HTTP_END_NONE && a->status >= 100 && a->status <= 999);
    assert(a->body.n <= HTTP_BODY_KEPT && a->body_bytes >= a->body.n && a->body_bytes <= size);
    assert(a->nfields <= HTTP_FIELDS_MAX && a->truncated == (a->end == HTTP_END_CUT));
    for (size_t i = 0; i < a->nfields; i++)
        assert(a->fields[i].name.n > 0 && a->fields[i].name.n + a->fields[i].value.n <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size);
    for (int to = METHOD_GET; to <= METHOD_HEAD; to++) {
        struct arena one, two;
        arena_init(&one, 65536, 4 << 20);
        arena_init(&two, 65536, 4 << 20);
        struct result a = run(&one, in, size + 1, to), b = run(&two, in, 1, to);
        check(&a, size);
        assert((a.err == 0) == (b.err == 0) && a.closed == b.closed);
        if (a.err == 0)
            assert(a.used == b.used && a.answer.end == b.answer.end &&
                   a.answer.sloppy == b.answer.sloppy && str_eq(a.answer.body, b.answer.body) &&
                   a.answer.nfields == b.answer.nfields);
        arena_done(&one);
        arena_done(&two);
    }
    return 0;
}
