/* Into the queue and out of it; see audit_queue.h. One batch is under way at a time: Redis, not
 * memory, is where they wait. */
#include "main/audit_queue.h"

#include "audit/fleet_queue.h"
#include "audit/target_list.h"
#include "io/shared_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

enum { PAGE = 32, TRIES = 30 };

struct ends {
    const struct audit_run_options *o;
    struct loop *loop;
    struct redis *redis;
    struct timer again;
    unsigned failures;     /* one after the other */
    bool bad;
    /* in */
    struct target_list list;
    struct shared_fd in;
    int in_fd, word;
    char keys[QUEUE_BATCH][AUDIT_KEY_MAX];
    size_t nkeys;
    bool ended;            /* the list is */
    uint64_t put, fresh;
    /* out */
    FILE *out;
    char after[FLEET_TAG_MAX];
    uint64_t got;
};

static void say(const char *what, const char *why)
{
    fprintf(stderr, "gate443 audit: %s: %s\n", what, why);
}

/* True: there is no answer; it is tried again for a while. */
static bool failed(struct ends *e, int err, const struct redis_value *v)
{
    if (!err && v->kind != REDIS_VALUE_ERROR) {
        e->failures = 0;
        return false;
    }
    if (!err || ++e->failures == TRIES) {
        fprintf(stderr, "gate443 audit: queue: %.*s\n",
                STR_ARG(!err ? v->text : str_c(*redis_trouble(e->redis) ? redis_trouble(e->redis) : err_text(err))));
        e->bad = true;
        loop_stop(e->loop);
    } else {
        timer_start(e->loop, &e->again, e->loop->now + SECOND / 2);
    }
    return true;
}

/* ---- in ---- */

static void on_put(void *user, int err, const struct redis_value *v);

static void put(struct ends *e)
{
    struct str keys[QUEUE_BATCH];
    for (size_t i = 0; i < e->nkeys; i++)
        keys[i] = str_c(e->keys[i]);
    int err = fleet_queue_put(e->redis, e->o->queue->stream, keys, e->nkeys, on_put, e);
    if (err)
        failed(e, err, NULL);
}

static bool read_more(struct ends *e)
{
    char piece[16384];
    size_t room = buf_room(&e->list.in);
    if (e->word < e->o->nwords) {
        target_list_feed(&e->list, str_c(e->o->words[e->word++]));
        target_list_feed(&e->list, STR("\n"));
        return true;
    }
    if (e->in_fd < 0) {
        target_list_end(&e->list);
        return true;
    }
    if (!e->list.name) {
        e->list.name = strcmp(e->o->targets, "-") ? e->o->targets : "standard input";
        e->list.line = 1;
    }
    ssize_t n = shared_fd_read(&e->in, piece, room < sizeof piece ? room : sizeof piece);
    if (n == -ERR_AGAIN)
        return false;
    if (n < 0)
        say(e->list.name, err_text((int)n));
    e->bad = e->bad || n < 0;
    if (n <= 0)
        target_list_end(&e->list);
    else
        target_list_feed(&e->list, str_of(piece, (size_t)n));
    return true;
}

/* Fills a batch and puts it in, or waits for more to read, or ends. */
static void gather(void *user)
{
    struct ends *e = user;
    struct audit_target t;
    char key[AUDIT_KEY_MAX];
    while (e->nkeys < QUEUE_BATCH && !e->ended) {
        enum target_list_next got = target_list_next(&e->list, &t);
        e->ended = got == TARGET_LIST_END;
        if (got == TARGET_LIST_TARGET)
            memcpy(e->keys[e->nkeys++], audit_target_key(&t, key).p, AUDIT_KEY_MAX);
        if (got == TARGET_LIST_MORE && !read_more(e)) {
            if (e->nkeys)
                break;
            return;
        }
    }
    if (e->nkeys)
        put(e);
    else
        loop_stop(e->loop);
}

static void on_put(void *user, int err, const struct redis_value *v)
{
    struct ends *e = user;
    if (failed(e, err, v))
        return;
    e->put += e->nkeys;
    e->fresh += (uint64_t)v->number;
    e->nkeys = 0;
    gather(e);
}

static void put_again(struct timer *t, uint64_t now)
{
    put(LIST_ENTRY(t, struct ends, again));
}

static void on_fault(void *user, const struct target_list *l, unsigned column, struct str text)
{
    if (l->name)
        fprintf(stderr, "%s:%llu:%u: ", l->name, (unsigned long long)l->line, column);
    else
        fputs("gate443 audit: ", stderr);
    fprintf(stderr, "%.*s\n", STR_ARG(text));
}

