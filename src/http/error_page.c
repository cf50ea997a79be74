/* The built-in error page; see error_page.h. Self-contained: it must show itself when nothing else of the site
 * works, so it loads nothing, and its policy permits one style element, by its hash. The test computes
 * that hash again. It names status, reason and what a person can do, never software or version. */
#include "http/error_page.h"

#include "wire/accept.h"

#define STYLE                                                                                      \
    ":root{color-scheme:light dark}"                                                               \
    "body{margin:0;min-height:100vh;display:grid;place-items:center;"                              \
    "font:17px/1.6 system-ui,sans-serif;color:#1d2733;background:#f5f7fa}"                         \
    "main{max-width:34rem;padding:2.5rem 2rem}"                                                    \
    "p.code{margin:0;font-size:5rem;line-height:1;font-weight:700;letter-spacing:-.03em;"          \
    "color:#1b6ac9}"                                                                               \
    "h1{margin:.6rem 0 .4rem;font-size:1.6rem;line-height:1.25}"                                   \
    "p.hint{margin:0;color:#4a5868}"                                                               \
    "@media(prefers-color-scheme:dark){body{color:#e6ebf2;background:#12171e}"                     \
    "p.code{color:#7db4ff}p.hint{color:#a7b4c4}}"

#define CSP_STYLE_HASH "sha256-MN1wwCqjRx4kSlPd/8w5TWNr1oEgvRSYfxUSV3mTLl8="

static const struct {
    uint16_t status;
    const char *hint;
} hints[] = {
    {400, "The browser or program sent a request that cannot be understood. Reloading the page or "
          "clearing the site's cookies may help."},
    {401, "You need to sign in to see this page."},
    {403, "You are not permitted to see this page."},
    {404, "There is no page at this address. Check it for typing mistakes, or begin at the front "
          "page."},
    {405, "This page cannot be used in that way."},
    {408, "The request took too long to arrive. Please try again."},
    {410, "This page is gone for good."},
    {412, "What you wanted to change has changed in the meantime. Reload it and try again."},
    {413, "What was sent is larger than this site accepts."},
    {414, "The address is longer than this site accepts."},
    {416, "The part that was asked for does not exist."},
    {421, "This address is not served over the present connection. Reloading the page should "
          "help."},
    {429, "Too many requests came from you in a short time. Wait a moment and try again."},
    {431, "The request's header fields are larger than this site accepts. Clearing the site's "
          "cookies may help."},
    {500, "Something went wrong here, not at your end. Please try again later."},
    {501, "This server does not know how to do that."},
    {502, "The service behind this site sent no usable answer. Please try again in a moment."},
    {503, "This site cannot answer just now. Please try again in a moment."},
    {504, "The service behind this site did not answer in time. Please try again in a moment."},
    {505, "This version of HTTP is not spoken here."},
};

static struct str hint_of(unsigned status)
{
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (hints[i].status == status)
            return str_c(hints[i].hint);
    return status >= 500 ? STR("Something went wrong here, not at your end. Please try again later.")
                         : STR("The request could not be answered.");
}

static struct str title_of(unsigned status)
{
    struct str reason = str_c(status_reason(status));
    return reason.n ? reason : STR("Error");
}

enum error_form error_page_form(const struct head *req)
{
    const struct field *accept = head_get(req, FIELD_ACCEPT);
    if (!accept || accept->value.n == 0)
        return ERROR_FORM_HTML;
    int html = accept_media(accept->value, STR("text/html"));
    int json = accept_media(accept->value, STR("application/json"));
    int text = accept_media(accept->value, STR("text/plain"));
    if (html >= json && html >= text)
        return ERROR_FORM_HTML;
    return json >= text ? ERROR_FORM_JSON : ERROR_FORM_TEXT;
}

struct str error_page_type(enum error_form form)
{
    return form == ERROR_FORM_JSON   ? STR("application/json")
           : form == ERROR_FORM_TEXT ? STR("text/plain; charset=utf-8")
                                     : STR("text/html; charset=utf-8");
}

struct str error_page_csp(void)
{
    return STR("default-src 'none'; style-src '" CSP_STYLE_HASH "'; img-src 'self'; base-uri 'none'; "
               "form-action 'none'; frame-ancestors 'self'");
}

static void render_html(struct buf *out, unsigned status)
{
    buf_add(out, STR("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<title>"));
    buf_addu(out, status);
    buf_addc(out, ' ');
    buf_add_html(out, title_of(status));
    buf_add(out, STR("</title>\n<style>" STYLE "</style>\n</head>\n<body>\n<main>\n"
                     "<p class=\"code\">"));
    buf_addu(out, status);
    buf_add(out, STR("</p>\n<h1>"));
    buf_add_html(out, title_of(status));
    buf_add(out, STR("</h1>\n<p class=\"hint\">"));
    buf_add_html(out, hint_of(status));
    buf_add(out, STR("</p>\n</main>\n</body>\n</html>\n"));
}

static void render_json(struct buf *out, unsigned status)
{
    buf_add(out, STR("{\"status\":"));
    buf_addu(out, status);
    buf_add(out, STR(",\"title\":\""));
    buf_add_json(out, title_of(status));
    buf_add(out, STR("\",\"detail\":\""));
    buf_add_json(out, hint_of(status));
    buf_add(out, STR("\"}\n"));
}

void error_page_render(struct buf *out, enum error_form form, unsigned status)
{
    if (form == ERROR_FORM_HTML) {
        render_html(out, status);
        return;
    }
    if (form == ERROR_FORM_JSON) {
        render_json(out, status);
        return;
    }
    buf_addu(out, status);
    buf_addc(out, ' ');
    buf_add(out, title_of(status));
    buf_add(out, STR("\n\n"));
    buf_add(out, hint_of(status));
    buf_addc(out, '\n');
}
