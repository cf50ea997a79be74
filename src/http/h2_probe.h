/* Probes for what an HTTP/2 server lets a client do to it: floods of bounded size that a library's
 * session would not send, made of single frames, and a reader of the answer that knows frames but no
 * meaning. Each probe is a connection of its own: all bytes of h2_probe_write are sent at once, then
 * what comes is fed until the verdict is clear or the driver's patience ends.
 *
 * These do the server no harm: at most H2_PROBE_MAX requests, which are cheaper together than one page
 * with its pictures. They ask whether it counts at all. */
#ifndef HTTP_H2_PROBE_H
#define HTTP_H2_PROBE_H

#include "base/buf.h"

#define H2_PROBE_MAX 1000 /* requests or CONTINUATION frames */

enum h2_probe_kind {
    H2_PROBE_RESETS, /* CVE-2023-44487: request, RST_STREAM, and again */
    H2_PROBE_MADE_RESETS, /* CVE-2025-8671: request, and a WINDOW_UPDATE of 0 that makes the server reset */
    H2_PROBE_CONTINUATION, /* CVE-2024-27316: a head that never ends, 1 KiB a frame. Intrusive */
};

/* Preface, SETTINGS, n rounds of that kind and, but for CONTINUATION (nothing may stand inside a
 * head), a PING as a fence: its answer says that everything before it was dealt with.
 * -ERR_INVAL: authority or n is out of range; -ERR_LIMIT, -ERR_NOMEM (1.1 MiB are enough). */
int must_use h2_probe_write(struct buf *out, enum h2_probe_kind kind, struct str authority,
                            unsigned n);

#define H2_PROBE_KEPT 96 /* bytes of a frame's payload that are looked at */

/* Embedded; no memory of its own. */
struct h2_probe {
    enum h2_probe_kind kind;
    uint8_t header[9]; /* of the frame being read */
    uint8_t payload[H2_PROBE_KEPT];
    uint32_t have, left; /* bytes of the header there; bytes of the payload to come */
    uint32_t kept;       /* of `payload` */
    /* what came */
    bool settings, broken; /* broken: the first frame was no SETTINGS, so this is not HTTP/2 */
    uint32_t max_streams;  /* UINT32_MAX: not told */
    unsigned answers;      /* HEADERS frames */
    unsigned resets;       /* RST_STREAM frames */
    uint32_t reset_code;   /* of the last */
    bool goaway, fenced;   /* fenced: the PING was answered */
    bool goaway_first;     /* … before the fence */
    uint32_t goaway_code;  /* RFC 9113 7: 11 is ENHANCE_YOUR_CALM */
};

enum h2_probe_verdict {
    H2_PROBE_OPEN,      /* nothing is clear yet */
    H2_PROBE_LIMITED,   /* the server ended the connection, or (CONTINUATION) the stream */
    H2_PROBE_TOLERATED, /* it dealt with all of it and went on */
    H2_PROBE_NO_H2,     /* it does not speak HTTP/2 */
};

void h2_probe_init(struct h2_probe *p, enum h2_probe_kind kind);
void h2_probe_feed(struct h2_probe *p, struct str in);
/* closed: the connection has ended; waited: the driver will not wait any longer. */
enum h2_probe_verdict h2_probe_judge(const struct h2_probe *p, bool closed, bool waited);

#endif
