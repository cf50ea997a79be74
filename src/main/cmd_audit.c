/* `gate443 audit HOST…`: what is wrong with a port 443, how bad that is, and what to do about it. */
#include "audit/audit.h"
#include "audit/checks.h"
#include "audit/report_format.h"
#include "audit/report_progress.h"
#include "main/cli.h"
#include "main/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char usage[] =
    "usage: gate443 audit [options] HOST[:PORT]…\n"
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
    "      --no-http         speak TLS only\n"
    "\n"
    "  how to ask\n"
    "      --rate N          begin at most N connections a second to each address\n"
    "      --max-inflight N  at most N at once (12)\n"
    "      --no-intrusive    no attack is tried, only what any client could send\n"
    "      --thorough        complete every list, also of what is harmless\n"
    "      --timeout SECONDS for each silence; --deadline SECONDS for all of an address (120)\n"
    "\n"
    "  whom to believe\n"
    "      --ca FILE         trust these authorities, too (PEM)\n"
    "      --ct-logs FILE    list of certificate transparency logs (log_list.json, version 3)\n"
    "      --pin PIN         the key must be that: sha256/BASE64, or a file of such lines\n"
    "      --expect-issuer T the issuer's name must contain T\n"
    "\n"
    "Exit status: 0 done, 1 a host could not be audited, 2 misused, 3 --fail-on.\n";

enum { TARGETS_MAX = 256, PARALLEL = 8, TEXT_MAX_BYTES = 64 * 1024 * 1024 };

/* The whole run; one a process. */
struct run_all {
    struct loop *loop;
    struct audit_env env;
    struct audit_target targets[TARGETS_MAX];
    size_t ntargets, next, running, done;
    struct audit *live[PARALLEL];
    const struct report_format *format;
    struct format_options look;
    FILE *out;
    const char *out_path;
    struct buf text;            /* of one report */
    bool first;
    struct timer tick;          /* of the progress line */
    bool progress;
    unsigned frame;
    struct trust_store *stores[AUDIT_STORES_MAX];
    struct ct_logs ct_logs;
    struct arena arena;
    struct addr connect[AUDIT_ADDRESSES_MAX], resolver;
    size_t nconnect;
    bool has_resolver, no_sni;
    const char *sni, *fail_on;
    enum severity fail_severity;
    bool fail_by_severity, failed, unreachable;
};

/* ---- words ---- */

enum { F_JSONL = 128, F_HTML, F_JUNIT, F_SARIF, F_PROMETHEUS, F_EVIDENCE, F_CLIENTS, F_COLOR,
       F_CONNECT, F_SNI, F_NO_SNI, F_ALL, F_RESOLVER, F_NO_DNS, F_HTTP_PORT, F_NO_HTTP_PORT,
       F_NO_HTTP, F_RATE, F_INFLIGHT, F_NO_INTRUSIVE, F_THOROUGH, F_TIMEOUT, F_DEADLINE, F_CA,
       F_CT_LOGS, F_PIN, F_ISSUER, F_FAIL_ON };

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
    {"rate", true, (char)F_RATE},
    {"max-inflight", true, (char)F_INFLIGHT},
    {"no-intrusive", false, (char)F_NO_INTRUSIVE},
    {"thorough", false, (char)F_THOROUGH},
    {"timeout", true, (char)F_TIMEOUT},
    {"deadline", true, (char)F_DEADLINE},
    {"ca", true, (char)F_CA},
    {"ct-logs", true, (char)F_CT_LOGS},
    {"pin", true, (char)F_PIN},
    {"expect-issuer", true, (char)F_ISSUER},
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

static int read_file(const char *path, struct buf *into)
{
    FILE *f = fopen(path, "rbe");
    if (!f) {
        fprintf(stderr, "gate443 audit: %s: %s\n", path, strerror(errno));
        return 1;
    }
    char piece[16384];
    size_t n;
    int err = 0;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0 && !err)
        err = buf_append(into, str_of(piece, n));
    bool bad = ferror(f) || err;
    fclose(f);
    if (bad)
        fprintf(stderr, "gate443 audit: %s: %s\n", path, err ? err_text(err) : "cannot be read");
    return bad;
}

static int add_store(struct run_all *a, const char *name, const char *path, bool public_roots)
{
    struct buf pem;
    if (a->env.nstores == AUDIT_STORES_MAX)
        return misused("too many --ca files (%d at most)", AUDIT_STORES_MAX - 1);
    buf_init(&pem, TEXT_MAX_BYTES);
    int status = read_file(path, &pem);
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
    buf_init(&json, TEXT_MAX_BYTES);
    int status = read_file(path, &json);
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
    buf_init(&pins, 1u << 20);
    buf_add(&pins, a->env.options.pins);
    int status = 0;
    if (strncmp(text, "sha256/", 7) == 0)
        buf_add(&pins, str_c(text));
    else
        status = read_file(text, &pins);
    buf_addc(&pins, '\n');
    a->env.options.pins = arena_str(&a->arena, buf_str(&pins));
    buf_done(&pins);
    return status;
}

