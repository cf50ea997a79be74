/* Transport parameters; see quicparam.h. One row says what a parameter is; reading, writing and
 * the names all go by it. */
#include "wire/quicparam.h"

#include "wire/tlswrite.h"

enum shape { NUMBER, BYTES, EMPTY, VERSIONS };

#define NO_FIELD 0 /* offset of nothing that is BYTES */

struct row {
    const char *name;
    uint16_t id;
    uint8_t shape;
    uint8_t min, max;             /* bytes, of BYTES */
    uint16_t field;               /* BYTES: offset of the struct str */
    uint64_t normal, least, most; /* NUMBER: default and what RFC 9000 permits */
};

#define FIELD(name) offsetof(struct quicparams, name)
#define ANY         0, QUICPKT_NUMBER_MAX

static const struct row rows[] = {
    {"original_destination_connection_id", QUICPARAM_ORIGINAL_DCID, BYTES, 0, QUICPKT_CID_MAX,
     FIELD(original_dcid)},
    {"max_idle_timeout", QUICPARAM_IDLE_TIMEOUT, NUMBER, 0, 0, NO_FIELD, 0, ANY},
    {"stateless_reset_token", QUICPARAM_RESET_TOKEN, BYTES, 16, 16, FIELD(reset_token)},
    {"max_udp_payload_size", QUICPARAM_MAX_UDP_PAYLOAD, NUMBER, 0, 0, NO_FIELD, 65527, 1200,
     QUICPKT_NUMBER_MAX},
    {"initial_max_data", QUICPARAM_MAX_DATA, NUMBER, 0, 0, NO_FIELD, 0, ANY},
    {"initial_max_stream_data_bidi_local", QUICPARAM_MAX_STREAM_BIDI_LOCAL, NUMBER, 0, 0, NO_FIELD,
     0, ANY},
    {"initial_max_stream_data_bidi_remote", QUICPARAM_MAX_STREAM_BIDI_REMOTE, NUMBER, 0, 0,
     NO_FIELD, 0, ANY},
    {"initial_max_stream_data_uni", QUICPARAM_MAX_STREAM_UNI, NUMBER, 0, 0, NO_FIELD, 0, ANY},
    {"initial_max_streams_bidi", QUICPARAM_MAX_STREAMS_BIDI, NUMBER, 0, 0, NO_FIELD, 0, 0,
     UINT64_C(1) << 60},
    {"initial_max_streams_uni", QUICPARAM_MAX_STREAMS_UNI, NUMBER, 0, 0, NO_FIELD, 0, 0,
     UINT64_C(1) << 60},
    {"ack_delay_exponent", QUICPARAM_ACK_EXPONENT, NUMBER, 0, 0, NO_FIELD, 3, 0, 20},
    {"max_ack_delay", QUICPARAM_ACK_DELAY, NUMBER, 0, 0, NO_FIELD, 25, 0, (1 << 14) - 1},
    {"disable_active_migration", QUICPARAM_NO_MIGRATION, EMPTY},
    {"preferred_address", QUICPARAM_PREFERRED_ADDRESS, BYTES, 4 + 2 + 16 + 2 + 1 + 1 + 16,
     4 + 2 + 16 + 2 + 1 + QUICPKT_CID_MAX + 16, FIELD(preferred_address)},
    {"active_connection_id_limit", QUICPARAM_CID_LIMIT, NUMBER, 0, 0, NO_FIELD, 2, 2,
     QUICPKT_NUMBER_MAX},
    {"initial_source_connection_id", QUICPARAM_INITIAL_SCID, BYTES, 0, QUICPKT_CID_MAX,
     FIELD(initial_scid)},
    {"retry_source_connection_id", QUICPARAM_RETRY_SCID, BYTES, 0, QUICPKT_CID_MAX,
     FIELD(retry_scid)},
    {"version_information", QUICPARAM_VERSIONS, VERSIONS},
    {"max_datagram_frame_size", QUICPARAM_DATAGRAM, NUMBER, 0, 0, NO_FIELD, 0, ANY},
    {"grease_quic_bit", QUICPARAM_GREASE_BIT, EMPTY},
};

#define ROWS (sizeof rows / sizeof rows[0])

static const struct row *find(uint64_t id)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].id == id)
            return &rows[i];
    return NULL;
}

