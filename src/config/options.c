/* The tables of the language: one row for each directive, and the few parse functions of the global
 * ones. A new directive is a row here (and a member of the struct that it fills). */
#include "config/options.h"

#include <stdio.h>

static int parse_listen(struct load *l, const struct parse_node *node, void *conf);
static int parse_state(struct load *l, const struct parse_node *node, void *conf);
static int parse_access_log(struct load *l, const struct parse_node *node, void *conf);
static int parse_ciphers(struct load *l, const struct parse_node *node, void *conf);
static int parse_groups(struct load *l, const struct parse_node *node, void *conf);
static int parse_compress(struct load *l, const struct parse_node *node, void *conf);
static int parse_cookies(struct load *l, const struct parse_node *node, void *conf);

#define AT(type, member) .offset = offsetof(struct type, member)
#define SECOND UINT64_C(1000000000)
#define KIB 1024
#define GIB (UINT64_C(1) << 30)

const struct option option_limits[] = {
    {"header_count", OPT_COUNT, AT(limits, header_count), .def = "100", .min = 8, .max = 1000,
     .args = "NUMBER", .doc = "Most header fields of one message; more is answered with 431."},
    {"header_size", OPT_SIZE, AT(limits, header_size), .def = "32k", .min = KIB, .max = 1024 * KIB,
     .args = "SIZE", .doc = "Most bytes of one message head; more is answered with 431."},
    {"uri_size", OPT_SIZE, AT(limits, uri_size), .def = "8k", .min = 256, .max = 256 * KIB,
     .args = "SIZE", .doc = "Most bytes of a request target; more is answered with 414."},
    {"body_size", OPT_SIZE, AT(limits, body_size), .def = "16m", .max = GIB << 20, .args = "SIZE",
     .doc = "Most bytes of a request body; more is answered with 413."},
    {"requests", OPT_COUNT, AT(limits, requests), .def = "10000", .min = 1, .args = "NUMBER",
     .doc = "Requests on one connection before it is closed in good order."},
    {"streams", OPT_COUNT, AT(limits, streams), .def = "128", .min = 1, .max = 10000,
     .args = "NUMBER", .doc = "Concurrent HTTP/2 streams of one connection."},
    {"resets", OPT_COUNT, AT(limits, resets), .def = "200", .min = 10, .args = "NUMBER",
     .doc = "HTTP/2 streams that may be reset, by either side, before the connection is ended."},
    {"connections", OPT_COUNT, AT(limits, connections), .def = "50000", .min = 8, .args = "NUMBER",
     .doc = "Connections of one worker; fewer where the limit of open files (LimitNOFILE) has "
            "no room for them."},
    {"connections_per_address", OPT_COUNT, AT(limits, connections_per_address), .def = "512",
     .min = 1, .args = "NUMBER",
     .doc = "Connections of one worker from one IPv4 address or one IPv6 /64."},
    {"handshake_timeout", OPT_DURATION, AT(limits, handshake_timeout), .def = "10s", .min = SECOND,
     .args = "DURATION", .doc = "From accepting a connection to the end of its TLS handshake."},
    {"header_timeout", OPT_DURATION, AT(limits, header_timeout), .def = "15s", .min = SECOND,
     .args = "DURATION", .doc = "From the first byte of a message head to its end."},
    {"idle_timeout", OPT_DURATION, AT(limits, idle_timeout), .def = "60s", .min = SECOND,
     .args = "DURATION", .doc = "How long a connection is kept without a request."},
    {"stall_timeout", OPT_DURATION, AT(limits, stall_timeout), .def = "30s", .min = SECOND,
     .args = "DURATION", .doc = "How long a body may make no progress at all, in either direction."},
    {"min_rate", OPT_SIZE, AT(limits, min_rate), .def = "500", .args = "SIZE",
     .doc = "Least bytes a second of a body, judged over rate_window; 0 switches it off."},
    {"rate_window", OPT_DURATION, AT(limits, rate_window), .def = "30s", .min = SECOND,
     .args = "DURATION", .doc = "The time over which min_rate is judged."},
    {"drain_timeout", OPT_DURATION, AT(limits, drain_timeout), .def = "30s", .args = "DURATION",
     .doc = "From SIGTERM until the connections that are left are cut."},
    OPTION_END,
};

