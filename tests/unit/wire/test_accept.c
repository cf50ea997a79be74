/* Negotiation: qualities, and which coding is chosen. */
#include "wire/accept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void qualities(void **state)
{
    static const struct {
        const char *value, *coding;
        int q;
    } rows[] = {
        {"gzip", "gzip", 1000},
        {"GZIP", "gzip", 1000},
        {"x-gzip", "gzip", 1000},
        {"deflate, gzip;q=0.5", "gzip", 500},
        {"gzip ; q=0.123", "gzip", 123},
        {"gzip;Q=1.000", "gzip", 1000},
        {"gzip;q=0.", "gzip", 0},
        {"gzip;q=0", "gzip", 0},
        {"*", "gzip", 1000},
        {"*;q=0.3", "br", 300},
        {"gzip;q=0.1,*;q=0.3", "gzip", 100},
        {"*;q=0", "gzip", 0},
        {"gzip", "br", -1},
        {"", "gzip", -1},
        {",,gzip", "gzip", 1000},
        {"gzip;q=1.001", "gzip", -1},
        {"gzip;q=2", "gzip", -1},
        {"gzip;q=-1", "gzip", -1},
        {"gzip;q=0.1234", "gzip", -1},
        {"gzip;q=", "gzip", -1},
        {"gzip;q=x", "gzip", -1},
        {"gzip;q=1;x=y", "gzip", 1000},
        {"gzip;x=\"a,b;q=0\"", "gzip", 1000},
        {"gzip;x=\"", "gzip", 1000},
        {"gzip;x=\"\\", "gzip", 1000},
        {"gzippy", "gzip", -1},
        {";q=1", "gzip", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int q = accept_quality(str_c(rows[i].value), str_c(rows[i].coding));
        if (q != rows[i].q)
            fail_msg("%s: %d instead of %d", rows[i].value, q, rows[i].q);
    }
}

#define G CODING_BIT(CODING_GZIP)
#define B CODING_BIT(CODING_BR)
#define Z CODING_BIT(CODING_ZSTD)

static void choices(void **state)
{
    static const struct {
        const char *lines[2];
        unsigned available;
        enum coding want;
    } rows[] = {
        {{NULL}, G | B | Z, CODING_IDENTITY},
        {{""}, G | B | Z, CODING_IDENTITY},
        {{"gzip, deflate, br, zstd"}, G | B | Z, CODING_BR},
        {{"gzip, deflate, br, zstd"}, G | Z, CODING_ZSTD},
        {{"gzip, deflate, br, zstd"}, G, CODING_GZIP},
        {{"gzip, deflate, br, zstd"}, 0, CODING_IDENTITY},
        {{"gzip, br;q=0.9"}, G | B | Z, CODING_GZIP},
        {{"gzip;q=0.5, identity"}, G, CODING_IDENTITY},
        {{"gzip;q=0.5, identity;q=0.5"}, G, CODING_GZIP},
        {{"gzip;q=0.5"}, G, CODING_GZIP},
        {{"gzip;q=0"}, G, CODING_IDENTITY},
        {{"identity;q=0"}, G, CODING_IDENTITY},
        {{"*"}, G | B, CODING_BR},
        {{"*;q=0"}, G | B, CODING_IDENTITY},
        {{"br;q=0, *"}, G | B, CODING_GZIP},
        {{"gzip;q=0.001, *;q=0"}, G | B, CODING_GZIP},
        {{"gzip", "br"}, G | B, CODING_BR},
        {{"deflate", "gzip"}, G | B, CODING_GZIP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct field fields[2];
        struct head h = {.fields = fields, .cap = 2};
        for (size_t k = 0; k < 2 && rows[i].lines[k]; k++)
            assert_int_equal(head_add(&h, FIELD_ACCEPT_ENCODING, str_c(rows[i].lines[k])), 0);
        enum coding got = accept_coding(&h, rows[i].available);
        if (got != rows[i].want)
            fail_msg("%s: %.*s", rows[i].lines[0], STR_ARG(coding_name(got)));
    }
}

static void media(void **state)
{
    struct str html = STR("text/html");
    assert_int_equal(accept_media(STR(""), html), 1000);
    assert_int_equal(accept_media(STR("*/*"), html), 1000);
    assert_int_equal(accept_media(STR("text/*;q=0.5, */*;q=0.1"), html), 500);
    assert_int_equal(accept_media(STR("*/*, text/html;q=0"), html), 0);
    assert_int_equal(accept_media(STR("application/json"), html), 0);
    assert_int_equal(accept_media(STR("TEXT/HTML;level=1;q=0.4"), html), 400);
    assert_int_equal(accept_media(STR("textual/*"), html), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(qualities),
        cmocka_unit_test(choices),
        cmocka_unit_test(media),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
