/* The questions to the DNS; see dns_audit.h. */
#include "audit/dns_audit.h"

#include <stdio.h>

enum {
    ALIASES_MAX = 8, /* of HTTPS records: RFC 9460 3.1 leaves the number to the client */
    HTTPS_PORT = 443,
};

/* Reads a record into place n of an array that has n already. -ERR_SYNTAX: it cannot be read. */
typedef int take_record(void *records, size_t n, const struct dnsmsg *m,
                        const struct dnsmsg_record *r);
static take_record take_address, take_caa, take_tlsa, take_https;

/* What is asked in a slot, and where in the facts its answer goes. */
struct kind {
    uint16_t type;
    size_t set, records, n; /* offsets in struct dns_facts */
    size_t size;            /* of a record, as kept */
    take_record *take;
};

#define KIND(type, member, record, take, list)                                                     \
    {                                                                                              \
        type, offsetof(struct dns_facts, member.set), offsetof(struct dns_facts, member.list),     \
            offsetof(struct dns_facts, member.n), sizeof(record), take                             \
    }

static const struct kind kinds[DNS_SLOTS] = {
    [DNS_SLOT_A] = KIND(DNSMSG_A, a, struct addr, take_address, addrs),
    [DNS_SLOT_AAAA] = KIND(DNSMSG_AAAA, aaaa, struct addr, take_address, addrs),
    [DNS_SLOT_HTTPS] = KIND(DNSMSG_HTTPS, https, struct dnsrr_svcb, take_https, records),
    [DNS_SLOT_TLSA] = KIND(DNSMSG_TLSA, tlsa, struct dnsrr_tlsa, take_tlsa, records),
    [DNS_SLOT_CAA] = KIND(DNSMSG_CAA, caa, struct dnsrr_caa, take_caa, records),
    [DNS_SLOT_TARGET_A] = KIND(DNSMSG_A, target_a, struct addr, take_address, addrs),
    [DNS_SLOT_TARGET_AAAA] = KIND(DNSMSG_AAAA, target_aaaa, struct addr, take_address, addrs),
};

static struct dns_set *set_of(struct dns_facts *f, enum dns_slot slot)
{
    return (struct dns_set *)((char *)f + kinds[slot].set);
}

static void set_records(struct dns_facts *f, enum dns_slot slot, void *records, size_t n)
{
    memcpy((char *)f + kinds[slot].records, &records, sizeof records);
    memcpy((char *)f + kinds[slot].n, &n, sizeof n);
}

/* ---- what to ask ---- */

static void ask(struct dns_audit *d, enum dns_slot slot, const struct dnsname *name)
{
    struct dns_pending *p = &d->pending[slot];
    p->ready = true;
    p->out = false;
    p->name = *name;
}

/* Beneath "_PORT.SERVICE"; a name that has no room for it has no such records either. */
static void ask_beneath(struct dns_audit *d, enum dns_slot slot, struct str service)
{
    char port[8];
    struct dnsname name = d->facts->host;
    int n = snprintf(port, sizeof port, "_%u", (unsigned)d->facts->port);
    if (dnsname_prefix(&name, service) == 0 && dnsname_prefix(&name, str_of(port, (size_t)n)) == 0)
        ask(d, slot, &name);
}

static bool is_literal(struct str host)
{
    char text[80];
    struct addr a;
    bool v6 = str_find(host, ':', 0) < host.n;
    int n = v6 && host.p[0] != '[' ? snprintf(text, sizeof text, "[%.*s]:0", STR_ARG(host))
                                   : snprintf(text, sizeof text, "%.*s:0", STR_ARG(host));
    return n > 0 && (size_t)n < sizeof text && host.n && host.p[0] != '*' &&
           addr_parse(&a, str_of(text, (size_t)n)) == 0;
}

/* RFC 6761 6.3, 6.4: these are nobody's to ask about. */
static bool is_special(const struct dnsname *host)
{
    struct dnsname top = *host, above;
    for (above = dnsname_parent(&top); !dnsname_is_root(&above); above = dnsname_parent(&top))
        top = above;
    return (top.n == 11 && !memcmp(top.wire + 1, "localhost", 9)) ||
           (top.n == 9 && !memcmp(top.wire + 1, "invalid", 7));
}

