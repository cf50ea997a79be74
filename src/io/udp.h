/* Datagrams to and from one address: a connected UDP socket on the loop, so that the kernel drops
 * what others send and tells when the port is closed (ICMP). */
#ifndef IO_UDP_H
#define IO_UDP_H

#include "base/addr.h"
#include "io/loop.h"

/* Embedded; the owner sets the callbacks and `user`. udp_close before it dies, also from within a
 * callback. */
struct udp {
    struct loop *loop;
    struct watch watch; /* fd -1: closed */
    /* The bytes live for the call. */
    void (*on_datagram)(struct udp *u, struct str datagram);
    /* -ERR_REFUSED: nobody listens there (or a firewall says so); others as errno has them. The socket
     * still works. */
    void (*on_error)(struct udp *u, int err);
    void *user;
};

/* Sends nothing yet. -ERR_OPEN_FILES, -ERR_IO (no way to there) and the like; the socket is then
 * closed. Keeps the callbacks. */
int must_use udp_open(struct udp *u, struct loop *loop, const struct addr *to);
void udp_close(struct udp *u); /* harmless when closed, or zeroed and never opened */
/* One datagram. A full queue counts as a loss on the way: 0. -ERR_REFUSED: an earlier one was refused
 * (this one was not sent), and on_error will not come for that. */
int must_use udp_send(struct udp *u, struct str datagram);

#endif
