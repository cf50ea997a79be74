/* The client's side of proxies; see via.h. What comes is looked at byte by byte until the answer is
 * whole, so that nothing of the server's is taken for the proxy's. */
#include "audit/via.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { SOCKS_VERSION = 5, SOCKS_NONE = 0, SOCKS_PASSWORD = 2, SOCKS_NO_METHOD = 0xff };
enum { SOCKS_CONNECT = 1, SOCKS_IPV4 = 1, SOCKS_NAME = 3, SOCKS_IPV6 = 4 };

/* ---- what is asked for ---- */

static int bad(struct buf *why, struct str text, const char *what)
{
    buf_addf(why, "\"%.*s\" is no proxy: %s", STR_ARG(text), what);
    return -ERR_SYNTAX;
}

static int parse_secret(struct via *v, struct str part, struct str text, struct buf *why)
{
    size_t colon = str_find(part, ':', 0);
    struct str user = str_sub(part, 0, colon), password = str_from(part, colon + 1);
    if (user.n == 0 || user.n >= sizeof v->user || password.n >= sizeof v->password)
        return bad(why, text, "name and password may have 1 to 255 bytes");
    memcpy(v->user, user.p, user.n);
    if (password.n)
        memcpy(v->password, password.p, password.n);
    return 0;
}

static bool is_v6(struct str host)
{
    return str_find(host, ':', 0) < host.n;
}

static int parse_host(struct via *v, struct str part, struct str text, struct buf *why)
{
    bool bracket = part.n && part.p[0] == '[';
    size_t end = bracket ? str_find(part, ']', 0) : str_rfind(part, ':');
    struct str host = bracket ? str_sub(part, 1, end - (end > 0)) : str_sub(part, 0, end), ascii;
    struct str port = bracket ? str_from(part, end + 1) : str_from(part, end);
    unsigned char ip[16];
    uint64_t n = v->kind == VIA_HTTP ? 8080 : 1080;
    if (bracket && end == part.n)
        return bad(why, text, "the bracket is not closed");
    if (port.n && (port.p[0] != ':' || !str_u64(str_from(port, 1), &n) || n == 0 || n > 65535))
        return bad(why, text, "the port is none (1 to 65535)");
    if (host.n == 0 || host.n >= sizeof v->host)
        return bad(why, text, "it names no host");
    v->port = (uint16_t)n;
    memcpy(v->host, host.p, host.n);
    if (bracket)
        return inet_pton(AF_INET6, v->host, ip) == 1 ? 0 : bad(why, text, "no IPv6 address");
    if (inet_pton(AF_INET, v->host, ip) == 1)
        return 0;
    return idn_to_ascii(host, v->host, &ascii) ? bad(why, text, "no host name") : 0;
}

int via_parse(struct via *ret, struct str text, struct buf *why)
{
    struct via v = {.kind = VIA_HTTP};
    struct str rest = text;
    if (str_istarts(text, STR("http://"))) {
        rest = str_from(text, 7);
    } else if (str_istarts(text, STR("socks5://")) || str_istarts(text, STR("socks5h://"))) {
        v.kind = VIA_SOCKS5;
        rest = str_from(text, str_find(text, '/', 0) + 2);
    } else {
        return bad(why, text, "http://HOST:PORT or socks5://HOST:PORT is known");
    }
    rest = str_sub(rest, 0, str_find(rest, '/', 0));
    size_t at = str_rfind(rest, '@');
    int err = at < rest.n ? parse_secret(&v, str_sub(rest, 0, at), text, why) : 0;
    if (!err)
        err = parse_host(&v, at < rest.n ? str_from(rest, at + 1) : rest, text, why);
    if (err)
        return err;
    bool v6 = is_v6(str_c(v.host));
    snprintf(v.text, sizeof v.text, "%s://%s%s%s:%u", v.kind == VIA_HTTP ? "http" : "socks5",
             v6 ? "[" : "", v.host, v6 ? "]" : "", v.port);
    *ret = v;
    return 0;
}

/* ---- what is sent ---- */

