/* Inside of the HTTP/1 engine: h1.c receives and decides, h1_send.c sends. */
#ifndef HTTP_H1_H
#define HTTP_H1_H

#include "base/buf.h"
#include "http/pace.h"
#include "http/session.h"
#include "wire/chunk.h"

enum h1_state {
    H1_OPEN,    /* requests are read and answered */
    H1_CLOSING, /* what is in `out` goes, then the end mark */
    H1_LINGER,  /* our end is said; what still comes is discarded, so that it causes no reset */
    H1_CLOSED,  /* on_closed is due */
};

/* How a body says where it ends. */
enum h1_framing { H1_NONE, H1_LENGTH, H1_CHUNKED, H1_TRAILERS, H1_UNTIL_CLOSE };

#define H1_OUT_BATCH (16 * 1024) /* answers to pipelined requests gathered up to here */

/* Owned by the front through session_free. Idle: this struct and its timer only; busy: an arena of at
 * most EXCHANGE_ARENA_MAX, `in` up to limits.header_size + 64 KiB, `out` up to one head, one batch. */
struct h1 {
    struct session base;
    enum h1_state state;
    struct exchange *x;   /* in the arena; NULL between requests */
    struct arena arena;   /* of x, reset after each */
    struct buf in;        /* received, not used yet */
    struct buf out;       /* heads, chunk framing, small bodies: in front of everything else */
    struct timer timer;   /* re-armed lazily: it may fire early, never late */
    struct task work;     /* run, asked for by calls from outside of our own callbacks */
    struct pace pace;
    size_t tried;         /* bytes of `in` known to hold no whole head */
    struct chunk_decoder chunk;
    uint64_t body_left;   /* of the request, H1_LENGTH */
    uint64_t credit;      /* request body bytes that the handler lets us read */
    uint64_t drained;     /* request body bytes read after the response was complete */
    uint64_t out_left;    /* of the response, H1_LENGTH */
    uint64_t chunk_left;  /* of the chunk whose size line is written */
    uint64_t until;       /* ns: end of lingering, or of waiting for a last request when draining */
    size_t lingered;      /* bytes discarded */
    int err;              /* why it died */
    uint8_t req_framing, resp_framing; /* enum h1_framing */
    bool busy;            /* inside of run: no need for `work` */
    bool readable;        /* the stream may have something */
    bool blocked;         /* the stream took less than offered: WRITABLE will come */
    bool owe_writable;    /* an exchange was told to wait */
    bool fresh;           /* an exchange ended since the pace was looked at */
    bool keep_alive, asked_close, eof, draining, dead;
    bool req_done, resp_done, give_up; /* give_up: the rest of the request body is not wanted */
};

extern const struct http_ops h1_http_ops;

/* The connection cannot go on; run ends it. The first reason counts. */
void h1_die(struct h1 *h, int err);
/* Writes `out`. False: not all of it went (blocked or dead). */
bool h1_flush(struct h1 *h, bool more);
/* Asks for run, unless it is running. */
void h1_schedule(struct h1 *h);

#endif
