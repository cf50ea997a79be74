/* Checks of cipher suites, groups, signatures and key exchange: set membership in what the walks
 * found. A class that is absent counts as absent only if the walks came to their end. */
#include "audit/dh_prime.h"
#include "audit/look.h"
#include "audit/remedy.h"
#include "wire/tls_names.h"

/* ---- classes ---- */

static bool is_null(const struct suite *s)
{
    return suite_is_null(s);
}

static bool is_anonymous(const struct suite *s)
{
    return suite_is_anonymous(s);
}

static bool is_export(const struct suite *s)
{
    return suite_is_export(s);
}

static bool is_rc4(const struct suite *s)
{
    return suite_is_rc4(s) && !suite_is_export(s);
}

/* Single DES and RC2 of short keys: brute force. What has a check of its own is not counted twice. */
static bool is_short_key(const struct suite *s)
{
    return suite_strength(s) < 112 && !suite_is_null(s) && !suite_is_export(s);
}

static bool is_weak(const struct suite *s)
{
    bool gost = s->enc == SUITE_ENC_28147_CNT;
    bool rc2 = s->enc == SUITE_ENC_RC2_56_CBC || s->enc == SUITE_ENC_RC2_128_CBC;
    bool md5 = s->mac == SUITE_MAC_MD5 && !suite_is_rc4(s) && !suite_is_null(s) && !suite_is_export(s);
    return is_short_key(s) || gost || rc2 || md5 || suite_is_ccm8(s);
}

/* Nothing weak, but nothing that a browser could use. */
static bool is_unusual(const struct suite *s)
{
    return suite_is_psk(s) || s->kx == SUITE_KX_SRP || s->kx == SUITE_KX_KRB5 ||
           s->kx == SUITE_KX_GOST || s->kx == SUITE_KX_FORTEZZA || s->kx == SUITE_KX_ECCPWD;
}

static bool is_block64(const struct suite *s)
{
    return suite_is_block64(s) && !suite_is_export(s);
}

static bool is_cbc(const struct suite *s)
{
    return suite_is_cbc(s) && !suite_is_export(s);
}

static bool is_static_rsa(const struct suite *s)
{
    return suite_is_rsa_encryption(s);
}

static bool is_forward(const struct suite *s)
{
    return suite_is_forward_secret(s);
}

static bool is_not_forward(const struct suite *s)
{
    return !suite_is_forward_secret(s);
}

static bool is_aead(const struct suite *s)
{
    return suite_is_aead(s);
}

static bool is_any(const struct suite *s)
{
    return true;
}

static bool is_old_style(const struct suite *s)
{
    return !suite_is_aead(s) || !suite_is_forward_secret(s);
}

static bool is_dhe(const struct suite *s)
{
    return s->kx == SUITE_KX_DHE || s->kx == SUITE_KX_DHE_EXPORT || s->kx == SUITE_KX_DH_ANON ||
           s->kx == SUITE_KX_DH_ANON_EXPORT || s->kx == SUITE_KX_DHE_EXPORT1024 ||
           s->kx == SUITE_KX_DHE_PSK;
}

static bool is_signed(const struct suite *s)
{
    return s->kx == SUITE_KX_ECDHE || s->kx == SUITE_KX_DHE || s->kx == SUITE_KX_ANY;
}

static bool is_chacha(const struct suite *s)
{
    return s->enc == SUITE_ENC_CHACHA20_POLY1305;
}

/* ---- suites ---- */

static void refuse(const struct audit_view *view, struct finding *f, suite_test *wanted,
                   const char *behind, const char *absent)
{
    const struct tls_facts *t = look_facts(view, f);
    if (t)
        look_refuse(t, VI_SSL3, VI_TLS13, wanted, f, behind, absent);
}

static void check_null(const struct audit_view *view, struct finding *f)
{
    refuse(view, f, is_null, ": nothing is encrypted.", "Every suite encrypts.");
}

static void check_anonymous(const struct audit_view *view, struct finding *f)
{
    refuse(view, f, is_anonymous, ": anybody can be the server.", "Every suite proves who the server is.");
}

