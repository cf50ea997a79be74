/* Keys in, signatures out; the local authority on disk; ticket secrets. */
#include "pki.h"

#include "tls/cert.h"
#include "tls/keyvault.h"
#include "tls/spki.h"

#include <fcntl.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <sys/stat.h>

static void test_sign(void **state)
{
    static const struct {
        const char *kind;
        uint8_t scheme, digest;
        int err;
    } rows[] = {
        {"P-256", SIGN_ECDSA, DIGEST_SHA256, 0},
        {"P-384", SIGN_ECDSA, DIGEST_SHA384, 0},
        {"P-521", SIGN_ECDSA, DIGEST_SHA512, 0},
        {"rsa", SIGN_RSA_PKCS1, DIGEST_SHA256, 0},
        {"rsa", SIGN_RSA_PSS, DIGEST_SHA256, 0},
        {"rsa", SIGN_RSA_PSS, DIGEST_SHA384, 0},
        {"rsa", SIGN_RSA_PSS, DIGEST_SHA512, 0},
        {"ed25519", SIGN_ED25519, DIGEST_NONE, 0},
        {"P-256", SIGN_RSA_PSS, DIGEST_SHA256, -ERR_INVAL},
        {"P-256", SIGN_ECDSA, DIGEST_NONE, -ERR_INVAL},
        {"P-256", SIGN_ECDSA, 99, -ERR_INVAL},
        {"P-256", 77, DIGEST_SHA256, -ERR_INVAL},
        {"rsa", SIGN_ECDSA, DIGEST_SHA256, -ERR_INVAL},
        {"rsa", SIGN_RSA_PKCS1, DIGEST_NONE, -ERR_INVAL},
        {"rsa", SIGN_RSA_PSS, DIGEST_SHA1, -ERR_INVAL},
        {"ed25519", SIGN_ED25519, DIGEST_SHA256, -ERR_INVAL},
    };
    static const char *const digests[] = {NULL, "SHA256", "SHA384", "SHA512"};
    static const uint16_t sizes[] = {0, 32, 48, 64};
    struct keyvault *v = keyvault_new();
    assert_non_null(v);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        EVP_PKEY *key = pki_key(rows[i].kind);
        int fd = pki_key_file(key);
        struct sign_request q = {.scheme = rows[i].scheme, .digest = rows[i].digest, .n = 5};
        if (q.scheme == SIGN_RSA_PSS && q.digest < 4)
            q.salt = sizes[q.digest];
        assert_int_equal(keyvault_load_key(v, fd, 1, q.spki), 0);
        close(fd);
        for (int twice = 0; twice < 2; twice++) {
            struct buf sig;
            buf_init(&sig, 2048);
            assert_int_equal(keyvault_sign(v, &q, STR("hello"), &sig), rows[i].err);
            if (rows[i].err == 0) {
                EVP_MD_CTX *c = EVP_MD_CTX_new();
                EVP_PKEY_CTX *pc;
                assert_int_equal(
                    EVP_DigestVerifyInit_ex(c, &pc, digests[q.digest], NULL, NULL, key, NULL), 1);
                if (q.scheme == SIGN_RSA_PSS) {
                    EVP_PKEY_CTX_set_rsa_padding(pc, RSA_PKCS1_PSS_PADDING);
                    EVP_PKEY_CTX_set_rsa_pss_saltlen(pc, q.salt);
                }
                assert_int_equal(EVP_DigestVerify(c, (unsigned char *)sig.mem, sig.n,
                                                  (const unsigned char *)"hello", 5), 1);
                EVP_MD_CTX_free(c);
            }
            buf_done(&sig);
        }
        EVP_PKEY_free(key);
    }
    struct buf sig;
    buf_init(&sig, 2048);
    struct sign_request unknown = {.scheme = SIGN_ECDSA, .digest = DIGEST_SHA256, .n = 5};
    assert_int_equal(keyvault_sign(v, &unknown, STR("hello"), &sig), -ERR_NO_KEY);
    unknown.n = 6;
    assert_int_equal(keyvault_sign(v, &unknown, STR("hello"), &sig), -ERR_INVAL);
    buf_done(&sig);
    keyvault_free(v);
}

