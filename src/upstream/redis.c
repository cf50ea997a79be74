/* Redis on the loop; see redis.h. hiredis frees its context whenever a connection fails, from within
 * whatever it was asked to do: `context` is looked at again after each such call. */
#include "upstream/redis.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#include <stdio.h>
#include <stdlib.h>

enum { WORDS_MAX = 512, TROUBLE_MAX = 160 };
#define BACKOFF_FIRST (SECOND / 10)

struct call {
    struct list list;      /* waiting, or sent */
    struct redis *redis;
    redis_on_answer *on_answer;
    void *user;
    uint64_t deadline;
    char *text;            /* the command, until it is sent; the library's */
    int text_n;
};

struct redis {
    struct loop *loop;
    struct resolver *resolver;
    struct redis_url url;
    redisAsyncContext *context; /* NULL: no connection, not even a beginning of one */
    struct watch watch;
    unsigned events;            /* LOOP_* that are watched */
    struct list waiting, sent;  /* each in the order of their deadlines */
    size_t ncalls;
    struct timer deadline, retry;
    uint64_t backoff;
    bool up, resolving, closing;
    char trouble[TROUBLE_MAX];
};

static void try_connect(struct redis *r);

/* ---- answers ---- */

static struct redis_value value_of(const redisReply *reply)
{
    struct redis_value v = {.kind = REDIS_VALUE_NIL, .reply = reply};
    switch (reply ? reply->type : REDIS_REPLY_NIL) {
    case REDIS_REPLY_INTEGER:
        v.kind = REDIS_VALUE_NUMBER;
        v.number = reply->integer;
        break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
        v.kind = reply->type == REDIS_REPLY_ERROR ? REDIS_VALUE_ERROR : REDIS_VALUE_TEXT;
        v.text = str_of(reply->str, (size_t)reply->len);
        break;
    case REDIS_REPLY_ARRAY:
        v.kind = REDIS_VALUE_LIST;
        v.n = reply->elements;
        break;
    default:
        break;
    }
    return v;
}

struct redis_value redis_value_at(const struct redis_value *v, size_t i)
{
    const redisReply *reply = v->reply;
    return value_of(v->kind == REDIS_VALUE_LIST && i < v->n ? reply->element[i] : NULL);
}

static void call_end(struct call *c, int err, const struct redis_value *v)
{
    struct redis *r = c->redis;
    list_remove(&c->list);
    r->ncalls--;
    if (!r->closing)
        c->on_answer(c->user, err, v);
    redisFreeCommand(c->text);
    free(c);
}

static void on_answer(redisAsyncContext *context, void *reply, void *user)
{
    struct redis_value v = value_of(reply);
    call_end(user, reply ? 0 : -ERR_RESET, reply ? &v : NULL);
}

/* Of AUTH and SELECT. */
static void on_greeting(redisAsyncContext *context, void *reply, void *user)
{
    const redisReply *p = reply;
    struct redis *r = user;
    if (p && p->type == REDIS_REPLY_ERROR)
        snprintf(r->trouble, sizeof r->trouble, "%.*s", (int)p->len, p->str);
}

/* ---- deadlines ---- */

static void watch_deadlines(struct redis *r)
{
    uint64_t when = UINT64_MAX;
    struct list *const heads[] = {&r->waiting, &r->sent};
    for (size_t i = 0; i < 2; i++)
        if (!list_empty(heads[i])) {
            uint64_t d = LIST_ENTRY(heads[i]->next, struct call, list)->deadline;
            when = d < when ? d : when;
        }
    if (when == UINT64_MAX)
        timer_stop(r->loop, &r->deadline);
    else
        timer_start(r->loop, &r->deadline, when);
}

static void disconnect(struct redis *r)
{
    redisAsyncContext *context = r->context;
    r->context = NULL;
    r->up = false;
    if (context)
        redisAsyncFree(context); /* ends what was sent */
}

static void retry_later(struct redis *r)
{
    if (r->closing || timer_running(&r->retry))
        return;
    timer_start(r->loop, &r->retry, r->loop->now + r->backoff);
    r->backoff = r->backoff * 2 < REDIS_BACKOFF ? r->backoff * 2 : REDIS_BACKOFF;
}

