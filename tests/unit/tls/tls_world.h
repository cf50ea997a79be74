/* A worker and its keeper on one loop, with sites that have certificates, and an OpenSSL client
 * whose bytes go through a stream in memory. */
#ifndef TESTS_TLS_WORLD_H
#define TESTS_TLS_WORLD_H

#include "pki.h"

#include "tls/keyvault.h"
#include "tls/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

enum { SITES_MAX = 4, CERTS_MAX = 4 };

struct world {
    struct loop *loop;
    struct metrics metrics;
    struct keyvault *vault;
    struct chan *keeper;
    bool mute; /* the keeper does not answer */
    unsigned signed_;
    struct signer *signer;
    struct snapshot snapshot;
    struct site sites[SITES_MAX], *site_list[SITES_MAX];
    struct str names[SITES_MAX];
    struct cert_spec certs[CERTS_MAX], *cert_list[CERTS_MAX], *site_certs[SITES_MAX][CERTS_MAX];
    struct buf pem[CERTS_MAX];
    struct certstore_chain chains[CERTS_MAX];
    struct certstore *store;
};

static inline void keeper_on_message(struct chan *c, const struct message_frame *m)
{
    struct world *w = chan_user(c);
    struct sign_request q;
    struct buf sig;
    if (w->mute)
        return;
    assert_true(m->body.n >= sizeof q);
    memcpy(&q, m->body.p, sizeof q);
    buf_init(&sig, SIGNATURE_MAX);
    int err = keyvault_sign(w->vault, &q, str_from(m->body, sizeof q), &sig);
    struct message_frame a = {.type = MSG_SIGNED, .id = m->id, .status = err, .body = buf_str(&sig)};
    assert_int_equal(chan_send(c, &a), 0);
    w->signed_++;
    buf_done(&sig);
}

static inline void keeper_on_gone(struct chan *c, int err)
{
    struct world *w = chan_user(c);
    chan_close(c);
    if (w->keeper == c)
        w->keeper = NULL;
}

static inline void world_attach(struct world *w)
{
    int fds[2];
    struct chan_env env = {.permitted = (uint64_t)1 << MSG_SIGN, .on_message = keeper_on_message,
                           .on_gone = keeper_on_gone, .user = w};
    assert_int_equal(chan_pair(fds), 0);
    chan_close(w->keeper);
    w->keeper = chan_new(w->loop, fds[0], &env);
    assert_non_null(w->keeper);
    assert_int_equal(signer_attach(w->signer, fds[1]), 0);
}

static inline void world_add_cert(struct world *w, const char *kind)
{
    size_t i = w->snapshot.ncerts++;
    EVP_PKEY *key = pki_key(kind);
    struct pki_spec s = {.cn = kind, .san = "DNS:a.test,DNS:b.test,DNS:c.test,IP:127.0.0.1"};
    X509 *x = pki_cert(&s, key, NULL, NULL);
    buf_init(&w->pem[i], 65536);
    pki_pem(&w->pem[i], x);
    int fd = pki_key_file(key);
    assert_int_equal(keyvault_load_key(w->vault, fd, 1, w->chains[i].spki), 0);
    close(fd);
    w->chains[i].pem = buf_str(&w->pem[i]);
    w->certs[i] = (struct cert_spec){.index = i};
    w->cert_list[i] = &w->certs[i];
    X509_free(x);
    EVP_PKEY_free(key);
}

/* certs: bits of the indexes of world_add_cert */
static inline struct site *world_add_site(struct world *w, const char *name, unsigned certs)
{
    size_t i = w->snapshot.nsites++;
    struct site *s = &w->sites[i];
    w->names[i] = str_c(name);
    *s = (struct site){.names = &w->names[i], .nnames = 1, .index = i, .certs = w->site_certs[i],
                       .tls = {.min_version = TLS_V12, .max_version = TLS_V13, .tickets = true}};
    for (size_t c = 0; c < w->snapshot.ncerts; c++)
        if (certs >> c & 1) {
            s->certs[s->ncerts++] = &w->certs[c];
            w->certs[c].site = s;
        }
    w->site_list[i] = s;
    assert_int_equal(map_set(&w->snapshot.by_name, w->names[i], s), 0);
    return s;
}

static inline struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    static const uint64_t seed[2] = {4, 43};
    w->loop = loop_epoll_new();
    w->vault = keyvault_new();
    w->signer = signer_new(w->loop, &w->metrics);
    assert_non_null(w->signer);
    map_init(&w->snapshot.by_name, 100, seed);
    w->snapshot.sites = w->site_list;
    w->snapshot.certs = w->cert_list;
    world_attach(w);
    return w;
}

