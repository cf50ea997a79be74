/* The error log; see log.h. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const char *const names[] = {"error", "warning", "info", "debug"};

/* Printable text stays, everything else becomes \xNN: a peer's bytes cannot forge a line. */
static size_t escape(char *out, size_t cap, const char *in, size_t n)
{
    size_t used = 0;
    for (size_t i = 0; i < n && used + 5 < cap; i++) {
        unsigned char c = (unsigned char)in[i];
        if (c < 0x20 || c == 0x7f)
            used += (size_t)snprintf(out + used, cap - used, "\\x%02x", c);
        else
            out[used++] = (char)c;
    }
    return used;
}

static size_t stamp(char *out, size_t cap)
{
    struct timespec ts;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &ts);
    gmtime_r(&ts.tv_sec, &tm);
    return strftime(out, cap, "%Y-%m-%dT%H:%M:%SZ ", &tm);
}

void log_write(const struct log *log, enum log_level level, const char *format, ...)
{
    if (!log || level > log->level || log->fd < 0)
        return;
    char text[2048], line[4096];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0)
        return;
    if ((size_t)n >= sizeof text)
        n = sizeof text - 1;
    size_t used = log->timestamps ? stamp(line, sizeof line) : 0;
    used += (size_t)snprintf(line + used, sizeof line - used, "%s%s%s: ", log->role,
                             log->role[0] ? " " : "", names[level]);
    used += escape(line + used, sizeof line - used - 1, text, (size_t)n);
    line[used++] = '\n';
    for (size_t off = 0; off < used;) {
        ssize_t w = write(log->fd, line + off, used - off);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return; /* nowhere left to say so */
        off += (size_t)w;
    }
}
