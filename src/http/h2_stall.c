/* Streams that keep us waiting, each on its own (RFC 9113 10.5): a peer that takes little on one
 * stream must not keep a hundred others, with what their handlers hold, for as long as it likes.
 *
 * The rule. A response is judged by limits.stall_timeout and min_rate only while it is the peer who
 * holds up this very stream: all that was sent on it has arrived (TCP acknowledged it), there is more
 * to send, and the stream's own window is shut. Any other wait is excused, and does not count as
 * time: the peer has asked for other streams first (RFC 9218), they share the connection's window or
 * its bandwidth, bytes are still under way, or our handler has nothing. For those waits the
 * connection answers as a whole (h2.c), by what arrives on it.
 *
 * A request body is judged while it may be sent. In which order the peer sends its bodies we cannot
 * see: so one that waits is excused while all together bring what each of them owes.
 *
 * All by samples, a few in a stall_timeout: one deadline in a session, one walk over its streams;
 * the path of a byte only notes the time. What happens between two samples is taken for what the
 * second one finds; nothing is gained by that, since a stream whose window was open is held up by
 * it again as soon as it is used up.
 *
 * A stalled response is reset with CANCEL: nginx and nghttpd say INTERNAL_ERROR, but nothing here is
 * broken; ENHANCE_YOUR_CALM would be an accusation, and mostly it is a paused video. A stalled
 * request gets its 408. Either counts for limits.resets. */
#include "http/h2.h"

#define SAMPLES 8 /* in the shorter one of stall_timeout and rate_window */

static uint64_t period(const struct limits *l)
{
    uint64_t shorter = l->min_rate && l->rate_window < l->stall_timeout ? l->rate_window
                                                                        : l->stall_timeout;
    return shorter / SAMPLES + 1;
}

/* ---- what has arrived ---- */

/* Bytes of our output that the peer's system has acknowledged: a little less where TLS adds to them. */
static uint64_t arrived(const struct h2 *h2)
{
    uint64_t away = h2->out.n + stream_in_flight(h2->base.conn->stream);
    return h2->written > away ? h2->written - away : 0;
}

void h2_stall_sample(struct h2 *h2)
{
    uint64_t now_there = arrived(h2);
    if (now_there > h2->arrived)
        h2->arrived = now_there;
    /* Answers to pings behind the last response are no progress of responses. */
    uint64_t progress = h2->arrived < h2->mark ? h2->arrived : h2->mark;
    if (progress > h2->progress) {
        pace_moved(&h2->pace, (size_t)(progress - h2->progress), h2_now(h2));
        h2->progress = progress;
    }
}

bool h2_stall_is_whole(const struct h2 *h2)
{
    return h2->out.n || nghttp2_session_get_remote_window_size(h2->ng) <= 0 ||
           stream_in_flight(h2->base.conn->stream);
}

/* ---- one stream ---- */

static bool window_shut(const struct h2_stream *s)
{
    struct h2 *h2 = s->h2;
    return s->sending && s->mark <= h2->arrived &&
           nghttp2_session_get_stream_remote_window_size(h2->ng, s->id) <= 0;
}

static void judge_output(struct h2_stream *s, uint64_t passed, uint64_t now)
{
    if (!window_shut(s)) {
        pace_excuse(&s->out, passed, now);
        return;
    }
    int err = pace_check(&s->out, s->h2->base.limits, now);
    if (!err)
        return;
    s->h2->base.conn->metrics->timeouts++;
    exchange_reset(&s->x, err);
}

/* A handler that holds back credit, or a "100 Continue" that we owe, is not the peer's slowness. */
static bool owes_input(const struct h2_stream *s)
{
    return s->receiving && s->credit > 0 && !s->x.req.expect_continue && !s->x.failing &&
           !s->x.response_ended;
}

static void judge_input(struct h2_stream *s, bool excused, uint64_t passed, uint64_t now)
{
    if (excused || !owes_input(s)) {
        pace_excuse(&s->in, passed, now);
        return;
    }
    int err = pace_check(&s->in, s->h2->base.limits, now);
    if (!err)
        return;
    s->h2->base.conn->metrics->timeouts++;
    if (s->x.head_sent) {
        exchange_reset(&s->x, err);
        return;
    }
    h2_spend(s->h2, H2_COST_RESET);
    exchange_fail(&s->x, err);
}

/* ---- all of them ---- */

/* Whether the bodies together brought min_rate for each that is expected; any, where none is set. */
static bool all_is_paid(struct h2 *h2, uint64_t passed)
{
    uint64_t owing = 0;
    for (const struct list *l = h2->streams.next; l != &h2->streams; l = l->next)
        owing += owes_input(LIST_ENTRY(l, struct h2_stream, link));
    unsigned __int128 owed = (unsigned __int128)h2->base.limits->min_rate * owing * passed;
    bool paid = h2->taken && (unsigned __int128)h2->taken * SECOND >= owed;
    h2->taken = 0;
    return paid;
}

static void walk(struct h2 *h2, uint64_t now)
{
    uint64_t passed = now - h2->walked_at;
    bool excused = h2->nreceiving && all_is_paid(h2, passed);
    h2->walked_at = now;
    h2_stall_sample(h2);
    LIST_EACH (link, tmp, &h2->streams) {
        struct h2_stream *s = LIST_ENTRY(link, struct h2_stream, link);
        if (s->head_sent && !s->done)
            judge_output(s, passed, now);
        if (s->receiving && !s->reset)
            judge_input(s, excused, passed, now);
    }
}

void h2_stall_check(struct h2 *h2, uint64_t now)
{
    if (!h2->walk_at || now < h2->walk_at)
        return;
    h2->walk_at = 0; /* and again by h2_stall_deadline, if there is still something to judge */
    walk(h2, now);
}

uint64_t h2_stall_deadline(struct h2 *h2, uint64_t now)
{
    if (!h2->walk_at && (h2->nsending || h2->nreceiving)) {
        h2->walked_at = now;
        h2->walk_at = now + period(h2->base.limits);
    }
    return h2->walk_at ? h2->walk_at : UINT64_MAX;
}
