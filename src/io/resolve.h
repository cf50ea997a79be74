/* Asking name servers, on the loop: messages go out and come back as wire/dnsmsg.h makes and reads
 * them; c-ares below does sockets, retries, and TCP where an answer is too long for UDP. */
#ifndef IO_RESOLVE_H
#define IO_RESOLVE_H

#include "base/addr.h"
#include "io/loop.h"

#define RESOLVER_ADDRESSES_MAX 64

struct resolver_options {
    const struct addr *servers; /* asked in this order; none: the system's (resolv.conf) */
    size_t servers_n;
    uint64_t timeout;  /* ns: for the first answer of a server; doubles with each round */
    unsigned tries;    /* rounds through all servers */
    uint64_t deadline; /* ns: for all of a query, from resolver_query to its callback */
    size_t in_flight;  /* queries at a time; more wait, which counts towards their deadline */
    const char *hosts; /* path of the hosts file; NULL: none. May be missing */
};

/* 2 s, 2 tries, 5 s in all, 64 in flight, /etc/hosts, the system's servers. */
extern const struct resolver_options resolver_defaults;

/* Owned by whoever made it; dies before its loop. Memory: what its queries and their answers (64
 * KiB each at most) take. */
struct resolver;

/* -ERR_NOMEM, -ERR_INVAL (no tries, no time), -ERR_LIMIT (hosts file over 1 MiB), … */
int must_use resolver_new(struct loop *loop, const struct resolver_options *options,
                          struct resolver **ret);
/* No callback comes any more. From anywhere, callbacks too; NULL is harmless. */
void resolver_free(struct resolver *r);

/* "127.0.0.1", "127.0.0.1:8053", "::1", "[::1]:53"; without a port it is 53. -ERR_SYNTAX,
 * -ERR_RANGE. */
int must_use resolver_server(struct addr *ret, struct str text);

/* The response as it came (with an id of its own), matched to the query by server, id and question;
 * it lives for the call. Otherwise −err: TIMEOUT, REFUSED (no server could be reached),
 * BAD_MESSAGE (from the right server, but c-ares could not read it), NOMEM, IO. A response that
 * tells of a failure is a response. Nothing is cached. */
typedef void resolver_on_answer(void *user, int err, struct str response);

/* message: a whole query; its id is replaced by a random one. The callback comes exactly once, in a
 * later turn or at the end of this, unless cancelled. -ERR_INVAL (not even a header), -ERR_NOMEM. */
int must_use resolver_query(struct resolver *r, struct str message, resolver_on_answer *on_answer,
                            void *user);

/* The addresses live for the call: IPv6 first, then IPv4, each in the order of its source. err is
 * 0 (n > 0), or NOT_FOUND, TIMEOUT, REFUSED, DNS_FAILED, … (n is 0). */
typedef void resolver_on_addresses(void *user, int err, const struct addr *addrs, size_t n);

/* Where `name` (ASCII: see idn.h) is: an IP literal (IPv6 with or without brackets), "localhost"
 * and what is beneath it (RFC 6761 6.3: never asked for), "invalid" likewise (6.4: never there), the
 * hosts file, then the servers. Callback as above. -ERR_SYNTAX or -ERR_NAME_TOO_LONG (of the name),
 * -ERR_NOMEM. */
int must_use resolver_addresses(struct resolver *r, struct str name, uint16_t port,
                                resolver_on_addresses *on_addresses, void *user);

/* What was asked for with this `user` (NULL: all) is forgotten: no callback. */
void resolver_cancel(struct resolver *r, const void *user);

#endif
