/* `gate443 fmt`: the text with even indentation, comments kept. Works on words and not on the tree,
 * since a tree has lost the comments; so it also formats what the tables do not know. Line breaks
 * within a directive stay: joining lines would hide a missing `;`. Formatting twice changes
 * nothing. */
#include "config/lex.h"
#include "config/load.h"
#include "config/parse.h"

#include <stdlib.h>

#define WIDTH 100 /* columns; a directive that is longer goes on in the next line, indented twice */

struct formatter {
    struct buf *out;
    unsigned depth;
    unsigned column;    /* 0: at the begin of a line */
    unsigned read_to;   /* column in the text where the last token ended */
    bool broken;        /* the line of the text became several */
    uint32_t comment_line, comment_column; /* in the text, of the last comment behind something */
    bool in_directive;  /* words of one were written, its end was not */
    bool any;           /* something was written */
    bool after_open;    /* a blank line right behind `{` is dropped */
};

static unsigned width_of(struct str s)
{
    unsigned n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

static void put(struct formatter *f, struct str s)
{
    buf_add(f->out, s);
    f->column += width_of(s);
    f->any = true;
}

static void line_end(struct formatter *f)
{
    if (f->column)
        buf_addc(f->out, '\n');
    f->broken |= f->column > 0;
    f->column = 0;
}

static void indent(struct formatter *f, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        put(f, STR("    "));
}

/* A new line for something; one blank line before it is kept if there were any. */
static void line_begin(struct formatter *f, uint32_t newlines)
{
    line_end(f);
    if (newlines > 1 && f->any && !f->after_open && !f->in_directive)
        buf_addc(f->out, '\n');
    f->after_open = false;
    indent(f, f->depth + (f->in_directive ? 2 : 0));
}

static void put_word(struct formatter *f, const struct lex_token *t)
{
    if (!f->in_directive)
        line_begin(f, t->newlines);
    else if (t->newlines || f->column == 0 || f->column + 1 + width_of(t->raw) >= WIDTH)
        line_begin(f, 0);
    else
        put(f, STR(" "));
    put(f, t->raw);
    f->in_directive = true;
}

/* Comments with more than a space in front, or below such another, were put where they are by hand:
 * they stay there. */
static void put_gap(struct formatter *f, const struct lex_token *t)
{
    bool below = t->line == f->comment_line + 1 && t->column == f->comment_column;
    bool by_hand = !f->broken && (below || t->column > f->read_to + 1);
    do
        put(f, STR(" "));
    while (by_hand && f->column + 1 < t->column);
    f->comment_line = t->line;
    f->comment_column = t->column;
}

/* At the end of the line it stood on, or alone. A comment ends its line, so words of an unfinished
 * directive go on in the next. */
static void put_comment(struct formatter *f, const struct lex_token *t)
{
    if (t->newlines == 0 && f->any && f->column)
        put_gap(f, t);
    else if (t->newlines || !f->any)
        line_begin(f, t->newlines);
    put(f, t->raw);
    buf_addc(f->out, '\n');
    f->column = 0;
    f->after_open = false;
}

static void put_close(struct formatter *f)
{
    line_end(f);
    f->depth -= f->depth > 0;
    f->after_open = false;
    indent(f, f->depth);
    put(f, STR("}"));
}

static void put_token(struct formatter *f, const struct lex_token *t)
{
    switch (t->type) {
    case LEX_WORD:
    case LEX_QUOTED: put_word(f, t); break;
    case LEX_COMMENT: put_comment(f, t); break;
    case LEX_SEMI:
        if (!f->in_directive) /* `};` */
            break;
        if (f->column == 0)
            line_begin(f, 0);
        put(f, STR(";"));
        f->in_directive = false;
        break;
    case LEX_OPEN:
        if (f->column == 0)
            line_begin(f, 0);
        else
            put(f, STR(" "));
        put(f, STR("{"));
        f->in_directive = false;
        f->after_open = true;
        f->depth++;
        break;
    case LEX_CLOSE: put_close(f); break;
    case LEX_END:
    case LEX_CONTROL:
    case LEX_BAD: break;
    }
}

static void write_all(struct str text, struct buf *out)
{
    struct formatter f = {.out = out};
    struct lex lex;
    struct lex_token t;
    lex_init(&lex, text);
    while ((t = lex_next(&lex)).type != LEX_END) {
        put_token(&f, &t);
        if (t.newlines)
            f.broken = false;
        f.read_to = t.column + width_of(t.raw);
    }
    line_end(&f);
}

/* A text with mistakes in its form is told about and not formatted. */
int config_format(const char *name, struct str text, struct buf *out, struct buf *errors)
{
    struct diag_list *d = calloc(1, sizeof *d);
    struct arena arena;
    struct parse_node *list;
    struct diag_file file = {.name = name, .text = text};
    if (!d)
        return -ERR_NOMEM;
    arena_init(&arena, 64 << 10, 512u << 20);
    d->arena = &arena;
    int err = parse_text(&arena, &file, d, &list);
    diag_print(d, false, errors);
    if (!err && d->errors)
        err = -ERR_CONFIG;
    if (!err)
        write_all(text, out);
    arena_done(&arena);
    free(d);
    return err ? err : buf_ok(out) ? 0 : -ERR_NOMEM;
}
