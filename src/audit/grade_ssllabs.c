/* SSL Labs' rating as tables; see grade_ssllabs.h. The letters behind the rules name the revision of
 * the guide that brought them. */
#include "audit/grade_ssllabs.h"

/* ---- questions to the input ---- */

static bool offers(const struct ssllabs_input *in, enum tls_version_index v)
{
    return in->offered[v] == KNOWN_YES;
}

static bool any_suite(const struct ssllabs_input *in, bool (*is)(const struct suite *),
                      enum tls_version_index from)
{
    for (size_t i = 0; i < in->nsuites; i++)
        if (in->suites[i].version >= from && is(in->suites[i].suite))
            return true;
    return false;
}

static bool is_not_rc4(const struct suite *s)
{
    return !suite_is_rc4(s);
}

static bool is_below_112(const struct suite *s)
{
    return suite_strength(s) < 112 && !suite_is_export(s) && !suite_is_null(s);
}

/* ---- rules ---- */

static bool untrusted(const struct ssllabs_input *in)
{
    return in->trust & SSLLABS_UNTRUSTED;
}

static bool self_signed(const struct ssllabs_input *in)
{
    return in->trust & SSLLABS_SELF_SIGNED;
}

static bool expired(const struct ssllabs_input *in)
{
    return in->trust & SSLLABS_EXPIRED;
}

static bool not_yet(const struct ssllabs_input *in)
{
    return in->trust & SSLLABS_NOT_YET;
}

static bool revoked(const struct ssllabs_input *in)
{
    return in->trust & SSLLABS_REVOKED;
}

static bool distrusted(const struct ssllabs_input *in)
{
    return in->trust & SSLLABS_DISTRUSTED;
}

static bool sha1(const struct ssllabs_input *in)
{
    return in->trust & SSLLABS_SHA1;
}

static bool name_mismatch(const struct ssllabs_input *in)
{
    return in->name_mismatch;
}

static bool ssl2(const struct ssllabs_input *in)
{
    return offers(in, VI_SSL2);
}

static bool insecure_renegotiation(const struct ssllabs_input *in)
{
    return in->insecure_renegotiation;
}

static bool key_insecure(const struct ssllabs_input *in)
{
    return in->key_bits > 0 && in->key_bits < 1024;
}

static bool key_known(const struct ssllabs_input *in)
{
    return in->key_known;
}

static bool md5(const struct ssllabs_input *in)
{
    return in->signature_md5;
}

static bool poodle_tls(const struct ssllabs_input *in)
{
    return in->poodle_tls;
}

static bool newest_is_ssl3(const struct ssllabs_input *in)
{
    return offers(in, VI_SSL3) && !offers(in, VI_TLS10) && !offers(in, VI_TLS11) &&
           !offers(in, VI_TLS12) && !offers(in, VI_TLS13);
}

static bool only_rc4(const struct ssllabs_input *in)
{
    return in->nsuites > 0 && !any_suite(in, is_not_rc4, VI_SSL2);
}

static bool heartbleed(const struct ssllabs_input *in)
{
    return in->heartbleed;
}

static bool early_ccs(const struct ssllabs_input *in)
{
    return in->early_ccs;
}

static bool drown(const struct ssllabs_input *in)
{
    return in->drown;
}

static bool lucky_minus_20(const struct ssllabs_input *in)
{
    return in->lucky_minus_20;
}

static bool export_suites(const struct ssllabs_input *in)
{
    return any_suite(in, suite_is_export, VI_SSL2);
}

static bool null_suites(const struct ssllabs_input *in)
{
    return any_suite(in, suite_is_null, VI_SSL2);
}

static bool below_112(const struct ssllabs_input *in)
{
    return any_suite(in, is_below_112, VI_SSL2);
}

static bool anonymous(const struct ssllabs_input *in)
{
    return any_suite(in, suite_is_anonymous, VI_SSL2);
}

static bool ticketbleed(const struct ssllabs_input *in)
{
    return in->ticketbleed;
}

static bool robot(const struct ssllabs_input *in)
{
    return in->robot;
}