int dns_audit_init(struct dns_audit *d, struct arena *arena, struct str host, uint16_t port)
{
    struct dnsname name = {.n = 0};
    bool literal = is_literal(host);
    int err = literal ? 0 : dnsname_parse(&name, host);
    if (err == 0 && !literal && dnsname_is_root(&name))
        err = -ERR_SYNTAX;
    struct dns_facts *facts = err ? NULL : arena_zalloc(arena, sizeof *facts);
    if (!facts)
        return err ? err : -ERR_NOMEM;
    facts->host = name;
    facts->port = port;
    *d = (struct dns_audit){.arena = arena, .facts = facts};
    if (literal || is_special(&name))
        return 0;
    ask(d, DNS_SLOT_A, &name);
    ask(d, DNS_SLOT_AAAA, &name);
    ask(d, DNS_SLOT_CAA, &name);
    ask_beneath(d, DNS_SLOT_TLSA, STR("_tcp"));
    if (port == HTTPS_PORT)
        ask(d, DNS_SLOT_HTTPS, &name);
    else
        ask_beneath(d, DNS_SLOT_HTTPS, STR("_https")); /* RFC 9460 9.1 */
    return 0;
}

bool dns_audit_next(struct dns_audit *d, struct dns_ask *ret)
{
    for (enum dns_slot slot = 0; slot < DNS_SLOTS; slot++) {
        struct dns_pending *p = &d->pending[slot];
        if (!p->ready)
            continue;
        p->ready = false;
        p->out = true;
        *ret = (struct dns_ask){.slot = slot, .name = p->name, .type = kinds[slot].type};
        return true;
    }
    return false;
}

void dns_audit_query(const struct dns_ask *ask, struct buf *out)
{
    dnsmsg_query(out, &(struct dnsmsg_question){
                          .name = &ask->name,
                          .type = ask->type,
                          .recurse = true,
                          .tell_secure = true,
                      });
}

bool dns_audit_done(const struct dns_audit *d)
{
    for (enum dns_slot slot = 0; slot < DNS_SLOTS; slot++)
        if (d->pending[slot].ready || d->pending[slot].out)
            return false;
    return true;
}

/* ---- what was answered ---- */

static int take_address(void *records, size_t n, const struct dnsmsg *m,
                        const struct dnsmsg_record *r)
{
    return dnsrr_addr(r, (struct addr *)records + n);
}

static int take_caa(void *records, size_t n, const struct dnsmsg *m, const struct dnsmsg_record *r)
{
    return dnsrr_caa(r->data, (struct dnsrr_caa *)records + n);
}

static int take_tlsa(void *records, size_t n, const struct dnsmsg *m, const struct dnsmsg_record *r)
{
    return dnsrr_tlsa(r->data, (struct dnsrr_tlsa *)records + n);
}

/* At its place by priority. */
static int take_https(void *records, size_t n, const struct dnsmsg *m,
                      const struct dnsmsg_record *r)
{
    struct dnsrr_svcb *all = records, s;
    int err = dnsrr_svcb(m, r, &s);
    if (err)
        return err;
    for (; n > 0 && all[n - 1].priority > s.priority; n--)
        all[n] = all[n - 1];
    all[n] = s;
    return 0;
}

static bool is_wanted(const struct dnsmsg_record *r, const struct dns_set *set, uint16_t type)
{
    return r->type == type && r->class == 1 && dnsname_eq(&r->name, &set->owner);
}

static size_t count_records(const struct dnsmsg *m, const struct dns_set *set, uint16_t type)
{
    struct dnsmsg_cursor c = {0};
    struct dnsmsg_record r;
    size_t n = 0;
    while (dnsmsg_next(m, &c, &r) && r.section == DNSMSG_ANSWER)
        n += is_wanted(&r, set, type);
    return n;
}

/* Reads the records into `records`, which has room for max; how many. */
static size_t read_records(const struct dnsmsg *m, struct dns_set *set, const struct kind *kind,
                           void *records, size_t max)
{
    struct dnsmsg_cursor c = {0};
    struct dnsmsg_record r;
    size_t n = 0;
    while (dnsmsg_next(m, &c, &r) && r.section == DNSMSG_ANSWER) {
        if (!is_wanted(&r, set, kind->type))
            continue;
        if (n == max) {
            set->more = true;
            break;
        }
        if (kind->take(records, n, m, &r)) {
            set->malformed++;
            continue;
        }
        set->ttl = n == 0 || r.ttl < set->ttl ? r.ttl : set->ttl;
        n++;
    }
    return n;
}

/* What is kept points into a copy of the response, as m does already. */
static int keep_records(struct dns_audit *d, enum dns_slot slot, const struct dnsmsg *m)
{
    struct dns_set *set = set_of(d->facts, slot);
    const struct kind *kind = &kinds[slot];
    size_t n = count_records(m, set, kind->type);
    size_t max = n < DNS_RECORDS_MAX ? n : DNS_RECORDS_MAX;
    struct dnsmsg copy = *m;
    set->state = n ? DNS_FOUND : DNS_EMPTY;
    if (n == 0)
        return 0;
    copy.in = arena_str(d->arena, m->in);
    void *records = arena_zalloc(d->arena, max * kind->size);
    if (!copy.in.p || !records)
        return -ERR_NOMEM;
    set_records(d->facts, slot, records, read_records(&copy, set, kind, records, max));
    return 0;
}

