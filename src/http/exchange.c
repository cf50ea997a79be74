/* One request and its response; see exchange.h. Between engine and handler: checks that hold for
 * every version on the way up, policy and filters on the way down, and the two answers that need no
 * handler: the error page and the discarding of bodies that nobody asked for.
 *
 * Invariants: after a reset or on_gone nothing is sent; at most one final head; a handler's on_gone
 * is called once, also when an error page took its place (see struct error_state). */
#include "http/exchange.h"

#include "http/error_page.h"
#include "http/exchange_send.h"
#include "http/filter.h"
#include "http/handler.h"
#include "wire/scan.h"

#include <errno.h>
#include <unistd.h>

#define DISCARD_MAX (64 * 1024) /* bytes of a body taken after the response has ended */
#define FILE_STEP (16 * 1024)   /* bytes of a file given to a filter at a time */

static bool is_over(const struct exchange *x)
{
    return x->gone || x->was_reset;
}

/* The built-in page is on its way: what the handler still wants to say, nobody will hear. */
static bool is_swallowed(const struct exchange *x)
{
    return x->error && x->error->page;
}

void exchange_reset(struct exchange *x, int err)
{
    if (is_over(x))
        return;
    x->was_reset = true;
    if (!x->err)
        x->err = err;
    x->ops->reset(x, err);
}

void exchange_give_credit(struct exchange *x, size_t n)
{
    if (!is_over(x) && n)
        x->ops->give_credit(x, n);
}

static void on_again(struct timer *t, uint64_t now)
{
    exchange_on_writable(LIST_ENTRY(t, struct exchange, again));
}

void exchange_again(struct exchange *x)
{
    struct loop *l = x->conn->loop;
    if (is_over(x))
        return;
    if (!x->again.on_timer && timer_init(l, &x->again, on_again))
        exchange_reset(x, -ERR_NOMEM);
    else
        timer_start(l, &x->again, l->now + 1); /* at l->now it could still be this turn */
}

/* ---- sending a head ---- */

static void count_status(struct metrics *m, unsigned status)
{
    uint64_t *const classes[] = {&m->http_1xx, &m->http_2xx, &m->http_3xx, &m->http_4xx,
                                 &m->http_5xx};
    if (status >= 100 && status < 600)
        ++*classes[status / 100 - 1];
}

/* What says how a message travels is each engine's own. */
static bool is_hop_field(enum field_id id)
{
    switch (id) {
    case FIELD_CONTENT_LENGTH:
    case FIELD_TRANSFER_ENCODING:
    case FIELD_CONNECTION:
    case FIELD_KEEP_ALIVE:
    case FIELD_PROXY_CONNECTION:
    case FIELD_UPGRADE:
        return true;
    default:
        return false;
    }
}

static int copy_fields(struct head *to, const struct field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct field *f = &fields[i];
        if (is_hop_field(f->id))
            continue;
        if (to->nfields == to->cap)
            return -ERR_HTTP_FIELDS_TOO_LARGE;
        to->fields[to->nfields++] = *f;
        to->present |= (uint64_t)1 << f->id;
    }
    return 0;
}

/* RFC 9110 6.4.1: responses that never have content. */
static bool is_bodiless(const struct exchange *x, unsigned status)
{
    return x->req.method == METHOD_HEAD || status == 204 || status == 304;
}

/* The site's own page, fetched with 200, is sent with the status of the error. */
static int as_error(struct exchange *x, struct head *h)
{
    h->status = x->error->status;
    head_remove(h, FIELD_ETAG);
    head_remove(h, FIELD_LAST_MODIFIED);
    head_remove(h, FIELD_ACCEPT_RANGES);
    return copy_fields(h, x->error->extra, x->error->nextra);
}

/* RFC 9110 15.4.5: a 304 has those fields of the 200 in whose place it stands that caches need. So a
 * handler passes that one's head: what edits it does the same to both, and then what tells of the
 * body goes. A head without length is somebody else's 304, and stays as it is. */
static void strip_not_modified(struct head *h)
{
    static const enum field_id of_the_body[] = {FIELD_CONTENT_TYPE, FIELD_CONTENT_ENCODING,
                                                FIELD_ACCEPT_RANGES};
    if (h->status != 304 || h->length == LENGTH_NONE)
        return;
    for (size_t i = 0; i < sizeof of_the_body / sizeof *of_the_body; i++)
        if (head_has(h, of_the_body[i]))
            head_remove(h, of_the_body[i]);
    h->length = LENGTH_NONE;
}

