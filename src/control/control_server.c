/* The control socket; see control_server.h.
 *
 * A client is a line buffer, one request under way, and an output buffer. While a request waits for
 * its answer (a reload takes as long as it takes) no other line of that client is looked at, so
 * answers come in order and a client can hold one request only. A request outlives its client: the
 * parent answers it when it is done, and the answer then goes nowhere.
 *
 * The address of a unix socket holds 107 bytes; a state directory may be deeper. Rather than change
 * the working directory we name the socket through /proc/self/fd/N, which is short.
 *
 * Whose socket it is: one instance has a lock (flock) on STATE/lock for as long as it lives. Asking
 * the socket by connecting was rejected as the only test: two starts at the same time would both
 * find nobody and one would unlink the other's socket. */
#include "control/control_server.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONTROL_LOCK "lock"
#define BACKLOG      16

/* Owned by its client while that lives, freed by control_answer. */
struct control_request {
    struct control_server *server;
    struct control_client *client; /* NULL: gone */
    bool as_status;                /* text is a JSON object */
};

/* Owned by the server's list; dies when the peer closes, is late, or is told something it does not
 * take. At most CONTROL_LINE_MAX + CONTROL_ANSWER_MAX bytes. */
struct control_client {
    struct list link;
    struct control_server *server;
    struct watch watch;
    struct timer deadline;
    struct buf in, out;
    struct control_request *request; /* under way, or NULL */
    unsigned events;                 /* what we watch for */
    bool eof, busy, dead;            /* busy: lines are being looked at, further up the stack */
};

/* Owned by the parent. */
struct control_server {
    struct loop *loop;
    struct control_env env;
    struct watch listen;
    struct list clients;
    size_t nclients;
    int dirfd, lock_fd;
};

/* ---- clients ---- */

static void client_close(struct control_client *c)
{
    if (c->busy) { /* client_lines frees it when it is out of its loop */
        c->dead = true;
        return;
    }
    int fd = c->watch.fd;
    loop_unwatch(c->server->loop, &c->watch);
    if (fd >= 0)
        close(fd);
    timer_done(c->server->loop, &c->deadline);
    if (c->request)
        c->request->client = NULL;
    buf_done(&c->in);
    buf_done(&c->out);
    list_remove(&c->link);
    c->server->nclients--;
    free(c);
}

static void late(struct timer *t, uint64_t now)
{
    client_close(LIST_ENTRY(t, struct control_client, deadline));
}

/* No deadline while we are the ones who are slow. */
static void set_deadline(struct control_client *c)
{
    struct loop *l = c->server->loop;
    if (c->request)
        timer_stop(l, &c->deadline);
    else
        timer_start(l, &c->deadline, l->now + CONTROL_REQUEST_TIMEOUT);
}

