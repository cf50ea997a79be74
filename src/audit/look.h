/* How the checks of TLS look at the facts: which suites are offered, in which versions, whether it is
 * certain that others are not, and how a test ended. Each function that takes a finding fills it only
 * where its comment says so. */
#ifndef AUDIT_LOOK_H
#define AUDIT_LOOK_H

#include "audit/checks.h"
#include "wire/suite.h"

/* NULL: no TLS came about, and the finding says that it is not testable. */
const struct tls_facts *look_facts(const struct audit_view *v, struct finding *f);

/* The versions, of those below TLS 1.3, are all refused for certain. */
bool look_only13(const struct tls_facts *t);
bool look_offers(const struct tls_facts *t, enum tls_version_index from, enum tls_version_index to);

typedef bool suite_test(const struct suite *);

struct suites_seen {
    char text[512];          /* names, six at most, "and 3 more" */
    char versions[64];       /* "TLS 1.0, TLS 1.1" */
    size_t n;                /* different suites */
    unsigned mask;           /* of 1 << enum tls_version_index */
    bool preferred;          /* in some version where the server's order counts it comes first */
    uint32_t evidence;       /* a connection that shows one; the newest version's */
};
/* Versions from … to, both included. Suites that no table knows are passed over. */
void look_suites(const struct tls_facts *t, enum tls_version_index from, enum tls_version_index to,
                 suite_test *wanted, struct suites_seen *ret);
/* Why it is not certain that a suite is absent: a version that could not be asked for, or a walk that
 * did not come to its end. NULL: all is known. */
const char *look_gap(const struct tls_facts *t, enum tls_version_index from,
                     enum tls_version_index to, enum tls_version_index *ret_version);
/* None was seen: safe with that text, or not testable if there is a gap. */
void look_absent(const struct tls_facts *t, enum tls_version_index from, enum tls_version_index to,
                 struct finding *f, const char *text);
/* Both in one: bad with "NAMES (VERSIONS)BEHIND", else look_absent. True: bad. */
bool look_refuse(const struct tls_facts *t, enum tls_version_index from, enum tls_version_index to,
                 suite_test *wanted, struct finding *f, const char *behind, const char *absent);

/* A test that came to a conclusion; its evidence goes into the finding. NULL: it did not, and the
 * finding says that it is not testable. */
const struct test_result *look_test(const struct tls_facts *t, enum test_id id, struct finding *f);

/* " (alert 10)" or nothing, for the end of a sentence. */
struct reaction_text {
    char text[PROBE_REACTION_MAX + 4];
};
struct reaction_text look_reaction(const struct test_result *r);

/* Names of groups or signature algorithms, six at most. */
struct names_text {
    char text[512];
    size_t n;
};
void look_name(struct names_text *t, const char *name);
void look_names_end(struct names_text *t);
struct names_text look_groups(const struct number_set *s);

#endif
