/* An HTTP/1 session with its site, its handlers and its client, in memory and virtual time. */
#ifndef TEST_H1_RIG_H
#define TEST_H1_RIG_H

#include "http/handler.h"
#include "http/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct rig {
    struct loop *loop;
    struct stream *client;
    struct conn conn;
    struct snapshot snapshot;
    struct site site;
    struct metrics metrics;
    struct session_env env;
    struct session *session; /* NULL once closed */
    struct buf got;          /* what the client received */
    const char *send;        /* what it still has to send */
    size_t send_n, send_step; /* step: bytes a turn, 0: all */
    bool reading;            /* the client reads what comes */
    bool ended;              /* the client saw the end */
    int read_err;            /* or this */
    bool closed;             /* on_closed was called */
    int closed_err;
    unsigned requests, done, gone; /* calls */
    unsigned last_status;
    int last_err;
    struct buf body;         /* request body that a handler got */
    int file;                /* for /file */
    struct exchange *waiting; /* of /wait */
};

void rig_open(struct rig *r, size_t capacity);
void rig_start(struct rig *r);
void rig_close(struct rig *r);
/* The client sends all of it; the loop runs for `ns` of virtual time. */
void rig_send(struct rig *r, const char *text);
void rig_sendn(struct rig *r, const char *p, size_t n);
void rig_run(struct rig *r, uint64_t ns);
const char *rig_got(struct rig *r); /* as a C string; then forgotten with rig_forget */
void rig_forget(struct rig *r);
size_t rig_count(struct rig *r, const char *needle);
/* One request on a fresh connection, run for 30 s; answer in rig_got. Call rig_close behind it. */
void rig_once(struct rig *r, const char *request);

#endif
