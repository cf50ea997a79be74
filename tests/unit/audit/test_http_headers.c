/* Values of security fields, each as the browser that obeys it reads it. */
#include "audit/http_headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW 1800000000

struct rig {
    struct arena arena;
    struct http_client client;
    struct http_headers h;
};

static int setup(void **state)
{
    struct rig *r = *state = calloc(1, sizeof *r);
    arena_init(&r->arena, 4096, 8 << 20);
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    arena_done(&r->arena);
    free(r);
    return 0;
}

/* Lines of fields, each with its CRLF, in an answer of its own. */
static const struct http_headers *read_fields(struct rig *r, const char *fields)
{
    struct str text = arena_printf(&r->arena, "HTTP/1.1 204 x\r\n%s\r\n", fields);
    struct http_reading reading = {STR("www.example.com"), STR("https://evil.example"), NOW};
    size_t used;
    http_client_init(&r->client, &r->arena, METHOD_GET);
    assert_int_equal(http_client_feed(&r->client, text, &used), 0);
    assert_int_equal(http_headers_read(&r->h, &r->arena, &r->client.answer, &reading), 0);
    http_client_done(&r->client);
    return &r->h;
}

static const struct {
    const char *value;
    bool valid;
    unsigned faults;
    uint64_t age;
    int subdomains, preload;
} hsts[] = {
    {"max-age=31536000", true, 0, 31536000, 0, 0},
    {"max-age=0", true, 0, 0, 0, 0},
    {" MAX-AGE = 5 ; INCLUDESUBDOMAINS ;; preload;", true, 0, 5, 1, 1},
    {"max-age=\"300\"; includeSubDomains", true, 0, 300, 1, 0},
    {"includeSubDomains; max-age=5; unknown=\"a;b\"", true, 0, 5, 1, 0},
    {"max-age=99999999999999999999999", true, 0, UINT64_MAX, 0, 0},
    {"", false, HSTS_FAULT_NO_MAX_AGE, 0, 0, 0},
    {"includeSubDomains", false, HSTS_FAULT_NO_MAX_AGE, 0, 1, 0},
    {"max-age", false, HSTS_FAULT_MAX_AGE, 0, 0, 0},
    {"max-age=abc", false, HSTS_FAULT_MAX_AGE, 0, 0, 0},
    {"max-age=-1", false, HSTS_FAULT_MAX_AGE, 0, 0, 0},
    {"max-age=5; max-age=6", false, HSTS_FAULT_DUPLICATE, 6, 0, 0},
    {"max-age=5, max-age=5", false, HSTS_FAULT_GRAMMAR, 5, 0, 0},
    {"max-age=5 includeSubDomains", false, HSTS_FAULT_GRAMMAR, 5, 0, 0},
    {"max-age=\"5", false, HSTS_FAULT_GRAMMAR, 5, 0, 0},
    {"max-age=5; includeSubDomains=1", true, HSTS_FAULT_VALUE, 5, 1, 0},
};

static void hsts_values(void **state)
{
    for (size_t i = 0; i < sizeof hsts / sizeof *hsts; i++) {
        struct hsts_value v;
        http_headers_hsts(&v, str_c(hsts[i].value));
        if (v.valid != hsts[i].valid || v.faults != hsts[i].faults ||
            v.include_subdomains != hsts[i].subdomains || v.preload != hsts[i].preload ||
            v.max_age != hsts[i].age)
            fail_msg("%s: %d %u %llu", hsts[i].value, v.valid, v.faults,
                     (unsigned long long)v.max_age);
    }
}

static void hsts_fields(void **state)
{
    const struct http_headers *h = read_fields(*state, "Strict-Transport-Security: max-age=5\r\n"
                                                       "strict-transport-security: max-age=0\r\n");
    assert_int_equal(h->hsts.count, 2);
    assert_int_equal(h->hsts.max_age, 5);
    assert_true(h->hsts.valid);
    assert_int_equal(h->hsts.faults, HSTS_FAULT_SEVERAL);
    assert_int_equal(read_fields(*state, "A: b\r\n")->hsts.count, 0);
}

