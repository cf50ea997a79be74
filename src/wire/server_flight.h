/* Reading what a TLS server sends in a handshake: ServerHello, HelloRetryRequest, Certificate,
 * ServerKeyExchange, … of SSL 3.0 to TLS 1.3 (RFC 6101, 2246, 4346, 5246, 8446), one message a
 * function. Pure; slices point into the input. Lengths are checked strictly, values are not judged:
 * the auditor wants to see them. */
#ifndef WIRE_SERVER_FLIGHT_H
#define WIRE_SERVER_FLIGHT_H

#include "base/err.h"
#include "base/str.h"

enum handshake_type {
    HS_HELLO_REQUEST = 0,
    HS_CLIENT_HELLO = 1,
    HS_SERVER_HELLO = 2,
    HS_NEW_SESSION_TICKET = 4,
    HS_END_OF_EARLY_DATA = 5,
    HS_ENCRYPTED_EXTENSIONS = 8,
    HS_CERTIFICATE = 11,
    HS_SERVER_KEY_EXCHANGE = 12,
    HS_CERTIFICATE_REQUEST = 13,
    HS_SERVER_HELLO_DONE = 14,
    HS_CERTIFICATE_VERIFY = 15,
    HS_CLIENT_KEY_EXCHANGE = 16,
    HS_FINISHED = 20,
    HS_CERTIFICATE_STATUS = 22,
    HS_KEY_UPDATE = 24,
    HS_COMPRESSED_CERTIFICATE = 25,
    HS_NEXT_PROTOCOL = 67,
    HS_MESSAGE_HASH = 254,
};

struct handshake_message {
    uint8_t type;
    struct str body;
    struct str whole; /* with its head: what goes into the transcript */
};

#define HANDSHAKE_HEAD 4
#define HANDSHAKE_MAX (1u << 20) /* bytes of one message; a server's claim of more is refused */

/* Cuts a message off the front of what the handshake records carried. 0; -ERR_NEED_MORE;
 * -ERR_LIMIT (announces more than HANDSHAKE_MAX). */
int must_use handshake_parse(struct handshake_message *ret, struct str in);

/* Extensions of a ServerHello, HelloRetryRequest or EncryptedExtensions that we know. */
struct server_extensions {
    bool ems, etm, renegotiation, ticket, status, heartbeat, npn, early_data, sni, psk, alpn_sent;
    bool point_formats, ech, record_limit_sent, max_fragment_sent, key_share_sent, version_sent;
    bool ech_retry;          /* encrypted_client_hello with configurations to retry with */
    uint8_t heartbeat_mode;  /* 1: peer allowed to send */
    uint8_t max_fragment;
    uint16_t record_limit;
    uint16_t version;        /* supported_versions */
    uint16_t group;          /* key_share */
    uint16_t psk_index;
    struct str share;        /* key_share's, empty in a HelloRetryRequest */
    struct str cookie;
    struct str alpn;         /* the one name */
    struct str npn_names;    /* length-prefixed names */
    struct str verify_data;  /* renegotiation_info */
    struct str scts;         /* the list as sent, with its length */
    struct str quic_params;
    struct str groups;       /* supported_groups in EncryptedExtensions, 2 bytes each */
    struct str block;        /* all, see hello_extension_next in wire/hello.h */
    unsigned n;
    bool duplicate;          /* one of ours came twice */
};

struct server_hello {
    uint16_t version;        /* negotiated: supported_versions, else as in the message */
    uint16_t legacy_version;
    struct str random;       /* 32 bytes */
    struct str session_id;
    uint16_t suite;
    uint8_t compression;
    bool retry;              /* it is a HelloRetryRequest (RFC 8446 4.1.3) */
    bool has_extensions;
    struct server_extensions ext;
};

/* Each takes a message's body. 0 or -ERR_TLS_DECODE; *ret is untouched then. */
int must_use server_hello_parse(struct server_hello *ret, struct str body);
int must_use encrypted_extensions_parse(struct server_extensions *ret, struct str body);

#define CHAIN_MAX 64 /* certificates kept; what comes above is only counted */

struct server_certificates {
    struct str der[CHAIN_MAX];
    size_t n;      /* kept */
    size_t sent;
    size_t bytes;  /* of all certificates */
    struct str context; /* TLS 1.3 */
    struct str status; /* TLS 1.3: OCSP response of the first */
    struct str scts;   /* TLS 1.3: SCT list of the first, with its length */
};
int must_use server_certificates_parse(struct server_certificates *ret, struct str body, bool tls13);
/* CertificateStatus (RFC 6066 8): the OCSP response. */
int must_use certificate_status_parse(struct str *ret_response, struct str body);

enum ske_kind { SKE_ECDHE, SKE_DHE, SKE_RSA, SKE_PSK };

struct server_key_exchange {
    enum ske_kind kind;
    uint16_t group;        /* ECDHE: named group; 0: explicit curve */
    struct str point;      /* ECDHE */
    struct str p, g, ys;   /* DHE */
    struct str n, e;       /* export RSA */
    struct str params;     /* all that the signature covers besides the randoms */
    uint16_t sigalg;       /* TLS 1.2; 0: older, or anonymous */
    struct str signature;
};

/* kind: by the suite. version: as negotiated. anonymous: no signature is there. psk: an identity
 * hint comes first (RFC 4279). */
int must_use server_key_exchange_parse(struct server_key_exchange *ret, struct str body,
                                       enum ske_kind kind, uint16_t version, bool anonymous,
                                       bool psk);

struct certificate_request {
    struct str context;     /* TLS 1.3 */
    struct str types;       /* of keys, a byte each; TLS <= 1.2 */
    struct str sigalgs;     /* 2 bytes each */
    struct str authorities; /* DER names, 2 bytes of length in front of each */
};
int must_use certificate_request_parse(struct certificate_request *ret, struct str body,
                                       uint16_t version);

struct certificate_verify {
    uint16_t sigalg;
    struct str signature;
};
int must_use certificate_verify_parse(struct certificate_verify *ret, struct str body);

struct new_session_ticket {
    uint32_t lifetime;     /* s */
    uint32_t age_add;      /* TLS 1.3 */
    struct str nonce;      /* TLS 1.3 */
    struct str ticket;
    uint32_t max_early_data; /* 0: none */
};
int must_use new_session_ticket_parse(struct new_session_ticket *ret, struct str body, bool tls13);

#endif