static bool zombie_poodle(const struct ssllabs_input *in)
{
    return in->zombie_poodle;
}

static bool goldendoodle(const struct ssllabs_input *in)
{
    return in->goldendoodle;
}

static bool sleeping_poodle(const struct ssllabs_input *in)
{
    return in->sleeping_poodle;
}

static bool zero_length(const struct ssllabs_input *in)
{
    return in->zero_length;
}

static bool poodle_ssl3(const struct ssllabs_input *in)
{
    for (size_t i = 0; i < in->nsuites; i++)
        if (in->suites[i].version == VI_SSL3 && suite_is_cbc(in->suites[i].suite))
            return true;
    return false;
}

static bool compression(const struct ssllabs_input *in)
{
    return in->compression;
}

static bool rc4_modern(const struct ssllabs_input *in)
{
    return any_suite(in, suite_is_rc4, VI_TLS11);
}

static bool no_tls12(const struct ssllabs_input *in)
{
    return !offers(in, VI_TLS12) && !offers(in, VI_TLS13);
}

static bool block64(const struct ssllabs_input *in)
{
    return in->block64_negotiated;
}

static bool key_below_2048(const struct ssllabs_input *in)
{
    return in->key_bits > 0 && in->key_bits < 2048;
}

static bool ssl3(const struct ssllabs_input *in)
{
    return offers(in, VI_SSL3);
}

static bool rc4(const struct ssllabs_input *in)
{
    return any_suite(in, suite_is_rc4, VI_SSL2);
}

static bool chain_incomplete(const struct ssllabs_input *in)
{
    return in->chain_incomplete;
}

static bool dh_below_2048(const struct ssllabs_input *in)
{
    for (size_t i = 0; i < in->nsuites; i++)
        if (in->suites[i].dh_bits > 0 && in->suites[i].dh_bits < 2048)
            return true;
    return false;
}

static bool no_forward_secrecy(const struct ssllabs_input *in)
{
    return in->nsuites > 0 && !any_suite(in, suite_is_forward_secret, VI_SSL2);
}

static bool no_aead(const struct ssllabs_input *in)
{
    return in->nsuites > 0 && !any_suite(in, suite_is_aead, VI_SSL2);
}

static bool tls10(const struct ssllabs_input *in)
{
    return offers(in, VI_TLS10);
}

static bool tls11(const struct ssllabs_input *in)
{
    return offers(in, VI_TLS11);
}

static bool no_tls13(const struct ssllabs_input *in)
{
    return !offers(in, VI_TLS13);
}

static bool fs_with_few(const struct ssllabs_input *in)
{
    return in->fs_with_few && !no_forward_secrecy(in);
}

static bool renegotiation_unsigned(const struct ssllabs_input *in)
{
    return in->secure_renegotiation_missing;
}

static bool hpkp_broken(const struct ssllabs_input *in)
{
    return in->hpkp_broken;
}

static bool hsts_missing(const struct ssllabs_input *in)
{
    return in->hsts == SSLLABS_HSTS_NONE || in->hsts == SSLLABS_HSTS_UNKNOWN;
}

static bool hsts_useless(const struct ssllabs_input *in)
{
    return in->hsts == SSLLABS_HSTS_INVALID ||
           (in->hsts == SSLLABS_HSTS_VALID && in->hsts_max_age <= 0);
}

static bool hsts_short(const struct ssllabs_input *in)
{
    return in->hsts == SSLLABS_HSTS_VALID && in->hsts_max_age > 0 &&
           in->hsts_max_age < SSLLABS_HSTS_MIN;
}

static bool sha1_chain(const struct ssllabs_input *in)
{
    return in->signature_sha1_chain;
}

struct rule {
    bool (*hit)(const struct ssllabs_input *in);
    enum grade_rank cap;
    const char *text, *check;
};

