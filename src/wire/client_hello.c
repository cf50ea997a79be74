/* A ClientHello; see client_hello.h. The order of extensions is that of OpenSSL's client, roughly:
 * some old servers fail on an empty extension at the end, so padding or supported_groups come there. */
#include "wire/client_hello.h"

#include "wire/tlswrite.h"

enum {
    EXT_SERVER_NAME = 0,
    EXT_MAX_FRAGMENT = 1,
    EXT_STATUS = 5,
    EXT_GROUPS = 10,
    EXT_POINT_FORMATS = 11,
    EXT_SIGALGS = 13,
    EXT_HEARTBEAT = 15,
    EXT_ALPN = 16,
    EXT_SCT = 18,
    EXT_PADDING = 21,
    EXT_ETM = 22,
    EXT_EMS = 23,
    EXT_CERT_COMPRESSION = 27,
    EXT_RECORD_LIMIT = 28,
    EXT_TICKET = 35,
    EXT_PSK = 41,
    EXT_EARLY_DATA = 42,
    EXT_VERSIONS = 43,
    EXT_COOKIE = 44,
    EXT_PSK_MODES = 45,
    EXT_POST_HANDSHAKE_AUTH = 49,
    EXT_KEY_SHARE = 51,
    EXT_QUIC = 0x39,
    EXT_NPN = 0x3374,
    EXT_ECH = 0xfe0d,
    EXT_RENEGOTIATION = 0xff01,
};

/* Fixed values of RFC 8701's sets: which ones does not matter to a peer that ignores them. */
enum { GREASE_SUITE = 0x2a2a, GREASE_GROUP = 0x4a4a, GREASE_VERSION = 0x6a6a, GREASE_EXT = 0x8a8a };

static void extension(struct buf *out, uint16_t type, struct str body)
{
    tlswrite_number(out, 2, type);
    tlswrite_vector(out, 2, body);
}

static void numbers(struct buf *out, size_t length_bytes, struct u16_list list, uint16_t grease)
{
    size_t at = tlswrite_begin(out, length_bytes);
    if (grease)
        tlswrite_number(out, 2, grease);
    for (size_t i = 0; i < list.n; i++)
        tlswrite_number(out, 2, list.v[i]);
    tlswrite_end(out, length_bytes, at);
}

static void number_extension(struct buf *out, uint16_t type, size_t length_bytes,
                             struct u16_list list, uint16_t grease)
{
    if (list.n == 0)
        return;
    tlswrite_number(out, 2, type);
    size_t at = tlswrite_begin(out, 2);
    numbers(out, length_bytes, list, grease);
    tlswrite_end(out, 2, at);
}

static void vector_extension(struct buf *out, uint16_t type, size_t length_bytes, struct str s)
{
    tlswrite_number(out, 2, type);
    size_t at = tlswrite_begin(out, 2);
    tlswrite_vector(out, length_bytes, s);
    tlswrite_end(out, 2, at);
}

static void server_name(struct buf *out, struct str name) /* RFC 6066 3 */
{
    if (name.n == 0)
        return;
    tlswrite_number(out, 2, EXT_SERVER_NAME);
    size_t body = tlswrite_begin(out, 2), list = tlswrite_begin(out, 2);
    tlswrite_number(out, 1, 0);
    tlswrite_vector(out, 2, name);
    tlswrite_end(out, 2, list);
    tlswrite_end(out, 2, body);
}

/* RFC 9849 5: an outer hello of random content; config_id, enc (an X25519 share) and payload of the
 * usual sizes. The client random serves as filler: nothing is hidden behind it. */
static void ech_grease(struct buf *out, const unsigned char random[32])
{
    tlswrite_number(out, 2, EXT_ECH);
    size_t body = tlswrite_begin(out, 2);
    tlswrite_number(out, 1, 0);      /* outer */
    tlswrite_number(out, 2, 1);      /* HKDF-SHA256 */
    tlswrite_number(out, 2, 1);      /* AES-128-GCM */
    tlswrite_number(out, 1, random[0]);
    tlswrite_vector(out, 2, str_of((const char *)random, 32));
    size_t payload = tlswrite_begin(out, 2);
    for (int i = 0; i < 144; i++)
        buf_addc(out, (char)(random[i % 32] ^ (i * 31)));
    tlswrite_end(out, 2, payload);
    tlswrite_end(out, 2, body);
}

struct flag_row {
    uint32_t flag;
    uint16_t type;
    struct str body;
};

