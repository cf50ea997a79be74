/* What the auditor's TLS client says when a server asks for its certificate; see client_auth.h. */
#include "audit/tls_client_part.h"

void tls_client_asked(struct tls_client *c, const struct certificate_request *r)
{
    c->hs->requests_certificate = true;
    c->hs->authorities = tls_client_keep(c, r->authorities);
    c->reply = client_auth_choose(c->conf.auth, r, c->hs->version, &c->our_sigalg);
}

/* SSL 3.0 has a warning for who has none (RFC 6101 5.6.6). */
int tls_client_certificate(struct tls_client *c)
{
    struct buf body;
    if (!c->reply)
        return 0;
    c->hs->answered = c->reply;
    if (c->hs->version == TLS_WIRE_SSL3)
        return tls_client_send(c, TLSREC_ALERT, STR("\x01\x29"));
    buf_init(&body, CLIENT_AUTH_BODY_MAX);
    client_auth_put_certificate(c->conf.auth, c->reply, c->hs->version, c->request_context, &body);
    int err = buf_err(&body);
    if (!err)
        err = tls_client_say(c, HS_CERTIFICATE, buf_str(&body));
    buf_done(&body);
    return err;
}

int tls_client_verify(struct tls_client *c)
{
    unsigned char hash[TRANSCRIPT_HASH_MAX];
    struct buf body;
    size_t n = 0;
    if (c->reply != CLIENT_AUTH_SENT)
        return 0;
    int err = transcript_hash(&c->transcript, hash, &n);
    bool whole = c->hs->version == TLS_WIRE_12; /* its messages, not a hash that is of the suite's choice */
    buf_init(&body, CLIENT_AUTH_BODY_MAX);
    if (!err)
        err = client_auth_put_verify(c->conf.auth, c->hs->version, c->our_sigalg,
                                     whole ? buf_str(&c->transcript.kept) : crypto_str(hash, n), &body);
    if (!err)
        err = tls_client_say(c, HS_CERTIFICATE_VERIFY, buf_str(&body));
    buf_done(&body);
    return err;
}
