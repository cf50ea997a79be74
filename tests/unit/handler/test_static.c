/* root: files, conditions, ranges, codings, the cache, listings; on a temporary tree with a secret
 * beside it. */
#include "fake_engine.h"

#include "handler/listing.h"
#include "handler/static_find.h"

#include <fcntl.h>
#include <sys/stat.h>

static char base[64];
static struct fake fake;

static void write_at(const char *name, const char *content, size_t n, int64_t mtime)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", base, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, n, file), n);
    fclose(file);
    struct timespec times[2] = {{mtime, 0}, {mtime, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void put(const char *name, const char *content)
{
    write_at(name, content, strlen(content), 1600000000);
}

static void make_dir(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", base, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static void make_link(const char *to, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", base, name);
    assert_int_equal(symlink(to, path), 0);
}

static void rename_to(const char *from, const char *to)
{
    char a[512], b[512];
    snprintf(a, sizeof a, "%s/%s", base, from);
    snprintf(b, sizeof b, "%s/%s", base, to);
    assert_int_equal(rename(a, b), 0);
}

static void remove_file(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", base, name);
    assert_int_equal(unlink(path), 0);
}

#define BIG 400000

static char *big_content(void)
{
    char *p = malloc(BIG);
    for (size_t i = 0; i < BIG; i++)
        p[i] = (char)(i * 2654435761u >> 13);
    return p;
}

static int make_tree(void **state)
{
    strcpy(base, "/tmp/gate443-static-XXXXXX");
    assert_non_null(mkdtemp(base));
    const char *const dirs[] = {"www", "www/dir", "www/list", "www/list/sub", "www/.git", "out",
                                "www/.well-known"};
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
        make_dir(dirs[i]);
    char *script = malloc(20001), *big = big_content();
    for (size_t i = 0; i < 20000; i++)
        script[i] = "let a = 1;\n"[i % 11];
    put("www/index.html", "<h1>front</h1>");
    put("www/hello.txt", "0123456789");
    put("www/empty.txt", "");
    put("www/dir/index.html", "inner");
    put("www/list/a & <b>.txt", "x");
    put("www/list/z.txt", "zzz");
    put("www/list/.secret", "topsecret");
    put("www/.git/config", "topsecret");
    put("www/.env", "topsecret");
    put("www/.well-known/security.txt", "contact");
    put("www/pre.css", "plain plain plain");
    put("www/pre.css.br", "BR");
    put("www/pre.css.gz", "GZ");
    put("www/old.css", "plain");
    write_at("www/old.css.br", "OLD", 3, 1500000000);
    write_at("www/app.js", script, 20000, 1600000000);
    write_at("www/big.bin", big, BIG, 1600000000);
    put("out/secret.txt", "topsecret");
    make_link("../out", "www/escape");
    make_link("../out/secret.txt", "www/escape.txt");
    make_link("/etc/passwd", "www/passwd");
    make_link("hello.txt", "www/alias.txt");
    make_link("../../out/secret.txt", "www/list/leak.txt");
    char path[128];
    snprintf(path, sizeof path, "%s/www/fifo", base);
    assert_int_equal(mkfifo(path, 0644), 0);
    free(script);
    free(big);
    return 0;
}

static int remove_tree(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", base);
    return system(command);
}

static void start(const char *options)
{
    char text[1024];
    snprintf(text, sizeof text, "site example.com { certificate local; %s }", options);
    char path[1200], *at = strstr(text, "DIR");
    assert_non_null(at);
    snprintf(path, sizeof path, "%.*s%s/www%s", (int)(at - text), text, base, at + 3);
    fake_start(&fake, path);
    assert_int_equal(fake.snapshot->ndirs, 1);
    fake.snapshot->dirs[0]->fd = open(fake.snapshot->dirs[0]->path, O_PATH | O_DIRECTORY);
    assert_true(fake.snapshot->dirs[0]->fd >= 0);
}

static void test_plain(void **state)
{
    start("root DIR;");
    assert_int_equal(fake_get(&fake, "/hello.txt", ""), 200);
    assert_body(&fake, "0123456789");
    assert_int_equal(fake.length, 10);
    assert_field(&fake, "Content-Type", "text/plain; charset=utf-8");
    assert_field(&fake, "Last-Modified", "Sun, 13 Sep 2020 12:26:40 GMT");
    assert_field(&fake, "Accept-Ranges", "bytes");
    assert_int_equal(fake_get(&fake, "/", ""), 200);
    assert_body(&fake, "<h1>front</h1>");
    assert_int_equal(fake_get(&fake, "/alias.txt", ""), 200);
    assert_int_equal(fake_get(&fake, "/empty.txt", ""), 200);
    assert_body(&fake, "");
    assert_int_equal(fake_get(&fake, "/.well-known/security.txt", ""), 200);
    assert_int_equal(fake_run(&fake, "HEAD", "/hello.txt", "", NULL, NULL), 200);
    assert_int_equal(fake.length, 10);
    assert_int_equal(fake.body.n, 0);
    assert_true(fake.ended);
    fake_stop(&fake);
}

static void test_not_there(void **state)
{
    static const char *const targets[] = {"/none", "/hello.txt/", "/.env", "/.git/config", "/fifo",
                                          "/list/", "/list/.secret", "/dir/none", "/hello.txt/x"};
    start("root DIR;");
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
            assert_int_equal(fake_get(&fake, targets[i], ""), 404);
    assert_int_equal(fake_run(&fake, "POST", "/hello.txt", "", NULL, NULL), 405);
    fake_stop(&fake);
}

static void test_directory_redirect(void **state)
{
    start("root DIR;");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(fake_get(&fake, "/dir?a=b", ""), 308);
        assert_field(&fake, "Location", "/dir/?a=b");
    }
    assert_int_equal(fake_get(&fake, "//dir", ""), 308);
    assert_field(&fake, "Location", "/dir/");
    assert_int_equal(fake_get(&fake, "/dir/", ""), 200);
    assert_body(&fake, "inner");
    fake_stop(&fake);
}

