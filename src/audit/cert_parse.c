/* One certificate as facts; see cert_parse.h.
 *
 * OpenSSL decodes, since its decoder has been attacked for decades and is in the process anyway;
 * what it gives is copied out, so that nothing of it remains. An extension that cannot be read is
 * counted and taken as absent. */
#include "audit/cert_parse.h"

#include "audit/x509_der.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

enum { SERIAL_BYTES = 32, STATUS_REQUEST = 5 };

/* One certificate under way; on the caller's stack. */
struct parse {
    struct arena *a;
    X509 *x;
    struct cert_info *c;
};

static void *extension(struct parse *p, int nid)
{
    int critical;
    void *v = X509_get_ext_d2i(p->x, nid, &critical, NULL);
    if (!v && critical != -1) /* there, but malformed or twice */
        p->c->bad_extensions++;
    return v;
}

/* ---- lists ---- */

static int list_room(struct arena *a, struct cert_list *l, size_t want, size_t max)
{
    size_t n = want < max ? want : max;
    l->v = arena_alloc(a, (n ? n : 1) * sizeof *l->v);
    return l->v ? 0 : -ERR_NOMEM;
}

static int list_add(struct arena *a, struct cert_list *l, struct str s, size_t max)
{
    if (l->n == max) {
        l->dropped++;
        return 0;
    }
    struct str copy = arena_str(a, s);
    if (!copy.p)
        return -ERR_NOMEM;
    l->v[l->n++] = copy;
    return 0;
}

static int oid_add(struct parse *p, struct cert_list *l, const ASN1_OBJECT *o)
{
    char text[128];
    int n = OBJ_obj2txt(text, sizeof text, o, 1);
    if (n <= 0)
        return 0;
    return list_add(p->a, l, str_c(text), CERT_LIST_MAX);
}

static bool printable(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
            return false;
    return s.n > 0 && s.n <= X509_TEXT_MAX;
}

static int uri_add(struct parse *p, struct cert_list *l, const GENERAL_NAME *g)
{
    struct str uri;
    if (g->type != GEN_URI || !printable(uri = x509_der_str(g->d.uniformResourceIdentifier)))
        return 0;
    return list_add(p->a, l, uri, CERT_LIST_MAX);
}

/* ---- who and when ---- */

static int parse_names(struct parse *p)
{
    const X509_NAME *s = X509_get_subject_name(p->x), *i = X509_get_issuer_name(p->x);
    struct cert_info *c = p->c;
    int err = x509_der_name(p->a, s, &c->subject);
    err = err ? err : x509_der_name(p->a, i, &c->issuer);
    err = err ? err : x509_der_attribute(p->a, s, NID_commonName, &c->subject_cn);
    err = err ? err : x509_der_attribute(p->a, s, NID_organizationName, &c->subject_o);
    err = err ? err : x509_der_attribute(p->a, i, NID_commonName, &c->issuer_cn);
    return err ? err : x509_der_attribute(p->a, i, NID_organizationName, &c->issuer_o);
}

static unsigned bits_of(struct str s) /* without leading zeros */
{
    if (s.n == 0 || s.n > X509_DER_MAX)
        return 0;
    unsigned top = 0;
    for (unsigned char b = (unsigned char)s.p[0]; b; b >>= 1)
        top++;
    return (unsigned)(s.n - 1) * 8 + top;
}

static int parse_serial(struct parse *p)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(p->x);
    struct str s = x509_der_str(serial);
    char hex[1 + 2 * SERIAL_BYTES + 1] = "";
    size_t n = 0;
    while (s.n && s.p[0] == 0)
        s = str_from(s, 1);
    p->c->serial_negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
    p->c->serial_bits = bits_of(s);
    if (p->c->serial_negative)
        hex[n++] = '-';
    s = str_sub(s, 0, SERIAL_BYTES);
    for (size_t i = 0; i < s.n; i++) {
        hex[n++] = "0123456789abcdef"[(unsigned char)s.p[i] >> 4];
        hex[n++] = "0123456789abcdef"[(unsigned char)s.p[i] & 15];
    }
    p->c->serial = arena_str(p->a, s.n ? str_of(hex, n) : STR("0"));
    return p->c->serial.p ? 0 : -ERR_NOMEM;
}