static void check_export(const struct audit_view *view, struct finding *f)
{
    refuse(view, f, is_export, ": made to be broken, in 1995.", "No export suite is offered.");
}

static void check_weak(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    struct suites_seen s;
    if (!t)
        return;
    if (!look_refuse(t, VI_SSL3, VI_TLS13, is_weak, f, ".", "No other weak suite is offered."))
        return;
    look_suites(t, VI_SSL3, VI_TLS13, is_short_key, &s);
    f->severity = s.n ? SEVERITY_HIGH : f->severity;
}

static void check_unusual(const struct audit_view *view, struct finding *f)
{
    refuse(view, f, is_unusual, ": no browser can use them.", "No suite of PSK, SRP, Kerberos or GOST.");
}

static void check_rc4(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    struct suites_seen s;
    if (!t)
        return;
    if (!look_refuse(t, VI_SSL3, VI_TLS13, is_rc4, f, ": cookies can be recovered from it.",
                     "No RC4 suite is offered."))
        return;
    look_suites(t, VI_TLS11, VI_TLS13, is_rc4, &s);
    f->severity = s.n ? SEVERITY_HIGH : SEVERITY_MEDIUM;
}

/* What a modern client would never get, since the server prefers better, is worth less alarm. */
static void check_sweet32(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    struct suites_seen all, modern;
    if (!t)
        return;
    look_suites(t, VI_SSL3, VI_TLS13, is_block64, &all);
    look_suites(t, VI_TLS11, VI_TLS13, is_block64, &modern);
    bool high = all.preferred || modern.n;
    f->severity = high ? SEVERITY_HIGH : look_offers(t, VI_TLS12, VI_TLS13) ? SEVERITY_LOW
                                                                            : SEVERITY_MEDIUM;
    look_refuse(t, VI_SSL3, VI_TLS13, is_block64, f,
                all.preferred ? ", and preferred: blocks of 64 bits repeat after some 30 GB."
                              : ": blocks of 64 bits repeat after some 30 GB.",
                "No suite with a block of 64 bits is offered.");
}

static void check_cbc(const struct audit_view *view, struct finding *f)
{
    refuse(view, f, is_cbc, ".", "No CBC suite is offered.");
}

static void check_static_rsa(const struct audit_view *view, struct finding *f)
{
    refuse(view, f, is_static_rsa,
           ": what is recorded today can be read by whoever gets the key later.",
           "No suite encrypts to the certificate's RSA key.");
}

static void check_forward(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    struct suites_seen yes, no;
    if (!t)
        return;
    look_suites(t, VI_SSL3, VI_TLS13, is_forward, &yes);
    look_suites(t, VI_SSL3, VI_TLS13, is_not_forward, &no);
    f->evidence = yes.n && !no.preferred ? yes.evidence : no.evidence;
    if (yes.n && !no.n)
        look_absent(t, VI_SSL3, VI_TLS13, f, "Every suite has forward secrecy.");
    else if (yes.n && !no.preferred)
        finding_safe(f, "Suites with forward secrecy are offered; %zu without are, too.", no.n);
    else if (yes.n)
        finding_bad(f, "The server prefers suites without forward secrecy: %s (%s).", no.text,
                    no.versions);
    else if (no.n) {
        f->severity = SEVERITY_HIGH;
        look_absent(t, VI_SSL3, VI_TLS13, f, "");
        if (f->verdict == VERDICT_SAFE)
            finding_bad(f, "No suite has forward secrecy: whoever gets the key later reads all.");
    } else
        finding_untestable(f, "No suite was seen.");
}

static void check_aead(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    struct suites_seen aead, any;
    if (!t)
        return;
    look_suites(t, VI_SSL3, VI_TLS13, is_aead, &aead);
    look_suites(t, VI_SSL3, VI_TLS13, is_any, &any);
    f->evidence = aead.n ? aead.evidence : any.evidence;
    if (aead.n)
        finding_safe(f, "Authenticated encryption is offered: %s.", aead.text);
    else if (!any.n)
        finding_untestable(f, "No suite was seen.");
    else {
        look_absent(t, VI_SSL3, VI_TLS13, f, "");
        if (f->verdict == VERDICT_SAFE)
            finding_bad(f, "No suite has authenticated encryption (GCM, CCM or ChaCha20-Poly1305).");
    }
}

