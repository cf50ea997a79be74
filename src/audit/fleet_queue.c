/* Targets and reports in Redis; see fleet_queue.h. Each step is a script: one round trip, and nobody
 * sees half of it. They name keys that are not all in KEYS' hash slot: a cluster needs NAME in braces. */
#include "audit/fleet_queue.h"

#include <stdio.h>
#include <stdlib.h>

enum { TAKE = 16, KEYS_MAX = QUEUE_NAME_MAX + 16, NUMBER_MAX = 24, HELD_MAX = 8192 };
#define PAUSE (SECOND / 2) /* where nothing is there to be taken, or Redis is away */

#define MAKE_GROUP                                                                                 \
    "local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], 'gate443', '0', 'MKSTREAM')\n"

/* KEYS: stream; ARGV: worker, lease (ms), how many, cursor. Returns {taken, cursor, left}, taken being
 * {id, target, times given out}. */
static const char script_take[] = MAKE_GROUP
    "local taken, want, cursor = {}, tonumber(ARGV[3]), ARGV[4]\n"
    "local function add(entries, again)\n"
    "  for _, e in ipairs(entries) do\n"
    "    if e and e[2] then\n"
    "      local times = 1\n"
    "      if again then\n"
    "        local p = redis.call('XPENDING', KEYS[1], 'gate443', e[1], e[1], 1)\n"
    "        times = p[1] and p[1][4] or 1\n"
    "      end\n"
    "      taken[#taken + 1] = {e[1], e[2][2], times}\n"
    "    end\n"
    "  end\n"
    "end\n"
    "local new = redis.call('XREADGROUP', 'GROUP', 'gate443', ARGV[1], 'COUNT', want, 'STREAMS', KEYS[1], '>')\n"
    "if new then add(new[1][2], false) end\n"
    "if #taken < want then\n"
    "  local old = redis.call('XAUTOCLAIM', KEYS[1], 'gate443', ARGV[1], ARGV[2], cursor, 'COUNT', want - #taken)\n"
    "  cursor = old[1]\n"
    "  add(old[2], true)\n"
    "end\n"
    "return {taken, cursor, redis.call('XLEN', KEYS[1])}\n";

/* KEYS: stream; ARGV: worker, ids. Only what is still ours: another may have taken it over. */
static const char script_renew[] =
    "for i = 2, #ARGV do\n"
    "  local p = redis.call('XPENDING', KEYS[1], 'gate443', ARGV[i], ARGV[i], 1, ARGV[1])\n"
    "  if p[1] then redis.call('XCLAIM', KEYS[1], 'gate443', ARGV[1], 0, ARGV[i], 'JUSTID') end\n"
    "end\n"
    "return #ARGV - 1\n";

/* KEYS: stream, done, results; ARGV: id, target, report. */
static const char script_finish[] =
    "local fresh = redis.call('HSETNX', KEYS[2], ARGV[2], ARGV[1])\n"
    "if fresh == 1 and ARGV[3] ~= '' then\n"
    "  redis.call('XADD', KEYS[3], '*', 'target', ARGV[2], 'report', ARGV[3])\n"
    "end\n"
    "redis.call('XACK', KEYS[1], 'gate443', ARGV[1])\n"
    "redis.call('XDEL', KEYS[1], ARGV[1])\n"
    "return fresh\n";

/* KEYS: stream, targets; ARGV: targets. */
static const char script_put[] = MAKE_GROUP
    "local new = 0\n"
    "for _, target in ipairs(ARGV) do\n"
    "  if redis.call('SADD', KEYS[2], target) == 1 then\n"
    "    redis.call('XADD', KEYS[1], '*', 'target', target)\n"
    "    new = new + 1\n"
    "  end\n"
    "end\n"
    "return new\n";

/* KEYS: stream, results; ARGV: after, how many. Left first: what is stored after that is read next. */
static const char script_results[] =
    "local left = redis.call('XLEN', KEYS[1])\n"
    "return {redis.call('XRANGE', KEYS[2], '(' .. ARGV[1], '+', 'COUNT', ARGV[2]), left}\n";

/* An entry we hold. */
struct held {
    struct list list;
    char id[FLEET_TAG_MAX];
};

