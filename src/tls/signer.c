/* The worker's end of the channel to the keeper; see signer.h.
 *
 * Requests are kept whole until answered, so that a new keeper gets what the old one took along.
 * A request's id holds its slot and a sequence number: finding it is one look, and an answer that
 * comes after a cancel finds a different number and is dropped. All requests have the same time to
 * live, so the oldest is always the first in the list and one timer serves all. */
#include "tls/signer.h"

#include "tls/tls_env.h"

#include <openssl/crypto.h>
#include <stdlib.h>

enum { SLOT_BITS = 12, SLOTS = 1 << SLOT_BITS };
#define WAIT_MAX (10 * SECOND)

/* Owned by the signer from signer_sign until answered, cancelled or too old. */
struct sign_ticket {
    struct list link; /* in signer->waiting, oldest first */
    struct signer *signer;
    uint64_t id, deadline;
    bool sent;
    void (*done)(void *user, int status, struct str signature);
    void *user;
    size_t n; /* bytes of the message */
    unsigned char message[]; /* struct sign_request, then what is to be signed */
};

/* Owned by the worker role; outlives every handshake. At most SLOTS requests. */
struct signer {
    struct loop *loop;
    struct metrics *metrics;
    struct chan *chan; /* NULL: the keeper is away */
    struct tls_env *env;
    struct timer timer;
    struct list waiting;
    size_t unsent;
    uint64_t sequence;
    struct sign_ticket *slots[SLOTS];
    uint16_t free_slots[SLOTS];
    size_t nfree;
    void (*on_keys)(void *user, struct str body);
    void *keys_user;
    bool has_keys;
    char keys[96];
};

static void forget(struct sign_ticket *t)
{
    struct signer *s = t->signer;
    size_t slot = t->id % SLOTS;
    list_remove(&t->link);
    if (!t->sent)
        s->unsent--;
    s->slots[slot] = NULL;
    s->free_slots[s->nfree++] = (uint16_t)slot;
    free(t);
}

static void finish(struct sign_ticket *t, int status, struct str signature)
{
    void (*done)(void *, int, struct str) = t->done;
    void *user = t->user;
    if (status)
        t->signer->metrics->sign_errors++;
    forget(t);
    done(user, status, signature);
}

static void on_timer(struct timer *timer, uint64_t now)
{
    struct signer *s = LIST_ENTRY(timer, struct signer, timer);
    while (!list_empty(&s->waiting)) {
        struct sign_ticket *t = LIST_ENTRY(s->waiting.next, struct sign_ticket, link);
        if (t->deadline > now) {
            timer_start(s->loop, &s->timer, t->deadline);
            return;
        }
        finish(t, -ERR_KEEPER_GONE, STR_NONE);
    }
}

struct signer *signer_new(struct loop *loop, struct metrics *metrics)
{
    struct signer *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->loop = loop;
    s->metrics = metrics;
    list_init(&s->waiting);
    for (size_t i = 0; i < SLOTS; i++)
        s->free_slots[s->nfree++] = (uint16_t)(SLOTS - 1 - i);
    s->env = tls_env_new(loop, s);
    if (!s->env || timer_init(loop, &s->timer, on_timer)) {
        signer_free(s);
        return NULL;
    }
    return s;
}

struct tls_env *signer_env(struct signer *s)
{
    return s->env;
}

void signer_free(struct signer *s)
{
    if (!s)
        return;
    while (!list_empty(&s->waiting))
        finish(LIST_ENTRY(s->waiting.next, struct sign_ticket, link), -ERR_KEEPER_GONE, STR_NONE);
    chan_close(s->chan);
    timer_done(s->loop, &s->timer);
    if (s->env)
        tls_env_stop(s->env);
    tls_env_unref(s->env);
    OPENSSL_cleanse(s->keys, sizeof s->keys);
    free(s);
}

