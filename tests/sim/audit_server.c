/* libssl in memory on streams in virtual time; see audit_server.h. */
#include "audit_server.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

enum { PIPE = 32 * 1024, OUT_MAX = 1024 * 1024 };

static struct servers *all; /* whom dial_tcp asks */
unsigned servers_busy;

struct conn {
    struct list link;
    struct servers *servers;
    struct stream *stream; /* NULL: closed */
    SSL *ssl;              /* NULL: in clear */
    BIO *in, *out;         /* the SSL's */
    struct buf asked;      /* in clear, or what came decrypted */
    struct buf todo;       /* bytes on their way */
    struct departure how;
    struct timer timer;
    uint64_t at, turn; /* not before; of an endless stream */
    unsigned http;
    bool answered, over; /* behind `todo` comes `how.leave` */
};

static void die(const char *what)
{
    fprintf(stderr, "audit_server: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(99);
}

/* ---- certificates ---- */

static EVP_PKEY *make_key(const char *type, const char *curve)
{
    EVP_PKEY *k = curve                      ? EVP_PKEY_Q_keygen(NULL, NULL, type, curve)
                  : strcmp(type, "RSA") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, type, (size_t)2048)
                                             : EVP_PKEY_Q_keygen(NULL, NULL, type);
    if (!k)
        die(type);
    return k;
}

static void add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX c;
    X509V3_set_ctx(&c, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
    if (!e || !X509_add_ext(x, e, -1))
        die("extension");
    X509_EXTENSION_free(e);
}

static X509 *make_cert(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, bool ca)
{
    static long serial = 4430;
    X509 *x = X509_new();
    X509_NAME *n = x ? X509_get_subject_name(x) : NULL;
    if (!n)
        die("X509_new");
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x), -86400);
    X509_gmtime_adj(X509_getm_notAfter(x), 60 * 86400);
    X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
    X509_set_pubkey(x, key);
    add_extension(x, issuer ? issuer : x, NID_basic_constraints,
                  ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (!ca)
        add_extension(x, issuer, NID_subject_alt_name,
                      "DNS:sim.test,DNS:www.sim.test,IP:127.0.0.1");
    EVP_PKEY *by = issuer_key ? issuer_key : key;
    if (!X509_sign(x, by, EVP_PKEY_is_a(by, "ED25519") ? NULL : EVP_sha256()))
        die("X509_sign");
    return x;
}

struct authority {
    EVP_PKEY *root_key, *key;
    X509 *root, *cert;
};

static void authority_make(struct authority *a, struct buf *pem)
{
    char *text;
    a->root_key = make_key("EC", "P-256");
    a->key = make_key("EC", "P-384");
    a->root = make_cert("Simulated Root", a->root_key, NULL, NULL, true);
    a->cert = make_cert("Simulated Intermediate", a->key, a->root, a->root_key, true);
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio || !PEM_write_bio_X509(bio, a->root))
        die("PEM");
    long n = BIO_get_mem_data(bio, &text);
    buf_init(pem, 16384);
    buf_add(pem, str_of(text, (size_t)n));
    BIO_free(bio);
}

static void authority_free(struct authority *a)
{
    EVP_PKEY_free(a->root_key);
    EVP_PKEY_free(a->key);
    X509_free(a->root);
    X509_free(a->cert);
}

static void use(SSL_CTX *t, const struct authority *a, const char *type, const char *curve)
{
    EVP_PKEY *key = make_key(type, curve);
    X509 *x = make_cert("sim.test", key, a->cert, a->key, false);
    X509_up_ref(a->cert);
    if (SSL_CTX_use_cert_and_key(t, x, key, NULL, 1) != 1 || !SSL_CTX_add0_chain_cert(t, a->cert))
        die("certificate");
    X509_free(x);
    EVP_PKEY_free(key);
}

