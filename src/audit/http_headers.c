/* Security fields; see http_headers.h. One table: name of the field, function that reads it. */
#include "audit/http_headers.h"

#include "audit/http_param.h"
#include "wire/date.h"
#include "wire/scan.h"

/* ---- shared grammar ---- */

/* First member of a comma-separated list. */
static struct str first_member(struct str value)
{
    return str_trim(str_sub(value, 0, str_find(value, ',', 0)));
}

/* A structured-field item that is a token: its parameters do not matter (RFC 9651 3.3). */
static struct str item_token(struct str value)
{
    struct str token = str_trim(str_sub(value, 0, str_find(value, ';', 0)));
    return scan_is_token(token) ? token : STR_NONE;
}

struct choice {
    struct str text;
    int value;
};
#define CHOICE(text, value)                                                                        \
    {                                                                                              \
        {"" text, sizeof(text) - 1}, value                                                         \
    }

static int choose(const struct choice *c, size_t n, struct str value, int otherwise)
{
    for (size_t i = 0; i < n; i++)
        if (str_ieq(c[i].text, value))
            return c[i].value;
    return otherwise;
}
#define CHOOSE(table, value, otherwise)                                                            \
    choose(table, sizeof(table) / sizeof *(table), value, otherwise)

/* ---- one function a field ---- */

struct reader {
    struct http_headers *h;
    const struct http_reading *reading;
};

/* RFC 6797 6.1.1: digits; so many that they do not fit mean "for ever". */
static bool seconds(struct str s, uint64_t *ret)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    if (s.n && !str_u64(s, ret))
        *ret = UINT64_MAX;
    return s.n > 0;
}

static void hsts_directive(struct hsts_value *v, const struct http_param *p, unsigned *seen)
{
    static const struct choice known[] = {CHOICE("max-age", 1), CHOICE("includesubdomains", 2),
                                          CHOICE("preload", 4)};
    unsigned bit = (unsigned)CHOOSE(known, p->name, 0);
    if (p->bad)
        v->faults |= HSTS_FAULT_GRAMMAR;
    if (*seen & bit)
        v->faults |= HSTS_FAULT_DUPLICATE;
    *seen |= bit;
    if (bit > 1 && p->has_value)
        v->faults |= HSTS_FAULT_VALUE;
    if (bit == 1 && !seconds(p->value, &v->max_age))
        v->faults |= HSTS_FAULT_MAX_AGE;
    v->include_subdomains |= bit == 2;
    v->preload |= bit == 4;
}

void http_headers_hsts(struct hsts_value *ret, struct str value)
{
    struct hsts_value v = {.count = 1};
    struct http_param p;
    unsigned seen = 0;
    while (http_param_next(&value, ';', &p))
        hsts_directive(&v, &p, &seen);
    if (!(seen & 1))
        v.faults |= HSTS_FAULT_NO_MAX_AGE;
    v.valid = v.faults == 0 || v.faults == HSTS_FAULT_VALUE;
    *ret = v;
}

static void read_hsts(const struct reader *r, struct str value)
{
    struct hsts_value *v = &r->h->hsts;
    if (v->count == 0) {
        http_headers_hsts(v, value);
        return;
    }
    v->count++;
    v->faults |= HSTS_FAULT_SEVERAL;
}

static void read_csp(const struct reader *r, struct str value)
{
    csp_add(&r->h->csp, value, CSP_FIELD);
}

static void read_csp_report_only(const struct reader *r, struct str value)
{
    csp_add(&r->h->csp, value, CSP_REPORT_ONLY);
}

static void read_cookie(const struct reader *r, struct str value)
{
    struct http_headers *h = r->h;
    if (h->ncookies == HTTP_COOKIES_MAX ||
        http_cookie_parse(&h->cookies[h->ncookies], value, r->reading->host))
        h->cookies_dropped++;
    else
        h->ncookies++;
}

