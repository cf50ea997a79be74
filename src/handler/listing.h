/* A directory as a page, or as JSON. It is read, sorted and written in slices, a turn of the loop
 * each: the size of a directory is no reason for others to wait. */
#ifndef HANDLER_LISTING_H
#define HANDLER_LISTING_H

#include "http/exchange.h"

#include <dirent.h>
#include <sys/stat.h>

#define LISTING_MAX 10000            /* entries; beyond, the page says that there are more */
#define LISTING_SLICE 512            /* names read in a turn: about a millisecond */
#define LISTING_RUNS (LISTING_MAX / LISTING_SLICE + 1)
#define LISTING_NAMES_MAX (4 << 20)  /* bytes of all names */

enum listing_sort { LISTING_BY_NAME, LISTING_BY_SIZE, LISTING_BY_TIME };

struct listing_entry {
    uint32_t offset, length; /* of the name, in `names` */
    bool directory;
    uint64_t size;
    int64_t mtime; /* s since 1970 */
};

struct listing_args {
    int rootfd, fd;   /* fd: the directory; taken over in any case */
    const char *name; /* beneath rootfd; copied */
    bool hidden;
};

/* A stretch of the entries that is in order. */
struct listing_run {
    size_t at, end; /* the first not written, behind the last */
};

/* Heap, owned by the exchange's state until on_gone. At most 4.5 MiB, and LISTING_CHUNK of output. */
struct listing {
    struct listing_args args;
    DIR *dir;      /* NULL: read to its end */
    struct listing_entry *entries;
    size_t n, cap;
    struct listing_run runs[LISTING_RUNS];
    size_t nruns;
    struct buf names;
    bool more;     /* there are more than we show */
    bool json;
    int sort;      /* enum listing_sort */
    bool descending;
    size_t at;     /* entries written */
    bool begun, ended;
    struct buf out;
};

#define LISTING_CHUNK (64 * 1024)

/* 0 or −err. */
int must_use listing_new(struct exchange *x, const struct listing_args *a, struct listing **ret);
/* The first step, and all that follow (on_writable). */
void listing_go_on(struct exchange *x, struct listing *l);
void listing_free(struct listing *l); /* NULL is harmless */
/* The next entry in the order wished for; NULL behind the last. */
const struct listing_entry *listing_next(struct listing *l);

/* listing_page.c: appends the next part of the page, less than LISTING_CHUNK; sets l->ended. */
void listing_page_next(const struct exchange *x, struct listing *l);
struct str listing_name(const struct listing *l, const struct listing_entry *e);

#endif
