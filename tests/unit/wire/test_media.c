/* Media types. */
#include "wire/media.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void by_suffix(void **state)
{
    static const struct {
        const char *name, *type;
        bool compressible;
    } rows[] = {
        {"/index.html", "text/html; charset=utf-8", true},
        {"A.HTML", "text/html; charset=utf-8", true},
        {"app.min.js", "text/javascript; charset=utf-8", true},
        {"m.mjs", "text/javascript; charset=utf-8", true},
        {"x.css", "text/css; charset=utf-8", true},
        {"x.json", "application/json", true},
        {"x.svg", "image/svg+xml", true},
        {"x.svgz", "image/svg+xml", false},
        {"x.wasm", "application/wasm", true},
        {"x.png", "image/png", false},
        {"x.woff2", "font/woff2", false},
        {"x.ttf", "font/ttf", true},
        {"x.avif", "image/avif", false},
        {"x.mp4", "video/mp4", false},
        {"x.tar.gz", "application/gzip", false},
        {"x.7z", "application/x-7z-compressed", false},
        {"x.3gp", "video/3gpp", false},
        {"x.zst", "application/zstd", false},
        {"x.yml", "application/yaml", true},
        {"README", "application/octet-stream", false},
        {"a.d/README", "application/octet-stream", false},
        {"x.", "application/octet-stream", false},
        {"x.unknown", "application/octet-stream", false},
        {"x.averyveryverylongsuffix", "application/octet-stream", false},
        {"", "application/octet-stream", false},
        {".html", "text/html; charset=utf-8", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct media *m = media_of(str_c(rows[i].name));
        if (!str_eq(m->type, str_c(rows[i].type)) || m->compressible != rows[i].compressible)
            fail_msg("%s: %.*s", rows[i].name, STR_ARG(m->type));
    }
}

/* The first row of the table follows from any found row: all are neighbours in memory, in order. */
static void table_is_sorted(void **state)
{
    const struct media *first = media_of(STR("x.3g2")), *last = media_of(STR("x.zst"));
    assert_true(last - first > 150);
    for (const struct media *m = first; m < last; m++) {
        assert_true(str_cmp(m[0].suffix, m[1].suffix) < 0);
        char name[32] = "x.";
        assert_true(m->suffix.n < sizeof name - 2);
        memcpy(name + 2, m->suffix.p, m->suffix.n);
        assert_ptr_equal(media_of(str_c(name)), m);
    }
}

static void by_type(void **state)
{
    assert_true(media_compressible(STR("text/html; charset=utf-8")));
    assert_true(media_compressible(STR("TEXT/plain")));
    assert_true(media_compressible(STR("application/json")));
    assert_true(media_compressible(STR("application/problem+json")));
    assert_true(media_compressible(STR("image/svg+xml;a=b")));
    assert_false(media_compressible(STR("text/event-stream")));
    assert_false(media_compressible(STR("image/png")));
    assert_false(media_compressible(STR("application/octet-stream")));
    assert_false(media_compressible(STR("")));
    assert_false(media_compressible(STR("application/zip+zip")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_suffix),
        cmocka_unit_test(table_is_sorted),
        cmocka_unit_test(by_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