/* A target taken and not yet asked for. */
struct ready {
    struct list list;
    char id[FLEET_TAG_MAX];
    struct audit_target target;
};

/* A report that Redis has not confirmed. */
struct result {
    struct list list;
    struct fleet_queue *queue;
    char id[FLEET_TAG_MAX], key[AUDIT_KEY_MAX];
    char *text;
    size_t n;
    bool sent;
};

struct fleet_queue {
    struct fleet_queue_env env;
    struct list held, ready, results;
    size_t nheld, nready, nresults, unsent;
    char cursor[FLEET_TAG_MAX];
    int64_t left;          /* −1: not known */
    bool taking, renewing, trouble;
    bool well;             /* it answered at least once */
    struct timer again, lease;
    uint64_t doubles;
};

static void take(struct fleet_queue *q);
static void send_results(struct fleet_queue *q);

/* ---- scripts ---- */

/* EVAL script, the stream NAME and NAME:suffixes, then args. */
static int eval(struct redis *r, const char *script, const char *name, const char *const *suffixes,
                const struct str *args, size_t nargs, redis_on_answer *on_answer, void *user)
{
    struct str words[8 + HELD_MAX / 16];
    char keys[3][KEYS_MAX], number[NUMBER_MAX];
    size_t n = 0, nkeys = 1;
    words[n++] = STR("EVAL");
    words[n++] = str_c(script);
    n++; /* how many keys, see below */
    words[n++] = str_c(name);
    for (size_t i = 0; suffixes && suffixes[i] && i < 3; i++, nkeys++) {
        snprintf(keys[i], sizeof keys[i], "%s:%s", name, suffixes[i]);
        words[n++] = str_c(keys[i]);
    }
    snprintf(number, sizeof number, "%zu", nkeys);
    words[2] = str_c(number);
    for (size_t i = 0; i < nargs && n < sizeof words / sizeof *words; i++)
        words[n++] = args[i];
    return redis_call(r, words, n, on_answer, user);
}

/* NOAUTH, WRONGPASS, NOPERM: waiting does not help. */
static bool is_locked_out(const struct fleet_queue *q, int err, const struct redis_value *v)
{
    return !q->well && !err && (str_starts(v->text, STR("NO")) || str_starts(v->text, STR("WRONGPASS")));
}

/* An answer that is none: told once, until Redis is well again. */
static bool trouble(struct fleet_queue *q, int err, const struct redis_value *v)
{
    bool bad = err || v->kind == REDIS_VALUE_ERROR;
    char text[200];
    if (bad && !q->trouble) {
        const char *why = redis_trouble(q->env.redis);
        if (err)
            snprintf(text, sizeof text, "%s", why[0] ? why : err_text(err));
        else
            snprintf(text, sizeof text, "%.*s", STR_ARG(v->text));
        q->env.on_trouble(q->env.user, text, is_locked_out(q, err, v));
    }
    if (!bad && q->trouble)
        q->env.on_trouble(q->env.user, NULL, false);
    q->trouble = bad;
    q->well = q->well || !bad;
    return bad;
}

static void later(struct fleet_queue *q)
{
    if (!timer_running(&q->again))
        timer_start(q->env.loop, &q->again, q->env.loop->now + PAUSE);
}

/* ---- taking ---- */

static void copy_text(char *out, size_t size, struct str s)
{
    snprintf(out, size, "%.*s", STR_ARG(s));
}

static bool hold(struct fleet_queue *q, const char *id)
{
    struct held *h = calloc(1, sizeof *h);
    if (!h)
        return false; /* its lease ends, and somebody takes it over */
    snprintf(h->id, sizeof h->id, "%s", id);
    list_push(&q->held, &h->list);
    q->nheld++;
    return true;
}

static void let_go(struct fleet_queue *q, const char *id)
{
    LIST_EACH(it, tmp, &q->held) {
        struct held *h = LIST_ENTRY(it, struct held, list);
        if (strcmp(h->id, id))
            continue;
        list_remove(&h->list);
        free(h);
        q->nheld--;
        return;
    }
}