/* Several servers behind one address, or one that draws lots: then what other versions showed may have
 * been chance, too. */
static bool has_no_order(const struct tls_facts *t)
{
    for (int v = VI_SSL3; v < VI_COUNT; v++)
        if (t->v[v].order_mixed)
            return true;
    return false;
}

/* Whose order counts is of no account where every suite is good (Mozilla's guideline 6.0). */
static void check_order(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    bool unknown = false, several = false;
    if (!t)
        return;
    bool chance = has_no_order(t);
    for (int v = VI_SSL3; v < VI_COUNT; v++) {
        struct suites_seen old;
        const struct version_facts *x = &t->v[v];
        if (x->nsuites < 2)
            continue;
        several = true;
        look_suites(t, (enum tls_version_index)v, (enum tls_version_index)v, is_old_style, &old);
        unknown = unknown || (old.n && (chance || x->server_order == KNOWN_NOT));
        if (chance || x->server_order != KNOWN_NO || !old.n)
            continue;
        f->evidence = x->evidence;
        finding_bad(f, "In %s the client's order counts, and among the suites are %s.",
                    version_name((enum tls_version_index)v), old.text);
        return;
    }
    if (!several && look_offers(t, VI_SSL3, VI_TLS13))
        finding_safe(f, "No version has more than one suite.");
    else if (unknown)
        finding_untestable(f, "Whose order counts was not seen in every version.");
    else
        finding_safe(f, "The server's order counts, or every suite is good.");
}

static void check_chacha(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    struct suites_seen s;
    bool yes = false, no = false;
    if (!t)
        return;
    look_suites(t, VI_TLS12, VI_TLS13, is_chacha, &s);
    for (int v = VI_TLS12; v <= VI_TLS13; v++) {
        yes = yes || t->v[v].chacha_first == KNOWN_YES || t->v[v].server_order == KNOWN_NO;
        no = no || t->v[v].chacha_first == KNOWN_NO;
    }
    if (!s.n)
        look_absent(t, VI_TLS12, VI_TLS13, f, "Does not apply: ChaCha20 is not offered.");
    else if (no)
        finding_bad(f, "A client that prefers ChaCha20, as phones without AES in hardware do, gets AES.");
    else if (yes)
        finding_safe(f, "A client that prefers ChaCha20 gets it.");
    else
        finding_untestable(f, "It was not asked.");
}

/* ---- Diffie-Hellman ---- */

/* NULL: the finding is done, as there is no DHE, or no prime was seen. */
static const struct tls_facts *dh_facts(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    struct suites_seen s;
    if (!t)
        return NULL;
    look_suites(t, VI_SSL3, VI_TLS12, is_dhe, &s);
    f->evidence = s.evidence;
    if (t->smallest_dh)
        return t;
    if (s.n)
        finding_untestable(f, "DHE is offered, but no ServerKeyExchange could be read.");
    else
        look_absent(t, VI_SSL3, VI_TLS12, f, "Does not apply: DHE is not offered in TLS 1.2 or below.");
    return NULL;
}

static void check_dh_weak(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = dh_facts(view, f);
    if (!t)
        return;
    if (t->smallest_dh < 2048) {
        f->severity = t->smallest_dh < 1024 ? SEVERITY_CRITICAL
                      : t->smallest_dh == 1024 ? SEVERITY_HIGH : SEVERITY_MEDIUM;
        finding_bad(f, "The prime of DHE has %u bits only; 2048 are the least.", t->smallest_dh);
    } else
        finding_safe(f, "The smallest prime of DHE has %u bits.", t->smallest_dh);
}

