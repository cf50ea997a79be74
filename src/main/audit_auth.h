/* The certificate that the auditor shows to servers that ask for one, out of files. */
#ifndef MAIN_AUDIT_AUTH_H
#define MAIN_AUDIT_AUTH_H

#include "audit/client_auth.h"

/* cert: PEM, the leaf first; key: NULL where it is in the same file. `crypto` outlives *ret. 0, or 1 with
 * the file and the reason told on standard error. */
int audit_auth_read(struct crypto *crypto, const char *cert, const char *key, struct client_auth **ret);

#endif
