/* One connection of an audit: what is to be tried (probe_spec), the sans-I/O machine that tries it
 * (probe), and what came of it (observation). The kinds are rows of a table, a file each
 * (probe_*.c); the plan makes specs and reads observations; only the driver knows sockets. */
#ifndef AUDIT_PROBE_H
#define AUDIT_PROBE_H

#include "audit/http_client.h"
#include "audit/tls_client.h"
#include "http/h2_probe.h"
#include "wire/ssl2.h"

#define PROBE_ARENA_MAX (4u * 1024 * 1024) /* bytes that an observation may keep */
#define PROBE_EVIDENCE  4096               /* first bytes of each direction that are kept */

enum probe_port {
    PROBE_PORT_TLS,   /* the audited port */
    PROBE_PORT_PLAIN, /* port 80, or --http-port */
};

struct probe;
struct probe_kind;

/* Pure data; slices and lists live in the plan's arena. */
struct probe_spec {
    const struct probe_kind *kind;
    const char *purpose;       /* "cipher suites of TLS 1.2"; static */
    enum probe_port port;
    struct client_hello hello; /* its random is made by the probe */
    uint16_t record_version, share_group;
    size_t fragment, split;    /* bytes: a record of the ClientHello; the first segment on the wire */
    enum tls_stop stop;
    bool follow_retry;
    const struct tls_session *session;
    struct str request;        /* HTTP request to send once the handshake is done; empty: none */
    enum method method;        /* of the request */
    int variant;               /* the kind's own: number of a vector */
    unsigned size;             /* likewise: how much of it */
    uint64_t timeout;          /* ns without a byte from the peer; 0: the driver's */
    bool intrusive;            /* left out with --no-intrusive */
    /* The plan's own. */
    struct plan_task *task;
    int step;
    unsigned repeats;
};

/* What an attack probe concludes, before it is repeated. */
enum outcome {
    OUTCOME_NONE,       /* nothing could be concluded: see `why` */
    OUTCOME_SAFE,
    OUTCOME_VULNERABLE,
};

enum { PROBE_SESSIONS_MAX = 4, PROBE_REACTION_MAX = 160 };

/* What a connection with HTTP/2 showed. */
struct h2_seen {
    bool negotiated;         /* ALPN gave h2 */
    bool settings;
    uint32_t max_streams;    /* SETTINGS_MAX_CONCURRENT_STREAMS; UINT32_MAX: not told */
    uint16_t status;         /* of the answer to the request; 0: none */
    bool violation;          /* it broke the protocol */
    bool reset;              /* the request's stream was reset … */
    bool goaway;
    uint32_t code;           /* … or the connection ended: RFC 9113 7 */
    /* Of a flood: */
    enum h2_probe_verdict verdict;
    unsigned answers, resets; /* HEADERS and RST_STREAM frames that came */
};

/* Owns its arena, where everything that it points at lives (but for the spec). */
struct observation {
    struct probe_spec spec;
    struct arena arena;
    struct handshake *hs;         /* TLS kinds; else NULL */
    struct http_answer *http;     /* NULL: no answer came */
    struct h2_seen h2;            /* of the kinds that speak it */
    struct ssl2_server_hello *ssl2; /* NULL: none */
    struct tls_session sessions[PROBE_SESSIONS_MAX];
    size_t nsessions;
    enum outcome outcome;
    const char *why;              /* of OUTCOME_NONE, static; or NULL */
    char reaction[PROBE_REACTION_MAX]; /* what the peer did, as text that can be compared */
    enum ending ending;
    bool connected;               /* TCP */
    bool starved;                 /* our memory was out, so this says nothing */
    bool clean_close;             /* close_notify came before the end */
    uint64_t started, connected_at, first_byte_at, ended; /* ns; 0: never */
    struct str sent, received;    /* the first PROBE_EVIDENCE bytes */
    size_t sent_n, received_n;
    uint32_t number;              /* of the connection, from 1; the driver's */
};

