/* What a browser would load from a page, without building one: a single pass over the bytes, as the
 * HTML standard's tokenizer (13.2.5) would cut them, that looks at a few elements only. Comments,
 * scripts, quotes, case, character references and unclosed tags are treated as there; what scripts
 * load later is out of sight.
 *
 * Bounded: each byte is looked at a constant number of times, and the result holds at most
 * HTML_REFS_MAX references. */
#ifndef AUDIT_HTML_SCAN_H
#define AUDIT_HTML_SCAN_H

#include "audit/html_text.h"
#include "base/arena.h"

#define HTML_REFS_MAX  32
#define HTML_METAS_MAX 16
#define HTML_TEXT_MAX  2048 /* bytes kept of one URL */

enum html_ref_kind {
    HTML_REF_SCRIPT,
    HTML_REF_STYLESHEET,
    HTML_REF_FRAME, /* iframe, frame, object, embed */
    HTML_REF_FORM,  /* form action, button formaction */
    HTML_REF_IMAGE, /* img, picture, video poster, input type=image, icons */
    HTML_REF_MEDIA, /* audio, video, source, track */
};

enum html_problem {
    HTML_MIXED_ACTIVE,   /* http: on an https page, of a kind that browsers block */
    HTML_MIXED_PASSIVE,  /* … that browsers upgrade or show with a warning */
    HTML_MIXED_FORM,     /* a form that sends over http: */
    HTML_FOREIGN_SCRIPT, /* of another site, without integrity */
    HTML_FOREIGN_STYLE,
};

struct html_ref { /* an example for a report */
    enum html_ref_kind kind;
    enum html_problem problem;
    struct str url; /* character references decoded, at most HTML_TEXT_MAX; in the arena */
    size_t at;      /* offset of the tag */
};

struct html_meta { /* <meta http-equiv> with a name that matters; <meta name=referrer> as well */
    struct str name, content; /* in the arena */
};

struct html_page {
    bool https;
    struct str host; /* without port */
};

/* Counts of elements. Everything is of the page as it came, <noscript> included. */
struct html_facts {
    bool any_tag;     /* else this is hardly HTML */
    unsigned scripts; /* <script>, with or without src */
    unsigned scripts_inline;
    unsigned scripts_own_integrity; /* same site, with integrity, over https */
    unsigned scripts_own_insecure;  /* same site by an http: URL, on an https page */
    unsigned scripts_foreign;       /* another site's, or "//host" (any site) */
    unsigned foreign_secure_integrity, foreign_secure_bare;     /* https: with, without integrity */
    unsigned foreign_insecure_integrity, foreign_insecure_bare; /* http: or "//host" */
    unsigned foreign_no_crossorigin; /* integrity without crossorigin: always fails */
    unsigned integrity_bad;          /* an integrity without a sha256-, sha384- or sha512- hash */
    unsigned styles_foreign, styles_foreign_integrity;
    unsigned mixed_active, mixed_passive, mixed_forms;
    unsigned handlers_inline;   /* on…= attributes, which a strict CSP breaks */
    unsigned passwords;         /* <input type=password> */
    unsigned passwords_exposed; /* … on a page over http, or in a form that sends over http: */
    bool base_http;             /* <base href="http:…">: relative URLs follow it */
    bool refresh_http;          /* meta refresh to an http: URL */
    struct html_ref refs[HTML_REFS_MAX];
    size_t nrefs;
    struct html_meta metas[HTML_METAS_MAX];
    size_t nmetas;
};

/* -ERR_NOMEM. The arena needs at most HTML_REFS_MAX + 2 * HTML_METAS_MAX times HTML_TEXT_MAX bytes. */
int must_use html_scan(struct html_facts *ret, struct arena *arena, const struct html_page *page,
                       struct str html);

#endif