/* The same list, with the same expectation, as tests/lib/traversal_cases.py. */
static const char *const traversal[] = {
#include "traversal_cases.inc"
};

static void test_traversal(void **state)
{
    size_t n = sizeof traversal / sizeof *traversal;
    assert_true(n >= 40);
    start("root DIR { listing on; }");
    for (size_t i = 0; i < n; i++) {
        unsigned status = fake_get(&fake, traversal[i], "");
        if (status != 400 && status != 403 && status != 404)
            fail_msg("%s: %u", traversal[i], status);
        assert_false(fake_holds(&fake, "topsecret") || fake_holds(&fake, "root:"));
    }
    assert_int_equal(fake_get(&fake, "/list/", ""), 200);
    assert_false(fake_holds(&fake, "leak.txt"));
    fake_stop(&fake);
}

static void test_conditions(void **state)
{
    char etag[80], fields[200];
    start("root DIR { cache_control \"max-age=60\"; }");
    fake_get(&fake, "/hello.txt", "");
    snprintf(etag, sizeof etag, "%s", fake_field(&fake, "ETag"));
    assert_int_equal(etag[0], '"');
    snprintf(fields, sizeof fields, "If-None-Match: \"x\", W/%s", etag);
    assert_int_equal(fake_get(&fake, "/hello.txt", fields), 304);
    assert_field(&fake, "ETag", etag);
    assert_field(&fake, "Cache-Control", "max-age=60");
    assert_field(&fake, "Content-Type", "");
    assert_int_equal(fake.body.n, 0);
    assert_int_equal(fake_get(&fake, "/hello.txt", "If-None-Match: \"x\""), 200);
    assert_int_equal(fake_get(&fake, "/hello.txt", "If-Modified-Since: Sun, 13 Sep 2020 12:26:40 GMT"), 304);
    assert_int_equal(fake_get(&fake, "/hello.txt", "If-Modified-Since: Sun, 13 Sep 2020 12:26:39 GMT"), 200);
    assert_int_equal(fake_get(&fake, "/hello.txt", "If-Match: \"x\""), 412);
    assert_int_equal(fake_get(&fake, "/hello.txt", "If-Unmodified-Since: Sun, 13 Sep 2020 12:26:39 GMT"), 412);
    snprintf(fields, sizeof fields, "Range: bytes=0-1\nIf-Range: %s", etag);
    assert_int_equal(fake_get(&fake, "/hello.txt", fields), 206);
    assert_int_equal(fake_get(&fake, "/hello.txt", "Range: bytes=0-1\nIf-Range: \"x\""), 200);
    fake_stop(&fake);
}

