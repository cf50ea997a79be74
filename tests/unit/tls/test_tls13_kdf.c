/* Our key schedule of TLS 1.3 against the published trace (RFC 8448 3) and against OpenSSL's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tls/signer.h"
#include "tls/tls13_kdf.h"
#include "tls/tls_env.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

/* A derivation's parameters; NULL: left out. */
struct ask {
    int mode;
    const char *digest, *label;
    const unsigned char *key, *salt, *data;
    size_t nkey, nsalt, ndata;
};

struct world {
    OSSL_LIB_CTX *lib;
    OSSL_PROVIDER *common, *lean;
    EVP_KDF *theirs, *ours;
};

static int begin(void **state)
{
    static struct world w;
    w.lib = OSSL_LIB_CTX_new();
    w.common = OSSL_PROVIDER_load(w.lib, "default");
    w.lean = tls13_kdf_load(w.lib, NULL);
    assert_non_null(w.lean);
    w.theirs = EVP_KDF_fetch(w.lib, "TLS13-KDF", "provider=default");
    w.ours = EVP_KDF_fetch(w.lib, "TLS13-KDF", "g443.lean=yes");
    assert_non_null(w.theirs);
    assert_non_null(w.ours);
    *state = &w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    EVP_KDF_free(w->theirs);
    EVP_KDF_free(w->ours);
    tls13_kdf_unload(w->lean);
    OSSL_PROVIDER_unload(w->common);
    OSSL_LIB_CTX_free(w->lib);
    return 0;
}

static int run(EVP_KDF *kdf, const struct ask *a, unsigned char *out, size_t n)
{
    OSSL_PARAM params[8], *p = params;
    int mode = a->mode;
    *p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    *p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)a->digest, 0);
    *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, (void *)"tls13 ", 6);
    *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, (void *)a->label,
                                             strlen(a->label));
    if (a->key)
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)a->key, a->nkey);
    if (a->salt)
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)a->salt, a->nsalt);
    if (a->data)
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_DATA, (void *)a->data, a->ndata);
    *p = OSSL_PARAM_construct_end();
    EVP_KDF_CTX *c = EVP_KDF_CTX_new(kdf);
    int ok = EVP_KDF_derive(c, out, n, params);
    EVP_KDF_CTX_free(c);
    return ok;
}

static void hex(const char *text, unsigned char *out)
{
    for (unsigned v; sscanf(text, "%2x", &v) == 1; text += 2)
        *out++ = (unsigned char)v;
}

static void expect(struct world *w, const struct ask *a, const char *text)
{
    unsigned char wanted[48], got[48];
    size_t n = strlen(text) / 2;
    hex(text, wanted);
    assert_int_equal(run(w->ours, a, got, n), 1);
    assert_memory_equal(got, wanted, n);
}