static int send_final(struct exchange *x, struct head *h, bool end)
{
    x->status = h->status;
    x->no_body = is_bodiless(x, h->status);
    int err = policy_apply(x, h);
    if (!err && h->status != 204 && (!end || x->no_body))
        err = filter_compress_begin(x, h);
    if (err)
        return err;
    strip_not_modified(h);
    x->head_sent = true;
    err = x->ops->send_head(x, h, end || x->no_body);
    if (err)
        return err;
    x->response_ended = end || x->no_body;
    count_status(x->conn->metrics, h->status);
    return 0;
}

static int send_final_copy(struct exchange *x, const struct head *h, bool end)
{
    struct field fields[EXCHANGE_FIELDS_MAX];
    struct head full = *h;
    full.fields = fields;
    full.nfields = 0;
    full.cap = EXCHANGE_FIELDS_MAX;
    full.present = 0;
    int err = copy_fields(&full, h->fields, h->nfields);
    if (!err && x->error && x->error->internal)
        err = as_error(x, &full);
    if (!err)
        err = send_final(x, &full, end);
    if (err) {
        x->status = 0;
        exchange_reset(x, err);
    }
    return err;
}

static void send_error_page(struct exchange *x);

int exchange_send_head(struct exchange *x, const struct head *h, bool end)
{
    if (is_over(x))
        return -ERR_CLOSED;
    if (is_swallowed(x))
        return 0;
    if (h->status < 200) {
        count_status(x->conn->metrics, h->status);
        return x->ops->send_head(x, h, false);
    }
    if (x->head_sent) {
        exchange_reset(x, -ERR_INTERNAL);
        return -ERR_INTERNAL;
    }
    if (x->error && x->error->internal && h->status != 200) {
        send_error_page(x); /* the site's page is not there: ours is */
        return 0;
    }
    return send_final_copy(x, h, end);
}

int exchange_send_continue(struct exchange *x)
{
    if (is_over(x))
        return -ERR_CLOSED;
    if (!x->req.expect_continue || x->head_sent)
        return 0;
    x->req.expect_continue = false;
    if (x->request_ended || x->body_received)
        return 0; /* RFC 9110 10.1.1: may be left out once some content has come */
    struct head h = {.status = 100, .version = x->req.version, .length = LENGTH_NONE};
    count_status(x->conn->metrics, 100);
    return x->ops->send_head(x, &h, false);
}

/* ---- sending a body ---- */

static size_t sum(const struct str *parts, size_t n)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += parts[i].n;
    return total;
}

static void sent(struct exchange *x, ssize_t n)
{
    if (n <= 0)
        return;
    x->body_sent += (uint64_t)n;
    x->conn->metrics->bytes_out += (uint64_t)n;
}

ssize_t exchange_engine_body(struct exchange *x, const struct str *parts, size_t n, bool end)
{
    ssize_t taken = x->ops->send_body(x, parts, n, end);
    sent(x, taken);
    return taken;
}

/* Without a check of who calls. */
static ssize_t send_body(struct exchange *x, const struct str *parts, size_t n, bool end)
{
    struct filter *f = x->filters;
    ssize_t taken = f ? f->ops->body(f, x, parts, n, end) : exchange_engine_body(x, parts, n, end);
    if (end && taken >= 0 && (size_t)taken == sum(parts, n))
        x->response_ended = true;
    return taken;
}

ssize_t exchange_send_body(struct exchange *x, const struct str *parts, size_t n, bool end)
{
    size_t total = sum(parts, n);
    if (is_over(x))
        return -ERR_CLOSED;
    if (is_swallowed(x) || (x->head_sent && x->no_body))
        return (ssize_t)total;
    if (!x->head_sent || x->response_ended)
        return -ERR_INVAL;
    return send_body(x, parts, n, end);
}

/* Through the filters a file must be read. */
static ssize_t send_file_filtered(struct exchange *x, int fd, uint64_t offset, uint64_t n, bool end)
{
    char data[FILE_STEP];
    uint64_t total = 0;
    do {
        size_t want = n - total < sizeof data ? (size_t)(n - total) : sizeof data;
        ssize_t got = want ? pread(fd, data, want, (off_t)(offset + total)) : 0;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || (got == 0 && want))
            return got < 0 ? err_from_errno(errno) : -ERR_FILE_CHANGED;
        struct str part = str_of(data, (size_t)got);
        ssize_t taken = send_body(x, &part, 1, end && total + (uint64_t)got == n);
        if (taken < 0)
            return taken;
        total += (uint64_t)taken;
        if (taken < got)
            break;
    } while (total < n);
    return (ssize_t)total;
}

