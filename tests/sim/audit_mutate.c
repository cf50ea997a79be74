/* What hostile servers do to what they say; see audit_server.h. */
#include "audit_server.h"

#include <stdlib.h>

enum { POOL = 512, FLIGHT_MAX = 64 * 1024, ENDLESS_KINDS = 9 };

static struct {
    char *p;
    size_t n;
} pool[POOL];
static size_t pooled;

/* ---- chance ---- */

uint64_t servers_random(struct servers *s) /* xorshift64* */
{
    s->rng ^= s->rng >> 12;
    s->rng ^= s->rng << 25;
    s->rng ^= s->rng >> 27;
    return s->rng * 0x2545f4914f6cdd1du;
}

uint64_t servers_below(struct servers *s, uint64_t n)
{
    return (servers_random(s) >> 11) % n;
}

bool servers_chance(struct servers *s, unsigned one_in)
{
    return servers_below(s, one_in) == 0;
}

/* ---- flights that were heard ---- */

void mutate_record(struct servers *s, struct str flight)
{
    if (pooled == POOL || !flight.n || flight.n > FLIGHT_MAX)
        return;
    pool[pooled].p = malloc(flight.n);
    if (!pool[pooled].p)
        abort();
    memcpy(pool[pooled].p, flight.p, flight.n);
    pool[pooled++].n = flight.n;
}

void mutate_forget(void)
{
    while (pooled)
        free(pool[--pooled].p);
}

static struct str recorded(struct servers *s)
{
    if (!pooled)
        return STR("\x15\x03\x03\x00\x02\x02\x28");
    size_t i = servers_below(s, pooled);
    return str_of(pool[i].p, pool[i].n);
}

/* ---- changing bytes ---- */

static char *bytes(struct buf *b)
{
    return b->mem + b->off;
}

static void cut(struct buf *b, size_t n)
{
    if (n < b->n)
        b->n = n;
}

static void drop(struct buf *b, size_t at, size_t n)
{
    memmove(bytes(b) + at, bytes(b) + at + n, b->n - at - n);
    b->n -= n;
}

static void insert(struct buf *b, size_t at, struct str what)
{
    if (b->n + what.n > FLIGHT_MAX || buf_reserve(b, what.n))
        return;
    memmove(bytes(b) + at + what.n, bytes(b) + at, b->n - at);
    memcpy(bytes(b) + at, what.p, what.n);
    b->n += what.n;
}

static void insert_copy(struct servers *s, struct buf *b, size_t at, size_t from, size_t n)
{
    char *copy = malloc(n + 1);
    if (!copy)
        abort();
    memcpy(copy, bytes(b) + from, n);
    insert(b, at, str_of(copy, n));
    free(copy);
}

/* The record at `at`, header and all; 0: none is whole there. */
static size_t record_at(const struct buf *b, size_t at)
{
    const unsigned char *p = (const unsigned char *)b->mem + b->off + at;
    if (at + 5 > b->n)
        return 0;
    size_t n = 5 + ((size_t)p[3] << 8 | p[4]);
    return at + n <= b->n ? n : 0;
}

static size_t any_record(struct servers *s, const struct buf *b, size_t *ret_n)
{
    size_t starts[64], n = 0;
    for (size_t at = 0, len; n < 64 && (len = record_at(b, at)) > 0; at += len)
        starts[n++] = at;
    size_t at = n ? starts[servers_below(s, n)] : 0;
    *ret_n = n ? record_at(b, at) : 0;
    return at;
}

/* A handshake message inside a record: its start, and the size with its header. */
static size_t any_message(struct servers *s, const struct buf *b, size_t *ret_n)
{
    size_t n, start = any_record(s, b, &n), at = start + 5, found = 0, size = 0, count = 0;
    const unsigned char *p = (const unsigned char *)b->mem + b->off;
    while (n && p[start] == 22 && at + 4 <= start + n) {
        size_t len = 4 + ((size_t)p[at + 1] << 16 | (size_t)p[at + 2] << 8 | p[at + 3]);
        if (at + len > start + n)
            break;
        if (servers_below(s, ++count) == 0)
            found = at, size = len;
        at += len;
    }
    *ret_n = size;
    return found;
}

