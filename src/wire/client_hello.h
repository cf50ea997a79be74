/* Making a ClientHello (RFC 8446 4.1.2, RFC 5246 7.4.1.2, RFC 6101 5.6.1.2) with full freedom: every
 * field can be chosen, wrong ones too, since the auditor asks what no library would. */
#ifndef WIRE_CLIENT_HELLO_H
#define WIRE_CLIENT_HELLO_H

#include "base/buf.h"

struct u16_list {
    const uint16_t *v;
    size_t n;
};

enum client_hello_flag {
    CH_NO_EXTENSIONS = 1 << 0, /* as SSL 3.0: no block at all; all else below is left out */
    CH_EMS = 1 << 1,           /* extended_master_secret, RFC 7627 */
    CH_ETM = 1 << 2,           /* encrypt_then_mac, RFC 7366 */
    CH_RENEGOTIATION = 1 << 3, /* renegotiation_info, RFC 5746, with `verify_data` */
    CH_TICKET = 1 << 4,        /* session_ticket, RFC 5077, with `ticket` */
    CH_STATUS = 1 << 5,        /* status_request (OCSP), RFC 6066 8 */
    CH_SCT = 1 << 6,           /* signed_certificate_timestamp, RFC 6962 3.3.1 */
    CH_HEARTBEAT = 1 << 7,     /* heartbeat, peer_allowed_to_send, RFC 6520 */
    CH_NPN = 1 << 8,           /* next_protocol_negotiation, draft */
    CH_PSK_MODES = 1 << 9,     /* psk_key_exchange_modes: psk_dhe_ke, RFC 8446 4.2.9 */
    CH_EARLY_DATA = 1 << 10,   /* early_data, RFC 8446 4.2.10 */
    CH_POINT_FORMATS = 1 << 11, /* ec_point_formats: uncompressed, RFC 8422 5.1.2 */
    CH_KEY_SHARE = 1 << 12,    /* key_share with `key_shares`, which may be empty (asks for HRR) */
    CH_CERT_COMPRESSION = 1 << 13, /* compress_certificate, RFC 8879: zlib, brotli, zstd */
    CH_MAX_FRAGMENT = 1 << 14, /* max_fragment_length 4096, RFC 6066 4 */
    CH_RECORD_LIMIT = 1 << 15, /* record_size_limit 16385, RFC 8449 */
    CH_GREASE = 1 << 16,       /* RFC 8701 values among suites, groups, versions, extensions */
    CH_QUIC = 1 << 17,         /* quic_transport_parameters with `quic_params`, RFC 9001 8.2 */
    CH_ECH_GREASE = 1 << 18,   /* encrypted_client_hello that decrypts nowhere (RFC 9849 6.2) */
    CH_POST_HANDSHAKE_AUTH = 1 << 19, /* RFC 8446 4.2.6 */
};

/* All slices are borrowed for the call. */
struct client_hello {
    uint16_t version;         /* legacy_version */
    uint32_t flags;           /* enum client_hello_flag */
    unsigned char random[32];
    struct str session_id;    /* at most 32 bytes (more are sent as they are) */
    struct u16_list suites;
    struct str compressions;  /* empty: only 0 */
    struct str sni;           /* A-labels; empty: no extension */
    struct u16_list versions; /* supported_versions; n 0: no extension */
    struct u16_list groups;   /* supported_groups; n 0: none */
    struct u16_list sigalgs;  /* signature_algorithms; n 0: none */
    struct str alpn;          /* the list's inside: length-prefixed names; empty: none */
    struct str key_shares;    /* the list's inside: {group, vector} each */
    struct str cookie;        /* of a HelloRetryRequest; empty: none */
    struct str ticket, verify_data, quic_params;
    /* pre_shared_key, always the last extension: one identity, its age, room for a binder. */
    struct str psk_identity;  /* empty: none */
    uint32_t psk_age;         /* obfuscated, ms */
    size_t psk_binder;        /* bytes; emitted as zeros, at the very end of the message */
    struct str extra;         /* further extensions, whole, in front of the padding */
    size_t pad_to;            /* RFC 7685 padding: at least so many bytes of message; 0: none */
};

/* Appends the handshake message, its 4 bytes of head included. With a PSK the last psk_binder bytes
 * are zeros that the caller fills in after hashing what is in front of the binders list (RFC 8446
 * 4.2.11.2: all but psk_binder + 3 bytes). */
void client_hello_emit(struct buf *out, const struct client_hello *h);
/* Appends {group, share} to what will be key_shares. */
void client_hello_add_share(struct buf *shares, uint16_t group, struct str share);

#endif
