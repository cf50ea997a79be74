/* Finding files; see static_find.h. The kernel keeps us beneath the root (io/file.h), so nothing
 * here must reason about links or "..", and no check can race with a rename: each file is opened
 * once, and everything said about it comes from fstat of that descriptor. */
#include "handler/static_find.h"

#include "io/file.h"

#include <stdio.h>
#include <unistd.h>

static const char *const suffixes[CODING_COUNT] = {
    [CODING_GZIP] = ".gz", [CODING_BR] = ".br", [CODING_ZSTD] = ".zst"};

bool static_find_hidden(struct str path)
{
    struct str rest = path, piece;
    bool first = true;
    while (str_split(&rest, '/', &piece)) {
        if (piece.n == 0)
            continue;
        if (piece.p[0] == '.' && !(first && str_eq(piece, STR(".well-known"))))
            return true;
        first = false;
    }
    return false;
}

static int open_name(const struct static_conf *conf, const char *name, int *fd, struct stat *st)
{
    int err = file_open_stat(conf->dir->fd, name, true, fd, st);
    return err ? file_refusal(err) : 0;
}

/* Opens a regular file; anything else counts as absent. */
static int open_regular(const struct static_conf *conf, const char *name, int *ret_fd,
                        struct stat *st)
{
    int fd, err = open_name(conf, name, &fd, st);
    if (err)
        return err;
    if (!S_ISREG(st->st_mode)) {
        close(fd);
        return -ERR_NOT_FOUND;
    }
    *ret_fd = fd;
    return 0;
}

/* "name/index", the name being a directory's. */
static bool index_name(char out[PATH_MAX], const char *dir, struct str index)
{
    bool root = strcmp(dir, ".") == 0;
    int n = snprintf(out, PATH_MAX, "%s%s%.*s", root ? "" : dir, root ? "" : "/", STR_ARG(index));
    return n > 0 && n < PATH_MAX;
}

/* The directory's index file takes its place, if there is one. */
static int find_index(const struct static_conf *conf, struct static_found *f)
{
    char name[PATH_MAX];
    for (size_t i = 0; i < conf->index.n; i++) {
        int fd;
        struct stat st;
        if (!index_name(name, f->name, conf->index.v[i]))
            continue;
        int err = open_regular(conf, name, &fd, &st);
        if (err == -ERR_NOT_FOUND)
            continue;
        if (err)
            return err;
        close(f->fds[CODING_IDENTITY]);
        f->fds[CODING_IDENTITY] = fd;
        f->stats[CODING_IDENTITY] = st;
        memcpy(f->name, name, strlen(name) + 1);
        f->kind = STATIC_FILE;
        return 0;
    }
    f->kind = STATIC_DIRECTORY;
    return 0;
}

static int found_directory(const struct static_conf *conf, struct static_found *f, bool slash)
{
    if (!slash) {
        f->kind = STATIC_BARE;
        return 0;
    }
    return find_index(conf, f);
}

static int classify(const struct static_conf *conf, struct static_found *f, bool slash)
{
    mode_t mode = f->stats[CODING_IDENTITY].st_mode;
    if (S_ISDIR(mode))
        return found_directory(conf, f, slash);
    f->kind = STATIC_FILE;
    return S_ISREG(mode) && !slash ? 0 : -ERR_NOT_FOUND;
}

int static_find(const struct static_conf *conf, struct str rel, struct static_found *ret)
{
    bool slash = rel.n == 0 || str_ends(rel, STR("/"));
    size_t n = rel.n - (slash && rel.n);
    if (n >= PATH_MAX)
        return -ERR_NOT_FOUND;
    memcpy(ret->name, n ? rel.p : ".", n ? n : 1);
    ret->name[n ? n : 1] = '\0';
    if (strlen(ret->name) < n) /* a NUL in it: the kernel would see another path than we did */
        return -ERR_NOT_FOUND;
    for (size_t i = 0; i < CODING_COUNT; i++)
        ret->fds[i] = -1;
    int err = open_name(conf, ret->name, &ret->fds[0], &ret->stats[0]);
    if (err)
        return err;
    err = classify(conf, ret, slash);
    if (err)
        static_found_done(ret);
    else
        ret->media = static_find_media(conf, str_c(ret->name));
    return err;
}

void static_find_siblings(const struct static_conf *conf, struct static_found *f, unsigned wanted)
{
    char name[PATH_MAX];
    for (size_t i = CODING_IDENTITY + 1; i < CODING_COUNT; i++) {
        if (!(wanted & CODING_BIT(i)) || f->fds[i] >= 0)
            continue;
        int fd, n = snprintf(name, sizeof name, "%s%s", f->name, suffixes[i]);
        struct stat st;
        if (n < 0 || n >= PATH_MAX || open_regular(conf, name, &fd, &st))
            continue;
        if (represent_compare_times(&st, &f->stats[0]) < 0 || st.st_size == 0) {
            close(fd);
            continue;
        }
        f->fds[i] = fd;
        f->stats[i] = st;
    }
}

const char *static_find_name(const struct static_found *f, enum coding coding, struct arena *a)
{
    return arena_printf(a, "%s%s", f->name, suffixes[coding] ? suffixes[coding] : "").p;
}

void static_found_done(struct static_found *f)
{
    for (size_t i = 0; i < CODING_COUNT; i++) {
        if (f->fds[i] >= 0)
            close(f->fds[i]);
        f->fds[i] = -1;
    }
}

void static_find_prints(const struct static_found *f, struct file_print prints[CODING_COUNT])
{
    for (size_t i = 0; i < CODING_COUNT; i++) {
        const struct stat *st = &f->stats[i];
        prints[i] = (struct file_print){0};
        if (f->fds[i] >= 0)
            prints[i] = (struct file_print){
                st->st_dev, st->st_ino, (uint64_t)st->st_size, st->st_mtim.tv_sec,
                st->st_mtim.tv_nsec};
    }
}

const struct media *static_find_media(const struct static_conf *conf, struct str name)
{
    for (size_t i = 0; i < conf->ntypes; i++) {
        struct str suffix = conf->types[i].suffix;
        if (name.n > suffix.n && name.p[name.n - suffix.n - 1] == '.' &&
            str_ieq(str_from(name, name.n - suffix.n), suffix))
            return &conf->types[i];
    }
    return media_of(name);
}
