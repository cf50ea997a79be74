/* From bytes to OpenSSL's objects and back, for the files of this room that look at certificates.
 * Internal to the room. */
#ifndef AUDIT_X509_DER_H
#define AUDIT_X509_DER_H

#include "base/arena.h"

#include <openssl/x509.h>

enum {
    /* One certificate. The largest seen in public, with thousands of names, have about 60 KiB; and
     * OpenSSL's objects take some 50 times what the worst DER takes. */
    X509_DER_MAX = 256 * 1024,
    X509_TEXT_MAX = 1024 /* a name or URI as text: what is longer is cut */
};

/* Exactly one certificate, nothing behind it; NULL: none. X509_free it. */
X509 *x509_der_read(struct str der);
struct str x509_der_str(const ASN1_STRING *s); /* borrowed; NULL gives the empty slice */
/* RFC 4514 text in UTF-8, most specific part first; control characters are escaped. */
int must_use x509_der_name(struct arena *a, const X509_NAME *name, struct str *ret);
/* The most specific attribute of that NID as UTF-8, control characters as '?'; empty: has none. */
int must_use x509_der_attribute(struct arena *a, const X509_NAME *name, int nid, struct str *ret);
void x509_der_sha256(struct str s, unsigned char ret[32]);
/* Of the whole SubjectPublicKeyInfo (RFC 5280 4.1.2.7). */
int must_use x509_der_spki_sha256(const X509 *x, unsigned char ret[32]);
int64_t x509_der_seconds(const ASN1_TIME *t); /* since 1970; INT64_MIN: unreadable */
/* By name, key identifiers and signature, whatever the extensions allow. */
bool x509_der_signed_by(X509 *x, X509 *issuer);

#endif