static void test_load_refused(void **state)
{
    struct keyvault *v = keyvault_new();
    unsigned char spki[SPKI_HASH];
    static const char *const bad[] = {
        "", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int fd = pki_file(str_c(bad[i]));
        assert_int_equal(keyvault_load_key(v, fd, 1, spki), -ERR_KEY_SYNTAX);
        close(fd);
    }
    static char big[70000];
    memset(big, 'x', sizeof big);
    int fd = pki_file(str_of(big, sizeof big));
    assert_int_equal(keyvault_load_key(v, fd, 1, spki), -ERR_KEY_SYNTAX);
    close(fd);
    EVP_PKEY *weak = pki_key("rsa1024");
    fd = pki_key_file(weak);
    assert_int_equal(keyvault_load_key(v, fd, 1, spki), -ERR_CERT_WEAK);
    close(fd);
    EVP_PKEY_free(weak);
    /* behind a password */
    EVP_PKEY *key = pki_key("P-256");
    BIO *b = BIO_new(BIO_s_mem());
    char *p, word[] = "secret";
    PEM_write_bio_PKCS8PrivateKey(b, key, EVP_aes_128_cbc(), word, 6, NULL, NULL);
    long n = BIO_get_mem_data(b, &p);
    fd = pki_file(str_of(p, (size_t)n));
    assert_int_equal(keyvault_load_key(v, fd, 1, spki), -ERR_KEY_PASSWORD);
    close(fd);
    BIO_free(b);
    EVP_PKEY_free(key);
    keyvault_free(v);
}

static void test_forget(void **state)
{
    struct keyvault *v = keyvault_new();
    EVP_PKEY *a = pki_key("P-256"), *b = pki_key("P-256");
    int fa = pki_key_file(a), fb = pki_key_file(b);
    struct sign_request qa = {.scheme = SIGN_ECDSA, .digest = DIGEST_SHA256, .n = 1}, qb = qa;
    struct buf sig;
    buf_init(&sig, 4096);
    assert_int_equal(keyvault_load_key(v, fa, 1, qa.spki), 0);
    assert_int_equal(keyvault_load_key(v, fb, 1, qb.spki), 0);
    lseek(fb, 0, SEEK_SET);
    assert_int_equal(keyvault_load_key(v, fb, 2, qb.spki), 0);
    keyvault_forget(v, 2);
    assert_int_equal(keyvault_sign(v, &qa, STR("x"), &sig), -ERR_NO_KEY);
    assert_int_equal(keyvault_sign(v, &qb, STR("x"), &sig), 0);
    buf_done(&sig);
    close(fa);
    close(fb);
    EVP_PKEY_free(a);
    EVP_PKEY_free(b);
    keyvault_free(v);
}

/* ---- the local authority ---- */

struct dir {
    char path[64];
    int fd;
};

