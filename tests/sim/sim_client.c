/* A client's end of a pipe with habits: how much at once, how often, how far, and how it ends. */
#include "sim.h"

static void plan(struct sim_client *c)
{
    uint64_t now = c->sim->loop->now, next = UINT64_MAX;
    if (!c->stream)
        return;
    if (c->more && c->write_at > now && c->sent == c->out.n)
        c->more(c);
    if (c->write_at > now && c->sent < c->out.n && !c->write_dead)
        next = c->write_at;
    if (c->read_at > now && c->read_at < next)
        next = c->read_at;
    if (next != UINT64_MAX)
        timer_start(c->sim->loop, &c->timer, next);
    else
        timer_stop(c->sim->loop, &c->timer);
}

void sim_client_cut(struct sim_client *c, enum sim_cut how)
{
    if (!c->stream)
        return;
    c->was_cut = true;
    c->cut = SIM_NO_CUT;
    if (how == SIM_HALF_CLOSE) {
        c->write_dead = true;
        if (stream_shutdown(c->stream))
            c->reset = true;
        return;
    }
    stream_close(c->stream, how == SIM_ABORT);
    c->stream = NULL;
    c->ended = c->sim->loop->now;
    timer_stop(c->sim->loop, &c->timer);
}

static void maybe_cut(struct sim_client *c)
{
    if (c->cut && ((c->cut_sent && c->sent >= c->cut_sent) ||
                   (c->cut_received && c->received >= c->cut_received)))
        sim_client_cut(c, c->cut);
}

static size_t portion(struct sim_client *c, size_t max, size_t all)
{
    size_t n = max ? 1 + (size_t)sim_below(c->sim, max) : all;
    return n < all ? n : all;
}

static void write_some(struct sim_client *c)
{
    uint64_t now = c->sim->loop->now;
    while (c->stream && !c->write_dead && c->write_at <= now) {
        if (c->sent == c->out.n && c->more)
            c->more(c);
        if (c->sent == c->out.n)
            return;
        size_t n = portion(c, c->write_max, c->out.n - c->sent);
        if (c->cut_sent > c->sent && n > c->cut_sent - c->sent)
            n = c->cut_sent - c->sent;
        struct str part = str_of(buf_str(&c->out).p + c->sent, n);
        ssize_t took = stream_write(c->stream, &part, 1, false);
        if (took < 0) {
            c->write_dead = true;
            return;
        }
        c->sent += (size_t)took;
        maybe_cut(c);
        if (c->write_gap)
            c->write_at = now + c->write_gap;
        if ((size_t)took < n)
            return;
    }
}

static void take(struct sim_client *c, struct str got)
{
    c->received += got.n;
    if (c->input)
        c->input(c, got);
    else
        buf_add(&c->in, got);
}

static void read_some(struct sim_client *c)
{
    static char bytes[64 * 1024];
    uint64_t now = c->sim->loop->now;
    while (c->stream && c->read_at <= now) {
        size_t room = c->read_stop ? c->read_stop - c->received : sizeof bytes;
        if (room == 0)
            return;
        ssize_t n = stream_read(c->stream, bytes,
                                portion(c, c->read_max, room < sizeof bytes ? room : sizeof bytes));
        if (n == -ERR_AGAIN)
            return;
        if (n <= 0) {
            c->eof = n == 0;
            c->reset = n < 0;
            c->ended = now;
            stream_close(c->stream, false);
            c->stream = NULL;
            timer_stop(c->sim->loop, &c->timer);
            return;
        }
        take(c, str_of(bytes, (size_t)n));
        maybe_cut(c);
        if (c->read_gap)
            c->read_at = now + c->read_gap;
    }
}

void sim_client_pump(struct sim_client *c)
{
    write_some(c);
    read_some(c);
    if (c->more) /* what was read may be worth an answer */
        write_some(c);
    plan(c);
}

static void on_event(struct stream *s, unsigned events)
{
    sim_client_pump(s->user);
}

static void on_timer(struct timer *t, uint64_t now)
{
    sim_client_pump(LIST_ENTRY(t, struct sim_client, timer));
}

int sim_client_start(struct sim_client *c, struct sim *s, size_t capacity, const char *peer,
                     bool h2)
{
    struct addr from, to;
    struct stream *theirs = NULL;
    c->sim = s;
    c->in.max = c->out.max = (size_t)64 << 20;
    int err = timer_init(s->loop, &c->timer, on_timer);
    if (!err)
        err = stream_mem_pair(s->loop, capacity, &c->stream, &theirs);
    if (err)
        return err;
    c->stream->user = c;
    c->stream->on_event = on_event;
    sim_addr(&from, peer);
    sim_addr(&to, "127.0.0.1:80");
    addr_set_port(&to, h2 ? SIM_H2_PORT : SIM_H1_PORT);
    err = front_accept(s->front, theirs, &from, &to, false);
    sim_client_pump(c);
    return err;
}

void sim_client_done(struct sim_client *c)
{
    stream_close(c->stream, true);
    c->stream = NULL;
    if (c->sim)
        timer_done(c->sim->loop, &c->timer);
    buf_done(&c->in);
    buf_done(&c->out);
}

bool sim_client_habits(struct sim_client *c, bool slow_allowed)
{
    struct sim *s = c->sim;
    bool clean = true;
    if (sim_chance(s, 2))
        c->write_max = (size_t)1 << sim_below(s, 12);
    if (sim_chance(s, 2))
        c->read_max = (size_t)256 << sim_below(s, 8);
    if (slow_allowed && sim_chance(s, 4))
        c->write_gap = 1 + sim_below(s, MILLISECOND); /* harmless: 2 KB a head at most */
    if (slow_allowed && sim_chance(s, 4))
        c->read_gap = 1 + sim_below(s, 10 * MILLISECOND);
    if (sim_chance(s, 3)) {
        c->cut = SIM_CLOSE + (enum sim_cut)sim_below(s, 3);
        if (sim_chance(s, 2))
            c->cut_sent = 1 + sim_below(s, c->out.n + 200);
        else
            c->cut_received = 1 + sim_below(s, sim_chance(s, 2) ? 600 : 60000);
        clean = false;
    } else if (sim_chance(s, 8)) {
        c->read_stop = 1 + sim_below(s, 30000);
        clean = false;
    }
    return clean;
}
