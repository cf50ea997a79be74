/* A client of HTTP/2, on nghttp2, at the end of a pipe. */
#ifndef TEST_SIM_H2_H
#define TEST_SIM_H2_H

#include "sim.h"

#include <nghttp2/nghttp2.h>

#define SIM_STREAMS 40

struct sim_h2_stream {
    struct sim_h2 *h2;
    struct sim_expect e;
    int32_t id;
    unsigned status;
    size_t posted;
    struct buf body;
    bool gzip, ended, we_reset, closed;
    uint32_t code; /* of its end */
};

/* Embedded, zeroed by sim_h2_init. The transport first: its hooks find the rest. */
struct sim_h2 {
    struct sim_client client;
    nghttp2_session *ng;
    struct sim_h2_stream streams[SIM_STREAMS];
    size_t n, submitted, at_once, open;
    unsigned reset_one_in; /* DATA frames answered by RST_STREAM; 0: never */
    bool goaway, broken;
};

/* 0 or −err. Fill streams[0..n) by sim_h2_add, then sim_client_start(&h->client, …, true). */
int sim_h2_init(struct sim_h2 *h, struct sim *s, uint32_t window);
void sim_h2_add(struct sim_h2 *h, const struct sim_expect *e);
void sim_h2_done(struct sim_h2 *h);
/* How many streams were answered whole; −1: one of them wrongly. */
int sim_h2_check(const struct sim_h2 *h, const char **ret_why);

#endif
