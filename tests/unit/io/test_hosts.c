/* The hosts file: comments, several names, both families, nonsense. */
#include "io/hosts.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void assert_found(struct str text, const char *name, const char *want)
{
    struct addr found[8];
    char ip[ADDR_TEXT_MAX];
    struct buf b;
    size_t n = hosts_find(text, str_c(name), found, 8);
    buf_init(&b, 512);
    for (size_t i = 0; i < n; i++) {
        buf_add(&b, i ? STR(" ") : STR(""));
        buf_add(&b, addr_ip_text(&found[i], ip));
    }
    assert_non_null(buf_cstr(&b));
    assert_string_equal(buf_cstr(&b), want);
    buf_done(&b);
}

static void test_names(void **state)
{
    struct str text = STR("127.0.0.1\tlocalhost\n"
                          "::1 localhost ip6-localhost # ip6-comment\r\n"
                          "# 10.0.0.9 hidden\n"
                          "  10.0.0.1   One.Test  one two. \n"
                          "2001:db8::1 one\n"
                          "10.0.0.300 bad\n"
                          "fe80::1%lo scoped\n"
                          "*  any\n"
                          "10.0.0.2\n"
                          "\n10.0.0.3 last");
    assert_found(text, "localhost", "127.0.0.1 ::1");
    assert_found(text, "ip6-localhost", "::1");
    assert_found(text, "ip6-comment", "");
    assert_found(text, "hidden", "");
    assert_found(text, "ONE", "10.0.0.1 2001:db8::1");
    assert_found(text, "one.test", "10.0.0.1");
    assert_found(text, "two", "10.0.0.1");
    assert_found(text, "bad", "");
    assert_found(text, "scoped", "");
    assert_found(text, "any", "");
    assert_found(text, "last", "10.0.0.3");
    assert_found(text, "10.0.0.2", "");
    assert_found(text, "", "");
    assert_found(STR_NONE, "localhost", "");
}

static void test_limit(void **state)
{
    struct addr found[1];
    assert_int_equal(hosts_find(STR("10.0.0.1 a\n10.0.0.2 a\n"), STR("a"), found, 1), 1);
    assert_int_equal(hosts_find(STR("10.0.0.1 a\n"), STR("a"), found, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests_name("hosts", tests, NULL, NULL);
}
