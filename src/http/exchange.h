/* One request and its response: the one object in which every HTTP version ends and every handler
 * begins. An engine (h1.c, h2.c) makes it when a request head is complete and frees it after
 * on_gone; everything allocated for it lives in its arena.
 *
 *   engine → exchange_on_head → env->on_request (front/dispatch: chooses site, route, handler)
 *          → handler->on_head … exchange_send_head/body/file → filters → http_ops → engine
 *
 * Flow control: request body bytes are delivered by on_body; the engine lets the peer send
 * further ones only as give_credit allows (it starts with EXCHANGE_CREDIT bytes). Response bytes not
 * taken (a return below what was offered) come again after on_writable. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "base/arena.h"
#include "base/list.h"
#include "config/snapshot.h"
#include "io/conn.h"
#include "wire/head.h"
#include "wire/uri.h"

struct exchange;
struct handler;
struct filter;
struct error_state;
struct session_env;

/* What an engine does for an exchange. */
struct http_ops {
    /* Final or 1xx head; `end`: no body follows. h->length says how the body is framed. The head is
     * copied. 0 or −err (then the exchange is reset). */
    int (*send_head)(struct exchange *, const struct head *h, bool end);
    /* Bytes taken (possibly fewer than offered: on_writable follows), −err: gone. `end` counts only
     * if everything was taken. With nothing to send and `end` true it ends the body. */
    ssize_t (*send_body)(struct exchange *, const struct str *parts, size_t n, bool end);
    /* The same from a file; the descriptor must stay open until the bytes were taken. A file that
     * became shorter: -ERR_FILE_CHANGED. */
    ssize_t (*send_file)(struct exchange *, int fd, uint64_t offset, uint64_t n, bool end);
    int (*send_trailers)(struct exchange *, const struct head *h); /* ends the body */
    void (*give_credit)(struct exchange *, size_t n); /* the peer may send n further body bytes */
    /* Ends it at once: h2 RST_STREAM, h1 closes the connection. on_gone follows. */
    void (*reset)(struct exchange *, int err);
};

#define EXCHANGE_CREDIT (64 * 1024)
#define EXCHANGE_ARENA_MAX (256 * 1024)
#define EXCHANGE_FIELDS_MAX 128 /* of a response, after filters */

/* Owned by its engine. */
struct exchange {
    const struct http_ops *ops;
    void *engine;               /* the engine's own (stream) */
    struct conn *conn;          /* outlives the exchange */
    struct arena *arena;        /* the engine's; reset after on_gone */
    struct head req;            /* slices valid until on_gone */
    struct uri_path path;       /* decoded, normalised; decoded.p NULL for "*", see uri.h */
    char host_text[256];
    struct str host;            /* lower case, without port */
    uint16_t port;              /* of the authority, 0: none given */
    const struct site *site;    /* set by dispatch; NULL before */
    const struct route *route;
    const struct handler *handler;
    const void *conf;           /* the handler's */
    void *state;                /* the handler's */
    struct filter *filters;     /* response body filters, outermost first; exchange.c's */
    uint64_t body_limit;        /* bytes; beyond: 413 */
    uint64_t body_received;     /* bytes */
    bool request_ended;
    uint16_t status;            /* of the final head sent; 0: none yet */
    bool head_sent, response_ended, gone, failing;
    bool no_body;               /* HEAD, 204, 304: body calls are swallowed */
    uint64_t body_sent;         /* bytes, before transfer coding, after content coding */
    uint64_t started;           /* ns: the turn in which the head was complete */
    int err;                    /* why it failed, −err, for the log */
    const struct session_env *env; /* set by exchange_on_head; outlives the exchange */
    struct str rest;            /* of exchange_reply's body, in the arena: to be sent when writable */
    uint64_t discarded;         /* request body bytes that nobody wanted, since the response ended */
    bool was_reset;             /* reset was called: on_gone follows, nothing more is sent */
    struct timer again;         /* exchange_again's; not even initialised before */
    struct error_state *error;  /* exchange_fail's, while an error page is sent */
};

/* ---- for handlers ---- */

/* Sends a final head: completes it from the site's policy (safe headers, HSTS, cookies, header rules,
 * Date, Server), chooses a content coding, then the engine. h may live on the caller's stack; its
 * field array needs room only for its own fields. `end`: no body. A 304 is given the whole head
 * of the 200 in whose place it stands (with its length); what describes the body is left out of it.
 * 0 or −err (the exchange was reset). */
int exchange_send_head(struct exchange *x, const struct head *h, bool end);
ssize_t exchange_send_body(struct exchange *x, const struct str *parts, size_t n, bool end);
ssize_t exchange_send_file(struct exchange *x, int fd, uint64_t offset, uint64_t n, bool end);
int exchange_send_continue(struct exchange *x); /* 100, if the client waits for it */
/* Whole answer in one call; the body is copied if it can't be sent at once. content_type may be
 * empty. extra: further fields, may be NULL. */
int exchange_reply(struct exchange *x, unsigned status, struct str content_type, struct str body,
                   const struct field *extra, size_t nextra);
/* Answers with the error page for err (site's own page, else the built-in one); if a head was
 * sent already, resets. Callable at any time before on_gone. */
void exchange_fail(struct exchange *x, int err);
void exchange_fail_status(struct exchange *x, unsigned status, const struct field *extra,
                          size_t nextra);
void exchange_redirect(struct exchange *x, unsigned status, struct str location);
void exchange_give_credit(struct exchange *x, size_t n);
/* on_writable follows in the next turn of the loop, whatever the engine says: for work that goes on
 * in slices, so that no request keeps the others waiting. Without memory it resets. */
void exchange_again(struct exchange *x);
void exchange_reset(struct exchange *x, int err);

/* ---- for engines ---- */

/* What a session needs from above. Given at its making; outlives it. */
struct session_env {
    /* A request head is complete and valid: choose and call a handler. Never NULL. */
    void (*on_request)(void *user, struct exchange *x);
    /* An exchange is over (before its memory goes): logs, counters. */
    void (*on_done)(void *user, struct exchange *x);
    /* The session is over: the owner closes the stream and frees the session (session_free) and conn. */
    void (*on_closed)(void *user, struct conn *conn, int err);
    void *user;
    struct h2_pool *h2_pool; /* NULL: each session has its own */
};

/* Checks common to all versions (target, Host, authority against SNI's syntax), fills path, host and
 * port, then on_request. A fault is answered by exchange_fail. */
void exchange_on_head(struct exchange *x, const struct session_env *env);
/* An engine sets request_ended before exchange_on_head for a request without a body: on_body is not
 * called for it. The counters http_Nxx, bytes_in and bytes_out are kept by exchange.c for all engines. */
/* Body bytes (within credit). Checks body_limit. `end` may come with an empty slice. */
void exchange_on_body(struct exchange *x, struct str data, bool end);
void exchange_on_writable(struct exchange *x);
/* Last call of an engine: handler->on_gone exactly once, env->on_done, filters freed. */
void exchange_on_gone(struct exchange *x, const struct session_env *env, int err);

#endif
