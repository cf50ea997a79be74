/* Many audits in virtual time: how many at once, who waits for whom, a slow sink, an odd source. */
#include "audit/fleet.h"

#include <stdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* An audit that takes its time and does nothing. */
struct audit {
    struct timer timer;
    struct report report;
    struct fake *world;
    unsigned net;
    void (*on_done)(void *, struct audit *, const struct report *);
    void *user;
};

struct fake {
    struct audit_env audit;
    struct fleet *fleet;
    struct buf log;
    const char *const *targets;
    size_t ntargets, next, starved;
    unsigned running, most, running_of[256], most_of, reports, excluded;
    bool closed;       /* the sink */
    bool ended;
    struct timer later; /* the sink opens, the source goes on */
};

static void on_time(struct timer *t, uint64_t now)
{
    struct audit *a = LIST_ENTRY(t, struct audit, timer);
    a->world->running--;
    a->world->running_of[a->net]--;
    a->on_done(a->user, a, &a->report);
}

static struct audit *fake_new(const struct audit_env *env, const struct audit_target *target,
                              void (*on_done)(void *, struct audit *, const struct report *), void *user)
{
    struct audit *a = calloc(1, sizeof *a);
    struct fake *w = LIST_ENTRY(env, struct fake, audit);
    assert_non_null(a);
    a->world = w;
    a->on_done = on_done;
    a->user = user;
    a->net = ntohl(target->connect[0].in.sin_addr.s_addr) >> 8 & 255;
    assert_int_equal(timer_init(env->loop, &a->timer, on_time), 0);
    timer_start(env->loop, &a->timer, env->loop->now + SECOND);
    w->most = ++w->running > w->most ? w->running : w->most;
    w->most_of = ++w->running_of[a->net] > w->most_of ? w->running_of[a->net] : w->most_of;
    return a;
}

static void fake_free(struct audit *a)
{
    if (a)
        timer_done(a->world->audit.loop, &a->timer);
    free(a);
}

static enum fleet_next next(void *user, struct audit_target *ret, char tag[FLEET_TAG_MAX])
{
    struct fake *w = user;
    struct buf why;
    if (w->starved && w->next == w->starved)
        return FLEET_WAIT;
    if (w->next == w->ntargets)
        return FLEET_END;
    snprintf(tag, FLEET_TAG_MAX, "%zu", w->next);
    buf_init(&why, 100);
    char text[64];
    const char *word = w->targets ? w->targets[w->next] : text;
    snprintf(text, sizeof text, "10.0.%zu.%zu", w->next % 256, w->next / 256);
    w->next++;
    assert_int_equal(audit_target_parse(ret, str_c(word), &why), 0);
    return FLEET_TARGET;
}

static bool ready(void *user)
{
    return !((struct fake *)user)->closed;
}

static void on_report(void *user, const struct audit_target *t, const char *tag, const struct report *r)
{
    struct fake *w = user;
    w->reports++;
    if (w->ntargets < 20)
        buf_addf(&w->log, "%s ", tag);
    assert_false(w->closed);
}

static void on_excluded(void *user, const struct audit_target *t, const char *tag)
{
    ((struct fake *)user)->excluded++;
}

static void on_end(void *user)
{
    ((struct fake *)user)->ended = true;
}

static void on_later(struct timer *t, uint64_t now)
{
    struct fake *w = LIST_ENTRY(t, struct fake, later);
    w->closed = false;
    w->starved = 0;
    fleet_wake(w->fleet);
}

static void begin(struct fake *w, struct fleet_env env)
{
    w->audit.loop = loop_sim_new(SECOND, 0);
    buf_init(&w->log, 4096);
    env.audit = &w->audit;
    env.next = next;
    env.ready = ready;
    env.on_report = on_report;
    env.on_excluded = on_excluded;
    env.on_end = on_end;
    env.user = w;
    env.start = fake_new;
    env.stop = fake_free;
    env.seed[0] = 9;
    w->fleet = fleet_new(&env);
    assert_non_null(w->fleet);
    assert_int_equal(timer_init(w->audit.loop, &w->later, on_later), 0);
}

static uint64_t run(struct fake *w)
{
    struct loop *l = w->audit.loop;
    loop_run(l);
    return l->now / SECOND - 1;
}

static void end(struct fake *w)
{
    fleet_free(w->fleet);
    timer_done(w->audit.loop, &w->later);
    loop_free(w->audit.loop);
    buf_done(&w->log);
}

