/* What makes a chain acceptable; see cert.h.
 *
 * Every fault is told, each with what to do about it: whoever installs a certificate at night should
 * not have to come back for the second one. Trust is not judged here: which roots the clients have
 * is not ours to know. A lone certificate that says where its issuer can be fetched (RFC 5280
 * 4.2.2.1) most likely lacks an intermediate, but a private root may issue directly and say the same:
 * that is a warning. What the file itself contradicts, order or a wrong issuer, is a fault. */
#include "tls/cert.h"

#include "base/addr.h"
#include "tls/cert_x509.h"
#include "tls/spki.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/tls1.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DAY = 86400, WARN_DAYS = 14, SUBJECT_MAX = 160 };

/* One check under way; on the caller's stack. */
struct check {
    const char *label;
    struct buf *why, *warn;
    int64_t wall;
    STACK_OF(X509) *chain;
    int err; /* the first fault */
};

__attribute__((format(printf, 3, 4))) static void fault(struct check *c, int err,
                                                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_addf(c->why, "%s: ", c->label);
    buf_addv(c->why, format, args);
    buf_addc(c->why, '\n');
    va_end(args);
    if (!c->err)
        c->err = err;
}

__attribute__((format(printf, 2, 3))) static void warning(struct check *c, const char *format, ...)
{
    if (!c->warn)
        return;
    va_list args;
    va_start(args, format);
    const char *error = strstr(c->label, ": error: ");
    if (error)
        buf_addf(c->warn, "%.*s: warning: %s: ", (int)(error - c->label), c->label, error + 9);
    else
        buf_addf(c->warn, "%s: ", c->label);
    buf_addv(c->warn, format, args);
    buf_addc(c->warn, '\n');
    va_end(args);
}

/* ---- reading ---- */

static int read_one(OSSL_LIB_CTX *lib, BIO *bio, X509 **ret)
{
    X509 *x = X509_new_ex(lib, NULL);
    if (!x)
        return -ERR_NOMEM;
    if (PEM_read_bio_X509(bio, &x, NULL, NULL)) {
        *ret = x;
        return 0;
    }
    X509_free(x); /* NULL when the parser freed it */
    bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    return end ? -ERR_EOF : -ERR_CERT_SYNTAX;
}

static int read_all(OSSL_LIB_CTX *lib, BIO *bio, STACK_OF(X509) *chain)
{
    for (;;) {
        X509 *x = NULL;
        int err = read_one(lib, bio, &x);
        if (err == -ERR_EOF)
            return sk_X509_num(chain) ? 0 : -ERR_CERT_SYNTAX;
        if (err)
            return err;
        if (sk_X509_num(chain) == CERT_CHAIN_MAX || !sk_X509_push(chain, x)) {
            X509_free(x);
            return sk_X509_num(chain) == CERT_CHAIN_MAX ? -ERR_LIMIT : -ERR_NOMEM;
        }
    }
}

int cert_read(OSSL_LIB_CTX *lib, struct str pem, STACK_OF(X509) **ret)
{
    if (pem.n == 0 || pem.n > INT32_MAX)
        return -ERR_CERT_SYNTAX;
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    STACK_OF(X509) *chain = sk_X509_new_null();
    int err = bio && chain ? read_all(lib, bio, chain) : -ERR_NOMEM;
    BIO_free(bio);
    ERR_clear_error();
    if (err) {
        sk_X509_pop_free(chain, X509_free);
        return err;
    }
    *ret = chain;
    return 0;
}

static bool mentions(struct str text, const char *what)
{
    return text.n && memmem(text.p, text.n, what, strlen(what));
}

static int explain_unreadable(struct check *c, struct str pem, int err)
{
    if (err == -ERR_LIMIT)
        fault(c, -ERR_CERT_CHAIN,
              "more than %d certificates: keep only the server's and its intermediates",
              CERT_CHAIN_MAX);
    else if (err == -ERR_NOMEM)
        fault(c, err, "out of memory");
    else if (pem.n == 0)
        fault(c, err, "the file is empty");
    else if (mentions(pem, "BEGIN CERTIFICATE REQUEST"))
        fault(c, err, "this is a request (CSR), not a certificate: use what the authority sent back");
    else if (mentions(pem, "PRIVATE KEY") && !mentions(pem, "BEGIN CERTIFICATE-"))
        fault(c, err, "this is a private key, not a certificate: are the two paths swapped?");
    else if (!mentions(pem, "-----BEGIN"))
        fault(c, err, "no PEM text (-----BEGIN CERTIFICATE-----); convert DER with "
                      "`openssl x509 -inform der -in FILE -out FILE.pem`");
    else
        fault(c, err, "not a readable certificate: the file is damaged or cut");
    return c->err;
}

