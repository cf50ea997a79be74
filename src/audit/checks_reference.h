/* The manual of all checks, made from their rows: Markdown, a section a chapter. */
#ifndef AUDIT_CHECKS_REFERENCE_H
#define AUDIT_CHECKS_REFERENCE_H

#include "base/buf.h"

void checks_reference(struct buf *out);

#endif
