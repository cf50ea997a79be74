/* Lists of targets: words, ranges, comments, faults and where they are, doubles, bytes in pieces. */
#include "audit/target_list.h"

#include <stdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint64_t seed[2] = {3, 4};

struct listing {
    struct buf keys, faults;
    size_t n;
};

static void on_fault(void *user, const struct target_list *l, unsigned column, struct str text)
{
    struct listing *o = user;
    buf_addf(&o->faults, "%u:%u|", (unsigned)l->line, column);
    (void)text;
}

/* The list in pieces of `piece` bytes. */
static void read_list(struct listing *o, struct str text, bool public_ranges, size_t piece)
{
    struct target_list l;
    struct audit_target t;
    char key[AUDIT_KEY_MAX];
    *o = (struct listing){.n = 0};
    buf_init(&o->keys, 1 << 20);
    buf_init(&o->faults, 1 << 16);
    target_list_init(&l, "list", seed);
    l.public_ranges = public_ranges;
    l.on_fault = on_fault;
    l.user = o;
    for (enum target_list_next next; (next = target_list_next(&l, &t)) != TARGET_LIST_END;) {
        if (next == TARGET_LIST_TARGET) {
            if (o->n++ < 300)
                buf_addf(&o->keys, "%.*s ", STR_ARG(audit_target_key(&t, key)));
        } else if (text.n == 0) {
            target_list_end(&l);
        } else {
            text = str_from(text, target_list_feed(&l, str_sub(text, 0, piece)));
        }
    }
    target_list_done(&l);
}

static void expect(struct str text, const char *keys, const char *faults)
{
    static const size_t pieces[] = {1, 7, 100000};
    for (size_t i = 0; i < 3; i++) {
        struct listing o;
        read_list(&o, text, false, pieces[i]);
        assert_string_equal(buf_cstr(&o.keys) ? o.keys.mem : "", keys);
        assert_string_equal(buf_cstr(&o.faults) ? o.faults.mem : "", faults);
        buf_done(&o.keys);
        buf_done(&o.faults);
    }
}

static void test_words(void **state)
{
    expect(STR("example.com\n\n# nothing\n a.example:8443 \t B.example # c\r\nlast.example"),
           "example.com:443 a.example:8443 b.example:443 last.example:443 ", "");
    expect(STR(""), "", "");
    expect(STR("\xef\xbb\xbf" "bom.example\r\n"), "bom.example:443 ", "");
    expect(STR("[2001:DB8::0:1]:8443 2001:db8::2\n"), "[2001:db8::1]:8443 [2001:db8::2]:443 ", "");
    expect(STR("https://x.example/path\n"), "x.example:443 ", "");
}

static void test_faults(void **state)
{
    expect(STR("good.example\n  b\xff" "ad  ok.example:1 no.example:0\n"), "good.example:443 ok.example:1 ",
           "2:3|2:22|");
    expect(STR("10.0.0.1/24 10.0.0.0/33 10.0.0.9-10.0.0.1 10.0.0.0/30:x fd00::/64\n"), "",
           "1:1|1:13|1:25|1:43|1:57|");
    expect(STR("a\0b\nx.example"), "x.example:443 ", "1:1|");
}

static void test_long_lines(void **state)
{
    static char text[20000];
    memset(text, 'a', sizeof text);
    memcpy(text + 10000, "\nb.example\n", 11);
    expect(str_of(text, sizeof text), "b.example:443 ", "1:1|3:1|");
}

/* Too long for the complaint to quote it, but not for a line. */
static void test_long_words(void **state)
{
    static char text[3000];
    memset(text, 'a', sizeof text);
    memcpy(text + 2000, "\nb.example\n\xff", 12);
    expect(str_of(text, sizeof text), "b.example:443 ", "1:1|3:1|");
}

static void test_doubles(void **state)
{
    expect(STR("a.example A.example a.example:443 a.example:444\n::1 [0::1]\n"),
           "a.example:443 a.example:444 [::1]:443 ", "");
    expect(STR("10.0.0.2\n10.0.0.0/30\n10.0.0.1 10.0.0.1:1\n10.0.0.2-10.0.0.5\n"),
           "10.0.0.2:443 10.0.0.0:443 10.0.0.1:443 10.0.0.3:443 10.0.0.1:1 10.0.0.4:443 10.0.0.5:443 ", "");
}

static void test_ranges(void **state)
{
    expect(STR("127.0.0.1-127.0.0.3:9 [fd00::/127]:8 fe80::1-fe80::2 a-b.example\n"),
           "127.0.0.1:9 127.0.0.2:9 127.0.0.3:9 [fd00::]:8 [fd00::1]:8 [fe80::1]:443 [fe80::2]:443 "
           "a-b.example:443 ", "");
    expect(STR("10.1.255.254-10.2.0.1\n"), "10.1.255.254:443 10.1.255.255:443 10.2.0.0:443 10.2.0.1:443 ", "");
}

static void test_large_ranges_are_not_written_out(void **state)
{
    struct listing o;
    read_list(&o, STR("10.0.0.0/12\n"), false, 100);
    assert_int_equal(o.n, 1 << 20);
    assert_true(str_starts(buf_str(&o.keys), STR("10.0.0.0:443 10.0.1.0:443 10.0.2.0:443 ")));
    buf_done(&o.keys);
    buf_done(&o.faults);
}

static void test_public_ranges(void **state)
{
    struct listing o;
    expect(STR("192.0.2.0/30 192.0.2.1 9.255.255.0-10.0.0.5 10.0.0.0/7\n"), "192.0.2.1:443 ",
           "1:1|1:24|1:45|");
    read_list(&o, STR("192.0.2.0/30\n"), true, 100);
    assert_int_equal(o.n, 4);
    buf_done(&o.keys);
    buf_done(&o.faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_words), cmocka_unit_test(test_words),      cmocka_unit_test(test_faults),
        cmocka_unit_test(test_long_lines), cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_ranges),     cmocka_unit_test(test_large_ranges_are_not_written_out),
        cmocka_unit_test(test_public_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
