/* Finding and making the state directory; see state.h.
 *
 * The directory holds the authority's private key, so one that others may write to is refused: they
 * could put a key of theirs in its place. */
#include "main/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int default_path(char path[STATE_PATH_MAX], struct buf *why)
{
    const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n;
    if (geteuid() == 0) {
        n = snprintf(path, STATE_PATH_MAX, "/var/lib/gate443");
    } else if (xdg && xdg[0] == '/') {
        n = snprintf(path, STATE_PATH_MAX, "%s/gate443", xdg);
    } else if (home && home[0] == '/') {
        n = snprintf(path, STATE_PATH_MAX, "%s/.local/state/gate443", home);
    } else {
        buf_addf(why, "no place for the state directory: neither XDG_STATE_HOME nor HOME is an "
                      "absolute path; say --state DIR");
        return -ERR_NOT_FOUND;
    }
    return n < STATE_PATH_MAX ? 0 : -ERR_LIMIT;
}

int state_dir_path(const char *dir_or_null, char path[STATE_PATH_MAX], struct buf *why)
{
    char here[PATH_MAX];
    if (!dir_or_null || !*dir_or_null)
        return default_path(path, why);
    int n;
    if (dir_or_null[0] == '/')
        n = snprintf(path, STATE_PATH_MAX, "%s", dir_or_null);
    else if (getcwd(here, sizeof here))
        n = snprintf(path, STATE_PATH_MAX, "%s/%s", here, dir_or_null);
    else
        return err_from_errno(errno);
    if (n >= STATE_PATH_MAX) {
        buf_addf(why, "the state directory's path is longer than %d bytes", STATE_PATH_MAX - 1);
        return -ERR_LIMIT;
    }
    while (n > 1 && path[n - 1] == '/')
        path[--n] = 0;
    return 0;
}

/* Parents get the same 0700: what does not exist yet is ours alone. */
static int make_dirs(char *path)
{
    for (char *p = path + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = 0;
        int failed = mkdir(path, 0700);
        *p = '/';
        if (failed && errno != EEXIST && errno != EROFS && errno != EACCES)
            return -1;
    }
    return mkdir(path, 0700) && errno != EEXIST ? -1 : 0;
}

int state_dir_open(const char *dir_or_null, char path[STATE_PATH_MAX], int *ret_fd, struct buf *why)
{
    struct stat st;
    int err = state_dir_path(dir_or_null, path, why);
    if (err)
        return err;
    int fd = make_dirs(path) ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st)) {
        err = err_from_errno(errno);
        buf_addf(why, "%s: %s; say --state DIR for another place", path, strerror(errno));
    } else if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS)) {
        err = err_from_errno(errno);
        buf_addf(why, "%s: not writable for this user; say --state DIR for another place", path);
    } else if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & 022)) {
        err = -ERR_DENIED_BY_SYSTEM;
        buf_addf(why,
                 "%s: others may write to it, and it holds private keys: "
                 "chown it to you and chmod 700",
                 path);
    }
    if (err) {
        if (fd >= 0)
            close(fd);
        return err;
    }
    *ret_fd = fd;
    return 0;
}

int state_lock(int dirfd)
{
    /* An open file description of its own: the lock must end with this descriptor. */
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX)) {
        close(fd);
        fd = -1;
    }
    return fd;
}
