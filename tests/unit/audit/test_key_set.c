/* Keys held against keys: the same, another, or not to be compared. */
#include "audit/key_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* "rE" is an RSA key 'r' and an ECDSA key 'E': lower case RSA, capitals ECDSA. */
static struct key_set set_of(const char *text, bool complete)
{
    struct key_set s = {.complete = complete};
    for (; *text; text++) {
        unsigned char spki[32];
        memset(spki, *text, sizeof spki);
        key_set_add(&s, spki, *text >= 'a' ? CERT_KEY_RSA : CERT_KEY_EC);
    }
    return s;
}

static void comparisons(void **state)
{
    static const struct {
        const char *expected;
        bool complete;
        const char *seen;
        enum trust_answer answer;
    } rows[] = {
        {"r", false, "r", TRUST_SAME},       {"r", false, "s", TRUST_DIFFERENT},
        {"rE", false, "E", TRUST_SAME},      {"rE", false, "Er", TRUST_SAME},
        {"rE", false, "F", TRUST_DIFFERENT}, {"rE", false, "rF", TRUST_DIFFERENT},
        {"r", false, "E", TRUST_FAILED},     {"r", true, "E", TRUST_DIFFERENT},
        {"r", false, "rE", TRUST_FAILED},    {"r", false, "Es", TRUST_DIFFERENT},
        {"r", true, "", TRUST_FAILED},       {"", true, "r", TRUST_FAILED},
        {"", false, "", TRUST_FAILED},       {"rs", false, "s", TRUST_SAME},
    };
    struct arena a;
    arena_init(&a, 4096, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct key_set expected = set_of(rows[i].expected, rows[i].complete);
        struct key_set seen = set_of(rows[i].seen, false);
        struct trust_comparison c = {.with = STR("there")};
        key_set_compare(&a, &expected, &seen, &c);
        if (c.answer != rows[i].answer)
            fail_msg("%s, %s: %d", rows[i].expected, rows[i].seen, c.answer);
        assert_int_equal(c.why.n > 0, c.answer == TRUST_FAILED);
        assert_true(c.answer != TRUST_DIFFERENT || !str_eq(c.seen, c.expected));
        assert_true(c.seen.n == 0 || (str_starts(c.seen, STR("sha256/")) && c.seen.n == 51));
    }
    struct trust_comparison c = {.why = STR("connection refused")};
    struct key_set expected = set_of("r", true), none = {.n = 0};
    key_set_compare(&a, &expected, &none, &c);
    assert_true(c.answer == TRUST_FAILED && str_eq(c.why, STR("connection refused")));
    arena_done(&a);
}

static void sets(void **state)
{
    struct key_set s = set_of("rrE", false), more = set_of("EF", true);
    assert_int_equal(s.n, 2);
    key_set_join(&s, &more);
    assert_int_equal(s.n, 3);
    assert_true(s.complete);
    for (int i = 0; i < 300; i++) {
        unsigned char spki[32] = {1, (unsigned char)i, (unsigned char)(i >> 8)};
        key_set_add(&s, spki, CERT_KEY_RSA);
    }
    assert_int_equal(s.n, KEY_SET_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(comparisons), cmocka_unit_test(sets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
