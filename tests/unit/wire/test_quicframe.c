/* QUIC frames: each type there and back, every cut of it, and what RFC 9000 forbids. */
#include "wire/quicframe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define TOKEN16 "0123456789abcdef"

/* Emitted, they have no length of their own: a cut in `data` is another valid frame. */
static bool open_ended(uint64_t type)
{
    return type == QUICFRAME_DATAGRAM ||
           (type >= QUICFRAME_STREAM && type <= QUICFRAME_STREAM_LAST && !(type & 2));
}

static const struct quicframe frames[] = {
    {.type = QUICFRAME_PING},
    {.type = QUICFRAME_ACK, .value = 1000, .delay = 70, .first = 3},
    {.type = QUICFRAME_ACK_ECN, .value = 7, .delay = 0, .first = 7},
    {.type = QUICFRAME_RESET_STREAM, .stream = 4, .value = 0x10c, .prior = 100000},
    {.type = QUICFRAME_STOP_SENDING, .stream = 4, .value = 0x10c},
    {.type = QUICFRAME_CRYPTO, .offset = 1200, .data = {"hello", 5}},
    {.type = QUICFRAME_NEW_TOKEN, .data = {"token", 5}},
    {.type = 0x08, .stream = 3, .data = {"abc", 3}},
    {.type = 0x0f, .stream = 3, .offset = 77, .data = {"abc", 3}, .end = true},
    {.type = 0x0c, .stream = 3, .offset = 77, .data = {"abc", 3}},
    {.type = 0x0a, .stream = 3, .data = {"abc", 3}},
    {.type = QUICFRAME_MAX_DATA, .value = 65536},
    {.type = QUICFRAME_MAX_STREAM_DATA, .stream = 1, .value = 65536},
    {.type = QUICFRAME_MAX_STREAMS_BIDI, .value = UINT64_C(1) << 60},
    {.type = QUICFRAME_MAX_STREAMS_UNI, .value = 100},
    {.type = QUICFRAME_DATA_BLOCKED, .value = 9},
    {.type = QUICFRAME_STREAM_DATA_BLOCKED, .stream = 1, .value = 9},
    {.type = QUICFRAME_STREAMS_BLOCKED_BIDI, .value = 9},
    {.type = QUICFRAME_STREAMS_BLOCKED_UNI, .value = 9},
    {.type = QUICFRAME_NEW_CONNECTION_ID,
     .value = 5,
     .prior = 5,
     .data = {"cid", 3},
     .reset = {TOKEN16, 16}},
    {.type = QUICFRAME_RETIRE_CONNECTION_ID, .value = 2},
    {.type = QUICFRAME_PATH_CHALLENGE, .data = {"12345678", 8}},
    {.type = QUICFRAME_PATH_RESPONSE, .data = {"12345678", 8}},
    {.type = QUICFRAME_CLOSE, .value = 0x128, .prior = 6, .data = {"no suite", 8}},
    {.type = QUICFRAME_CLOSE_APP, .value = 0x100, .data = {"", 0}},
    {.type = QUICFRAME_HANDSHAKE_DONE},
    {.type = QUICFRAME_DATAGRAM, .data = {"dg", 2}},
    {.type = QUICFRAME_DATAGRAM_LENGTH, .data = {"dg", 2}},
};

#define FRAMES (sizeof frames / sizeof frames[0])

static int parse_exact(struct str in, struct quicframe *ret)
{
    char *copy = malloc(in.n + !in.n);
    assert_non_null(copy);
    if (in.n)
        memcpy(copy, in.p, in.n);
    struct str rest = str_of(copy, in.n);
    int err = quicframe_parse(ret, &rest);
    assert_true(err == 0 || rest.n == in.n);
    free(copy); /* slices of *ret may die here */
    return err;
}

static void there_and_back(void **state)
{
    struct buf out;
    buf_init(&out, 4096);
    for (size_t i = 0; i < FRAMES; i++) {
        const struct quicframe *f = &frames[i];
        struct quicframe got;
        buf_clear(&out);
        quicframe_emit(&out, f);
        struct str wire = buf_str(&out), rest = wire;
        for (size_t n = 0; n < wire.n - (open_ended(f->type) ? f->data.n : 0); n++)
            if (parse_exact(str_sub(wire, 0, n), &got) != -ERR_BAD_MESSAGE)
                fail_msg("frame %zu cut at %zu", i, n);
        assert_int_equal(quicframe_parse(&got, &rest), 0);
        assert_int_equal(rest.n, 0);
        assert_true(got.type == f->type && got.stream == f->stream && got.offset == f->offset);
        assert_true(got.value == f->value && got.delay == f->delay && got.first == f->first);
        assert_true(got.prior == f->prior && got.end == f->end);
        assert_true(str_eq(got.data, f->data) && str_eq(got.reset, f->reset));
    }
    buf_done(&out);
}

