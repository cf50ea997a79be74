/* Content-Security-Policy; see csp.h. */
#include "audit/csp.h"

static const char *const names[CSP_DIRECTIVES] = {
    [CSP_DEFAULT_SRC] = "default-src",
    [CSP_SCRIPT_SRC] = "script-src",
    [CSP_SCRIPT_SRC_ELEM] = "script-src-elem",
    [CSP_SCRIPT_SRC_ATTR] = "script-src-attr",
    [CSP_STYLE_SRC] = "style-src",
    [CSP_STYLE_SRC_ELEM] = "style-src-elem",
    [CSP_STYLE_SRC_ATTR] = "style-src-attr",
    [CSP_OBJECT_SRC] = "object-src",
    [CSP_IMG_SRC] = "img-src",
    [CSP_MEDIA_SRC] = "media-src",
    [CSP_FONT_SRC] = "font-src",
    [CSP_CONNECT_SRC] = "connect-src",
    [CSP_FRAME_SRC] = "frame-src",
    [CSP_CHILD_SRC] = "child-src",
    [CSP_WORKER_SRC] = "worker-src",
    [CSP_MANIFEST_SRC] = "manifest-src",
    [CSP_BASE_URI] = "base-uri",
    [CSP_FORM_ACTION] = "form-action",
    [CSP_FRAME_ANCESTORS] = "frame-ancestors",
    [CSP_SANDBOX] = "sandbox",
    [CSP_REPORT_URI] = "report-uri",
    [CSP_REPORT_TO] = "report-to",
    [CSP_UPGRADE_INSECURE_REQUESTS] = "upgrade-insecure-requests",
    [CSP_BLOCK_ALL_MIXED_CONTENT] = "block-all-mixed-content",
    [CSP_REQUIRE_TRUSTED_TYPES_FOR] = "require-trusted-types-for",
    [CSP_TRUSTED_TYPES] = "trusted-types",
};

/* One policy. */
struct policy {
    uint32_t present;
    unsigned faults;
    uint16_t sources[CSP_DIRECTIVES];
};

const char *csp_directive_name(enum csp_directive d)
{
    return d < CSP_DIRECTIVES ? names[d] : "";
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* The next run of non-space bytes, off the front; empty at the end. */
static struct str next_word(struct str *in)
{
    size_t from = 0, to;
    while (from < in->n && is_space(in->p[from]))
        from++;
    for (to = from; to < in->n && !is_space(in->p[to]);)
        to++;
    struct str word = str_sub(*in, from, to - from);
    *in = str_from(*in, to);
    return word;
}

struct keyword {
    struct str text;
    unsigned bit;
};

static const struct keyword keywords[] = {
    {{"'self'", 6}, CSP_SELF},
    {{"'unsafe-inline'", 15}, CSP_UNSAFE_INLINE},
    {{"'unsafe-eval'", 13}, CSP_UNSAFE_EVAL},
    {{"'wasm-unsafe-eval'", 18}, CSP_WASM_EVAL},
    {{"'unsafe-hashes'", 15}, CSP_UNSAFE_HASHES},
    {{"'strict-dynamic'", 16}, CSP_STRICT_DYNAMIC},
    {{"data:", 5}, CSP_DATA},
    {{"blob:", 5}, CSP_BLOB},
    {{"*", 1}, CSP_BROAD},
    {{"https:", 6}, CSP_BROAD},
    {{"https://*", 9}, CSP_BROAD},
    {{"https://*.*", 11}, CSP_BROAD},
    {{"http:", 5}, CSP_BROAD | CSP_HTTP},
    {{"http://*", 8}, CSP_BROAD | CSP_HTTP},
    {{"http://*.*", 10}, CSP_BROAD | CSP_HTTP},
    {{"ftp:", 4}, CSP_BROAD | CSP_HTTP},
};

static const struct keyword prefixes[] = {
    {{"'nonce-", 7}, CSP_NONCE},
    {{"'sha256-", 8}, CSP_HASH},
    {{"'sha384-", 8}, CSP_HASH},
    {{"'sha512-", 8}, CSP_HASH},
    {{"http:", 5}, CSP_HTTP | CSP_HOST},
    {{"ftp:", 4}, CSP_HTTP | CSP_HOST},
    {{"'", 1}, 0}, /* a keyword that we do not know allows nothing */
};

static unsigned source_bits(struct str source)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (str_ieq(source, keywords[i].text))
            return keywords[i].bit;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (str_istarts(source, prefixes[i].text))
            return prefixes[i].bit;
    return CSP_HOST;
}

