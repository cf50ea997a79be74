/* Messages: queries byte by byte, responses built by hand, and each way to be malformed. */
#include "../dns_draft.h"
#include "wire/dnsrr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

static struct dnsname name_of(const char *text)
{
    struct dnsname n;
    assert_int_equal(dnsname_parse(&n, str_c(text)), 0);
    return n;
}

static void test_query(void **state)
{
    static const char want[] = "\xab\xcd\1\x20\0\1\0\0\0\0\0\1"
                               "\3www\1x\0\1\1\0\1"
                               "\0\0\x29\4\xd0\0\0\x80\0\0\0";
    struct dnsname n = name_of("WWW.x");
    struct buf out;
    struct dnsmsg m;
    buf_init(&out, DNSMSG_QUERY_MAX);
    dnsmsg_query(&out, &(struct dnsmsg_question){.name = &n,
                                                 .type = DNSMSG_CAA,
                                                 .id = 0xabcd,
                                                 .recurse = true,
                                                 .tell_secure = true,
                                                 .dnssec = true});
    assert_true(buf_ok(&out));
    assert_int_equal(out.n, sizeof want - 1);
    assert_memory_equal(buf_str(&out).p, want, sizeof want - 1);
    assert_int_equal(dnsmsg_parse(&m, buf_str(&out)), 0);
    assert_true(m.edns && m.dnssec && m.recurse && m.secure && !m.response);
    assert_int_equal(m.udp_size, 1232);
    assert_false(dnsmsg_answers(&m, &n, DNSMSG_CAA)); /* a query is no answer */
    buf_done(&out);
}

static void test_longest_query(void **state)
{
    char text[253];
    struct dnsname n;
    struct buf out;
    memset(text, 'a', sizeof text);
    text[63] = text[127] = text[191] = '.';
    assert_int_equal(dnsname_parse(&n, str_of(text, sizeof text)), 0);
    buf_init(&out, DNSMSG_QUERY_MAX);
    dnsmsg_query(&out, &(struct dnsmsg_question){.name = &n, .type = 1});
    assert_true(buf_ok(&out));
    assert_int_equal(out.n, DNSMSG_QUERY_MAX);
    buf_done(&out);
}

static void test_response(void **state)
{
    struct dns_draft d;
    struct dnsmsg m;
    struct dnsmsg_record r;
    struct dnsmsg_cursor c = {0};
    struct dnsname host = name_of("A.test"), other = name_of("b.test"), owner;
    struct addr a;
    char text[ADDR_TEXT_MAX];
    dns_begin(&d, 0x85a0, "a.test", DNSMSG_A);
    dns_record_name(&d, DNSMSG_ANSWER, "a.test", DNSMSG_CNAME, "B.test");
    dns_record(&d, DNSMSG_ANSWER, "b.test", DNSMSG_A, STR("\xc0\0\2\1"));
    dns_record(&d, DNSMSG_ADDITIONAL, ".", DNSMSG_OPT, STR(""));
    assert_int_equal(dnsmsg_parse(&m, dns_str(&d)), 0);
    assert_true(m.response && m.authoritative && m.recurse && m.recursion_available && m.secure);
    assert_false(m.truncated);
    assert_int_equal(m.id, 0x1234);
    assert_true(dnsmsg_answers(&m, &host, DNSMSG_A));
    assert_false(dnsmsg_answers(&m, &host, DNSMSG_AAAA));
    assert_false(dnsmsg_answers(&m, &other, DNSMSG_A));
    assert_true(m.edns);
    assert_int_equal(dnsmsg_follow(&m, &owner), 0);
    assert_true(dnsname_eq(&owner, &other));
    assert_true(dnsmsg_next(&m, &c, &r) && r.type == DNSMSG_CNAME);
    assert_true(dnsmsg_next(&m, &c, &r) && r.type == DNSMSG_A);
    assert_int_equal(r.ttl, 300);
    assert_int_equal(r.section, DNSMSG_ANSWER);
    assert_int_equal(dnsrr_addr(&r, &a), 0);
    addr_ip_text(&a, text);
    assert_string_equal(text, "192.0.2.1");
    assert_true(dnsmsg_next(&m, &c, &r) && r.section == DNSMSG_ADDITIONAL);
    assert_false(dnsmsg_next(&m, &c, &r));
}

/* 23 is BADCOOKIE: 7 below, 1 in the OPT record. */
static void test_extended_rcode(void **state)
{
    struct dns_draft d;
    struct dnsmsg m;
    dns_begin(&d, 0x8187, "a.test", DNSMSG_A);
    dns_record(&d, DNSMSG_ADDITIONAL, ".", DNSMSG_OPT, STR(""));
    d.mem[d.n - 6] = 1;
    assert_int_equal(dnsmsg_parse(&m, dns_str(&d)), 0);
    assert_int_equal(m.rcode, 23);
}

