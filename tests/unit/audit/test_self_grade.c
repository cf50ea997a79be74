/* Our own site: what counts, what is waived, where it stands, and which grade that makes. */
#include "audit/self_grade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct check checks[] = {
    {.id = "tls10", .title = "TLS 1.0", .section = SECTION_PROTOCOL},
    {.id = "heartbleed", .title = "Heartbleed", .section = SECTION_VULNERABILITY},
    {.id = "pq_key_exchange", .title = "PQ", .section = SECTION_CIPHER},
    {.id = "cert_trust", .title = "Trust", .section = SECTION_CERTIFICATE},
    {.id = "caa", .title = "CAA", .section = SECTION_DNS},
    {.id = "hsts", .title = "HSTS", .section = SECTION_HTTP},
    {.id = "csp", .title = "CSP", .section = SECTION_HTTP},
    {.id = "cbc_suites", .title = "CBC", .section = SECTION_CIPHER},
};
enum { TLS10, HEARTBLEED, PQ, TRUST, CAA, HSTS, CSP, CBC, CHECKS };

static struct arena arena;
static struct tls_facts tls;
static struct audit_view view = {.tls = &tls};
static struct finding findings[CHECKS];
static struct waiver waivers[2];
static struct site site;
static struct written written[1];
static struct snapshot snapshot;
static struct self_grade got;

static int setup(void **state)
{
    arena_init(&arena, 4096, 1u << 20);
    tls = (struct tls_facts){.failure = NULL};
    tls.v[VI_TLS13].offered = KNOWN_YES;
    site = (struct site){.min_grade = MIN_GRADE_A, .redirect_http = true, .waivers = waivers,
                         .at = {"a.conf", 7, 1}};
    snapshot = (struct snapshot){.written = written};
    for (int i = 0; i < CHECKS; i++)
        findings[i] = (struct finding){.check = &checks[i], .verdict = VERDICT_SAFE};
    return 0;
}

static int teardown(void **state)
{
    arena_done(&arena);
    return 0;
}

static void bad(int which, enum severity severity)
{
    findings[which].verdict = VERDICT_VULNERABLE;
    findings[which].severity = severity;
}

static const char *judge(void)
{
    assert_int_equal(self_grade(&arena, &snapshot, &site, &view, findings, CHECKS, &got), 0);
    return grade_letter(got.rank);
}

static void test_all_well_is_a_plus(void **state)
{
    assert_string_equal(judge(), "A+");
    assert_int_equal(got.n, 0);
    assert_true(self_grade_passes(&got));
}

static void test_what_others_decide_does_not_count(void **state)
{
    bad(TRUST, SEVERITY_CRITICAL);
    bad(CAA, SEVERITY_HIGH);
    bad(CSP, SEVERITY_MEDIUM);
    bad(HSTS, SEVERITY_LOW); /* its age */
    assert_string_equal(judge(), "A+");
}

static void test_what_the_library_lacks_costs_the_plus_alone(void **state)
{
    bad(PQ, SEVERITY_LOW);
    assert_string_equal(judge(), "A");
    assert_int_equal(got.n, 0);
    assert_true(self_grade_passes(&got));
    site.min_grade = MIN_GRADE_A_PLUS;
    (void)judge();
    assert_false(self_grade_passes(&got));
}

static void test_no_hsts_counts(void **state)
{
    bad(HSTS, SEVERITY_MEDIUM);
    assert_string_equal(judge(), "B");
    assert_false(self_grade_passes(&got));
    waivers[0].name = STR("no-hsts");
    site.nwaivers = 1;
    (void)judge();
    assert_true(self_grade_passes(&got));
}

static void test_a_waiver_covers_its_own_and_nothing_else(void **state)
{
    bad(TLS10, SEVERITY_MEDIUM);
    bad(CBC, SEVERITY_LOW);
    assert_string_equal(judge(), "B");
    waivers[0].name = STR("tls1.0");
    site.nwaivers = 1;
    assert_string_equal(judge(), "A+");
    assert_int_equal(got.n, 2);
    assert_ptr_equal(got.findings[0].waiver, &waivers[0]);
    bad(HEARTBLEED, SEVERITY_CRITICAL);
    assert_string_equal(judge(), "F");
    assert_int_equal(got.n, 3);
    assert_string_equal(got.findings[0].finding->check->id, "heartbleed"); /* what counts is first */
    waivers[0].name = STR("tls1"); /* a whole word */
    (void)judge();
    assert_null(got.findings[2].waiver);
}

static void test_it_stands_where_it_was_written(void **state)
{
    bad(TLS10, SEVERITY_MEDIUM);
    (void)judge();
    assert_int_equal(got.findings[0].at.line, 7);
    written[0] = (struct written){&site.tls.min_version, {"b.conf", 9, 3}};
    snapshot.nwritten = 1;
    (void)judge();
    assert_string_equal(got.findings[0].at.file, "b.conf");
    assert_int_equal(got.findings[0].at.line, 9);
}

static void test_what_was_not_tested_or_only_told_does_not_count(void **state)
{
    findings[HEARTBLEED].verdict = VERDICT_UNTESTABLE;
    findings[HEARTBLEED].severity = SEVERITY_CRITICAL;
    bad(TLS10, SEVERITY_INFO);
    assert_string_equal(judge(), "A+");
}

static void test_every_wish_has_its_letter(void **state)
{
    static const char *const letters[] = {"A+", "A", "A-", "B", "C", "D", "E", "F"};
    for (int i = MIN_GRADE_A_PLUS; i <= MIN_GRADE_F; i++) {
        site.min_grade = i;
        (void)judge();
        assert_string_equal(grade_letter(got.wanted), letters[i]);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_all_well_is_a_plus),
        TEST(test_what_others_decide_does_not_count),
        TEST(test_what_the_library_lacks_costs_the_plus_alone),
        TEST(test_no_hsts_counts),
        TEST(test_a_waiver_covers_its_own_and_nothing_else),
        TEST(test_it_stands_where_it_was_written),
        TEST(test_what_was_not_tested_or_only_told_does_not_count),
        TEST(test_every_wish_has_its_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
