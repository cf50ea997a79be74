/* Values as text; see value.h. A number without a unit is refused for durations: "idle 60" has
 * meant seconds to one program and milliseconds to another. */
#include "config/value.h"

#include "config/lex.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit sizes[] = {
    {"t", UINT64_C(1) << 40}, {"g", 1u << 30}, {"m", 1u << 20}, {"k", 1u << 10}, {"", 1},
};

static const struct unit durations[] = {
    {"d", 86400 * VALUE_SECOND}, {"h", 3600 * VALUE_SECOND}, {"ms", 1000000},
    {"m", 60 * VALUE_SECOND},    {"s", VALUE_SECOND},
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static bool with_unit(struct str s, const struct unit *units, size_t n, uint64_t *ret)
{
    size_t digits = 0;
    uint64_t v;
    while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
        digits++;
    if (!str_u64(str_sub(s, 0, digits), &v))
        return false;
    for (size_t i = 0; i < n; i++)
        if (str_ieq(str_from(s, digits), str_c(units[i].name)))
            return !__builtin_mul_overflow(v, units[i].factor, ret);
    return false;
}

bool value_size(struct str s, uint64_t *ret)
{
    uint64_t v;
    bool ok = with_unit(s, sizes, COUNT(sizes), &v);
    if (ok)
        *ret = v;
    return ok;
}

bool value_duration(struct str s, uint64_t *ret)
{
    uint64_t v;
    bool ok = with_unit(s, durations, COUNT(durations), &v) || (str_eq(s, STR("0")) && !(v = 0));
    if (ok)
        *ret = v;
    return ok;
}

/* Days since 1970 of a date in the Gregorian calendar (years from March, 400-year eras). */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = y / 400, year = y - era * 400;
    int64_t day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

static bool leap(uint64_t y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

bool value_date_end(struct str s, int64_t *ret)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint64_t y, m, d;
    if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' || !str_u64(str_sub(s, 0, 4), &y) ||
        !str_u64(str_sub(s, 5, 2), &m) || !str_u64(str_sub(s, 8, 2), &d))
        return false;
    if (y < 1970 || m < 1 || m > 12 || d < 1 || d > lengths[m - 1] + (uint64_t)(m == 2 && leap(y)))
        return false;
    *ret = (days_of((int64_t)y, (int64_t)m, (int64_t)d) + 1) * 86400 - 1;
    return true;
}

void value_add_date(struct buf *out, int64_t wall)
{
    int64_t day = wall / 86400, y = 1970 + day / 366, m = 12;
    while (days_of(y + 1, 1, 1) <= day)
        y++;
    while (m > 1 && days_of(y, m, 1) > day)
        m--;
    buf_addf(out, "%04d-%02d-%02d", (int)y, (int)m, (int)(day - days_of(y, m, 1) + 1));
}

void value_add_size(struct buf *out, uint64_t bytes)
{
    for (size_t i = 0; i < COUNT(sizes); i++)
        if ((bytes && bytes % sizes[i].factor == 0) || i + 1 == COUNT(sizes)) {
            buf_addu(out, bytes / sizes[i].factor);
            buf_add(out, str_c(sizes[i].name));
            return;
        }
}

void value_add_duration(struct buf *out, uint64_t ns)
{
    static const char *const order[] = {"d", "h", "m", "s", "ms"};
    for (size_t o = 0; o < COUNT(order); o++)
        for (size_t i = 0; i < COUNT(durations); i++)
            if (strcmp(durations[i].name, order[o]) == 0 &&
                ((ns && ns % durations[i].factor == 0) || o + 1 == COUNT(order))) {
                buf_addu(out, ns / durations[i].factor);
                buf_add(out, ns ? str_c(order[o]) : STR("s"));
                return;
            }
}

void value_add_word(struct buf *out, struct str s)
{
    if (!lex_needs_quotes(s)) {
        buf_add(out, s);
        return;
    }
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\n' || c == '\t') {
            buf_add(out, c == '\n' ? STR("\\n") : STR("\\t"));
            continue;
        }
        if (c == '"' || c == '\\')
            buf_addc(out, '\\');
        buf_addc(out, c);
    }
    buf_addc(out, '"');
}

/* Optimal string alignment (Damerau-Levenshtein without editing a swapped pair again). */
unsigned value_distance(struct str a, struct str b, unsigned max)
{
    enum { LONGEST = 32 };
    unsigned rows[3][LONGEST + 1];
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];
    size_t difference = a.n > b.n ? a.n - b.n : b.n - a.n;
    if (a.n > LONGEST || b.n > LONGEST || difference > max)
        return max + 1;
    for (size_t j = 0; j <= b.n; j++) {
        before[j] = 0;
        last[j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a.n; i++) {
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b.n; j++) {
            char x = ascii_lower(a.p[i - 1]), y = ascii_lower(b.p[j - 1]);
            unsigned best = last[j - 1] + (x != y);
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && x == ascii_lower(b.p[j - 2]) && ascii_lower(a.p[i - 2]) == y &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        unsigned *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[b.n] > max ? max + 1 : last[b.n];
}
