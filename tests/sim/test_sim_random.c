/* Thousands of small worlds, each from a seed of its own: some clients with random requests and
 * random habits through pipes of random width, with a reload or a drain in the middle. In each, every
 * response that came whole must be right, a client without bad habits must get all of them, and in
 * the end nothing may be left, without help: no connection, no timer, no reference.
 *
 * GATE443_SEED=N repeats the run that printed N; GATE443_SCENARIOS is how many. */
#include "sim_h2.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 4
#define REQUESTS_MAX 6

static struct sim_files files;
static struct snapshot *old, *new;
static uint64_t whole_answers;
static const char *const hellos[2] = {"hello, old world", "hello, new and somewhat longer world"};

struct h1_client {
    struct sim_client client;
    struct sim_expect e[REQUESTS_MAX + 1];
    size_t n;
};

struct party { /* one client of a scenario */
    bool is_h2, clean, started;
    struct h1_client h1;
    struct sim_h2 h2;
};

struct scenario {
    struct sim sim;
    struct party parties[CLIENTS_MAX];
    size_t n;
    bool drained;
    const char *hello; /* of new connections */
};

static _Noreturn void failed(const struct scenario *c, const char *why)
{
    printf("# scenario %#llx: %s\n", (unsigned long long)c->sim.seed, why);
    fail_msg("GATE443_SEED=%#llx GATE443_SCENARIOS=1: %s", (unsigned long long)c->sim.seed, why);
    abort();
}

static size_t random_capacity(struct sim *s)
{
    static const size_t some[] = {1, 2, 7, 100, 1000, 4096, 16384, 65536};
    size_t base = some[sim_below(s, sizeof some / sizeof *some)];
    return base > 7 ? 1 + sim_below(s, base) : base;
}

/* Ends some conversations with a request that must end the connection too. */
static void last_words(struct sim *s, struct h1_client *h)
{
    static const char *const bad[] = {
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
        "Transfer-Encoding: chunked\r\n\r\nabc",
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\n folded: yes\r\n\r\n",
        "\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03 a hello of TLS\r\n\r\n",
        "POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"};
    struct sim_expect *e = &h->e[h->n++];
    *e = (struct sim_expect){.status = 400, .any_body = true};
    if (sim_chance(s, 2)) {
        buf_add(&h->client.out, str_c(bad[sim_below(s, sizeof bad / sizeof *bad)]));
        return;
    }
    sim_expect(e, SIM_GET_SMALL, &files, "");
    buf_add(&h->client.out, STR("GET /small.txt HTTP/1.0\r\nHost: localhost\r\n\r\n"));
}

static void start_h1(struct scenario *c, struct party *p, size_t capacity, const char *peer)
{
    struct sim *s = &c->sim;
    struct h1_client *h = &p->h1;
    h->client.sim = s;
    buf_init(&h->client.out, (size_t)1 << 20);
    h->n = 1 + sim_below(s, REQUESTS_MAX);
    for (size_t i = 0; i < h->n; i++) {
        sim_expect(&h->e[i], sim_any_kind(s, capacity), &files, c->hello);
        sim_h1_request(s, &h->client.out, &h->e[i], i + 1 == h->n && sim_chance(s, 2));
    }
    if (sim_chance(s, 5))
        last_words(s, h);
    p->clean = sim_client_habits(&h->client, capacity >= 512);
    int err = sim_client_start(&h->client, s, capacity, peer, false);
    if (err)
        failed(c, "a connection was refused");
}

static void start_h2(struct scenario *c, struct party *p, size_t capacity, const char *peer)
{
    struct sim *s = &c->sim;
    static const uint32_t windows[] = {4096, 65535, 1000000};
    int err = sim_h2_init(&p->h2, s, windows[sim_below(s, 3)]);
    if (err)
        failed(c, "no memory");
    size_t n = 1 + sim_below(s, sim_chance(s, 4) ? SIM_STREAMS : 5);
    for (size_t i = 0; i < n; i++) {
        struct sim_expect e;
        sim_expect(&e, sim_any_kind(s, capacity), &files, c->hello);
        sim_h2_add(&p->h2, &e);
    }
    p->h2.at_once = 1 + sim_below(s, SIM_STREAMS);
    p->clean = sim_client_habits(&p->h2.client, capacity >= 512);
    if (sim_chance(s, 4))
        p->h2.reset_one_in = 1 + (unsigned)sim_below(s, 20);
    err = sim_client_start(&p->h2.client, s, capacity, peer, true);
    if (err)
        failed(c, "a connection was refused");
}

