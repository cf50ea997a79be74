/* `root DIR { … }`: files of a directory.
 *
 * The part of the path behind the route's last "/" prefix is looked for beneath DIR: `root /docs/
 * /srv/manual;` answers /docs/a.html with /srv/manual/a.html. (Keeping the prefix, as nginx's root
 * does, was rejected: the directory's layout need not repeat the addresses.)
 *
 * Small files are answered from the worker's memory (file_cache.c) and looked at again when a second
 * has passed: a change shows within that second, and a busy file costs one open a second. A look is
 * the same search that filled the entry, so a new index file or sibling shows too. Larger files are
 * opened for each request and streamed.
 *
 * Codings: a sibling on disk (made with the best level) before one made here and kept in memory.
 * A request with Range gets the plain bytes: parts of a coding made on the fly would be void with
 * the next eviction. */
#include "handler/handlers.h"
#include "handler/listing.h"
#include "handler/location.h"
#include "handler/static_find.h"
#include "handler/static_send.h"
#include "http/filter.h"
#include "io/file.h"
#include "io/loop.h"

#include <stdlib.h>
#include <unistd.h>

/* In the exchange's arena. */
struct static_state {
    struct static_sender sender;
    struct listing *listing; /* heap, or NULL */
};

static void on_gone(struct exchange *x)
{
    struct static_state *s = x->state;
    if (!s)
        return;
    x->state = NULL;
    static_send_done(&s->sender);
    listing_free(s->listing);
}

#define CODED (CODING_BIT(CODING_GZIP) | CODING_BIT(CODING_BR) | CODING_BIT(CODING_ZSTD))

static struct static_state *state_new(struct exchange *x)
{
    struct static_state *s = arena_zalloc(x->arena, sizeof *s);
    x->state = s;
    return s;
}

/* Whether this file may be coded as it is answered. */
static bool codable(const struct exchange *x, const struct media *media, uint64_t size)
{
    return x->site && x->site->compress.on && media->compressible && size &&
           size >= x->site->compress.min_size;
}

static bool cacheable(const struct static_conf *conf, const struct static_found *f)
{
    uint64_t size = (uint64_t)f->stats[0].st_size;
    return size <= FILE_CACHE_FILE_MAX && size <= file_cache_max(conf->cache) / 4;
}

/* ---- filling the cache ---- */

/* size bytes of the file, or NULL: unreadable, or changed while it was read. */
static char *read_stable(int fd, const struct stat *st)
{
    struct buf content;
    struct stat after;
    buf_init(&content, FILE_CACHE_FILE_MAX + 1);
    int err = file_read_all(fd, &content);
    bool stable = !err && content.n == (uint64_t)st->st_size && fstat(fd, &after) == 0 &&
                  after.st_size == st->st_size && represent_compare_times(&after, st) == 0;
    char *copy = stable ? malloc(content.n ? content.n : 1) : NULL;
    if (copy && content.n)
        memcpy(copy, buf_str(&content).p, content.n);
    buf_done(&content);
    return copy;
}

static struct represent_args args_of(const struct static_conf *conf, const struct exchange *x,
                                     const struct static_found *f)
{
    struct represent_args a = {.type = f->media->type,
                               .cache_control = conf->cache_control,
                               .original = &f->stats[0],
                               .size = (uint64_t)f->stats[0].st_size,
                               .now = x->conn->loop->wall};
    a.vary = x->site && x->site->compress.on && f->media->compressible;
    for (size_t i = CODING_IDENTITY + 1; i < CODING_COUNT; i++)
        a.vary |= f->fds[i] >= 0;
    return a;
}

/* The file as it lies there in coding i, plain or a sibling. */
static void take_form(struct represent_args *a, const struct static_found *f, enum coding i)
{
    a->coding = i;
    a->sibling = i == CODING_IDENTITY ? NULL : &f->stats[i];
    a->size = (uint64_t)f->stats[i].st_size;
}

/* Adds the file in coding i; false: it has to be streamed after all. */
static bool fill_form(struct file_entry *e, struct represent_args *a, const struct static_found *f,
                      enum coding i)
{
    take_form(a, f, i);
    if (a->size > FILE_CACHE_FILE_MAX)
        return false;
    char *content = read_stable(f->fds[i], &f->stats[i]);
    return content && file_entry_add(e, a, content) == 0;
}

