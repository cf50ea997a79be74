/* Records by ourselves: every cipher and version there and back, and all that must be refused. What
 * they look like to others is test_seal_libssl's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audit/seal.h"

#include <openssl/err.h>
#include <stdio.h>

enum { DATA = 23, ALERT = 21, OUT_MAX = 1 << 20 };

static unsigned char material[192];
static char large[70000];

static int begin(void **state)
{
    for (size_t i = 0; i < sizeof material; i++)
        material[i] = (unsigned char)(i * 7);
    memset(large, 'x', sizeof large);
    *state = crypto_new();
    return *state ? 0 : -1;
}

static int end(void **state)
{
    int left = (int)ERR_peek_error();
    crypto_free(*state);
    return left; /* whatever was refused, nothing may stay in the queue */
}

static struct seal_keys keys_of(const struct seal_params *p)
{
    return (struct seal_keys){.mac = crypto_str(material, seal_mac_size(p)),
                              .key = crypto_str(material + 64, seal_key_size(p)),
                              .iv = crypto_str(material + 128, seal_iv_size(p))};
}

struct pair {
    struct seal in, out;
    struct buf wire, plain;
    uint16_t version; /* in headers */
    uint8_t type;
};

static bool pair_open(struct pair *x, struct crypto *c, const struct seal_params *p)
{
    struct seal_keys keys = keys_of(p);
    memset(x, 0, sizeof *x);
    if (!seal_can(c, p)) {
        assert_int_equal(seal_init(&x->in, c, p, &keys, true), -ERR_UNSUPPORTED);
        return false;
    }
    assert_int_equal(seal_init(&x->in, c, p, &keys, false), 0);
    assert_int_equal(seal_init(&x->out, c, p, &keys, true), 0);
    buf_init(&x->wire, OUT_MAX);
    buf_init(&x->plain, OUT_MAX);
    x->version = p->version == 0x0304 ? 0x0303 : p->version;
    return true;
}

static void pair_close(struct pair *x)
{
    seal_done(&x->in);
    seal_done(&x->out);
    buf_done(&x->wire);
    buf_done(&x->plain);
}

static void put(struct pair *x, uint8_t type, struct str payload)
{
    buf_clear(&x->wire);
    assert_int_equal(seal_record(&x->out, type, x->version, payload, &x->wire), 0);
}

/* Opens what is in `wire`, with whatever length its header says. */
static int get(struct pair *x)
{
    struct str record = buf_str(&x->wire);
    buf_clear(&x->plain);
    x->type = 0;
    return seal_open(&x->in, (const unsigned char *)record.p, str_from(record, SEAL_HEADER),
                     &x->plain, &x->type);
}

static void set_length(struct pair *x, size_t body)
{
    unsigned char *p = (unsigned char *)x->wire.mem + x->wire.off;
    p[3] = (unsigned char)(body >> 8);
    p[4] = (unsigned char)body;
    x->wire.n = SEAL_HEADER + body;
}

/* ---- every combination ---- */

typedef void each_fn(struct crypto *c, const struct seal_params *p);

static int each(struct crypto *c, each_fn *fn)
{
    static const enum crypto_md macs[] = {CRYPTO_MD5, CRYPTO_SHA1, CRYPTO_SHA256, CRYPTO_SHA384};
    int n = 0;
    for (uint16_t version = 0x0300; version <= 0x0304; version++)
        for (int cipher = 0; cipher < SEAL_CIPHERS; cipher++)
            for (int i = 0; i < 8; i++) {
                struct seal_params p = {version, (enum seal_cipher)cipher, macs[i % 4], i >= 4};
                if (seal_can(c, &p)) {
                    fn(c, &p);
                    n++;
                }
            }
    return n;
}

