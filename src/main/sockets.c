/* The parent's listening sockets: one a worker and address (SO_REUSEPORT), kept open while workers
 * come and go, so that nothing that waits in the kernel's queue is lost. The kernel goes on giving the
 * sockets of a worker that died their share of connections, and its successor may be held back for
 * seconds: until that one serves, the next worker that lives accepts from them, too. Rejected: closing
 * them (what waits in them is reset). */
#include "main/parent.h"

#include "io/listen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BOUND_MAX 64

static void close_bound(struct bound *b, size_t nworkers)
{
    for (size_t i = 0; i < nworkers; i++)
        if (b->fds[i] >= 0)
            close(b->fds[i]);
}

/* All workers' sockets of one address; the first decides what port 0 means. */
static int bind_all(struct bound *b, size_t nworkers)
{
    struct addr at = b->wanted;
    for (size_t i = 0; i < nworkers; i++)
        b->fds[i] = -1;
    for (size_t i = 0; i < nworkers; i++) {
        int err = listen_tcp(&at, nworkers > 1, &b->fds[i]);
        if (!err && i == 0) {
            err = listen_addr(b->fds[0], &b->addr);
            at = b->addr;
        }
        if (err) {
            close_bound(b, nworkers);
            return err;
        }
    }
    return 0;
}

static struct bound *find_bound(struct parent *p, const struct addr *wanted, bool tls)
{
    for (size_t i = 0; i < p->nbound; i++)
        if (p->bound[i].tls == tls && addr_eq(&p->bound[i].wanted, wanted))
            return &p->bound[i];
    return NULL;
}

/* An address that something else holds can be SO_REUSEPORT-shared with a stranger of the same
 * user; probing without it first keeps two gateways from splitting one port in silence. */
static int probe(const struct addr *at)
{
    int fd, err = listen_tcp(at, false, &fd);
    if (!err)
        close(fd);
    return err;
}

static int bind_at(struct parent *p, struct bound *b, const struct addr *at)
{
    struct addr configured = b->wanted;
    int err = probe(at);
    b->wanted = *at;
    if (!err)
        err = bind_all(b, p->nworkers);
    b->wanted = configured;
    return err;
}

static const char *why_not(int err)
{
    return err == -ERR_EXISTS      ? "in use by another program"
           : err == -ERR_NOT_FOUND ? "no address of this machine"
           : err == -ERR_DENIED_BY_SYSTEM
               ? "not permitted (ports below 1024 need root or CAP_NET_BIND_SERVICE)"
               : err_text(err);
}

/* Without a wish of the user's, the second choice is as good. The redirect is a comfort, not the
 * service: without any port for it the start goes on. */
static int bind_second(struct parent *p, struct bound *b, int first, struct buf *errors)
{
    struct addr other = b->wanted;
    uint16_t port = addr_port(&other), second = b->tls ? LISTEN_SECOND_HTTPS : LISTEN_SECOND_HTTP;
    addr_set_port(&other, second);
    int err = bind_at(p, b, &other);
    if (!err) {
        log_write(&p->log, LOG_INFO, "port %u is %s; taking %u", port, why_not(first), second);
        p->nbound++;
    } else if (!b->tls) {
        log_write(&p->log, LOG_WARN, "no redirect from http: port %u is %s, %u is %s", port,
                  why_not(first), second, why_not(err));
    } else {
        buf_addf(errors, "cannot listen, neither on port %u (%s) nor on port %u (%s): choose one "
                         "with --https ADDR:PORT\n",
                 port, why_not(first), second, why_not(err));
    }
    return b->tls ? err : 0;
}

static int bind_one(struct parent *p, const struct addr *wanted, bool tls, bool fallback,
                    struct buf *errors)
{
    struct bound *b = find_bound(p, wanted, tls);
    char text[ADDR_TEXT_MAX];
    if (b) {
        b->keep = true;
        return 0;
    }
    if (p->nbound == BOUND_MAX)
        return -ERR_LIMIT;
    b = &p->bound[p->nbound];
    *b = (struct bound){.wanted = *wanted, .tls = tls, .keep = true};
    int err = bind_at(p, b, wanted);
    if (err && fallback)
        return bind_second(p, b, err, errors);
    if (err)
        buf_addf(errors, "cannot listen on %.*s: %s\n", STR_ARG(addr_text(wanted, text)),
                 why_not(err));
    else
        p->nbound++;
    return err;
}

