/* What the files of the HTTP/2 engine share; nobody else includes it.
 * h2.c: life of a session and receiving · h2_head.c: request heads · h2_send.c: sending ·
 * h2_stall.c: streams that keep us waiting · h2_pool.c: memory of streams. */
#ifndef HTTP_H2_H
#define HTTP_H2_H

#include "http/h2_guard.h"
#include "http/pace.h"
#include "http/session.h"

#include "base/buf.h"
#include "wire/priority.h"

#include <nghttp2/nghttp2.h>

#define H2_FIELDS_FIRST 24 /* request fields without a further allocation */
#define H2_FRAME_MAX (9 + 16384)
#define H2_GATHER (128 * 1024) /* bytes gathered for one write */
#define H2_LATE ((uint64_t)1000000000) /* ns: from the end of a response to the reset of its request */
#define H2_RESETS_KEPT 32
#define H2_QUEUE_MAX 1000      /* frames waiting to go out before we stop reading */

/* A stream with its exchange. Owned by its session: in `streams` from the first header until the
 * stream closes, in `dead` from a reset until the end of the turn; its memory is the pool's.
 * Its arena holds at most EXCHANGE_ARENA_MAX. */
struct h2_stream {
    struct list link;
    struct h2 *h2;
    struct exchange x;
    struct arena arena;
    int32_t id;
    int fault;            /* −err: what is wrong with the head, answered by an error page */
    size_t head_bytes;    /* decoded, as RFC 9113 6.5.2 counts */
    size_t head_fields;   /* without pseudo-fields; all Cookie fields are one */
    size_t cookies;       /* Cookie fields */
    uint64_t credit;      /* body bytes that the peer may send now */
    bool started;         /* the exchange was handed upwards */
    bool reset;           /* in `dead` */
    bool input_ended;
    bool head_sent;       /* a final one */
    bool output_ended;    /* the body is complete; END_STREAM goes with what is sent last */
    bool done;            /* END_STREAM was sent */
    uint64_t reset_at;    /* ns: done, but the request goes on: reset then; 0: not so */
    bool sending;         /* has, or may have, something to send */
    bool receiving;       /* a body is still to come */
    struct pace out, in;  /* of its response and request body, see h2_stall.c */
    uint64_t mark;        /* of h2->written: behind what was sent on it last; UINT64_MAX: nothing yet */
    struct priority priority;
    struct field *trailers; /* of the response, in the arena */
    size_t ntrailers;
    struct field first[H2_FIELDS_FIRST];
};

/* Owned by the front (session_free). Memory: nghttp2's own, at most limits.streams streams, one
 * H2_GATHER of output. */
struct h2 {
    struct session base;
    nghttp2_session *ng;
    struct timer timer;
    struct task task;          /* end of the turn: reap, flush */
    struct list streams, dead;
    size_t nstreams;
    struct h2_pool *pool;      /* reference */
    size_t nsending, nreceiving; /* of streams */
    struct buf first;          /* bytes read before the session began */
    struct buf out;            /* what the last write did not take; nothing else goes out before */
    char *gather;              /* during h2_flush only: H2_GATHER bytes on its stack */
    size_t gathered;
    bool more;                 /* the last gathering stopped for lack of room */
    struct h2_stream *pull;    /* whose body bytes are wanted right now */
    size_t pull_room, pulled;
    uint64_t written, arrived; /* bytes of output so far; of them, known to be with the peer */
    uint64_t mark, progress;   /* behind the last frame of a response; what of that has arrived */
    uint64_t taken;            /* body bytes received since walked_at */
    uint64_t walked_at, walk_at; /* ns: streams were, and will be, looked at by h2_stall.c; 0: need not */
    struct h2_guard guard;
    struct h2_frames frames;
    struct pace pace;
    uint64_t head_since;       /* ns: a head, or the preface, is incomplete since; 0: none is */
    struct h2_stream *head;    /* whose header block is being read */
    bool heading;              /* a header block began, and the library has not said whose it is */
    int32_t reset_ids[H2_RESETS_KEPT]; /* of the streams that we reset last, a ring */
    size_t nresets;
    uint64_t drain_at;         /* ns: the second GOAWAY is due */
    uint64_t late_at;          /* ns: the earliest reset_at of a stream; 0: none */
    uint64_t linger_until;     /* ns: GOAWAY sent, discarding input */
    size_t lingered;           /* bytes discarded */
    int failed;                /* −err: a GOAWAY is to be written by hand */
    int ended;                 /* 1, or −err: nothing more to say, see `over` */
    unsigned depth;            /* of our functions on the stack */
    bool begun, reading_stopped, again, draining, lingering, shut, over, freed;
};

static inline struct h2 *h2_of(struct session *s)
{
    return (struct h2 *)s;
}
static inline uint64_t h2_now(const struct h2 *h2)
{
    return h2->base.conn->loop->now;
}

/* h2.c */
void h2_fail(struct h2 *h2, int err);  /* GOAWAY with err's code, then the end */
void h2_end(struct h2 *h2, int err);   /* the stream is dead or finished; 0 or −err */
void h2_spend(struct h2 *h2, enum h2_cost kind); /* fails the session at a flood */
void h2_drain(struct session *s);
void h2_sending(struct h2_stream *s, bool yes);
void h2_receiving(struct h2_stream *s, bool yes);

/* h2_pool.c */
struct h2_pool *h2_pool_ref(struct h2_pool *p);
/* A stream of zeros, but for its arena, and but for `first`, which holds anything. NULL: no memory. */
struct h2_stream *h2_pool_take(struct h2_pool *p);
void h2_pool_give(struct h2_pool *p, struct h2_stream *s);
void h2_pool_trim(struct h2_pool *p); /* frees the spares if no stream is in use */

/* h2_head.c: a field of a request head. Faults are kept in s->fault. */
void h2_head_begin(struct h2_stream *s);
void h2_head_count(struct h2_stream *s, struct str name, struct str value); /* also of trailers */
void h2_head_field(struct h2_stream *s, struct str name, struct str value);
void h2_head_finish(struct h2_stream *s, bool end);

/* h2_stall.c */
void h2_stall_check(struct h2 *h2, uint64_t now);        /* when due: resets streams that stall */
uint64_t h2_stall_deadline(struct h2 *h2, uint64_t now); /* ns */
void h2_stall_sample(struct h2 *h2); /* what has arrived since is progress of h2->pace */
/* Whether it is the connection that holds up output, and not single streams of it. */
bool h2_stall_is_whole(const struct h2 *h2);

/* h2_send.c */
extern const struct http_ops h2_ops;
int h2_on_send_data(nghttp2_session *ng, nghttp2_frame *frame, const uint8_t *framehd,
                    size_t length, nghttp2_data_source *source, void *user);
/* Sends what there is to send, in as few writes as possible. */
void h2_flush(struct h2 *h2);
/* Tries to write `out`. True when it is empty. */
bool h2_write_rest(struct h2 *h2);

#endif
