/* A descriptor that others share (standard input and output, most of all): it must not be made
 * non-blocking, since that would hold for them, too, and yet the loop must not wait for it. So it is
 * asked first, and never given more than a pipe with any room takes. Files on a disk count as
 * always ready. */
#ifndef IO_SHARED_FD_H
#define IO_SHARED_FD_H

#include "io/loop.h"

#include <sys/types.h>

struct shared_fd {
    struct loop *loop;
    struct watch watch;
    int fd;
    bool file;                     /* a regular one */
    void (*on_ready)(void *user);  /* once after an -ERR_AGAIN */
    void *user;
};

void shared_fd_init(struct shared_fd *s, struct loop *loop, int fd, void (*on_ready)(void *user), void *user);
void shared_fd_done(struct shared_fd *s); /* does not close */
/* Bytes; 0: the end; -ERR_AGAIN: on_ready comes; other −err. */
ssize_t shared_fd_read(struct shared_fd *s, void *p, size_t n);
/* Bytes taken (at least one); -ERR_AGAIN: on_ready comes; other −err. */
ssize_t shared_fd_write(struct shared_fd *s, struct str bytes);

#endif
