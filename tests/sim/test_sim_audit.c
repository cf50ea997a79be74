/* The auditor against servers that are honest, unreliable or hostile, in virtual time: whole audits, from
 * the first connection to the report in every format.
 *
 *   test_sim_audit [flights [seed]]     mutated flights in all (default: 2000), first seed
 *   test_sim_audit memory [stride [n]]  each (stride 1) allocation of ours, from the nth on, fails once
 *
 * Each round tells its seed when it fails; `test_sim_audit 1 SEED` repeats it. */
#include "audit_server.h"

#include "audit/audit.h"
#include "audit/checks.h"
#include "audit/report_format.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

enum { WALL = 1700000000, CHECKS_MAX = 512, TURNS_MAX = 2 * 1000 * 1000, ALLOCATIONS_MAX = 200000 };
#define MEMORY_MAX ((size_t)96 << 20) /* bytes of ours at once, the servers' pipes included */

static struct servers servers;
static struct crypto *crypto;
static struct trust_store *store;
static uint64_t flights_wanted = 2000, first_seed = 1;
static size_t stride = 97;
static uint64_t first_allocation = 1;

/* ---- memory ---- */

static size_t held, peak;
static uint64_t allocations, fail_at; /* 0: none fails */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void __wrap_free(void *p);

/* Of the sanitizers, where they are there. */
void __sanitizer_print_stack_trace(void) __attribute__((weak));

static bool fails(void)
{
    bool now = fail_at && !servers_busy && ++allocations == fail_at;
    if (now && __sanitizer_print_stack_trace && getenv("GATE443_TELL"))
        __sanitizer_print_stack_trace();
    return now;
}

