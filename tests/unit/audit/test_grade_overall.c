/* Our own grade: the rules of the table, what A+ asks for, T and M, and that nothing that gets better
 * makes it worse. */
#include "audit/grade_overall.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct arena arena;
static const struct check checks[] = {
    {.id = "heartbleed", .title = "Heartbleed"},
    {.id = "robot", .title = "ROBOT"},
    {.id = "cert_trust", .title = "Trust"},
    {.id = "cert_name", .title = "Name"},
    {.id = "cert_expiry", .title = "Expiry"},
    {.id = "tls10", .title = "TLS 1.0"},
    {.id = "rc4", .title = "RC4"},
    {.id = "caa", .title = "CAA"},
    {.id = "hsts", .title = "HSTS"},
    {.id = "cookies", .title = "Cookies"},
};
enum { CHECKS = sizeof checks / sizeof *checks, FINDINGS = 12 };
static struct finding findings[FINDINGS];
static struct overall_input in;
static struct grade got;

static int setup(void **state)
{
    arena_init(&arena, 4096, 64u << 20);
    return 0;
}

static int teardown(void **state)
{
    arena_done(&arena);
    return 0;
}

static void good(void)
{
    in = (struct overall_input){.findings = findings,
                                .reached = true,
                                .trusted = true,
                                .name_matches = true,
                                .hsts_year = true,
                                .redirects = true,
                                .tls13 = true,
                                .only_forward_secret = true,
                                .post_quantum = true,
                                .no_stripping = true};
}

static void add(const char *id, enum severity severity)
{
    for (size_t i = 0; i < CHECKS; i++)
        if (strcmp(checks[i].id, id) == 0)
            findings[in.nfindings++] = (struct finding){
                .check = &checks[i], .verdict = VERDICT_VULNERABLE, .severity = severity};
}

static void grade(void)
{
    arena_reset(&arena);
    assert_int_equal(grade_overall(&arena, &in, &got), 0);
}

static void is(const char *letter, int score)
{
    grade();
    assert_string_equal(got.letter, letter);
    assert_int_equal(got.score, score);
}

static void test_best(void **state)
{
    good();
    is("A+", 100);
    assert_int_equal(got.ncauses, 0);
    in.reached = false;
    grade();
    assert_null(got.letter);
    assert_true(got.note.n > 0);
}

static void test_severities(void **state)
{
    good();
    add("caa", SEVERITY_INFO);
    is("A+", 100);
    assert_int_equal(got.ncauses, 0);
    good();
    add("caa", SEVERITY_LOW);
    is("A-", 89);
    assert_string_equal(got.causes[0].rule, "low finding: CAA");
    assert_string_equal(got.causes[0].check, "caa");
    assert_string_equal(got.causes[0].grade, "A-");
    good();
    add("caa", SEVERITY_MEDIUM);
    is("B", 79);
    good();
    add("rc4", SEVERITY_HIGH);
    is("C", 64);
    add("tls10", SEVERITY_HIGH);
    is("D", 49);
    add("hsts", SEVERITY_HIGH);
    is("D", 35);
    add("cookies", SEVERITY_HIGH);
    is("E", 20);
    add("heartbleed", SEVERITY_CRITICAL);
    is("F", 0);
    assert_string_equal(got.causes[0].check, "heartbleed"); /* worst first */
    assert_string_equal(got.causes[1].grade, "E");
    good();
    add("heartbleed", SEVERITY_CRITICAL);
    is("F", 19);
}

static void test_not_counted(void **state)
{
    good();
    add("heartbleed", SEVERITY_CRITICAL);
    findings[0].verdict = VERDICT_SAFE;
    is("A+", 100);
    findings[0].verdict = VERDICT_UNTESTABLE;
    is("A+", 100);
    findings[0].check = NULL;
    findings[0].verdict = VERDICT_VULNERABLE;
    is("A+", 100);
}

static void test_once_a_check(void **state)
{
    good();
    add("rc4", SEVERITY_MEDIUM); /* three addresses */
    add("rc4", SEVERITY_HIGH);
    add("rc4", SEVERITY_HIGH);
    is("C", 64);
    assert_int_equal(got.ncauses, 1);
    assert_string_equal(got.causes[0].rule, "high finding: RC4");
}

