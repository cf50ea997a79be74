/* Records: what is one, what is none, and how much of it must be there to tell. */
#include "wire/tlsrec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static int parse(struct tlsrec *r, const char *p, size_t n)
{
    char *exact = malloc(n ? n : 1); /* so that a read beyond it is seen */
    memcpy(exact, p, n);
    int err = tlsrec_parse(r, str_of(exact, n));
    free(exact);
    return err;
}

static void test_heads(void **state)
{
    static const struct {
        const char *p;
        size_t n;
        int err;
    } rows[] = {
        {"", 0, -ERR_NEED_MORE},
        {"\x16", 1, -ERR_NEED_MORE},
        {"\x16\3", 2, -ERR_NEED_MORE},
        {"\x16\3\1\0", 4, -ERR_NEED_MORE},
        {"\x16\3\1\0\0", 5, 0},
        {"\x16\3\1\0\1", 5, -ERR_NEED_MORE},
        {"\x16\3\1\0\1x", 6, 0},
        {"\x16\3\1\0\1xy", 7, 0},
        {"\x16\3\xff\0\1x", 6, 0},
        {"\x14\3\3\0\1x", 6, 0},
        {"\x18\3\3\0\1x", 6, 0},
        {"\x3f\3\3\0\1x", 6, 0},
        {"\x40", 1, -ERR_TLS_NOT_TLS},
        {"\x13", 1, -ERR_TLS_NOT_TLS},
        {"\0", 1, -ERR_TLS_NOT_TLS},
        {"\x80", 1, -ERR_TLS_NOT_TLS},
        {"\xff\3\3\0\1x", 6, -ERR_TLS_NOT_TLS},
        {"\x16\2", 2, -ERR_TLS_NOT_TLS},
        {"\x16\4\0\0\0", 5, -ERR_TLS_NOT_TLS},
        {"HTTP/", 5, -ERR_TLS_NOT_TLS},
        {"\x16\3\3\x48\0", 5, -ERR_NEED_MORE},
        {"\x16\3\3\x48\1", 5, -ERR_TLS_DECODE},
        {"\x16\3\3\xff\xff", 5, -ERR_TLS_DECODE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tlsrec r = {.used = 99};
        assert_int_equal(parse(&r, rows[i].p, rows[i].n), rows[i].err);
        if (rows[i].err)
            assert_int_equal(r.used, 99);
        else
            assert_int_equal(r.used, 5 + r.body.n);
    }
}

static void test_fields(void **state)
{
    struct tlsrec r;
    struct str in = STR("\x17\3\2\0\3abcd");
    assert_int_equal(tlsrec_parse(&r, in), 0);
    assert_int_equal(r.type, TLSREC_DATA);
    assert_int_equal(r.version, TLS_WIRE_11);
    assert_true(str_eq(r.body, STR("abc")));
    assert_ptr_equal(r.body.p, in.p + 5);
    assert_int_equal(r.used, 8);
}

/* What is emitted reads back, in pieces of the size wanted. */
static void test_emit(void **state)
{
    static const size_t sizes[] = {0, 1, 5, 16384, 16385, 40000}, fragments[] = {0, 1, 3, 16384, 99999};
    static char payload[40000];
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (char)(i * 7);
    for (size_t i = 0; i < 6; i++)
        for (size_t k = 0; k < 5; k++) {
            size_t most = fragments[k] && fragments[k] < 16384 ? fragments[k] : 16384, records = 0, at = 0;
            struct buf out;
            struct tlsrec r;
            buf_init(&out, 1 << 20);
            tlsrec_emit(&out, TLSREC_HANDSHAKE, TLS_WIRE_10, str_of(payload, sizes[i]), fragments[k]);
            assert_int_equal(buf_err(&out), 0);
            for (struct str rest = buf_str(&out); rest.n; rest = str_from(rest, r.used), records++) {
                assert_int_equal(tlsrec_parse(&r, rest), 0);
                assert_true(r.body.n <= most && r.type == TLSREC_HANDSHAKE && r.version == TLS_WIRE_10);
                assert_memory_equal(r.body.p, payload + at, r.body.n);
                at += r.body.n;
            }
            assert_int_equal(at, sizes[i]);
            assert_int_equal(records, sizes[i] ? (sizes[i] + most - 1) / most : 1);
            buf_done(&out);
        }
}

static void test_emit_beyond_the_buffer(void **state)
{
    struct buf out;
    buf_init(&out, 20);
    tlsrec_emit(&out, TLSREC_DATA, TLS_WIRE_12, STR("more than twenty bytes"), 4);
    assert_int_equal(buf_err(&out), -ERR_LIMIT);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_emit),
        cmocka_unit_test(test_emit_beyond_the_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
