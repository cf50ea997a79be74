/* The two directions of one level's CRYPTO stream (RFC 9000 7.5, 19.6): bytes put together from
 * pieces in any order, and bytes to be sent until each was acknowledged. */
#ifndef AUDIT_QUIC_BOXES_H
#define AUDIT_QUIC_BOXES_H

#include "audit/quic_ranges.h"
#include "base/buf.h"

enum { QUIC_INBOX_MAX = 256 * 1024, QUIC_OUTBOX_MAX = 64 * 1024 }; /* bytes in one life */

/* Embedded; all zeros: empty. */
struct quic_inbox {
    unsigned char *mem; /* heap, from the stream's offset 0 on */
    size_t cap;
    size_t taken; /* bytes that quic_inbox_take took */
    struct quic_ranges got;
};

void quic_inbox_done(struct quic_inbox *in);
/* -ERR_LIMIT: beyond QUIC_INBOX_MAX; -ERR_TOO_MANY: more holes than are kept, let the peer send it
 * again; -ERR_NOMEM. */
int must_use quic_inbox_add(struct quic_inbox *in, uint64_t offset, struct str data);
/* What can be read now; dies at the next add. */
struct str quic_inbox_str(const struct quic_inbox *in);
void quic_inbox_take(struct quic_inbox *in, size_t n);

struct quic_outbox {
    struct buf data; /* all that was ever appended: the owner appends */
    struct quic_ranges acked;
    uint64_t cursor; /* what lies in front of it was sent */
};

void quic_outbox_init(struct quic_outbox *out);
void quic_outbox_done(struct quic_outbox *out);
/* The next piece to be sent, at most `max` bytes; false: none. It counts as sent. */
bool quic_outbox_next(struct quic_outbox *out, size_t max, uint64_t *ret_offset,
                      struct str *ret_data);
bool quic_outbox_pending(const struct quic_outbox *out);
/* All that was not acknowledged will be sent again. */
void quic_outbox_rewind(struct quic_outbox *out);
bool quic_outbox_all_acked(const struct quic_outbox *out);

#endif