ssize_t exchange_send_file(struct exchange *x, int fd, uint64_t offset, uint64_t n, bool end)
{
    if (is_over(x))
        return -ERR_CLOSED;
    if (is_swallowed(x) || (x->head_sent && x->no_body))
        return (ssize_t)n;
    if (!x->head_sent || x->response_ended)
        return -ERR_INVAL;
    ssize_t taken;
    if (x->filters) {
        taken = send_file_filtered(x, fd, offset, n, end);
    } else {
        taken = x->ops->send_file(x, fd, offset, n, end);
        sent(x, taken);
        if (end && taken >= 0 && (uint64_t)taken == n)
            x->response_ended = true;
    }
    if (taken < 0) /* a file that shrank: the client must not take what it has for the whole */
        exchange_reset(x, (int)taken);
    return taken;
}

/* ---- whole answers ---- */

/* What the engine does not take now is kept until it is writable. */
static int send_whole(struct exchange *x, struct str body)
{
    ssize_t taken = send_body(x, &body, 1, true);
    if (taken < 0)
        return (int)taken;
    if (x->response_ended)
        return 0;
    x->rest = arena_str(x->arena, str_from(body, (size_t)taken));
    if (x->rest.p)
        return 0;
    exchange_reset(x, -ERR_NOMEM);
    return -ERR_NOMEM;
}

/* 0 when nothing is left, -ERR_AGAIN, other −err. */
static int push_rest(struct exchange *x)
{
    if (!x->rest.p)
        return 0;
    ssize_t taken = send_body(x, &x->rest, 1, true);
    if (taken < 0)
        return (int)taken;
    x->rest = str_from(x->rest, (size_t)taken);
    if (!x->response_ended)
        return -ERR_AGAIN;
    x->rest = STR_NONE;
    return 0;
}

int exchange_reply(struct exchange *x, unsigned status, struct str content_type, struct str body,
                   const struct field *extra, size_t nextra)
{
    struct field fields[EXCHANGE_FIELDS_MAX];
    struct head h = {.status = (uint16_t)status,
                     .length = body.n,
                     .fields = fields,
                     .cap = EXCHANGE_FIELDS_MAX};
    int err = content_type.n ? head_add(&h, FIELD_CONTENT_TYPE, content_type) : 0;
    if (!err)
        err = copy_fields(&h, extra, nextra);
    if (err) {
        exchange_reset(x, err);
        return err;
    }
    bool end = body.n == 0 || is_bodiless(x, status);
    err = exchange_send_head(x, &h, end);
    if (err || end || is_swallowed(x))
        return err;
    return send_whole(x, body);
}

void exchange_redirect(struct exchange *x, unsigned status, struct str location)
{
    struct field f = {STR("location"), location, FIELD_LOCATION};
    if (!scan_is_value(location)) {
        exchange_fail(x, -ERR_INTERNAL);
        return;
    }
    if (exchange_reply(x, status, STR_NONE, STR_NONE, &f, 1))
        return; /* it was reset: on_gone follows */
}

/* ---- errors ---- */

static int add_page_fields(struct head *h, enum error_form form)
{
    int err = head_add(h, FIELD_CONTENT_TYPE, error_page_type(form));
    if (!err)
        err = head_add(h, FIELD_VARY, STR("accept"));
    if (!err)
        err = head_add(h, FIELD_CACHE_CONTROL, STR("no-store"));
    if (!err && form == ERROR_FORM_HTML)
        err = head_add(h, FIELD_CONTENT_SECURITY_POLICY, error_page_csp());
    return err;
}

static int send_page(struct exchange *x, enum error_form form, struct str body)
{
    struct field fields[EXCHANGE_FIELDS_MAX];
    struct head h = {.status = x->error->status,
                     .length = body.n,
                     .fields = fields,
                     .cap = EXCHANGE_FIELDS_MAX};
    int err = add_page_fields(&h, form);
    if (!err)
        err = copy_fields(&h, x->error->extra, x->error->nextra);
    if (!err)
        err = send_final_copy(x, &h, false);
    return err || x->no_body ? err : send_whole(x, body);
}

