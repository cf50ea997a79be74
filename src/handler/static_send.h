/* Answers with one representation: conditions, ranges, and the body by pieces as the client takes
 * it. */
#ifndef HANDLER_STATIC_SEND_H
#define HANDLER_STATIC_SEND_H

#include "handler/file_cache.h"
#include "http/exchange.h"
#include "io/file_pool.h"

/* A stretch of the body: text in memory, or bytes of the file. */
struct static_piece {
    struct str text; /* p NULL: of the file */
    uint64_t offset, left;
};

/* In the exchange's arena. Holds the file open (as far as the pool can), or the entry alive, until
 * on_gone. */
struct static_sender {
    struct file_entry *entry; /* counted, or NULL */
    const char *content;      /* the entry's; NULL: it is the file's */
    struct pooled_file file;
    struct static_piece one, *pieces;
    size_t n, at;
};

/* rep: of the entry's form (content then is set) or in the arena, of the file. 0 or −err for
 * on_head. */
int static_send(struct exchange *x, struct static_sender *s, const struct representation *rep);
void static_send_more(struct exchange *x, struct static_sender *s); /* on_writable */
void static_send_done(struct static_sender *s);

#endif