/* An entry with all that is on disk, or NULL. */
static struct file_entry *fill(const struct static_conf *conf, struct exchange *x, struct str rel,
                               struct static_found *f)
{
    struct file_entry *e =
        file_cache_put(conf->cache, rel, FILE_CONTENT, x->conn->loop->now);
    if (!e)
        return NULL;
    struct represent_args a = args_of(conf, x, f);
    static_find_prints(f, e->prints);
    e->media = f->media;
    bool ok = fill_form(e, &a, f, CODING_IDENTITY);
    for (enum coding i = CODING_IDENTITY + 1; ok && i < CODING_COUNT; i++)
        if (f->fds[i] >= 0 && !fill_form(e, &a, f, i))
            e->useless |= CODING_BIT(i);
    if (ok)
        return e;
    file_cache_drop(conf->cache, e);
    return NULL;
}

/* Whether an entry that has become old still says what the disk says. */
static bool holds(const struct file_entry *e, const struct static_found *f)
{
    if (f->kind == STATIC_BARE)
        return e->kind == FILE_MOVED;
    struct file_print prints[CODING_COUNT];
    static_find_prints(f, prints);
    return f->kind == STATIC_FILE && e->kind == FILE_CONTENT &&
           memcmp(prints, e->prints, sizeof prints) == 0;
}

/* ---- answers ---- */

static unsigned made_here(const struct exchange *x, const struct file_entry *e)
{
    if (!codable(x, e->media, e->forms[CODING_IDENTITY]->rep.size))
        return 0;
    return CODED & ~e->useless;
}

/* Codes the plain form and keeps it; false if that brings nothing. */
static bool make_form(const struct static_conf *conf, const struct exchange *x,
                      struct file_entry *e, enum coding coding)
{
    const struct file_form *plain = e->forms[CODING_IDENTITY];
    struct stat original = {.st_size = (off_t)plain->rep.size};
    original.st_mtim = (struct timespec){.tv_sec = e->prints[0].mtime,
                                        .tv_nsec = e->prints[0].mtime_ns};
    struct buf out;
    buf_init(&out, plain->rep.size);
    int err = compress_whole(coding, x->site->compress.level,
                             str_of(plain->content, plain->rep.size), &out);
    char *content = !err && out.n && out.n < plain->rep.size ? malloc(out.n) : NULL;
    if (content)
        memcpy(content, buf_str(&out).p, out.n);
    struct represent_args a = {.type = e->media->type,
                               .cache_control = conf->cache_control,
                               .vary = true,
                               .original = &original,
                               .coding = coding,
                               .size = out.n,
                               .now = x->conn->loop->wall};
    buf_done(&out);
    return content && file_entry_add(e, &a, content) == 0;
}

/* The form that fits the client best; e is referenced by the caller. */
static const struct file_form *choose_form(const struct static_conf *conf, const struct exchange *x,
                                           struct file_entry *e)
{
    if (!head_has(&x->req, FIELD_ACCEPT_ENCODING) || head_has(&x->req, FIELD_RANGE))
        return e->forms[CODING_IDENTITY];
    for (size_t tries = 0; tries < CODING_COUNT; tries++) {
        unsigned available = made_here(x, e);
        for (size_t i = 0; i < CODING_COUNT; i++)
            available |= e->forms[i] ? CODING_BIT(i) : 0;
        enum coding coding = accept_coding(&x->req, available);
        if (!e->forms[coding] && !make_form(conf, x, e, coding))
            e->useless |= CODING_BIT(coding);
        if (e->forms[coding])
            return e->forms[coding];
    }
    return e->forms[CODING_IDENTITY];
}

static int redirect_to_slash(struct exchange *x)
{
    struct buf out;
    buf_init(&out, LOCATION_MAX);
    location_add_path(&out, x);
    buf_addc(&out, '/');
    location_flatten(&out, 0);
    location_add_query(&out, x);
    return location_send(x, 308, &out);
}