static inline void world_ready(struct world *w)
{
    struct buf why;
    buf_init(&why, 4096);
    w->store = certstore_new(&w->snapshot, w->chains, w->snapshot.ncerts, w->signer, &why);
    if (!w->store)
        fail_msg("%s", buf_cstr(&why));
    buf_done(&why);
}

static inline void world_free(struct world *w)
{
    certstore_unref(w->store);
    signer_free(w->signer);
    chan_close(w->keeper);
    loop_free(w->loop);
    keyvault_free(w->vault);
    map_done(&w->snapshot.by_name);
    for (size_t i = 0; i < w->snapshot.ncerts; i++)
        buf_done(&w->pem[i]);
    free(w);
}

/* ---- the two ends of a connection ---- */

struct link {
    struct world *w;
    struct conn conn;
    struct stream *server; /* TLS */
    struct stream *client; /* raw */
    SSL *ssl;
    BIO *in, *out;
    int done; /* on_done: 1 good, −err */
    bool client_end;
    unsigned events;
    void (*on_server)(struct link *, unsigned events);
    struct buf got; /* by the server */
};

static inline void link_on_event(struct stream *s, unsigned events)
{
    struct link *l = s->user;
    l->events |= events;
    if (l->on_server)
        l->on_server(l, events);
}

static inline void link_on_done(struct stream *s, int err)
{
    struct link *l = s->user;
    assert_int_equal(l->done, 0);
    l->done = err ? err : 1;
}

static inline void link_open(struct link *l, struct world *w, size_t capacity, SSL_CTX *ctx,
                             const char *name)
{
    struct stream *below;
    *l = (struct link){.w = w};
    assert_int_equal(stream_mem_pair(w->loop, capacity, &below, &l->client), 0);
    l->conn = (struct conn){.loop = w->loop, .metrics = &w->metrics};
    assert_int_equal(addr_parse(&l->conn.local, STR("127.0.0.1:443")), 0);
    arena_init(&l->conn.arena, 1024, CONN_ARENA_MAX);
    buf_init(&l->got, 1 << 24);
    l->server = tls_stream_accept(below, w->store, &l->conn, link_on_done);
    assert_non_null(l->server);
    l->server->user = l;
    l->server->on_event = link_on_event;
    if (!ctx)
        return;
    l->ssl = SSL_new(ctx);
    l->in = BIO_new(BIO_s_mem());
    l->out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(l->in, -1);
    SSL_set_bio(l->ssl, l->in, l->out);
    SSL_set_connect_state(l->ssl);
    if (name)
        SSL_set_tlsext_host_name(l->ssl, name);
}

/* Moves bytes between the client's BIOs and the stream, and turns the loop once. */
static inline void link_pump(struct link *l)
{
    char *p;
    long n = BIO_get_mem_data(l->out, &p);
    if (n > 0) {
        struct str s = str_of(p, (size_t)n);
        ssize_t sent = stream_write(l->client, &s, 1, false);
        char drop[4096];
        while (sent > 0)
            sent -= BIO_read(l->out, drop, sent < 4096 ? (int)sent : 4096);
    }
    loop_turn(l->w->loop, 0);
    char in[65536];
    ssize_t got = stream_read(l->client, in, sizeof in);
    if (got > 0)
        BIO_write(l->in, in, (int)got);
    else if (got != -ERR_AGAIN)
        l->client_end = true;
}

/* True: both sides finished. */
static inline bool link_handshake(struct link *l)
{
    for (int i = 0; i < 2000000; i++) {
        int r = SSL_do_handshake(l->ssl);
        if (r == 1 && l->done)
            return l->done == 1;
        if (r != 1 && SSL_get_error(l->ssl, r) != SSL_ERROR_WANT_READ) {
            for (int k = 0; k < 50 && !l->done; k++)
                link_pump(l);
            return false;
        }
        if (l->done < 0 && l->client_end)
            return false;
        link_pump(l);
    }
    return false;
}

static inline void link_close(struct link *l)
{
    stream_close(l->server, false);
    stream_close(l->client, false);
    SSL_free(l->ssl);
    loop_turn(l->w->loop, 0);
    arena_done(&l->conn.arena);
    buf_done(&l->got);
    ERR_clear_error();
}

static inline SSL_CTX *client_ctx(int version, const char *sigalgs)
{
    SSL_CTX *c = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(c, version);
    SSL_CTX_set_max_proto_version(c, version);
    if (sigalgs)
        assert_int_equal(SSL_CTX_set1_sigalgs_list(c, sigalgs), 1);
    return c;
}

#endif
