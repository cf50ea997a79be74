/* HTTP/2 requests of our own; see h2_client.h. */
#include "http/h2_client.h"

#include "wire/scan.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>

#define REQUEST_FIELDS 24
#define PSEUDO_FIELDS  4

struct stream_state {
    struct h2_client_answer answer;
    struct buf body;
    size_t head_bytes;
    bool trailers; /* the fields that come now */
};

struct h2_client {
    nghttp2_session *ng;
    struct arena *arena;
    struct h2_client_peer peer;
    struct stream_state streams[H2_CLIENT_STREAMS];
    size_t nstreams;
    bool nomem; /* in a callback */
    bool dead;  /* the library has given up on the connection: it said so in a GOAWAY */
};

static struct stream_state *find(const struct h2_client *c, int32_t id)
{
    for (size_t i = 0; i < c->nstreams; i++)
        if (c->streams[i].answer.id == id)
            return (struct stream_state *)&c->streams[i];
    return NULL;
}

/* ---- what comes ---- */

/* A head: interim ones are forgotten when the next begins, and behind the final one come trailers. */
static int on_begin(nghttp2_session *ng, const nghttp2_frame *f, void *user)
{
    struct stream_state *s = find(user, f->hd.stream_id);
    if (!s)
        return 0;
    struct h2_client_answer *a = &s->answer;
    s->trailers = a->status >= 200;
    if (a->status >= 100 && a->status < 200) {
        a->interim++;
        a->status = 0;
        a->nfields = 0;
    }
    return 0;
}

static void keep_field(struct h2_client *c, struct stream_state *s, struct str name,
                       struct str value)
{
    struct h2_client_answer *a = &s->answer;
    if (a->nfields == H2_CLIENT_FIELDS || name.n + value.n > H2_CLIENT_HEAD_MAX - s->head_bytes) {
        a->cut = true;
        return;
    }
    if (!a->fields)
        a->fields = arena_alloc(c->arena, H2_CLIENT_FIELDS * sizeof *a->fields);
    struct field f = {arena_str(c->arena, name), arena_str(c->arena, value), field_lookup(name)};
    if (!a->fields || !f.name.p || !f.value.p) {
        c->nomem = true;
        return;
    }
    s->head_bytes += name.n + value.n;
    a->fields[a->nfields++] = f;
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *f, const uint8_t *name,
                     size_t name_n, const uint8_t *value, size_t value_n, uint8_t flags, void *user)
{
    struct h2_client *c = user;
    struct stream_state *s = find(c, f->hd.stream_id);
    struct str n = str_of((const char *)name, name_n), v = str_of((const char *)value, value_n);
    uint64_t status;
    if (!s || s->trailers)
        return 0;
    if (str_eq(n, STR(":status"))) { /* the library has checked that it is three digits */
        if (str_u64(v, &status) && status <= 999)
            s->answer.status = (uint16_t)status;
        return 0;
    }
    keep_field(c, s, n, v);
    return c->nomem ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *p, size_t n,
                   void *user)
{
    struct h2_client *c = user;
    struct stream_state *s = find(c, id);
    if (!s)
        return 0;
    s->answer.body_bytes += n;
    struct str data = str_sub(str_of((const char *)p, n), 0, buf_room(&s->body));
    c->nomem |= buf_append(&s->body, data) != 0;
    s->answer.body = buf_str(&s->body);
    return c->nomem ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_stream_close(nghttp2_session *ng, int32_t id, uint32_t code, void *user)
{
    struct stream_state *s = find(user, id);
    if (s && s->answer.end == H2_CLIENT_OPEN) {
        s->answer.end = code ? H2_CLIENT_RESET : H2_CLIENT_DONE;
        s->answer.code = code;
    }
    return 0;
}

static void read_settings(struct h2_client_peer *p, const nghttp2_settings *f)
{
    p->settings = true;
    for (size_t i = 0; i < f->niv; i++) {
        uint32_t v = f->iv[i].value;
        switch (f->iv[i].settings_id) {
        case NGHTTP2_SETTINGS_HEADER_TABLE_SIZE: p->header_table_size = v; break;
        case NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS: p->max_concurrent_streams = v; break;
        case NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE: p->initial_window_size = v; break;
        case NGHTTP2_SETTINGS_MAX_FRAME_SIZE: p->max_frame_size = v; break;
        case NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE: p->max_header_list_size = v; break;
        case NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL: p->connect_protocol = v == 1; break;
        case 9: /* RFC 9218 2.1; older libraries have no name for it */
            p->no_rfc7540_priorities = v == 1;
            break;
        default: break;
        }
    }
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *f, void *user)
{
    struct h2_client *c = user;
    if (f->hd.type == NGHTTP2_SETTINGS && !(f->hd.flags & NGHTTP2_FLAG_ACK))
        read_settings(&c->peer, &f->settings);
    if (f->hd.type == NGHTTP2_RST_STREAM)
        c->peer.resets++;
    if (f->hd.type == NGHTTP2_GOAWAY) {
        c->peer.goaway = true;
        c->peer.goaway_code = f->goaway.error_code;
        c->peer.last_stream = f->goaway.last_stream_id;
    }
    return 0;
}

static int on_invalid(nghttp2_session *ng, const nghttp2_frame *f, int error, void *user)
{
    struct h2_client *c = user;
    c->peer.violation = true;
    return 0;
}

/* The library is silent about some violations but for what it sends. */
static int on_sent(nghttp2_session *ng, const nghttp2_frame *f, void *user)
{
    struct h2_client *c = user;
    if (f->hd.type == NGHTTP2_GOAWAY && f->goaway.error_code != NGHTTP2_NO_ERROR)
        c->dead = c->peer.violation = true;
    return 0;
}

/* ---- life ---- */

static nghttp2_session *session_new(struct h2_client *c)
{
    nghttp2_session_callbacks *cb;
    nghttp2_session *ng = NULL;
    if (nghttp2_session_callbacks_new(&cb))
        return NULL;
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(cb, on_invalid);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_sent);
    if (nghttp2_session_client_new(&ng, cb, c))
        ng = NULL;
    nghttp2_session_callbacks_del(cb);
    return ng;
}