/* False: the channel takes no more now; an answer will make room. */
static bool send_ticket(struct signer *s, struct sign_ticket *t)
{
    struct message_frame m = {.type = MSG_SIGN, .id = t->id,
                              .body = str_of((const char *)t->message, t->n)};
    if (!s->chan || chan_send(s->chan, &m))
        return false;
    t->sent = true;
    s->unsent--;
    return true;
}

static void send_waiting(struct signer *s)
{
    LIST_EACH (it, next, &s->waiting) {
        struct sign_ticket *t = LIST_ENTRY(it, struct sign_ticket, link);
        if (s->unsent == 0 || (!t->sent && !send_ticket(s, t)))
            return;
    }
}

static void on_signature(struct signer *s, const struct message_frame *m)
{
    struct sign_ticket *t = s->slots[m->id % SLOTS];
    if (!t || t->id != m->id || !t->sent)
        return; /* cancelled meanwhile */
    int status = m->status;
    if (status == 0 && (m->body.n == 0 || m->body.n > SIGNATURE_MAX))
        status = -ERR_BAD_MESSAGE;
    finish(t, status, status ? STR_NONE : m->body);
    if (s->unsent)
        send_waiting(s);
}

static void on_message(struct chan *c, const struct message_frame *m)
{
    struct signer *s = chan_user(c);
    if (m->type == MSG_SIGNED) {
        on_signature(s, m);
    } else if (m->type == MSG_TICKET_KEYS && m->body.n == sizeof s->keys) {
        memcpy(s->keys, m->body.p, sizeof s->keys);
        s->has_keys = true;
        if (s->on_keys)
            s->on_keys(s->keys_user, str_of(s->keys, sizeof s->keys));
    }
}

static void on_gone(struct chan *c, int err)
{
    struct signer *s = chan_user(c);
    chan_close(c);
    s->chan = NULL;
}

int signer_attach(struct signer *s, int fd)
{
    struct chan_env env = {
        .permitted = (uint64_t)1 << MSG_SIGNED | (uint64_t)1 << MSG_TICKET_KEYS,
        .on_message = on_message,
        .on_gone = on_gone,
        .user = s,
    };
    struct chan *c = chan_new(s->loop, fd, &env);
    if (!c)
        return -ERR_NOMEM;
    chan_close(s->chan);
    s->chan = c;
    s->unsent = 0;
    LIST_EACH (it, next, &s->waiting) {
        LIST_ENTRY(it, struct sign_ticket, link)->sent = false;
        s->unsent++;
    }
    send_waiting(s);
    return 0;
}

struct sign_ticket *signer_sign(struct signer *s, const struct sign_request *request, struct str tbs,
                                void (*done)(void *user, int status, struct str signature),
                                void *user)
{
    if (s->nfree == 0 || tbs.n > SIGN_INPUT_MAX || request->n != tbs.n)
        return NULL;
    struct sign_ticket *t = malloc(sizeof *t + sizeof *request + tbs.n);
    if (!t)
        return NULL;
    uint16_t slot = s->free_slots[--s->nfree];
    *t = (struct sign_ticket){.signer = s, .done = done, .user = user,
                              .id = ++s->sequence << SLOT_BITS | slot,
                              .deadline = s->loop->now + WAIT_MAX,
                              .n = sizeof *request + tbs.n};
    memcpy(t->message, request, sizeof *request);
    if (tbs.n)
        memcpy(t->message + sizeof *request, tbs.p, tbs.n);
    s->slots[slot] = t;
    list_push(&s->waiting, &t->link);
    s->unsent++;
    s->metrics->sign_requests++;
    if (!timer_running(&s->timer))
        timer_start(s->loop, &s->timer, t->deadline);
    if (s->unsent == 1)
        send_ticket(s, t);
    return t;
}

void signer_cancel(struct sign_ticket *t)
{
    if (t)
        forget(t);
}

void signer_on_ticket_keys(struct signer *s, void (*on_keys)(void *user, struct str body), void *user)
{
    s->on_keys = on_keys;
    s->keys_user = user;
    if (on_keys && s->has_keys)
        on_keys(user, str_of(s->keys, sizeof s->keys));
}