/* False: the peer is gone. */
static bool flush(struct control_client *c)
{
    while (c->out.n) {
        ssize_t n = send(c->watch.fd, buf_str(&c->out).p, c->out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        buf_consume(&c->out, (size_t)n);
    }
    return true;
}

static void client_settle(struct control_client *c);

/* ---- answers ---- */

static void write_answer(struct buf *out, bool ok, bool as_status, struct str text)
{
    buf_add(out, ok ? STR("{\"ok\":true,\"") : STR("{\"ok\":false,\""));
    if (ok && as_status) {
        buf_add(out, STR("status\":"));
        buf_add(out, text);
    } else {
        buf_add(out, ok ? STR("text\":\"") : STR("error\":\""));
        buf_add_json(out, text);
        buf_addc(out, '"');
    }
    buf_add(out, STR("}\n"));
}

void control_answer(struct control_request *request, bool ok, struct str text)
{
    struct control_client *c = request->client;
    if (c) {
        c->request = NULL;
        write_answer(&c->out, ok, request->as_status, text);
        if (!buf_ok(&c->out))
            client_close(c);
        else
            client_settle(c);
    }
    free(request);
}

/* ---- verbs ---- */

static void run_status(void *user, void *request)
{
    const struct control_server *s = user;
    struct control_request *r = request;
    struct buf json;
    buf_init(&json, CONTROL_ANSWER_MAX / 2);
    s->env.status(s->env.user, &json);
    r->as_status = true;
    control_answer(r, buf_ok(&json), buf_ok(&json) ? buf_str(&json) : STR("out of memory"));
    buf_done(&json);
}

static void run_metrics(void *user, void *request)
{
    const struct control_server *s = user;
    struct buf text;
    buf_init(&text, CONTROL_ANSWER_MAX / 2);
    s->env.metrics(s->env.user, &text);
    control_answer(request, buf_ok(&text), buf_ok(&text) ? buf_str(&text) : STR("out of memory"));
    buf_done(&text);
}

static void run_reload(void *user, void *request)
{
    const struct control_server *s = user;
    s->env.reload(s->env.user, request);
}

static void run_stop(void *user, void *request)
{
    const struct control_server *s = user;
    control_answer(request, true, STR("stopping"));
    s->env.stop(s->env.user);
}

const struct verb control_verbs[] = {
    {"status", "what it is and what it counted", false, run_status},
    {"metrics", "the counters as Prometheus reads them", false, run_metrics},
    {"reload", "read the configuration again; a mistake leaves the old one in service", true,
     run_reload},
    {"stop", "let requests under way end, then end", true, run_stop},
    {NULL, NULL, false, NULL},
};

/* ---- requests ---- */

static void refuse(struct control_client *c, const char *why)
{
    write_answer(&c->out, false, false, str_c(why));
}

static void run_line(struct control_client *c, struct str line)
{
    json_t *json = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
    const char *name =
        json_is_object(json) ? json_string_value(json_object_get(json, "verb")) : NULL;
    const struct verb *verb = name ? verb_find(control_verbs, str_c(name)) : NULL;
    struct control_request *r = verb ? calloc(1, sizeof *r) : NULL;
    json_decref(json);
    if (!name) {
        refuse(c, "a request is one line of JSON: {\"verb\":\"status\"}");
    } else if (!verb) {
        refuse(c, "there is no such verb; there are status, metrics, reload, stop");
    } else if (!r) {
        refuse(c, "out of memory");
    } else {
        r->server = c->server;
        r->client = c;
        c->request = r;
        verb->run(c->server, r);
    }
}

/* All whole lines, as long as each is answered at once. False: the client is gone. */
static bool client_lines(struct control_client *c)
{
    c->busy = true;
    while (!c->request && !c->dead && c->out.n == 0) {
        struct str in = buf_str(&c->in);
        size_t end = str_find(in, '\n', 0);
        if (end == in.n)
            break;
        struct str line = str_trim(str_sub(in, 0, end));
        if (line.n)
            run_line(c, line);
        buf_consume(&c->in, end + 1);
        if (!flush(c))
            c->dead = true;
    }
    c->busy = false;
    if (c->dead)
        client_close(c);
    else
        return true;
    return false;
}

/* Watches for what can happen next, and closes when nothing can. */
static void client_settle(struct control_client *c)
{
    if (c->busy)
        return;
    if (!flush(c)) {
        client_close(c);
        return;
    }
    if (!client_lines(c))
        return;
    bool full = !c->request && c->out.n == 0 && c->in.n >= CONTROL_LINE_MAX;
    if (full || (c->eof && !c->request && c->out.n == 0)) {
        client_close(c);
        return;
    }
    unsigned events =
        (c->eof || c->in.n >= CONTROL_LINE_MAX ? 0 : LOOP_READ) | (c->out.n ? LOOP_WRITE : 0);
    if (events != c->events && loop_rewatch(c->server->loop, &c->watch, events, false)) {
        client_close(c);
        return;
    }
    c->events = events;
    set_deadline(c);
}

/* False: the peer is gone. */
static bool fill(struct control_client *c)
{
    while (!c->eof && c->in.n < CONTROL_LINE_MAX) {
        if (buf_reserve(&c->in, 1))
            return false;
        size_t room = buf_tail(&c->in);
        if (room > CONTROL_LINE_MAX - c->in.n)
            room = CONTROL_LINE_MAX - c->in.n;
        ssize_t n = recv(c->watch.fd, buf_end(&c->in), room, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        if (n == 0)
            c->eof = true;
        else
            buf_added(&c->in, (size_t)n);
    }
    return true;
}

static void on_client(struct watch *w, unsigned events)
{
    struct control_client *c = LIST_ENTRY(w, struct control_client, watch);
    bool alive = fill(c);
    bool hung_up = (events & LOOP_HUP) && c->request; /* nobody waits for its answer */
    if (!alive || hung_up)
        client_close(c);
    else
        client_settle(c);
}

static bool trusted(int fd)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

static void client_new(struct control_server *s, int fd)
{
    struct control_client *c = NULL;
    if (s->nclients < CONTROL_CLIENTS_MAX && trusted(fd))
        c = calloc(1, sizeof *c);
    if (!c) {
        close(fd);
        return;
    }
    *c = (struct control_client){.server = s, .watch = {on_client, -1}, .events = LOOP_READ};
    buf_init(&c->in, CONTROL_LINE_MAX);
    buf_init(&c->out, CONTROL_ANSWER_MAX);
    list_push(&s->clients, &c->link);
    s->nclients++;
    if (timer_init(s->loop, &c->deadline, late) ||
        loop_watch(s->loop, &c->watch, fd, LOOP_READ, false)) {
        close(fd);
        c->watch.fd = -1;
        client_close(c);
        return;
    }
    set_deadline(c);
}

static void on_listen(struct watch *w, unsigned events)
{
    struct control_server *s = LIST_ENTRY(w, struct control_server, listen);
    int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        client_new(s, fd);
}

/* ---- life ---- */

static bool take_lock(struct control_server *s, const char *state_path, struct buf *why)
{
    s->lock_fd = openat(s->dirfd, CONTROL_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock_fd >= 0 && flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (s->lock_fd >= 0 && errno == EWOULDBLOCK)
        buf_addf(why,
                 "another gate443 runs with this state directory (%s): stop it with "
                 "`gate443 ctl stop`, or say --state DIR for another",
                 state_path);
    else
        buf_addf(why, "%s/%s: %s", state_path, CONTROL_LOCK, strerror(errno));
    return false;
}

static int open_socket(struct control_server *s, const char *state_path, struct buf *why)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/%s", s->dirfd, CONTROL_SOCKET);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mask = umask(0177); /* bind makes the file: never, not for a moment, for others */
    bool ok = fd >= 0 && (unlinkat(s->dirfd, CONTROL_SOCKET, 0) == 0 || errno == ENOENT) &&
              bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, BACKLOG) == 0;
    int saved = errno;
    umask(mask);
    if (ok)
        return fd;
    buf_addf(why, "%s/%s: %s", state_path, CONTROL_SOCKET, strerror(saved));
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool server_open(struct control_server *s, int state_dirfd, const char *state_path,
                        struct buf *why)
{
    s->dirfd = fcntl(state_dirfd, F_DUPFD_CLOEXEC, 3);
    if (s->dirfd < 0 || !take_lock(s, state_path, why))
        return false;
    int fd = open_socket(s, state_path, why);
    if (fd < 0)
        return false;
    if (loop_watch(s->loop, &s->listen, fd, LOOP_READ, false)) {
        unlinkat(s->dirfd, CONTROL_SOCKET, 0);
        close(fd);
        return false;
    }
    return true;
}

struct control_server *control_server_new(struct loop *loop, int state_dirfd,
                                          const char *state_path, const struct control_env *env,
                                          struct buf *why)
{
    struct control_server *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct control_server){
        .loop = loop, .env = *env, .listen = {on_listen, -1}, .dirfd = -1, .lock_fd = -1};
    list_init(&s->clients);
    if (server_open(s, state_dirfd, state_path, why))
        return s;
    control_server_free(s);
    return NULL;
}

void control_server_free(struct control_server *s)
{
    if (!s)
        return;
    LIST_EACH(link, tmp, &s->clients)
    client_close(LIST_ENTRY(link, struct control_client, link));
    if (s->listen.fd >= 0) {
        int fd = s->listen.fd;
        loop_unwatch(s->loop, &s->listen);
        close(fd);
        unlinkat(s->dirfd, CONTROL_SOCKET, 0);
    }
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    if (s->dirfd >= 0)
        close(s->dirfd);
    free(s);
}
