/* Messages between our processes: typed frames with descriptors over a SOCK_SEQPACKET socket pair,
 * on the loop. Every end has a table of the messages it accepts: anything else ends the channel.
 * Bodies beyond CHAN_BODY_MAX travel as a memfd (chan_send_blob). */
#ifndef PROCESS_CHAN_H
#define PROCESS_CHAN_H

#include "base/buf.h"
#include "io/loop.h"

#define CHAN_BODY_MAX 32768
#define CHAN_FDS_MAX 240 /* below the kernel's SCM_MAX_FD */

enum message {
    MSG_NONE,
#define MESSAGE(id, name, doc) MSG_##id,
#include "process/message.def"
#undef MESSAGE
    MSG_COUNT
};

struct message_frame {
    enum message type;
    uint64_t id;       /* of a request: its answer bears the same */
    int32_t status;    /* answers: 0 or −err */
    struct str body;   /* dies with the callback */
    const int *fds;    /* closed after the callback unless taken with chan_take_fd */
    size_t nfds;
};

struct chan;

struct chan_env {
    uint64_t permitted; /* bit of each enum message that this end accepts */
    void (*on_message)(struct chan *, const struct message_frame *);
    /* The other end is gone or sent something not permitted (err). The owner calls chan_close. */
    void (*on_gone)(struct chan *, int err);
    void *user;
};

/* Takes over fd. NULL: no memory. */
struct chan *chan_new(struct loop *loop, int fd, const struct chan_env *env);
void *chan_user(const struct chan *c);
/* Never blocks: queues when the socket is full, up to 4,096 frames, then -ERR_LIMIT. Descriptors are
 * duplicated by the kernel (a queued frame duplicates them itself): the caller keeps its own. */
int must_use chan_send(struct chan *c, const struct message_frame *m);
/* A body of any size: goes as a sealed memfd that the receiver reads with chan_blob. */
int must_use chan_send_blob(struct chan *c, const struct message_frame *m);
/* Appends the whole body of a frame to `into`, whichever way it came. */
int must_use chan_blob(const struct message_frame *m, struct buf *into);
int chan_take_fd(const struct message_frame *m, size_t i);
void chan_close(struct chan *c); /* freed at the end of the turn; NULL is fine */
/* Two connected ends, cloexec, non-blocking. */
int must_use chan_pair(int ret_fds[2]);

#endif
