/* What a server may send to our HTTP/2 client and to the probes' reader: whole, and byte by byte. */
#include "http/h2_client.h"
#include "http/h2_probe.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void client(struct str in, size_t piece)
{
    struct arena arena;
    struct buf out;
    int32_t ids[2];
    int err = 0;
    arena_init(&arena, 65536, 2 << 20);
    buf_init(&out, 1 << 20);
    struct h2_client *c = h2_client_new(&arena);
    struct h2_client_request r = {.authority = STR("localhost")};
    assert(c);
    for (size_t i = 0; i < 2; i++)
        assert(h2_client_request(c, &r, &ids[i]) == 0);
    err = h2_client_drain(c, &out);
    for (size_t at = 0; at < in.n && err == 0; at += piece) {
        err = h2_client_feed(c, str_sub(in, at, piece));
        int sent = h2_client_drain(c, &out);
        err = err ? err : sent;
    }
    h2_client_close(c);
    assert(h2_client_idle(c));
    for (size_t i = 0; i < 2; i++) {
        const struct h2_client_answer *a = h2_client_answer(c, ids[i]);
        assert(a && a->end != H2_CLIENT_OPEN && a->nfields <= H2_CLIENT_FIELDS);
        assert(a->body_bytes >= a->body.n && a->body_bytes <= in.n);
    }
    h2_client_free(c);
    buf_done(&out);
    arena_done(&arena);
}

static struct h2_probe probe(struct str in, size_t piece)
{
    struct h2_probe p;
    h2_probe_init(&p, H2_PROBE_RESETS);
    for (size_t at = 0; at < in.n; at += piece)
        h2_probe_feed(&p, str_sub(in, at, piece));
    return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size);
    client(in, size + 1);
    client(in, 1);
    struct h2_probe a = probe(in, size + 1), b = probe(in, 1);
    assert(a.answers == b.answers && a.resets == b.resets && a.goaway == b.goaway &&
           a.fenced == b.fenced && a.settings == b.settings && a.broken == b.broken &&
           a.max_streams == b.max_streams);
    assert(h2_probe_judge(&a, true, true) != H2_PROBE_OPEN);
    return 0;
}
