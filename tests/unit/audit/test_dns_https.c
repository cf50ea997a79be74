/* HTTPS records judged. */
#include "audit/dns_https.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct dnsrr_svcb records[4];
static struct addr v4[2], v6[1];
static struct dns_facts f;

static const char ech[] = "\0\x08\xfe\x0d\0\4abcd";

static int setup(void **state)
{
    memset(records, 0, sizeof records);
    f = (struct dns_facts){
        .port = 443,
        .a = {.addrs = v4, .n = 2, .set = {.state = DNS_FOUND}},
        .aaaa = {.addrs = v6, .n = 1, .set = {.state = DNS_FOUND}},
        .https = {.records = records, .n = 1, .set = {.state = DNS_FOUND}},
    };
    assert_int_equal(dnsname_parse(&f.host, STR("a.test")), 0);
    f.https.set.owner = f.host;
    assert_int_equal(addr_parse(&v4[0], STR("192.0.2.1:443")), 0);
    assert_int_equal(addr_parse(&v4[1], STR("192.0.2.2:443")), 0);
    assert_int_equal(addr_parse(&v6[0], STR("[2001:db8::1]:443")), 0);
    for (size_t i = 0; i < 4; i++) {
        records[i].priority = (uint16_t)(i + 1);
        assert_int_equal(dnsname_parse(&records[i].target, STR(".")), 0);
    }
    return 0;
}

static struct dns_https_result judge(void)
{
    struct dns_https_result got;
    dns_https_judge(&f, &got);
    return got;
}

static void test_promises(void **state)
{
    records[0].alpn = STR("\2h2");
    records[1].alpn = STR("\2h3");
    records[1].no_default_alpn = true;
    records[0].ech = str_of(ech, sizeof ech - 1);
    f.https.n = 2;
    struct dns_https_result got = judge();
    assert_int_equal(got.verdict, DNS_HTTPS_SERVICE);
    assert_true(got.h2 && got.h3 && got.alpn_default && got.ech_some);
    assert_false(got.ech_all || got.ech_broken || got.other_target || got.other_port);
    f.https.n = 1;
    got = judge();
    assert_true(got.h2 && !got.h3 && got.ech_all);
    records[0].no_default_alpn = true;
    assert_false(judge().alpn_default);
    records[0].alpn = STR("\2h2\x08http/1.1");
    assert_true(judge().alpn_default);
    records[0].ech.n--;
    got = judge();
    assert_true(got.ech_broken && !got.ech_some && !got.ech_all);
}

static void test_hints(void **state)
{
    static const char both[] = "\xc0\0\2\2\xc0\0\2\1";
    struct dns_https_result got = judge();
    assert_int_equal(got.ipv4, DNS_HINTS_NONE);
    assert_int_equal(got.ipv6, DNS_HINTS_NONE);
    records[0].ipv4hint = str_of(both, 8);
    records[0].ipv6hint = STR("\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1");
    got = judge();
    assert_int_equal(got.ipv4, DNS_HINTS_SAME);
    assert_int_equal(got.ipv6, DNS_HINTS_SAME);
    records[0].ipv4hint = str_of(both, 4); /* one is missing */
    assert_int_equal(judge().ipv4, DNS_HINTS_DIFFER);
    records[0].ipv4hint = STR("\xc0\0\2\1\xc0\0\2\2\xc0\0\2\3"); /* one too many */
    assert_int_equal(judge().ipv4, DNS_HINTS_DIFFER);
    f.aaaa.n = 0;
    f.aaaa.set.state = DNS_EMPTY;
    assert_int_equal(judge().ipv6, DNS_HINTS_DIFFER);
    f.aaaa.set.state = DNS_TIMEOUT;
    assert_int_equal(judge().ipv6, DNS_HINTS_UNKNOWN);
}

static void test_other_target(void **state)
{
    assert_int_equal(dnsname_parse(&records[0].target, STR("svc.test")), 0);
    records[0].ipv4hint = STR("\xc0\0\2\1");
    records[0].has_port = true;
    records[0].port = 8443;
    struct dns_https_result got = judge();
    assert_true(got.other_target && got.other_port && got.port == 8443);
    assert_int_equal(got.ipv4, DNS_HINTS_UNKNOWN);
    f.target_a = (struct dns_addresses){.addrs = v4, .n = 1, .set = {.state = DNS_FOUND}};
    assert_int_equal(judge().ipv4, DNS_HINTS_SAME);
    /* the first cannot be used: nobody asked for the second's addresses */
    records[0].unusable = true;
    f.https.n = 2;
    assert_int_equal(dnsname_parse(&records[1].target, STR("x.test")), 0);
    records[1].ipv4hint = STR("\xc0\0\2\1");
    got = judge();
    assert_int_equal(got.first, 1);
    assert_int_equal(got.ipv4, DNS_HINTS_UNKNOWN);
}

static void test_verdicts(void **state)
{
    records[0].unusable = true;
    assert_int_equal(judge().verdict, DNS_HTTPS_UNUSABLE);
    assert_false(judge().ech_all);
    records[0].priority = 0;
    assert_int_equal(judge().verdict, DNS_HTTPS_ALIAS);
    f.https.set.malformed = 1;
    assert_int_equal(judge().verdict, DNS_HTTPS_BROKEN);
    f.https.set = (struct dns_set){.state = DNS_NO_NAME};
    assert_int_equal(judge().verdict, DNS_HTTPS_NONE);
    f.https.set.state = DNS_TIMEOUT;
    assert_int_equal(judge().verdict, DNS_HTTPS_UNKNOWN);
}

static void test_ech(void **state)
{
    static const struct {
        struct str list;
        bool good;
    } rows[] = {
        {{ech, sizeof ech - 1}, true},
        {{"\0\x0a\xfe\x0a\0\2ab\xfe\x0d\0\0", 12}, true}, /* an older version first */
        {{"\0\6\xfe\x0a\0\2ab", 8}, false},               /* only an older version */
        {{"", 0}, false},
        {{"\0", 1}, false},
        {{"\0\0", 2}, false},
        {{"\0\3\xfe\x0d\0", 5}, false},
        {{"\0\4\xfe\x0d\0\1", 6}, false},
        {{"\0\5\xfe\x0d\0\0", 6}, false},
        {{"\0\5\xfe\x0d\0\0x", 7}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(dns_https_is_ech(rows[i].list), rows[i].good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_promises, setup),
        cmocka_unit_test_setup(test_hints, setup),
        cmocka_unit_test_setup(test_other_target, setup),
        cmocka_unit_test_setup(test_verdicts, setup),
        cmocka_unit_test(test_ech),
    };
    return cmocka_run_group_tests_name("dns_https", tests, NULL, NULL);
}
