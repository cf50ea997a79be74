/* The access log: both formats, escaping, and writing to descriptors that refuse. */
#include "telemetry/access_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct access_record sample = {
    .wall = 1767323045, /* 2026-01-02 03:04:05 UTC */
    .wall_ms = 7,
    .peer = {"9.8.7.6", 7},
    .conn = 42,
    .method = {"GET", 3},
    .scheme = {"https", 5},
    .host = {"example.com", 11},
    .path = {"/a?b=c", 6},
    .version = {"HTTP/2.0", 8},
    .status = 200,
    .bytes_in = 0,
    .bytes_out = 1234,
    .duration = 1002003,
    .tls = "TLSv1.3",
    .cipher = "TLS_AES_128_GCM_SHA256",
    .group = "X25519",
    .sni = {"example.com", 11},
    .alpn = {"h2", 2},
    .referer = {"https://r/", 10},
    .user_agent = {"curl/8", 6},
    .site = {"example.com", 11},
    .handler = {"static", 6},
};

static char *line_of(void (*format)(struct buf *, const struct access_record *),
                     const struct access_record *r)
{
    static char text[65536];
    struct buf b;
    buf_init(&b, sizeof text - 1);
    format(&b, r);
    assert_true(buf_ok(&b));
    memcpy(text, buf_cstr(&b), b.n + 1);
    assert_int_equal(strlen(text), b.n);
    assert_ptr_equal(strchr(text, '\n'), text + b.n - 1); /* one request, one line */
    buf_done(&b);
    return text;
}

static void json(void **state)
{
    assert_string_equal(
        line_of(access_log_json, &sample),
        "{\"time\":\"2026-01-02T03:04:05.007Z\",\"peer\":\"9.8.7.6\",\"conn\":42,\"method\":\"GET\","
        "\"scheme\":\"https\",\"host\":\"example.com\",\"path\":\"/a?b=c\",\"version\":\"HTTP/2.0\","
        "\"status\":200,\"bytes_in\":0,\"bytes_out\":1234,\"ms\":1.002,\"tls\":\"TLSv1.3\","
        "\"cipher\":\"TLS_AES_128_GCM_SHA256\",\"group\":\"X25519\",\"sni\":\"example.com\","
        "\"alpn\":\"h2\",\"referer\":\"https://r/\",\"user_agent\":\"curl/8\","
        "\"site\":\"example.com\",\"handler\":\"static\"}\n");
    struct access_record bare = {.error = "deadline passed"};
    assert_string_equal(line_of(access_log_json, &bare),
                        "{\"time\":\"1970-01-01T00:00:00.000Z\",\"conn\":0,\"status\":0,"
                        "\"bytes_in\":0,\"bytes_out\":0,\"ms\":0.000,"
                        "\"error\":\"deadline passed\"}\n");
}

static void combined(void **state)
{
    assert_string_equal(line_of(access_log_combined, &sample),
                        "9.8.7.6 - - [02/Jan/2026:03:04:05 +0000] \"GET /a?b=c HTTP/2.0\" 200 1234 "
                        "\"https://r/\" \"curl/8\"\n");
    struct access_record bare = {0};
    assert_string_equal(line_of(access_log_combined, &bare),
                        "- - - [01/Jan/1970:00:00:00 +0000] \"- - -\" 0 0 \"-\" \"-\"\n");
}

static void nothing_breaks_a_line(void **state)
{
    char every[256], longer[3 * ACCESS_FIELD_MAX];
    struct access_record r = sample;
    for (int i = 0; i < 256; i++)
        every[i] = (char)i;
    memset(longer, '"', sizeof longer);
    r.method = r.host = r.path = r.version = r.referer = r.user_agent = r.sni =
        str_of(every, sizeof every);
    char *text = line_of(access_log_combined, &r);
    for (char *c = text; *c != '\n'; c++)
        assert_true(*c >= 0x20 && *c < 0x7f);
    assert_non_null(strstr(text, "!\\x22#"));
    assert_non_null(strstr(text, "[\\x5C]"));
    assert_non_null(strstr(text, "~\\x7F\\x80"));
    text = line_of(access_log_json, &r);
    assert_null(strstr(text, "\x80"));
    assert_non_null(strstr(text, "\\u001f !\\\"#"));
    r.user_agent = str_of(longer, sizeof longer);
    assert_true(strlen(line_of(access_log_json, &r)) < 3 * ACCESS_FIELD_MAX + 10000);
    r.wall = INT64_MAX; /* no such year: still a line */
    line_of(access_log_json, &r);
    line_of(access_log_combined, &r);
}

struct bench {
    struct loop *loop;
    struct metrics metrics;
    struct access_log log;
    int in, out; /* of a pipe */
    int err;     /* what was told last */
    unsigned told;
    uint64_t told_lost;
};

static void on_trouble(void *user, int err, uint64_t lost)
{
    struct bench *b = user;
    b->err = err;
    b->told++;
    b->told_lost += lost;
}

static void bench_init(struct bench *b, enum access_format format)
{
    int fds[2];
    *b = (struct bench){.loop = loop_sim_new(0, 0)};
    assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
    b->in = fds[1];
    b->out = fds[0];
    assert_int_equal(access_log_init(&b->log, b->loop, &b->metrics, b->in, format), 0);
    b->log.on_trouble = on_trouble;
    b->log.user = b;
}

static void bench_done(struct bench *b)
{
    access_log_done(&b->log);
    access_log_done(&b->log); /* harmless */
    loop_free(b->loop);
    close(b->in);
    close(b->out);
}

