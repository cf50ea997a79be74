/* Priorities; see priority.h. A full parser of Structured Field dictionaries (RFC 9651 4.2.2),
 * because a fault anywhere voids the whole field and unknown members must be stepped over;
 * values that nobody asks for are only checked, never stored. */
#include "wire/priority.h"

enum kind { NONE, INTEGER, BOOLEAN, OTHER };

struct item {
    enum kind kind;
    int64_t number; /* INTEGER's value; BOOLEAN's 0 or 1 */
};

static bool peek(struct str s, char c)
{
    return s.n && s.p[0] == c;
}

static bool take(struct str *s, char c)
{
    if (!peek(*s, c))
        return false;
    *s = str_from(*s, 1);
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_alpha(char c)
{
    return is_lower(ascii_lower(c));
}

/* RFC 9651 4.2.3.3 */
static bool key(struct str *s, struct str *ret)
{
    size_t n = 0;
    if (s->n == 0 || !(is_lower(s->p[0]) || s->p[0] == '*'))
        return false;
    while (n < s->n &&
           (is_lower(s->p[n]) || is_digit(s->p[n]) || (s->p[n] && strchr("_-.*", s->p[n]))))
        n++;
    *ret = str_of(s->p, n);
    *s = str_from(*s, n);
    return true;
}

/* 4.2.4: up to 15 digits, or up to 12 and 1 to 3 decimals */
static bool number(struct str *s, struct item *ret)
{
    bool negative = take(s, '-');
    size_t n = 0, decimals = 0;
    int64_t v = 0;
    for (; n < s->n && n < 16 && is_digit(s->p[n]); n++)
        v = v * 10 + (s->p[n] - '0');
    bool whole = !(n < s->n && s->p[n] == '.');
    if (n == 0 || n > (whole ? 15u : 12u))
        return false;
    *s = str_from(*s, n);
    if (take(s, '.')) {
        while (decimals < s->n && decimals < 4 && is_digit(s->p[decimals]))
            decimals++;
        if (decimals == 0 || decimals > 3)
            return false;
        *s = str_from(*s, decimals);
    }
    *ret = (struct item){whole ? INTEGER : OTHER, negative ? -v : v};
    return true;
}

/* 4.2.5, behind the opening quote */
static bool string(struct str *s)
{
    while (s->n) {
        char c = s->p[0];
        *s = str_from(*s, 1);
        if (c == '"')
            return true;
        if (c < 0x20 || c >= 0x7f)
            return false;
        if (c == '\\' && !take(s, '"') && !take(s, '\\'))
            return false;
    }
    return false;
}

/* 4.2.10, behind %": lower-case percent-encoding in a string */
static bool display_string(struct str *s)
{
    while (s->n) {
        char c = s->p[0];
        *s = str_from(*s, 1);
        if (c == '"')
            return true;
        if (c < 0x20 || c >= 0x7f)
            return false;
        for (unsigned i = 0; c == '%' && i < 2; i++) {
            if (s->n == 0 || !(is_digit(s->p[0]) || (s->p[0] >= 'a' && s->p[0] <= 'f')))
                return false;
            *s = str_from(*s, 1);
        }
    }
    return false;
}

/* 4.2.7, behind the opening colon */
static bool byte_sequence(struct str *s)
{
    while (s->n) {
        char c = s->p[0];
        *s = str_from(*s, 1);
        if (c == ':')
            return true;
        if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '/' && c != '=')
            return false;
    }
    return false;
}

/* 4.2.6 */
static bool token(struct str *s)
{
    size_t n = 0;
    while (n < s->n && (is_alpha(s->p[n]) || is_digit(s->p[n]) ||
                        (s->p[n] && strchr("!#$%&'*+-.^_`|~:/", s->p[n]))))
        n++;
    *s = str_from(*s, n);
    return n > 0;
}

static bool bare_item(struct str *s, struct item *ret)
{
    *ret = (struct item){OTHER, 0};
    if (s->n == 0)
        return false;
    if (is_digit(s->p[0]) || s->p[0] == '-')
        return number(s, ret);
    if (take(s, '"'))
        return string(s);
    if (take(s, ':'))
        return byte_sequence(s);
    if (take(s, '%'))
        return take(s, '"') && display_string(s);
    if (take(s, '@')) {
        bool ok = number(s, ret) && ret->kind == INTEGER;
        ret->kind = OTHER;
        return ok;
    }
    if (take(s, '?')) {
        *ret = (struct item){BOOLEAN, peek(*s, '1')};
        return take(s, '0') || take(s, '1');
    }
    return (is_alpha(s->p[0]) || s->p[0] == '*') && token(s);
}

static void spaces(struct str *s)
{
    while (take(s, ' '))
        ;
}

static void optional_space(struct str *s)
{
    while (take(s, ' ') || take(s, '\t'))
        ;
}

static bool parameters(struct str *s)
{
    struct str name;
    struct item ignored;
    while (take(s, ';')) {
        spaces(s);
        if (!key(s, &name) || (take(s, '=') && !bare_item(s, &ignored)))
            return false;
    }
    return true;
}

/* 4.2.1.2, behind the parenthesis */
static bool inner_list(struct str *s)
{
    struct item ignored;
    for (;;) {
        spaces(s);
        if (take(s, ')'))
            return parameters(s);
        if (!bare_item(s, &ignored) || !parameters(s))
            return false;
        if (!peek(*s, ' ') && !peek(*s, ')'))
            return false;
    }
}

/* "key", "key=item;params" or "key=(list)" */
static bool dictionary_member(struct str *s, struct str *ret_key, struct item *ret)
{
    *ret = (struct item){BOOLEAN, 1};
    if (!key(s, ret_key))
        return false;
    if (!take(s, '='))
        return parameters(s);
    if (take(s, '(')) {
        ret->kind = OTHER;
        return inner_list(s);
    }
    return bare_item(s, ret) && parameters(s);
}

static void apply(struct priority *p, struct str name, struct item value)
{
    if (str_eq(name, STR("u")) && value.kind == INTEGER && value.number >= 0 && value.number <= 7)
        p->urgency = (uint8_t)value.number;
    else if (str_eq(name, STR("i")) && value.kind == BOOLEAN)
        p->incremental = value.number != 0;
}

void priority_merge(struct priority *p, struct str value)
{
    struct priority result = *p;
    struct str name;
    struct item item;
    spaces(&value);
    while (value.n && value.p[value.n - 1] == ' ')
        value.n--;
    while (value.n) {
        if (!dictionary_member(&value, &name, &item))
            return;
        apply(&result, name, item);
        optional_space(&value);
        if (value.n == 0)
            break;
        if (!take(&value, ','))
            return;
        optional_space(&value);
        if (value.n == 0) /* a comma at the end */
            return;
    }
    *p = result;
}

struct priority priority_parse(struct str value)
{
    struct priority p = PRIORITY_DEFAULT;
    priority_merge(&p, value);
    return p;
}