/* Worst first: causes are told in this order. */
static const struct rule rules[] = {
    {untrusted, GRADE_T, "no path to a trusted authority", "cert_trust"},
    {self_signed, GRADE_T, "the certificate is signed by itself", "cert_trust"},
    {expired, GRADE_T, "the certificate has expired", "cert_expiry"},
    {not_yet, GRADE_T, "the certificate is not valid yet", "cert_expiry"},
    {revoked, GRADE_T, "the certificate is revoked", "cert_revocation"},
    {distrusted, GRADE_T, "the authority is distrusted by browsers", "distrusted_ca"},
    {sha1, GRADE_T, "the certificate is signed with SHA-1", "cert_signature"},
    {name_mismatch, GRADE_M, "the certificate is for another name", "cert_name"},

    {ssl2, GRADE_F, "SSL 2.0 is on", "ssl2"},                                            /* c */
    {insecure_renegotiation, GRADE_F, "insecure renegotiation", "secure_renegotiation"}, /* c */
    {key_insecure, GRADE_F, "the key is weaker than RSA with 1024 bits", "cert_key"},    /* e */
    {key_known, GRADE_F, "the private key is known or computable", "cert_key"},
    {md5, GRADE_F, "a certificate is signed with MD5 or MD2", "cert_signature"}, /* e */
    {poodle_tls, GRADE_F, "POODLE in TLS", "poodle_tls"},                        /* g */
    {newest_is_ssl3, GRADE_F, "SSL 3.0 is the newest version", "ssl3"},          /* i */
    {only_rc4, GRADE_F, "nothing but RC4", "rc4"},                               /* k */
    {heartbleed, GRADE_F, "Heartbleed", "heartbleed"},
    {early_ccs, GRADE_F, "early ChangeCipherSpec (CVE-2014-0224)", "early_ccs"},
    {drown, GRADE_F, "DROWN", "drown"},                                          /* l */
    {lucky_minus_20, GRADE_F, "LuckyMinus20 (CVE-2016-2107)", "lucky_minus_20"}, /* m */
    {anonymous, GRADE_F, "anonymous suites", "anonymous_suites"},
    {null_suites, GRADE_F, "suites without encryption", "null_suites"},    /* p */
    {export_suites, GRADE_F, "export suites", "export_suites"},            /* p */
    {below_112, GRADE_F, "suites with less than 112 bits", "weak_suites"}, /* p */
    {ticketbleed, GRADE_F, "Ticketbleed", "ticketbleed"},                  /* p */
    {robot, GRADE_F, "ROBOT", "robot"},                                    /* p */
    {zombie_poodle, GRADE_F, "Zombie POODLE", "zombie_poodle"},
    {goldendoodle, GRADE_F, "GOLDENDOODLE", "goldendoodle"},
    {zero_length, GRADE_F, "zero-length padding oracle (CVE-2019-1559)", "zero_length"},
    {sleeping_poodle, GRADE_F, "Sleeping POODLE", "sleeping_poodle"},

    {poodle_ssl3, GRADE_C, "SSL 3.0 with CBC: POODLE", "poodle_ssl3"},                    /* g */
    {compression, GRADE_C, "compression: CRIME", "compression"},                          /* j */
    {rc4_modern, GRADE_C, "RC4 with TLS 1.1 or later", "rc4"},                            /* j */
    {no_tls12, GRADE_C, "neither TLS 1.2 nor 1.3", "tls12"},                              /* j */
    {block64, GRADE_C, "64-bit block ciphers are used with TLS 1.1 or later", "sweet32"}, /* n */

    {key_below_2048, GRADE_B, "the key is weaker than RSA with 2048 bits", "cert_key"}, /* e */
    {ssl3, GRADE_B, "SSL 3.0 is on", "ssl3"},                                           /* h */
    {rc4, GRADE_B, "RC4 is on", "rc4"},                                                 /* i */
    {chain_incomplete, GRADE_B, "the chain is incomplete", "cert_chain"},               /* i */
    {dh_below_2048, GRADE_B, "Diffie-Hellman with less than 2048 bits", "dh_weak"},     /* j */
    {no_forward_secrecy, GRADE_B, "no forward secrecy", "forward_secrecy"},             /* p */
    {no_aead, GRADE_B, "no AEAD suite", "aead"},                                        /* p */
    {tls10, GRADE_B, "TLS 1.0 is on", "tls10"},                                         /* q */
    {tls11, GRADE_B, "TLS 1.1 is on", "tls11"},                                         /* q */

    {no_tls13, GRADE_A_MINUS, "no TLS 1.3", "tls13"}, /* r */
    {renegotiation_unsigned, GRADE_A_MINUS, "no secure renegotiation (RFC 5746)",
     "secure_renegotiation"},
    {fs_with_few, GRADE_A_MINUS, "forward secrecy only with some clients", "forward_secrecy"},

    {hpkp_broken, GRADE_A, "public key pins that do not fit", "security_headers"},
    {hsts_useless, GRADE_A, "HSTS that browsers ignore, or that ends it", "hsts"},
    {hsts_missing, GRADE_A, "no HSTS", "hsts"},
    {hsts_short, GRADE_A, "HSTS for less than six months", "hsts"},
    {sha1_chain, GRADE_A, "an intermediate is signed with SHA-1", "cert_signature"},
};
enum { RULES = sizeof rules / sizeof *rules, POINTS = 3 };

