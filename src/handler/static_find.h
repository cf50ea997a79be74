/* From a decoded path to an open file beneath a root: index files, hidden ones, precompressed
 * siblings. Knows the disk, not HTTP. */
#ifndef HANDLER_STATIC_FIND_H
#define HANDLER_STATIC_FIND_H

#include "base/arena.h"
#include "config/option.h"
#include "handler/file_cache.h"
#include "wire/media.h"

#include <limits.h>

/* The conf of `root`; belongs to the snapshot. */
struct static_conf {
    struct dir_ref *dir;
    struct str_list index, fallbacks;
    bool listing, hidden, precompressed;
    struct str cache_control;
    struct media *types; /* the site's own, before the built-in ones; in the snapshot's arena */
    size_t ntypes;
    struct file_cache *cache; /* this worker's, heap */
};

enum static_found_kind {
    STATIC_FILE,
    STATIC_BARE,      /* a directory asked for without its slash */
    STATIC_DIRECTORY, /* with slash, without an index file */
};

/* Lives on a stack or in the exchange's arena; static_found_done closes what is open. */
struct static_found {
    enum static_found_kind kind;
    char name[PATH_MAX]; /* beneath the root; "." for the root */
    int fds[CODING_COUNT];           /* -1: none; [CODING_IDENTITY] is the file or directory */
    struct stat stats[CODING_COUNT]; /* where fds is not -1 */
    const struct media *media;
};

/* Whether a segment of the path begins with "." (".well-known" at the front does not count). */
bool static_find_hidden(struct str path);
/* rel: without leading slash, normalised. Only regular files and directories are found. 0,
 * -ERR_NOT_FOUND, -ERR_FORBIDDEN (the system refuses, or a link leads outside), -ERR_TOO_MANY,
 * -ERR_NOMEM, -ERR_INTERNAL; nothing is open then. */
int must_use static_find(const struct static_conf *conf, struct str rel, struct static_found *ret);
/* Opens the siblings name.gz, .br, .zst whose codings are in `wanted` (CODING_BIT) and which are
 * regular, and not older than the file. */
void static_find_siblings(const struct static_conf *conf, struct static_found *f, unsigned wanted);
/* Beneath the root, in that coding; in the arena. NULL: no memory. */
const char *static_find_name(const struct static_found *f, enum coding coding, struct arena *a);
void static_found_done(struct static_found *f);
void static_find_prints(const struct static_found *f, struct file_print prints[CODING_COUNT]);
const struct media *static_find_media(const struct static_conf *conf, struct str name);

#endif
