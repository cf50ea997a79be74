/* Collected mistakes; see diag.h. They are sorted by place before they are told, since the checks
 * run in an order of their own and a reader goes from top to bottom. */
#include "config/diag.h"

#include <stdio.h>
#include <stdlib.h>

#define LINE_SHOWN 160 /* characters of a source line that are worth showing */

void diag_addv(struct diag_list *d, bool warning, struct diag_place at, const char *hint,
               const char *format, va_list args)
{
    char text[1024];
    d->errors += !warning;
    if (d->n == DIAG_MAX) {
        d->dropped++;
        return;
    }
    vsnprintf(text, sizeof text, format, args);
    d->v[d->n] = (struct diag){
        .at = at,
        .warning = warning,
        .message = arena_str(d->arena, str_c(text)),
        .hint = hint ? arena_str(d->arena, str_c(hint)) : STR_NONE,
        .seq = d->n,
    };
    d->n++;
}

void diag_add(struct diag_list *d, bool warning, struct diag_place at, const char *hint,
              const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diag_addv(d, warning, at, hint, format, args);
    va_end(args);
}

static int compare_u32(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

static int compare(const void *x, const void *y)
{
    const struct diag *a = x, *b = y;
    int c = compare_u32(a->at.file ? a->at.file->order : 0, b->at.file ? b->at.file->order : 0);
    if (c == 0)
        c = compare_u32(a->at.line, b->at.line);
    if (c == 0)
        c = compare_u32(a->at.column, b->at.column);
    if (c == 0)
        c = a->seq < b->seq ? -1 : 1;
    return c;
}

static struct str source_line(struct str text, uint32_t line)
{
    struct str rest = text, piece = STR_NONE;
    for (uint32_t i = 0; i < line; i++)
        if (!str_split(&rest, '\n', &piece))
            return STR_NONE;
    if (piece.n && piece.p[piece.n - 1] == '\r')
        piece.n--;
    if (line == 1 && str_starts(piece, STR("\xef\xbb\xbf")))
        piece = str_from(piece, 3);
    return piece;
}

/* Behind the characters before that column (which begins at 1). */
static struct str from_column(struct str line, uint32_t column)
{
    size_t i = 0;
    for (uint32_t at = 0; i < line.n; i++)
        if (((unsigned char)line.p[i] & 0xc0) != 0x80 && ++at == column)
            break;
    return str_from(line, i);
}

/* Of a long line the part around the mistake. Tabs stay tabs under the line, so that the caret stands
 * right whatever their width. */
static void print_line(const struct diag *e, bool colour, struct buf *out)
{
    struct str line = source_line(e->at.file->text, e->at.line);
    if (line.n == 0)
        return;
    bool cut = e->at.column > LINE_SHOWN - 40;
    uint32_t first = cut ? e->at.column - LINE_SHOWN / 2 : 1, shown = 0, column = 1;
    uint32_t caret = e->at.column - first + 1;
    line = from_column(line, first);
    buf_addf(out, "%5u | %s", e->at.line, cut ? "… " : "");
    struct str head = str_sub(line, 0, 0);
    for (size_t i = 0; i < line.n && shown < LINE_SHOWN; i++) {
        unsigned char c = (unsigned char)line.p[i];
        if ((c & 0xc0) != 0x80 && ++shown == LINE_SHOWN)
            break;
        buf_addc(out, (c < 0x20 && c != '\t') || c == 0x7f ? '?' : (char)c);
        head.n = i + 1;
    }
    buf_addf(out, "\n      | %s", cut ? "  " : "");
    for (size_t i = 0; i < head.n && column < caret; i++)
        if (((unsigned char)head.p[i] & 0xc0) != 0x80) {
            buf_addc(out, head.p[i] == '\t' ? '\t' : ' ');
            column++;
        }
    if (colour)
        buf_add(out, STR("\x1b[1;32m"));
    buf_addc(out, '^');
    for (uint32_t i = 1; i < e->at.width && caret + i <= shown; i++)
        buf_addc(out, '~');
    buf_add(out, colour ? STR("\x1b[0m\n") : STR("\n"));
}

static void print_one(const struct diag *e, bool colour, struct buf *out)
{
    const char *kind = e->warning ? "warning" : "error";
    const char *on = !colour ? "" : e->warning ? "\x1b[1;33m" : "\x1b[1;31m";
    const char *off = colour ? "\x1b[0m" : "";
    if (!e->at.file) {
        buf_addf(out, "%s%s:%s %.*s\n", on, kind, off, STR_ARG(e->message));
        return;
    }
    buf_addf(out, "%s:%u:%u: %s%s:%s %.*s\n", e->at.file->name, e->at.line, e->at.column, on, kind,
             off, STR_ARG(e->message));
    for (const struct diag_file *f = e->at.file; f->includer; f = f->includer)
        buf_addf(out, "      included at %s:%u\n", f->includer->name, f->include_line);
    print_line(e, colour, out);
    if (e->hint.n)
        buf_addf(out, "hint: %.*s\n", STR_ARG(e->hint));
}

void diag_print(struct diag_list *d, bool colour, struct buf *out)
{
    qsort(d->v, d->n, sizeof d->v[0], compare);
    for (size_t i = 0; i < d->n; i++)
        print_one(&d->v[i], colour, out);
    if (d->dropped)
        buf_addf(out, "… and %zu more\n", d->dropped);
}