static void send_error_page(struct exchange *x)
{
    enum error_form form = error_page_form(&x->req);
    struct buf page;
    buf_init(&page, ERROR_PAGE_MAX);
    x->error->internal = false;
    x->error->page = true;
    error_page_render(&page, form, x->error->status);
    int err = buf_ok(&page) ? send_page(x, form, buf_str(&page)) : -ERR_NOMEM;
    buf_done(&page);
    if (err)
        exchange_reset(x, err);
}

static const struct error_page *own_page(const struct exchange *x, unsigned status)
{
    for (size_t i = 0; x->site && x->env && i < x->site->nerror_pages; i++)
        if (x->site->error_pages[i].status == status)
            return &x->site->error_pages[i];
    return NULL;
}

/* Conditions and ranges were about the page that failed, not about the error page. */
static void forget_conditions(struct head *req)
{
    static const enum field_id ids[] = {FIELD_IF_MATCH,          FIELD_IF_NONE_MATCH,
                                        FIELD_IF_MODIFIED_SINCE, FIELD_IF_UNMODIFIED_SINCE,
                                        FIELD_IF_RANGE,          FIELD_RANGE};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (head_has(req, ids[i]))
            head_remove(req, ids[i]);
}

/* Asks the site for its page as if it had been requested; send_head gives it the error's status. The
 * handler that failed keeps its state until the end: it may still stand on the stack. */
static bool fetch_own_page(struct exchange *x, const struct error_page *p)
{
    struct uri_path path;
    uint64_t limit = x->body_limit;
    const struct str method = x->req.method_text, target = x->req.target;
    enum method asked = x->req.method;
    if (uri_normalise(x->arena, p->path, &path))
        return false;
    x->error->internal = true;
    x->error->handler = x->handler;
    x->error->conf = x->conf;
    x->error->state = x->state;
    x->handler = NULL;
    x->state = NULL;
    x->path = path;
    x->route = NULL;
    x->req.method = asked == METHOD_HEAD ? METHOD_HEAD : METHOD_GET;
    x->req.method_text = method_name(x->req.method);
    x->req.target = p->path;
    forget_conditions(&x->req);
    x->env->on_request(x->env->user, x);
    x->req.method_text = method; /* for the log */
    x->req.target = target;
    x->body_limit = limit;
    return true;
}

/* An error while an error is answered. */
static void fail_again(struct exchange *x)
{
    if (x->error->internal && !x->head_sent)
        send_error_page(x);
    else
        exchange_reset(x, x->err ? x->err : -ERR_INTERNAL);
}

void exchange_fail_status(struct exchange *x, unsigned status, const struct field *extra,
                          size_t nextra)
{
    if (is_over(x) || is_swallowed(x))
        return;
    if (x->error) {
        fail_again(x);
        return;
    }
    x->failing = true;
    struct error_state *e = x->head_sent ? NULL : arena_zalloc(x->arena, sizeof *e);
    struct field *copy = e && nextra ? arena_alloc(x->arena, nextra * sizeof *copy) : NULL;
    if (!e || (nextra && !copy)) {
        if (!x->response_ended)
            exchange_reset(x, x->err ? x->err : -ERR_INTERNAL);
        return;
    }
    if (nextra)
        memcpy(copy, extra, nextra * sizeof *copy);
    *e = (struct error_state){.status = (uint16_t)status, .extra = copy, .nextra = nextra};
    x->error = e;
    const struct error_page *own = own_page(x, status);
    if (!own || !fetch_own_page(x, own))
        send_error_page(x);
}

void exchange_fail(struct exchange *x, int err)
{
    unsigned status = err_row(err)->http;
    if (is_over(x) || is_swallowed(x))
        return;
    if (!x->err)
        x->err = err;
    if (status == 0)
        exchange_reset(x, err);
    else
        exchange_fail_status(x, status, NULL, 0);
}

/* ---- from the engine ---- */

static void refuse_malformed(struct exchange *x, int err)
{
    x->conn->metrics->http_malformed++;
    exchange_fail(x, err);
}

/* RFC 9110 9.3.6 and 9.3.8: no tunnels without :protocol, and no echo of a request's fields. */
static bool is_refused_method(const struct exchange *x)
{
    return x->req.method == METHOD_TRACE ||
           (x->req.method == METHOD_CONNECT && x->req.protocol.n == 0);
}

static int read_target(struct exchange *x)
{
    struct str t = x->req.target;
    if (str_eq(t, STR("*"))) {
        x->path = (struct uri_path){.raw = t};
        return x->req.method == METHOD_OPTIONS ? 0 : -ERR_HTTP_URI;
    }
    return uri_normalise(x->arena, t, &x->path);
}

