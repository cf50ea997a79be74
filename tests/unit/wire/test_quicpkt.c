/* QUIC packets: RFC 9000's examples, all kinds in both versions, and every cut of them. */
#include "wire/quicpkt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct buf out;

static struct str made(void)
{
    assert_true(buf_ok(&out));
    return buf_str(&out);
}

static int begin(void **state)
{
    buf_init(&out, 4096);
    return 0;
}

static int end(void **state)
{
    buf_done(&out);
    return 0;
}

/* RFC 9000 A.1, and the ends of each size. */
static void varints(void **state)
{
    static const struct {
        struct str wire;
        uint64_t v;
    } rows[] = {
        {{"\xc2\x19\x7c\x5e\xff\x14\xe8\x8c", 8}, UINT64_C(151288809941952652)},
        {{"\x9d\x7f\x3e\x7d", 4}, 494878333},
        {{"\x7b\xbd", 2}, 15293},
        {{"\x25", 1}, 37},
        {{"\x3f", 1}, 63},
        {{"\x40\x40", 2}, 64},
        {{"\x7f\xff", 2}, 16383},
        {{"\x80\x00\x40\x00", 4}, 16384},
        {{"\xbf\xff\xff\xff", 4}, 1073741823},
        {{"\xc0\x00\x00\x00\x40\x00\x00\x00", 8}, 1073741824},
        {{"\xff\xff\xff\xff\xff\xff\xff\xff", 8}, QUICPKT_NUMBER_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tlsread r = tlsread_of(rows[i].wire);
        assert_int_equal(quicpkt_varint(&r), rows[i].v);
        assert_true(tlsread_done(&r));
        buf_clear(&out);
        quicpkt_put_varint(&out, rows[i].v);
        assert_true(str_eq(made(), rows[i].wire));
        assert_int_equal(quicpkt_varint_size(rows[i].v), rows[i].wire.n);
        for (size_t n = 0; n < rows[i].wire.n; n++) {
            r = tlsread_of(str_sub(rows[i].wire, 0, n));
            quicpkt_varint(&r);
            assert_true(r.bad);
        }
    }
    /* Longer than needed is fine where RFC 9000 does not say otherwise. */
    struct tlsread r = tlsread_of(STR("\x40\x25"));
    assert_int_equal(quicpkt_varint(&r), 37);
    r = tlsread_of(STR("\xff\xff\xff\xff\xff\xff\xff\xff"));
    assert_int_equal(quicpkt_vector(&r).n, 0);
    assert_true(r.bad);
}

static void numbers(void **state)
{
    assert_int_equal(quicpkt_number(0xa82f30eb, 0x9b32, 2), 0xa82f9b32); /* RFC 9000 A.3 */
    assert_int_equal(quicpkt_number(0, 0, 1), 0);
    assert_int_equal(quicpkt_number(0, 255, 1), 255);
    assert_int_equal(quicpkt_number(256, 255, 1), 255);
    assert_int_equal(quicpkt_number(255, 0, 1), 256);
    assert_int_equal(quicpkt_number(0x1ff, 0x80, 1), 0x180);
    assert_int_equal(quicpkt_number(0x181, 0x02, 1), 0x102);
    assert_int_equal(quicpkt_number(QUICPKT_NUMBER_MAX, 0, 1), QUICPKT_NUMBER_MAX - 255);
    /* Whatever was sent within half a window of what is expected comes out again. */
    for (uint64_t next = 0; next < 1000; next++)
        for (uint64_t sent = next > 127 ? next - 127 : 0; sent <= next + 128; sent++)
            assert_int_equal(quicpkt_number(next, (uint32_t)sent & 0xff, 1), sent);
}

static struct quicpkt_head head(enum quicpkt_kind kind, uint32_t version)
{
    return (struct quicpkt_head){
        .kind = kind,
        .version = version,
        .dcid = STR("\x83\x94\xc8\xf0\x3e\x51\x57\x08"),
        .scid = STR("me"),
        .token = kind == QUICPKT_INITIAL || kind == QUICPKT_RETRY ? STR("token") : STR_NONE,
        .number = 0x1234567,
        .number_n = 3,
    };
}

static void check(const struct quicpkt *p, const struct quicpkt_head *h)
{
    assert_int_equal(p->kind, h->kind);
    assert_true(str_eq(p->dcid, h->dcid));
    if (h->kind == QUICPKT_SHORT)
        return;
    assert_true(str_eq(p->scid, h->scid));
    assert_true(str_eq(p->token, h->token));
    assert_int_equal(p->version, h->kind == QUICPKT_NEGOTIATION ? 0 : h->version);
}

static const enum quicpkt_kind numbered[] = {QUICPKT_INITIAL, QUICPKT_ZERO_RTT, QUICPKT_HANDSHAKE};
static const uint32_t both[] = {QUIC_V1, QUIC_V2};

/* A copy of its own size, so that a read behind it is seen. */
static int parse_exact(struct str in)
{
    struct quicpkt p;
    char *copy = malloc(in.n + !in.n);
    assert_non_null(copy);
    if (in.n)
        memcpy(copy, in.p, in.n);
    int err = quicpkt_parse(&p, str_of(copy, in.n), 8);
    free(copy);
    return err;
}

static void long_headers(void **state)
{
    for (size_t v = 0; v < 2; v++) {
        for (size_t k = 0; k < 3; k++) {
            struct quicpkt_head h = head(numbered[k], both[v]);
            struct quicpkt p;
            buf_clear(&out);
            quicpkt_emit(&out, &h, 10);
            assert_int_equal(made().n, quicpkt_head_size(&h));
            buf_add(&out, STR("0123456789tag tag tag tag "));
            size_t n = made().n;
            for (size_t cut = 0; cut < n; cut++)
                assert_int_equal(parse_exact(str_sub(made(), 0, cut)), -ERR_BAD_MESSAGE);
            buf_add(&out, STR("next packet"));
            assert_int_equal(quicpkt_parse(&p, made(), 0), 0);
            check(&p, &h);
            assert_int_equal(p.whole.n, n);
            assert_memory_equal(p.whole.p + p.number_at, "\x23\x45\x67\x30", 4);
        }
    }
}

/* RFC 9369 3.2: 0b01 Initial, 0b10 0-RTT, 0b11 Handshake, 0b00 Retry. */
static void type_bits(void **state)
{
    static const unsigned char v1[] = {0xc2, 0xd2, 0xe2, 0xf0}, v2[] = {0xd2, 0xe2, 0xf2, 0xc0};
    for (enum quicpkt_kind k = QUICPKT_INITIAL; k <= QUICPKT_RETRY; k++) {
        struct quicpkt_head h = head(k, QUIC_V1);
        buf_clear(&out);
        quicpkt_emit(&out, &h, 0);
        assert_int_equal((unsigned char)made().p[0], v1[k]);
        h.version = QUIC_V2;
        buf_clear(&out);
        quicpkt_emit(&out, &h, 0);
        assert_int_equal((unsigned char)made().p[0], v2[k]);
    }
}

static void short_header(void **state)
{
    struct quicpkt_head h = head(QUICPKT_SHORT, 0);
    struct quicpkt p;
    quicpkt_emit(&out, &h, 3);
    assert_int_equal(made().n, quicpkt_head_size(&h));
    assert_int_equal((unsigned char)made().p[0], 0x42);
    assert_int_equal(quicpkt_parse(&p, made(), 8), 0);
    check(&p, &h);
    assert_int_equal(p.number_at, 9);
    assert_int_equal(p.whole.n, made().n);
    for (size_t n = 0; n <= 8; n++)
        assert_int_equal(quicpkt_parse(&p, str_sub(made(), 0, n), 8), -ERR_BAD_MESSAGE);
    assert_int_equal(quicpkt_parse(&p, STR("\x02zzzzzzzzzzzzz"), 8), -ERR_BAD_MESSAGE);
}

static void retry(void **state)
{
    struct quicpkt p;
    for (size_t v = 0; v < 2; v++) {
        struct quicpkt_head h = head(QUICPKT_RETRY, both[v]);
        buf_clear(&out);
        quicpkt_emit(&out, &h, 0);
        assert_int_equal(made().n, quicpkt_head_size(&h));
        buf_add(&out, STR("integrity-tag-16"));
        assert_int_equal(quicpkt_parse(&p, made(), 0), 0);
        check(&p, &h);
        assert_true(str_eq(p.integrity, STR("integrity-tag-16")));
        assert_int_equal(p.whole.n, made().n);
    }
    assert_int_equal(quicpkt_parse(&p, str_sub(made(), 0, 1 + 4 + 9 + 3 + 15), 0),
                     -ERR_BAD_MESSAGE);
}

static void negotiation(void **state)
{
    struct quicpkt p;
    struct quicpkt_head h = head(QUICPKT_NEGOTIATION, 0);
    quicpkt_emit(&out, &h, 0);
    assert_int_equal(quicpkt_parse(&p, made(), 0), -ERR_BAD_MESSAGE);
    buf_add(&out, STR("\0\0\0\1\x6b\x33\x43\xcf\x0a\x1a\x2a\x3a"));
    assert_int_equal(quicpkt_parse(&p, made(), 0), 0);
    check(&p, &h);
    assert_int_equal(quicpkt_version(p.versions, 0), QUIC_V1);
    assert_int_equal(quicpkt_version(p.versions, 1), QUIC_V2);
    assert_int_equal(quicpkt_version(p.versions, 2), 0x0a1a2a3a);
    assert_int_equal(quicpkt_version(p.versions, 3), 0);
    buf_addc(&out, 0);
    assert_int_equal(quicpkt_parse(&p, made(), 0), -ERR_BAD_MESSAGE);
    /* RFC 9000 17.2.1: its low seven bits mean nothing, the fixed bit neither. */
    assert_int_equal(quicpkt_parse(&p, STR("\x80\0\0\0\0\1a\1b\0\0\0\1"), 0), 0);
}

static void strange(void **state)
{
    struct quicpkt p;
    /* RFC 8999: ids of any length in a version that we do not know. */
    char in[6 + 255 + 1 + 255 + 3] = "\xc0\x1a\x2a\x3a\x4a\xff";
    in[6 + 255] = (char)255;
    assert_int_equal(quicpkt_parse(&p, str_of(in, sizeof in), 0), 0);
    assert_int_equal(p.kind, QUICPKT_OTHER);
    assert_int_equal(p.dcid.n, 255);
    assert_int_equal(p.scid.n, 255);
    in[1] = in[2] = in[3] = 0;
    in[4] = 1;
    assert_int_equal(quicpkt_parse(&p, str_of(in, sizeof in), 0), -ERR_BAD_MESSAGE);
    /* No fixed bit; a token longer than the datagram; a length longer than it. */
    static const struct str bad[] = {
        {"\x80\0\0\0\1\1a\1b\0\1z", 11},
        {"\xc0\0\0\0\1\1a\1b\x05tok", 13},
        {"\xc0\0\0\0\1\1a\1b\0\3zz", 12},
        {"\xc0\0\0\0\1\1a\1b\xff\xff\xff\xff\xff\xff\xff\xff\x01z", 19},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(parse_exact(bad[i]), -ERR_BAD_MESSAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(varints, begin, end),
        cmocka_unit_test_setup_teardown(numbers, begin, end),
        cmocka_unit_test_setup_teardown(long_headers, begin, end),
        cmocka_unit_test_setup_teardown(type_bits, begin, end),
        cmocka_unit_test_setup_teardown(short_header, begin, end),
        cmocka_unit_test_setup_teardown(retry, begin, end),
        cmocka_unit_test_setup_teardown(negotiation, begin, end),
        cmocka_unit_test_setup_teardown(strange, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
