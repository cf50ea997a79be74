/* One store's judgement; see chain_path.h.
 *
 * OpenSSL stops at the first fault unless told to go on: the callback notes each and goes on, so
 * that "expired" does not hide "unknown authority". */
#include "audit/chain_path.h"

#include "audit/trust_store.h"
#include "audit/x509_der.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

/* The answers of one run; found by the callback through the context's app data. */
struct run {
    unsigned faults;
    int error, depth;
};

static unsigned fault_of(int error)
{
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return CHAIN_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID: return CHAIN_NOT_YET;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: return CHAIN_UNKNOWN_CA;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return CHAIN_UNKNOWN_CA | CHAIN_SELF_SIGNED;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return CHAIN_UNKNOWN_CA | CHAIN_SELF_SIGNED_IN_CHAIN;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE: return CHAIN_BAD_SIGNATURE;
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_SUBTREE_MINMAX:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
    case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX: return CHAIN_NAME_CONSTRAINTS;
    case X509_V_ERR_INVALID_PURPOSE: return CHAIN_PURPOSE;
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
    case X509_V_ERR_CERT_CHAIN_TOO_LONG: return CHAIN_PATH_LEN;
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN: return CHAIN_NOT_CA;
    default: return CHAIN_OTHER;
    }
}

static int note(int ok, X509_STORE_CTX *ctx)
{
    struct run *r = X509_STORE_CTX_get_app_data(ctx);
    int error = X509_STORE_CTX_get_error(ctx);
    if (ok)
        return 1;
    r->faults |= fault_of(error);
    if (!r->error) {
        r->error = error;
        r->depth = X509_STORE_CTX_get_error_depth(ctx);
    }
    return 1;
}

/* One attempt's helpers. OpenSSL takes the first issuer that fits and never turns back: where an
 * authority was sent twice, cross-signed, only the other order may lead to this store's root. */
struct attempt {
    const struct trust_store *more; /* NULL: what was sent alone */
    bool backwards;
};

static bool push_all(STACK_OF(X509) * to, STACK_OF(X509) * from)
{
    for (int i = 0; i < sk_X509_num(from); i++)
        if (sk_X509_push(to, sk_X509_value(from, i)) <= 0)
            return false;
    return true;
}

static STACK_OF(X509) * untrusted(X509 *const *sent, size_t n, struct attempt at)
{
    STACK_OF(X509) *all = sk_X509_new_null();
    bool ok = all && (!at.more || !at.backwards || push_all(all, at.more->all));
    for (size_t i = 1; ok && i < n; i++) {
        X509 *x = sent[at.backwards ? n - i : i];
        ok = !x || sk_X509_push(all, x) > 0;
    }
    if (ok && at.more && !at.backwards)
        ok = push_all(all, at.more->all);
    if (ok)
        return all;
    sk_X509_free(all);
    return NULL;
}

static int sent_as(const struct chain_facts *f, const unsigned char sha256[32])
{
    for (size_t i = 0; i < f->n; i++)
        if (f->certs[i].readable && memcmp(f->certs[i].info.sha256, sha256, 32) == 0)
            return (int)i;
    return -1;
}

/* One of the store's or the intermediates': those that were sent have their facts already. */
static const struct cert_info *own_step(struct arena *a, struct str der)
{
    struct str copy = arena_str(a, der);
    struct cert_info *c = arena_zalloc(a, sizeof *c);
    return copy.p && c && cert_parse(a, copy, c) == 0 ? c : NULL;
}

static int add_step(struct arena *a, const struct chain_facts *f, X509 *x, struct chain_trust *t)
{
    unsigned char *bytes = NULL, hash[32];
    int n = i2d_X509(x, &bytes);
    struct str der = n > 0 ? str_of((const char *)bytes, (size_t)n) : STR_NONE;
    x509_der_sha256(der, hash);
    int sent = sent_as(f, hash);
    const struct cert_info *c = sent >= 0 ? &f->certs[sent].info : own_step(a, der);
    OPENSSL_free(bytes);
    if (!c)
        return -ERR_NOMEM;
    t->path[t->path_n++] = (struct chain_step){sent, c};
    return 0;
}

static int keep_path(struct arena *a, const struct chain_facts *f, X509_STORE_CTX *ctx,
                     const struct run *r, struct chain_trust *t)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    t->path_n = 0;
    t->faults = r->faults;
    t->error = r->error;
    t->error_depth = r->depth;
    t->error_text = r->error ? str_c(X509_verify_cert_error_string(r->error)) : STR_NONE;
    int err = 0;
    for (int i = 0; !err && i < sk_X509_num(chain) && t->path_n < CHAIN_PATH_MAX; i++)
        err = add_step(a, f, sk_X509_value(chain, i), t);
    return err;
}

static void set_rules(X509_STORE_CTX *ctx, const struct chain_input *in, bool anchors)
{
    X509_VERIFY_PARAM *rules = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(rules, (time_t)in->now);
    X509_VERIFY_PARAM_set_depth(rules, CHAIN_PATH_MAX - 2);
    X509_VERIFY_PARAM_set_auth_level(rules, 0); /* weak keys and digests are other checks' */
    if (anchors) /* what a person names as trusted may be an intermediate, or the server's own */
        X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
    X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER);
}

static int run_once(struct arena *a, const struct chain_input *in, const struct trust_store *store,
                    struct attempt at, const struct chain_facts *f, X509 *const *sent,
                    struct chain_trust *t)
{
    struct run r = {0};
    STACK_OF(X509) *helpers = untrusted(sent, f->n, at);
    X509_STORE_CTX *ctx = helpers ? X509_STORE_CTX_new() : NULL;
    int err = -ERR_NOMEM;
    if (ctx && X509_STORE_CTX_init(ctx, store->roots, sent[0], helpers)) {
        set_rules(ctx, in, !store->public_roots);
        X509_STORE_CTX_set_app_data(ctx, &r);
        X509_STORE_CTX_set_verify_cb(ctx, note);
        if (X509_verify_cert(ctx) != 1 &&
            !r.error) { /* no fault of the chain's that we were told */
            r.error = X509_STORE_CTX_get_error(ctx);
            r.faults |= CHAIN_OTHER;
        }
        err = r.error == X509_V_ERR_OUT_OF_MEM ? -ERR_NOMEM : keep_path(a, f, ctx, &r, t);
    }
    X509_STORE_CTX_free(ctx);
    sk_X509_free(helpers);
    ERR_clear_error();
    return err;
}

int chain_path_find(struct arena *a, const struct chain_input *in, const struct trust_store *store,
                    const struct chain_facts *f, X509 *const *sent, struct chain_trust *ret)
{
    const struct attempt way[] = {
        {NULL, false}, {NULL, true}, {in->intermediates, false}, {in->intermediates, true}};
    int err = trust_store_ready(store, sent, f->n);
    if (!err && in->intermediates)
        err = trust_store_ready(in->intermediates, sent, f->n);
    for (size_t i = 0; !err && i < sizeof way / sizeof *way; i++) {
        struct chain_trust t = {.store = store->name, .public_roots = store->public_roots};
        if (i >= 2 && !in->intermediates)
            break;
        err = run_once(a, in, store, way[i], f, sent, &t);
        if (err)
            break;
        t.completed = way[i].more != NULL;
        t.trusted = t.faults == 0 && !t.completed;
        bool found = !(t.faults & CHAIN_UNKNOWN_CA);
        if (i == 0 || found) /* else the first attempt's faults are the ones to tell */
            *ret = t;
        if (found)
            break;
    }
    return err;
}
