/* From answers to facts; see http_facts.h. */
#include "audit/http_facts.h"

/* ---- preload ---- */

/* TLDs whose registries put all of them on the browsers' HSTS preload list. Not complete, and no
 * substitute for the list. */
static const char *const preloaded_tlds[] = {
    "app", "bank",  "boo",  "channel", "chrome", "dad",       "day",  "dev",
    "esq", "foo",   "gle",  "google",  "ing",    "insurance", "meme", "mov",
    "new", "nexus", "page", "phd",     "prof",   "rsvp",      "zip",
};

enum preload_state http_facts_preload(struct str host)
{
    if (host.n && host.p[host.n - 1] == '.')
        host.n--;
    size_t dot = str_rfind(host, '.');
    struct str tld = dot < host.n ? str_from(host, dot + 1) : host;
    for (size_t i = 0; i < sizeof preloaded_tlds / sizeof *preloaded_tlds; i++)
        if (str_ieq(tld, str_c(preloaded_tlds[i])))
            return PRELOAD_TLD;
    return PRELOAD_UNKNOWN;
}

/* ---- redirects ---- */

bool http_facts_redirects(const struct http_answer *a)
{
    unsigned s = a->status;
    return (s == 301 || s == 302 || s == 303 || s == 307 || s == 308) &&
           http_answer_find(a, STR("location")) != NULL;
}

static bool all_preloaded(const struct http_seen *seen)
{
    for (size_t i = 0; i < seen->nplain; i++)
        if (http_facts_preload(seen->plain[i].url.host) == PRELOAD_UNKNOWN)
            return false;
    return true;
}

static enum http_redirect redirect_verdict(const struct http_seen *seen)
{
    const struct http_hop *hops = seen->plain;
    size_t n = seen->nplain;
    if (seen->port80 == PORT80_CLOSED || seen->port80 == PORT80_NO_HTTP)
        return REDIRECT_NO_HTTP;
    if (seen->port80 == PORT80_UNTESTED || n == 0 || !hops[0].answer)
        return REDIRECT_UNTESTED;
    if (hops[n - 1].url.https && !hops[n - 1].cert_ok)
        return REDIRECT_BAD_CERT;
    if (all_preloaded(seen))
        return REDIRECT_PRELOADED;
    if (n == 1)
        return REDIRECT_MISSING;
    if (!hops[n - 1].url.https)
        return REDIRECT_NOT_HTTPS;
    if (!hops[1].url.https)
        return REDIRECT_LATE;
    return http_url_same_host(&hops[0].url, &hops[1].url) ? REDIRECT_TO_HTTPS : REDIRECT_OFF_HOST;
}

static void redirect_facts(struct redirect_facts *r, const struct http_seen *seen)
{
    r->verdict = redirect_verdict(seen);
    r->hops = seen->nplain;
    if (seen->nplain && seen->plain[0].answer)
        r->first_status = seen->plain[0].answer->status;
    r->permanent = r->first_status == 301 || r->first_status == 308;
    for (size_t i = 0; i < seen->nplain; i++) {
        const struct http_hop *hop = &seen->plain[i];
        if (hop->url.https || !hop->answer)
            continue;
        r->cookies |= http_answer_find(hop->answer, STR("set-cookie")) != NULL;
        r->hsts |= http_answer_find(hop->answer, STR("strict-transport-security")) != NULL;
    }
    for (size_t i = 1; i < seen->nhttps; i++)
        r->back_to_http |= !seen->https[i].url.https;
    const struct http_hop *last = seen->nplain ? &seen->plain[seen->nplain - 1] : NULL;
    r->loop = seen->nplain >= HTTP_HOPS_MAX && last->answer && http_facts_redirects(last->answer);
}

/* ---- HSTS ---- */

static void hsts_chain(struct hsts_facts *h, const struct http_seen *seen,
                       const struct http_hop *hops, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!hops[i].url.https || !hops[i].answer || !str_ieq(hops[i].url.host, seen->host))
            continue;
        const struct field *f = http_answer_find(hops[i].answer, STR("strict-transport-security"));
        struct hsts_value v = {.count = 0};
        if (f)
            http_headers_hsts(&v, f->value);
        if (h->answers++ == 0)
            h->value = v;
        h->missing += !v.valid || v.max_age == 0;
    }
}

