/* The control socket: STATE/control.sock, where `gate443 ctl` and scripts ask a running parent.
 *
 * Protocol: one JSON object a line in both directions, answers in the order of the requests:
 *   → {"verb":"status"}
 *   ← {"ok":true,"status":{…}}
 *   → {"verb":"reload"}
 *   ← {"ok":false,"error":"gate443.conf:3:1: error: …"}
 * "ok" is always there; "error" (a text for people) if it is false; else "text", or "status". */
#ifndef CONTROL_CONTROL_SERVER_H
#define CONTROL_CONTROL_SERVER_H

#include "base/buf.h"
#include "base/verb.h"
#include "io/loop.h"

#define CONTROL_SOCKET      "control.sock" /* in the state directory */
#define CONTROL_CLIENTS_MAX 16
#define CONTROL_LINE_MAX    (64 * 1024)        /* bytes of a request */
#define CONTROL_ANSWER_MAX  (16 * 1024 * 1024) /* bytes of an answer */
#define CONTROL_REQUEST_TIMEOUT                                                                    \
    (30 * SECOND) /* from connecting, or the last answer, to a whole line */

struct control_server;
struct control_request;

/* Who does what is asked. */
struct control_env {
    void *user;
    void (*status)(void *user, struct buf *json);         /* appends one JSON object */
    void (*metrics)(void *user, struct buf *text);        /* appends Prometheus text */
    void (*reload)(void *user, struct control_request *); /* control_answer, at once or later */
    void (*stop)(void *user);
};

/* The verbs this end understands, for the manual. */
extern const struct verb control_verbs[];

/* Listens in the directory (0600); a socket that nobody listens on any more is replaced. On failure
 * NULL and the reason in `why`. state_path is for messages. Borrows the descriptor and `env` during
 * the call only. Peers other than root and our own user are refused (SO_PEERCRED). */
struct control_server *control_server_new(struct loop *loop, int state_dirfd,
                                          const char *state_path, const struct control_env *env,
                                          struct buf *why);
/* Unlinks the socket, drops the clients. Requests not yet answered stay valid until they are. */
void control_server_free(struct control_server *s);
/* Ends a request; exactly once, also when its client has gone meanwhile. text: the error, or what
 * was done. Sent before control_server_free as far as the socket takes it without waiting. */
void control_answer(struct control_request *request, bool ok, struct str text);

#endif