static const char *const versions[] = {"tls1.0", "tls1.1", "tls1.2", "tls1.3", NULL};

const struct option option_tls[] = {
    {"min_version", OPT_ENUM, AT(tls_settings, min_version), .def = "tls1.2", .choices = versions,
     .args = "VERSION", .doc = "The oldest version that is spoken."},
    {"max_version", OPT_ENUM, AT(tls_settings, max_version), .def = "tls1.3", .choices = versions,
     .args = "VERSION", .doc = "The newest version that is spoken."},
    {"ciphers", OPT_CUSTOM, .parse = parse_ciphers, .args = "NAME…",
     .doc = "Cipher suites of TLS 1.2, OpenSSL's names, preferred first. Without it: Mozilla's "
            "intermediate list."},
    {"groups", OPT_CUSTOM, .parse = parse_groups, .args = "NAME…",
     .doc = "Key exchange groups, preferred first; those that the TLS library lacks are left out. "
            "Without it: X25519MLKEM768 X25519 P-256 P-384."},
    {"tickets", OPT_BOOL, AT(tls_settings, tickets), .def = "on", .args = "on | off",
     .doc = "Session tickets, so that a client returns without a full handshake."},
    {"ticket_rotation", OPT_DURATION, AT(tls_settings, ticket_rotation), .def = "12h",
     .min = 60 * SECOND, .max = 30 * 86400 * SECOND, .args = "DURATION",
     .doc = "How often the key of the tickets is replaced; the one before is still accepted."},
    OPTION_END,
};

const struct option option_compress[] = {
    {"min_size", OPT_SIZE, AT(compress_settings, min_size), .def = "1k", .args = "SIZE",
     .doc = "Smaller bodies are sent as they are."},
    {"level", OPT_COUNT, AT(compress_settings, level), .def = "5", .min = 1, .max = 9,
     .args = "1-9", .doc = "How hard to try: 1 is fastest, 9 smallest."},
    {"dynamic", OPT_BOOL, AT(compress_settings, dynamic), .def = "off", .args = "on | off",
     .doc = "Also responses that may carry secrets beside a visitor's input (see BREACH)."},
    OPTION_END,
};

static const char *const same_sites[] = {"lax", "strict", "none", "leave", NULL};

const struct option option_cookies[] = {
    {"secure", OPT_BOOL, AT(cookie_settings, secure), .def = "on", .args = "on | off",
     .doc = "Adds Secure to cookies that lack it."},
    {"http_only", OPT_BOOL, AT(cookie_settings, http_only), .def = "on", .args = "on | off",
     .doc = "Adds HttpOnly to cookies that lack it."},
    {"same_site", OPT_ENUM, AT(cookie_settings, same_site), .def = "lax", .choices = same_sites,
     .args = "lax | strict | none | leave",
     .doc = "Adds SameSite to cookies that lack it; `leave` adds none."},
    OPTION_END,
};

/* Of a route: only what may differ from the rest of the server. */
static const struct option route_limits[] = {
    {"body_size", OPT_SIZE, AT(route, body_size), .max = GIB << 20, .args = "SIZE",
     .doc = "Most bytes of a request body here; more is answered with 413."},
    OPTION_END,
};

#define HEADER_ARGS "set NAME VALUE | add NAME VALUE | default NAME VALUE | remove NAME"
#define HEADER_DOC                                                                                 \
    "Changes the headers of responses: `set` replaces, `add` adds a further field, `default` only "\
    "fills in where the field is absent, `remove` takes it away. A route's rules follow its site's."

const struct option option_route[] = {
    {"limits", OPT_BLOCK, .block = route_limits, .args = "{ … }",
     .doc = "Limits that differ here."},
    {"header", OPT_CUSTOM, .parse = site_route_header, .args = HEADER_ARGS, .doc = HEADER_DOC,
     .repeat = true},
    OPTION_END,
};