static int answer_entry(const struct static_conf *conf, struct exchange *x, struct file_entry *e)
{
    if (e->kind == FILE_ABSENT)
        return -ERR_NOT_FOUND;
    if (e->kind == FILE_MOVED)
        return redirect_to_slash(x);
    struct static_state *s = state_new(x);
    if (!s)
        return -ERR_NOMEM;
    s->sender.entry = file_entry_ref(e);
    const struct file_form *form = choose_form(conf, x, e);
    s->sender.content = form->content;
    return static_send(x, &s->sender, &form->rep);
}

/* The coding of a file that is not kept: what is on disk, else plain (the filter may code it). */
static enum coding choose_sibling(const struct exchange *x, const struct static_found *f)
{
    unsigned available = 0;
    if (head_has(&x->req, FIELD_RANGE))
        return CODING_IDENTITY;
    for (size_t i = CODING_IDENTITY + 1; i < CODING_COUNT; i++)
        available |= f->fds[i] >= 0 ? CODING_BIT(i) : 0;
    return available ? accept_coding(&x->req, available) : CODING_IDENTITY;
}

static int answer_file(const struct static_conf *conf, struct exchange *x, struct static_found *f)
{
    struct static_state *s = state_new(x);
    struct representation *rep = arena_alloc(x->arena, sizeof *rep);
    struct represent_args a = args_of(conf, x, f);
    take_form(&a, f, choose_sibling(x, f));
    const char *name = static_find_name(f, a.coding, x->arena);
    if (!s || !rep || !name)
        return -ERR_NOMEM;
    represent_init(rep, &a);
    file_pool_add(&x->conn->loop->files, &s->sender.file, f->fds[a.coding], &conf->dir->fd, name,
                  &f->stats[a.coding]);
    f->fds[a.coding] = -1;
    return static_send(x, &s->sender, rep);
}

static int answer_listing(const struct static_conf *conf, struct exchange *x,
                          struct static_found *f)
{
    struct static_state *s = state_new(x);
    if (!s)
        return -ERR_NOMEM;
    int fd = f->fds[0];
    f->fds[0] = -1;
    struct listing_args a = {.rootfd = conf->dir->fd, .fd = fd, .name = f->name,
                             .hidden = conf->hidden};
    int err = listing_new(x, &a, &s->listing);
    if (!err)
        listing_go_on(x, s->listing);
    return err;
}

/* ---- looking ---- */

static int answer_found(const struct static_conf *conf, struct exchange *x, struct str rel,
                        struct static_found *f)
{
    if (f->kind == STATIC_DIRECTORY)
        return conf->listing ? answer_listing(conf, x, f) : -ERR_NOT_FOUND;
    struct file_entry *e = NULL;
    if (f->kind == STATIC_BARE)
        e = file_cache_put(conf->cache, rel, FILE_MOVED, x->conn->loop->now);
    else if (cacheable(conf, f))
        e = fill(conf, x, rel, f);
    if (e)
        return answer_entry(conf, x, e);
    return f->kind == STATIC_BARE ? redirect_to_slash(x) : answer_file(conf, x, f);
}

static void open_siblings(const struct static_conf *conf, struct static_found *f)
{
    if (f->kind == STATIC_FILE && conf->precompressed && f->media->compressible)
        static_find_siblings(conf, f, CODED);
}

/* Answers from the disk. `old`: an entry to be confirmed or replaced, or NULL. */
static int look(const struct static_conf *conf, struct exchange *x, struct str rel,
                struct file_entry *old)
{
    struct static_found f;
    int err = static_find(conf, rel, &f);
    if (!err)
        open_siblings(conf, &f);
    if (!err && old && holds(old, &f)) {
        static_found_done(&f);
        old->checked = x->conn->loop->now;
        return answer_entry(conf, x, old);
    }
    if (old)
        file_cache_drop(conf->cache, old);
    if (err) {
        if (err == -ERR_NOT_FOUND)
            file_cache_put(conf->cache, rel, FILE_ABSENT, x->conn->loop->now);
        return err;
    }
    err = answer_found(conf, x, rel, &f);
    static_found_done(&f);
    return err;
}

static int answer(const struct static_conf *conf, struct exchange *x, struct str rel)
{
    struct file_entry *e = file_cache_get(conf->cache, rel);
    if (e && x->conn->loop->now - e->checked < FILE_CACHE_FRESH) {
        x->conn->metrics->file_cache_hits++;
        return answer_entry(conf, x, e);
    }
    x->conn->metrics->file_cache_misses++;
    return look(conf, x, rel, e);
}