/* Extensions whose body never varies. */
static const struct flag_row fixed_rows[] = {
    {CH_EMS, EXT_EMS, {"", 0}},
    {CH_ETM, EXT_ETM, {"", 0}},
    {CH_STATUS, EXT_STATUS, {"\x01\0\0\0\0", 5}},
    {CH_SCT, EXT_SCT, {"", 0}},
    {CH_HEARTBEAT, EXT_HEARTBEAT, {"\x01", 1}},
    {CH_NPN, EXT_NPN, {"", 0}},
    {CH_PSK_MODES, EXT_PSK_MODES, {"\x01\x01", 2}},
    {CH_EARLY_DATA, EXT_EARLY_DATA, {"", 0}},
    {CH_POINT_FORMATS, EXT_POINT_FORMATS, {"\x01\0", 2}},
    {CH_CERT_COMPRESSION, EXT_CERT_COMPRESSION, {"\x06\0\x01\0\x02\0\x03", 7}},
    {CH_MAX_FRAGMENT, EXT_MAX_FRAGMENT, {"\x04", 1}},
    {CH_RECORD_LIMIT, EXT_RECORD_LIMIT, {"\x40\x01", 2}},
    {CH_POST_HANDSHAKE_AUTH, EXT_POST_HANDSHAKE_AUTH, {"", 0}},
};

static void fixed_extensions(struct buf *out, uint32_t flags)
{
    for (size_t i = 0; i < sizeof fixed_rows / sizeof *fixed_rows; i++)
        if (flags & fixed_rows[i].flag)
            extension(out, fixed_rows[i].type, fixed_rows[i].body);
}

static void pre_shared_key(struct buf *out, const struct client_hello *h) /* RFC 8446 4.2.11 */
{
    tlswrite_number(out, 2, EXT_PSK);
    size_t body = tlswrite_begin(out, 2), identities = tlswrite_begin(out, 2);
    tlswrite_vector(out, 2, h->psk_identity);
    tlswrite_number(out, 4, h->psk_age);
    tlswrite_end(out, 2, identities);
    size_t binders = tlswrite_begin(out, 2), binder = tlswrite_begin(out, 1);
    for (size_t i = 0; i < h->psk_binder; i++)
        buf_addc(out, 0);
    tlswrite_end(out, 1, binder);
    tlswrite_end(out, 2, binders);
    tlswrite_end(out, 2, body);
}

static void padding(struct buf *out, size_t message_start, size_t pad_to)
{
    size_t now = out->n - message_start;
    if (pad_to == 0)
        return;
    tlswrite_number(out, 2, EXT_PADDING);
    size_t at = tlswrite_begin(out, 2);
    for (size_t i = now + 4; i < pad_to; i++)
        buf_addc(out, 0);
    tlswrite_end(out, 2, at);
}

static void extensions(struct buf *out, const struct client_hello *h, size_t message_start)
{
    uint32_t f = h->flags;
    bool grease = f & CH_GREASE;
    size_t at = tlswrite_begin(out, 2);
    if (grease)
        extension(out, GREASE_EXT, STR_NONE);
    server_name(out, h->sni);
    if (f & CH_RENEGOTIATION)
        vector_extension(out, EXT_RENEGOTIATION, 1, h->verify_data);
    number_extension(out, EXT_GROUPS, 2, h->groups, grease ? GREASE_GROUP : 0);
    if (f & CH_TICKET)
        extension(out, EXT_TICKET, h->ticket);
    fixed_extensions(out, f);
    number_extension(out, EXT_SIGALGS, 2, h->sigalgs, 0);
    if (h->alpn.n)
        vector_extension(out, EXT_ALPN, 2, h->alpn);
    number_extension(out, EXT_VERSIONS, 1, h->versions, grease ? GREASE_VERSION : 0);
    if (h->cookie.n)
        vector_extension(out, EXT_COOKIE, 2, h->cookie);
    if (f & CH_KEY_SHARE)
        vector_extension(out, EXT_KEY_SHARE, 2, h->key_shares);
    if (f & CH_QUIC)
        extension(out, EXT_QUIC, h->quic_params);
    if (f & CH_ECH_GREASE)
        ech_grease(out, h->random);
    buf_add(out, h->extra);
    padding(out, message_start, h->pad_to);
    if (h->psk_identity.n)
        pre_shared_key(out, h);
    tlswrite_end(out, 2, at);
}

void client_hello_emit(struct buf *out, const struct client_hello *h)
{
    size_t start = out->n;
    tlswrite_number(out, 1, 1); /* client_hello */
    size_t body = tlswrite_begin(out, 3);
    tlswrite_number(out, 2, h->version);
    buf_add(out, str_of((const char *)h->random, sizeof h->random));
    tlswrite_vector(out, 1, h->session_id);
    numbers(out, 2, h->suites, h->flags & CH_GREASE ? GREASE_SUITE : 0);
    tlswrite_vector(out, 1, h->compressions.n ? h->compressions : str_of("\0", 1));
    if (!(h->flags & CH_NO_EXTENSIONS))
        extensions(out, h, start);
    tlswrite_end(out, 3, body);
}

void client_hello_add_share(struct buf *shares, uint16_t group, struct str share)
{
    tlswrite_number(shares, 2, group);
    tlswrite_vector(shares, 2, share);
}
