/* `gate443 check FILE`: every mistake of a configuration, its certificates and keys included, in the
 * words that `serve` would refuse it with; then what would be served is audited in memory and graded.
 * Nothing is bound and nothing is written. */
#include "main/chain_file.h"
#include "main/cli.h"
#include "main/commands.h"
#include "main/loaded.h"
#include "main/self_check.h"
#include "process/sandbox.h"
#include "tls/cert.h"
#include "tls/keyvault.h"
#include "wire/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: gate443 check [--no-audit] FILE\n"
    "  Says every mistake in the configuration FILE (-: standard input), in the files it includes\n"
    "  and in the certificates it names. Then audits each site as it would be served, in memory, and\n"
    "  says its grade and every finding with the line that decides it.\n"
    "      --no-audit   only the mistakes\n"
    "  Exit status: 0 it can be served, 1 it cannot.\n";

#define LABEL_MAX 8192
#define LOCAL_LIFETIME (30 * 86400) /* s; what `serve` issues */

/* Keys and chains, as the parent, the keeper and the workers would have them together. */
struct pairs {
    struct keyvault *vault;
    struct buf *pems;               /* one a certificate */
    struct certstore_chain *chains; /* pem points into `pems` */
    size_t n;
};

static void label_of(const struct cert_spec *c, struct str path, char label[LABEL_MAX])
{
    snprintf(label, LABEL_MAX, "%s:%u:%u: error: %.*s", c->at.file, c->at.line, c->at.column,
             STR_ARG(path));
}

static int check_key(const struct cert_spec *c, struct keyvault *v, unsigned char spki[SPKI_HASH],
                     struct buf *errors)
{
    char label[LABEL_MAX];
    label_of(c, c->key_path, label);
    int fd = open(c->key_path.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        int err = err_from_errno(errno);
        buf_addf(errors, "%s: %s\n", label, strerror(errno));
        return err;
    }
    int err = keyvault_load_key(v, fd, 1, spki);
    close(fd);
    if (err)
        buf_addf(errors, "%s: %s\n", label, err_text(err));
    return err;
}

/* An authority of our own kind, gone when we are: the one of the state directory is not for `check` to
 * make, and its leaves are alike. */
static int issue_local(const struct cert_spec *c, struct pairs *p)
{
    return keyvault_issue(p->vault, c->site->names, c->site->nnames, time(NULL), LOCAL_LIFETIME, 1,
                          &p->pems[c->index], p->chains[c->index].spki);
}

static int check_pair(const struct cert_spec *c, struct pairs *p, struct buf *errors)
{
    char label[LABEL_MAX];
    struct buf *pem = &p->pems[c->index];
    unsigned char *spki = p->chains[c->index].spki;
    if (c->local)
        return 0;
    int key_err = check_key(c, p->vault, spki, errors);
    label_of(c, c->chain_path, label);
    int err = chain_file_read(c->chain_path.p, label, pem, errors);
    if (!err)
        err = cert_check(buf_str(pem), label, c->site->names, c->site->nnames, time(NULL),
                         key_err ? NULL : spki, errors, errors);
    pem_only_certificates(pem);
    return err ? err : key_err;
}

static void pairs_done(struct pairs *p)
{
    for (size_t i = 0; p->pems && i < p->n; i++)
        buf_done(&p->pems[i]);
    free(p->pems);
    free(p->chains);
    keyvault_free(p->vault);
}

static int pairs_init(struct pairs *p, size_t n)
{
    *p = (struct pairs){.vault = keyvault_new(), .n = n};
    p->pems = calloc(n + 1, sizeof *p->pems);
    p->chains = calloc(n + 1, sizeof *p->chains);
    for (size_t i = 0; p->pems && i < n; i++)
        buf_init(&p->pems[i], CHAIN_FILE_MAX);
    return p->vault && p->pems && p->chains ? 0 : -ERR_NOMEM;
}

