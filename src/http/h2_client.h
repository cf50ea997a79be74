/* The client side of HTTP/2 (RFC 9113), for questions to a server that may be hostile: bytes in, bytes
 * out, no socket, no clock. A few requests on one connection, their answers kept, and what the server
 * said about itself. The session of the library is used as it is; frames that no library would send
 * are h2_probe.h's. */
#ifndef HTTP_H2_CLIENT_H
#define HTTP_H2_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "wire/head.h"

#define H2_CLIENT_STREAMS   16          /* requests in the life of a connection */
#define H2_CLIENT_FIELDS    256         /* of one answer */
#define H2_CLIENT_HEAD_MAX  (64 * 1024) /* bytes of names and values of one answer */
#define H2_CLIENT_BODY_KEPT (256 * 1024)

struct h2_client_request {
    struct str method;          /* empty: GET */
    struct str authority;       /* as it goes in :authority */
    struct str target;          /* empty: "/" */
    const struct field *fields; /* further ones, at most 24; names are sent in lower case */
    size_t nfields;
};

enum h2_client_end {
    H2_CLIENT_OPEN,
    H2_CLIENT_DONE,  /* END_STREAM */
    H2_CLIENT_RESET, /* the stream was reset, by either side: see code */
    H2_CLIENT_GONE,  /* the connection ended before it */
};

struct h2_client_answer {
    int32_t id;
    enum h2_client_end end;
    uint32_t code;        /* RFC 9113 7, of RESET */
    uint16_t status;      /* 0: no head yet */
    unsigned interim;     /* 1xx heads before it */
    struct field *fields; /* names in lower case; trailers are not kept */
    size_t nfields;
    bool cut;            /* fields beyond H2_CLIENT_FIELDS or H2_CLIENT_HEAD_MAX were dropped */
    struct str body;     /* the first H2_CLIENT_BODY_KEPT bytes; valid until h2_client_free */
    uint64_t body_bytes; /* all that came */
};

/* What the server said about itself. */
struct h2_client_peer {
    bool
        settings; /* a SETTINGS frame came; the values are the standard's where it did not name them */
    uint32_t header_table_size, max_concurrent_streams, initial_window_size, max_frame_size,
        max_header_list_size;   /* UINT32_MAX: no limit told */
    bool connect_protocol;      /* RFC 8441 */
    bool no_rfc7540_priorities; /* RFC 9218 */
    bool goaway;
    uint32_t goaway_code;
    int32_t last_stream; /* of the GOAWAY */
    unsigned resets;     /* RST_STREAM frames */
    bool violation;      /* it broke the protocol: a frame was refused */
};

struct h2_client;

/* arena: the caller's, outlives the client, holds the fields (at most 2 MiB). NULL: out of memory. */
struct h2_client *h2_client_new(struct arena *arena);
void h2_client_free(struct h2_client *c);
/* Queues a request. -ERR_INVAL: not sendable; -ERR_TOO_MANY: H2_CLIENT_STREAMS; -ERR_CLOSED: GOAWAY;
 * -ERR_NOMEM. */
int must_use h2_client_request(struct h2_client *c, const struct h2_client_request *r,
                               int32_t *ret_id);
/* Bytes of the connection. -ERR_H2_PROTOCOL: it cannot go on (at times this is known only after the
 * drain that tells the server so). -ERR_NOMEM. */
int must_use h2_client_feed(struct h2_client *c, struct str in);
/* Appends what is to be sent. -ERR_LIMIT, -ERR_NOMEM: out is full; what did not fit is lost. */
int must_use h2_client_drain(struct h2_client *c, struct buf *out);
/* The connection has ended: what is open is GONE. */
void h2_client_close(struct h2_client *c);
/* No stream is open. */
bool h2_client_idle(const struct h2_client *c);
/* NULL: no such request. */
const struct h2_client_answer *h2_client_answer(const struct h2_client *c, int32_t id);
const struct h2_client_peer *h2_client_peer(const struct h2_client *c);

#endif