/* Behind a change of size within, the record says its new length. */
static void mend_records(struct buf *b, size_t at, ptrdiff_t grown)
{
    for (size_t r = 0, n; (n = record_at(b, r)) > 0 || r + 5 <= b->n; r += n) {
        unsigned char *p = (unsigned char *)bytes(b) + r;
        size_t len = (size_t)p[3] << 8 | p[4];
        if (at >= r + 5 && at <= r + 5 + len) {
            len = (size_t)((ptrdiff_t)len + grown);
            p[3] = (unsigned char)(len >> 8);
            p[4] = (unsigned char)len;
            return;
        }
        if (!n)
            return;
    }
}

static void message_twice(struct servers *s, struct buf *b)
{
    size_t n, at = any_message(s, b, &n);
    if (n) {
        insert_copy(s, b, at, at, n);
        mend_records(b, at, (ptrdiff_t)n);
    }
}

static void message_gone(struct servers *s, struct buf *b)
{
    size_t n, at = any_message(s, b, &n);
    if (n) {
        mend_records(b, at, -(ptrdiff_t)n);
        drop(b, at, n);
    }
}

static void message_first(struct servers *s, struct buf *b)
{
    size_t n, at = any_message(s, b, &n), rn, r = any_record(s, b, &rn);
    if (n && rn && at > r + 5) {
        insert_copy(s, b, r + 5, at, n);
        drop(b, at + n, n);
    }
}

/* Bytes within a message change its size, and everything around says so. */
static void message_grows(struct servers *s, struct buf *b)
{
    size_t n, at = any_message(s, b, &n), more = 1 + servers_below(s, 40);
    char noise[40];
    if (n < 5)
        return;
    for (size_t i = 0; i < more; i++)
        noise[i] = (char)servers_random(s);
    insert(b, at + 4 + servers_below(s, n - 4), str_of(noise, more));
    mend_records(b, at, (ptrdiff_t)more);
    unsigned char *p = (unsigned char *)bytes(b) + at;
    size_t len = n - 4 + more;
    p[1] = (unsigned char)(len >> 16), p[2] = (unsigned char)(len >> 8), p[3] = (unsigned char)len;
}

/* Two bytes that may be a length become another one. */
static void lie_about_length(struct servers *s, struct buf *b)
{
    static const uint16_t lies[] = {0,     1,      2,      3,      0x7f,   0xff,
                                    0x100, 0x3fff, 0x4000, 0x4001, 0x4800, 0xffff};
    size_t at = servers_below(s, b->n);
    uint16_t v = lies[servers_below(s, sizeof lies / sizeof *lies)];
    bytes(b)[at] = (char)(v >> 8);
    if (at + 1 < b->n)
        bytes(b)[at + 1] = (char)v;
}

static void an_alert(struct servers *s, struct buf *b, size_t at)
{
    char alert[7] = {21,
                     3,
                     (char)servers_below(s, 5),
                     0,
                     2,
                     (char)(1 + servers_below(s, 2)),
                     (char)servers_below(s, 121)};
    insert(b, at, str_of(alert, sizeof alert));
}

static void change(struct servers *s, struct buf *b)
{
    size_t n, from, at = servers_below(s, b->n);
    switch (servers_below(s, 16)) {
    case 0:
    case 1:
    case 2: bytes(b)[at] ^= (char)(1u << servers_below(s, 8)); break;
    case 3: bytes(b)[at] = (char)servers_random(s); break;
    case 4:
    case 5: lie_about_length(s, b); break;
    case 6: drop(b, at, 1 + servers_below(s, b->n - at)); break;
    case 7: insert_copy(s, b, at, at, 1 + servers_below(s, b->n - at)); break;
    case 8: an_alert(s, b, any_record(s, b, &n)); break;
    case 9: message_twice(s, b); break;
    case 10: message_gone(s, b); break;
    case 11: message_first(s, b); break;
    case 12: message_grows(s, b); break;
    case 13:
        from = any_record(s, b, &n);
        insert_copy(s, b, any_record(s, b, &at), from, n);
        break;
    case 14:
        buf_clear(b);
        buf_add(b, recorded(s));
        break;
    default: insert(b, at, str_sub(recorded(s), 0, servers_below(s, 4096))); break;
    }
}