/* All of them: one bad certificate does not hide the next. */
static int check_pairs(const struct snapshot *s, struct pairs *p, struct buf *errors)
{
    int first = 0;
    for (size_t i = 0; i < s->ncerts; i++) {
        int err = check_pair(s->certs[i], p, errors);
        first = first ? first : err;
    }
    return first;
}

/* ---- the audit ---- */

/* A directory that we may not read is no mistake of the configuration: `check` need not be root. */
static void open_dirs(const struct snapshot *s)
{
    for (size_t i = 0; i < s->ndirs; i++)
        s->dirs[i]->fd = open(s->dirs[i]->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int complete_chains(const struct snapshot *s, struct pairs *p)
{
    int err = keyvault_make_ca(p->vault, time(NULL));
    for (size_t i = 0; !err && i < s->ncerts; i++) {
        if (s->certs[i]->local)
            err = issue_local(s->certs[i], p);
        p->chains[i].pem = buf_str(&p->pems[i]);
    }
    return err;
}

/* −err: graded too low. That the audit itself fails is told, and no reason to refuse. */
static int audit(struct loaded *l, struct pairs *p)
{
    struct buf list, why;
    bool passes = true;
    buf_init(&list, 4 * 1024 * 1024);
    buf_init(&why, 64 * 1024);
    open_dirs(l->snapshot);
    int err = complete_chains(l->snapshot, p);
    if (!err)
        err = self_check(l->snapshot, p->vault, p->chains, p->n, &list, &why, &passes);
    if (err)
        buf_addf(&l->errors, "warning: the sites could not be audited: %s %.*s\n", err_text(err),
                 STR_ARG(buf_str(&why)));
    if (list.n)
        fwrite(buf_str(&list).p, 1, list.n, stdout);
    buf_done(&list);
    buf_done(&why);
    return passes ? 0 : -ERR_CONFIG;
}

/* What `serve` would refuse although each line is right. Whether it will be started by root, who needs
 * the user, is not known here; a user that does not exist is a mistake in any case. */
static int check_whole(const struct snapshot *s, struct buf *errors)
{
    uid_t uid;
    gid_t gid;
    int err = bundle_fits(s, errors);
    if (s->user.n == 0 || sandbox_user(s->user, &uid, &gid) == 0)
        return err;
    buf_addf(errors, "error: there is no user \"%.*s\" to serve as\n", STR_ARG(s->user));
    return -ERR_CONFIG;
}

static int report(struct loaded *l, int err)
{
    fwrite(buf_str(&l->errors).p ? buf_str(&l->errors).p : "", 1, l->errors.n, stderr);
    if (err) {
        fprintf(stderr, "%s: refused\n", l->name);
        return 1;
    }
    size_t n = l->snapshot->nsites;
    printf("%s: ok, %zu site%s%s\n", l->name, n, n == 1 ? "" : "s",
           l->errors.n ? ", with warnings" : "");
    return 0;
}

static int check(struct loaded *l, const char *file, bool audited)
{
    struct pairs p = {0};
    int err = loaded_file(l, file, isatty(2) == 1);
    if (!err)
        err = pairs_init(&p, l->snapshot->ncerts);
    if (!err)
        err = check_pairs(l->snapshot, &p, &l->errors);
    if (l->snapshot) {
        int whole = check_whole(l->snapshot, &l->errors);
        err = err ? err : whole;
    }
    if (!err && audited)
        err = audit(l, &p);
    pairs_done(&p);
    return err;
}

int cmd_check(int argc, char **argv)
{
    static const struct cli_flag flags[] = {
        {"no-audit", false, 'n'}, {"help", false, 'h'}, {NULL, false, 0}};
    struct loaded l;
    struct cli cli = {argc, argv, flags};
    bool audited = true;
    for (int c; (c = cli_next(&cli)) != -1;) {
        if (c == 'n') {
            audited = false;
            continue;
        }
        fputs(usage, c == 'h' ? stdout : stderr);
        return c == 'h' ? 0 : 2;
    }
    if (argc - cli.words != 1) {
        fputs(usage, stderr);
        return 2;
    }
    int status = report(&l, check(&l, argv[cli.words], audited));
    loaded_done(&l);
    return status;
}
