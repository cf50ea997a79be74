/* The tables of names, and the edits of a head. */
#include "wire/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void every_name_is_found(void **state)
{
    for (int id = 1; id < FIELD_COUNT; id++) {
        struct str name = field_name(id);
        char upper[64];
        assert_true(name.n > 0 && name.n < sizeof upper);
        for (size_t i = 0; i < name.n; i++)
            upper[i] = name.p[i] >= 'a' && name.p[i] <= 'z' ? (char)(name.p[i] - 32) : name.p[i];
        assert_int_equal(field_lookup(name), id);
        assert_int_equal(field_lookup(str_of(upper, name.n)), id);
        upper[name.n] = 'x';
        assert_int_equal(field_lookup(str_of(upper, name.n + 1)), FIELD_OTHER);
        upper[0] = '~';
        assert_int_equal(field_lookup(str_of(upper, name.n)), FIELD_OTHER);
    }
    assert_int_equal(field_lookup(STR("")), FIELD_OTHER);
    assert_int_equal(field_lookup(STR("x-unknown")), FIELD_OTHER);
    assert_int_equal(field_name(FIELD_COUNT).n, 0);
}

static void methods(void **state)
{
    for (int m = METHOD_GET; m <= METHOD_TRACE; m++)
        assert_int_equal(method_lookup(method_name(m)), m);
    assert_int_equal(method_lookup(STR("get")), METHOD_OTHER);
    assert_int_equal(method_lookup(STR("PROPFIND")), METHOD_OTHER);
    assert_int_equal(method_lookup(STR("")), METHOD_OTHER);
}

static void edits(void **state)
{
    struct field fields[4];
    struct head h = {.fields = fields, .cap = 4};
    assert_int_equal(head_add(&h, FIELD_ETAG, STR("\"1\"")), 0);
    assert_int_equal(head_add_named(&h, STR("X-A"), STR("2")), 0);
    assert_int_equal(head_add_named(&h, STR("Vary"), STR("a")), 0);
    assert_int_equal(head_add(&h, FIELD_VARY, STR("b")), 0);
    assert_int_equal(head_add(&h, FIELD_DATE, STR("")), -ERR_HTTP_FIELDS_TOO_LARGE);
    assert_false(head_has(&h, FIELD_DATE));
    assert_true(str_eq(head_value(&h, FIELD_VARY), STR("a")));
    assert_non_null(head_find(&h, STR("x-a")));
    assert_null(head_find(&h, STR("x-b")));
    head_remove(&h, FIELD_VARY);
    assert_int_equal(h.nfields, 2);
    assert_false(head_has(&h, FIELD_VARY));
    assert_null(head_get(&h, FIELD_VARY));
    assert_true(str_eq(head_value(&h, FIELD_ETAG), STR("\"1\"")));
}

static void reasons(void **state)
{
    assert_string_equal(status_reason(404), "Not Found");
    assert_string_equal(status_reason(299), "");
    assert_string_equal(status_reason(0), "");
    assert_string_equal(status_reason(70000), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_is_found),
        cmocka_unit_test(methods),
        cmocka_unit_test(edits),
        cmocka_unit_test(reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
