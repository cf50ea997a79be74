/* CAA judged: rows of records, an issuer, a verdict. */
#include "audit/dns_caa.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

struct row {
    const char *title;
    const char *records[5]; /* "tag value", "!tag value" is critical */
    const char *organisation;
    bool wildcard;
    enum dns_caa_verdict want;
    const char *by;
};

static struct dnsrr_caa records[64];
static struct dns_facts facts;

static void set_records(const char *const texts[5])
{
    facts = (struct dns_facts){.caa = {.records = records, .set = {.state = DNS_EMPTY}}};
    for (size_t i = 0; i < 5 && texts[i]; i++) {
        struct str text = str_c(texts[i]);
        bool critical = text.p[0] == '!';
        text = str_from(text, critical);
        size_t space = str_find(text, ' ', 0);
        records[facts.caa.n++] = (struct dnsrr_caa){
            .critical = critical,
            .tag = str_sub(text, 0, space),
            .value = str_from(text, space + 1),
        };
        facts.caa.set.state = DNS_FOUND;
    }
}

static const struct row rows[] = {
    {"no records", {0}, "Let's Encrypt", false, DNS_CAA_NONE, ""},
    {"no records, unknown issuer", {0}, "Nobody", false, DNS_CAA_NONE, ""},
    {"permitted",
     {"issue letsencrypt.org"},
     "Let's Encrypt",
     false,
     DNS_CAA_PERMITTED,
     "letsencrypt.org"},
    {"case",
     {"ISSUE LetsEncrypt.ORG"},
     "let's encrypt",
     false,
     DNS_CAA_PERMITTED,
     "LetsEncrypt.ORG"},
    {"other", {"issue digicert.com"}, "Let's Encrypt", false, DNS_CAA_FORBIDDEN, "issue"},
    {"one of two",
     {"issue digicert.com", "issue letsencrypt.org"},
     "Let's Encrypt",
     false,
     DNS_CAA_PERMITTED,
     "letsencrypt.org"},
    {"by another name",
     {"issue comodoca.com"},
     "ZeroSSL",
     false,
     DNS_CAA_PERMITTED,
     "comodoca.com"},
    {"beneath is another",
     {"issue x.letsencrypt.org"},
     "Let's Encrypt",
     false,
     DNS_CAA_FORBIDDEN,
     "issue"},
    {"nobody", {"issue ;"}, "Let's Encrypt", false, DNS_CAA_FORBIDDEN, "issue"},
    {"nobody, unknown issuer", {"issue ;"}, "Nobody", false, DNS_CAA_FORBIDDEN, "issue"},
    {"nobody, but one",
     {"issue ;", "issue letsencrypt.org"},
     "Let's Encrypt",
     false,
     DNS_CAA_PERMITTED,
     "letsencrypt.org"},
    {"unknown issuer", {"issue letsencrypt.org"}, "Nobody", false, DNS_CAA_UNKNOWN, "issue"},
    {"unreadable permits nobody",
     {"issue %%%"},
     "Let's Encrypt",
     false,
     DNS_CAA_FORBIDDEN,
     "issue"},
    {"only iodef", {"iodef mailto:a@b"}, "Let's Encrypt", false, DNS_CAA_ANYBODY, ""},
    {"unknown critical",
     {"issue letsencrypt.org", "!tbs Unknown"},
     "Let's Encrypt",
     false,
     DNS_CAA_FORBIDDEN,
     "tbs"},
    {"unknown, not critical",
     {"issue letsencrypt.org", "tbs Unknown"},
     "Let's Encrypt",
     false,
     DNS_CAA_PERMITTED,
     "letsencrypt.org"},
    {"known critical",
     {"!issue letsencrypt.org", "!iodef x"},
     "Let's Encrypt",
     false,
     DNS_CAA_PERMITTED,
     "letsencrypt.org"},
    {"wildcard by issue",
     {"issue letsencrypt.org"},
     "Let's Encrypt",
     true,
     DNS_CAA_PERMITTED,
     "letsencrypt.org"},
    {"wildcard by issuewild",
     {"issue ;", "issuewild letsencrypt.org"},
     "Let's Encrypt",
     true,
     DNS_CAA_PERMITTED,
     "letsencrypt.org"},
    {"no wildcards",
     {"issue letsencrypt.org", "issuewild ;"},
     "Let's Encrypt",
     true,
     DNS_CAA_FORBIDDEN,
     "issuewild"},
    {"issuewild is for wildcards", {"issuewild ;"}, "Let's Encrypt", false, DNS_CAA_ANYBODY, ""},
    {"issuewild alone",
     {"issue letsencrypt.org", "issuewild ;"},
     "Let's Encrypt",
     false,
     DNS_CAA_PERMITTED,
     "letsencrypt.org"},
};

static void test_rows(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        struct dns_caa_result got;
        set_records(r->records);
        dns_caa_judge(&facts, dns_caa_issuer(str_c(r->organisation)), r->wildcard, &got);
        if (got.verdict != r->want || !str_eq(got.by, str_c(r->by)))
            fail_msg("%s: verdict %d by \"%.*s\"", r->title, got.verdict, STR_ARG(got.by));
    }
}

static void test_params(void **state)
{
    struct dns_caa_result got;
    set_records((const char *const[5]){
        "issue letsencrypt.org; accounturi=https://a/1; validationmethods=dns-01",
        "issue letsencrypt.org; accounturi=https://a/2",
        "issue digicert.com",
        "iodef mailto:x@y",
    });
    dns_caa_judge(&facts, dns_caa_issuer(STR("Let's Encrypt")), false, &got);
    assert_int_equal(got.verdict, DNS_CAA_PERMITTED);
    assert_true(str_eq(got.accounturi, STR("https://a/1")));
    assert_true(str_eq(got.validationmethods, STR("dns-01")));
    assert_true(got.bound_account);
    assert_false(got.bound_methods); /* the second record leaves them open */
    assert_true(str_eq(got.iodef, STR("mailto:x@y")));
    set_records((const char *const[5]){"issue letsencrypt.org"});
    dns_caa_judge(&facts, dns_caa_issuer(STR("Let's Encrypt")), false, &got);
    assert_false(got.bound_account || got.bound_methods);
}

static void test_failed_lookup(void **state)
{
    struct dns_caa_result got;
    const struct dns_caa_issuer *issuer = dns_caa_issuer(STR("Let's Encrypt"));
    set_records((const char *const[5]){"issue letsencrypt.org"});
    facts.caa.set.malformed = 1;
    dns_caa_judge(&facts, issuer, false, &got);
    assert_int_equal(got.verdict, DNS_CAA_UNKNOWN);
    set_records((const char *const[5]){NULL});
    static const enum dns_state failed[] = {DNS_UNASKED, DNS_SERVFAIL,    DNS_REFUSED,  DNS_OTHER,
                                            DNS_TIMEOUT, DNS_UNREACHABLE, DNS_MALFORMED};
    for (size_t i = 0; i < sizeof failed / sizeof *failed; i++) {
        facts.caa.set.state = failed[i];
        dns_caa_judge(&facts, issuer, false, &got);
        assert_int_equal(got.verdict, DNS_CAA_UNKNOWN);
    }
    facts.caa.set.state = DNS_NO_NAME;
    dns_caa_judge(&facts, issuer, false, &got);
    assert_int_equal(got.verdict, DNS_CAA_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_failed_lookup),
    };
    return cmocka_run_group_tests_name("dns_caa", tests, NULL, NULL);
}
