/* Chunked bodies: the same answer however they are cut. */
#include "wire/chunk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define A16  "aaaaaaaaaaaaaaaa"
#define A128 A16 A16 A16 A16 A16 A16 A16 A16

/* Feeds `text` in pieces of `step` bytes; the body to `out`, what is left over to *ret_rest. */
static int decode(const char *text, size_t n, size_t step, char *out, size_t *ret_n,
                  size_t *ret_rest)
{
    struct chunk_decoder d;
    size_t at = 0;
    int got = 0;
    chunk_init(&d);
    *ret_n = 0;
    while (at < n && got == 0) {
        size_t len = n - at < step ? n - at : step;
        char *exact = malloc(len);
        assert_non_null(exact);
        memcpy(exact, text + at, len);
        struct str in = str_of(exact, len), data;
        while ((got = chunk_next(&d, &in, &data)) == 1) {
            memcpy(out + *ret_n, data.p, data.n);
            *ret_n += data.n;
        }
        at += len - in.n;
        free(exact);
    }
    *ret_rest = n - at;
    return got;
}

static const struct {
    const char *text, *body;
    int result; /* 2: complete */
    size_t rest;
} rows[] = {
    {"0\r\n\r\n", "", 2, 2},
    {"3\r\nabc\r\n0\r\n\r\n", "abc", 2, 2},
    {"3\r\nabc\r\n00000\r\nX: y\r\n\r\n", "abc", 2, 8},
    {"0000000000000003\r\nabc\r\n0\r\n", "abc", 2, 0},
    {"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n", "01234567890123456789", 2, 0},
    {"3;a\r\nabc\r\n0;b=c\r\n", "abc", 2, 0},
    {"3;a;b;c=d;e=\"f; \\\" \r\"\r\nabc\r\n0\r\n", "", -ERR_HTTP_CHUNK, 0},
    {"3;a;b;c=d;e=\"f; \\\" \t\"\r\nabc\r\n0\r\n", "abc", 2, 0},
    {"3;a=\"\"\r\nabc\r\n0\r\n", "abc", 2, 0},
    {"3\r\nab", "ab", 0, 0},
    {"3\r\nabc\r\n", "abc", 0, 0},
    {"7fffffffffffffff\r\na", "a", 0, 0},
    {"8000000000000000\r\na", "", -ERR_HTTP_CHUNK, 0},
    {"ffffffffffffffff\r\n", "", -ERR_HTTP_CHUNK, 0},
    {"00000000000000003\r\nabc", "", -ERR_HTTP_CHUNK, 0},
    {"\r\n", "", -ERR_HTTP_CHUNK, 0},
    {";a\r\n", "", -ERR_HTTP_CHUNK, 0},
    {"g\r\n", "", -ERR_HTTP_CHUNK, 0},
    {"0x3\r\n", "", -ERR_HTTP_CHUNK, 0},
    {"+3\r\n", "", -ERR_HTTP_CHUNK, 0},
    {" 3\r\n", "", -ERR_HTTP_CHUNK, 0},
    {"3 \r\n", "", -ERR_HTTP_CHUNK, 0},
    {"3\t;a\r\n", "", -ERR_HTTP_CHUNK, 0},
    {"3\nabc\r\n", "", -ERR_HTTP_CHUNK, 0},
    {"3\rabc\r\n", "", -ERR_HTTP_CHUNK, 0},
    {"3\r\nabc\n0\r\n", "abc", -ERR_HTTP_CHUNK, 0},
    {"3\r\nabcd\r\n", "abc", -ERR_HTTP_CHUNK, 0},
    {"3\r\nabc\r0\r\n", "abc", -ERR_HTTP_CHUNK, 0},
    {"3;\r\nabc", "", -ERR_HTTP_CHUNK, 0},
    {"3;;a\r\nabc", "", -ERR_HTTP_CHUNK, 0},
    {"3;=a\r\nabc", "", -ERR_HTTP_CHUNK, 0},
    {"3;a=\r\nabc", "", -ERR_HTTP_CHUNK, 0},
    {"3;a=b c\r\nabc", "", -ERR_HTTP_CHUNK, 0},
    {"3;a=\"b\"c\r\nabc", "", -ERR_HTTP_CHUNK, 0},
    {"3;a=\"\nb\"\r\nabc", "", -ERR_HTTP_CHUNK, 0},
    {"3;a=\"\\\nb\"\r\nabc", "", -ERR_HTTP_CHUNK, 0},
    {"3; a\r\nabc", "", -ERR_HTTP_CHUNK, 0},
    {"3;a\n\r\nabc", "", -ERR_HTTP_CHUNK, 0},
    {"1;" A128 A16 A16 A16 "\r\nx\r\n0;a\r\n", "x", 2, 0},
    {"1;" A128 A128 "\r\nx\r\n0;a\r\n", "", -ERR_HTTP_CHUNK, 0},
    {"1;" A128 "\r\nx\r\n1;" A128 "\r\ny\r\n0\r\n", "x", -ERR_HTTP_CHUNK, 0},
};

static void table_at_every_step(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = strlen(rows[i].text);
        for (size_t step = 1; step <= n; step++) {
            char out[1024];
            size_t len, rest;
            int got = decode(rows[i].text, n, step, out, &len, &rest);
            if (got != rows[i].result || !str_eq(str_of(out, len), str_c(rows[i].body)) ||
                (got == 2 && rest != rows[i].rest))
                fail_msg("%s by %zu: %d, \"%.*s\"", rows[i].text, step, got, (int)len, out);
        }
    }
}

static void done_stays_done(void **state)
{
    struct chunk_decoder d;
    struct str in = STR("0\r\nmore"), data;
    chunk_init(&d);
    assert_int_equal(chunk_next(&d, &in, &data), 2);
    assert_int_equal(chunk_next(&d, &in, &data), 2);
    assert_true(str_eq(in, STR("more")));
}

static void heads(void **state)
{
    static const uint64_t sizes[] = {1, 15, 16, 4096, 65535, UINT64_C(0x7fffffffffffffff)};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char out[CHUNK_HEAD_MAX];
        size_t n = chunk_emit_head(out, sizes[i]);
        uint64_t back;
        assert_true(n >= 3 && n <= sizeof out && out[n - 2] == '\r' && out[n - 1] == '\n');
        assert_true(str_hex_u64(str_of(out, n - 2), &back) && back == sizes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_at_every_step),
        cmocka_unit_test(done_stays_done),
        cmocka_unit_test(heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
