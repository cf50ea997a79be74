/* Ranges, and streams put together: by a seed, against a plain row of flags. */
#include "audit/quic_boxes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t state;

static unsigned below(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % n;
}

static void same(const struct quic_ranges *r, const bool *flags, size_t n)
{
    struct quic_range gap;
    size_t first = 0;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(quic_ranges_has(r, i), flags[i]);
    for (size_t i = 0; i < r->n; i++)
        assert_true(r->v[i].from < r->v[i].to && (i == 0 || r->v[i - 1].to < r->v[i].from));
    while (first < n && flags[first])
        first++;
    assert_int_equal(quic_ranges_gap(r, 0, n, &gap), first < n);
    if (first < n) {
        assert_int_equal(gap.from, first);
        while (first < n && !flags[first])
            first++;
        assert_int_equal(gap.to, first);
    }
}

static void ranges(void **unused)
{
    for (state = 1; state < 200; state++) {
        uint64_t seed = state;
        struct quic_ranges r = {.n = 0};
        bool flags[60] = {false};
        for (int i = 0; i < 40; i++) {
            unsigned from = below(60), to = from + below(60 - from);
            assert_true(quic_ranges_add(&r, from, to));
            for (unsigned k = from; k < to; k++)
                flags[k] = true;
            same(&r, flags, 60);
        }
        state = seed;
    }
}

static void full(void **unused)
{
    struct quic_ranges r = {.n = 0};
    for (uint64_t i = 0; i < QUIC_RANGES_MAX; i++)
        assert_true(quic_ranges_add(&r, 2 * i + 1, 2 * i + 2));
    assert_false(quic_ranges_add(&r, 1000, 1001));
    assert_int_equal(r.n, QUIC_RANGES_MAX);
    assert_true(quic_ranges_add(&r, 2, 3)); /* joins two */
    assert_int_equal(r.n, QUIC_RANGES_MAX - 1);
    assert_true(quic_ranges_add(&r, 1000, 1001));
    quic_ranges_drop_lowest(&r);
    assert_false(quic_ranges_has(&r, 1));
    assert_true(quic_ranges_add(&r, 0, UINT64_MAX));
    assert_int_equal(r.n, 1);
}

static char byte_at(size_t i)
{
    return (char)(i * 7 + i / 251);
}

/* Pieces that overlap, in any order, read as they become whole. */
static void inbox(void **unused)
{
    static char all[5000], got[5000];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = byte_at(i);
    for (state = 1; state < 60; state++) {
        uint64_t seed = state;
        struct quic_inbox in = {.mem = NULL};
        size_t n = 0;
        for (int i = 0; n < sizeof all && i < 100000; i++) {
            size_t from = below(sizeof all), size = below(400);
            (void)!quic_inbox_add(&in, from, str_sub(str_of(all, sizeof all), from, size));
            struct str s = quic_inbox_str(&in);
            size_t take = s.n ? below((unsigned)s.n + 1) : 0;
            if (take)
                memcpy(got + n, s.p, take);
            n += take;
            quic_inbox_take(&in, take);
        }
        assert_int_equal(n, sizeof all);
        assert_memory_equal(got, all, sizeof all);
        quic_inbox_done(&in);
        state = seed;
    }
}

static void inbox_limits(void **unused)
{
    struct quic_inbox in = {.mem = NULL};
    assert_int_equal(quic_inbox_add(&in, QUIC_INBOX_MAX, STR("x")), -ERR_LIMIT);
    assert_int_equal(quic_inbox_add(&in, UINT64_MAX, STR("x")), -ERR_LIMIT);
    assert_int_equal(quic_inbox_add(&in, QUIC_INBOX_MAX, STR_NONE), 0);
    assert_int_equal(quic_inbox_add(&in, QUIC_INBOX_MAX - 1, STR("x")), 0);
    assert_int_equal(quic_inbox_str(&in).n, 0);
    for (uint64_t i = 1; i < QUIC_RANGES_MAX; i++)
        assert_int_equal(quic_inbox_add(&in, 3 * i, STR("x")), 0);
    assert_int_equal(quic_inbox_add(&in, 1000, STR("x")), -ERR_TOO_MANY);
    assert_int_equal(quic_inbox_add(&in, 0, STR("abc")), 0); /* joins the piece at 3 */
    assert_true(str_eq(quic_inbox_str(&in), STR("abcx")));
    quic_inbox_take(&in, 2);
    assert_int_equal(quic_inbox_add(&in, 0, STR("ABC")), 0);
    assert_true(str_eq(quic_inbox_str(&in), STR("Cx")));
    quic_inbox_done(&in);
}

static void outbox(void **unused)
{
    struct quic_outbox out;
    uint64_t at;
    struct str piece;
    quic_outbox_init(&out);
    assert_false(quic_outbox_pending(&out));
    assert_true(quic_outbox_all_acked(&out));
    buf_add(&out.data, STR("0123456789"));
    assert_true(quic_outbox_next(&out, 4, &at, &piece) && at == 0 && str_eq(piece, STR("0123")));
    assert_true(quic_outbox_next(&out, 99, &at, &piece) && at == 4 && str_eq(piece, STR("456789")));
    assert_false(quic_outbox_next(&out, 99, &at, &piece));
    assert_true(quic_ranges_add(&out.acked, 2, 5));
    quic_outbox_rewind(&out);
    assert_false(quic_outbox_next(&out, 0, &at, &piece));
    assert_true(quic_outbox_next(&out, 99, &at, &piece) && at == 0 && str_eq(piece, STR("01")));
    assert_true(quic_outbox_next(&out, 99, &at, &piece) && at == 5 && str_eq(piece, STR("56789")));
    assert_false(quic_outbox_all_acked(&out));
    assert_true(quic_ranges_add(&out.acked, 0, 10));
    assert_true(quic_outbox_all_acked(&out));
    quic_outbox_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges),       cmocka_unit_test(full),   cmocka_unit_test(inbox),
        cmocka_unit_test(inbox_limits), cmocka_unit_test(outbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