/* ---- the checks ---- */

static const char *subject(X509 *x, char out[SUBJECT_MAX])
{
    int n = X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, out, SUBJECT_MAX);
    if (n <= 0 && !X509_NAME_oneline(X509_get_subject_name(x), out, SUBJECT_MAX))
        snprintf(out, SUBJECT_MAX, "?");
    return out;
}

static int64_t seconds_of(const ASN1_TIME *t)
{
    struct tm tm;
    return ASN1_TIME_to_tm(t, &tm) ? (int64_t)timegm(&tm) : 0;
}

static const char *date(int64_t at, char out[32])
{
    time_t t = (time_t)at;
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm);
    return out;
}

static void check_time(struct check *c, X509 *x)
{
    char name[SUBJECT_MAX], when[32];
    int64_t from = seconds_of(X509_get0_notBefore(x)), until = seconds_of(X509_get0_notAfter(x));
    if (c->wall > until)
        fault(c, -ERR_CERT_TIME, "\"%s\" expired on %s: renew it", subject(x, name),
              date(until, when));
    else if (c->wall < from)
        fault(c, -ERR_CERT_TIME, "\"%s\" is not valid before %s: is this machine's clock right?",
              subject(x, name), date(from, when));
    else if (until - c->wall < WARN_DAYS * DAY && until - c->wall < (until - from) / 3)
        warning(c, "\"%s\" expires on %s: renew it soon", subject(x, name), date(until, when));
}

static bool self_issued(X509 *x)
{
    return X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
}

static void check_strength(struct check *c, X509 *x)
{
    char name[SUBJECT_MAX];
    EVP_PKEY *key = X509_get0_pubkey(x);
    int err = key ? spki_strength(key) : -ERR_UNSUPPORTED;
    if (err == -ERR_CERT_WEAK)
        fault(c, err, "\"%s\" has a weak key of %d bits: make a new one (EC P-256, or RSA of 2048 "
                      "bits at least)", subject(x, name), EVP_PKEY_get_bits(key));
    else if (err && x == sk_X509_value(c->chain, 0))
        fault(c, err, "\"%s\" has a key that browsers cannot use: make an EC P-256 or RSA 2048 key",
              subject(x, name));
    int digest = NID_undef;
    if (self_issued(x)) /* nobody relies on a root's own signature */
        return;
    if (X509_get_signature_info(x, &digest, NULL, NULL, NULL) &&
        (digest == NID_sha1 || digest == NID_md5 || digest == NID_md5_sha1))
        fault(c, -ERR_CERT_WEAK, "\"%s\" is signed with %s, which clients refuse: have it issued anew",
              subject(x, name), OBJ_nid2sn(digest));
}

static bool issued_by(X509 *x, X509 *issuer)
{
    return X509_check_issued(issuer, x) == X509_V_OK &&
           X509_verify(x, X509_get0_pubkey(issuer)) == 1;
}

static bool elsewhere(struct check *c, X509 *x)
{
    for (int i = 0; i < sk_X509_num(c->chain); i++)
        if (sk_X509_value(c->chain, i) != x && issued_by(x, sk_X509_value(c->chain, i)))
            return true;
    return false;
}

/* RFC 5280 6.1.4 (k), (n): no path leads over one that is no authority, or may not sign certificates.
 * A root of version 1 has nothing to say it with; clients that trust it don't ask. */
static bool check_authority(struct check *c, X509 *x)
{
    const uint32_t old_root = EXFLAG_V1 | EXFLAG_SS;
    char name[SUBJECT_MAX];
    uint32_t flags = X509_get_extension_flags(x);
    if (!(flags & EXFLAG_CA) && (flags & old_root) != old_root)
        fault(c, -ERR_CERT_CHAIN,
              "\"%s\" is no authority (basic constraints), so nobody accepts what it signs: have the "
              "certificate issued by one that is", subject(x, name));
    else if (!(X509_get_key_usage(x) & KU_KEY_CERT_SIGN)) /* all bits are set where it says nothing */
        fault(c, -ERR_CERT_CHAIN,
              "\"%s\" may not sign certificates (key usage), so nobody accepts what it signs: have the "
              "certificate issued by one that may", subject(x, name));
    else
        return true;
    return false;
}

/* By name and signature, whatever the extensions say. */
static bool signed_by(X509 *x, X509 *issuer)
{
    return X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(issuer)) == 0 &&
           X509_verify(x, X509_get0_pubkey(issuer)) == 1;
}

