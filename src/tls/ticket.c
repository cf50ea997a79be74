/* Session tickets (RFC 5077, RFC 8446 4.6.1): sealed with AES-256-CBC and HMAC-SHA-256.
 *
 * Every site has keys of its own, derived from the worker's secrets and the site's name and trust:
 * what was issued for one site is noise to another, so a session can't carry a client's standing
 * from one to the other (CVE-2025-23419). The secret before the current one is still accepted, and
 * what it opened is sealed anew. */
#include "tls/certstore_ssl.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

int certstore_ticket_keys(struct certstore *s, struct str body)
{
    if (body.n != sizeof s->secrets)
        return -ERR_INVAL;
    memcpy(s->secrets, body.p, sizeof s->secrets);
    s->has_secrets = true;
    for (size_t i = 0; i < s->nsites; i++)
        s->sites[i].derived = false;
    return 0;
}

/* HKDF (RFC 5869) with the site's binding as info. */
static bool derive(struct certstore *s, const struct store_site *site, size_t which,
                   struct ticket_keys *ret)
{
    static char digest[] = "SHA256", label[] = "gate443 ticket";
    OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, sizeof digest - 1),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, s->secrets[which], TICKET_SECRET),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, label, sizeof label - 1),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, (void *)site->binding, sizeof site->binding),
        OSSL_PARAM_END,
    };
    EVP_KDF_CTX *c = EVP_KDF_CTX_new(s->env->hkdf);
    bool ok = c && EVP_KDF_derive(c, (unsigned char *)ret, sizeof *ret, params) > 0;
    EVP_KDF_CTX_free(c);
    return ok;
}

static struct ticket_keys *keys_of(SSL *ssl)
{
    struct tls_hello *h = SSL_get_app_data(ssl);
    struct certstore *s = h->store;
    if (!h->conn->facts.site || !s->has_secrets)
        return NULL;
    struct store_site *site = &s->sites[h->conn->facts.site->index];
    if (!site->derived)
        site->derived = derive(s, site, 0, &site->tickets[0]) &&
                        derive(s, site, 1, &site->tickets[1]);
    return site->derived ? site->tickets : NULL;
}

static bool set_keys(SSL *ssl, struct ticket_keys *k, const unsigned char *iv,
                     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal)
{
    static char digest[] = "SHA256";
    struct tls_hello *h = SSL_get_app_data(ssl);
    OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(OSSL_MAC_PARAM_KEY, k->mac, TICKET_KEY),
        OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, sizeof digest - 1),
        OSSL_PARAM_END,
    };
    return EVP_CipherInit_ex(cipher, h->store->env->ticket_cipher, NULL, k->cipher, iv, seal) &&
           EVP_MAC_CTX_set_params(mac, params);
}

static int seal_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                       EVP_MAC_CTX *mac)
{
    struct ticket_keys *keys = keys_of(ssl);
    if (!keys)
        return 0;
    memcpy(name, keys[0].name, TICKET_NAME);
    return RAND_bytes(iv, 16) == 1 && set_keys(ssl, &keys[0], iv, cipher, mac, 1) ? 1 : -1;
}

/* 0: unknown, a full handshake follows; 1: good; 2: good, issue another. In TLS 1.3 a ticket should
 * be used once (RFC 8446 C.4), so there is always another. */
static int open_ticket(SSL *ssl, const unsigned char *name, const unsigned char *iv,
                       EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    struct ticket_keys *keys = keys_of(ssl);
    size_t which = 0;
    if (!keys)
        return 0;
    while (which < 2 && memcmp(name, keys[which].name, TICKET_NAME))
        which++;
    if (which == 2)
        return 0;
    if (!set_keys(ssl, &keys[which], iv, cipher, mac, 0))
        return -1;
    return which > 0 || SSL_version(ssl) == TLS1_3_VERSION ? 2 : 1;
}

int ticket_on_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                  EVP_MAC_CTX *mac, int seal)
{
    return seal ? seal_ticket(ssl, name, iv, cipher, mac)
                : open_ticket(ssl, name, iv, cipher, mac);
}
