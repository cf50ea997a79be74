/* Text and look-ups that all output formats share; see report_text.h. Servers choose their banners
 * and their certificates' names, so each of their bytes is an attempt on the reader's terminal,
 * browser or parser until it went through report_text_next. */
#include "audit/report_text.h"

#include "wire/date.h"

#define REPLACEMENT STR("\xef\xbf\xbd")

static uint32_t decode(struct str s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s.p;
    if (n == 1)
        return p[0];
    uint32_t c = p[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3fu);
    return c;
}

static bool is_harmful(uint32_t c)
{
    if (c == '\n' || c == '\t')
        return false;
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || /* C0, DEL, C1 */
           c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xfeff || (c >= 0xfdd0 && c <= 0xfdef) ||
           (c & 0xfffe) == 0xfffe; /* no character in XML */
}

struct str report_text_next(struct str *rest)
{
    size_t n = str_utf8(*rest);
    struct str one = str_sub(*rest, 0, n ? n : 1);
    *rest = str_from(*rest, one.n);
    return n == 0 || is_harmful(decode(one, n)) ? REPLACEMENT : one;
}

void report_text_clean(struct buf *out, struct str s)
{
    while (s.n)
        buf_add(out, report_text_next(&s));
}

void report_text_html(struct buf *out, struct str s)
{
    while (s.n)
        buf_add_html(out, report_text_next(&s));
}

size_t report_text_width(struct str s)
{
    size_t n = 0;
    for (; s.n; n++)
        (void)report_text_next(&s);
    return n;
}

void report_text_cut(struct buf *out, struct str s, size_t max)
{
    struct str rest = s;
    size_t n = 0;
    while (rest.n && n <= max) {
        (void)report_text_next(&rest);
        n++;
    }
    bool whole = n <= max;
    for (size_t i = 0; s.n && max && i < (whole ? max : max - 1); i++)
        buf_add(out, report_text_next(&s));
    if (!whole && max)
        buf_add(out, STR("…"));
}

void report_text_time(int64_t seconds, char out[REPORT_TIME + 1])
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char d[DATE_TEXT + 1];
    date_format(seconds, d); /* "Sun, 06 Nov 1994 08:49:37 GMT" */
    size_t m = 0;
    while (m < 11 && memcmp(months + 3 * m, d + 8, 3) != 0)
        m++;
    memcpy(out, d + 12, 4);
    out[4] = out[7] = '-';
    out[5] = (char)('0' + (m + 1) / 10);
    out[6] = (char)('0' + (m + 1) % 10);
    memcpy(out + 8, d + 5, 2);
    out[10] = 'T';
    memcpy(out + 11, d + 17, 8);
    out[19] = 'Z';
    out[20] = '\0';
}

int report_text_days(int64_t now, int64_t then)
{
    int64_t span;
    const int64_t day = 86400, most = 99999;
    if (__builtin_sub_overflow(then, now, &span))
        return then > now ? (int)most : (int)-most;
    int64_t days = span / day - (span % day < 0);
    return (int)(days > most ? most : days < -most ? -most : days);
}

void report_text_seconds(struct buf *out, uint64_t ns)
{
    buf_addu(out, ns / 1000000000);
    buf_addf(out, ".%03u", (unsigned)(ns / 1000000 % 1000));
}

static void add_bytes(struct buf *out, uint64_t n)
{
    static const char *const units[] = {"B", "kB", "MB", "GB"};
    size_t u = 0;
    for (; n >= 10000 && u < 3; u++)
        n /= 1000;
    buf_addu(out, n);
    buf_addf(out, " %s", units[u]);
}

void report_text_effort(struct buf *out, const struct report *r)
{
    uint64_t bytes;
    buf_addf(out, "%u connection%s, ", r->connections, r->connections == 1 ? "" : "s");
    if (r->datagrams)
        buf_addf(out, "%u datagram%s, ", r->datagrams, r->datagrams == 1 ? "" : "s");
    if (__builtin_add_overflow(r->bytes_sent, r->bytes_received, &bytes))
        bytes = UINT64_MAX;
    add_bytes(out, bytes);
}

static const struct {
    const char *name, *title;
    size_t offset;
    const char *marks[4]; /* in a Server header, lower case */
} servers[REPORT_SERVERS] = {
    [REPORT_GATE443] = {"gate443", "gate443", offsetof(struct remedy, gate443), {"gate443"}},
    [REPORT_NGINX] = {"nginx",
                      "nginx",
                      offsetof(struct remedy, nginx),
                      {"nginx", "openresty", "tengine", "angie"}},
    [REPORT_APACHE] = {"apache", "Apache", offsetof(struct remedy, apache), {"apache"}},
    [REPORT_HAPROXY] = {"haproxy", "HAProxy", offsetof(struct remedy, haproxy), {"haproxy"}},
    [REPORT_CADDY] = {"caddy", "Caddy", offsetof(struct remedy, caddy), {"caddy"}},
};

const char *report_server_name(enum report_server s)
{
    return servers[s].name;
}

const char *report_server_title(enum report_server s)
{
    return servers[s].title;
}

const char *report_server_remedy(const struct remedy *r, enum report_server s)
{
    const char *line;
    memcpy(&line, (const char *)r + servers[s].offset, sizeof line);
    return line;
}

/* Only at the beginning of a word: "Server: not-nginx" is not one. */
static bool starts_a_word(struct str text, struct str word)
{
    for (size_t i = 0; i + word.n <= text.n; i++) {
        bool inside = i && text.p[i - 1] != ' ' && text.p[i - 1] != '(';
        if (!inside && str_istarts(str_from(text, i), word))
            return true;
    }
    return false;
}

enum report_server report_server_of(struct str banner)
{
    for (int s = 0; s < REPORT_SERVERS; s++)
        for (size_t i = 0; i < 4 && servers[s].marks[i]; i++)
            if (starts_a_word(banner, str_c(servers[s].marks[i])))
                return (enum report_server)s;
    return REPORT_SERVERS;
}

void report_count(const struct report *r, struct report_counts *ret)
{
    *ret = (struct report_counts){0};
    for (size_t i = 0; i < r->nfindings; i++) {
        ret->verdict[r->findings[i].verdict]++;
        if (r->findings[i].verdict == VERDICT_VULNERABLE)
            ret->severity[r->findings[i].severity]++;
    }
}

const struct finding *report_finding(const struct report *r, const char *check)
{
    const struct finding *found = NULL;
    for (size_t i = 0; check && i < r->nfindings; i++) {
        const struct finding *f = &r->findings[i];
        if (strcmp(f->check->id, check) != 0)
            continue;
        if (f->verdict == VERDICT_VULNERABLE)
            return f;
        if (!found)
            found = f;
    }
    return found;
}

const struct report_exchange *report_evidence(const struct report *r, const struct finding *f)
{
    for (size_t i = 0; f->evidence && i < r->nexchanges; i++)
        if (r->exchanges[i].number == f->evidence)
            return &r->exchanges[i];
    return NULL;
}

void report_text_done(struct buf *piece, struct buf *out)
{
    if (piece->starved)
        out->failed = out->starved = true;
    buf_done(piece);
}
