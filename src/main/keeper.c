/* The keeper: the one process that holds private keys. It reads messages from the parent and from
 * workers, never a byte from the network, and opens no file after its start. */
#include "main/roles.h"

#include "base/pack.h"
#include "main/state.h"
#include "main/watchdog.h"
#include "process/chan.h"
#include "tls/keyvault.h"

#include <stdlib.h>
#include <unistd.h>

#define REPLY_MAX (64u * 1024 * 1024)
#define NAMES_MAX 1000

/* A worker's channel. Owned by keeper.workers until it is gone. */
struct client {
    struct list link;
    struct keeper *keeper;
    struct chan *chan;
};

/* Lives as long as its loop. */
struct keeper {
    struct loop *loop;
    struct log log;
    struct chan *parent;
    struct keyvault *vault;
    struct list workers; /* struct client */
    struct timer rotation;
    uint64_t ticket_period; /* ns */
    struct buf signature;
    struct metrics *page; /* NULL: single */
    struct heartbeat heartbeat;
    bool has_ca;
    bool single;
};

/* ---- workers ---- */

/* A worker that is gone is replaced, or ends with a start that failed: the parent tells of it. */
static void tell_deaf(const struct keeper *k, int err, const char *what)
{
    if (err && err != -ERR_RESET && err != -ERR_CLOSED)
        log_write(&k->log, LOG_WARN, "a worker did not take %s: %s", what, err_text(err));
}

static void send_ticket_keys(struct client *c)
{
    unsigned char keys[96];
    (void)keyvault_ticket_keys(c->keeper->vault, c->keeper->loop->now, c->keeper->ticket_period,
                               keys);
    struct message_frame m = {.type = MSG_TICKET_KEYS, .body = {(char *)keys, sizeof keys}};
    tell_deaf(c->keeper, chan_send(c->chan, &m), "the ticket keys");
    explicit_bzero(keys, sizeof keys);
}

static void on_sign(struct client *c, const struct message_frame *m)
{
    struct keeper *k = c->keeper;
    tell_deaf(k, keyvault_answer(k->vault, c->chan, m, &k->signature), "its signature");
}

static void on_worker_message(struct chan *chan, const struct message_frame *m)
{
    on_sign(chan_user(chan), m);
}

static void on_worker_gone(struct chan *chan, int err)
{
    struct client *c = chan_user(chan);
    list_remove(&c->link);
    chan_close(chan);
    free(c);
}

static void on_worker(struct keeper *k, const struct message_frame *m)
{
    int fd = chan_take_fd(m, 0);
    struct client *c = fd >= 0 ? calloc(1, sizeof *c) : NULL;
    if (!c) {
        if (fd >= 0)
            close(fd);
        return;
    }
    struct chan_env env = {PERMIT(SIGN), on_worker_message, on_worker_gone, c};
    c->keeper = k;
    c->chan = chan_new(k->loop, fd, &env);
    if (!c->chan) {
        close(fd);
        free(c);
        return;
    }
    list_push(&k->workers, &c->link);
    send_ticket_keys(c);
}

static void rotate(struct timer *t, uint64_t now)
{
    struct keeper *k = LIST_ENTRY(t, struct keeper, rotation);
    unsigned char keys[96];
    bool changed = keyvault_ticket_keys(k->vault, now, k->ticket_period, keys);
    explicit_bzero(keys, sizeof keys);
    if (changed)
        LIST_EACH (link, tmp, &k->workers)
            send_ticket_keys(LIST_ENTRY(link, struct client, link));
    timer_start(k->loop, t, now + k->ticket_period / 8 + SECOND);
}

/* ---- the parent ---- */

static int load_local(struct keeper *k, struct unpack *u, uint64_t generation, struct buf *chain,
                      unsigned char spki[SPKI_HASH])
{
    int64_t lifetime = (int64_t)unpack_u64(u);
    uint32_t n = unpack_u32(u);
    if (n == 0 || n > NAMES_MAX)
        return -ERR_BAD_MESSAGE;
    struct str *names = calloc(n, sizeof *names);
    if (!names)
        return -ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++)
        names[i] = unpack_str(u);
    int err = u->bad       ? -ERR_BAD_MESSAGE
              : !k->has_ca ? -ERR_NO_KEY
                           : keyvault_issue(k->vault, names, n, k->loop->wall, lifetime, generation,
                                            chain, spki);
    free(names);
    return err;
}

static int load_one(struct keeper *k, struct unpack *u, const struct message_frame *m, size_t *fd_at,
                    uint64_t generation, struct buf *chain, unsigned char spki[SPKI_HASH])
{
    if (unpack_u32(u) == 1)
        return load_local(k, u, generation, chain, spki);
    if (*fd_at >= m->nfds)
        return -ERR_BAD_MESSAGE;
    return keyvault_load_key(k->vault, m->fds[(*fd_at)++], generation, spki);
}