static enum frame_options frame_option(struct str value)
{
    static const struct choice known[] = {CHOICE("deny", XFO_DENY),
                                          CHOICE("sameorigin", XFO_SAMEORIGIN)};
    if (str_istarts(value, STR("allow-from")))
        return XFO_ALLOW_FROM;
    return (enum frame_options)CHOOSE(known, value, XFO_INVALID);
}

static bool frame_option_works(enum frame_options o)
{
    return o == XFO_DENY || o == XFO_SAMEORIGIN;
}

/* HTML 7.8.1: a list; values that contradict each other refuse every frame if one of them is known. */
static void read_frame_options(const struct reader *r, struct str value)
{
    struct str piece;
    while (str_split(&value, ',', &piece)) {
        enum frame_options is = frame_option(str_trim(piece)), before = r->h->frame_options;
        r->h->frame_options_several |= before != XFO_ABSENT;
        if (before == XFO_ABSENT)
            r->h->frame_options = is;
        else if (before != is)
            r->h->frame_options =
                frame_option_works(before) || frame_option_works(is) ? XFO_DENY : XFO_INVALID;
    }
}

static void read_nosniff(const struct reader *r, struct str value)
{
    if (r->h->nosniff == NOSNIFF_ABSENT) /* Fetch 3.6: the first value of the list */
        r->h->nosniff = str_ieq(first_member(value), STR("nosniff")) ? NOSNIFF_ON : NOSNIFF_INVALID;
}

static const struct choice referrers[] = {
    CHOICE("no-referrer", REFERRER_NO_REFERRER),
    CHOICE("same-origin", REFERRER_SAME_ORIGIN),
    CHOICE("strict-origin", REFERRER_STRICT_ORIGIN),
    CHOICE("strict-origin-when-cross-origin", REFERRER_STRICT_ORIGIN_WHEN_CROSS),
    CHOICE("origin", REFERRER_ORIGIN),
    CHOICE("origin-when-cross-origin", REFERRER_ORIGIN_WHEN_CROSS),
    CHOICE("no-referrer-when-downgrade", REFERRER_NO_REFERRER_WHEN_DOWNGRADE),
    CHOICE("unsafe-url", REFERRER_UNSAFE_URL),
};

const char *http_headers_referrer_name(enum referrer_policy p)
{
    for (size_t i = 0; i < sizeof referrers / sizeof *referrers; i++)
        if (referrers[i].value == (int)p)
            return referrers[i].text.p;
    return "";
}

enum referrer_policy http_headers_referrer(struct str list, enum referrer_policy before)
{
    struct str piece;
    enum referrer_policy p = before == REFERRER_ABSENT ? REFERRER_INVALID : before;
    while (str_split(&list, ',', &piece))
        p = (enum referrer_policy)CHOOSE(referrers, str_trim(piece), (int)p);
    return p;
}

static void read_referrer(const struct reader *r, struct str value)
{
    r->h->referrer = http_headers_referrer(value, r->h->referrer);
}

static void read_corp(const struct reader *r, struct str value)
{
    static const struct choice known[] = {CHOICE("same-site", CORP_SAME_SITE),
                                          CHOICE("same-origin", CORP_SAME_ORIGIN),
                                          CHOICE("cross-origin", CORP_CROSS_ORIGIN)};
    bool first = r->h->corp == CORP_ABSENT;
    r->h->corp = first ? (enum corp)CHOOSE(known, value, CORP_INVALID) : CORP_INVALID;
}

static void read_coop(const struct reader *r, struct str value)
{
    static const struct choice known[] = {
        CHOICE("same-origin", COOP_SAME_ORIGIN),
        CHOICE("same-origin-allow-popups", COOP_SAME_ORIGIN_ALLOW_POPUPS),
        CHOICE("noopener-allow-popups", COOP_NOOPENER_ALLOW_POPUPS),
        CHOICE("unsafe-none", COOP_UNSAFE_NONE)};
    bool first = r->h->coop == COOP_ABSENT;
    r->h->coop = first ? (enum coop)CHOOSE(known, item_token(value), COOP_INVALID) : COOP_INVALID;
}

