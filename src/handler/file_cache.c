/* The cache of small files; see file_cache.h.
 *
 * Two LRU lists: files by bytes, and absences by number, so that a scanner asking for ten thousand
 * paths that are not there cannot push out what is. The map is keyed against chosen collisions.
 *
 * Invariants: an entry is in map and list as long as entry->cache is set; `bytes` of the cache is
 * the sum of its entries' and at most `max`; the metric is the sum over all caches of the worker. */
#include "handler/file_cache.h"

#include <stdlib.h>

struct file_cache {
    struct map map;
    struct list files, absent; /* least recently used first */
    size_t nabsent, bytes, max;
    struct metrics *metrics; /* NULL: not set up */
};

struct file_cache *file_cache_new(void)
{
    struct file_cache *c = calloc(1, sizeof *c);
    if (c) {
        list_init(&c->files);
        list_init(&c->absent);
    }
    return c;
}

void file_cache_setup(struct file_cache *c, size_t max, const uint64_t seed[2],
                      struct metrics *metrics)
{
    if (c->metrics)
        return;
    map_init(&c->map, FILE_CACHE_ENTRIES_MAX, seed);
    c->max = max;
    c->metrics = metrics;
}

size_t file_cache_max(const struct file_cache *c)
{
    return c->max;
}

static void charge(struct file_entry *e, size_t bytes)
{
    e->bytes += bytes;
    e->cache->bytes += bytes;
    e->cache->metrics->file_cache_bytes += bytes;
}

void file_cache_drop(struct file_cache *c, struct file_entry *e)
{
    if (e->cache != c)
        return;
    map_remove(&c->map, e->key);
    list_remove(&e->lru);
    c->nabsent -= e->kind == FILE_ABSENT;
    c->bytes -= e->bytes;
    c->metrics->file_cache_bytes -= e->bytes;
    e->cache = NULL;
    file_entry_unref(e);
}

void file_cache_free(struct file_cache *c)
{
    if (!c)
        return;
    LIST_EACH (it, tmp, &c->files)
        file_cache_drop(c, LIST_ENTRY(it, struct file_entry, lru));
    LIST_EACH (it, tmp, &c->absent)
        file_cache_drop(c, LIST_ENTRY(it, struct file_entry, lru));
    if (c->metrics)
        map_done(&c->map);
    free(c);
}

static struct list *list_of(struct file_cache *c, enum file_kind kind)
{
    return kind == FILE_ABSENT ? &c->absent : &c->files;
}

struct file_entry *file_cache_get(struct file_cache *c, struct str key)
{
    struct file_entry *e = map_get(&c->map, key);
    if (!e)
        return NULL;
    list_remove(&e->lru);
    list_push(list_of(c, e->kind), &e->lru);
    return e;
}

/* Drops the oldest until n more bytes fit, but not `keep`. */
static bool make_room(struct file_cache *c, size_t n, const struct file_entry *keep)
{
    if (n > c->max)
        return false;
    struct list *lists[] = {&c->files, &c->absent};
    for (size_t i = 0; i < 2; i++) {
        LIST_EACH (it, tmp, lists[i]) {
            if (c->bytes <= c->max - n)
                return true;
            struct file_entry *e = LIST_ENTRY(it, struct file_entry, lru);
            if (e != keep)
                file_cache_drop(c, e);
        }
    }
    return c->bytes <= c->max - n;
}

static struct file_entry *entry_new(struct str key, enum file_kind kind, uint64_t now)
{
    struct file_entry *e = calloc(1, sizeof *e);
    char *text = e ? str_dup(key) : NULL;
    if (!text) {
        free(e);
        return NULL;
    }
    *e = (struct file_entry){
        .refs = 1, .key = str_of(text, key.n), .kind = kind, .checked = now};
    list_init(&e->lru);
    return e;
}

struct file_entry *file_cache_put(struct file_cache *c, struct str key, enum file_kind kind,
                                  uint64_t now)
{
    struct file_entry *former = map_get(&c->map, key);
    if (former)
        file_cache_drop(c, former);
    if (kind == FILE_ABSENT && c->nabsent == FILE_CACHE_ABSENT_MAX)
        file_cache_drop(c, LIST_ENTRY(c->absent.next, struct file_entry, lru));
    while (c->map.n >= FILE_CACHE_ENTRIES_MAX && !list_empty(&c->files))
        file_cache_drop(c, LIST_ENTRY(c->files.next, struct file_entry, lru));
    size_t bytes = sizeof(struct file_entry) + key.n + 1;
    struct file_entry *e = make_room(c, bytes, NULL) ? entry_new(key, kind, now) : NULL;
    if (!e)
        return NULL;
    if (map_set(&c->map, e->key, e)) {
        file_entry_unref(e);
        return NULL;
    }
    e->cache = c;
    list_push(list_of(c, kind), &e->lru);
    c->nabsent += kind == FILE_ABSENT;
    charge(e, bytes);
    return e;
}

struct file_entry *file_entry_ref(struct file_entry *e)
{
    e->refs++;
    return e;
}

void file_entry_unref(struct file_entry *e)
{
    if (!e || --e->refs)
        return;
    for (size_t i = 0; i < CODING_COUNT; i++) {
        if (e->forms[i])
            free(e->forms[i]->content);
        free(e->forms[i]);
    }
    free((char *)e->key.p);
    free(e);
}

int file_entry_add(struct file_entry *e, const struct represent_args *args, char *content)
{
    size_t bytes = sizeof(struct file_form) + args->size;
    struct file_form *form = NULL;
    int err = -ERR_LIMIT;
    if (e->cache && make_room(e->cache, bytes, e)) {
        form = malloc(sizeof *form);
        err = form ? 0 : -ERR_NOMEM;
    }
    if (err) {
        free(content);
        return err;
    }
    represent_init(&form->rep, args);
    form->content = content;
    e->forms[args->coding] = form;
    charge(e, bytes);
    return 0;
}
