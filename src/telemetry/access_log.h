/* The access log: one finished exchange, one line, as JSON or in the combined format. Lines are
 * collected and written once at the end of the loop's turn. Everything a peer sent is escaped, so
 * a request can neither forge nor break a line. Cookies and credentials are never logged; the
 * query is, as everywhere, so secrets do not belong there.
 *
 * When the descriptor takes nothing (disk full, reader of a pipe slow) lines wait, up to
 * ACCESS_LOG_MAX bytes, and are tried again every second; what does not fit is counted in
 * metrics->log_lines_lost and owned up to by a line of its own once writing works again. The owner
 * hears of it by on_trouble: at the first failure, once a minute while it lasts, and when it is
 * over. A pipe that is merely full for a while is no trouble until lines are lost. */
#ifndef TELEMETRY_ACCESS_LOG_H
#define TELEMETRY_ACCESS_LOG_H

#include "base/buf.h"
#include "base/metric.h"
#include "io/loop.h"

enum access_format { ACCESS_JSON, ACCESS_COMBINED };

#define ACCESS_LOG_MAX ((size_t)1 << 20) /* bytes waiting in a worker */
#define ACCESS_FIELD_MAX 4096            /* of one text: what is longer gets cut */
#define ACCESS_TELL_AGAIN (60 * SECOND)  /* while nothing can be written */

/* Borrowed for the call. An empty text (or NULL) is left out of JSON and "-" in combined. */
struct access_record {
    int64_t wall;     /* s since 1970, of the end */
    unsigned wall_ms; /* 0-999 */
    struct str peer;  /* address without port */
    uint64_t conn;    /* id of the connection in its worker */
    struct str method, scheme, host;
    struct str path;    /* target with query, as sent */
    struct str version; /* "HTTP/1.1", "HTTP/2.0" */
    unsigned status;    /* 0: none was sent */
    uint64_t bytes_in, bytes_out; /* of the bodies */
    uint64_t duration;            /* ns, since the turn of the loop that had the whole head */
    const char *tls, *cipher, *group;
    struct str sni, alpn, referer, user_agent;
    struct str site, handler; /* names from the configuration */
    const char *error;        /* err_text of what ended it early */
};

/* Owned by its worker; embedded. Grows to ACCESS_LOG_MAX. */
struct access_log {
    struct loop *loop;
    struct metrics *metrics;
    int fd; /* not owned; -1: log nothing */
    enum access_format format;
    struct buf waiting;
    struct task flush;
    struct timer retry;
    uint64_t lost; /* lines since the last notice */
    bool torn;     /* the file ends amidst a line, which is still whole in `waiting` */
    /* Set by the owner after access_log_init, or NULL. err 0: all is written again. lost: lines
     * since the call before. */
    void (*on_trouble)(void *user, int err, uint64_t lost);
    void *user;
    int err;         /* of the last write that failed */
    uint64_t tell_at; /* ns, when trouble may be told again; 0: none was told */
    uint64_t untold; /* lines lost since then */
};

/* Appends a line with its newline. Check buf_ok. Pure. */
void access_log_json(struct buf *out, const struct access_record *r);
void access_log_combined(struct buf *out, const struct access_record *r);

/* -ERR_NOMEM. */
int must_use access_log_init(struct access_log *log, struct loop *loop, struct metrics *metrics,
                             int fd, enum access_format format);
/* Writes what it can; the rest is lost. Harmless for a zeroed log. */
void access_log_done(struct access_log *log);
void access_log_write(struct access_log *log, const struct access_record *r);
/* Now, rather than at the end of the turn. */
void access_log_flush(struct access_log *log);
/* Another descriptor from now on (rotation); what waits goes to the old one first. */
void access_log_reopen(struct access_log *log, int fd);

#endif
