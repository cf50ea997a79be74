/* SSL 2.0's hellos, byte by byte. */
#include "wire/ssl2.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const unsigned char challenge[16] = "0123456789abcdef";

static void test_client_hello(void **state)
{
    struct buf out;
    buf_init(&out, 200);
    ssl2_client_hello_emit(&out, challenge);
    struct str s = buf_str(&out);
    assert_int_equal(s.n, 2 + 9 + 24 + 16);
    assert_memory_equal(s.p, "\x80\x31\1\0\2\0\x18\0\0\0\x10", 11);
    assert_memory_equal(s.p + s.n - 16, challenge, 16);
    for (size_t i = 0; i < 8; i++) /* kinds 1 to 8 */
        assert_int_equal(s.p[11 + 3 * i], i + 1);
    buf_done(&out);
}

/* A SERVER-HELLO of certificate, specs and connection id, with `padding` bytes (then a head of 3). */
static void server_hello(struct buf *out, struct str cert, struct str specs, struct str id, int padding)
{
    size_t n = 11 + cert.n + specs.n + id.n;
    buf_clear(out);
    buf_addc(out, (char)(padding < 0 ? 0x80 | n >> 8 : (n + (size_t)padding) >> 8));
    buf_addc(out, (char)(padding < 0 ? n : n + (size_t)padding));
    if (padding >= 0)
        buf_addc(out, (char)padding);
    buf_add(out, str_of("\4\0\1\0\2", 5));
    const size_t lengths[] = {cert.n, specs.n, id.n};
    for (size_t i = 0; i < 3; i++) {
        buf_addc(out, (char)(lengths[i] >> 8));
        buf_addc(out, (char)lengths[i]);
    }
    buf_add(out, cert);
    buf_add(out, specs);
    buf_add(out, id);
    for (int i = 0; i < padding; i++)
        buf_addc(out, 0);
}

static int parse(struct ssl2_server_hello *h, struct str in)
{
    char *exact = malloc(in.n ? in.n : 1);
    if (in.n)
        memcpy(exact, in.p, in.n);
    struct ssl2_server_hello got;
    int err = ssl2_server_hello_parse(&got, str_of(exact, in.n));
    if (!err) {
        assert_true(got.specs.n == 0 || got.specs.p >= exact);
        *h = got;
        h->certificate = h->specs = h->connection_id = STR_NONE;
    }
    free(exact);
    return err;
}

static void test_server_hello(void **state)
{
    struct buf b;
    struct ssl2_server_hello h;
    buf_init(&b, 70000);
    for (int padding = -1; padding < 8; padding++) {
        server_hello(&b, STR("certificate"), str_of("\1\0\x80\7\0\xc0", 6), STR("id id id"), padding);
        assert_int_equal(ssl2_server_hello_parse(&h, buf_str(&b)), 0);
        assert_int_equal(h.version, 2);
        assert_false(h.session_hit);
        assert_true(str_eq(h.certificate, STR("certificate")));
        assert_int_equal(h.specs.n, 6);
        assert_true(str_eq(h.connection_id, STR("id id id")));
        for (size_t n = 0; n < b.n; n++)
            assert_int_equal(parse(&h, str_sub(buf_str(&b), 0, n)), -ERR_NEED_MORE);
        buf_add(&b, STR("what comes next"));
        assert_int_equal(parse(&h, buf_str(&b)), 0);
    }
    /* offered, and nothing in common */
    server_hello(&b, STR("c"), STR_NONE, STR_NONE, -1);
    assert_int_equal(ssl2_server_hello_parse(&h, buf_str(&b)), 0);
    assert_int_equal(h.specs.n, 0);
    buf_done(&b);
}

/* Each length inside off by one either way: beyond the record it is refused. */
static void test_lengths(void **state)
{
    struct buf b;
    struct ssl2_server_hello h;
    buf_init(&b, 1000);
    for (size_t at = 7; at < 13; at += 2) {
        server_hello(&b, STR("cert"), str_of("\1\0\x80", 3), STR("id"), -1);
        b.mem[at + 1]++;
        assert_int_equal(parse(&h, buf_str(&b)), -ERR_TLS_DECODE);
        b.mem[at + 1] = (char)0xff;
        b.mem[at] = (char)0xff;
        assert_int_equal(parse(&h, buf_str(&b)), -ERR_TLS_DECODE);
    }
    server_hello(&b, STR("cert"), str_of("\1\0\x80\2", 4), STR("id"), -1); /* not by threes */
    assert_int_equal(parse(&h, buf_str(&b)), -ERR_TLS_DECODE);
    server_hello(&b, STR("cert"), str_of("\1\0\x80", 3), STR("id"), -1);
    b.mem[6] = 3; /* version 0x0003 */
    assert_int_equal(parse(&h, buf_str(&b)), -ERR_TLS_DECODE);
    buf_done(&b);
}

/* Whoever speaks something else is told at once, not waited for. */
static void test_others(void **state)
{
    static const struct str rows[] = {
        {"\x15\3\0\0\2\2\x28", 7}, {"\x15\3\1", 3},           {"\x16\3\1\0\x40", 5},
        {"HTTP/1.1 400", 12},      {"\x80\3\0\0\1", 5},        {"\x80\x02\0", 3},
        {"SSH-2.0-x", 9},          {"220 mail ESMTP", 14},
    };
    struct ssl2_server_hello h;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(parse(&h, rows[i]), -ERR_TLS_DECODE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_hello),
        cmocka_unit_test(test_server_hello),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
