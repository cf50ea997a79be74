/* Socket addresses. */
#include "base/addr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct addr parsed(const char *text)
{
    struct addr a;
    assert_int_equal(addr_parse(&a, str_c(text)), 0);
    return a;
}

static void text_of(const char *in, const char *out, const char *ip)
{
    char text[ADDR_TEXT_MAX];
    struct addr a = parsed(in);
    struct str s = addr_text(&a, text);
    assert_string_equal(text, out);
    assert_int_equal(s.n, strlen(out));
    addr_ip_text(&a, text);
    assert_string_equal(text, ip);
}

static void round_trip(void **state)
{
    text_of("1.2.3.4:443", "1.2.3.4:443", "1.2.3.4");
    text_of("[::1]:8443", "[::1]:8443", "::1");
    text_of("[2001:DB8::0:1]:0", "[2001:db8::1]:0", "2001:db8::1");
    text_of("[::ffff:9.8.7.6]:80", "9.8.7.6:80", "9.8.7.6");
    text_of(":443", "[::]:443", "::");
    text_of("*:443", "[::]:443", "::");
    text_of("65535", "[::]:65535", "::");
    text_of("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535",
            "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void refuses(void **state)
{
    static const char *const bad[] = {"",          ":",        "1.2.3.4",   "1.2.3.4:",  "[::1]",
                                      "::1:443",   "[::1:443", "[]:1",      "a:1",       "1.2.3:4",
                                      "1.2.3.4:x", " :1",      "[1.2.3.4]:1", "1.2.3.4 :1",
                                      "[::1%lo]:1", "01.2.3.4.5:1"};
    struct addr a = {.len = 99};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(addr_parse(&a, str_c(bad[i])), -ERR_SYNTAX);
    assert_int_equal(addr_parse(&a, str_of("1.2.3.4\0:1", 10)), -ERR_SYNTAX);
    assert_int_equal(addr_parse(&a, STR("1.2.3.4:65536")), -ERR_RANGE);
    assert_int_equal(a.len, 99);
}

static void compares(void **state)
{
    struct addr v4 = parsed("9.8.7.6:80"), mapped = parsed("[::ffff:9.8.7.6]:80"),
                v6 = parsed("[::1]:80"), none = {0};
    assert_true(addr_eq(&v4, &mapped));
    assert_false(addr_eq(&v4, &v6));
    assert_true(addr_eq(&v6, &v6));
    assert_true(addr_eq(&none, &none));
    assert_false(addr_eq(&none, &v6));
    assert_int_equal(addr_port(&none), 0);
    addr_set_port(&v4, 81);
    assert_int_equal(addr_port(&v4), 81);
    assert_false(addr_eq(&v4, &mapped));
}

static void limit_keys(void **state)
{
    unsigned char k1[16], k2[16];
    struct addr v4 = parsed("9.8.7.6:80"), mapped = parsed("[::ffff:9.8.7.6]:81");
    assert_int_equal(addr_limit_key(&v4, k1), 4);
    assert_int_equal(addr_limit_key(&mapped, k2), 4);
    assert_memory_equal(k1, k2, 4);
    struct addr a = parsed("[2001:db8:0:1::5]:1"), b = parsed("[2001:db8:0:1:ffff::6]:1"),
                c = parsed("[2001:db8:0:2::5]:1");
    assert_int_equal(addr_limit_key(&a, k1), 8);
    assert_int_equal(addr_limit_key(&b, k2), 8);
    assert_memory_equal(k1, k2, 8);
    addr_limit_key(&c, k2);
    assert_memory_not_equal(k1, k2, 8);
}

static void loopback(void **state)
{
    struct addr a = parsed("127.9.9.9:1"), b = parsed("[::1]:1"),
                c = parsed("[::ffff:127.0.0.1]:1"),
                d = parsed("128.0.0.1:1"), e = parsed(":1"), none = {0};
    assert_true(addr_is_loopback(&a) && addr_is_loopback(&b) && addr_is_loopback(&c));
    assert_false(addr_is_loopback(&d) || addr_is_loopback(&e) || addr_is_loopback(&none));
}

static void hosts(void **state)
{
    static const char *const rows[][2] = {
        {"127.0.0.1", "127.0.0.1:0"},    {"127.0.0.1:53", "127.0.0.1:53"}, {"::53", "[::53]:0"},
        {"2001:db8::53", "[2001:db8::53]:0"}, {"[::53]:53", "[::53]:53"},  {"[::53]", "[::53]:0"},
        {"*", NULL}, {":53", NULL}, {"", NULL}, {"53", NULL}, {"[::1]:", NULL}, {"::1:x", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct addr a;
        char text[ADDR_TEXT_MAX];
        int err = addr_parse_host(&a, str_c(rows[i][0]), 0);
        assert_int_equal(err, rows[i][1] ? 0 : -ERR_SYNTAX);
        if (!err)
            assert_string_equal((addr_text(&a, text), text), rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip), cmocka_unit_test(refuses),  cmocka_unit_test(compares),
        cmocka_unit_test(limit_keys), cmocka_unit_test(loopback), cmocka_unit_test(hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