static enum dns_state state_of_error(int err)
{
    switch (err) {
    case -ERR_TIMEOUT: return DNS_TIMEOUT;
    case -ERR_BAD_MESSAGE: return DNS_MALFORMED;
    default: return DNS_UNREACHABLE;
    }
}

static enum dns_state state_of_rcode(uint16_t rcode)
{
    switch (rcode) {
    case DNSMSG_NXDOMAIN: return DNS_NO_NAME;
    case DNSMSG_SERVFAIL: return DNS_SERVFAIL;
    case DNSMSG_REFUSED: return DNS_REFUSED;
    default: return DNS_OTHER;
    }
}

/* An error needs no question in it (FORMERR often has none); all else must be what was asked. */
static int read_response(struct dns_audit *d, enum dns_slot slot, struct str response)
{
    struct dns_set *set = set_of(d->facts, slot);
    struct dnsmsg m;
    set->state = DNS_MALFORMED;
    if (dnsmsg_parse(&m, response) || !m.response || m.truncated)
        return 0;
    bool fits = dnsmsg_answers(&m, &set->name, kinds[slot].type);
    if (!fits && (m.rcode == DNSMSG_NOERROR || m.rcode == DNSMSG_NXDOMAIN || m.has_question))
        return 0;
    set->rcode = m.rcode;
    /* That a name above is signed says nothing of what is looked at instead of it: all must be. */
    set->secure = m.secure && (set->asked == 1 || set->secure);
    if (m.rcode != DNSMSG_NOERROR) {
        set->state = state_of_rcode(m.rcode);
        return 0;
    }
    return dnsmsg_follow(&m, &set->owner) ? 0 : keep_records(d, slot, &m);
}

/* ---- and then ---- */

/* RFC 8659 3: up the tree until there are records. A look-up that failed ends the climb: whatever is
 * above would not count if there was something here. */
static void climb(struct dns_audit *d)
{
    const struct dns_set *set = &d->facts->caa.set;
    struct dnsname parent = dnsname_parent(&set->name);
    if ((set->state == DNS_EMPTY || set->state == DNS_NO_NAME) && !dnsname_is_root(&parent))
        ask(d, DNS_SLOT_CAA, &parent);
}

/* RFC 9460 2.4.2: an alias counts before all services beside it; to "." means: no such service.
 * 2.5.2: a service at "." is at the owner. */
static void follow_https(struct dns_audit *d)
{
    struct dns_facts *f = d->facts;
    if (f->https.n == 0)
        return;
    const struct dnsrr_svcb *first = &f->https.records[0];
    bool self = dnsname_is_root(&first->target);
    struct dnsname target = self ? f->https.set.owner : first->target;
    if (first->priority == 0) {
        if (!self && f->https.aliases < ALIASES_MAX) {
            f->https.aliases++;
            f->https.n = 0;
            ask(d, DNS_SLOT_HTTPS, &target);
        }
    } else if (!dnsname_eq(&target, &f->host)) {
        ask(d, DNS_SLOT_TARGET_A, &target);
        ask(d, DNS_SLOT_TARGET_AAAA, &target);
    }
}

static void set_ports(struct dns_facts *f)
{
    struct dns_addresses *all[] = {&f->a, &f->aaaa, &f->target_a, &f->target_aaaa};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        for (size_t i = 0; i < all[k]->n; i++)
            addr_set_port(&all[k]->addrs[i], f->port);
}

static void go_on(struct dns_audit *d, enum dns_slot slot)
{
    if (slot == DNS_SLOT_CAA)
        climb(d);
    else if (slot == DNS_SLOT_HTTPS)
        follow_https(d);
    else
        set_ports(d->facts);
}

int dns_audit_answer(struct dns_audit *d, enum dns_slot slot, int err, struct str response)
{
    if (slot >= DNS_SLOTS || !d->pending[slot].out)
        return -ERR_INVAL;
    struct dns_set *set = set_of(d->facts, slot);
    d->pending[slot].out = false;
    set->asked++;
    set->name = set->owner = d->pending[slot].name;
    set->rcode = 0;
    err = err ? err : read_response(d, slot, response);
    set->err = err;
    if (err)
        set->state = state_of_error(err);
    else
        go_on(d, slot);
    set->secure = set->secure && !dns_set_failed(set);
    return err == -ERR_NOMEM ? err : 0;
}
