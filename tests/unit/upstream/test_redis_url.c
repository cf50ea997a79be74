/* Addresses of Redis servers. */
#include "upstream/redis_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static int parse(struct redis_url *u, const char *text, char why[256])
{
    struct buf b;
    buf_init(&b, 255);
    int err = redis_url_parse(u, str_c(text), &b);
    memcpy(why, buf_str(&b).n ? buf_str(&b).p : "", buf_str(&b).n);
    why[buf_str(&b).n] = '\0';
    buf_done(&b);
    return err;
}

static void test_good(void **state)
{
    struct redis_url u;
    char why[256];
    assert_int_equal(parse(&u, "redis://box.lan", why), 0);
    assert_string_equal(u.host, "box.lan");
    assert_int_equal(u.port, 6379);
    assert_int_equal(parse(&u, "redis://me:p%40ss:/w@[::1]:7000/3?stream=scan%2f1", why), 0);
    assert_string_equal(u.host, "::1");
    assert_int_equal(u.port, 7000);
    assert_string_equal(u.user, "me");
    assert_string_equal(u.password, "p@ss:/w");
    assert_string_equal(u.stream, "scan/1");
    assert_int_equal(u.db, 3);
    assert_int_equal(parse(&u, "redis://:secret@127.0.0.1", why), 0);
    assert_string_equal(u.user, "");
    assert_string_equal(u.password, "secret");
    assert_int_equal(parse(&u, "unix:///run/r.sock?db=2&stream=s&password=x", why), 0);
    assert_string_equal(u.path, "/run/r.sock");
    assert_string_equal(u.password, "x");
    assert_int_equal(u.db, 2);
}

static void test_wrong(void **state)
{
    static const char *const bad[] = {
        "", "box", "redis://", "redis://h:x", "redis://h:70000", "redis://h/x", "redis://[::1", "unix://x",
        "rediss://h", "redis://h?colour=red", "redis://h:0", "redis://h%0a", "redis://a%2fb", "redis://u:%zz@h", "redis://u:a%00b@h", "redis://h?db=-1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct redis_url u;
        char why[256];
        assert_true(parse(&u, bad[i], why) < 0);
        assert_true(why[0] != '\0');
    }
}

static void test_the_password_is_not_told(void **state)
{
    struct redis_url u;
    char why[256];
    struct buf text;
    assert_int_equal(parse(&u, "redis://me:secret@h:1", why), 0);
    buf_init(&text, 1000);
    redis_url_text(&u, &text);
    assert_string_equal(buf_cstr(&text), "redis://h:1");
    buf_done(&text);
    static const char *const wrong[] = {
        "redis://me:secret@h:x", "redis://me:63?secret@h", "redis://h?password=x&secret", "redis://me:sec%zzret@h"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_true(parse(&u, wrong[i], why) < 0);
        assert_null(strstr(why, "ret"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_wrong),
                                       cmocka_unit_test(test_the_password_is_not_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
