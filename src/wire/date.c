/* HTTP dates; see date.h. The civil-calendar arithmetic counts days from 1 March of year 0, so that
 * the leap day is the last of its year and needs no case of its own. */
#include "wire/date.h"

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const long_days[7] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                         "Thursday", "Friday", "Saturday"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

#define DAY      86400
#define WALL_MIN INT64_C(-62135596800) /* 0001-01-01 00:00:00 */
#define WALL_MAX INT64_C(253402300799) /* 9999-12-31 23:59:59 */

struct civil {
    int64_t year;
    unsigned month, day, hour, minute, second; /* month 1-12, day 1-31 */
};

/* Days since 1970-01-01. */
static int64_t civil_days(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void civil_of(int64_t day, struct civil *c)
{
    day += 719468;
    int64_t era = (day >= 0 ? day : day - 146096) / 146097;
    int64_t of_era = day - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    unsigned m = (unsigned)((5 * of_year + 2) / 153);
    c->day = (unsigned)(of_year - (153 * m + 2) / 5 + 1);
    c->month = m < 10 ? m + 3 : m - 9;
    c->year = years + era * 400 + (c->month <= 2);
}

static char *two(char *p, unsigned v)
{
    *p++ = (char)('0' + v / 10 % 10);
    *p++ = (char)('0' + v % 10);
    return p;
}

static char *text(char *p, const char *s, size_t n)
{
    memcpy(p, s, n);
    return p + n;
}

void date_format(int64_t wall, char out[DATE_TEXT + 1])
{
    struct civil c;
    wall = wall < WALL_MIN ? WALL_MIN : wall > WALL_MAX ? WALL_MAX : wall;
    int64_t day = wall / DAY - (wall % DAY < 0), second = wall - day * DAY;
    civil_of(day, &c);
    char *p = text(out, days[((day + 4) % 7 + 7) % 7], 3);
    p = two(text(p, ", ", 2), c.day);
    p = text(text(p, " ", 1), months[c.month - 1], 3);
    p = two(text(p, " ", 1), (unsigned)(c.year / 100));
    p = two(p, (unsigned)(c.year % 100));
    p = two(text(p, " ", 1), (unsigned)(second / 3600));
    p = two(text(p, ":", 1), (unsigned)(second / 60 % 60));
    p = two(text(p, ":", 1), (unsigned)(second % 60));
    memcpy(p, " GMT", 5);
}

/* Reads from the front of *s; each gives false when it is not there. */
static bool digits(struct str *s, size_t n, unsigned *ret)
{
    uint64_t v;
    if (s->n < n || !str_u64(str_sub(*s, 0, n), &v))
        return false;
    *ret = (unsigned)v;
    *s = str_from(*s, n);
    return true;
}

static bool literal(struct str *s, struct str want)
{
    if (!str_starts(*s, want))
        return false;
    *s = str_from(*s, want.n);
    return true;
}

static bool month_name(struct str *s, unsigned *ret)
{
    for (unsigned i = 0; i < 12; i++)
        if (literal(s, str_of(months[i], 3))) {
            *ret = i + 1;
            return true;
        }
    return false;
}

static bool clock_time(struct str *s, struct civil *c)
{
    return digits(s, 2, &c->hour) && literal(s, STR(":")) && digits(s, 2, &c->minute) &&
           literal(s, STR(":")) && digits(s, 2, &c->second);
}

/* Behind "Sun, ": "06 Nov 1994 08:49:37 GMT" */
static bool imf_rest(struct str *s, struct civil *c)
{
    unsigned year = 0;
    bool ok = digits(s, 2, &c->day) && literal(s, STR(" ")) && month_name(s, &c->month) &&
              literal(s, STR(" ")) && digits(s, 4, &year) && literal(s, STR(" ")) &&
              clock_time(s, c) && literal(s, STR(" GMT"));
    c->year = year;
    return ok;
}

/* Behind "Sunday, ": "06-Nov-94 08:49:37 GMT" */
static bool rfc850_rest(struct str *s, struct civil *c)
{
    unsigned year = 0;
    bool ok = digits(s, 2, &c->day) && literal(s, STR("-")) && month_name(s, &c->month) &&
              literal(s, STR("-")) && digits(s, 2, &year) && literal(s, STR(" ")) &&
              clock_time(s, c) && literal(s, STR(" GMT"));
    c->year = year < 70 ? 2000 + year : 1900 + year;
    return ok;
}

/* Behind "Sun ": "Nov  6 08:49:37 1994" */
static bool asctime_rest(struct str *s, struct civil *c)
{
    unsigned year = 0;
    bool ok = month_name(s, &c->month) && literal(s, STR(" "));
    ok = ok && (literal(s, STR(" ")) ? digits(s, 1, &c->day) : digits(s, 2, &c->day));
    ok = ok && literal(s, STR(" ")) && clock_time(s, c) && literal(s, STR(" ")) &&
         digits(s, 4, &year);
    c->year = year;
    return ok;
}

static bool any_form(struct str s, struct civil *c)
{
    for (unsigned i = 0; i < 7; i++) {
        struct str rest = s;
        if (literal(&rest, str_c(long_days[i])))
            return literal(&rest, STR(", ")) && rfc850_rest(&rest, c) && rest.n == 0;
        if (literal(&rest, str_of(days[i], 3)))
            return (literal(&rest, STR(", "))  ? imf_rest(&rest, c)
                    : literal(&rest, STR(" ")) ? asctime_rest(&rest, c)
                                               : false) &&
                   rest.n == 0;
    }
    return false;
}

static unsigned days_in(int64_t year, unsigned month)
{
    static const unsigned char n[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return n[month - 1] + (month == 2 && leap);
}

int date_parse(struct str s, int64_t *ret_wall)
{
    struct civil c = {0};
    if (!any_form(s, &c) || c.day == 0 || c.year == 0 || c.day > days_in(c.year, c.month))
        return -ERR_SYNTAX;
    if (c.hour > 23 || c.minute > 59 || c.second > 60) /* 60: a leap second */
        return -ERR_SYNTAX;
    *ret_wall = civil_days(c.year, c.month, c.day) * DAY + c.hour * 3600 + c.minute * 60 + c.second;
    return 0;
}