static void there_and_back(struct crypto *c, const struct seal_params *p)
{
    struct pair x;
    assert_true(pair_open(&x, c, p));
    static const size_t sizes[] = {0, 1, 15, 16, 17, 255, 4096, SEAL_PLAIN_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        put(&x, ALERT, str_of(large, sizes[i]));
        assert_int_equal(x.wire.mem[x.wire.off], p->version == 0x0304 ? DATA : ALERT);
        assert_int_equal(get(&x), 0);
        assert_int_equal(x.type, ALERT);
        assert_true(str_eq(buf_str(&x.plain), str_of(large, sizes[i])));
        assert_int_equal(x.in.seq, i + 1);
        assert_int_equal(x.out.seq, i + 1);
    }
    pair_close(&x);
}

static void test_there_and_back(void **state)
{
    assert_true(each(*state, there_and_back) > 150);
}

/* One bit anywhere, in a record of content and in an empty one. SSL 3.0 does not protect its
 * padding nor the version: that is what is wrong with it. */
static void one_bit(struct crypto *c, const struct seal_params *p)
{
    static const struct str texts[] = {{"some text that is not short", 27}, {NULL, 0}};
    for (size_t k = 0; k < 2; k++) {
        size_t n = SIZE_MAX;
        for (size_t at = 0; at < n; at++) {
            struct pair x;
            assert_true(pair_open(&x, c, p));
            put(&x, DATA, texts[k]);
            n = x.wire.n;
            x.wire.mem[x.wire.off + at] ^= 1;
            int err = get(&x);
            if (p->version > 0x0300)
                assert_true(err == -ERR_TLS_MAC || err == -ERR_TLS_DECODE);
            if (err)
                assert_int_equal(x.plain.n, 0);
            pair_close(&x);
        }
    }
}

static void test_one_bit(void **state)
{
    each(*state, one_bit);
}

static void truncated(struct crypto *c, const struct seal_params *p)
{
    size_t n = SIZE_MAX;
    for (size_t left = 0; left < n; left++) {
        struct pair x;
        assert_true(pair_open(&x, c, p));
        put(&x, DATA, str_of(large, 40));
        n = x.wire.n - SEAL_HEADER;
        if (left < n) {
            set_length(&x, left);
            int err = get(&x);
            assert_true(err == -ERR_TLS_MAC || err == -ERR_TLS_DECODE);
        }
        pair_close(&x);
    }
}

static void test_truncated(void **state)
{
    each(*state, truncated);
}

static void sequence(struct crypto *c, const struct seal_params *p)
{
    struct pair x;
    assert_true(pair_open(&x, c, p));
    put(&x, DATA, STR("lost"));
    put(&x, DATA, STR("next"));
    assert_int_equal(get(&x), -ERR_TLS_MAC);
    assert_int_equal(x.in.seq, 0);
    pair_close(&x);
}

static void test_sequence(void **state)
{
    each(*state, sequence);
}

/* ---- sizes ---- */

static void test_sizes(void **state)
{
    struct seal_params p = {0x0301, SEAL_AES_256_CBC, CRYPTO_SHA1, false};
    assert_int_equal(seal_key_block_size(&p), 2 * (20 + 32 + 16));
    p.version = 0x0302;
    assert_int_equal(seal_key_block_size(&p), 2 * (20 + 32));
    assert_int_equal(seal_block_size(&p), 16);
    p = (struct seal_params){0x0303, SEAL_AES_128_GCM, CRYPTO_SHA256, false};
    assert_int_equal(seal_key_block_size(&p), 2 * (16 + 4));
    p.cipher = SEAL_CHACHA20_POLY1305;
    assert_int_equal(seal_key_block_size(&p), 2 * (32 + 12));
    p.version = 0x0302; /* no AEAD before 1.2 */
    assert_int_equal(seal_key_block_size(&p), 0);
    assert_false(seal_can(*state, &p));
    p = (struct seal_params){0x0304, SEAL_AES_128_CBC, CRYPTO_SHA1, false};
    assert_false(seal_can(*state, &p));
    p = (struct seal_params){0x0304, SEAL_ARIA_128_GCM, CRYPTO_SHA256, false};
    assert_false(seal_can(*state, &p));
    p = (struct seal_params){0x0301, SEAL_AES_128_CBC, CRYPTO_SHA256, false};
    assert_false(seal_can(*state, &p));
    p = (struct seal_params){0x0303, SEAL_CIPHERS, CRYPTO_SHA1, false};
    assert_false(seal_can(*state, &p));
    p = (struct seal_params){0x0002, SEAL_NULL, CRYPTO_SHA1, false};
    assert_false(seal_can(*state, &p));
}