static int open_list(struct ends *e)
{
    const char *path = e->o->targets;
    uint64_t seed[2] = {0};
    (void)!getrandom(seed, sizeof seed, 0);
    target_list_init(&e->list, NULL, seed);
    e->list.public_ranges = e->o->public_ranges;
    e->list.on_fault = on_fault;
    e->in_fd = !path ? -1 : strcmp(path, "-") == 0 ? 0 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (path && e->in_fd < 0) {
        say(path, strerror(errno));
        return 1;
    }
    shared_fd_init(&e->in, e->loop, e->in_fd, gather, e);
    return 0;
}

/* ---- out ---- */

static void on_page(void *user, int err, const struct redis_value *v);

static void ask_page(struct ends *e)
{
    int err = fleet_queue_results(e->redis, e->o->queue->stream, e->after, PAGE, on_page, e);
    if (err)
        failed(e, err, NULL);
}

static void ask_again(struct timer *t, uint64_t now)
{
    ask_page(LIST_ENTRY(t, struct ends, again));
}

/* {id, {"target", …, "report", …}} */
static void write_entry(struct ends *e, const struct redis_value *entry)
{
    struct redis_value id = redis_value_at(entry, 0), fields = redis_value_at(entry, 1);
    if (id.text.n == 0 || id.text.n >= sizeof e->after)
        return;
    snprintf(e->after, sizeof e->after, "%.*s", STR_ARG(id.text));
    for (size_t i = 0; i + 1 < fields.n; i += 2) {
        struct str value = redis_value_at(&fields, i + 1).text;
        if (!str_eq(redis_value_at(&fields, i).text, STR("report")))
            continue;
        fwrite(value.p, 1, value.n, e->out);
        putc('\n', e->out);
        e->got++;
    }
}

static void on_page(void *user, int err, const struct redis_value *v)
{
    struct ends *e = user;
    if (failed(e, err, v))
        return;
    struct redis_value page = redis_value_at(v, 0);
    for (size_t i = 0; i < page.n; i++) {
        struct redis_value entry = redis_value_at(&page, i);
        write_entry(e, &entry);
    }
    if (fflush(e->out) || ferror(e->out)) {
        e->bad = true;
        loop_stop(e->loop);
    } else if (page.n) {
        ask_page(e);
    } else if (redis_value_at(v, 1).number == 0) {
        loop_stop(e->loop);
    } else {
        timer_start(e->loop, &e->again, e->loop->now + SECOND / 2);
    }
}

/* ---- both ---- */

static struct ends *begin(struct audit_env *env, const struct audit_run_options *o,
                          void (*again)(struct timer *, uint64_t))
{
    struct ends *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    *e = (struct ends){.o = o, .loop = env->loop, .in_fd = -1, .after = "0"};
    if (!timer_init(e->loop, &e->again, again) && !redis_new(e->loop, env->resolver, o->queue, &e->redis))
        return e;
    timer_done(e->loop, &e->again);
    free(e);
    return NULL;
}

static void end(struct ends *e)
{
    redis_free(e->redis);
    timer_done(e->loop, &e->again);
    free(e);
}

int audit_queue_enqueue(struct audit_env *env, const struct audit_run_options *o)
{
    struct ends *e = begin(env, o, put_again);
    if (!e)
        return 1;
    int status = open_list(e);
    if (!status) {
        gather(e);
        status = loop_run(e->loop) ? 1 : 0;
        fprintf(stderr, "gate443 audit: %llu targets, %llu of them new, are in the queue\n",
                (unsigned long long)e->put, (unsigned long long)e->fresh);
    }
    status = e->bad || e->list.faults ? 1 : status;
    shared_fd_done(&e->in);
    if (e->in_fd > 0)
        close(e->in_fd);
    target_list_done(&e->list);
    end(e);
    return status;
}

int audit_queue_collect(struct audit_env *env, const struct audit_run_options *o)
{
    struct ends *e = begin(env, o, ask_again);
    if (!e)
        return 1;
    e->out = o->output ? fopen(o->output, "wbe") : stdout;
    if (!e->out) {
        say(o->output, strerror(errno));
        end(e);
        return 1;
    }
    ask_page(e);
    bool bad = loop_run(e->loop) || e->bad;
    if (fflush(e->out) || (e->out != stdout && fclose(e->out))) {
        say(o->output ? o->output : "standard output", "cannot be written");
        bad = true;
    }
    fprintf(stderr, "gate443 audit: %llu reports\n", (unsigned long long)e->got);
    end(e);
    return bad;
}
