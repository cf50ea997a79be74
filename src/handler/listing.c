/* Directory listings: reading, sorting, sending; listing_page.c writes. A page that is sorted has to
 * know all, so the directory is read to its end (or to what we show) before anything is sent. Each
 * slice of it is sorted as soon as it is read; the runs that come of it are merged while the page is
 * written, so there is no moment at which everything is sorted. */
#include "handler/listing.h"

#include "io/file.h"
#include "wire/accept.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct str listing_name(const struct listing *l, const struct listing_entry *e)
{
    return str_sub(buf_str(&l->names), e->offset, e->length);
}

/* Names that no request can spell are not shown: uri_normalise refuses control characters, backslashes,
 * and what is no UTF-8. To serve the last, as nginx does, was rejected: then no path that routes, logs
 * and JSON see were known to be text, and overlong spellings of "/" and "." would come through. */
static bool showable(const char *name, bool hidden)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (*name == '.' && !hidden))
        return false;
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        if (*c < 0x20 || *c == 0x7f || *c == '\\')
            return false;
    return str_is_utf8(str_c(name));
}

/* What a link leads to, if that is beneath the root: nothing else is told. */
static bool stat_link(const struct listing_args *a, const char *name, struct stat *st)
{
    char path[PATH_MAX];
    int fd, n = snprintf(path, sizeof path, "%s/%s", a->name, name);
    if (n < 0 || n >= PATH_MAX || file_open_stat(a->rootfd, path, true, &fd, st))
        return false;
    close(fd);
    return true;
}

static bool stat_entry(const struct listing_args *a, DIR *dir, const char *name, struct stat *st)
{
    if (fstatat(dirfd(dir), name, st, AT_SYMLINK_NOFOLLOW))
        return false;
    if (S_ISLNK(st->st_mode) && !stat_link(a, name, st))
        return false;
    return S_ISREG(st->st_mode) || S_ISDIR(st->st_mode);
}

static int add_entry(struct listing *l, const char *name, const struct stat *st)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        struct listing_entry *grown = realloc(l->entries, cap * sizeof *grown);
        if (!grown)
            return -ERR_NOMEM;
        l->entries = grown;
        l->cap = cap;
    }
    struct str text = str_c(name);
    size_t offset = l->names.n;
    int err = buf_append(&l->names, text);
    if (err)
        return err;
    l->entries[l->n++] = (struct listing_entry){.offset = (uint32_t)offset,
                                                .length = (uint32_t)text.n,
                                                .directory = S_ISDIR(st->st_mode),
                                                .size = (uint64_t)st->st_size,
                                                .mtime = st->st_mtim.tv_sec};
    return 0;
}

/* The value of a parameter in the query. */
static struct str parameter(const struct exchange *x, struct str name)
{
    struct str rest = x->path.query, piece;
    while (rest.n && str_split(&rest, '&', &piece)) {
        size_t eq = str_find(piece, '=', 0);
        if (str_eq(str_sub(piece, 0, eq), name))
            return str_from(piece, eq + 1);
    }
    return STR_NONE;
}

static void read_wishes(const struct exchange *x, struct listing *l)
{
    struct str accept = head_value(&x->req, FIELD_ACCEPT), sort = parameter(x, STR("sort"));
    l->json = accept.n && accept_media(accept, STR("application/json")) >
                              accept_media(accept, STR("text/html"));
    l->sort = str_eq(sort, STR("size"))   ? LISTING_BY_SIZE
              : str_eq(sort, STR("time")) ? LISTING_BY_TIME
                                          : LISTING_BY_NAME;
    l->descending = str_eq(parameter(x, STR("order")), STR("desc"));
}

static int compare_names(const struct listing *l, const struct listing_entry *a,
                         const struct listing_entry *b)
{
    struct str p = listing_name(l, a), q = listing_name(l, b);
    for (size_t i = 0; i < p.n && i < q.n; i++) {
        int d = (unsigned char)ascii_lower(p.p[i]) - (unsigned char)ascii_lower(q.p[i]);
        if (d)
            return d;
    }
    return p.n != q.n ? (p.n > q.n) - (p.n < q.n) : str_cmp(p, q);
}

/* Directories stand first whatever the order; equal ones go by name. */
static int compare(const void *pa, const void *pb, void *user)
{
    const struct listing_entry *a = pa, *b = pb;
    const struct listing *l = user;
    int d = 0;
    if (a->directory != b->directory)
        return b->directory - a->directory;
    if (l->sort == LISTING_BY_SIZE)
        d = (a->size > b->size) - (a->size < b->size);
    else if (l->sort == LISTING_BY_TIME)
        d = (a->mtime > b->mtime) - (a->mtime < b->mtime);
    if (d == 0)
        d = compare_names(l, a, b);
    return l->descending ? -d : d;
}