/* Best first: enum min_grade. */
static const char *const grades[] = {"A+", "A", "A-", "B", "C", "D", "E", "F", NULL};

const struct option option_site[] = {
    {"default", OPT_FLAG, AT(site, is_default), .args = "",
     .doc = "Answers for names that no site has. Without such a site they are refused."},
    {"certificate", OPT_CUSTOM, .parse = site_certificate, .args = "CHAIN KEY | local",
     .doc = "PEM files of a chain, leaf first, and of its key. May stand several times, for keys of "
            "different types. `local`: made by the local authority, which browsers trust only where "
            "it is installed; this is the default for internal names.",
     .repeat = true},
    {"tls", OPT_BLOCK, AT(site, tls), .block = option_tls, .args = "{ … }",
     .doc = "Versions, ciphers and tickets. The defaults are Mozilla's intermediate list."},
    {"hsts", OPT_CUSTOM, .parse = site_hsts, .args = "auto [subdomains] | off | DURATION [subdomains] [preload]",
     .doc = "Strict-Transport-Security. `auto`, the default, grows from five minutes over a day to a "
            "year while the site stays healthy."},
    {"cookies", OPT_BLOCK, AT(site, cookies), .block = option_cookies, .parse = parse_cookies,
     .args = "[on | off] [{ … }]", .doc = "Attributes that are added to cookies which lack them."},
    {"compress", OPT_BLOCK, AT(site, compress), .block = option_compress, .parse = parse_compress,
     .args = "[on | off] [{ … }]",
     .doc = "Compression on the fly with gzip, brotli and zstd. On by default, for what holds no "
            "secrets."},
    {"safe_headers", OPT_BOOL, AT(site, safe_headers), .def = "on", .args = "on | off",
     .doc = "Adds X-Content-Type-Options, X-Frame-Options, Referrer-Policy and their like where "
            "they are absent."},
    {"header", OPT_CUSTOM, .parse = site_header, .args = HEADER_ARGS, .doc = HEADER_DOC,
     .repeat = true},
    {"error_page", OPT_CUSTOM, .parse = site_error_page, .args = "STATUS… PATH",
     .doc = "The path within the site that is sent as the body of these statuses.", .repeat = true},
    {"redirect_http", OPT_BOOL, AT(site, redirect_http), .def = "on", .args = "on | off",
     .doc = "Whether plain http redirects to https."},
    {"access_log", OPT_BOOL, AT(site, access_log), .def = "on", .args = "on | off",
     .doc = "Whether requests for this site are written to the access log."},
    {"route", OPT_CUSTOM, .parse = site_route, .args = "PATH { … }",
     .doc = "A handler with its own headers and limits. A path that ends with / means all beneath "
            "it, any other path means exactly that; the longest wins, in whatever order they stand.",
     .repeat = true},
    {"allow", OPT_CUSTOM, .parse = site_allow, .args = "NAME because \"REASON\" until YYYY-MM-DD",
     .doc = "Permits a setting that would be refused as weak, for a reason and until a day.",
     .repeat = true},
    {"min_grade", OPT_ENUM, AT(site, min_grade), .choices = grades, .args = "A+ | A | A- | B | C | D | E | F",
     .doc = "The same for this site alone; without it the server's."},
    OPTION_END,
};

