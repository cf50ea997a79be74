/* The configuration language's words; see lex.h. `;`, `{`, `}` and space end a bare word, `#` begins
 * a comment only where a word could begin (so URLs with a fragment need no quotes). Quoted text ends
 * on the line it began on: a forgotten quote then costs one line and not the rest of the file. */
#include "config/lex.h"

void lex_init(struct lex *l, struct str text)
{
    *l = (struct lex){.text = text, .line = 1, .column = 1};
    if (str_starts(text, STR("\xef\xbb\xbf")))
        l->at = 3;
}

static int peek(const struct lex *l)
{
    return l->at < l->text.n ? (unsigned char)l->text.p[l->at] : -1;
}

static void step(struct lex *l)
{
    unsigned char c = (unsigned char)l->text.p[l->at++];
    if (c == '\n') {
        l->line++;
        l->column = 1;
    } else if ((c & 0xc0) != 0x80) { /* not a UTF-8 continuation byte */
        l->column++;
    }
}

static bool is_space(int c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_control(int c)
{
    return (c >= 0 && c < 0x20 && !is_space(c)) || c == 0x7f;
}

static bool ends_word(int c)
{
    return c < 0 || is_space(c) || is_control(c) || c == ';' || c == '{' || c == '}' || c == '"';
}

static struct lex_token bad(struct lex_token t, const char *why, const char *hint)
{
    t.type = LEX_BAD;
    t.why = why;
    t.hint = hint;
    return t;
}

static struct lex_token cut(const struct lex *l, size_t start, struct lex_token t)
{
    t.raw = str_sub(l->text, start, l->at - start);
    return t;
}

/* To the end of what a reader takes for one word: so one slip is told once. */
static struct lex_token bad_word(struct lex *l, size_t start, struct lex_token t, const char *why,
                                 const char *hint)
{
    while (!ends_word(peek(l)) || peek(l) == '"')
        step(l);
    return bad(cut(l, start, t), why, hint);
}

static struct lex_token comment(struct lex *l, struct lex_token t)
{
    size_t start = l->at;
    while (peek(l) >= 0 && peek(l) != '\n')
        step(l);
    t = cut(l, start, t);
    while (t.raw.n && is_space((unsigned char)t.raw.p[t.raw.n - 1]))
        t.raw.n--;
    t.type = LEX_COMMENT;
    return t;
}

static struct lex_token unclosed(struct lex_token t)
{
    t.unclosed = true;
    return bad(t, "quoted text is not closed",
               "put `\"` at its end; a line break inside is written `\\n`");
}

/* Behind the opening quote; reads to the closing one or the end of the line. */
static struct lex_token quoted(struct lex *l, struct lex_token t)
{
    size_t start = l->at;
    const char *why = NULL, *hint = NULL;
    step(l);
    for (int c; (c = peek(l)) != '"'; step(l)) {
        if (c < 0 || c == '\n')
            return unclosed(cut(l, start, t));
        if (is_control(c)) {
            why = "control character in quoted text";
            hint = "only \\n, \\t, \\\" and \\\\ are known as escapes";
        }
        if (c != '\\')
            continue;
        step(l);
        c = peek(l);
        if (c < 0 || c == '\n')
            return unclosed(cut(l, start, t));
        if (c != 'n' && c != 't' && c != '"' && c != '\\') {
            why = "unknown escape in quoted text";
            hint = "only \\n, \\t, \\\" and \\\\ are known";
        }
    }
    step(l);
    t = cut(l, start, t);
    t.type = LEX_QUOTED;
    if (!ends_word(peek(l)) || peek(l) == '"')
        return bad_word(l, start, t, "text directly behind a closing quote",
                        "put a space between, or the whole word in quotes");
    return why ? bad(t, why, hint) : t;
}

static struct lex_token word(struct lex *l, struct lex_token t)
{
    size_t start = l->at;
    while (!ends_word(peek(l)))
        step(l);
    t = cut(l, start, t);
    t.type = LEX_WORD;
    if (peek(l) == '"')
        return bad_word(l, start, t, "quote inside a word", "put the whole word in quotes");
    return t;
}

struct lex_token lex_next(struct lex *l)
{
    struct lex_token t = {.type = LEX_END};
    while (is_space(peek(l))) {
        t.newlines += peek(l) == '\n';
        step(l);
    }
    t.line = l->line;
    t.column = l->column;
    int c = peek(l);
    size_t start = l->at;
    if (c < 0)
        return t;
    if (c == '#')
        return comment(l, t);
    if (c == '"')
        return quoted(l, t);
    if (!is_control(c) && !ends_word(c))
        return word(l, t);
    step(l);
    t = cut(l, start, t);
    t.type = c == '{' ? LEX_OPEN : c == '}' ? LEX_CLOSE : LEX_SEMI;
    if (is_control(c)) {
        t = bad(t, "control character", "remove it; is this a text file?");
        t.type = LEX_CONTROL;
    }
    return t;
}

size_t lex_unquote(struct str raw, char *out)
{
    size_t n = 0;
    for (size_t i = 1; i + 1 < raw.n; i++) {
        char c = raw.p[i];
        if (c == '\\' && i + 2 < raw.n) {
            c = raw.p[++i];
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        out[n++] = c;
    }
    return n;
}

bool lex_needs_quotes(struct str s)
{
    if (s.n == 0 || s.p[0] == '#')
        return true;
    for (size_t i = 0; i < s.n; i++)
        if (ends_word((unsigned char)s.p[i]))
            return true;
    return false;
}
