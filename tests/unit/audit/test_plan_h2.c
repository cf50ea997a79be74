/* The plan of HTTP/2 and its checks: what is asked, and what each answer comes to. */
#include "audit/checks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct crypto *crypto;
static struct kex_keys *keys;

struct world {
    struct plan plan;
    struct plan_task task;
    size_t asked; /* of the queue, how many were there before */
};

static void begin(struct world *w, bool intrusive, bool thorough, bool h2)
{
    struct plan_options o = {
        .tls = true,
        .http = true,
        .intrusive = intrusive,
        .thorough = thorough,
        .url = {.https = true, .host = STR("a.test"), .port = 443, .target = STR("/")}};
    *w = (struct world){.task = {.row = &task_h2}};
    assert_int_equal(plan_init(&w->plan, &o, crypto, keys), 0);
    w->asked = w->plan.queued;
    w->plan.facts.v[VI_TLS13].offered = KNOWN_YES;
    w->plan.facts.alpn = h2 ? STR("h2") : STR("http/1.1");
    for (int i = 0; i < PLAN_WALKS; i++)
        w->plan.tasks[i].done = !h2;
    task_h2.step(&w->plan, &w->task, NULL);
}

/* The one probe that waits, which must be of that kind, is answered. */
static void answer(struct world *w, const struct probe_kind *kind, int variant, struct h2_seen seen,
                   enum ending ending)
{
    assert_int_equal(w->plan.queued, w->asked + 1);
    struct observation o = {.spec = w->plan.queue[w->asked++],
                            .h2 = seen,
                            .ending = ending,
                            .connected = true,
                            .number = 7};
    assert_ptr_equal(o.spec.kind, kind);
    if (kind == &probe_h2_flood)
        assert_int_equal(o.spec.variant, variant);
    assert_true(str_eq(o.spec.request, STR("a.test")) && str_eq(o.spec.hello.alpn, STR("\x02h2")));
    w->task.in_flight--;
    task_h2.step(&w->plan, &w->task, &o);
}

static void get(struct world *w, uint16_t status)
{
    answer(w, &probe_h2, 0,
           (struct h2_seen){
               .negotiated = true, .settings = true, .max_streams = 128, .status = status},
           status ? ENDING_OPEN : ENDING_CLOSED);
}

static void flood(struct world *w, int kind, enum h2_probe_verdict verdict, unsigned resets)
{
    answer(w, &probe_h2_flood, kind,
           (struct h2_seen){.negotiated = true,
                            .settings = true,
                            .verdict = verdict,
                            .resets = resets,
                            .goaway = verdict == H2_PROBE_LIMITED,
                            .code = 11},
           ENDING_CLOSED);
}

static enum verdict verdict_of(struct world *w, const char *id)
{
    struct audit_view view = {.tls = &w->plan.facts}, unasked = {.host = STR("a.test")};
    for (size_t i = 0; i < checks_h2.n + checks_h2_flood.n; i++) {
        const struct check *c =
            i < checks_h2.n ? &checks_h2.rows[i] : &checks_h2_flood.rows[i - checks_h2.n];
        struct finding f = {.check = c, .severity = c->severity, .arena = &w->plan.arena};
        if (strcmp(c->id, id))
            continue;
        c->fn(&unasked, &f);
        assert_int_equal(f.verdict, VERDICT_UNTESTABLE);
        f.verdict = VERDICT_SAFE;
        c->fn(&view, &f);
        assert_true(f.detail.n > 0);
        assert_true(f.verdict != VERDICT_VULNERABLE || f.severity <= SEVERITY_MEDIUM);
        return f.verdict;
    }
    fail_msg("no check %s", id);
    return VERDICT_UNTESTABLE;
}

static void end(struct world *w)
{
    assert_true(w->task.done);
    assert_int_equal(w->plan.queued, w->asked);
    plan_done(&w->plan);
}

static struct world w;

static void not_offered(void **state)
{
    begin(&w, true, true, false);
    assert_int_equal(verdict_of(&w, "h2_works"), VERDICT_SAFE);
    assert_int_equal(verdict_of(&w, "h2_rapid_reset"), VERDICT_SAFE);
    assert_int_equal(verdict_of(&w, "h2_max_streams"), VERDICT_SAFE);
    end(&w);
}