static void check_dh_common(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = dh_facts(view, f);
    const struct dh_prime *known = t ? dh_prime_find(t->dh_p) : NULL;
    if (!t)
        return;
    if (known && known->bits < 2048) {
        f->severity = known->bits <= 1024 ? SEVERITY_HIGH : SEVERITY_MEDIUM;
        finding_bad(f, "The prime of %u bits is %s, shared by many servers and so worth breaking.",
                    known->bits, known->name);
    } else if (known)
        finding_safe(f, "The prime is %s, large enough to be shared.", known->name);
    else
        finding_safe(f, "The prime of %u bits is none of the well-known ones.", t->smallest_dh);
}

static void reuse(const struct audit_view *view, struct finding *f, enum test_id id, bool applies,
                  const char *what)
{
    const struct tls_facts *t = look_facts(view, f);
    if (!t)
        return;
    const struct test_result *r = &t->tests[id];
    if (r->outcome == OUTCOME_NONE && !applies) {
        look_absent(t, VI_SSL3, VI_TLS13, f, "Does not apply: no such key exchange is offered.");
        return;
    }
    r = look_test(t, id, f);
    if (r && r->outcome == OUTCOME_VULNERABLE)
        finding_bad(f, "Two connections were given the same %s key.", what);
    else if (r)
        finding_safe(f, "Each connection had a new %s key.", what);
}

static bool uses(const struct audit_view *view, suite_test *wanted)
{
    struct suites_seen s = {.n = 0};
    if (view->tls)
        look_suites(view->tls, VI_SSL3, VI_TLS13, wanted, &s);
    return s.n > 0;
}

static bool is_ecdhe(const struct suite *s)
{
    return s->kx == SUITE_KX_ECDHE || s->kx == SUITE_KX_ECDH_ANON || s->kx == SUITE_KX_ANY ||
           s->kx == SUITE_KX_ECDHE_PSK;
}

static void check_dh_reuse(const struct audit_view *view, struct finding *f)
{
    reuse(view, f, TEST_DH_REUSE, uses(view, is_dhe), "DHE");
}

static void check_ecdh_reuse(const struct audit_view *view, struct finding *f)
{
    reuse(view, f, TEST_ECDH_REUSE, uses(view, is_ecdhe), "ECDHE");
}

/* ---- groups ---- */

static void weakest(const struct number_set *s, unsigned *bits, const char **name)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct tls_group *g = tls_names_group(s->v[i]);
        if (g && g->rsa_bits && (!*bits || g->rsa_bits < *bits)) {
            *bits = g->rsa_bits;
            *name = g->name;
        }
    }
}

/* In bits of an RSA key that is as strong, by NIST SP 800-57: P-256 and X25519 count 3072. */
static void check_strength(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    unsigned bits = 0;
    const char *name = "DHE";
    if (!t)
        return;
    weakest(&t->groups, &bits, &name);
    weakest(&t->groups12, &bits, &name);
    if (t->smallest_dh && (!bits || t->smallest_dh < bits)) {
        bits = t->smallest_dh;
        name = "DHE";
    }
    if (uses(view, is_export)) {
        bits = 512;
        name = "an export suite";
    }
    if (!bits)
        finding_untestable(f, "No group of a key exchange was seen.");
    else if (bits < 2048) {
        f->severity = bits < 1024 ? SEVERITY_CRITICAL : SEVERITY_MEDIUM;
        finding_bad(f, "The weakest key exchange, %s, is as strong as an RSA key of %u bits.", name, bits);
    } else
        finding_safe(f, "The weakest key exchange, %s, is as strong as an RSA key of %u bits.", name,
                     bits);
}

static void weak_groups(const struct number_set *s, struct names_text *weak, struct names_text *old)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct tls_group *g = tls_names_group(s->v[i]);
        if (!g)
            continue;
        if (g->kind == TLS_GROUP_EXPLICIT || g->rsa_bits < 2048)
            look_name(weak, g->name);
        else if (g->use == TLS_USE_OBSOLETE || g->use == TLS_USE_DRAFT)
            look_name(old, g->name);
    }
}

