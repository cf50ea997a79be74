/* What a site's settings make of a response head; and the error page's own policy. */
#include "h1_rig.h"

#include "http/error_page.h"

#include <openssl/evp.h>
#include <stdio.h>

static struct rig rig;

static void open_site(void)
{
    rig_open(&rig, 100000);
    rig_start(&rig);
    rig.conn.facts.secure = true;
    rig.site.safe_headers = true;
}

static const char *ask(const char *path, const char *host)
{
    static char text[500];
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, host);
    rig_forget(&rig);
    rig_send(&rig, text);
    return rig_got(&rig);
}

static void has(const char *text, bool wanted)
{
    if (!strstr(rig_got(&rig), text) == wanted)
        fail_msg("%s \"%s\" in\n%s", wanted ? "no" : "unwanted", text, rig_got(&rig));
}

static void safe_headers(void **state)
{
    open_site();
    ask("/hello", "a.example");
    has("x-content-type-options: nosniff\r\n", true);
    has("x-frame-options: SAMEORIGIN\r\n", true);
    has("referrer-policy: strict-origin-when-cross-origin\r\n", true);
    has("cross-origin-opener-policy: same-origin\r\n", true);
    rig.conn.facts.secure = false;
    ask("/hello", "a.example");
    has("cross-origin-opener-policy", false);
    struct header_rule rules[] = {
        {HEADER_SET, STR("Content-Security-Policy"), STR("default-src 'self'; frame-ancestors 'none'")},
        {HEADER_SET, STR("Referrer-Policy"), STR("no-referrer")},
        {HEADER_REMOVE, STR("X-Content-Type-Options"), STR_NONE}};
    rig.site.headers = rules;
    rig.site.nheaders = 3;
    ask("/hello", "a.example");
    has("x-frame-options", false);
    has("x-content-type-options", false);
    has("strict-origin", false);
    rig.site.safe_headers = false;
    rig.site.nheaders = 0;
    ask("/hello", "a.example");
    has("x-frame-options", false);
    rig_close(&rig);
}

static void rules(void **state)
{
    struct header_rule rows[] = {{HEADER_DEFAULT, STR("X-App"), STR("default")},
                                 {HEADER_DEFAULT, STR("X-New"), STR("new")},
                                 {HEADER_ADD, STR("X-Many"), STR("1")},
                                 {HEADER_ADD, STR("X-Many"), STR("2")},
                                 {HEADER_SET, STR("Content-Type"), STR("text/x")},
                                 {HEADER_SET, STR("Content-Length"), STR("999")},
                                 {HEADER_SET, STR("X-Gone"), STR("1")},
                                 {HEADER_REMOVE, STR("x-gone"), STR_NONE},
                                 {HEADER_REMOVE, STR("Server"), STR_NONE}};
    open_site();
    struct route route = {.headers = rows, .nheaders = sizeof rows / sizeof *rows};
    rig.site.headers = route.headers;
    rig.site.nheaders = route.nheaders;
    ask("/cookie", "a.example");
    has("x-app: yes\r\n", true);
    has("default", false);
    has("X-New: new\r\n", true);
    has("X-Many: 1\r\nX-Many: 2\r\n", true);
    has("Content-Type: text/x\r\n", true);
    has("text/plain", false);
    has("999", false);
    has("X-Gone", false);
    has("erver: ", false);
    has("upgrade", false);
    rig_close(&rig);
}

static void hsts(void **state)
{
    open_site();
    rig.site.hsts.mode = HSTS_AUTO;
    ask("/hello", "a.example");
    has("strict-transport-security", false);
    rig.site.hsts_age = 300;
    ask("/hello", "a.example");
    has("strict-transport-security: max-age=300\r\n", true);
    ask("/hello", "127.0.0.1");
    has("strict-transport-security", false);
    ask("/hello", "[::1]:8443");
    has("strict-transport-security", false);
    rig.site.hsts = (struct hsts_settings){HSTS_FIXED, 63072000, true, true};
    ask("/hello", "a.example");
    has("strict-transport-security: max-age=63072000; includeSubDomains; preload\r\n", true);
    rig.site.hsts = (struct hsts_settings){HSTS_FIXED, 0, false, false};
    ask("/hello", "a.example");
    has("strict-transport-security: max-age=0\r\n", true);
    rig.conn.facts.secure = false;
    ask("/hello", "a.example");
    has("strict-transport-security", false);
    rig_close(&rig);
}

static void cookies(void **state)
{
    open_site();
    rig.site.cookies = (struct cookie_settings){true, true, COOKIES_SAME_SITE_LAX};
    ask("/cookie", "a.example");
    has("set-cookie: a=1; Secure; HttpOnly; SameSite=Lax\r\n", true);
    has("set-cookie: __Host-b=2; Path=/; SameSite=Strict; Secure; HttpOnly\r\n", true);
    rig.site.cookies = (struct cookie_settings){false, false, COOKIES_SAME_SITE_STRICT};
    ask("/cookie", "a.example");
    has("set-cookie: a=1; SameSite=Strict\r\n", true);
    rig.site.cookies = (struct cookie_settings){false, false, COOKIES_SAME_SITE_NONE};
    ask("/cookie", "a.example");
    has("set-cookie: a=1; Secure; SameSite=None\r\n", true);
    rig.site.cookies = (struct cookie_settings){true, false, COOKIES_SAME_SITE_LEAVE};
    rig.conn.facts.secure = false;
    ask("/cookie", "a.example");
    has("set-cookie: a=1\r\n", true);
    rig_close(&rig);
}

/* The hash in the error page's policy is that of the style it carries. */
static void page_hash(void **state)
{
    unsigned char digest[32];
    char text[64];
    struct buf page;
    buf_init(&page, ERROR_PAGE_MAX);
    error_page_render(&page, ERROR_FORM_HTML, 431);
    assert_true(buf_ok(&page));
    const char *style = strstr(buf_cstr(&page), "<style>") + 7, *end = strstr(style, "</style>");
    assert_int_equal(EVP_Digest(style, (size_t)(end - style), digest, NULL, EVP_sha256(), NULL), 1);
    EVP_EncodeBlock((unsigned char *)text, digest, 32);
    assert_non_null(strstr(error_page_csp().p, text));
    buf_done(&page);
    for (unsigned status = 400; status < 600; status++)
        for (int form = ERROR_FORM_HTML; form <= ERROR_FORM_TEXT; form++) {
            error_page_render(&page, form, status);
            assert_true(buf_ok(&page));
            buf_done(&page);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(safe_headers), cmocka_unit_test(rules),
                                       cmocka_unit_test(hsts), cmocka_unit_test(cookies),
                                       cmocka_unit_test(page_hash)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
