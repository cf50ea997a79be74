/* `redirect [/PATH] TARGET [STATUS]`. TARGET is a path or an absolute http(s) address.
 *
 * $path (encoded, begins with "/"), $query ("?…", or nothing) and $host (lower case, without port)
 * are replaced. A TARGET without variables and without "?" keeps the request's query; if it also
 * ends with "/" and the route is a prefix, what stands behind the prefix is appended, so
 * `redirect /old/ /new/;` moves a whole tree.
 *
 * No open redirect: in an absolute TARGET the client's text can reach the authority only as $host,
 * which was validated as a host name; a path TARGET cannot become "//host". Both are checked when
 * the configuration is loaded, and the second again when the value is built. */
#include "handler/handlers.h"
#include "handler/location.h"

struct redirect_conf {
    struct str target;
    uint16_t status;
    bool absolute;
    bool plain;     /* no variable, no "?": keeps the query */
};

enum variable { VAR_NONE, VAR_PATH, VAR_QUERY, VAR_HOST };

static const struct {
    struct str name;
    enum variable var;
} variables[] = {
    {{"$path", 5}, VAR_PATH},
    {{"$query", 6}, VAR_QUERY},
    {{"$host", 5}, VAR_HOST},
};

/* The variable at the front of s, and its length. */
static enum variable variable_at(struct str s, size_t *ret_n)
{
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        if (!str_starts(s, variables[i].name))
            continue;
        *ret_n = variables[i].name.n;
        return variables[i].var;
    }
    return VAR_NONE;
}

/* NULL, or what is wrong with the target. */
static const char *target_fault(struct str t)
{
    bool authority = false;
    size_t i = 0, n = 0;
    if (str_istarts(t, STR("https://")) || str_istarts(t, STR("http://"))) {
        i = str_find(t, '/', 0) + 2;
        authority = true;
        if (i >= t.n || strchr("/?#\\", t.p[i]))
            return "the target names no host";
    } else if (!str_starts(t, STR("/")) && !str_starts(t, STR("$path"))) {
        return "the target is neither a path nor an http or https address";
    } else if (t.n > 1 && (t.p[1] == '/' || t.p[1] == '\\')) {
        return "a path must not begin with two slashes";
    }
    for (size_t start = i; i < t.n; i += n) {
        n = 1;
        unsigned char c = (unsigned char)t.p[i];
        enum variable var = c == '$' ? variable_at(str_from(t, i), &n) : VAR_NONE;
        if (c == '$' && var == VAR_NONE)
            return "unknown variable";
        if (c <= 0x20 || c == 0x7f || c == '\\')
            return "the target holds a space, a backslash or a control character";
        if (authority && (var == VAR_QUERY || c == '@' || (var == VAR_PATH && i == start)))
            return "the host must not come from the request's path or query";
        if (c == '/' || c == '?' || c == '#' || var == VAR_PATH)
            authority = false;
    }
    return NULL;
}

static bool redirect_status(struct str s, uint16_t *ret)
{
    uint64_t v;
    if (!str_u64(s, &v) || (v != 301 && v != 302 && v != 303 && v != 307 && v != 308))
        return false;
    *ret = (uint16_t)v;
    return true;
}

static int arguments(struct load *l, const struct parse_node *node, const struct str *words,
                     size_t n, void *conf_)
{
    struct redirect_conf *conf = conf_;
    size_t first = node_words(node) - n;
    if (!n)
        return load_error(l, node, 0, "redirect /old/ /new/;", "redirect wants a target");
    const char *fault = target_fault(words[0]);
    uint64_t number;
    if (fault && n == 1 && str_u64(words[0], &number)) /* the target was taken for the path */
        return load_error(l, node, first, "redirect / TARGET STATUS;",
                          "with a status, the path must be given too");
    if (fault)
        return load_error(l, node, first,
                          "a path, or https://…; variables are $path, $query and $host", "%s", fault);
    conf->target = words[0];
    conf->absolute = words[0].p[0] != '/' && words[0].p[0] != '$';
    conf->plain = str_find(words[0], '$', 0) == words[0].n && str_find(words[0], '?', 0) == words[0].n;
    conf->status = 308;
    if (n > 1 && !redirect_status(words[1], &conf->status))
        return load_error(l, node, first + 1, "301, 302, 303, 307 or 308",
                          "\"%.*s\" is no status for a redirect", STR_ARG(words[1]));
    return 0;
}

static void add_variable(struct buf *out, const struct exchange *x, enum variable var)
{
    if (var == VAR_PATH)
        location_add_path(out, x);
    else if (var == VAR_QUERY)
        location_add_query(out, x);
    else
        buf_add(out, x->host);
}

static void expand(const struct redirect_conf *conf, const struct exchange *x, struct buf *out)
{
    struct str t = conf->target;
    for (size_t i = 0, n; i < t.n; i += n) {
        enum variable var = variable_at(str_from(t, i), &n);
        if (var != VAR_NONE) {
            add_variable(out, x, var);
            continue;
        }
        n = str_find(t, '$', i) - i;
        location_add(out, str_sub(t, i, n));
    }
}

/* Behind the route's prefix; empty for an exact route. */
static struct str remainder_of(const struct exchange *x)
{
    if (!x->route || !x->route->prefix || !str_starts(x->path.decoded, x->route->path))
        return STR_NONE;
    return str_from(x->path.decoded, x->route->path.n);
}

static int on_head(const void *conf_, struct exchange *x)
{
    const struct redirect_conf *conf = conf_;
    struct buf out;
    buf_init(&out, LOCATION_MAX);
    expand(conf, x, &out);
    if (conf->plain && str_ends(conf->target, STR("/")))
        uri_encode_path(&out, remainder_of(x));
    if (conf->plain)
        location_add_query(&out, x);
    if (!conf->absolute)
        location_flatten(&out, 0);
    return location_send(x, conf->status, &out);
}

const struct handler redirect_handler = {
    .decl = {.name = "redirect",
             .args = "[/PATH] TARGET [STATUS]",
             .doc = "Sends the client elsewhere, with status 308 unless another is given. TARGET is a path or an "
                    "absolute address; $path, $query and $host are replaced. Without variables the query "
                    "is kept, and a TARGET that ends with / takes over what follows the route's path.",
             .conf_size = sizeof(struct redirect_conf),
             .min_args = 1,
             .max_args = 2,
             .arguments = arguments,
             .impl = &redirect_handler},
    .methods = 1u << METHOD_GET | 1u << METHOD_HEAD | 1u << METHOD_POST | 1u << METHOD_PUT |
               1u << METHOD_DELETE | 1u << METHOD_PATCH,
    .on_head = on_head,
};
