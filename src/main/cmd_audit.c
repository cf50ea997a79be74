/* `gate443 audit HOST…`: what is wrong with a port 443, how bad that is, and what to do about it. */
#include "audit/checks_reference.h"
#include "main/audit_auth.h"
#include "main/audit_command.h"
#include "main/audit_files.h"
#include "main/audit_queue.h"
#include "main/cli.h"
#include "main/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

static const char usage[] =
    "usage: gate443 audit [options] HOST[:PORT]… | --targets FILE | --queue URL\n"
    "  Tests any TLS port (443 where none is named) for every known weakness, with a grade, reasons\n"
    "  and the fix. HOST: a name, also an internal or international one, or an address.\n"
    "\n"
    "  what comes out\n"
    "  -j, --json            one JSON document (docs/audit.schema.json); --jsonl: a line a host\n"
    "      --html --junit --sarif --prometheus\n"
    "  -f, --format NAME     the same by name: text json jsonl html junit sarif prometheus\n"
    "  -o, --output FILE     write there instead of standard output\n"
    "  -v, --verbose         say what is safe, too, and the remedy for every server\n"
    "      --evidence        keep the first bytes of each connection, both ways\n"
    "      --show-clients    which clients could connect, and with what (computed)\n"
    "      --color WHEN      auto, always or never\n"
    "      --fail-on LEVEL   exit with 3 if anything of that severity (low medium high critical) is\n"
    "                        found, or the grade is worse than LEVEL (A+ A A- B C D E F)\n"
    "\n"
    "  whom to ask\n"
    "      --connect-to ADDR  connect to that address (several: repeat), not to the name's\n"
    "      --sni NAME        ask for that name; --no-sni: for none\n"
    "      --all-addresses   audit every address in full, not one of each family\n"
    "      --resolver ADDR   ask that name server; --no-dns: ask none about the host's records\n"
    "      --http-port PORT  where plain http is (80 if the port is 443); --no-http-port: nowhere\n"
    "      --no-http         speak TLS only; --no-quic: nothing over UDP\n"
    "\n"
    "  how to ask\n"
    "      --rate N          begin at most N connections a second to each address\n"
    "      --max-inflight N  at most N at once (16)\n"
    "      --no-intrusive    no attack is tried, only what any client could send\n"
    "      --thorough        complete every list, also of what is harmless\n"
    "      --timeout SECONDS for each silence; --deadline SECONDS for all of an address (120)\n"
    "\n"
    "  whom to believe\n"
    "      --ca FILE         trust these authorities, too (PEM)\n"
    "      --cert FILE       show that certificate to servers that ask (PEM, with its chain);\n"
    "      --key FILE        its key, where that is not in the same file\n"
    "      --ct-logs FILE    list of certificate transparency logs (log_list.json, version 3)\n"
    "      --pin PIN         the key must be that: sha256/BASE64, or a file of such lines\n"
    "      --expect-issuer T the issuer's name must contain T\n"
    "      --remember FILE   keep the keys seen at first use there, and tell when one changes\n"
    "      --via PROXY       compare with the key seen through http://HOST:PORT or socks5://… (several:\n"
    "                        repeat); a second --resolver: with that at the addresses it gives\n"
    "\n"
    "      --checks          print what is checked, how, and the remedies (Markdown)\n"
    "\n"
    "  many hosts\n"
    "      --targets FILE    a list (-: standard input) of hosts and ranges of addresses: 10.0.0.0/24,\n"
    "                        10.0.0.0/24:8443, 10.0.0.1-10.0.0.9; # begins a comment\n"
    "      --public-ranges   also ranges with public addresses\n"
    "      --exclude FILE    names, *.names, addresses and ranges that are left alone\n"
    "      --parallel N      at most N hosts at once (64; then 4 connections to each)\n"
    "      --network-parallel N  of those, in one IPv4 /24 or IPv6 /48 (4)\n"
    "      --network-rate N  begin at most N connections a second to one of those (50)\n"
    "      --state FILE      a journal: started again with it, the audit goes on (--jsonl only)\n"
    "\n"
    "  many machines\n"
    "      --queue URL       take hosts from a Redis server and leave the reports there:\n"
    "                        redis://[user:password@]host[:port][/db]?stream=NAME, or unix:///path?…\n"
    "      --enqueue         put hosts in, each once for all of that NAME; audit none\n"
    "      --collect         write all reports (--jsonl) until no host is left\n"
    "      --lease SECONDS   who was not heard of for so long loses its hosts to others (60)\n"
    "\n"
    "Exit status: 0 done, 1 a host could not be audited, 2 misused, 3 --fail-on.\n";