static void check_groups(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    struct names_text weak = {.n = 0}, old = {.n = 0};
    if (!t)
        return;
    weak_groups(&t->groups, &weak, &old);
    weak_groups(&t->groups12, &weak, &old);
    look_names_end(&weak);
    look_names_end(&old);
    const struct number_set *best = t->groups.n ? &t->groups : &t->groups12;
    if (weak.n) {
        f->severity = SEVERITY_MEDIUM;
        finding_bad(f, "Weak groups are offered: %s.", weak.text);
    } else if (old.n)
        finding_bad(f, "Groups are offered that were given up (RFC 8422, or a draft): %s.", old.text);
    else if (best->n)
        finding_safe(f, "Groups: %s.", look_groups(best).text);
    else if (!uses(view, is_ecdhe))
        look_absent(t, VI_SSL3, VI_TLS13, f, "Does not apply: no suite uses groups.");
    else
        finding_untestable(f, "No group was seen.");
}

/* Kyber's drafts do not count: no browser has them since 2024. */
static struct names_text pq_groups(const struct number_set *s, bool *ret_draft)
{
    struct names_text t = {.n = 0};
    for (size_t i = 0; i < s->n; i++) {
        const struct tls_group *g = tls_names_group(s->v[i]);
        bool pq = g && tls_names_group_is_pq(g);
        *ret_draft = *ret_draft || (pq && g->use == TLS_USE_DRAFT);
        if (pq && g->use != TLS_USE_DRAFT)
            look_name(&t, g->name);
    }
    look_names_end(&t);
    return t;
}

static void check_pq(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    bool draft = false;
    if (!t)
        return;
    const struct version_facts *x = &t->v[VI_TLS13];
    struct names_text pq = pq_groups(&t->groups, &draft);
    f->evidence = x->evidence;
    if (pq.n)
        finding_safe(f, "Offered: %s.", pq.text);
    else if (x->offered == KNOWN_NOT || (x->offered == KNOWN_YES && (!x->complete || !t->groups.n)))
        finding_untestable(f, "Not all groups of TLS 1.3 could be asked for.");
    else
        finding_bad(f, "%s: what is recorded today can be read once there is a quantum computer.",
                    draft                    ? "Only a draft of Kyber is offered, which browsers dropped in 2024"
                    : x->offered == KNOWN_NO ? "Without TLS 1.3 there is no post-quantum key exchange"
                                             : "X25519MLKEM768 is not offered");
}

static void check_pq_preferred(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    bool draft = false;
    if (!t)
        return;
    if (t->tests[TEST_PQ_PREFERRED].outcome == OUTCOME_NONE && t->v[VI_TLS13].complete &&
        !pq_groups(&t->groups, &draft).n) {
        finding_safe(f, "Does not apply: there is no post-quantum group.");
        return;
    }
    const struct test_result *r = look_test(t, TEST_PQ_PREFERRED, f);
    if (r && r->outcome == OUTCOME_VULNERABLE)
        finding_safe(f, "A client that could do both is asked for X25519MLKEM768.");
    else if (r)
        finding_bad(f, "A client that sends a share of X25519 only is not asked for X25519MLKEM768, "
                       "though both can do it.");
}

/* ---- signatures ---- */

static bool weak_signature(const struct tls_sigalg *s)
{
    return s->hash == TLS_HASH_SHA224 || s->key == TLS_KEY_DSA;
}

static bool is_md5(const struct tls_sigalg *s)
{
    return s->hash == TLS_HASH_MD5;
}

static bool md5_or_sha1(const struct tls_sigalg *s)
{
    return tls_names_sigalg_is_weak(s);
}

static bool any_signature(const struct tls_sigalg *s)
{
    return true;
}

static struct names_text signatures(const struct tls_facts *t, bool (*wanted)(const struct tls_sigalg *))
{
    struct names_text names = {.n = 0};
    for (size_t i = 0; i < t->sigalgs.n + t->sigalgs12.n; i++) {
        bool new = i < t->sigalgs.n;
        uint16_t code = new ? t->sigalgs.v[i] : t->sigalgs12.v[i - t->sigalgs.n];
        const struct tls_sigalg *s = tls_names_sigalg(code);
        if (s && wanted(s) && (new || !number_set_has(&t->sigalgs, code)))
            look_name(&names, s->name);
    }
    look_names_end(&names);
    return names;
}