static void test_conditions(void **state)
{
    const struct {
        bool *met;
        const char *letter, *check;
    } rows[] = {
        {&in.hsts_year, "A", "hsts"},
        {&in.redirects, "A", "redirect"},
        {&in.tls13, "A", "tls13"},
        {&in.only_forward_secret, "A", "forward_secrecy"},
        {&in.post_quantum, "A", "pq_key_exchange"},
        {&in.no_stripping, "A", "stripping"},
        {&in.trusted, "T", "cert_trust"},
        {&in.name_matches, "M", "cert_name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        good();
        *rows[i].met = false;
        is(rows[i].letter, rows[i].letter[0] == 'A' ? 97 : 0);
        assert_int_equal(got.ncauses, 1);
        assert_string_equal(got.causes[0].check, rows[i].check);
        assert_string_equal(got.causes[0].grade, rows[i].letter);
    }
}

static void test_trust_ignored(void **state)
{
    good();
    in.trusted = in.name_matches = false;
    add("cert_trust", SEVERITY_CRITICAL);
    add("cert_name", SEVERITY_CRITICAL);
    add("cert_expiry", SEVERITY_HIGH);
    is("T", 0);
    assert_true(str_eq(got.note, STR("A+ if trust is ignored")));
    add("tls10", SEVERITY_MEDIUM);
    is("T", 0);
    assert_true(str_eq(got.note, STR("B if trust is ignored")));
    in.trusted = true;
    is("M", 0);
}

static void test_table(void **state)
{
    size_t n;
    const struct overall_rule *r = grade_overall_rules(&n);
    assert_true(n > 0);
    for (size_t i = 1; i < n; i++) {
        bool same = r[i].severity == r[i - 1].severity;
        assert_true(same ? r[i].count > r[i - 1].count && r[i].cap < r[i - 1].cap
                         : r[i].severity < r[i - 1].severity && r[i].count == 1);
        assert_true(same ? r[i].points == r[i - 1].points : r[i].points < r[i - 1].points);
    }
}

/* ---- nothing that gets better makes it worse ---- */

static int rank(const char *letter)
{
    for (int r = 0; r < GRADE_RANKS; r++)
        if (strcmp(grade_letter((enum grade_rank)r), letter) == 0)
            return r;
    return -1;
}

static unsigned seed;

static unsigned dice(unsigned sides)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % sides;
}

static void shuffle_input(void)
{
    good();
    in.nfindings = dice(FINDINGS + 1);
    for (size_t i = 0; i < in.nfindings; i++)
        findings[i] = (struct finding){.check = &checks[dice(CHECKS)],
                                       .verdict = dice(4) ? VERDICT_VULNERABLE : VERDICT_SAFE,
                                       .severity = (enum severity)dice(5)};
    in.trusted = dice(4);
    in.name_matches = dice(4);
    bool *more[] = {&in.hsts_year,           &in.redirects,    &in.tls13,
                    &in.only_forward_secret, &in.post_quantum, &in.no_stripping};
    for (size_t i = 0; i < 6; i++)
        *more[i] = dice(3);
}

static void not_worse(int letter, int score, const char *what)
{
    grade();
    if (rank(got.letter) < letter || got.score < score)
        fail_msg("%s: %s %d", what, got.letter, got.score);
}

static void fix_each_finding(int letter, int score)
{
    for (size_t i = 0; i < in.nfindings; i++) {
        struct finding was = findings[i];
        findings[i].verdict = VERDICT_SAFE;
        not_worse(letter, score, "fixed");
        findings[i] = was;
        if (was.severity > SEVERITY_INFO) {
            findings[i].severity--;
            not_worse(letter, score, "milder");
        }
        findings[i] = was;
    }
}

static void test_monotone(void **state)
{
    int seen[GRADE_RANKS] = {0};
    seed = 443;
    for (int round = 0; round < 3000; round++) {
        shuffle_input();
        grade();
        int letter = rank(got.letter), score = got.score;
        seen[letter]++;
        fix_each_finding(letter, score);
        bool *all[] = {&in.trusted, &in.name_matches,        &in.hsts_year,    &in.redirects,
                       &in.tls13,   &in.only_forward_secret, &in.post_quantum, &in.no_stripping};
        for (size_t i = 0; i < 8; i++) {
            bool was = *all[i];
            *all[i] = true;
            not_worse(letter, score, "met");
            *all[i] = was;
        }
    }
    for (int r = GRADE_T; r < GRADE_A; r++)
        assert_true(seen[r] > 0);
}

/* The same findings in another order, at other times: the same grade. */
static void test_deterministic(void **state)
{
    seed = 8443;
    for (int round = 0; round < 300; round++) {
        shuffle_input();
        grade();
        char letter[3];
        snprintf(letter, sizeof letter, "%s", got.letter);
        int score = got.score;
        for (size_t i = 0; i < in.nfindings / 2; i++) {
            struct finding f = findings[i];
            findings[i] = findings[in.nfindings - 1 - i];
            findings[in.nfindings - 1 - i] = f;
        }
        is(letter, score);
    }
}

static void test_no_memory(void **state)
{
    struct arena tiny;
    good();
    add("rc4", SEVERITY_HIGH);
    for (size_t max = 0; max <= 224; max += 16) {
        arena_init(&tiny, 64, max);
        assert_int_equal(grade_overall(&tiny, &in, &got), -ERR_NOMEM);
        arena_done(&tiny);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_best),          cmocka_unit_test(test_severities),
        cmocka_unit_test(test_not_counted),   cmocka_unit_test(test_once_a_check),
        cmocka_unit_test(test_conditions),    cmocka_unit_test(test_trust_ignored),
        cmocka_unit_test(test_table),         cmocka_unit_test(test_monotone),
        cmocka_unit_test(test_deterministic), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
