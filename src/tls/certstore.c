/* A generation's certificates and its SSL_CTX; see certstore.h.
 *
 * One SSL_CTX a snapshot, however many sites: making one costs about a millisecond, and a thousand
 * sites should reload in a tenth of a second. Where all sites share their certificates (the usual
 * case) they are installed there; else a handshake takes its site's when the name is known. */
#include "tls/certstore.h"

#include "tls/cert_x509.h"
#include "tls/certstore_ssl.h"
#include "tls/remote_key.h"
#include "tls/spki.h"

#include <openssl/err.h>
#include <stdlib.h>

static void free_chains(struct store_chain *chains, size_t n)
{
    for (size_t i = 0; chains && i < n; i++) {
        X509_free(chains[i].leaf);
        sk_X509_pop_free(chains[i].rest, X509_free);
        EVP_PKEY_free(chains[i].key);
    }
    free(chains);
}

static void tell(struct buf *why, const struct snapshot *snapshot, size_t i, const char *what)
{
    const struct cert_spec *spec = snapshot->certs[i];
    struct str name = spec->site && spec->site->nnames ? spec->site->names[0] : STR("(no name)");
    buf_addf(why, "certificate of site %.*s: %s\n", STR_ARG(name), what);
}

/* What was checked when the configuration was loaded is only looked at again where a mistake would
 * show in handshakes. */
static int load_chain(struct tls_env *env, struct store_chain *ret, const struct certstore_chain *in,
                      const char **ret_what)
{
    STACK_OF(X509) *all;
    unsigned char spki[SPKI_HASH];
    int err = cert_read(env->lib, in->pem, &all);
    if (err) {
        *ret_what = "not a readable certificate";
        return err;
    }
    ret->leaf = sk_X509_shift(all);
    ret->rest = all;
    EVP_PKEY *pub = X509_get0_pubkey(ret->leaf);
    if (!pub || spki_hash(pub, spki) || memcmp(spki, in->spki, SPKI_HASH)) {
        *ret_what = "the private key does not belong to it";
        return -ERR_CERT_KEY_MISMATCH;
    }
    ret->key = remote_key_new(env, pub, in->spki);
    if (ret->key)
        return 0;
    *ret_what = "its kind of key cannot be used for TLS";
    return -ERR_UNSUPPORTED;
}

static int load_chains(struct certstore *s, const struct certstore_chain *in, size_t n,
                       struct store_chain **ret, struct buf *why)
{
    if (n != s->snapshot->ncerts) {
        buf_addf(why, "%zu certificates for %zu places\n", n, s->snapshot->ncerts);
        return -ERR_INVAL;
    }
    struct store_chain *chains = calloc(n ? n : 1, sizeof *chains);
    int err = chains ? 0 : -ERR_NOMEM;
    for (size_t i = 0; !err && i < n; i++) {
        const char *what = "";
        err = load_chain(s->env, &chains[i], &in[i], &what);
        if (err)
            tell(why, s->snapshot, i, what);
    }
    if (err) {
        free_chains(chains, n);
        return err;
    }
    *ret = chains;
    return 0;
}

static bool same_certs(const struct site *a, const struct site *b)
{
    if (a->ncerts != b->ncerts)
        return false;
    for (size_t i = 0; i < a->ncerts; i++)
        if (a->certs[i]->index != b->certs[i]->index)
            return false;
    return true;
}

static bool all_share(const struct snapshot *snapshot)
{
    for (size_t i = 1; i < snapshot->nsites; i++)
        if (!same_certs(snapshot->sites[0], snapshot->sites[i]))
            return false;
    return snapshot->nsites > 0;
}

static int install_common(struct certstore *s, const struct store_chain *chains, struct buf *why)
{
    const struct site *site = s->common ? s->snapshot->sites[0] : NULL;
    for (size_t i = 0; site && i < site->ncerts; i++) {
        const struct store_chain *c = &chains[site->certs[i]->index];
        if (SSL_CTX_use_cert_and_key(s->ctx, c->leaf, c->key, c->rest, 1) != 1) {
            tell(why, s->snapshot, site->certs[i]->index, "the TLS library refuses it: its key or "
                                                          "signature is too weak");
            ERR_clear_error();
            return -ERR_CERT_WEAK;
        }
    }
    return 0;
}

int certstore_update(struct certstore *s, const struct certstore_chain *chains, size_t n,
                     struct buf *why)
{
    struct store_chain *fresh;
    int err = load_chains(s, chains, n, &fresh, why);
    if (!err) {
        err = install_common(s, fresh, why);
        if (err)
            free_chains(fresh, n);
    }
    ERR_clear_error();
    if (err)
        return err;
    free_chains(s->chains, s->nchains);
    s->chains = fresh;
    s->nchains = n;
    return 0;
}

static void set_callbacks(SSL_CTX *ctx)
{
    SSL_CTX_set_client_hello_cb(ctx, tls_hello_on_client_hello, NULL);
    SSL_CTX_set_tlsext_servername_callback(ctx, tls_hello_on_name);
    SSL_CTX_set_alpn_select_cb(ctx, tls_hello_on_alpn, NULL);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, ticket_on_key);
}

struct certstore *certstore_new(const struct snapshot *snapshot, const struct certstore_chain *chains,
                                size_t n, struct signer *signer, struct buf *why)
{
    struct certstore *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->refs = 1;
    s->env = tls_env_ref(signer_env(signer));
    s->snapshot = snapshot;
    s->common = all_share(snapshot);
    s->ctx = tls_policy_ctx(snapshot, s->env, why);
    if (!s->ctx || tls_policy_sites(s, why) || certstore_update(s, chains, n, why)) {
        certstore_unref(s);
        return NULL;
    }
    set_callbacks(s->ctx);
    return s;
}

struct certstore *certstore_ref(struct certstore *s)
{
    s->refs++;
    return s;
}

void certstore_unref(struct certstore *s)
{
    if (!s || --s->refs)
        return;
    free_chains(s->chains, s->nchains);
    tls_policy_free_sites(s);
    SSL_CTX_free(s->ctx);
    tls_env_unref(s->env);
    OPENSSL_cleanse(s->secrets, sizeof s->secrets);
    free(s);
}

SSL *certstore_ssl(struct certstore *s, struct tls_hello *h)
{
    SSL *ssl = SSL_new(s->ctx);
    if (!ssl)
        return NULL;
    SSL_set_app_data(ssl, h);
    SSL_set_accept_state(ssl);
    return ssl;
}