enum { VIAS_MAX = 16, RESOLVERS_MAX = 16 }; /* more would only be noise */

/* What the command line says; one a process. */
struct run_all {
    struct loop *loop;
    struct audit_env env;
    struct audit_run_options run;
    struct buf said;            /* options that change what is found or told, as text */
    struct trust_store *stores[AUDIT_STORES_MAX];
    struct ct_logs ct_logs;
    struct mitm_pins pins;
    struct mitm_store memory;
    struct arena arena;
    struct addr connect[AUDIT_ADDRESSES_MAX];
    size_t nconnect;
    struct via vias[VIAS_MAX];
    struct addr resolvers[RESOLVERS_MAX]; /* the first is the audit's own, the rest are compared */
    const char *resolver_names[RESOLVERS_MAX];
    struct resolver *others[RESOLVERS_MAX];
    size_t nresolvers;
    bool no_sni;
    const char *sni, *fail_on;
    const char *cert, *key;     /* files of our own; NULL: we have none */
    struct client_auth *auth;
    enum severity fail_severity;
    bool fail_by_severity, failed;
    struct redis_url queue;
    bool enqueue, collect;
    bool watching, scheduled;   /* `gate443 watch`; an option of it was given */
    struct audit_watch watch;
};

/* ---- words ---- */

enum { F_JSONL = 128, F_HTML, F_JUNIT, F_SARIF, F_PROMETHEUS, F_EVIDENCE, F_CLIENTS, F_COLOR,
       F_CONNECT, F_SNI, F_NO_SNI, F_ALL, F_RESOLVER, F_NO_DNS, F_HTTP_PORT, F_NO_HTTP_PORT,
       F_NO_HTTP, F_NO_QUIC, F_RATE, F_INFLIGHT, F_NO_INTRUSIVE, F_THOROUGH, F_TIMEOUT, F_DEADLINE, F_CA,
       F_CT_LOGS, F_PIN, F_ISSUER, F_VIA, F_REMEMBER, F_CHECKS, F_FAIL_ON, F_TARGETS, F_PUBLIC, F_EXCLUDE, F_PARALLEL,
       F_NET_PARALLEL, F_NET_RATE, F_STATE, F_QUEUE, F_ENQUEUE, F_COLLECT, F_LEASE,
       F_EVERY, F_ONCE, F_CERT, F_KEY };

