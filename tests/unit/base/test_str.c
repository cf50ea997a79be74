/* Slices. */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

static void compares(void **state)
{
    assert_true(str_eq(STR("abc"), STR("abc")));
    assert_true(str_eq(STR_NONE, STR("")));
    assert_false(str_eq(STR("abc"), STR("abd")));
    assert_true(str_ieq(STR("Host"), STR("hOST")));
    assert_false(str_ieq(STR("["), STR("{"))); /* differ by 0x20 but are no letters */
    assert_true(str_cmp(STR("a"), STR("ab")) < 0);
    assert_true(str_cmp(STR("b"), STR("ab")) > 0);
    assert_int_equal(str_cmp(STR("ab"), STR("ab")), 0);
    assert_int_equal(str_cmp(STR_NONE, STR("")), 0);
    assert_true(str_starts(STR("/api/x"), STR("/api/")));
    assert_false(str_starts(STR("/ap"), STR("/api/")));
    assert_true(str_istarts(STR("BYTES=1"), STR("bytes=")));
    assert_true(str_ends(STR("a.html"), STR(".html")));
    assert_false(str_ends(STR("l"), STR("html")));
}

static void cuts(void **state)
{
    assert_true(str_eq(str_sub(STR("abcdef"), 2, 3), STR("cde")));
    assert_true(str_eq(str_sub(STR("abc"), 9, 3), STR("")));
    assert_true(str_eq(str_from(STR("abc"), 1), STR("bc")));
    assert_int_equal(str_from(STR_NONE, 4).n, 0);
    assert_true(str_eq(str_trim(STR(" \t a b \t")), STR("a b")));
    assert_int_equal(str_trim(STR(" \t")).n, 0);
    assert_int_equal(str_find(STR("a:b:c"), ':', 2), 3);
    assert_int_equal(str_find(STR("abc"), ':', 0), 3);
    assert_int_equal(str_find(STR("abc"), 'a', 7), 3);
    assert_int_equal(str_rfind(STR("a:b:c"), ':'), 3);
    assert_int_equal(str_rfind(STR_NONE, ':'), 0);
}

static void splits(void **state)
{
    struct str rest = STR("a,,b"), piece;
    assert_true(str_split(&rest, ',', &piece) && str_eq(piece, STR("a")));
    assert_true(str_split(&rest, ',', &piece) && piece.n == 0);
    assert_true(str_split(&rest, ',', &piece) && str_eq(piece, STR("b")));
    assert_false(str_split(&rest, ',', &piece));
    rest = STR("a,");
    assert_true(str_split(&rest, ',', &piece) && str_eq(piece, STR("a")));
    assert_true(str_split(&rest, ',', &piece) && piece.n == 0);
    assert_false(str_split(&rest, ',', &piece));
}

static void numbers(void **state)
{
    uint64_t v = 7;
    assert_true(str_u64(STR("18446744073709551615"), &v) && v == UINT64_MAX);
    assert_false(str_u64(STR("18446744073709551616"), &v));
    assert_false(str_u64(STR("99999999999999999999999"), &v));
    assert_false(str_u64(STR(""), &v));
    assert_false(str_u64(STR("+1"), &v));
    assert_false(str_u64(STR("1 "), &v));
    assert_int_equal(v, UINT64_MAX); /* untouched by failures */
    assert_true(str_hex_u64(STR("fFffFFffffffffff"), &v) && v == UINT64_MAX);
    assert_false(str_hex_u64(STR("00000000000000001"), &v));
    assert_false(str_hex_u64(STR("0x1"), &v));
    assert_false(str_hex_u64(STR(""), &v));
}

static void alphabets(void **state)
{
    static const char *const other[] = {"",  "a.b", "a=", "a+b", "a/b", "a b", "\xc3\xa9",
                                        "`", "{",   "@",  "[",   "/",   ":",   "\n"};
    assert_true(str_is_base64url(STR("azAZ09-_")));
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (str_is_base64url(str_c(other[i])))
            fail_msg("%s", other[i]);
    assert_false(str_is_base64url(STR("a\0b")));
}

static void copies(void **state)
{
    char *z = str_dup(STR("abc"));
    assert_string_equal(z, "abc");
    free(z);
    z = str_dup(STR_NONE);
    assert_string_equal(z, "");
    free(z);
    assert_true(str_hash(STR("a")) != str_hash(STR("b")));
    assert_int_equal(str_c(NULL).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares), cmocka_unit_test(cuts),   cmocka_unit_test(splits),
        cmocka_unit_test(numbers),  cmocka_unit_test(alphabets), cmocka_unit_test(copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
