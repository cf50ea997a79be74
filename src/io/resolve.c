/* The resolver; see resolve.h. Why c-ares although the messages are ours: retries, several servers
 * and the way from UDP to TCP are where resolvers go wrong, and it has been through that. Why not
 * its own parser: the auditor shows what was sent, and asks for what 1.18 does not know.
 *
 * c-ares calls back whenever it likes, even from within ares_send. So what ended is put into a list
 * and told at the end of the turn, from our own stack: users may ask again, cancel, or free the
 * resolver in their callbacks. c-ares cannot forget a single query: one that ran out of time or was
 * cancelled leaves an empty flight behind until c-ares gives up itself. */
#include "io/resolve.h"

#include "io/file.h"
#include "io/resolve_self.h"

/* 1.34 calls ares_send and ares_process_fd old; 1.18 has nothing else. (There, ares_send reads and
 * rewrites messages on their way: what it cannot read arrives as BAD_MESSAGE.) */
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    HEADER = 12, /* bytes of a message's header */
    HOSTS_MAX = 1 << 20,
    UDP_SIZE = 1232, /* as wire/dnsmsg.h tells the servers */
};

const struct resolver_options resolver_defaults = {
    .timeout = 2 * SECOND,
    .tries = 2,
    .deadline = 5 * SECOND,
    .in_flight = 64,
    .hosts = "/etc/hosts",
};

struct resolve_socket {
    struct list link;
    struct resolver *resolver;
    struct watch watch;
    int fd;
};

/* What c-ares is given; it dies by on_cares. */
struct resolve_flight {
    struct resolver *resolver;
    struct resolve_query *query; /* NULL: nobody waits any more */
};

struct resolve_query {
    struct list link;
    struct resolver *resolver;
    resolver_on_answer *on_answer;
    void *user;
    uint64_t deadline;
    struct resolve_flight *flight; /* ours until it is sent; NULL: landed */
    bool sent;
    int err;
    struct buf response;
    size_t n;
    unsigned char message[];
};

static struct resolve_query *query_of(struct list *l)
{
    return LIST_ENTRY(l, struct resolve_query, link);
}

static void drop_flight(struct resolve_query *q)
{
    if (q->sent && q->flight)
        q->flight->query = NULL;
    else
        free(q->flight);
    q->flight = NULL;
}

static void query_free(struct resolve_query *q)
{
    drop_flight(q);
    list_remove(&q->link);
    buf_done(&q->response);
    free(q);
}

/* ---- time ---- */

static uint64_t first_deadline(const struct list *queries)
{
    return list_empty(queries) ? UINT64_MAX : query_of(queries->next)->deadline;
}

/* A millisecond more: c-ares reads a clock of its own, and waking early would spin. */
static uint64_t cares_deadline(struct resolver *r)
{
    struct timeval tv;
    if (!ares_timeout(r->channel, NULL, &tv))
        return UINT64_MAX;
    return r->loop->now + (uint64_t)tv.tv_sec * SECOND + (uint64_t)tv.tv_usec * 1000 + MILLISECOND;
}

static void rearm(struct resolver *r)
{
    uint64_t when = cares_deadline(r), flying = first_deadline(&r->flying),
             waiting = first_deadline(&r->waiting);
    when = flying < when ? flying : when;
    when = waiting < when ? waiting : when;
    if (when == UINT64_MAX)
        timer_stop(r->loop, &r->timer);
    else
        timer_start(r->loop, &r->timer, when);
}

/* ---- what c-ares says ---- */

static int error_of(int status)
{
    switch (status) {
    case ARES_SUCCESS: return 0;
    case ARES_ETIMEOUT: return -ERR_TIMEOUT;
    case ARES_ECONNREFUSED: return -ERR_REFUSED;
    case ARES_ENOMEM: return -ERR_NOMEM;
    case ARES_EBADRESP: return -ERR_BAD_MESSAGE;
    case ARES_EBADQUERY: return -ERR_INVAL;
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION: return -ERR_CANCELLED;
    default: return -ERR_IO;
    }
}

static void end(struct resolve_query *q, int err)
{
    struct resolver *r = q->resolver;
    drop_flight(q);
    q->err = err;
    list_remove(&q->link);
    list_push(&r->ended, &q->link);
    loop_defer(r->loop, &r->deliver);
}

static void on_cares(void *arg, int status, int timeouts, unsigned char *p, int n)
{
    struct resolve_flight *f = arg;
    struct resolve_query *q = f->query;
    struct resolver *r = f->resolver;
    int err = error_of(status);
    free(f);
    r->flights--;
    if (!r->freed)
        loop_defer(r->loop, &r->deliver); /* there is room for one more */
    if (!q)
        return;
    q->flight = NULL;
    /* c-ares hands a response out with some errors as well: a response is what counts. */
    if (p && n > 0)
        err = buf_append(&q->response, str_of((const char *)p, (size_t)n));
    end(q, err);
}

