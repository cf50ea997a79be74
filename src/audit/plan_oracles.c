/* Padding oracles and ROBOT: one connection a vector, all at once; the reactions are compared. Where
 * they differ, the whole set is asked twice more, and only a difference that stays counts.
 *
 * Behind one address there may be several servers that take turns, each of them sound, each with
 * answers of its own. So that no vector meets the same one in every round by its place in the row,
 * the later rounds swap half of the neighbours; and where any vector was answered in two ways, the
 * servers are what differs, and there is no verdict. */
#include "audit/plan.h"
#include "audit/probe_oracle.h"

#include <string.h>

enum { ROUNDS = 3, VECTORS_MAX = 16 };

struct oracle {
    unsigned round, answers;
    int vectors[VECTORS_MAX];
    size_t n;
    char seen[ROUNDS][VECTORS_MAX][PROBE_REACTION_MAX];
    bool answered[ROUNDS][VECTORS_MAX]; /* with the data asked for */
    bool failed;
    const char *why;
    uint32_t evidence[VECTORS_MAX];
};

/* Which vector is sent as the k-th of a round. */
static size_t in_turn(const struct oracle *x, size_t k)
{
    size_t other = k ^ 1;
    bool swaps = x->round && (k / 2 + x->round) % 2 && other < x->n;
    return swaps ? other : k;
}

static void send_round(struct plan *p, struct plan_task *t, const struct oracle *x,
                       const struct probe_spec *like)
{
    for (size_t k = 0; k < x->n; k++) {
        size_t i = in_turn(x, k);
        struct probe_spec s = *like;
        s.variant = x->vectors[i];
        s.step = (int)i;
        plan_try(p, t, &s);
    }
}

static void take(struct oracle *x, const struct observation *o)
{
    size_t i = (size_t)o->spec.step;
    x->answers++;
    x->evidence[i] = o->number;
    x->answered[x->round][i] = o->outcome == OUTCOME_VULNERABLE;
    memcpy(x->seen[x->round][i], o->reaction, sizeof o->reaction);
    if (o->outcome == OUTCOME_NONE) {
        x->failed = true;
        x->why = o->why ? o->why : "no answer";
    }
}

static bool same(const struct oracle *x, unsigned round, size_t a, size_t b)
{
    return strcmp(x->seen[round][a], x->seen[round][b]) == 0;
}

static bool all_same(const struct oracle *x)
{
    for (size_t i = 1; i < x->n; i++)
        if (!same(x, 0, 0, i))
            return false;
    return true;
}

/* Vector i was answered the same way in all rounds. */
static bool steady(const struct oracle *x, size_t i)
{
    for (unsigned r = 1; r < ROUNDS; r++)
        if (strcmp(x->seen[0][i], x->seen[r][i]) != 0)
            return false;
    return true;
}

static bool all_steady(const struct oracle *x)
{
    for (size_t i = 0; i < x->n; i++)
        if (!steady(x, i))
            return false;
    return true;
}

/* … and not as most others are. */
static bool differs(const struct oracle *x, size_t i, size_t n)
{
    size_t like = 0;
    for (size_t k = 0; k < n; k++)
        like += k != i && same(x, 0, i, k);
    return like < n / 2;
}

static void end(struct plan *p, enum test_id id, enum outcome outcome, const char *why,
                const struct oracle *x, size_t i)
{
    plan_end_test(p, id, outcome, why, NULL);
    struct test_result *t = &p->facts.tests[id];
    t->evidence = x->evidence[i];
    memcpy(t->reaction, x->seen[0][i], sizeof t->reaction);
}

/* The suites of that kind in the best version that has any; n 0: none. */
static struct u16_list suites_of(struct plan *p, bool (*is)(const struct suite *), bool doable,
                                 enum tls_version_index *ret_v)
{
    for (int v = VI_TLS12; v >= VI_TLS10; v--) {
        const struct version_facts *f = &p->facts.v[v];
        uint16_t codes[SUITES_MAX];
        size_t n = 0;
        for (size_t i = 0; i < f->nsuites; i++) {
            const struct suite *s = suite_find(f->suites[i].code);
            bool can = !doable || tls_client_can(p->crypto, s, version_wire((enum tls_version_index)v));
            if (s && is(s) && can)
                codes[n++] = (uint16_t)f->suites[i].code;
        }
        *ret_v = (enum tls_version_index)v;
        if (n)
            return offer_copy(p, codes, n);
    }
    return (struct u16_list){NULL, 0};
}

static bool walks_done(const struct plan *p)
{
    for (size_t i = 0; i < PLAN_WALKS; i++)
        if (!p->tasks[i].done)
            return false;
    return true;
}