/* Sorts what was read since the last run. */
static void end_run(struct listing *l)
{
    size_t from = l->nruns ? l->runs[l->nruns - 1].end : 0;
    if (from == l->n)
        return;
    qsort_r(l->entries + from, l->n - from, sizeof *l->entries, compare, l);
    l->runs[l->nruns++] = (struct listing_run){from, l->n};
}

/* A run gets no longer than a slice, and only the last is shorter: so many are enough. */
static bool run_is_full(const struct listing *l)
{
    return l->n % LISTING_SLICE == 0;
}

static void end_reading(struct listing *l)
{
    end_run(l);
    closedir(l->dir);
    l->dir = NULL;
}

/* The next names; at the end l->dir is NULL. 0 or −err. */
static int read_slice(struct listing *l)
{
    struct stat st;
    for (size_t i = 0; i < LISTING_SLICE; i++) {
        const struct dirent *d = readdir(l->dir);
        bool shown = d && showable(d->d_name, l->args.hidden);
        l->more = shown && l->n == LISTING_MAX;
        if (!d || l->more) {
            end_reading(l);
            return 0;
        }
        if (!shown || !stat_entry(&l->args, l->dir, d->d_name, &st))
            continue;
        int err = add_entry(l, d->d_name, &st);
        if (err)
            return err;
        if (run_is_full(l))
            end_run(l);
    }
    return 0;
}

const struct listing_entry *listing_next(struct listing *l)
{
    struct listing_run *first = NULL;
    for (size_t i = 0; i < l->nruns; i++) {
        struct listing_run *r = &l->runs[i];
        if (r->at < r->end &&
            (!first || compare(&l->entries[r->at], &l->entries[first->at], l) < 0))
            first = r;
    }
    return first ? &l->entries[first->at++] : NULL;
}

int listing_new(struct exchange *x, const struct listing_args *a, struct listing **ret)
{
    struct listing *l = calloc(1, sizeof *l);
    DIR *dir = l ? fdopendir(a->fd) : NULL;
    struct str name = dir ? arena_str(x->arena, str_c(a->name)) : STR_NONE;
    if (!name.p) {
        if (dir)
            closedir(dir);
        else
            close(a->fd);
        free(l);
        return -ERR_NOMEM;
    }
    l->args = *a;
    l->args.name = name.p; /* arena_str puts a NUL behind it */
    l->dir = dir;
    buf_init(&l->names, LISTING_NAMES_MAX);
    buf_init(&l->out, LISTING_CHUNK);
    read_wishes(x, l);
    *ret = l;
    return 0;
}

/* The page needs its own style and nothing else; no script runs whatever a file is called. */
#define LISTING_CSP                                                                                \
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "         \
    "frame-ancestors 'none'"

static int send_head(struct exchange *x, struct listing *l, bool end)
{
    struct field fields[4];
    struct head h = {.status = 200, .length = LENGTH_UNKNOWN, .fields = fields, .cap = 4};
    struct str type = l->json ? STR("application/json") : STR("text/html; charset=utf-8");
    if (head_add(&h, FIELD_CONTENT_TYPE, type) || head_add(&h, FIELD_VARY, STR("Accept")) ||
        head_add(&h, FIELD_CACHE_CONTROL, STR("no-cache")) ||
        head_add(&h, FIELD_CONTENT_SECURITY_POLICY, STR(LISTING_CSP)))
        return -ERR_INTERNAL;
    return exchange_send_head(x, &h, end); /* after an error the exchange was reset already */
}

/* One slice. True: all is read. */
static bool go_on_reading(struct exchange *x, struct listing *l)
{
    int err = read_slice(l);
    if (err)
        exchange_fail(x, err);
    else if (l->dir)
        exchange_again(x);
    return !err && !l->dir;
}

/* One part of the page; what is left of it goes when the client takes it. */
static void go_on_writing(struct exchange *x, struct listing *l)
{
    if (l->out.n == 0) {
        buf_clear(&l->out);
        listing_page_next(x, l);
    }
    if (!buf_ok(&l->out)) {
        exchange_reset(x, -ERR_NOMEM);
        return;
    }
    struct str part = buf_str(&l->out);
    ssize_t taken = exchange_send_body(x, &part, 1, l->ended);
    if (taken < 0) {
        if (!x->gone && taken != -ERR_AGAIN)
            exchange_reset(x, (int)taken);
        return;
    }
    buf_consume(&l->out, (size_t)taken);
    if (l->out.n == 0 && !l->ended)
        exchange_again(x);
}

void listing_go_on(struct exchange *x, struct listing *l)
{
    bool only_head = x->req.method == METHOD_HEAD; /* which tells nothing of the entries */
    if (!only_head && l->dir && !go_on_reading(x, l))
        return;
    if (!x->head_sent && send_head(x, l, only_head))
        return;
    if (!x->gone && !x->response_ended && !(l->ended && l->out.n == 0))
        go_on_writing(x, l);
}

void listing_free(struct listing *l)
{
    if (!l)
        return;
    if (l->dir)
        closedir(l->dir);
    buf_done(&l->names);
    buf_done(&l->out);
    free(l->entries);
    free(l);
}
