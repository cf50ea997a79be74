/* The handshake of a TLS stream, from the first byte to the facts; see tls_stream.h.
 *
 * It runs in one of OpenSSL's jobs (a stack of its own), which pauses where a signature is needed
 * and is resumed when the keeper has answered; nothing else happens to the SSL object meanwhile.
 * Plain HTTP is told from TLS by the first byte: a handshake record begins with 22. */
#include "tls/tls_stream_ssl.h"

#include <openssl/err.h>

enum { HELLO_BYTES_MAX = 32 * 1024, HANDSHAKE_BYTES_MAX = 64 * 1024, RECORD_HANDSHAKE = 22 };

static void tell(struct tls_stream *t, int err)
{
    if (t->done_told || t->closed)
        return;
    t->done_told = true;
    t->on_done(&t->base, err);
}

static void fail(struct tls_stream *t, int err)
{
    struct metrics *m = t->hello.conn->metrics;
    if (t->done_told || t->closed)
        return;
    ERR_clear_error();
    if (err != -ERR_HTTP_ON_TLS_PORT)
        m->tls_failed++;
    if (err == -ERR_TLS_NAME)
        m->tls_unknown_name++;
    t->dead = err;
    tell(t, err);
}

/* What OpenSSL's reason means to us. */
static int error_of(const struct tls_stream *t)
{
    int reason = ERR_GET_REASON(ERR_peek_last_error());
    if (t->dead)
        return t->dead;
    if (t->sign.status && t->sign.status != -ERR_CANCELLED)
        return t->sign.status;
    if (t->hello.err)
        return t->hello.err;
    switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_SSL_VERSION:
        return -ERR_TLS_VERSION;
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_LENGTH_MISMATCH:
    case SSL_R_BAD_PACKET_LENGTH:
    case SSL_R_LENGTH_TOO_SHORT:
        return -ERR_TLS_DECODE;
    default:
        return reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256
                   ? -ERR_TLS_ALERT
                   : -ERR_TLS_HANDSHAKE;
    }
}

/* ---- facts ---- */

static const char *group_name(struct tls_stream *t)
{
    static const struct {
        const char *openssl, *name;
    } names[] = {{"x25519", "X25519"},
                 {"secp256r1", "P-256"},
                 {"secp384r1", "P-384"},
                 {"secp521r1", "P-521"},
                 {"X25519MLKEM768", "X25519MLKEM768"},
                 {"SecP256r1MLKEM768", "SecP256r1MLKEM768"}};
    int id = (int)SSL_get_negotiated_group(t->ssl);
    const char *name = id ? SSL_group_to_name(t->ssl, id) : NULL;
    if (!name)
        return NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_ieq(str_c(names[i].openssl), str_c(name)))
            return names[i].name;
    return arena_cstr(&t->hello.conn->arena, str_c(name));
}

static void note_facts(struct tls_stream *t)
{
    struct facts *f = &t->hello.conn->facts;
    const unsigned char *alpn;
    unsigned n;
    SSL_get0_alpn_selected(t->ssl, &alpn, &n);
    f->alpn = n == 2 ? STR("h2") : n ? STR("http/1.1") : STR_NONE;
    f->tls = SSL_get_version(t->ssl);
    f->cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(t->ssl));
    f->group = group_name(t);
    f->resumed = SSL_session_reused(t->ssl);
    f->secure = true;
}

static void count(const struct tls_stream *t)
{
    struct metrics *m = t->hello.conn->metrics;
    const struct facts *f = &t->hello.conn->facts;
    *(f->resumed ? &m->tls_resumed : &m->tls_full) += 1;
    *(SSL_version(t->ssl) == TLS1_3_VERSION ? &m->tls_13 : &m->tls_12) += 1;
    if (f->group && strstr(f->group, "MLKEM"))
        m->tls_pq++;
}

/* ---- steps ---- */

/* After the handshake a client may send one kind of handshake message, KeyUpdate (RFC 8446 4.6.3),
 * each of which costs us key derivations and perhaps an answer. */
static void on_record(int sent, int version, int type, const void *p, size_t n, SSL *ssl, void *user)
{
    struct tls_stream *t = user;
    if (!sent && type == SSL3_RT_HANDSHAKE && n && *(const unsigned char *)p == SSL3_MT_KEY_UPDATE)
        t->key_updates++;
}

