/* Connecting; see dial.h. */
#include "io/dial.h"

#include <errno.h>
#include <unistd.h>

int dial_tcp(struct loop *loop, const struct addr *to, struct stream **ret)
{
    int fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_from_errno(errno);
    int failed = connect(fd, &to->sa, to->len) ? errno : 0;
    struct stream *s = failed && failed != EINPROGRESS ? NULL : stream_tcp_new(loop, fd);
    if (s) {
        *ret = s;
        return 0;
    }
    close(fd);
    errno = failed;
    return failed && failed != EINPROGRESS ? err_from_errno(failed) : -ERR_NOMEM;
}