static void cookies(void **state)
{
    const struct http_headers *h = read_fields(
        *state,
        "Set-Cookie: a=1; Domain=evil.example\r\nSet-Cookie: =\r\nset-cookie: sess=2; Secure\r\n");
    assert_int_equal(h->ncookies, 2);
    assert_int_equal(h->cookies_dropped, 1);
    assert_int_equal(h->cookies[0].faults, COOKIE_FAULT_DOMAIN);
    assert_true(h->cookies[1].session_id);
}

/* One field, one number out of the struct. */
static const struct {
    const char *fields;
    size_t offset;
    int is;
} values[] = {
#define V(fields, member, is)                                                                      \
    {                                                                                              \
        fields "\r\n", offsetof(struct http_headers, member), is                                   \
    }
    V("A: b", frame_options, XFO_ABSENT),
    V("X-Frame-Options: DENY", frame_options, XFO_DENY),
    V("x-frame-options: SameOrigin", frame_options, XFO_SAMEORIGIN),
    V("X-Frame-Options: ALLOW-FROM https://a", frame_options, XFO_ALLOW_FROM),
    V("X-Frame-Options: ALLOWALL", frame_options, XFO_INVALID),
    V("X-Frame-Options: DENY\r\nX-Frame-Options: DENY", frame_options, XFO_DENY),
    V("X-Frame-Options: SAMEORIGIN\r\nX-Frame-Options: ALLOWALL", frame_options, XFO_DENY),
    V("X-Frame-Options: sameorigin, SAMEORIGIN", frame_options, XFO_SAMEORIGIN),
    V("X-Frame-Options: ALLOWALL, ALLOW-FROM https://a", frame_options, XFO_INVALID),
    V("A: b", nosniff, NOSNIFF_ABSENT),
    V("X-Content-Type-Options: NoSniff", nosniff, NOSNIFF_ON),
    V("X-Content-Type-Options: nosniff, nosniff", nosniff, NOSNIFF_ON),
    V("X-Content-Type-Options: sniff", nosniff, NOSNIFF_INVALID),
    V("A: b", referrer, REFERRER_ABSENT),
    V("Referrer-Policy: no-referrer", referrer, REFERRER_NO_REFERRER),
    V("Referrer-Policy: unsafe-url, Same-Origin", referrer, REFERRER_SAME_ORIGIN),
    V("Referrer-Policy: strict-origin, from-the-future", referrer, REFERRER_STRICT_ORIGIN),
    V("Referrer-Policy: origin\r\nReferrer-Policy: unsafe-url", referrer, REFERRER_UNSAFE_URL),
    V("Referrer-Policy: origin\r\nReferrer-Policy: what", referrer, REFERRER_ORIGIN),
    V("Referrer-Policy: what", referrer, REFERRER_INVALID),
    V("Cross-Origin-Resource-Policy: same-site", corp, CORP_SAME_SITE),
    V("Cross-Origin-Resource-Policy: same-origin", corp, CORP_SAME_ORIGIN),
    V("Cross-Origin-Resource-Policy: cross-origin", corp, CORP_CROSS_ORIGIN),
    V("Cross-Origin-Resource-Policy: x", corp, CORP_INVALID),
    V("Cross-Origin-Opener-Policy: same-origin; report-to=\"x\"", coop, COOP_SAME_ORIGIN),
    V("Cross-Origin-Opener-Policy: \"same-origin\"", coop, COOP_INVALID),
    V("Cross-Origin-Opener-Policy: same-origin-allow-popups", coop, COOP_SAME_ORIGIN_ALLOW_POPUPS),
    V("Cross-Origin-Opener-Policy: noopener-allow-popups", coop, COOP_NOOPENER_ALLOW_POPUPS),
    V("Cross-Origin-Opener-Policy: unsafe-none", coop, COOP_UNSAFE_NONE),
    V("Cross-Origin-Opener-Policy: unsafe-none\r\nCross-Origin-Opener-Policy: unsafe-none", coop,
      COOP_INVALID),
    V("Cross-Origin-Embedder-Policy: require-corp", coep, COEP_REQUIRE_CORP),
    V("Cross-Origin-Embedder-Policy: credentialless", coep, COEP_CREDENTIALLESS),
    V("Cross-Origin-Embedder-Policy: unsafe-none", coep, COEP_UNSAFE_NONE),
    V("Cross-Origin-Embedder-Policy: yes", coep, COEP_INVALID),
    V("X-XSS-Protection: 0", xss, XSS_OFF),
    V("X-XSS-Protection: 1", xss, XSS_FILTER),
    V("X-XSS-Protection: 1; mode=block", xss, XSS_BLOCK),
    V("X-XSS-Protection: on", xss, XSS_INVALID),
    V("Content-Encoding: GZIP", codings, CODING_GZIP),
    V("Content-Encoding: br, zstd", codings, CODING_BR | CODING_ZSTD),
    V("Content-Encoding: identity", codings, 0),
    V("Content-Encoding: lzma", codings, CODING_OTHER),
#undef V
};