static const struct cli_flag flags[] = {
    {"help", false, 'h'},
    {"json", false, 'j'},
    {"jsonl", false, (char)F_JSONL},
    {"html", false, (char)F_HTML},
    {"junit", false, (char)F_JUNIT},
    {"sarif", false, (char)F_SARIF},
    {"prometheus", false, (char)F_PROMETHEUS},
    {"format", true, 'f'},
    {"output", true, 'o'},
    {"verbose", false, 'v'},
    {"evidence", false, (char)F_EVIDENCE},
    {"show-clients", false, (char)F_CLIENTS},
    {"color", true, (char)F_COLOR},
    {"fail-on", true, (char)F_FAIL_ON},
    {"connect-to", true, (char)F_CONNECT},
    {"sni", true, (char)F_SNI},
    {"no-sni", false, (char)F_NO_SNI},
    {"all-addresses", false, (char)F_ALL},
    {"resolver", true, (char)F_RESOLVER},
    {"no-dns", false, (char)F_NO_DNS},
    {"http-port", true, (char)F_HTTP_PORT},
    {"no-http-port", false, (char)F_NO_HTTP_PORT},
    {"no-http", false, (char)F_NO_HTTP},
    {"no-quic", false, (char)F_NO_QUIC},
    {"rate", true, (char)F_RATE},
    {"max-inflight", true, (char)F_INFLIGHT},
    {"no-intrusive", false, (char)F_NO_INTRUSIVE},
    {"thorough", false, (char)F_THOROUGH},
    {"timeout", true, (char)F_TIMEOUT},
    {"deadline", true, (char)F_DEADLINE},
    {"ca", true, (char)F_CA},
    {"cert", true, (char)F_CERT},
    {"key", true, (char)F_KEY},
    {"ct-logs", true, (char)F_CT_LOGS},
    {"pin", true, (char)F_PIN},
    {"expect-issuer", true, (char)F_ISSUER},
    {"remember", true, (char)F_REMEMBER},
    {"checks", false, (char)F_CHECKS},
    {"via", true, (char)F_VIA},
    {"targets", true, (char)F_TARGETS},
    {"public-ranges", false, (char)F_PUBLIC},
    {"exclude", true, (char)F_EXCLUDE},
    {"parallel", true, (char)F_PARALLEL},
    {"network-parallel", true, (char)F_NET_PARALLEL},
    {"network-rate", true, (char)F_NET_RATE},
    {"state", true, (char)F_STATE},
    {"queue", true, (char)F_QUEUE},
    {"enqueue", false, (char)F_ENQUEUE},
    {"collect", false, (char)F_COLLECT},
    {"lease", true, (char)F_LEASE},
    {"every", true, (char)F_EVERY},
    {"once", false, (char)F_ONCE},
    {NULL, false, 0},
};

__attribute__((format(printf, 1, 2))) static int misused(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("gate443 audit: ", stderr);
    vfprintf(stderr, format, args);
    fputs("\n`gate443 audit --help` lists the options\n", stderr);
    va_end(args);
    return 2;
}

static int number(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
    uint64_t v;
    if (!str_u64(str_c(text), &v) || v < min || v > max)
        return misused("--%s takes a number from %llu to %llu, not \"%s\"", name,
                       (unsigned long long)min, (unsigned long long)max, text);
    *ret = v;
    return 0;
}

static int add_store(struct run_all *a, const char *name, const char *path, bool public_roots)
{
    struct buf pem;
    if (a->env.nstores == AUDIT_STORES_MAX)
        return misused("too many --ca files (%d at most)", AUDIT_STORES_MAX - 1);
    buf_init(&pem, AUDIT_FILE_MAX);
    int status = audit_file_read(path, &pem);
    int err = status ? 0 : trust_store_new(name, buf_str(&pem), public_roots, &a->stores[a->env.nstores]);
    buf_done(&pem);
    if (err) {
        fprintf(stderr, "gate443 audit: %s: %s\n", path, err_text(err));
        return 1;
    }
    if (status)
        return status;
    a->env.stores[a->env.nstores] = a->stores[a->env.nstores];
    a->env.nstores++;
    return 0;
}

static int add_ct_logs(struct run_all *a, const char *path)
{
    struct buf json;
    buf_init(&json, AUDIT_FILE_MAX);
    int status = audit_file_read(path, &json);
    int err = status ? 0 : ct_logs_read(&a->arena, buf_str(&json), &a->ct_logs);
    buf_done(&json);
    if (err) {
        fprintf(stderr, "gate443 audit: %s: no list of logs (log_list.json, version 3): %s\n", path,
                err_text(err));
        return 1;
    }
    a->env.ct_logs = status ? NULL : &a->ct_logs;
    return status;
}

