/* Words into lines; see report_page.h. Ink is told to the terminal only when it changes and is put
 * back at each line's end, so that any line can be shown alone, beside another, or be cut off. */
#include "audit/report_page.h"

#include "audit/report_text.h"

#include <stdio.h>

static const char *const inks[] = {
    [INK_PLAIN] = "\033[0m",    [INK_BOLD] = "\033[0;1m",        [INK_DIM] = "\033[0;2m",
    [INK_GOOD] = "\033[0;32m",  [INK_FAIR] = "\033[0;34m",       [INK_WARN] = "\033[0;33m",
    [INK_BAD] = "\033[0;1;31m", [INK_WORST] = "\033[0;1;97;41m", [INK_CODE] = "\033[0;36m",
};

void report_page_init(struct report_page *p, struct buf *out, unsigned width, bool colour)
{
    *p = (struct report_page){.out = out, .width = width, .colour = colour, .glued = true};
}

void report_page_indent(struct report_page *p, unsigned columns)
{
    p->indent = columns < p->width / 2 ? columns : p->width / 2;
}

static void dip(struct report_page *p, enum report_ink ink)
{
    if (p->colour && ink != p->ink)
        buf_add(p->out, str_c(inks[ink]));
    p->ink = ink;
}

static void end_line(struct report_page *p)
{
    dip(p, INK_PLAIN);
    buf_addc(p->out, '\n');
    p->column = p->tab = 0;
    p->glued = true;
}

void report_page_line(struct report_page *p)
{
    p->tab = 0;
    if (p->column)
        end_line(p);
}

void report_page_blank(struct report_page *p)
{
    report_page_line(p);
    end_line(p);
}

static void pad(struct report_page *p, unsigned column)
{
    for (; p->column < column; p->column++)
        buf_addc(p->out, ' ');
}

void report_page_to(struct report_page *p, unsigned column)
{
    if (column + 16 <= p->width)
        p->tab = column;
}

/* Spaces up to where the next word shall begin, if that is still ahead. */
static void keep_tab(struct report_page *p)
{
    if (p->tab > p->column) {
        dip(p, INK_PLAIN);
        pad(p, p->tab);
        p->glued = true;
    }
    p->tab = 0;
}

void report_page_raw(struct report_page *p, struct str drawn)
{
    keep_tab(p);
    buf_add(p->out, drawn);
    p->column = p->width;
}

/* Where the next word goes: behind a space, or, if that leaves less than `need` columns, in a new
 * line. */
static void make_room(struct report_page *p, enum report_ink ink, size_t need)
{
    if (p->tab > p->indent && p->tab + need > p->width)
        p->tab = 0; /* it goes into the next line anyway */
    keep_tab(p);
    unsigned gap = p->glued ? 0 : 1;
    if (p->column > p->indent && p->column + gap + need > p->width)
        end_line(p);
    if (p->column == 0) {
        dip(p, INK_PLAIN);
        pad(p, p->indent);
    } else if (!p->glued) {
        dip(p, p->ink == ink ? ink : INK_PLAIN); /* no bar of colour between two */
        pad(p, p->column + 1);
    }
    dip(p, ink);
    p->glued = false;
}

static void add_letters(struct report_page *p, enum report_ink ink, struct str word)
{
    while (word.n) {
        if (p->column == p->width) {
            end_line(p);
            make_room(p, ink, 1);
        }
        buf_add(p->out, report_text_next(&word));
        p->column++;
    }
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

void report_page_words(struct report_page *p, enum report_ink ink, struct str text)
{
    size_t i = 0;
    while (i < text.n) {
        size_t begin = i;
        while (i < text.n && !is_space(text.p[i]))
            i++;
        struct str word = str_sub(text, begin, i - begin);
        if (word.n) {
            make_room(p, ink, report_text_width(word));
            add_letters(p, ink, word);
        }
        i++;
    }
}

void report_page_z(struct report_page *p, enum report_ink ink, const char *text)
{
    report_page_words(p, ink, str_c(text));
}

void report_page_f(struct report_page *p, enum report_ink ink, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t kept = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    report_page_words(p, ink, str_of(text, kept));
}

void report_page_rest(struct report_page *p, enum report_ink ink, struct str text)
{
    if (text.n == 0)
        return;
    make_room(p, ink, 1);
    size_t room = p->width - p->column;
    struct str rest = text;
    size_t n = 0;
    while (rest.n && n <= room) {
        (void)report_text_next(&rest);
        n++;
    }
    for (size_t i = 0; i < (n <= room ? n : room - 1); i++) {
        struct str c = report_text_next(&text);
        buf_add(p->out, is_space(c.p[0]) ? STR(" ") : c);
    }
    if (n > room)
        buf_add(p->out, STR("…"));
    p->column += (unsigned)(n <= room ? n : room);
}

/* Columns up to the end of the word that follows a run of spaces. */
static size_t next_word(struct str line)
{
    size_t i = 0;
    while (i < line.n && line.p[i] == ' ')
        i++;
    return i + report_text_width(str_sub(line, i, str_find(line, ' ', i) - i));
}

static void add_code_line(struct report_page *p, enum report_ink ink, struct str line)
{
    bool begun = false; /* the spaces that it begins with stay */
    while (line.n) {
        if (begun && line.p[0] == ' ' && p->column + next_word(line) > p->width) {
            end_line(p);
            make_room(p, ink, 1);
            while (line.n && line.p[0] == ' ')
                line = str_from(line, 1);
            begun = false;
            continue;
        }
        struct str c = report_text_next(&line);
        begun = begun || c.p[0] != ' ';
        add_letters(p, ink, c.p[0] == '\t' ? STR("    ") : c);
    }
}

void report_page_code(struct report_page *p, enum report_ink ink, struct str text)
{
    struct str line;
    while (text.p && str_split(&text, '\n', &line)) {
        make_room(p, ink, 1);
        add_code_line(p, ink, line);
        report_page_line(p);
    }
}

void report_page_rule(struct report_page *p, const char *title)
{
    report_page_blank(p);
    report_page_indent(p, 0);
    report_page_z(p, INK_DIM, "──");
    report_page_words(p, INK_BOLD, str_c(title));
    if (p->column + 2 <= p->width) {
        dip(p, INK_PLAIN);
        pad(p, p->column + 1);
        dip(p, INK_DIM);
    }
    for (; p->column < p->width; p->column++)
        buf_add(p->out, STR("─"));
    report_page_line(p);
}
