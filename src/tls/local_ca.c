/* The local authority; see local_ca.h.
 *
 * It may issue leaves only (pathlen 0). Name constraints would narrow it, but which names a site
 * will bear is not known when it is made. What lies in the state directory is never overwritten: a
 * new authority would have to be trusted anew on every machine, so only a person may decide that. */
#include "tls/local_ca.h"

#include "io/file.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define CA_SECONDS ((int64_t)10 * 365 * 86400)
#define LEAF_SECONDS_MAX ((int64_t)47 * 86400)
#define HOUR 3600
enum { FILE_MAX = 65536, LEAF_NAMES_MAX = 100 };

void local_ca_done(struct local_ca *ca)
{
    EVP_PKEY_free(ca->key);
    X509_free(ca->cert);
    *ca = (struct local_ca){NULL, NULL};
}

/* ---- certificates ---- */

/* 127 random bits, so positive in 16 bytes (CA/B requires 64 from a generator). */
static bool set_serial(X509 *x)
{
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    BIGNUM *n = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
    BN_free(n);
    return ok;
}

static bool set_times(X509 *x, int64_t from, int64_t until)
{
    return ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from) &&
           ASN1_TIME_set(X509_getm_notAfter(x), (time_t)until);
}

static bool add_ext(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX c;
    X509V3_set_ctx(&c, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
    bool ok = e && X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
    return ok;
}

static bool add_name(X509 *x, const char *field, const char *value)
{
    return X509_NAME_add_entry_by_txt(X509_get_subject_name(x), field, MBSTRING_UTF8,
                                      (const unsigned char *)value, -1, -1, 0);
}

static bool begin(X509 *x, EVP_PKEY *key, int64_t from, int64_t until)
{
    return x && X509_set_version(x, X509_VERSION_3) && set_serial(x) && set_times(x, from, until) &&
           X509_set_pubkey(x, key);
}

static X509 *make_root(EVP_PKEY *key, int64_t wall)
{
    char host[65] = "", name[65];
    unsigned char r[3];
    if (gethostname(host, sizeof host - 1) || RAND_bytes(r, sizeof r) != 1)
        return NULL;
    for (char *p = host; *p; p++)
        if (*p <= ' ' || *p > '~')
            *p = '-';
    snprintf(name, sizeof name, "gate443 local authority (%.24s/%02x%02x%02x)", host, r[0], r[1],
             r[2]);
    X509 *x = X509_new();
    bool ok = begin(x, key, wall - HOUR, wall + CA_SECONDS) && add_name(x, "CN", name) &&
              X509_set_issuer_name(x, X509_get_subject_name(x)) &&
              add_ext(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
              add_ext(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
              add_ext(x, x, NID_subject_key_identifier, "hash") &&
              add_ext(x, x, NID_authority_key_identifier, "keyid:always") &&
              X509_sign(x, key, EVP_sha256());
    if (!ok) {
        X509_free(x);
        return NULL;
    }
    return x;
}

static size_t parse_ip(struct str name, unsigned char out[16])
{
    char text[INET6_ADDRSTRLEN];
    if (name.n == 0 || name.n >= sizeof text)
        return 0;
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    return inet_pton(AF_INET, text, out) == 1 ? 4 : inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
}

/* Built by hand rather than from text, so that no name can smuggle in another. */
static bool push_san(GENERAL_NAMES *all, struct str name)
{
    unsigned char ip[16];
    size_t nip = parse_ip(name, ip);
    GENERAL_NAME *g = GENERAL_NAME_new();
    ASN1_STRING *s = nip ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    bool ok = g && s && (nip ? ASN1_STRING_set(s, ip, (int)nip)
                             : ASN1_STRING_set(s, name.p, (int)name.n));
    if (!ok) {
        ASN1_STRING_free(s);
        GENERAL_NAME_free(g);
        return false;
    }
    GENERAL_NAME_set0_value(g, nip ? GEN_IPADD : GEN_DNS, s);
    if (sk_GENERAL_NAME_push(all, g))
        return true;
    GENERAL_NAME_free(g);
    return false;
}

static bool add_sans(X509 *x, const struct str *names, size_t n)
{
    GENERAL_NAMES *all = GENERAL_NAMES_new();
    bool ok = all != NULL;
    for (size_t i = 0; ok && i < n; i++)
        ok = push_san(all, names[i]);
    ok = ok && X509_add1_ext_i2d(x, NID_subject_alt_name, all, 0, X509V3_ADD_DEFAULT) == 1;
    GENERAL_NAMES_free(all);
    return ok;
}

static bool name_ok(struct str s)
{
    if (s.n == 0 || s.n > 253)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = ascii_lower(s.p[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
              c == '_' || c == ':' || (c == '*' && i == 0)))
            return false;
    }
    return true;
}

static bool set_subject(X509 *x, struct str first)
{
    char cn[65];
    if (first.n >= sizeof cn) /* ub-common-name: 64; the names in SAN are what counts */
        return add_name(x, "CN", "gate443 site");
    memcpy(cn, first.p, first.n);
    cn[first.n] = '\0';
    return add_name(x, "CN", cn);
}

static bool append_pem(X509 *x, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *p;
    bool ok = bio && PEM_write_bio_X509(bio, x);
    long n = ok ? BIO_get_mem_data(bio, &p) : 0;
    ok = n > 0 && buf_append(out, str_of(p, (size_t)n)) == 0;
    BIO_free(bio);
    return ok;
}

/* A leaf that outlives its authority would look good in our own lists and be refused by clients. */
static int64_t last_second(const X509 *authority, int64_t until)
{
    struct tm tm;
    int64_t end = ASN1_TIME_to_tm(X509_get0_notAfter(authority), &tm) ? (int64_t)timegm(&tm) : until;
    return end < until ? end : until;
}

int local_ca_issue(const struct local_ca *ca, EVP_PKEY *key, const struct str *names, size_t n,
                   int64_t wall, int64_t seconds, struct buf *ret_chain)
{
    if (!ca->key || n == 0 || n > LEAF_NAMES_MAX || seconds <= 0 || seconds > LEAF_SECONDS_MAX)
        return -ERR_INVAL;
    for (size_t i = 0; i < n; i++)
        if (!name_ok(names[i]))
            return -ERR_INVAL;
    int64_t from = wall - HOUR, until = last_second(ca->cert, from + seconds);
    if (until <= wall)
        return -ERR_CERT_TIME;
    X509 *x = X509_new();
    bool ok = begin(x, key, from, until) && set_subject(x, names[0]) &&
              X509_set_issuer_name(x, X509_get_subject_name(ca->cert)) &&
              add_ext(x, ca->cert, NID_basic_constraints, "critical,CA:FALSE") &&
              add_ext(x, ca->cert, NID_key_usage, "critical,digitalSignature") &&
              add_ext(x, ca->cert, NID_ext_key_usage, "serverAuth") &&
              add_ext(x, ca->cert, NID_subject_key_identifier, "hash") &&
              add_ext(x, ca->cert, NID_authority_key_identifier, "keyid:always") &&
              add_sans(x, names, n) && X509_sign(x, ca->key, EVP_sha256()) &&
              append_pem(x, ret_chain);
    X509_free(x);
    ERR_clear_error();
    return ok ? 0 : -ERR_NOMEM;
}

/* ---- files ---- */

static int write_files(int dirfd, struct local_ca *ca, struct buf *why)
{
    BIO *key = BIO_new(BIO_s_secmem());
    struct buf cert;
    buf_init(&cert, FILE_MAX);
    char *p;
    bool ok = key && PEM_write_bio_PKCS8PrivateKey(key, ca->key, NULL, NULL, 0, NULL, NULL) &&
              append_pem(ca->cert, &cert);
    long n = ok ? BIO_get_mem_data(key, &p) : 0;
    int err = n > 0 ? file_write_atomic(dirfd, "ca.key", str_of(p, (size_t)n), 0600) : -ERR_NOMEM;
    if (!err) {
        err = file_write_atomic(dirfd, "ca.crt", buf_str(&cert), 0644);
        if (err)
            unlinkat(dirfd, "ca.key", 0); /* ours, seconds old: half a pair would block the next start */
    }
    BIO_free(key);
    buf_done(&cert);
    if (err)
        buf_addf(why, "local authority: cannot write ca.key and ca.crt to the state directory: %s; "
                      "make it writable or choose another with --state\n", err_text(err));
    return err;
}

int local_ca_make(struct local_ca *ca, int64_t wall)
{
    struct local_ca fresh;
    fresh.key = EVP_EC_gen("P-256");
    fresh.cert = fresh.key ? make_root(fresh.key, wall) : NULL;
    if (!fresh.cert) {
        local_ca_done(&fresh);
        return -ERR_NOMEM;
    }
    local_ca_done(ca);
    *ca = fresh;
    return 0;
}

static int make_ca(struct local_ca *ca, int dirfd, int64_t wall, struct buf *why)
{
    int err = local_ca_make(ca, wall);
    if (err) {
        buf_addf(why, "local authority: cannot be made: out of memory or randomness\n");
        return err;
    }
    return write_files(dirfd, ca, why);
}

static int no_password(char *out, int n, int writing, void *user)
{
    return -1;
}

static EVP_PKEY *parse_key(struct str pem)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
    BIO_free(bio);
    return key;
}

static X509 *parse_cert(struct str pem)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return x;
}