static int san_add(struct parse *p, const GENERAL_NAME *g)
{
    struct cert_info *c = p->c;
    if (g->type == GEN_DNS)
        return list_add(p->a, &c->dns, x509_der_str(g->d.dNSName), CERT_SAN_MAX);
    if (g->type == GEN_IPADD) {
        struct str ip = x509_der_str(g->d.iPAddress);
        if (ip.n == 4 || ip.n == 16)
            return list_add(p->a, &c->ip, ip, CERT_SAN_MAX);
    }
    c->san_other++;
    return 0;
}

static int parse_san(struct parse *p)
{
    GENERAL_NAMES *all = extension(p, NID_subject_alt_name);
    if (!all)
        return 0;
    size_t dns = 0, ip = 0;
    int err, n = sk_GENERAL_NAME_num(all);
    for (int i = 0; i < n; i++) {
        dns += sk_GENERAL_NAME_value(all, i)->type == GEN_DNS;
        ip += sk_GENERAL_NAME_value(all, i)->type == GEN_IPADD;
    }
    p->c->has_san = true;
    err = list_room(p->a, &p->c->dns, dns, CERT_SAN_MAX);
    err = err ? err : list_room(p->a, &p->c->ip, ip, CERT_SAN_MAX);
    for (int i = 0; !err && i < n; i++)
        err = san_add(p, sk_GENERAL_NAME_value(all, i));
    GENERAL_NAMES_free(all);
    return err;
}

/* ---- key and signature ---- */

static enum cert_key key_type(const EVP_PKEY *key, struct str name)
{
    if (key && EVP_PKEY_is_a(key, "RSA"))
        return CERT_KEY_RSA;
    if (key && EVP_PKEY_is_a(key, "RSA-PSS"))
        return CERT_KEY_RSA_PSS;
    if (key && EVP_PKEY_is_a(key, "EC"))
        return CERT_KEY_EC;
    if (key && EVP_PKEY_is_a(key, "ED25519"))
        return CERT_KEY_ED25519;
    if (key && EVP_PKEY_is_a(key, "ED448"))
        return CERT_KEY_ED448;
    if (key && EVP_PKEY_is_a(key, "DSA"))
        return CERT_KEY_DSA;
    /* id-ml-dsa-44, -65, -87 (RFC 9881); OpenSSL before 3.5 does not know them. */
    if (str_eq(name, STR("2.16.840.1.101.3.4.3.17")) ||
        str_eq(name, STR("2.16.840.1.101.3.4.3.18")) ||
        str_eq(name, STR("2.16.840.1.101.3.4.3.19")))
        return CERT_KEY_ML_DSA;
    return CERT_KEY_OTHER;
}

static int parse_rsa(struct parse *p, const EVP_PKEY *key)
{
    BIGNUM *n = NULL, *e = NULL;
    int err = -ERR_CERT_SYNTAX;
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) &&
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e)) {
        size_t bytes = (size_t)BN_num_bytes(n);
        char *m = arena_alloc(p->a, bytes ? bytes : 1);
        err = m ? 0 : -ERR_NOMEM;
        if (m)
            p->c->rsa_n = str_of(m, (size_t)BN_bn2bin(n, (unsigned char *)m));
        p->c->rsa_e = BN_num_bits(e) > 64 ? UINT64_MAX : BN_get_word(e);
    }
    BN_free(n);
    BN_free(e);
    return err == -ERR_NOMEM ? err : 0;
}

static int parse_curve(struct parse *p, const EVP_PKEY *key)
{
    char group[64];
    int explicit = 0;
    EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit);
    p->c->curve_explicit = explicit != 0;
    if (!EVP_PKEY_get_group_name(key, group, sizeof group, NULL))
        return 0;
    p->c->curve = arena_str(p->a, str_c(group));
    return p->c->curve.p ? 0 : -ERR_NOMEM;
}

