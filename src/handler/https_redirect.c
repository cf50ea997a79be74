/* The plain port: everything goes to https, at the same host first, so that the client learns HSTS
 * for the very name it used. No cookies, no HSTS here (RFC 6797 7.2 forbids it over http); a name
 * that no site has is not redirected, or we would be somebody's open redirect.
 *
 * The path goes as it was sent, as nginx does it ($request_uri): whether "//", "a/.." or "%2F" mean
 * something is for https to say, and there the whole was found to be valid (read_target).
 *
 * 301 for GET and HEAD, which every client knows; 308 for the others, which keeps the method. */
#include "handler/handlers.h"
#include "handler/location.h"

static void build(const struct https_redirect_conf *conf, const struct exchange *x, struct buf *out)
{
    buf_add(out, STR("https://"));
    buf_add(out, x->host);
    if (conf->https_port && conf->https_port != 443) {
        buf_addc(out, ':');
        buf_addu(out, conf->https_port);
    }
    location_add_sent(out, x);
    location_add_query(out, x);
}

static int on_head(const void *conf, struct exchange *x)
{
    if (!x->host.n) /* HTTP/1.0 may come without */
        return -ERR_HTTP_HOST;
    const struct site *site = snapshot_site(x->conn->snapshot, x->host);
    if (!site)
        return -ERR_HTTP_MISDIRECTED;
    if (!site->redirect_http)
        return -ERR_NOT_FOUND;
    bool safe = x->req.method == METHOD_GET || x->req.method == METHOD_HEAD;
    struct buf out;
    buf_init(&out, LOCATION_MAX);
    build(conf, x, &out);
    return location_send(x, safe ? 301 : 308, &out);
}

const struct handler https_redirect_handler = {
    .decl = {.name = "https_redirect",
             .args = "",
             .doc = "Redirects plain http to https. Not configured by hand.",
             .conf_size = sizeof(struct https_redirect_conf),
             .impl = &https_redirect_handler},
    .methods = 1u << METHOD_GET | 1u << METHOD_HEAD | 1u << METHOD_POST | 1u << METHOD_PUT |
               1u << METHOD_DELETE | 1u << METHOD_PATCH | 1u << METHOD_OPTIONS,
    .on_head = on_head,
};