static int add_pin(struct run_all *a, const char *text)
{
    struct buf pins;
    unsigned line = 0;
    bool one = mitm_pin_read(str_c(text), NULL);
    buf_init(&pins, 1u << 20);
    if (one)
        buf_add(&pins, str_c(text));
    int status = one ? 0 : audit_file_read(text, &pins);
    int err = status ? 0 : mitm_pins_add(&a->pins, buf_str(&pins), &line);
    buf_done(&pins);
    a->env.pins = &a->pins;
    if (!one)
        a->env.pins_from = str_c(text);
    return err ? misused("%s:%u: no pin (sha256/BASE64): %s", text, line, err_text(err)) : status;
}

/* What is not there yet is an empty memory. */
static int read_memory(struct run_all *a, const char *path)
{
    struct buf text;
    uint64_t seed[2];
    buf_init(&text, MITM_STORE_MAX);
    int status = access(path, F_OK) == 0 ? audit_file_read(path, &text) : 0;
    int err = status || getrandom(seed, sizeof seed, 0) != sizeof seed ? -ERR_IO : 0;
    if (!err)
        err = mitm_store_init(&a->memory, buf_str(&text), seed);
    buf_done(&text);
    if (err) {
        fprintf(stderr, "gate443 audit: %s: %s\n", path, err_text(err));
        return 1;
    }
    if (a->memory.bad)
        fprintf(stderr, "gate443 audit: %s:%u: not readable, as %zu line%s of it; left as it is\n", path,
                a->memory.bad_line, a->memory.bad, a->memory.bad == 1 ? "" : "s");
    a->env.remembered = &a->memory;
    a->env.remembered_file = str_c(path);
    return 0;
}

/* A new file in its place, so that no cut leaves half a memory. */
static int write_memory(struct run_all *a)
{
    char path[4096];
    struct str text = buf_str(&a->memory.text);
    if (!a->env.remembered || !a->memory.changed)
        return 0;
    int n = snprintf(path, sizeof path, "%s.new", a->env.remembered_file.p);
    int fd = n < (int)sizeof path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    bool bad = fd < 0;
    for (size_t at = 0; !bad && at < text.n;) {
        ssize_t put = write(fd, text.p + at, text.n - at);
        bad = put <= 0;
        at += bad ? 0 : (size_t)put;
    }
    bad = bad || fsync(fd) || rename(path, a->env.remembered_file.p);
    if (bad)
        fprintf(stderr, "gate443 audit: %s: %s\n", a->env.remembered_file.p, strerror(errno));
    if (fd >= 0)
        close(fd);
    return bad;
}

static int add_connect(struct run_all *a, const char *text)
{
    struct addr *to = &a->connect[a->nconnect];
    if (a->nconnect == AUDIT_ADDRESSES_MAX)
        return misused("too many --connect-to (%d at most)", AUDIT_ADDRESSES_MAX);
    if (addr_parse_host(to, str_c(text), 0)) /* 0: the target's */
        return misused("--connect-to takes an address, with a port or without ([2001:db8::1]:8443), not \"%s\"",
                       text);
    a->nconnect++;
    return 0;
}

static int add_resolver(struct run_all *a, const char *text)
{
    if (a->nresolvers == RESOLVERS_MAX)
        return misused("too many --resolver (%d at most)", RESOLVERS_MAX);
    a->resolver_names[a->nresolvers] = text;
    return resolver_server(&a->resolvers[a->nresolvers++], str_c(text)) == 0
               ? 0 : misused("--resolver takes an address, not \"%s\"", text);
}

static int add_via(struct run_all *a, const char *text)
{
    struct buf why;
    char said[512] = "";
    if (a->env.nvias == VIAS_MAX)
        return misused("too many --via (%d at most)", VIAS_MAX);
    buf_init(&why, sizeof said - 1);
    int err = via_parse(&a->vias[a->env.nvias], str_c(text), &why);
    if (err)
        snprintf(said, sizeof said, "%.*s", STR_ARG(buf_str(&why)));
    buf_done(&why);
    if (err)
        return misused("--via: %s", said);
    a->env.vias = a->vias;
    a->env.nvias++;
    return 0;
}

