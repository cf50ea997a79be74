/* Names of sites and paths of routes; see check.h. Names are kept as they are compared: lower case,
 * no dot at the end, IP addresses in canonical text without brackets. */
#include "config/check.h"

#include <arpa/inet.h>
#include <stdio.h>

#define NAME_MAX_BYTES 253 /* RFC 1035 2.3.4, as text */

bool check_ip(struct str s, char out[64])
{
    unsigned char bytes[16];
    char text[64];
    bool brackets = s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';
    if (brackets)
        s = str_sub(s, 1, s.n - 2);
    if (s.n == 0 || s.n >= sizeof text || memchr(s.p, '\0', s.n))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    int family = memchr(text, ':', s.n) ? AF_INET6 : AF_INET;
    if ((brackets && family == AF_INET) || inet_pton(family, text, bytes) != 1)
        return false;
    return inet_ntop(family, bytes, out, 64) != NULL;
}

bool check_name_internal(struct str name)
{
    static const char *const zones[] = {".localhost", ".local", ".internal", ".test",
                                        ".home.arpa", ".lan"};
    char ip[64];
    if (str_find(name, '.', 0) == name.n || check_ip(name, ip))
        return true;
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
        if (str_ends(name, str_c(zones[i])))
            return true;
    return false;
}

static bool label_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* NULL: right. */
static const char *label_fault(struct str label)
{
    if (label.n == 0)
        return "a label is empty";
    if (label.n > 63)
        return "a label is longer than 63 characters";
    for (size_t i = 0; i < label.n; i++)
        if (label.p[i] == '*')
            return "`*` may only be the whole leftmost label";
    for (size_t i = 0; i < label.n; i++)
        if (!label_char(label.p[i]))
            return "it has a character that host names lack";
    if (label.p[0] == '-' || label.p[label.n - 1] == '-')
        return "a label begins or ends with `-`";
    return NULL;
}

static const char *name_fault(struct str name)
{
    struct str label;
    if (name.n > NAME_MAX_BYTES)
        return "it is longer than 253 characters";
    if (str_starts(name, STR("*.")))
        name = str_from(name, 2);
    if (name.n == 0)
        return "it is empty";
    while (str_split(&name, '.', &label)) {
        const char *fault = label_fault(label);
        if (fault)
            return fault;
    }
    return NULL;
}

/* What people write by habit from elsewhere. */
static const char *habit(struct str written)
{
    if (str_istarts(written, STR("http://")) || str_istarts(written, STR("https://")))
        return "write the name alone, without scheme and path";
    if (str_eq(written, STR("*")) || str_eq(written, STR("_")))
        return "for all other names put `default;` into one site";
    if (str_find(written, '/', 0) < written.n)
        return "write the name alone; paths belong into the site's block";
    if (str_find(written, ':', 0) < written.n)
        return "write the name without a port; ports belong into `listen`";
    for (size_t i = 0; i < written.n; i++)
        if ((unsigned char)written.p[i] >= 0x80)
            return "write international names in their ASCII form, as xn--mnchen-3ya.de";
    return NULL;
}

static struct str lower(struct load *l, struct str s)
{
    char *z = arena_cstr(&l->s->arena, s);
    l->no_memory |= !z;
    for (size_t i = 0; z && i < s.n; i++)
        z[i] = ascii_lower(z[i]);
    return str_of(z, z ? s.n : 0);
}

static void add_name(struct load *l, const struct parse_node *node, size_t word, struct str name)
{
    const struct site *other = map_get(&l->s->by_name, name);
    char hint[160];
    if (other) {
        snprintf(hint, sizeof hint, "the first is at %.100s:%u", other->at.file, other->at.line);
        load_error(l, node, word, hint, "the name `%.*s` is given twice", STR_ARG(name));
        return;
    }
    struct str *slot = engine_push(l, &l->site->names, &l->site->nnames, sizeof *slot);
    if (!slot || map_set(&l->s->by_name, name, l->site)) {
        l->no_memory = true;
        return;
    }
    *slot = name;
}

void check_name(struct load *l, const struct parse_node *node, size_t word)
{
    struct str written = node_word(node, word);
    char ip[64];
    if (check_ip(written, ip)) {
        add_name(l, node, word, arena_str(&l->s->arena, str_c(ip)));
        return;
    }
    struct str name = lower(l, written);
    if (name.n > 1 && name.p[name.n - 1] == '.')
        name.n--;
    const char *fault = name_fault(name);
    if (fault)
        load_error(l, node, word, habit(written), "`%.*s` is not a name for a site: %s",
                   STR_ARG(str_sub(written, 0, 100)), fault);
    else
        add_name(l, node, word, name);
}

static const char *path_fault(struct str path, const char **hint)
{
    struct str rest = str_from(path, 1), segment;
    *hint = "it begins with `/`";
    if (!str_starts(path, STR("/")))
        return "is not a path";
    *hint = "queries take no part in the choice of a route";
    if (str_find(path, '?', 0) < path.n || str_find(path, '#', 0) < path.n)
        return "has a query or fragment";
    *hint = "write the path as it reads when decoded, in quotes if it has spaces";
    if (str_find(path, '%', 0) < path.n)
        return "has a percent sign";
    *hint = "patterns are not known; a path that ends with `/` means all beneath it";
    if (str_find(path, '*', 0) < path.n)
        return "has a `*`";
    *hint = "requests are normalised before a route is chosen, so it would never match";
    while (str_split(&rest, '/', &segment))
        if (str_eq(segment, STR(".")) || str_eq(segment, STR("..")) ||
            (segment.n == 0 && rest.p))
            return "has an empty, `.` or `..` segment";
    return NULL;
}

bool check_route_path(struct load *l, const struct parse_node *node, size_t word)
{
    struct str path = node_word(node, word);
    const char *hint, *fault = path_fault(path, &hint);
    if (fault) {
        load_error(l, node, word, hint, "`%.*s` %s", STR_ARG(str_sub(path, 0, 100)), fault);
        return false;
    }
    return check_route_new(l, node, word, path);
}

bool check_route_new(struct load *l, const struct parse_node *node, size_t word, struct str path)
{
    for (size_t i = 0; i < l->site->nroutes; i++) {
        const struct route *other = l->site->routes[i];
        char first[160];
        if (!str_eq(other->path, path))
            continue;
        snprintf(first, sizeof first, "the first is at %.100s:%u", other->at.file, other->at.line);
        load_error(l, node, word, first, "two routes for `%.*s`", STR_ARG(str_sub(path, 0, 100)));
        return false;
    }
    return true;
}
