/* The access log; see access_log.h. A write that is cut short leaves half a line in the file. Other
 * workers append to the same file, so its rest would land amidst their lines: the whole line is
 * written again instead, behind a newline that closes the torn one. */
#include "telemetry/access_log.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

enum { RETRY_SECONDS = 1 };

static struct str cut(struct str s)
{
    return str_sub(s, 0, ACCESS_FIELD_MAX);
}

static void add_text(struct buf *out, const char *key, struct str value)
{
    if (value.n == 0)
        return;
    buf_add(out, STR(",\""));
    buf_add(out, str_c(key));
    buf_add(out, STR("\":\""));
    buf_add_json(out, cut(value));
    buf_addc(out, '"');
}

static void add_number(struct buf *out, const char *key, uint64_t value)
{
    buf_add(out, STR(",\""));
    buf_add(out, str_c(key));
    buf_add(out, STR("\":"));
    buf_addu(out, value);
}

static void add_padded(struct buf *out, uint64_t v, size_t digits)
{
    char text[20];
    for (size_t i = digits; i-- > 0; v /= 10)
        text[i] = (char)('0' + v % 10);
    buf_add(out, str_of(text, digits));
}

/* RFC 3339, UTC, milliseconds. */
static void add_json_time(struct buf *out, int64_t wall, unsigned ms)
{
    time_t t = wall;
    struct tm tm;
    if (!gmtime_r(&t, &tm))
        return;
    add_padded(out, (uint64_t)tm.tm_year + 1900, 4);
    buf_addc(out, '-');
    add_padded(out, (uint64_t)tm.tm_mon + 1, 2);
    buf_addc(out, '-');
    add_padded(out, (uint64_t)tm.tm_mday, 2);
    buf_addc(out, 'T');
    add_padded(out, (uint64_t)tm.tm_hour, 2);
    buf_addc(out, ':');
    add_padded(out, (uint64_t)tm.tm_min, 2);
    buf_addc(out, ':');
    add_padded(out, (uint64_t)tm.tm_sec, 2);
    buf_addc(out, '.');
    add_padded(out, ms, 3);
    buf_addc(out, 'Z');
}

/* Milliseconds with microseconds behind the point. */
static void add_duration(struct buf *out, uint64_t ns)
{
    buf_add(out, STR(",\"ms\":"));
    buf_addu(out, ns / MILLISECOND);
    buf_addc(out, '.');
    add_padded(out, ns % MILLISECOND / 1000, 3);
}

void access_log_json(struct buf *out, const struct access_record *r)
{
    buf_add(out, STR("{\"time\":\""));
    add_json_time(out, r->wall, r->wall_ms);
    buf_addc(out, '"');
    add_text(out, "peer", r->peer);
    add_number(out, "conn", r->conn);
    add_text(out, "method", r->method);
    add_text(out, "scheme", r->scheme);
    add_text(out, "host", r->host);
    add_text(out, "path", r->path);
    add_text(out, "version", r->version);
    add_number(out, "status", r->status);
    add_number(out, "bytes_in", r->bytes_in);
    add_number(out, "bytes_out", r->bytes_out);
    add_duration(out, r->duration);
    add_text(out, "tls", str_c(r->tls));
    add_text(out, "cipher", str_c(r->cipher));
    add_text(out, "group", str_c(r->group));
    add_text(out, "sni", r->sni);
    add_text(out, "alpn", r->alpn);
    add_text(out, "referer", r->referer);
    add_text(out, "user_agent", r->user_agent);
    add_text(out, "site", r->site);
    add_text(out, "handler", r->handler);
    add_text(out, "error", str_c(r->error));
    buf_add(out, STR("}\n"));
}

/* As nginx does, which readers of this format expect: \xNN for quote, backslash, control
 * characters and everything beyond ASCII. */
static void add_escaped(struct buf *out, struct str s)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t plain = 0;
    s = cut(s);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
            continue;
        buf_add(out, str_of(s.p + plain, i - plain));
        buf_add(out, str_of((char[]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4));
        plain = i + 1;
    }
    buf_add(out, str_from(s, plain));
}

static void add_quoted(struct buf *out, struct str s)
{
    buf_addc(out, '"');
    add_escaped(out, s.n ? s : STR("-"));
    buf_addc(out, '"');
}

