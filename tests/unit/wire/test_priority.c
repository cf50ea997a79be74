/* Priorities: what is named counts, a fault voids all. */
#include "wire/priority.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void parses(void **state)
{
    static const struct {
        const char *text;
        unsigned urgency;
        bool incremental;
    } rows[] = {
        {"", 3, false},
        {"u=0", 0, false},
        {"u=7, i", 7, true},
        {"i", 3, true},
        {"i=?0", 3, false},
        {"i=?1,u=1", 3 - 2, true},
        {" u=5 \t,\t i ", 5, true},
        {"u=1, u=2", 2, false},
        {"u=8", 3, false},
        {"u=-1, i", 3, true},
        {"u=1.0", 3, false},
        {"u=\"1\"", 3, false},
        {"u=?1", 3, false},
        {"i=1", 3, false},
        {"u=2;x=y;z", 2, false},
        {"u=2; x=\"a,\\\"b\"", 2, false},
        {"a=(1 2 \"x\";q=1);z, u=2", 2, false},
        {"a=:YWI=:, b=tok/en:1, c=-1.5, d=@17, e=%\"%c3%a4\", u=2", 2, false},
        {"*a=1, u=2", 2, false},
        {"u=(1 2)", 3, false},
        /* malformed */
        {"u=0,", 3, false},
        {"u=0,,i", 3, false},
        {",u=0", 3, false},
        {"u=", 3, false},
        {"u =0", 3, false},
        {"U=0", 3, false},
        {"u=0 i", 3, false},
        {"u=0; ", 3, false},
        {"u=0, a=\"x", 3, false},
        {"u=0, a=\"\\x\"", 3, false},
        {"u=0, a=(1", 3, false},
        {"u=0, a=(1\"x\")", 3, false},
        {"u=0, a=?2", 3, false},
        {"u=0, a=1.", 3, false},
        {"u=0, a=1.2345", 3, false},
        {"u=0, a=1234567890123456", 3, false},
        {"u=0, a=:*:", 3, false},
        {"u=0, a=:YQ", 3, false},
        {"u=0, a=@1.5", 3, false},
        {"u=0, a=%\"%C3\"", 3, false},
        {"u=0, a=-", 3, false},
        {"\tu=0", 3, false},
        {"u=0\x01", 3, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct priority p = priority_parse(str_c(rows[i].text));
        if (p.urgency != rows[i].urgency || p.incremental != rows[i].incremental)
            fail_msg("%s: %u %d", rows[i].text, p.urgency, p.incremental);
    }
}

static void merges(void **state)
{
    struct priority p = {.urgency = 1, .incremental = true};
    priority_merge(&p, STR("u=5"));
    assert_true(p.urgency == 5 && p.incremental);
    priority_merge(&p, STR("i=?0"));
    assert_true(p.urgency == 5 && !p.incremental);
    priority_merge(&p, STR("u=2, !"));
    assert_true(p.urgency == 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parses), cmocka_unit_test(merges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
