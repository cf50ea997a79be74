/* The receiving half of a quic_client. */
#ifndef AUDIT_QUIC_RECEIVE_H
#define AUDIT_QUIC_RECEIVE_H

#include "audit/quic_conn.h"

/* One datagram; the client has not ended. */
void quic_receive(struct quic_client *c, struct str datagram, uint64_t now);

#endif
