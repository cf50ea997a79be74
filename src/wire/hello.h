/* The first bytes of a connection: what protocol they are, and a TLS ClientHello in full (RFC
 * 8446 4.1.2, 5.1; RFC 5246 7.4.1.2), over any number of records and split at any byte. It is
 * read before the TLS library sees it: to select a site, to route without terminating, to log
 * and to fingerprint. */
#ifndef WIRE_HELLO_H
#define WIRE_HELLO_H

#include "base/err.h"
#include "base/str.h"

#define HELLO_MAX       (16 * 1024) /* bytes of the handshake message; more are refused */
#define HELLO_INPUT_MAX (HELLO_MAX + 4 + 5 * 64) /* with record headers: at most 64 records */

/* Owned by the caller, as long as the slices of the struct hello are used. */
struct hello_storage {
    char message[HELLO_MAX + 4]; /* the message put together, when it came in several records */
    char name[256];
};

/* Slices point into the input (one record) or the storage (several). Lists of numbers are as on
 * the wire: two bytes each, big-endian; see hello_u16. GREASE values (RFC 8701) are still in. */
struct hello {
    uint16_t legacy_version; /* 0x0303 in all current clients */
    uint16_t max_version;    /* the highest known one offered: 0x0304, 0x0303, … */
    bool has_sni;
    struct str sni;            /* lower case, no trailing dot, in storage->name; or empty */
    struct str random;         /* 32 bytes */
    struct str session_id;     /* up to 32 bytes */
    struct str ciphers;        /* 2 bytes each */
    struct str alpn;           /* the list's inside: see hello_alpn_next */
    struct str versions;       /* supported_versions, 2 bytes each */
    struct str groups;         /* supported_groups, 2 bytes each */
    struct str sigalgs;        /* signature_algorithms, 2 bytes each */
    struct str extensions;     /* the whole block: see hello_extension_next */
    bool early_data, ech, psk; /* these extensions are there */
    size_t used;               /* bytes of the input, to the end of the last record */
};

enum hello_kind {
    HELLO_SHORT, /* cannot be told yet */
    HELLO_TLS,   /* a handshake record of TLS */
    HELLO_HTTP,  /* a request line, or the HTTP/2 preface, in clear */
    HELLO_SSH,   /* "SSH-" */
    HELLO_PROXY, /* PROXY protocol, v1 or v2 */
    HELLO_SSL2,  /* an SSL 2.0 compatible hello */
    HELLO_OTHER,
};

enum hello_kind hello_sniff(struct str in);

/* in: everything received so far. 0; -ERR_NEED_MORE; -ERR_TLS_NOT_TLS (not a handshake record
 * with a ClientHello); -ERR_TLS_DECODE (malformed, duplicate extension, bad server name);
 * -ERR_LIMIT (too large, or too many records). *ret is untouched unless 0. */
int must_use hello_parse(struct hello *ret, struct hello_storage *storage, struct str in);

/* The i-th number of a list; 0 behind its end. */
uint16_t hello_u16(struct str list, size_t i);
bool hello_has_u16(struct str list, uint16_t value);
/* Cuts the next protocol name off *rest (begin with hello.alpn). False at the end. */
bool hello_alpn_next(struct str *rest, struct str *ret_name);
bool hello_alpn_has(const struct hello *h, struct str name);
/* Cuts the next extension off *rest (begin with hello.extensions). False at the end. */
bool hello_extension_next(struct str *rest, uint16_t *ret_type, struct str *ret_body);
bool hello_is_grease(uint16_t value);

#endif