/* In one packet, one after another, padding between. */
static void in_a_row(void **state)
{
    struct buf out;
    struct quicframe got;
    buf_init(&out, 4096);
    for (size_t i = 0; i < FRAMES; i++) {
        if (open_ended(frames[i].type))
            continue;
        quicframe_emit(&out, &frames[i]);
        buf_add(&out, STR("\0\0\0"));
    }
    struct str rest = buf_str(&out);
    for (size_t i = 0; i < FRAMES; i++) {
        if (open_ended(frames[i].type))
            continue;
        assert_int_equal(quicframe_parse(&got, &rest), 0);
        assert_int_equal(got.type, frames[i].type);
        assert_int_equal(quicframe_parse(&got, &rest), 0);
        assert_int_equal(got.type, QUICFRAME_PADDING);
    }
    assert_int_equal(rest.n, 0);
    buf_done(&out);
}

static void ranges(void **state)
{
    struct quicframe_ranges it = {.begun = false};
    struct buf data, out;
    uint64_t first, last;
    buf_init(&data, 100);
    buf_init(&out, 100);
    quicframe_put_range(&data, 0, 2); /* 8 missing, 5 to 7 */
    quicframe_put_range(&data, 1, 0); /* 3, 4 missing, 2 */
    quicframe_put_range(&data, 0, 0); /* 1 missing, 0 */
    assert_int_equal(quicframe_count_ranges(buf_str(&data)), 3);
    struct quicframe f = {.type = QUICFRAME_ACK, .value = 10, .first = 1, .data = buf_str(&data)};
    quicframe_emit(&out, &f);
    struct str rest = buf_str(&out);
    assert_int_equal(quicframe_parse(&f, &rest), 0);
    static const uint64_t want[][2] = {{9, 10}, {5, 7}, {2, 2}, {0, 0}};
    for (size_t i = 0; i < 4; i++) {
        assert_true(quicframe_range(&f, &it, &first, &last));
        assert_true(first == want[i][0] && last == want[i][1]);
    }
    assert_false(quicframe_range(&f, &it, &first, &last));
    buf_done(&data);
    buf_done(&out);
}

static void refused(void **state)
{
    static const struct str bad[] = {
        {"", 0},
        {"\x40\x06\0\0", 4},         /* a type longer than it must be */
        {"\x02\x05\0\0\x06", 5},     /* first range below 0 */
        {"\x02\x05\0\1\0\4\0", 7},   /* gap below 0 */
        {"\x02\x05\0\1\0\2\2", 7},   /* range below 0 */
        {"\x02\x05\0\x3f\0\0\0", 7}, /* ranges that are not there */
        {"\x02\x05\0\xff\xff\xff\xff\xff\xff\xff\xff\0", 12},
        {"\x07\0", 2},                                   /* an empty token */
        {"\x06\xff\xff\xff\xff\xff\xff\xff\xff\1a", 11}, /* ends above 2^62 - 1 */
        {"\x0e\0\xff\xff\xff\xff\xff\xff\xff\xff\1a", 12},
        {"\x12\xd0\0\0\0\0\0\0\1", 9}, /* more streams than ids */
        {"\x18\1\2\1c" TOKEN16, 21},   /* retires what is not yet there */
        {"\x18\2\1\0" TOKEN16, 20},    /* an id of no bytes */
        {"\x18\2\1\x15"
         "0123456789012345678901234567890123456789",
         44}, /* of 21 bytes */
        {"\x1c\0\0\5a", 5},
        {"\x1f", 1}, /* nobody's type */
        {"\x2f", 1},
        {"\x32", 1},
        {"\x40\xaf", 2}, /* ACK_FREQUENCY, not offered */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct quicframe got = {.value = 443};
        if (parse_exact(bad[i], &got) != -ERR_BAD_MESSAGE || got.value != 443)
            fail_msg("row %zu", i);
    }
}

/* RFC 9000 12.4, table 3, by columns. */
static void where(void **state)
{
    for (uint64_t type = 0; type <= QUICFRAME_HANDSHAKE_DONE; type++) {
        bool handshake = type <= 3 || type == 6 || type == QUICFRAME_CLOSE;
        bool zero = type != 2 && type != 3 && type != 6 && type != 7 && type != 0x19 &&
                    type != 0x1b && type != 0x1e;
        assert_int_equal(quicframe_allowed(type, QUICPKT_INITIAL), handshake);
        assert_int_equal(quicframe_allowed(type, QUICPKT_HANDSHAKE), handshake);
        assert_int_equal(quicframe_allowed(type, QUICPKT_ZERO_RTT), zero);
        assert_true(quicframe_allowed(type, QUICPKT_SHORT));
        assert_int_equal(quicframe_wants_ack(type),
                         type != 0 && type != 2 && type != 3 && type != 0x1c && type != 0x1d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back), cmocka_unit_test(in_a_row), cmocka_unit_test(ranges),
        cmocka_unit_test(refused),        cmocka_unit_test(where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
