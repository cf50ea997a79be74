/* The keeper's content: private keys by the hash of their public half, the local authority, ticket
 * secrets. No sockets, no files but descriptors given: the keeper role (main/keeper.c) is its only
 * user in production. */
#ifndef TLS_KEYVAULT_H
#define TLS_KEYVAULT_H

#include "base/buf.h"
#include "tls/signer.h"

struct keyvault;

struct keyvault *keyvault_new(void); /* at most 20,000 keys */
void keyvault_free(struct keyvault *v); /* wipes */

/* Reads a PEM private key from fd (at most 64 KiB), keeps it. -ERR_KEY_SYNTAX, -ERR_CERT_WEAK. */
int must_use keyvault_load_key(struct keyvault *v, int fd, uint64_t generation,
                               unsigned char ret_spki[SPKI_HASH]);
/* Signs request.n bytes with the key named; -ERR_NO_KEY, -ERR_INVAL. */
int must_use keyvault_sign(struct keyvault *v, const struct sign_request *request, struct str tbs,
                           struct buf *ret_signature);
/* Answers a MSG_SIGN of that channel. scratch: of SIGNATURE_MAX bytes. −err: of chan_send. */
int must_use keyvault_answer(struct keyvault *v, struct chan *c, const struct message_frame *m,
                             struct buf *scratch);
/* Forgets keys of generations below. */
void keyvault_forget(struct keyvault *v, uint64_t generation);

/* The local authority: reads ca.key and ca.crt beneath dirfd, or makes them (P-256, 10 years, 0600,
 * name-constrained is not possible for arbitrary names). -err with `why` filled for people. */
int must_use keyvault_open_ca(struct keyvault *v, int dirfd, int64_t wall, struct buf *why);
/* The same in memory alone, for who only looks at what would be served. */
int must_use keyvault_make_ca(struct keyvault *v, int64_t wall);
/* Issues leaves (one ECDSA P-256) for these names (DNS names and IP literals), valid `seconds`
 * (≤ 47 days). The key is kept in memory only and derived from the authority's, the names and
 * the time in units of `seconds`: another vault on the same authority comes to the same key, and
 * keeps the one of the unit before too. chain: PEM, leaf first. A leaf ends
 * with the authority at the latest; -ERR_CERT_TIME: that is over. */
int must_use keyvault_issue(struct keyvault *v, const struct str *names, size_t n, int64_t wall,
                            int64_t seconds, uint64_t generation, struct buf *ret_chain,
                            unsigned char ret_spki[SPKI_HASH]);
/* 2 × 48 bytes: current and previous ticket secret; rotates when `now` passed the period. True:
 * changed since the last call. */
bool keyvault_ticket_keys(struct keyvault *v, uint64_t now, uint64_t period,
                          unsigned char ret[96]);

#endif
