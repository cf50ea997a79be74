/* A client's certificate and signature; see client_auth.h. */
#include "audit/client_auth.h"

#include "audit/verify13.h"
#include "wire/tlsrec.h"
#include "wire/tlswrite.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

struct client_auth {
    struct crypto *crypto; /* borrowed */
    X509 *leaf;
    EVP_PKEY *key;         /* NULL until set */
    struct str ders[CLIENT_AUTH_CERTS_MAX];
    size_t n;
    struct buf bytes;      /* of all ders */
};

/* RFC 8446 4.2.3, RFC 5246 7.4.1.4.1, RFC 8422 5.1.3; the ones we would rather use come first. TLS 1.3
 * ties ECDSA to a curve and has no PKCS #1 v1.5 here; TLS 1.2 takes any curve. */
enum { IN_12 = 1, IN_13 = 2, IN_BOTH = 3 };

static const struct row {
    uint16_t sigalg;
    const char *key, *digest; /* digest NULL: the algorithm has its own */
    size_t size;              /* bytes of the digest */
    const char *curve;
    bool pss;
    unsigned in;              /* versions */
} rows[] = {
    {0x0403, "EC", "SHA256", 32, "prime256v1", false, IN_BOTH},
    {0x0503, "EC", "SHA384", 48, "secp384r1", false, IN_BOTH},
    {0x0603, "EC", "SHA512", 64, "secp521r1", false, IN_BOTH},
    {0x081a, "EC", "SHA256", 32, "brainpoolP256r1", false, IN_13},
    {0x081b, "EC", "SHA384", 48, "brainpoolP384r1", false, IN_13},
    {0x081c, "EC", "SHA512", 64, "brainpoolP512r1", false, IN_13},
    {0x0203, "EC", "SHA1", 20, "", false, IN_12},
    {0x0804, "RSA", "SHA256", 32, NULL, true, IN_BOTH},
    {0x0805, "RSA", "SHA384", 48, NULL, true, IN_BOTH},
    {0x0806, "RSA", "SHA512", 64, NULL, true, IN_BOTH},
    {0x0401, "RSA", "SHA256", 32, NULL, false, IN_12},
    {0x0501, "RSA", "SHA384", 48, NULL, false, IN_12},
    {0x0601, "RSA", "SHA512", 64, NULL, false, IN_12},
    {0x0201, "RSA", "SHA1", 20, NULL, false, IN_12},
    {0x0809, "RSA-PSS", "SHA256", 32, NULL, true, IN_BOTH},
    {0x080a, "RSA-PSS", "SHA384", 48, NULL, true, IN_BOTH},
    {0x080b, "RSA-PSS", "SHA512", 64, NULL, true, IN_BOTH},
    {0x0807, "ED25519", NULL, 0, NULL, false, IN_BOTH},
    {0x0808, "ED448", NULL, 0, NULL, false, IN_BOTH},
};

enum { TYPE_RSA_SIGN = 1, TYPE_ECDSA_SIGN = 64 }; /* RFC 5246 7.4.4, RFC 8422 5.5 */

/* ---- out of files ---- */

static int told(struct buf *why, int err, const char *text)
{
    buf_add(why, str_c(text));
    return crypto_fail(err);
}

static int add_der(struct client_auth *a, X509 *x, struct buf *why)
{
    unsigned char *der = NULL;
    int n = i2d_X509(x, &der);
    int err = n <= 0 ? -ERR_NOMEM : a->n == CLIENT_AUTH_CERTS_MAX ? -ERR_LIMIT : 0;
    if (!err)
        err = buf_append(&a->bytes, crypto_str(der, (size_t)n));
    OPENSSL_free(der);
    if (!err)
        a->ders[a->n++].n = (size_t)n;
    return err == -ERR_LIMIT ? told(why, err, "more certificates than a client sends (16, or 15 KiB)")
           : err             ? told(why, err, err_text(err)) : 0;
}

/* 0; -ERR_NOT_FOUND at the end. */
static int next_cert(struct client_auth *a, BIO *in, X509 **ret, struct buf *why)
{
    X509 *x = X509_new_ex(crypto_lib(a->crypto), NULL);
    if (!x)
        return told(why, -ERR_NOMEM, err_text(-ERR_NOMEM));
    if (PEM_read_bio_X509(in, &x, NULL, NULL)) {
        *ret = x;
        return 0;
    }
    unsigned long e = ERR_peek_last_error();
    bool end = ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
    X509_free(x); /* d2i gives one up that it could not read: then it is NULL */
    return end ? crypto_fail(-ERR_NOT_FOUND) : told(why, -ERR_CERT_SYNTAX, "a certificate in it cannot be read");
}