static void test_many_at_once(void **state)
{
    struct fake w = {.ntargets = 1000};
    begin(&w, (struct fleet_env){.parallel = 50});
    assert_int_equal(run(&w), 20);
    assert_int_equal(w.most, 50);
    assert_int_equal(w.reports, 1000);
    assert_true(w.ended);
    end(&w);
}

static void test_a_busy_network_does_not_block_others(void **state)
{
    static const char *const targets[] = {"10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.4",
                                          "10.0.2.1", "10.0.2.2", "10.0.3.1"};
    struct fake w = {.targets = targets, .ntargets = 7};
    begin(&w, (struct fleet_env){.parallel = 50, .network_parallel = 1});
    assert_int_equal(run(&w), 4);
    assert_int_equal(w.most_of, 1);
    assert_int_equal(w.most, 3);
    assert_true(str_ends(buf_str(&w.log), STR("2 3 "))); /* the others came by */
    end(&w);
}

/* More wait than the lot holds: the source is not emptied. */
static void test_the_lot_is_bounded(void **state)
{
    static const char *targets[3000];
    static char text[3000][16];
    for (int i = 0; i < 3000; i++) {
        snprintf(text[i], sizeof text[i], "10.0.1.%d:%d", i % 250, i + 1);
        targets[i] = text[i];
    }
    struct fake w = {.targets = targets, .ntargets = 3000};
    begin(&w, (struct fleet_env){.parallel = 50, .network_parallel = 5});
    for (int i = 0; i < 10; i++)
        loop_turn(w.audit.loop, w.audit.loop->now);
    struct fleet_progress p;
    fleet_progress(w.fleet, &p);
    assert_int_equal(p.parked, FLEET_PARKED_MAX);
    assert_int_equal(p.running, 5);
    run(&w);
    assert_int_equal(w.reports, 3000);
    assert_int_equal(w.most, 5);
    end(&w);
}

static void test_a_slow_sink_stops_it_all(void **state)
{
    struct fake w = {.ntargets = 1000, .closed = true};
    begin(&w, (struct fleet_env){.parallel = 10});
    timer_start(w.audit.loop, &w.later, 31 * SECOND);
    loop_turn(w.audit.loop, w.audit.loop->now);
    for (int i = 0; i < 100 && w.closed && w.reports == 0; i++) {
        assert_true(w.next <= 10);
        loop_turn(w.audit.loop, UINT64_MAX);
    }
    assert_int_equal(w.audit.loop->now, 31 * SECOND);
    assert_int_equal(run(&w), 130 - 1);
    assert_int_equal(w.reports, 1000);
    end(&w);
}

static void test_a_source_that_must_be_waited_for(void **state)
{
    struct fake w = {.ntargets = 10, .starved = 4};
    begin(&w, (struct fleet_env){.parallel = 10});
    timer_start(w.audit.loop, &w.later, 60 * SECOND);
    assert_int_equal(run(&w), 60);
    assert_int_equal(w.reports, 10);
    assert_true(w.ended);
    end(&w);
}

static void test_who_is_excluded(void **state)
{
    struct exclude x;
    unsigned line;
    uint64_t seed[2] = {1, 1};
    struct fake w = {.ntargets = 5000};
    exclude_init(&x, seed);
    assert_int_equal(exclude_read(&x, STR("10.0.0.0/25\n10.0.1.0-10.0.200.255\n"), &line), 0);
    begin(&w, (struct fleet_env){.parallel = 1000, .exclude = &x});
    run(&w);
    assert_int_equal(w.reports + w.excluded, 5000);
    assert_true(w.excluded > 3900 && w.excluded < 4000);
    end(&w);
    exclude_done(&x);
}

static void test_cut_off_in_the_middle(void **state)
{
    struct fake w = {.ntargets = 1000};
    begin(&w, (struct fleet_env){.parallel = 10, .network_parallel = 1});
    for (int i = 0; i < 20; i++)
        loop_turn(w.audit.loop, UINT64_MAX);
    assert_true(w.running > 0);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_a_busy_network_does_not_block_others),
        cmocka_unit_test(test_the_lot_is_bounded),
        cmocka_unit_test(test_a_slow_sink_stops_it_all),
        cmocka_unit_test(test_a_source_that_must_be_waited_for),
        cmocka_unit_test(test_who_is_excluded),
        cmocka_unit_test(test_cut_off_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