static int bind_text(struct parent *p, const char *text, bool tls, struct buf *errors)
{
    struct addr at;
    if (strcmp(text, "off") == 0 && !tls)
        return 0;
    if (addr_parse(&at, str_c(text))) {
        buf_addf(errors, "--%s %s: not an address like 127.0.0.1:8443, [::1]:8443 or :8443\n",
                 tls ? "https" : "http", text);
        return -ERR_SYNTAX;
    }
    return bind_one(p, &at, tls, false, errors);
}

int sockets_bind(struct parent *p, const struct snapshot *s, struct buf *errors)
{
    if (!p->bound)
        p->bound = calloc(BOUND_MAX, sizeof *p->bound);
    if (!p->bound)
        return -ERR_NOMEM;
    for (size_t i = 0; i < p->nbound; i++)
        p->bound[i].keep = false;
    int err = 0, e = 0;
    for (int tls = 1; tls >= 0; tls--) {
        const char *given = tls ? p->options.https : p->options.http;
        if (given && (e = bind_text(p, given, tls, errors)))
            err = e;
        for (size_t i = 0; !given && i < s->nlisteners; i++)
            if (s->listeners[i].tls == tls &&
                (e = bind_one(p, &s->listeners[i].addr, tls, s->listeners[i].is_default, errors)))
                err = e;
    }
    return err;
}

void sockets_keep(struct parent *p, bool accepted)
{
    size_t n = 0;
    for (size_t i = 0; i < p->nbound; i++) {
        /* Refused: everything stays until the next success; workers listen on what they were sent,
         * and a socket that nobody was sent must go. */
        bool stays = accepted ? p->bound[i].keep : p->bound[i].sent;
        if (stays)
            p->bound[n++] = p->bound[i];
        else
            close_bound(&p->bound[i], p->nworkers);
    }
    p->nbound = n;
}

void sockets_close(struct parent *p)
{
    for (size_t i = 0; i < p->nbound; i++)
        close_bound(&p->bound[i], p->nworkers);
    p->nbound = 0;
}

uint16_t sockets_https_port(const struct parent *p)
{
    for (size_t i = 0; i < p->nbound; i++)
        if (p->bound[i].tls)
            return addr_port(&p->bound[i].addr);
    return 443;
}

/* Who accepts for a worker that died; NULL: nobody is left. */
static struct child *stand_in(struct parent *p, const struct child *dead)
{
    for (size_t i = 1; i < p->nworkers; i++) {
        struct child *w = &p->workers[(dead->index + i) % p->nworkers];
        if (w->chan && !w->lent)
            return w;
    }
    return NULL;
}

static size_t pack_sockets(struct parent *p, const struct child *of, struct buf *body, int *fds)
{
    for (size_t i = 0; i < p->nbound; i++) {
        pack_u32(body, p->bound[i].tls);
        fds[i] = p->bound[i].fds[of->index];
        p->bound[i].sent = true;
    }
    return p->nbound;
}

/* The worker's own and those that it stands in for. More than a message holds (nearly all workers are
 * dead, or there are very many addresses) wait for their successors. */
static void send_sockets(struct parent *p, struct child *worker)
{
    struct buf body;
    int fds[CHAN_FDS_MAX];
    buf_init(&body, 4096);
    pack_u32(&body, sockets_https_port(p));
    size_t n = pack_sockets(p, worker, &body, fds);
    for (size_t i = 0; i < p->nworkers; i++)
        if (p->workers[i].lent && stand_in(p, &p->workers[i]) == worker &&
            n + p->nbound <= CHAN_FDS_MAX)
            n += pack_sockets(p, &p->workers[i], &body, fds + n);
    struct message_frame m = {.type = MSG_LISTEN, .body = buf_str(&body), .fds = fds, .nfds = n};
    int err = worker->chan ? chan_send(worker->chan, &m) : 0;
    if (err && err != -ERR_RESET) /* then it has ended: told, and lent, in a moment */
        log_write(&p->log, LOG_ERROR, "worker %u did not take its sockets: %s", worker->index,
                  err_text(err));
    buf_done(&body);
}

void sockets_send(struct parent *p, struct child *worker)
{
    bool lent = worker->lent;
    worker->lent = false;
    send_sockets(p, worker);
    struct child *other = lent ? stand_in(p, worker) : NULL;
    if (other)
        send_sockets(p, other);
}

void sockets_lend(struct parent *p, struct child *worker)
{
    worker->lent = true;
    struct child *other = stand_in(p, worker);
    if (other)
        send_sockets(p, other);
}
