/* The error log, through a pipe. */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

static int fds[2];

static int setup(void **state)
{
    return pipe(fds);
}

static int teardown(void **state)
{
    close(fds[0]);
    return close(fds[1]);
}

static size_t take(char *out, size_t cap)
{
    ssize_t n = read(fds[0], out, cap - 1);
    assert_true(n > 0);
    out[n] = '\0';
    return (size_t)n;
}

static void one_call_one_line(void **state)
{
    char text[4096];
    struct log log = {.fd = fds[1], .level = LOG_WARN, .role = "worker 1"};
    log_write(&log, LOG_WARN, "from %s: \"%s\"", "peer", "a\nerror: forged\x1b[2J");
    take(text, sizeof text);
    assert_string_equal(text,
                        "worker 1 warning: from peer: \"a\\x0aerror: forged\\x1b[2J\"\n");
}

static void levels(void **state)
{
    char text[4096];
    struct log log = {.fd = fds[1], .level = LOG_INFO, .timestamps = true};
    log_write(&log, LOG_DEBUG, "dropped");
    log_write(&log, LOG_ERROR, "kept");
    take(text, sizeof text);
    int y, mo, d, h, mi, s, end = 0;
    assert_int_equal(sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ error: kept\n%n", &y, &mo, &d, &h, &mi,
                            &s, &end), 6);
    assert_int_equal(text[end], '\0');
    log_write(NULL, LOG_ERROR, "harmless");
    log.fd = -1;
    log_write(&log, LOG_ERROR, "harmless");
}

static void long_lines_are_cut(void **state)
{
    char text[8192], big[6000];
    struct log log = {.fd = fds[1], .level = LOG_INFO};
    memset(big, '\n', sizeof big); /* each becomes four characters */
    big[sizeof big - 1] = '\0';
    log_write(&log, LOG_ERROR, "%s", big);
    size_t n = take(text, sizeof text);
    assert_true(n <= 4096);
    assert_ptr_equal(strchr(text, '\n'), text + n - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_call_one_line, setup, teardown),
        cmocka_unit_test_setup_teardown(levels, setup, teardown),
        cmocka_unit_test_setup_teardown(long_lines_are_cut, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
