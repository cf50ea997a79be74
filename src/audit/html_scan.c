/* HTML without a tree; see html_scan.h.
 *
 * Order: text up to "<", then a comment, a markup declaration, an end tag or a start tag; behind the
 * start tag of a raw-text element everything up to its end tag is skipped. A construct that is not
 * closed swallows the rest, as in browsers, so no search is ever made twice over the same bytes. */
#include "audit/html_scan.h"

#include "audit/html_text.h"
#include "audit/http_url.h"

enum attribute {
    A_SRC,
    A_HREF,
    A_ACTION,
    A_FORMACTION,
    A_DATA,
    A_POSTER,
    A_SRCSET,
    A_REL,
    A_TYPE,
    A_INTEGRITY,
    A_CROSSORIGIN,
    A_HTTP_EQUIV,
    A_NAME,
    A_CONTENT,
    ATTRIBUTES
};

static const char *const attribute_names[ATTRIBUTES] = {
    "src", "href", "action",    "formaction",  "data",       "poster", "srcset",
    "rel", "type", "integrity", "crossorigin", "http-equiv", "name",   "content"};

struct tag {
    struct str name;
    struct str value[ATTRIBUTES];
    bool has[ATTRIBUTES];
    unsigned handlers; /* on… */
    size_t at;
};

