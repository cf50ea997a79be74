/* Errors: functions return 0 or -ERR_X. The table is err.def. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdint.h>

enum err {
    ERR_NONE = 0,
#define ERR(code, text, http, h2, h3, alert) ERR_##code,
#include "base/err.def"
#undef ERR
    ERR_COUNT
};

struct err_row {
    const char *code;    /* "NOMEM" */
    const char *text;    /* for people */
    uint16_t http;       /* status, 0: none */
    uint16_t h2, h3;     /* RFC 9113 7, RFC 9114 8.1 */
    uint8_t alert;       /* RFC 8446 6 */
};

/* Accepts both ERR_X and -ERR_X; an unknown number gets INTERNAL's row. Never NULL. */
const struct err_row *err_row(int err);
const char *err_text(int err);

/* errno → −enum err, for the system calls that the house makes. */
int err_from_errno(int errno_value);

#define must_use __attribute__((warn_unused_result))

#endif
