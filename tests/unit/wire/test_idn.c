/* U-labels and A-labels: RFC 3492's own examples, names as registries hold them, and refusals. */
#include "wire/idn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

static const struct {
    const char *text, *ascii;
} both_ways[] = {
    {"example.com", "example.com"},
    {"münchen.de", "xn--mnchen-3ya.de"},
    {"faß.de", "xn--fa-hia.de"},
    {"ü", "xn--tda"},
    {"президент.рф", "xn--d1abbgf6aiiy.xn--p1ai"},
    {"παράδειγμα.δοκιμή", "xn--hxajbheg2az3al.xn--jxalpdlp"},
    {"例え.テスト", "xn--r8jz45g.xn--zckzah"},
    {"他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye"},
    {"למההםפשוטלאמדבריםעברית", "xn--4dbcagdahymbxekheh6e0a7fei0b"},
    {"3年b組金八先生", "xn--3b-ww4c5e180e575a65lsy2b"},
    {"한국.test", "xn--3e0b707e.test"},
    {"l·l.cat", "xn--ll-0ea.cat"},
    {"_443._tcp.bücher.example", "_443._tcp.xn--bcher-kva.example"},
};

static void test_both_ways(void **state)
{
    for (size_t i = 0; i < sizeof both_ways / sizeof *both_ways; i++) {
        char ascii[IDN_MAX], text[IDN_TEXT_MAX];
        struct str got;
        assert_int_equal(idn_to_ascii(str_c(both_ways[i].text), ascii, &got), 0);
        assert_string_equal(ascii, both_ways[i].ascii);
        assert_int_equal(got.n, strlen(ascii));
        idn_to_text(got, text);
        assert_string_equal(text, both_ways[i].text);
    }
}

static void test_mapping(void **state)
{
    static const char *const rows[][2] = {
        {"EXAMPLE.Com", "example.com"},
        {"example.com.", "example.com"},
        {"MÜNCHEN.DE", "xn--mnchen-3ya.de"},
        {"ПРЕЗИДЕНТ.РФ", "xn--d1abbgf6aiiy.xn--p1ai"},
        {"ΠΑΡΆΔΕΙΓΜΑ.ΔΟΚΙΜΉ", "xn--hxajbheg2az3al.xn--jxalpdlp"},
        {"ŁÓDŹ.pl", "xn--d-uga0v4h.pl"},
        {"例え。テスト", "xn--r8jz45g.xn--zckzah"},
        {"XN--MNCHEN-3YA.de", "xn--mnchen-3ya.de"},
        {"host_name.internal", "host_name.internal"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char ascii[IDN_MAX];
        struct str got;
        assert_int_equal(idn_to_ascii(str_c(rows[i][0]), ascii, &got), 0);
        assert_string_equal(ascii, rows[i][1]);
    }
}

static void test_refusals(void **state)
{
    static const struct {
        const char *name;
        int err;
    } rows[] = {
        {"", -ERR_SYNTAX},
        {".", -ERR_SYNTAX},
        {"a..b", -ERR_SYNTAX},
        {"a b", -ERR_SYNTAX},
        {"a/b", -ERR_SYNTAX},
        {"\xff", -ERR_SYNTAX},
        {"a\xc3", -ERR_SYNTAX},
        {"-ü", -ERR_SYNTAX},
        {"ü-", -ERR_SYNTAX},
        {"xn--ü", -ERR_SYNTAX},
        {"mu\xcc\x88nchen", -ERR_UNSUPPORTED}, /* u and a loose diaeresis */
        {"\xef\xbd\x81", -ERR_UNSUPPORTED},    /* full width a */
        {"a\xe2\x80\x8b"
         "b",
         -ERR_UNSUPPORTED},                       /* zero width space */
        {"pay\xe2\x81\x84pal", -ERR_UNSUPPORTED}, /* a slash that is none */
        {"\xf0\x9f\x92\xa9", -ERR_UNSUPPORTED},
        {"İstanbul", -ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char ascii[IDN_MAX];
        struct str got = STR("untouched");
        assert_int_equal(idn_to_ascii(str_c(rows[i].name), ascii, &got), rows[i].err);
        assert_true(str_eq(got, STR("untouched")));
    }
}

static void test_lengths(void **state)
{
    char name[400], ascii[IDN_MAX];
    struct str got;
    memset(name, 'a', sizeof name);
    assert_int_equal(idn_to_ascii(str_of(name, 63), ascii, &got), 0);
    assert_int_equal(idn_to_ascii(str_of(name, 64), ascii, &got), -ERR_NAME_TOO_LONG);
    name[63] = name[127] = name[191] = '.';
    assert_int_equal(idn_to_ascii(str_of(name, 253), ascii, &got), 0);
    assert_int_equal(got.n, 253);
    assert_int_equal(idn_to_ascii(str_of(name, 254), ascii, &got), -ERR_NAME_TOO_LONG);
    memcpy(name, "ü", 2); /* 62 characters, whose A-label is longer than 63 */
    assert_int_equal(idn_to_ascii(str_of(name, 63), ascii, &got), -ERR_NAME_TOO_LONG);
}

/* What is no A-label of ours is shown as it is. */
static void test_shown_as_it_is(void **state)
{
    static const char *const names[] = {
        "xn--",
        "xn--a",
        "xn--99999999999",
        "xn--mnchen-3yA1.de",
        "xn--A-.com",
        "xn--ls8h.com", /* a picture */
        "xn--tda-",
        "a..b",
        "",
        "\xff\xfe",
    };
    char text[IDN_TEXT_MAX];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        idn_to_text(str_c(names[i]), text);
        assert_string_equal(text, names[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),      cmocka_unit_test(test_mapping),
        cmocka_unit_test(test_refusals),       cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_shown_as_it_is),
    };
    return cmocka_run_group_tests_name("idn", tests, NULL, NULL);
}
