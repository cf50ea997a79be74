/* The error table as data; see err.def. */
#include "base/err.h"

#include <errno.h>

static const struct err_row rows[ERR_COUNT] = {
    [ERR_NONE] = {"NONE", "no error", 200, 0, 0x100, 0},
#define ERR(code, text, http, h2, h3, alert) [ERR_##code] = {#code, text, http, h2, h3, alert},
#include "base/err.def"
#undef ERR
};

const struct err_row *err_row(int err)
{
    if (err < 0)
        err = -err;
    if (err >= ERR_COUNT)
        err = ERR_INTERNAL;
    return &rows[err];
}

const char *err_text(int err)
{
    return err_row(err)->text;
}

static int of_file(int e)
{
    switch (e) {
    case ENOSPC:
    case EDQUOT:
        return -ERR_NO_SPACE;
    case EISDIR:
        return -ERR_IS_DIR;
    case ENOTDIR:
        return -ERR_NOT_DIR;
    case EROFS:
        return -ERR_READ_ONLY;
    case EMFILE:
    case ENFILE:
        return -ERR_OPEN_FILES;
    case ENAMETOOLONG:
        return -ERR_NAME_TOO_LONG;
    case EFBIG:
        return -ERR_FILE_TOO_LARGE;
    default:
        return -ERR_IO;
    }
}

int err_from_errno(int e)
{
    switch (e) {
    case 0:
        return 0;
    case EAGAIN:
    case EINTR:
    case EINPROGRESS:
        return -ERR_AGAIN;
    case ENOMEM:
    case ENOBUFS:
        return -ERR_NOMEM;
    case ENOENT:
    case EADDRNOTAVAIL:
        return -ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case ELOOP:
    case EXDEV: /* openat2: the path would have left its root */
        return -ERR_DENIED_BY_SYSTEM;
    case EEXIST:
    case EADDRINUSE:
        return -ERR_EXISTS;
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
        return -ERR_RESET;
    case ETIMEDOUT:
        return -ERR_TIMEOUT;
    case ECONNREFUSED:
        return -ERR_REFUSED;
    case EINVAL:
        return -ERR_INVAL;
    default:
        return of_file(e);
    }
}
