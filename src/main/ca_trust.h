/* Putting the local authority where this machine's programs look for authorities, and taking it out. */
#ifndef MAIN_CA_TRUST_H
#define MAIN_CA_TRUST_H

#include "base/buf.h"

#include <stdio.h>

/* The certificate, as a file that other programs can be given, and the name it is known by. */
struct ca_trust {
    const char *path; /* absolute: STATE/ca.crt */
    struct str pem;
    char name[64]; /* "gate443-1a2b3c4d5e6f7081": the key's hash, so that several can coexist */
};

/* The system's store and the user's NSS databases (Chromium, Firefox). Says on standard output what
 * was done and what is left to do by hand. True: nothing is left. */
bool ca_trust_install(const struct ca_trust *t);
bool ca_trust_uninstall(const struct ca_trust *t);
/* Our authorities in the system's store, each with how to take it out by hand. */
void ca_trust_print_left(FILE *to);

#endif
