/* The questions asked of a name server that is a table, and what is kept of its answers. */
#include "../dns_draft.h"
#include "audit/dns_audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

/* One row is one record, or one odd answer. */
struct row {
    const char *name;
    unsigned type;
    struct str data;
    const char *target; /* instead: a name */
    unsigned flags;     /* instead of 0x8180 */
    int err;            /* instead of an answer */
};

#define D(literal)                                                                                 \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

struct world {
    struct arena arena;
    struct dns_audit audit;
    const struct row *rows;
    size_t n;
    char asked[4096]; /* "A a.test|AAAA a.test|…" */
    bool lifo;        /* the last question is answered first */
};

static struct world world;

static int setup(void **state)
{
    world = (struct world){.n = 0};
    arena_init(&world.arena, 4096, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    arena_done(&world.arena);
    return 0;
}

static const char *type_text(unsigned type)
{
    switch (type) {
    case DNSMSG_A: return "A";
    case DNSMSG_AAAA: return "AAAA";
    case DNSMSG_HTTPS: return "HTTPS";
    case DNSMSG_TLSA: return "TLSA";
    default: return "CAA";
    }
}

/* What a recursive resolver says: aliases first, then the records at their end. */
static void answer(const struct dns_ask *q)
{
    char name[DNSNAME_TEXT_MAX];
    struct dns_draft d;
    dnsname_text(&q->name, name);
    size_t used = strlen(world.asked);
    snprintf(world.asked + used, sizeof world.asked - used, "%s%s %s", used ? "|" : "",
             type_text(q->type), name);
    const char *owner = name;
    dns_begin(&d, 0x8183, name, q->type);
    for (size_t i = 0; i < world.n; i++) {
        const struct row *r = &world.rows[i];
        bool alias = r->type == DNSMSG_CNAME;
        if (strcmp(r->name, owner) != 0)
            continue;
        d.mem[3] = d.mem[3] == 0x83 ? 0x80 : d.mem[3]; /* the name is there */
        if (!alias && r->type != q->type)
            continue;
        if (r->err) {
            assert_int_equal(dns_audit_answer(&world.audit, q->slot, r->err, STR_NONE), 0);
            return;
        }
        if (r->flags) {
            d.mem[2] = (unsigned char)(r->flags >> 8);
            d.mem[3] = (unsigned char)r->flags;
        }
        if (r->target)
            dns_record_name(&d, DNSMSG_ANSWER, r->name, r->type, r->target);
        else if (r->data.p)
            dns_record(&d, DNSMSG_ANSWER, r->name, r->type, r->data);
        owner = alias ? r->target : owner;
    }
    assert_int_equal(dns_audit_answer(&world.audit, q->slot, 0, dns_str(&d)), 0);
}

static const struct dns_facts *gather(const char *host, uint16_t port, const struct row *rows,
                                      size_t n)
{
    struct dns_ask out[DNS_SLOTS];
    size_t waiting = 0;
    world.rows = rows;
    world.n = n;
    assert_int_equal(dns_audit_init(&world.audit, &world.arena, str_c(host), port), 0);
    for (;;) {
        while (dns_audit_next(&world.audit, &out[waiting]))
            waiting++;
        if (waiting == 0)
            break;
        assert_false(dns_audit_done(&world.audit));
        struct dns_ask q = out[world.lifo ? waiting - 1 : 0];
        if (!world.lifo)
            memmove(out, out + 1, (waiting - 1) * sizeof *out);
        waiting--;
        answer(&q);
    }
    assert_true(dns_audit_done(&world.audit));
    return world.audit.facts;
}

#define GATHER(host, port, rows) gather(host, port, rows, sizeof rows / sizeof *rows)

static void assert_name(const struct dnsname *n, const char *want)
{
    char text[DNSNAME_TEXT_MAX];
    dnsname_text(n, text);
    assert_string_equal(text, want);
}

static void test_plain(void **state)
{
    static const struct row rows[] = {
        {"www.a.test", DNSMSG_A, D("\xc0\0\2\1"), .flags = 0x81a0},
        {"www.a.test", DNSMSG_A, D("\xc0\0\2\2"), .flags = 0x81a0},
        {"www.a.test", DNSMSG_AAAA, D("0123456789abcdef")},
        {"_443._tcp.www.a.test", DNSMSG_TLSA, D("\3\1\1abc"), .flags = 0x81a0},
        {"a.test", DNSMSG_CAA, D("\0\5issueca.test")},
        {"www.a.test", DNSMSG_HTTPS, D("\0\2\0"), .flags = 0x8180},
        {"www.a.test", DNSMSG_HTTPS, D("\0\1\0\0\1\0\3\2h2")},
    };
    const struct dns_facts *f = GATHER("WWW.a.test", 443, rows);
    assert_string_equal(world.asked, "A www.a.test|AAAA www.a.test|HTTPS www.a.test|"
                                     "TLSA _443._tcp.www.a.test|CAA www.a.test|CAA a.test");
    assert_int_equal(f->a.set.state, DNS_FOUND);
    assert_int_equal(f->a.n, 2);
    assert_int_equal(addr_port(&f->a.addrs[1]), 443);
    assert_true(f->a.set.secure);
    assert_int_equal(f->a.set.ttl, 300);
    assert_true(f->aaaa.n == 1 && !f->aaaa.set.secure);
    assert_int_equal(f->tlsa.n, 1);
    assert_true(f->tlsa.set.secure && str_eq(f->tlsa.records[0].data, STR("abc")));
    assert_int_equal(f->caa.n, 1);
    assert_int_equal(f->caa.set.asked, 2);
    assert_name(&f->caa.set.owner, "a.test");
    assert_int_equal(f->https.n, 2);
    assert_int_equal(f->https.records[0].priority, 1);
    assert_int_equal(f->https.records[1].priority, 2);
    assert_int_equal(f->target_a.set.state, DNS_UNASKED);
}

/* In whatever order answers come, the facts are the same; nothing is there but the name's top. */
static void test_nothing_there(void **state)
{
    static const struct row rows[] = {{"test", DNSMSG_SOA, D("x")}};
    for (int i = 0; i < 2; i++) {
        world.lifo = i;
        const struct dns_facts *f = GATHER("a.b.test", 8443, rows);
        assert_int_equal(f->a.set.state, DNS_NO_NAME);
        assert_int_equal(f->https.set.state, DNS_NO_NAME);
        assert_name(&f->https.set.name, "_8443._https.a.b.test");
        assert_name(&f->tlsa.set.name, "_8443._tcp.a.b.test");
        assert_int_equal(f->caa.set.state, DNS_EMPTY); /* of "test", asked last */
        assert_int_equal(f->caa.set.asked, 3);
        assert_false(dns_set_failed(&f->caa.set));
    }
}

static void test_aliases(void **state)
{
    static const struct row rows[] = {
        {"a.test", DNSMSG_CNAME, .target = "b.cdn.example"},
        {"b.cdn.example", DNSMSG_A, D("\1\2\3\4")},
        {"b.cdn.example", DNSMSG_CAA, D("\0\5issueca.test")},
    };
    const struct dns_facts *f = GATHER("a.test", 443, rows);
    assert_int_equal(f->a.n, 1);
    assert_name(&f->a.set.name, "a.test");
    assert_name(&f->a.set.owner, "b.cdn.example");
    assert_int_equal(f->aaaa.set.state, DNS_EMPTY);
    /* RFC 8659 3: what the alias leads to counts as the name's own */
    assert_int_equal(f->caa.n, 1);
    assert_int_equal(f->caa.set.asked, 1);
}

/* RFC 8659 3: the alias's own tree is not climbed, the name's is. */
static void test_caa_climbs_the_names_tree(void **state)
{
    static const struct row rows[] = {
        {"a.test", DNSMSG_CNAME, .target = "b.cdn.example"},
        {"b.cdn.example", DNSMSG_A, D("\1\2\3\4")},
        {"cdn.example", DNSMSG_CAA, D("\0\5issuewrong.test")},
        {"test", DNSMSG_CAA, D("\0\5issueright.test")},
    };
    const struct dns_facts *f = GATHER("a.test", 443, rows);
    assert_int_equal(f->caa.n, 1);
    assert_true(str_eq(f->caa.records[0].value, STR("right.test")));
}

static void test_failures(void **state)
{
    static const struct row rows[] = {
        {"a.test", DNSMSG_A, .flags = 0x8182},
        {"a.test", DNSMSG_AAAA, .flags = 0x8185},
        {"a.test", DNSMSG_HTTPS, .err = -ERR_TIMEOUT},
        {"_443._tcp.a.test", DNSMSG_TLSA, .err = -ERR_REFUSED},
        {"a.test", DNSMSG_CAA, .flags = 0x8184},
    };
    const struct dns_facts *f = GATHER("a.test", 443, rows);
    assert_int_equal(f->a.set.state, DNS_SERVFAIL);
    assert_int_equal(f->aaaa.set.state, DNS_REFUSED);
    assert_int_equal(f->https.set.state, DNS_TIMEOUT);
    assert_int_equal(f->tlsa.set.state, DNS_UNREACHABLE);
    assert_int_equal(f->tlsa.set.err, -ERR_REFUSED);
    assert_int_equal(f->caa.set.state, DNS_OTHER);
    assert_int_equal(f->caa.set.rcode, DNSMSG_NOTIMP);
    assert_int_equal(f->caa.set.asked, 1); /* no climbing past a failure */
}

static void test_unreadable(void **state)
{
    static const struct row rows[] = {
        {"a.test", DNSMSG_A, .flags = 0x8380}, /* truncated, over TCP even */
        {"a.test", DNSMSG_AAAA, D("short"), .flags = 0x8180},
        {"a.test", DNSMSG_HTTPS, .flags = 0x0100}, /* a query */
        {"_443._tcp.a.test", DNSMSG_TLSA, D("\3")},
        {"_443._tcp.a.test", DNSMSG_TLSA, D("\3\1\0x")},
        {"a.test", DNSMSG_CNAME, .target = "a.test"},
    };
    const struct dns_facts *f = gather("a.test", 443, rows, 5);
    assert_int_equal(f->a.set.state, DNS_MALFORMED);
    assert_int_equal(f->aaaa.set.state, DNS_FOUND);
    assert_true(f->aaaa.n == 0 && f->aaaa.set.malformed == 1);
    assert_int_equal(f->https.set.state, DNS_MALFORMED);
    assert_true(f->tlsa.n == 1 && f->tlsa.set.malformed == 1);
    static const struct row worse[] = {{"a.test", DNSMSG_A, .err = -ERR_BAD_MESSAGE}};
    assert_int_equal(GATHER("a.test", 443, worse)->a.set.state, DNS_MALFORMED);
    f = gather("a.test", 443, rows + 5, 1);
    assert_int_equal(f->a.set.state, DNS_MALFORMED); /* round and round */
}

/* What answers another question is no answer. */
static void test_wrong_question(void **state)
{
    struct dns_ask q;
    struct dns_draft d;
    struct dns_audit *a = &world.audit;
    assert_int_equal(dns_audit_init(a, &world.arena, STR("a.test"), 443), 0);
    assert_int_equal(dns_audit_answer(a, DNS_SLOT_A, 0, STR("")), -ERR_INVAL);
    assert_true(dns_audit_next(a, &q));
    dns_begin(&d, 0x8180, "b.test", DNSMSG_A);
    dns_record(&d, DNSMSG_ANSWER, "b.test", DNSMSG_A, STR("\1\2\3\4"));
    assert_int_equal(dns_audit_answer(a, q.slot, 0, dns_str(&d)), 0);
    assert_int_equal(a->facts->a.set.state, DNS_MALFORMED);
    assert_true(dns_audit_next(a, &q));
    assert_int_equal(dns_audit_answer(a, q.slot, 0, STR("\0\0\x81\1\0\0\0\0\0\0\0\0")), 0);
    assert_int_equal(a->facts->aaaa.set.state, DNS_OTHER); /* FORMERR without a question */
    assert_int_equal(dns_audit_answer(a, q.slot, 0, dns_str(&d)), -ERR_INVAL); /* twice */
    assert_int_equal(dns_audit_answer(a, DNS_SLOTS, 0, dns_str(&d)), -ERR_INVAL);
}

static void test_https_alias(void **state)
{
    static const struct row rows[] = {
        {"a.test", DNSMSG_A, D("\1\2\3\4")},
        {"a.test", DNSMSG_HTTPS, D("\0\1\0")},
        {"a.test", DNSMSG_HTTPS, D("\0\0\3svc\4test\0")}, /* goes before the service beside it */
        {"svc.test", DNSMSG_HTTPS, D("\0\1\0\0\4\0\4\1\2\3\5")},
        {"svc.test", DNSMSG_A, D("\1\2\3\5")},
    };
    const struct dns_facts *f = GATHER("a.test", 443, rows);
    assert_int_equal(f->https.aliases, 1);
    assert_int_equal(f->https.n, 1);
    assert_name(&f->https.set.owner, "svc.test");
    assert_int_equal(f->target_a.n, 1); /* "." is the owner */
    assert_int_equal(f->target_aaaa.set.state, DNS_EMPTY);
}

static void test_https_aliases_go_round(void **state)
{
    static const struct row rows[] = {
        {"a.test", DNSMSG_HTTPS, D("\0\0\1b\4test\0")},
        {"b.test", DNSMSG_HTTPS, D("\0\0\1a\4test\0")},
    };
    const struct dns_facts *f = GATHER("a.test", 443, rows);
    assert_int_equal(f->https.aliases, 8);
    assert_int_equal(f->https.set.asked, 9);
    assert_int_equal(f->https.records[0].priority, 0);
}

static void test_secure_only_if_all_are(void **state)
{
    static const struct row rows[] = {
        {"x.a.test", DNSMSG_CAA, .flags = 0x8180},
        {"a.test", DNSMSG_CAA, D("\0\5issue;"), .flags = 0x81a0},
        {"x.b.test", DNSMSG_CAA, .flags = 0x81a0},
        {"b.test", DNSMSG_CAA, D("\0\5issue;"), .flags = 0x81a0},
    };
    assert_false(GATHER("x.a.test", 443, rows)->caa.set.secure);
    assert_true(GATHER("x.b.test", 443, rows)->caa.set.secure);
}

static void test_not_asked(void **state)
{
    static const char *const hosts[] = {"192.0.2.1", "::1",           "[2001:db8::1]",
                                        "localhost", "www.LOCALHOST", "x.invalid"};
    struct dns_ask q;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        assert_int_equal(dns_audit_init(&world.audit, &world.arena, str_c(hosts[i]), 443), 0);
        assert_false(dns_audit_next(&world.audit, &q));
        assert_true(dns_audit_done(&world.audit));
        assert_int_equal(world.audit.facts->a.set.state, DNS_UNASKED);
        assert_true(dns_set_failed(&world.audit.facts->caa.set));
    }
    assert_int_equal(dns_audit_init(&world.audit, &world.arena, STR(""), 443), -ERR_SYNTAX);
    assert_int_equal(dns_audit_init(&world.audit, &world.arena, STR("."), 443), -ERR_SYNTAX);
    assert_int_equal(dns_audit_init(&world.audit, &world.arena, STR("a..b"), 443), -ERR_SYNTAX);
}

