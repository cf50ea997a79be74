/* The sending half of a quic_client. */
#ifndef AUDIT_QUIC_SEND_H
#define AUDIT_QUIC_SEND_H

#include "audit/quic_conn.h"

/* The next datagram; its bytes, 0: none now. The client has not ended. */
size_t quic_send(struct quic_client *c, unsigned char out[QUIC_CLIENT_DATAGRAM], uint64_t now);

#endif