static void check_link(struct check *c, X509 *x, X509 *next)
{
    char name[SUBJECT_MAX], other[SUBJECT_MAX];
    if (signed_by(x, next) && !check_authority(c, next))
        return;
    if (issued_by(x, next))
        return;
    if (elsewhere(c, x) || issued_by(next, x))
        fault(c, -ERR_CERT_CHAIN,
              "wrong order: \"%s\" stands before \"%s\", which did not issue it; the server's "
              "certificate comes first, then each one's issuer", subject(x, name),
              subject(next, other));
    else
        fault(c, -ERR_CERT_CHAIN,
              "\"%s\" was not issued by \"%s\", which follows it: put the right intermediate there",
              subject(x, name), subject(next, other));
}

static void check_lone(struct check *c, X509 *x)
{
    char name[SUBJECT_MAX], where[256];
    AUTHORITY_INFO_ACCESS *aia = X509_get_ext_d2i(x, NID_info_access, NULL, NULL);
    *where = '\0';
    for (int i = 0; aia && i < sk_ACCESS_DESCRIPTION_num(aia); i++) {
        ACCESS_DESCRIPTION *d = sk_ACCESS_DESCRIPTION_value(aia, i);
        if (OBJ_obj2nid(d->method) == NID_ad_ca_issuers && d->location->type == GEN_URI)
            snprintf(where, sizeof where, "%.*s",
                     ASN1_STRING_length(d->location->d.uniformResourceIdentifier),
                     ASN1_STRING_get0_data(d->location->d.uniformResourceIdentifier));
    }
    AUTHORITY_INFO_ACCESS_free(aia);
    if (*where && !self_issued(x))
        warning(c, "\"%s\" stands alone: unless a root that clients trust issued it, browsers will "
                   "refuse it; append the intermediate certificate (in PEM, from %s), or use the file "
                   "usually called fullchain.pem", subject(x, name), where);
}

static void check_order(struct check *c)
{
    int n = sk_X509_num(c->chain);
    for (int i = 0; i + 1 < n; i++)
        check_link(c, sk_X509_value(c->chain, i), sk_X509_value(c->chain, i + 1));
    if (n == 1)
        check_lone(c, sk_X509_value(c->chain, 0));
}

static void check_leaf(struct check *c, X509 *leaf)
{
    char name[SUBJECT_MAX];
    uint32_t use = X509_get_extended_key_usage(leaf);
    if (use != UINT32_MAX && !(use & (XKU_SSL_SERVER | XKU_ANYEKU)))
        fault(c, -ERR_CERT_CHAIN, "\"%s\" is not meant for servers (extended key usage)",
              subject(leaf, name));
    if (X509_check_ca(leaf) == 1 && sk_X509_num(c->chain) > 1)
        fault(c, -ERR_CERT_CHAIN, "the first certificate, \"%s\", is an authority's: the server's own "
                                  "must come first", subject(leaf, name));
    else if (self_issued(leaf))
        warning(c, "\"%s\" is self-signed: browsers will warn", subject(leaf, name));
}

/* RFC 7633: a client that knows the extension refuses a handshake without the answer. */
static void check_staple(struct check *c, X509 *leaf)
{
    char name[SUBJECT_MAX];
    TLS_FEATURE *features = X509_get_ext_d2i(leaf, NID_tlsfeature, NULL, NULL);
    bool must = false;
    for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++)
        must |= ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == TLSEXT_TYPE_status_request;
    TLS_FEATURE_free(features);
    if (must)
        warning(c, "\"%s\" demands a stapled OCSP answer (must-staple), and this server does not staple "
                   "yet: clients that insist will refuse it; have it issued without", subject(leaf, name));
}

static bool dns_eq(struct str san, struct str name)
{
    if (str_ieq(san, name))
        return true;
    if (!str_starts(san, STR("*.")) || str_starts(name, STR("*.")))
        return false;
    size_t dot = str_find(name, '.', 0); /* the star stands for one label (RFC 6125 6.4.3) */
    return dot > 0 && dot < name.n && str_ieq(str_from(san, 1), str_from(name, dot));
}

static size_t ip_bytes(struct str name, unsigned char out[16])
{
    char text[INET6_ADDRSTRLEN];
    if (name.n == 0 || name.n >= sizeof text)
        return 0;
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    return inet_pton(AF_INET, text, out) == 1 ? 4 : inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
}

