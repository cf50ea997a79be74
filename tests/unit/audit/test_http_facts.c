/* Chains of answers → judgements. */
#include "audit/observatory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define HSTS "Strict-Transport-Security: max-age=31536000; includeSubDomains; preload\r\n"

struct rig {
    struct arena arena;
    struct http_hop https[4], plain[4];
    struct http_seen seen;
    struct http_facts f;
};

static int setup(void **state)
{
    struct rig *r = *state = calloc(1, sizeof *r);
    arena_init(&r->arena, 65536, 64 << 20);
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    arena_done(&r->arena);
    free(r);
    return 0;
}

/* The answer that these bytes are; the connection is closed behind them, without close_notify. */
static const struct http_answer *answer(struct rig *r, const char *text)
{
    struct http_client c;
    struct http_answer *a = arena_alloc(&r->arena, sizeof *a);
    size_t used;
    http_client_init(&c, &r->arena, METHOD_GET);
    if (http_client_feed(&c, str_c(text), &used) == -ERR_NEED_MORE)
        assert_int_equal(http_client_close(&c, false), 0);
    *a = c.answer;
    http_client_done(&c);
    return a;
}

static struct http_hop hop(struct rig *r, const char *url, const char *text)
{
    struct http_hop h = {.cert_ok = true, .answer = text ? answer(r, text) : NULL};
    struct http_url base = {.host = STR("x"), .port = 80, .target = STR("/")};
    assert_int_equal(http_url_resolve(&h.url, &r->arena, &base, str_c(url)), 0);
    return h;
}

/* Begins anew: example.com, https with these fields and an empty page, port 80 closed. */
static void begin(struct rig *r, const char *host, const char *fields)
{
    struct str text =
        arena_printf(&r->arena, "HTTP/1.1 200 OK\r\n%sContent-Length: 0\r\n\r\n", fields);
    r->https[0] = hop(r, "https://example.com/", text.p);
    r->https[0].url.host = str_c(host);
    r->seen = (struct http_seen){.host = str_c(host),
                                 .now = 1800000000,
                                 .https = r->https,
                                 .nhttps = 1,
                                 .port80 = PORT80_CLOSED,
                                 .plain = r->plain};
}

static const struct http_facts *gather(struct rig *r)
{
    assert_int_equal(http_facts_gather(&r->f, &r->arena, &r->seen), 0);
    return &r->f;
}

#define MOVED(to) "HTTP/1.1 301 Moved\r\nLocation: " to "\r\nContent-Length: 0\r\n\r\n"
#define PAGE      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

static void redirects(void **state)
{
    static const struct {
        const char *urls[3];
        enum http_redirect verdict;
    } rows[] = {
        {{"http://example.com/", "https://example.com/"}, REDIRECT_TO_HTTPS},
        {{"http://example.com/", "https://www.example.com/"}, REDIRECT_OFF_HOST},
        {{"http://example.com/", "https://example.com/", "https://www.example.com/"},
         REDIRECT_TO_HTTPS},
        {{"http://example.com/", "http://www.example.com/", "https://www.example.com/"},
         REDIRECT_LATE},
        {{"http://example.com/", "http://www.example.com/"}, REDIRECT_NOT_HTTPS},
        {{"http://example.com/", "https://example.com/", "http://example.com/x"},
         REDIRECT_NOT_HTTPS},
        {{"http://example.com/"}, REDIRECT_MISSING},
        {{"http://example.dev/"}, REDIRECT_PRELOADED},
    };
    struct rig *r = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(r, "example.com", "");
        r->seen.port80 = PORT80_HTTP;
        while (r->seen.nplain < 3 && rows[i].urls[r->seen.nplain]) {
            r->plain[r->seen.nplain] = hop(r, rows[i].urls[r->seen.nplain], MOVED("x"));
            r->seen.nplain++;
        }
        assert_int_equal(gather(r)->redirect.verdict, rows[i].verdict);
        assert_int_equal(r->f.redirect.first_status, 301);
        assert_true(r->f.redirect.permanent);
    }
    r->plain[0] = hop(r, "http://example.com/", MOVED("x"));
    r->plain[1] = hop(r, "https://example.com/", PAGE);
    r->plain[1].cert_ok = false;
    r->seen.nplain = 2;
    assert_int_equal(gather(r)->redirect.verdict, REDIRECT_BAD_CERT);
    begin(r, "example.com", "");
    assert_int_equal(gather(r)->redirect.verdict, REDIRECT_NO_HTTP);
    r->seen.port80 = PORT80_UNTESTED;
    assert_int_equal(gather(r)->redirect.verdict, REDIRECT_UNTESTED);
}