static void test_one_range(void **state)
{
    start("root DIR;");
    assert_int_equal(fake_get(&fake, "/hello.txt", "Range: bytes=2-4"), 206);
    assert_body(&fake, "234");
    assert_int_equal(fake.length, 3);
    assert_field(&fake, "Content-Range", "bytes 2-4/10");
    assert_int_equal(fake_get(&fake, "/hello.txt", "Range: bytes=-3"), 206);
    assert_body(&fake, "789");
    assert_int_equal(fake_get(&fake, "/hello.txt", "Range: bytes=10-"), 416);
    assert_field(&fake, "Content-Range", "bytes */10");
    assert_int_equal(fake_get(&fake, "/hello.txt", "Range: lines=1-2"), 200);
    assert_int_equal(fake_run(&fake, "HEAD", "/hello.txt", "Range: bytes=2-4", NULL, NULL), 200);
    fake_stop(&fake);
}

static void check_multipart(const char *target, const char *content, uint64_t size)
{
    char text[2000], boundary[64] = "";
    assert_int_equal(fake_get(&fake, target, "Range: bytes=0-1,5-6,-1"), 206);
    assert_int_equal(sscanf(fake_field(&fake, "Content-Type"), "multipart/byteranges; boundary=%60s",
                            boundary), 1);
    assert_int_equal(fake.length, fake.body.n);
    snprintf(text, sizeof text, "--%s\r\nContent-Type: ", boundary);
    assert_true(fake_holds(&fake, text));
    snprintf(text, sizeof text, "\r\nContent-Range: bytes 5-6/%llu\r\n\r\n%.2s\r\n--%s\r\n",
             (unsigned long long)size, content + 5, boundary);
    if (strlen(text) > 100)
        assert_true(fake_holds(&fake, text));
    snprintf(text, sizeof text, "\r\n--%s--\r\n", boundary);
    assert_true(str_ends(buf_str(&fake.body), str_c(text)));
    assert_true(fake.ended);
}

static void test_many_ranges(void **state)
{
    char *big = big_content();
    start("root DIR;");
    check_multipart("/hello.txt", "0123456789", 10);
    fake.room = 7;
    check_multipart("/hello.txt", "0123456789", 10);
    check_multipart("/big.bin", big, BIG);
    free(big);
    fake_stop(&fake);
}

static void test_big(void **state)
{
    char *big = big_content();
    start("root DIR;");
    const size_t rooms[] = {SIZE_MAX, 65536, 9999};
    for (size_t i = 0; i < 3; i++) {
        fake.room = rooms[i];
        assert_int_equal(fake_get(&fake, "/big.bin", ""), 200);
        assert_int_equal(fake.body.n, BIG);
        assert_memory_equal(buf_str(&fake.body).p, big, BIG);
        assert_true(fake.ended);
    }
    assert_int_equal(fake_get(&fake, "/big.bin", "Range: bytes=300000-300099"), 206);
    assert_memory_equal(buf_str(&fake.body).p, big + 300000, 100);
    free(big);
    fake_stop(&fake);
}

static void truncate_it(struct fake *f)
{
    put("www/shrinks.bin", "short");
}

static void test_shrinking_resets(void **state)
{
    char *big = big_content();
    write_at("www/shrinks.bin", big, BIG, 1600000000);
    start("root DIR;");
    fake.room = 50000;
    fake.between = truncate_it;
    fake_get(&fake, "/shrinks.bin", "");
    assert_true(fake.was_reset);
    assert_false(fake.ended);
    assert_int_equal(fake.x.err, -ERR_FILE_CHANGED);
    free(big);
    fake_stop(&fake);
}