/* ---- scores ---- */

/* What one end of a category is worth, and what is to be done about less than all. */
struct worth {
    unsigned below; /* bits; the first row that is greater counts */
    int points;
    const char *text, *check;
};

static const struct worth versions[VI_COUNT] = {
    [VI_SSL2] = {0, 0, "protocols: SSL 2.0 is worth 0 of 100", "ssl2"},
    [VI_SSL3] = {0, 80, "protocols: SSL 3.0 is worth 80 of 100", "ssl3"},
    [VI_TLS10] = {0, 90, "protocols: TLS 1.0 is worth 90 of 100", "tls10"},
    [VI_TLS11] = {0, 95, "protocols: TLS 1.1 is worth 95 of 100", "tls11"},
    [VI_TLS12] = {0, 100, NULL, NULL},
    [VI_TLS13] = {0, 100, NULL, NULL},
};

static const struct worth exchanges[] = {
    {512, 20, "key exchange: less than 512 bits are worth 20 of 100", "key_exchange_strength"},
    {1024, 40, "key exchange: less than 1024 bits are worth 40 of 100", "key_exchange_strength"},
    {2048, 80, "key exchange: less than 2048 bits are worth 80 of 100", "key_exchange_strength"},
    {4096, 90, "key exchange: less than 4096 bits are worth 90 of 100", "key_exchange_strength"},
    {UINT32_MAX, 100, NULL, NULL},
};
static const struct worth no_exchange = {
    0, 0, "key exchange: an unproven peer or a known key is worth nothing", NULL};
static const struct worth export_exchange = {
    0, 40, "key exchange: export strength is worth 40 of 100", "export_suites"};

static const struct worth ciphers[] = {
    {1, 0, "ciphers: no encryption is worth 0 of 100", "null_suites"},
    {128, 20, "ciphers: less than 128 bits are worth 20 of 100", "weak_suites"},
    {256, 80, "ciphers: less than 256 bits are worth 80 of 100", NULL},
    {UINT32_MAX, 100, NULL, NULL},
};

static const struct worth *worth_of(const struct worth *rows, unsigned bits)
{
    while (bits >= rows->below && rows->below != UINT32_MAX)
        rows++;
    return rows;
}

static const struct worth *exchange_of(const struct ssllabs_input *in,
                                       const struct ssllabs_suite *s)
{
    if (in->key_known || suite_is_anonymous(s->suite))
        return &no_exchange;
    if (suite_is_export(s->suite))
        return &export_exchange;
    return s->kx_bits ? worth_of(exchanges, s->kx_bits) : NULL;
}

/* The best and the worst of a category. */
struct span {
    const struct worth *best, *worst;
};

static void span_add(struct span *s, const struct worth *w)
{
    if (!w)
        return;
    if (!s->best || w->points > s->best->points)
        s->best = w;
    if (!s->worst || w->points < s->worst->points)
        s->worst = w;
}

struct spans {
    struct span protocol, key_exchange, cipher;
};

