/* Text → tree; see parse.h. Recursive descent, the depth is bounded. After a mistake it continues
 * as a person would read it: a directive cut off by `}` or the end counts as ended. */
#include "config/parse.h"

#include "config/lex.h"

struct parser {
    struct lex lex;
    struct lex_token token; /* the one not yet used */
    struct arena *arena;
    const struct diag_file *file;
    struct diag_list *d;
    struct lex_token last; /* the last word, for "missing ;" */
    /* `}` that a quote which was never closed took with it. Those of blocks that began in its line
     * are taken for ends of blocks, and as many may turn up again later. */
    size_t swallowed, forgiven;
    uint32_t swallowed_line, open_line; /* of that quote; of the block being read */
    bool failed;           /* out of memory */
};

static struct diag_place place_of(const struct parser *p, const struct lex_token *t)
{
    uint32_t width = 0;
    for (size_t i = 0; i < t->raw.n; i++)
        width += ((unsigned char)t->raw.p[i] & 0xc0) != 0x80;
    return (struct diag_place){p->file, t->line, t->column, width ? width : 1};
}

static void error_at(struct parser *p, const struct lex_token *t, const char *hint,
                     const char *message)
{
    diag_add(p->d, false, place_of(p, t), hint, "%s", message);
}

static void advance(struct parser *p)
{
    for (;;) {
        p->token = lex_next(&p->lex);
        bool control = p->token.type == LEX_CONTROL;
        if (p->token.type == LEX_BAD || control)
            error_at(p, &p->token, p->token.hint, p->token.why);
        if (p->token.type != LEX_COMMENT && !control)
            return;
    }
}

static bool is_word(const struct lex_token *t) /* a bad one counts: it was told already */
{
    return t->type == LEX_WORD || t->type == LEX_QUOTED || t->type == LEX_BAD;
}

static struct parse_word make_word(struct parser *p)
{
    const struct lex_token *t = &p->token;
    struct diag_place at = place_of(p, t);
    struct parse_word w = {t->raw, at.line, at.column, at.width, t->type == LEX_QUOTED};
    char *out = arena_alloc(p->arena, t->raw.n + 1);
    p->failed |= !out;
    if (!out) {
        w.text = STR_NONE;
        return w;
    }
    size_t n = t->type == LEX_QUOTED ? lex_unquote(t->raw, out) : t->raw.n;
    if (n && t->type != LEX_QUOTED)
        memcpy(out, t->raw.p, n);
    out[n] = '\0';
    w.text = str_of(out, n);
    return w;
}

/* A quote that is never closed takes the rest of its line, which was not meant so: it ended there. */
static bool swallowed_end(struct parser *p)
{
    bool end = false;
    if (!p->token.unclosed)
        return false;
    p->swallowed_line = p->token.line;
    for (size_t i = 0; i < p->token.raw.n; i++) {
        end |= p->token.raw.p[i] == ';';
        p->swallowed += p->token.raw.p[i] == '}';
    }
    return end;
}

static void read_words(struct parser *p, struct parse_node *node)
{
    size_t cap = 0;
    for (; is_word(&p->token) && !p->failed; advance(p)) {
        p->last = p->token;
        if (node->nwords == PARSE_WORDS_MAX) {
            error_at(p, &p->token, "is a `;` missing?", "too many words in one directive");
            while (is_word(&p->token))
                advance(p);
            return;
        }
        if (node->nwords == cap) {
            cap = cap ? cap * 2 : 4;
            struct parse_word *more = arena_alloc(p->arena, cap * sizeof *more);
            p->failed |= !more;
            if (!more)
                return;
            if (node->nwords)
                memcpy(more, node->words, node->nwords * sizeof *more);
            node->words = more;
        }
        node->words[node->nwords++] = make_word(p);
        if (p->token.type == LEX_BAD) {
            node->bad = true;
            if (swallowed_end(p)) {
                advance(p);
                p->last.type = LEX_SEMI;
                return;
            }
        }
    }
}

static void missing_semicolon(struct parser *p)
{
    struct diag_place at = place_of(p, &p->last);
    if (p->last.type == LEX_BAD) /* told already: a quote that swallowed the `;` */
        return;
    at.column += at.width;
    at.width = 1;
    diag_add(p->d, false, at, "end the directive with `;`", "missing `;`");
}

