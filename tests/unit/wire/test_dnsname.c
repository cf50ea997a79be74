/* Names: text both ways, and what a message's compression can try. */
#include "wire/dnsname.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct dnsname name_of(const char *text)
{
    struct dnsname n;
    assert_int_equal(dnsname_parse(&n, str_c(text)), 0);
    return n;
}

static void assert_text(const struct dnsname *n, const char *text)
{
    char out[DNSNAME_TEXT_MAX];
    dnsname_text(n, out);
    assert_string_equal(out, text);
}

static void test_text(void **state)
{
    static const char *const rows[][2] = {
        {"Example.COM", "example.com"},
        {"example.com.", "example.com"},
        {".", "."},
        {"_443._tcp.a-b", "_443._tcp.a-b"},
        {"a\\.b.c", "a\\.b.c"},
        {"\\065\\000.x", "a\\000.x"},
        {"\\\\", "\\\\"},
        {"*.x", "*.x"},
        {"a b", "a\\032b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dnsname n = name_of(rows[i][0]);
        assert_text(&n, rows[i][1]);
    }
    struct dnsname n = name_of("ab.c");
    assert_int_equal(n.n, 6);
    assert_memory_equal(n.wire, "\2ab\1c\0", 6);
}

static void test_bad_text(void **state)
{
    static const char *const bad[] = {"", "..", "a..b", ".a", "a\\", "a\\2", "a\\25x", "a\\256"};
    struct dnsname n = {.n = 7};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(dnsname_parse(&n, str_c(bad[i])), -ERR_SYNTAX);
    assert_int_equal(n.n, 7);
}

static void test_lengths(void **state)
{
    char text[300];
    struct dnsname n;
    memset(text, 'a', sizeof text);
    assert_int_equal(dnsname_parse(&n, str_of(text, 63)), 0);
    assert_int_equal(dnsname_parse(&n, str_of(text, 64)), -ERR_NAME_TOO_LONG);
    text[63] = text[127] = text[191] = '.';
    assert_int_equal(dnsname_parse(&n, str_of(text, 253)), 0);
    assert_int_equal(n.n, 255);
    assert_int_equal(dnsname_prefix(&n, STR("a")), -ERR_NAME_TOO_LONG);
    assert_int_equal(n.n, 255);
    assert_int_equal(dnsname_parse(&n, str_of(text, 254)), -ERR_NAME_TOO_LONG);
}

static void test_family(void **state)
{
    struct dnsname n = name_of("a.b");
    assert_int_equal(dnsname_prefix(&n, STR("_TCP")), 0);
    assert_text(&n, "_tcp.a.b");
    assert_int_equal(dnsname_prefix(&n, STR("")), -ERR_SYNTAX);
    for (int i = 0; i < 3; i++)
        n = dnsname_parent(&n);
    assert_true(dnsname_is_root(&n));
    n = dnsname_parent(&n);
    assert_true(dnsname_is_root(&n));
    struct dnsname x = name_of("x.y"), y = name_of("X.Y."), z = name_of("x\\.y");
    assert_true(dnsname_eq(&x, &y));
    assert_false(dnsname_eq(&x, &z));
}

static void test_compressed(void **state)
{
    /* at 0: "b.c", at 5: "a" and the pointer to 0, at 9: a pointer to 5 */
    struct str m = STR("\1b\1c\0\1a\xc0\0\xc0\5");
    struct dnsname n;
    size_t at = 5;
    assert_int_equal(dnsname_read(&n, m, &at), 0);
    assert_text(&n, "a.b.c");
    assert_int_equal(at, 9);
    assert_int_equal(dnsname_read(&n, m, &at), 0);
    assert_text(&n, "a.b.c");
    assert_int_equal(at, 11);
}

static void test_bad_compression(void **state)
{
    static const struct {
        struct str m;
        size_t at;
    } rows[] = {
        {{"\xc0\0", 2}, 0},          /* to itself */
        {{"\1a\xc0\0", 4}, 0},       /* round */
        {{"\xc0\2\xc0\0", 4}, 0},    /* forward */
        {{"\xc0\2\xc0\0", 4}, 2},    /* back, then forward again */
        {{"\1a\xc0\4\xc0\0", 6}, 4}, /* back, then to where it came from */
        {{"\xc0", 1}, 0},            /* cut */
        {{"\2a", 2}, 0},             /* cut */
        {{"\1a", 2}, 0},             /* no end */
        {{"", 0}, 0},
        {{"\0", 1}, 1},
        {{"\x41\0", 2}, 0}, /* the reserved kinds of label */
        {{"\x80\0", 2}, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dnsname n = {.n = 9};
        size_t at = rows[i].at;
        assert_int_equal(dnsname_read(&n, rows[i].m, &at), -ERR_SYNTAX);
        assert_int_equal(at, rows[i].at);
        assert_int_equal(n.n, 9);
    }
}

/* Each piece leads back to the one before: too long in all, or nothing but pointers. */
static void test_long_chains(void **state)
{
    char m[1024];
    struct dnsname n;
    size_t len = 1;
    m[0] = 0;
    for (int i = 0; i < 130; i++, len += 4)
        memcpy(m + len,
               (char[]){1, 'a', (char)(0xc0 | (i ? len - 4 : 0) >> 8), (char)(i ? len - 4 : 0)}, 4);
    size_t at = 1 + 4 * 126;
    assert_int_equal(dnsname_read(&n, str_of(m, len), &at), 0);
    assert_int_equal(n.n, 255);
    at = 1 + 4 * 127;
    assert_int_equal(dnsname_read(&n, str_of(m, len), &at), -ERR_SYNTAX);
    len = 1;
    for (int i = 0; i < 200; i++, len += 2)
        memcpy(m + len, (char[]){(char)(0xc0 | (i ? len - 2 : 0) >> 8), (char)(i ? len - 2 : 0)},
               2);
    at = len - 2;
    assert_int_equal(dnsname_read(&n, str_of(m, len), &at), -ERR_SYNTAX);
    at = 1 + 2 * 100;
    assert_int_equal(dnsname_read(&n, str_of(m, len), &at), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),        cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_lengths),     cmocka_unit_test(test_family),
        cmocka_unit_test(test_compressed),  cmocka_unit_test(test_bad_compression),
        cmocka_unit_test(test_long_chains),
    };
    return cmocka_run_group_tests_name("dnsname", tests, NULL, NULL);
}
