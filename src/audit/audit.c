/* One target under audit; see audit.h. */
#include "audit/audit.h"

#include "audit/audit_report.h"
#include "audit/audit_trust.h"
#include "audit/dns_gather.h"
#include "audit/other_ways.h"
#include "audit/quic_run.h"
#include "audit/view_build.h"
#include "io/dial.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <stdio.h>

enum { EXCHANGES_MAX = 512 };

/* One address. */
struct run {
    struct audit *audit;
    struct addr addr, plain;
    struct endpoint *endpoint;
    struct quic_run *quic; /* NULL: not asked */
    bool full, ended, quic_ended;
    struct arena arena;
    struct trust_facts trust;
    struct audit_view view;
    struct finding *findings; /* NULL: it could not be audited */
    struct str text, spki; /* spki: "sha256/…", empty: none seen */
};

struct audit {
    const struct audit_env *env;
    struct audit_target target;
    void (*on_done)(void *user, struct audit *a, const struct report *r);
    void *user;
    struct arena arena;
    struct dns_gather *gather;
    const struct dns_facts *dns;
    struct other_ways *ways; /* NULL: none */
    bool dns_pending, addresses_pending, ways_pending;
    bool starved;       /* memory was out for one of the parts */
    bool connect_ports; /* the addresses of --connect-to have ports of their own */
    struct run runs[AUDIT_ADDRESSES_MAX];
    size_t nruns, nended;
    bool internal;
    struct report report;
    struct task finish;
    uint64_t begun;
    const char *doing;
};

/* ---- the target ---- */

static int target_port(struct str text, uint16_t *ret, struct buf *why)
{
    uint64_t port;
    if (!str_u64(text, &port) || port == 0 || port > 65535) {
        buf_addf(why, "\"%.*s\" is no port (1 to 65535)", STR_ARG(text));
        return -ERR_RANGE;
    }
    *ret = (uint16_t)port;
    return 0;
}

/* "https://" and a path are taken off: people paste what stands in their browser. */
static struct str without_url(struct str text)
{
    text = str_trim(text);
    if (str_istarts(text, STR("https://")))
        text = str_from(text, 8);
    return str_sub(text, 0, str_find(text, '/', 0));
}

/* Host and port apart: "[v6]:port", "host:port", and a bare IPv6 address has several colons. */
static bool cut_port(struct str text, struct str *ret_host, struct str *ret_port)
{
    size_t colon = str_rfind(text, ':');
    *ret_port = STR_NONE;
    if (text.n && text.p[0] == '[') {
        size_t end = str_find(text, ']', 0);
        if (end == text.n)
            return false;
        *ret_host = str_sub(text, 1, end - 1);
        struct str rest = str_from(text, end + 1);
        if (rest.n && rest.p[0] != ':')
            return false;
        *ret_port = str_from(rest, 1);
        return rest.n != 1;
    }
    bool several = colon < text.n && str_find(text, ':', 0) != colon;
    *ret_host = colon == text.n || several ? text : str_sub(text, 0, colon);
    if (colon < text.n && !several)
        *ret_port = str_from(text, colon + 1);
    return true;
}

static bool is_address(struct str host)
{
    unsigned char ip[16];
    return cert_host_ip(host, ip) > 0;
}

/* Of an IPv6 address: small letters, the longest run of zeros left out (RFC 5952). */
static void one_spelling(char host[IDN_MAX], bool v6)
{
    struct in6_addr ip;
    char text[INET6_ADDRSTRLEN];
    if (v6 && inet_pton(AF_INET6, host, &ip) == 1 && inet_ntop(AF_INET6, &ip, text, sizeof text))
        snprintf(host, IDN_MAX, "%s", text);
}

struct str audit_target_key(const struct audit_target *t, char out[AUDIT_KEY_MAX])
{
    int n = snprintf(out, AUDIT_KEY_MAX, strchr(t->host, ':') ? "[%s]:%u" : "%s:%u", t->host, t->port);
    return str_of(out, n > 0 ? (size_t)n : 0);
}

