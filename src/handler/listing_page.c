/* What a directory listing looks like: one page without scripts, images or fonts from elsewhere, for
 * light and dark, for wide and narrow. Every name is escaped twice over: as a path in href, as text
 * between tags. */
#include "handler/listing.h"

#include <stdio.h>
#include <time.h>

static const char page_head[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>";
static const char page_style[] =
    "</title>\n<style>\n"
    ":root{--bg:#f6f7f9;--card:#fff;--ink:#1c2430;--dim:#667085;--line:#e4e7ec;--hover:#eef4ff;"
    "--link:#175cd3;--dir:#f5a524;--file:#98a2b3}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--card:#161b22;--ink:#e6edf3;"
    "--dim:#8b949e;--line:#262d36;--hover:#1c2634;--link:#79b8ff;--dir:#e3b341;--file:#6e7681}}\n"
    "*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);"
    "font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}\n"
    "main{max-width:60rem;margin:0 auto;padding:2.5rem 1rem}\n"
    "nav{font-size:1.25rem;font-weight:600;margin:0 0 1.25rem;overflow-wrap:anywhere}\n"
    "nav i{font-style:normal;font-weight:400;color:var(--dim);margin:0 .35rem}\n"
    "a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}\n"
    "a:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:4px}\n"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:12px;overflow:hidden}\n"
    "table{width:100%;border-collapse:collapse}th{font-size:.8rem;font-weight:600;text-align:left;"
    "border-bottom:1px solid var(--line)}th a{color:var(--dim)}\n"
    "th,td{padding:.55rem 1rem;vertical-align:top}tbody tr+tr td{border-top:1px solid var(--line)}\n"
    "tbody tr:hover{background:var(--hover)}\n"
    "td:first-child{position:relative;padding-left:2.85rem;overflow-wrap:anywhere}\n"
    "td+td,th+th{width:1%;white-space:nowrap;color:var(--dim);"
    "font-variant-numeric:tabular-nums}td:nth-child(2),th:nth-child(2){text-align:right}\n"
    "svg.i{position:absolute;left:1rem;top:.73rem;width:1.15em;height:1.15em;fill:var(--file)}"
    "svg.d{fill:var(--dir)}\n"
    ".note{color:var(--dim);margin:0 0 1rem}"
    "footer{color:var(--dim);font-size:.875rem;padding:1rem}td.none{color:var(--dim)}\n"
    "@media(max-width:36rem){th:nth-child(3),td:nth-child(3){display:none}main{padding:1.25rem .75rem}"
    "th,td{padding:.55rem .75rem}td:first-child{padding-left:2.5rem}svg.i{left:.75rem}}\n"
    "</style>\n</head>\n<body>\n"
    "<svg width=\"0\" height=\"0\" style=\"position:absolute\" aria-hidden=\"true\">"
    "<symbol id=\"d\" viewBox=\"0 0 24 24\"><path d=\"M3 5.5A1.5 1.5 0 0 1 4.5 4h4.6l2.2 2.5h8.2A1.5 1.5 0 0 1 21 "
    "8v10.5a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 18.5z\"/></symbol>"
    "<symbol id=\"f\" viewBox=\"0 0 24 24\"><path d=\"M6.5 2h7.5v5.5h5.5V20.5A1.5 1.5 0 0 1 18 22H6.5A1.5 "
    "1.5 0 0 1 5 20.5v-17A1.5 1.5 0 0 1 6.5 2zM15.5 2.3L19.2 6h-3.7z\"/></symbol></svg>\n"
    "<main>\n<nav aria-label=\"Path\"><a href=\"/\">Home</a>";

static void add_href(struct buf *out, struct str path)
{
    struct buf encoded;
    buf_init(&encoded, 16 * 1024);
    uri_encode_path(&encoded, path);
    if (!buf_ok(&encoded))
        out->failed = true;
    buf_add_html(out, buf_str(&encoded));
    buf_done(&encoded);
}

#define CRUMBS_MAX 16

/* up: how many levels above this page. */
static void add_crumb(struct buf *out, struct str name, size_t up)
{
    buf_add(out, up ? STR("<i>/</i><a href=\"") : STR("<i>/</i>"));
    for (size_t i = 0; i < up; i++)
        buf_add(out, STR("../"));
    if (up)
        buf_add(out, STR("\">"));
    buf_add_html(out, name);
    if (up)
        buf_add(out, STR("</a>"));
}

/* "/a/b/" gives Home / a / b, each but the last a link. Of a deep path the end is shown; the links go
 * upwards, because whole paths would add up to more than the page itself. */
static void add_crumbs(struct buf *out, struct str path)
{
    size_t depth = 0, from = 1;
    for (size_t i = 1; i < path.n; i++)
        depth += path.p[i] == '/';
    if (depth > CRUMBS_MAX)
        buf_add(out, STR("<i>/</i>…"));
    for (; depth; depth--) {
        size_t to = str_find(path, '/', from);
        if (depth <= CRUMBS_MAX)
            add_crumb(out, str_sub(path, from, to - from), depth - 1);
        from = to + 1;
    }
    buf_add(out, STR("</nav>\n"));
}

/* A second click on the column that sorts turns the order round. */
static void add_column(struct buf *out, const struct listing *l, int sort, const char *key,
                       const char *title)
{
    bool now = l->sort == sort, turn = now && !l->descending;
    const char *mark = !now ? "" : l->descending ? " ↓" : " ↑";
    const char *aria = !now ? "" : l->descending ? " aria-sort=\"descending\"" : " aria-sort=\"ascending\"";
    buf_addf(out, "<th scope=\"col\"%s><a href=\"?sort=%s&amp;order=%s\">%s%s</a></th>", aria, key,
             turn ? "desc" : "asc", title, mark);
}