static void read_coep(const struct reader *r, struct str value)
{
    static const struct choice known[] = {CHOICE("require-corp", COEP_REQUIRE_CORP),
                                          CHOICE("credentialless", COEP_CREDENTIALLESS),
                                          CHOICE("unsafe-none", COEP_UNSAFE_NONE)};
    bool first = r->h->coep == COEP_ABSENT;
    r->h->coep = first ? (enum coep)CHOOSE(known, item_token(value), COEP_INVALID) : COEP_INVALID;
}

static void read_coop_report_only(const struct reader *r, struct str value)
{
    r->h->coop_report_only = true;
}

static void read_coep_report_only(const struct reader *r, struct str value)
{
    r->h->coep_report_only = true;
}

static void read_xss(const struct reader *r, struct str value)
{
    struct http_param p;
    if (value.n == 0 || (value.p[0] != '0' && value.p[0] != '1')) {
        r->h->xss = XSS_INVALID;
        return;
    }
    r->h->xss = value.p[0] == '0' ? XSS_OFF : XSS_FILTER;
    while (r->h->xss == XSS_FILTER && http_param_next(&value, ';', &p))
        if (str_ieq(p.name, STR("mode")) && str_ieq(p.value, STR("block")))
            r->h->xss = XSS_BLOCK;
}

static void read_allow_origin(const struct reader *r, struct str value)
{
    struct cors_value *c = &r->h->cors;
    c->several |= c->present || str_find(value, ',', 0) < value.n;
    c->present = true;
    c->star |= str_eq(value, STR("*"));
    c->null_origin |= str_eq(value, STR("null"));
    c->reflected |= r->reading->origin.n && str_eq(value, r->reading->origin);
}

static void read_allow_credentials(const struct reader *r, struct str value)
{
    r->h->cors.credentials |= str_ieq(value, STR("true"));
}

/* What may use a feature: "*", "()", "(self "https://…")", or a token. 1: everyone, -1: nobody, 0:
 * some; consumed from *in. */
static int allowlist(struct str *in, bool *bad)
{
    if (in->n == 0 || in->p[0] != '(') {
        size_t n = str_find(*in, ',', 0);
        struct str one = str_trim(str_sub(*in, 0, n));
        *in = str_from(*in, n);
        *bad |= one.n == 0;
        return str_eq(item_token(one), STR("*"));
    }
    size_t end = str_find(*in, ')', 0);
    struct str inside = str_trim(str_sub(*in, 1, end - 1)), piece;
    *bad |= end == in->n;
    *in = str_from(*in, end + 1);
    *in = str_from(*in, str_find(*in, ',', 0)); /* parameters: report-to */
    int result = inside.n ? 0 : -1;
    while (str_split(&inside, ' ', &piece))
        if (str_eq(piece, STR("*")))
            result = 1;
    return result;
}

static unsigned permission_bit(struct str name)
{
    static const struct choice known[] = {
        CHOICE("camera", PERMISSION_CAMERA),
        CHOICE("microphone", PERMISSION_MICROPHONE),
        CHOICE("geolocation", PERMISSION_GEOLOCATION),
        CHOICE("payment", PERMISSION_PAYMENT),
        CHOICE("usb", PERMISSION_USB),
        CHOICE("display-capture", PERMISSION_DISPLAY_CAPTURE),
        CHOICE("serial", PERMISSION_SERIAL),
        CHOICE("bluetooth", PERMISSION_BLUETOOTH),
    };
    return (unsigned)CHOOSE(known, name, 0);
}

/* RFC 9651 3.2: a dictionary, whose members are lists. */
static void read_permissions(const struct reader *r, struct str value)
{
    struct permissions_value *v = &r->h->permissions;
    v->present = true;
    for (value = str_trim(value); value.n; value = str_trim(str_from(value, 1))) {
        size_t n = scan_token(value);
        unsigned bit = permission_bit(str_sub(value, 0, n));
        if (n == 0 || n == value.n || value.p[n] != '=') {
            v->invalid = true;
            return;
        }
        value = str_from(value, n + 1);
        int who = allowlist(&value, &v->invalid);
        v->directives++;
        v->denied |= who < 0 ? bit : 0;
        v->everyone |= who > 0 ? bit : 0;
    }
}