static void test_precompressed(void **state)
{
    start("root DIR; compress off;");
    assert_int_equal(fake_get(&fake, "/pre.css", "Accept-Encoding: gzip, br"), 200);
    assert_body(&fake, "BR");
    assert_field(&fake, "Content-Encoding", "br");
    assert_field(&fake, "Vary", "Accept-Encoding");
    assert_field(&fake, "Content-Type", "text/css; charset=utf-8");
    assert_non_null(strstr(fake_field(&fake, "ETag"), "-br-"));
    assert_int_equal(fake_get(&fake, "/pre.css", "Accept-Encoding: gzip"), 200);
    assert_body(&fake, "GZ");
    assert_int_equal(fake_get(&fake, "/pre.css", ""), 200);
    assert_body(&fake, "plain plain plain");
    assert_field(&fake, "Vary", "Accept-Encoding");
    assert_int_equal(fake_get(&fake, "/pre.css", "Accept-Encoding: br\nRange: bytes=0-4"), 206);
    assert_body(&fake, "plain");
    assert_int_equal(fake_get(&fake, "/old.css", "Accept-Encoding: br"), 200);
    assert_body(&fake, "plain");
    fake_stop(&fake);
}

/* RFC 9110 8.8.1: other bytes, another tag, also where only the sibling changed. gzip gives what it
 * makes the time of what it read, so time and size alone need not tell. */
static void test_sibling_is_in_the_tag(void **state)
{
    char etag[128], fields[200];
    put("www/p.js", "plain plain plain");
    put("www/p.js.gz", "ONE");
    start("root DIR { cache_control \"max-age=60\"; } compress off;");
    static const char *const contents[] = {"TWO", "three", NULL};
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        fake_get(&fake, "/p.js", "Accept-Encoding: gzip");
        snprintf(etag, sizeof etag, "%s", fake_field(&fake, "ETag"));
        snprintf(fields, sizeof fields, "Accept-Encoding: gzip\nIf-None-Match: %s", etag);
        assert_int_equal(fake_get(&fake, "/p.js", fields), 304);
        assert_field(&fake, "ETag", etag);
        if (contents[i]) {
            put("www/p.js.new", contents[i]);
            rename_to("www/p.js.new", "www/p.js.gz");
        } else {
            remove_file("www/p.js.gz");
        }
        fake.loop->now += 2 * SECOND;
        assert_int_equal(fake_get(&fake, "/p.js", fields), 200);
        assert_body(&fake, contents[i] ? contents[i] : "plain plain plain");
    }
    fake_stop(&fake);
}

/* Coded by whoever serves: with another level or library the bytes are others. */
static void test_made_here_has_a_weak_tag(void **state)
{
    start("root DIR; compress on;");
    fake_get(&fake, "/app.js", "Accept-Encoding: gzip");
    assert_true(str_starts(str_c(fake_field(&fake, "ETag")), STR("W/\"")));
    fake_get(&fake, "/app.js", "");
    assert_int_equal(fake_field(&fake, "ETag")[0], '"');
    fake_stop(&fake);
}

/* RFC 9110 15.4.5: the fields that the 200 would have had. */
static void compare_with_304(const char *accept, char tag_begins_with)
{
    static const char *const same[] = {"ETag", "Vary", "Last-Modified", "Cache-Control"};
    static const char *const none[] = {"Content-Type", "Content-Encoding", "Accept-Ranges", "Content-Length"};
    char values[4][128], fields[300];
    assert_int_equal(fake_get(&fake, "/large.txt", accept), 200);
    for (size_t i = 0; i < 4; i++) {
        snprintf(values[i], sizeof values[i], "%s", fake_field(&fake, same[i]));
        assert_int_not_equal(values[i][0], '\0');
    }
    assert_int_equal(values[0][0], tag_begins_with);
    snprintf(fields, sizeof fields, "%s\nIf-None-Match: %s", accept, values[0]);
    for (int head = 0; head < 2; head++) {
        assert_int_equal(fake_run(&fake, head ? "HEAD" : "GET", "/large.txt", fields, NULL, NULL), 304);
        for (size_t i = 0; i < 4; i++)
            assert_field(&fake, same[i], values[i]);
        for (size_t i = 0; i < 4; i++)
            assert_field(&fake, none[i], "");
        assert_true(fake.ended && fake.body.n == 0 && fake.length == LENGTH_NONE);
    }
}