static void test_aliases_that_go_round(void **state)
{
    struct dns_draft d;
    struct dnsmsg m;
    struct dnsname owner;
    dns_begin(&d, 0x8180, "a.test", DNSMSG_A);
    dns_record_name(&d, DNSMSG_ANSWER, "a.test", DNSMSG_CNAME, "b.test");
    dns_record_name(&d, DNSMSG_ANSWER, "b.test", DNSMSG_CNAME, "a.test");
    assert_int_equal(dnsmsg_parse(&m, dns_str(&d)), 0);
    assert_int_equal(dnsmsg_follow(&m, &owner), -ERR_LIMIT);
    dns_begin(&d, 0x8180, "a.test", DNSMSG_A);
    dns_record(&d, DNSMSG_ANSWER, "a.test", DNSMSG_CNAME, STR("\1b\0\0"));
    assert_int_equal(dnsmsg_parse(&m, dns_str(&d)), 0);
    assert_int_equal(dnsmsg_follow(&m, &owner), -ERR_SYNTAX);
}

/* A good message stays good by none of these. */
static void test_malformed(void **state)
{
    struct dns_draft d;
    struct dnsmsg m = {.id = 77};
    dns_begin(&d, 0x8180, "a.test", DNSMSG_A);
    dns_record(&d, DNSMSG_ANSWER, "a.test", DNSMSG_A, STR("\1\2\3\4"));
    for (size_t n = 0; n < d.n; n++) {
        char *exact = malloc(n + 1); /* so that a read beyond the end is seen */
        memcpy(exact, d.mem, n);
        assert_int_equal(dnsmsg_parse(&m, str_of(exact, n)), -ERR_SYNTAX);
        free(exact);
    }
    struct dns_draft x = d;
    dns_bytes(&x, STR("\0"));
    assert_int_equal(dnsmsg_parse(&m, dns_str(&x)), -ERR_SYNTAX); /* something behind */
    x = d;
    x.mem[5] = 2;
    assert_int_equal(dnsmsg_parse(&m, dns_str(&x)), -ERR_SYNTAX); /* two questions */
    x = d;
    x.mem[7] = 2;
    assert_int_equal(dnsmsg_parse(&m, dns_str(&x)), -ERR_SYNTAX); /* a record too few */
    x = d;
    x.mem[x.n - 6] = 1;
    assert_int_equal(dnsmsg_parse(&m, dns_str(&x)), -ERR_SYNTAX); /* longer than all */
    x = d;
    x.mem[23] = 3;
    assert_int_equal(dnsmsg_parse(&m, dns_str(&x)), -ERR_SYNTAX); /* class CHAOS */
    assert_int_equal(m.id, 77);
    assert_int_equal(dnsmsg_parse(&m, dns_str(&d)), 0);
}

static void test_bad_edns(void **state)
{
    struct dns_draft d;
    struct dnsmsg m;
    dns_begin(&d, 0x8180, "a.test", DNSMSG_A);
    dns_record(&d, DNSMSG_ANSWER, ".", DNSMSG_OPT, STR(""));
    assert_int_equal(dnsmsg_parse(&m, dns_str(&d)), -ERR_SYNTAX);
    dns_begin(&d, 0x8180, "a.test", DNSMSG_A);
    dns_record(&d, DNSMSG_ADDITIONAL, "a", DNSMSG_OPT, STR(""));
    assert_int_equal(dnsmsg_parse(&m, dns_str(&d)), -ERR_SYNTAX);
    dns_begin(&d, 0x8180, "a.test", DNSMSG_A);
    dns_record(&d, DNSMSG_ADDITIONAL, ".", DNSMSG_OPT, STR(""));
    dns_record(&d, DNSMSG_ADDITIONAL, ".", DNSMSG_OPT, STR(""));
    assert_int_equal(dnsmsg_parse(&m, dns_str(&d)), -ERR_SYNTAX);
}

/* An error may come without the question (RFC 1035 gives it none where it could not be read). */
static void test_without_question(void **state)
{
    struct dnsmsg m;
    struct dnsname n = name_of("a");
    assert_int_equal(dnsmsg_parse(&m, STR("\0\1\x80\1\0\0\0\0\0\0\0\0")), 0);
    assert_int_equal(m.rcode, DNSMSG_FORMERR);
    assert_false(dnsmsg_answers(&m, &n, 1));
}

static void test_huge_ttl(void **state)
{
    struct dns_draft d;
    struct dnsmsg m;
    struct dnsmsg_record r;
    struct dnsmsg_cursor c = {0};
    dns_begin(&d, 0x8180, "a", DNSMSG_A);
    dns_record(&d, DNSMSG_ANSWER, "a", DNSMSG_A, STR("\1\2\3\4"));
    d.mem[d.n - 10] = 0x80;
    assert_int_equal(dnsmsg_parse(&m, dns_str(&d)), 0);
    assert_true(dnsmsg_next(&m, &c, &r));
    assert_int_equal(r.ttl, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_longest_query),
        cmocka_unit_test(test_response),
        cmocka_unit_test(test_extended_rcode),
        cmocka_unit_test(test_aliases_that_go_round),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_bad_edns),
        cmocka_unit_test(test_without_question),
        cmocka_unit_test(test_huge_ttl),
    };
    return cmocka_run_group_tests_name("dnsmsg", tests, NULL, NULL);
}
