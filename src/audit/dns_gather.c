/* Questions by resolver; see dns_gather.h. */
#include "audit/dns_gather.h"

#include <stdlib.h>

struct slot {
    struct dns_gather *gather;
    enum dns_slot number;
};

/* Owned by who made it. */
struct dns_gather {
    struct dns_audit audit;
    struct resolver *resolver;
    struct loop *loop;
    dns_gather_on_facts *on_facts;
    void *user;
    struct slot slots[DNS_SLOTS];
    struct task tell; /* deferred once all is known */
    bool starved;
};

static void go_on(struct dns_gather *g);

/* Out of memory: the facts say "unreachable" there. */
static void answer(struct dns_gather *g, enum dns_slot slot, int err, struct str response)
{
    bool starved = dns_audit_answer(&g->audit, slot, err, response) == -ERR_NOMEM;
    g->starved = g->starved || starved;
}

static void on_answer(void *user, int err, struct str response)
{
    struct slot *s = user;
    answer(s->gather, s->number, err, response);
    go_on(s->gather);
}

static int ask(struct dns_gather *g, const struct dns_ask *question)
{
    struct buf message;
    buf_init(&message, DNSMSG_QUERY_MAX);
    dns_audit_query(question, &message);
    int err = buf_err(&message);
    err =
        err ? err
            : resolver_query(g->resolver, buf_str(&message), on_answer, &g->slots[question->slot]);
    buf_done(&message);
    return err;
}

static void go_on(struct dns_gather *g)
{
    struct dns_ask question;
    while (dns_audit_next(&g->audit, &question)) {
        int err = ask(g, &question);
        if (err)
            answer(g, question.slot, err, STR_NONE);
    }
    if (dns_audit_done(&g->audit))
        loop_defer(g->loop, &g->tell);
}

static void on_tell(struct task *t)
{
    struct dns_gather *g = LIST_ENTRY(t, struct dns_gather, tell);
    g->on_facts(g->user, g->audit.facts); /* g may be gone */
}

int dns_gather_new(struct loop *loop, struct resolver *r, struct arena *arena, struct str host,
                   uint16_t port, dns_gather_on_facts *on_facts, void *user,
                   struct dns_gather **ret)
{
    struct dns_gather *g = calloc(1, sizeof *g);
    if (!g)
        return -ERR_NOMEM;
    int err = dns_audit_init(&g->audit, arena, host, port);
    if (err) {
        free(g);
        return err;
    }
    g->loop = loop;
    g->resolver = r;
    g->on_facts = on_facts;
    g->user = user;
    for (enum dns_slot i = 0; i < DNS_SLOTS; i++)
        g->slots[i] = (struct slot){.gather = g, .number = i};
    task_init(&g->tell, on_tell);
    go_on(g);
    *ret = g;
    return 0;
}

bool dns_gather_starved(const struct dns_gather *g)
{
    return g->starved;
}

void dns_gather_free(struct dns_gather *g)
{
    if (!g)
        return;
    for (enum dns_slot i = 0; i < DNS_SLOTS; i++)
        resolver_cancel(g->resolver, &g->slots[i]);
    task_cancel(&g->tell);
    free(g);
}