static bool covers(const GENERAL_NAMES *san, struct str name)
{
    unsigned char ip[16];
    size_t nip = ip_bytes(name, ip);
    for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
        const GENERAL_NAME *g = sk_GENERAL_NAME_value(san, i);
        int want = nip ? GEN_IPADD : GEN_DNS;
        if (g->type != want)
            continue;
        const ASN1_STRING *s = nip ? g->d.iPAddress : g->d.dNSName;
        struct str v = str_of((const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
        if (nip ? str_eq(v, str_of((const char *)ip, nip)) : dns_eq(v, name))
            return true;
    }
    return false;
}

/* Only subjectAltName counts: no client looks at the common name any more (RFC 9525). */
static void check_names(struct check *c, X509 *leaf, const struct str *names, size_t n)
{
    GENERAL_NAMES *san = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    for (size_t i = 0; i < n; i++)
        if (!covers(san, names[i]))
            fault(c, -ERR_CERT_NAME, "does not cover %.*s: have it issued with that name, or give "
                                     "the name to another site", STR_ARG(names[i]));
    GENERAL_NAMES_free(san);
}

static void check_key(struct check *c, X509 *leaf, const unsigned char *spki)
{
    unsigned char own[SPKI_HASH];
    EVP_PKEY *pub = X509_get0_pubkey(leaf);
    if (!spki || !pub || spki_hash(pub, own))
        return;
    if (memcmp(own, spki, SPKI_HASH))
        fault(c, -ERR_CERT_KEY_MISMATCH,
              "the private key does not belong to this certificate: give the key it was requested "
              "with, or have it issued for this key");
}

int cert_check(struct str pem, const char *label, const struct str *names, size_t n, int64_t wall,
               const unsigned char *spki, struct buf *why, struct buf *warn)
{
    struct check c = {.label = label, .why = why, .warn = warn, .wall = wall};
    int err = cert_read(NULL, pem, &c.chain);
    if (err)
        return explain_unreadable(&c, pem, err);
    X509 *leaf = sk_X509_value(c.chain, 0);
    check_leaf(&c, leaf);
    check_staple(&c, leaf);
    check_order(&c);
    for (int i = 0; i < sk_X509_num(c.chain); i++) {
        check_time(&c, sk_X509_value(c.chain, i));
        check_strength(&c, sk_X509_value(c.chain, i));
    }
    check_names(&c, leaf, names, n);
    check_key(&c, leaf, spki);
    sk_X509_pop_free(c.chain, X509_free);
    ERR_clear_error();
    return c.err;
}

int cert_facts(struct str pem, int64_t *ret_not_before, int64_t *ret_not_after,
               unsigned char ret_spki[SPKI_HASH])
{
    STACK_OF(X509) *chain;
    unsigned char hash[SPKI_HASH];
    int err = cert_read(NULL, pem, &chain);
    if (err)
        return err;
    X509 *leaf = sk_X509_value(chain, 0);
    EVP_PKEY *pub = X509_get0_pubkey(leaf);
    err = pub ? spki_hash(pub, hash) : -ERR_CERT_SYNTAX;
    if (!err) {
        *ret_not_before = seconds_of(X509_get0_notBefore(leaf));
        *ret_not_after = seconds_of(X509_get0_notAfter(leaf));
        memcpy(ret_spki, hash, SPKI_HASH);
    }
    sk_X509_pop_free(chain, X509_free);
    ERR_clear_error();
    return err;
}

int cert_fingerprint(struct str pem, unsigned char ret[32])
{
    STACK_OF(X509) *all = NULL;
    unsigned n = 32;
    int err = cert_read(NULL, pem, &all);
    if (err)
        return err;
    bool ok = sk_X509_num(all) > 0 && X509_digest(sk_X509_value(all, 0), EVP_sha256(), ret, &n);
    sk_X509_pop_free(all, X509_free);
    return ok ? 0 : -ERR_CERT_SYNTAX;
}

const char *tls_version_text(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}

/* One line a certificate: all but the names, the numbers and the days themselves. */
static bool add_kind(struct buf *out, X509 *x)
{
    char issuer[SUBJECT_MAX];
    const EVP_PKEY *key = X509_get0_pubkey(x);
    int64_t days = (seconds_of(X509_get0_notAfter(x)) - seconds_of(X509_get0_notBefore(x))) / 86400;
    if (!key || !X509_NAME_oneline(X509_get_issuer_name(x), issuer, sizeof issuer))
        return false;
    buf_addf(out, "%s %d, signature %d, %lld days, %d extensions, %s\n", EVP_PKEY_get0_type_name(key),
             EVP_PKEY_get_bits(key), X509_get_signature_nid(x), (long long)days,
             X509_get_ext_count(x), issuer);
    return true;
}

int cert_kind(struct str pem, struct buf *out)
{
    STACK_OF(X509) *all = NULL;
    int err = cert_read(NULL, pem, &all);
    for (int i = 0; !err && i < sk_X509_num(all); i++)
        err = add_kind(out, sk_X509_value(all, i)) ? 0 : -ERR_CERT_SYNTAX;
    if (all)
        sk_X509_pop_free(all, X509_free);
    ERR_clear_error();
    return err ? err : buf_ok(out) ? 0 : -ERR_NOMEM;
}