static int read_chain(struct client_auth *a, BIO *in, struct buf *why)
{
    X509 *x = NULL;
    int err;
    while ((err = next_cert(a, in, &x, why)) == 0) {
        err = add_der(a, x, why);
        if (a->leaf)
            X509_free(x);
        else
            a->leaf = x;
        if (err)
            return err;
    }
    if (err != -ERR_NOT_FOUND)
        return err;
    struct str all = buf_str(&a->bytes);
    for (size_t i = 0; i < a->n; i++) {
        a->ders[i] = str_sub(all, 0, a->ders[i].n);
        all = str_from(all, a->ders[i].n);
    }
    return a->n ? 0 : told(why, -ERR_CERT_SYNTAX, "no certificate in it (PEM: -----BEGIN CERTIFICATE-----)");
}

int client_auth_new(struct crypto *crypto, struct str chain, struct client_auth **ret, struct buf *why)
{
    struct client_auth *a = calloc(1, sizeof *a);
    BIO *in = chain.n <= INT32_MAX ? BIO_new_mem_buf(chain.n ? chain.p : "", (int)chain.n) : NULL;
    int err = a && in ? 0 : told(why, -ERR_NOMEM, err_text(-ERR_NOMEM));
    if (a) {
        a->crypto = crypto;
        buf_init(&a->bytes, CLIENT_AUTH_BYTES_MAX);
    }
    if (!err)
        err = read_chain(a, in, why);
    BIO_free(in);
    if (err)
        client_auth_free(a);
    else
        *ret = a;
    return err;
}

/* Nobody is asked for a password: a scan runs unattended. */
static int note_password(char *out, int size, int writing, void *user)
{
    *(bool *)user = true;
    return -1;
}

static bool can_sign(EVP_PKEY *key)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (EVP_PKEY_is_a(key, rows[i].key))
            return true;
    return false;
}

int client_auth_key(struct client_auth *a, struct str key, struct buf *why)
{
    bool encrypted = false;
    BIO *in = key.n <= INT32_MAX ? BIO_new_mem_buf(key.n ? key.p : "", (int)key.n) : NULL;
    EVP_PKEY *k = in ? PEM_read_bio_PrivateKey_ex(in, NULL, note_password, &encrypted,
                                                  crypto_lib(a->crypto), NULL) : NULL;
    BIO_free(in);
    int err = !in        ? told(why, -ERR_NOMEM, err_text(-ERR_NOMEM))
              : k        ? 0
              : encrypted ? told(why, -ERR_FORBIDDEN, "the key is encrypted, and no password is asked for: "
                                                      "openssl pkey -in … -out … takes it off")
                          : told(why, -ERR_SYNTAX, "no private key in it that can be read (PEM)");
    if (!err && !can_sign(k))
        err = told(why, -ERR_UNSUPPORTED, "a key of this kind signs nothing in TLS (RSA, ECDSA and EdDSA do)");
    if (!err && X509_check_private_key(a->leaf, k) != 1)
        err = told(why, -ERR_CERT_KEY_MISMATCH, "the key is not that of the certificate");
    if (err) {
        EVP_PKEY_free(k);
        return err;
    }
    EVP_PKEY_free(a->key);
    a->key = k;
    return crypto_fail(0);
}

void client_auth_free(struct client_auth *a)
{
    if (!a)
        return;
    X509_free(a->leaf);
    EVP_PKEY_free(a->key);
    buf_done(&a->bytes);
    free(a);
}

/* ---- the choice ---- */

static bool has_type(struct str types, uint8_t type)
{
    return !types.n || memchr(types.p, type, types.n);
}

static bool lists(struct str sigalgs, uint16_t v)
{
    for (size_t i = 0; i + 1 < sigalgs.n; i += 2)
        if ((unsigned char)sigalgs.p[i] == v >> 8 && (unsigned char)sigalgs.p[i + 1] == (v & 0xff))
            return true;
    return false;
}

/* RFC 8017 9.1.1 (the salt as long as the digest) and 9.2 (19 bytes in front of it, padding of 11). */
static bool is_large_enough(const struct row *row, EVP_PKEY *key)
{
    size_t bytes = ((size_t)EVP_PKEY_get_bits(key) + 6) / 8;
    return !row->digest || row->curve || bytes >= (row->pss ? 2 * row->size + 2 : row->size + 30);
}

static bool is_of_curve(const struct row *row, EVP_PKEY *key)
{
    char curve[64];
    size_t n;
    return !row->curve || (EVP_PKEY_get_group_name(key, curve, sizeof curve, &n) > 0 &&
                           strcmp(curve, row->curve) == 0);
}

static const struct row *choose(const struct client_auth *a, struct str sigalgs, bool tls13, bool any_curve)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        bool fits = r->in & (tls13 ? IN_13 : IN_12) && EVP_PKEY_is_a(a->key, r->key) &&
                    (any_curve || is_of_curve(r, a->key)) && is_large_enough(r, a->key);
        if (fits && lists(sigalgs, r->sigalg))
            return r;
    }
    return NULL;
}

/* RFC 4346 7.4.8: RSA signs both digests, ECDSA SHA-1 (RFC 8422 5.4). */
static enum client_auth_answer choose_old(const struct client_auth *a, struct str types, uint16_t *ret)
{
    bool rsa = EVP_PKEY_is_a(a->key, "RSA"), ec = EVP_PKEY_is_a(a->key, "EC");
    if (!(rsa && has_type(types, TYPE_RSA_SIGN)) && !(ec && has_type(types, TYPE_ECDSA_SIGN)))
        return CLIENT_AUTH_UNFIT;
    *ret = 0;
    return CLIENT_AUTH_SENT;
}

