/* The key schedule of TLS 1.3 (RFC 8446 7.1) for OpenSSL: a provider with one algorithm. Internal to
 * this room. */
#ifndef TLS_TLS13_KDF_H
#define TLS_TLS13_KDF_H

#include <openssl/provider.h>

/* Its TLS13-KDF bears the property g443.lean=yes. NULL: no memory, or a digest is missing. */
OSSL_PROVIDER *tls13_kdf_load(OSSL_LIB_CTX *lib, const char *properties);
/* Before the library context is freed. NULL is fine. */
void tls13_kdf_unload(OSSL_PROVIDER *p);

#endif