static int choose_fail_on(struct run_all *a, const char *text)
{
    static const char *const grades[] = {"A+", "A", "A-", "B", "C", "D", "E", "F"};
    a->fail_on = text;
    a->fail_by_severity = severity_parse(str_c(text), &a->fail_severity);
    for (size_t i = 0; i < sizeof grades / sizeof *grades; i++)
        if (strcmp(grades[i], text) == 0)
            return 0;
    return a->fail_by_severity ? 0 : misused("--fail-on takes a severity (low, medium, high, critical) "
                                             "or a grade (A+ to F), not \"%s\"", text);
}

static int choose_format(struct run_all *a, const char *name)
{
    a->run.format = report_format_find(str_c(name));
    return a->run.format ? 0 : misused("there is no format \"%s\"", name);
}

static int seconds(const char *name, const char *text, uint64_t *ret)
{
    int status = number(name, text, 1, 3600, ret);
    *ret *= SECOND;
    return status;
}

static int flag_form(struct run_all *a, int letter, const char *value)
{
    switch ((unsigned char)letter) {
    case 'j': return choose_format(a, "json");
    case F_JSONL: return choose_format(a, "jsonl");
    case F_HTML: return choose_format(a, "html");
    case F_JUNIT: return choose_format(a, "junit");
    case F_SARIF: return choose_format(a, "sarif");
    case F_PROMETHEUS: return choose_format(a, "prometheus");
    case 'f': return choose_format(a, value);
    case 'o': a->run.output = value; return 0;
    case 'v': a->run.look.verbose = true; return 0;
    case F_EVIDENCE: a->env.options.evidence = true; return 0;
    case F_CLIENTS: a->env.options.show_clients = true; return 0;
    case F_FAIL_ON: return choose_fail_on(a, value);
    case F_COLOR:
        if (strcmp(value, "auto") && strcmp(value, "always") && strcmp(value, "never"))
            return misused("--color takes auto, always or never, not \"%s\"", value);
        a->run.look.colour = strcmp(value, "always") == 0 || (a->run.look.colour && strcmp(value, "never"));
        return 0;
    default: return -1;
    }
}

static int flag_audit(struct run_all *a, int letter, const char *value)
{
    struct audit_options *o = &a->env.options;
    uint64_t v = 0;
    int status = 0;
    switch ((unsigned char)letter) {
    case F_CONNECT: return add_connect(a, value);
    case F_SNI: a->sni = value; return 0;
    case F_NO_SNI: a->no_sni = true; return 0;
    case F_ALL: o->all_addresses = true; return 0;
    case F_RESOLVER: return add_resolver(a, value);
    case F_VIA: return add_via(a, value);
    case F_NO_DNS: o->dns = false; return 0;
    case F_HTTP_PORT:
        status = number("http-port", value, 1, 65535, &v);
        o->plain_port = (uint16_t)v;
        return status;
    case F_NO_HTTP_PORT: o->no_plain = true; return 0;
    case F_NO_HTTP: o->http = false; o->no_plain = true; return 0;
    case F_NO_QUIC: o->quic = false; return 0;
    case F_RATE:
        status = number("rate", value, 1, 100000, &v);
        o->rate = (unsigned)v;
        return status;
    case F_INFLIGHT:
        status = number("max-inflight", value, 1, 64, &v);
        o->inflight = (unsigned)v;
        return status;
    case F_NO_INTRUSIVE: o->intrusive = false; return 0;
    case F_THOROUGH: o->thorough = true; return 0;
    case F_TIMEOUT: return seconds("timeout", value, &o->timeout);
    case F_DEADLINE: return seconds("deadline", value, &o->deadline);
    case F_CA: return add_store(a, value, value, false);
    case F_CERT: a->cert = value; return 0;
    case F_KEY: a->key = value; return 0;
    case F_CT_LOGS: return add_ct_logs(a, value);
    case F_PIN: return add_pin(a, value);
    case F_REMEMBER: return read_memory(a, value);
    case F_ISSUER: o->expect_issuer = str_c(value); return 0;
    default: return 2;
    }
}