/* The short name OpenSSL has for it, or the OID. */
static int object_name(struct arena *a, const ASN1_OBJECT *o, bool numbers, struct str *ret)
{
    char text[128];
    int nid = OBJ_obj2nid(o);
    if (numbers || nid == NID_undef) {
        int n = OBJ_obj2txt(text, sizeof text, o, 1);
        *ret = arena_str(a, n > 0 ? str_c(text) : STR("?"));
    } else {
        *ret = arena_str(a, str_c(OBJ_nid2ln(nid)));
    }
    return ret->p ? 0 : -ERR_NOMEM;
}

static int parse_key(struct parse *p)
{
    struct cert_info *c = p->c;
    ASN1_OBJECT *algorithm = NULL;
    EVP_PKEY *key = X509_get0_pubkey(p->x);
    X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, X509_get_X509_PUBKEY(p->x));
    int err = object_name(p->a, algorithm, true, &c->key_name);
    if (err)
        return err;
    c->key = key_type(key, c->key_name);
    int bits = key ? EVP_PKEY_get_bits(key) : 0;
    c->key_bits = bits > 0 ? (unsigned)bits : 0;
    if (c->key == CERT_KEY_RSA || c->key == CERT_KEY_RSA_PSS)
        err = parse_rsa(p, key);
    else if (c->key == CERT_KEY_EC)
        err = parse_curve(p, key);
    static const char *const name[] = {
        [CERT_KEY_RSA] = "RSA",         [CERT_KEY_RSA_PSS] = "RSA-PSS", [CERT_KEY_EC] = "EC",
        [CERT_KEY_ED25519] = "Ed25519", [CERT_KEY_ED448] = "Ed448",     [CERT_KEY_DSA] = "DSA",
        [CERT_KEY_ML_DSA] = "ML-DSA"};
    if (c->key != CERT_KEY_OTHER)
        c->key_name = str_c(name[c->key]);
    return err;
}

static enum cert_hash hash_of(int digest, int key)
{
    switch (digest) {
    case NID_md2: return CERT_HASH_MD2;
    case NID_md5: return CERT_HASH_MD5;
    case NID_sha1: return CERT_HASH_SHA1;
    case NID_sha224: return CERT_HASH_SHA224;
    case NID_sha256: return CERT_HASH_SHA256;
    case NID_sha384: return CERT_HASH_SHA384;
    case NID_sha512: return CERT_HASH_SHA512;
    case NID_sha3_256:
    case NID_sha3_384:
    case NID_sha3_512: return CERT_HASH_SHA3;
    default: return key == NID_ED25519 || key == NID_ED448 ? CERT_HASH_NONE : CERT_HASH_OTHER;
    }
}

const char *cert_hash_name(enum cert_hash h)
{
    static const char *const name[] = {
        [CERT_HASH_OTHER] = "unknown",  [CERT_HASH_NONE] = "built in",
        [CERT_HASH_MD2] = "MD2",        [CERT_HASH_MD5] = "MD5",
        [CERT_HASH_SHA1] = "SHA-1",     [CERT_HASH_SHA224] = "SHA-224",
        [CERT_HASH_SHA256] = "SHA-256", [CERT_HASH_SHA384] = "SHA-384",
        [CERT_HASH_SHA512] = "SHA-512", [CERT_HASH_SHA3] = "SHA-3"};
    return (size_t)h < sizeof name / sizeof *name ? name[h] : name[CERT_HASH_OTHER];
}

static int parse_signature(struct parse *p)
{
    const X509_ALGOR *outer = NULL;
    const ASN1_OBJECT *object;
    int digest = NID_undef, key = NID_undef;
    X509_get0_signature(NULL, &outer, p->x);
    X509_ALGOR_get0(&object, NULL, NULL, outer);
    p->c->sig_mismatch = X509_ALGOR_cmp(outer, X509_get0_tbs_sigalg(p->x)) != 0;
    if (!X509_get_signature_info(p->x, &digest, &key, NULL, NULL))
        OBJ_find_sigid_algs(OBJ_obj2nid(object), &digest, &key); /* what it names even so: MD2 */
    p->c->sig_hash = hash_of(digest, key);
    return object_name(p->a, object, false, &p->c->sig_name);
}

/* ---- extensions ---- */

