/* Which hosts a certificate speaks for, and how long. */
#include "audit_pki.h"

#include "audit/cert_host.h"
#include "audit/cert_life.h"

static struct str dns[8], ip[2];

static struct cert_info with(const char *cn, const char *const *names, size_t n)
{
    struct cert_info c = {.subject_cn = str_c(cn), .has_san = n > 0};
    for (size_t i = 0; i < n; i++)
        dns[i] = str_c(names[i]);
    c.dns = (struct cert_list){dns, n, 0};
    return c;
}

static void dns_names(void **state)
{
    static const struct {
        const char *cn, *san, *host;
        enum cert_host verdict;
        bool wildcard;
    } row[] = {
        {"x", "a.example", "a.example", CERT_HOST_OK, false},
        {"x", "A.eXample", "a.Example", CERT_HOST_OK, false},
        {"x", "a.example", "a.example.", CERT_HOST_OK, false},
        {"x", "*.example.com", "a.example.com", CERT_HOST_OK, true},
        {"x", "*.example.com", "example.com", CERT_HOST_MISMATCH, false},
        {"x", "*.example.com", "a.b.example.com", CERT_HOST_MISMATCH, false},
        {"x", "*.example.com", ".example.com", CERT_HOST_MISMATCH, false},
        {"x", "f*.example.com", "foo.example.com", CERT_HOST_MISMATCH, false},
        {"x", "a.*.example.com", "a.b.example.com", CERT_HOST_MISMATCH, false},
        {"x", "*.com", "example.com", CERT_HOST_WIDE, true},
        {"x", "*", "localhost", CERT_HOST_WIDE, true},
        {"x", "xn--bcher-kva.example", "xn--bcher-kva.example", CERT_HOST_OK, false},
        {"x", "*.example.com", "xn--bcher-kva.example.com", CERT_HOST_OK, true},
        {"x", "b\xc3\xbc" "cher.example", "b\xc3\xbc" "cher.example", CERT_HOST_NOT_ASCII, false},
        {"a.example", "b.example", "a.example", CERT_HOST_ONLY_CN, false},
        {"*.example.com", "b.example", "a.example.com", CERT_HOST_ONLY_CN, false},
        {"192.0.2.1", "b.example", "192.0.2.1", CERT_HOST_ONLY_CN, false},
        {"c.example", "b.example", "a.example", CERT_HOST_MISMATCH, false},
        {"x", "192.0.2.1", "192.0.2.1", CERT_HOST_MISMATCH, false}, /* an address as a DNS name */
        {"x", "a example", "a example", CERT_HOST_MISMATCH, false},
        {"", "b.example", "", CERT_HOST_NOT_ASKED, false},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct cert_info c = with(row[i].cn, &row[i].san, 1);
        struct cert_host_facts f;
        cert_host_match(&c, str_c(row[i].host), &f);
        if (f.verdict != row[i].verdict || f.wildcard != row[i].wildcard)
            print_error("%s for %s: %d\n", row[i].san, row[i].host, f.verdict);
        assert_int_equal(f.verdict, row[i].verdict);
        assert_int_equal(f.wildcard, row[i].wildcard);
    }
}

static void the_best_match_is_told(void **state)
{
    static const char *const names[] = {"*.com", "*.a.com", "b.a.com"};
    struct cert_info c = with("x", names, 3);
    struct cert_host_facts f;
    cert_host_match(&c, STR("b.a.com"), &f);
    assert_text(f.match, "b.a.com");
    cert_host_match(&c, STR("c.a.com"), &f);
    assert_true(f.verdict == CERT_HOST_OK && f.wildcard);
    cert_host_match(&c, STR("a.com"), &f);
    assert_int_equal(f.verdict, CERT_HOST_WIDE);
}

static void addresses(void **state)
{
    struct cert_info c = {0};
    struct cert_host_facts f;
    ip[0] = STR("\xc0\x00\x02\x01");
    ip[1] = STR("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01");
    c.ip = (struct cert_list){ip, 2, 0};
    static const struct {
        const char *host;
        enum cert_host verdict;
    } row[] = {{"192.0.2.1", CERT_HOST_OK},         {"192.0.2.2", CERT_HOST_MISMATCH},
               {"2001:db8::1", CERT_HOST_OK},       {"2001:DB8:0:0:0:0:0:1", CERT_HOST_OK},
               {"[2001:db8::1]", CERT_HOST_OK},     {"2001:db8::2", CERT_HOST_MISMATCH},
               {"::ffff:192.0.2.1", CERT_HOST_MISMATCH}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        cert_host_match(&c, str_c(row[i].host), &f);
        assert_int_equal(f.verdict, row[i].verdict);
    }
}

static void usable_names(void **state)
{
    assert_true(cert_host_usable(STR("a.example")) && cert_host_usable(STR("*.a_b.example")));
    static const char *const bad[] = {"", "*.", "a..b", "a.*", "a b", "https://a", "a.", "*a.b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(cert_host_usable(str_c(bad[i])));
    assert_false(cert_host_usable(STR("a\0.example")));
    assert_false(cert_host_usable(STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b"))); /* 64 */
}

/* Limits by the day of notBefore, on both sides of each date. */
static void limits(void **state)
{
    static const struct {
        int64_t from;
        unsigned limit;
    } row[] = {{1519862399, 0}, {1519862400, 825}, {1598918399, 825}, {1598918400, 398}, {1773532799, 398},
               {1773532800, 200}, {1805068799, 200}, {1805068800, 100}, {1868227199, 100}, {1868227200, 47}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct cert_life_facts f;
        struct cert_info c = {.not_before = row[i].from};
        c.not_after = c.not_before + (int64_t)row[i].limit * DAYS - 1;
        cert_life(&c, c.not_before, &f);
        assert_int_equal(f.limit_days, row[i].limit);
        assert_false(f.over_limit);
        c.not_after++;
        cert_life(&c, c.not_before, &f);
        assert_int_equal(f.over_limit, row[i].limit != 0);
    }
}

static void clock_and_renewal(void **state)
{
    struct cert_info c = {.not_before = NOW, .not_after = NOW + 90 * DAYS - 1};
    struct cert_life_facts f;
    cert_life(&c, NOW - 1, &f);
    assert_true(f.not_yet && !f.expired && !f.renew);
    cert_life(&c, NOW + 59 * DAYS, &f);
    assert_true(!f.renew && f.days_left == 30);
    cert_life(&c, NOW + 61 * DAYS, &f);
    assert_true(f.renew && !f.expired && f.days_left == 28);
    cert_life(&c, NOW + 90 * DAYS, &f);
    assert_true(f.expired && !f.renew && f.days_left == -1 && f.left == -1);
    c.not_after = INT64_MIN;
    cert_life(&c, NOW, &f);
    assert_false(f.readable);
}

static void short_lived(void **state)
{
    static const struct {
        int64_t from;
        int days;
        bool is;
    } row[] = {{1710460800, 10, true}, {1710460800, 11, false}, {1773532800, 7, true},
               {1773532800, 8, false}, {1710460799, 7, false}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct cert_info c = {.not_before = row[i].from,
                              .not_after = row[i].from + row[i].days * DAYS - 1};
        struct cert_life_facts f;
        cert_life(&c, c.not_before, &f);
        assert_int_equal(f.short_lived, row[i].is);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dns_names),   cmocka_unit_test(the_best_match_is_told),
        cmocka_unit_test(addresses),   cmocka_unit_test(usable_names),
        cmocka_unit_test(limits),      cmocka_unit_test(clock_and_renewal),
        cmocka_unit_test(short_lived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
