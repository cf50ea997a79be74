/* Text → tree of directives, each word with its place. Knows no directive by name. */
#ifndef CONFIG_PARSE_H
#define CONFIG_PARSE_H

#include "config/diag.h"

#define PARSE_TEXT_MAX (8u << 20) /* bytes of one file */
#define PARSE_DEPTH_MAX 16
#define PARSE_WORDS_MAX 4096 /* of one directive */

struct parse_word {
    struct str text; /* unquoted; NUL behind it, since some go to the system as they are */
    uint32_t line, column, width;
    bool quoted;
};

/* Lives in the arena given to parse_text. */
struct parse_node {
    const struct diag_file *file;
    struct parse_word *words; /* [0] is the directive */
    size_t nwords;
    struct parse_node *children; /* first of the block's, in the order of the text */
    struct parse_node *next;
    bool block; /* { … } rather than ; */
    bool bad;   /* a word of it was told about: what else is wrong with it may follow from that */
};

/* First directive of the file or NULL. Every mistake is added to `d` and reading goes on behind it.
 * -ERR_LIMIT (told too), -ERR_NOMEM. */
int must_use parse_text(struct arena *arena, const struct diag_file *file, struct diag_list *d,
                        struct parse_node **ret);
struct diag_place parse_place(const struct parse_node *node, size_t word);

#endif