int audit_target_parse(struct audit_target *ret, struct str text, struct buf *why)
{
    struct audit_target t = {.port = 443};
    struct str plain = without_url(text), host, port, ascii;
    if (!cut_port(plain, &host, &port) || host.n == 0) {
        buf_addf(why, "\"%.*s\" names no host", STR_ARG(text));
        return -ERR_SYNTAX;
    }
    int err = port.n ? target_port(port, &t.port, why) : 0;
    if (err)
        return err;
    bool address = is_address(host);
    err = address ? 0 : idn_to_ascii(host, t.host, &ascii);
    if (err || (address && host.n >= sizeof t.host)) {
        buf_addf(why, "\"%.*s\" is no host name: %s", STR_ARG(host), err_text(err ? err : -ERR_RANGE));
        return err ? err : -ERR_RANGE;
    }
    if (address)
        snprintf(t.host, sizeof t.host, "%.*s", STR_ARG(host));
    else
        snprintf(t.sni, sizeof t.sni, "%s", t.host);
    bool v6 = address && str_find(host, ':', 0) < host.n;
    one_spelling(t.host, v6);
    snprintf(t.text, sizeof t.text, v6 ? "[%.*s]:%u" : "%.*s:%u", STR_ARG(host), t.port);
    *ret = t;
    return 0;
}

/* ---- addresses that are nobody's business but the owner's ---- */

static bool internal4(uint32_t ip)
{
    static const struct {
        uint32_t net, mask;
    } nets[] = {{0x7f000000, 0xff000000}, {0x0a000000, 0xff000000}, {0xac100000, 0xfff00000},
                {0xc0a80000, 0xffff0000}, {0xa9fe0000, 0xffff0000}, {0x64400000, 0xffc00000}};
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        if ((ip & nets[i].mask) == nets[i].net)
            return true;
    return false;
}

