/* Dates against the C library's calendar, and the three forms. */
#include "wire/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static void formats(void **state)
{
    char text[DATE_TEXT + 1];
    date_format(784111777, text);
    assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    date_format(0, text);
    assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
    date_format(-1, text);
    assert_string_equal(text, "Wed, 31 Dec 1969 23:59:59 GMT");
    date_format(INT64_MAX, text);
    assert_string_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT");
    date_format(INT64_MIN, text);
    assert_string_equal(text, "Mon, 01 Jan 0001 00:00:00 GMT");
}

/* Steps of a prime number of seconds through 1902 to 2300: all weekdays, months, leap days. */
static void agrees_with_libc(void **state)
{
    for (int64_t wall = -2145916800; wall < INT64_C(10413792000); wall += 1000003) {
        char ours[DATE_TEXT + 1], theirs[64];
        time_t t = (time_t)wall;
        struct tm tm;
        int64_t back;
        date_format(wall, ours);
        assert_non_null(gmtime_r(&t, &tm));
        strftime(theirs, sizeof theirs, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        assert_string_equal(ours, theirs);
        assert_int_equal(date_parse(str_of(ours, DATE_TEXT), &back), 0);
        assert_true(back == wall);
    }
}

static void parses(void **state)
{
    static const struct {
        const char *text;
        int64_t wall;
        bool ok;
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777, true},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777, true},
        {"Sun Nov  6 08:49:37 1994", 784111777, true},
        {"Wed Nov 16 08:49:37 1994", 784975777, true},
        {"Thursday, 01-Jan-70 00:00:00 GMT", 0, true},
        {"Saturday, 01-Jan-00 00:00:00 GMT", 946684800, true},
        {"Tuesday, 31-Dec-69 23:59:59 GMT", INT64_C(3155759999), true},
        {"Mon, 06 Nov 1994 08:49:37 GMT", 784111777, true},
        {"Sat, 29 Feb 2020 00:00:00 GMT", 1582934400, true},
        {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800, true},
        {"Sun, 29 Feb 2019 00:00:00 GMT", 0, false},
        {"Sun, 29 Feb 1900 00:00:00 GMT", 0, false},
        {"Sun, 31 Apr 2019 00:00:00 GMT", 0, false},
        {"Sun, 00 Nov 1994 08:49:37 GMT", 0, false},
        {"Sun, 06 Nov 0000 08:49:37 GMT", 0, false},
        {"Sun, 06 Nov 1994 24:49:37 GMT", 0, false},
        {"Sun, 06 Nov 1994 08:60:37 GMT", 0, false},
        {"Sun, 06 Nov 1994 08:49:61 GMT", 0, false},
        {"Sun, 06 Nov 1994 08:49:37 UTC", 0, false},
        {"Sun, 06 Nov 1994 08:49:37 GMT ", 0, false},
        {" Sun, 06 Nov 1994 08:49:37 GMT", 0, false},
        {"sun, 06 nov 1994 08:49:37 gmt", 0, false},
        {"Sun, 6 Nov 1994 08:49:37 GMT", 0, false},
        {"Sun, +6 Nov 1994 08:49:37 GMT", 0, false},
        {"Sun, 06 Nov 94 08:49:37 GMT", 0, false},
        {"Sun Nov 6 08:49:37 1994", 0, false},
        {"Sun Nov  6 08:49:37 1994 GMT", 0, false},
        {"Xyz, 06 Nov 1994 08:49:37 GMT", 0, false},
        {"1994-11-06T08:49:37Z", 0, false},
        {"784111777", 0, false},
        {"", 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t wall = 42;
        int err = date_parse(str_c(rows[i].text), &wall);
        if (rows[i].ok ? err || wall != rows[i].wall : err != -ERR_SYNTAX || wall != 42)
            fail_msg("%s: %d %lld", rows[i].text, err, (long long)wall);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats),
        cmocka_unit_test(agrees_with_libc),
        cmocka_unit_test(parses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
