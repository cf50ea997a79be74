/* Transport parameters: there and back, defaults, limits, and what RFC 9000 forbids. */
#include "wire/quicparam.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void there_and_back(void **state)
{
    static const struct str address = {"\x7f\0\0\1\1\xbb"
                                       "0123456789abcdef\1\xbb\1c"
                                       "0123456789abcdef",
                                       4 + 2 + 16 + 2 + 1 + 1 + 16};
    struct quicparams p = {
        .original_dcid = STR("odcid"),
        .retry_scid = STR("r"),
        .initial_scid = STR("s"),
        .reset_token = STR("0123456789abcdef"),
        .preferred_address = address,
        .version = QUIC_V2,
        .versions = STR("\x6b\x33\x43\xcf\0\0\0\1"),
        .grease_bit = true,
    };
    static const enum quicparam_id numbers[] = {1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 0x20};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        quicparams_set(&p, numbers[i], numbers[i] == 10 ? 7 : 1300 + numbers[i]);
    p.seen |= 1u << 0 | 1u << 2 | 1u << 12 | 1u << 13 | 1u << 15 | 1u << 16 | 1u << 17;
    struct buf out;
    buf_init(&out, 1000);
    quicparams_emit(&out, &p);
    struct quicparams got;
    struct str wire = buf_str(&out);
    assert_int_equal(quicparams_parse(&got, wire), 0);
    assert_int_equal(got.n, 20);
    assert_int_equal(got.seen, p.seen);
    assert_memory_equal(got.number, p.number, sizeof p.number);
    assert_true(str_eq(got.original_dcid, p.original_dcid));
    assert_true(str_eq(got.initial_scid, p.initial_scid));
    assert_true(str_eq(got.retry_scid, p.retry_scid));
    assert_true(str_eq(got.reset_token, p.reset_token));
    assert_true(str_eq(got.preferred_address, address));
    assert_int_equal(got.version, QUIC_V2);
    assert_int_equal(quicpkt_version(got.versions, 1), QUIC_V1);
    assert_true(got.grease_bit && quicparams_has(&got, QUICPARAM_NO_MIGRATION));
    assert_null(quicparams_fault(&got));
    /* A cut is a fault, or has fewer parameters. */
    for (size_t n = 0; n < wire.n; n++) {
        char *copy = malloc(n + !n);
        assert_non_null(copy);
        memcpy(copy, wire.p, n);
        int err = quicparams_parse(&got, str_of(copy, n));
        assert_true(err == -ERR_BAD_MESSAGE || got.n < 20);
        free(copy);
    }
    buf_done(&out);
}

static void defaults(void **state)
{
    struct quicparams p;
    assert_int_equal(quicparams_parse(&p, STR("\x71\x23\3abc\x40\xff")), -ERR_BAD_MESSAGE);
    assert_int_equal(quicparams_parse(&p, STR("\x71\x23\3abc\x41\xff\0")), 0);
    assert_int_equal(p.n, 2);
    assert_int_equal(p.seen, 0);
    assert_int_equal(p.number[QUICPARAM_MAX_UDP_PAYLOAD], 65527);
    assert_int_equal(p.number[QUICPARAM_ACK_EXPONENT], 3);
    assert_int_equal(p.number[QUICPARAM_ACK_DELAY], 25);
    assert_int_equal(p.number[QUICPARAM_CID_LIMIT], 2);
    assert_null(quicparams_fault(&p));
}

static void refused(void **state)
{
    static const struct str bad[] = {
        {"\1\1\x0a\1\1\x0a", 6}, /* twice */
        {"\x6a\xb2\0\x6a\xb2\0", 6},
        {"\1\2\x0a\x0a", 4}, /* a number and more */
        {"\1\0", 2},         /* no number */
        {"\x0c\1a", 3},      /* a flag with a value */
        {"\2\x0f"
         "0123456789abcde",
         17},
        {"\x0f\x15"
         "012345678901234567890",
         23},
        {"\x11\3\0\0\0", 5}, /* no chosen version */
        {"\x11\5\0\0\0\1\0", 7},
        {"\x0d\1a", 3},
        {"\1", 1},
        {"\1\5\1", 3},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct quicparams p = {.n = 77};
        if (quicparams_parse(&p, bad[i]) != -ERR_BAD_MESSAGE || p.n != 77)
            fail_msg("row %zu", i);
    }
}

static void judged(void **state)
{
    static const struct {
        struct str in;
        const char *fault;
    } rows[] = {
        {{"\3\2\x44\xaf", 4}, "max_udp_payload_size"}, /* 1199 */
        {{"\3\2\x44\xb0", 4}, NULL},
        {{"\x0a\1\x15", 3}, "ack_delay_exponent"},
        {{"\x0b\4\x80\0\x40\0", 6}, "max_ack_delay"},
        {{"\x0e\1\1", 3}, "active_connection_id_limit"},
        {{"\x08\x08\xd0\0\0\0\0\0\0\1", 10}, "initial_max_streams_bidi"},
        {{"\x11\4\0\0\0\0", 6}, "version_information"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct quicparams p;
        assert_int_equal(quicparams_parse(&p, rows[i].in), 0);
        const char *fault = quicparams_fault(&p);
        assert_true(rows[i].fault ? fault && !strcmp(fault, rows[i].fault) : !fault);
    }
}

static void names(void **state)
{
    assert_string_equal(quicparam_name(QUICPARAM_IDLE_TIMEOUT), "max_idle_timeout");
    assert_string_equal(quicparam_name(QUICPARAM_GREASE_BIT), "grease_quic_bit");
    assert_null(quicparam_name(0x12));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back), cmocka_unit_test(defaults), cmocka_unit_test(refused),
        cmocka_unit_test(judged),         cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
