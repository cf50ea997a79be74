/* The same server by other ways: through proxies (--via), and at the addresses that other name
 * servers give (--resolver, repeated). On each one contact is made, to compare the key that is
 * shown there with the one seen directly: somebody in the middle of one way is hardly in the middle
 * of all. */
#ifndef AUDIT_OTHER_WAYS_H
#define AUDIT_OTHER_WAYS_H

#include "audit/audit.h"
#include "audit/key_set.h"

enum { OTHER_WAYS_NEW_ADDRESSES = 4 /* contacted of one name server's answer */ };

struct other_ways;

/* Asks what audit->vias and audit->resolvers name; plan: options of a contact. A proxy is asked for
 * the target's first --connect-to address, if there is one, else for its name. on_done comes once,
 * in a later turn, after other_ways_known was called. Everything given outlives it. NULL: no
 * memory, or there is no other way. */
struct other_ways *other_ways_new(const struct audit_env *audit, const struct audit_target *target,
                                  const struct plan_options *plan, void (*on_done)(void *user),
                                  void *user);
/* Memory was out on one of the ways. */
bool other_ways_starved(const struct other_ways *w);
void other_ways_free(struct other_ways *w); /* cuts what is open */
/* The addresses that the audit itself uses; none: it cannot. */
void other_ways_known(struct other_ways *w, const struct addr *addrs, size_t n);
/* Comparisons with what was seen directly, into ->resolvers and ->proxies; texts in the arena. */
void other_ways_compare(const struct other_ways *w, struct arena *a, const struct key_set *direct,
                        struct trust_facts *ret);
void other_ways_count(const struct other_ways *w, uint32_t *connections, uint64_t *sent,
                      uint64_t *received); /* adds */

#endif
