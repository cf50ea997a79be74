/* Where a name is; see resolver_addresses. Each look-up has two queries, A and AAAA, side by side.
 * No ordering by RFC 6724: who connects tries both families anyway. */
#include "io/resolve_self.h"

#include "io/hosts.h"
#include "wire/dnsrr.h"

#include <stdio.h>
#include <stdlib.h>

enum { V6, V4, FAMILIES };

struct resolve_lookup;

/* One of the two queries. */
struct family {
    struct resolve_lookup *lookup;
    uint16_t type;
    bool pending;
    int err;
    size_t n;
    struct addr addrs[RESOLVER_ADDRESSES_MAX / 2];
};

/* In the resolver's list until its callback. */
struct resolve_lookup {
    struct list link;
    struct resolver *resolver;
    struct dnsname name;
    uint16_t port;
    resolver_on_addresses *on_addresses;
    void *user;
    struct task tell; /* what was known without asking */
    struct family family[FAMILIES];
};

static void lookup_free(struct resolve_lookup *k)
{
    task_cancel(&k->tell);
    list_remove(&k->link);
    free(k);
}

void resolve_cancel_lookups(struct resolver *r, const void *user)
{
    LIST_EACH(it, tmp, &r->lookups)
    {
        struct resolve_lookup *k = LIST_ENTRY(it, struct resolve_lookup, link);
        if (user && k->user != user)
            continue;
        list_remove(&k->link); /* resolver_cancel comes here again */
        for (size_t i = 0; i < FAMILIES; i++)
            resolver_cancel(r, &k->family[i]);
        lookup_free(k);
    }
}

/* The worse news of the two: that it is not there is certain only if both say so. */
static int error_of(const struct resolve_lookup *k)
{
    int first = k->family[V6].err, second = k->family[V4].err;
    return second && second != -ERR_NOT_FOUND ? second : first ? first : -ERR_NOT_FOUND;
}

static void finish(struct resolve_lookup *k)
{
    struct addr addrs[RESOLVER_ADDRESSES_MAX];
    size_t n = 0;
    for (size_t f = 0; f < FAMILIES; f++)
        for (size_t i = 0; i < k->family[f].n; i++) {
            addrs[n] = k->family[f].addrs[i];
            addr_set_port(&addrs[n++], k->port);
        }
    resolver_on_addresses *on_addresses = k->on_addresses;
    void *user = k->user;
    int err = n ? 0 : error_of(k);
    lookup_free(k);
    on_addresses(user, err, addrs, n);
}

static void on_tell(struct task *t)
{
    finish(LIST_ENTRY(t, struct resolve_lookup, tell));
}

static void add(struct resolve_lookup *k, const struct addr *a)
{
    struct family *f = &k->family[a->sa.sa_family == AF_INET ? V4 : V6];
    if (f->n < sizeof f->addrs / sizeof *f->addrs)
        f->addrs[f->n++] = *a;
}

/* ---- by query ---- */

static int error_of_rcode(unsigned rcode)
{
    if (rcode == DNSMSG_NOERROR)
        return 0;
    return rcode == DNSMSG_NXDOMAIN ? -ERR_NOT_FOUND : -ERR_DNS_FAILED;
}

static int take_response(struct family *f, struct str response)
{
    struct dnsmsg m;
    struct dnsname owner;
    struct dnsmsg_cursor c = {0};
    struct dnsmsg_record r;
    if (dnsmsg_parse(&m, response) || m.truncated)
        return -ERR_BAD_MESSAGE;
    int err = error_of_rcode(m.rcode);
    if (err)
        return err;
    if (!dnsmsg_answers(&m, &f->lookup->name, f->type) || dnsmsg_follow(&m, &owner))
        return -ERR_BAD_MESSAGE;
    while (dnsmsg_next(&m, &c, &r) && r.section == DNSMSG_ANSWER) {
        struct addr a;
        if (r.type != f->type || r.class != 1 || !dnsname_eq(&r.name, &owner))
            continue;
        if (dnsrr_addr(&r, &a))
            return -ERR_BAD_MESSAGE;
        add(f->lookup, &a);
    }
    return f->n ? 0 : -ERR_NOT_FOUND;
}

