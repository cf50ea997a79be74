/* Small files in memory, with their response heads ready. Belongs to one `root` directive of one
 * snapshot, in one worker. It knows nothing of file systems: who asks says what to keep and
 * decides, once an entry has become old, whether it still holds. */
#ifndef HANDLER_FILE_CACHE_H
#define HANDLER_FILE_CACHE_H

#include "base/list.h"
#include "base/map.h"
#include "base/metric.h"
#include "handler/represent.h"
#include "wire/media.h"

#define FILE_CACHE_FILE_MAX (128 * 1024)      /* bytes; larger files are streamed */
#define FILE_CACHE_FRESH 1000000000u          /* ns: how long an entry is believed unchecked */
#define FILE_CACHE_ABSENT_MAX 512             /* entries that say "not there" */
#define FILE_CACHE_ENTRIES_MAX 65536

/* What tells one state of a file from another. All zero: no such file. */
struct file_print {
    uint64_t dev, ino, size;
    int64_t mtime, mtime_ns; /* s since 1970, and what is behind the point */
};

/* One coding of the content. Heap; lives and dies with its entry. */
struct file_form {
    struct representation rep;
    char *content; /* rep.size bytes, heap */
};

enum file_kind {
    FILE_CONTENT, /* forms[CODING_IDENTITY] is there */
    FILE_MOVED,   /* a directory asked for without its slash */
    FILE_ABSENT,  /* nothing there: 404 */
};

/* Heap, counted: the cache holds one reference, each exchange that sends from it one more. At most
 * 4 × FILE_CACHE_FILE_MAX bytes of content. */
struct file_entry {
    unsigned refs;
    struct file_cache *cache; /* NULL: dropped from it */
    struct list lru;
    struct str key; /* owned */
    enum file_kind kind;
    uint64_t checked; /* ns: when it was last known to hold */
    size_t bytes;     /* what it is charged */
    struct file_print prints[CODING_COUNT]; /* of the file and its precompressed siblings */
    struct file_form *forms[CODING_COUNT];
    const struct media *media; /* outlives the cache */
    unsigned useless; /* bits of codings that do not make it smaller */
};

struct file_cache;

/* Empty and unusable until set up; a worker does so at its first request (config_load, which makes
 * it, also runs where no request ever comes). NULL: out of memory. */
struct file_cache *file_cache_new(void);
/* Entries still in use by exchanges outlive it. NULL is harmless. */
void file_cache_free(struct file_cache *c);
/* The first call counts. max: bytes of all entries; seed: against chosen keys; metrics: the
 * worker's page, must outlive the cache. */
void file_cache_setup(struct file_cache *c, size_t max, const uint64_t seed[2],
                      struct metrics *metrics);
/* Bytes it may hold. */
size_t file_cache_max(const struct file_cache *c);
/* Not counted: valid until the next put, grow or drop; use file_entry_ref to keep it. NULL: none.
 * It may be old: compare `checked`. */
struct file_entry *file_cache_get(struct file_cache *c, struct str key);
/* A new entry of that key, replacing the former; content follows with file_entry_add. NULL: out of
 * memory or no room. The pointer is not counted. */
struct file_entry *file_cache_put(struct file_cache *c, struct str key, enum file_kind kind,
                                  uint64_t now);
void file_cache_drop(struct file_cache *c, struct file_entry *e);

struct file_entry *file_entry_ref(struct file_entry *e);
void file_entry_unref(struct file_entry *e); /* NULL is harmless */
/* Takes `content` (heap) over in any case. Others make room for it, never e itself; -ERR_LIMIT
 * when that is not enough, -ERR_NOMEM. args->size bytes. */
int must_use file_entry_add(struct file_entry *e, const struct represent_args *args, char *content);

#endif
