/* What a ClientHello decides: the site, with it everything else, and the protocol above TLS.
 *
 * The name is read before anything is negotiated, so that versions, ciphers and certificates can be
 * the site's. An unknown name gets an alert, never another site's certificate. */
#include "tls/certstore_ssl.h"

#include <openssl/err.h>

enum { NAME_MAX_ = 255 };

static bool name_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

/* RFC 6066 3: a list of names, of which only one of type host_name (0) may be. */
static int parse_sni(const unsigned char *p, size_t n, char out[NAME_MAX_ + 1], size_t *ret_n)
{
    if (n < 5 || (size_t)(p[0] << 8 | p[1]) != n - 2 || p[2] != 0)
        return -ERR_TLS_DECODE;
    size_t len = (size_t)(p[3] << 8 | p[4]);
    if (len != n - 5 || len == 0)
        return -ERR_TLS_DECODE;
    if (len > NAME_MAX_)
        return -ERR_TLS_NAME;
    for (size_t i = 0; i < len; i++) {
        out[i] = ascii_lower((char)p[5 + i]);
        if (!name_char((unsigned char)out[i]))
            return -ERR_TLS_NAME;
    }
    *ret_n = len;
    return 0;
}

static int read_name(SSL *ssl, struct conn *conn, struct str *ret)
{
    const unsigned char *p;
    size_t n;
    char name[NAME_MAX_ + 1];
    if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p, &n)) {
        *ret = STR_NONE;
        return 0;
    }
    int err = parse_sni(p, n, name, &n);
    if (err)
        return err;
    if (str_eq(conn->facts.sni, str_of(name, n))) { /* again, after a HelloRetryRequest */
        *ret = conn->facts.sni;
        return 0;
    }
    *ret = arena_str(&conn->arena, str_of(name, n));
    return ret->p ? 0 : -ERR_NOMEM;
}

/* Without a name the address that was connected to is the name, if a site bears it. */
static const struct site *site_of(const struct certstore *s, const struct conn *conn, struct str name)
{
    char text[ADDR_TEXT_MAX];
    return snapshot_site(s->snapshot, name.n ? name : addr_ip_text(&conn->local, text));
}

static int choose(SSL *ssl, struct tls_hello *h)
{
    struct str name;
    int err = read_name(ssl, h->conn, &name);
    if (err)
        return err;
    const struct site *site = site_of(h->store, h->conn, name);
    if (!site) {
        h->conn->facts.sni = name; /* for the log */
        return -ERR_TLS_NAME;
    }
    if (h->conn->facts.site && (h->conn->facts.site != site || !str_eq(h->conn->facts.sni, name)))
        return -ERR_TLS_HANDSHAKE; /* a second hello must be the same (RFC 8446 4.1.2) */
    bool again = h->conn->facts.site != NULL;
    h->conn->facts.sni = name;
    h->conn->facts.site = site;
    if (!again && !tls_policy_apply(h->store, site, ssl))
        return -ERR_INTERNAL;
    return 0;
}

int tls_hello_on_client_hello(SSL *ssl, int *ret_alert, void *user)
{
    struct tls_hello *h = SSL_get_app_data(ssl);
    h->err = choose(ssl, h);
    if (h->err == 0)
        return SSL_CLIENT_HELLO_SUCCESS;
    ERR_clear_error();
    *ret_alert = err_row(h->err)->alert;
    return SSL_CLIENT_HELLO_ERROR;
}

/* Nothing left to decide, but who sent a name is told that it was used (RFC 6066 3). */
int tls_hello_on_name(SSL *ssl, int *ret_alert, void *user)
{
    return SSL_TLSEXT_ERR_OK;
}

static bool offers(const unsigned char *in, unsigned n, struct str protocol,
                   const unsigned char **ret, unsigned char *ret_n)
{
    for (unsigned at = 0; at < n && in[at] <= n - at - 1; at += 1U + in[at])
        if (str_eq(str_of((const char *)in + at + 1, in[at]), protocol)) {
            *ret = in + at + 1;
            *ret_n = in[at];
            return true;
        }
    return false;
}

/* A client that lists protocols of which we speak none is refused (RFC 7301 3.2): answering
 * HTTP/1.1 all the same is what cross-protocol attacks live on. */
int tls_hello_on_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_n,
                      const unsigned char *in, unsigned n, void *user)
{
    struct tls_hello *h = SSL_get_app_data(ssl);
    if (offers(in, n, STR("h2"), ret, ret_n) || offers(in, n, STR("http/1.1"), ret, ret_n))
        return SSL_TLSEXT_ERR_OK;
    h->err = -ERR_TLS_ALPN;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}