/* No room for "_443._tcp": there is no such name, so nothing is asked. */
static void test_longest_name(void **state)
{
    char host[254];
    struct dns_ask q;
    memset(host, 'a', sizeof host);
    host[63] = host[127] = host[191] = '.';
    assert_int_equal(dns_audit_init(&world.audit, &world.arena, str_of(host, 253), 443), 0);
    while (dns_audit_next(&world.audit, &q))
        assert_int_not_equal(q.slot, DNS_SLOT_TLSA);
    assert_int_equal(world.audit.facts->tlsa.set.state, DNS_UNASKED);
}

static void test_query(void **state)
{
    struct dns_ask q;
    struct buf out;
    struct dnsmsg m;
    assert_int_equal(dns_audit_init(&world.audit, &world.arena, STR("a.test"), 443), 0);
    assert_true(dns_audit_next(&world.audit, &q));
    buf_init(&out, DNSMSG_QUERY_MAX);
    dns_audit_query(&q, &out);
    assert_int_equal(dnsmsg_parse(&m, buf_str(&out)), 0);
    assert_true(m.recurse && m.secure && !m.dnssec && m.type == DNSMSG_A);
    assert_name(&m.name, "a.test");
    buf_done(&out);
}

static void test_limits(void **state)
{
    struct dns_ask q;
    struct dns_draft d;
    struct dns_audit *a = &world.audit;
    assert_int_equal(dns_audit_init(a, &world.arena, STR("a.test"), 443), 0);
    assert_true(dns_audit_next(a, &q));
    dns_begin(&d, 0x8180, "a.test", DNSMSG_A);
    for (int i = 0; i < 100; i++)
        dns_record(&d, DNSMSG_ANSWER, "a.test", DNSMSG_A, STR("\1\2\3\4"));
    assert_int_equal(dns_audit_answer(a, q.slot, 0, dns_str(&d)), 0);
    assert_int_equal(a->facts->a.n, DNS_RECORDS_MAX);
    assert_true(a->facts->a.set.more);
    assert_true(dns_audit_next(a, &q));
    world.arena.max = world.arena.used + 100;
    dns_begin(&d, 0x8180, "a.test", DNSMSG_AAAA);
    dns_record(&d, DNSMSG_ANSWER, "a.test", DNSMSG_AAAA, STR("0123456789abcdef"));
    for (int i = 0; i < 10; i++)
        dns_record(&d, DNSMSG_ANSWER, "a.test", DNSMSG_AAAA, STR("0123456789abcdef"));
    assert_int_equal(dns_audit_answer(a, q.slot, 0, dns_str(&d)), -ERR_NOMEM);
    assert_int_equal(a->facts->aaaa.set.state, DNS_UNREACHABLE);
    assert_int_equal(a->facts->aaaa.n, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_plain),
        TEST(test_nothing_there),
        TEST(test_aliases),
        TEST(test_caa_climbs_the_names_tree),
        TEST(test_failures),
        TEST(test_unreadable),
        TEST(test_wrong_question),
        TEST(test_https_alias),
        TEST(test_https_aliases_go_round),
        TEST(test_secure_only_if_all_are),
        TEST(test_not_asked),
        TEST(test_longest_name),
        TEST(test_query),
        TEST(test_limits),
    };
    return cmocka_run_group_tests_name("dns_audit", tests, NULL, NULL);
}