static int read_file(int dirfd, const char *name, struct buf *into, mode_t *ret_mode)
{
    struct stat st;
    int fd, err = file_open_stat(dirfd, name, false, &fd, &st);
    if (err)
        return err;
    err = file_read_all(fd, into);
    close(fd);
    *ret_mode = st.st_mode;
    return err;
}

static int judge(struct local_ca *ca, mode_t key_mode, int64_t wall, struct buf *why)
{
    const char *again = "restore the file from a backup, or move ca.key and ca.crt away: then a new "
                        "authority is made, which has to be trusted anew";
    if (!ca->key)
        buf_addf(why, "local authority: ca.key in the state directory is damaged: %s\n", again);
    else if (!ca->cert)
        buf_addf(why, "local authority: ca.crt in the state directory is damaged: %s\n", again);
    else if (X509_check_private_key(ca->cert, ca->key) != 1)
        buf_addf(why, "local authority: ca.key does not belong to ca.crt: %s\n", again);
    else if (X509_check_ca(ca->cert) != 1)
        buf_addf(why, "local authority: ca.crt is not an authority's certificate: %s\n", again);
    else if (key_mode & 077)
        buf_addf(why, "local authority: other users may read ca.key: run chmod 600 on it\n");
    else {
        time_t now = (time_t)wall;
        if (X509_cmp_time(X509_get0_notAfter(ca->cert), &now) > 0)
            return 0;
        buf_addf(why, "local authority: ca.crt has expired: %s\n", again);
        return -ERR_CERT_TIME;
    }
    return !ca->key ? -ERR_KEY_SYNTAX : !ca->cert ? -ERR_CERT_SYNTAX : -ERR_CERT_KEY_MISMATCH;
}

