/* Between the files of the auditor's TLS client: tls_client.c (records and events), tls_client12.c,
 * tls_client13.c (what the versions do) and tls_client_auth.c (a client certificate).
 * For nobody else. */
#ifndef AUDIT_TLS_CLIENT_PART_H
#define AUDIT_TLS_CLIENT_PART_H

#include "audit/tls_client.h"

/* Each takes a whole handshake message, already in the transcript unless said, and returns the
 * event to tell, or TLS_EV_NONE; tls_client_fault for what cannot be. */
enum tls_event tls_client12_message(struct tls_client *c, const struct handshake_message *m);
enum tls_event tls_client13_message(struct tls_client *c, const struct handshake_message *m);
/* The ServerHello has been recorded. */
enum tls_event tls_client12_hello(struct tls_client *c, const struct server_hello *h);
enum tls_event tls_client13_hello(struct tls_client *c, const struct server_hello *h);
/* The server resumes the session that was offered: keys from its secret. */
int must_use tls_client12_resumed(struct tls_client *c);
/* Answers the flight: all up to our Finished. */
int must_use tls_client12_answer(struct tls_client *c);
int must_use tls_client13_answer(struct tls_client *c);
/* TLS 1.3, once the ServerHello is recorded: the handshake's keys, ours to read with. */
int must_use tls_client13_keys(struct tls_client *c);
/* Derives and begins to write with early traffic keys, and sends the early data. */
int must_use tls_client13_early(struct tls_client *c, struct str hello_message);
/* Fills in the binder at the end of the ClientHello in *message. */
int must_use tls_client13_bind(struct tls_client *c, struct buf *message);
/* The CertificateRequest of this handshake; Certificate, where there was one; and CertificateVerify,
 * where that holds our chain. */
void tls_client_asked(struct tls_client *c, const struct certificate_request *r);
int must_use tls_client_certificate(struct tls_client *c);
int must_use tls_client_verify(struct tls_client *c);
/* Makes another ClientHello after a HelloRetryRequest. */
int must_use tls_client_second_hello(struct tls_client *c, const struct server_hello *retry);

enum tls_event tls_client_fault(struct tls_client *c, int err);
/* Has a message of that type been here before in this handshake? Each comes once at most: that
 * bounds what a server can make us keep. */
bool tls_client_twice(struct tls_client *c, uint8_t type);
bool tls_client_seen(const struct tls_client *c, uint8_t type);
void tls_client_record_chain(struct tls_client *c, const struct server_certificates *from);
/* Copies into the arena; empty when memory is out, which the arena remembers by being at its end. */
struct str tls_client_keep(struct tls_client *c, struct str s);
enum crypto_md tls_client_md(const struct tls_client *c);
int must_use tls_client_params(const struct suite *s, uint16_t version, bool etm,
                               struct seal_params *ret);

#endif
