/* `gate443 check FILE`: every mistake of a configuration, its certificates and keys included, in the
 * words that `serve` would refuse it with. Nothing is bound and nothing is written. */
#include "main/chain_file.h"
#include "main/cli.h"
#include "main/commands.h"
#include "main/loaded.h"
#include "process/sandbox.h"
#include "tls/cert.h"
#include "tls/keyvault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: gate443 check FILE\n"
    "  Says every mistake in the configuration FILE (-: standard input), in the files it includes\n"
    "  and in the certificates it names. Exit status: 0 it can be served, 1 it cannot.\n";

#define LABEL_MAX 8192

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

static int check_pair(const struct cert_spec *c, struct keyvault *v, struct buf *errors)
{
    unsigned char spki[SPKI_HASH];
    char label[LABEL_MAX];
    struct buf pem;
    if (c->local)
        return 0;
    int key_err = check_key(c, v, spki, errors);
    label_of(c, c->chain_path, label);
    buf_init(&pem, CHAIN_FILE_MAX);
    int err = chain_file_read(c->chain_path.p, label, &pem, errors);
    if (!err)
        err = cert_check(buf_str(&pem), label, c->site->names, c->site->nnames, time(NULL),
                         key_err ? NULL : spki, errors, errors);
    buf_done(&pem);
    return err ? err : key_err;
}

/* All of them: one bad certificate does not hide the next. */
static int check_pairs(const struct snapshot *s, struct buf *errors)
{
    struct keyvault *v = keyvault_new();
    int first = v ? 0 : -ERR_NOMEM;
    for (size_t i = 0; v && i < s->ncerts; i++) {
        int err = check_pair(s->certs[i], v, errors);
        first = first ? first : err;
    }
    keyvault_free(v);
    return first;
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

int cmd_check(int argc, char **argv)
{
    static const struct cli_flag flags[] = {{"help", false, 'h'}, {NULL, false, 0}};
    struct loaded l;
    struct cli cli = {argc, argv, flags};
    for (int c; (c = cli_next(&cli)) != -1;) {
        fputs(usage, c == 'h' ? stdout : stderr);
        return c == 'h' ? 0 : 2;
    }
    if (argc - cli.words != 1) {
        fputs(usage, stderr);
        return 2;
    }
    int err = loaded_file(&l, argv[cli.words], isatty(2) == 1);
    if (!err)
        err = check_pairs(l.snapshot, &l.errors);
    if (l.snapshot) {
        int whole = check_whole(l.snapshot, &l.errors);
        err = err ? err : whole;
    }
    int status = report(&l, err);
    loaded_done(&l);
    return status;
}