struct h2_client *h2_client_new(struct arena *arena)
{
    static const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    struct h2_client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->arena = arena;
    c->peer = (struct h2_client_peer){.header_table_size = 4096, /* RFC 9113 6.5.2 */
                                      .max_concurrent_streams = UINT32_MAX,
                                      .initial_window_size = 65535,
                                      .max_frame_size = 16384,
                                      .max_header_list_size = UINT32_MAX};
    c->ng = session_new(c);
    if (!c->ng || nghttp2_submit_settings(c->ng, 0, settings, 1)) {
        h2_client_free(c);
        return NULL;
    }
    return c;
}

void h2_client_free(struct h2_client *c)
{
    if (!c)
        return;
    nghttp2_session_del(c->ng);
    for (size_t i = 0; i < c->nstreams; i++)
        buf_done(&c->streams[i].body);
    free(c);
}

/* ---- requests ---- */

static nghttp2_nv pair(struct str name, struct str value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name.p, (uint8_t *)(uintptr_t)value.p, name.n,
                        value.n, NGHTTP2_NV_FLAG_NONE};
}

static bool request_ok(const struct h2_client_request *r)
{
    if ((r->method.n && !scan_is_token(r->method)) || r->authority.n == 0 ||
        scan_target(r->authority) != r->authority.n || scan_target(r->target) != r->target.n ||
        r->nfields > REQUEST_FIELDS)
        return false;
    for (size_t i = 0; i < r->nfields; i++)
        if (!scan_is_token(r->fields[i].name) || !scan_is_value(r->fields[i].value))
            return false;
    return true;
}

/* RFC 9113 8.2: names are lower case. p NULL: out of memory. */
static struct str lower(struct arena *arena, struct str s)
{
    char *p = arena_cstr(arena, s);
    for (size_t i = 0; p && i < s.n; i++)
        p[i] = ascii_lower(p[i]);
    return str_of(p, p ? s.n : 0);
}

static int submit(struct h2_client *c, const struct h2_client_request *r, int32_t *ret_id)
{
    nghttp2_nv nv[PSEUDO_FIELDS + REQUEST_FIELDS] = {
        pair(STR(":method"), r->method.n ? r->method : STR("GET")),
        pair(STR(":scheme"), STR("https")), pair(STR(":authority"), r->authority),
        pair(STR(":path"), r->target.n ? r->target : STR("/"))};
    for (size_t i = 0; i < r->nfields; i++) {
        struct str name = lower(c->arena, r->fields[i].name);
        if (!name.p)
            return -ERR_NOMEM;
        nv[PSEUDO_FIELDS + i] = pair(name, r->fields[i].value);
    }
    int32_t id = nghttp2_submit_request(c->ng, NULL, nv, PSEUDO_FIELDS + r->nfields, NULL, NULL);
    if (id < 0)
        return id == NGHTTP2_ERR_NOMEM ? -ERR_NOMEM : -ERR_CLOSED;
    *ret_id = id;
    return 0;
}

int h2_client_request(struct h2_client *c, const struct h2_client_request *r, int32_t *ret_id)
{
    int32_t id;
    if (!request_ok(r))
        return -ERR_INVAL;
    if (c->nstreams == H2_CLIENT_STREAMS)
        return -ERR_TOO_MANY;
    if (c->peer.goaway)
        return -ERR_CLOSED;
    int err = submit(c, r, &id);
    if (err)
        return err;
    struct stream_state *s = &c->streams[c->nstreams++];
    s->answer.id = id;
    buf_init(&s->body, H2_CLIENT_BODY_KEPT);
    *ret_id = id;
    return 0;
}

int h2_client_feed(struct h2_client *c, struct str in)
{
    if (c->dead)
        return -ERR_H2_PROTOCOL;
    if (in.n == 0)
        return 0;
    ssize_t n = nghttp2_session_mem_recv(c->ng, (const uint8_t *)in.p, in.n);
    if (c->nomem || n == NGHTTP2_ERR_NOMEM)
        return -ERR_NOMEM;
    c->dead |= n < 0;
    c->peer.violation |= n < 0;
    return n < 0 ? -ERR_H2_PROTOCOL : 0;
}

int h2_client_drain(struct h2_client *c, struct buf *out)
{
    const uint8_t *p;
    ssize_t n;
    while ((n = nghttp2_session_mem_send(c->ng, &p)) > 0) {
        int err = buf_append(out, str_of((const char *)p, (size_t)n));
        if (err)
            return err;
    }
    return n == 0 ? 0 : -ERR_NOMEM;
}

void h2_client_close(struct h2_client *c)
{
    for (size_t i = 0; i < c->nstreams; i++)
        if (c->streams[i].answer.end == H2_CLIENT_OPEN)
            c->streams[i].answer.end = H2_CLIENT_GONE;
}

bool h2_client_idle(const struct h2_client *c)
{
    for (size_t i = 0; i < c->nstreams; i++)
        if (c->streams[i].answer.end == H2_CLIENT_OPEN)
            return false;
    return true;
}

const struct h2_client_answer *h2_client_answer(const struct h2_client *c, int32_t id)
{
    const struct stream_state *s = find(c, id);
    return s ? &s->answer : NULL;
}

const struct h2_client_peer *h2_client_peer(const struct h2_client *c)
{
    return &c->peer;
}