static int parse_key_ids(struct parse *p)
{
    struct str ski = x509_der_str(X509_get0_subject_key_id(p->x));
    struct str aki = x509_der_str(X509_get0_authority_key_id(p->x));
    p->c->ski = arena_str(p->a, ski);
    p->c->aki = arena_str(p->a, aki);
    return p->c->ski.p && p->c->aki.p ? 0 : -ERR_NOMEM;
}

static void parse_authority(struct parse *p)
{
    uint32_t flags = X509_get_extension_flags(p->x);
    p->c->has_basic = flags & EXFLAG_BCONS;
    p->c->ca = flags & EXFLAG_CA;
    p->c->path_len = (int)X509_get_pathlen(p->x);
    p->c->has_usage = flags & EXFLAG_KUSAGE;
    p->c->usage = p->c->has_usage ? X509_get_key_usage(p->x) & 0xfe : 0;
    p->c->unknown_critical = flags & EXFLAG_CRITICAL;
    p->c->self_issued = flags & EXFLAG_SI;
    p->c->self_signed = (flags & EXFLAG_SI) && X509_self_signed(p->x, 1) == 1;
    p->c->name_constraints = X509_get_ext_by_NID(p->x, NID_name_constraints, -1) >= 0;
    p->c->precert_poison = X509_get_ext_by_NID(p->x, NID_ct_precert_poison, -1) >= 0;
    p->c->ocsp_no_check = X509_get_ext_by_NID(p->x, NID_id_pkix_OCSP_noCheck, -1) >= 0;
}

static int parse_eku(struct parse *p)
{
    EXTENDED_KEY_USAGE *all = extension(p, NID_ext_key_usage);
    if (!all)
        return 0;
    struct cert_info *c = p->c;
    int n = sk_ASN1_OBJECT_num(all), err = list_room(p->a, &c->eku, (size_t)n, CERT_LIST_MAX);
    c->has_eku = true;
    for (int i = 0; !err && i < n; i++) {
        const ASN1_OBJECT *o = sk_ASN1_OBJECT_value(all, i);
        int nid = OBJ_obj2nid(o);
        c->eku_server |= nid == NID_server_auth;
        c->eku_client |= nid == NID_client_auth;
        c->eku_any |= nid == NID_anyExtendedKeyUsage;
        c->eku_ocsp |= nid == NID_OCSP_sign;
        err = oid_add(p, &c->eku, o);
    }
    EXTENDED_KEY_USAGE_free(all);
    return err;
}

