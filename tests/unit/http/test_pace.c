/* Deadlines by progress, in numbers. */
#include "http/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define S ((uint64_t)1000000000)

static const struct limits limits = {.header_timeout = 10 * S,
                                     .idle_timeout = 60 * S,
                                     .stall_timeout = 20 * S,
                                     .min_rate = 100,
                                     .rate_window = 30 * S};

static void waits(void **state)
{
    struct pace p;
    pace_enter(&p, PACE_IDLE, 5 * S);
    assert_int_equal(pace_deadline(&p, &limits), 65 * S);
    assert_int_equal(pace_check(&p, &limits, 65 * S - 1), 0);
    assert_int_equal(pace_check(&p, &limits, 65 * S), -ERR_TIMEOUT);
    pace_enter(&p, PACE_HEAD, 5 * S);
    pace_moved(&p, 100000, 14 * S); /* bytes do not prolong a head */
    assert_int_equal(pace_check(&p, &limits, 15 * S), -ERR_TIMEOUT);
    pace_enter(&p, PACE_HANDLER, 5 * S);
    assert_int_equal(pace_deadline(&p, &limits), UINT64_MAX);
    assert_int_equal(pace_check(&p, &limits, UINT64_MAX - 1), 0);
}

/* Time that is excused is no time: neither for the stall nor for the rate. */
static void excuses(void **state)
{
    struct pace p;
    pace_enter(&p, PACE_BODY_OUT, 0);
    for (uint64_t t = 5 * S; t <= 100 * S; t += 5 * S) {
        assert_int_equal(pace_check(&p, &limits, t), 0);
        pace_excuse(&p, 5 * S, t);
    }
    assert_int_equal(pace_check(&p, &limits, 120 * S - 1), 0);
    assert_int_equal(pace_check(&p, &limits, 120 * S), -ERR_TIMEOUT);
    pace_enter(&p, PACE_BODY_OUT, 0);
    pace_moved(&p, 2999, 20 * S);
    pace_excuse(&p, 10 * S, 20 * S); /* half of the time; the bytes stay */
    pace_moved(&p, 1, 39 * S);
    assert_int_equal(pace_check(&p, &limits, 40 * S - 1), 0);
    assert_int_equal(pace_check(&p, &limits, 40 * S), 0); /* 3000 in 30 s */
    pace_excuse(&p, UINT64_MAX, 50 * S); /* never beyond now */
    assert_int_equal(pace_deadline(&p, &limits), 70 * S);
}

static void stalls(void **state)
{
    struct pace p;
    pace_enter(&p, PACE_BODY_OUT, 0);
    pace_moved(&p, 1000000, 9 * S);
    pace_moved(&p, 0, 15 * S); /* nothing is no progress */
    assert_int_equal(pace_deadline(&p, &limits), 29 * S);
    assert_int_equal(pace_check(&p, &limits, 28 * S), 0);
    assert_int_equal(pace_check(&p, &limits, 29 * S), -ERR_TIMEOUT);
}

static void rates(void **state)
{
    struct pace p;
    pace_enter(&p, PACE_BODY_IN, 0);
    for (uint64_t t = 1; t <= 30; t++)
        pace_moved(&p, 100, t * S);
    assert_int_equal(pace_check(&p, &limits, 30 * S), 0); /* exactly enough; a new window */
    assert_int_equal(p.window_bytes, 0);
    for (uint64_t t = 31; t <= 59; t++) {
        pace_moved(&p, 99, t * S);
        assert_int_equal(pace_check(&p, &limits, t * S), 0);
    }
    assert_int_equal(pace_check(&p, &limits, 60 * S), -ERR_TOO_SLOW);
}

static void no_limits(void **state)
{
    struct limits none = {.stall_timeout = UINT64_MAX};
    struct pace p;
    pace_enter(&p, PACE_BODY_IN, 1000);
    assert_int_equal(pace_deadline(&p, &none), UINT64_MAX);
    assert_int_equal(pace_check(&p, &none, UINT64_MAX - 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(waits), cmocka_unit_test(excuses), cmocka_unit_test(stalls),
                                       cmocka_unit_test(rates), cmocka_unit_test(no_limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
