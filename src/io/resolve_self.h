/* What resolve.c and resolve_addr.c share: the resolver itself. */
#ifndef IO_RESOLVE_SELF_H
#define IO_RESOLVE_SELF_H

#include "base/buf.h"
#include "io/resolve.h"

struct ares_channeldata;

struct resolver {
    struct loop *loop;
    struct ares_channeldata *channel;
    struct list sockets; /* struct resolve_socket: c-ares's, two a server */
    /* struct resolve_query: each is in one of these, and waiting and flying stand in the order of
     * their deadlines, since all get the same time. */
    struct list waiting;       /* not sent yet */
    struct list flying;        /* c-ares has it */
    struct list ended;         /* for the deliver task */
    struct list lookups;       /* struct resolve_lookup: see resolve_addr.c */
    size_t flights, in_flight; /* that c-ares has, and how many it may have */
    uint64_t deadline;
    struct timer timer;
    struct task deliver, release;
    struct buf hosts; /* the file's text */
    bool freed;       /* the release task will */
};

/* Frees the lookups of that user (NULL: all), with their queries. */
void resolve_cancel_lookups(struct resolver *r, const void *user);

#endif
