/* Mistakes found in a configuration, collected and then told in the order of the files. */
#ifndef CONFIG_DIAG_H
#define CONFIG_DIAG_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdarg.h>

#define DIAG_MAX 200 /* further ones are counted only */

/* One text that was read. Lives in the arena of the load. */
struct diag_file {
    const char *name; /* for messages; in the snapshot's arena */
    struct str text;
    uint32_t order;                   /* 0 for the first */
    const struct diag_file *includer; /* NULL for the first */
    uint32_t include_line;
};

struct diag_place {
    const struct diag_file *file;
    uint32_t line, column;
    uint32_t width; /* characters to underline, at least 1 */
};

struct diag {
    struct diag_place at;
    bool warning;
    struct str message, hint; /* hint may be empty */
    size_t seq;
};

/* Owned by one load; what it holds lives in `arena`. */
struct diag_list {
    struct arena *arena;
    struct diag v[DIAG_MAX];
    size_t n, errors, dropped;
};

/* hint may be NULL. */
void diag_add(struct diag_list *d, bool warning, struct diag_place at, const char *hint,
              const char *format, ...) __attribute__((format(printf, 5, 6)));
void diag_addv(struct diag_list *d, bool warning, struct diag_place at, const char *hint,
               const char *format, va_list args);
/* "file:line:col: error: message", the line, a caret, "hint: …", for each. */
void diag_print(struct diag_list *d, bool colour, struct buf *out);

#endif