static void single_values(void **state)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        int is;
        memcpy(&is, (const char *)read_fields(*state, values[i].fields) + values[i].offset,
               sizeof is);
        if (is != values[i].is)
            fail_msg("%s: %d", values[i].fields, is);
    }
}

static void cors(void **state)
{
    const struct http_headers *h =
        read_fields(*state, "Access-Control-Allow-Origin: https://evil.example\r\n"
                            "Access-Control-Allow-Credentials: true\r\n");
    assert_true(h->cors.present && h->cors.reflected && h->cors.credentials && !h->cors.star);
    h = read_fields(*state, "Access-Control-Allow-Origin: *\r\n");
    assert_true(h->cors.star && !h->cors.reflected && !h->cors.credentials);
    h = read_fields(*state, "Access-Control-Allow-Origin: https://other.example\r\n");
    assert_true(h->cors.present && !h->cors.reflected);
    h = read_fields(*state,
                    "Access-Control-Allow-Origin: null\r\nAccess-Control-Allow-Origin: a\r\n");
    assert_true(h->cors.null_origin && h->cors.several);
}

static void permissions(void **state)
{
    const struct http_headers *h = read_fields(
        *state,
        "Permissions-Policy: camera=(), microphone=*, geolocation=(self \"https://a.example\");report-to=x, "
        "usb=(*), other=self\r\n");
    assert_int_equal(h->permissions.directives, 5);
    assert_int_equal(h->permissions.denied, PERMISSION_CAMERA);
    assert_int_equal(h->permissions.everyone, PERMISSION_MICROPHONE | PERMISSION_USB);
    assert_false(h->permissions.invalid);
    static const char *const bad[] = {"camera 'none'", "camera=(", "camera=", "camera", "=()"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rig *r = *state;
        struct str line = arena_printf(&r->arena, "Permissions-Policy: %s\r\n", bad[i]);
        if (!read_fields(*state, line.p)->permissions.invalid)
            fail_msg("%s", bad[i]);
    }
    assert_true(
        read_fields(*state, "Feature-Policy: camera 'none'\r\n")->permissions.feature_policy);
}

static void obsolete_ones(void **state)
{
    const struct http_headers *h = read_fields(
        *state,
        "Public-Key-Pins: pin-sha256=\"a=\"; pin-sha256=\"b=\"; max-age=9; includeSubDomains\r\n"
        "Expect-CT: max-age=7, enforce, report-uri=\"https://a\"\r\n");
    assert_true(h->hpkp.present && !h->hpkp.report_only && h->hpkp.include_subdomains);
    assert_int_equal(h->hpkp.pins, 2);
    assert_int_equal(h->hpkp.max_age, 9);
    assert_true(h->expect_ct.present && h->expect_ct.enforce);
    assert_int_equal(h->expect_ct.max_age, 7);
    h = read_fields(*state, "Public-Key-Pins-Report-Only: pin-sha256=\"a=\"\r\n");
    assert_true(h->hpkp.report_only);
}