static bool is_base_domain(struct str host)
{
    size_t dot = str_find(host, '.', 0);
    if (host.n && (host.p[0] == '[' || (host.p[host.n - 1] >= '0' && host.p[host.n - 1] <= '9')))
        return false; /* an address */
    return dot < host.n && !http_url_same_site(host, str_from(host, dot + 1));
}

static unsigned preload_missing(const struct http_facts *f, const struct http_seen *seen)
{
    const struct hsts_value *v = &f->hsts.value;
    enum http_redirect r = f->redirect.verdict;
    unsigned missing = 0;
    if (!v->valid)
        missing |= PRELOAD_NO_HSTS;
    if (v->max_age < HSTS_YEAR)
        missing |= PRELOAD_MAX_AGE;
    if (!v->include_subdomains)
        missing |= PRELOAD_SUBDOMAINS;
    if (!v->preload)
        missing |= PRELOAD_DIRECTIVE;
    if (seen->nhttps == 0 || !seen->https[0].cert_ok)
        missing |= PRELOAD_CERT;
    if (r != REDIRECT_TO_HTTPS && r != REDIRECT_NO_HTTP && r != REDIRECT_PRELOADED)
        missing |= PRELOAD_REDIRECT;
    if (!is_base_domain(seen->host))
        missing |= PRELOAD_NOT_BASE;
    return missing;
}

static enum stripping stripping(const struct hsts_facts *h)
{
    if (h->preload != PRELOAD_UNKNOWN)
        return STRIPPING_NONE;
    if (h->answers == 0)
        return STRIPPING_UNTESTED;
    if (h->missing == h->answers)
        return STRIPPING_ALWAYS;
    return h->missing || h->value.max_age < HSTS_YEAR ? STRIPPING_OFTEN : STRIPPING_FIRST_VISIT;
}

static void hsts_facts(struct http_facts *f, const struct http_seen *seen)
{
    hsts_chain(&f->hsts, seen, seen->https, seen->nhttps);
    hsts_chain(&f->hsts, seen, seen->plain, seen->nplain);
    f->hsts.preload = http_facts_preload(seen->host);
    f->hsts.preload_missing = preload_missing(f, seen);
    f->hsts.stripping = stripping(&f->hsts);
}

/* ---- single faults ---- */

static bool mentions_tls(const struct http_answer *a)
{
    for (size_t i = 0; i < a->nfields; i++) {
        struct str list = a->fields[i].value, piece;
        while (str_ieq(a->fields[i].name, STR("upgrade")) && str_split(&list, ',', &piece))
            if (str_istarts(str_trim(piece), STR("tls/")) || str_ieq(str_trim(piece), STR("tls")))
                return true;
    }
    return false;
}

/* CVE-2025-49812: RFC 2817's upgrade inside plain HTTP is what makes it possible. */
static enum opossum opossum(const struct http_seen *seen)
{
    if (seen->port80 == PORT80_CLOSED || seen->port80 == PORT80_NO_HTTP)
        return OPOSSUM_SAFE;
    if (!seen->upgrade)
        return OPOSSUM_UNTESTED;
    return seen->upgrade->status == 101 || mentions_tls(seen->upgrade) ? OPOSSUM_VULNERABLE
                                                                       : OPOSSUM_SAFE;
}

static bool contains(struct str s, struct str word)
{
    return word.n && s.n >= word.n && memmem(s.p, s.n, word.p, word.n) != NULL;
}

static enum breach breach(const struct http_seen *seen)
{
    const struct http_answer *a = seen->compressed;
    if (!a)
        return BREACH_UNTESTED;
    struct str coding = http_answer_value(a, STR("content-encoding"));
    if (coding.n == 0 || str_ieq(coding, STR("identity")))
        return BREACH_NOT_COMPRESSED;
    if (seen->reflecting && contains(seen->reflecting->body, seen->nonce))
        return BREACH_REFLECTS;
    return http_answer_find(a, STR("set-cookie")) ? BREACH_COOKIES : BREACH_STATIC;
}