static size_t drain(int fd, char *into, size_t cap)
{
    size_t n = 0;
    ssize_t got;
    while (n < cap && (got = read(fd, into + n, cap - n)) > 0)
        n += (size_t)got;
    return n;
}

static size_t lines_in(const char *text, size_t n)
{
    size_t lines = 0;
    for (size_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    return lines;
}

static void one_write_a_turn(void **state)
{
    struct bench b;
    char text[4096];
    bench_init(&b, ACCESS_COMBINED);
    for (int i = 0; i < 3; i++)
        access_log_write(&b.log, &sample);
    assert_int_equal(drain(b.out, text, sizeof text), 0);
    assert_int_equal(loop_turn(b.loop, 0), 0);
    size_t n = drain(b.out, text, sizeof text);
    assert_int_equal(lines_in(text, n), 3);
    access_log_reopen(&b.log, -1);
    access_log_write(&b.log, &sample);
    assert_int_equal(loop_turn(b.loop, 0), 0);
    assert_int_equal(drain(b.out, text, sizeof text), 0);
    assert_int_equal(b.metrics.log_lines_lost, 0);
    bench_done(&b);
}

/* Nobody reads the pipe until far too much was logged: every line written is whole, and those
 * lost are counted and owned up to. */
static void slow_reader(void **state)
{
    struct bench b;
    size_t cap = 4 << 20, n = 0, lines = 0;
    char *text = malloc(cap);
    const size_t written = 6000;
    bench_init(&b, ACCESS_JSON);
    for (size_t i = 0; i < written; i++) {
        access_log_write(&b.log, &sample);
        assert_int_equal(loop_turn(b.loop, 0), 0);
    }
    uint64_t lost = b.metrics.log_lines_lost;
    assert_true(lost > 0 && lost < written);
    assert_int_equal(b.told, 0); /* the next try tells */
    assert_int_equal(loop_turn(b.loop, UINT64_MAX), 0);
    assert_true(b.told == 1 && b.err == -ERR_AGAIN && b.told_lost == lost);
    for (int i = 0; i < 200 && b.log.waiting.n; i++) {
        n += drain(b.out, text + n, cap - n);
        assert_int_equal(loop_turn(b.loop, b.loop->now + SECOND), 0);
    }
    assert_int_equal(b.log.waiting.n, 0);
    access_log_write(&b.log, &sample);
    assert_int_equal(loop_turn(b.loop, 0), 0);
    n += drain(b.out, text + n, cap - n);
    assert_int_equal(b.metrics.log_lines_lost, lost);
    assert_true(b.err == 0 && b.told_lost == lost);
    char notice[64];
    snprintf(notice, sizeof notice, "\"lines_lost\":%llu}\n", (unsigned long long)lost);
    text[n] = '\0';
    assert_non_null(strstr(text, notice));
    for (char *line = text; *line; line = strchr(line, '\n') + 1)
        if (strncmp(line, "{\"time\":", 8) == 0 && strchr(line, '\n')[-1] == '}')
            lines++; /* a torn fragment ends otherwise */
    assert_int_equal(lines, written - lost + 1 + 1); /* the notice and the last one */
    free(text);
    bench_done(&b);
}

/* A file that may not grow stands for a full disk. */
static void full_disk(void **state)
{
    struct bench b;
    struct rlimit old, small;
    char text[8192];
    FILE *f = tmpfile();
    bench_init(&b, ACCESS_COMBINED);
    access_log_reopen(&b.log, fileno(f));
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){150, old.rlim_max}; /* one line and a half */
    setrlimit(RLIMIT_FSIZE, &small);
    for (int i = 0; i < 3; i++)
        access_log_write(&b.log, &sample);
    assert_int_equal(loop_turn(b.loop, 0), 0);
    assert_true(b.log.torn && timer_running(&b.log.retry));
    assert_int_equal(loop_turn(b.loop, UINT64_MAX), 0); /* tries again after a second, in vain */
    assert_int_equal(b.loop->wall, 1);
    assert_true(timer_running(&b.log.retry));
    assert_true(b.told == 1 && b.err == -ERR_FILE_TOO_LARGE && b.told_lost == 0);
    while (b.loop->wall < 61) /* tried each second, told each minute */
        assert_int_equal(loop_turn(b.loop, UINT64_MAX), 0);
    assert_int_equal(b.told, 2);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(loop_turn(b.loop, UINT64_MAX), 0);
    assert_false(timer_running(&b.log.retry));
    assert_int_equal(b.log.waiting.n, 0);
    assert_true(b.told == 3 && b.err == 0);
    rewind(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    assert_int_equal(lines_in(text, n), 4); /* three, and a torn one that was closed */
    assert_non_null(strstr(text, "\"curl/8\"\n9.8.7.6 - - "));
    assert_int_equal(b.metrics.log_lines_lost, 0);
    setrlimit(RLIMIT_FSIZE, &small);
    access_log_write(&b.log, &sample);
    bench_done(&b); /* still refused: gone for good, but counted and told */
    assert_int_equal(b.metrics.log_lines_lost, 1);
    assert_true(b.err == -ERR_FILE_TOO_LARGE && b.told_lost == 1);
    setrlimit(RLIMIT_FSIZE, &old);
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json),
        cmocka_unit_test(combined),
        cmocka_unit_test(nothing_breaks_a_line),
        cmocka_unit_test(one_write_a_turn),
        cmocka_unit_test(slow_reader),
        cmocka_unit_test(full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
