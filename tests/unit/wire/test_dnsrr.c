/* Inside the records: CAA and its little language, TLSA, SVCB with RFC 9460's vectors. */
#include "../dns_draft.h"
#include "wire/dnsrr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void test_caa(void **state)
{
    struct dnsrr_caa c;
    assert_int_equal(dnsrr_caa(STR("\x80\5issueca.test; a=b"), &c), 0);
    assert_true(c.critical && str_eq(c.tag, STR("issue")) && str_eq(c.value, STR("ca.test; a=b")));
    assert_int_equal(dnsrr_caa(STR("\x01\5iodef"), &c), 0);
    assert_true(!c.critical && c.value.n == 0);
    assert_int_equal(dnsrr_caa(STR(""), &c), -ERR_SYNTAX);
    assert_int_equal(dnsrr_caa(STR("\0"), &c), -ERR_SYNTAX);
    assert_int_equal(dnsrr_caa(STR("\0\0x"), &c), -ERR_SYNTAX);
    assert_int_equal(dnsrr_caa(STR("\0\6issue"), &c), -ERR_SYNTAX);
    assert_int_equal(dnsrr_caa(STR("\0\3a-b"), &c), -ERR_SYNTAX);
}

static void test_issue(void **state)
{
    static const struct {
        const char *value, *domain, *first, *first_value;
        int params;
    } rows[] = {
        {"ca.test", "ca.test", NULL, NULL, 0},
        {"  ca.test\t", "ca.test", NULL, NULL, 0},
        {"", "", NULL, NULL, 0},
        {";", "", NULL, NULL, 0},
        {" ; ", "", NULL, NULL, 0},
        {"ca.test;", "ca.test", NULL, NULL, 0},
        {"ca.test; policy=ev", "ca.test", "policy", "ev", 1},
        {"ca.test;a = b ;c=", "ca.test", "a", "b", 2},
        {"ca.test; accounturi=https://ca.test/acct/1?x=2", "ca.test", "accounturi",
         "https://ca.test/acct/1?x=2", 1},
        {"ca.test; validationmethods=dns-01,http-01", "ca.test", "validationmethods",
         "dns-01,http-01", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dnsrr_issue d;
        struct str name, value;
        int n = 0;
        assert_int_equal(dnsrr_issue(str_c(rows[i].value), &d), 0);
        assert_true(str_eq(d.domain, str_c(rows[i].domain)));
        for (struct str rest = d.params; dnsrr_issue_next(&rest, &name, &value); n++) {
            if (n)
                continue;
            assert_true(str_eq(name, str_c(rows[i].first)));
            assert_true(str_eq(value, str_c(rows[i].first_value)));
        }
        assert_int_equal(n, rows[i].params);
    }
}

static void test_bad_issue(void **state)
{
    static const char *const bad[] = {
        "%%%%%",         "ca..test",          ".test",
        "-ca.test",      "ca test",           "ca.test; a",
        "ca.test; =b",   "ca.test; a=b c",    "ca.test; a_b=c",
        "ca.test; a=b;", "ca.test; a=\"\x7f", "ca.test\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct dnsrr_issue d = {.domain = STR("untouched")};
        assert_int_equal(dnsrr_issue(str_c(bad[i]), &d), -ERR_SYNTAX);
        assert_true(str_eq(d.domain, STR("untouched")));
    }
}

static void test_tlsa(void **state)
{
    struct dnsrr_tlsa t;
    assert_int_equal(dnsrr_tlsa(STR("\3\1\1abc"), &t), 0);
    assert_true(t.usage == 3 && t.selector == 1 && t.matching == 1 && str_eq(t.data, STR("abc")));
    assert_int_equal(dnsrr_tlsa(STR("\3\1\1"), &t), -ERR_SYNTAX);
    assert_int_equal(dnsrr_tlsa(STR(""), &t), -ERR_SYNTAX);
}

static int svcb(struct str data, struct dnsrr_svcb *ret)
{
    static struct dns_draft d;
    struct dnsmsg m;
    struct dnsmsg_record r;
    struct dnsmsg_cursor c = {0};
    dns_begin(&d, 0x8180, "foo.example.com", DNSMSG_HTTPS);
    dns_record(&d, DNSMSG_ANSWER, "foo.example.com", DNSMSG_HTTPS, data);
    assert_int_equal(dnsmsg_parse(&m, dns_str(&d)), 0);
    assert_true(dnsmsg_next(&m, &c, &r));
    return dnsrr_svcb(&m, &r, ret);
}

static void assert_target(const struct dnsrr_svcb *s, const char *text)
{
    char out[DNSNAME_TEXT_MAX];
    dnsname_text(&s->target, out);
    assert_string_equal(out, text);
}

/* RFC 9460 appendix D */
static void test_svcb_vectors(void **state)
{
    struct dnsrr_svcb s;
    struct str name;
    assert_int_equal(svcb(STR("\0\0\3foo\7example\3com\0"), &s), 0);
    assert_int_equal(s.priority, 0);
    assert_target(&s, "foo.example.com");
    assert_int_equal(svcb(STR("\0\1\0"), &s), 0);
    assert_target(&s, ".");
    assert_int_equal(svcb(STR("\0\x10\3foo\7example\3com\0\0\3\0\2\0\x35"), &s), 0);
    assert_true(s.priority == 16 && s.has_port && s.port == 53);
    assert_int_equal(svcb(STR("\0\1\3foo\7example\3com\0\2\x9b\0\5hello"), &s), 0);
    assert_false(s.unusable);
    assert_int_equal(svcb(STR("\0\x10\3foo\7example\3org\0"
                              "\0\0\0\4\0\1\0\4"
                              "\0\1\0\x09\2h2\5h3-19"
                              "\0\4\0\4\xc0\0\2\1"),
                          &s),
                     0);
    assert_true(s.mandatory.n == 4 && s.ipv4hint.n == 4 && !s.unusable);
    assert_true(dnsrr_alpn_next(&s.alpn, &name) && str_eq(name, STR("h2")));
    assert_true(dnsrr_alpn_next(&s.alpn, &name) && str_eq(name, STR("h3-19")));
    assert_false(dnsrr_alpn_next(&s.alpn, &name));
}

static void test_svcb_more(void **state)
{
    struct dnsrr_svcb s;
    assert_int_equal(svcb(STR("\0\1\0\0\0\0\2\2\x9b\2\x9b\0\0"), &s), 0);
    assert_true(s.unusable); /* key 667 is mandatory, and nobody knows it */
    assert_int_equal(svcb(STR("\0\1\0\0\1\0\3\2h2\0\2\0\0\0\5\0\3ech"
                              "\0\6\0\x10"
                              "0123456789abcdef"),
                          &s),
                     0);
    assert_true(s.no_default_alpn && str_eq(s.ech, STR("ech")) && s.ipv6hint.n == 16);
    assert_int_equal(svcb(STR("\0\0\1a\0garbage"), &s), 0); /* an alias: nobody looks */
    assert_true(s.alpn.n == 0);
}

static void test_bad_svcb(void **state)
{
    static const struct str bad[] = {
        {"\0", 1},
        {"\0\1", 2},
        {"\0\1\3fo", 5},
        {"\0\1\0\0", 4},
        {"\0\1\0\0\3\0\2\0", 8}, /* cut */
        {"\0\1\0\0\3\0\1\0", 8}, /* port of one byte */
        {"\0\1\0\0\4\0\0", 7},   /* no address */
        {"\0\1\0\0\4\0\3abc", 10},
        {"\0\1\0\0\6\0\4abcd", 11},
        {"\0\1\0\0\5\0\0", 7},                      /* empty ech */
        {"\0\1\0\0\1\0\0", 7},                      /* empty alpn */
        {"\0\1\0\0\1\0\1\0", 8},                    /* an empty name in it */
        {"\0\1\0\0\1\0\2\2h", 9},                   /* cut inside */
        {"\0\1\0\0\2\0\0", 7},                      /* no-default-alpn alone */
        {"\0\1\0\0\3\0\2\0\1\0\3\0\2\0\1", 15},     /* twice */
        {"\0\1\0\0\3\0\2\0\1\0\1\0\3\2h2", 16},     /* out of order */
        {"\0\1\0\0\0\0\2\0\3", 9},                  /* mandatory, not there */
        {"\0\1\0\0\0\0\2\0\0", 9},                  /* mandatory itself */
        {"\0\1\0\0\0\0\4\0\3\0\3\0\3\0\2\0\1", 17}, /* mandatory twice */
        {"\0\1\0\0\0\0\1\0", 8},
        {"\0\1\xc0\x0c", 4}, /* compressed */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct dnsrr_svcb s = {.priority = 99};
        assert_int_equal(svcb(bad[i], &s), -ERR_SYNTAX);
        assert_int_equal(s.priority, 99);
    }
}

static void test_addr(void **state)
{
    struct addr a;
    struct dnsmsg_record r = {.type = DNSMSG_AAAA, .data = STR("0123456789abcdef")};
    assert_int_equal(dnsrr_addr(&r, &a), 0);
    assert_int_equal(a.sa.sa_family, AF_INET6);
    r.type = DNSMSG_A;
    assert_int_equal(dnsrr_addr(&r, &a), -ERR_SYNTAX);
    r.data.n = 4;
    assert_int_equal(dnsrr_addr(&r, &a), 0);
    r.type = DNSMSG_CAA;
    assert_int_equal(dnsrr_addr(&r, &a), -ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_caa),          cmocka_unit_test(test_issue),
        cmocka_unit_test(test_bad_issue),    cmocka_unit_test(test_tlsa),
        cmocka_unit_test(test_svcb_vectors), cmocka_unit_test(test_svcb_more),
        cmocka_unit_test(test_bad_svcb),     cmocka_unit_test(test_addr),
    };
    return cmocka_run_group_tests_name("dnsrr", tests, NULL, NULL);
}
