/* The living line: as wide at most as it may be, never an escape without colour, and gone at the end. */
#include "audit/report_progress.h"
#include "audit/report_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void same_width_always(void **state)
{
    static const struct audit_progress rows[] = {
        {0, 0, NULL},
        {0, 30, "tls 1.3"},
        {17, 38, "heartbleed"},
        {38, 38, "\033[2Jowned"},
        {99, 38, "more than was known"},
        {UINT32_MAX, UINT32_MAX, ""},
    };
    for (unsigned width = 0; width <= 300; width += 3)
        for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
            struct format_options o = {.width = width};
            unsigned want = width < 40 ? 39 : width > 240 ? 239 : width - 1;
            struct buf out;
            buf_init(&out, 4096);
            report_progress_draw(&out, &rows[i], i, &o);
            assert_true(out.n && buf_str(&out).p[0] == '\r');
            assert_int_equal(report_text_width(buf_str(&out)), want + 1);
            assert_null(memchr(out.mem, '\033', out.n));
            assert_null(memchr(out.mem, '\n', out.n));
            buf_done(&out);
        }
}

static void shows_how_far(void **state)
{
    struct format_options o = {.width = 80};
    struct audit_progress p = {19, 38, "heartbleed"};
    struct buf out;
    buf_init(&out, 4096);
    report_progress_draw(&out, &p, 10, &o);
    static const char want[] = "\r⠋ ██████████·········· 19/38 heartbleed  ";
    assert_memory_equal(buf_cstr(&out), want, sizeof want - 1);
    buf_clear(&out);
    o.colour = true;
    report_progress_draw(&out, &p, 10, &o);
    assert_non_null(strstr(buf_cstr(&out), "\033[0m "));
    buf_clear(&out);
    report_progress_erase(&out, &o);
    assert_int_equal(out.n, 81);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_width_always),
        cmocka_unit_test(shows_how_far),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