/* ---- how it leaves ---- */

static void unreliable(struct servers *s, struct buf *b, struct departure *d)
{
    switch (servers_below(s, 8)) {
    case 0:
        buf_clear(b);
        d->leave = LEAVE_SILENT;
        break;
    case 1:
        cut(b, servers_below(s, b->n));
        d->leave = LEAVE_SILENT;
        break;
    case 2:
        cut(b, servers_below(s, b->n));
        d->leave = LEAVE_CLOSE;
        break;
    case 3:
        cut(b, servers_below(s, b->n));
        d->leave = LEAVE_RESET;
        break;
    case 4: d->delay = servers_below(s, 5 * SECOND); break;
    case 5: d->piece = 1, d->gap = servers_below(s, 3) * MILLISECOND; break;
    case 6: d->piece = 1 + servers_below(s, 100), d->gap = servers_below(s, SECOND); break;
    default: d->leave = servers_chance(s, 2) ? LEAVE_CLOSE : LEAVE_RESET; break;
    }
}

void mutate_flight(struct servers *s, struct buf *b, struct departure *ret)
{
    *ret = (struct departure){.leave = LEAVE_ON};
    if (s->hostility == HONEST || !servers_chance(s, s->one_in))
        return;
    s->mutated++;
    if (s->hostility == UNRELIABLE || servers_chance(s, 4))
        unreliable(s, b, ret);
    if (s->hostility == UNRELIABLE || !b->n)
        return;
    if (servers_chance(s, 40)) {
        ret->leave = LEAVE_ENDLESS;
        ret->endless = (unsigned)servers_below(s, ENDLESS_KINDS);
        ret->gap = 5 * MILLISECOND;
        if (servers_chance(s, 2))
            buf_clear(b);
        return;
    }
    for (uint64_t n = 1 + servers_below(s, 3); n && b->n; n--)
        change(s, b);
}

void mutate_plain(struct servers *s, struct buf *b)
{
    if (s->hostility != HOSTILE || !b->n || !servers_chance(s, 2))
        return;
    s->mutated++;
    for (uint64_t n = 1 + servers_below(s, 4); n && b->n; n--)
        change(s, b);
}

static void repeat(struct buf *out, struct str what, size_t all)
{
    for (size_t n = 0; n + what.n <= all; n += what.n)
        buf_add(out, what);
}

/* The head of something that never ends, then nothing but more of it. */
static void headed(struct buf *out, uint64_t turn, struct str head, struct str more)
{
    if (turn == 0)
        buf_add(out, head);
    repeat(out, more, 4096);
}

void mutate_endless(struct servers *s, unsigned kind, uint64_t turn, struct buf *out)
{
    static const char zeros[512];
    switch (kind) {
    case 0: repeat(out, STR("\x15\x03\x03\x00\x02\x01\x5a"), 4096); break; /* warnings */
    case 1: repeat(out, STR("\x16\x03\x03\x00\x00"), 4096); break;         /* empty records */
    case 2:
        repeat(out, STR("\x16\x03\x03\x00\x04\x00\x00\x00\x00"), 4096);
        break;                                                         /* HelloRequest */
    case 3: repeat(out, STR("\x14\x03\x03\x00\x01\x01"), 4096); break; /* ChangeCipherSpec */
    case 4: /* one message of 16 MiB, a byte a record */
        headed(out, turn, STR("\x16\x03\x03\x00\x04\x0b\xff\xff\xff"),
               STR("\x16\x03\x03\x00\x01\x30"));
        break;
    case 5: /* records that are as long as they may be */
        if (turn % 33 == 0)
            buf_add(out, STR("\x16\x03\x03\x40\x00"));
        buf_add(out, str_of(zeros, sizeof zeros));
        break;
    case 6: headed(out, turn, STR("HTTP/1.1 200 OK\r\n"), STR("X-More: and more\r\n")); break;
    case 7: headed(out, turn, STR("HTTP/1.1 200 OK\r\n\r\n"), STR("<p>and more</p>\n")); break;
    default:
        headed(out, turn, STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
               STR("1\r\na\r\n"));
    }
}