static int add_connect(struct run_all *a, const char *text)
{
    struct addr *to = &a->connect[a->nconnect];
    if (a->nconnect == AUDIT_ADDRESSES_MAX)
        return misused("too many --connect-to (%d at most)", AUDIT_ADDRESSES_MAX);
    int err = resolver_server(to, str_c(text));
    if (err)
        return misused("--connect-to takes an address, with a port or without, not \"%s\"", text);
    if (addr_port(to) == 53 && !strstr(text, ":53"))
        addr_set_port(to, 0); /* the target's */
    a->nconnect++;
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
    a->format = report_format_find(str_c(name));
    return a->format ? 0 : misused("there is no format \"%s\"", name);
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
    case 'o': a->out_path = value; return 0;
    case 'v': a->look.verbose = true; return 0;
    case F_EVIDENCE: a->env.options.evidence = true; return 0;
    case F_CLIENTS: a->env.options.show_clients = true; return 0;
    case F_FAIL_ON: return choose_fail_on(a, value);
    case F_COLOR:
        if (strcmp(value, "auto") && strcmp(value, "always") && strcmp(value, "never"))
            return misused("--color takes auto, always or never, not \"%s\"", value);
        a->look.colour = strcmp(value, "always") == 0 || (a->look.colour && strcmp(value, "never"));
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
    case F_RESOLVER:
        a->has_resolver = true;
        return resolver_server(&a->resolver, str_c(value)) == 0
                   ? 0 : misused("--resolver takes an address, not \"%s\"", value);
    case F_NO_DNS: o->dns = false; return 0;
    case F_HTTP_PORT:
        status = number("http-port", value, 1, 65535, &v);
        o->plain_port = (uint16_t)v;
        return status;
    case F_NO_HTTP_PORT: o->no_plain = true; return 0;
    case F_NO_HTTP: o->http = false; o->no_plain = true; return 0;
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
    case F_CT_LOGS: return add_ct_logs(a, value);
    case F_PIN: return add_pin(a, value);
    case F_ISSUER: o->expect_issuer = str_c(value); return 0;
    default: return 2;
    }
}

static int read_target(struct run_all *a, const char *word)
{
    struct buf why;
    char text[512] = "";
    struct audit_target *t = &a->targets[a->ntargets];
    if (a->ntargets == TARGETS_MAX)
        return misused("more than %d hosts", TARGETS_MAX);
    buf_init(&why, sizeof text - 1);
    int err = audit_target_parse(t, str_c(word), &why);
    if (err)
        snprintf(text, sizeof text, "%.*s", STR_ARG(buf_str(&why)));
    buf_done(&why);
    if (err)
        return misused("%s", text);
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
    a->ntargets++;
    return 0;
}

/* ---- the run ---- */

static void flush_text(struct run_all *a)
{
    struct str s = buf_str(&a->text);
    if (!buf_ok(&a->text)) {
        fprintf(stderr, "gate443 audit: a report is not whole: %s\n", err_text(buf_err(&a->text)));
        a->unreachable = true;
    }
    if (s.n)
        fwrite(s.p, 1, s.n, a->out);
    buf_clear(&a->text);
}

static void erase_progress(struct run_all *a)
{
    struct buf line;
    if (!a->progress)
        return;
    buf_init(&line, 4096);
    report_progress_erase(&line, &a->look);
    fwrite(buf_str(&line).p, 1, line.n, stderr);
    buf_done(&line);
}

