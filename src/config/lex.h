/* The configuration language's words: pure, over one text. */
#ifndef CONFIG_LEX_H
#define CONFIG_LEX_H

#include "base/str.h"

enum lex_type {
    LEX_END,
    LEX_WORD,    /* bare word */
    LEX_QUOTED,  /* "text", raw slice with its quotes */
    LEX_OPEN,    /* { */
    LEX_CLOSE,   /* } */
    LEX_SEMI,    /* ; */
    LEX_COMMENT, /* # to the end of its line, without trailing space */
    LEX_CONTROL, /* a control character: told like LEX_BAD, and no word */
    LEX_BAD,     /* a word that is not part of the language: `why` and `hint` say it; reading can go on */
};

struct lex_token {
    enum lex_type type;
    struct str raw;        /* of the text */
    uint32_t line, column; /* from 1; columns count UTF-8 characters */
    uint32_t newlines;     /* line ends between the token before and this one */
    const char *why, *hint; /* LEX_BAD, LEX_CONTROL */
    bool unclosed;          /* LEX_BAD: a quote without its end; raw is the rest of the line */
};

/* A value; lives on its user's stack. */
struct lex {
    struct str text; /* borrowed */
    size_t at;
    uint32_t line, column;
};

void lex_init(struct lex *l, struct str text); /* skips a byte order mark */
struct lex_token lex_next(struct lex *l);
/* Bytes that the inside of a quoted token stands for, written to out (raw.n bytes suffice).
 * Returns their number. The token came from lex_next, so its escapes are known to be valid. */
size_t lex_unquote(struct str raw, char *out);
/* Whether s must be quoted to stand as one word. */
bool lex_needs_quotes(struct str s);

#endif