static void test_not_modified_says_what_200_says(void **state)
{
    char *text = malloc(BIG);
    memset(text, 'a', BIG);
    write_at("www/large.txt", text, BIG, 1600000000);
    free(text);
    start("root DIR { cache_control max-age=60; }");
    compare_with_304("Accept-Encoding: gzip", 'W');
    compare_with_304("Accept-Encoding: identity", '"');
    fake_stop(&fake);
    start("root DIR; header set Cache-Control no-transform; header add Vary Cookie;");
    compare_with_304("Accept-Encoding: gzip", '"');
    fake_stop(&fake);
    start("root DIR; compress { min_size 0; }");
    for (int head = 0; head < 2; head++) {
        fake_run(&fake, head ? "HEAD" : "GET", "/empty.txt", "Accept-Encoding: gzip", NULL, NULL);
        assert_int_equal(fake_field(&fake, "ETag")[0], '"');
    }
    fake_stop(&fake);
}

static void get_coded_and_plain(const char *target, const char *date)
{
    for (int round = 0; round < 3; round++) {
        assert_int_equal(fake_get(&fake, target, round ? "Accept-Encoding: gzip" : ""), 200);
        assert_field(&fake, "Last-Modified", date);
    }
}

static void test_before_1970(void **state)
{
    char text[3000], *big = big_content();
    memset(text, 'a', sizeof text);
    write_at("www/old.js", text, sizeof text, -86400);
    write_at("www/early.js", "plain plain plain", 17, -86400);
    write_at("www/early.js.gz", "GZ", 2, 5);
    write_at("www/late.js", "plain plain plain", 17, 5);
    write_at("www/late.js.gz", "GZ", 2, -86400);
    write_at("www/old.bin", big, BIG, -86400);
    start("root DIR; compress { min_size 100; }");
    get_coded_and_plain("/old.js", "Wed, 31 Dec 1969 00:00:00 GMT");
    get_coded_and_plain("/old.bin", "Wed, 31 Dec 1969 00:00:00 GMT");
    fake_get(&fake, "/early.js", "Accept-Encoding: gzip");
    assert_body(&fake, "GZ");
    fake_get(&fake, "/late.js", "Accept-Encoding: gzip");
    assert_body(&fake, "plain plain plain"); /* the sibling is older */
    assert_int_equal(fake_get(&fake, "/old.js", "If-Modified-Since: Wed, 31 Dec 1969 00:00:00 GMT"), 304);
    free(big);
    fake_stop(&fake);
}

/* RFC 9110 8.8.2.1: never later than Date. */
static void test_from_the_future(void **state)
{
    char text[3000], *big = big_content();
    memset(text, 'a', sizeof text);
    write_at("www/future.js", text, sizeof text, 1800000000);
    write_at("www/future.bin", big, BIG, 1800000000);
    start("root DIR; compress { min_size 100; }"); /* at 1700000000 */
    get_coded_and_plain("/future.js", "Tue, 14 Nov 2023 22:13:20 GMT");
    get_coded_and_plain("/future.bin", "Tue, 14 Nov 2023 22:13:20 GMT");
    assert_field(&fake, "Date", "Tue, 14 Nov 2023 22:13:20 GMT");
    assert_int_equal(fake_get(&fake, "/future.bin", "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT"), 304);
    assert_field(&fake, "Last-Modified", "Tue, 14 Nov 2023 22:13:20 GMT");
    free(big);
    fake_stop(&fake);
}