/* One that was sent and not answered means that nothing behind it will be, either. */
static void on_deadline(struct timer *t, uint64_t now)
{
    struct redis *r = LIST_ENTRY(t, struct redis, deadline);
    LIST_EACH(it, tmp, &r->waiting) {
        struct call *c = LIST_ENTRY(it, struct call, list);
        if (c->deadline > now)
            break;
        call_end(c, -ERR_TIMEOUT, NULL);
    }
    if (!list_empty(&r->sent) && LIST_ENTRY(r->sent.next, struct call, list)->deadline <= now) {
        snprintf(r->trouble, sizeof r->trouble, "no answer in %u s", (unsigned)(REDIS_DEADLINE / SECOND));
        disconnect(r);
        retry_later(r);
    }
    watch_deadlines(r);
}

/* ---- what the library wants watched ---- */

static void want(struct redis *r, unsigned events)
{
    if (events == r->events || !r->context)
        return;
    int err = events == 0 ? 0
              : r->events ? loop_rewatch(r->loop, &r->watch, events, false)
                          : loop_watch(r->loop, &r->watch, r->context->c.fd, events, false);
    if (events == 0)
        loop_unwatch(r->loop, &r->watch);
    r->events = err ? r->events : events;
}

static void add_read(void *user)
{
    struct redis *r = user;
    want(r, r->events | LOOP_READ);
}

static void del_read(void *user)
{
    struct redis *r = user;
    want(r, r->events & ~(unsigned)LOOP_READ);
}

static void add_write(void *user)
{
    struct redis *r = user;
    want(r, r->events | LOOP_WRITE);
}

static void del_write(void *user)
{
    struct redis *r = user;
    want(r, r->events & ~(unsigned)LOOP_WRITE);
}

static void cleanup(void *user)
{
    struct redis *r = user;
    loop_unwatch(r->loop, &r->watch);
    r->events = 0;
}

static void on_event(struct watch *w, unsigned events)
{
    struct redis *r = LIST_ENTRY(w, struct redis, watch);
    redisAsyncContext *context = r->context;
    if (context && (events & (LOOP_READ | LOOP_HUP)))
        redisAsyncHandleRead(context);
    if (r->context && r->context == context && (events & LOOP_WRITE))
        redisAsyncHandleWrite(context);
    watch_deadlines(r);
}

/* ---- the connection ---- */

static void send_call(struct redis *r, struct call *c)
{
    int failed = redisAsyncFormattedCommand(r->context, on_answer, c, c->text, (size_t)c->text_n);
    list_remove(&c->list);
    list_push(&r->sent, &c->list);
    if (failed) {
        call_end(c, -ERR_RESET, NULL);
        return;
    }
    redisFreeCommand(c->text);
    c->text = NULL;
}

static void greet(struct redis *r)
{
    const struct redis_url *u = &r->url;
    if (u->user[0] && u->password[0])
        redisAsyncCommand(r->context, on_greeting, r, "AUTH %s %s", u->user, u->password);
    else if (u->password[0])
        redisAsyncCommand(r->context, on_greeting, r, "AUTH %s", u->password);
    if (u->db)
        redisAsyncCommand(r->context, on_greeting, r, "SELECT %u", u->db);
}

static void lost(struct redis *r, const char *why)
{
    snprintf(r->trouble, sizeof r->trouble, "%s", why);
    r->context = NULL; /* the library frees it itself */
    r->up = false;
    retry_later(r);
}

static void on_connect(const redisAsyncContext *context, int status)
{
    struct redis *r = context->data;
    if (status != REDIS_OK) {
        lost(r, context->errstr && context->errstr[0] ? context->errstr : "no connection");
        return;
    }
    r->up = true;
    r->backoff = BACKOFF_FIRST;
    r->trouble[0] = '\0';
    greet(r);
    LIST_EACH(it, tmp, &r->waiting)
        if (r->context)
            send_call(r, LIST_ENTRY(it, struct call, list));
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
    struct redis *r = context->data;
    if (r->context == context)
        lost(r, status != REDIS_OK && context->errstr ? context->errstr : "the server closed the connection");
}

