/* The descriptors of files that are being sent: never more than a part of what the process may
 * open. One that is given up for another is opened again when its turn comes. */
#ifndef IO_FILE_POOL_H
#define IO_FILE_POOL_H

#include "base/err.h"
#include "base/list.h"

#include <sys/stat.h>

/* Embedded in the loop, which has one for all that is sent in its process. */
struct file_pool {
    struct list open; /* struct pooled_file, used last at the end */
    size_t n, max;
};

/* Embedded in whoever sends the file, zeroed; file_pool_remove before it dies. */
struct pooled_file {
    struct list link;
    struct file_pool *pool; /* NULL: none is held */
    int fd;                 /* -1: given up */
    const int *dirfd;       /* the path's directory; like the path not ours, and outlives us */
    const char *path;
    dev_t dev;              /* what tells this state of this file from others */
    ino_t ino;
    off_t size;
    struct timespec mtime;
};

void file_pool_init(struct file_pool *p, size_t max);
/* f holds fd from now on, which was opened as file_open_beneath(*dirfd, path, true, …) and looked
 * like `st`. May give up another one's. */
void file_pool_add(struct file_pool *p, struct pooled_file *f, int fd, const int *dirfd,
                   const char *path, const struct stat *st);
/* The descriptor, valid until the pool is used again. −err: it was given up and cannot be opened
 * again; -ERR_FILE_CHANGED: what the path leads to is not what it was. */
int must_use file_pool_use(struct pooled_file *f);
void file_pool_remove(struct pooled_file *f); /* closes; harmless when zeroed or done already */

#endif
