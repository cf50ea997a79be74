/* The front of a worker: accepts connections, puts TLS and an HTTP engine on them, routes requests
 * to handlers, and takes connections apart again. One a worker. */
#ifndef FRONT_FRONT_H
#define FRONT_FRONT_H

#include "base/log.h"
#include "http/session.h"
#include "telemetry/access_log.h"
#include "tls/tls_stream.h"

/* One generation of configuration, ready to serve. Ref-counted: connections hold the one they
 * began with. */
struct serving {
    uint32_t refs;
    const struct snapshot *snapshot; /* owns a reference */
    struct certstore *store;         /* owns a reference; NULL: no TLS */
};

struct serving *serving_new(const struct snapshot *snapshot, struct certstore *store);
void serving_unref(struct serving *s);

struct front_env {
    struct loop *loop;
    struct log *log;
    struct metrics *metrics;
    struct metrics *caches; /* where handlers count what outlives the front; NULL: metrics */
    struct access_log *access_log;
    uint64_t seed[2]; /* random: keys the table of addresses */
    void (*on_idle)(void *user); /* draining and the last connection is gone */
    void *user;
};

struct front;

struct front *front_new(const struct front_env *env);
void front_free(struct front *f); /* cuts what is open */
/* New connections get this generation; takes the caller's reference. */
void front_serve(struct front *f, struct serving *s);
struct serving *front_serving(const struct front *f);
/* Replaces all listening sockets (descriptors become the front's). https_port: where port 80 sends
 * people to. */
int must_use front_listen(struct front *f, int fd, bool tls);
void front_unlisten(struct front *f);
void front_https_port(struct front *f, uint16_t port);
/* Stops listening, lets requests end, cuts after limits.drain_timeout. */
void front_drain(struct front *f);
size_t front_connections(const struct front *f);
/* A connection made elsewhere (simulation, self-audit): takes the stream over. */
int must_use front_accept(struct front *f, struct stream *below, const struct addr *peer,
                          const struct addr *local, bool tls);

#endif