static int count(const char *name, const char *text, uint64_t max, unsigned *ret)
{
    uint64_t v = 0;
    int status = number(name, text, 1, max, &v);
    *ret = (unsigned)v;
    return status;
}

static int choose_queue(struct run_all *a, const char *url)
{
    struct buf why;
    char text[256] = "";
    buf_init(&why, sizeof text - 1);
    int err = redis_url_parse(&a->queue, str_c(url), &why);
    snprintf(text, sizeof text, "%.*s", STR_ARG(buf_str(&why)));
    buf_done(&why);
    if (err)
        return misused("--queue: %s", text);
    a->run.queue = &a->queue;
    return a->queue.stream[0] ? 0 : misused("--queue: which stream? (?stream=NAME at the end)");
}

/* "90m", "12h", "1d", "30s". */
static int duration(const char *name, const char *text, uint64_t *ret)
{
    struct str s = str_c(text);
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    uint64_t n;
    for (size_t i = 0; s.n && i < sizeof units / sizeof *units; i++)
        if (s.p[s.n - 1] == units[i].unit && str_u64(str_sub(s, 0, s.n - 1), &n) && n &&
            n <= 366u * 86400 / units[i].seconds) {
            *ret = n * units[i].seconds * SECOND;
            return 0;
        }
    return misused("--%s takes a time such as 90m, 12h or 1d, not \"%s\"", name, text);
}

static int flag_many(struct run_all *a, int letter, const char *value)
{
    struct audit_run_options *o = &a->run;
    switch ((unsigned char)letter) {
    case F_TARGETS: o->targets = value; return 0;
    case F_PUBLIC: o->public_ranges = true; return 0;
    case F_EXCLUDE: o->exclude = value; return 0;
    case F_STATE: o->state = value; return 0;
    case F_QUEUE: return choose_queue(a, value);
    case F_ENQUEUE: a->enqueue = true; return 0;
    case F_COLLECT: a->collect = true; return 0;
    case F_EVERY: a->scheduled = true; return duration("every", value, &a->watch.every);
    case F_ONCE: a->scheduled = a->watch.once = true; return 0;
    case F_LEASE: return seconds("lease", value, &o->lease);
    case F_PARALLEL: return count("parallel", value, 4096, &o->parallel);
    case F_NET_PARALLEL:
        o->network_said = true;
        return count("network-parallel", value, 4096, &o->network_parallel);
    case F_NET_RATE:
        o->network_said = true;
        return count("network-rate", value, 1000000, &o->network_rate);
    default: return -1;
    }
}

/* What a journal must be of, to be gone on with: everything but how fast and whom. */
static void note_option(struct run_all *a, int letter, const char *value)
{
    if ((unsigned char)letter != F_RATE && (unsigned char)letter != F_INFLIGHT && letter != 'o')
        buf_addf(&a->said, "%u=%s\n", (unsigned char)letter, value ? value : "");
}

/* ---- the run ---- */

static void prepare_target(void *user, struct audit_target *t)
{
    const struct run_all *a = user;
    for (size_t i = 0; i < a->nconnect; i++) {
        t->connect[i] = a->connect[i];
        if (addr_port(&t->connect[i]) == 0)
            addr_set_port(&t->connect[i], t->port);
    }
    t->nconnect = a->nconnect;
    if (a->sni)
        snprintf(t->sni, sizeof t->sni, "%s", a->sni);
    if (a->no_sni)
        t->sni[0] = 0;
}

static int grade_rank(const char *letter)
{
    static const char *const order[] = {"A+", "A", "A-", "B", "C", "D", "E", "F", "T", "M"};
    for (size_t i = 0; letter && i < sizeof order / sizeof *order; i++)
        if (strcmp(order[i], letter) == 0)
            return (int)i;
    return 99;
}

