/* TLS over another stream, server side. The handshake runs by itself; signatures come from the
 * keeper while the worker goes on (SSL_MODE_ASYNC during the handshake only).
 * BIOs of our own over loop->scratch: one recv and one send a readiness event; many records a send. */
#ifndef TLS_TLS_STREAM_H
#define TLS_TLS_STREAM_H

#include "tls/certstore.h"

/* Takes `below` over (owns it from now on, also on failure: then it is closed and NULL returned).
 * When the handshake is done on_done(stream, 0) comes once, with conn->facts filled (sni, alpn,
 * tls, cipher, group, resumed, site, secure); or on_done(stream, −err) after which the owner closes
 * the stream. No on_event before. Plain HTTP on the port: -ERR_HTTP_ON_TLS_PORT; the
 * owner may answer 400 through tls_stream_below before closing (what was read so far is gone: the
 * request need not be looked at). */
struct stream *tls_stream_accept(struct stream *below, struct certstore *store, struct conn *conn,
                                 void (*on_done)(struct stream *, int err));
struct stream *tls_stream_below(struct stream *s);

#endif
