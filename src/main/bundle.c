/* Bundles; see bundle.h. */
#include "main/bundle.h"

#include "io/file.h"
#include "process/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <unistd.h>

#define CHAINS_MAX 100000

void bundle_init(struct bundle *b)
{
    *b = (struct bundle){0};
    buf_init(&b->files, BUNDLE_MAX);
    buf_init(&b->globs, BUNDLE_MAX);
}

void bundle_done(struct bundle *b)
{
    buf_done(&b->files);
    buf_done(&b->globs);
}

int bundle_record_file(void *user, const char *path, struct buf *into)
{
    struct bundle *b = user;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_from_errno(errno);
    size_t before = into->n;
    int err = file_read_all(fd, into);
    close(fd);
    if (err)
        return err;
    pack_str(&b->files, str_c(path));
    pack_str(&b->files, str_from(buf_str(into), before));
    b->nfiles++;
    return buf_ok(&b->files) ? 0 : -ERR_LIMIT;
}

int bundle_record_glob(void *user, const char *pattern, struct buf *into)
{
    struct bundle *b = user;
    glob_t g = {0};
    size_t before = into->n;
    int r = glob(pattern, GLOB_ERR, NULL, &g);
    if (r && r != GLOB_NOMATCH) {
        int err = r == GLOB_NOSPACE ? -ERR_NOMEM : err_from_errno(errno);
        globfree(&g);
        return err;
    }
    for (size_t i = 0; r == 0 && i < g.gl_pathc; i++)
        buf_add(into, str_of(g.gl_pathv[i], strlen(g.gl_pathv[i]) + 1));
    globfree(&g);
    pack_str(&b->globs, str_c(pattern));
    pack_str(&b->globs, str_from(buf_str(into), before));
    b->nglobs++;
    return buf_ok(into) && buf_ok(&b->globs) ? 0 : -ERR_LIMIT;
}

/* Besides the directories a message carries the access log and the text. */
int bundle_fits(const struct snapshot *s, struct buf *errors)
{
    if (s->ndirs + 2 <= CHAN_FDS_MAX && s->ncerts + 2 <= CHAN_FDS_MAX)
        return 0;
    buf_addf(errors, "error: %zu directories and %zu certificates; more than %d of each cannot be "
                     "served\n", s->ndirs, s->ncerts, CHAN_FDS_MAX - 2);
    return -ERR_LIMIT;
}

void bundle_write_chains(const struct certstore_chain *chains, size_t n, struct buf *out)
{
    pack_u32(out, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        buf_add(out, str_of((const char *)chains[i].spki, SPKI_HASH));
        pack_str(out, chains[i].pem);
    }
}

int bundle_write(const struct bundle *b, uint64_t generation, int64_t wall, const char *main_name,
                 struct str main_text, bool has_log, bool audit,
                 const struct certstore_chain *chains, size_t nchains, struct buf *out)
{
    pack_u64(out, generation);
    pack_u64(out, (uint64_t)wall);
    pack_str(out, str_c(main_name));
    pack_str(out, main_text);
    pack_u32(out, has_log);
    pack_u32(out, audit);
    pack_str(out, buf_str(&b->files));
    pack_str(out, buf_str(&b->globs));
    bundle_write_chains(chains, nchains, out);
    return buf_ok(out) ? 0 : -ERR_LIMIT;
}

int bundle_read_chains(struct unpack *u, struct certstore_chain **ret, size_t *ret_n)
{
    uint32_t n = unpack_u32(u);
    if (u->bad || n > CHAINS_MAX)
        return -ERR_BAD_MESSAGE;
    struct certstore_chain *chains = calloc(n ? n : 1, sizeof *chains);
    if (!chains)
        return -ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++) {
        struct str spki = unpack_bytes(u, SPKI_HASH);
        if (spki.n)
            memcpy(chains[i].spki, spki.p, SPKI_HASH);
        chains[i].pem = unpack_str(u);
    }
    if (u->bad) {
        free(chains);
        return -ERR_BAD_MESSAGE;
    }
    *ret = chains;
    *ret_n = n;
    return 0;
}

int bundle_read(struct bundle_view *v, struct str body)
{
    struct unpack u = {body, false};
    *v = (struct bundle_view){0};
    v->generation = unpack_u64(&u);
    v->wall = (int64_t)unpack_u64(&u);
    struct str name = unpack_str(&u);
    v->main_text = unpack_str(&u);
    v->has_log = unpack_u32(&u) != 0;
    v->audit = unpack_u32(&u) != 0;
    v->files = unpack_str(&u);
    v->globs = unpack_str(&u);
    if (u.bad || name.n >= sizeof v->name)
        return -ERR_BAD_MESSAGE;
    if (name.n)
        memcpy(v->name, name.p, name.n);
    v->main_name = v->name;
    int err = bundle_read_chains(&u, &v->chains, &v->nchains);
    if (!err && !unpack_done(&u)) {
        bundle_view_done(v);
        return -ERR_BAD_MESSAGE;
    }
    return err;
}

void bundle_view_done(struct bundle_view *v)
{
    free(v->chains);
    v->chains = NULL;
}

static int find_pair(struct str pairs, const char *key, struct buf *into)
{
    struct unpack u = {pairs, false};
    while (u.in.n && !u.bad) {
        struct str name = unpack_str(&u), value = unpack_str(&u);
        if (!u.bad && str_eq(name, str_c(key)))
            return buf_append(into, value);
    }
    return -ERR_NOT_FOUND;
}

int bundle_view_file(void *user, const char *path, struct buf *into)
{
    return find_pair(((struct bundle_view *)user)->files, path, into);
}

int bundle_view_glob(void *user, const char *pattern, struct buf *into)
{
    return find_pair(((struct bundle_view *)user)->globs, pattern, into);
}
