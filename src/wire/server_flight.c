/* A server's handshake messages; see server_flight.h. */
#include "wire/server_flight.h"

#include "wire/tlsread.h"
#include "wire/tlsrec.h"

int handshake_parse(struct handshake_message *ret, struct str in)
{
    struct tlsread r = tlsread_of(in);
    uint8_t type = (uint8_t)tlsread_number(&r, 1);
    uint32_t n = tlsread_number(&r, 3);
    if (r.bad)
        return -ERR_NEED_MORE;
    if (n > HANDSHAKE_MAX)
        return -ERR_LIMIT;
    if (r.in.n < n)
        return -ERR_NEED_MORE;
    *ret = (struct handshake_message){type, str_sub(in, HANDSHAKE_HEAD, n),
                                      str_sub(in, 0, HANDSHAKE_HEAD + n)};
    return 0;
}

/* ---- extensions ---- */

enum {
    EXT_SERVER_NAME = 0,
    EXT_MAX_FRAGMENT = 1,
    EXT_STATUS = 5,
    EXT_GROUPS = 10,
    EXT_POINT_FORMATS = 11,
    EXT_HEARTBEAT = 15,
    EXT_ALPN = 16,
    EXT_SCT = 18,
    EXT_ETM = 22,
    EXT_EMS = 23,
    EXT_RECORD_LIMIT = 28,
    EXT_TICKET = 35,
    EXT_PSK = 41,
    EXT_EARLY_DATA = 42,
    EXT_VERSIONS = 43,
    EXT_COOKIE = 44,
    EXT_KEY_SHARE = 51,
    EXT_QUIC = 0x39,
    EXT_NPN = 0x3374,
    EXT_ECH = 0xfe0d,
    EXT_RENEGOTIATION = 0xff01,
};

static bool exact_number(struct str body, size_t bytes, uint32_t *ret)
{
    struct tlsread r = tlsread_of(body);
    *ret = tlsread_number(&r, bytes);
    return tlsread_done(&r);
}

static bool exact_vector(struct str body, size_t bytes, struct str *ret)
{
    struct tlsread r = tlsread_of(body);
    *ret = tlsread_vector(&r, bytes);
    return tlsread_done(&r);
}

/* RFC 7301 3.1: the answer is a list of exactly one name. */
static bool read_alpn(struct server_extensions *e, struct str body)
{
    struct str list;
    e->alpn_sent = true;
    return exact_vector(body, 2, &list) && exact_vector(list, 1, &e->alpn);
}

/* RFC 8446 4.2.8: group and share, or in a HelloRetryRequest the group alone. */
static bool read_key_share(struct server_extensions *e, struct str body)
{
    struct tlsread r = tlsread_of(body);
    e->key_share_sent = true;
    e->group = (uint16_t)tlsread_number(&r, 2);
    if (!r.bad && r.in.n)
        e->share = tlsread_vector(&r, 2);
    return tlsread_done(&r);
}

static bool read_u16(struct str body, uint16_t *ret)
{
    uint32_t v;
    if (!exact_number(body, 2, &v))
        return false;
    *ret = (uint16_t)v;
    return true;
}

static bool read_u8(struct str body, uint8_t *ret)
{
    uint32_t v;
    if (!exact_number(body, 1, &v))
        return false;
    *ret = (uint8_t)v;
    return true;
}

static bool set(bool *flag)
{
    *flag = true;
    return true;
}

static bool read_extension(struct server_extensions *e, uint16_t type, struct str body)
{
    switch (type) {
    case EXT_SERVER_NAME: return set(&e->sni);
    case EXT_MAX_FRAGMENT: return set(&e->max_fragment_sent) && read_u8(body, &e->max_fragment);
    case EXT_STATUS: return set(&e->status);
    case EXT_GROUPS: return exact_vector(body, 2, &e->groups);
    case EXT_POINT_FORMATS: return set(&e->point_formats);
    case EXT_HEARTBEAT: return set(&e->heartbeat) && read_u8(body, &e->heartbeat_mode);
    case EXT_ALPN: return read_alpn(e, body);
    case EXT_SCT: e->scts = body; return true;
    case EXT_ETM: return set(&e->etm);
    case EXT_EMS: return set(&e->ems);
    case EXT_RECORD_LIMIT: return set(&e->record_limit_sent) && read_u16(body, &e->record_limit);
    case EXT_TICKET: return set(&e->ticket);
    case EXT_PSK: return set(&e->psk) && read_u16(body, &e->psk_index);
    case EXT_EARLY_DATA: return set(&e->early_data);
    case EXT_VERSIONS: return set(&e->version_sent) && read_u16(body, &e->version);
    case EXT_COOKIE: return exact_vector(body, 2, &e->cookie);
    case EXT_KEY_SHARE: return read_key_share(e, body);
    case EXT_QUIC: e->quic_params = body; return true;
    case EXT_NPN: e->npn_names = body; return set(&e->npn);
    case EXT_ECH: e->ech_retry = body.n > 0; return set(&e->ech);
    case EXT_RENEGOTIATION: return set(&e->renegotiation) && exact_vector(body, 1, &e->verify_data);
    default: return true;
    }
}

