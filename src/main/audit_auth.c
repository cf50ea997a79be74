/* A client certificate out of files; see audit_auth.h. */
#include "main/audit_auth.h"

#include "main/audit_files.h"

#include <stdio.h>

enum { PEM_MAX = 1024 * 1024 }; /* bytes of a file */

static int tell(const char *path, int err, struct buf *why)
{
    if (err && buf_str(why).n)
        fprintf(stderr, "gate443 audit: %s: %.*s\n", path, STR_ARG(buf_str(why)));
    else if (err)
        fprintf(stderr, "gate443 audit: %s: %s\n", path, err_text(err));
    return err != 0;
}

int audit_auth_read(struct crypto *crypto, const char *cert, const char *key, struct client_auth **ret)
{
    struct buf pem, why;
    struct client_auth *a = NULL;
    buf_init(&pem, PEM_MAX);
    buf_init(&why, 1024);
    int status = audit_file_read(cert, &pem);
    if (!status)
        status = tell(cert, client_auth_new(crypto, buf_str(&pem), &a, &why), &why);
    if (!status && key) {
        buf_clear(&pem);
        status = audit_file_read(key, &pem);
    }
    if (!status)
        status = tell(key ? key : cert, client_auth_key(a, buf_str(&pem), &why), &why);
    buf_done(&pem);
    buf_done(&why);
    if (status)
        client_auth_free(a);
    else
        *ret = a;
    return status;
}
