/* DNS messages: whatever comes, slices stay inside, and what was well-formed can be walked. */
#include "wire/dnsrr.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_slice(struct str s, struct str in)
{
    assert(s.n == 0 || (s.p >= in.p && s.p + s.n <= in.p + in.n));
}

/* Text of a name is a name, and the same one. */
static void check_name(const struct dnsname *name)
{
    char text[DNSNAME_TEXT_MAX];
    struct dnsname again;
    struct str s = dnsname_text(name, text);
    assert(dnsname_parse(&again, s) == 0 && dnsname_eq(name, &again));
}

static void check_caa(struct str data)
{
    struct dnsrr_caa caa;
    struct dnsrr_issue issue;
    struct str name, value;
    if (dnsrr_caa(data, &caa))
        return;
    check_slice(caa.value, data);
    if (dnsrr_issue(caa.value, &issue))
        return;
    check_slice(issue.domain, data);
    for (struct str rest = issue.params; dnsrr_issue_next(&rest, &name, &value);) {
        assert(name.n);
        check_slice(value, data);
    }
}

static void check_svcb(const struct dnsmsg *m, const struct dnsmsg_record *r)
{
    struct dnsrr_svcb s;
    struct str value;
    uint16_t key;
    if (dnsrr_svcb(m, r, &s))
        return;
    check_name(&s.target);
    check_slice(s.alpn, r->data);
    check_slice(s.ech, r->data);
    if (s.priority == 0)
        return;
    for (struct str rest = s.params; rest.n;) {
        bool more = dnsrr_svcb_next(&rest, &key, &value);
        assert(more);
        check_slice(value, r->data);
    }
    for (struct str rest = s.alpn; rest.n;) {
        bool more = dnsrr_alpn_next(&rest, &value);
        assert(more && value.n);
    }
}

static void check_record(const struct dnsmsg *m, const struct dnsmsg_record *r)
{
    struct addr a;
    struct dnsrr_tlsa t;
    struct dnsname name;
    check_slice(r->data, m->in);
    check_name(&r->name);
    if (dnsrr_addr(r, &a) == 0)
        assert(a.len);
    if (dnsrr_name(m, r, &name) == 0)
        check_name(&name);
    if (dnsrr_tlsa(r->data, &t) == 0)
        check_slice(t.data, m->in);
    check_caa(r->data);
    check_svcb(m, r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size);
    struct dnsmsg m;
    struct dnsmsg_record r;
    struct dnsmsg_cursor c = {0};
    struct dnsname owner;
    size_t n = 0;
    if (dnsmsg_parse(&m, in))
        return 0;
    if (m.has_question)
        check_name(&m.name);
    while (dnsmsg_next(&m, &c, &r)) {
        check_record(&m, &r);
        n++;
    }
    assert(n == m.records[0] + m.records[1] + m.records[2]);
    if (dnsmsg_follow(&m, &owner) == 0 && m.has_question)
        check_name(&owner);
    return 0;
}
