/* A request in clear, on port 80. */
#include "audit/probe.h"

static int start(struct probe *p)
{
    probe_request(p);
    return buf_err(&p->out);
}

static void on_bytes(struct probe *p, struct str in)
{
    probe_answer(p, in);
}

static void on_end(struct probe *p, enum ending how)
{
    probe_react(p, "%s", ending_text(how));
}

const struct probe_kind probe_plain = {
    .name = "plain", .start = start, .on_bytes = on_bytes, .on_end = on_end};
