/* A socket address of either family, as a value. */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include "base/err.h"
#include "base/str.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct addr {
    union {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    };
    socklen_t len; /* 0: no address */
};

#define ADDR_TEXT_MAX 64 /* "[v6]:port" with terminator */

/* "1.2.3.4:443", "[::1]:443", ":443" and "*:443" (any address, IPv6 with IPv4 inside), "443".
 * Numbers only, no names. -ERR_SYNTAX, -ERR_RANGE for the port. */
int must_use addr_parse(struct addr *ret, struct str text);
/* One host's address: "127.0.0.1", "127.0.0.1:8053", "::1", "[::1]", "[::1]:53"; without a port it is that
 * one, and what has colons and no brackets has none ("::53" is an address). No "any". -ERR_SYNTAX,
 * -ERR_RANGE. */
int must_use addr_parse_host(struct addr *ret, struct str text, uint16_t port);
/* Writes at most ADDR_TEXT_MAX bytes with terminator; IPv4 inside IPv6 is shown as IPv4. */
struct str addr_text(const struct addr *a, char out[ADDR_TEXT_MAX]);
struct str addr_ip_text(const struct addr *a, char out[ADDR_TEXT_MAX]); /* without the port */
uint16_t addr_port(const struct addr *a);
void addr_set_port(struct addr *a, uint16_t port);
bool addr_eq(const struct addr *a, const struct addr *b);
/* What limits an address: IPv4 whole, IPv6 its /64. Returns the bytes used (4 or 8). */
size_t addr_limit_key(const struct addr *a, unsigned char out[16]);
bool addr_is_loopback(const struct addr *a);

#endif