static void dir_open(struct dir *d)
{
    snprintf(d->path, sizeof d->path, "/tmp/gate443-vault-XXXXXX");
    assert_non_null(mkdtemp(d->path));
    d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void dir_close(struct dir *d)
{
    unlinkat(d->fd, "ca.key", 0);
    unlinkat(d->fd, "ca.crt", 0);
    close(d->fd);
    assert_int_equal(rmdir(d->path), 0);
}

static X509 *read_cert(int dirfd, const char *name)
{
    int fd = openat(dirfd, name, O_RDONLY);
    FILE *f = fdopen(fd, "r");
    X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
    fclose(f);
    return x;
}

static void put(int dirfd, const char *name, const char *text)
{
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void verify_leaf(struct str pem, X509 *root, const char *host, const char *ip)
{
    BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *leaf = PEM_read_bio_X509(b, NULL, NULL, NULL);
    BIO_free(b);
    X509_STORE *s = X509_STORE_new();
    X509_STORE_add_cert(s, root);
    X509_STORE_CTX *c = X509_STORE_CTX_new();
    X509_STORE_CTX_init(c, s, leaf, NULL);
    X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(c);
    X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_time(p, (time_t)NOW);
    X509_VERIFY_PARAM_set_purpose(p, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set1_host(p, host, 0);
    int ok = X509_verify_cert(c);
    if (ok != 1)
        print_message("%s\n", X509_verify_cert_error_string(X509_STORE_CTX_get_error(c)));
    assert_int_equal(ok, 1);
    assert_int_equal(X509_check_ip_asc(leaf, ip, 0), 1);
    X509_STORE_CTX_free(c);
    X509_STORE_free(s);
    X509_free(leaf);
}

static void test_ca(void **state)
{
    struct dir d;
    struct buf why, chain;
    struct stat st;
    unsigned char spki[SPKI_HASH], in_cert[SPKI_HASH];
    int64_t from, until;
    buf_init(&why, 4096);
    buf_init(&chain, 65536);
    dir_open(&d);
    struct keyvault *v = keyvault_new();
    struct str names[] = {STR("localhost"), STR("*.dev.test"), STR("127.0.0.1"), STR("::1")};
    assert_int_equal(keyvault_issue(v, names, 4, NOW, DAYS, 1, &chain, spki), -ERR_INVAL);
    assert_int_equal(keyvault_open_ca(v, d.fd, NOW, &why), 0);
    assert_int_equal(fstatat(d.fd, "ca.key", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(fstatat(d.fd, "ca.crt", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    X509 *root = read_cert(d.fd, "ca.crt");
    assert_int_equal(X509_get_pathlen(root), 0);

    assert_int_equal(keyvault_issue(v, names, 4, NOW, 48 * DAYS, 1, &chain, spki), -ERR_INVAL);
    struct str evil = STR("a,DNS:b");
    assert_int_equal(keyvault_issue(v, &evil, 1, NOW, DAYS, 1, &chain, spki), -ERR_INVAL);
    assert_int_equal(keyvault_issue(v, names, 4, NOW, 30 * DAYS, 1, &chain, spki), 0);
    verify_leaf(buf_str(&chain), root, "localhost", "::1");
    verify_leaf(buf_str(&chain), root, "x.dev.test", "127.0.0.1");
    assert_int_equal(cert_facts(buf_str(&chain), &from, &until, in_cert), 0);
    assert_memory_equal(spki, in_cert, SPKI_HASH);
    assert_true(from == NOW - 3600 && until == from + 30 * DAYS);
    assert_int_equal(cert_check(buf_str(&chain), "local", names, 4, NOW, spki, &why, &why), 0);
    assert_int_equal(why.n, 0);
    struct sign_request q = {.scheme = SIGN_ECDSA, .digest = DIGEST_SHA256, .n = 1};
    memcpy(q.spki, spki, SPKI_HASH);
    struct buf sig;
    buf_init(&sig, 2048);
    assert_int_equal(keyvault_sign(v, &q, STR("x"), &sig), 0);
    buf_done(&sig);
    keyvault_free(v);

    v = keyvault_new(); /* the next start finds the same authority */
    assert_int_equal(keyvault_open_ca(v, d.fd, NOW, &why), 0);
    X509 *again = read_cert(d.fd, "ca.crt");
    assert_int_equal(X509_cmp(root, again), 0);
    buf_clear(&chain);
    assert_int_equal(keyvault_issue(v, names, 4, NOW, 30 * DAYS, 1, &chain, spki), 0);
    verify_leaf(buf_str(&chain), root, "localhost", "::1");
    keyvault_free(v);
    X509_free(again);
    X509_free(root);
    buf_done(&chain);
    buf_done(&why);
    dir_close(&d);
}

static void issue(int dirfd, const struct str *names, size_t n, int64_t wall, struct keyvault **ret,
                  unsigned char ret_spki[SPKI_HASH])
{
    struct buf why, chain;
    int64_t from, until;
    unsigned char in_cert[SPKI_HASH];
    buf_init(&why, 4096);
    buf_init(&chain, 65536);
    struct keyvault *v = keyvault_new();
    assert_int_equal(keyvault_open_ca(v, dirfd, wall, &why), 0);
    assert_int_equal(keyvault_issue(v, names, n, wall, 30 * DAYS, 1, &chain, ret_spki), 0);
    assert_int_equal(cert_facts(buf_str(&chain), &from, &until, in_cert), 0);
    assert_memory_equal(ret_spki, in_cert, SPKI_HASH);
    buf_done(&why);
    buf_done(&chain);
    if (ret)
        *ret = v;
    else
        keyvault_free(v);
}

/* A keeper dies: the next one has the keys of what the workers serve. */
static void test_leaf_keys_come_again(void **state)
{
    struct dir d, other;
    struct keyvault *v;
    unsigned char first[SPKI_HASH], spki[SPKI_HASH];
    const struct str names[] = {STR("a.test"), STR("b.test"), STR("127.0.0.1")};
    const struct str turned[] = {STR("B.test"), STR("127.0.0.1"), STR("a.test")};
    const struct str glued[] = {STR("a.testb"), STR(".test"), STR("127.0.0.1")};
    const int64_t start = NOW / (30 * DAYS) * (30 * DAYS), later = start + 30 * DAYS;
    dir_open(&d);
    dir_open(&other);
    issue(d.fd, names, 3, start, NULL, first); /* the authority just made … */
    issue(d.fd, names, 3, later - 1, NULL, spki); /* … and read from its file */
    assert_memory_equal(first, spki, SPKI_HASH);
    issue(d.fd, turned, 3, start, NULL, spki);
    assert_memory_equal(first, spki, SPKI_HASH);
    issue(d.fd, names, 2, start, NULL, spki);
    assert_memory_not_equal(first, spki, SPKI_HASH);
    issue(d.fd, glued, 3, start, NULL, spki);
    assert_memory_not_equal(first, spki, SPKI_HASH);
    issue(other.fd, names, 3, start, NULL, spki);
    assert_memory_not_equal(first, spki, SPKI_HASH);
    issue(d.fd, names, 3, later, &v, spki);
    assert_memory_not_equal(first, spki, SPKI_HASH);
    struct sign_request q = {.scheme = SIGN_ECDSA, .digest = DIGEST_SHA256, .n = 1};
    struct buf sig;
    buf_init(&sig, 2048);
    memcpy(q.spki, first, SPKI_HASH); /* a leaf of the epoch before may still be served */
    assert_int_equal(keyvault_sign(v, &q, STR("x"), &sig), 0);
    buf_done(&sig);
    keyvault_free(v);
    dir_close(&d);
    dir_close(&other);
}

/* A leaf ends with its authority at the latest. */
static void test_leaf_within_authority(void **state)
{
    struct dir d;
    struct buf why, chain;
    unsigned char spki[SPKI_HASH];
    int64_t from, until;
    const int64_t end = NOW + (int64_t)10 * 365 * DAYS; /* of the authority */
    const struct str name = STR("a.test");
    buf_init(&why, 4096);
    buf_init(&chain, 65536);
    dir_open(&d);
    struct keyvault *v = keyvault_new();
    assert_int_equal(keyvault_open_ca(v, d.fd, NOW, &why), 0);
    assert_int_equal(keyvault_issue(v, &name, 1, end - DAYS, 30 * DAYS, 1, &chain, spki), 0);
    assert_int_equal(cert_facts(buf_str(&chain), &from, &until, spki), 0);
    assert_int_equal(until, end);
    buf_clear(&chain);
    assert_int_equal(keyvault_issue(v, &name, 1, end, 30 * DAYS, 1, &chain, spki), -ERR_CERT_TIME);
    assert_int_equal(chain.n, 0);
    keyvault_free(v);
    buf_done(&why);
    buf_done(&chain);
    dir_close(&d);
}

static void expect_refused(int dirfd, int64_t wall, const char *says)
{
    struct buf why;
    buf_init(&why, 4096);
    struct keyvault *v = keyvault_new();
    assert_true(keyvault_open_ca(v, dirfd, wall, &why) < 0);
    if (!strstr(buf_cstr(&why), says))
        fail_msg("\"%s\" not in: %s", says, buf_cstr(&why));
    keyvault_free(v);
    buf_done(&why);
}

static void test_ca_damaged(void **state)
{
    struct dir d;
    struct buf why;
    buf_init(&why, 4096);
    dir_open(&d);
    struct keyvault *v = keyvault_new();
    assert_int_equal(keyvault_open_ca(v, d.fd, NOW, &why), 0);
    expect_refused(d.fd, NOW + (int64_t)11 * 365 * DAYS, "expired");
    fchmodat(d.fd, "ca.key", 0644, 0);
    expect_refused(d.fd, NOW, "chmod 600");
    fchmodat(d.fd, "ca.key", 0600, 0);
    put(d.fd, "ca.crt", "rubbish");
    expect_refused(d.fd, NOW, "ca.crt in the state directory is damaged");
    unlinkat(d.fd, "ca.crt", 0);
    expect_refused(d.fd, NOW, "ca.crt in the state directory cannot be read");
    unlinkat(d.fd, "ca.key", 0);
    assert_int_equal(keyvault_open_ca(v, d.fd, NOW, &why), 0);
    put(d.fd, "ca.key", "");
    expect_refused(d.fd, NOW, "ca.key in the state directory is damaged");
    struct stat st;
    assert_int_equal(fstatat(d.fd, "ca.key", &st, 0), 0);
    assert_int_equal(st.st_size, 0); /* nothing was overwritten */
    keyvault_free(v);
    buf_done(&why);
    dir_close(&d);
}

static void test_ticket_keys(void **state)
{
    struct keyvault *v = keyvault_new();
    unsigned char a[96], b[96];
    assert_true(keyvault_ticket_keys(v, 1000, 100, a));
    assert_memory_not_equal(a, a + 48, 48);
    assert_false(keyvault_ticket_keys(v, 1099, 100, b));
    assert_memory_equal(a, b, 96);
    assert_true(keyvault_ticket_keys(v, 1100, 100, b));
    assert_memory_equal(a, b + 48, 48);
    assert_memory_not_equal(a, b, 48);
    assert_false(keyvault_ticket_keys(v, 1150, 100, b));
    keyvault_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sign),     cmocka_unit_test(test_load_refused),
        cmocka_unit_test(test_forget),   cmocka_unit_test(test_ca),
        cmocka_unit_test(test_leaf_keys_come_again),
        cmocka_unit_test(test_leaf_within_authority),
        cmocka_unit_test(test_ca_damaged), cmocka_unit_test(test_ticket_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
