/* What we negotiate: Mozilla's "intermediate" profile 6.0, and what a site may change of it.
 *
 * No preference of ours among the ciphers: all are good, and the client knows whether it has AES in
 * hardware, so one that prefers ChaCha20 gets it. SHA-1 signatures, renegotiation, compression,
 * early data and the session cache do not exist here; sessions are resumed by ticket only. */
#include "tls/certstore_ssl.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdlib.h>

#define CIPHERS_12                                                                                 \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                                   \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                                   \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define CIPHERS_13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define CIPHERS_LEGACY                                                                             \
    CIPHERS_12 ":ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:"              \
               "ECDHE-RSA-AES256-SHA:@SECLEVEL=0"
#define GROUPS "X25519MLKEM768:X25519:P-256:P-384"
#define SIGNATURES                                                                                 \
    "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:RSA+SHA384:"               \
    "ECDSA+SHA512:RSA-PSS+SHA512:RSA+SHA512:ed25519"
enum { LIST_MAX = 1024 };

static int protocol_of(int version)
{
    static const int numbers[] = {[TLS_V10] = TLS1_VERSION, [TLS_V11] = TLS1_1_VERSION,
                                  [TLS_V12] = TLS1_2_VERSION, [TLS_V13] = TLS1_3_VERSION};
    return numbers[version];
}

/* Keeps of a list what this OpenSSL knows (3.0 has no post-quantum groups). */
static int filter_groups(SSL_CTX *ctx, struct str list, char out[LIST_MAX])
{
    size_t n = 0;
    struct str piece;
    while (str_split(&list, ':', &piece)) {
        char one[64];
        if (piece.n == 0 || piece.n >= sizeof one || n + piece.n + 2 > LIST_MAX)
            continue;
        memcpy(one, piece.p, piece.n);
        one[piece.n] = '\0';
        if (SSL_CTX_set1_groups_list(ctx, one) != 1)
            continue;
        if (n)
            out[n++] = ':';
        memcpy(out + n, one, piece.n);
        n += piece.n;
    }
    out[n] = '\0';
    ERR_clear_error();
    return n ? 0 : -ERR_CONFIG;
}

static bool set_versions(SSL_CTX *ctx, const struct snapshot *snapshot)
{
    int min = TLS_V12, max = TLS_V13;
    if (snapshot->nsites)
        min = snapshot->sites[0]->tls.min_version;
    for (size_t i = 0; i < snapshot->nsites; i++)
        if (snapshot->sites[i]->tls.min_version < min)
            min = snapshot->sites[i]->tls.min_version;
    /* The widest of all; each site then narrows it to its own. */
    return SSL_CTX_set_min_proto_version(ctx, protocol_of(min)) &&
           SSL_CTX_set_max_proto_version(ctx, protocol_of(max));
}

static bool set_all(SSL_CTX *ctx, const struct snapshot *snapshot)
{
    char groups[LIST_MAX];
    static const unsigned char session_context[] = "gate443";
    SSL_CTX_set_security_level(ctx, 2);
    SSL_CTX_clear_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_LEGACY_SERVER_CONNECT);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_clear_mode(ctx, SSL_CTX_get_mode(ctx));
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_early_data(ctx, 0);
    SSL_CTX_set_recv_max_early_data(ctx, 0);
    return SSL_CTX_set_num_tickets(ctx, 1) &&
           SSL_CTX_set_session_id_context(ctx, session_context, sizeof session_context) &&
           set_versions(ctx, snapshot) && SSL_CTX_set_cipher_list(ctx, CIPHERS_12) &&
           SSL_CTX_set_ciphersuites(ctx, CIPHERS_13) &&
           SSL_CTX_set1_sigalgs_list(ctx, SIGNATURES) &&
           filter_groups(ctx, STR(GROUPS), groups) == 0 && SSL_CTX_set1_groups_list(ctx, groups);
}

SSL_CTX *tls_policy_ctx(const struct snapshot *snapshot, struct tls_env *env, struct buf *why)
{
    SSL_CTX *ctx = SSL_CTX_new_ex(env->lib, TLS_PROPERTIES, TLS_server_method());
    bool ok = ctx && set_all(ctx, snapshot);
    ERR_clear_error();
    if (ok)
        return ctx;
    buf_addf(why, "TLS cannot be set up with this OpenSSL (%s)\n",
             OpenSSL_version(OPENSSL_VERSION));
    SSL_CTX_free(ctx);
    return NULL;
}

/* ---- sites ---- */

static bool bind_site(const struct site *site, unsigned char out[32])
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    struct str name = site->nnames ? site->names[0] : STR_NONE;
    uint32_t trust = site->trust;
    bool ok = c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) &&
              EVP_DigestUpdate(c, "gate443 session", 16) &&
              EVP_DigestUpdate(c, &trust, sizeof trust) && EVP_DigestUpdate(c, name.p, name.n) &&
              EVP_DigestFinal_ex(c, out, NULL);
    EVP_MD_CTX_free(c);
    return ok;
}

