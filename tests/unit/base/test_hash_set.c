/* Hashes in a set: what is in, what is double, where it ends. */
#include "base/hash_set.h"

#include <stdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint64_t seed[2] = {1, 2};

static struct str number(char out[16], int i)
{
    return str_of(out, (size_t)snprintf(out, 16, "%d", i));
}

static void test_what_is_in(void **state)
{
    struct hash_set s;
    char text[16];
    hash_set_init(&s, 100000, seed);
    assert_false(hash_set_has(&s, STR("0")));
    for (int i = 0; i < 10000; i++)
        assert_int_equal(hash_set_add(&s, number(text, i)), 0);
    for (int i = 0; i < 10000; i++) {
        assert_true(hash_set_has(&s, number(text, i)));
        assert_int_equal(hash_set_add(&s, number(text, i)), -ERR_EXISTS);
    }
    assert_false(hash_set_has(&s, STR("10000")));
    assert_int_equal(s.n, 10000);
    hash_set_done(&s);
}

static void test_the_limit(void **state)
{
    struct hash_set s;
    hash_set_init(&s, 2, seed);
    assert_int_equal(hash_set_add(&s, STR("a")), 0);
    assert_int_equal(hash_set_add(&s, STR("b")), 0);
    assert_int_equal(hash_set_add(&s, STR("c")), -ERR_LIMIT);
    assert_int_equal(hash_set_add(&s, STR("b")), -ERR_EXISTS);
    hash_set_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_in), cmocka_unit_test(test_the_limit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
