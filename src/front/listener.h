/* A listening socket on the loop. */
#ifndef FRONT_LISTENER_H
#define FRONT_LISTENER_H

#include "base/addr.h"
#include "base/list.h"
#include "io/loop.h"

/* Owned by the front. */
struct listening {
    struct list link;
    struct watch watch;
    struct timer pause; /* runs while accepting is suspended for lack of descriptors */
    struct loop *loop;
    uint64_t turn; /* of the loop, in which it was ready last */
    int fd;
    bool tls;
    /* A connected, non-blocking socket; its owner from now on. */
    void (*on_accept)(void *user, struct listening *l, int fd, const struct addr *peer);
    void (*on_trouble)(void *user, struct listening *l, int err); /* paused for 100 ms */
    void *user;
};

int must_use listening_start(struct listening *l, struct loop *loop, int fd);
void listening_stop(struct listening *l); /* closes the descriptor */

#endif
