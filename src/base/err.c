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
    case ENOTDIR:
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
    case EMFILE:
    case ENFILE:
        return -ERR_TOO_MANY;
    case EINVAL:
    case ENAMETOOLONG:
        return -ERR_INVAL;
    default:
        return -ERR_IO;
    }
}