const char *quicparam_name(uint64_t id)
{
    const struct row *row = find(id);
    return row ? row->name : NULL;
}

static struct str *field(struct quicparams *p, const struct row *row)
{
    return (struct str *)((char *)p + row->field);
}

bool quicparam_next(struct str *rest, uint64_t *ret_id, struct str *ret_value)
{
    struct tlsread r = tlsread_of(*rest);
    if (r.in.n == 0)
        return false;
    uint64_t id = quicpkt_varint(&r);
    struct str value = quicpkt_vector(&r);
    if (r.bad)
        return false;
    *ret_id = id;
    *ret_value = value;
    *rest = r.in;
    return true;
}

static bool read_number(struct str value, uint64_t *ret)
{
    struct tlsread r = tlsread_of(value);
    *ret = quicpkt_varint(&r);
    return tlsread_done(&r);
}

/* RFC 9368 3: the chosen version, then all available ones. */
static bool read_versions(struct quicparams *p, struct str value)
{
    struct tlsread r = tlsread_of(value);
    p->version = tlsread_number(&r, 4);
    p->versions = tlsread_fixed(&r, r.in.n);
    return !r.bad && p->versions.n % 4 == 0;
}

static bool read_value(struct quicparams *p, const struct row *row, struct str value)
{
    switch ((enum shape)row->shape) {
    case NUMBER: return read_number(value, &p->number[row->id]);
    case EMPTY: return value.n == 0;
    case VERSIONS: return read_versions(p, value);
    case BYTES: *field(p, row) = value; return value.n >= row->min && value.n <= row->max;
    }
    return false;
}

/* RFC 9000 7.4: none may come twice. Unknown ones are not counted, which costs nobody anything. */
static bool mark(struct quicparams *p, const struct row *row)
{
    if (quicparams_has(p, row->id))
        return false;
    if (row->id == QUICPARAM_GREASE_BIT)
        p->grease_bit = true;
    else
        p->seen |= UINT64_C(1) << row->id;
    return true;
}

int quicparams_parse(struct quicparams *ret, struct str block)
{
    struct quicparams p = {.seen = 0};
    struct str value;
    uint64_t id;
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].shape == NUMBER)
            p.number[rows[i].id] = rows[i].normal;
    for (; quicparam_next(&block, &id, &value); p.n++) {
        const struct row *row = find(id);
        if (row && !(mark(&p, row) && read_value(&p, row, value)))
            return -ERR_BAD_MESSAGE;
    }
    if (block.n)
        return -ERR_BAD_MESSAGE;
    *ret = p;
    return 0;
}

const char *quicparams_fault(const struct quicparams *p)
{
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];
        if (row->shape == NUMBER && quicparams_has(p, row->id) &&
            (p->number[row->id] < row->least || p->number[row->id] > row->most))
            return row->name;
    }
    if (quicparams_has(p, QUICPARAM_VERSIONS) && p->version == 0)
        return "version_information";
    /* RFC 9000 18.2: who has no connection id cannot be reached elsewhere by one. */
    if (quicparams_has(p, QUICPARAM_PREFERRED_ADDRESS) && p->initial_scid.n == 0)
        return "preferred_address";
    return NULL;
}

void quicparams_set(struct quicparams *p, enum quicparam_id id, uint64_t number)
{
    p->number[id] = number;
    p->seen |= UINT64_C(1) << id;
}

static void emit_value(struct buf *out, const struct quicparams *p, const struct row *row)
{
    switch ((enum shape)row->shape) {
    case NUMBER:
        quicpkt_put_varint(out, quicpkt_varint_size(p->number[row->id]));
        quicpkt_put_varint(out, p->number[row->id]);
        return;
    case EMPTY: quicpkt_put_varint(out, 0); return;
    case VERSIONS:
        quicpkt_put_varint(out, 4 + p->versions.n);
        tlswrite_number(out, 4, p->version);
        buf_add(out, p->versions);
        return;
    case BYTES: quicpkt_put_vector(out, *field((struct quicparams *)p, row)); return;
    }
}

void quicparams_emit(struct buf *out, const struct quicparams *p)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (!quicparams_has(p, rows[i].id))
            continue;
        quicpkt_put_varint(out, rows[i].id);
        emit_value(out, p, &rows[i]);
    }
}