/* NULL: the finding is done. Before TLS 1.2 nothing is negotiated. */
static const struct tls_facts *signature_facts(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    struct suites_seen s;
    if (!t || t->sigalgs.n || t->sigalgs12.n)
        return t;
    look_suites(t, VI_TLS12, VI_TLS13, is_signed, &s);
    if (s.n)
        finding_untestable(f, "No signature of a handshake was seen.");
    else
        look_absent(t, VI_TLS12, VI_TLS13, f, "Does not apply: no suite of TLS 1.2 or 1.3 signs.");
    return NULL;
}

static void check_signatures(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = signature_facts(view, f);
    if (!t)
        return;
    struct names_text weak = signatures(t, weak_signature), all = signatures(t, any_signature);
    if (weak.n)
        finding_bad(f, "The handshake is signed with %s where a client asks for it.", weak.text);
    else
        finding_safe(f, "Handshakes are signed with %s.", all.text);
}

static void check_md5_sha1(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = signature_facts(view, f);
    if (!t)
        return;
    struct names_text weak = signatures(t, md5_or_sha1);
    enum tls_version_index v;
    const char *gap = look_gap(t, VI_TLS12, VI_TLS12, &v);
    f->severity = signatures(t, is_md5).n ? SEVERITY_HIGH : SEVERITY_LOW;
    if (weak.n)
        finding_bad(f, "The handshake is signed with %s where a client asks for it.", weak.text);
    else if (gap)
        finding_untestable(f, "Not all signatures of TLS 1.2 were asked for: %s.", gap);
    else
        finding_safe(f, "No handshake of TLS 1.2 or 1.3 is signed with MD5 or SHA-1.");
}

/* ---- the table ---- */

#define HOW_WALK                                                                                   \
    "All suites are offered in each version; what the server picks is left out of the next hello, "\
    "until it finds none."
#define HOW_PRIME "The prime in ServerKeyExchange."
#define FIX_SUITES "Offer only suites with ECDHE and authenticated encryption."
#define REMEDY_NO_DHE REMEDY_SUITES

