/* Certificates as OpenSSL has them. Internal to this room. */
#ifndef TLS_CERT_X509_H
#define TLS_CERT_X509_H

#include "base/err.h"
#include "base/str.h"

#include <openssl/x509.h>

enum { CERT_CHAIN_MAX = 10 };

/* All certificates of a PEM text, at most CERT_CHAIN_MAX; free with sk_X509_pop_free. lib NULL: the
 * default library context. -ERR_CERT_SYNTAX, -ERR_LIMIT, -ERR_NOMEM. */
int must_use cert_read(OSSL_LIB_CTX *lib, struct str pem, STACK_OF(X509) **ret);

#endif