/* RFC 8448 3, "Simple 1-RTT Handshake" */
static void test_trace(void **state)
{
    struct world *w = *state;
    unsigned char early[32], shared[32], handshake[32], hello[32], traffic[32];
    hex("33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a", early);
    hex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d", shared);
    hex("1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac", handshake);
    hex("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8", hello);
    hex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38", traffic);
    const int extract = EVP_KDF_HKDF_MODE_EXTRACT_ONLY, expand = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    expect(w, &(struct ask){.mode = extract, .digest = "SHA256", .label = "derived"},
           "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a");
    expect(w, &(struct ask){.mode = extract, .digest = "SHA256", .label = "derived",
                            .salt = early, .nsalt = 32, .key = shared, .nkey = 32},
           "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac");
    expect(w, &(struct ask){.mode = extract, .digest = "SHA2-256", .label = "derived",
                            .salt = handshake, .nsalt = 32},
           "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919");
    expect(w, &(struct ask){.mode = expand, .digest = "SHA256", .label = "s hs traffic",
                            .key = handshake, .nkey = 32, .data = hello, .ndata = 32},
           "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
    expect(w, &(struct ask){.mode = expand, .digest = "SHA256", .label = "key", .key = traffic,
                            .nkey = 32},
           "3fce516009c21727d0f2e4e86ee403bc");
    expect(w, &(struct ask){.mode = expand, .digest = "SHA256", .label = "iv", .key = traffic,
                            .nkey = 32},
           "5d313eb2671276ee13000b30");
}

static size_t pick(size_t most)
{
    unsigned char r[2];
    assert_int_equal(RAND_bytes(r, 2), 1);
    return (size_t)(r[0] << 8 | r[1]) % (most + 1);
}

static void test_same_as_openssl(void **state)
{
    struct world *w = *state;
    static const char *const digests[] = {"SHA256", "SHA384", "SHA2-256", "SHA2-384"};
    static const char *const labels[] = {"derived", "c hs traffic", "key", "", "exporter"};
    for (int i = 0; i < 4000; i++) {
        unsigned char bytes[3][256], a[256], b[256];
        assert_int_equal(RAND_bytes(bytes[0], sizeof bytes), 1);
        struct ask q = {.digest = digests[i % 4], .label = labels[pick(4)]};
        size_t size = i % 2 ? 48 : 32, n = size;
        if (i / 4 % 2) {
            q.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
            q.key = pick(3) ? bytes[0] : NULL;
            q.nkey = 1 + pick(254);
            q.salt = pick(3) ? bytes[1] : NULL;
            q.nsalt = size;
        } else {
            q.mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
            q.key = bytes[0];
            q.nkey = size;
            q.data = pick(3) ? bytes[2] : NULL;
            q.ndata = 1 + pick(63);
            n = 1 + pick(254);
        }
        assert_int_equal(run(w->theirs, &q, a, n), 1);
        assert_int_equal(run(w->ours, &q, b, n), 1);
        assert_memory_equal(a, b, n);
    }
}

static void test_refused(void **state)
{
    struct world *w = *state;
    unsigned char key[256] = {1}, out[64];
    const int expand = EVP_KDF_HKDF_MODE_EXPAND_ONLY, extract = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
    char label[300];
    memset(label, 'x', sizeof label);
    label[250] = '\0'; /* with the prefix 256 bytes: one more than the length can say */
    struct ask good = {.mode = expand, .digest = "SHA256", .label = "key", .key = key, .nkey = 32};
    struct ask bad[6] = {good, good, good, good, good, good};
    bad[0].digest = "SHA512";
    bad[1].mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
    bad[2].key = NULL;
    bad[3].nkey = 65; /* longer than the digest's block */
    bad[4].label = label;
    bad[5].data = key;
    bad[5].ndata = 256;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_true(run(w->ours, &bad[i], out, 16) <= 0);
    good.mode = extract;
    assert_true(run(w->ours, &good, out, 31) <= 0);
    good.mode = expand;
    assert_int_equal(run(w->ours, &good, out, 16), 1); /* and no harm done */
}

/* What libssl gets when it asks with our properties. */
static void test_chosen(void **state)
{
    struct loop *loop = loop_sim_new(0, 0);
    struct metrics metrics = {0};
    struct signer *signer = signer_new(loop, &metrics);
    OSSL_LIB_CTX *lib = signer_env(signer)->lib;
    EVP_KDF *kdf = EVP_KDF_fetch(lib, "TLS13-KDF", TLS_PROPERTIES);
    EVP_KEYMGMT *ec = EVP_KEYMGMT_fetch(lib, "EC", TLS_PROPERTIES);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), "g443kdf");
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(ec)), "default");
    EVP_KEYMGMT_free(ec);
    EVP_KDF_free(kdf);
    signer_free(signer);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_trace, begin, end),
        cmocka_unit_test_setup_teardown(test_same_as_openssl, begin, end),
        cmocka_unit_test_setup_teardown(test_refused, begin, end),
        cmocka_unit_test(test_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