static void test_made_here(void **state)
{
    char etag[80], fields[160];
    start("root DIR; compress on;");
    assert_int_equal(fake_get(&fake, "/app.js", "Accept-Encoding: gzip"), 200);
    assert_field(&fake, "Content-Encoding", "gzip");
    assert_true(fake.body.n > 20 && fake.body.n < 2000);
    assert_int_equal(fake.length, fake.body.n);
    snprintf(etag, sizeof etag, "%s", fake_field(&fake, "ETag"));
    assert_non_null(strstr(etag, "-gzip\""));
    snprintf(fields, sizeof fields, "Accept-Encoding: gzip\nIf-None-Match: %s", etag);
    assert_int_equal(fake_get(&fake, "/app.js", fields), 304);
    assert_int_equal(fake_get(&fake, "/app.js", "Accept-Encoding: zstd, br"), 200);
    assert_field(&fake, "Content-Encoding", "br");
    assert_int_equal(fake_get(&fake, "/app.js", "Accept-Encoding: identity"), 200);
    assert_int_equal(fake.body.n, 20000);
    assert_true(fake.metrics.file_cache_hits >= 3);
    fake_stop(&fake);
}

static void test_change_shows(void **state)
{
    put("www/change.txt", "one");
    start("root DIR;");
    fake_get(&fake, "/change.txt", "");
    assert_body(&fake, "one");
    write_at("www/change.txt", "two!", 4, 1600000005);
    fake.loop->now += SECOND / 2;
    fake_get(&fake, "/change.txt", "");
    assert_body(&fake, "one");
    fake.loop->now += SECOND;
    fake_get(&fake, "/change.txt", "");
    assert_body(&fake, "two!");
    assert_int_equal(fake_get(&fake, "/new.txt", ""), 404);
    put("www/new.txt", "new");
    fake.loop->now += 2 * SECOND;
    assert_int_equal(fake_get(&fake, "/new.txt", ""), 200);
    assert_true(fake.metrics.file_cache_bytes > 0);
    assert_int_equal(fake.metrics.file_cache_hits, 1);
    fake.loop->now += 2 * SECOND;
    fake_get(&fake, "/new.txt", ""); /* confirmed by a look */
    fake_get(&fake, "/new.txt", "");
    assert_int_equal(fake.metrics.file_cache_hits, 2);
    fake_stop(&fake);
    assert_int_equal(fake.metrics.file_cache_bytes, 0);
}

/* What is being sent stays although the entry goes. */
static void replace_it(struct fake *f)
{
    struct static_conf *conf = f->snapshot->sites[0]->routes[0]->conf;
    struct file_entry *e = file_cache_get(conf->cache, STR("hello.txt"));
    if (e)
        file_cache_drop(conf->cache, e);
}

static void test_dropped_while_sent(void **state)
{
    start("root DIR;");
    fake.room = 3;
    fake.between = replace_it;
    assert_int_equal(fake_get(&fake, "/hello.txt", ""), 200);
    assert_body(&fake, "0123456789");
    fake_stop(&fake);
}

static void test_fallback(void **state)
{
    start("root DIR { try $path.html /index.html; }");
    assert_int_equal(fake_get(&fake, "/no/such/page", ""), 200);
    assert_body(&fake, "<h1>front</h1>");
    assert_int_equal(fake_get(&fake, "/dir/index", ""), 200);
    assert_body(&fake, "inner");
    assert_int_equal(fake_get(&fake, "/.git/config", ""), 404);
    fake_stop(&fake);
}

static void test_prefix_and_types(void **state)
{
    start("root /files/ DIR { hidden on; type .txt text/x-note; index none.html hello.txt; } respond 410;");
    assert_int_equal(fake_get(&fake, "/files/hello.txt", ""), 200);
    assert_field(&fake, "Content-Type", "text/x-note");
    assert_int_equal(fake_get(&fake, "/files/.git/config", ""), 200);
    assert_int_equal(fake_get(&fake, "/files/", ""), 200);
    assert_body(&fake, "0123456789");
    assert_int_equal(fake_get(&fake, "/hello.txt", ""), 410);
    fake_stop(&fake);
}

