/* The error log: one line a call, "level: message", to a descriptor. Only the rooms front,
 * handler and main (and the roles they start) call it; lower rooms return errors instead. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/str.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* One for each process, passed down by pointer; `role` is printed ("worker 1"). */
struct log {
    int fd;               /* where lines go; not owned */
    enum log_level level; /* lines above it are dropped */
    char role[24];
    bool timestamps; /* RFC 3339 UTC in front (not under a service manager, which adds its own) */
};

/* Control characters in the message are written as \xNN, so one call is one line. */
void log_write(const struct log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