struct observation *observation_new(const struct probe_spec *spec);
void observation_free(struct observation *o);

struct probe_kind {
    const char *name;
    bool tls;                     /* driven by a tls_client, else raw bytes */
    int (*start)(struct probe *); /* after the ClientHello was made; may be NULL */
    void (*on_event)(struct probe *, enum tls_event); /* may be NULL: a mere hello */
    void (*on_bytes)(struct probe *, struct str in);  /* raw kinds */
    /* The peer ended the connection, or was silent for too long. Alerts and closes are what many
     * kinds wait for. May be NULL. */
    void (*on_end)(struct probe *, enum ending);
};

/* For the kinds; opaque to all others. */
struct probe {
    struct probe_spec spec;
    struct observation *o;        /* owned until probe_result */
    struct tls_client tls;
    bool tls_live;
    struct buf out;               /* raw kinds */
    struct buf received;          /* raw kinds: all that came, at most 64 KiB */
    struct http_client http;
    bool http_live, done;
    struct h2_client *h2;         /* NULL: none */
    struct h2_probe flood;
    bool starved;                 /* the kind's own memory was out */
    int phase;                    /* the kind's own */
    size_t mark;                  /* likewise */
    uint64_t quiet_since;         /* ns: last byte from the peer, or the start */
    uint64_t now;
    size_t reaction_n;
};

struct probe_env {
    struct crypto *crypto;
    struct kex_keys *keys;
    uint64_t timeout; /* ns without a byte from the peer */
    const struct client_auth *auth; /* NULL: we have no certificate */
};

/* -ERR_NOMEM, or another where the spec asks for what cannot be made. */
int must_use probe_new(const struct probe_env *env, const struct probe_spec *spec, uint64_t now,
                       struct probe **ret);
void probe_free(struct probe *p);
/* The TCP connection is there: time counts from here. */
void probe_connected(struct probe *p, uint64_t now);
void probe_feed(struct probe *p, struct str in, uint64_t now);
void probe_ended(struct probe *p, enum ending how, uint64_t now);
/* What is to be sent now; probe_sent then says how much of it went. */
struct str probe_out(const struct probe *p);
void probe_sent(struct probe *p, size_t n);
uint64_t probe_deadline(const struct probe *p); /* ns */
void probe_expire(struct probe *p, uint64_t now);
static inline bool probe_done(const struct probe *p)
{
    return p->done;
}
/* The caller's from now on. */
struct observation *probe_result(struct probe *p);

/* ---- for the kinds ---- */

void probe_finish(struct probe *p); /* we have what we wanted */
void probe_conclude(struct probe *p, enum outcome outcome, const char *why); /* and finish */
/* Appends to the reaction: "alert 40 ", "closed " … */
void probe_react(struct probe *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Sends the spec's request in the established connection, and reads its answer from TLS_EV_DATA. */
void probe_request(struct probe *p);
void probe_expect(struct probe *p); /* the answer to a request that went out already */
void probe_answer(struct probe *p, struct str data);

/* What the established connection allows to resume, into the observation. */
void probe_keep_sessions(struct probe *p);

extern const struct probe_kind probe_hello;       /* see a handshake as far as spec.stop */
extern const struct probe_kind probe_full;        /* a handshake, its sessions, a request */
extern const struct probe_kind probe_ssl2;
extern const struct probe_kind probe_plain;       /* a request in clear */
extern const struct probe_kind probe_heartbleed;
extern const struct probe_kind probe_early_ccs;
extern const struct probe_kind probe_ticketbleed;
extern const struct probe_kind probe_renegotiation;
extern const struct probe_kind probe_cbc;         /* variant: enum cbc_vector */
extern const struct probe_kind probe_robot;       /* variant: enum robot_vector */
extern const struct probe_kind probe_h2;          /* GET url over HTTP/2; request: its authority */
extern const struct probe_kind probe_h2_flood;    /* variant: enum h2_probe_kind; size: rounds; likewise */

#endif
