/* Host and connection → site; path → route. */
#include "route/l7.h"
#include "route/match.h"

#include "../config/config_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct snapshot *load(const char *text)
{
    struct snapshot *s = NULL;
    struct buf errors;
    buf_init(&errors, 1 << 20);
    int err = config_load(&world_env, "/etc/g.conf", str_c(text), &errors, &s);
    if (err)
        fprintf(stderr, "%s", buf_cstr(&errors));
    assert_int_equal(err, 0);
    buf_done(&errors);
    return s;
}

static void matches(const struct site *site, const char *path, const char *expected)
{
    const struct route *route = route_match(site, str_c(path));
    if (!expected)
        assert_null(route);
    else if (!route || !str_eq(route->path, str_c(expected)))
        fail_msg("%s goes to %.*s", path, STR_ARG(route ? route->path : STR("none")));
}

static void test_match(void **state)
{
    (void)state;
    struct snapshot *s = load("site a.test { respond / 200; respond /a/ 201; respond /a/b 202;\n"
                              "respond /a/b/ 203; respond /ab 204; }\n"
                              "site b.test { respond /x/ 200; }");
    const struct site *a = s->sites[0];
    matches(a, "/", "/");
    matches(a, "/a", "/");
    matches(a, "/a/", "/a/");
    matches(a, "/a/c", "/a/");
    matches(a, "/a/b", "/a/b");
    matches(a, "/a/bc", "/a/");
    matches(a, "/a/b/", "/a/b/");
    matches(a, "/a/b/c/d", "/a/b/");
    matches(a, "/ab", "/ab");
    matches(a, "/ab/", "/");
    matches(s->sites[1], "/", NULL);
    matches(s->sites[1], "/x", NULL);
    matches(s->sites[1], "/x/y", "/x/");
    snapshot_unref(s);
}

static void test_l7(void **state)
{
    (void)state;
    struct snapshot *s =
        load("site a.test { respond 200; }\nsite b.test { respond 200; }\n"
             "site old.test { respond 200; tls { min_version tls1.1; }\n"
             "allow tls1.1 because \"old cards\" until 2027-01-01; }\n"
             "site new.test { respond 200; tls { min_version tls1.3; } }\n"
             "site wide.test { respond 200; tls { groups X25519 P-256; } }\n"
             "site wide2.test { respond 200; tls { groups X25519 P-256; } }\n"
             "site calm.test { respond 200; tls { ticket_rotation 1h; } }");
    const struct site *a = s->sites[0], *b = s->sites[1], *old = s->sites[2];
    struct l7_decision d = {0};
    assert_int_equal(route_l7(s, a, true, STR("a.test"), &d), 0);
    assert_ptr_equal(d.site, a);
    assert_int_equal(route_l7(s, a, true, STR("b.test"), &d), 0); /* same trust */
    assert_ptr_equal(d.site, b);
    assert_int_equal(route_l7(s, old, true, STR("a.test"), &d), -ERR_HTTP_MISDIRECTED);
    assert_int_equal(route_l7(s, a, true, STR("old.test"), &d), -ERR_HTTP_MISDIRECTED);
    assert_int_equal(route_l7(s, a, true, STR("c.test"), &d), -ERR_HTTP_MISDIRECTED);
    assert_ptr_equal(d.site, b); /* untouched on failure */
    assert_int_equal(route_l7(s, a, true, STR("new.test"), &d), -ERR_HTTP_MISDIRECTED);
    assert_int_equal(route_l7(s, a, true, STR("wide.test"), &d), -ERR_HTTP_MISDIRECTED);
    assert_int_equal(route_l7(s, s->sites[4], true, STR("wide2.test"), &d), 0);
    assert_int_equal(route_l7(s, a, true, STR("calm.test"), &d), 0); /* tickets: no matter */
    assert_int_equal(route_l7(s, NULL, true, STR("a.test"), &d), 0);
    assert_int_equal(route_l7(s, NULL, false, STR("old.test"), &d), 0);
    assert_int_equal(route_l7(s, NULL, false, STR("c.test"), &d), -ERR_NOT_FOUND);
    snapshot_unref(s);
}

static void test_default_site(void **state)
{
    (void)state;
    struct snapshot *s = load("site a.test { respond 200; }\nsite b.test { default; respond 200; }");
    struct l7_decision d;
    assert_int_equal(route_l7(s, s->sites[1], true, STR("c.test"), &d), 0);
    assert_ptr_equal(d.site, s->sites[1]);
    assert_int_equal(route_l7(s, NULL, false, STR("c.test"), &d), 0);
    snapshot_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_l7),
        cmocka_unit_test(test_default_site),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
