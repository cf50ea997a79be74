/* Packet protection: the vectors of RFC 9001 appendix A and RFC 9369 appendix A, each suite there
 * and back, and that no changed bit passes. */
#include "audit/quic_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct crypto *crypto;

struct bytes {
    unsigned char b[2048];
    size_t n;
};

static struct bytes hex(const char *text)
{
    struct bytes ret = {.n = strlen(text) / 2};
    assert_true(ret.n <= sizeof ret.b);
    for (size_t i = 0; i < ret.n; i++) {
        uint64_t v;
        assert_true(str_hex_u64(str_of(text + 2 * i, 2), &v));
        ret.b[i] = (unsigned char)v;
    }
    return ret;
}

static struct str of(const struct bytes *b)
{
    return crypto_str(b->b, b->n);
}

static void expect(const unsigned char *got, size_t n, const char *want)
{
    struct bytes b = hex(want);
    assert_int_equal(n, b.n);
    assert_memory_equal(got, b.b, n);
}

static const struct {
    uint32_t version;
    const char *client, *server; /* Initial secrets */
    const char *client_iv, *server_iv;
    const char *server_head, *server_packet;
    const char *retry;
    const char *chacha_iv, *chacha_packet;
} rfc[] = {
    {QUIC_V1, "c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea",
     "3c199828fd139efd216c155ad844cc81fb82fa8d7446fa7d78be803acdda951b", "fa044b2f42a3fd3b46fb255c",
     "0ac1493ca1905853b0bba03e", "c1000000010008f067a5502a4262b50040750001",
     "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c697975547"
     "80bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b56"
     "2bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee",
     "ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba",
     "e0459b3474bdd0e44a41c144", "4cfe4189655e5cd55c41f69080575d7999c25a5bfb"},
    {QUIC_V2, "14ec9d6eb9fd7af83bf5a668bc17a7e283766aade7ecd0891f70f9ff7f4bf47b",
     "0263db1782731bf4588e7e4d93b7463907cb8cd8200b5da55a8bd488eafc37c1", "91f73e2351d8fa91660e909f",
     "dd13c276499c0249d3310652", "d16b3343cf0008f067a5502a4262b50040750001",
     "dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf8"
     "7263017915358230035f7fd3945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e427575"
     "07698075b2c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e140",
     "cf6b3343cf0008f067a5502a4262b5746f6b656ec8646ce8bfe33952d955543665dcc7b6",
     "a6b5bc6ab7dafce30ffff5dd", "5558b1c60ae7b6b932bc27d786f4bc2bb20f2162ba"},
};

static const char *const server_frames =
    "02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf73988cfc79825df566dc5430b9a045a12"
    "00130100002e00330024001d00209d3c940d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a00"
    "2b00020304";
static const char *const client_frame =
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c0000041301"
    "1302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007"
    "000504616c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f5"
    "0f1ce15d43e994ec74d748002b0003020304000d0010000e0403050306030203080408050806002d00020101001c00"
    "024001003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f0"
    "3e51570806048000ffff";

static struct str odcid(void)
{
    return STR("\x83\x94\xc8\xf0\x3e\x51\x57\x08");
}

static void initial_secrets(void **state)
{
    for (size_t i = 0; i < 2; i++) {
        struct keysched13_secret s;
        assert_int_equal(quic_keys_initial_secret(crypto, rfc[i].version, odcid(), false, &s), 0);
        expect(s.b, s.n, rfc[i].client);
        assert_int_equal(quic_keys_initial_secret(crypto, rfc[i].version, odcid(), true, &s), 0);
        expect(s.b, s.n, rfc[i].server);
        struct quic_keys send, receive;
        assert_int_equal(quic_keys_initial(&send, &receive, crypto, rfc[i].version, odcid(), false),
                         0);
        expect(send.iv, sizeof send.iv, rfc[i].client_iv);
        expect(receive.iv, sizeof receive.iv, rfc[i].server_iv);
        quic_keys_done(&send);
        quic_keys_done(&receive);
    }
}

