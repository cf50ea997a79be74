/* What a check says about several things at once: of each chain, field or address what is wrong, what
 * is fine and what could not be tested, put together as one finding. A fault outweighs what could not
 * be tested, and that outweighs what is fine. */
#ifndef AUDIT_CHECK_SAY_H
#define AUDIT_CHECK_SAY_H

#include "audit/cert_parse.h"
#include "audit/finding.h"

enum { SAY_CUT = 120, SAY_TEXT = 1536 };

/* Sentences with spaces between; what would not fit is only counted. */
struct say_part {
    char text[SAY_TEXT];
    size_t n;
    unsigned count, left_out;
};

struct say {
    struct finding *f;
    const char *prefix; /* of what the next sentence is about: "RSA 2048"; NULL: none */
    uint32_t evidence;  /* of it */
    struct say_part bad, fine, unknown;
    enum severity worst; /* of the bad ones */
};

void say_init(struct say *s, struct finding *f);
/* A sentence each; the same one is not said twice. */
void say_bad(struct say *s, enum severity severity, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void say_fine(struct say *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void say_unknown(struct say *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Ends the finding; with nothing said it is not testable, for `otherwise`. */
void say_end(struct say *s, const char *otherwise);

/* Text of strangers: at most SAY_CUT bytes, cut between code points, with "…" behind it; in the
 * finding's arena. "%.*s" with STR_ARG takes it. */
struct str say_cut(const struct finding *f, struct str s);
/* "2026-11-25", in the finding's arena. */
const char *say_date(const struct finding *f, int64_t seconds);
/* "a.example, b.example and 12 more". */
struct str say_names(const struct finding *f, const struct cert_list *names);

#endif