enum client_auth_answer client_auth_choose(const struct client_auth *a, const struct certificate_request *r,
                                           uint16_t version, uint16_t *ret_sigalg)
{
    if (!a)
        return CLIENT_AUTH_EMPTY;
    bool tls13 = version >= TLS_WIRE_13, ec = EVP_PKEY_is_a(a->key, "EC");
    bool rsa = EVP_PKEY_is_a(a->key, "RSA") || EVP_PKEY_is_a(a->key, "RSA-PSS");
    if (version < TLS_WIRE_10)
        return CLIENT_AUTH_UNFIT; /* SSL 3.0 signs in a way of its own (RFC 6101 5.6.8) */
    if (version < TLS_WIRE_12)
        return choose_old(a, r->types, ret_sigalg);
    if (!tls13 && !has_type(r->types, rsa ? TYPE_RSA_SIGN : TYPE_ECDSA_SIGN))
        return CLIENT_AUTH_UNFIT;
    const struct row *row = choose(a, r->sigalgs, tls13, false);
    if (!row && !tls13 && ec)
        row = choose(a, r->sigalgs, false, true);
    if (!row)
        return CLIENT_AUTH_UNFIT;
    *ret_sigalg = row->sigalg;
    return CLIENT_AUTH_SENT;
}

/* ---- the messages ---- */

void client_auth_put_certificate(const struct client_auth *a, enum client_auth_answer answer,
                                 uint16_t version, struct str context, struct buf *body)
{
    bool tls13 = version >= TLS_WIRE_13;
    if (tls13)
        tlswrite_vector(body, 1, context);
    size_t list = tlswrite_begin(body, 3);
    for (size_t i = 0; answer == CLIENT_AUTH_SENT && i < a->n; i++) {
        tlswrite_vector(body, 3, a->ders[i]);
        if (tls13)
            tlswrite_number(body, 2, 0); /* no extensions */
    }
    tlswrite_end(body, 3, list);
}

static int with_digest(const struct client_auth *a, const struct row *row, struct str content,
                       unsigned char *sig, size_t *n)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key = NULL;
    bool ok = ctx && EVP_DigestSignInit_ex(ctx, &key, row->digest, crypto_lib(a->crypto), NULL, a->key, NULL) > 0;
    if (ok && row->pss)
        ok = EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) > 0 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(key, RSA_PSS_SALTLEN_DIGEST) > 0;
    ok = ok && EVP_DigestSign(ctx, sig, n, (const unsigned char *)content.p, content.n) > 0;
    EVP_MD_CTX_free(ctx);
    return ok ? 0 : crypto_fail(-ERR_INTERNAL);
}

/* The digests themselves, without a DigestInfo that would name them. */
static int without_digest(const struct client_auth *a, struct str hashes, unsigned char *sig, size_t *n)
{
    bool rsa = EVP_PKEY_is_a(a->key, "RSA");
    struct str tbs = rsa ? hashes : str_from(hashes, 16); /* SHA-1 stands behind MD5 */
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(crypto_lib(a->crypto), a->key, NULL);
    bool ok = ctx && EVP_PKEY_sign_init(ctx) > 0 &&
              (!rsa || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0) &&
              EVP_PKEY_sign(ctx, sig, n, (const unsigned char *)tbs.p, tbs.n) > 0;
    EVP_PKEY_CTX_free(ctx);
    return ok ? 0 : crypto_fail(-ERR_INTERNAL);
}

static int sign(const struct client_auth *a, uint16_t version, uint16_t sigalg, struct str seen,
                unsigned char *sig, size_t *n)
{
    unsigned char content[VERIFY13_CONTENT_MAX];
    size_t i = 0;
    if (version < TLS_WIRE_12)
        return without_digest(a, seen, sig, n);
    if (version >= TLS_WIRE_13)
        seen = crypto_str(content, verify13_client_content(seen, content));
    while (i < sizeof rows / sizeof *rows && rows[i].sigalg != sigalg)
        i++;
    return i < sizeof rows / sizeof *rows ? with_digest(a, &rows[i], seen, sig, n) : -ERR_INVAL;
}

int client_auth_put_verify(const struct client_auth *a, uint16_t version, uint16_t sigalg, struct str seen,
                           struct buf *body)
{
    int size = EVP_PKEY_get_size(a->key);
    size_t n = size > 0 ? (size_t)size : 0;
    unsigned char *sig = n ? malloc(n) : NULL;
    int err = sig ? sign(a, version, sigalg, seen, sig, &n) : -ERR_NOMEM;
    if (!err && version >= TLS_WIRE_12)
        tlswrite_number(body, 2, sigalg);
    if (!err)
        tlswrite_vector(body, 2, crypto_str(sig, n));
    free(sig);
    return err ? err : buf_err(body);
}