/* A.2 (version 1): what the packet begins with is known; it is 1200 bytes long. */
static void client_initial(void **state)
{
    struct bytes packet = hex("c300000001088394c8f03e5157080000449e00000002"),
                 frame = hex(client_frame);
    struct quic_keys send, receive;
    size_t head = packet.n, body = 1162;
    memcpy(packet.b + head, frame.b, frame.n);
    assert_int_equal(quic_keys_initial(&send, &receive, crypto, QUIC_V1, odcid(), false), 0);
    assert_int_equal(quic_keys_seal(&send, packet.b, head, 4, body, 2), 0);
    expect(packet.b, 38,
           "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b");
    expect(packet.b + 1184, 16, "e221af44860018ab0856972e194cd934");
    quic_keys_done(&send);
    quic_keys_done(&receive);
}

static void server_initial(void **state)
{
    for (size_t i = 0; i < 2; i++) {
        struct bytes head = hex(rfc[i].server_head), frames = hex(server_frames), packet = head;
        struct bytes want = hex(rfc[i].server_packet);
        struct quic_keys send, receive, other;
        memcpy(packet.b + head.n, frames.b, frames.n);
        assert_int_equal(quic_keys_initial(&send, &receive, crypto, rfc[i].version, odcid(), true),
                         0);
        assert_int_equal(quic_keys_seal(&send, packet.b, head.n, 2, frames.n, 1), 0);
        assert_memory_equal(packet.b, want.b, want.n);
        assert_int_equal(want.n, head.n + frames.n + 16);
        quic_keys_done(&send);
        quic_keys_done(&receive);

        struct quicpkt p;
        unsigned char plain[2048];
        uint64_t number;
        struct str payload;
        unsigned reserved;
        assert_int_equal(
            quic_keys_initial(&other, &receive, crypto, rfc[i].version, odcid(), false), 0);
        assert_int_equal(quicpkt_parse(&p, of(&want), 0), 0);
        assert_int_equal(quic_keys_open(&receive, &p, 0, plain, &number, &payload, &reserved), 0);
        assert_int_equal(number, 1);
        assert_int_equal(reserved, 0);
        assert_true(str_eq(payload, of(&frames)));
        assert_memory_equal(plain, head.b, head.n);
        quic_keys_done(&other);
        quic_keys_done(&receive);
    }
}

static void retry(void **state)
{
    for (size_t i = 0; i < 2; i++) {
        struct bytes packet = hex(rfc[i].retry);
        unsigned char tag[QUICPKT_TAG];
        struct quicpkt p;
        assert_int_equal(quicpkt_parse(&p, of(&packet), 0), 0);
        assert_true(str_eq(p.token, STR("token")));
        struct str head = str_sub(of(&packet), 0, packet.n - QUICPKT_TAG);
        assert_int_equal(quic_keys_retry_tag(crypto, rfc[i].version, odcid(), head, tag), 0);
        assert_true(str_eq(p.integrity, crypto_str(tag, sizeof tag)));
    }
}

static void chacha(void **state)
{
    struct bytes s = hex("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b");
    struct keysched13_secret secret = {.n = s.n};
    memcpy(secret.b, s.b, s.n);
    for (size_t i = 0; i < 2; i++) {
        struct quic_keys send, receive;
        struct bytes packet = hex("4200bff401");
        unsigned char plain[64];
        uint64_t number;
        struct str payload;
        unsigned reserved;
        struct quicpkt p;
        assert_int_equal(quic_keys_init(&send, crypto, rfc[i].version, 0x1303, &secret, true), 0);
        expect(send.iv, sizeof send.iv, rfc[i].chacha_iv);
        assert_int_equal(quic_keys_seal(&send, packet.b, 4, 3, 1, 654360564), 0);
        expect(packet.b, 21, rfc[i].chacha_packet);
        assert_int_equal(quic_keys_init(&receive, crypto, rfc[i].version, 0x1303, &secret, false),
                         0);
        assert_int_equal(quicpkt_parse(&p, crypto_str(packet.b, 21), 0), 0);
        assert_int_equal(
            quic_keys_open(&receive, &p, 654360560, plain, &number, &payload, &reserved), 0);
        assert_int_equal(number, 654360564);
        assert_true(str_eq(payload, STR("\1")));
        quic_keys_done(&send);
        quic_keys_done(&receive);
    }
}

