/* Negotiation; see accept.h. */
#include "wire/accept.h"

#include "wire/scan.h"

static const struct str coding_names[CODING_COUNT] = {
    [CODING_IDENTITY] = {"identity", 8},
    [CODING_GZIP] = {"gzip", 4},
    [CODING_BR] = {"br", 2},
    [CODING_ZSTD] = {"zstd", 4},
};

struct str coding_name(enum coding c)
{
    return (unsigned)c < CODING_COUNT ? coding_names[c] : STR_NONE;
}

/* The piece before the next `sep` outside quotes. */
static bool next_piece(struct str *rest, char sep, struct str *ret)
{
    bool quoted = false;
    size_t i = 0;
    if (!rest->p)
        return false;
    for (; i < rest->n && (quoted || rest->p[i] != sep); i++) {
        if (rest->p[i] == '"')
            quoted = !quoted;
        else if (quoted && rest->p[i] == '\\')
            i++;
    }
    if (i > rest->n)
        i = rest->n;
    *ret = str_trim(str_of(rest->p, i));
    *rest = i == rest->n ? STR_NONE : str_from(*rest, i + 1);
    return true;
}

/* RFC 9110 12.4.2: at most three decimals; -1 on anything else. */
static int quality(struct str s)
{
    static const int worth[3] = {100, 10, 1};
    if (s.n == 0 || s.n > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.n > 1 && s.p[1] != '.'))
        return -1;
    int q = s.p[0] == '1' ? 1000 : 0;
    for (size_t i = 2; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -1;
        q += (s.p[i] - '0') * worth[i - 2];
    }
    return q <= 1000 ? q : -1;
}

/* The quality of a list's member, and its name in *ret_name; -1 if it cannot be read. */
static int member(struct str piece, struct str *ret_name)
{
    struct str param;
    int q = 1000;
    if (!next_piece(&piece, ';', ret_name) || ret_name->n == 0)
        return -1;
    while (q >= 0 && next_piece(&piece, ';', &param))
        if (str_istarts(param, STR("q=")))
            q = quality(str_from(param, 2));
    return q;
}

static bool same_coding(struct str a, struct str b)
{
    return str_ieq(a, b) || (str_ieq(a, STR("x-gzip")) && str_ieq(b, STR("gzip")));
}

/* What one value says of a coding by name and by "*"; untouched where it says nothing. */
static void qualities(struct str value, struct str coding, int *named, int *star)
{
    struct str piece, name;
    while (next_piece(&value, ',', &piece)) {
        int q = member(piece, &name);
        if (q < 0)
            continue;
        if (same_coding(name, coding))
            *named = q > *named ? q : *named;
        else if (str_eq(name, STR("*")))
            *star = q > *star ? q : *star;
    }
}

int accept_quality(struct str value, struct str coding)
{
    int named = -1, star = -1;
    qualities(value, coding, &named, &star);
    return named >= 0 ? named : star;
}

/* Over all lines of the field. */
static int head_quality(const struct head *req, enum coding c)
{
    int named = -1, star = -1;
    for (size_t i = 0; i < req->nfields; i++)
        if (req->fields[i].id == FIELD_ACCEPT_ENCODING)
            qualities(req->fields[i].value, coding_names[c], &named, &star);
    return named >= 0 ? named : star;
}

enum coding accept_coding(const struct head *req, unsigned available)
{
    static const enum coding preference[] = {CODING_BR, CODING_ZSTD, CODING_GZIP};
    enum coding best = CODING_IDENTITY;
    if (!head_has(req, FIELD_ACCEPT_ENCODING))
        return best;
    /* Not named, identity is acceptable, but any coding that is asked for goes before it. */
    int identity = head_quality(req, CODING_IDENTITY), best_q = 0;
    for (size_t i = 0; i < sizeof preference / sizeof preference[0]; i++) {
        int q = available & CODING_BIT(preference[i]) ? head_quality(req, preference[i]) : -1;
        if (q > best_q && q >= identity) {
            best = preference[i];
            best_q = q;
        }
    }
    return best;
}

/* 3 exact, 2 "type/" "*", 1 "*" "/" "*", 0 no match. */
static int media_match(struct str range, struct str type)
{
    if (str_eq(range, STR("*/*")))
        return 1;
    if (str_ends(range, STR("/*")))
        return str_istarts(type, str_sub(range, 0, range.n - 1)) ? 2 : 0;
    return str_ieq(range, type) ? 3 : 0;
}

int accept_media(struct str value, struct str type)
{
    int best_match = 0, best_q = 0;
    struct str piece, range;
    if (str_trim(value).n == 0)
        return 1000;
    while (next_piece(&value, ',', &piece)) {
        int q = member(piece, &range), match = q < 0 ? 0 : media_match(range, type);
        if (match > best_match || (match && match == best_match && q > best_q)) {
            best_match = match;
            best_q = q;
        }
    }
    return best_q;
}