/* Request: generation, ticket period, count, then each certificate (bundle.c writes it). Answer:
 * count, then each {status, hash, chain}. */
static void on_load_keys(struct keeper *k, const struct message_frame *m)
{
    struct buf in, out, chain;
    buf_init(&in, REPLY_MAX);
    buf_init(&out, REPLY_MAX);
    buf_init(&chain, 256 * 1024);
    struct message_frame answer = {.type = MSG_KEYS_LOADED, .id = m->id};
    answer.status = chan_blob(m, &in);
    struct unpack u = {buf_str(&in), false};
    uint64_t generation = unpack_u64(&u);
    k->ticket_period = unpack_u64(&u);
    uint32_t n = unpack_u32(&u);
    size_t fd_at = 0;
    pack_u32(&out, n);
    for (uint32_t i = 0; i < n && !u.bad; i++) {
        unsigned char spki[SPKI_HASH] = {0};
        buf_clear(&chain);
        int err = load_one(k, &u, m, &fd_at, generation, &chain, spki);
        pack_u32(&out, (uint32_t)-err);
        buf_add(&out, str_of((char *)spki, sizeof spki));
        pack_str(&out, buf_str(&chain));
    }
    if (!unpack_done(&u) || !buf_ok(&out))
        answer.status = -ERR_BAD_MESSAGE;
    answer.body = buf_str(&out);
    if (chan_send(k->parent, &answer))
        log_write(&k->log, LOG_ERROR, "the parent did not take the answer about its keys");
    timer_start(k->loop, &k->rotation, k->loop->now + k->ticket_period / 8 + SECOND);
    buf_done(&in);
    buf_done(&out);
    buf_done(&chain);
}

static void on_parent_message(struct chan *chan, const struct message_frame *m)
{
    struct keeper *k = chan_user(chan);
    if (m->type == MSG_LOAD_KEYS)
        on_load_keys(k, m);
    else if (m->type == MSG_COMMIT_KEYS)
        keyvault_forget(k->vault, m->id);
    else if (m->type == MSG_WORKER)
        on_worker(k, m);
}

static void keeper_end(struct keeper *k)
{
    LIST_EACH (link, tmp, &k->workers) {
        struct client *c = LIST_ENTRY(link, struct client, link);
        on_worker_gone(c->chan, 0);
    }
    chan_close(k->parent);
    timer_done(k->loop, &k->rotation);
    heartbeat_stop(&k->heartbeat);
    keyvault_free(k->vault);
    buf_done(&k->signature);
    if (!k->single)
        loop_stop(k->loop);
    free(k);
}

static void on_parent_gone(struct chan *chan, int err)
{
    keeper_end(chan_user(chan));
}

static int open_ca(struct keeper *k, int dirfd)
{
    if (dirfd < 0)
        return 0;
    struct buf why;
    buf_init(&why, 4096);
    int lock = state_lock(dirfd);
    int err = keyvault_open_ca(k->vault, dirfd, k->loop->wall, &why);
    if (lock >= 0)
        close(lock);
    struct str text = buf_str(&why);
    if (err)
        log_write(&k->log, LOG_ERROR, "%.*s", STR_ARG(str_sub(text, 0, str_find(text, '\n', 0))));
    buf_done(&why);
    k->has_ca = err == 0;
    return err;
}

static int keeper_start(struct loop *loop, const struct role_args *args)
{
    struct keeper *k = calloc(1, sizeof *k);
    if (!k)
        return -ERR_NOMEM;
    k->loop = loop;
    k->log = args->log;
    k->single = args->single;
    k->ticket_period = 12 * 3600 * SECOND;
    list_init(&k->workers);
    buf_init(&k->signature, SIGNATURE_MAX);
    struct chan_env env = {keeper_role.permitted, on_parent_message, on_parent_gone, k};
    k->vault = keyvault_new();
    k->page = role_map_metrics(args->metrics);
    int err = k->vault ? timer_init(loop, &k->rotation, rotate) : -ERR_NOMEM;
    if (!err)
        err = heartbeat_start(&k->heartbeat, loop, k->page);
    if (!err) {
        k->parent = chan_new(loop, args->chan, &env);
        err = k->parent ? 0 : -ERR_NOMEM;
    }
    if (err) /* the parent relies on our having said why */
        log_write(&k->log, LOG_ERROR, "cannot start: %s", err_text(err));
    else
        err = open_ca(k, args->extra);
    if (args->extra >= 0)
        close(args->extra);
    if (err) {
        chan_close(k->parent);
        timer_done(loop, &k->rotation);
        heartbeat_stop(&k->heartbeat);
        keyvault_free(k->vault);
        free(k);
    }
    return err;
}

const struct role keeper_role = {
    .name = "keeper",
    .sandbox = SANDBOX_KEEPER,
    .permitted = PERMIT(LOAD_KEYS) | PERMIT(COMMIT_KEYS) | PERMIT(WORKER),
    .start = keeper_start,
};
