/* Trust stores of this machine; see ca_trust.h.
 *
 * Two tables: where distributions keep authorities that an administrator adds, and where browsers
 * keep theirs (NSS databases, reached with certutil alone). Programs are run with fork and exec, no
 * shell in between, so a path can hold any character. Editing ca-certificates.crt by ourselves was
 * rejected: the next update of the distribution would silently undo it. */
#include "main/ca_trust.h"

#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct store {
    const char *dir; /* exists: this is the distribution's way */
    const char *program, *option;
} stores[] = {
    {"/usr/local/share/ca-certificates", "update-ca-certificates", NULL},   /* Debian, Alpine */
    {"/etc/pki/ca-trust/source/anchors", "update-ca-trust", "extract"},     /* Fedora */
    {"/etc/ca-certificates/trust-source/anchors", "update-ca-trust", NULL}, /* Arch */
    {"/usr/share/pki/trust/anchors", "update-ca-certificates", NULL},       /* openSUSE */
};

/* Below $HOME. The first is Chromium's, made if missing; the others belong to their programs. */
static const char *const nss_patterns[] = {
    ".pki/nssdb",
    ".mozilla/firefox/*/cert9.db",
    ".config/mozilla/firefox/*/cert9.db",
    "snap/firefox/common/.mozilla/firefox/*/cert9.db",
    ".var/app/org.mozilla.firefox/.mozilla/firefox/*/cert9.db",
    "snap/chromium/current/.pki/nssdb",
};

/* Exit status; 127: the program is not there. */
static int run(const char *const *argv, bool quiet)
{
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(null, 0);
        dup2(null, 1);
        if (quiet)
            dup2(null, 2);
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    int status;
    while (pid > 0 && waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return 126;
    return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

/* ---- the system's store ---- */

static const struct store *find_store(void)
{
    struct stat st;
    for (size_t i = 0; i < sizeof stores / sizeof *stores; i++)
        if (stat(stores[i].dir, &st) == 0 && S_ISDIR(st.st_mode))
            return &stores[i];
    return NULL;
}

static bool update(const struct store *s, bool fresh)
{
    const char *argv[] = {s->program, NULL, NULL};
    argv[1] = s->option ? s->option : !fresh && s == &stores[0] ? "--fresh" : NULL;
    int status = run(argv, false);
    if (status == 0)
        return true;
    printf("  by hand: run `%s` as root (%s)\n", s->program,
           status == 127 ? "it is not installed: apt install ca-certificates" : "it failed");
    return false;
}

static bool system_install(const struct ca_trust *t)
{
    const struct store *s = find_store();
    if (!s) {
        printf("- system: no trust store that we know of; by hand: add %s to it\n", t->path);
        return false;
    }
    char name[128];
    snprintf(name, sizeof name, "%s.crt", t->name);
    int dir = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int err = dir < 0 ? err_from_errno(errno) : file_write_atomic(dir, name, t->pem, 0644);
    if (dir >= 0)
        close(dir);
    if (err) {
        printf("- system: not done (%s); by hand: sudo cp '%s' %s/%s && sudo %s%s%s\n",
               err_text(err), t->path, s->dir, name, s->program, s->option ? " " : "",
               s->option ? s->option : "");
        return false;
    }
    printf("- system: %s/%s\n", s->dir, name);
    return update(s, true);
}

static bool system_uninstall(const struct ca_trust *t)
{
    const struct store *s = find_store();
    char path[256];
    if (!s)
        return true;
    snprintf(path, sizeof path, "%s/%s.crt", s->dir, t->name);
    if (unlink(path) == 0) {
        printf("- system: %s removed\n", path);
        return update(s, false);
    }
    if (errno == ENOENT) {
        printf("- system: was not installed\n");
        return true;
    }
    printf("- system: not done (%s); by hand: sudo rm %s && sudo %s\n", strerror(errno), path,
           s->program);
    return false;
}

/* ---- NSS ---- */

static int certutil(const char *db, const struct ca_trust *t, bool add)
{
    const char *add_argv[] = {"certutil", "-d",    db,   "-A",    "-t", "C,,",
                              "-n",       t->name, "-i", t->path, NULL};
    const char *remove_argv[] = {"certutil", "-d", db, "-D", "-n", t->name, NULL};
    return run(add ? add_argv : remove_argv, true);
}

/* Where Chromium looks, whether or not it ran before. */
static void make_nssdb(const char *home)
{
    char dir[4096], db[4128];
    struct stat st;
    snprintf(dir, sizeof dir, "%s/.pki", home);
    (void)mkdir(dir, 0700);
    snprintf(dir, sizeof dir, "%s/.pki/nssdb", home);
    (void)mkdir(dir, 0700);
    snprintf(db, sizeof db, "%s/cert9.db", dir);
    if (stat(db, &st) == 0)
        return;
    snprintf(db, sizeof db, "sql:%s", dir);
    const char *argv[] = {"certutil", "-d", db, "-N", "--empty-password", NULL};
    (void)run(argv, true);
}

static bool one_database(const char *path, const struct ca_trust *t, bool add)
{
    char dir[4096], db[4104];
    snprintf(dir, sizeof dir, "%s", path);
    char *file = strrchr(dir, '/');
    if (file && strcmp(file, "/cert9.db") == 0)
        *file = 0;
    snprintf(db, sizeof db, "sql:%s", dir);
    int status = certutil(db, t, add);
    if (status == 0) {
        printf("- browsers: %s%s\n", dir, add ? "" : ": removed");
        return true;
    }
    if (!add) /* it was not in there */
        return true;
    printf("- browsers: %s: not done; by hand: certutil -d 'sql:%s' -A -t C,, -n %s -i '%s'\n", dir,
           dir, t->name, t->path);
    return false;
}

static bool browsers(const struct ca_trust *t, bool add)
{
    const char *home = getenv("HOME");
    const char *probe[] = {"certutil", "-H", NULL};
    if (!home || home[0] != '/')
        return true;
    if (run(probe, true) == 127) {
        printf("- browsers: certutil is not installed (Debian: apt install libnss3-tools); then "
               "again, or by hand: import %s in the browser's settings\n",
               t->path);
        return !add;
    }
    if (add)
        make_nssdb(home);
    bool all = true;
    for (size_t i = 0; i < sizeof nss_patterns / sizeof *nss_patterns; i++) {
        char pattern[4096];
        glob_t g = {0};
        snprintf(pattern, sizeof pattern, "%s/%s", home, nss_patterns[i]);
        if (glob(pattern, GLOB_NOSORT, NULL, &g) == 0)
            for (size_t k = 0; k < g.gl_pathc; k++)
                all &= one_database(g.gl_pathv[k], t, add);
        globfree(&g);
    }
    return all;
}

bool ca_trust_install(const struct ca_trust *t)
{
    bool system = system_install(t);
    return browsers(t, true) && system;
}

bool ca_trust_uninstall(const struct ca_trust *t)
{
    bool system = system_uninstall(t);
    return browsers(t, false) && system;
}

void ca_trust_print_left(FILE *to)
{
    const struct store *s = find_store();
    char pattern[256];
    glob_t g = {0};
    if (!s)
        return;
    snprintf(pattern, sizeof pattern, "%s/gate443-*.crt", s->dir);
    if (glob(pattern, 0, NULL, &g) == 0)
        for (size_t i = 0; i < g.gl_pathc; i++)
            fprintf(to, "  still trusted: %s; by hand: sudo rm %s && sudo %s%s\n", g.gl_pathv[i],
                    g.gl_pathv[i], s->program, s == &stores[0] ? " --fresh" : "");
    globfree(&g);
}
