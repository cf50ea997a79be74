/* A client's flights against a whole TLS stream with its keeper: nothing it sends may crash us,
 * and how its bytes are cut into packets may not change what becomes of them.
 *
 * The corpus is what OpenSSL's client sent in whole handshakes (TLS 1.2 and 1.3, large hellos,
 * resumption, a HelloRetryRequest, no name, a wrong one, fragmented records). The server's random
 * is another each time, so a replayed Finished never fits: all before it is reached, a signature by
 * every fourth input. */
#include "../unit/tls/tls_world.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PIPE = 256 * 1024, SIGN_TURNS = 4 };

/* How a connection ended. */
struct outcome {
    int done;
    const struct site *site;
    bool resumed;
};

static struct world *w; /* made once, reachable for ever */

static void make_world(void)
{
    static const char secrets[96] = "gate443 fuzz";
    w = world_new();
    world_add_cert(w, "P-256");
    world_add_cert(w, "rsa");
    world_add_site(w, "a.test", 3);
    world_add_site(w, "b.test", 1)->tls.min_version = TLS_V13;
    world_add_site(w, "127.0.0.1", 2);
    world_ready(w);
    if (certstore_ticket_keys(w->store, str_of(secrets, sizeof secrets)))
        abort();
}

/* Until the keeper has answered, should it be asked: sent, signed, answered, gone on. */
static void settle(void)
{
    for (int i = 0; i < SIGN_TURNS; i++)
        loop_turn(w->loop, 0);
}

static void swallow(struct link *l)
{
    char p[16384];
    while (stream_read(l->client, p, sizeof p) > 0)
        ;
}

static void read_server(struct link *l)
{
    char p[4096];
    while (l->done == 1 && stream_read(l->server, p, sizeof p) > 0)
        ;
}

/* step 0: all at once */
static struct outcome serve(struct str in, size_t step)
{
    struct link l;
    link_open(&l, w, PIPE, NULL, NULL);
    while (in.n && l.done >= 0) {
        struct str piece = step ? str_sub(in, 0, step) : in;
        if (stream_write(l.client, &piece, 1, false) != (ssize_t)piece.n)
            break;
        in = str_from(in, piece.n);
        settle();
        swallow(&l);
        read_server(&l);
    }
    int err = stream_shutdown(l.client);
    settle();
    swallow(&l);
    read_server(&l);
    if (!err)
        assert(l.done != 0);
    struct outcome o = {l.done, l.conn.facts.site, l.conn.facts.resumed};
    assert(o.done < 0 || o.site);
    link_close(&l);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!w)
        make_world();
    struct str in = str_of((const char *)data, size);
    struct outcome whole = serve(in, 0);
    size_t least = size / 16 + 1; /* 16 pieces at most, or the loop turns cost all the time */
    struct outcome cut = serve(in, least + (size ? data[size / 2] % least : 0));
    assert(whole.done == cut.done && whole.site == cut.site && whole.resumed == cut.resumed);
    return 0;
}
