/* Being passed on by a proxy: HTTP CONNECT (RFC 9110 9.3.6) and SOCKS5 (RFC 1928; RFC 1929 for name
 * and password), the client's side. Bytes in, bytes out; via_dial.h puts it on a socket. */
#ifndef AUDIT_VIA_H
#define AUDIT_VIA_H

#include "base/buf.h"
#include "wire/idn.h"

enum via_kind { VIA_HTTP, VIA_SOCKS5 };

enum { VIA_SECRET_MAX = 256, VIA_ANSWER_MAX = 16 * 1024 /* bytes of an HTTP proxy's answer */ };

/* Plain data. */
struct via {
    enum via_kind kind;
    char host[IDN_MAX]; /* name in A-labels, or an address without brackets */
    uint16_t port;
    char user[VIA_SECRET_MAX], password[VIA_SECRET_MAX]; /* user empty: none */
    char text[IDN_MAX + 32]; /* "http://proxy.example:3128", for reports: without the password */
};

/* "http://HOST:PORT", "socks5://USER:PASSWORD@HOST:PORT" ("socks5h" is the same: names go to the
 * proxy as they are). Port: 8080 or 1080 where none is said. -ERR_SYNTAX and the like: *why is
 * told. */
int must_use via_parse(struct via *ret, struct str text, struct buf *why);

enum via_state {
    VIA_ANSWER, /* HTTP: for the head of the answer */
    VIA_METHOD, /* SOCKS: for the method */
    VIA_AUTH,   /* for what it says of the password */
    VIA_REPLY,  /* for the reply to the request */
    VIA_OPEN,
    VIA_REFUSED, /* `why` */
};

/* Embedded; via_talk_done frees. */
struct via_talk {
    const struct via *via; /* outlives it */
    enum via_state state;
    struct buf out;            /* to be sent */
    struct buf in;             /* of an answer that is not whole yet */
    char request[IDN_MAX + 8]; /* SOCKS: sent once the method is known */
    size_t request_n;
    char why[96]; /* of VIA_REFUSED */
};

/* Asks for host (as in struct via) and port. −err: it cannot be asked for; to be ended in any
 * case. */
int must_use via_talk_init(struct via_talk *t, const struct via *via, struct str host,
                           uint16_t port);
void via_talk_done(struct via_talk *t);
/* Bytes of the proxy. Returns how many of them were its own: behind those, once it is OPEN, stands
 * what the server said. Nothing is taken when OPEN or REFUSED. */
size_t via_talk_feed(struct via_talk *t, struct str in);
/* The connection ended: not OPEN becomes REFUSED. */
void via_talk_end(struct via_talk *t);

#endif