static void finish(struct tls_stream *t)
{
    SSL_clear_mode(t->ssl, SSL_MODE_ASYNC);
    SSL_set_msg_callback(t->ssl, on_record);
    SSL_set_msg_callback_arg(t->ssl, t);
    note_facts(t);
    count(t);
    t->open = t->handshake_over = true;
    if (t->in.n || !t->short_read || t->dead)
        tls_stream_owe(t, STREAM_READABLE);
    tell(t, 0);
}

static bool looks_like_http(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The first bytes. False: failed or nothing yet. */
static bool start(struct tls_stream *t)
{
    ssize_t got = tls_stream_fill(t);
    if (got == -ERR_AGAIN)
        return false;
    unsigned char first = got > 0 ? (unsigned char)*t->in.p : 0;
    int err = got < 0                      ? (int)got
              : got == 0                   ? -ERR_EOF
              : first == RECORD_HANDSHAKE  ? 0
              : looks_like_http(first)     ? -ERR_HTTP_ON_TLS_PORT
                                           : -ERR_TLS_NOT_TLS;
    if (!err) {
        BIO *bio = BIO_new(t->env->bio);
        t->ssl = bio ? certstore_ssl(t->hello.store, &t->hello) : NULL;
        if (!t->ssl) {
            BIO_free(bio);
            err = -ERR_NOMEM;
        } else {
            BIO_set_data(bio, t);
            BIO_set_init(bio, 1);
            SSL_set_bio(t->ssl, bio, bio);
            SSL_set_mode(t->ssl, SSL_MODE_ASYNC);
        }
    }
    if (err)
        fail(t, err);
    return err == 0;
}

/* More bytes for the handshake. False: failed or nothing yet. */
static bool feed(struct tls_stream *t)
{
    bool known = t->hello.conn->facts.site != NULL;
    if (t->consumed > (known ? HANDSHAKE_BYTES_MAX : HELLO_BYTES_MAX)) {
        fail(t, -ERR_LIMIT);
        return false;
    }
    if (t->in.n)
        return true;
    ssize_t got = tls_stream_fill(t);
    if (got > 0)
        return true;
    if (got != -ERR_AGAIN)
        fail(t, got ? (int)got : -ERR_EOF);
    return false;
}

/* One call of OpenSSL; SSL_ERROR_NONE: the handshake is done. */
static int run(struct tls_stream *t)
{
    tls_stream_begin(t);
    t->env->current = &t->sign;
    int r = SSL_do_handshake(t->ssl);
    t->env->current = NULL;
    int error = r == 1 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, r);
    int err = error == SSL_ERROR_SSL ? error_of(t) : 0;
    /* The ticket waits for the first answer, to leave in the same packet. */
    tls_stream_end(t, r == 1);
    if (err && !t->dead)
        t->dead = err;
    return error;
}

void tls_handshake_step(struct tls_stream *t)
{
    while (!t->closed && !t->done_told && !t->blocked && !t->sign.waiting) {
        if (!t->ssl && !start(t))
            return;
        switch (run(t)) {
        case SSL_ERROR_NONE:
            finish(t);
            return;
        case SSL_ERROR_WANT_READ:
            if (t->dead)
                fail(t, t->dead);
            else if (feed(t))
                break;
            return;
        case SSL_ERROR_WANT_WRITE:
            if (t->dead) {
                fail(t, t->dead);
                return;
            }
            break;
        case SSL_ERROR_WANT_ASYNC:
            return;
        case SSL_ERROR_WANT_ASYNC_JOB:
            fail(t, -ERR_LIMIT);
            return;
        default:
            fail(t, t->dead ? t->dead : -ERR_TLS_HANDSHAKE);
            return;
        }
    }
}

void tls_handshake_on_signed(struct remote_sign *r)
{
    tls_handshake_step(LIST_ENTRY(r, struct tls_stream, sign));
}

void tls_handshake_cancel(struct tls_stream *t)
{
    if (!t->sign.waiting)
        return;
    remote_sign_cancel(&t->sign);
    t->env->current = &t->sign;
    t->env->out_n = 0;
    SSL_do_handshake(t->ssl); /* the job ends with a failure */
    t->env->current = NULL;
    t->env->out_n = 0;
    ERR_clear_error();
}