static void what_http_must_not_send(void **state)
{
    struct rig *r = *state;
    begin(r, "example.com", "");
    r->seen.port80 = PORT80_HTTP;
    r->plain[0] = hop(r, "http://example.com/",
                      "HTTP/1.1 302 Found\r\nSet-Cookie: sess=1\r\n" HSTS "Location: /\r\n"
                      "Content-Length: 0\r\n\r\n");
    r->plain[1] = hop(r, "https://example.com/",
                      "HTTP/1.1 200 OK\r\n"
                      "Set-Cookie: b=1\r\nContent-Length: 0\r\n\r\n");
    r->seen.nplain = 2;
    const struct http_facts *f = gather(r);
    assert_true(f->redirect.cookies && f->redirect.hsts && !f->redirect.permanent);
    assert_int_equal(f->ncookies, 2);
    r->plain[0] = hop(r, "http://example.com/", MOVED("https://example.com/"));
    f = gather(r);
    assert_false(f->redirect.cookies || f->redirect.hsts);
}

static void stripping_exposure(void **state)
{
    struct rig *r = *state;
    begin(r, "example.com", HSTS);
    const struct http_facts *f = gather(r);
    assert_int_equal(f->hsts.stripping, STRIPPING_FIRST_VISIT);
    assert_int_equal(f->hsts.preload_missing, 0);
    assert_int_equal(f->hsts.answers, 1);
    begin(r, "example.com", "");
    assert_int_equal(gather(r)->hsts.stripping, STRIPPING_ALWAYS);
    begin(r, "example.com", "Strict-Transport-Security: max-age=86400\r\n");
    assert_int_equal(gather(r)->hsts.stripping, STRIPPING_OFTEN);
    begin(r, "example.com", "Strict-Transport-Security: max-age=0\r\n");
    assert_int_equal(gather(r)->hsts.stripping, STRIPPING_ALWAYS);
    begin(r, "example.dev", "");
    assert_int_equal(gather(r)->hsts.stripping, STRIPPING_NONE);
    /* A redirect on the same host that forgets the field; another host's answer does not matter. */
    begin(r, "example.com", HSTS);
    r->https[1] = hop(r, "https://example.com/x", PAGE);
    r->https[2] = hop(r, "https://www.example.com/", PAGE);
    r->seen.nhttps = 3;
    f = gather(r);
    assert_int_equal(f->hsts.answers, 2);
    assert_int_equal(f->hsts.missing, 1);
    assert_int_equal(f->hsts.stripping, STRIPPING_OFTEN);
    r->seen.nhttps = 0;
    assert_int_equal(gather(r)->hsts.stripping, STRIPPING_UNTESTED);
    assert_false(r->f.https);
}

static void preload_conditions(void **state)
{
    struct rig *r = *state;
    begin(r, "www.example.com", HSTS);
    assert_int_equal(gather(r)->hsts.preload_missing, PRELOAD_NOT_BASE);
    begin(r, "example.com", "Strict-Transport-Security: max-age=31535999\r\n");
    r->https[0].cert_ok = false;
    r->seen.port80 = PORT80_HTTP;
    r->plain[0] = hop(r, "http://example.com/", PAGE);
    r->seen.nplain = 1;
    assert_int_equal(gather(r)->hsts.preload_missing, PRELOAD_MAX_AGE | PRELOAD_SUBDOMAINS |
                                                          PRELOAD_DIRECTIVE | PRELOAD_CERT |
                                                          PRELOAD_REDIRECT);
    begin(r, "192.0.2.1", HSTS);
    assert_int_equal(gather(r)->hsts.preload_missing, PRELOAD_NOT_BASE);
    assert_int_equal(http_facts_preload(STR("a.b.APP.")), PRELOAD_TLD);
    assert_int_equal(http_facts_preload(STR("app.example.com")), PRELOAD_UNKNOWN);
    assert_int_equal(http_facts_preload(STR("")), PRELOAD_UNKNOWN);
}

static void opossum_answers(void **state)
{
    static const struct {
        const char *text;
        enum opossum verdict;
    } rows[] = {
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n"
         "Connection: Upgrade\r\n\r\n",
         OPOSSUM_VULNERABLE},
        {"HTTP/1.1 426 Upgrade Required\r\nUpgrade: HTTP/1.1, TLS/1.0\r\n"
         "Content-Length: 0\r\n\r\n",
         OPOSSUM_VULNERABLE},
        {"HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n", OPOSSUM_SAFE},
        {"HTTP/1.1 301 Moved\r\nLocation: x\r\nContent-Length: 0\r\n\r\n", OPOSSUM_SAFE},
    };
    struct rig *r = *state;
    begin(r, "example.com", "");
    assert_int_equal(gather(r)->opossum, OPOSSUM_SAFE); /* nothing on port 80 */
    r->seen.port80 = PORT80_HTTP;
    assert_int_equal(gather(r)->opossum, OPOSSUM_UNTESTED);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        r->seen.upgrade = answer(r, rows[i].text);
        assert_int_equal(gather(r)->opossum, rows[i].verdict);
    }
}

