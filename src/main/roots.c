/* Directories that were replaced. Workers hold a descriptor of each `root` and know no paths, so after
 * `ln -sfn releases/2 current` or `mv new www`, the usual ways to deploy, they would go on serving what
 * the path once meant. The parent compares path and descriptor once a second and hands the workers the
 * directory that is there now. A path that leads nowhere, or not yet, changes nothing.
 *
 * Rejected: a reload of its own (it would also take a half-edited configuration), inotify (every link on
 * the way would need a watch). A path on a network that hangs holds up the parent, never a visitor. */
#include "main/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether the path means another directory than the descriptor. */
static bool is_replaced(const struct dir_ref *dir)
{
    struct stat now, held;
    return stat(dir->path, &now) == 0 && S_ISDIR(now.st_mode) && fstat(dir->fd, &held) == 0 &&
           (now.st_dev != held.st_dev || now.st_ino != held.st_ino);
}

static void hand_out(struct parent *p, uint64_t generation, uint32_t index, int fd)
{
    struct buf body;
    buf_init(&body, 16);
    pack_u32(&body, index);
    struct message_frame m = {
        .type = MSG_ROOT, .id = generation, .body = buf_str(&body), .fds = &fd, .nfds = 1};
    for (size_t i = 0; i < p->nworkers; i++)
        if (p->workers[i].chan && chan_send(p->workers[i].chan, &m))
            log_write(&p->log, LOG_WARN, "worker %zu did not take a replaced directory", i);
    buf_done(&body);
}

static void replace(struct parent *p, uint64_t generation, uint32_t index, struct dir_ref *dir)
{
    int fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        log_write(&p->log, LOG_WARN, "%s was replaced, and what is there now cannot be opened: %s",
                  dir->path, strerror(errno));
        return;
    }
    close(dir->fd);
    dir->fd = fd;
    hand_out(p, generation, index, fd);
    log_write(&p->log, LOG_INFO, "%s was replaced: what is there now is served", dir->path);
}

/* Workers that prepare a generation hear of it, too: it may be committed in the next moment. */
static void look_at(struct parent *p, const struct deploy *d)
{
    for (size_t i = 0; d && d->snapshot && i < d->snapshot->ndirs; i++)
        if (d->snapshot->dirs[i]->fd >= 0 && is_replaced(d->snapshot->dirs[i]))
            replace(p, d->generation, (uint32_t)i, d->snapshot->dirs[i]);
}

void roots_check(struct parent *p)
{
    if (p->stopping)
        return;
    look_at(p, p->live);
    if (p->pending && p->pending->state == DEPLOY_WORKERS)
        look_at(p, p->pending);
}
