/* dns_audit's questions, asked through a resolver: the part with sockets. */
#ifndef AUDIT_DNS_GATHER_H
#define AUDIT_DNS_GATHER_H

#include "audit/dns_audit.h"
#include "io/resolve.h"

struct dns_gather;

/* The facts live in the arena given. They come once, in a later turn or at the end of this; what the
 * servers did not say is in their states. */
typedef void dns_gather_on_facts(void *user, const struct dns_facts *facts);

/* Takes as long as the resolver's deadline times the questions that wait for another (CAA: one for
 * each label; HTTPS: up to eight aliases, then their target). Errors as dns_audit_init. */
int must_use dns_gather_new(struct loop *loop, struct resolver *r, struct arena *arena,
                            struct str host, uint16_t port, dns_gather_on_facts *on_facts,
                            void *user, struct dns_gather **ret);
/* Memory was out at some question: what the facts say of it is not the servers' word. */
bool dns_gather_starved(const struct dns_gather *g);
/* Stops it if it still runs: no callback then. From anywhere, its callback too, while the resolver
 * lives; NULL is harmless. */
void dns_gather_free(struct dns_gather *g);

#endif
