/* Cookies; see cookie.h. Attributes are read as RFC 6265bis 5.6 has browsers read them: split at
 * ";" whatever the value holds, the last of a kind wins. */
#include "wire/cookie.h"

#include "wire/scan.h"

static void same_site(struct str value, unsigned *flags)
{
    *flags &= ~(unsigned)(COOKIE_SAMESITE | COOKIE_SAMESITE_NONE);
    if (str_ieq(value, STR("none")))
        *flags |= COOKIE_SAMESITE | COOKIE_SAMESITE_NONE;
    else if (str_ieq(value, STR("lax")) || str_ieq(value, STR("strict")))
        *flags |= COOKIE_SAMESITE;
}

static void attribute(struct str s, unsigned *flags)
{
    size_t eq = str_find(s, '=', 0);
    struct str name = str_trim(str_sub(s, 0, eq)), value = str_trim(str_from(s, eq + 1));
    if (str_ieq(name, STR("secure"))) {
        *flags |= COOKIE_SECURE;
    } else if (str_ieq(name, STR("httponly"))) {
        *flags |= COOKIE_HTTPONLY;
    } else if (str_ieq(name, STR("partitioned"))) {
        *flags |= COOKIE_PARTITIONED;
    } else if (str_ieq(name, STR("samesite"))) {
        same_site(value, flags);
    } else if (str_ieq(name, STR("domain"))) {
        *flags |= value.n ? COOKIE_HAS_DOMAIN : 0;
    } else if (str_ieq(name, STR("path"))) {
        *flags &= ~(unsigned)COOKIE_PATH_ROOT;
        *flags |= str_eq(value, STR("/")) ? COOKIE_PATH_ROOT : 0;
    }
}

int set_cookie_parse(struct set_cookie *ret, struct str field_value)
{
    struct str rest = field_value, piece;
    struct set_cookie c = {.flags = 0};
    if (scan_value(field_value) != field_value.n || !str_split(&rest, ';', &piece))
        return -ERR_SYNTAX;
    size_t eq = str_find(piece, '=', 0);
    c.name = str_trim(str_sub(piece, 0, eq));
    c.value = str_trim(str_from(piece, eq + 1));
    if (eq == piece.n || (c.name.n == 0 && c.value.n == 0))
        return -ERR_SYNTAX;
    if (str_istarts(c.name, STR("__Host-")))
        c.flags |= COOKIE_HOST_PREFIX;
    if (str_istarts(c.name, STR("__Secure-")))
        c.flags |= COOKIE_SECURE_PREFIX;
    while (str_split(&rest, ';', &piece))
        attribute(piece, &c.flags);
    *ret = c;
    return 0;
}

int set_cookie_harden(struct buf *out, struct str field_value, unsigned add_flags)
{
    static const struct {
        unsigned flag;
        struct str text;
    } additions[] = {
        {COOKIE_SECURE, {"; Secure", 8}},
        {COOKIE_HTTPONLY, {"; HttpOnly", 10}},
        {COOKIE_SAMESITE, {"; SameSite=Lax", 14}},
    };
    struct set_cookie c;
    int err = set_cookie_parse(&c, field_value);
    if (err)
        return err;
    if (c.flags &
        (COOKIE_HOST_PREFIX | COOKIE_SECURE_PREFIX | COOKIE_SAMESITE_NONE | COOKIE_PARTITIONED))
        add_flags |= COOKIE_SECURE;
    err = buf_reserve(out, field_value.n + 32);
    if (err)
        return err;
    buf_add(out, field_value);
    for (size_t i = 0; i < sizeof additions / sizeof additions[0]; i++)
        if (additions[i].flag & add_flags & ~c.flags)
            buf_add(out, additions[i].text);
    return 0;
}

struct str cookie_get(struct str cookie_field, struct str name)
{
    struct str piece;
    while (str_split(&cookie_field, ';', &piece)) {
        size_t eq = str_find(piece, '=', 0);
        if (eq < piece.n && str_eq(str_trim(str_sub(piece, 0, eq)), name))
            return str_trim(str_from(piece, eq + 1));
    }
    return STR_NONE;
}
