/* Response body filters (compression …): stacked between exchange_send_* and the engine. */
#ifndef HTTP_FILTER_H
#define HTTP_FILTER_H

#include "http/exchange.h"

struct filter_ops {
    const char *name;
    /* Takes plain bytes, passes coded ones on with filter_next_body. Returns bytes taken from parts
     * (0: the layer below is full), −err. */
    ssize_t (*body)(struct filter *, struct exchange *, const struct str *parts, size_t n, bool end);
    /* The engine can take more: pass on what is held. 0 when nothing is held any more, -ERR_AGAIN. */
    int (*flush)(struct filter *, struct exchange *);
    void (*free)(struct filter *);
};

/* Embedded first; owned by the exchange. */
struct filter {
    const struct filter_ops *ops;
    struct filter *next; /* towards the engine; NULL: the engine */
};

ssize_t filter_next_body(struct filter *f, struct exchange *x, const struct str *parts, size_t n,
                         bool end);

/* filter_compress.c: looks at request, response head and site; if a coding fits, edits the head
 * (Content-Encoding, Vary, no Content-Length, weak ETag) and pushes a filter. Static precompressed
 * files are not touched. 0 or −err. */
int filter_compress_begin(struct exchange *x, struct head *h);
/* Codes a whole body in memory (for the static cache): coding is CODING_GZIP/BR/ZSTD (wire/accept.h). */
int compress_whole(int coding, int level, struct str in, struct buf *out);

/* policy.c: completes a response head from the site's settings: header rules, HSTS, safe headers,
 * cookies hardened, Date, Server. `fields` of h must have room. */
int policy_apply(struct exchange *x, struct head *h);

#endif