static struct keysched13_secret some_secret(uint16_t suite)
{
    struct keysched13_secret s = {.n = suite == 0x1302 ? 48 : 32};
    memset(s.b, 0x5a, s.n);
    return s;
}

/* Two packets in both orders; then each bit of one flipped. */
static void each_suite(void **state)
{
    for (uint16_t suite = 0x1301; suite <= 0x1304; suite++) {
        struct keysched13_secret secret = some_secret(suite);
        struct quic_keys send, receive;
        unsigned char packet[2][64] = {"\x41"
                                       "cid"
                                       "\0\7"
                                       "first",
                                       "\x41"
                                       "cid"
                                       "\0\x08"
                                       "other"};
        unsigned char plain[64];
        uint64_t number;
        struct str payload;
        unsigned reserved;
        struct quicpkt p;
        assert_int_equal(quic_keys_init(&send, crypto, QUIC_V1, suite, &secret, true), 0);
        assert_int_equal(quic_keys_init(&receive, crypto, QUIC_V1, suite, &secret, false), 0);
        for (int i = 0; i < 2; i++)
            assert_int_equal(quic_keys_seal(&send, packet[i], 6, 2, 5, 7 + (uint64_t)i), 0);
        for (int i = 1; i >= 0; i--) {
            assert_int_equal(quicpkt_parse(&p, crypto_str(packet[i], 27), 3), 0);
            assert_int_equal(quic_keys_open(&receive, &p, 9, plain, &number, &payload, &reserved),
                             0);
            assert_int_equal(number, 7 + i);
            assert_true(str_eq(payload, i ? STR("other") : STR("first")));
        }
        for (size_t bit = 0; bit < 27 * 8; bit++) {
            unsigned char bad[27];
            memcpy(bad, packet[0], 27);
            bad[bit / 8] ^= (unsigned char)(1u << bit % 8);
            if (quicpkt_parse(&p, crypto_str(bad, 27), 3) || p.kind != QUICPKT_SHORT)
                continue;
            if (quic_keys_open(&receive, &p, 9, plain, &number, &payload, &reserved) !=
                -ERR_BAD_MESSAGE)
                fail_msg("suite %x, bit %zu", suite, bit);
        }
        for (size_t n = 4; n < 27; n++) {
            assert_int_equal(quicpkt_parse(&p, crypto_str(packet[0], n), 3), n > 3 ? 0 : 1);
            assert_int_equal(quic_keys_open(&receive, &p, 9, plain, &number, &payload, &reserved),
                             -ERR_BAD_MESSAGE);
        }
        assert_int_equal(quic_keys_seal(&send, packet[0], 6, 2, 1, 9), -ERR_RANGE);
        quic_keys_done(&send);
        quic_keys_done(&receive);
    }
    struct quic_keys none = {.aead = NULL};
    struct keysched13_secret secret = some_secret(0x1305);
    assert_int_equal(quic_keys_init(&none, crypto, QUIC_V1, 0x1305, &secret, true),
                     -ERR_UNSUPPORTED);
    assert_false(quic_keys_are(&none));
}

static int setup(void **state)
{
    crypto = crypto_new();
    return crypto ? 0 : -1;
}

static int teardown(void **state)
{
    crypto_free(crypto);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initial_secrets), cmocka_unit_test(client_initial),
        cmocka_unit_test(server_initial),  cmocka_unit_test(retry),
        cmocka_unit_test(chacha),          cmocka_unit_test(each_suite),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
