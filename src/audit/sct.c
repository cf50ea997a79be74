/* See sct.h.
 *
 * An embedded SCT is over the certificate as it was before the SCTs were put in (RFC 6962 3.2):
 * taking the extension out again and encoding the rest anew gives those bytes, whoever signed the
 * precertificate. */
#include "audit/sct.h"

#include "audit/x509_der.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

enum {
    LONG_LIFE = 180 * 86400,
    V1 = 0,
    HASH_SHA256 = 4,
    SIG_RSA = 1,
    SIG_ECDSA = 3,
    SUBJECT_MAX = 1 << 24
};

/* ---- reading ---- */

static bool take(struct str *in, size_t n, struct str *ret)
{
    if (in->n < n)
        return false;
    *ret = str_sub(*in, 0, n);
    *in = str_from(*in, n);
    return true;
}

static bool take_int(struct str *in, size_t bytes, uint64_t *ret)
{
    struct str s;
    uint64_t v = 0;
    if (!take(in, bytes, &s))
        return false;
    for (size_t i = 0; i < bytes; i++)
        v = v << 8 | (unsigned char)s.p[i];
    *ret = v;
    return true;
}

static bool take_vector(struct str *in, struct str *ret) /* <0..2^16-1> */
{
    uint64_t n;
    return take_int(in, 2, &n) && take(in, (size_t)n, ret);
}

static bool read_v1(struct str in, struct sct *s)
{
    uint64_t hash, algorithm;
    if (!take(&in, SCT_LOG_ID, &s->log_id) || !take_int(&in, 8, &s->time) ||
        !take_vector(&in, &s->extensions) || !take_int(&in, 1, &hash) ||
        !take_int(&in, 1, &algorithm) || !take_vector(&in, &s->signature))
        return false;
    s->hash = (uint8_t)hash;
    s->algorithm = (uint8_t)algorithm;
    return in.n == 0 && s->signature.n > 0;
}

static void add_one(struct sct_list *to, enum sct_from from, struct str one)
{
    struct sct s = {.from = from};
    uint64_t version;
    if (!take_int(&one, 1, &version))
        to->malformed++;
    else if (version != V1) /* RFC 6962 3.3: skipped, so that newer ones can be sent along */
        to->other_version++;
    else if (!read_v1(one, &s))
        to->malformed++;
    else if (to->n == SCT_MAX)
        to->dropped++;
    else
        to->item[to->n++] = s;
}

int sct_list_add(struct sct_list *to, enum sct_from from, struct str list)
{
    struct str all, one;
    if (!take_vector(&list, &all) || list.n || all.n == 0)
        return -ERR_SYNTAX;
    while (all.n) {
        if (!take_vector(&all, &one))
            return -ERR_SYNTAX;
        add_one(to, from, one);
    }
    return 0;
}

/* ---- what is signed ---- */

static int rebuild_precert(struct arena *a, X509 *x, struct str *ret)
{
    int at = X509_get_ext_by_NID(x, NID_ct_precert_scts, -1);
    if (at < 0)
        return 0;
    X509_EXTENSION_free(X509_delete_ext(x, at));
    unsigned char *der = NULL;
    int n = i2d_re_X509_tbs(x, &der);
    if (n > 0)
        *ret = arena_str(a, str_of((const char *)der, (size_t)n));
    OPENSSL_free(der);
    return n <= 0 || ret->p ? 0 : -ERR_NOMEM;
}

int sct_subject_init(struct arena *a, struct str cert, struct str issuer, struct sct_subject *ret)
{
    struct sct_subject s = {.cert = cert};
    X509 *x = x509_der_read(cert), *by = x509_der_read(issuer);
    int err = x ? rebuild_precert(a, x, &s.precert) : -ERR_CERT_SYNTAX;
    s.has_issuer = by && x509_der_spki_sha256(by, s.issuer_key) == 0;
    X509_free(x);
    X509_free(by);
    ERR_clear_error();
    if (!err)
        *ret = s;
    return err;
}