static void read_feature_policy(const struct reader *r, struct str value)
{
    r->h->permissions.feature_policy = true;
}

static void pins(struct hpkp_value *v, struct str value)
{
    struct http_param p;
    v->present = true;
    while (http_param_next(&value, ';', &p)) {
        v->pins += str_ieq(p.name, STR("pin-sha256"));
        v->include_subdomains |= str_ieq(p.name, STR("includesubdomains"));
        uint64_t age;
        if (str_ieq(p.name, STR("max-age")) && str_u64(p.value, &age))
            v->max_age = age;
    }
}

static void read_pins(const struct reader *r, struct str value)
{
    r->h->hpkp.report_only = false;
    pins(&r->h->hpkp, value);
}

static void read_pins_report_only(const struct reader *r, struct str value)
{
    r->h->hpkp.report_only = !r->h->hpkp.present;
    pins(&r->h->hpkp, value);
}

static void read_expect_ct(const struct reader *r, struct str value)
{
    struct http_param p;
    r->h->expect_ct.present = true;
    while (http_param_next(&value, ',', &p)) {
        uint64_t age;
        r->h->expect_ct.enforce |= str_ieq(p.name, STR("enforce"));
        if (str_ieq(p.name, STR("max-age")) && str_u64(p.value, &age))
            r->h->expect_ct.max_age = age;
    }
}

static void read_alt_svc_entry(struct alt_svc_value *v, const struct http_param *p)
{
    struct str authority = p->value;
    uint64_t port;
    size_t colon = str_rfind(authority, ':');
    if (p->bad || !p->quoted || colon == authority.n ||
        !str_u64(str_from(authority, colon + 1), &port) || port == 0 || port > 65535) {
        v->invalid = true;
        return;
    }
    v->entries++;
    if (!str_eq(p->name, STR("h3"))) {
        v->h3_draft |= str_starts(p->name, STR("h3-"));
        return;
    }
    if (v->h3)
        return;
    v->h3 = true;
    v->h3_port = (uint16_t)port;
    v->h3_host = str_sub(authority, 0, colon);
    v->h3_ma = 86400; /* RFC 7838 3.1 */
}

/* RFC 7838 3: alt-value = alternative *( OWS ";" OWS parameter ), in a list. */
static void read_alt_svc(const struct reader *r, struct str value)
{
    struct alt_svc_value *v = &r->h->alt_svc;
    v->present = true;
    if (str_eq(value, STR("clear"))) {
        v->clear = true;
        return;
    }
    while (value.n) { /* a quoted authority holds no comma, so members can be cut before parsing */
        size_t n = str_find(value, ',', 0);
        struct str member = str_sub(value, 0, n);
        struct http_param p;
        bool had_h3 = v->h3;
        value = str_from(value, n + 1);
        if (!http_param_next(&member, ';', &p))
            continue;
        read_alt_svc_entry(v, &p);
        while (http_param_next(&member, ';', &p))
            if (v->h3 && !had_h3 && str_ieq(p.name, STR("ma")))
                v->invalid |= !str_u64(p.value, &v->h3_ma);
    }
}

static void read_date(const struct reader *r, struct str value)
{
    struct http_headers *h = r->h;
    if (h->has_date)
        return;
    if (date_parse(value, &h->date)) {
        h->date_invalid = true;
        return;
    }
    h->has_date = true;
    h->skew = h->date - r->reading->now;
}

static void read_coding(const struct reader *r, struct str value)
{
    static const struct choice known[] = {CHOICE("gzip", CODING_GZIP),
                                          CHOICE("x-gzip", CODING_GZIP),
                                          CHOICE("deflate", CODING_DEFLATE),
                                          CHOICE("br", CODING_BR),
                                          CHOICE("zstd", CODING_ZSTD),
                                          CHOICE("identity", 0),
                                          CHOICE("", 0)};
    struct str piece;
    while (str_split(&value, ',', &piece))
        r->h->codings |= (unsigned)CHOOSE(known, str_trim(piece), CODING_OTHER);
}