static void test_key_block(void **state)
{
    struct seal_params p = {0x0301, SEAL_AES_128_CBC, CRYPTO_SHA1, false};
    struct seal_keys client, server;
    struct str block = crypto_str(material, 104);
    assert_int_equal(seal_keys_cut(&p, block, false, &client), 0);
    assert_int_equal(seal_keys_cut(&p, block, true, &server), 0);
    assert_ptr_equal(client.mac.p, block.p);
    assert_ptr_equal(server.mac.p, block.p + 20);
    assert_ptr_equal(client.key.p, block.p + 40);
    assert_ptr_equal(server.key.p, block.p + 56);
    assert_ptr_equal(client.iv.p, block.p + 72);
    assert_ptr_equal(server.iv.p, block.p + 88);
    block.n--;
    assert_int_equal(seal_keys_cut(&p, block, true, &server), -ERR_RANGE);
    struct seal s;
    client.key.n--;
    assert_int_equal(seal_init(&s, *state, &p, &client, true), -ERR_INVAL);
}

static void test_too_large(void **state)
{
    struct pair x;
    struct seal_params p = {0x0303, SEAL_AES_128_CBC, CRYPTO_SHA1, false};
    assert_true(pair_open(&x, *state, &p));
    /* A record that no honest end sends can be made, but is not taken. */
    put(&x, DATA, str_of(large, SEAL_PLAIN_MAX + 1));
    assert_int_equal(get(&x), -ERR_TLS_DECODE);
    put(&x, DATA, str_of(large, 65000));
    assert_int_equal(get(&x), -ERR_TLS_DECODE);
    buf_clear(&x.wire);
    assert_int_equal(seal_record(&x.out, DATA, 0x0303, str_of(large, 65535), &x.wire), -ERR_RANGE);
    assert_int_equal(seal_record(&x.out, DATA, 0x0303, str_of(large, 65536), &x.wire), -ERR_RANGE);
    assert_int_equal(x.wire.n, 0);
    /* Nor does the receiver's buffer grow beyond its maximum. */
    struct buf small;
    uint8_t type;
    buf_init(&small, 64);
    put(&x, DATA, str_of(large, 200));
    assert_int_equal(seal_open(&x.in, (unsigned char *)x.wire.mem + x.wire.off,
                               str_from(buf_str(&x.wire), SEAL_HEADER), &small, &type),
                     -ERR_LIMIT);
    buf_done(&small);
    /* Each direction has its verb. */
    assert_int_equal(seal_record(&x.in, DATA, 0x0303, STR("x"), &x.wire), -ERR_INVAL);
    assert_int_equal(
        seal_open(&x.out, (unsigned char *)x.wire.mem + x.wire.off, STR("x"), &x.plain, &type),
        -ERR_INVAL);
    pair_close(&x);
}

/* ---- SSL 3.0's MAC: values of a second implementation ---- */

static void expect_mac(struct crypto *c, enum crypto_md md, const char *text)
{
    unsigned char got[SEAL_MAC_MAX], key[20];
    struct seal s;
    struct seal_params p = {0x0300, SEAL_NULL, md, false};
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (unsigned char)i;
    struct seal_keys keys = {.mac = crypto_str(key, seal_mac_size(&p))};
    assert_int_equal(seal_init(&s, c, &p, &keys, true), 0);
    assert_int_equal(seal_mac(&s, DATA, 0x0300, STR("hello"), got), 0);
    for (size_t i = 0; i < keys.mac.n; i++) {
        unsigned v;
        assert_int_equal(sscanf(text + 2 * i, "%2x", &v), 1);
        assert_int_equal(got[i], v);
    }
    seal_done(&s);
}