static void on_tick(struct timer *t, uint64_t now)
{
    struct run_all *a = LIST_ENTRY(t, struct run_all, tick);
    struct audit_progress all = {.doing = NULL};
    struct buf line;
    for (size_t i = 0; i < PARALLEL; i++) {
        struct audit_progress p;
        if (!a->live[i])
            continue;
        audit_progress(a->live[i], &p);
        all.done += p.done;
        all.known += p.known;
        all.doing = p.doing;
    }
    buf_init(&line, 4096);
    report_progress_draw(&line, &all, a->frame++, &a->look);
    fwrite(buf_str(&line).p, 1, line.n, stderr);
    fflush(stderr);
    buf_done(&line);
    timer_start(a->loop, t, now + SECOND / 12);
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

static void start_next(struct run_all *a);

static void on_done(void *user, struct audit *audit, const struct report *r)
{
    struct run_all *a = user;
    erase_progress(a);
    a->format->report(&a->text, r, &a->look, a->first);
    a->first = false;
    flush_text(a);
    a->failed = a->failed || fails(a, r);
    a->unreachable = a->unreachable || r->failure.n;
    for (size_t i = 0; i < PARALLEL; i++)
        if (a->live[i] == audit)
            a->live[i] = NULL;
    audit_free(audit);
    a->running--;
    a->done++;
    start_next(a);
}

static void start_next(struct run_all *a)
{
    for (size_t i = 0; i < PARALLEL && a->next < a->ntargets; i++) {
        if (a->live[i])
            continue;
        a->live[i] = audit_new(&a->env, &a->targets[a->next++], on_done, a);
        a->running += a->live[i] != NULL;
        if (!a->live[i])
            a->unreachable = true;
    }
    if (a->running == 0)
        loop_stop(a->loop);
}

static int open_output(struct run_all *a)
{
    a->out = stdout;
    if (!a->out_path)
        return 0;
    a->out = fopen(a->out_path, "wbe");
    if (a->out)
        return 0;
    fprintf(stderr, "gate443 audit: %s: %s\n", a->out_path, strerror(errno));
    return 1;
}

static int close_output(struct run_all *a)
{
    bool bad = fflush(a->out) != 0 || ferror(a->out);
    if (a->out != stdout)
        bad = fclose(a->out) != 0 || bad;
    if (bad)
        fprintf(stderr, "gate443 audit: %s: the report cannot be written\n",
                a->out_path ? a->out_path : "standard output");
    return bad;
}

static int prepare(struct run_all *a)
{
    static const char *const bundle = "/etc/ssl/certs/ca-certificates.crt";
    struct resolver_options r = resolver_defaults;
    r.deadline = 3 * SECOND;
    r.timeout = SECOND;
    if (a->has_resolver) {
        r.servers = &a->resolver;
        r.servers_n = 1;
    }
    a->loop = a->env.loop = loop_epoll_new();
    a->env.crypto = crypto_new();
    a->env.keys = a->env.crypto ? kex_keys_new(a->env.crypto) : NULL;
    if (!a->loop || !a->env.keys || resolver_new(a->loop, &r, &a->env.resolver) ||
        timer_init(a->loop, &a->tick, on_tick)) {
        fputs("gate443 audit: out of memory\n", stderr);
        return 1;
    }
    if (access(bundle, R_OK) == 0)
        return add_store(a, "system", bundle, true);
    fprintf(stderr, "gate443 audit: %s is not there: no certificate is trusted (package "
                    "ca-certificates brings it, --ca FILE names another)\n", bundle);
    return 0;
}

static int run(struct run_all *a)
{
    if (open_output(a))
        return 1;
    a->progress = a->format == &report_terminal && isatty(2) && !a->out_path;
    buf_init(&a->text, REPORT_OUT_MAX);
    a->first = true;
    a->format->begin(&a->text, &a->look);
    flush_text(a);
    start_next(a);
    if (a->progress)
        timer_start(a->loop, &a->tick, loop_clock(a->loop) + SECOND / 5);
    int err = a->done < a->ntargets ? loop_run(a->loop) : 0;
    erase_progress(a);
    a->format->end(&a->text, &a->look);
    flush_text(a);
    buf_done(&a->text);
    int bad = close_output(a);
    return err || bad ? 1 : a->failed ? 3 : a->unreachable ? 1 : 0;
}

static void finish(struct run_all *a)
{
    if (a->loop)
        timer_done(a->loop, &a->tick);
    resolver_free(a->env.resolver);
    kex_keys_free(a->env.keys);
    crypto_free(a->env.crypto);
    for (size_t i = 0; i < AUDIT_STORES_MAX; i++)
        trust_store_free(a->stores[i]);
    loop_free(a->loop);
    arena_done(&a->arena);
    free(a);
}

static unsigned terminal_width(void)
{
    struct winsize w;
    if (!isatty(1) || ioctl(1, TIOCGWINSZ, &w) || w.ws_col == 0)
        return 0;
    return w.ws_col < 40 ? 40 : w.ws_col > 240 ? 240 : w.ws_col;
}

static int read_words(struct run_all *a, int argc, char **argv)
{
    struct cli cli = {argc, argv, flags};
    for (int letter; (letter = cli_next(&cli)) != -1;) {
        if (letter == 'h' || letter == '?') {
            fputs(usage, letter == 'h' ? stdout : stderr);
            return letter == 'h' ? -1 : 2;
        }
        int status = flag_form(a, letter, cli.value);
        if (status < 0)
            status = flag_audit(a, letter, cli.value);
        if (status)
            return status;
    }
    if (cli.words == argc)
        return misused("which host?");
    for (int i = cli.words; i < argc; i++) {
        int status = read_target(a, argv[i]);
        if (status)
            return status;
    }
    return 0;
}

int cmd_audit(int argc, char **argv)
{
    struct run_all *a = calloc(1, sizeof *a);
    if (!a)
        return 1;
    arena_init(&a->arena, 64 * 1024, TEXT_MAX_BYTES);
    a->env.options = (struct audit_options){.intrusive = true, .http = true, .dns = true};
    a->format = &report_terminal;
    a->look = (struct format_options){.colour = isatty(1) && !getenv("NO_COLOR"),
                                      .width = terminal_width(), .version = GATE443_VERSION};
    int status = prepare(a);
    if (!status)
        status = read_words(a, argc, argv);
    if (!status)
        status = run(a);
    finish(a);
    return status < 0 ? 0 : status;
}