static bool fails(const struct run_all *a, const struct report *r)
{
    if (!a->fail_on)
        return false;
    for (size_t i = 0; a->fail_by_severity && i < r->nfindings; i++)
        if (r->findings[i].verdict == VERDICT_VULNERABLE && r->findings[i].severity >= a->fail_severity &&
            r->findings[i].severity > SEVERITY_INFO)
            return true;
    return !a->fail_by_severity && grade_rank(r->overall.letter) > grade_rank(a->fail_on);
}

static void on_report(void *user, const struct report *r)
{
    struct run_all *a = user;
    a->failed = a->failed || fails(a, r);
}

/* First of all, so that the authorities of --ca come behind. */
static int prepare_trust(struct run_all *a)
{
    static const char *const bundle = "/etc/ssl/certs/ca-certificates.crt";
    if (access(bundle, R_OK) == 0)
        return add_store(a, "system", bundle, true);
    fprintf(stderr, "gate443 audit: %s is not there: no certificate is trusted (package "
                    "ca-certificates brings it, --ca FILE names another)\n", bundle);
    return 0;
}

/* One of its own for each further server; index 0 or none named: the audit's. */
static int make_resolver(struct run_all *a, size_t i, struct resolver **ret)
{
    struct resolver_options r = resolver_defaults;
    r.deadline = 3 * SECOND;
    r.timeout = SECOND;
    r.servers = &a->resolvers[i];
    r.servers_n = i < a->nresolvers;
    int err = resolver_new(a->loop, &r, ret);
    if (err)
        fprintf(stderr, "gate443 audit: no resolver: %s\n", err_text(err));
    return err ? 1 : 0;
}

static int make_resolvers(struct run_all *a)
{
    int status = make_resolver(a, 0, &a->env.resolver);
    for (size_t i = 1; !status && i < a->nresolvers; i++, a->env.nresolvers++)
        status = make_resolver(a, i, &a->others[i - 1]);
    a->env.resolvers = a->others;
    a->env.resolver_names = a->resolver_names + 1;
    return status;
}

static int prepare(struct run_all *a)
{
    audit_run_raise_limit();
    a->loop = a->env.loop = loop_epoll_new();
    a->env.crypto = crypto_new();
    a->env.keys = a->env.crypto ? kex_keys_new(a->env.crypto) : NULL;
    if (a->loop && a->env.keys) {
        int status = a->cert ? audit_auth_read(a->env.crypto, a->cert, a->key, &a->auth) : 0;
        a->env.auth = a->auth;
        return status ? status : make_resolvers(a);
    }
    fputs("gate443 audit: out of memory\n", stderr);
    return 1;
}

static void finish(struct run_all *a)
{
    resolver_free(a->env.resolver);
    for (size_t i = 0; i < RESOLVERS_MAX; i++)
        resolver_free(a->others[i]);
    client_auth_free(a->auth);
    kex_keys_free(a->env.keys);
    crypto_free(a->env.crypto);
    for (size_t i = 0; i < AUDIT_STORES_MAX; i++)
        trust_store_free(a->stores[i]);
    loop_free(a->loop);
    if (a->env.remembered)
        mitm_store_done(&a->memory);
    arena_done(&a->arena);
    buf_done(&a->said);
    free(a);
}

static unsigned terminal_width(void)
{
    struct winsize w;
    if (!isatty(1) || ioctl(1, TIOCGWINSZ, &w) || w.ws_col == 0)
        return 0;
    return w.ws_col < 40 ? 40 : w.ws_col > 240 ? 240 : w.ws_col;
}

static int print_checks(void)
{
    struct buf out;
    buf_init(&out, AUDIT_FILE_MAX);
    checks_reference(&out);
    fwrite(buf_str(&out).p, 1, out.n, stdout);
    int status = buf_ok(&out) ? -1 : 1;
    buf_done(&out);
    return status;
}

