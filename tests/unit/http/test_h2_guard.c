/* The flood guard is pure: time is what the test says. */
#include "http/h2_guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SECOND ((uint64_t)1000000000)

static unsigned until_flood(struct h2_guard *g, enum h2_cost kind, uint64_t now)
{
    unsigned n = 0;
    while (h2_guard_spend(g, kind, now) == 0 && n < 100000)
        n++;
    return n;
}

static void bursts_are_bounded(void **state)
{
    for (int kind = 0; kind < H2_COST_COUNT; kind++) {
        struct h2_guard g;
        h2_guard_init(&g, 100, 5);
        unsigned n = until_flood(&g, (enum h2_cost)kind, 5);
        assert_true(n >= 32 && n <= 1000);
    }
    struct h2_guard g;
    h2_guard_init(&g, 100, 0);
    assert_int_equal(until_flood(&g, H2_COST_RESET, 0), 100);
}

static void time_forgives(void **state)
{
    struct h2_guard g;
    h2_guard_init(&g, 100, 0);
    uint64_t now = 0;
    for (int i = 0; i < 10000; i++) { /* ten a second, which the bucket loses */
        assert_int_equal(h2_guard_spend(&g, H2_COST_RESET, now), 0);
        now += SECOND / 10;
    }
    assert_true(until_flood(&g, H2_COST_RESET, now) >= 95);
    now += 100000 * SECOND;
    assert_int_equal(until_flood(&g, H2_COST_RESET, now), 100);
    assert_int_equal(h2_guard_spend(&g, H2_COST_PING, 0), 0); /* time that goes back is no time */
    /* many small gaps are a long one */
    h2_guard_init(&g, 100, 0);
    now = 0;
    for (int i = 0; i < 1000000; i++) {
        now += 100000; /* 10,000 a second for 100 s */
        if (i % 1000 == 0)
            assert_int_equal(h2_guard_spend(&g, H2_COST_RESET, now), 0);
    }
}

static void data_pays_for_window_updates(void **state)
{
    struct h2_guard g;
    h2_guard_init(&g, 100, 0);
    for (int i = 0; i < 100000; i++) { /* a fast download, two updates a frame */
        h2_guard_sent(&g, 16384, false);
        assert_int_equal(h2_guard_spend(&g, H2_COST_WINDOW, 0), 0);
        assert_int_equal(h2_guard_spend(&g, H2_COST_WINDOW, 0), 0);
    }
    unsigned n = 0;
    for (; n < 5000; n++) { /* byte by byte */
        h2_guard_sent(&g, 1, false);
        if (h2_guard_spend(&g, H2_COST_WINDOW, 0) != 0)
            break;
    }
    assert_true(n < 1100);
}

/* Three frames behind a preface, fed in pieces of every size. */
static void frames_are_followed(void **state)
{
    char text[24 + 9 + 9 + 5 + 9 + 300] = {0};
    size_t at = 24 + 9;
    text[at + 2] = 5;
    at += 9 + 5;
    text[at + 1] = 1; /* 256 + 44 */
    text[at + 2] = 44;
    for (size_t step = 1; step <= sizeof text; step++) {
        struct h2_frames f;
        h2_frames_init(&f);
        for (size_t i = 0; i < sizeof text; i += step)
            h2_frames_scan(&f, text + i, sizeof text - i < step ? sizeof text - i : step);
        assert_int_equal(f.scanned, 2);
        assert_int_equal(f.skip + f.have, 0);
        h2_frames_begun(&f, 0);
        h2_frames_begun(&f, 300);
        assert_int_equal(h2_frames_ignored(&f), 1);
        assert_int_equal(h2_frames_ignored(&f), 0);
    }
}

/* A PRIORITY_UPDATE, in pieces of every size. */
static bool is_faulty(uint8_t type, size_t length, const char id[4])
{
    char text[24 + 9 + 300 + 9] = {0};
    text[24 + 1] = (char)(length >> 8);
    text[24 + 2] = (char)length;
    text[24 + 3] = (char)type;
    memcpy(text + 24 + 9, id, 4);
    text[24 + 9 + length + 8] = 1; /* the next frame's stream */
    size_t n = 24 + 9 + length + 9;
    bool first = false;
    for (size_t step = 1; step <= n; step++) {
        struct h2_frames f;
        h2_frames_init(&f);
        for (size_t i = 0; i < n; i += step)
            h2_frames_scan(&f, text + i, n - i < step ? n - i : step);
        assert_int_equal(f.skip + f.have, 0);
        if (step == 1)
            first = f.faulty;
        assert_int_equal(f.faulty, first);
    }
    return first;
}

static void priority_updates_are_read(void **state)
{
    assert_true(is_faulty(0x10, 4, "\0\0\0\0"));
    assert_true(is_faulty(0x10, 300, "\x80\0\0\0")); /* RFC 9218 7.1: the first bit is reserved */
    assert_false(is_faulty(0x10, 7, "\0\0\0\1"));
    assert_false(is_faulty(0x10, 7, "\x7f\0\0\0"));
    assert_false(is_faulty(0x10, 3, "\0\0\0\0")); /* the library's: FRAME_SIZE_ERROR */
    assert_false(is_faulty(0x06, 8, "\0\0\0\0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bursts_are_bounded),
        cmocka_unit_test(time_forgives),
        cmocka_unit_test(data_pays_for_window_updates),
        cmocka_unit_test(frames_are_followed),
        cmocka_unit_test(priority_updates_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
