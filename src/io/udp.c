/* A connected UDP socket; see udp.h. */
#include "io/udp.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BURST = 64 }; /* datagrams read before others have their turn */

static bool is_open(const struct udp *u)
{
    return u->loop && u->watch.fd >= 0;
}

/* False: none is there now. */
static bool read_one(struct udp *u)
{
    ssize_t n;
    do
        n = recv(u->watch.fd, u->loop->scratch, LOOP_SCRATCH, 0);
    while (n < 0 && errno == EINTR);
    if (n >= 0) {
        u->on_datagram(u, str_of(u->loop->scratch, (size_t)n));
        return true;
    }
    int err = err_from_errno(errno);
    if (err == -ERR_AGAIN)
        return false;
    u->on_error(u, err);
    return false;
}

/* Level-triggered: what is left after a burst brings the next event. */
static void on_socket(struct watch *w, unsigned events)
{
    struct udp *u = LIST_ENTRY(w, struct udp, watch);
    for (int i = 0; i < BURST && is_open(u) && read_one(u); i++)
        continue;
}

int udp_open(struct udp *u, struct loop *loop, const struct addr *to)
{
    u->loop = loop;
    u->watch = (struct watch){.on_event = on_socket, .fd = -1};
    int fd = socket(to->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_from_errno(errno);
    int err = connect(fd, &to->sa, to->len) ? err_from_errno(errno) : 0;
    if (!err)
        err = loop_watch(loop, &u->watch, fd, LOOP_READ, false);
    if (err)
        close(fd);
    return err;
}

void udp_close(struct udp *u)
{
    if (is_open(u))
        loop_close(u->loop, &u->watch);
}

int udp_send(struct udp *u, struct str datagram)
{
    ssize_t n;
    do
        n = send(u->watch.fd, datagram.p, datagram.n, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return 0;
    int err = err_from_errno(errno);
    return err == -ERR_AGAIN || errno == ENOBUFS ? 0 : err;
}
