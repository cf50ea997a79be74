/* One peer: what every layer on a connection shares. The front makes it at accept and frees it
 * when its stream has gone. */
#ifndef IO_CONN_H
#define IO_CONN_H

#include "base/addr.h"
#include "base/arena.h"
#include "base/metric.h"
#include "io/stream.h"

struct snapshot;
struct site;

/* What logs and policies need to know, as plain data. Text lives in the conn's arena. */
struct facts {
    struct str sni;         /* lower case, as the client sent it; empty: none */
    struct str alpn;        /* "h2", "http/1.1" or empty */
    const char *tls;        /* "TLSv1.3", NULL: plain */
    const char *cipher;     /* IANA name, static or in the arena */
    const char *group;      /* "X25519MLKEM768", NULL: none */
    bool resumed;           /* TLS session resumed */
    bool secure;            /* came over TLS */
    const struct site *site; /* chosen by SNI, NULL: none (plain HTTP) */
};

struct conn {
    struct loop *loop;
    struct stream *stream;     /* the top of the stack; the front's */
    struct arena arena;        /* at most CONN_ARENA_MAX */
    struct addr peer, local;
    struct facts facts;
    const struct snapshot *snapshot; /* ref held until the conn dies */
    struct metrics *metrics;   /* the worker's page; never NULL */
    struct metrics *caches;    /* where what outlives the connection is counted; NULL: there, too */
    uint64_t id;               /* unique in this worker; in logs */
    uint64_t accepted;         /* ns */
    uint64_t exchanges;        /* begun so far */
    bool draining;             /* finish what runs, take nothing new */
};

#define CONN_ARENA_MAX (64 * 1024)

#endif