const struct option option_global[] = {
    {"listen", OPT_CUSTOM, .parse = parse_listen, .args = "https [ADDR:]PORT | http [ADDR:]PORT | http off",
     .doc = "Where to listen. Without it: https on port 443 and http on port 80 of every address.",
     .repeat = true},
    {"workers", OPT_COUNT, AT(snapshot, workers), .max = 256, .args = "NUMBER",
     .doc = "Worker processes; without it one for each core."},
    {"user", OPT_TEXT, AT(snapshot, user), .args = "NAME",
     .doc = "The user that workers run as when the server is started by root; without it nobody. The "
            "keeper is nobody in any case. A change takes effect at the next start."},
    {"state", OPT_CUSTOM, .parse = parse_state, .args = "DIR",
     .doc = "Where certificates and keys of the local authority and other lasting things are kept."},
    {"access_log", OPT_CUSTOM, .parse = parse_access_log, .args = "PATH [json | combined] | off",
     .doc = "The log of requests; `-` is the standard output. Off by default."},
    {"file_cache", OPT_SIZE, AT(snapshot, file_cache_size), .def = "64m", .args = "SIZE",
     .doc = "Memory of one worker for small files; 0 switches the cache off."},
    {"watchdog", OPT_DURATION, AT(snapshot, watchdog), .def = "30s", .min = 5 * SECOND, .args = "DURATION",
     .doc = "A worker or keeper process that has not moved for that long (stopped, or in an endless loop) is "
            "killed and replaced."},
    {"challenges", OPT_DIR, AT(snapshot, challenges), .args = "DIR",
     .doc = "Where another ACME client (certbot --webroot, acme.sh, lego, dehydrated) leaves its answers to "
            "a certificate authority. They are handed out over plain http in front of the redirect, from "
            "DIR/.well-known/acme-challenge/ or from DIR itself, for every name that a site has."},
    {"min_grade", OPT_ENUM, AT(snapshot, min_grade), .def = "A", .choices = grades,
     .args = "A+ | A | A- | B | C | D | E | F",
     .doc = "Before a configuration is served, it is audited in memory, each site with its TLS settings and "
            "its certificate; what grades below this is refused with the reasons. What is waived with `allow` "
            "does not count, nor does what others decide: trust, certificate transparency, DNS, the age of HSTS."},
    {"limits", OPT_BLOCK, AT(snapshot, limits), .block = option_limits, .args = "{ … }",
     .doc = "Bounds on what a client may make the server hold or do."},
    {"site", OPT_CUSTOM, .parse = site_parse, .args = "NAME… { … }",
     .doc = "A site and the names it answers for. `*.example.com` stands for one label in front.",
     .repeat = true},
    {"include", OPT_CUSTOM, .args = "PATTERN",
     .doc = "Reads other files as if they stood here; `*` stands for any part of a file's name. "
            "May stand in any block.",
     .repeat = true},
    OPTION_END,
};

const struct engine_block option_blocks[] = {
    {"global", option_global, false},     {"site", option_site, true},
    {"route", option_route, true},        {"limits", option_limits, false},
    {"tls", option_tls, false},           {"compress", option_compress, false},
    {"cookies", option_cookies, false},   {NULL, NULL, false},
};

static int listen_add(struct load *l, const struct parse_node *node, bool tls, struct addr addr)
{
    for (size_t i = 0; i < l->s->nlisteners; i++)
        if (addr_eq(&l->s->listeners[i].addr, &addr)) {
            char hint[160];
            snprintf(hint, sizeof hint, "the first is at %.100s:%u", l->s->listeners[i].at.file,
                     l->s->listeners[i].at.line);
            return load_error(l, node, 2, hint, "this address is listened on twice");
        }
    struct listener *at = engine_push(l, &l->s->listeners, &l->s->nlisteners, sizeof *at);
    if (!at)
        return -ERR_NOMEM;
    *at = (struct listener){.addr = addr, .tls = tls, .at = node_source(node)};
    return 0;
}

static int parse_listen(struct load *l, const struct parse_node *node, void *conf)
{
    struct str kind = node_word(node, 1), where = node_word(node, 2);
    bool tls = str_eq(kind, STR("https"));
    struct addr addr;
    if (!engine_count(l, node, 2, 2, "https [ADDR:]PORT` or `listen http [ADDR:]PORT"))
        return -ERR_CONFIG;
    if (!tls && !str_eq(kind, STR("http")))
        return load_error(l, node, 1, "write `listen https 443` or `listen http 80`",
                          "`%.*s` is neither https nor http", STR_ARG(kind));
    if (str_eq(where, STR("off"))) {
        if (tls)
            return load_error(l, node, 2, NULL, "https cannot be switched off");
        l->plain_off = true;
        return 0;
    }
    int err = addr_parse(&addr, where);
    if (err == -ERR_RANGE)
        return load_error(l, node, 2, "ports go from 1 to 65535", "the port is out of range");
    if (err)
        return load_error(l, node, 2, "write `443`, `127.0.0.1:443` or `[::1]:443`; names are not looked up",
                          "`%.*s` is not an address with a port", STR_ARG(where));
    return listen_add(l, node, tls, addr);
}