/* Beneath DIR: without what the route's path has up to its last slash, and without a slash. */
static struct str relative_path(const struct exchange *x)
{
    size_t cut = 1;
    if (x->route && str_starts(x->path.decoded, x->route->path)) {
        size_t slash = str_rfind(x->route->path, '/');
        cut = slash < x->route->path.n ? slash + 1 : 1;
    }
    return str_from(x->path.decoded, cut);
}

/* One `try` word: "/path", or "$path" with something behind it. */
static int answer_fallback(const struct static_conf *conf, struct exchange *x, struct str rel,
                           struct str word)
{
    if (!str_starts(word, STR("$path")))
        return answer(conf, x, str_from(word, 1));
    if (rel.n == 0 || str_ends(rel, STR("/")))
        return -ERR_NOT_FOUND;
    struct str rest = str_from(word, 5);
    struct str path = arena_printf(x->arena, "%.*s%.*s", STR_ARG(rel), STR_ARG(rest));
    return path.p ? answer(conf, x, path) : -ERR_NOMEM;
}

/* One `root` gets an equal part of the worker's cache: a busy site cannot starve another. */
static void setup_cache(const struct static_conf *conf, const struct exchange *x)
{
    const struct snapshot *s = x->conn->snapshot;
    size_t max = s->file_cache_size / (s->ndirs ? s->ndirs : 1);
    file_cache_setup(conf->cache, max, s->by_name.seed,
                     x->conn->caches ? x->conn->caches : x->conn->metrics);
}

static int on_head(const void *conf_, struct exchange *x)
{
    const struct static_conf *conf = conf_;
    if (!x->path.decoded.n)
        return -ERR_NOT_FOUND;
    if (conf->dir->fd < 0)
        return -ERR_INTERNAL;
    if (!conf->hidden && static_find_hidden(x->path.decoded))
        return -ERR_NOT_FOUND;
    setup_cache(conf, x);
    struct str rel = relative_path(x);
    int err = answer(conf, x, rel);
    for (size_t i = 0; err == -ERR_NOT_FOUND && i < conf->fallbacks.n; i++)
        err = answer_fallback(conf, x, rel, conf->fallbacks.v[i]);
    if (err)
        on_gone(x); /* the site's error page may need x->state */
    return err;
}

static void on_writable(struct exchange *x)
{
    struct static_state *s = x->state;
    if (s && s->listing)
        listing_go_on(x, s->listing);
    else if (s)
        static_send_more(x, &s->sender);
}

/* ---- configuration ---- */

static int arguments(struct load *l, const struct parse_node *node, const struct str *words,
                     size_t n, void *conf_)
{
    struct static_conf *conf = conf_;
    if (n != 1)
        return load_error(l, node, 0, "root /srv/www;", "root wants one directory");
    conf->dir = load_dir(l, node, node_words(node) - n);
    struct str path = node_words(node) == 3 ? node_word(node, 1) : STR("/");
    struct str last = str_from(path, str_rfind(path, '/') + 1);
    if (last.n && str_find(last, '.', 0) == last.n) /* /favicon.ico is meant; /app hardly */
        load_warning(l, node, 1, "this is the address `%.*s` alone; what lies beneath is `%.*s/`",
                     STR_ARG(path), STR_ARG(path));
    return conf->dir ? 0 : -ERR_CONFIG;
}

/* `type SUFFIX TYPE` */
static int parse_type(struct load *l, const struct parse_node *node, void *conf_)
{
    struct static_conf *conf = conf_;
    struct str suffix = node_word(node, 1), type = node_word(node, 2);
    if (node_words(node) != 3 || !suffix.n || str_find(type, '/', 0) == type.n)
        return load_error(l, node, 1, "type .mjs text/javascript;",
                          "type wants a suffix and a media type");
    if (suffix.p[0] == '.')
        suffix = str_from(suffix, 1);
    struct media *grown =
        arena_alloc(load_arena(l), (conf->ntypes + 1) * sizeof *grown);
    if (!grown)
        return load_error(l, node, 0, NULL, "out of memory");
    if (conf->ntypes)
        memcpy(grown, conf->types, conf->ntypes * sizeof *grown);
    grown[conf->ntypes++] = (struct media){suffix, type, media_compressible(type)};
    conf->types = grown;
    return 0;
}

