/* What a client sees instead of an answer: the built-in page, as HTML, JSON or text. */
#ifndef HTTP_ERROR_PAGE_H
#define HTTP_ERROR_PAGE_H

#include "base/buf.h"
#include "wire/head.h"

#define ERROR_PAGE_MAX 4096

enum error_form { ERROR_FORM_HTML, ERROR_FORM_JSON, ERROR_FORM_TEXT };

/* By the request's Accept (RFC 9110 12.5.1); HTML unless the client prefers another. */
enum error_form error_page_form(const struct head *req);
struct str error_page_type(enum error_form form); /* Content-Type */
/* The page for a status; nothing in it comes from the request. Appends at most ERROR_PAGE_MAX bytes. */
void error_page_render(struct buf *out, enum error_form form, unsigned status);
/* Content-Security-Policy of the HTML form: permits its own style element and nothing else. */
struct str error_page_csp(void);

#endif
