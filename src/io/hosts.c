/* The hosts file; see hosts.h. Read through at each look-up: it is short, and asked for once a
 * target. */
#include "io/hosts.h"

#include <stdio.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static bool next_word(struct str *line, struct str *ret)
{
    size_t from = 0, to;
    while (from < line->n && is_blank(line->p[from]))
        from++;
    for (to = from; to < line->n && !is_blank(line->p[to]);)
        to++;
    *ret = str_sub(*line, from, to - from);
    *line = str_from(*line, to);
    return to > from;
}

static bool parse_ip(struct str word, struct addr *ret)
{
    char text[64];
    bool v6 = str_find(word, ':', 0) < word.n;
    int n = snprintf(text, sizeof text, v6 ? "[%.*s]:0" : "%.*s:0", STR_ARG(word));
    return n > 0 && (size_t)n < sizeof text && word.n && word.p[0] != '*' &&
           addr_parse(ret, str_of(text, (size_t)n)) == 0;
}

static bool names(struct str line, struct str name)
{
    struct str word;
    while (next_word(&line, &word)) {
        if (word.n > 1 && word.p[word.n - 1] == '.')
            word.n--;
        if (str_ieq(word, name))
            return true;
    }
    return false;
}

size_t hosts_find(struct str text, struct str name, struct addr *out, size_t max)
{
    struct str line, word;
    size_t n = 0;
    while (n < max && str_split(&text, '\n', &line)) {
        line = str_sub(line, 0, str_find(line, '#', 0));
        if (next_word(&line, &word) && names(line, name) && parse_ip(word, &out[n]))
            n++;
    }
    return n;
}