/* What is no target (somebody else wrote into the stream) is done with, too. */
static void take_entry(struct fleet_queue *q, const struct redis_value *entry)
{
    struct redis_value id = redis_value_at(entry, 0), target = redis_value_at(entry, 1);
    struct redis_value times = redis_value_at(entry, 2);
    struct ready *r = calloc(1, sizeof *r);
    struct buf why;
    if (!r || id.text.n == 0 || id.text.n >= sizeof r->id) {
        free(r);
        return;
    }
    copy_text(r->id, sizeof r->id, id.text);
    buf_init(&why, 1000);
    int err = audit_target_parse(&r->target, target.text, &why);
    buf_done(&why);
    if (err || !hold(q, r->id)) {
        if (err)
            err = fleet_queue_done(q, r->id, target.text, STR_NONE);
        free(r);
        return;
    }
    if (times.number > QUEUE_TRIES)
        r->target.refused = "given up: every worker that audited it was lost";
    list_push(&q->ready, &r->list);
    q->nready++;
}

static void on_taken(void *user, int err, const struct redis_value *v)
{
    struct fleet_queue *q = user;
    q->taking = false;
    if (trouble(q, err, v)) {
        later(q);
        return;
    }
    struct redis_value taken = redis_value_at(v, 0), cursor = redis_value_at(v, 1);
    for (size_t i = 0; i < taken.n; i++) {
        struct redis_value entry = redis_value_at(&taken, i);
        take_entry(q, &entry);
    }
    if (cursor.text.n && cursor.text.n < sizeof q->cursor)
        copy_text(q->cursor, sizeof q->cursor, cursor.text);
    q->left = redis_value_at(v, 2).number;
    if (taken.n == 0 && q->left)
        later(q);
    else
        q->env.on_wake(q->env.user);
}

static void take(struct fleet_queue *q)
{
    char lease[NUMBER_MAX], count[NUMBER_MAX];
    if (q->taking || timer_running(&q->again) || q->nheld + TAKE > HELD_MAX)
        return;
    snprintf(lease, sizeof lease, "%llu", (unsigned long long)(q->env.lease / MILLISECOND));
    snprintf(count, sizeof count, "%d", TAKE);
    struct str args[] = {str_c(q->env.worker), str_c(lease), str_c(count), str_c(q->cursor)};
    q->taking = eval(q->env.redis, script_take, q->env.name, NULL, args, 4, on_taken, q) == 0;
    if (!q->taking)
        later(q);
}

enum fleet_next fleet_queue_next(struct fleet_queue *q, struct audit_target *ret, char tag[FLEET_TAG_MAX])
{
    struct list *l = list_pop(&q->ready);
    if (l) {
        struct ready *r = LIST_ENTRY(l, struct ready, list);
        *ret = r->target;
        memcpy(tag, r->id, FLEET_TAG_MAX);
        free(r);
        q->nready--;
        return FLEET_TARGET;
    }
    if (q->left == 0 && !q->taking && q->nheld == 0)
        return FLEET_END;
    take(q);
    return FLEET_WAIT;
}

/* ---- the lease ---- */

static void on_renewed(void *user, int err, const struct redis_value *v)
{
    struct fleet_queue *q = user;
    q->renewing = false;
    trouble(q, err, v);
}

static void on_lease(struct timer *t, uint64_t now)
{
    struct fleet_queue *q = LIST_ENTRY(t, struct fleet_queue, lease);
    struct str args[1 + QUEUE_BATCH];
    size_t n = 0;
    args[n++] = str_c(q->env.worker);
    LIST_EACH(it, tmp, &q->held) {
        args[n++] = str_c(LIST_ENTRY(it, struct held, list)->id);
        if (n <= QUEUE_BATCH && tmp != &q->held)
            continue;
        q->renewing = eval(q->env.redis, script_renew, q->env.name, NULL, args, n, on_renewed, q) == 0;
        n = 1;
    }
    timer_start(q->env.loop, t, now + q->env.lease / 3);
}

/* ---- reports ---- */

static void on_finished(void *user, int err, const struct redis_value *v)
{
    struct result *r = user;
    struct fleet_queue *q = r->queue;
    r->sent = false;
    if (trouble(q, err, v)) {
        later(q); /* once more: to do it twice does nothing */
        return;
    }
    q->doubles += v->kind == REDIS_VALUE_NUMBER && v->number == 0;
    let_go(q, r->id);
    list_remove(&r->list);
    q->nresults--;
    q->unsent -= r->n;
    free(r->text);
    free(r);
    q->env.on_wake(q->env.user);
}