/* A keyword whose quotes were forgotten. */
static bool lacks_quotes(struct str word)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords && keywords[i].text.p[0] == '\''; i++)
        if (str_ieq(word, str_sub(keywords[i].text, 1, keywords[i].text.n - 2)))
            return true;
    return str_ieq(word, STR("none"));
}

static uint16_t source_list(struct str list, unsigned *faults)
{
    unsigned bits = 0;
    size_t n = 0, nones = 0;
    for (struct str word = next_word(&list); word.n; word = next_word(&list)) {
        n++;
        nones += str_ieq(word, STR("'none'"));
        bits |= source_bits(word);
        if (lacks_quotes(word))
            *faults |= CSP_FAULT_QUOTES;
    }
    if (nones && n > nones)
        *faults |= CSP_FAULT_NONE_MIXED;
    if ((bits & CSP_STRICT_DYNAMIC) && !(bits & (CSP_NONCE | CSP_HASH)))
        *faults |= CSP_FAULT_NO_NONCE;
    if (bits & (CSP_NONCE | CSP_HASH | CSP_STRICT_DYNAMIC)) /* CSP3 6.7.3.2 */
        bits &= ~(unsigned)CSP_UNSAFE_INLINE;
    if ((bits & CSP_STRICT_DYNAMIC) && (bits & (CSP_NONCE | CSP_HASH))) /* CSP3 8.2 */
        bits &= ~(unsigned)(CSP_SELF | CSP_BROAD | CSP_HTTP | CSP_HOST);
    return (uint16_t)bits;
}

static enum csp_directive directive_of(struct str name)
{
    enum csp_directive d = 0;
    while (d < CSP_DIRECTIVES && !str_ieq(name, str_c(names[d])))
        d++;
    return d;
}

static bool ignored_in_meta(enum csp_directive d)
{
    return d == CSP_FRAME_ANCESTORS || d == CSP_REPORT_URI || d == CSP_SANDBOX;
}

static void directive(struct policy *p, struct str text, bool meta)
{
    struct str name = next_word(&text);
    enum csp_directive d = directive_of(name);
    if (name.n == 0)
        return;
    if (d == CSP_DIRECTIVES) {
        p->faults |= CSP_FAULT_UNKNOWN;
    } else if (meta && ignored_in_meta(d)) {
        p->faults |= CSP_FAULT_META;
    } else if (p->present >> d & 1) { /* CSP3 2.2.1: the first one counts */
        if (d != CSP_REPORT_URI && d != CSP_REPORT_TO)
            p->faults |= CSP_FAULT_DUPLICATE;
    } else {
        p->present |= 1u << d;
        p->sources[d] = source_list(text, &p->faults);
    }
}

/* What a directive that is not there takes its sources from; itself: nothing. */
static enum csp_directive fallback(const struct policy *p, enum csp_directive d)
{
    switch (d) {
    case CSP_SCRIPT_SRC_ELEM:
    case CSP_SCRIPT_SRC_ATTR: return CSP_SCRIPT_SRC;
    case CSP_STYLE_SRC_ELEM:
    case CSP_STYLE_SRC_ATTR: return CSP_STYLE_SRC;
    case CSP_FRAME_SRC: return CSP_CHILD_SRC;
    case CSP_WORKER_SRC: return p->present >> CSP_CHILD_SRC & 1 ? CSP_CHILD_SRC : CSP_SCRIPT_SRC;
    default: return d > CSP_DEFAULT_SRC && d <= CSP_MANIFEST_SRC ? CSP_DEFAULT_SRC : d;
    }
}