/* RFC 4648 4 */
static void add_base64(struct buf *out, struct str s)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < s.n; i += 3) {
        uint32_t v = 0;
        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (i + k < s.n ? (unsigned char)s.p[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            buf_addc(out, i + k > s.n ? '=' : letters[v >> (18 - 6 * k) & 63]);
    }
}

static void add_credentials(struct buf *out, const struct via *v)
{
    struct buf plain;
    buf_init(&plain, 2 * VIA_SECRET_MAX);
    buf_addf(&plain, "%s:%s", v->user, v->password);
    buf_add(out, STR("Proxy-Authorization: Basic "));
    add_base64(out, buf_str(&plain));
    buf_add(out, STR("\r\n"));
    buf_done(&plain);
}

static void ask_http(struct via_talk *t, struct str host, uint16_t port)
{
    const char *open = is_v6(host) ? "[" : "", *close = is_v6(host) ? "]" : "";
    char to[IDN_MAX + 16];
    snprintf(to, sizeof to, "%s%.*s%s:%u", open, STR_ARG(host), close, port);
    t->state = VIA_ANSWER;
    buf_addf(&t->out, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", to, to);
    if (t->via->user[0])
        add_credentials(&t->out, t->via);
    buf_add(&t->out, STR("\r\n"));
}

static void put(struct via_talk *t, const void *p, size_t n)
{
    memcpy(t->request + t->request_n, p, n);
    t->request_n += n;
}

static void ask_socks(struct via_talk *t, struct str host, uint16_t port)
{
    char name[IDN_MAX];
    unsigned char ip[16],
        head[] = {SOCKS_VERSION, SOCKS_CONNECT, 0, SOCKS_NAME, (unsigned char)host.n};
    unsigned char to[] = {(unsigned char)(port >> 8), (unsigned char)port};
    snprintf(name, sizeof name, "%.*s", STR_ARG(host));
    bool v4 = inet_pton(AF_INET, name, ip) == 1, v6 = !v4 && inet_pton(AF_INET6, name, ip) == 1;
    head[3] = v4 ? SOCKS_IPV4 : v6 ? SOCKS_IPV6 : SOCKS_NAME;
    put(t, head, v4 || v6 ? 4 : 5);
    put(t, v4 || v6 ? (const void *)ip : host.p, v4 ? 4 : v6 ? 16 : host.n);
    put(t, to, sizeof to);
    t->state = VIA_METHOD;
    if (t->via->user[0])
        buf_add(&t->out, str_of("\5\2\0\2", 4));
    else
        buf_add(&t->out, str_of("\5\1\0", 3));
}

int via_talk_init(struct via_talk *t, const struct via *via, struct str host, uint16_t port)
{
    *t = (struct via_talk){.via = via};
    buf_init(&t->out, 4096);
    buf_init(&t->in, VIA_ANSWER_MAX);
    if (host.n == 0 || host.n >= IDN_MAX)
        return -ERR_NAME_TOO_LONG;
    for (size_t i = 0; i < host.n; i++)
        if ((unsigned char)host.p[i] <= ' ' || (unsigned char)host.p[i] >= 127)
            return -ERR_INVAL; /* it would be another line, or another name */
    if (via->kind == VIA_HTTP)
        ask_http(t, host, port);
    else
        ask_socks(t, host, port);
    return buf_err(&t->out);
}

void via_talk_done(struct via_talk *t)
{
    buf_done(&t->out);
    buf_done(&t->in);
}

/* ---- what comes ---- */

__attribute__((format(printf, 2, 3))) static void refuse(struct via_talk *t, const char *format,
                                                         ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(t->why, sizeof t->why, format, args);
    va_end(args);
    t->state = VIA_REFUSED;
}

/* RFC 9112 4: "HTTP/1.x NNN …" */
static int status_of(struct str line)
{
    if (line.n < 12 || !str_starts(line, STR("HTTP/1.")) || line.p[8] != ' ')
        return -1;
    int status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (line.p[i] < '0' || line.p[i] > '9')
            return -1;
        status = 10 * status + line.p[i] - '0';
    }
    return line.n > 12 && line.p[12] != ' ' && line.p[12] != '\r' && line.p[12] != '\n' ? -1
                                                                                        : status;
}

static bool head_ends(struct str s)
{
    return (s.n >= 2 && memcmp(s.p + s.n - 2, "\n\n", 2) == 0) ||
           (s.n >= 4 && memcmp(s.p + s.n - 4, "\r\n\r\n", 4) == 0);
}

/* One byte more of the head; interim answers (1xx) are passed over. */
static void on_answer(struct via_talk *t)
{
    struct str all = buf_str(&t->in);
    if (!head_ends(all))
        return;
    int status = status_of(all);
    buf_clear(&t->in);
    if (status >= 200 && status < 300)
        t->state = VIA_OPEN;
    else if (status < 0)
        refuse(t, "the proxy does not speak HTTP");
    else if (status >= 200)
        refuse(t, "the proxy refused with status %d", status);
}

static void send_request(struct via_talk *t)
{
    buf_add(&t->out, str_of(t->request, t->request_n));
    t->state = VIA_REPLY;
}

static void send_password(struct via_talk *t)
{
    const struct via *v = t->via;
    buf_addc(&t->out, 1);
    buf_addc(&t->out, (char)strlen(v->user));
    buf_add(&t->out, str_c(v->user));
    buf_addc(&t->out, (char)strlen(v->password));
    buf_add(&t->out, str_c(v->password));
    t->state = VIA_AUTH;
}

static void on_method(struct via_talk *t)
{
    const unsigned char *p = (const unsigned char *)buf_str(&t->in).p;
    if (p[0] != SOCKS_VERSION)
        refuse(t, "the proxy does not speak SOCKS5");
    if (t->state == VIA_REFUSED || t->in.n < 2)
        return;
    unsigned char method = p[1];
    buf_clear(&t->in);
    if (method == SOCKS_NONE)
        send_request(t);
    else if (method == SOCKS_PASSWORD && t->via->user[0])
        send_password(t);
    else if (method == SOCKS_NO_METHOD)
        refuse(t, t->via->user[0] ? "the proxy takes no password" : "the proxy wants a password");
    else
        refuse(t, "the proxy chose a method that was not offered (%u)", method);
}

static void on_auth(struct via_talk *t)
{
    const unsigned char *p = (const unsigned char *)buf_str(&t->in).p;
    if (t->in.n < 2)
        return;
    bool good = p[1] == 0;
    buf_clear(&t->in);
    if (good)
        send_request(t);
    else
        refuse(t, "the proxy refused the password");
}

static const char *reply_text(unsigned char code)
{
    static const char *const texts[] = {"",
                                        "general failure",
                                        "not allowed by its rules",
                                        "network unreachable",
                                        "host unreachable",
                                        "connection refused",
                                        "TTL expired",
                                        "command not supported",
                                        "address type not supported"};
    return code < sizeof texts / sizeof *texts ? texts[code] : "an unknown reason";
}

/* Bytes of the whole reply; 0: not known yet; 1: of a type that nobody knows. */
static size_t reply_size(const unsigned char *p, size_t n)
{
    if (n < 5)
        return 0;
    switch (p[3]) {
    case SOCKS_IPV4: return 4 + 4 + 2;
    case SOCKS_IPV6: return 4 + 16 + 2;
    case SOCKS_NAME: return 5 + (size_t)p[4] + 2;
    default: return 1;
    }
}

static void on_reply(struct via_talk *t)
{
    const unsigned char *p = (const unsigned char *)buf_str(&t->in).p;
    size_t n = t->in.n, size = reply_size(p, n);
    if (p[0] != SOCKS_VERSION)
        refuse(t, "the proxy does not speak SOCKS5");
    else if (n >= 2 && p[1] != 0)
        refuse(t, "the proxy refused: %s", reply_text(p[1]));
    else if (size == 1)
        refuse(t, "the proxy does not speak SOCKS5");
    else if (size && n == size)
        t->state = VIA_OPEN;
}

static void on_byte(struct via_talk *t)
{
    switch (t->state) {
    case VIA_ANSWER: on_answer(t); break;
    case VIA_METHOD: on_method(t); break;
    case VIA_AUTH: on_auth(t); break;
    case VIA_REPLY: on_reply(t); break;
    default: break;
    }
}

size_t via_talk_feed(struct via_talk *t, struct str in)
{
    size_t i = 0;
    for (; i < in.n && t->state != VIA_OPEN && t->state != VIA_REFUSED; i++) {
        if (buf_append(&t->in, str_sub(in, i, 1)))
            refuse(t, "the proxy's answer has no end");
        else
            on_byte(t);
    }
    return i;
}

void via_talk_end(struct via_talk *t)
{
    if (t->state != VIA_OPEN && t->state != VIA_REFUSED)
        refuse(t, "the proxy ended the connection");
}
