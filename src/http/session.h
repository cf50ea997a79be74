/* An HTTP engine on a connection, server side. Made by the front once the protocol is known. */
#ifndef HTTP_SESSION_H
#define HTTP_SESSION_H

#include "http/exchange.h"

struct session;

/* Embedded first in h1's and h2's own struct. */
struct session_ops {
    const char *name;                            /* "HTTP/1.1", "HTTP/2" */
    void (*on_stream)(struct session *, unsigned events); /* STREAM_* */
    void (*drain)(struct session *);             /* GOAWAY / Connection: close, then on_closed */
    void (*free)(struct session *);              /* exchanges get on_gone first */
};

struct session {
    const struct session_ops *ops;
    struct conn *conn;
    const struct session_env *env;
    const struct limits *limits;  /* of conn->snapshot */
};

/* conn->stream is ready (after TLS). The session sets the stream's on_event and user, its own
 * deadlines by a timer on conn->loop, reads at once what is there. NULL: no memory.
 * `first`: bytes already read from the stream (usually none). */
struct session *h1_session_new(struct conn *conn, const struct session_env *env, struct str first);
struct session *h2_session_new(struct conn *conn, const struct session_env *env, struct str first);

/* What HTTP/2 sessions share, for session_env. NULL: no memory. */
struct h2_pool *h2_pool_new(void);
void h2_pool_unref(struct h2_pool *p);

static inline void session_drain(struct session *s)
{
    s->ops->drain(s);
}
static inline void session_free(struct session *s)
{
    if (s)
        s->ops->free(s);
}

#endif
