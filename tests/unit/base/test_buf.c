/* Growable buffers. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void keeps_its_maximum(void **state)
{
    struct buf b;
    buf_init(&b, 10);
    assert_int_equal(buf_append(&b, STR("01234567")), 0);
    assert_true(b.cap <= 10);
    assert_int_equal(buf_append(&b, STR("abc")), -ERR_LIMIT);
    assert_false(buf_ok(&b));
    assert_int_equal(buf_err(&b), -ERR_LIMIT);
    assert_true(str_eq(buf_str(&b), STR("01234567")));
    assert_int_equal(buf_room(&b), 2);
    buf_consume(&b, 6); /* the front makes room again */
    assert_int_equal(buf_append(&b, STR("abcdefgh")), 0);
    assert_true(str_eq(buf_str(&b), STR("67abcdefgh")));
    assert_int_equal(buf_reserve(&b, SIZE_MAX), -ERR_LIMIT);
    buf_clear(&b);
    assert_true(buf_ok(&b));
    assert_int_equal(buf_err(&b), 0);
    buf_done(&b);
    assert_int_equal(b.max, 10);
}

static void reserve_and_fill(void **state)
{
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(buf_reserve(&b, 100), 0);
    assert_true(buf_tail(&b) >= 100 && buf_tail(&b) <= 1000);
    memset(buf_end(&b), 'x', 100);
    buf_added(&b, 100);
    buf_consume(&b, 100);
    assert_int_equal(b.off, 0);
    buf_done(&b);
    buf_init(&b, 0);
    assert_int_equal(buf_reserve(&b, 0), 0);
    assert_int_equal(buf_append(&b, STR("x")), -ERR_LIMIT);
    buf_done(&b);
}

/* A stream through a small buffer: what comes out is what went in, within the limit. */
static void streams(void **state)
{
    struct buf b;
    unsigned in = 0, out = 0, seed = 1;
    buf_init(&b, 300);
    while (out < 20000) {
        seed = seed * 1103515245 + 12345;
        for (unsigned n = seed >> 16 & 127; n && buf_room(&b); n--) {
            char c = (char)(in++ % 251);
            assert_int_equal(buf_append(&b, str_of(&c, 1)), 0);
        }
        unsigned n = seed >> 24;
        if (n > b.n)
            n = (unsigned)b.n;
        for (unsigned i = 0; i < n; i++)
            assert_int_equal((unsigned char)buf_str(&b).p[i], out++ % 251);
        buf_consume(&b, n);
        assert_true(b.off + b.n <= b.cap && b.cap <= b.max);
    }
    buf_done(&b);
}

static void text(void **state)
{
    struct buf b;
    buf_init(&b, 100);
    buf_addf(&b, "%s=%d;", "a", 5);
    buf_addu(&b, UINT64_MAX);
    buf_addc(&b, '/');
    buf_addu(&b, 0);
    assert_string_equal(buf_cstr(&b), "a=5;18446744073709551615/0");
    assert_int_equal(b.n, strlen("a=5;18446744073709551615/0"));
    buf_addf(&b, "%200s", "too long");
    assert_false(buf_ok(&b));
    buf_done(&b);
}

static void check_json(struct str in, const char *out)
{
    struct buf b;
    buf_init(&b, 1000);
    buf_add_json(&b, in);
    assert_string_equal(buf_cstr(&b), out);
    buf_done(&b);
}

static void json(void **state)
{
    check_json(STR("plain text"), "plain text");
    check_json(STR("a\"b\\c\n\x01\x7f"), "a\\\"b\\\\c\\u000a\\u0001\\u007f");
    check_json(str_of("\0x", 2), "\\u0000x");
    check_json(STR("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"), "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80");
    check_json(STR("\xff\xc3"), "\\ufffd\\ufffd");
    check_json(STR("\xc0\xaf"), "\\ufffd\\ufffd");             /* overlong */
    check_json(STR("\xed\xa0\x80"), "\\ufffd\\ufffd\\ufffd"); /* surrogate */
    check_json(STR_NONE, "");
}

static void html(void **state)
{
    struct buf b;
    buf_init(&b, 100);
    buf_add_html(&b, STR("<a href=\"x\">&'"));
    assert_string_equal(buf_cstr(&b), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_its_maximum), cmocka_unit_test(reserve_and_fill),
        cmocka_unit_test(streams),           cmocka_unit_test(text),
        cmocka_unit_test(json),              cmocka_unit_test(html),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
