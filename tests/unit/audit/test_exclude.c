/* The opt-out list. */
#include "audit/exclude.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint64_t seed[2] = {5, 6};

static bool has(const struct exclude *e, const char *word)
{
    return exclude_name(e, str_c(word));
}

static void test_names_and_ranges(void **state)
{
    struct exclude e;
    unsigned line;
    exclude_init(&e, seed);
    assert_int_equal(exclude_read(&e, STR("# who asked\nexample.com\n*.Example.org # all\n.example.net\n"
                                          "192.0.2.0/24\r\n10.0.0.5-10.0.0.9\n10.0.0.8-10.0.0.20\n"
                                          "2001:db8::/32\n[::1]\n198.51.100.7\n"), &line), 0);
    assert_true(has(&e, "example.com"));
    assert_false(has(&e, "www.example.com"));
    assert_true(has(&e, "example.org"));
    assert_true(has(&e, "a.b.example.org"));
    assert_false(has(&e, "notexample.org"));
    assert_true(has(&e, "x.example.net"));
    assert_true(has(&e, "192.0.2.255"));
    assert_false(has(&e, "192.0.3.0"));
    assert_true(has(&e, "10.0.0.5"));
    assert_true(has(&e, "10.0.0.20"));
    assert_false(has(&e, "10.0.0.4"));
    assert_false(has(&e, "10.0.0.21"));
    assert_true(has(&e, "2001:db8:ffff::1"));
    assert_true(has(&e, "::ffff:192.0.2.1"));
    assert_true(has(&e, "::1"));
    assert_true(has(&e, "198.51.100.7"));
    assert_false(has(&e, "198.51.100.8"));
    exclude_done(&e);
}

static void test_faults(void **state)
{
    static const char *const bad[] = {"a.example\n10.0.0.0/40\n", "\nb b\n", "x\n10.0.0.1/8\n",
                                      "x\n*example.com\n", "x\n*.192.0.2.1\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct exclude e;
        unsigned line;
        exclude_init(&e, seed);
        assert_int_equal(exclude_read(&e, str_c(bad[i]), &line), -ERR_SYNTAX);
        assert_int_equal(line, 2);
        exclude_done(&e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names_and_ranges), cmocka_unit_test(test_faults)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