struct scan {
    struct html_facts *f;
    struct arena *arena;
    const struct html_page *page;
    struct str in;
    size_t at;
    bool nomem;
    bool base_seen;
    char base_host[256]; /* of <base href>, if absolute */
    size_t base_host_n;
    bool form_http; /* inside a form that sends over http: */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_letter(char c)
{
    return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

/* ---- URLs ---- */

struct target {
    bool http;     /* by its own scheme, or by <base> */
    bool https;    /* the same */
    bool other;    /* data:, blob:, javascript: … : nothing is loaded from a server */
    bool slashes;  /* "//host": the page's scheme */
    bool absolute; /* names a host */
    struct str host;
};

static bool is_slash(char c)
{
    return c == '/' || c == '\\'; /* WHATWG URL 4.4: alike in http: and https: */
}

static struct str host_of(struct str s)
{
    size_t n = 0;
    while (n < s.n && is_slash(s.p[n]))
        n++;
    s = str_from(s, n);
    for (n = 0; n < s.n && !is_slash(s.p[n]) && s.p[n] != '?' && s.p[n] != '#';)
        n++;
    s = str_sub(s, 0, n);
    size_t at = str_rfind(s, '@');
    if (at < s.n)
        s = str_from(s, at + 1);
    size_t colon =
        s.n && s.p[0] == '[' ? str_find(s, ':', str_find(s, ']', 0)) : str_find(s, ':', 0);
    return str_sub(s, 0, colon);
}

static bool has_scheme(struct str s)
{
    size_t n = 0;
    while (n < s.n &&
           (is_letter(s.p[n]) || (n && ((s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '+' ||
                                        s.p[n] == '-' || s.p[n] == '.'))))
        n++;
    return n > 0 && n < s.n && s.p[n] == ':';
}

static struct target target_of(const struct scan *s, struct str url)
{
    struct target t = {.http = str_istarts(url, STR("http:")),
                       .https = str_istarts(url, STR("https:"))};
    t.slashes = url.n > 1 && is_slash(url.p[0]) && is_slash(url.p[1]);
    t.absolute = t.http || t.https || t.slashes;
    t.other = !t.absolute && has_scheme(url);
    if (t.absolute)
        t.host = host_of(str_from(url, t.http ? 5 : t.https ? 6 : 0));
    else if (!t.other)
        t.host = s->base_host_n ? str_of(s->base_host, s->base_host_n) : s->page->host;
    bool base = !t.http && !t.https && !t.other && s->base_seen;
    t.http |= base && s->f->base_http;
    return t;
}

static struct str attribute_url(const struct tag *t, enum attribute a, char out[HTML_TEXT_MAX])
{
    return html_text_decode(t->value[a], out, true);
}

static void example(struct scan *s, const struct tag *t, enum html_ref_kind kind,
                    enum html_problem problem, struct str url)
{
    struct html_facts *f = s->f;
    if (f->nrefs == HTML_REFS_MAX)
        return;
    struct str kept = arena_str(s->arena, url);
    s->nomem |= !kept.p;
    if (kept.p)
        f->refs[f->nrefs++] = (struct html_ref){kind, problem, kept, t->at};
}

/* Mixed content (W3C Mixed Content 3): images, audio and video are upgradable, the rest blocked. */
static void load(struct scan *s, const struct tag *t, enum attribute a, enum html_ref_kind kind)
{
    char text[HTML_TEXT_MAX];
    if (!t->has[a])
        return;
    struct str url = attribute_url(t, a, text);
    if (!s->page->https || url.n == 0 || !target_of(s, url).http)
        return;
    enum html_problem p = kind == HTML_REF_FORM                              ? HTML_MIXED_FORM
                          : kind == HTML_REF_IMAGE || kind == HTML_REF_MEDIA ? HTML_MIXED_PASSIVE
                                                                             : HTML_MIXED_ACTIVE;
    s->f->mixed_active += p == HTML_MIXED_ACTIVE;
    s->f->mixed_passive += p == HTML_MIXED_PASSIVE;
    s->f->mixed_forms += p == HTML_MIXED_FORM;
    example(s, t, kind, p, url);
}

/* "a.png 1x, http://b/c.png 2x": any http: candidate counts, once. */
static void load_srcset(struct scan *s, const struct tag *t)
{
    char text[HTML_TEXT_MAX];
    struct str list = html_text_decode(t->value[A_SRCSET], text, true), piece;
    while (t->has[A_SRCSET] && s->page->https && str_split(&list, ',', &piece)) {
        while (piece.n && is_space(piece.p[0]))
            piece = str_from(piece, 1);
        if (!str_istarts(piece, STR("http:")))
            continue;
        s->f->mixed_passive++;
        example(s, t, HTML_REF_IMAGE, HTML_MIXED_PASSIVE,
                str_sub(piece, 0, str_find(piece, ' ', 0)));
        return;
    }
}

/* ---- subresource integrity ---- */

static bool has_word(struct str list, struct str word)
{
    struct str piece;
    for (size_t i = 0; i < list.n;) {
        size_t from = i;
        while (i < list.n && !is_space(list.p[i]))
            i++;
        piece = str_sub(list, from, i - from);
        if (str_ieq(piece, word))
            return true;
        i++;
    }
    return false;
}

static bool integrity_ok(struct str value)
{
    for (size_t i = 0; i + 7 < value.n; i++)
        if ((i == 0 || is_space(value.p[i - 1])) && str_istarts(str_from(value, i), STR("sha")) &&
            value.p[i + 6] == '-' &&
            (str_eq(str_sub(value, i + 3, 3), STR("256")) ||
             str_eq(str_sub(value, i + 3, 3), STR("384")) ||
             str_eq(str_sub(value, i + 3, 3), STR("512"))))
            return true;
    return false;
}

static void foreign_script(struct scan *s, const struct tag *t, struct str url, bool secure,
                           bool integrity)
{
    struct html_facts *f = s->f;
    f->scripts_foreign++;
    f->foreign_secure_integrity += secure && integrity;
    f->foreign_secure_bare += secure && !integrity;
    f->foreign_insecure_integrity += !secure && integrity;
    f->foreign_insecure_bare += !secure && !integrity;
    f->foreign_no_crossorigin += integrity && !t->has[A_CROSSORIGIN];
    if (!integrity)
        example(s, t, HTML_REF_SCRIPT, HTML_FOREIGN_SCRIPT, url);
}

/* Modules, JSON and other data blocks have a type of their own (HTML 4.12.1). */
static bool is_data_block(const struct tag *t)
{
    struct str type = t->value[A_TYPE];
    return type.n && !str_ieq(type, STR("module")) && !str_istarts(type, STR("text/javascript")) &&
           !str_istarts(type, STR("application/javascript")) &&
           !str_ieq(type, STR("text/ecmascript")) &&
           !str_istarts(type, STR("application/x-javascript"));
}

static void script(struct scan *s, const struct tag *t)
{
    char text[HTML_TEXT_MAX];
    struct html_facts *f = s->f;
    f->scripts++;
    if (!t->has[A_SRC]) {
        f->scripts_inline += !is_data_block(t);
        return;
    }
    struct str url = attribute_url(t, A_SRC, text);
    struct target to = target_of(s, url);
    load(s, t, A_SRC, HTML_REF_SCRIPT);
    if (to.other || url.n == 0)
        return;
    bool integrity = t->has[A_INTEGRITY] && str_trim(t->value[A_INTEGRITY]).n > 0;
    f->integrity_bad += integrity && !integrity_ok(t->value[A_INTEGRITY]);
    bool relative = !to.absolute && !s->base_host_n;
    bool secure = to.https || (!to.absolute && !to.http && s->page->https);
    bool own = relative || (!to.slashes && http_url_same_site(to.host, s->page->host));
    if (!own) {
        foreign_script(s, t, url, secure, integrity);
        return;
    }
    f->scripts_own_integrity += integrity && secure;
    f->scripts_own_insecure += to.http && s->page->https;
}

static void stylesheet(struct scan *s, const struct tag *t)
{
    char text[HTML_TEXT_MAX];
    struct str url = attribute_url(t, A_HREF, text);
    struct target to = target_of(s, url);
    load(s, t, A_HREF, HTML_REF_STYLESHEET);
    if (to.other || url.n == 0 || http_url_same_site(to.host, s->page->host))
        return;
    s->f->styles_foreign++;
    s->f->styles_foreign_integrity += t->has[A_INTEGRITY];
    if (!t->has[A_INTEGRITY])
        example(s, t, HTML_REF_STYLESHEET, HTML_FOREIGN_STYLE, url);
}

/* ---- one function an element ---- */

static void link_element(struct scan *s, const struct tag *t)
{
    struct str rel = t->value[A_REL];
    if (!t->has[A_HREF])
        return;
    if (has_word(rel, STR("stylesheet")))
        stylesheet(s, t);
    else if (has_word(rel, STR("icon")))
        load(s, t, A_HREF, HTML_REF_IMAGE);
    else if (has_word(rel, STR("modulepreload")) || has_word(rel, STR("manifest")))
        load(s, t, A_HREF, HTML_REF_SCRIPT);
}

static void frame_element(struct scan *s, const struct tag *t)
{
    load(s, t, A_SRC, HTML_REF_FRAME);
    load(s, t, A_DATA, HTML_REF_FRAME); /* object */
}

static void image_element(struct scan *s, const struct tag *t)
{
    load(s, t, A_SRC, HTML_REF_IMAGE);
    load_srcset(s, t);
}

static void media_element(struct scan *s, const struct tag *t)
{
    load(s, t, A_SRC, HTML_REF_MEDIA);
    load(s, t, A_POSTER, HTML_REF_IMAGE);
    load_srcset(s, t);
}

static void form_element(struct scan *s, const struct tag *t)
{
    char text[HTML_TEXT_MAX];
    struct str url = t->has[A_ACTION] ? attribute_url(t, A_ACTION, text) : STR_NONE;
    s->form_http = url.n ? target_of(s, url).http : false;
    load(s, t, A_ACTION, HTML_REF_FORM);
}

static void input_element(struct scan *s, const struct tag *t)
{
    struct str type = t->value[A_TYPE];
    if (str_ieq(type, STR("password"))) {
        s->f->passwords++;
        s->f->passwords_exposed += s->form_http || !s->page->https;
    }
    if (str_ieq(type, STR("image")))
        load(s, t, A_SRC, HTML_REF_IMAGE);
    load(s, t, A_FORMACTION, HTML_REF_FORM);
}

static void base_element(struct scan *s, const struct tag *t)
{
    char text[HTML_TEXT_MAX];
    if (s->base_seen || !t->has[A_HREF]) /* HTML 4.2.3: the first one counts */
        return;
    struct target to = target_of(s, attribute_url(t, A_HREF, text));
    s->base_seen = true;
    s->f->base_http = to.http;
    if (to.absolute && to.host.n < sizeof s->base_host) {
        s->base_host_n = to.host.n;
        if (to.host.n)
            memcpy(s->base_host, to.host.p, to.host.n);
    }
}

/* "5; url=http://…" (HTML 4.2.5.3), leniently: the URL behind the first "url=". */
static bool refreshes_to_http(struct str content)
{
    for (size_t i = 0; i + 4 < content.n; i++)
        if (str_istarts(str_from(content, i), STR("url="))) {
            struct str url = str_trim(str_from(content, i + 4));
            if (url.n && (url.p[0] == '"' || url.p[0] == '\''))
                url = str_from(url, 1);
            return str_istarts(url, STR("http:"));
        }
    return false;
}

static void meta_element(struct scan *s, const struct tag *t)
{
    char text[HTML_TEXT_MAX];
    struct html_facts *f = s->f;
    struct str name = str_trim(t->value[A_HTTP_EQUIV]);
    bool referrer = name.n == 0 && str_ieq(str_trim(t->value[A_NAME]), STR("referrer"));
    if ((name.n == 0 && !referrer) || !t->has[A_CONTENT])
        return;
    struct str content = html_text_decode(t->value[A_CONTENT], text, false);
    if (str_ieq(name, STR("refresh")))
        f->refresh_http |= refreshes_to_http(content);
    if (f->nmetas == HTML_METAS_MAX)
        return;
    struct html_meta m = {
        arena_str(s->arena, referrer ? STR("referrer-policy") : str_sub(name, 0, 64)),
        arena_str(s->arena, content)};
    s->nomem |= !m.name.p || !m.content.p;
    if (m.name.p && m.content.p)
        f->metas[f->nmetas++] = m;
}

static const struct {
    const char *name;
    void (*see)(struct scan *, const struct tag *);
    bool raw; /* its content is text up to its end tag */
} elements[] = {
    {"script", script, true},
    {"style", NULL, true},
    {"title", NULL, true},
    {"textarea", NULL, true},
    {"xmp", NULL, true},
    {"noembed", NULL, true},
    {"noframes", NULL, true},
    {"iframe", frame_element, true},
    {"frame", frame_element, false},
    {"embed", frame_element, false},
    {"object", frame_element, false},
    {"link", link_element, false},
    {"img", image_element, false},
    {"audio", media_element, false},
    {"video", media_element, false},
    {"source", media_element, false},
    {"track", media_element, false},
    {"form", form_element, false},
    {"input", input_element, false},
    {"button", input_element, false},
    {"base", base_element, false},
    {"meta", meta_element, false},
};

/* ---- tags ---- */

static char peek(const struct scan *s, size_t ahead)
{
    return ahead < s->in.n - s->at ? s->in.p[s->at + ahead] : '\0';
}

/* Behind the next `end`, or the end of everything. */
static void skip_past(struct scan *s, struct str end)
{
    const char *hit =
        s->at < s->in.n ? memmem(s->in.p + s->at, s->in.n - s->at, end.p, end.n) : NULL;
    s->at = hit ? (size_t)(hit - s->in.p) + end.n : s->in.n;
}

static struct str attribute_value(struct scan *s)
{
    size_t from = s->at;
    char quote = peek(s, 0);
    if (quote == '"' || quote == '\'') {
        size_t end = str_find(s->in, quote, from + 1);
        s->at = end < s->in.n ? end + 1 : s->in.n;
        return str_sub(s->in, from + 1, end - from - 1);
    }
    while (s->at < s->in.n && !is_space(s->in.p[s->at]) && s->in.p[s->at] != '>')
        s->at++;
    return str_sub(s->in, from, s->at - from);
}

static void skip_space(struct scan *s)
{
    while (s->at < s->in.n && is_space(s->in.p[s->at]))
        s->at++;
}

static void keep_attribute(struct tag *t, struct str name, struct str value)
{
    t->handlers += name.n > 2 && str_istarts(name, STR("on")) && value.n;
    for (size_t a = 0; a < ATTRIBUTES; a++)
        if (!t->has[a] && str_ieq(name, str_c(attribute_names[a]))) { /* the first one counts */
            t->has[a] = true;
            t->value[a] = value;
        }
}

/* HTML 13.2.5.32: one attribute; false at the tag's end, which is taken. */
static bool next_attribute(struct scan *s, struct tag *t)
{
    while (s->at < s->in.n && (is_space(s->in.p[s->at]) || s->in.p[s->at] == '/'))
        s->at++;
    if (s->at >= s->in.n || s->in.p[s->at] == '>') {
        s->at += s->at < s->in.n;
        return false;
    }
    size_t from = s->at++; /* a "=" in front belongs to the name */
    while (s->at < s->in.n && !is_space(s->in.p[s->at]) && s->in.p[s->at] != '=' &&
           s->in.p[s->at] != '>' && s->in.p[s->at] != '/')
        s->at++;
    struct str name = str_sub(s->in, from, s->at - from), value = STR_NONE;
    skip_space(s);
    if (peek(s, 0) == '=') {
        s->at++;
        skip_space(s);
        value = attribute_value(s);
    }
    keep_attribute(t, name, value);
    return true;
}

static struct str tag_name(struct scan *s)
{
    size_t from = s->at;
    while (s->at < s->in.n && !is_space(s->in.p[s->at]) && s->in.p[s->at] != '>' &&
           s->in.p[s->at] != '/')
        s->at++;
    return str_sub(s->in, from, s->at - from);
}

/* Up to "</name" with something behind it that ends a name; the end tag itself is scanned next. */
static void skip_raw_text(struct scan *s, struct str name)
{
    for (;;) {
        skip_past(s, STR("</"));
        if (s->at >= s->in.n)
            return;
        struct str rest = str_from(s->in, s->at);
        char after = name.n < rest.n ? rest.p[name.n] : '>';
        if (str_istarts(rest, name) && (is_space(after) || after == '>' || after == '/')) {
            s->at -= 2;
            return;
        }
    }
}

static void start_tag(struct scan *s)
{
    struct tag t = {.at = s->at - 1};
    t.name = tag_name(s);
    while (next_attribute(s, &t))
        ;
    s->f->any_tag = true;
    s->f->handlers_inline += t.handlers;
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        if (!str_ieq(t.name, str_c(elements[i].name)))
            continue;
        if (elements[i].see)
            elements[i].see(s, &t);
        if (elements[i].raw)
            skip_raw_text(s, t.name);
    }
}

static void end_tag(struct scan *s)
{
    struct tag t = {.at = s->at};
    s->at++;
    if (!is_letter(peek(s, 0))) { /* a bogus comment */
        skip_past(s, STR(">"));
        return;
    }
    t.name = tag_name(s);
    while (next_attribute(s, &t))
        ;
    if (str_ieq(t.name, STR("form")))
        s->form_http = false;
}

/* "<!--" … "-->", also "<!-->" and "<!--->", which are empty ones. */
static void comment(struct scan *s)
{
    s->at += 3;
    if (peek(s, 0) == '>' || (peek(s, 0) == '-' && peek(s, 1) == '>'))
        s->at += peek(s, 0) == '>' ? 1 : 2;
    else
        skip_past(s, STR("-->"));
}

static void markup(struct scan *s)
{
    char c = peek(s, 0);
    if (is_letter(c))
        start_tag(s);
    else if (c == '/')
        end_tag(s);
    else if (c == '!' && peek(s, 1) == '-' && peek(s, 2) == '-')
        comment(s);
    else if (c == '!' || c == '?')
        skip_past(s, STR(">"));
}

int html_scan(struct html_facts *ret, struct arena *arena, const struct html_page *page,
              struct str html)
{
    struct html_facts f = {.any_tag = false};
    struct scan s = {.f = &f, .arena = arena, .page = page, .in = html};
    while (s.at < s.in.n) {
        s.at = str_find(s.in, '<', s.at) + 1;
        if (s.at < s.in.n)
            markup(&s);
    }
    if (s.nomem)
        return -ERR_NOMEM;
    *ret = f;
    return 0;
}
