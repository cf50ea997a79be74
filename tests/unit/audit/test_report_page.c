/* The terminal's report: no line is longer than the page, whatever its width; no escape that is not
 * ours, and none at all without colour; the facts are there. */
#include "audit/report_page.h"
#include "audit/report_text.h"
#include "report_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

/* Columns of a line, escapes of ours not counted; fails on any other control character. */
static size_t columns(struct str line, bool colour)
{
    size_t n = 0;
    for (size_t i = 0; i < line.n; n++) {
        if (line.p[i] == '\033') {
            size_t end = str_find(line, 'm', i);
            assert_true(colour);
            assert_true(end < line.n && end - i <= 11 && line.p[i + 1] == '[');
            for (size_t k = i + 2; k < end; k++)
                assert_true((line.p[k] >= '0' && line.p[k] <= '9') || line.p[k] == ';');
            i = end + 1;
            n--;
            continue;
        }
        size_t len = str_utf8(str_from(line, i));
        assert_true(len > 0);
        assert_true((unsigned char)line.p[i] >= 0x20 && line.p[i] != 0x7f);
        i += len;
    }
    return n;
}

static void check_lines(struct str text, unsigned width, bool colour)
{
    struct str line;
    while (text.n && str_split(&text, '\n', &line)) {
        size_t n = columns(line, colour);
        if (!colour && line.n && line.p[line.n - 1] == ' ')
            fail_msg("ends with a space: %.*s (width %u)", STR_ARG(line), width);
        if (n > width)
            fail_msg("%zu columns of %u: %.*s", n, width, STR_ARG(line));
    }
}

static void lines_of(const struct world *w, unsigned width, bool colour, bool verbose)
{
    struct report r;
    const struct report *one[] = {&r};
    w->build(&r);
    struct format_options o = {
        .colour = colour, .width = width, .verbose = verbose, .version = "1"};
    struct buf out = world_print(&report_terminal, &o, one, 1);
    check_lines(buf_str(&out), width ? width : 80, colour);
    buf_done(&out);
    world_done(&r);
}

static void every_width(void **state)
{
    for (unsigned width = 40; width <= 240; width++)
        for (size_t w = 0; w < sizeof worlds / sizeof *worlds; w++)
            if (width % 8 == 0 || width < 100)
                lines_of(&worlds[w], width, (width + w) % 2, width % 3 == 0);
    lines_of(&worlds[1], 0, false, true);
    lines_of(&worlds[3], 0, true, true);
}

static bool contains(struct str text, const char *part)
{
    return memmem(text.p, text.n, part, strlen(part)) != NULL;
}

static void tells_what_matters(void **state)
{
    struct report r;
    const struct report *one[] = {&r};
    world_terrible(&r);
    struct format_options o = {.width = 200};
    struct buf out = world_print(&report_terminal, &o, one, 1);
    static const char *const parts[] = {
        "shop.example.org:443",
        "connection refused",
        "expired 2026-01-05",
        "Why not A+",
        "Heartbleed CVE-2014-0160",
        "16384 bytes of memory came back",
        "(connection 12)",
        "SSLProtocol -all +TLSv1.2 +TLSv1.3",
        "Not testable",
        "Nothing answers on UDP port 443.",
        "EXPORT",
        "7 critical",
        "Mozilla modern",
        "T   0 · F if trust is ignored",
        "18 03 02 00 03 01",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!contains(buf_str(&out), parts[i]))
            fail_msg("missing: %s", parts[i]);
    assert_false(contains(buf_str(&out), "ssl_protocols")); /* it is an Apache */
    const char *text = buf_cstr(&out);
    assert_true(strstr(text, "Heartbleed CVE") < strstr(text, "\nhigh"));
    assert_true(strstr(text, "\nhigh") < strstr(text, "\nmedium"));
    buf_done(&out);
    r.server = STR("unknown");
    out = world_print(&report_terminal, &o, one, 1);
    assert_true(contains(buf_str(&out), "ssl_protocols"));
    assert_true(contains(buf_str(&out), "tls 1.2 1.3;"));
    assert_false(contains(buf_str(&out), "SSLProtocol"));
    buf_done(&out);
    world_done(&r);
}

static void wraps(void **state)
{
    struct buf out;
    struct report_page p;
    buf_init(&out, 4096);
    report_page_init(&p, &out, 20, false);
    report_page_indent(&p, 4);
    report_page_z(&p, INK_BOLD, "one two  three four");
    report_page_z(&p, INK_PLAIN, "abcdefghijklmnopqrstuvwxyz");
    report_page_line(&p);
    report_page_to(&p, 3);
    report_page_line(&p);
    report_page_rest(&p, INK_PLAIN, STR("exactly sixteen."));
    report_page_line(&p);
    report_page_rest(&p, INK_PLAIN, STR("more than sixteen."));
    report_page_line(&p);
    report_page_code(&p, INK_CODE, STR("a {\n  b c  defghijklmno;\n}"));
    assert_string_equal(buf_cstr(&out),
                        "    one two three\n    four\n    abcdefghijklmnop\n"
                        "    qrstuvwxyz\n    exactly sixteen.\n"
                        "    more than sixte…\n    a {\n      b c\n    defghijklmno;\n    }\n");
    buf_done(&out);
}

static void ink_ends_with_the_line(void **state)
{
    struct buf out;
    struct report_page p;
    buf_init(&out, 4096);
    report_page_init(&p, &out, 40, true);
    report_page_z(&p, INK_GOOD, "a b");
    report_page_z(&p, INK_PLAIN, "c");
    report_page_z(&p, INK_WORST, "d");
    report_page_line(&p);
    assert_string_equal(buf_cstr(&out), "\033[0;32ma b\033[0m c \033[0;1;97;41md\033[0m\n");
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width),
        cmocka_unit_test(tells_what_matters),
        cmocka_unit_test(wraps),
        cmocka_unit_test(ink_ends_with_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
