/* The HSTS ramp (RFC 6797): a name that has served healthily for a day may promise a day, after a
 * week a year; before that, five minutes. So a mistake in the first days costs minutes, not a year.
 * Since when each name is healthy stands in STATE/hsts ("name seconds" a line). Renewal that fails
 * until the certificate is past its due date by a week starts the name over.
 * localhost stays at five minutes. */
#include "main/parent.h"

#include "io/file.h"

#include <fcntl.h>
#include <unistd.h>

#define DAY 86400
#define FILE_MAX ((size_t)4 << 20)

/* HSTS knows no ports: a long promise for localhost would break every other developer's server on this
 * machine. There, five minutes are all. */
static bool is_localhost(struct str name)
{
    return str_eq(name, STR("localhost")) || str_ends(name, STR(".localhost"));
}

static uint64_t age_for(struct str name, int64_t healthy)
{
    if (is_localhost(name))
        return 300;
    return healthy < DAY ? 300 : healthy < 7 * DAY ? DAY : 365 * DAY;
}

static int64_t since_of(struct str text, struct str name)
{
    struct str line;
    while (str_split(&text, '\n', &line)) {
        size_t space = str_find(line, ' ', 0);
        uint64_t since;
        if (str_eq(str_sub(line, 0, space), name) && str_u64(str_from(line, space + 1), &since))
            return (int64_t)since;
    }
    return 0;
}

static bool is_healthy(const struct deploy *d, const struct site *site)
{
    return site->ncerts && !(d->renew_at && d->parent->loop->wall > d->renew_at + 7 * DAY);
}

static void read_state(struct parent *p, struct buf *text)
{
    int fd = openat(p->state_fd, "hsts", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return; /* the first time */
    if (file_read_all(fd, text))
        buf_clear(text);
    close(fd);
}

void hsts_update(struct parent *p)
{
    struct deploy *d = p->live;
    struct buf old, text, ages;
    buf_init(&old, FILE_MAX);
    buf_init(&text, FILE_MAX);
    buf_init(&ages, FILE_MAX);
    read_state(p, &old);
    for (size_t i = 0; i < d->snapshot->nsites; i++) {
        const struct site *site = d->snapshot->sites[i];
        struct str name = site->nnames ? site->names[0] : STR("*");
        int64_t wall = p->loop->wall, since = since_of(buf_str(&old), name);
        if (since == 0 || since > wall || !is_healthy(d, site))
            since = wall;
        pack_u64(&ages, age_for(name, wall - since));
        buf_addf(&text, "%.*s %lld\n", STR_ARG(name), (long long)since);
    }
    bool changed = !str_eq(buf_str(&old), buf_str(&text));
    int err = changed && buf_ok(&text) ? file_write_atomic(p->state_fd, "hsts", buf_str(&text), 0600)
                                       : 0;
    if (err)
        log_write(&p->log, LOG_WARN, "%s/hsts cannot be written: %s (the HSTS ramp starts anew at "
                                     "the next start)", p->state_path, err_text(err));
    struct message_frame m = {.type = MSG_HSTS, .body = buf_str(&ages)};
    for (size_t i = 0; i < p->nworkers; i++)
        if (p->workers[i].chan && ages.n <= CHAN_BODY_MAX && chan_send(p->workers[i].chan, &m))
            log_write(&p->log, LOG_WARN, "worker %zu did not take the HSTS ages", i);
    buf_done(&old);
    buf_done(&text);
    buf_done(&ages);
}