static void skip_all(struct plan *p, const enum test_id *ids, size_t n, enum outcome outcome,
                     const char *why)
{
    for (size_t i = 0; i < n; i++)
        plan_end_test(p, ids[i], outcome, why, NULL);
}

static const char unsteady[] =
    "the same message was answered differently each time (several servers behind one address?)";

/* ---- CBC ---- */

static const enum test_id cbc_tests[] = {TEST_POODLE_TLS, TEST_ZOMBIE_POODLE, TEST_GOLDENDOODLE,
                                         TEST_ZERO_LENGTH, TEST_SLEEPING_POODLE, TEST_LUCKY_MINUS_20};
enum { CBC_TESTS = sizeof cbc_tests / sizeof *cbc_tests };

static bool is_cbc(const struct suite *s)
{
    return suite_is_cbc(s) && !suite_is_export(s) && !suite_is_anonymous(s);
}

/* record_overflow, where other bad records are answered otherwise. */
static bool is_lucky(const struct oracle *x)
{
    return strncmp(x->seen[0][CBC_LUCKY_MINUS_20], "alert 22 ", 9) == 0 &&
           !same(x, 0, CBC_LUCKY_MINUS_20, CBC_BAD_MAC);
}

static bool odd(const struct oracle *x, size_t vector)
{
    return differs(x, vector, CBC_VECTORS);
}

/* What an oracle says of one vector is not told again of another that it only goes with. */
static bool has_oracle(const struct oracle *x, enum test_id id)
{
    bool far = x->answered[0][CBC_BAD_PADDING], near = x->answered[0][CBC_BAD_LAST];
    bool lucky = is_lucky(x);
    switch (id) {
    case TEST_POODLE_TLS: return far && near;
    case TEST_SLEEPING_POODLE: return far != near;
    case TEST_ZOMBIE_POODLE: return !far && !near && (odd(x, CBC_BAD_PADDING) || odd(x, CBC_BAD_LAST));
    case TEST_GOLDENDOODLE: return odd(x, CBC_BAD_MAC);
    case TEST_ZERO_LENGTH:
        return (odd(x, CBC_BAD_MAC_EMPTY) && !same(x, 0, CBC_BAD_MAC_EMPTY, CBC_BAD_MAC)) ||
               (odd(x, CBC_ALL_PADDING) && !same(x, 0, CBC_ALL_PADDING, CBC_BAD_MAC) &&
                !(lucky && same(x, 0, CBC_ALL_PADDING, CBC_LUCKY_MINUS_20)));
    default: return lucky;
    }
}

static void conclude_cbc(struct plan *p, const struct oracle *x)
{
    static const struct {
        enum test_id id;
        int vector; /* that shows it */
    } tests[] = {{TEST_POODLE_TLS, CBC_BAD_PADDING},      {TEST_SLEEPING_POODLE, CBC_BAD_PADDING},
                 {TEST_ZOMBIE_POODLE, CBC_BAD_PADDING},   {TEST_GOLDENDOODLE, CBC_BAD_MAC},
                 {TEST_ZERO_LENGTH, CBC_BAD_MAC_EMPTY},   {TEST_LUCKY_MINUS_20, CBC_LUCKY_MINUS_20}};
    bool compared = x->round == ROUNDS - 1;
    if (compared && !all_steady(x)) {
        skip_all(p, cbc_tests, CBC_TESTS, OUTCOME_NONE, unsteady);
        return;
    }
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        end(p, tests[i].id, compared && has_oracle(x, tests[i].id) ? OUTCOME_VULNERABLE : OUTCOME_SAFE,
            NULL, x, (size_t)tests[i].vector);
}

static struct oracle *begin_cbc(struct plan *p, struct plan_task *t)
{
    enum tls_version_index v;
    struct u16_list suites = suites_of(p, is_cbc, true, &v);
    struct oracle *x = suites.n ? arena_zalloc(&p->arena, sizeof *x) : NULL;
    if (!x) {
        bool any = suites_of(p, is_cbc, false, &v).n > 0;
        skip_all(p, cbc_tests, CBC_TESTS, any ? OUTCOME_NONE : OUTCOME_SAFE,
                 any ? "none of the server's CBC suites can be completed by this auditor" : NULL);
        return NULL;
    }
    for (int i = 0; i <= CBC_LUCKY_MINUS_20; i++)
        x->vectors[x->n++] = i;
    t->data = x;
    return x;
}

static struct probe_spec cbc_spec(struct plan *p)
{
    enum tls_version_index v;
    struct u16_list suites = suites_of(p, is_cbc, true, &v);
    struct probe_spec s = plan_hello(p, version_wire(v), suites);
    s.kind = &probe_cbc;
    s.purpose = "CBC padding";
    s.stop = TLS_STOP_NEVER;
    s.intrusive = true;
    s.hello.alpn = STR("\x08http/1.1");
    s.request = plan_get(p, &p->options.url, STR("identity"));
    return s;
}

