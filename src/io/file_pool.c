/* Descriptors shared out among files that are being sent; see file_pool.h.
 *
 * Why: a client of HTTP/2 has a hundred streams on a connection and may keep each of them waiting
 * by a shut window, with a file open behind it. A few connections then use up all that the process
 * may open, and nobody else is let in until deadlines pass. Rejected: 503 above a bound, because
 * whoever reaches it first shuts out the others just as well; opening late, because the answer's
 * head needs the file; opening for each piece, because busy files are read hundreds of times a
 * second. So descriptors are lent: the one that was used longest ago, which is one that waits, makes
 * room, and who waits with others in front of him pays with another openat when he goes on.
 *
 * A client must never get parts of two files in one answer. What is opened again is compared with
 * what was there first (device, inode, size, time of change); if they differ, the answer ends by a
 * reset. Only who was given up runs that risk: an open descriptor keeps a replaced file alive. */
#include "io/file_pool.h"

#include "io/file.h"

#include <unistd.h>

void file_pool_init(struct file_pool *p, size_t max)
{
    list_init(&p->open);
    p->n = 0;
    p->max = max;
}

static void give_up(struct pooled_file *f)
{
    list_remove(&f->link);
    f->pool->n--;
    close(f->fd);
    f->fd = -1;
}

static void hold(struct pooled_file *f, int fd)
{
    struct file_pool *p = f->pool;
    while (p->n >= p->max && !list_empty(&p->open))
        give_up(LIST_ENTRY(p->open.next, struct pooled_file, link));
    f->fd = fd;
    list_push(&p->open, &f->link);
    p->n++;
}

void file_pool_add(struct file_pool *p, struct pooled_file *f, int fd, const int *dirfd,
                   const char *path, const struct stat *st)
{
    *f = (struct pooled_file){.pool = p,
                              .dirfd = dirfd,
                              .path = path,
                              .dev = st->st_dev,
                              .ino = st->st_ino,
                              .size = st->st_size,
                              .mtime = st->st_mtim};
    hold(f, fd);
}

static bool is_same(const struct pooled_file *f, const struct stat *st)
{
    return st->st_dev == f->dev && st->st_ino == f->ino && st->st_size == f->size &&
           st->st_mtim.tv_sec == f->mtime.tv_sec && st->st_mtim.tv_nsec == f->mtime.tv_nsec;
}

static int reopen(struct pooled_file *f)
{
    struct stat st;
    int fd, err = file_open_stat(*f->dirfd, f->path, true, &fd, &st);
    if (err)
        return err == -ERR_NOT_FOUND ? -ERR_FILE_CHANGED : err;
    if (!is_same(f, &st)) {
        close(fd);
        return -ERR_FILE_CHANGED;
    }
    hold(f, fd);
    return fd;
}

int file_pool_use(struct pooled_file *f)
{
    if (f->fd < 0)
        return reopen(f);
    if (f->pool->open.prev != &f->link) {
        list_remove(&f->link);
        list_push(&f->pool->open, &f->link);
    }
    return f->fd;
}

void file_pool_remove(struct pooled_file *f)
{
    if (f->pool && f->fd >= 0)
        give_up(f);
    f->pool = NULL;
}