static void read_type(const struct reader *r, struct str value)
{
    struct str type = str_trim(str_sub(value, 0, str_find(value, ';', 0)));
    r->h->html = str_ieq(type, STR("text/html")) || str_ieq(type, STR("application/xhtml+xml"));
}

/* ---- banners ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A digit behind "/", or "1.2": enough to look up what is wrong with that release. */
static bool tells_version(struct str s)
{
    for (size_t i = 0; i + 1 < s.n; i++)
        if ((s.p[i] == '/' && is_digit(s.p[i + 1])) ||
            (is_digit(s.p[i]) && s.p[i + 1] == '.' && i + 2 < s.n && is_digit(s.p[i + 2])))
            return true;
    return false;
}

static void read_banner(struct http_headers *h, const struct field *f)
{
    if (h->nbanners < HTTP_BANNERS_MAX && f->value.n)
        h->banners[h->nbanners++] = (struct banner){f->name, f->value, tells_version(f->value)};
}

static bool is_banner(struct str name)
{
    static const struct choice known[] = {
        CHOICE("server", 1),           CHOICE("x-powered-by", 1),
        CHOICE("x-aspnet-version", 1), CHOICE("x-aspnetmvc-version", 1),
        CHOICE("x-generator", 1),      CHOICE("via", 1),
        CHOICE("x-drupal-cache", 1),   CHOICE("x-runtime", 1),
        CHOICE("x-version", 1),        CHOICE("liferay-portal", 1),
        CHOICE("x-php-version", 1),
    };
    return CHOOSE(known, name, 0);
}

static const struct {
    struct str name;
    void (*read)(const struct reader *, struct str value);
} table[] = {
#define ROW(name, read)                                                                            \
    {                                                                                              \
        {"" name, sizeof(name) - 1}, read                                                          \
    }
    ROW("strict-transport-security", read_hsts),
    ROW("content-security-policy", read_csp),
    ROW("content-security-policy-report-only", read_csp_report_only),
    ROW("set-cookie", read_cookie),
    ROW("x-frame-options", read_frame_options),
    ROW("x-content-type-options", read_nosniff),
    ROW("referrer-policy", read_referrer),
    ROW("cross-origin-resource-policy", read_corp),
    ROW("cross-origin-opener-policy", read_coop),
    ROW("cross-origin-embedder-policy", read_coep),
    ROW("cross-origin-opener-policy-report-only", read_coop_report_only),
    ROW("cross-origin-embedder-policy-report-only", read_coep_report_only),
    ROW("x-xss-protection", read_xss),
    ROW("access-control-allow-origin", read_allow_origin),
    ROW("access-control-allow-credentials", read_allow_credentials),
    ROW("permissions-policy", read_permissions),
    ROW("feature-policy", read_feature_policy),
    ROW("public-key-pins", read_pins),
    ROW("public-key-pins-report-only", read_pins_report_only),
    ROW("expect-ct", read_expect_ct),
    ROW("alt-svc", read_alt_svc),
    ROW("date", read_date),
    ROW("content-encoding", read_coding),
    ROW("content-type", read_type),
#undef ROW
};

int http_headers_read(struct http_headers *ret, struct arena *arena,
                      const struct http_answer *answer, const struct http_reading *reading)
{
    struct http_headers h = {.html = true};
    struct reader r = {&h, reading};
    csp_init(&h.csp);
    h.cookies = arena_alloc(arena, HTTP_COOKIES_MAX * sizeof *h.cookies);
    if (!h.cookies)
        return -ERR_NOMEM;
    for (size_t i = 0; i < answer->nfields; i++) {
        const struct field *f = &answer->fields[i];
        if (is_banner(f->name))
            read_banner(&h, f);
        for (size_t k = 0; k < sizeof table / sizeof *table; k++)
            if (str_ieq(f->name, table[k].name))
                table[k].read(&r, f->value);
    }
    *ret = h;
    return 0;
}