/* The place of our known extensions in a bit set, to see duplicates (RFC 8446 4.2). */
static uint64_t extension_bit(uint16_t type)
{
    if (type < 60)
        return (uint64_t)1 << type;
    return type == EXT_NPN ? (uint64_t)1 << 60
           : type == EXT_ECH ? (uint64_t)1 << 61
           : type == EXT_RENEGOTIATION ? (uint64_t)1 << 62 : 0;
}

static bool read_extensions(struct server_extensions *e, struct str block)
{
    uint64_t seen = 0;
    struct tlsread r = tlsread_of(block);
    e->block = block;
    while (!r.bad && r.in.n) {
        uint16_t type = (uint16_t)tlsread_number(&r, 2);
        struct str body = tlsread_vector(&r, 2);
        uint64_t bit = extension_bit(type);
        if (r.bad || !read_extension(e, type, body))
            return false;
        e->duplicate = e->duplicate || (seen & bit);
        seen |= bit;
        e->n++;
    }
    return tlsread_done(&r);
}

/* ---- messages ---- */

/* SHA-256 of "HelloRetryRequest" (RFC 8446 4.1.3). */
static const unsigned char retry_random[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

int server_hello_parse(struct server_hello *ret, struct str body)
{
    struct server_hello h = {0};
    struct tlsread r = tlsread_of(body);
    h.legacy_version = (uint16_t)tlsread_number(&r, 2);
    h.random = tlsread_fixed(&r, 32);
    h.session_id = tlsread_vector(&r, 1);
    h.suite = (uint16_t)tlsread_number(&r, 2);
    h.compression = (uint8_t)tlsread_number(&r, 1);
    if (r.bad || h.session_id.n > 32)
        return -ERR_TLS_DECODE;
    h.has_extensions = r.in.n > 0;
    if (h.has_extensions && !read_extensions(&h.ext, tlsread_vector(&r, 2)))
        return -ERR_TLS_DECODE;
    if (!tlsread_done(&r))
        return -ERR_TLS_DECODE;
    h.version = h.ext.version_sent ? h.ext.version : h.legacy_version;
    h.retry = memcmp(h.random.p, retry_random, sizeof retry_random) == 0;
    *ret = h;
    return 0;
}

int encrypted_extensions_parse(struct server_extensions *ret, struct str body)
{
    struct server_extensions e = {0};
    struct str block;
    if (!exact_vector(body, 2, &block) || !read_extensions(&e, block))
        return -ERR_TLS_DECODE;
    *ret = e;
    return 0;
}

/* TLS 1.3's extensions of the first certificate: stapled response and SCTs (RFC 8446 4.4.2.1). */
static bool entry_extensions(struct server_certificates *c, struct str block, bool first)
{
    struct tlsread r = tlsread_of(block);
    while (!r.bad && r.in.n) {
        uint32_t type = tlsread_number(&r, 2);
        struct str body = tlsread_vector(&r, 2);
        if (r.bad)
            break;
        if (first && type == EXT_STATUS && certificate_status_parse(&c->status, body))
            return false;
        if (first && type == EXT_SCT)
            c->scts = body;
    }
    return tlsread_done(&r);
}

int server_certificates_parse(struct server_certificates *ret, struct str body, bool tls13)
{
    struct server_certificates c = {.n = 0};
    struct tlsread r = tlsread_of(body);
    if (tls13)
        c.context = tlsread_vector(&r, 1);
    struct tlsread list = tlsread_of(tlsread_vector(&r, 3));
    while (!list.bad && list.in.n) {
        struct str der = tlsread_vector(&list, 3);
        struct str block = tls13 ? tlsread_vector(&list, 2) : STR_NONE;
        if (list.bad || !entry_extensions(&c, block, c.sent == 0))
            return -ERR_TLS_DECODE;
        if (c.n < CHAIN_MAX)
            c.der[c.n++] = der;
        c.sent++;
        c.bytes += der.n;
    }
    if (!tlsread_done(&r) || !tlsread_done(&list))
        return -ERR_TLS_DECODE;
    *ret = c;
    return 0;
}

int certificate_status_parse(struct str *ret_response, struct str body)
{
    struct tlsread r = tlsread_of(body);
    uint32_t type = tlsread_number(&r, 1);
    struct str response = tlsread_vector(&r, 3);
    if (!tlsread_done(&r) || type != 1) /* ocsp */
        return -ERR_TLS_DECODE;
    *ret_response = response;
    return 0;
}

/* RFC 8422 5.4; explicit curves (types 1 and 2) are only recognised: what follows is not read. */
static void read_ecdhe(struct tlsread *r, struct server_key_exchange *k)
{
    if (tlsread_number(r, 1) != 3) { /* named_curve */
        r->bad = true;
        return;
    }
    k->group = (uint16_t)tlsread_number(r, 2);
    k->point = tlsread_vector(r, 1);
}

static void read_parameters(struct tlsread *r, struct server_key_exchange *k)
{
    if (k->kind == SKE_ECDHE) {
        read_ecdhe(r, k);
    } else if (k->kind == SKE_DHE) { /* RFC 5246 7.4.3 */
        k->p = tlsread_vector(r, 2);
        k->g = tlsread_vector(r, 2);
        k->ys = tlsread_vector(r, 2);
    } else if (k->kind == SKE_RSA) { /* RFC 2246 7.4.3, export */
        k->n = tlsread_vector(r, 2);
        k->e = tlsread_vector(r, 2);
    }
}

int server_key_exchange_parse(struct server_key_exchange *ret, struct str body, enum ske_kind kind,
                              uint16_t version, bool anonymous, bool psk)
{
    struct server_key_exchange k = {.kind = kind};
    struct tlsread r = tlsread_of(body);
    if (psk)
        tlsread_vector(&r, 2);
    read_parameters(&r, &k);
    if (r.bad)
        return -ERR_TLS_DECODE;
    k.params = str_sub(body, 0, body.n - r.in.n);
    if (!anonymous && version >= TLS_WIRE_12)
        k.sigalg = (uint16_t)tlsread_number(&r, 2);
    if (!anonymous)
        k.signature = tlsread_vector(&r, 2);
    if (!tlsread_done(&r))
        return -ERR_TLS_DECODE;
    *ret = k;
    return 0;
}

/* TLS 1.3 has both lists as extensions (RFC 8446 4.3.2). */
static bool request_extensions(struct certificate_request *c, struct str block)
{
    struct tlsread r = tlsread_of(block);
    while (!r.bad && r.in.n) {
        uint32_t type = tlsread_number(&r, 2);
        struct str body = tlsread_vector(&r, 2);
        if (r.bad || (type == 13 && !exact_vector(body, 2, &c->sigalgs)) ||
            (type == 47 && !exact_vector(body, 2, &c->authorities)))
            return false;
    }
    return tlsread_done(&r);
}

int certificate_request_parse(struct certificate_request *ret, struct str body, uint16_t version)
{
    struct certificate_request c = {{0}};
    struct tlsread r = tlsread_of(body);
    if (version >= TLS_WIRE_13) {
        c.context = tlsread_vector(&r, 1);
        if (!request_extensions(&c, tlsread_vector(&r, 2)))
            return -ERR_TLS_DECODE;
    } else {
        c.types = tlsread_vector(&r, 1);
        if (version == TLS_WIRE_12)
            c.sigalgs = tlsread_vector(&r, 2);
        c.authorities = tlsread_vector(&r, 2);
    }
    if (!tlsread_done(&r))
        return -ERR_TLS_DECODE;
    *ret = c;
    return 0;
}

int certificate_verify_parse(struct certificate_verify *ret, struct str body)
{
    struct tlsread r = tlsread_of(body);
    struct certificate_verify v = {.sigalg = (uint16_t)tlsread_number(&r, 2)};
    v.signature = tlsread_vector(&r, 2);
    if (!tlsread_done(&r))
        return -ERR_TLS_DECODE;
    *ret = v;
    return 0;
}

static bool ticket_extensions(struct new_session_ticket *t, struct str block)
{
    struct tlsread r = tlsread_of(block);
    while (!r.bad && r.in.n) {
        uint32_t type = tlsread_number(&r, 2);
        struct str body = tlsread_vector(&r, 2);
        if (r.bad || (type == EXT_EARLY_DATA && !exact_number(body, 4, &t->max_early_data)))
            return false;
    }
    return tlsread_done(&r);
}

int new_session_ticket_parse(struct new_session_ticket *ret, struct str body, bool tls13)
{
    struct new_session_ticket t = {0};
    struct tlsread r = tlsread_of(body);
    t.lifetime = tlsread_number(&r, 4);
    if (tls13) { /* RFC 8446 4.6.1; before: RFC 5077 3.3 */
        t.age_add = tlsread_number(&r, 4);
        t.nonce = tlsread_vector(&r, 1);
    }
    t.ticket = tlsread_vector(&r, 2);
    if (tls13 && !ticket_extensions(&t, tlsread_vector(&r, 2)))
        return -ERR_TLS_DECODE;
    if (!tlsread_done(&r))
        return -ERR_TLS_DECODE;
    *ret = t;
    return 0;
}
