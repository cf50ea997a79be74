/* The living line; see report_progress.h. */
#include "audit/report_progress.h"

#include "audit/report_page.h"

#define BAR 20 /* columns of the bar, where there is room */

static unsigned columns_of(const struct format_options *o)
{
    unsigned width = o->width < 40 ? 40 : o->width > 240 ? 240 : o->width;
    return width - 1; /* the last column would make some terminals begin a new line */
}

static void fill(struct buf *out, unsigned n)
{
    while (n--)
        buf_addc(out, ' ');
}

/* In eighths of a column; what is planned grows while it runs, so the bar may go back a little. */
static void add_bar(struct report_page *p, const struct audit_progress *a)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    uint32_t known = a->known ? a->known : 1, done = a->done < known ? a->done : known;
    unsigned full = (unsigned)((uint64_t)done * BAR * 8 / known);
    struct buf bar;
    buf_init(&bar, 8 * BAR);
    for (unsigned i = 0; i < full / 8; i++)
        buf_add(&bar, STR("█"));
    buf_add(&bar, str_c(eighths[full % 8]));
    report_page_words(p, INK_GOOD, buf_str(&bar));
    buf_clear(&bar);
    for (unsigned i = full / 8 + (full % 8 > 0); i < BAR; i++)
        buf_add(&bar, STR("·"));
    p->glued = full > 0;
    report_page_words(p, INK_DIM, buf_str(&bar));
    buf_done(&bar);
}

void report_progress_draw(struct buf *out, const struct audit_progress *p, unsigned frame,
                          const struct format_options *o)
{
    static const char *const spinner[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
    struct report_page page;
    buf_addc(out, '\r');
    report_page_init(&page, out, columns_of(o), o->colour);
    report_page_z(&page, INK_GOOD, spinner[frame % (sizeof spinner / sizeof *spinner)]);
    if (page.width >= 60)
        add_bar(&page, p);
    report_page_f(&page, INK_BOLD, "%u/%u", p->done, p->known);
    if (page.column + 2 < page.width)
        report_page_rest(&page, INK_DIM, str_c(p->doing ? p->doing : ""));
    if (page.colour && page.ink != INK_PLAIN)
        buf_add(out, STR("\033[0m"));
    fill(out, page.width - page.column);
}

void report_progress_erase(struct buf *out, const struct format_options *o)
{
    buf_addc(out, '\r');
    fill(out, columns_of(o));
    buf_addc(out, '\r');
}
