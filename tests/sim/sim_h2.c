/* See sim_h2.h. */
#include "sim_h2.h"

static struct sim_h2_stream *stream_of(nghttp2_session *ng, int32_t id)
{
    return nghttp2_session_get_stream_user_data(ng, id);
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_n, const uint8_t *value, size_t value_n, uint8_t flags,
                     void *user)
{
    struct sim_h2_stream *s = stream_of(ng, frame->hd.stream_id);
    struct str n = str_of((const char *)name, name_n), v = str_of((const char *)value, value_n);
    uint64_t status = 0;
    if (s && str_eq(n, STR(":status")) && str_u64(v, &status))
        s->status = (unsigned)status;
    if (s && str_eq(n, STR("content-encoding")))
        s->gzip = str_eq(v, STR("gzip"));
    return 0;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *p, size_t n,
                   void *user)
{
    struct sim_h2 *h = user;
    struct sim_h2_stream *s = stream_of(ng, id);
    if (!s)
        return 0;
    buf_add(&s->body, str_of((const char *)p, n));
    if (h->reset_one_in && sim_chance(h->client.sim, h->reset_one_in) && !s->we_reset) {
        s->we_reset = true;
        nghttp2_submit_rst_stream(ng, 0, id, NGHTTP2_CANCEL);
    }
    return 0;
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
    struct sim_h2 *h = user;
    struct sim_h2_stream *s = frame->hd.stream_id ? stream_of(ng, frame->hd.stream_id) : NULL;
    if (frame->hd.type == NGHTTP2_GOAWAY)
        h->goaway = true;
    if (s && (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
        frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        s->ended = true;
    return 0;
}

static int on_close(nghttp2_session *ng, int32_t id, uint32_t code, void *user)
{
    struct sim_h2 *h = user;
    struct sim_h2_stream *s = stream_of(ng, id);
    if (!s)
        return 0;
    s->closed = true;
    s->code = code;
    h->open--;
    return 0;
}

static ssize_t post(nghttp2_session *ng, int32_t id, uint8_t *p, size_t n, uint32_t *flags,
                    nghttp2_data_source *source, void *user)
{
    struct sim_h2_stream *s = source->ptr;
    size_t left = s->e.post.n - s->posted, part = 1 + sim_below(s->h2->client.sim, 1000);
    n = part < n ? part : n;
    n = n < left ? n : left;
    memcpy(p, s->e.post.p + s->posted, n);
    s->posted += n;
    if (s->posted == s->e.post.n)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static nghttp2_nv nv(const char *name, struct str value)
{
    return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value.p, strlen(name), value.n, 0};
}

static void submit(struct sim_h2 *h, struct sim_h2_stream *s)
{
    nghttp2_nv v[5] = {nv(":method", str_c(s->e.method)), nv(":scheme", STR("http")),
                       nv(":authority", STR("localhost")), nv(":path", str_c(s->e.path))};
    size_t n = 4, colon = 0;
    while (colon < s->e.field.n && s->e.field.p[colon] != ':')
        colon++;
    if (s->e.field.n) {
        v[n] = nv("", str_from(s->e.field, colon + 2));
        v[n].name = (uint8_t *)s->e.field.p;
        v[n++].namelen = colon;
    }
    nghttp2_data_provider body = {{.ptr = s}, post};
    s->id = nghttp2_submit_request(h->ng, NULL, v, n, s->e.post.n ? &body : NULL, s);
    if (s->id < 0)
        h->broken = true;
    else
        h->open++;
}

static void more(struct sim_client *c)
{
    struct sim_h2 *h = (struct sim_h2 *)c;
    const uint8_t *p;
    while (h->submitted < h->n && h->open < h->at_once && !h->goaway && !h->broken)
        submit(h, &h->streams[h->submitted++]);
    ssize_t n;
    while (c->out.n - c->sent < 4096 && (n = nghttp2_session_mem_send(h->ng, &p)) > 0)
        buf_add(&c->out, str_of((const char *)p, (size_t)n));
}

static void input(struct sim_client *c, struct str got)
{
    struct sim_h2 *h = (struct sim_h2 *)c;
    ssize_t n = nghttp2_session_mem_recv(h->ng, (const uint8_t *)got.p, got.n);
    if (n < 0)
        h->broken = true;
}

int sim_h2_init(struct sim_h2 *h, struct sim *s, uint32_t window)
{
    nghttp2_session_callbacks *cb;
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window},
                                         {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    *h = (struct sim_h2){.client = {.sim = s, .input = input, .more = more}, .at_once = SIM_STREAMS};
    if (nghttp2_session_callbacks_new(&cb))
        return -ERR_NOMEM;
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
    int err = nghttp2_session_client_new(&h->ng, cb, h);
    nghttp2_session_callbacks_del(cb);
    if (err || nghttp2_submit_settings(h->ng, 0, settings, 2))
        return -ERR_NOMEM;
    return 0;
}

void sim_h2_add(struct sim_h2 *h, const struct sim_expect *e)
{
    struct sim_h2_stream *s = &h->streams[h->n++];
    *s = (struct sim_h2_stream){.h2 = h, .e = *e};
    buf_init(&s->body, (size_t)1 << 20);
}

void sim_h2_done(struct sim_h2 *h)
{
    sim_client_done(&h->client);
    nghttp2_session_del(h->ng);
    for (size_t i = 0; i < h->n; i++)
        buf_done(&h->streams[i].body);
}

int sim_h2_check(const struct sim_h2 *h, const char **ret_why)
{
    int whole = 0;
    *ret_why = "nghttp2 found a fault in what the server sent";
    if (h->broken)
        return -1;
    for (size_t i = 0; i < h->submitted; i++) {
        const struct sim_h2_stream *s = &h->streams[i];
        if (!s->ended || s->we_reset || (s->closed && s->code))
            continue;
        *ret_why = "another status than expected";
        if (s->e.status ? s->status != s->e.status : s->status < 400 || s->status > 404)
            return -1;
        *ret_why = "another body than expected";
        if (!sim_body_right(&s->e, s->gzip, buf_str(&s->body)))
            return -1;
        whole++;
    }
    return whole;
}