static enum truncation truncation(const struct http_answer *a)
{
    switch (a->end) {
    case HTTP_END_EMPTY:
    case HTTP_END_LENGTH:
    case HTTP_END_CHUNK:
    case HTTP_END_SWITCH: return TRUNCATION_SAFE;
    case HTTP_END_CLOSE: return a->clean_close ? TRUNCATION_CLOSE_NOTIFY : TRUNCATION_POSSIBLE;
    default: return TRUNCATION_UNTESTED;
    }
}

/* ---- the page ---- */

static void add_metas(struct http_headers *h, const struct html_facts *f)
{
    for (size_t i = 0; i < f->nmetas; i++) {
        const struct html_meta *m = &f->metas[i];
        if (str_ieq(m->name, STR("content-security-policy")))
            csp_add(&h->csp, m->content, CSP_META);
        else if (str_ieq(m->name, STR("referrer-policy")))
            h->referrer = http_headers_referrer(m->content, h->referrer);
    }
}

static int scan_page(struct http_facts *f, struct arena *arena)
{
    struct html_page page = {.https = f->url.https, .host = f->url.host};
    if (!f->headers.html || f->page->body.n == 0)
        return 0;
    int err = html_scan(&f->scan, arena, &page, f->page->body);
    if (err)
        return err;
    f->html = true;
    add_metas(&f->headers, &f->scan);
    return 0;
}

/* The last https answer: where a visitor ends up. */
static int read_page(struct http_facts *f, struct arena *arena, const struct http_seen *seen)
{
    for (size_t i = 0; i < seen->nhttps; i++)
        if (seen->https[i].answer && seen->https[i].url.https) {
            f->https = true;
            f->cert_ok = seen->https[i].cert_ok;
            f->url = seen->https[i].url;
            f->page = seen->https[i].answer;
        }
    if (!f->https)
        return 0;
    struct http_reading reading = {.host = f->url.host, .now = seen->now};
    int err = http_headers_read(&f->headers, arena, f->page, &reading);
    if (err)
        return err;
    f->truncation = truncation(f->page);
    return scan_page(f, arena);
}

static void chain_cookies(struct http_facts *f, const struct http_hop *hops, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; hops[i].answer && k < hops[i].answer->nfields; k++) {
            const struct field *field = &hops[i].answer->fields[k];
            if (f->ncookies == HTTP_COOKIES_MAX || !str_ieq(field->name, STR("set-cookie")))
                continue;
            if (http_cookie_parse(&f->cookies[f->ncookies], field->value, hops[i].url.host) == 0)
                f->ncookies++;
        }
}

static int read_cors(struct http_facts *f, struct arena *arena, const struct http_seen *seen)
{
    struct http_headers h;
    struct http_reading reading = {.host = seen->host, .origin = seen->origin, .now = seen->now};
    f->cors = f->headers.cors;
    if (!seen->cors)
        return 0;
    int err = http_headers_read(&h, arena, seen->cors, &reading);
    if (!err)
        f->cors = h.cors;
    return err;
}

int http_facts_gather(struct http_facts *ret, struct arena *arena, const struct http_seen *seen)
{
    struct http_facts *f = arena_zalloc(arena, sizeof *f); /* large for a stack */
    if (!f)
        return -ERR_NOMEM;
    csp_init(&f->headers.csp);
    f->cookies = arena_alloc(arena, HTTP_COOKIES_MAX * sizeof *f->cookies);
    if (!f->cookies)
        return -ERR_NOMEM;
    int err = read_page(f, arena, seen);
    if (!err)
        err = read_cors(f, arena, seen);
    if (err)
        return err;
    chain_cookies(f, seen->https, seen->nhttps);
    chain_cookies(f, seen->plain, seen->nplain);
    redirect_facts(&f->redirect, seen);
    hsts_facts(f, seen);
    f->opossum = opossum(seen);
    f->breach = breach(seen);
    *ret = *f;
    return 0;
}
