/* Asking a running gate443 over its control socket; blocking, for the command line. */
#ifndef CONTROL_CONTROL_CLIENT_H
#define CONTROL_CONTROL_CLIENT_H

#include "base/buf.h"

/* Asks `verb` of the gate443 whose state directory this is. Appends to `text`, if it agreed, what it
 * said ("text", or the object of "status" as JSON), else the error. json: the answer's whole line as
 * it came instead. 0, -ERR_CONFIG (it refused), -ERR_NOT_FOUND (nobody runs there),
 * -ERR_DENIED_BY_SYSTEM, -ERR_TIMEOUT (no answer in `patience` seconds), …; `text` says why. */
int must_use control_client_ask(const char *state_path, const char *verb, bool json,
                                unsigned patience, struct buf *text);

#endif
