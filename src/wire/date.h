/* HTTP dates (RFC 9110 5.6.7). Pure arithmetic: no locale, no time zone, no libc time functions. */
#ifndef WIRE_DATE_H
#define WIRE_DATE_H

#include "base/err.h"
#include "base/str.h"

#define DATE_TEXT 29 /* "Sun, 06 Nov 1994 08:49:37 GMT" */

/* IMF-fixdate with a NUL behind it; wall outside the years 1 to 9999 is brought to the nearest
 * end. */
void date_format(int64_t wall, char out[DATE_TEXT + 1]);
/* IMF-fixdate, RFC 850 and asctime forms, exactly. A two-digit year is read as 1970 to 2069 (a
 * fixed window, so that the result depends on nothing else). The day's name must be one, but
 * need not fit. -ERR_SYNTAX. */
int must_use date_parse(struct str s, int64_t *ret_wall);

#endif
