/* Attribute values of HTML: character references decoded (HTML standard 13.2.5.72). */
#ifndef AUDIT_HTML_TEXT_H
#define AUDIT_HTML_TEXT_H

#include "base/str.h"

#define HTML_TEXT_MAX 2048 /* bytes kept of a value */

/* The value, a slice of `out`, cut at HTML_TEXT_MAX. Numeric references beyond ASCII become "?", and
 * of the named ones only those are known that a URL or a policy can be hidden behind. url: as the URL
 * parser does first (WHATWG URL 4.4), spaces around it and tabs and line ends anywhere are dropped. */
struct str html_text_decode(struct str s, char out[HTML_TEXT_MAX], bool url);

#endif
