/* Which handler answers: the plain port's order of challenge, redirect and routes. */
#include "../handler/fake_engine.h"
#include "front/dispatch.h"

#include <fcntl.h>

#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr_oA"
#define PATH "/.well-known/acme-challenge/" TOKEN
#define ANSWER TOKEN ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
#define HTTPS_PORT 8443

static struct fake fake;
static char dir[64], file[128], host[64];
static const struct handler *answered_by;

static int on_head(const void *conf, struct exchange *x)
{
    x->host = str_c(host);
    x->handler = NULL;
    dispatch_request(x, HTTPS_PORT);
    answered_by = x->handler;
    return 0;
}

/* Takes the handler's place in the fake engine and asks the real front. */
static const struct handler front = {.methods = ~0u, .on_head = on_head};

static unsigned ask(const char *method, const char *target, const char *name)
{
    snprintf(host, sizeof host, "%s", name);
    return fake_run(&fake, method, target, "", &front, NULL);
}

static void start(const char *rest)
{
    char text[512];
    snprintf(dir, sizeof dir, "/tmp/gate443-dispatch-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(text, sizeof text,
             "challenges %s; site example.com { certificate local; respond /.well-known/ 200 page; %s }",
             dir, rest);
    fake_start(&fake, text);
    fake.conn.facts.secure = false;
    fake.snapshot->challenges->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    snprintf(file, sizeof file, "%s/" TOKEN, dir);
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fputs(ANSWER, f);
    assert_int_equal(fclose(f), 0);
}

static void stop(void)
{
    fake_stop(&fake);
    remove(file);
    assert_int_equal(rmdir(dir), 0);
}

static void test_challenge_before_redirect(void **state)
{
    start("");
    assert_int_equal(ask("GET", PATH, "example.com"), 200);
    assert_body(&fake, ANSWER);
    assert_ptr_equal(answered_by, &challenge_handler);
    assert_int_equal(ask("GET", PATH "x", "example.com"), 301);
    assert_field(&fake, "Location", "https://example.com:8443" PATH "x");
    assert_ptr_equal(answered_by, &https_redirect_handler);
    assert_int_equal(ask("POST", PATH, "example.com"), 308);
    assert_int_equal(ask("OPTIONS", PATH, "example.com"), 308);
    assert_int_equal(ask("GET", PATH, "other.example"), 404); /* no site has the name */
    assert_false(fake_holds(&fake, TOKEN));
    assert_int_equal(remove(file), 0);
    assert_int_equal(ask("GET", PATH, "example.com"), 301);
    stop();
}

static void test_challenge_before_routes(void **state)
{
    start("redirect_http off; allow http-without-redirect because \"a test\" until 2035-01-01;");
    assert_int_equal(ask("GET", PATH, "example.com"), 200);
    assert_body(&fake, ANSWER);
    assert_int_equal(ask("GET", PATH "x", "example.com"), 200);
    assert_body(&fake, "page");
    assert_ptr_equal(answered_by, &respond_handler);
    assert_int_equal(remove(file), 0);
    assert_int_equal(ask("GET", "/", "example.com"), 404);
    assert_null(answered_by);
    stop();
}

/* Over TLS the path is the site's own. */
static void test_no_challenge_over_tls(void **state)
{
    start("");
    fake.conn.facts.secure = true;
    assert_int_equal(ask("GET", PATH, "example.com"), 200);
    assert_body(&fake, "page");
    stop();
}

/* Behind the redirect no route is asked: what is allowed at /a/b must not depend on who decodes it. */
static void test_encoded_slash(void **state)
{
    start("respond /a/ 200 page;");
    assert_int_equal(ask("GET", "/a%2fb?c", "example.com"), 301);
    assert_field(&fake, "Location", "https://example.com:8443/a%2fb?c");
    assert_int_equal(ask("GET", "/.well-known/acme-challenge%2f" TOKEN, "example.com"), 301);
    assert_int_equal(ask("POST", "/a%2fb", "example.com"), 308);
    fake.conn.facts.secure = true;
    assert_int_equal(ask("GET", "/a/b", "example.com"), 200);
    static const char *const methods[] = {"GET", "HEAD", "POST", "OPTIONS"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        assert_int_equal(ask(methods[i], "/a%2fb", "example.com"), 404);
    assert_int_equal(ask("GET", "/a/b%2F", "example.com"), 404);
    stop();
}

static void test_what_cannot_be_read(void **state)
{
    start("");
    assert_int_equal(remove(file), 0);
    assert_int_equal(symlink("/etc/hostname", file), 0);
    assert_int_equal(ask("GET", PATH, "example.com"), 403);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_challenge_before_redirect),
        cmocka_unit_test(test_challenge_before_routes),
        cmocka_unit_test(test_no_challenge_over_tls),
        cmocka_unit_test(test_what_cannot_be_read),
        cmocka_unit_test(test_encoded_slash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