static struct parse_node *read_list(struct parser *p, unsigned depth);

static void skip_block(struct parser *p)
{
    for (size_t open = 1; open && p->token.type != LEX_END; advance(p)) {
        open += p->token.type == LEX_OPEN;
        open -= p->token.type == LEX_CLOSE;
    }
}

static bool is_swallowed(const struct parser *p)
{
    return p->swallowed && p->swallowed_line == p->open_line;
}

static void read_block(struct parser *p, struct parse_node *node, unsigned depth)
{
    struct lex_token open = p->token;
    node->block = true;
    advance(p);
    if (depth + 1 > PARSE_DEPTH_MAX) {
        error_at(p, &open, NULL, "blocks are nested too deeply");
        skip_block(p);
        return;
    }
    uint32_t outer = p->open_line;
    p->open_line = open.line;
    node->children = read_list(p, depth + 1);
    bool swallowed = is_swallowed(p);
    p->open_line = outer;
    if (swallowed || (p->token.type != LEX_CLOSE && p->swallowed)) {
        p->swallowed--;
        p->forgiven++;
        return;
    }
    if (p->token.type != LEX_CLOSE) {
        error_at(p, &open, "add a `}`", "this `{` is never closed");
        return;
    }
    advance(p);
    if (p->token.type == LEX_SEMI) /* `};` is a habit from C: harmless */
        advance(p);
}

static struct parse_node *read_node(struct parser *p, unsigned depth)
{
    struct parse_node *node = arena_zalloc(p->arena, sizeof *node);
    p->failed |= !node;
    if (!node)
        return NULL;
    node->file = p->file;
    read_words(p, node);
    if (p->failed)
        return NULL;
    if (p->last.type == LEX_SEMI)
        return node;
    if (p->token.type == LEX_OPEN)
        read_block(p, node, depth);
    else if (p->token.type == LEX_SEMI)
        advance(p);
    else
        missing_semicolon(p);
    return node;
}

static struct parse_node *read_list(struct parser *p, unsigned depth)
{
    struct parse_node *first = NULL, **tail = &first;
    while (!p->failed && p->token.type != LEX_END) {
        if (depth > 0 && is_swallowed(p))
            break;
        if (is_word(&p->token)) {
            struct parse_node *node = read_node(p, depth);
            *tail = node;
            tail = node ? &node->next : tail;
        } else if (p->token.type == LEX_CLOSE && depth > 0) {
            break;
        } else if (p->token.type == LEX_CLOSE && p->forgiven) {
            p->forgiven--;
            advance(p);
        } else if (p->token.type == LEX_CLOSE) {
            error_at(p, &p->token, "remove it, or look for a `{` that is missing before",
                     "`}` without `{`");
            advance(p);
        } else if (p->token.type == LEX_OPEN) {
            error_at(p, &p->token, "put the name of a directive in front", "block without a name");
            struct parse_node nameless = {.file = p->file};
            read_block(p, &nameless, depth);
        } else {
            error_at(p, &p->token, "remove it", "`;` without a directive");
            advance(p);
        }
    }
    return first;
}

int parse_text(struct arena *arena, const struct diag_file *file, struct diag_list *d,
               struct parse_node **ret)
{
    struct parser p = {.arena = arena, .file = file, .d = d};
    if (file->text.n > PARSE_TEXT_MAX) {
        diag_add(d, false, (struct diag_place){file, 1, 1, 1}, NULL, "larger than %u MiB",
                 PARSE_TEXT_MAX >> 20);
        return -ERR_LIMIT;
    }
    lex_init(&p.lex, file->text);
    advance(&p);
    struct parse_node *first = read_list(&p, 0);
    if (p.failed)
        return -ERR_NOMEM;
    *ret = first;
    return 0;
}

struct diag_place parse_place(const struct parse_node *node, size_t word)
{
    if (node->nwords == 0)
        return (struct diag_place){node->file, 1, 1, 1};
    if (word >= node->nwords) { /* right behind the last word: where something is missing */
        const struct parse_word *w = &node->words[node->nwords - 1];
        return (struct diag_place){node->file, w->line, w->column + w->width, 1};
    }
    const struct parse_word *w = &node->words[word];
    return (struct diag_place){node->file, w->line, w->column, w->width};
}