static void take_context(struct redis *r, redisAsyncContext *context)
{
    if (!context || context->err) {
        lost(r, context ? context->errstr : "out of memory");
        if (context)
            redisAsyncFree(context);
        return;
    }
    r->context = context;
    r->events = 0;
    context->data = r;
    context->ev.data = r;
    context->ev.addRead = add_read;
    context->ev.delRead = del_read;
    context->ev.addWrite = add_write;
    context->ev.delWrite = del_write;
    context->ev.cleanup = cleanup;
    redisAsyncSetConnectCallback(context, on_connect);
    redisAsyncSetDisconnectCallback(context, on_disconnect);
}

static void on_addresses(void *user, int err, const struct addr *addrs, size_t n)
{
    struct redis *r = user;
    char ip[ADDR_TEXT_MAX];
    r->resolving = false;
    if (err || n == 0) {
        lost(r, err_text(err));
        return;
    }
    addr_ip_text(&addrs[0], ip);
    take_context(r, redisAsyncConnect(ip, r->url.port));
}

static void try_connect(struct redis *r)
{
    if (r->context || r->resolving)
        return;
    if (r->url.path[0]) {
        take_context(r, redisAsyncConnectUnix(r->url.path));
        return;
    }
    if (!r->resolver) {
        take_context(r, redisAsyncConnect(r->url.host, r->url.port));
        return;
    }
    r->resolving = true;
    int err = resolver_addresses(r->resolver, str_c(r->url.host), r->url.port, on_addresses, r);
    if (err)
        on_addresses(r, err, NULL, 0);
}

static void on_retry(struct timer *t, uint64_t now)
{
    try_connect(LIST_ENTRY(t, struct redis, retry));
}

/* ---- for whoever asks ---- */

int redis_call(struct redis *r, const struct str *words, size_t n, redis_on_answer *answer, void *user)
{
    const char *argv[WORDS_MAX];
    size_t lengths[WORDS_MAX];
    if (r->ncalls >= REDIS_CALLS_MAX || n > WORDS_MAX)
        return -ERR_TOO_MANY;
    for (size_t i = 0; i < n; i++) {
        argv[i] = words[i].n ? words[i].p : "";
        lengths[i] = words[i].n;
    }
    struct call *c = calloc(1, sizeof *c);
    if (c)
        c->text_n = redisFormatCommandArgv(&c->text, (int)n, argv, lengths);
    if (!c || c->text_n < 0) {
        free(c);
        return -ERR_NOMEM;
    }
    c->redis = r;
    c->on_answer = answer;
    c->user = user;
    c->deadline = r->loop->now + REDIS_DEADLINE;
    list_init(&c->list);
    list_push(&r->waiting, &c->list);
    r->ncalls++;
    if (r->up)
        send_call(r, c);
    watch_deadlines(r);
    return 0;
}

bool redis_is_up(const struct redis *r)
{
    return r->up;
}

const char *redis_trouble(const struct redis *r)
{
    return r->trouble;
}

int redis_new(struct loop *loop, struct resolver *resolver, const struct redis_url *url, struct redis **ret)
{
    struct redis *r = calloc(1, sizeof *r);
    if (!r)
        return -ERR_NOMEM;
    *r = (struct redis){.loop = loop, .resolver = resolver, .url = *url, .watch = {on_event, -1},
                        .backoff = BACKOFF_FIRST};
    list_init(&r->waiting);
    list_init(&r->sent);
    if (timer_init(loop, &r->deadline, on_deadline) || timer_init(loop, &r->retry, on_retry)) {
        timer_done(loop, &r->deadline);
        free(r);
        return -ERR_NOMEM;
    }
    try_connect(r);
    *ret = r;
    return 0;
}

void redis_free(struct redis *r)
{
    if (!r)
        return;
    r->closing = true;
    if (r->resolving)
        resolver_cancel(r->resolver, r);
    disconnect(r);
    LIST_EACH(it, tmp, &r->waiting)
        call_end(LIST_ENTRY(it, struct call, list), -ERR_CANCELLED, NULL);
    timer_done(r->loop, &r->deadline);
    timer_done(r->loop, &r->retry);
    explicit_bzero(r->url.password, sizeof r->url.password);
    free(r);
}