static void add_combined_time(struct buf *out, int64_t wall)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec"; /* in no one's locale */
    time_t t = wall;
    struct tm tm;
    if (!gmtime_r(&t, &tm))
        return;
    buf_addf(out, "[%02d/%.3s/%04d:%02d:%02d:%02d +0000]", tm.tm_mday, months + tm.tm_mon * 3,
             tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void access_log_combined(struct buf *out, const struct access_record *r)
{
    add_escaped(out, r->peer.n ? r->peer : STR("-"));
    buf_add(out, STR(" - - "));
    add_combined_time(out, r->wall);
    buf_add(out, STR(" \""));
    add_escaped(out, r->method.n ? r->method : STR("-"));
    buf_addc(out, ' ');
    add_escaped(out, r->path.n ? r->path : STR("-"));
    buf_addc(out, ' ');
    add_escaped(out, r->version.n ? r->version : STR("-"));
    buf_add(out, STR("\" "));
    buf_addu(out, r->status);
    buf_addc(out, ' ');
    buf_addu(out, r->bytes_out);
    buf_addc(out, ' ');
    add_quoted(out, r->referer);
    buf_addc(out, ' ');
    add_quoted(out, r->user_agent);
    buf_addc(out, '\n');
}

static void on_flush(struct task *t)
{
    access_log_flush(LIST_ENTRY(t, struct access_log, flush));
}

static void on_retry(struct timer *t, uint64_t now)
{
    access_log_flush(LIST_ENTRY(t, struct access_log, retry));
}

int access_log_init(struct access_log *log, struct loop *loop, struct metrics *metrics, int fd,
                    enum access_format format)
{
    *log = (struct access_log){.loop = loop, .metrics = metrics, .fd = fd, .format = format};
    buf_init(&log->waiting, ACCESS_LOG_MAX);
    task_init(&log->flush, on_flush);
    return timer_init(loop, &log->retry, on_retry);
}

static void lose(struct access_log *log, uint64_t lines)
{
    log->lost += lines;
    log->untold += lines;
    log->metrics->log_lines_lost += lines;
}

static uint64_t count_lines(struct str s)
{
    uint64_t lines = 0;
    for (size_t at = 0; (at = str_find(s, '\n', at)) < s.n; at++)
        lines++;
    return lines;
}

static void tell(struct access_log *log, int err)
{
    if (log->on_trouble)
        log->on_trouble(log->user, err, log->untold);
    log->tell_at = err ? log->loop->now + ACCESS_TELL_AGAIN : 0;
    log->untold = 0;
}

static void lose_waiting(struct access_log *log)
{
    lose(log, count_lines(buf_str(&log->waiting)));
    buf_clear(&log->waiting);
}

void access_log_done(struct access_log *log)
{
    if (!log->loop)
        return;
    access_log_flush(log);
    lose_waiting(log);
    if (log->untold)
        tell(log, log->err);
    task_cancel(&log->flush);
    timer_done(log->loop, &log->retry);
    buf_done(&log->waiting);
    log->loop = NULL;
}

/* Appends one text whole or not at all. */
static bool append_whole(struct access_log *log, size_t before)
{
    if (buf_ok(&log->waiting))
        return true;
    log->waiting.n = before;
    log->waiting.failed = false;
    return false;
}

static void add_notice(struct access_log *log, const struct access_record *r)
{
    struct buf *out = &log->waiting;
    size_t before = out->n;
    if (log->format == ACCESS_JSON) {
        buf_add(out, STR("{\"time\":\""));
        add_json_time(out, r->wall, r->wall_ms);
        buf_addc(out, '"');
        add_number(out, "lines_lost", log->lost);
        buf_add(out, STR("}\n"));
    } else {
        buf_addf(out, "# %llu lines before this one could not be written\n",
                 (unsigned long long)log->lost);
    }
    if (append_whole(log, before))
        log->lost = 0;
}

/* Once a line was lost, all are until half of the room is back: one gap and one notice, rather
 * than a buffer full of notices about single lines. */
static bool jammed(const struct access_log *log)
{
    return log->lost && buf_room(&log->waiting) < ACCESS_LOG_MAX / 2;
}

void access_log_write(struct access_log *log, const struct access_record *r)
{
    if (log->fd < 0)
        return;
    if (jammed(log)) {
        lose(log, 1);
        return; /* a flush or a retry is under way already */
    }
    if (log->lost)
        add_notice(log, r);
    size_t before = log->waiting.n;
    if (log->format == ACCESS_JSON)
        access_log_json(&log->waiting, r);
    else
        access_log_combined(&log->waiting, r);
    if (!append_whole(log, before))
        lose(log, 1);
    if (!timer_running(&log->retry))
        loop_defer(log->loop, &log->flush);
}

/* What n > 0 bytes written mean: whole lines leave, a torn one stays to be written again. */
static void written(struct access_log *log, size_t n)
{
    struct str all = buf_str(&log->waiting);
    size_t end = str_rfind(str_sub(all, 0, n), '\n');
    size_t whole = end < n ? end + 1 : 0;
    log->torn = whole < n;
    buf_consume(&log->waiting, whole);
}

static ssize_t write_some(struct access_log *log, struct str s)
{
    ssize_t n;
    do
        n = write(log->fd, s.p, s.n);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        log->err = n < 0 ? err_from_errno(errno) : -ERR_IO;
    return n;
}

static void try_later(struct access_log *log)
{
    timer_start(log->loop, &log->retry, log->loop->now + RETRY_SECONDS * SECOND);
}

static void failed(struct access_log *log)
{
    try_later(log);
    bool trouble = log->err != -ERR_AGAIN || log->untold;
    if (trouble && log->loop->now >= log->tell_at)
        tell(log, log->err);
}

void access_log_flush(struct access_log *log)
{
    struct buf *b = &log->waiting;
    timer_stop(log->loop, &log->retry);
    task_cancel(&log->flush);
    if (log->torn && b->n) {
        if (write_some(log, STR("\n")) != 1) {
            failed(log);
            return;
        }
        log->torn = false;
    }
    while (b->n) {
        ssize_t n = write_some(log, buf_str(b));
        if (n <= 0) {
            failed(log);
            return;
        }
        written(log, (size_t)n);
        if (log->torn) {
            try_later(log); /* which shows why it was cut short */
            return;
        }
    }
    if (log->tell_at || log->untold)
        tell(log, 0);
    if (b->cap > ACCESS_LOG_MAX / 4)
        buf_done(b); /* after a jam: the memory goes back */
}

void access_log_reopen(struct access_log *log, int fd)
{
    access_log_flush(log);
    log->fd = fd;
    log->torn = false;
    if (fd < 0) {
        lose_waiting(log);
        timer_stop(log->loop, &log->retry);
        if (log->untold)
            tell(log, log->err);
        log->tell_at = 0;
    } else if (log->waiting.n) {
        access_log_flush(log);
    }
}
