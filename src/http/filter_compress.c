/* Compression of responses while they are sent: who gets it (RFC 9110 8.4, 12.5.3), and the filter.
 *
 * Not for what may carry secrets: if an attacker's text is reflected next to a secret, the length of
 * the compressed response gives the secret away (BREACH). Files and texts from the configuration do
 * not reflect, so responses of such handlers (handler.fixed) are exempt from that rule.
 * The built-in error page is short and never coded. */
#include "http/compress.h"
#include "http/exchange_send.h"
#include "http/filter.h"
#include "http/handler.h"

#include "wire/media.h"

#include <stdlib.h>

#define HELD_MAX (16 * 1024) /* coded bytes waiting for the engine */
#define TURN_MAX (32 * 1024) /* plain bytes coded in one turn of the loop: about 0.3 ms, 3 at level 9 */

/* Owned by its exchange (x->filters), freed by exchange.c through ops->free. About 17 KiB, and the
 * compressor's memory. */
struct filter_compress {
    struct filter base;
    struct compressor *compressor;
    bool live;       /* no known length: what comes is meant to be seen at once */
    bool dirty;      /* the compressor may hold input back that a flush would release */
    bool flushing;   /* a flush or the end is not complete yet */
    bool ending, finished, end_passed;
    uint64_t turn;   /* ns: loop->now when it last coded */
    size_t coded;    /* plain bytes, in that turn */
    size_t at, held; /* of `mem` */
    char mem[HELD_MAX];
};

/* Passes on what is held. 0: nothing is held any more; -ERR_AGAIN; −err. */
static int pass_on(struct filter_compress *f, struct exchange *x)
{
    while (f->held || (f->finished && !f->end_passed)) {
        struct str part = str_of(f->mem + f->at, f->held);
        ssize_t n = filter_next_body(&f->base, x, &part, part.n ? 1 : 0, f->finished);
        if (n < 0)
            return (int)n;
        f->at += (size_t)n;
        f->held -= (size_t)n;
        if (f->held == 0)
            f->end_passed = f->finished;
        else if (n == 0)
            return -ERR_AGAIN;
    }
    f->at = 0;
    return 0;
}

/* One step of the compressor into the free room of `mem`. 1: complete, 0: there is more, −err. */
static int step(struct filter_compress *f, enum compress_op op, struct str *in)
{
    size_t n = 0, end = f->at + f->held;
    if (end == HELD_MAX)
        return 0;
    int r = compressor_run(f->compressor, op, in, f->mem + end, HELD_MAX - end, &n);
    f->held += n;
    return r;
}

/* Completes a flush or the end, as far as the engine takes it. 0, -ERR_AGAIN, −err. */
static int settle(struct filter_compress *f, struct exchange *x)
{
    while (f->flushing) {
        struct str none = STR("");
        int r = step(f, f->ending ? COMPRESS_END : COMPRESS_FLUSH, &none);
        if (r < 0)
            return r;
        if (r == 1) {
            f->flushing = f->dirty = false;
            f->finished = f->ending;
        } else if ((r = pass_on(f, x)) != 0) {
            return r;
        }
    }
    return pass_on(f, x);
}

/* How many plain bytes may still be coded in this turn. */
static size_t left_of_turn(struct filter_compress *f, const struct exchange *x)
{
    if (f->turn != x->conn->loop->now) {
        f->turn = x->conn->loop->now;
        f->coded = 0;
    }
    return TURN_MAX - f->coded;
}

/* Codes one part. 0: taken whole, -ERR_AGAIN: as far as *taken tells, −err. */
static int code_part(struct filter_compress *f, struct exchange *x, struct str in, size_t *taken)
{
    while (in.n) {
        struct str now = str_sub(in, 0, left_of_turn(f, x));
        size_t n = now.n;
        if (n == 0) {
            exchange_again(x);
            return -ERR_AGAIN;
        }
        int r = step(f, COMPRESS_MORE, &now);
        if (r < 0)
            return r;
        n -= now.n;
        f->coded += n;
        f->dirty |= n != 0;
        *taken += n;
        in = str_from(in, n);
        if (in.n && (r = pass_on(f, x)) != 0)
            return r;
    }
    return 0;
}

static ssize_t compress_body(struct filter *base, struct exchange *x, const struct str *parts,
                             size_t n, bool end)
{
    struct filter_compress *f = (struct filter_compress *)base;
    size_t taken = 0;
    if (f->ending)
        return -ERR_CLOSED;
    int err = f->flushing ? settle(f, x) : 0;
    if (err)
        return err == -ERR_AGAIN ? 0 : err;
    for (size_t i = 0; i < n; i++) {
        err = code_part(f, x, parts[i], &taken);
        if (err)
            return err == -ERR_AGAIN ? (ssize_t)taken : err;
    }
    f->ending = end;
    f->flushing = end || (f->live && f->dirty);
    err = settle(f, x); /* what is not taken now goes by flush */
    return err && err != -ERR_AGAIN ? err : (ssize_t)taken;
}

static int compress_flush(struct filter *base, struct exchange *x)
{
    return settle((struct filter_compress *)base, x);
}