/* ---- configurations ---- */

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *n,
                       const unsigned char *in, unsigned in_n, void *user)
{
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, n, ours, sizeof ours - 1, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int take_any_client(int ok, X509_STORE_CTX *store)
{
    return 1;
}

static SSL_CTX *context(int least, int most, const char *ciphers)
{
    SSL_CTX *t = SSL_CTX_new(TLS_server_method());
    if (!t || !SSL_CTX_set_min_proto_version(t, least) || !SSL_CTX_set_max_proto_version(t, most) ||
        !SSL_CTX_set_cipher_list(t, ciphers))
        die("context");
    SSL_CTX_set_session_id_context(t, (const unsigned char *)"sim", 3);
    SSL_CTX_set_dh_auto(t, 1);
    return t;
}

static SSL_CTX *make(size_t i, const struct authority *a)
{
    SSL_CTX *t = NULL;
    switch (i) {
    case 0:
        t = context(TLS1_2_VERSION, TLS1_3_VERSION, "ECDHE+AESGCM:ECDHE+CHACHA20");
        SSL_CTX_set_alpn_select_cb(t, choose_alpn, NULL);
        use(t, a, "RSA", NULL);
        use(t, a, "EC", "P-256");
        break;
    case 1:
        t = context(TLS1_VERSION, TLS1_3_VERSION, "ALL:@SECLEVEL=0");
        SSL_CTX_set_options(t, SSL_OP_CIPHER_SERVER_PREFERENCE);
        use(t, a, "RSA", NULL);
        use(t, a, "EC", "P-256");
        break;
    case 2:
        t = context(TLS1_3_VERSION, TLS1_3_VERSION, "ALL");
        SSL_CTX_set1_groups_list(t, "P-521");
        SSL_CTX_set_num_tickets(t, 4);
        SSL_CTX_set_max_early_data(t, 16384);
        use(t, a, "ED25519", NULL);
        break;
    case 3:
        t = context(TLS1_2_VERSION, TLS1_2_VERSION,
                    "AES128-SHA:AES256-SHA:AES128-GCM-SHA256:DHE-RSA-AES128-SHA");
        SSL_CTX_set_options(t, SSL_OP_NO_TICKET | SSL_OP_ALLOW_CLIENT_RENEGOTIATION |
                                   SSL_OP_NO_ENCRYPT_THEN_MAC);
        use(t, a, "RSA", NULL);
        break;
    case 4:
        t = context(TLS1_VERSION, TLS1_1_VERSION, "AES128-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0");
        SSL_CTX_set_verify(t, SSL_VERIFY_PEER, take_any_client);
        use(t, a, "RSA", NULL);
        break;
    case 5: /* without a certificate: nothing but alerts */
        t = context(TLS1_VERSION, TLS1_3_VERSION, "ECDHE+AESGCM");
        break;
    default: /* in clear */ break;
    }
    return t;
}

const char *servers_name(size_t server)
{
    static const char *const names[SERVERS] = {
        "modern", "legacy", "TLS 1.3 only", "static RSA", "old, asks clients", "alerts", "no TLS"};
    return names[server];
}

void servers_make(struct servers *s)
{
    struct authority a;
    *s = (struct servers){.rng = 1};
    list_init(&s->conns);
    authority_make(&a, &s->root);
    for (size_t i = 0; i < SERVERS; i++)
        s->tls[i] = make(i, &a);
    authority_free(&a);
    all = s;
}

void servers_free(struct servers *s)
{
    for (size_t i = 0; i < SERVERS; i++)
        SSL_CTX_free(s->tls[i]);
    buf_done(&s->root);
    mutate_forget();
}

/* ---- answers ---- */

#define PAGE                                                                                       \
    "<!doctype html><title>sim</title><form action=http://a.test><input type=password></form>"
static const char *const answers[] = {
    "HTTP/1.1 200 OK\r\nServer: sim/1.0\r\nContent-Type: text/html\r\nStrict-Transport-Security: "
    "max-age=31536000; includeSubDomains\r\nContent-Security-Policy: default-src 'self'; script-src "
    "'nonce-abc' 'strict-dynamic'\r\nSet-Cookie: a=b; Secure; HttpOnly\r\nConnection: close\r\n\r\n" PAGE,
    "HTTP/1.1 301 Moved Permanently\r\nLocation: https://sim.test/\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 302 Found\r\nLocation: /further?q=\r\nContent-Length: 3\r\n\r\nno!",
    "HTTP/1.0 404 Not Found\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nAccess-Control-Allow-Origin: *\r\n\r\n" PAGE,
};
enum { ANSWERS = sizeof answers / sizeof *answers };

/* ---- a connection ---- */

static void conn_free(struct conn *c)
{
    stream_close(c->stream, c->how.leave == LEAVE_RESET);
    SSL_free(c->ssl);
    timer_done(c->servers->loop, &c->timer);
    buf_done(&c->asked);
    buf_done(&c->todo);
    list_remove(&c->link);
    free(c);
}

/* False: it is gone. */
static bool leave(struct conn *c)
{
    if (c->how.leave == LEAVE_ENDLESS) {
        mutate_endless(c->servers, c->how.endless, c->turn++, &c->todo);
        return true;
    }
    if (c->how.leave == LEAVE_SILENT)
        return true;
    conn_free(c);
    return false;
}

static void pump(struct conn *c)
{
    for (;;) {
        uint64_t now = c->servers->loop->now;
        if (now < c->at) {
            timer_start(c->servers->loop, &c->timer, c->at);
            return;
        }
        if (!c->todo.n) {
            if (!c->over || !leave(c) || !c->todo.n)
                return;
        }
        struct str piece = buf_str(&c->todo);
        if (c->how.piece)
            piece = str_sub(piece, 0, c->how.piece);
        ssize_t n = stream_write(c->stream, &piece, 1, false);
        if (n <= 0)
            return;
        buf_consume(&c->todo, (size_t)n);
        c->at = now + c->how.gap;
    }
}

static void on_timer(struct timer *t, uint64_t now)
{
    servers_busy++;
    pump(LIST_ENTRY(t, struct conn, timer));
    servers_busy--;
}

static void depart(struct conn *c, struct str flight, bool last)
{
    struct servers *s = c->servers;
    struct buf b;
    struct departure d;
    if (c->over || (!flight.n && !last))
        return;
    buf_init(&b, OUT_MAX);
    buf_add(&b, flight);
    if (s->hostility == HONEST)
        mutate_record(s, flight);
    s->flights += flight.n > 0;
    d = (struct departure){.leave = LEAVE_ON};
    if (flight.n)
        mutate_flight(s, &b, &d);
    if (d.leave == LEAVE_ON && last)
        d.leave = LEAVE_CLOSE;
    buf_add(&c->todo, buf_str(&b));
    buf_done(&b);
    c->over = d.leave != LEAVE_ON;
    c->how = d;
    c->at = s->loop->now + d.delay;
    pump(c);
}

static struct str answer_of(const struct conn *c)
{
    return str_c(answers[c->http % ANSWERS]);
}

/* Everything libssl says to what came. True: it has nothing more to say. */
static bool converse(struct conn *c)
{
    char piece[4096];
    int n = SSL_do_handshake(c->ssl);
    while (n == 1) {
        size_t got;
        if (SSL_read_ex(c->ssl, piece, sizeof piece, &got) != 1)
            break;
        buf_add(&c->asked, str_of(piece, got));
    }
    if (n == 1 && !c->answered && c->asked.n > 3 &&
        memcmp(buf_end(&c->asked) - 4, "\r\n\r\n", 4) == 0) {
        c->answered = true;
        struct buf a;
        buf_init(&a, OUT_MAX);
        buf_add(&a, answer_of(c));
        mutate_plain(c->servers, &a);
        if (a.n)
            SSL_write(c->ssl, a.mem + a.off, (int)a.n);
        buf_done(&a);
        SSL_shutdown(c->ssl);
        return true;
    }
    int err = SSL_get_error(c->ssl, n == 1 ? -1 : n);
    ERR_clear_error();
    return err == SSL_ERROR_SSL || err == SSL_ERROR_ZERO_RETURN;
}

static void serve_tls(struct conn *c, struct str in)
{
    char *out;
    BIO_write(c->in, in.p, (int)in.n);
    bool last = converse(c);
    long n = BIO_get_mem_data(c->out, &out);
    char *copy = malloc((size_t)n + 1);
    if (!copy)
        abort();
    if (n)
        memcpy(copy, out, (size_t)n);
    (void)BIO_reset(c->out);
    depart(c, str_of(copy, (size_t)n), last); /* may free c */
    free(copy);
}

static void serve_clear(struct conn *c, struct str in)
{
    buf_add(&c->asked, in);
    bool whole = c->asked.n > 3 && memcmp(buf_end(&c->asked) - 4, "\r\n\r\n", 4) == 0;
    bool tls = c->asked.n && c->asked.mem[c->asked.off] != 'G' && c->asked.mem[c->asked.off] != 'O';
    if (c->answered || !(whole || tls))
        return;
    c->answered = true;
    depart(c, answer_of(c), true);
}

/* What came, all of it, before it is answered: `depart` may free the connection. */
static void on_event(struct stream *stream, unsigned events)
{
    struct conn *c = stream->user;
    char in[PIPE];
    size_t got = 0;
    ssize_t n = -ERR_AGAIN;
    while (events & STREAM_READABLE && got < sizeof in &&
           (n = stream_read(stream, in + got, sizeof in - got)) > 0)
        got += (size_t)n;
    servers_busy++;
    bool gone = n <= 0 && n != -ERR_AGAIN;
    if (gone)
        conn_free(c);
    else if (!got)
        pump(c);
    else if (c->ssl)
        serve_tls(c, str_of(in, got));
    else
        serve_clear(c, str_of(in, got));
    servers_busy--;
}

static SSL *new_ssl(struct conn *c, SSL_CTX *t)
{
    SSL *ssl = SSL_new(t);
    c->in = BIO_new(BIO_s_mem());
    c->out = BIO_new(BIO_s_mem());
    if (!ssl || !c->in || !c->out)
        die("SSL_new");
    BIO_set_mem_eof_return(c->in, -1);
    BIO_set_mem_eof_return(c->out, -1);
    SSL_set_bio(ssl, c->in, c->out);
    SSL_set_accept_state(ssl);
    return ssl;
}

/* Never fails: the servers' memory is not what is tested. */
static void conn_new(struct servers *s, bool plain, struct stream *stream)
{
    struct conn *c = calloc(1, sizeof *c);
    size_t server = s->alternating ? servers_below(s, SERVERS) : s->server;
    if (!c || timer_init(s->loop, &c->timer, on_timer))
        abort();
    c->servers = s;
    c->stream = stream;
    c->http = plain ? 1 : s->http;
    if (s->hostility == HOSTILE && servers_chance(s, 4))
        c->http = (unsigned)servers_below(s, ANSWERS);
    if (!plain && s->tls[server])
        c->ssl = new_ssl(c, s->tls[server]);
    buf_init(&c->asked, OUT_MAX);
    buf_init(&c->todo, 2 * OUT_MAX);
    list_push(&s->conns, &c->link);
    stream->user = c;
    stream->on_event = on_event;
}

int __wrap_dial_tcp(struct loop *loop, const struct addr *to, struct stream **ret);

int __wrap_dial_tcp(struct loop *loop, const struct addr *to, struct stream **ret)
{
    struct stream *theirs;
    all->dials++;
    if (all->refuse_some && servers_chance(all, 20))
        return -ERR_REFUSED;
    int err = stream_mem_pair(loop, PIPE, ret, &theirs);
    servers_busy++;
    if (!err)
        conn_new(all, addr_port(to) == SERVER_PLAIN_PORT, theirs);
    servers_busy--;
    return err;
}

void servers_begin(struct servers *s, struct loop *loop, size_t server, enum hostility h,
                   uint64_t seed)
{
    s->loop = loop;
    s->server = server;
    s->hostility = h;
    s->rng = seed * 0x9e3779b97f4a7c15u + 1;
    s->one_in = h == HONEST ? 0 : 1 + (unsigned)servers_below(s, 12);
    s->alternating = h == HOSTILE && servers_chance(s, 12);
    s->refuse_some = h != HONEST && servers_chance(s, 6);
    s->http = h == HOSTILE ? (unsigned)servers_below(s, ANSWERS) : 0;
}

void servers_end(struct servers *s)
{
    LIST_EACH(it, tmp, &s->conns)
    conn_free(LIST_ENTRY(it, struct conn, link));
}
