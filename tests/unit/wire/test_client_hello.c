/* What client_hello_emit makes, hello_parse reads back the same; and each extension as its RFC has
 * it. */
#include "wire/client_hello.h"

#include "wire/hello.h"
#include "wire/tlsrec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint16_t suites[] = {0x1301, 0x1302, 0xc02f, 0x0035};
static const uint16_t groups[] = {0x11ec, 29, 23};
static const uint16_t sigalgs[] = {0x0403, 0x0804, 0x0401};
static const uint16_t versions[] = {0x0304, 0x0303};
#define LIST(a) ((struct u16_list){a, sizeof a / sizeof *(a)})

static struct client_hello full(void)
{
    struct client_hello h = {.version = 0x0303, .session_id = STR("an id"), .suites = LIST(suites),
                             .sni = STR("example.com"), .versions = LIST(versions), .groups = LIST(groups),
                             .sigalgs = LIST(sigalgs), .alpn = STR("\2h2\x08http/1.1")};
    for (size_t i = 0; i < 32; i++)
        h.random[i] = (unsigned char)(0xe0 + i);
    return h;
}

struct made {
    struct buf message, records;
    struct hello_storage storage;
    struct hello h;
};

static void make(struct made *m, const struct client_hello *h)
{
    buf_init(&m->message, 1 << 20);
    buf_init(&m->records, 1 << 20);
    client_hello_emit(&m->message, h);
    assert_int_equal(buf_err(&m->message), 0);
    tlsrec_emit(&m->records, TLSREC_HANDSHAKE, TLS_WIRE_10, buf_str(&m->message), 0);
    assert_int_equal(hello_parse(&m->h, &m->storage, buf_str(&m->records)), 0);
    assert_int_equal(m->h.used, m->records.n);
}

static void unmake(struct made *m)
{
    buf_done(&m->message);
    buf_done(&m->records);
}

/* The extension's body, or p NULL; how often in *ret_n. */
static struct str find(const struct made *m, uint16_t wanted, size_t *ret_n)
{
    struct str rest = m->h.extensions, body, found = STR_NONE;
    uint16_t type;
    *ret_n = 0;
    while (hello_extension_next(&rest, &type, &body))
        if (type == wanted) {
            found = body;
            ++*ret_n;
        }
    return found;
}

static void assert_list(struct str got, struct u16_list want)
{
    assert_int_equal(got.n, want.n * 2);
    for (size_t i = 0; i < want.n; i++)
        assert_int_equal(hello_u16(got, i), want.v[i]);
}

static void assert_extension(const struct client_hello *h, uint16_t type, struct str body)
{
    struct made m;
    size_t n;
    make(&m, h);
    struct str got = find(&m, type, &n);
    assert_int_equal(n, 1);
    assert_int_equal(got.n, body.n);
    if (body.n)
        assert_memory_equal(got.p, body.p, body.n);
    unmake(&m);
}

static void test_reads_back(void **state)
{
    struct client_hello h = full();
    struct made m;
    make(&m, &h);
    assert_int_equal(m.h.legacy_version, 0x0303);
    assert_int_equal(m.h.max_version, 0x0304);
    assert_memory_equal(m.h.random.p, h.random, 32);
    assert_true(str_eq(m.h.session_id, h.session_id));
    assert_list(m.h.ciphers, h.suites);
    assert_list(m.h.versions, h.versions);
    assert_list(m.h.groups, h.groups);
    assert_list(m.h.sigalgs, h.sigalgs);
    assert_true(str_eq(m.h.sni, h.sni));
    assert_true(str_eq(m.h.alpn, h.alpn));
    assert_false(m.h.psk || m.h.ech || m.h.early_data);
    unmake(&m);
}

static void test_least(void **state)
{
    struct client_hello h = {.version = 0x0301, .suites = LIST(suites)};
    struct made m;
    make(&m, &h);
    assert_int_equal(m.h.extensions.n, 0);
    assert_int_equal(m.message.n, 4 + 2 + 32 + 1 + 2 + 8 + 2 + 2); /* an empty block is there */
    unmake(&m);
}

/* RFC 6101 5.6.1.2: nothing behind the compressions, whatever else is asked for. */
static void test_ssl3(void **state)
{
    struct client_hello h = full();
    struct made m;
    h.version = 0x0300;
    h.flags = ~0u;
    h.pad_to = 600;
    h.psk_identity = STR("ticket");
    h.psk_binder = 32;
    h.flags &= ~(uint32_t)CH_GREASE;
    make(&m, &h);
    assert_int_equal(m.h.legacy_version, 0x0300);
    assert_int_equal(m.h.max_version, 0x0300);
    assert_false(m.h.has_sni);
    assert_int_equal(m.message.n, 4 + 2 + 32 + 1 + 5 + 2 + 8 + 2);
    unmake(&m);
}