static void test_ssl3_mac(void **state)
{
    expect_mac(*state, CRYPTO_SHA1, "2cbf31c4ffd93a78a9d6ee328a975d0393213d30");
    expect_mac(*state, CRYPTO_MD5, "7eb0fad6b6f916fc1c722835b07b3d6c");
}

/* ---- CBC's forms ---- */

static size_t pad_to(unsigned char *plain, size_t n, size_t block, size_t total)
{
    size_t pad = total - n;
    assert_true(pad > 0 && pad <= 256 && total % block == 0);
    memset(plain + n, (int)pad - 1, pad);
    return total;
}

/* Any length of padding is right in TLS; in SSL 3.0 less than a block, of any bytes. */
static void paddings(struct crypto *c, const struct seal_params *p)
{
    size_t block = seal_block_size(p), mac = p->encrypt_then_mac ? 0 : seal_mac_size(p);
    if (!block || p->version == 0x0300)
        return;
    struct pair x;
    unsigned char plain[512];
    assert_true(pair_open(&x, c, p));
    size_t n = 5 + mac, first = (n / block + 1) * block;
    for (size_t total = first; total - n <= 256; total += block) {
        memcpy(plain, "hello", 5);
        if (mac)
            assert_int_equal(seal_mac(&x.out, DATA, x.version, STR("hello"), plain + 5), 0);
        pad_to(plain, n, block, total);
        buf_clear(&x.wire);
        assert_int_equal(seal_cbc_raw(&x.out, DATA, x.version, crypto_str(plain, total), &x.wire),
                         0);
        assert_int_equal(get(&x), 0);
        assert_true(str_eq(buf_str(&x.plain), STR("hello")));
    }
    pair_close(&x);
}

static void bad_paddings(struct crypto *c, const struct seal_params *p)
{
    size_t block = seal_block_size(p), mac = p->encrypt_then_mac ? 0 : seal_mac_size(p);
    unsigned char plain[512];
    for (int kind = 0; block && kind < 4; kind++) {
        struct pair x;
        assert_true(pair_open(&x, c, p));
        size_t n = 5 + mac, total = (n / block + 2) * block;
        memcpy(plain, "hello", 5);
        if (mac)
            assert_int_equal(seal_mac(&x.out, DATA, x.version, STR("hello"), plain + 5), 0);
        pad_to(plain, n, block, total);
        if (kind == 0)
            plain[n] ^= 0x80; /* the padding's first byte */
        else if (kind == 1)
            plain[total - 1] = 255; /* longer than all */
        else if (kind == 2)
            memset(plain, (int)total - 1, total); /* padding and nothing else */
        else
            plain[total - 1] = (unsigned char)total; /* longer by one */
        buf_clear(&x.wire);
        assert_int_equal(seal_cbc_raw(&x.out, DATA, x.version, crypto_str(plain, total), &x.wire),
                         0);
        int err = get(&x);
        /* Nothing but padding is an empty record where the MAC stands outside. */
        assert_int_equal(
            err, kind == 2 && p->encrypt_then_mac && p->version > 0x0300 ? 0 : -ERR_TLS_MAC);
        pair_close(&x);
    }
}

static void test_padding(void **state)
{
    each(*state, paddings);
    each(*state, bad_paddings);
}

static void test_ssl3_padding(void **state)
{
    struct pair x;
    struct seal_params p = {0x0300, SEAL_AES_128_CBC, CRYPTO_SHA1, false};
    unsigned char plain[32];
    assert_true(pair_open(&x, *state, &p));
    memset(plain, 0xa5, sizeof plain);
    memcpy(plain, "hello", 5);
    assert_int_equal(seal_mac(&x.out, DATA, 0x0300, STR("hello"), plain + 5), 0);
    plain[31] = 6;
    assert_int_equal(seal_cbc_raw(&x.out, DATA, 0x0300, crypto_str(plain, 32), &x.wire), 0);
    assert_int_equal(get(&x), 0);
    assert_true(str_eq(buf_str(&x.plain), STR("hello")));
    pair_close(&x);
}