bool audit_addr_is_internal(const struct addr *a)
{
    if (a->sa.sa_family == AF_INET)
        return internal4(ntohl(a->in.sin_addr.s_addr));
    const unsigned char *b = a->in6.sin6_addr.s6_addr;
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (memcmp(b, mapped, 12) == 0)
        return internal4((uint32_t)b[12] << 24 | b[13] << 16 | b[14] << 8 | b[15]);
    bool low = true;
    for (int i = 0; i < 15; i++)
        low = low && b[i] == 0;
    return (low && b[15] <= 1) || (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
}

/* ---- evidence ---- */

static void keep_exchange(struct run *run, const struct observation *o)
{
    struct report *r = &run->audit->report;
    if (!r->exchanges)
        r->exchanges = arena_zalloc(&r->arena, EXCHANGES_MAX * sizeof *r->exchanges);
    if (!r->exchanges || r->nexchanges == EXCHANGES_MAX)
        return;
    char ended[64];
    if (o->hs && o->hs->alert.code != ALERT_NONE)
        snprintf(ended, sizeof ended, "alert %u", o->hs->alert.code);
    else
        snprintf(ended, sizeof ended, "%s", ending_text(o->ending));
    r->exchanges[r->nexchanges++] = (struct report_exchange){
        .number = o->number, .purpose = str_c(o->spec.purpose), .address = run->text,
        .sent = arena_str(&r->arena, str_sub(o->sent, 0, EVIDENCE_MAX)),
        .received = arena_str(&r->arena, str_sub(o->received, 0, EVIDENCE_MAX)),
        .sent_n = o->sent_n, .received_n = o->received_n,
        .ended = arena_str(&r->arena, str_c(ended))};
}

static void on_probe(void *user, const struct observation *o)
{
    struct run *run = user;
    run->audit->doing = o->spec.purpose;
    if (run->audit->env->options.evidence)
        keep_exchange(run, o);
}

/* ---- the end ---- */

static const char *failure_of(const struct run *run)
{
    return endpoint_plan(run->endpoint)->facts.failure;
}

/* Any of those that the server has over TCP for the name will do: one of each kind of key, perhaps. */
static void compare_quic(const struct run *run)
{
    struct quic_facts *q = quic_run_facts(run->quic);
    for (size_t i = 0; i < run->view.ncerts; i++) {
        const struct cert_view *c = &run->view.certs[i];
        if (c->readable && c->kept->with_sni)
            q->same_key |= str_eq(q->leaf_spki, crypto_str(c->chain.certs[0].info.spki_sha256, 32));
    }
}

static int judge(struct run *run)
{
    struct audit *a = run->audit;
    const struct audit_env *e = a->env;
    struct view_input in = {.host = str_c(a->target.host),
                            .now = e->loop->wall,
                            .internal = a->internal,
                            .plan = endpoint_plan(run->endpoint),
                            .stores = e->stores,
                            .nstores = e->nstores,
                            .ct_logs = e->ct_logs,
                            .dns = a->dns,
                            .quic = run->quic ? quic_run_facts(run->quic) : NULL,
                            .trust = &run->trust};
    int err = view_build(&run->arena, &in, &run->view);
    if (!err && run->quic)
        compare_quic(run);
    run->spki = err ? STR_NONE : view_spki(&run->arena, &run->view);
    return err;
}

/* ---- the same key elsewhere ---- */

static void keys_of(const struct run *run, struct key_set *ret)
{
    *ret = (struct key_set){.complete = run->full};
    if (!failure_of(run))
        key_set_of(ret, &endpoint_plan(run->endpoint)->facts);
}

/* One address may have RSA only and the other ECDSA only, and be right. */
static int compare_addresses(struct run *run)
{
    const struct audit *a = run->audit;
    struct trust_facts *t = &run->trust;
    struct key_set own, other;
    keys_of(run, &own);
    own.complete = false;
    t->naddresses = 0;
    for (size_t i = 0; i < a->nruns && t->naddresses < TRUST_COMPARISONS_MAX; i++) {
        const char *why = failure_of(&a->runs[i]);
        if (&a->runs[i] == run)
            continue;
        struct trust_comparison *c = &t->addresses[t->naddresses++];
        *c = (struct trust_comparison){.with = a->runs[i].text, .why = str_c(why ? why : "")};
        keys_of(&a->runs[i], &other);
        key_set_compare(&run->arena, &own, &other, c);
        own.starved = own.starved || other.starved;
    }
    return own.starved ? -ERR_NOMEM : 0;
}

/* Like with like: see key_set.h. Fills the comparisons of run->trust. */
static int compare_keys(struct run *run)
{
    const struct audit *a = run->audit;
    struct key_set direct = {.n = 0}, one;
    for (size_t i = 0; i < a->nruns; i++) {
        keys_of(&a->runs[i], &one);
        key_set_join(&direct, &one);
    }
    other_ways_compare(a->ways, &run->arena, &direct, &run->trust);
    return direct.starved ? -ERR_NOMEM : compare_addresses(run);
}

static void sum_up(struct report *r, const struct run *run)
{
    uint64_t sent, received;
    endpoint_bytes(run->endpoint, &sent, &received);
    r->bytes_sent += sent;
    r->bytes_received += received;
    r->connections += endpoint_plan(run->endpoint)->facts.connections;
    if (!run->quic)
        return;
    const struct quic_facts *q = quic_run_facts(run->quic);
    r->datagrams += q->datagrams;
    r->bytes_sent += q->bytes_sent;
    r->bytes_received += q->bytes_received;
}

static int report_endpoints(struct audit *a)
{
    struct report *r = &a->report;
    r->endpoints = arena_zalloc(&r->arena, (a->nruns + 1) * sizeof *r->endpoints);
    if (!r->endpoints)
        return -ERR_NOMEM;
    for (size_t i = 0; i < a->nruns; i++) {
        const struct run *run = &a->runs[i];
        const char *why = failure_of(run);
        sum_up(r, run);
        r->endpoints[r->nendpoints++] = (struct report_endpoint){
            .address = run->text, .failure = why ? str_c(why) : STR_NONE,
            .connections = endpoint_plan(run->endpoint)->facts.connections,
            .datagrams = run->quic ? quic_run_facts(run->quic)->datagrams : 0};
    }
    other_ways_count(a->ways, &r->connections, &r->bytes_sent, &r->bytes_received);
    return 0;
}

/* What was given on the command line; comparisons are compare_keys'. */
static int judge_trust(struct run *run)
{
    const struct audit_env *e = run->audit->env;
    struct audit_trust_input in = {.pins = e->pins,
                                   .pins_from = e->pins_from,
                                   .issuer = e->options.expect_issuer,
                                   .remembered = e->remembered,
                                   .remembered_file = e->remembered_file};
    return audit_trust(&run->arena, &run->view, &in, &run->trust);
}

static int report_parts(struct audit *a)
{
    struct report_part parts[AUDIT_ADDRESSES_MAX];
    size_t n = 0;
    int err = 0;
    for (size_t i = 0; !err && i < a->nruns; i++)
        err = failure_of(&a->runs[i]) ? 0 : judge(&a->runs[i]);
    for (size_t i = 0; !err && i < a->nruns; i++) {
        struct run *run = &a->runs[i];
        if (failure_of(run) || !run->full)
            continue;
        err = judge_trust(run);
        if (!err)
            err = compare_keys(run);
        if (!err)
            err = checks_run(&run->view, &run->arena, &run->findings);
        parts[n++] = (struct report_part){run->text, &run->view, run->findings};
    }
    if (!err)
        err = audit_report_fill(&a->report, parts, n, a->env->options.show_clients);
    if (n == 0 && a->nruns)
        a->report.failure = str_c(failure_of(&a->runs[0]) ? failure_of(&a->runs[0])
                                                          : "no address could be audited");
    return err;
}

static bool run_starved(const struct run *r)
{
    return r->arena.starved || plan_starved(endpoint_plan(r->endpoint)) ||
           (r->quic && quic_run_starved(r->quic));
}

/* A report of which a piece may be missing for want of memory is none. */
static bool starved(const struct audit *a)
{
    bool any = a->starved || a->arena.starved || a->report.arena.starved ||
               other_ways_starved(a->ways) || (a->gather && dns_gather_starved(a->gather));
    for (size_t i = 0; i < a->nruns; i++)
        any = any || run_starved(&a->runs[i]);
    return any;
}

static void on_finish(struct task *t)
{
    struct audit *a = LIST_ENTRY(t, struct audit, finish);
    struct report *r = &a->report;
    int err = report_endpoints(a);
    if (!err && !r->failure.n)
        err = report_parts(a);
    if (!err && starved(a))
        err = -ERR_NOMEM;
    if (err)
        r->failure = str_c(err_text(err));
    r->duration = loop_clock(a->env->loop) - a->begun;
    a->on_done(a->user, a, r);
}

static void maybe_finish(struct audit *a)
{
    if (a->nended == a->nruns && !a->dns_pending && !a->addresses_pending &&
        !a->ways_pending)
        loop_defer(a->env->loop, &a->finish);
}

static void on_run_done(void *user)
{
    struct run *run = user;
    run->ended = true;
    if (failure_of(run)) /* what there is over UDP alone has no report */
        quic_run_give_up(run->quic);
    run->audit->nended += !run->quic || run->quic_ended;
    maybe_finish(run->audit);
}

static void on_quic_done(void *user)
{
    struct run *run = user;
    run->quic_ended = true;
    run->audit->nended += run->ended;
    maybe_finish(run->audit);
}

static uint64_t tcp_rtt(void *user)
{
    struct run *run = user;
    return endpoint_plan(run->endpoint)->facts.rtt;
}

/* ---- the beginning ---- */

static int dial(void *user, enum probe_port port, struct stream **ret)
{
    struct run *run = user;
    return dial_tcp(run->audit->env->loop, port == PROBE_PORT_TLS ? &run->addr : &run->plain, ret);
}

static uint64_t may_dial(void *user, enum probe_port port, uint64_t now)
{
    struct run *run = user;
    const struct audit_env *e = run->audit->env;
    return e->may_dial(e->may_dial_user, &run->addr, now);
}

static uint16_t plain_port(const struct audit *a)
{
    const struct audit_options *o = &a->env->options;
    return o->no_plain ? 0 : o->plain_port ? o->plain_port : a->target.port == 443 ? 80 : 0;
}

static struct http_url url_of(struct audit *a, bool https, uint16_t port)
{
    struct str host = str_c(a->target.host);
    bool v6 = str_find(host, ':', 0) < host.n;
    struct http_url u = {.https = https, .port = port, .target = STR("/"),
                         .host = v6 ? arena_printf(&a->arena, "[%.*s]", STR_ARG(host)) : host};
    return u;
}

static void start_quic(struct run *run)
{
    struct audit *a = run->audit;
    const struct audit_options *o = &a->env->options;
    struct quic_run_env env = {.loop = a->env->loop,
                               .crypto = a->env->crypto,
                               .keys = a->env->keys,
                               .auth = a->env->auth,
                               .to = run->addr,
                               .sni = str_c(a->target.sni),
                               .intrusive = o->intrusive,
                               .thorough = o->thorough,
                               .timeout = o->timeout,
                               .rtt = tcp_rtt,
                               .on_done = on_quic_done,
                               .user = run};
    if (!o->quic || !run->full)
        return;
    run->quic = quic_run_new(&env);
    a->starved |= !run->quic;
}

static struct plan_options plan_options(struct audit *a, uint16_t plain)
{
    const struct audit_options *o = &a->env->options;
    return (struct plan_options){.sni = str_c(a->target.sni),
                                 .url = url_of(a, true, a->target.port),
                                 .plain_url = url_of(a, false, plain ? plain : 80),
                                 .tls = true,
                                 .plain = plain != 0,
                                 .intrusive = o->intrusive,
                                 .http = o->http,
                                 .thorough = o->thorough,
                                 .wall = a->env->loop->wall};
}

static int start_run(struct audit *a, const struct addr *addr, bool full)
{
    struct run *run = &a->runs[a->nruns];
    const struct audit_options *o = &a->env->options;
    char text[ADDR_TEXT_MAX];
    *run = (struct run){.audit = a, .addr = *addr, .plain = *addr, .full = full};
    addr_set_port(&run->addr, a->connect_ports ? addr_port(addr) : a->target.port);
    uint16_t plain = full ? plain_port(a) : 0;
    addr_set_port(&run->plain, plain);
    arena_init(&run->arena, 16 * 1024, 64u * 1024 * 1024);
    run->text = arena_str(&run->arena, addr_text(&run->addr, text));
    struct plan_options plan = plan_options(a, plain);
    plan.only_contact = !full;
    struct endpoint_env env = {.loop = a->env->loop,
                               .crypto = a->env->crypto,
                               .keys = a->env->keys,
                               .auth = a->env->auth,
                               .inflight = o->inflight,
                               .rate = o->rate,
                               .timeout = o->timeout,
                               .deadline = o->deadline,
                               .dial = dial,
                               .may_dial = a->env->may_dial ? may_dial : NULL,
                               .on_probe = on_probe,
                               .on_done = on_run_done,
                               .user = run};
    run->endpoint = endpoint_new(&env, &plan);
    if (!run->endpoint) {
        arena_done(&run->arena);
        return -ERR_NOMEM;
    }
    start_quic(run);
    a->nruns++;
    return 0;
}

/* One of each family in full, the rest to compare keys. */
static void on_addresses(void *user, int err, const struct addr *addrs, size_t n)
{
    struct audit *a = user;
    bool seen4 = false, seen6 = false;
    a->addresses_pending = false;
    if (err)
        a->report.failure = arena_printf(&a->report.arena, "%s has no address: %s", a->target.host,
                                         err_text(err));
    a->internal = n > 0;
    for (size_t i = 0; !err && i < n && a->nruns < AUDIT_ADDRESSES_MAX; i++) {
        bool v4 = addrs[i].sa.sa_family == AF_INET, *seen = v4 ? &seen4 : &seen6;
        a->internal = a->internal && audit_addr_is_internal(&addrs[i]);
        err = start_run(a, &addrs[i], a->env->options.all_addresses || !*seen);
        *seen = true;
    }
    if (err && !a->report.failure.n)
        a->report.failure = str_c(err_text(err));
    other_ways_known(a->ways, addrs, n);
    maybe_finish(a);
}

static void on_ways(void *user)
{
    struct audit *a = user;
    a->ways_pending = false;
    maybe_finish(a);
}

static void take_other_ways(struct audit *a)
{
    struct plan_options plan = plan_options(a, 0);
    a->ways = other_ways_new(a->env, &a->target, &plan, on_ways, a);
    a->ways_pending = a->ways != NULL;
    a->starved |= !a->ways && (a->env->nvias || a->env->nresolvers);
}

static void on_dns(void *user, const struct dns_facts *facts)
{
    struct audit *a = user;
    a->dns = facts;
    a->dns_pending = false;
    maybe_finish(a);
}

static void ask_dns(struct audit *a)
{
    const struct audit_env *e = a->env;
    struct str host = str_c(a->target.host);
    if (!e->options.dns || is_address(host) || !e->resolver)
        return;
    int err = dns_gather_new(e->loop, e->resolver, &a->arena, host, a->target.port, on_dns, a, &a->gather);
    a->dns_pending = !err;
    a->starved |= err == -ERR_NOMEM;
}

static void find_addresses(struct audit *a)
{
    const struct audit_target *t = &a->target;
    a->addresses_pending = true;
    int err = 0;
    if (t->refused) {
        a->report.failure = str_c(t->refused);
        on_addresses(a, 0, NULL, 0);
    } else if (t->unresolved) {
        on_addresses(a, t->unresolved, NULL, 0);
    } else if (t->nconnect) {
        a->connect_ports = true;
        on_addresses(a, 0, t->connect, t->nconnect);
    } else {
        err = resolver_addresses(a->env->resolver, str_c(t->host), t->port, on_addresses, a);
    }
    if (err)
        on_addresses(a, err, NULL, 0);
}

struct audit *audit_new(const struct audit_env *env, const struct audit_target *target,
                        void (*on_done)(void *user, struct audit *a, const struct report *r),
                        void *user)
{
    struct audit *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->env = env;
    a->target = *target;
    a->on_done = on_done;
    a->user = user;
    a->begun = loop_clock(env->loop);
    arena_init(&a->arena, 4 * 1024, 8u * 1024 * 1024);
    arena_init(&a->report.arena, 16 * 1024, REPORT_MAX);
    task_init(&a->finish, on_finish);
    a->report.target = str_c(a->target.text);
    a->report.host = str_c(a->target.host);
    a->report.sni = str_c(a->target.sni);
    a->report.port = a->target.port;
    a->report.started = env->loop->wall;
    a->report.overall.score = a->report.ssllabs.score = a->report.observatory.score = -1;
    ask_dns(a);
    take_other_ways(a);
    find_addresses(a);
    return a;
}

void audit_free(struct audit *a)
{
    if (!a)
        return;
    resolver_cancel(a->env->resolver, a);
    dns_gather_free(a->gather);
    other_ways_free(a->ways);
    for (size_t i = 0; i < a->nruns; i++) {
        quic_run_free(a->runs[i].quic);
        endpoint_free(a->runs[i].endpoint);
        arena_done(&a->runs[i].arena);
    }
    task_cancel(&a->finish);
    arena_done(&a->report.arena);
    arena_done(&a->arena);
    free(a);
}

void audit_progress(const struct audit *a, struct audit_progress *ret)
{
    *ret = (struct audit_progress){.doing = a->doing ? a->doing : "addresses"};
    for (size_t i = 0; i < a->nruns; i++) {
        uint32_t done, known;
        endpoint_progress(a->runs[i].endpoint, &done, &known);
        ret->done += done;
        ret->known += known;
    }
}
