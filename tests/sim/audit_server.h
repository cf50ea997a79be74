/* Servers for the auditor in virtual time: libssl in memory with a configuration each, honest or made
 * hostile. What a hostile one does follows from one seed. They stand in for the network by taking the
 * place of dial_tcp (linked with --wrap). */
#ifndef TEST_AUDIT_SERVER_H
#define TEST_AUDIT_SERVER_H

#include "base/buf.h"
#include "base/list.h"
#include "io/dial.h"

#include <openssl/ssl.h>

enum { SERVERS = 7, SERVER_PLAIN_PORT = 80 };

/* What is done to the flights of one audit. */
enum hostility {
    HONEST,
    UNRELIABLE, /* silence, delays, cuts, resets: nothing that a server did not say is ever seen */
    HOSTILE,    /* bytes changed, too */
};

/* How a flight is to leave; made by mutate_flight. */
enum leave { LEAVE_ON, LEAVE_SILENT, LEAVE_CLOSE, LEAVE_RESET, LEAVE_ENDLESS };
struct departure {
    uint64_t delay, gap; /* ns before the first byte, and between pieces */
    size_t piece;        /* bytes at a time; 0: all */
    enum leave leave;    /* what comes behind it */
    unsigned endless;    /* which stream, of LEAVE_ENDLESS */
};

struct servers {
    SSL_CTX *tls[SERVERS]; /* NULL: answers in clear, whatever is asked */
    struct buf root;       /* PEM of the authority behind them */
    /* Of the audit that runs. */
    struct loop *loop;
    struct list conns, visitors; /* visitors: of the UDP port */
    size_t server;
    enum hostility hostility;
    unsigned one_in;  /* of so many flights one is mutated */
    bool alternating; /* another server for each connection */
    bool refuse_some; /* connections fail at once, some of them */
    uint64_t rng;
    unsigned http; /* which of the answers */
    /* Counted over all audits. */
    uint64_t dials, flights, mutated, datagrams_mutated;
    struct crypto *crypto; /* of the QUIC servers; borrowed */
};

/* One for the program; exits it on failure. */
void servers_make(struct servers *s);
void servers_free(struct servers *s);
const char *servers_name(size_t server);
/* Above zero while a server runs, whose memory is not to fail. */
extern unsigned servers_busy;
/* The connections of an audit: begin sets who answers, end cuts what is open. */
void servers_begin(struct servers *s, struct loop *loop, size_t server, enum hostility h,
                   uint64_t seed);
void servers_end(struct servers *s);

/* ---- audit_udp.c ---- */

/* Some of the servers speak QUIC as well. make: behind servers_make; exits on failure. */
void servers_udp_make(struct servers *s, struct crypto *crypto);
void servers_udp_free(void);
void servers_udp_end(struct servers *s); /* of an audit: what is still open */

/* ---- audit_mutate.c ---- */

uint64_t servers_random(struct servers *s);
uint64_t servers_below(struct servers *s, uint64_t n); /* 0 to n − 1 */
bool servers_chance(struct servers *s, unsigned one_in);
/* Remembers an honest flight, to be put where it does not belong. */
void mutate_record(struct servers *s, struct str flight);
void mutate_forget(void);
/* Changes the flight in place and says how it leaves. */
void mutate_flight(struct servers *s, struct buf *flight, struct departure *ret);
/* The same for what is about to be encrypted: only its bytes. */
void mutate_plain(struct servers *s, struct buf *text);
/* The next piece of an endless stream. */
void mutate_endless(struct servers *s, unsigned kind, uint64_t turn, struct buf *out);

#endif