/* CA/Browser Forum: 2.23.140.1.1 extended, 1.2.1 domain, 1.2.2 organisation, 1.2.3 individual. */
static enum cert_validation validation_of(struct str oid)
{
    static const struct {
        struct str oid;
        enum cert_validation v;
    } row[] = {
        {{"2.23.140.1.1", 12}, CERT_VALIDATION_EXTENDED},
        {{"2.23.140.1.2.1", 14}, CERT_VALIDATION_DOMAIN},
        {{"2.23.140.1.2.2", 14}, CERT_VALIDATION_ORGANISATION},
        {{"2.23.140.1.2.3", 14}, CERT_VALIDATION_INDIVIDUAL},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (str_eq(row[i].oid, oid))
            return row[i].v;
    return CERT_VALIDATION_UNKNOWN;
}

static int parse_policies(struct parse *p)
{
    CERTIFICATEPOLICIES *all = extension(p, NID_certificate_policies);
    if (!all)
        return 0;
    struct cert_info *c = p->c;
    int n = sk_POLICYINFO_num(all), err = list_room(p->a, &c->policies, (size_t)n, CERT_LIST_MAX);
    for (int i = 0; !err && i < n; i++)
        err = oid_add(p, &c->policies, sk_POLICYINFO_value(all, i)->policyid);
    for (size_t i = 0; !err && i < c->policies.n; i++) {
        enum cert_validation v = validation_of(c->policies.v[i]);
        c->validation = v > c->validation ? v : c->validation;
    }
    CERTIFICATEPOLICIES_free(all);
    return err;
}

static int parse_aia(struct parse *p)
{
    AUTHORITY_INFO_ACCESS *all = extension(p, NID_info_access);
    if (!all)
        return 0;
    int n = sk_ACCESS_DESCRIPTION_num(all);
    int err = list_room(p->a, &p->c->ca_issuers, (size_t)n, CERT_LIST_MAX);
    err = err ? err : list_room(p->a, &p->c->ocsp, (size_t)n, CERT_LIST_MAX);
    for (int i = 0; !err && i < n; i++) {
        const ACCESS_DESCRIPTION *d = sk_ACCESS_DESCRIPTION_value(all, i);
        int method = OBJ_obj2nid(d->method);
        if (method == NID_ad_ca_issuers)
            err = uri_add(p, &p->c->ca_issuers, d->location);
        else if (method == NID_ad_OCSP)
            err = uri_add(p, &p->c->ocsp, d->location);
    }
    AUTHORITY_INFO_ACCESS_free(all);
    return err;
}

static int parse_crl(struct parse *p)
{
    CRL_DIST_POINTS *all = extension(p, NID_crl_distribution_points);
    if (!all)
        return 0;
    int err = list_room(p->a, &p->c->crl, CERT_LIST_MAX, CERT_LIST_MAX);
    for (int i = 0; !err && i < sk_DIST_POINT_num(all); i++) {
        const DIST_POINT_NAME *name = sk_DIST_POINT_value(all, i)->distpoint;
        if (!name || name->type != 0) /* 1: relative to the issuer's name */
            continue;
        for (int j = 0; !err && j < sk_GENERAL_NAME_num(name->name.fullname); j++)
            err = uri_add(p, &p->c->crl, sk_GENERAL_NAME_value(name->name.fullname, j));
    }
    CRL_DIST_POINTS_free(all);
    return err;
}

static void parse_feature(struct parse *p) /* RFC 7633 */
{
    TLS_FEATURE *all = extension(p, NID_tlsfeature);
    for (int i = 0; i < sk_ASN1_INTEGER_num(all); i++)
        if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(all, i)) == STATUS_REQUEST)
            p->c->must_staple = true;
    TLS_FEATURE_free(all);
}

/* RFC 6962 3.3: an OCTET STRING inside of the extension's. */
static int parse_scts(struct parse *p)
{
    int at = X509_get_ext_by_NID(p->x, NID_ct_precert_scts, -1);
    if (at < 0)
        return 0;
    struct str outer = x509_der_str(X509_EXTENSION_get_data(X509_get_ext(p->x, at)));
    const unsigned char *in = (const unsigned char *)outer.p;
    ASN1_OCTET_STRING *inner = d2i_ASN1_OCTET_STRING(NULL, &in, (long)outer.n);
    if (!inner) {
        p->c->bad_extensions++;
        return 0;
    }
    p->c->scts = arena_str(p->a, x509_der_str(inner));
    ASN1_OCTET_STRING_free(inner);
    return p->c->scts.p ? 0 : -ERR_NOMEM;
}

static int parse_all(struct parse *p)
{
    static int (*const part[])(struct parse *) = {
        parse_names, parse_serial,   parse_san, parse_key, parse_signature, parse_key_ids,
        parse_eku,   parse_policies, parse_aia, parse_crl, parse_scts,
    };
    int err = x509_der_spki_sha256(p->x, p->c->spki_sha256);
    for (size_t i = 0; !err && i < sizeof part / sizeof *part; i++)
        err = part[i](p);
    parse_authority(p);
    parse_feature(p);
    return err;
}

int cert_parse(struct arena *a, struct str der, struct cert_info *ret)
{
    struct cert_info c = {.der = der, .path_len = -1};
    struct parse p = {.a = a, .x = x509_der_read(der), .c = &c};
    if (!p.x)
        return -ERR_CERT_SYNTAX;
    x509_der_sha256(der, c.sha256);
    c.version = (int)X509_get_version(p.x) + 1;
    c.not_before = x509_der_seconds(X509_get0_notBefore(p.x));
    c.not_after = x509_der_seconds(X509_get0_notAfter(p.x));
    int err = parse_all(&p);
    X509_free(p.x);
    ERR_clear_error();
    if (!err)
        *ret = c;
    return err;
}
