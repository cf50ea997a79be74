/* `gate443 ca`: the local authority's certificate, and who on this machine trusts it. The key never
 * leaves the state directory. */
#include "io/file.h"
#include "main/ca_trust.h"
#include "main/cli.h"
#include "main/commands.h"
#include "main/state.h"
#include "tls/cert.h"
#include "tls/keyvault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CA_FILE "ca.crt"
#define CA_MAX  (64 * 1024)

static const char usage[] =
    "usage: gate443 ca show | export | install | uninstall [--state DIR]\n"
    "  show        where the authority is, how long it is valid, its fingerprint\n"
    "  export      its certificate as PEM, on standard output\n"
    "  install     make this machine and this user's browsers trust it\n"
    "  uninstall   the reverse\n"
    "      --state DIR   the state directory (default: root's /var/lib/gate443, else\n"
    "                    ~/.local/state/gate443)\n"
    "  The authority is made if there is none yet, but not to uninstall it. Who has STATE/ca.key can\n"
    "  issue certificates that this machine trusts: it is readable by its owner only.\n";

/* Owned by cmd_ca. */
struct authority {
    char state[STATE_PATH_MAX];
    char path[STATE_PATH_MAX + sizeof CA_FILE + 1];
    struct buf pem;
    int64_t from, until; /* wall */
    unsigned char spki[SPKI_HASH];
};

/* Makes it on first use. */
static int make(int dirfd, struct buf *why)
{
    struct keyvault *v = keyvault_new();
    int lock = state_lock(dirfd);
    int err = v ? keyvault_open_ca(v, dirfd, time(NULL), why) : -ERR_NOMEM;
    if (lock >= 0)
        close(lock);
    keyvault_free(v);
    return err;
}

static int read_file(int dirfd, struct buf *pem)
{
    int fd, err = file_open_beneath(dirfd, CA_FILE, false, &fd);
    if (err)
        return err;
    err = file_read_all(fd, pem);
    close(fd);
    return err;
}

static int open_authority(struct authority *a, const char *state, bool makes, struct buf *why)
{
    int dirfd, err = state_dir_open(state, a->state, &dirfd, why);
    if (err)
        return err;
    snprintf(a->path, sizeof a->path, "%s/%s", a->state, CA_FILE);
    err = read_file(dirfd, &a->pem);
    if (err == -ERR_NOT_FOUND && makes) {
        err = make(dirfd, why);
        if (!err)
            err = read_file(dirfd, &a->pem);
    }
    close(dirfd);
    if (!err)
        err = cert_facts(buf_str(&a->pem), &a->from, &a->until, a->spki);
    if (err && why->n == 0)
        buf_addf(why, "%s: %s", a->path, err_text(err));
    return err;
}

static void print_day(const char *what, int64_t wall)
{
    char text[32];
    struct tm tm;
    time_t t = (time_t)wall;
    if (gmtime_r(&t, &tm) && strftime(text, sizeof text, "%Y-%m-%d", &tm))
        printf("%s%s\n", what, text);
}

static int show(const struct authority *a)
{
    unsigned char print[32];
    printf("certificate:  %s\n", a->path);
    printf("private key:  %s/ca.key (never give it away)\n", a->state);
    print_day("valid from:   ", a->from);
    print_day("valid until:  ", a->until);
    if (cert_fingerprint(buf_str(&a->pem), print) == 0) {
        printf("fingerprint:  SHA-256 ");
        for (size_t i = 0; i < sizeof print; i++)
            printf("%s%02X", i ? ":" : "", print[i]);
        putchar('\n');
    }
    printf("trust it:     gate443 ca install --state %s\n", a->state);
    return 0;
}

static struct ca_trust trust_of(const struct authority *a)
{
    struct ca_trust t = {.path = a->path, .pem = buf_str(&a->pem)};
    int n = snprintf(t.name, sizeof t.name, "gate443-");
    for (size_t i = 0; i < 8; i++)
        n += snprintf(t.name + n, sizeof t.name - (size_t)n, "%02x", a->spki[i]);
    return t;
}

static int export(const struct authority *a)
{
    bool ok = fwrite(buf_str(&a->pem).p, 1, a->pem.n, stdout) == a->pem.n && fflush(stdout) == 0;
    return ok ? 0 : 1;
}

static int install(const struct authority *a)
{
    struct ca_trust t = trust_of(a);
    bool all = ca_trust_install(&t);
    puts(all ? "done: restart running browsers" : "done in part: see \"by hand\" above");
    return all ? 0 : 1;
}

static int uninstall(const struct authority *a)
{
    struct ca_trust t = trust_of(a);
    bool all = ca_trust_uninstall(&t);
    puts(all ? "done: restart running browsers" : "done in part: see \"by hand\" above");
    return all ? 0 : 1;
}

static const struct action {
    const char *name;
    int (*run)(const struct authority *);
    bool makes; /* an authority, where there is none */
} actions[] = {{"show", show, true},
               {"export", export, true},
               {"install", install, true},
               {"uninstall", uninstall, false}};

static int act(const struct action *action, const char *state)
{
    struct authority a = {.from = 0};
    struct buf why;
    buf_init(&a.pem, CA_MAX);
    buf_init(&why, 64 * 1024);
    int err = open_authority(&a, state, action->makes, &why), status = 1;
    if (err)
        fprintf(stderr, "gate443 ca: %.*s\n", STR_ARG(str_trim(buf_str(&why))));
    if (err == -ERR_NOT_FOUND && !action->makes) /* which one to take out is not known any more */
        ca_trust_print_left(stderr);
    if (!err)
        status = action->run(&a);
    buf_done(&a.pem);
    buf_done(&why);
    return status;
}

int cmd_ca(int argc, char **argv)
{
    static const struct cli_flag flags[] = {
        {"state", true, 'S'}, {"help", false, 'h'}, {NULL, false, 0}};
    const char *state = NULL;
    struct cli cli = {argc, argv, flags};
    for (int c; (c = cli_next(&cli)) != -1;) {
        if (c != 'S') {
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
        state = cli.value;
    }
    for (size_t i = 0; argc - cli.words == 1 && i < sizeof actions / sizeof *actions; i++)
        if (strcmp(actions[i].name, argv[cli.words]) == 0)
            return act(&actions[i], state);
    fputs(usage, stderr);
    return 2;
}