static bool printable(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    return true;
}

static int check_words(struct load *l, const struct parse_node *node,
                       const struct static_conf *conf)
{
    int err = 0;
    for (size_t i = 0; i < conf->index.n; i++) {
        struct str w = conf->index.v[i];
        if (!w.n || str_find(w, '/', 0) < w.n)
            err = load_error(l, node, 0, "index index.html index.htm;",
                             "\"%.*s\" is no file name for index", STR_ARG(w));
    }
    for (size_t i = 0; i < conf->fallbacks.n; i++) {
        struct str w = conf->fallbacks.v[i];
        if (!str_starts(w, STR("/")) && !str_starts(w, STR("$path")))
            err = load_error(l, node, 0, "try $path.html /index.html;",
                             "\"%.*s\" in try begins neither with / nor with $path", STR_ARG(w));
    }
    return err;
}

static int load(struct load *l, const struct parse_node *node, void *conf_)
{
    struct static_conf *conf = conf_;
    int err = check_words(l, node, conf);
    if (!printable(conf->cache_control))
        err = load_error(l, node, 0, NULL, "cache_control holds a control character");
    if (err)
        return err;
    conf->cache = file_cache_new();
    return conf->cache ? 0 : load_error(l, node, 0, NULL, "out of memory");
}

static void unload(void *conf_)
{
    struct static_conf *conf = conf_;
    file_cache_free(conf->cache);
    conf->cache = NULL;
}

static const struct option options[] = {
    {.name = "index",
     .type = OPT_TEXTS,
     .offset = offsetof(struct static_conf, index),
     .def = "index.html",
     .args = "NAME…",
     .doc = "Files that answer for a directory, the first that is there."},
    {.name = "listing",
     .type = OPT_BOOL,
     .offset = offsetof(struct static_conf, listing),
     .def = "off",
     .args = "on | off",
     .doc = "List directories that have no index file; as JSON for clients that prefer it."},
    {.name = "try",
     .type = OPT_TEXTS,
     .offset = offsetof(struct static_conf, fallbacks),
     .args = "PATH…",
     .doc = "What to answer with, in this order, when nothing is found: paths beneath the directory, $path being "
            "the one asked for. `try /index.html` serves a single-page application."},
    {.name = "hidden",
     .type = OPT_BOOL,
     .offset = offsetof(struct static_conf, hidden),
     .def = "off",
     .args = "on | off",
     .doc = "Also serve files and directories whose name begins with a dot. /.well-known/ always is."},
    {.name = "precompressed",
     .type = OPT_BOOL,
     .offset = offsetof(struct static_conf, precompressed),
     .def = "on",
     .args = "on | off",
     .doc = "Answer with FILE.br, FILE.zst or FILE.gz where the client takes it and it is not older than FILE."},
    {.name = "cache_control",
     .type = OPT_TEXT,
     .offset = offsetof(struct static_conf, cache_control),
     .args = "VALUE",
     .doc = "Cache-Control of every file, for example \"public, max-age=3600\"."},
    {.name = "type",
     .type = OPT_CUSTOM,
     .parse = parse_type,
     .args = "SUFFIX TYPE",
     .doc = "Media type of files with this suffix, before the built-in table.",
     .repeat = true},
    OPTION_END,
};

const struct handler static_handler = {
    .decl = {.name = "root",
             .args = "[/PATH] DIR",
             .doc = "Serves the files of a directory, and nothing outside of it. What stands behind PATH is looked for "
                    "beneath DIR.",
             .options = options,
             .conf_size = sizeof(struct static_conf),
             .min_args = 1,
             .max_args = 1,
             .arguments = arguments,
             .load = load,
             .unload = unload,
             .impl = &static_handler},
    .methods = 1u << METHOD_GET | 1u << METHOD_HEAD,
    .fixed = true,
    .on_head = on_head,
    .on_writable = on_writable,
    .on_gone = on_gone,
};
