/* The served directory, the snapshots and the worker; see sim.h. */
#include "sim.h"

#include "config/load.h"
#include "handler/handlers.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* By this alone a plain connection can speak HTTP/2 here: outside, ALPN decides, in TLS. */
struct session *__real_h1_session_new(struct conn *, const struct session_env *, struct str);
struct session *__wrap_h1_session_new(struct conn *, const struct session_env *, struct str);

struct session *__wrap_h1_session_new(struct conn *conn, const struct session_env *env,
                                      struct str first)
{
    if (addr_port(&conn->local) != SIM_H2_PORT)
        return __real_h1_session_new(conn, env, first);
    conn->facts.alpn = STR("h2");
    return h2_session_new(conn, env, first);
}

static void die(const char *what)
{
    perror(what);
    exit(99);
}

static char *make_file(const char *dir, const char *name, size_t n, bool text)
{
    char path[512], *data = malloc(n + 1);
    uint64_t r = 88172645463325252u + n;
    if (!data)
        die("malloc");
    for (size_t i = 0; i < n; i++) {
        r ^= r << 13, r ^= r >> 7, r ^= r << 17;
        data[i] = text ? "<p>lorem ipsum dolor</p>\n"[i % 25] : (char)(r >> 24);
    }
    data[n] = 0;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, data, n) != (ssize_t)n)
        die(path);
    close(fd);
    return data;
}

void sim_files_make(struct sim_files *f)
{
    const char *top = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%s/gate443-sim-XXXXXX", top && *top ? top : "/tmp");
    if (!mkdtemp(f->dir))
        die(f->dir);
    free(make_file(f->dir, "empty.txt", 0, false));
    f->small = make_file(f->dir, "small.txt", SIM_SMALL, false);
    f->mid = make_file(f->dir, "mid.bin", SIM_MID, false);
    f->big = make_file(f->dir, "big.bin", SIM_BIG, false);
    f->page = make_file(f->dir, "page.html", SIM_PAGE, true);
}

void sim_files_remove(struct sim_files *f)
{
    static const char *const names[] = {"empty.txt", "small.txt", "mid.bin", "big.bin",
                                        "page.html"};
    char path[512];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", f->dir, names[i]);
        unlink(path);
    }
    rmdir(f->dir);
    free(f->small);
    free(f->mid);
    free(f->big);
    free(f->page);
}

static int no_file(void *user, const char *path, struct buf *into)
{
    return -ERR_NOT_FOUND;
}

struct snapshot *sim_snapshot(const struct sim_files *f, const char *hello, const char *limits)
{
    static const struct handler_decl *const handlers[] = {
        &static_handler.decl, &redirect_handler.decl, &respond_handler.decl, NULL};
    struct load_env env = {.handlers = handlers,
                           .read_file = no_file,
                           .glob = no_file,
                           .wall = 1750000000,
                           .seed = {1, 2},
                           .check_paths = false};
    struct buf text, errors;
    struct snapshot *s = NULL;
    buf_init(&text, 65536);
    buf_init(&errors, 65536);
    buf_addf(&text,
             "limits { %s }\n"
             "site localhost {\n"
             "  root \"%s\" { listing on; }\n"
             "  redirect /old/ /new/ 308;\n"
             "  respond /hello 200 \"%s\";\n"
             "  redirect_http off;\n"
             "  allow http-without-redirect because \"a simulation\" until 2035-01-01;\n"
             "}\n",
             limits, f->dir, hello);
    int err = config_load(&env, "/sim.conf", buf_str(&text), &errors, &s);
    if (err) {
        printf("Bail out! configuration: %.*s\n", STR_ARG(buf_str(&errors)));
        exit(99);
    }
    for (size_t i = 0; i < s->ndirs; i++) {
        s->dirs[i]->fd = open(s->dirs[i]->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (s->dirs[i]->fd < 0)
            die(s->dirs[i]->path);
    }
    buf_done(&text);
    buf_done(&errors);
    return s;
}

static void on_idle(void *user)
{
    ((struct sim *)user)->idle_told++;
}

int sim_serve(struct sim *s, struct snapshot *snapshot)
{
    struct serving *serving = serving_new(snapshot_ref(snapshot), NULL);
    if (!serving) {
        snapshot_unref(snapshot);
        return -ERR_NOMEM;
    }
    front_serve(s->front, serving);
    return 0;
}

int sim_init(struct sim *s, uint64_t seed, struct snapshot *snapshot)
{
    static uint64_t start = 1000 * SECOND; /* the handlers' caches never see time go back */
    static int null = -1;
    if (null < 0 && (null = open("/dev/null", O_WRONLY | O_CLOEXEC)) < 0)
        die("/dev/null");
    *s = (struct sim){.seed = seed, .rng = seed, .log = {.fd = null, .level = LOG_ERROR}};
    start += 10000 * SECOND;
    s->loop = loop_sim_new(start, 1750000000 + (int64_t)(start / SECOND));
    if (!s->loop)
        return -ERR_NOMEM;
    s->loop->files.max = 2; /* they are given up and opened again all the time */
    int err = access_log_init(&s->access_log, s->loop, &s->metrics, null, ACCESS_JSON);
    struct front_env env = {.loop = s->loop,
                            .log = &s->log,
                            .metrics = &s->metrics,
                            .access_log = &s->access_log,
                            .seed = {seed, ~seed},
                            .on_idle = on_idle,
                            .user = s};
    if (!err)
        s->front = front_new(&env);
    if (!err && !s->front)
        err = -ERR_NOMEM;
    if (!err)
        err = sim_serve(s, snapshot);
    if (err)
        sim_done(s);
    return err;
}

bool sim_run(struct sim *s, uint64_t until)
{
    for (unsigned turns = 0; turns < 4000000; turns++) {
        bool due = s->loop->running && s->loop->heap[0]->when <= until;
        if (!due && list_empty(&s->loop->tasks)) {
            if (until != UINT64_MAX && until > s->loop->now)
                return loop_turn(s->loop, until) == 0;
            return true;
        }
        if (loop_turn(s->loop, until))
            return false;
    }
    return false;
}

void sim_done(struct sim *s)
{
    front_free(s->front);
    s->front = NULL;
    access_log_done(&s->access_log);
    loop_free(s->loop);
    s->loop = NULL;
}

uint64_t sim_random(struct sim *s)
{
    uint64_t z = (s->rng += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t sim_below(struct sim *s, uint64_t n)
{
    return sim_random(s) % n;
}

bool sim_chance(struct sim *s, unsigned one_in)
{
    return sim_below(s, one_in) == 0;
}

const struct addr *sim_addr(struct addr *a, const char *text)
{
    int err = addr_parse(a, str_c(text));
    if (err)
        die(text);
    return a;
}