/* RFC 9110 10.1.1: the client may be told to go on as soon as somebody will read. */
static void go_on(struct exchange *x)
{
    if (is_over(x) || x->failing || x->head_sent)
        return;
    if (x->req.length < LENGTH_UNKNOWN && x->req.length > x->body_limit)
        exchange_fail(x, -ERR_HTTP_BODY_TOO_LARGE);
    else if (x->req.expect_continue && x->handler && x->handler->on_body &&
             exchange_send_continue(x))
        exchange_reset(x, -ERR_CLOSED);
}

void exchange_on_head(struct exchange *x, const struct session_env *env)
{
    static const struct field allow = {{"allow", 5}, {"GET, HEAD, OPTIONS", 18}, FIELD_ALLOW};
    x->env = env;
    if (x->req.authority.n &&
        uri_host(x->req.authority, x->host_text, &x->host, &x->port)) {
        refuse_malformed(x, -ERR_HTTP_HOST);
        return;
    }
    if (!x->req.authority.n) /* HTTP/1.0: the name that the handshake was for */
        x->host = x->conn->facts.sni;
    /* RFC 9110 7.4 and 4.2.2: nobody has proven on this connection that he is that origin. 421, as
     * 15.5.20 has it for a scheme that is not answered here (nginx and Caddy overlook the scheme and
     * serve it). The other way round, http over TLS, nobody is deceived, and some gateways do it. */
    if (!x->conn->facts.secure && str_eq(x->req.scheme, STR("https"))) {
        refuse_malformed(x, -ERR_HTTP_MISDIRECTED);
        return;
    }
    if (is_refused_method(x)) {
        x->site = x->conn->facts.site;
        exchange_fail_status(x, 405, &allow, 1);
        return;
    }
    int err = read_target(x);
    if (err) {
        x->site = x->conn->facts.site;
        refuse_malformed(x, err);
        return;
    }
    env->on_request(env->user, x);
    go_on(x);
}

static bool wants_body(const struct exchange *x)
{
    return x->handler && x->handler->on_body && !x->failing && !x->response_ended;
}

void exchange_on_body(struct exchange *x, struct str data, bool end)
{
    if (is_over(x))
        return;
    x->body_received += data.n;
    x->conn->metrics->bytes_in += data.n;
    x->request_ended = end;
    if (x->body_received > x->body_limit && !x->failing && !x->response_ended)
        exchange_fail(x, -ERR_HTTP_BODY_TOO_LARGE); /* resets, if a head was sent */
    if (wants_body(x)) {
        x->handler->on_body(x, data, end);
        return;
    }
    if (x->response_ended || x->failing)
        x->discarded += data.n;
    if (x->discarded <= DISCARD_MAX)
        exchange_give_credit(x, data.n);
}

/* The innermost filter first: what it gets rid of makes room for the others. */
static int flush_filters(struct filter *f, struct exchange *x)
{
    if (!f)
        return 0;
    int err = flush_filters(f->next, x);
    return err ? err : f->ops->flush(f, x);
}

void exchange_on_writable(struct exchange *x)
{
    if (is_over(x))
        return;
    if (x->head_sent && !x->no_body) {
        int err = flush_filters(x->filters, x);
        if (!err)
            err = push_rest(x);
        if (err == -ERR_AGAIN || is_over(x))
            return;
        if (err) {
            exchange_reset(x, err);
            return;
        }
    }
    if (!x->response_ended && !is_swallowed(x) && x->handler && x->handler->on_writable)
        x->handler->on_writable(x);
}

static void tell_handler(struct exchange *x)
{
    if (x->handler && x->handler->on_gone)
        x->handler->on_gone(x);
}

void exchange_on_gone(struct exchange *x, const struct session_env *env, int err)
{
    if (x->gone)
        return;
    x->gone = true;
    if (x->again.on_timer)
        timer_done(x->conn->loop, &x->again);
    if (!x->err)
        x->err = err;
    tell_handler(x);
    if (x->error && x->error->handler) {
        x->handler = x->error->handler;
        x->conf = x->error->conf;
        x->state = x->error->state;
        tell_handler(x);
    }
    for (struct filter *f = x->filters, *next; f; f = next) {
        next = f->next;
        f->ops->free(f);
    }
    x->filters = NULL;
    env->on_done(env->user, x);
}