static void start_party(struct scenario *c)
{
    static const char *const peers[] = {"192.0.2.1:1000", "192.0.2.2:1000", "[2001:db8::1]:1000"};
    struct party *p = &c->parties[c->n++];
    size_t capacity = random_capacity(&c->sim);
    const char *peer = peers[sim_below(&c->sim, 3)];
    *p = (struct party){.is_h2 = sim_chance(&c->sim, 3), .started = true};
    if (p->is_h2)
        start_h2(c, p, capacity, peer);
    else
        start_h1(c, p, capacity, peer);
}

static void check_party(struct scenario *c, struct party *p)
{
    const char *why = NULL;
    bool closed = false;
    size_t n = p->is_h2 ? p->h2.n : p->h1.n;
    struct sim_client *cl = p->is_h2 ? &p->h2.client : &p->h1.client;
    int done = p->is_h2 ? sim_h2_check(&p->h2, &why)
                        : sim_h1_check(buf_str(&cl->in), p->h1.e, n, cl->eof, &closed, &why);
    if (done < 0)
        failed(c, why);
    whole_answers += (uint64_t)done;
    if (!p->clean || p->h2.reset_one_in || c->drained)
        return;
    if (cl->reset)
        failed(c, "a client without bad habits was reset");
    if ((size_t)done < n && !closed)
        failed(c, "a client without bad habits did not get all its answers");
    if (!cl->eof)
        failed(c, "a connection did not end");
}

static void play(struct scenario *c)
{
    struct sim *s = &c->sim;
    uint64_t begun = s->loop->now;
    size_t n = 1 + sim_below(s, CLIENTS_MAX);
    for (size_t i = 0; i < n; i++) {
        start_party(c);
        if (sim_chance(s, 3) && !sim_run(s, s->loop->now + sim_below(s, 20 * MILLISECOND)))
            failed(c, "the loop never came to rest");
        if (sim_chance(s, 6)) { /* reload: what is open goes on with what it began with */
            if (sim_serve(s, new))
                failed(c, "no memory");
            c->hello = hellos[1];
        }
        if (sim_chance(s, 12)) {
            front_drain(s->front);
            c->drained = true;
            break;
        }
    }
    if (!sim_run(s, UINT64_MAX))
        failed(c, "the loop never came to rest");
    /* The longest way: a window of 30 s, idle for 60 s, again and again for a slow reader. */
    if (s->loop->now - begun > 600 * SECOND)
        failed(c, "it took more than ten minutes");
}

static void scenario(uint64_t seed)
{
    static struct scenario c;
    c = (struct scenario){.hello = hellos[0]};
    uint32_t refs_old = old->refs, refs_new = new->refs;
    assert_int_equal(sim_init(&c.sim, seed, old), 0);
    play(&c);
    if (front_connections(c.sim.front) != 0)
        failed(&c, "connections are left");
    if (c.sim.metrics.conns_open != 0)
        failed(&c, "the count of open connections is off");
    if (c.sim.loop->running != 0)
        failed(&c, "timers are left");
    if (c.drained != (c.sim.idle_told == 1))
        failed(&c, "the end of a drain was not told once");
    for (size_t i = 0; i < c.n; i++)
        check_party(&c, &c.parties[i]);
    for (size_t i = 0; i < c.n; i++) {
        if (c.parties[i].is_h2)
            sim_h2_done(&c.parties[i].h2);
        else
            sim_client_done(&c.parties[i].h1.client);
    }
    if (c.sim.loop->timers != 2) /* the front's drain, the log's retry */
        failed(&c, "a timer's room was not given back");
    sim_done(&c.sim);
    if (old->refs != refs_old || new->refs != refs_new)
        failed(&c, "a snapshot is still held");
}

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static void test_random(void **state)
{
    uint64_t first = number("GATE443_SEED", 443), n = number("GATE443_SCENARIOS", 2000);
    bool tell = getenv("GATE443_TELL") != NULL;
    struct timespec a, b;
    printf("# GATE443_SEED=%#llx, %llu scenarios\n", (unsigned long long)first,
           (unsigned long long)n);
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (uint64_t i = 0; i < n; i++) {
        if (tell)
            fprintf(stderr, "%llu\n", (unsigned long long)(first + i));
        scenario(first + i);
    }
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("# %llu whole answers, all right; %.2f s\n", (unsigned long long)whole_answers,
           (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9);
}

int main(void)
{
    sim_files_make(&files);
    old = sim_snapshot(&files, hellos[0], "");
    new = sim_snapshot(&files, hellos[1], "");
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    snapshot_unref(old);
    snapshot_unref(new);
    sim_files_remove(&files);
    return failures;
}