static void test_listing(void **state)
{
    start("root DIR { listing on; }");
    assert_int_equal(fake_get(&fake, "/list/", ""), 200);
    assert_true(fake_holds(&fake, "a &amp; &lt;b&gt;.txt"));
    assert_false(fake_holds(&fake, "<b>"));
    assert_false(fake_holds(&fake, ".secret"));
    assert_true(fake_holds(&fake, "</html>"));
    assert_true(fake_holds(&fake, "href=\"./sub/\""));
    assert_non_null(strstr(fake_field(&fake, "Content-Security-Policy"), "default-src 'none'"));
    assert_int_equal(fake_get(&fake, "/list/?sort=size&order=desc", "Accept: application/json"), 200);
    assert_field(&fake, "Content-Type", "application/json");
    assert_true(fake_holds(&fake, "{\"name\":\"z.txt\",\"type\":\"file\",\"size\":3,"));
    assert_true(fake_holds(&fake, "\"modified\":\"2020-09-13T12:26:40Z\""));
    fake.room = 100;
    assert_int_equal(fake_get(&fake, "/list/", "Accept: text/html"), 200);
    assert_true(fake_holds(&fake, "</html>") && fake.ended);
    fake_stop(&fake);
}

/* All n names stand in the page, in the order of `rank`: a number between two marks. */
static void assert_order(const char *before, int digits, const char *after, size_t n,
                         size_t (*rank)(size_t))
{
    char name[64];
    const char *at = buf_cstr(&fake.body), *end;
    assert_non_null(at);
    for (size_t i = 0; i < n; i++, at = end) {
        snprintf(name, sizeof name, "%s%0*d%s", before, digits, (int)rank(i), after);
        end = strstr(at, name);
        if (!end)
            fail_msg("%s is not in its place", name);
    }
}

static size_t upwards(size_t i)
{
    return i;
}

static size_t downwards(size_t i)
{
    return 2999 - i;
}

static void remember_head(struct fake *f)
{
    f->early |= f->status != 0 && f->turns < 3000 / LISTING_SLICE;
}

static void test_only_names_that_links_can_spell(void **state)
{
    static const char *const accept[] = {"Accept: text/html", "Accept: application/json"};
    make_dir("www/names");
    put("www/names/gr\xc3\xbc\xc3\x9f.txt", "x");
    put("www/names/latin-gr\xfc\xdf.txt", "x");       /* in Latin-1 */
    put("www/names/surrogate-\xed\xa0\x80", "x");
    put("www/names/overlong-\xc0\xaf", "x");
    put("www/names/cut-\xe2\x82", "x");
    put("www/names/back\\slash", "x");
    put("www/names/line\nbreak", "x");
    start("root DIR { listing on; }");
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(fake_get(&fake, "/names/", accept[i]), 200);
        assert_true(fake_holds(&fake, "gr\xc3\xbc\xc3\x9f.txt"));
        static const char *const none[] = {"latin", "surrogate", "overlong", "cut-", "slash", "break"};
        for (size_t k = 0; k < sizeof none / sizeof *none; k++)
            assert_false(fake_holds(&fake, none[k]));
        for (struct str rest = buf_str(&fake.body); rest.n; rest = str_from(rest, str_utf8(rest)))
            assert_true(str_utf8(rest) > 0);
    }
    assert_int_equal(fake_get(&fake, "/names/gr%C3%BC%C3%9F.txt", ""), 200);
    assert_int_equal(fake_get(&fake, "/names/latin-gr%FC%DF.txt", ""), 400);
    fake_stop(&fake);
}

/* Read in slices, and written in parts: no turn of the loop has much to do. */
static void test_long_listing(void **state)
{
    char name[64];
    make_dir("www/many");
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "www/many/file-%04d", i);
        put(name, "");
        snprintf(name, sizeof name, "www/many/.hidden-%04d", i);
        put(name, "");
    }
    start("root DIR { listing on; }");
    fake.between = remember_head;
    assert_int_equal(fake_get(&fake, "/many/", ""), 200);
    assert_false(fake.early);
    assert_in_range(fake.turns, 6000 / LISTING_SLICE, 6000 / LISTING_SLICE + 40);
    assert_order(">file-", 4, "<", 3000, upwards);
    assert_true(fake_holds(&fake, "3000 entries") && fake.ended);
    fake.room = 10000;
    assert_int_equal(fake_get(&fake, "/many/?order=desc", ""), 200);
    assert_order(">file-", 4, "<", 3000, downwards);
    assert_int_equal(fake_get(&fake, "/many/", "Accept: application/json"), 200);
    assert_order("\"file-", 4, "\"", 3000, upwards);
    assert_true(fake.ended);
    assert_int_equal(fake_run(&fake, "HEAD", "/many/", "", NULL, NULL), 200);
    assert_int_equal(fake.turns, 0); /* without reading anything */
    fake_stop(&fake);
}