static void *count(void *p)
{
    held += p ? malloc_usable_size(p) : 0;
    peak = held > peak ? held : peak;
    return p;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : count(__real_malloc(n));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : count(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t n)
{
    if (fails())
        return NULL;
    size_t before = p ? malloc_usable_size(p) : 0;
    void *q = __real_realloc(p, n);
    held -= q ? before : 0;
    return q ? count(q) : NULL;
}

void __wrap_free(void *p)
{
    held -= p ? malloc_usable_size(p) : 0;
    __real_free(p);
}

/* ---- one audit ---- */

struct round {
    struct loop *loop;
    struct resolver *resolver;
    struct kex_keys *keys;
    struct audit_env env;
    struct audit_target target;
    struct audit *audit;
    uint64_t begun, took; /* ns, virtual */
    bool done, failed;    /* failed: the report says why there is none */
    bool unwritten;       /* a format's text did not fit into memory */
    char failure[200];
    size_t nfindings;
    struct {
        const struct check *check;
        enum verdict verdict;
    } found[CHECKS_MAX];
    uint32_t connections;
};

static void check_json(struct str text)
{
    json_error_t e;
    servers_busy++;
    json_t *j = json_loadb(text.p, text.n, 0, &e);
    if (!j)
        fail_msg("the JSON report is none: %s at %d", e.text, e.position);
    json_decref(j);
    servers_busy--;
}

static void check_formats(struct round *x, const struct report *r)
{
    struct format_options look = {.width = 100, .version = "sim", .verbose = true, .colour = true};
    for (size_t i = 0; report_formats[i]; i++) {
        const struct report_format *f = report_formats[i];
        struct buf out;
        buf_init(&out, REPORT_OUT_MAX);
        f->begin(&out, &look);
        f->report(&out, r, &look, true);
        f->end(&out, &look);
        bool good = buf_ok(&out) && out.n;
        x->unwritten = x->unwritten || !good;
        if (!good && !fail_at)
            fail_msg("no report as %s: %s", f->name, err_text(buf_err(&out)));
        if (good && (f == &report_json || f == &report_sarif))
            check_json(buf_str(&out));
        buf_done(&out);
    }
}

static void on_done(void *user, struct audit *a, const struct report *r)
{
    struct round *x = user;
    x->done = true;
    x->took = x->loop->now - x->begun;
    x->failed = r->failure.n > 0;
    snprintf(x->failure, sizeof x->failure, "%.*s", STR_ARG(r->failure));
    x->connections = r->connections;
    for (size_t i = 0; i < r->nfindings && x->nfindings < CHECKS_MAX; i++) {
        x->found[x->nfindings].check = r->findings[i].check;
        x->found[x->nfindings++].verdict = r->findings[i].verdict;
    }
    check_formats(x, r);
}

static int prepare(struct round *x)
{
    struct resolver_options o = resolver_defaults;
    struct audit_target *t = &x->target;
    *t = (struct audit_target){
        .text = "sim.test:443", .host = "sim.test", .sni = "sim.test", .port = 443, .nconnect = 1};
    t->connect[0].in = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(443), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    t->connect[0].len = sizeof t->connect[0].in;
    x->loop = loop_sim_new(1000 * SECOND, WALL);
    x->keys = kex_keys_new(crypto);
    if (!x->loop || !x->keys || resolver_new(x->loop, &o, &x->resolver))
        return -ERR_NOMEM;
    x->env.loop = x->loop;
    x->env.crypto = crypto;
    x->env.keys = x->keys;
    x->env.resolver = x->resolver;
    x->env.stores[0] = store;
    x->env.nstores = 1;
    return 0;
}

static void finish(struct round *x)
{
    servers_end(&servers);
    servers_udp_end(&servers);
    resolver_free(x->resolver);
    kex_keys_free(x->keys);
    loop_free(x->loop);
}

static const struct audit_options everything = {.intrusive = true,
                                                .http = true,
                                                .quic = true,
                                                .show_clients = true,
                                                .evidence = true,
                                                .deadline = 120 * SECOND};

static void options_by_chance(struct audit_options *o)
{
    struct servers *s = &servers;
    *o = everything;
    o->inflight = servers_chance(s, 4) ? 1 : servers_chance(s, 4) ? 64 : 0;
    o->rate = servers_chance(s, 8) ? 20 : 0;
    o->timeout = servers_chance(s, 8) ? SECOND : 0;
    o->deadline = (20 + servers_below(s, 100)) * SECOND;
    o->thorough = servers_chance(s, 4);
    o->evidence = servers_chance(s, 4);
    o->no_plain = servers_chance(s, 6);
    o->http = !servers_chance(s, 8);
    o->quic = !servers_chance(s, 4);
}

/* Until the report is there. The deadline, and that every loop comes to an end, is asserted. */
static void run(struct round *x)
{
    x->begun = x->loop->now;
    x->audit = audit_new(&x->env, &x->target, on_done, x);
    for (int turns = 0; x->audit && !x->done; turns++) {
        if (turns == TURNS_MAX)
            fail_msg("the audit does not come to an end");
        if (x->loop->stopping)
            fail_msg("nothing can happen any more, and there is no report");
        if (loop_turn(x->loop, UINT64_MAX))
            fail_msg("the loop failed");
    }
    audit_free(x->audit);
}

static bool vulnerable(const struct round *x, const struct check *c)
{
    for (size_t i = 0; i < x->nfindings; i++)
        if (x->found[i].check == c && x->found[i].verdict == VERDICT_VULNERABLE)
            return true;
    return false;
}

/* ---- honest servers ---- */

static bool safe(const struct round *x, const char *id)
{
    for (size_t i = 0; i < x->nfindings; i++)
        if (strcmp(x->found[i].check->id, id) == 0)
            return x->found[i].verdict == VERDICT_SAFE;
    return false;
}

static struct round honest[SERVERS];

static void test_honest(void **state)
{
    for (size_t i = 0; i < SERVERS; i++) {
        struct round *x = &honest[i];
        *x = (struct round){.env.options = everything};
        assert_int_equal(prepare(x), 0);
        servers_begin(&servers, x->loop, i, HONEST, 1);
        run(x);
        finish(x);
        assert_false(x->failed);
        assert_true(x->connections < 400);
        assert_true(x->took < 30 * SECOND);
        if (i != 6) /* in clear: it has no findings */
            assert_int_equal(safe(x, "quic"), i == 0 || i == 2);
        printf("# %s: %u connections, %.2f s; vulnerable to", servers_name(i), x->connections,
               (double)x->took / 1e9);
        for (size_t k = 0; k < x->nfindings; k++)
            if (x->found[k].verdict == VERDICT_VULNERABLE &&
                x->found[k].check->section == SECTION_VULNERABILITY)
                printf(" %s", x->found[k].check->id);
        printf("\n");
    }
}

/* ---- hostile ones ---- */

struct sums {
    uint64_t rounds, connections, most_connections, longest;
} sums;

/* Silence, cuts and delays are no evidence of anything. */
static void nothing_invented(const struct round *x, size_t server, uint64_t seed)
{
    for (size_t i = 0; i < x->nfindings; i++) {
        const struct check *c = x->found[i].check;
        if (x->found[i].verdict == VERDICT_VULNERABLE && c->section == SECTION_VULNERABILITY &&
            !vulnerable(&honest[server], c))
            fail_msg("seed %llu, %s: %s was invented", (unsigned long long)seed,
                     servers_name(server), c->id);
    }
}

static void one_round(uint64_t seed)
{
    static struct round x;
    size_t server = seed % SERVERS;
    enum hostility h = seed / SERVERS % 3 == 0 ? UNRELIABLE : HOSTILE;
    x = (struct round){0};
    if (getenv("GATE443_TELL"))
        fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
    assert_int_equal(prepare(&x), 0);
    servers_begin(&servers, x.loop, server, h, seed);
    options_by_chance(&x.env.options);
    run(&x);
    finish(&x);
    uint64_t limit = x.env.options.deadline + SECOND;
    if (x.took > limit)
        fail_msg("seed %llu: it took %llu s of %llu", (unsigned long long)seed,
                 (unsigned long long)(x.took / SECOND), (unsigned long long)(limit / SECOND));
    assert_true(x.connections <= 1500); /* PLAN_CONNECTIONS_MAX */
    if (peak > MEMORY_MAX)
        fail_msg("seed %llu: %zu bytes", (unsigned long long)seed, peak);
    if (h == UNRELIABLE)
        nothing_invented(&x, server, seed);
    sums.rounds++;
    sums.connections += x.connections;
    sums.most_connections =
        x.connections > sums.most_connections ? x.connections : sums.most_connections;
    sums.longest = x.took > sums.longest ? x.took : sums.longest;
}

static void test_hostile(void **state)
{
    uint64_t from = servers.mutated;
    peak = held;
    for (uint64_t seed = first_seed; servers.mutated - from < flights_wanted; seed++)
        one_round(seed);
    printf(
        "# %llu audits, %llu connections (at most %llu in one), %llu flights, %llu of them mutated, and %llu "
        "datagrams; the longest %.1f s of virtual time; at most %zu KiB\n",
        (unsigned long long)sums.rounds, (unsigned long long)sums.connections,
        (unsigned long long)sums.most_connections, (unsigned long long)servers.flights,
        (unsigned long long)(servers.mutated - from), (unsigned long long)servers.datagrams_mutated, (double)sums.longest / 1e9, peak / 1024);
}

/* ---- memory that runs out ---- */

static unsigned untold;

/* True: no allocation failed. */
static bool starve(size_t server, uint64_t at)
{
    static struct round x;
    x = (struct round){.env.options = everything};
    assert_int_equal(prepare(&x), 0);
    servers_begin(&servers, x.loop, server, HONEST, 1);
    allocations = 0;
    fail_at = at;
    run(&x);
    bool over = allocations < at;
    fail_at = 0;
    finish(&x);
    if (!over && x.audit && !x.unwritten && strcmp(x.failure, "out of memory") != 0) {
        print_error("%s: allocation %llu failed, and the report says \"%s\"\n",
                    servers_name(server), (unsigned long long)at, x.failure);
        untold++;
    }
    return over;
}

static void test_memory(void **state)
{
    /* Both kinds of handshake to their ends, with and without QUIC, and none. */
    static const size_t some[] = {0, 2, 3, 5};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        uint64_t at = first_allocation;
        while (at < ALLOCATIONS_MAX && !starve(some[i], at))
            at += at < 40 ? 1 : stride;
        assert_true(at < ALLOCATIONS_MAX);
        printf("# %s: about %llu allocations\n", servers_name(some[i]), (unsigned long long)at);
    }
    assert_int_equal(untold, 0);
}

int main(int argc, char **argv)
{
    bool memory_only = argc > 1 && strcmp(argv[1], "memory") == 0;
    if (memory_only)
        stride = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    if (memory_only && argc > 3)
        first_allocation = strtoull(argv[3], NULL, 10);
    if (!memory_only && argc > 1)
        flights_wanted = strtoull(argv[1], NULL, 10);
    if (!memory_only && argc > 2)
        first_seed = strtoull(argv[2], NULL, 10);
    crypto = crypto_new();
    servers_make(&servers);
    servers_udp_make(&servers, crypto);
    if (!crypto || trust_store_new("sim", buf_str(&servers.root), true, &store))
        return 99;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_honest),
                                       cmocka_unit_test(test_hostile),
                                       cmocka_unit_test(test_memory)};
    const struct CMUnitTest memory[] = {cmocka_unit_test(test_memory)};
    int failures = memory_only ? cmocka_run_group_tests(memory, NULL, NULL)
                   : argc > 1  ? _cmocka_run_group_tests("hostile", tests, 2, NULL, NULL)
                               : cmocka_run_group_tests(tests, NULL, NULL);
    trust_store_free(store);
    servers_udp_free();
    servers_free(&servers);
    crypto_free(crypto);
    return failures;
}