/* ---- signatures ---- */

struct hashing {
    EVP_MD_CTX *md;
    bool ok;
};

static void put(struct hashing *h, struct str s)
{
    h->ok = h->ok && (s.n == 0 || EVP_DigestVerifyUpdate(h->md, s.p, s.n));
}

static void put_int(struct hashing *h, uint64_t v, size_t bytes)
{
    char out[8];
    for (size_t i = 0; i < bytes; i++)
        out[i] = (char)(v >> 8 * (bytes - 1 - i));
    put(h, str_of(out, bytes));
}

/* RFC 6962 3.2: version, certificate_timestamp, timestamp, entry, extensions. */
static void put_signed(struct hashing *h, const struct sct *s, const struct sct_subject *subject)
{
    bool precert = s->from == SCT_FROM_CERT;
    struct str body = precert ? subject->precert : subject->cert;
    put_int(h, V1, 1);
    put_int(h, 0, 1);
    put_int(h, s->time, 8);
    put_int(h, precert, 2);
    if (precert)
        put(h, str_of((const char *)subject->issuer_key, 32));
    put_int(h, body.n, 3);
    put(h, body);
    put_int(h, s->extensions.n, 2);
    put(h, s->extensions);
}

static bool signature_good(const struct sct *s, const struct sct_subject *subject, EVP_PKEY *key)
{
    struct hashing h = {EVP_MD_CTX_new(), true};
    h.ok = h.md && EVP_DigestVerifyInit(h.md, NULL, EVP_sha256(), NULL, key) == 1;
    put_signed(&h, s, subject);
    bool good = h.ok && EVP_DigestVerifyFinal(h.md, (const unsigned char *)s->signature.p,
                                              s->signature.n) == 1;
    EVP_MD_CTX_free(h.md);
    ERR_clear_error();
    return good;
}

static bool algorithm_fits(const struct sct *s, const EVP_PKEY *key)
{
    return s->hash == HASH_SHA256 && ((s->algorithm == SIG_ECDSA && EVP_PKEY_is_a(key, "EC")) ||
                                      (s->algorithm == SIG_RSA && EVP_PKEY_is_a(key, "RSA")));
}

static enum sct_verdict verify(const struct sct *s, const struct sct_subject *subject,
                               const struct ct_log *log)
{
    const unsigned char *p = (const unsigned char *)log->key.p;
    struct str body = s->from == SCT_FROM_CERT ? subject->precert : subject->cert;
    if (body.n == 0 || body.n >= SUBJECT_MAX || (s->from == SCT_FROM_CERT && !subject->has_issuer))
        return SCT_NOT_TESTABLE;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)log->key.n);
    enum sct_verdict v = !key                              ? SCT_NOT_TESTABLE
                         : !algorithm_fits(s, key)         ? SCT_BAD_SIGNATURE
                         : signature_good(s, subject, key) ? SCT_GOOD
                                                           : SCT_BAD_SIGNATURE;
    EVP_PKEY_free(key);
    ERR_clear_error();
    return v;
}

enum sct_verdict sct_verify(const struct sct *s, const struct sct_subject *subject,
                            const struct ct_logs *logs, int64_t now, int64_t not_after,
                            const struct ct_log **ret_log)
{
    const struct ct_log *log = ct_logs_find(logs, s->log_id);
    if (ret_log)
        *ret_log = log;
    if (!log)
        return logs ? SCT_UNKNOWN_LOG : SCT_NOT_TESTABLE;
    enum sct_verdict v = verify(s, subject, log);
    if (v != SCT_GOOD)
        return v;
    if (now < 0 || s->time / 1000 > (uint64_t)now)
        return SCT_FUTURE;
    return log->until && (not_after < log->from || not_after >= log->until) ? SCT_WRONG_LOG
                                                                            : SCT_GOOD;
}