static void begin_page(const struct exchange *x, struct listing *l)
{
    struct buf *out = &l->out;
    struct str path = x->path.decoded;
    buf_add(out, str_of(page_head, sizeof page_head - 1));
    buf_add_html(out, path);
    buf_add(out, str_of(page_style, sizeof page_style - 1));
    add_crumbs(out, path);
    if (l->more)
        buf_addf(out, "<p class=\"note\">This directory holds more than %d entries: not all are shown.</p>\n",
                 LISTING_MAX);
    buf_add(out, STR("<div class=\"card\"><table>\n<thead><tr>"));
    add_column(out, l, LISTING_BY_NAME, "name", "Name");
    add_column(out, l, LISTING_BY_SIZE, "size", "Size");
    add_column(out, l, LISTING_BY_TIME, "time", "Modified (UTC)");
    buf_add(out, STR("</tr></thead>\n<tbody>\n"));
    if (path.n > 1)
        buf_add(out, STR("<tr><td><svg class=\"i d\" aria-hidden=\"true\"><use href=\"#d\"/></svg>"
                         "<a href=\"../\" title=\"Parent directory\">..</a></td><td></td><td></td></tr>\n"));
}

static void add_size(struct buf *out, uint64_t size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;
    double v = (double)size;
    while (v >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        v /= 1024;
        unit++;
    }
    buf_addf(out, unit && v < 10 ? "%.1f %s" : "%.0f %s", v, units[unit]);
}

/* gmtime_r does pure arithmetic; a time out of its range is left out. */
static void add_time(struct buf *out, int64_t mtime, bool machine)
{
    struct tm tm;
    time_t t = (time_t)mtime;
    if (!gmtime_r(&t, &tm) || tm.tm_year < 0 || tm.tm_year >= 8100)
        return;
    buf_addf(out, "%04d-%02d-%02d%c%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
             machine ? 'T' : ' ', tm.tm_hour, tm.tm_min);
    if (machine)
        buf_addf(out, ":%02dZ", tm.tm_sec);
}

static void add_row(struct buf *out, const struct listing *l, const struct listing_entry *e)
{
    struct str name = listing_name(l, e);
    buf_addf(out, "<tr><td><svg class=\"i%s\" aria-hidden=\"true\"><use href=\"#%s\"/></svg><a href=\"./",
             e->directory ? " d" : "", e->directory ? "d" : "f");
    add_href(out, name);
    buf_addf(out, "%s\">", e->directory ? "/" : "");
    buf_add_html(out, name);
    buf_addf(out, "%s</a></td><td>", e->directory ? "/" : "");
    if (!e->directory)
        add_size(out, e->size);
    buf_add(out, STR("</td><td><time datetime=\""));
    add_time(out, e->mtime, true);
    buf_add(out, STR("\">"));
    add_time(out, e->mtime, false);
    buf_add(out, STR("</time></td></tr>\n"));
}

static void end_page(struct listing *l)
{
    if (l->n == 0)
        buf_add(&l->out, STR("<tr><td class=\"none\" colspan=\"3\">This directory is empty.</td></tr>\n"));
    buf_add(&l->out, STR("</tbody></table></div>\n"));
    if (l->n)
        buf_addf(&l->out, "<footer>%zu %s%s</footer>\n", l->n, l->n == 1 ? "entry" : "entries",
                 l->more ? " of more" : "");
    buf_add(&l->out, STR("</main>\n</body>\n</html>\n"));
}

static void begin_json(const struct exchange *x, struct listing *l)
{
    buf_add(&l->out, STR("{\"path\":\""));
    buf_add_json(&l->out, x->path.decoded);
    buf_addf(&l->out, "\",\"more\":%s,\"entries\":[", l->more ? "true" : "false");
}

static void add_json(struct buf *out, const struct listing *l, const struct listing_entry *e)
{
    buf_add(out, l->at ? STR(",\n{\"name\":\"") : STR("\n{\"name\":\""));
    buf_add_json(out, listing_name(l, e));
    buf_addf(out, "\",\"type\":\"%s\",", e->directory ? "directory" : "file");
    if (!e->directory)
        buf_addf(out, "\"size\":%llu,", (unsigned long long)e->size);
    buf_add(out, STR("\"modified\":\""));
    add_time(out, e->mtime, true);
    buf_add(out, STR("\"}"));
}

/* A row's name is at most 255 bytes, sixfold in JSON or HTML and threefold in a path, of which each
 * byte may become six in HTML again: less than 8 KiB. */
#define ROW_MAX 8192

void listing_page_next(const struct exchange *x, struct listing *l)
{
    struct buf *out = &l->out;
    if (!l->begun) {
        l->json ? begin_json(x, l) : begin_page(x, l);
        l->begun = true;
    }
    for (; l->at < l->n && out->n + ROW_MAX < LISTING_CHUNK; l->at++) {
        const struct listing_entry *e = listing_next(l);
        l->json ? add_json(out, l, e) : add_row(out, l, e);
    }
    if (l->at < l->n || out->n + 1024 > LISTING_CHUNK)
        return;
    l->json ? buf_add(out, STR("\n]}\n")) : end_page(l);
    l->ended = true;
}