static void on_socket(struct watch *w, unsigned events)
{
    struct resolve_socket *s = LIST_ENTRY(w, struct resolve_socket, watch);
    struct resolver *r = s->resolver;
    /* s may die in there. */
    ares_process_fd(r->channel, events & LOOP_READ ? s->fd : ARES_SOCKET_BAD,
                    events & LOOP_WRITE ? s->fd : ARES_SOCKET_BAD);
    rearm(r);
}

static struct resolve_socket *find_socket(struct resolver *r, int fd)
{
    LIST_EACH(it, tmp, &r->sockets)
    {
        struct resolve_socket *s = LIST_ENTRY(it, struct resolve_socket, link);
        if (s->fd == fd)
            return s;
    }
    return NULL;
}

static struct resolve_socket *add_socket(struct resolver *r, int fd)
{
    struct resolve_socket *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->resolver = r;
    s->fd = fd;
    s->watch = (struct watch){.on_event = on_socket, .fd = -1};
    list_init(&s->link);
    list_push(&r->sockets, &s->link);
    return s;
}

/* A socket that cannot be watched leaves its queries to their deadline. */
static void on_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct resolver *r = arg;
    struct resolve_socket *s = find_socket(r, fd);
    unsigned events = (readable ? LOOP_READ : 0u) | (writable ? LOOP_WRITE : 0u);
    if (events && !s)
        s = add_socket(r, fd);
    if (!s)
        return;
    if (!events) {
        loop_unwatch(r->loop, &s->watch);
        list_remove(&s->link);
        free(s);
        return;
    }
    int err = s->watch.fd < 0 ? loop_watch(r->loop, &s->watch, fd, events, false)
                              : loop_rewatch(r->loop, &s->watch, events, false);
    (void)err;
}

/* ---- queries ---- */

static void send_waiting(struct resolver *r)
{
    while (r->flights < r->in_flight && !list_empty(&r->waiting)) {
        struct resolve_query *q = query_of(list_pop(&r->waiting));
        list_push(&r->flying, &q->link);
        r->flights++;
        q->sent = true;
        ares_send(r->channel, q->message, (int)q->n, on_cares, q->flight);
    }
    rearm(r);
}

static void expire(struct list *queries, uint64_t now)
{
    while (!list_empty(queries) && first_deadline(queries) <= now)
        end(query_of(queries->next), -ERR_TIMEOUT);
}

static void on_timer(struct timer *t, uint64_t now)
{
    struct resolver *r = LIST_ENTRY(t, struct resolver, timer);
    ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    expire(&r->waiting, now);
    expire(&r->flying, now);
    rearm(r);
}

static void on_deliver(struct task *t)
{
    struct resolver *r = LIST_ENTRY(t, struct resolver, deliver);
    struct list *l;
    while ((l = list_pop(&r->ended))) {
        struct resolve_query *q = query_of(l);
        q->on_answer(q->user, q->err, buf_str(&q->response));
        query_free(q);
    }
    if (!r->freed)
        send_waiting(r);
}

int resolver_query(struct resolver *r, struct str message, resolver_on_answer *on_answer,
                   void *user)
{
    if (message.n < HEADER || message.n > UINT16_MAX)
        return -ERR_INVAL;
    struct resolve_query *q = calloc(1, sizeof *q + message.n);
    struct resolve_flight *f = calloc(1, sizeof *f);
    if (!q || !f) {
        free(q);
        free(f);
        return -ERR_NOMEM;
    }
    *f = (struct resolve_flight){.resolver = r, .query = q};
    *q = (struct resolve_query){
        .resolver = r,
        .on_answer = on_answer,
        .user = user,
        .deadline = r->loop->now + r->deadline,
        .flight = f,
        .n = message.n,
    };
    list_init(&q->link);
    buf_init(&q->response, UINT16_MAX);
    memcpy(q->message, message.p, message.n);
    if (getrandom(q->message, 2, 0) != 2) { /* RFC 5452 9.2: an id that nobody can guess */
        query_free(q);
        return -ERR_IO;
    }
    list_push(&r->waiting, &q->link);
    loop_defer(r->loop, &r->deliver);
    return 0;
}

static void cancel_in(struct list *queries, const void *user)
{
    LIST_EACH(it, tmp, queries)
    {
        if (!user || query_of(it)->user == user)
            query_free(query_of(it));
    }
}

void resolver_cancel(struct resolver *r, const void *user)
{
    resolve_cancel_lookups(r, user);
    cancel_in(&r->waiting, user);
    cancel_in(&r->flying, user);
    cancel_in(&r->ended, user);
}

/* ---- the resolver ---- */