static int read_ca(struct local_ca *ca, int dirfd, int64_t wall, struct buf *why, bool *ret_made)
{
    struct buf key, cert;
    mode_t key_mode = 0, cert_mode = 0;
    buf_init(&key, FILE_MAX);
    buf_init(&cert, FILE_MAX);
    int key_err = read_file(dirfd, "ca.key", &key, &key_mode);
    int cert_err = read_file(dirfd, "ca.crt", &cert, &cert_mode);
    int err = 0;
    *ret_made = key_err != -ERR_NOT_FOUND || cert_err != -ERR_NOT_FOUND;
    if (*ret_made && (key_err || cert_err)) {
        err = key_err ? key_err : cert_err;
        buf_addf(why, "local authority: %s in the state directory cannot be read, but the other half "
                      "is there: %s; restore it, or move both away to have a new authority made\n",
                 key_err ? "ca.key" : "ca.crt", err_text(err));
    } else if (*ret_made) {
        ca->key = parse_key(buf_str(&key));
        ca->cert = parse_cert(buf_str(&cert));
        err = judge(ca, key_mode, wall, why);
    }
    if (key.mem)
        OPENSSL_cleanse(key.mem, key.cap);
    buf_done(&key);
    buf_done(&cert);
    return err;
}

int local_ca_open(struct local_ca *ca, int dirfd, int64_t wall, struct buf *why)
{
    struct local_ca fresh = {NULL, NULL};
    bool made;
    int err = read_ca(&fresh, dirfd, wall, why, &made);
    if (!err && !made)
        err = make_ca(&fresh, dirfd, wall, why);
    ERR_clear_error();
    if (err) {
        local_ca_done(&fresh);
        return err;
    }
    local_ca_done(ca);
    *ca = fresh;
    return 0;
}
