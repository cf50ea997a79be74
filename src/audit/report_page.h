/* A page of a terminal: words are laid into lines that never get longer than its width, in inks that
 * vanish where there is no colour. Text is cleaned on its way (report_text.h): what is written here
 * may come from anybody. One column a code point. */
#ifndef AUDIT_REPORT_PAGE_H
#define AUDIT_REPORT_PAGE_H

#include "audit/report_format.h"

enum report_ink {
    INK_PLAIN,
    INK_BOLD,
    INK_DIM,
    INK_GOOD,
    INK_FAIR,  /* blue: low, or worth knowing */
    INK_WARN,  /* yellow */
    INK_BAD,   /* red */
    INK_WORST, /* white on red */
    INK_CODE,  /* cyan */
};

struct report_page {
    struct buf *out;     /* the caller's */
    unsigned width;      /* columns */
    unsigned indent;     /* where a new line begins; set between words, at most width / 2 */
    unsigned column;     /* used in this line */
    unsigned tab;        /* where the next word shall begin; 0: where it happens to */
    bool colour, glued;  /* glued: the next word needs no space before it */
    enum report_ink ink; /* as the terminal has it now */
};

void report_page_init(struct report_page *p, struct buf *out, unsigned width, bool colour);
void report_page_indent(struct report_page *p, unsigned columns);
/* Words, wrapped at white space; a word that fits in no line is broken. */
void report_page_words(struct report_page *p, enum report_ink ink, struct str text);
void report_page_z(struct report_page *p, enum report_ink ink, const char *text);
/* For short text of our own: cut at 511 bytes. */
void report_page_f(struct report_page *p, enum report_ink ink, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* As words, but no longer than the rest of the line: cut with an ellipsis. */
void report_page_rest(struct report_page *p, enum report_ink ink, struct str text);
/* Lines that keep their spaces, one '\n' between; broken at a space if there is one. */
void report_page_code(struct report_page *p, enum report_ink ink, struct str text);
/* The next word begins in this column, if the line is not there yet and 16 are left behind it. */
void report_page_to(struct report_page *p, unsigned column);
/* What another page as narrow as what is left of this line has drawn, as it is; fills the line. */
void report_page_raw(struct report_page *p, struct str drawn);
void report_page_line(struct report_page *p);  /* ends the line if anything is in it */
void report_page_blank(struct report_page *p); /* and an empty one */
void report_page_rule(struct report_page *p, const char *title); /* "── Title ─────" */

#endif