static int parse_state(struct load *l, const struct parse_node *node, void *conf)
{
    const char *path = NULL;
    if (!engine_count(l, node, 1, 1, "DIR"))
        return -ERR_CONFIG;
    path = engine_path(l, node, 1);
    l->s->state_dir = str_c(path);
    return path ? 0 : -ERR_NOMEM;
}

static int parse_access_log(struct load *l, const struct parse_node *node, void *conf)
{
    struct str path = node_word(node, 1), format = node_word(node, 2);
    if (!engine_count(l, node, 1, 2, "PATH [json | combined]` or `access_log off"))
        return -ERR_CONFIG;
    if (node_words(node) == 3 && str_eq(format, STR("combined")))
        l->s->access_log_format = LOG_FORMAT_COMBINED;
    else if (node_words(node) == 3 && !str_eq(format, STR("json")))
        return load_error(l, node, 2, "one of: json, combined", "unknown log format `%.*s`",
                          STR_ARG(format));
    if (str_eq(path, STR("off")) || str_eq(path, STR("-"))) {
        l->s->access_log = path.n == 1 ? path : STR_NONE;
        return 0;
    }
    const char *whole = engine_path(l, node, 1);
    l->s->access_log = str_c(whole);
    return whole ? 0 : -ERR_NOMEM;
}

/* The words behind the name, with ':' between: what OpenSSL's lists look like. */
static int join_words(struct load *l, const struct parse_node *node, struct str *ret)
{
    struct str all = STR_NONE;
    if (!engine_count(l, node, 1, 100, "NAME…"))
        return -ERR_CONFIG;
    for (size_t i = 1; i < node_words(node); i++) {
        all = arena_printf(&l->s->arena, "%.*s%s%.*s", STR_ARG(all), i > 1 ? ":" : "",
                           STR_ARG(node_word(node, i)));
        if (!all.p) {
            l->no_memory = true;
            return -ERR_NOMEM;
        }
    }
    *ret = all;
    return 0;
}

static int parse_ciphers(struct load *l, const struct parse_node *node, void *conf)
{
    engine_note(l, &((struct tls_settings *)conf)->ciphers, node);
    return join_words(l, node, &((struct tls_settings *)conf)->ciphers);
}

static int parse_groups(struct load *l, const struct parse_node *node, void *conf)
{
    engine_note(l, &((struct tls_settings *)conf)->groups, node);
    return join_words(l, node, &((struct tls_settings *)conf)->groups);
}

/* `NAME on|off` in front of an optional block; `NAME { … }` alone means on. */
static int parse_switch(struct load *l, const struct parse_node *node, bool *ret)
{
    struct str s = node_word(node, 1);
    if (!engine_count(l, node, node->block ? 0 : 1, 1, "on | off"))
        return -ERR_CONFIG;
    *ret = s.n == 0 || str_eq(s, STR("on"));
    if (*ret || str_eq(s, STR("off")))
        return 0;
    return load_error(l, node, 1, "`on` or `off`", "`%.*s` is not a switch", STR_ARG(s));
}

static int parse_compress(struct load *l, const struct parse_node *node, void *conf)
{
    return parse_switch(l, node, &((struct site *)conf)->compress.on);
}

static int parse_cookies(struct load *l, const struct parse_node *node, void *conf)
{
    struct cookie_settings *c = &((struct site *)conf)->cookies;
    bool on;
    int err = parse_switch(l, node, &on);
    if (err || on)
        return err;
    *c = (struct cookie_settings){.same_site = COOKIES_SAME_SITE_LEAVE};
    return 0;
}