static struct spans spans_of(const struct ssllabs_input *in)
{
    struct spans s = {0};
    for (int v = 0; v < VI_COUNT; v++)
        if (offers(in, (enum tls_version_index)v))
            span_add(&s.protocol, &versions[v]);
    for (size_t i = 0; i < in->nsuites; i++) {
        span_add(&s.key_exchange, exchange_of(in, &in->suites[i]));
        span_add(&s.cipher, worth_of(ciphers, suite_strength(in->suites[i].suite)));
    }
    return s;
}

/* Twice the mean, to stay with whole numbers. */
static int twice(const struct span *s)
{
    return s->best ? s->best->points + s->worst->points : 0;
}

static enum grade_rank rank_of(int score)
{
    static const struct {
        int least;
        enum grade_rank rank;
    } rows[] = {{80, GRADE_A_PLUS}, {65, GRADE_B}, {50, GRADE_C}, {35, GRADE_D}, {20, GRADE_E}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (score >= rows[i].least)
            return rows[i].rank;
    return GRADE_F;
}

static void lost(struct grade *g, const struct span *s)
{
    if (s->worst && s->worst->points < 100)
        grade_add(g, s->worst->text, s->worst->check, GRADE_RANKS);
}

static void score(const struct spans *s, struct ssllabs *ret)
{
    int protocol = twice(&s->protocol), cipher = twice(&s->cipher);
    int exchange = s->key_exchange.worst->points;
    bool zero = protocol == 0 || cipher == 0 || exchange == 0;
    ret->protocol = protocol / 2;
    ret->key_exchange = exchange;
    ret->cipher = cipher / 2;
    /* 0.3, 0.3 and 0.4 of 100, two of them doubled. */
    ret->grade.score = zero ? 0 : (30 * protocol + 60 * exchange + 40 * cipher) / 200;
    lost(&ret->grade, &s->protocol);
    lost(&ret->grade, &s->key_exchange);
    lost(&ret->grade, &s->cipher);
}

/* ---- the grade ---- */

static int tell_trust(struct arena *a, struct ssllabs *ret)
{
    ret->grade.note = arena_printf(a, "%s if trust is ignored", ret->if_trusted);
    return ret->grade.note.p ? 0 : -ERR_NOMEM;
}

static bool can_grade(const struct ssllabs_input *in, const struct spans *s, struct grade *g)
{
    g->note = in->nsuites == 0         ? STR("no handshake was possible")
              : !s->key_exchange.worst ? STR("the strength of the key exchange is not known")
                                       : STR_NONE;
    return g->note.n == 0;
}

/* The lowest cap among the rules for trust, and among all others. */
struct caps {
    enum grade_rank trust, rest;
};

static struct caps apply_rules(const struct ssllabs_input *in, struct grade *g)
{
    struct caps c = {GRADE_A_PLUS, GRADE_A_PLUS};
    for (size_t i = 0; i < RULES; i++) {
        enum grade_rank cap = rules[i].cap, *which = cap <= GRADE_M ? &c.trust : &c.rest;
        if (!rules[i].hit(in))
            continue;
        grade_add(g, rules[i].text, rules[i].check, cap);
        if (cap < *which)
            *which = cap;
    }
    return c;
}

int grade_ssllabs(struct arena *a, const struct ssllabs_input *in, struct ssllabs *ret)
{
    struct ssllabs r = {0};
    struct spans s = spans_of(in);
    if (grade_start(a, RULES + POINTS, &r.grade))
        return -ERR_NOMEM;
    if (!can_grade(in, &s, &r.grade)) {
        *ret = r;
        return 0;
    }
    struct caps c = apply_rules(in, &r.grade);
    score(&s, &r);
    enum grade_rank points = rank_of(r.grade.score);
    r.if_trusted = grade_letter(points < c.rest ? points : c.rest);
    r.grade.letter = c.trust <= GRADE_M ? grade_letter(c.trust) : r.if_trusted;
    if (c.trust <= GRADE_M && tell_trust(a, &r))
        return -ERR_NOMEM;
    *ret = r;
    return 0;
}
