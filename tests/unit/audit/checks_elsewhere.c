/* The tables of other sections, empty: for the tests of those that are about TLS. */
#include "audit/checks.h"

const struct check_table checks_certificate, checks_trust, checks_http, checks_dns;
