/* Head → site → route → handler; see dispatch.h. The decisions are pure and live in route/. */
#include "front/dispatch.h"

#include "handler/handlers.h"
#include "route/l7.h"
#include "route/match.h"

/* RFC 9110 10.2.1: the methods, for Allow. */
static struct str allow_value(struct exchange *x, unsigned methods)
{
    struct buf b;
    buf_init(&b, 256);
    for (int m = METHOD_GET; m <= METHOD_TRACE; m++)
        if (methods >> m & 1) {
            buf_add(&b, b.n ? STR(", ") : STR_NONE);
            buf_add(&b, method_name((enum method)m));
        }
    struct str s = arena_str(x->arena, buf_str(&b));
    buf_done(&b);
    return s;
}

static void answer_method(struct exchange *x, unsigned methods)
{
    methods |= 1u << METHOD_OPTIONS;
    struct field allow = {STR("allow"), allow_value(x, methods), FIELD_ALLOW};
    if (x->req.method != METHOD_OPTIONS)
        exchange_fail_status(x, x->req.method == METHOD_OTHER ? 501 : 405, &allow, 1);
    else if (exchange_reply(x, 204, STR_NONE, STR_NONE, &allow, 1))
        return; /* it was reset: on_gone follows */
}

static void call_handler(struct exchange *x, const struct handler *h, const void *conf)
{
    unsigned methods = h->methods;
    x->handler = h;
    x->conf = conf;
    if (!(methods >> x->req.method & 1)) {
        x->handler = NULL;
        answer_method(x, methods);
        return;
    }
    int err = h->on_head(conf, x);
    if (err)
        exchange_fail(x, err);
}

/* Plain HTTP only leads to HTTPS: no page, no cookie, nothing to strip. */
static void redirect_to_https(struct exchange *x, uint16_t https_port)
{
    struct https_redirect_conf *conf = arena_zalloc(x->arena, sizeof *conf);
    if (!conf) {
        exchange_fail(x, -ERR_NOMEM);
        return;
    }
    conf->https_port = https_port;
    call_handler(x, &https_redirect_handler, conf);
}

/* Authorities ask over plain HTTP (RFC 8555 8.3). False: no answer lies there. It is redirected
 * then as all else, and authorities follow: so a site's own root can hold the answers, too. */
static bool answer_challenge(struct exchange *x)
{
    const struct handler *h = &challenge_handler;
    if (x->conn->facts.secure || !(h->methods >> x->req.method & 1))
        return false;
    x->handler = h;
    int err = h->on_head(NULL, x);
    if (err == -ERR_NOT_FOUND) {
        x->handler = NULL;
        return false;
    }
    if (err)
        exchange_fail(x, err);
    return true;
}

void dispatch_request(struct exchange *x, uint16_t https_port)
{
    struct conn *c = x->conn;
    struct l7_decision to;
    int err = route_l7(c->snapshot, c->facts.site, c->facts.secure, x->host, &to);
    if (err) {
        x->site = c->facts.site;
        exchange_fail(x, err);
        return;
    }
    x->site = to.site;
    if (answer_challenge(x))
        return;
    if (!c->facts.secure && to.site->redirect_http) {
        redirect_to_https(x, https_port);
        return;
    }
    if (x->req.method == METHOD_CONNECT) { /* no tunnels here; RFC 9110 9.3.6 */
        exchange_fail(x, -ERR_HTTP_METHOD_DENIED);
        return;
    }
    /* No file has a slash in its name, and no route is asked: rules for /admin/ must not depend on
     * what somebody behind us makes of /admin%2Fx. 404, as Apache says: the request is well formed.
     * To decode it, as nginx does, was rejected: two addresses would be one here and two there. */
    if (x->path.encoded_slash) {
        exchange_fail(x, -ERR_NOT_FOUND);
        return;
    }
    if (!x->path.decoded.p) { /* OPTIONS *: the server as a whole */
        answer_method(x, 1u << METHOD_GET | 1u << METHOD_HEAD);
        return;
    }
    x->route = route_match(x->site, x->path.decoded);
    if (!x->route) {
        exchange_fail(x, -ERR_NOT_FOUND);
        return;
    }
    x->body_limit = x->route->body_size;
    call_handler(x, x->route->handler->impl, x->route->conf);
}

static struct str version_text(unsigned version)
{
    return version == HTTP_2    ? STR("HTTP/2.0")
           : version == HTTP_11 ? STR("HTTP/1.1")
           : version == HTTP_10 ? STR("HTTP/1.0")
                                : STR_NONE; /* it was not understood */
}

void dispatch_record(const struct exchange *x, uint64_t now, struct access_record *ret,
                     char peer[ADDR_TEXT_MAX])
{
    const struct conn *c = x->conn;
    const struct facts *f = &c->facts;
    *ret = (struct access_record){
        .wall = c->loop->wall,
        .wall_ms = c->loop->wall_ms,
        .peer = addr_ip_text(&c->peer, peer),
        .conn = c->id,
        .method = x->req.method_text,
        .scheme = f->secure ? STR("https") : STR("http"),
        .host = x->host,
        .path = x->req.target,
        .version = version_text(x->req.version),
        .status = x->status,
        .bytes_in = x->body_received,
        .bytes_out = x->body_sent,
        .duration = now - x->started,
        .tls = f->tls,
        .cipher = f->cipher,
        .group = f->group,
        .sni = f->sni,
        .alpn = f->alpn,
        .referer = head_value(&x->req, FIELD_REFERER),
        .user_agent = head_value(&x->req, FIELD_USER_AGENT),
        .site = x->site && x->site->nnames ? x->site->names[0] : STR_NONE,
        .handler = x->handler ? str_c(x->handler->decl.name) : STR_NONE,
        .error = x->err ? err_text(x->err) : NULL,
    };
}
