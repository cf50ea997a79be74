/* Character references; see html_text.h. */
#include "audit/html_text.h"

struct entity {
    struct str name;
    char c;
};

static const struct entity entities[] = {
    {{"amp;", 4}, '&'},      {{"colon;", 6}, ':'},  {{"sol;", 4}, '/'},   {{"Tab;", 4}, '\t'},
    {{"NewLine;", 8}, '\n'}, {{"quot;", 5}, '"'},   {{"apos;", 5}, '\''}, {{"lt;", 3}, '<'},
    {{"gt;", 3}, '>'},       {{"period;", 7}, '.'}, {{"num;", 4}, '#'},   {{"quest;", 6}, '?'},
    {{"equals;", 7}, '='},   {{"lowbar;", 7}, '_'}, {{"nbsp;", 5}, ' '},  {{"amp", 3}, '&'},
};

static uint32_t digit_of(char c)
{
    c = ascii_lower(c);
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0');
    return c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10) : 16;
}

/* "&#58;", "&#x3a": digits as many as there are; the semicolon may be missing. */
static size_t numeric(struct str s, char *ret)
{
    bool hex = s.n > 2 && (s.p[2] == 'x' || s.p[2] == 'X');
    size_t i = hex ? 3 : 2, from = i;
    uint32_t v = 0;
    for (; i < s.n; i++) {
        uint32_t digit = digit_of(s.p[i]);
        if (digit >= (hex ? 16u : 10u))
            break;
        v = v > 0x110000 ? v : v * (hex ? 16 : 10) + digit;
    }
    if (i == from)
        return 0;
    *ret = v < 0x80 ? (char)v : '?'; /* no other character has a meaning in what we compare */
    return i + (i < s.n && s.p[i] == ';');
}

/* Length of the reference that s begins with, or 0; s begins with '&'. */
static size_t reference(struct str s, char *ret)
{
    if (s.n > 1 && s.p[1] == '#')
        return numeric(s, ret);
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (str_starts(str_from(s, 1), entities[i].name)) {
            *ret = entities[i].c;
            return 1 + entities[i].name.n;
        }
    return 0;
}

struct str html_text_decode(struct str s, char out[HTML_TEXT_MAX], bool url)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < HTML_TEXT_MAX;) {
        char c = s.p[i];
        size_t used = c == '&' ? reference(str_from(s, i), &c) : 1;
        if (used == 0) {
            c = '&';
            used = 1;
        }
        i += used;
        if (url && (c == '\t' || c == '\n' || c == '\r' || (n == 0 && (unsigned char)c <= 0x20)))
            continue;
        out[n++] = c;
    }
    while (url && n && (unsigned char)out[n - 1] <= 0x20)
        n--;
    return str_of(out, n);
}