static int check_watch(struct run_all *a)
{
    struct audit_run_options *o = &a->run;
    a->watch.json = o->format == &report_json;
    a->watch.state = o->state;
    o->state = NULL;
    if (o->queue || o->output || (o->format != &report_json && o->format != &report_terminal))
        return misused("a watch tells changes on standard output: no --queue, --output, --format");
    if (!o->nwords && !o->targets)
        return misused("which host?");
    if (o->targets && !strcmp(o->targets, "-") && !a->watch.once)
        return misused("standard input can be read only once: --targets FILE, or --once");
    return 0;
}

/* Where targets come from, and whether that goes together with the rest. */
static int check_source(struct run_all *a)
{
    const struct audit_run_options *o = &a->run;
    bool listed = o->nwords || o->targets, queued = o->queue != NULL;
    if (a->key && !a->cert)
        return misused("--key goes with --cert");
    if (a->scheduled && !a->watching)
        return misused("--every and --once go with `gate443 watch`");
    if (a->watching)
        return check_watch(a);
    if ((a->enqueue || a->collect) && (!queued || (a->enqueue && a->collect)))
        return misused("--enqueue, or --collect, goes with --queue");
    if (queued && !a->enqueue && listed)
        return misused("the hosts are in the queue: --enqueue puts some in");
    if (!listed && (!queued || a->enqueue))
        return misused("which host?");
    if (o->state && (queued || o->format != &report_jsonl))
        return misused("--state goes with --jsonl, and with no queue, which keeps its own");
    if (queued && o->output && !a->collect)
        return misused("the reports go into the queue: --collect --output FILE gets them out");
    if (queued)
        a->run.format = &report_jsonl;
    return 0;
}

static int read_words(struct run_all *a, int argc, char **argv, const char *help)
{
    struct cli cli = {argc, argv, flags};
    for (int letter; (letter = cli_next(&cli)) != -1;) {
        if (letter == 'h' || letter == '?') {
            fputs(help, letter == 'h' ? stdout : stderr);
            return letter == 'h' ? -1 : 2;
        }
        if ((unsigned char)letter == F_CHECKS)
            return print_checks();
        int status = flag_many(a, letter, cli.value);
        if (status < 0) {
            note_option(a, letter, cli.value);
            status = flag_form(a, letter, cli.value);
        }
        if (status < 0)
            status = flag_audit(a, letter, cli.value);
        if (status)
            return status;
    }
    a->run.words = argv + cli.words;
    a->run.nwords = argc - cli.words;
    return check_source(a);
}

int audit_command(int argc, char **argv, const char *help,
                  int (*watch)(struct audit_env *env, struct audit_run_options *o, const struct audit_watch *w))
{
    struct run_all *a = calloc(1, sizeof *a);
    if (!a)
        return 1;
    arena_init(&a->arena, 64 * 1024, AUDIT_FILE_MAX);
    a->env.options = (struct audit_options){.intrusive = true, .http = true, .dns = true,
                                            .quic = true};
    a->run.format = &report_terminal;
    a->run.look = (struct format_options){.colour = isatty(1) && !getenv("NO_COLOR"),
                                      .width = terminal_width(), .version = GATE443_VERSION};
    a->run.prepare = prepare_target;
    a->run.on_report = on_report;
    a->run.user = a->run.report_user = a;
    a->watching = watch != NULL;
    a->watch.every = 86400 * SECOND;
    buf_init(&a->said, AUDIT_FILE_MAX);
    int status = prepare_trust(a);
    if (!status)
        status = read_words(a, argc, argv, help);
    if (!status)
        status = prepare(a);
    if (!status) {
        a->run.options = str_hash(buf_str(&a->said));
        status = watch        ? watch(&a->env, &a->run, &a->watch)
                 : a->enqueue ? audit_queue_enqueue(&a->env, &a->run)
                 : a->collect ? audit_queue_collect(&a->env, &a->run)
                              : audit_run(&a->env, &a->run);
        status = status != 2 && a->failed ? 3 : status;
        status = write_memory(a) && !status ? 1 : status;
    }
    finish(a);
    return status < 0 ? 0 : status;
}

int cmd_audit(int argc, char **argv)
{
    return audit_command(argc, argv, usage, NULL);
}
