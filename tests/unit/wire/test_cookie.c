/* Set-Cookie: what is there, what is added. */
#include "wire/cookie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void parses(void **state)
{
    static const struct {
        const char *text;
        unsigned flags;
    } rows[] = {
        {"a=b", 0},
        {"a=b; Secure", COOKIE_SECURE},
        {"a=b;secure;HTTPONLY", COOKIE_SECURE | COOKIE_HTTPONLY},
        {"a=b; Secure=x", COOKIE_SECURE},
        {"a=b; SameSite=Lax", COOKIE_SAMESITE},
        {"a=b; samesite = STRICT", COOKIE_SAMESITE},
        {"a=b; SameSite=None", COOKIE_SAMESITE | COOKIE_SAMESITE_NONE},
        {"a=b; SameSite=None; SameSite=Lax", COOKIE_SAMESITE},
        {"a=b; SameSite=Lax; SameSite=nonsense", 0},
        {"a=b; SameSite", 0},
        {"a=b; Path=/; Domain=x.y", COOKIE_PATH_ROOT | COOKIE_HAS_DOMAIN},
        {"a=b; Path=/; Path=/x", 0},
        {"__Host-a=b; Path=/; Secure", COOKIE_HOST_PREFIX | COOKIE_PATH_ROOT | COOKIE_SECURE},
        {"__secure-a=b", COOKIE_SECURE_PREFIX},
        {"a=Secure", 0},
        {"a=b; Partitioned", COOKIE_PARTITIONED},
        {"Secure=b", 0},
        {"=b", 0},
        {"a=", 0},
    };
    static const char *const bad[] = {"", "a", "=", " = ;Secure", "; Secure", "a=b\nc", "a=b\rc"};
    struct set_cookie c;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (set_cookie_parse(&c, str_c(rows[i].text)) || c.flags != rows[i].flags)
            fail_msg("%s: %u", rows[i].text, c.flags);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(set_cookie_parse(&c, str_c(bad[i])), -ERR_SYNTAX);
    assert_int_equal(set_cookie_parse(&c, STR(" name = value=1 ; Secure")), 0);
    assert_true(str_eq(c.name, STR("name")) && str_eq(c.value, STR("value=1")));
}

static void hardens(void **state)
{
    const unsigned all = COOKIE_SECURE | COOKIE_HTTPONLY | COOKIE_SAMESITE;
    static const struct {
        const char *text, *want;
        unsigned without;
    } rows[] = {
        {"a=b", "a=b; Secure; HttpOnly; SameSite=Lax", 0},
        {"a=b", "a=b; Secure; SameSite=Lax", COOKIE_HTTPONLY},
        {"a=b; secure", "a=b; secure; HttpOnly; SameSite=Lax", 0},
        {"a=b; SameSite=Strict; Secure; HttpOnly", "a=b; SameSite=Strict; Secure; HttpOnly", 0},
        {"a=b; SameSite=None", "a=b; SameSite=None; Secure", ~0u},
        {"__Host-a=b; Path=/", "__Host-a=b; Path=/; Secure", ~0u},
        {"a=b; Path=/x", "a=b; Path=/x", ~0u},
        {"a=b; SameSite=", "a=b; SameSite=; SameSite=Lax", COOKIE_SECURE | COOKIE_HTTPONLY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b;
        buf_init(&b, 256);
        assert_int_equal(set_cookie_harden(&b, str_c(rows[i].text), all & ~rows[i].without), 0);
        if (!str_eq(buf_str(&b), str_c(rows[i].want)))
            fail_msg("%s: %.*s", rows[i].text, STR_ARG(buf_str(&b)));
        buf_done(&b);
    }
    struct buf b;
    buf_init(&b, 16);
    assert_int_equal(set_cookie_harden(&b, STR("a"), all), -ERR_SYNTAX);
    assert_int_equal(set_cookie_harden(&b, STR("a=b"), all), -ERR_LIMIT);
    assert_int_equal(b.n, 0);
    buf_done(&b);
}

static void gets(void **state)
{
    struct str field = STR("a=1; b=2;c=; ab=3; b=4; d");
    assert_true(str_eq(cookie_get(field, STR("a")), STR("1")));
    assert_true(str_eq(cookie_get(field, STR("b")), STR("2")));
    assert_true(cookie_get(field, STR("c")).p != NULL);
    assert_int_equal(cookie_get(field, STR("c")).n, 0);
    assert_null(cookie_get(field, STR("d")).p);
    assert_null(cookie_get(STR_NONE, STR("a")).p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(hardens),
        cmocka_unit_test(gets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
