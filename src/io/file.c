/* Files beneath a directory; see file.h. The kernel resolves the path (openat2, Linux 5.6), so no
 * check of ours can race with a rename. Where the call is missing or forbidden (old kernels, old
 * container runtimes) each component is opened by itself without following links: slower, and
 * links are refused even where `follow` was asked, but never outside either. */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* O_NOCTTY: opening a terminal must not make it ours. */
#define OPEN_FLAGS (O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)

/* Where "cannot be opened" is the path's own fault, it is not there for our purposes. */
static int open_failed(int errno_value)
{
    switch (errno_value) {
    case ENOTDIR:
    case ENAMETOOLONG:
    case EINVAL:
        return -ERR_NOT_FOUND;
    case ENXIO: /* a unix socket */
    case ENODEV:
        return -ERR_DENIED_BY_SYSTEM;
    default:
        return err_from_errno(errno_value);
    }
}

static int open_component(int dirfd, const char *name, size_t n, bool last)
{
    char text[256]; /* NAME_MAX and the terminator */
    if (n >= sizeof text) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(text, name, n);
    text[n] = '\0';
    if (strcmp(text, "..") == 0) {
        errno = EXDEV;
        return -1;
    }
    return openat(dirfd, text, (last ? OPEN_FLAGS : O_PATH | O_DIRECTORY | O_CLOEXEC) | O_NOFOLLOW);
}

/* Without openat2. */
static int open_stepwise(int dirfd, const char *path)
{
    if (*path == '/') {
        errno = EXDEV;
        return -1;
    }
    int at = dirfd;
    for (;;) {
        size_t n = strcspn(path, "/"), next = n + strspn(path + n, "/");
        bool last = path[n] == '\0';
        int fd = n ? open_component(at, path, n, last) : openat(at, ".", OPEN_FLAGS | O_DIRECTORY);
        int saved = errno;
        if (at != dirfd)
            close(at);
        errno = saved;
        if (fd < 0 || last)
            return fd;
        at = fd;
        path += next;
    }
}

static int open_once(int dirfd, const char *path, bool follow)
{
    struct open_how how = {.flags = OPEN_FLAGS,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    if (!follow)
        how.resolve |= RESOLVE_NO_SYMLINKS;
    int fd = (int)syscall(SYS_openat2, dirfd, *path ? path : ".", &how, sizeof how);
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return open_stepwise(dirfd, path);
    return fd;
}

int file_open_beneath(int dirfd, const char *path, bool follow, int *ret_fd)
{
    /* EAGAIN: a directory was moved while ".." was resolved, so the kernel cannot vouch. */
    for (int tries = 0; tries < 8; tries++) {
        int fd = open_once(dirfd, path, follow);
        if (fd >= 0) {
            *ret_fd = fd;
            return 0;
        }
        if (errno != EAGAIN && errno != EINTR)
            return open_failed(errno);
    }
    return -ERR_IO;
}

int file_open_stat(int dirfd, const char *path, bool follow, int *ret_fd, struct stat *ret_stat)
{
    int fd, err = file_open_beneath(dirfd, path, follow, &fd);
    if (err)
        return err;
    struct stat st;
    if (fstat(fd, &st)) {
        err = err_from_errno(errno);
        close(fd);
        return err;
    }
    *ret_fd = fd;
    *ret_stat = st;
    return 0;
}

/* At the limit one byte more decides between "exactly fits" and "too large". */
static int expect_end(int fd)
{
    char extra;
    ssize_t got = read(fd, &extra, 1);
    if (got < 0)
        return err_from_errno(errno);
    return got ? -ERR_LIMIT : 0;
}

int file_read_all(int fd, struct buf *into)
{
    struct stat st;
    size_t step = 4096;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
        step = (size_t)st.st_size + 1; /* one more: the end shows without growing */
    for (;;) {
        size_t room = buf_room(into);
        if (room == 0)
            return expect_end(fd);
        size_t want = step < room ? step : room;
        int err = buf_reserve(into, want);
        if (err)
            return err;
        ssize_t got = read(fd, buf_end(into), want);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_from_errno(errno);
        if (got == 0)
            return 0;
        buf_added(into, (size_t)got);
        step = 4096;
    }
}

static int write_all(int fd, struct str s)
{
    while (s.n) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_from_errno(errno);
        s = str_from(s, (size_t)n);
    }
    return 0;
}

static int sync_directory(int dirfd)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_from_errno(errno);
    int err = fsync(fd) ? err_from_errno(errno) : 0;
    close(fd);
    return err;
}

static int fill(int fd, struct str content, mode_t mode)
{
    if (fchmod(fd, mode)) /* whatever the umask took */
        return err_from_errno(errno);
    int err = write_all(fd, content);
    if (!err && fsync(fd))
        err = err_from_errno(errno);
    return err;
}

int file_write_atomic(int dirfd, const char *name, struct str content, mode_t mode)
{
    char temp[256];
    int n = snprintf(temp, sizeof temp, ".%s.%ld.tmp", name, (long)getpid());
    if (!*name || strchr(name, '/') || n < 0 || (size_t)n >= sizeof temp)
        return -ERR_INVAL;
    unlinkat(dirfd, temp, 0); /* left by an earlier process of our number */
    int fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_from_errno(errno);
    int err = fill(fd, content, mode);
    if (close(fd) && !err)
        err = err_from_errno(errno);
    if (!err && renameat(dirfd, temp, dirfd, name))
        err = err_from_errno(errno);
    if (err) {
        unlinkat(dirfd, temp, 0);
        return err;
    }
    return sync_directory(dirfd);
}

int file_refusal(int err)
{
    switch (-err) {
    case ERR_NOT_FOUND:
    case ERR_OPEN_FILES:
    case ERR_NOMEM:
        return err;
    case ERR_DENIED_BY_SYSTEM:
        return -ERR_FORBIDDEN;
    default:
        return -ERR_INTERNAL;
    }
}