static void test_compressions(void **state)
{
    struct client_hello h = {.version = 0x0303, .suites = LIST(suites), .flags = CH_NO_EXTENSIONS};
    struct buf out;
    buf_init(&out, 1000);
    client_hello_emit(&out, &h);
    assert_memory_equal(buf_end(&out) - 2, "\1\0", 2);
    buf_clear(&out);
    h.compressions = STR("\1\0");
    client_hello_emit(&out, &h);
    assert_memory_equal(buf_end(&out) - 3, "\2\1\0", 3);
    buf_done(&out);
}

struct flag_case {
    uint32_t flag;
    uint16_t type;
    struct str body;
};

/* Every flag by itself: its extension is there once and right, and no other one came. */
static void test_flags(void **state)
{
    static const struct flag_case rows[] = {
        {CH_EMS, 23, {"", 0}},
        {CH_ETM, 22, {"", 0}},
        {CH_RENEGOTIATION, 0xff01, {"\4abcd", 5}},
        {CH_TICKET, 35, {"a ticket", 8}},
        {CH_STATUS, 5, {"\1\0\0\0\0", 5}},
        {CH_SCT, 18, {"", 0}},
        {CH_HEARTBEAT, 15, {"\1", 1}},
        {CH_NPN, 0x3374, {"", 0}},
        {CH_PSK_MODES, 45, {"\1\1", 2}},
        {CH_EARLY_DATA, 42, {"", 0}},
        {CH_POINT_FORMATS, 11, {"\1\0", 2}},
        {CH_KEY_SHARE, 51, {"\0\7\0\x1d\0\3key", 9}},
        {CH_CERT_COMPRESSION, 27, {"\6\0\1\0\2\0\3", 7}},
        {CH_MAX_FRAGMENT, 1, {"\4", 1}},
        {CH_RECORD_LIMIT, 28, {"\x40\1", 2}},
        {CH_QUIC, 0x39, {"params", 6}},
        {CH_POST_HANDSHAKE_AUTH, 49, {"", 0}},
    };
    struct buf shares;
    buf_init(&shares, 100);
    client_hello_add_share(&shares, 29, STR("key"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client_hello h = {.version = 0x0303, .suites = LIST(suites), .flags = rows[i].flag,
                                 .verify_data = STR("abcd"), .ticket = STR("a ticket"),
                                 .quic_params = STR("params"), .key_shares = buf_str(&shares)};
        struct made m;
        make(&m, &h);
        assert_int_equal(m.h.extensions.n, 4 + rows[i].body.n);
        unmake(&m);
        assert_extension(&h, rows[i].type, rows[i].body);
    }
    buf_done(&shares);
}

static void test_empty_key_share(void **state)
{
    struct client_hello h = full();
    h.flags = CH_KEY_SHARE;
    assert_extension(&h, 51, STR("\0\0"));
}

static void test_cookie_and_extra(void **state)
{
    struct client_hello h = full();
    h.cookie = STR("crumb");
    h.extra = STR("\x12\x34\0\3abc");
    assert_extension(&h, 44, STR("\0\5crumb"));
    assert_extension(&h, 0x1234, STR("abc"));
}

static void test_ech_grease(void **state)
{
    struct client_hello h = full();
    struct made m;
    size_t n;
    h.flags = CH_ECH_GREASE;
    make(&m, &h);
    struct str body = find(&m, 0xfe0d, &n);
    assert_true(m.h.ech && n == 1);
    /* outer, KDF, AEAD, config_id, enc, payload: RFC 9849 5 */
    assert_int_equal(body.n, 1 + 2 + 2 + 1 + 2 + 32 + 2 + 144);
    assert_memory_equal(body.p, "\0\0\1\0\1", 5);
    assert_memory_equal(body.p + 6, "\0\x20", 2);
    assert_memory_equal(body.p + 40, "\0\x90", 2);
    unmake(&m);
}

static void test_grease(void **state)
{
    struct client_hello h = full();
    struct made m;
    h.flags = CH_GREASE;
    make(&m, &h);
    assert_true(hello_is_grease(hello_u16(m.h.ciphers, 0)));
    assert_true(hello_is_grease(hello_u16(m.h.groups, 0)));
    assert_true(hello_is_grease(hello_u16(m.h.versions, 0)));
    assert_int_equal(m.h.ciphers.n, 2 * 5);
    assert_int_equal(m.h.max_version, 0x0304);
    struct str rest = m.h.extensions, body;
    uint16_t type;
    assert_true(hello_extension_next(&rest, &type, &body));
    assert_true(hello_is_grease(type));
    unmake(&m);
}

/* RFC 7685: the message is as long as wanted, or as long as it must be. */
static void test_padding(void **state)
{
    struct client_hello h = full();
    struct made m;
    make(&m, &h);
    size_t bare = m.message.n, n;
    unmake(&m);
    for (size_t to = 1; to < bare + 300; to += 7) {
        h.pad_to = to;
        make(&m, &h);
        assert_int_equal(m.message.n, to > bare + 4 ? to : bare + 4);
        struct str body = find(&m, 21, &n);
        assert_int_equal(n, 1);
        for (size_t i = 0; i < body.n; i++)
            assert_int_equal(body.p[i], 0);
        unmake(&m);
    }
    h.pad_to = 4000;
    make(&m, &h);
    assert_int_equal(m.message.n, 4000);
    unmake(&m);
}

/* RFC 8446 4.2.11: last, and the binder at the message's very end. */
static void test_psk(void **state)
{
    static const size_t binders[] = {32, 48};
    for (size_t i = 0; i < 2; i++) {
        struct client_hello h = full();
        struct made m;
        size_t n, binder = binders[i];
        h.flags = ~(uint32_t)(CH_NO_EXTENSIONS | CH_GREASE);
        h.psk_identity = STR("the ticket");
        h.psk_age = 0x01020304;
        h.psk_binder = binder;
        h.pad_to = 700;
        h.extra = STR("\x12\x34\0\0");
        make(&m, &h); /* hello_parse refuses a PSK that is not the last */
        assert_true(m.h.psk && m.h.early_data);
        assert_true(m.message.n >= 700);
        struct str body = find(&m, 41, &n);
        assert_int_equal(n, 1);
        assert_int_equal(body.n, 2 + 2 + 10 + 4 + 2 + 1 + binder);
        assert_memory_equal(body.p, "\0\x10\0\x0athe ticket\1\2\3\4", 18);
        assert_int_equal((unsigned char)body.p[19], 1 + binder);
        assert_int_equal((unsigned char)body.p[20], binder);
        assert_ptr_equal(body.p + body.n, buf_str(&m.records).p + m.records.n);
        unmake(&m);
    }
}

/* Behind other bytes in the same buffer, and beyond its end. */
static void test_buffers(void **state)
{
    struct client_hello h = full();
    struct buf alone, behind, small;
    buf_init(&alone, 1000);
    buf_init(&behind, 1000);
    client_hello_emit(&alone, &h);
    buf_add(&behind, STR("xxxxxxxx"));
    buf_consume(&behind, 5);
    client_hello_emit(&behind, &h);
    assert_true(str_eq(str_from(buf_str(&behind), 3), buf_str(&alone)));
    for (size_t max = 0; max < alone.n; max++) {
        buf_init(&small, max);
        client_hello_emit(&small, &h);
        assert_int_equal(buf_err(&small), -ERR_LIMIT);
        buf_done(&small);
    }
    buf_done(&alone);
    buf_done(&behind);
}

/* What no honest client sends goes out as told. */
static void test_wrong_on_purpose(void **state)
{
    struct client_hello h = full();
    struct buf out;
    struct hello parsed;
    struct hello_storage storage;
    buf_init(&out, 4000);
    h.session_id = STR("an id of more than thirty-two bytes, which RFC 5246 does not have");
    client_hello_emit(&out, &h);
    struct buf rec;
    buf_init(&rec, 4000);
    tlsrec_emit(&rec, TLSREC_HANDSHAKE, TLS_WIRE_10, buf_str(&out), 0);
    assert_int_equal(hello_parse(&parsed, &storage, buf_str(&rec)), -ERR_TLS_DECODE);
    assert_int_equal((unsigned char)buf_str(&out).p[38], h.session_id.n);
    buf_done(&rec);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_back),  cmocka_unit_test(test_least),
        cmocka_unit_test(test_ssl3),        cmocka_unit_test(test_compressions),
        cmocka_unit_test(test_flags),       cmocka_unit_test(test_empty_key_share),
        cmocka_unit_test(test_cookie_and_extra), cmocka_unit_test(test_ech_grease),
        cmocka_unit_test(test_grease),      cmocka_unit_test(test_padding),
        cmocka_unit_test(test_psk),         cmocka_unit_test(test_buffers),
        cmocka_unit_test(test_wrong_on_purpose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
