/* What of a PEM text goes on. */
#include "wire/pem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define CERT(text) "-----BEGIN CERTIFICATE-----\n" text "\n-----END CERTIFICATE-----\n"
#define KEY "-----BEGIN PRIVATE KEY-----\nS3CRET\n-----END PRIVATE KEY-----\n"
#define OLD_KEY "-----BEGIN EC PRIVATE KEY-----\r\nS3CRET\r\n-----END EC PRIVATE KEY-----\r\n"

static const struct {
    const char *text, *kept;
} rows[] = {
    {"", ""},
    {CERT("a"), CERT("a")},
    {CERT("a") CERT("b"), CERT("a") CERT("b")},
    {CERT("a") KEY, CERT("a")},
    {KEY CERT("a"), CERT("a")},
    {CERT("a") OLD_KEY CERT("b") KEY, CERT("a") CERT("b")},
    {KEY, ""},
    {"S3CRET\n" CERT("a") "S3CRET\n" CERT("b") "S3CRET", CERT("a") CERT("b")},
    {CERT("a") "-----BEGIN ENCRYPTED PRIVATE KEY-----\nS3CRET\n", CERT("a")},
    {CERT("a") "-----BEGIN CERTIFICATE-----\nS3CRET\n", CERT("a")},
    {CERT("a") "-----BEGIN CERTIFICATE-----\nS3CRET\n-----END CERTIFICATE", CERT("a")},
    {CERT("a") "-----BEGIN ", CERT("a")},
    {CERT("a") "-----BEGIN CERTIFICATE-----\nb\n" KEY CERT("c"), CERT("a") CERT("c")},
    {"-----BEGIN CERTIFICATE-----\r\na\r\n-----END CERTIFICATE-----\r\n" KEY,
     "-----BEGIN CERTIFICATE-----\r\na\r\n-----END CERTIFICATE-----\r\n"},
    {KEY "-----BEGIN X509 CERTIFICATE-----\na\n-----END X509 CERTIFICATE-----",
     "-----BEGIN X509 CERTIFICATE-----\na\n-----END X509 CERTIFICATE-----"},
};

static void keeps_certificates(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b;
        buf_init(&b, 4096);
        assert_int_equal(buf_append(&b, str_c(rows[i].text)), 0);
        pem_only_certificates(&b);
        if (!str_eq(buf_str(&b), str_c(rows[i].kept)))
            fail_msg("row %zu: %.*s", i, STR_ARG(buf_str(&b)));
        buf_done(&b);
    }
}

/* The memory is used again, and may be looked at: what is gone must be gone from there, too. */
static void leaves_no_secret(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b;
        size_t n = strlen(rows[i].text);
        buf_init(&b, 4096);
        assert_int_equal(buf_append(&b, str_c(rows[i].text)), 0);
        pem_only_certificates(&b);
        if (n && memmem(b.mem + b.off, n, "S3CRET", 6))
            fail_msg("row %zu", i);
        buf_done(&b);
    }
}

/* Behind what was consumed, the same. */
static void works_behind_an_offset(void **state)
{
    struct buf b;
    buf_init(&b, 4096);
    assert_int_equal(buf_append(&b, STR("gone" KEY CERT("a"))), 0);
    buf_consume(&b, 4);
    pem_only_certificates(&b);
    assert_true(str_eq(buf_str(&b), STR(CERT("a"))));
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_certificates),
        cmocka_unit_test(leaves_no_secret),
        cmocka_unit_test(works_behind_an_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