static void send_results(struct fleet_queue *q)
{
    static const char *const suffixes[] = {"done", "results", NULL};
    LIST_EACH(it, tmp, &q->results) {
        struct result *r = LIST_ENTRY(it, struct result, list);
        struct str args[] = {str_c(r->id), str_c(r->key), str_of(r->text, r->n)};
        if (r->sent)
            continue;
        r->sent = eval(q->env.redis, script_finish, q->env.name, suffixes, args, 3, on_finished, r) == 0;
        if (!r->sent)
            later(q);
    }
}

int fleet_queue_done(struct fleet_queue *q, const char *tag, struct str key, struct str report)
{
    struct result *r = calloc(1, sizeof *r);
    char *text = report.n ? str_dup(report) : NULL;
    if (!r || (report.n && !text)) {
        free(r);
        free(text);
        return -ERR_NOMEM;
    }
    *r = (struct result){.queue = q, .text = text, .n = report.n};
    snprintf(r->id, sizeof r->id, "%s", tag);
    copy_text(r->key, sizeof r->key, key);
    list_push(&q->results, &r->list);
    q->nresults++;
    q->unsent += r->n;
    send_results(q);
    return 0;
}

bool fleet_queue_ready(const struct fleet_queue *q)
{
    return q->unsent < QUEUE_UNSENT_MAX && q->nresults < REDIS_CALLS_MAX / 2;
}

bool fleet_queue_idle(const struct fleet_queue *q)
{
    return q->nresults == 0;
}

uint64_t fleet_queue_doubles(const struct fleet_queue *q)
{
    return q->doubles;
}

/* ---- birth and death ---- */

static void on_again(struct timer *t, uint64_t now)
{
    struct fleet_queue *q = LIST_ENTRY(t, struct fleet_queue, again);
    send_results(q);
    if (q->nready == 0)
        take(q);
    q->env.on_wake(q->env.user);
}

struct fleet_queue *fleet_queue_new(const struct fleet_queue_env *env)
{
    struct fleet_queue *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    q->env = *env;
    q->env.lease = env->lease ? env->lease : QUEUE_LEASE;
    q->left = -1;
    snprintf(q->cursor, sizeof q->cursor, "0-0");
    list_init(&q->held);
    list_init(&q->ready);
    list_init(&q->results);
    if (timer_init(env->loop, &q->again, on_again) || timer_init(env->loop, &q->lease, on_lease)) {
        timer_done(env->loop, &q->again);
        free(q);
        return NULL;
    }
    timer_start(env->loop, &q->lease, env->loop->now + q->env.lease / 3);
    return q;
}

/* The redis is freed before: its callbacks would come here. */
void fleet_queue_free(struct fleet_queue *q)
{
    struct list *l;
    if (!q)
        return;
    while ((l = list_pop(&q->held)))
        free(LIST_ENTRY(l, struct held, list));
    while ((l = list_pop(&q->ready)))
        free(LIST_ENTRY(l, struct ready, list));
    while ((l = list_pop(&q->results))) {
        free(LIST_ENTRY(l, struct result, list)->text);
        free(LIST_ENTRY(l, struct result, list));
    }
    timer_done(q->env.loop, &q->again);
    timer_done(q->env.loop, &q->lease);
    free(q);
}

/* ---- for the other two commands ---- */

int fleet_queue_put(struct redis *redis, const char *name, const struct str *keys, size_t n,
                    redis_on_answer *on_answer, void *user)
{
    static const char *const suffixes[] = {"targets", NULL};
    return eval(redis, script_put, name, suffixes, keys, n, on_answer, user);
}

int fleet_queue_results(struct redis *redis, const char *name, const char *after, unsigned n,
                        redis_on_answer *on_answer, void *user)
{
    static const char *const suffixes[] = {"results", NULL};
    char count[NUMBER_MAX];
    snprintf(count, sizeof count, "%u", n);
    struct str args[] = {str_c(after), str_c(count)};
    return eval(redis, script_results, name, suffixes, args, 2, on_answer, user);
}
