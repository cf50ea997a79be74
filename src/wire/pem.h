/* PEM text (RFC 7468), as far as it decides who gets to see it. */
#ifndef WIRE_PEM_H
#define WIRE_PEM_H

#include "base/buf.h"

/* Keeps the certificates of a PEM text, in their order, and nothing else: what stood between and
 * behind them, private keys above all, is overwritten with zeros. An unfinished block is none. */
void pem_only_certificates(struct buf *text);

#endif
