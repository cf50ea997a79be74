/* Both ends of a worker's channel to the keeper on one loop; see self_check.h. */
#include "main/self_check.h"

#include "main/roles.h"
#include "main/self_audit.h"

#include <unistd.h>

struct self_door {
    struct loop *loop;
    struct log log;
    struct metrics metrics;
    struct keyvault *vault;
    struct chan *door;      /* the keeper's end */
    struct buf signature;
    struct signer *signer;
    struct self_audit *audit;
    struct buf *out;
    bool passes;
};

static void on_message(struct chan *chan, const struct message_frame *m)
{
    struct self_door *c = chan_user(chan);
    int err = keyvault_answer(c->vault, chan, m, &c->signature);
    (void)err; /* the handshake that waits for it fails, and the audit tells */
}

static void on_gone(struct chan *chan, int err)
{
    struct self_door *c = chan_user(chan);
    chan_close(chan);
    c->door = NULL;
}

static int open_door(struct self_door *c)
{
    struct chan_env env = {PERMIT(SIGN), on_message, on_gone, c};
    int ends[2], err = chan_pair(ends);
    if (err)
        return err;
    c->door = chan_new(c->loop, ends[0], &env);
    if (!c->door) {
        close(ends[0]);
        close(ends[1]);
        return -ERR_NOMEM;
    }
    return signer_attach(c->signer, ends[1]);
}

static void on_done(void *user, struct self_audit *a)
{
    struct self_door *c = user;
    self_audit_list(a, c->out);
    c->passes = self_audit_passes(a);
    self_audit_free(a);
    c->audit = NULL;
    loop_stop(c->loop);
}

/* Takes the serving. */
static int run(struct self_door *c, struct serving *s, const struct certstore_chain *chains, size_t n)
{
    struct self_audit_env env = {.loop = c->loop, .log = &c->log, .caches = &c->metrics, .serving = s,
                                 .chains = chains, .nchains = n, .on_done = on_done, .user = c};
    int err = self_audit_new(&env, &c->audit);
    serving_unref(s);
    if (!err)
        err = loop_run(c->loop);
    self_audit_free(c->audit);
    return err;
}

static int serve(struct self_door *c, const struct snapshot *s, const struct certstore_chain *chains,
                 size_t n, struct buf *why)
{
    unsigned char secrets[96];
    struct certstore *store = n ? certstore_new(s, chains, n, c->signer, why) : NULL;
    if (n && !store)
        return -ERR_CONFIG;
    (void)keyvault_ticket_keys(c->vault, c->loop->now, UINT64_MAX, secrets);
    int err = store ? certstore_ticket_keys(store, str_of((char *)secrets, sizeof secrets)) : 0;
    explicit_bzero(secrets, sizeof secrets);
    struct serving *serving = err ? NULL : serving_new(snapshot_ref(s), store);
    if (serving)
        return run(c, serving, chains, n);
    certstore_unref(store);
    if (!err)
        snapshot_unref(s);
    return err ? err : -ERR_NOMEM;
}

int self_check(const struct snapshot *s, struct keyvault *v, const struct certstore_chain *chains,
               size_t n, struct buf *out, struct buf *why, bool *ret_passes)
{
    struct self_door c = {.vault = v, .out = out, .log = {.fd = 2, .level = LOG_ERROR}};
    c.loop = loop_epoll_new();
    if (!c.loop)
        return -ERR_NOMEM;
    buf_init(&c.signature, SIGNATURE_MAX);
    c.signer = signer_new(c.loop, &c.metrics);
    int err = c.signer ? open_door(&c) : -ERR_NOMEM;
    if (!err)
        err = serve(&c, s, chains, n, why);
    signer_free(c.signer);
    chan_close(c.door);
    for (int i = 0; i < 4 && !loop_turn(c.loop, 0); i++) /* what ends in tasks */
        ;
    loop_free(c.loop);
    buf_done(&c.signature);
    if (!err)
        *ret_passes = c.passes;
    return err;
}