static int cipher_list(SSL_CTX *probe, const struct site *site, char **ret)
{
    if (site->tls.ciphers.n) {
        *ret = str_dup(site->tls.ciphers);
        if (!*ret)
            return -ERR_NOMEM;
        return SSL_CTX_set_cipher_list(probe, *ret) ? 0 : -ERR_CONFIG;
    }
    if (site->tls.min_version < TLS_V12)
        *ret = strdup(CIPHERS_LEGACY);
    return site->tls.min_version < TLS_V12 && !*ret ? -ERR_NOMEM : 0;
}

static int group_list(SSL_CTX *probe, const struct site *site, char **ret)
{
    char groups[LIST_MAX];
    if (site->tls.groups.n == 0)
        return 0;
    int err = filter_groups(probe, site->tls.groups, groups);
    if (err)
        return err;
    *ret = strdup(groups);
    return *ret ? 0 : -ERR_NOMEM;
}

static int prepare(struct certstore *s, SSL_CTX *probe, const struct site *site, struct buf *why)
{
    struct store_site *p = &s->sites[site->index];
    p->own_versions = protocol_of(site->tls.min_version) != SSL_CTX_get_min_proto_version(s->ctx) ||
                      protocol_of(site->tls.max_version) != SSL_CTX_get_max_proto_version(s->ctx);
    struct str name = site->nnames ? site->names[0] : STR("(no name)");
    int err = cipher_list(probe, site, &p->ciphers);
    if (err) {
        buf_addf(why, "site %.*s: no cipher in \"%.*s\" is known\n", STR_ARG(name),
                 STR_ARG(site->tls.ciphers));
        return err;
    }
    err = group_list(probe, site, &p->groups);
    if (err)
        buf_addf(why, "site %.*s: no group in \"%.*s\" is known\n", STR_ARG(name),
                 STR_ARG(site->tls.groups));
    return err ? err : bind_site(site, p->binding) ? 0 : -ERR_NOMEM;
}

int tls_policy_sites(struct certstore *s, struct buf *why)
{
    s->nsites = s->snapshot->nsites;
    s->sites = calloc(s->nsites ? s->nsites : 1, sizeof *s->sites);
    SSL_CTX *probe = NULL; /* only where a site has lists of its own */
    int err = s->sites ? 0 : -ERR_NOMEM;
    for (size_t i = 0; !err && i < s->nsites; i++) {
        const struct site *site = s->snapshot->sites[i];
        if (!probe && (site->tls.ciphers.n || site->tls.groups.n)) {
            probe = SSL_CTX_new_ex(s->env->lib, TLS_PROPERTIES, TLS_server_method());
            err = probe ? 0 : -ERR_NOMEM;
        }
        if (!err)
            err = prepare(s, probe, site, why);
    }
    SSL_CTX_free(probe);
    ERR_clear_error();
    return err;
}

void tls_policy_free_sites(struct certstore *s)
{
    for (size_t i = 0; s->sites && i < s->nsites; i++) {
        free(s->sites[i].ciphers);
        free(s->sites[i].groups);
        OPENSSL_cleanse(s->sites[i].tickets, sizeof s->sites[i].tickets);
    }
    free(s->sites);
}

static bool install(const struct certstore *s, const struct site *site, SSL *ssl)
{
    if (s->common)
        return site->ncerts > 0;
    for (size_t i = 0; i < site->ncerts; i++) {
        const struct store_chain *c = &s->chains[site->certs[i]->index];
        if (SSL_use_cert_and_key(ssl, c->leaf, c->key, c->rest, 1) != 1)
            return false;
    }
    return site->ncerts > 0;
}

bool tls_policy_apply(const struct certstore *s, const struct site *site, SSL *ssl)
{
    const struct store_site *p = &s->sites[site->index];
    if (site->tls.min_version < TLS_V12)
        SSL_set_security_level(ssl, 0); /* SHA-1 is part of TLS 1.0 and 1.1; waived by name */
    if (p->own_versions && !(SSL_set_min_proto_version(ssl, protocol_of(site->tls.min_version)) &&
                             SSL_set_max_proto_version(ssl, protocol_of(site->tls.max_version))))
        return false;
    if ((p->ciphers && !SSL_set_cipher_list(ssl, p->ciphers)) ||
        (p->groups && !SSL_set1_groups_list(ssl, p->groups)))
        return false;
    if (!site->tls.tickets || !s->has_secrets) {
        SSL_set_options(ssl, SSL_OP_NO_TICKET);
        SSL_set_num_tickets(ssl, 0);
    }
    return SSL_set_session_id_context(ssl, p->binding, sizeof p->binding) && install(s, site, ssl);
}