static void banners(void **state)
{
    const struct http_headers *h = read_fields(
        *state, "Server: nginx\r\nX-Powered-By: PHP/8.2\r\nVia: 1.1 proxy\r\nX-Other: a/1\r\n");
    assert_int_equal(h->nbanners, 3);
    assert_false(h->banners[0].version);
    assert_true(h->banners[1].version);
    assert_true(str_eq(h->banners[1].value, STR("PHP/8.2")));
    assert_false(read_fields(*state, "Server: gate443\r\n")->banners[0].version);
}

static void alt_svc(void **state)
{
    const struct http_headers *h = read_fields(
        *state,
        "Alt-Svc: h3-29=\":444\"; ma=1, h3=\"alt.example:8443\"; ma=60; persist=1, h3=\":9\"; ma=7, h2=\":443\"\r\n");
    assert_true(h->alt_svc.h3 && h->alt_svc.h3_draft && !h->alt_svc.invalid);
    assert_int_equal(h->alt_svc.entries, 4);
    assert_int_equal(h->alt_svc.h3_port, 8443);
    assert_true(str_eq(h->alt_svc.h3_host, STR("alt.example")));
    assert_int_equal(h->alt_svc.h3_ma, 60);
    h = read_fields(*state, "Alt-Svc: h3=\":443\"\r\n");
    assert_int_equal(h->alt_svc.h3_ma, 86400);
    assert_int_equal(h->alt_svc.h3_host.n, 0);
    assert_true(read_fields(*state, "Alt-Svc: clear\r\n")->alt_svc.clear);
    assert_true(read_fields(*state, "Alt-Svc: h3=:443\r\n")->alt_svc.invalid);
    assert_true(read_fields(*state, "Alt-Svc: h3=\":0\"\r\n")->alt_svc.invalid);
}

static void dates(void **state)
{
    const struct http_headers *h = read_fields(*state, "Date: Fri, 15 Jan 2027 08:01:00 GMT\r\n");
    assert_true(h->has_date && !h->date_invalid);
    assert_int_equal(h->skew, 60); /* NOW is 08:00:00 */
    h = read_fields(*state, "Date: yesterday\r\n");
    assert_true(!h->has_date && h->date_invalid);
}

static void policies_and_types(void **state)
{
    const struct http_headers *h = read_fields(
        *state,
        "Content-Security-Policy: default-src 'none'\r\nContent-Security-Policy-Report-Only: x\r\n"
        "Content-Type: TEXT/HTML; charset=utf-8\r\n");
    assert_int_equal(csp_judge(&h->csp, true), CSP_NO_UNSAFE_DEFAULT_NONE);
    assert_int_equal(h->csp.report_only, 1);
    assert_true(h->html);
    assert_true(read_fields(*state, "A: b\r\n")->html);
    assert_false(read_fields(*state, "Content-Type: text/plain\r\n")->html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hsts_values),
        cmocka_unit_test_setup_teardown(hsts_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(cookies, setup, teardown),
        cmocka_unit_test_setup_teardown(single_values, setup, teardown),
        cmocka_unit_test_setup_teardown(cors, setup, teardown),
        cmocka_unit_test_setup_teardown(permissions, setup, teardown),
        cmocka_unit_test_setup_teardown(obsolete_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(banners, setup, teardown),
        cmocka_unit_test_setup_teardown(alt_svc, setup, teardown),
        cmocka_unit_test_setup_teardown(dates, setup, teardown),
        cmocka_unit_test_setup_teardown(policies_and_types, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