static void on_answer(void *user, int err, struct str response)
{
    struct family *f = user;
    struct resolve_lookup *k = f->lookup;
    f->pending = false;
    f->err = err ? err : take_response(f, response);
    if (!k->family[V4].pending && !k->family[V6].pending)
        finish(k);
}

static int ask(struct family *f)
{
    struct buf message;
    buf_init(&message, DNSMSG_QUERY_MAX);
    dnsmsg_query(&message, &(struct dnsmsg_question){
                               .name = &f->lookup->name,
                               .type = f->type,
                               .recurse = true,
                           });
    int err = buf_err(&message);
    err = err ? err : resolver_query(f->lookup->resolver, buf_str(&message), on_answer, f);
    buf_done(&message);
    f->pending = err == 0;
    return err;
}

/* ---- without asking ---- */

static bool parse_literal(struct str name, struct addr *ret)
{
    char text[64];
    bool v6 = str_find(name, ':', 0) < name.n;
    bool bare = v6 && name.n && name.p[0] != '[';
    int n = snprintf(text, sizeof text, bare ? "[%.*s]:0" : "%.*s:0", STR_ARG(name));
    /* "*" is what addr_parse calls any address. */
    return name.n && name.p[0] != '*' && n > 0 && (size_t)n < sizeof text &&
           addr_parse(ret, str_of(text, (size_t)n)) == 0;
}

static bool is_or_beneath(struct str name, struct str top)
{
    return str_ieq(name, top) || (name.n > top.n && name.p[name.n - top.n - 1] == '.' &&
                                  str_ieq(str_from(name, name.n - top.n), top));
}

static void add_loopback(struct resolve_lookup *k)
{
    struct addr a;
    if (addr_parse(&a, STR("[::1]:0")) == 0)
        add(k, &a);
    if (addr_parse(&a, STR("127.0.0.1:0")) == 0)
        add(k, &a);
}

static bool known(struct resolve_lookup *k, struct str name)
{
    struct addr found[RESOLVER_ADDRESSES_MAX];
    size_t n = parse_literal(name, found) ? 1 : 0;
    if (n == 0 && name.n > 1 && name.p[name.n - 1] == '.')
        name.n--;
    if (n == 0)
        n = hosts_find(buf_str(&k->resolver->hosts), name, found, RESOLVER_ADDRESSES_MAX);
    for (size_t i = 0; i < n; i++)
        add(k, &found[i]);
    if (n)
        return true;
    if (is_or_beneath(name, STR("localhost"))) {
        add_loopback(k);
        return true;
    }
    return is_or_beneath(name, STR("invalid")); /* and that it has no address is known */
}

static struct resolve_lookup *lookup_new(struct resolver *r, uint16_t port,
                                         resolver_on_addresses *on_addresses, void *user)
{
    struct resolve_lookup *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    *k = (struct resolve_lookup){
        .resolver = r,
        .port = port,
        .on_addresses = on_addresses,
        .user = user,
        .family = {[V6] = {.type = DNSMSG_AAAA}, [V4] = {.type = DNSMSG_A}},
    };
    for (size_t i = 0; i < FAMILIES; i++)
        k->family[i].lookup = k;
    task_init(&k->tell, on_tell);
    list_init(&k->link);
    return k;
}

static int start(struct resolve_lookup *k, struct str name)
{
    if (known(k, name)) {
        loop_defer(k->resolver->loop, &k->tell);
        return 0;
    }
    int err = dnsname_parse(&k->name, name);
    err = err ? err : ask(&k->family[V6]);
    err = err ? err : ask(&k->family[V4]);
    return err;
}

int resolver_addresses(struct resolver *r, struct str name, uint16_t port,
                       resolver_on_addresses *on_addresses, void *user)
{
    struct resolve_lookup *k = lookup_new(r, port, on_addresses, user);
    if (!k)
        return -ERR_NOMEM;
    int err = start(k, name);
    if (err) {
        for (size_t i = 0; i < FAMILIES; i++)
            resolver_cancel(r, &k->family[i]);
        lookup_free(k);
        return err;
    }
    list_push(&r->lookups, &k->link);
    return 0;
}