/* ---- policy ---- */

/* Logs of one way of delivery that count. */
struct tally {
    const struct ct_log *log[SCT_MAX];
    size_t n, operators, rfc6962, live; /* live: not retired */
};

/* Chrome's and Apple's rule: a log that is accepted now, or was when it signed and has retired
 * since. */
static bool counts(const struct ct_log *log, const struct sct *s)
{
    if (log->test || log->state == CT_PENDING || log->state == CT_REJECTED)
        return false;
    return log->state != CT_RETIRED || (int64_t)(s->time / 1000) < log->state_since;
}

static void tally_add(struct tally *t, const struct ct_log *log)
{
    bool new_operator = true;
    for (size_t i = 0; i < t->n; i++) {
        if (t->log[i] == log)
            return;
        new_operator &= !str_eq(t->log[i]->operator, log->operator);
    }
    t->log[t->n++] = log;
    t->operators += new_operator;
    t->rfc6962 += !log->tiled;
    t->live += log->state != CT_RETIRED;
}

/* Which SCTs of this way count: retired logs for embedded ones alone, others can be replaced. */
static struct tally tally(const struct sct_list *l, const struct sct_facts *f, bool embedded)
{
    struct tally t = {0};
    for (size_t i = 0; i < l->n; i++) {
        const struct sct *s = &l->item[i];
        if ((s->from == SCT_FROM_CERT) != embedded || f->verdict[i] != SCT_GOOD)
            continue;
        if (counts(f->log[i], s) && (embedded || f->log[i]->state != CT_RETIRED))
            tally_add(&t, f->log[i]);
    }
    return t;
}

static size_t distinct(const struct sct_list *l, int embedded) /* -1: of all */
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++) {
        bool first = embedded < 0 || (l->item[i].from == SCT_FROM_CERT) == embedded;
        for (size_t j = 0; first && j < i; j++)
            first = !str_eq(l->item[j].log_id, l->item[i].log_id) ||
                    (embedded >= 0 && (l->item[j].from == SCT_FROM_CERT) != embedded);
        n += first;
    }
    return n;
}

static int64_t earliest(const struct sct_list *l, const struct sct_facts *f)
{
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < l->n; i++)
        if (f->verdict[i] != SCT_BAD_SIGNATURE && l->item[i].time < least)
            least = l->item[i].time;
    return least == UINT64_MAX ? 0 : (int64_t)(least / 1000);
}

static bool satisfied(const struct tally *t, size_t needed)
{
    return t->n >= needed && t->operators >= 2 && t->rfc6962 >= 1 && t->live >= 1;
}

void sct_look(const struct sct_list *l, const struct sct_subject *subject,
              const struct ct_logs *logs, int64_t now, int64_t lifetime, int64_t not_after,
              struct sct_facts *ret)
{
    struct sct_facts f = {.tested = logs != NULL};
    for (size_t i = 0; i < l->n; i++) {
        f.verdict[i] = sct_verify(&l->item[i], subject, logs, now, not_after, &f.log[i]);
        f.bad += f.verdict[i] == SCT_BAD_SIGNATURE;
    }
    size_t needed = lifetime > LONG_LIFE ? 3 : 2;
    struct tally in = tally(l, &f, true), out = tally(l, &f, false);
    bool by_others = satisfied(&out, 2), by_cert = satisfied(&in, needed);
    bool told_of_cert = by_cert || (!by_others && distinct(l, true) > 0);
    const struct tally *t = told_of_cert ? &in : &out;
    f.needed = told_of_cert ? needed : 2;
    f.good = t->n;
    f.operators = t->operators;
    f.rfc6962 = t->rfc6962;
    f.distinct = distinct(l, -1);
    f.earliest = earliest(l, &f);
    f.compliant = by_cert || by_others;
    f.enough_if_good = distinct(l, true) >= needed || distinct(l, false) >= 2;
    *ret = f;
}
