/* Listening sockets. */
#ifndef IO_LISTEN_H
#define IO_LISTEN_H

#include "base/addr.h"

/* A bound, listening, non-blocking, close-on-exec TCP socket. An IPv6 "any" address takes IPv4
 * too, and becomes IPv4's where the system has no IPv6. reuseport: each process binds its own and
 * the kernel spreads the connections.
 * -ERR_EXISTS (address in use), -ERR_DENIED_BY_SYSTEM (low port), … with errno saying more. */
int must_use listen_tcp(const struct addr *at, bool reuseport, int *ret_fd);
/* Where it ended up: the port that port 0 became. */
int must_use listen_addr(int fd, struct addr *ret);

#endif