static void test_deep_listing(void **state)
{
    char path[4000] = "www/deep", target[4000];
    make_dir(path);
    for (int i = 0; i < 300; i++) {
        strcat(path, "/d1");
        make_dir(path);
    }
    snprintf(target, sizeof target, "%s/", path + 3);
    start("root DIR { listing on; }");
    assert_int_equal(fake_get(&fake, "/deep/d1/d1/", ""), 200);
    assert_true(fake_holds(&fake, "<a href=\"/\">Home</a><i>/</i><a href=\"../../\">deep</a><i>/</i>"
                                  "<a href=\"../\">d1</a><i>/</i>d1</nav>"));
    assert_int_equal(fake_get(&fake, target, ""), 200);
    assert_true(fake_holds(&fake, "Home</a><i>/</i>…<i>/</i><a") && fake.ended);
    fake_stop(&fake);
}

/* More than a page shows. */
static void test_endless_listing(void **state)
{
    char name[128];
    make_dir("www/endless");
    for (int i = 0; i < LISTING_MAX + 1; i++) {
        snprintf(name, sizeof name, "%s/www/endless/%05d", base, i);
        assert_int_equal(mknod(name, S_IFREG | 0644, 0), 0);
    }
    start("root DIR { listing on; }");
    assert_int_equal(fake_get(&fake, "/endless/", ""), 200);
    assert_true(fake_holds(&fake, "holds more than 10000 entries") && fake.ended);
    assert_int_equal(fake_get(&fake, "/endless/", "Accept: application/json"), 200);
    assert_true(fake_holds(&fake, "\"more\":true") && fake.ended);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(fake_get(&fake, "/endless/", ""), 200);
    assert_false(fake_holds(&fake, "holds more than"));
    assert_order(">", 5, "<", LISTING_MAX, upwards);
    fake_stop(&fake);
}

/* The client goes while the directory is still being read. */
static void leave(struct fake *f)
{
    f->was_reset = true;
}

static void test_abandoned_listing(void **state)
{
    start("root DIR { listing on; }");
    fake.between = leave;
    assert_int_equal(fake_get(&fake, "/many/", ""), 0);
    fake_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),          cmocka_unit_test(test_not_there),
        cmocka_unit_test(test_directory_redirect), cmocka_unit_test(test_traversal),
        cmocka_unit_test(test_conditions),     cmocka_unit_test(test_one_range),
        cmocka_unit_test(test_many_ranges),    cmocka_unit_test(test_big),
        cmocka_unit_test(test_shrinking_resets), cmocka_unit_test(test_precompressed),
        cmocka_unit_test(test_made_here),      cmocka_unit_test(test_change_shows),
        cmocka_unit_test(test_dropped_while_sent), cmocka_unit_test(test_fallback),
        cmocka_unit_test(test_prefix_and_types), cmocka_unit_test(test_listing),
        cmocka_unit_test(test_long_listing),   cmocka_unit_test(test_endless_listing),
        cmocka_unit_test(test_abandoned_listing), cmocka_unit_test(test_deep_listing),
        cmocka_unit_test(test_only_names_that_links_can_spell),
        cmocka_unit_test(test_not_modified_says_what_200_says),
        cmocka_unit_test(test_sibling_is_in_the_tag), cmocka_unit_test(test_before_1970),
        cmocka_unit_test(test_made_here_has_a_weak_tag), cmocka_unit_test(test_from_the_future),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