static void compress_free(struct filter *base)
{
    struct filter_compress *f = (struct filter_compress *)base;
    compressor_free(f->compressor);
    free(f);
}

static const struct filter_ops ops = {
    .name = "compress",
    .body = compress_body,
    .flush = compress_flush,
    .free = compress_free,
};

/* ---- who gets it ---- */

/* Whether a comma-separated field holds that member (without parameters), in any of its lines. */
static bool lists(const struct head *h, enum field_id id, struct str member)
{
    for (size_t i = 0; head_has(h, id) && i < h->nfields; i++) {
        struct str rest = h->fields[i].value, piece;
        while (h->fields[i].id == id && str_split(&rest, ',', &piece)) {
            piece = str_trim(str_sub(piece, 0, str_find(piece, '=', 0)));
            if (str_ieq(piece, member))
                return true;
        }
    }
    return false;
}

static bool may_carry_secrets(const struct exchange *x, const struct head *h)
{
    if (x->handler && x->handler->fixed)
        return false;
    return head_has(&x->req, FIELD_COOKIE) || head_has(&x->req, FIELD_AUTHORIZATION) ||
           head_has(h, FIELD_SET_COOKIE) || lists(h, FIELD_CACHE_CONTROL, STR("private")) ||
           lists(h, FIELD_CACHE_CONTROL, STR("no-store"));
}

/* Whether the resource has coded responses, for whomever. */
static bool is_negotiable(const struct exchange *x, const struct head *h)
{
    const struct compress_settings *c = x->site ? &x->site->compress : NULL;
    bool page = x->error && x->error->page;
    if (!c || !c->on || page || h->status < 200 || h->status == 204 || h->status == 205 ||
        h->status == 206 || h->length == LENGTH_NONE)
        return false;
    if (x->req.method == METHOD_CONNECT || head_has(h, FIELD_CONTENT_ENCODING) ||
        head_has(h, FIELD_CONTENT_RANGE))
        return false;
    if (h->length == 0 || (h->length != LENGTH_UNKNOWN && h->length < c->min_size))
        return false;
    return media_compressible(head_value(h, FIELD_CONTENT_TYPE)) &&
           !lists(h, FIELD_CACHE_CONTROL, STR("no-transform"));
}

static int add_vary(struct head *h)
{
    if (lists(h, FIELD_VARY, STR("accept-encoding")) || lists(h, FIELD_VARY, STR("*")))
        return 0;
    return head_add(h, FIELD_VARY, STR("Accept-Encoding"));
}

/* RFC 9110 8.8.1: the coded bytes differ, so a strong tag of the plain ones would lie. */
static int weaken_etag(struct exchange *x, struct head *h)
{
    for (size_t i = 0; head_has(h, FIELD_ETAG) && i < h->nfields; i++) {
        struct field *f = &h->fields[i];
        if (f->id != FIELD_ETAG || str_starts(f->value, STR("W/")))
            continue;
        struct str weak = arena_printf(x->arena, "W/%.*s", STR_ARG(f->value));
        if (!weak.p)
            return -ERR_NOMEM;
        f->value = weak;
    }
    return 0;
}

static int edit_head(struct exchange *x, struct head *h, enum coding coding)
{
    int err = weaken_etag(x, h);
    if (err)
        return err;
    head_remove(h, FIELD_CONTENT_LENGTH);
    head_remove(h, FIELD_ACCEPT_RANGES);
    h->length = LENGTH_UNKNOWN;
    return head_add(h, FIELD_CONTENT_ENCODING, coding_name(coding));
}

static struct filter_compress *filter_new(enum coding coding, int level, uint64_t length)
{
    struct filter_compress *f = malloc(sizeof *f);
    if (!f)
        return NULL;
    memset(f, 0, offsetof(struct filter_compress, mem));
    f->base.ops = &ops;
    f->live = length == LENGTH_UNKNOWN;
    f->compressor = compressor_new(coding, level, length);
    if (f->compressor)
        return f;
    free(f);
    return NULL;
}

int filter_compress_begin(struct exchange *x, struct head *h)
{
    if (!is_negotiable(x, h))
        return 0;
    /* RFC 9110 12.5.5: on all of them, also the plain ones that others would get coded. That cookies
     * decide as well is nothing for Vary: plain is good for everybody, and a coded response in a
     * cache came from a request without. */
    int err = add_vary(h);
    if (err || (!x->site->compress.dynamic && may_carry_secrets(x, h)))
        return err;
    enum coding coding =
        accept_coding(&x->req, CODING_BIT(CODING_GZIP) | CODING_BIT(CODING_BR) | CODING_BIT(CODING_ZSTD));
    if (coding == CODING_IDENTITY)
        return 0;
    uint64_t length = h->length;
    if (x->no_body) /* HEAD and 304: the same head as that of GET and 200, and no body */
        return edit_head(x, h, coding);
    struct filter_compress *f = filter_new(coding, x->site->compress.level, length);
    if (!f) /* uncompressed is better than not at all */
        return 0;
    err = edit_head(x, h, coding);
    if (err) {
        compress_free(&f->base);
        return err;
    }
    f->base.next = x->filters;
    x->filters = &f->base;
    return 0;
}
