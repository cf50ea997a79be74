/* CRYPTO streams; see quic_boxes.h. */
#include "audit/quic_boxes.h"

#include <stdlib.h>

void quic_inbox_done(struct quic_inbox *in)
{
    free(in->mem);
    *in = (struct quic_inbox){.mem = NULL};
}

static int grow(struct quic_inbox *in, size_t n)
{
    size_t cap = in->cap ? in->cap : 4096;
    while (cap < n)
        cap *= 2;
    if (cap == in->cap)
        return 0;
    unsigned char *mem = realloc(in->mem, cap);
    if (!mem)
        return -ERR_NOMEM;
    in->mem = mem;
    in->cap = cap;
    return 0;
}

int quic_inbox_add(struct quic_inbox *in, uint64_t offset, struct str data)
{
    if (offset > QUIC_INBOX_MAX || data.n > QUIC_INBOX_MAX - offset)
        return -ERR_LIMIT;
    if (data.n == 0)
        return 0;
    int err = grow(in, (size_t)offset + data.n);
    if (err)
        return err;
    if (!quic_ranges_add(&in->got, offset, offset + data.n))
        return -ERR_TOO_MANY;
    memcpy(in->mem + offset, data.p, data.n);
    return 0;
}

struct str quic_inbox_str(const struct quic_inbox *in)
{
    if (in->got.n == 0 || in->got.v[0].from != 0)
        return STR_NONE;
    return str_of((const char *)in->mem + in->taken, (size_t)in->got.v[0].to - in->taken);
}

void quic_inbox_take(struct quic_inbox *in, size_t n)
{
    in->taken += n;
}

void quic_outbox_init(struct quic_outbox *out)
{
    *out = (struct quic_outbox){.cursor = 0};
    buf_init(&out->data, QUIC_OUTBOX_MAX);
}

void quic_outbox_done(struct quic_outbox *out)
{
    buf_done(&out->data);
}

bool quic_outbox_next(struct quic_outbox *out, size_t max, uint64_t *ret_offset,
                      struct str *ret_data)
{
    struct quic_range gap;
    if (max == 0 || !quic_ranges_gap(&out->acked, out->cursor, out->data.n, &gap))
        return false;
    size_t n = (size_t)(gap.to - gap.from);
    *ret_offset = gap.from;
    *ret_data = str_sub(buf_str(&out->data), (size_t)gap.from, n < max ? n : max);
    out->cursor = gap.from + ret_data->n;
    return true;
}

bool quic_outbox_pending(const struct quic_outbox *out)
{
    struct quic_range gap;
    return quic_ranges_gap(&out->acked, out->cursor, out->data.n, &gap);
}

void quic_outbox_rewind(struct quic_outbox *out)
{
    out->cursor = 0;
}

bool quic_outbox_all_acked(const struct quic_outbox *out)
{
    struct quic_range gap;
    return !quic_ranges_gap(&out->acked, 0, out->data.n, &gap);
}