int resolver_server(struct addr *ret, struct str text)
{
    return addr_parse_host(ret, text, 53);
}

static int set_servers(struct resolver *r, const struct resolver_options *o)
{
    struct ares_addr_port_node *nodes = calloc(o->servers_n, sizeof *nodes);
    if (!nodes)
        return -ERR_NOMEM;
    for (size_t i = 0; i < o->servers_n; i++) {
        const struct addr *a = &o->servers[i];
        struct ares_addr_port_node *node = &nodes[i];
        node->next = i + 1 < o->servers_n ? node + 1 : NULL;
        node->family = a->sa.sa_family;
        node->udp_port = node->tcp_port = addr_port(a);
        if (a->sa.sa_family == AF_INET)
            node->addr.addr4 = a->in.sin_addr;
        else
            memcpy(&node->addr.addr6, &a->in6.sin6_addr, sizeof node->addr.addr6);
    }
    int err = error_of(ares_set_servers_ports(r->channel, nodes));
    free(nodes);
    return err;
}

/* From 1.31 on c-ares has a cache. It knows nothing of AD: an answer that was asked for without
 * would serve a question that wants to know. And who audits wants to see what is there now. */
static int without_cache(struct ares_options *a)
{
#ifdef ARES_OPT_QUERY_CACHE
    a->qcache_max_ttl = 0;
    return ARES_OPT_QUERY_CACHE;
#else
    return 0;
#endif
}

/* NOCHECKRESP: SERVFAIL and REFUSED are answers, which the auditor tells. EDNS, which our messages
 * have: else 1.18 takes what is over 512 bytes by TCP only; and it leaves the OPT record out where a
 * server does not understand it. */
static int open_channel(struct resolver *r, const struct resolver_options *o)
{
    struct ares_options a = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP | ARES_FLAG_EDNS,
        .timeout = (int)(o->timeout / MILLISECOND),
        .tries = (int)o->tries,
        .ednspsz = UDP_SIZE,
        .lookups = (char[]){"b"},
        .sock_state_cb = on_state,
        .sock_state_cb_data = r,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
               ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB | without_cache(&a);
    int err = error_of(ares_library_init(ARES_LIB_INIT_ALL));
    err = err ? err : error_of(ares_init_options(&r->channel, &a, mask));
    return err || o->servers_n == 0 ? err : set_servers(r, o);
}

/* One that cannot be opened is as good as none. */
static int read_hosts(struct resolver *r, const char *path)
{
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd < 0)
        return 0;
    int err = file_read_all(fd, &r->hosts);
    close(fd);
    return err;
}

static void destroy(struct resolver *r)
{
    if (r->channel) {
        ares_destroy(r->channel);
        ares_library_cleanup();
    }
    timer_done(r->loop, &r->timer);
    buf_done(&r->hosts);
    free(r);
}

static void on_release(struct task *t)
{
    destroy(LIST_ENTRY(t, struct resolver, release));
}

static struct resolver *resolver_alloc(struct loop *loop, const struct resolver_options *o)
{
    struct resolver *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->loop = loop;
    r->in_flight = o->in_flight;
    r->deadline = o->deadline;
    list_init(&r->sockets);
    list_init(&r->waiting);
    list_init(&r->flying);
    list_init(&r->ended);
    list_init(&r->lookups);
    task_init(&r->deliver, on_deliver);
    task_init(&r->release, on_release);
    buf_init(&r->hosts, HOSTS_MAX);
    return r;
}

static bool are_sane(const struct resolver_options *o)
{
    uint64_t hour = 3600 * SECOND;
    bool times = o->timeout >= MILLISECOND && o->timeout <= hour && o->deadline <= hour;
    return times && o->deadline && o->tries && o->tries <= 100 && o->in_flight;
}

int resolver_new(struct loop *loop, const struct resolver_options *options, struct resolver **ret)
{
    if (!are_sane(options))
        return -ERR_INVAL;
    struct resolver *r = resolver_alloc(loop, options);
    if (!r)
        return -ERR_NOMEM;
    int err = timer_init(loop, &r->timer, on_timer);
    err = err ? err : open_channel(r, options);
    err = err ? err : read_hosts(r, options->hosts);
    if (err) {
        r->freed = true;
        destroy(r);
        return err;
    }
    *ret = r;
    return 0;
}

/* c-ares's sockets are no longer watched at once: events of this turn must not find us. */
void resolver_free(struct resolver *r)
{
    if (!r || r->freed)
        return;
    r->freed = true;
    resolver_cancel(r, NULL);
    LIST_EACH(it, tmp, &r->sockets)
    loop_unwatch(r->loop, &LIST_ENTRY(it, struct resolve_socket, link)->watch);
    timer_stop(r->loop, &r->timer);
    task_cancel(&r->deliver);
    loop_defer(r->loop, &r->release);
}
