/* Set-Cookie values → what a browser makes of them. */
#include "audit/http_cookie.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct http_cookie parse(const char *value)
{
    struct http_cookie c;
    assert_int_equal(http_cookie_parse(&c, str_c(value), STR("www.example.com")), 0);
    return c;
}

static void attributes(void **state)
{
    struct http_cookie c = parse(
        " id = a=b ; Secure;HTTPONLY ; SameSite=lax; Path=/x; Domain=.example.com; Max-Age=5");
    assert_true(str_eq(c.name, STR("id")));
    assert_true(str_eq(c.value, STR("a=b")));
    assert_true(str_eq(c.path, STR("/x")));
    assert_true(str_eq(c.domain, STR("example.com")));
    assert_true(c.secure && c.http_only && c.persistent && !c.partitioned);
    assert_int_equal(c.same_site, SAME_SITE_LAX);
    assert_int_equal(c.faults, 0);
    c = parse("a=b");
    assert_false(c.secure || c.http_only || c.persistent || c.session_id || c.csrf);
    assert_int_equal(c.same_site, SAME_SITE_ABSENT);
    c = parse("a=b; secure=0; samesite=strict; samesite=None");
    assert_true(c.secure); /* whatever its value */
    assert_int_equal(c.same_site, SAME_SITE_NONE);
    c = parse("just a value");
    assert_int_equal(c.name.n, 0);
}

static void purposes(void **state)
{
    assert_true(parse("PHPSESSID=1").session_id);
    assert_true(parse("userLogin=1").session_id);
    assert_true(parse("csrftoken=1").csrf);
    assert_false(parse("theme=1").session_id);
    assert_true(parse("connect.sid=1").known);
    assert_false(parse("connect.sid=1").session_id);
}

static void faults(void **state)
{
    static const struct {
        const char *value;
        unsigned faults;
    } rows[] = {
        {"__Host-a=1; Secure; Path=/", 0},
        {"__Host-a=1; Secure", COOKIE_FAULT_HOST_PREFIX},
        {"__Host-a=1; Path=/", COOKIE_FAULT_HOST_PREFIX},
        {"__HOST-a=1; Secure; Path=/; Domain=example.com", COOKIE_FAULT_HOST_PREFIX},
        {"__Secure-a=1; Secure", 0},
        {"__Secure-a=1", COOKIE_FAULT_SECURE_PREFIX},
        {"a=1; SameSite=None", COOKIE_FAULT_NONE_INSECURE},
        {"a=1; SameSite=None; Secure", 0},
        {"a=1; SameSite", COOKIE_FAULT_SAME_SITE},
        {"a=1; SameSite=Foo", COOKIE_FAULT_SAME_SITE},
        {"a=1; Partitioned", COOKIE_FAULT_PARTITIONED},
        {"a=1; Domain=example.com", 0},
        {"a=1; Domain=www.example.com", 0},
        {"a=1; Domain=ww.example.com", COOKIE_FAULT_DOMAIN},
        {"a=1; Domain=xample.com", COOKIE_FAULT_DOMAIN},
        {"a=1; Domain=other.example", COOKIE_FAULT_DOMAIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (parse(rows[i].value).faults != rows[i].faults)
            fail_msg("%s: %u", rows[i].value, parse(rows[i].value).faults);
}

static void refused(void **state)
{
    struct http_cookie c;
    assert_int_equal(http_cookie_parse(&c, STR(""), STR_NONE), -ERR_SYNTAX);
    assert_int_equal(http_cookie_parse(&c, STR_NONE, STR_NONE), -ERR_SYNTAX);
    assert_int_equal(http_cookie_parse(&c, STR("; Secure"), STR_NONE), -ERR_SYNTAX);
    assert_int_equal(http_cookie_parse(&c, STR("="), STR_NONE), -ERR_SYNTAX);
    assert_int_equal(http_cookie_parse(&c, STR("a=b\x01"), STR_NONE), -ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(attributes), cmocka_unit_test(purposes),
                                       cmocka_unit_test(faults), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
