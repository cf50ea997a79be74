/* The functions behind the rows of checks_certificate.c, by what they look at. */
#ifndef AUDIT_CHECKS_CERTIFICATE_PART_H
#define AUDIT_CHECKS_CERTIFICATE_PART_H

#include "audit/check_chains.h"

typedef void check_certificate_fn(const struct audit_view *v, struct finding *ret);

/* checks_certificate_chain.c */
check_certificate_fn check_cert_trust, check_cert_stores, check_cert_name, check_cert_chain,
    check_cert_no_sni, check_cert_consistency;
/* checks_certificate_life.c */
check_certificate_fn check_cert_expiry, check_cert_not_yet, check_cert_lifetime, check_cert_renewal;
/* checks_certificate_key.c */
check_certificate_fn check_cert_key, check_cert_debian_key, check_cert_shared_prime,
    check_cert_shared_key;
/* checks_certificate_form.c */
check_certificate_fn check_cert_signature, check_cert_usage, check_cert_wildcard,
    check_cert_validation;
/* checks_certificate_status.c */
check_certificate_fn check_cert_revocation, check_ocsp_staple, check_must_staple,
    check_cert_revoked, check_cert_ct;

#endif
