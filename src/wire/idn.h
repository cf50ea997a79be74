/* Internationalised names: U-labels to A-labels (RFC 5890, punycode: RFC 3492) to ask for them, and
 * back to show them. The mapping before it is small on purpose: ASCII, Latin, Greek, Cyrillic and
 * Armenian capitals become small, the ideographic full stops become dots. What would need more of
 * Unicode's tables (other capitals are not told apart) is refused where it can be seen: loose
 * accents, compatibility forms such as full width, invisible and private characters. Type such a
 * name as its A-label. ß and ς stay what they are (IDNA2008). */
#ifndef WIRE_IDN_H
#define WIRE_IDN_H

#include "base/err.h"
#include "base/str.h"

#define IDN_MAX      256  /* an ASCII name with terminator */
#define IDN_TEXT_MAX 1024 /* a name with U-labels and terminator: 4 bytes a character */

/* A host name in UTF-8, with or without a last dot, to lower-case ASCII without it, with a
 * terminator. -ERR_SYNTAX: no UTF-8, an empty label, an ASCII character no host name has (others
 * than letters, digits, "-", "_"); -ERR_UNSUPPORTED: a character that is refused, see above;
 * -ERR_NAME_TOO_LONG: over 63 bytes in a label or 253 in all. */
int must_use idn_to_ascii(struct str name, char out[IDN_MAX], struct str *ret);

/* Each A-label that is one (it says the same when it is written again) as its U-label; all else as
 * it is. For people to read beside the name itself, never instead of it: two names can look the
 * same. name: at most 253 bytes; more is cut. */
struct str idn_to_text(struct str name, char out[IDN_TEXT_MAX]);

#endif