static void breach_needs_secrets(void **state)
{
    struct rig *r = *state;
    begin(r, "example.com", "");
    assert_int_equal(gather(r)->breach, BREACH_UNTESTED);
    r->seen.compressed = answer(r, PAGE);
    assert_int_equal(gather(r)->breach, BREACH_NOT_COMPRESSED);
    r->seen.compressed =
        answer(r, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx");
    assert_int_equal(gather(r)->breach, BREACH_STATIC);
    r->seen.nonce = STR("n0nce");
    r->seen.reflecting = answer(r, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na n0nce b");
    assert_int_equal(gather(r)->breach, BREACH_REFLECTS);
    r->seen.nonce = STR("other");
    assert_int_equal(gather(r)->breach, BREACH_STATIC);
    r->seen.compressed = answer(
        r,
        "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nSet-Cookie: a=1\r\nContent-Length: 1\r\n\r\nx");
    assert_int_equal(gather(r)->breach, BREACH_COOKIES);
}

static void truncation_by_close(void **state)
{
    struct rig *r = *state;
    begin(r, "example.com", "");
    assert_int_equal(gather(r)->truncation, TRUNCATION_SAFE);
    struct http_answer a = *answer(r, "HTTP/1.0 200 OK\r\n\r\nbody");
    r->https[0].answer = &a;
    assert_int_equal(gather(r)->truncation, TRUNCATION_POSSIBLE);
    a.clean_close = true;
    assert_int_equal(gather(r)->truncation, TRUNCATION_CLOSE_NOTIFY);
    a.end = HTTP_END_CUT;
    assert_int_equal(gather(r)->truncation, TRUNCATION_UNTESTED);
}

static void page_and_metas(void **state)
{
    struct rig *r = *state;
    begin(r, "example.com", "");
    r->https[1] =
        hop(r, "https://www.example.com/",
            "HTTP/1.0 200 OK\r\nReferrer-Policy: unsafe-url\r\nContent-Type: text/html\r\n\r\n"
            "<meta http-equiv=content-security-policy content=\"default-src 'self'\">"
            "<meta name=referrer content=same-origin><script src=//cdn.test/x.js></script>");
    r->seen.nhttps = 2;
    const struct http_facts *f = gather(r);
    assert_true(f->html && f->https && f->cert_ok);
    assert_true(str_eq(f->url.host, STR("www.example.com")));
    assert_int_equal(f->headers.csp.meta, 1);
    assert_int_equal(f->headers.referrer, REFERRER_SAME_ORIGIN);
    assert_int_equal(f->scan.foreign_insecure_bare, 1);
    struct observatory o;
    observatory_judge(&o, f);
    assert_int_equal(o.verdicts[OBSERVATORY_TEST_CSP], OBSERVATORY_CSP_NO_UNSAFE);
    assert_int_equal(o.verdicts[OBSERVATORY_TEST_SRI], OBSERVATORY_SRI_NEITHER);
    r->https[1] =
        hop(r, "https://www.example.com/",
            "HTTP/1.0 200 OK\r\nContent-Type: image/png\r\n\r\n<script src=//cdn.test/x.js>");
    assert_false(gather(r)->html);
}

static void cors_of_the_asking(void **state)
{
    struct rig *r = *state;
    begin(r, "example.com", "Access-Control-Allow-Origin: *\r\n");
    assert_true(gather(r)->cors.star);
    r->seen.origin = STR("https://evil.example");
    r->seen.cors =
        answer(r, "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: https://evil.example\r\n"
                  "Access-Control-Allow-Credentials: true\r\nContent-Length: 0\r\n\r\n");
    assert_true(gather(r)->cors.reflected && r->f.cors.credentials && !r->f.cors.star);
}

static void memory_runs_out(void **state)
{
    struct rig *r = *state;
    begin(r, "example.com", HSTS);
    int err = -ERR_NOMEM;
    for (size_t max = 0; max < 100000 && err; max += 500) {
        struct arena small;
        arena_init(&small, 512, max);
        err = http_facts_gather(&r->f, &small, &r->seen);
        assert_true(err == 0 || err == -ERR_NOMEM);
        arena_done(&small);
    }
    assert_int_equal(err, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(redirects),           T(what_http_must_not_send), T(stripping_exposure),
        T(preload_conditions),  T(opossum_answers),         T(breach_needs_secrets),
        T(truncation_by_close), T(page_and_metas),          T(cors_of_the_asking),
        T(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