static uint16_t effective(const struct policy *p, enum csp_directive d)
{
    while (!(p->present >> d & 1)) {
        enum csp_directive next = fallback(p, d);
        if (next == d)
            return CSP_ALL;
        d = next;
    }
    return p->sources[d];
}

static void enforce(struct csp *c, const struct policy *p, bool meta)
{
    c->policies++;
    c->meta += meta;
    c->faults |= p->faults;
    if (p->present == 0 && p->faults == 0)
        c->faults |= CSP_FAULT_EMPTY;
    c->present |= p->present;
    if (!meta)
        c->in_field |= p->present;
    for (enum csp_directive d = 0; d < CSP_DIRECTIVES; d++)
        c->sources[d] &= effective(p, d);
}

static void policy(struct csp *c, struct str text, enum csp_origin origin)
{
    struct policy p = {.present = 0};
    struct str piece;
    while (str_split(&text, ';', &piece))
        directive(&p, piece, origin == CSP_META);
    if (origin == CSP_REPORT_ONLY)
        c->report_only++;
    else
        enforce(c, &p, origin == CSP_META);
}

void csp_init(struct csp *c)
{
    memset(c, 0, sizeof *c);
    for (enum csp_directive d = 0; d < CSP_DIRECTIVES; d++)
        c->sources[d] = CSP_ALL;
}

void csp_add(struct csp *c, struct str value, enum csp_origin origin)
{
    struct str piece, rest = value;
    bool any = false;
    /* RFC 9110 5.3: a list, whose empty members do not count; a comma cannot be in a policy. */
    while (origin != CSP_META && str_split(&rest, ',', &piece))
        if (str_trim(piece).n) {
            policy(c, piece, origin);
            any = true;
        }
    if (!any)
        policy(c, value, origin);
}

/* Sources of a directive; one that restricts nothing counts as "*". */
static unsigned sources(const struct csp *c, enum csp_directive d)
{
    return c->sources[d] & CSP_ANYTHING ? CSP_BROAD : c->sources[d];
}

static bool active_http(const struct csp *c)
{
    for (enum csp_directive d = 0; d < CSP_DIRECTIVES; d++)
        if (d != CSP_IMG_SRC && d != CSP_MEDIA_SRC && csp_has(c, d) && (sources(c, d) & CSP_HTTP))
            return true;
    return false;
}

enum csp_verdict csp_judge(const struct csp *c, bool https)
{
    if (c->policies == 0 || (c->present == 0 && c->faults == CSP_FAULT_META))
        return c->report_only ? CSP_REPORTING_ONLY : CSP_NOT_IMPLEMENTED;
    unsigned script = sources(c, CSP_SCRIPT_SRC), style = sources(c, CSP_STYLE_SRC);
    if (c->present == 0 ||
        (c->faults & (CSP_FAULT_EMPTY | CSP_FAULT_DUPLICATE | CSP_FAULT_NO_NONCE)))
        return CSP_INVALID;
    if ((script & (CSP_UNSAFE_INLINE | CSP_DATA | CSP_BROAD)) ||
        (sources(c, CSP_OBJECT_SRC) & CSP_BROAD))
        return CSP_ALLOWS_INLINE_SCRIPT;
    if (https && active_http(c))
        return CSP_ALLOWS_HTTP;
    if ((script | style) & CSP_UNSAFE_EVAL)
        return CSP_ALLOWS_EVAL;
    if (https && ((sources(c, CSP_IMG_SRC) | sources(c, CSP_MEDIA_SRC)) & CSP_HTTP))
        return CSP_ALLOWS_HTTP_PASSIVE;
    if (style & (CSP_UNSAFE_INLINE | CSP_DATA | CSP_BROAD))
        return CSP_ALLOWS_INLINE_STYLE;
    return csp_has(c, CSP_DEFAULT_SRC) && c->sources[CSP_DEFAULT_SRC] == 0
               ? CSP_NO_UNSAFE_DEFAULT_NONE
               : CSP_NO_UNSAFE;
}
