/* SSL 2.0's hello: the one protocol whose first answer lists all that the server can do. */
#include "audit/probe.h"

static int start(struct probe *p)
{
    static const unsigned char challenge[16] = "gate443 auditing";
    ssl2_client_hello_emit(&p->out, challenge);
    return buf_err(&p->out);
}

static void copy_hello(struct probe *p, const struct ssl2_server_hello *h)
{
    struct ssl2_server_hello *kept = arena_alloc(&p->o->arena, sizeof *kept);
    if (!kept)
        return;
    *kept = *h;
    kept->certificate = arena_str(&p->o->arena, h->certificate);
    kept->specs = arena_str(&p->o->arena, h->specs);
    kept->connection_id = STR_NONE;
    p->o->ssl2 = kept;
}

static void on_bytes(struct probe *p, struct str in)
{
    struct ssl2_server_hello h;
    if (buf_append(&p->received, in)) {
        probe_ended(p, ENDING_FLOOD, p->now);
        return;
    }
    int err = ssl2_server_hello_parse(&h, buf_str(&p->received));
    if (err == -ERR_NEED_MORE)
        return;
    if (!err)
        copy_hello(p, &h);
    else
        p->o->ending = ENDING_GARBAGE;
    probe_finish(p);
}

const struct probe_kind probe_ssl2 = {.name = "ssl2", .start = start, .on_bytes = on_bytes};
