/* The style sheet of the HTML report: inlined, no font or picture from anywhere. */
#ifndef AUDIT_REPORT_STYLE_H
#define AUDIT_REPORT_STYLE_H

#include "base/str.h"

extern const struct str report_style;

#endif
