/* Right configurations and what they mean. */
#include "config_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static char told[4096]; /* what the last load said */

static struct snapshot *load_with(const struct load_env *env, const char *text)
{
    struct buf errors;
    struct snapshot *s = NULL;
    buf_init(&errors, 1 << 20);
    int err = config_load(env, "/etc/g.conf", str_c(text), &errors, &s);
    snprintf(told, sizeof told, "%.*s", STR_ARG(buf_str(&errors)));
    if (err)
        fprintf(stderr, "%s\n%s", text, told);
    assert_int_equal(err, 0);
    buf_done(&errors);
    return s;
}

static struct snapshot *load(const char *text)
{
    return load_with(&world_env, text);
}

static void assert_str(struct str s, const char *expected)
{
    if (!str_eq(s, str_c(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(s), expected);
}

static const char whole[] =
    "# everything\n"
    "listen https 127.0.0.1:8443;\nlisten http [::1]:8080;\nworkers 3;\nuser www;\nstate st;\n"
    "access_log log/a.log combined;\nfile_cache 1m;\n"
    "limits { header_count 50; idle_timeout 5m; body_size 2m; }\n"
    "site example.com WWW.Example.com. {\n"
    "  root /srv/www { listing on; try /index.html; index a.html b.html; }\n"
    "  redirect /old/ /new/ 301;\n  respond /health 200 \"ok \\\"x\\\"\\n\";\n"
    "  certificate chain.pem key.pem;\n  certificate /k/rsa.pem /k/rsa.key;\n"
    "  route /files/ { root files; header set X-A b; limits { body_size 1g; } }\n"
    "  hsts auto;\n  compress on { level 9; }\n  error_page 404 410 /404.html;\n"
    "  header add X-S s;\n"
    "  tls { min_version tls1.0; groups X25519 P-256; }\n"
    "  allow tls1.0 because \"till 2027: card terminals\" until 2027-01-01;\n"
    "}\n"
    "site *.example.org default.test { default; certificate local; respond 404; }\n";

static void test_whole(void **state)
{
    (void)state;
    struct snapshot *s = load(whole);
    assert_string_equal(told, "");
    assert_int_equal(s->nlisteners, 2);
    assert_int_equal(addr_port(&s->listeners[0].addr), 8443);
    assert_true(s->listeners[0].tls && !s->listeners[1].tls);
    assert_false(s->listeners[0].is_default);
    assert_int_equal(s->workers, 3);
    assert_str(s->user, "www");
    assert_str(s->state_dir, "/etc/st");
    assert_str(s->access_log, "/etc/log/a.log");
    assert_int_equal(s->access_log_format, LOG_FORMAT_COMBINED);
    assert_int_equal(s->file_cache_size, 1 << 20);
    assert_int_equal(s->limits.header_count, 50);
    assert_int_equal(s->limits.idle_timeout, UINT64_C(300000000000));
    assert_int_equal(s->limits.uri_size, 8192);
    assert_int_equal(s->nsites, 2);
    assert_int_equal(s->ncerts, 3);
    assert_ptr_equal(s->default_site, s->sites[1]);
    assert_int_equal(s->ndirs, 2);
    assert_string_equal(s->dirs[0]->path, "/srv/www");
    assert_string_equal(s->dirs[1]->path, "/etc/files");
    assert_string_equal(s->files[0], "/etc/g.conf");
    assert_null(s->files[1]);
    snapshot_unref(s);
}

static void test_site(void **state)
{
    (void)state;
    struct snapshot *s = load(whole);
    const struct site *site = s->sites[0];
    assert_int_equal(site->nnames, 2);
    assert_str(site->names[1], "www.example.com");
    assert_str(site->certs[0]->chain_path, "/etc/chain.pem");
    assert_str(site->certs[1]->key_path, "/k/rsa.key");
    assert_int_equal(site->certs[1]->index, 1);
    assert_ptr_equal(site->certs[1]->site, site);
    assert_int_equal(site->tls.min_version, TLS_V10);
    assert_int_equal(site->tls.max_version, TLS_V13);
    assert_str(site->tls.groups, "X25519:P-256");
    assert_int_equal(site->tls.ciphers.n, 0);
    assert_true(site->compress.on && site->safe_headers && site->redirect_http);
    assert_int_equal(site->compress.level, 9);
    assert_int_equal(site->compress.min_size, 1024);
    assert_true(site->cookies.secure && site->cookies.http_only);
    assert_int_equal(site->nerror_pages, 2);
    assert_int_equal(site->error_pages[1].status, 410);
    assert_int_equal(site->nwaivers, 1);
    assert_int_equal(site->waivers[0].until, INT64_C(1798847999));
    assert_int_equal(site->at.line, 10);
    assert_int_not_equal(site->trust, s->sites[1]->trust);
    snapshot_unref(s);
}

static void test_routes(void **state)
{
    (void)state;
    struct snapshot *s = load(whole);
    const struct site *site = s->sites[0];
    static const char *const paths[] = {"/health", "/files/", "/old/", "/"};
    assert_int_equal(site->nroutes, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_str(site->routes[i]->path, paths[i]);
        assert_int_equal(site->routes[i]->index, i);
    }
    assert_int_equal(site->routes[1]->body_size, 1u << 30);
    assert_int_equal(site->routes[0]->body_size, 2u << 20);
    assert_false(site->routes[0]->prefix);
    assert_int_equal(site->routes[1]->nheaders, 2); /* the site's first */
    assert_str(site->routes[1]->headers[0].name, "X-S");
    assert_str(site->routes[1]->headers[1].name, "X-A");
    assert_int_equal(site->routes[3]->nheaders, 1);
    const struct world_root *root = site->routes[3]->conf;
    assert_true(root->listing);
    assert_int_equal(root->index.n, 2); /* a list replaces the default */
    assert_str(((struct world_root *)site->routes[1]->conf)->index.v[0], "index.html");
    assert_str(((struct world_respond *)site->routes[0]->conf)->text, "ok \"x\"\n");
    assert_str(((struct world_redirect *)site->routes[2]->conf)->target, "/new/");
    snapshot_unref(s);
}

static void test_lookup(void **state)
{
    (void)state;
    struct snapshot *s = load("site a.test *.b.test 127.0.0.1 [::1] { respond 200; }\n"
                              "site x.b.test { respond 200; }");
    const struct site *a = s->sites[0], *x = s->sites[1];
    assert_ptr_equal(snapshot_site(s, STR("a.test")), a);
    assert_ptr_equal(snapshot_site(s, STR("a.test.")), a);
    assert_ptr_equal(snapshot_site(s, STR("y.b.test")), a);
    assert_ptr_equal(snapshot_site(s, STR("x.b.test")), x); /* exact before wildcard */
    assert_ptr_equal(snapshot_site(s, STR("127.0.0.1")), a);
    assert_ptr_equal(snapshot_site(s, STR("[::1]")), a);
    assert_ptr_equal(snapshot_site(s, STR("0:0::1")), a);
    assert_null(snapshot_site(s, STR("b.test")));
    assert_null(snapshot_site(s, STR("z.y.b.test"))); /* one label only */
    assert_null(snapshot_site(s, STR("")));
    assert_null(snapshot_site(s, STR(".b.test")));
    snapshot_unref(s);
}

static void test_defaults(void **state)
{
    (void)state;
    struct snapshot *s = load("site localhost { root www; }");
    char text[ADDR_TEXT_MAX];
    assert_int_equal(s->nlisteners, 2);
    assert_true(s->listeners[0].is_default && s->listeners[0].tls && !s->listeners[1].tls);
    assert_str(addr_text(&s->listeners[0].addr, text), "[::]:443");
    assert_int_equal(addr_port(&s->listeners[1].addr), 80);
    assert_true(s->sites[0]->certs[0]->local);
    assert_int_equal(s->limits.header_count, 100);
    assert_int_equal(s->limits.header_size, 32768);
    assert_int_equal(s->limits.body_size, 16u << 20);
    assert_int_equal(s->limits.connections_per_address, 512);
    assert_int_equal(s->limits.min_rate, 500);
    assert_int_equal(s->limits.drain_timeout, UINT64_C(30000000000));
    assert_int_equal(s->sites[0]->hsts.mode, HSTS_AUTO);
    assert_int_equal(s->sites[0]->tls.min_version, TLS_V12);
    assert_int_equal(s->access_log.n, 0);
    snapshot_unref(s);
    s = load("listen http off; site localhost { root www; }");
    assert_int_equal(s->nlisteners, 1);
    snapshot_unref(s);
}

static void test_internal_names(void **state)
{
    (void)state;
    static const char *const internal[] = {"localhost", "a.localhost", "printer", "a.local",
                                           "a.internal", "a.test", "a.home.arpa", "a.lan",
                                           "10.0.0.1", "::1", "[fd00::1]"};
    for (size_t i = 0; i < sizeof internal / sizeof *internal; i++) {
        char text[100];
        snprintf(text, sizeof text, "site %s { respond 200; }", internal[i]);
        struct snapshot *s = load(text);
        assert_true(s->sites[0]->ncerts == 1 && s->sites[0]->certs[0]->local);
        snapshot_unref(s);
    }
}

static void test_include(void **state)
{
    (void)state;
    struct snapshot *s = load("include d/*.conf;\ninclude none/*.conf;\ninclude site.conf;\n"
                              "site a.test { respond 200; }");
    assert_int_equal(s->nsites, 4);
    assert_str(s->sites[0]->names[0], "one.test");
    assert_string_equal(s->sites[1]->at.file, "/etc/d/2.conf");
    assert_str(s->sites[2]->names[0], "inc.test");
    assert_string_equal(s->files[3], "/etc/site.conf");
    assert_null(s->files[4]);
    snapshot_unref(s);
}

static void test_waivers(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "tls { min_version tls1.0; } allow tls1.0", "tls { min_version tls1.1; } allow tls1.1",
        "tls { max_version tls1.2; } allow no-tls1.3",
        "tls { ciphers AES128-SHA; } allow weak-ciphers",
        "tls { groups X25519 brainpoolP256r1; } allow weak-groups",
        "tls { ticket_rotation 7d; } allow ticket-rotation",
        "redirect_http off; allow http-without-redirect", "hsts off; allow no-hsts",
        "cookies { secure off; } allow insecure-cookies"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[300];
        snprintf(text, sizeof text,
                 "site example.com { certificate local; respond 200; %s because \"they need it\" until "
                 "2026-05-28; }",
                 lines[i]);
        struct snapshot *s = load(text); /* valid to the end of its last day */
        assert_string_equal(told, "");
        snapshot_unref(s);
    }
}

static void test_unused_waiver_warns(void **state)
{
    (void)state;
    struct snapshot *s = load("site a.test { respond 200;\n allow tls1.0 because \"old cards\" until "
                              "2027-01-01; }");
    assert_non_null(strstr(told, "/etc/g.conf:2:8: warning: nothing needs `allow tls1.0`"));
    snapshot_unref(s);
}

static void test_strong_settings_need_no_waiver(void **state)
{
    (void)state;
    struct snapshot *s =
        load("site a.test { respond 200; hsts off; cookies { same_site none; }\n"
             "tls { ciphers ECDHE-ECDSA-AES128-GCM-SHA256 DHE-RSA-CHACHA20-POLY1305; tickets off;\n"
             "groups X25519MLKEM768 x25519 P-256 prime256v1 ffdhe3072; } }\n"
             "site b.test { respond 200; hsts 365d subdomains preload; }");
    assert_str(s->sites[0]->tls.ciphers,
               "ECDHE-ECDSA-AES128-GCM-SHA256:DHE-RSA-CHACHA20-POLY1305");
    assert_int_equal(s->sites[1]->hsts.max_age, 31536000);
    assert_true(s->sites[1]->hsts.preload);
    snapshot_unref(s);
}

static void test_order_never_matters(void **state)
{
    (void)state;
    struct snapshot *a = load("site a.test { respond /a/ 200; respond 201; respond /a/b 202; }");
    struct snapshot *b = load("site a.test { respond /a/b 202; respond 201; respond /a/ 200; }");
    for (size_t i = 0; i < 3; i++)
        assert_true(str_eq(a->sites[0]->routes[i]->path, b->sites[0]->routes[i]->path));
    snapshot_unref(a);
    snapshot_unref(b);
}

static void test_references(void **state)
{
    (void)state;
    struct snapshot *s = load("site a.test { respond 200; }");
    world_unloaded = 0;
    assert_ptr_equal(snapshot_ref(s), s);
    snapshot_unref(s);
    assert_int_equal(world_unloaded, 0);
    snapshot_unref(s);
    assert_int_equal(world_unloaded, 1);
    snapshot_unref(NULL);
}

static void test_paths_are_looked_for(void **state)
{
    (void)state;
    struct load_env env = world_env;
    struct buf errors;
    struct snapshot *s = NULL;
    env.check_paths = true;
    buf_init(&errors, 1 << 20);
    assert_int_equal(config_load(&env, "/etc/g.conf",
                                 STR("site a.test { root /nowhere-at-all; root /f/ /etc/passwd;\n"
                                     "certificate /no.pem /etc; }"), &errors, &s), -ERR_CONFIG);
    const char *text = buf_cstr(&errors);
    assert_non_null(strstr(text, "1:20: error: cannot open `/nowhere-at-all`"));
    assert_non_null(strstr(text, "1:46: error: `/etc/passwd` is not a directory"));
    assert_non_null(strstr(text, "2:13: error: cannot open `/no.pem`"));
    assert_non_null(strstr(text, "2:21: error: `/etc` is a directory"));
    buf_done(&errors);
    s = load_with(&env, "site a.test { root /; }");
    snapshot_unref(s);
}

static void test_serve_text(void **state)
{
    (void)state;
    static const char *const names[] = {"example.com", "a b;{", NULL};
    struct buf out;
    buf_init(&out, 1 << 16);
    config_text_for_dir(&out, &(struct serve_defaults){.dir = "/srv/a \"b\"; #c", .http = "off",
                                                       .https = "127.0.0.1:8443"});
    struct snapshot *s = load(buf_cstr(&out));
    assert_string_equal(s->dirs[0]->path, "/srv/a \"b\"; #c");
    assert_int_equal(s->nlisteners, 1);
    assert_int_equal(s->sites[0]->nnames, 3);
    assert_str(s->sites[0]->names[2], "::1");
    snapshot_unref(s);
    buf_clear(&out);
    config_text_for_dir(&out, &(struct serve_defaults){.dir = "x", .names = names});
    assert_non_null(strstr(buf_cstr(&out), "site example.com \"a b;{\" {"));
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_site),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_internal_names),
        cmocka_unit_test(test_include),
        cmocka_unit_test(test_waivers),
        cmocka_unit_test(test_unused_waiver_warns),
        cmocka_unit_test(test_strong_settings_need_no_waiver),
        cmocka_unit_test(test_order_never_matters),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_paths_are_looked_for),
        cmocka_unit_test(test_serve_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