/* Two connections by default; that 100 were taken says nothing. */
static void few(void **state)
{
    begin(&w, true, false, true);
    get(&w, 200);
    assert_int_equal(w.plan.queue[w.asked].size, 100);
    flood(&w, H2_PROBE_RESETS, H2_PROBE_TOLERATED, 0);
    assert_int_equal(verdict_of(&w, "h2_works"), VERDICT_SAFE);
    assert_int_equal(verdict_of(&w, "h2_max_streams"), VERDICT_SAFE);
    assert_int_equal(verdict_of(&w, "h2_rapid_reset"), VERDICT_UNTESTABLE);
    assert_int_equal(verdict_of(&w, "h2_made_you_reset"), VERDICT_UNTESTABLE);
    end(&w);
    begin(&w, true, false, true);
    get(&w, 404);
    flood(&w, H2_PROBE_RESETS, H2_PROBE_LIMITED, 0);
    assert_int_equal(verdict_of(&w, "h2_rapid_reset"), VERDICT_SAFE);
    end(&w);
}

static void polite(void **state)
{
    begin(&w, false, true, true);
    get(&w, 200);
    assert_int_equal(verdict_of(&w, "h2_rapid_reset"), VERDICT_UNTESTABLE);
    end(&w);
}

static void without_limits(void **state)
{
    begin(&w, true, true, true);
    get(&w, 200);
    assert_int_equal(w.plan.queue[w.asked].size, 1000);
    for (int kind = 0; kind < H2_FLOODS; kind++)
        for (int i = 0; i < 2; i++)
            flood(&w, kind, H2_PROBE_TOLERATED, 1000);
    assert_int_equal(verdict_of(&w, "h2_rapid_reset"), VERDICT_VULNERABLE);
    assert_int_equal(verdict_of(&w, "h2_made_you_reset"), VERDICT_VULNERABLE);
    assert_int_equal(verdict_of(&w, "h2_continuation"), VERDICT_VULNERABLE);
    end(&w);
}

/* A positive that does not come again; a server that resets nothing; one that says nothing. */
static void doubtful(void **state)
{
    begin(&w, true, true, true);
    get(&w, 200);
    flood(&w, H2_PROBE_RESETS, H2_PROBE_TOLERATED, 0);
    flood(&w, H2_PROBE_RESETS, H2_PROBE_LIMITED, 0);
    flood(&w, H2_PROBE_MADE_RESETS, H2_PROBE_TOLERATED, 0);
    flood(&w, H2_PROBE_MADE_RESETS, H2_PROBE_TOLERATED, 0);
    flood(&w, H2_PROBE_CONTINUATION, H2_PROBE_OPEN, 0);
    assert_int_equal(verdict_of(&w, "h2_rapid_reset"), VERDICT_UNTESTABLE);
    assert_int_equal(verdict_of(&w, "h2_made_you_reset"), VERDICT_SAFE);
    assert_int_equal(verdict_of(&w, "h2_continuation"), VERDICT_UNTESTABLE);
    end(&w);
}

/* What does not answer a request is not asked with floods: its end would mean nothing. */
static void broken(void **state)
{
    begin(&w, true, true, true);
    get(&w, 0);
    get(&w, 0);
    assert_int_equal(verdict_of(&w, "h2_works"), VERDICT_VULNERABLE);
    assert_int_equal(verdict_of(&w, "h2_rapid_reset"), VERDICT_UNTESTABLE);
    end(&w);
    begin(&w, true, false, true);
    get(&w, 0);
    get(&w, 200);
    flood(&w, H2_PROBE_RESETS, H2_PROBE_NO_H2, 0);
    assert_int_equal(verdict_of(&w, "h2_works"), VERDICT_SAFE);
    assert_int_equal(verdict_of(&w, "h2_rapid_reset"), VERDICT_UNTESTABLE);
    end(&w);
    begin(&w, true, true, true);
    answer(&w, &probe_h2, 0, (struct h2_seen){.negotiated = false}, ENDING_CLOSED);
    answer(&w, &probe_h2, 0, (struct h2_seen){.negotiated = false}, ENDING_CLOSED);
    assert_int_equal(verdict_of(&w, "h2_works"), VERDICT_UNTESTABLE);
    end(&w);
    begin(&w, true, true, true);
    answer(&w, &probe_h2, 0, (struct h2_seen){.negotiated = true}, ENDING_TIMEOUT);
    assert_int_equal(verdict_of(&w, "h2_works"), VERDICT_UNTESTABLE);
    end(&w);
}

static int setup(void **state)
{
    crypto = crypto_new();
    keys = kex_keys_new(crypto);
    return crypto && keys ? 0 : -1;
}

static int teardown(void **state)
{
    kex_keys_free(keys);
    crypto_free(crypto);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_offered),    cmocka_unit_test(few),      cmocka_unit_test(polite),
        cmocka_unit_test(without_limits), cmocka_unit_test(doubtful), cmocka_unit_test(broken),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
