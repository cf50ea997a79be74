/* One HTTP/1.1 exchange with a server that may be hostile, broken or merely sloppy: a request as
 * text, and response bytes in, an answer out. No socket, no clock.
 *
 * A head that the strict parser (wire/h1_parse.h) refuses is read again by http_lenient.h, which
 * keeps what it can: an auditor that answers "malformed" to one stray byte tells nothing about the
 * forty fields that are there. What was wrong is in http_answer.sloppy. */
#ifndef AUDIT_HTTP_CLIENT_H
#define AUDIT_HTTP_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "http/h2_client.h"
#include "wire/chunk.h"
#include "wire/head.h"

#define HTTP_HEAD_MAX    (64 * 1024)  /* bytes of one head */
#define HTTP_FIELDS_MAX  256          /* the rest is dropped: HTTP_SLOPPY_MANY */
#define HTTP_BODY_KEPT   (256 * 1024) /* bytes of a body; the rest is counted */
#define HTTP_INTERIM_MAX 16           /* 1xx answers before the final one */

/* How the answer ended. */
enum http_end {
    HTTP_END_NONE = 0, /* not yet */
    HTTP_END_EMPTY,    /* there is no body: HEAD, 204, 304, Content-Length: 0 */
    HTTP_END_LENGTH,   /* Content-Length bytes came */
    HTTP_END_CHUNK,    /* the last chunk came; HTTP/2: END_STREAM */
    HTTP_END_CLOSE, /* nothing told the length: the connection's end is the body's (RFC 9112 6.3) */
    HTTP_END_SWITCH, /* 101: what follows is another protocol */
    HTTP_END_CUT,    /* the connection ended before the head, length or last chunk did */
    HTTP_END_FAULT, /* a chunk's or trailer's bytes are not readable; HTTP/2: the stream was reset */
};

/* What the strict parser would not have taken. */
enum http_sloppy {
    HTTP_SLOPPY_STATUS = 1,   /* status line: version, spaces, number */
    HTTP_SLOPPY_NEWLINE = 2,  /* LF without CR, empty lines in front */
    HTTP_SLOPPY_FOLD = 4,     /* obs-fold (RFC 9112 5.2) */
    HTTP_SLOPPY_COLON = 8,    /* space before the colon (RFC 9112 5.1) */
    HTTP_SLOPPY_LINE = 16,    /* a line that is no field: dropped */
    HTTP_SLOPPY_CONTROL = 32, /* control characters in a value: made spaces */
    HTTP_SLOPPY_MANY = 64,    /* more than HTTP_FIELDS_MAX fields */
    HTTP_SLOPPY_LENGTH = 128, /* Content-Length, Transfer-Encoding contradict or are not readable */
};

struct http_answer {
    uint16_t status;      /* of the final answer; 101 counts as one */
    uint8_t version;      /* enum http_version */
    unsigned interim;     /* 1xx answers skipped */
    struct field *fields; /* in the order and case they came in */
    size_t nfields;
    struct str body;     /* the first HTTP_BODY_KEPT bytes, transfer coding taken off */
    uint64_t body_bytes; /* all that came */
    enum http_end end;
    bool truncated;   /* HTTP_END_CUT */
    bool clean_close; /* the connection's end was announced (close_notify); only for CLOSE, CUT */
    bool keep_alive;  /* another request may follow on this connection */
    unsigned sloppy;  /* HTTP_SLOPPY_*; 0: strict HTTP, or the head was cut */
};

struct http_request {
    struct str method; /* empty: GET */
    struct str target; /* empty: "/" */
    struct str host;   /* as it goes in Host: name or [v6], with :port if not the default */
    const struct field *fields; /* further ones, by name and value; one of ours is left out when it
                                   stands here (User-Agent, Accept, Accept-Encoding, Connection) */
    size_t nfields;
    bool keep_alive; /* else "Connection: close" */
    bool http10;     /* speak HTTP/1.0 */
};

/* Appends the request. -ERR_INVAL: something in it could be read as a second line; -ERR_LIMIT,
 * -ERR_NOMEM. */
int must_use http_client_request(struct buf *out, const struct http_request *r);

/* Embedded by whoever reads the socket. */
struct http_client {
    struct arena *arena; /* of what `answer` points at; the caller's, at least 2 MiB */
    struct http_answer answer;
    struct buf in;   /* the head so far, at most HTTP_HEAD_MAX */
    struct buf body; /* at most HTTP_BODY_KEPT */
    struct chunk_decoder chunk;
    uint64_t left;  /* body bytes that Content-Length still promises */
    size_t line;    /* bytes of the head's or the trailers' current line, CR not counted */
    size_t trailer; /* bytes of the trailer section */
    enum method to;
    uint8_t state;
    bool skipped; /* empty lines in front of the head */
};

void http_client_init(struct http_client *c, struct arena *arena, enum method to);
void http_client_done(struct http_client *c); /* c->answer stays valid as long as the arena */
/* Takes bytes of the connection. 0: the answer is complete, *ret_used of them belong to it;
 * -ERR_NEED_MORE: all were taken; -ERR_HTTP_MALFORMED: this is not HTTP;
 * -ERR_HTTP_FIELDS_TOO_LARGE; -ERR_TOO_MANY: 1xx without end; -ERR_NOMEM. */
int must_use http_client_feed(struct http_client *c, struct str in, size_t *ret_used);
/* The connection has ended, `clean`: by close_notify, or it was plain TCP's FIN. 0: the answer is
 * what there is of it (see `end`); -ERR_EOF: nothing came at all; -ERR_HTTP_MALFORMED: not even a
 * status line; -ERR_NOMEM. */
int must_use http_client_close(struct http_client *c, bool clean);

/* The same answer as HTTP/2 gave it; its slices stay the HTTP/2 client's. */
void http_client_from_h2(struct http_answer *ret, const struct h2_client_answer *a);
/* First field of that name, or NULL. */
const struct field *http_answer_find(const struct http_answer *a, struct str name);
/* Its value, or the empty slice. */
struct str http_answer_value(const struct http_answer *a, struct str name);

#endif