static void again_or_end(struct plan *p, struct plan_task *t, struct oracle *x)
{
    x->answers = 0;
    if (!all_same(x) && x->round < ROUNDS - 1) {
        x->round++;
        struct probe_spec s = cbc_spec(p);
        send_round(p, t, x, &s);
        return;
    }
    conclude_cbc(p, x);
    t->done = true;
}

static void step_cbc(struct plan *p, struct plan_task *t, const struct observation *o)
{
    struct oracle *x = t->data;
    if (!p->options.tls) {
        t->done = true;
        return;
    }
    if (o)
        take(x, o);
    if (!x && !walks_done(p))
        return;
    if (!x && !p->options.intrusive) {
        skip_all(p, cbc_tests, CBC_TESTS, OUTCOME_NONE, "left out by --no-intrusive");
        t->done = true;
        return;
    }
    if (!x) {
        x = begin_cbc(p, t);
        t->done = !x;
        if (!x)
            return;
        struct probe_spec s = cbc_spec(p);
        send_round(p, t, x, &s);
    } else if (x->answers == x->n && x->failed) {
        skip_all(p, cbc_tests, CBC_TESTS, OUTCOME_NONE, x->why);
        t->done = true;
    } else if (x->answers == x->n) {
        again_or_end(p, t, x);
    }
}

const struct task_row task_cbc = {"CBC padding", step_cbc};

/* ---- ROBOT ---- */

static bool is_static_rsa(const struct suite *s)
{
    return s->kx == SUITE_KX_RSA;
}

static bool odd_half(const struct oracle *x, size_t from)
{
    for (size_t i = from + 1; i < from + ROBOT_VECTORS; i++)
        if (!same(x, 0, from, i))
            return true;
    return false;
}

static void conclude_robot(struct plan *p, const struct oracle *x)
{
    bool compared = x->round == ROUNDS - 1;
    bool odd = compared && all_steady(x) && (odd_half(x, 0) || odd_half(x, ROBOT_VECTORS));
    bool none = compared && !odd;
    end(p, TEST_ROBOT, odd ? OUTCOME_VULNERABLE : none ? OUTCOME_NONE : OUTCOME_SAFE,
        none ? unsteady : NULL, x, ROBOT_WRONG_PREFIX);
}

static bool robot_same(const struct oracle *x)
{
    for (size_t i = 1; i < ROBOT_VECTORS; i++)
        if (!same(x, 0, 0, i) || !same(x, 0, ROBOT_VECTORS, ROBOT_VECTORS + i))
            return false;
    return true;
}

static void robot_round(struct plan *p, struct plan_task *t, struct oracle *x)
{
    enum tls_version_index v;
    struct u16_list suites = suites_of(p, is_static_rsa, false, &v);
    struct probe_spec s = plan_hello(p, version_wire(v), suites);
    s.kind = &probe_robot;
    s.purpose = "ROBOT";
    s.intrusive = true;
    x->answers = 0;
    send_round(p, t, x, &s);
}

static void begin_robot(struct plan *p, struct plan_task *t)
{
    static const enum test_id id[] = {TEST_ROBOT};
    enum tls_version_index v;
    bool any = suites_of(p, is_static_rsa, false, &v).n > 0;
    struct oracle *x = any && p->options.intrusive ? arena_zalloc(&p->arena, sizeof *x) : NULL;
    t->data = x;
    t->done = !x;
    if (!x) {
        skip_all(p, id, 1, any ? OUTCOME_NONE : OUTCOME_SAFE,
                 any ? "left out by --no-intrusive" : NULL);
        return;
    }
    for (int i = 0; i < 2 * ROBOT_VECTORS; i++)
        x->vectors[x->n++] = i % ROBOT_VECTORS | (i >= ROBOT_VECTORS ? ROBOT_SHORT : 0);
    robot_round(p, t, x);
}

static void step_robot(struct plan *p, struct plan_task *t, const struct observation *o)
{
    struct oracle *x = t->data;
    if (!p->options.tls) {
        t->done = true;
        return;
    }
    if (!x && walks_done(p))
        begin_robot(p, t);
    if (!x || !o)
        return;
    take(x, o);
    if (x->answers < x->n)
        return;
    if (x->failed) {
        plan_end_test(p, TEST_ROBOT, OUTCOME_NONE, x->why, NULL);
        t->done = true;
    } else if (!robot_same(x) && x->round < ROUNDS - 1) {
        x->round++;
        robot_round(p, t, x);
    } else {
        conclude_robot(p, x);
        t->done = true;
    }
}

const struct task_row task_robot = {"ROBOT", step_robot};
