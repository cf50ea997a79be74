/* Listening sockets; see listen.h. Neither TCP_DEFER_ACCEPT (it hides a silent client from our
 * deadlines and limits) nor TCP_FASTOPEN (replayable data before the handshake) is used. */
#include "io/listen.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

enum { BACKLOG = 4096 }; /* the kernel cuts it to net.core.somaxconn */

static int set_options(int fd, bool v6, bool reuseport)
{
    int on = 1, off = 0;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on))
        return -1;
    if (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off))
        return -1;
    if (reuseport && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on))
        return -1;
    return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* inherited by accept */
}

static int try_listen(const struct addr *at, bool reuseport, int *ret_fd)
{
    int fd = socket(at->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_from_errno(errno);
    if (set_options(fd, at->sa.sa_family == AF_INET6, reuseport) || bind(fd, &at->sa, at->len) ||
        listen(fd, BACKLOG)) {
        int saved = errno;
        close(fd);
        errno = saved;
        return err_from_errno(saved);
    }
    *ret_fd = fd;
    return 0;
}

static bool is_any6(const struct addr *a)
{
    return a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

int listen_tcp(const struct addr *at, bool reuseport, int *ret_fd)
{
    if (at->len == 0)
        return -ERR_INVAL;
    int err = try_listen(at, reuseport, ret_fd);
    if (!err || !is_any6(at) || (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL))
        return err;
    struct addr v4 = {.len = sizeof v4.in};
    v4.in.sin_family = AF_INET;
    addr_set_port(&v4, addr_port(at));
    return try_listen(&v4, reuseport, ret_fd);
}

int listen_addr(int fd, struct addr *ret)
{
    struct addr a = {.len = sizeof(struct sockaddr_in6)};
    if (getsockname(fd, &a.sa, &a.len))
        return err_from_errno(errno);
    *ret = a;
    return 0;
}