static void test_probe_refusals(void **state)
{
    struct pair x;
    unsigned char mac[SEAL_MAC_MAX];
    struct seal_params cbc = {0x0303, SEAL_AES_128_CBC, CRYPTO_SHA1, false};
    struct seal_params gcm = {0x0303, SEAL_AES_128_GCM, CRYPTO_SHA1, false};
    assert_true(pair_open(&x, *state, &gcm));
    assert_int_equal(seal_mac(&x.out, DATA, 0x0303, STR("x"), mac), -ERR_UNSUPPORTED);
    assert_int_equal(seal_cbc_raw(&x.out, DATA, 0x0303, str_of(large, 16), &x.wire),
                     -ERR_UNSUPPORTED);
    pair_close(&x);
    assert_true(pair_open(&x, *state, &cbc));
    assert_int_equal(seal_cbc_raw(&x.out, DATA, 0x0303, STR_NONE, &x.wire), -ERR_RANGE);
    assert_int_equal(seal_cbc_raw(&x.out, DATA, 0x0303, str_of(large, 17), &x.wire), -ERR_RANGE);
    assert_int_equal(seal_cbc_raw(&x.out, DATA, 0x0303, str_of(large, 65536), &x.wire), -ERR_RANGE);
    assert_int_equal(seal_cbc_raw(&x.in, DATA, 0x0303, str_of(large, 16), &x.wire),
                     -ERR_UNSUPPORTED);
    assert_int_equal(x.out.seq, 0);
    assert_int_equal(seal_cbc_raw(&x.out, DATA, 0x0303, str_of(large, 64000), &x.wire), 0);
    assert_int_equal(x.out.seq, 1);
    pair_close(&x);
}

/* ---- TLS 1.3's inner type ---- */

static void test_inner_type(void **state)
{
    struct pair x;
    struct seal_params p = {0x0304, SEAL_AES_128_GCM, CRYPTO_SHA256, false};
    assert_true(pair_open(&x, *state, &p));
    put(&x, DATA, STR("text\x15\0\0\0")); /* as if DATA were the last byte of padding: no */
    assert_int_equal(get(&x), 0);
    assert_int_equal(x.type, DATA);
    assert_int_equal(x.plain.n, 8);
    put(&x, 0, STR("text\x15\0\0\0")); /* type 0 is padding: the type is 0x15, the text before it */
    assert_int_equal(get(&x), 0);
    assert_int_equal(x.type, ALERT);
    assert_true(str_eq(buf_str(&x.plain), STR("text")));
    put(&x, 0, STR("\0\0\0\0"));
    assert_int_equal(get(&x), -ERR_TLS_DECODE);
    put(&x, ALERT, STR("x"));
    x.wire.mem[x.wire.off] = ALERT; /* the outer type */
    assert_int_equal(get(&x), -ERR_TLS_DECODE);
    pair_close(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, begin, end),
        cmocka_unit_test_setup_teardown(test_one_bit, begin, end),
        cmocka_unit_test_setup_teardown(test_truncated, begin, end),
        cmocka_unit_test_setup_teardown(test_sequence, begin, end),
        cmocka_unit_test_setup_teardown(test_sizes, begin, end),
        cmocka_unit_test_setup_teardown(test_key_block, begin, end),
        cmocka_unit_test_setup_teardown(test_too_large, begin, end),
        cmocka_unit_test_setup_teardown(test_ssl3_mac, begin, end),
        cmocka_unit_test_setup_teardown(test_padding, begin, end),
        cmocka_unit_test_setup_teardown(test_ssl3_padding, begin, end),
        cmocka_unit_test_setup_teardown(test_probe_refusals, begin, end),
        cmocka_unit_test_setup_teardown(test_inner_type, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