static const struct check rows[] = {
    {.id = "null_suites", .title = "Suites without encryption", .section = SECTION_CIPHER,
     .severity = SEVERITY_CRITICAL, .rfc = "RFC 9325 4.1", .how = HOW_WALK, .fix = FIX_SUITES,
     .remedy = REMEDY_SUITES, .fn = check_null},
    {.id = "anonymous_suites", .title = "Anonymous suites", .section = SECTION_CIPHER,
     .severity = SEVERITY_CRITICAL, .rfc = "RFC 9325 4.1", .how = HOW_WALK, .fix = FIX_SUITES,
     .remedy = REMEDY_SUITES, .fn = check_anonymous},
    {.id = "export_suites", .title = "Export suites", .section = SECTION_CIPHER,
     .severity = SEVERITY_HIGH, .rfc = "RFC 9325 4.1", .how = HOW_WALK, .fix = FIX_SUITES,
     .remedy = REMEDY_SUITES, .fn = check_export},
    {.id = "weak_suites", .title = "Other weak suites", .section = SECTION_CIPHER,
     .severity = SEVERITY_LOW, .rfc = "RFC 9325 4.1",
     .how = HOW_WALK " Weak: keys below 112 bits, RC2, MD5, GOST 28147-89, tags of 64 bits.",
     .fix = FIX_SUITES, .remedy = REMEDY_SUITES, .fn = check_weak},
    {.id = "unusual_suites", .title = "Suites of no use to browsers", .section = SECTION_CIPHER,
     .severity = SEVERITY_INFO, .rfc = "RFC 4279, RFC 5054, RFC 2712", .how = HOW_WALK,
     .fix = "Leave them out unless your own clients need them.", .remedy = REMEDY_SUITES,
     .fn = check_unusual},
    {.id = "rc4", .title = "RC4", .section = SECTION_CIPHER, .severity = SEVERITY_HIGH,
     .cve = "CVE-2013-2566 CVE-2015-2808", .rfc = "RFC 7465", .how = HOW_WALK, .fix = FIX_SUITES,
     .remedy = REMEDY_SUITES, .fn = check_rc4},
    {.id = "sweet32", .title = "Sweet32", .section = SECTION_CIPHER, .severity = SEVERITY_MEDIUM,
     .cve = "CVE-2016-2183 CVE-2016-6329", .rfc = "RFC 9325 4.1",
     .how = HOW_WALK " High where the server prefers one, or has one in TLS 1.1 or newer.",
     .fix = "Remove 3DES, DES and IDEA.", .remedy = REMEDY_SUITES, .fn = check_sweet32},
    {.id = "cbc_suites", .title = "CBC suites", .section = SECTION_CIPHER, .severity = SEVERITY_LOW,
     .rfc = "RFC 9325 4.2", .how = HOW_WALK, .fix = FIX_SUITES, .remedy = REMEDY_SUITES,
     .fn = check_cbc},
    {.id = "static_rsa", .title = "RSA key exchange", .section = SECTION_CIPHER,
     .severity = SEVERITY_LOW, .rfc = "RFC 9325 4.1", .how = HOW_WALK, .fix = FIX_SUITES,
     .remedy = REMEDY_SUITES, .fn = check_static_rsa},
    {.id = "forward_secrecy", .title = "Forward secrecy", .section = SECTION_CIPHER,
     .severity = SEVERITY_MEDIUM, .rfc = "RFC 9325 7.3",
     .how = HOW_WALK " What the server would rather have counts.", .fix = FIX_SUITES,
     .remedy = REMEDY_SUITES, .fn = check_forward},
    {.id = "aead", .title = "Authenticated encryption", .section = SECTION_CIPHER,
     .severity = SEVERITY_MEDIUM, .rfc = "RFC 9325 4.2", .how = HOW_WALK, .fix = FIX_SUITES,
     .remedy = REMEDY_SUITES, .fn = check_aead},
    {.id = "server_order", .title = "Order of preference", .section = SECTION_CIPHER,
     .severity = SEVERITY_LOW, .rfc = "RFC 9325 4.2.1",
     .how = "A hello names first what the server picked last.",
     .fix = "Remove the weaker suites, or let the server's order count.", .remedy = REMEDY_ORDER,
     .fn = check_order},
    {.id = "chacha_order", .title = "ChaCha20 for who prefers it", .section = SECTION_CIPHER,
     .severity = SEVERITY_INFO, .rfc = "RFC 7905",
     .how = "Hellos with ChaCha20 in front and behind.",
     .fix = "Let the client's order count, or that of ChaCha20.",
     .remedy = {.nginx = "ssl_conf_command Options PrioritizeChaCha;",
                .apache = "SSLOpenSSLConfCmd Options PrioritizeChaCha",
                .haproxy = "ssl-default-bind-options prefer-client-ciphers"},
     .fn = check_chacha},
    {.id = "key_exchange_strength", .title = "Strength of the key exchange", .section = SECTION_CIPHER,
     .severity = SEVERITY_MEDIUM, .rfc = "NIST SP 800-57 part 1, 5.6.1",
     .how = "The weakest group or prime that was seen, in bits of an RSA key that is as strong.",
     .fix = "Offer X25519MLKEM768, X25519, P-256 and P-384 only.", .remedy = REMEDY_GROUPS,
     .fn = check_strength},
    {.id = "dh_weak", .title = "Size of Diffie-Hellman's prime", .section = SECTION_CIPHER,
     .severity = SEVERITY_MEDIUM, .rfc = "RFC 9325 4.4", .how = HOW_PRIME,
     .fix = "Remove the DHE suites, which no browser needs, or use a prime of RFC 7919.",
     .remedy = REMEDY_NO_DHE, .fn = check_dh_weak},
    {.id = "dh_common_prime", .title = "Well-known prime", .section = SECTION_CIPHER,
     .severity = SEVERITY_HIGH, .cve = "CVE-2015-4000", .rfc = "RFC 7919",
     .how = HOW_PRIME " It is compared with those of RFCs and of well-known servers.",
     .fix = "Remove the DHE suites, which no browser needs, or use a prime of RFC 7919.",
     .remedy = REMEDY_NO_DHE, .fn = check_dh_common},
    {.id = "dh_reuse", .title = "Reused DHE key", .section = SECTION_CIPHER, .severity = SEVERITY_LOW,
     .cve = "CVE-2016-0701", .rfc = "RFC 9325 7.4",
     .how = "The server's public keys of all connections are compared.",
     .fix = "Update the TLS library, or remove the DHE suites.", .remedy = REMEDY_NO_DHE,
     .fn = check_dh_reuse},
    {.id = "ecdh_reuse", .title = "Reused ECDHE key", .section = SECTION_CIPHER,
     .severity = SEVERITY_LOW, .rfc = "RFC 9325 7.4",
     .how = "The server's public keys of all connections are compared.",
     .fix = "Update the TLS library: a key is good for one connection.", .remedy = REMEDY_UPDATE,
     .fn = check_ecdh_reuse},
    {.id = "groups", .title = "Groups", .section = SECTION_CIPHER, .severity = SEVERITY_LOW,
     .rfc = "RFC 8422 5.1.1", .how = "All groups are offered; what the server names is left out of "
                                     "the next hello, until it finds none.",
     .fix = "Offer X25519MLKEM768, X25519, P-256 and P-384 only.", .remedy = REMEDY_GROUPS,
     .fn = check_groups},
    {.id = "pq_key_exchange", .title = "Post-quantum key exchange", .section = SECTION_CIPHER,
     .severity = SEVERITY_LOW, .rfc = "FIPS 203", .how = "The groups of TLS 1.3 are walked through.",
     .fix = "Offer X25519MLKEM768 (OpenSSL 3.5, Go 1.24 or newer).", .remedy = REMEDY_GROUPS,
     .fn = check_pq},
    {.id = "pq_preferred", .title = "Post-quantum preference", .section = SECTION_CIPHER,
     .severity = SEVERITY_INFO, .rfc = "RFC 8446 4.1.4",
     .how = "A hello that names X25519MLKEM768 has a share of X25519 only: a server that prefers the "
            "former asks for it (HelloRetryRequest).",
     .fix = "Put X25519MLKEM768 first in the list of groups.", .remedy = REMEDY_GROUPS,
     .fn = check_pq_preferred},
    {.id = "signature_algorithms", .title = "Signature algorithms", .section = SECTION_CIPHER,
     .severity = SEVERITY_LOW, .rfc = "RFC 9155",
     .how = "All algorithms are offered; what the server signs with is left out of the next hello.",
     .fix = "Update the TLS library; leave DSA and SHA-224 out.",
     .remedy = {.gate443 = "# nothing to set: gate443 signs with SHA-256 or better",
                .nginx = "ssl_conf_command SignatureAlgorithms "
                         "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384;",
                .apache = "SSLOpenSSLConfCmd SignatureAlgorithms "
                          "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384",
                .haproxy = "ssl-default-bind-sigalgs "
                           "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384"},
     .fn = check_signatures},
    {.id = "md5_sha1_signature", .title = "Handshakes signed with MD5 or SHA-1",
     .section = SECTION_CIPHER, .severity = SEVERITY_LOW, .cve = "CVE-2015-7575", .rfc = "RFC 9155",
     .how = "TLS 1.2 is asked for signatures with MD5 and with SHA-1.",
     .fix = "Update the TLS library (SLOTH); leave MD5 and SHA-1 out.",
     .remedy = {.gate443 = "# nothing to set: gate443 signs with SHA-256 or better",
                .nginx = "ssl_conf_command SignatureAlgorithms "
                         "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384;",
                .apache = "SSLOpenSSLConfCmd SignatureAlgorithms "
                          "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384",
                .haproxy = "ssl-default-bind-sigalgs "
                           "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384"},
     .fn = check_md5_sha1},
};

const struct check_table checks_cipher = {rows, sizeof rows / sizeof *rows};
