/* The journal of a scan: what is found again after it was cut off at any byte. */
#include "audit/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint64_t seed[2] = {1, 2};

struct place {
    char dir[64], journal[80], output[80];
};

static struct place place_new(void)
{
    struct place p = {"/tmp/gate443-journal-XXXXXX", "", ""};
    assert_non_null(mkdtemp(p.dir));
    snprintf(p.journal, sizeof p.journal, "%s/j", p.dir);
    snprintf(p.output, sizeof p.output, "%s/o", p.dir);
    return p;
}

static void place_free(const struct place *p)
{
    unlink(p->journal);
    unlink(p->output);
    rmdir(p->dir);
}

static size_t read_all(const char *path, char *out, size_t max)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, out, max);
    if (fd >= 0)
        close(fd);
    return n > 0 ? (size_t)n : 0;
}

static void write_all(const char *path, const char *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, p, n) == (ssize_t)n);
    close(fd);
}

static void finish_one(struct journal *j, int i)
{
    char line[100], key[40];
    int n = snprintf(line, sizeof line, "{\"host\":\"h%d.example\",\"port\":443}\n", i);
    snprintf(key, sizeof key, "h%d.example:443", i);
    assert_int_equal(journal_output(j, str_of(line, (size_t)n)), 0);
    assert_int_equal(journal_add(j, str_c(key), SECOND), 0);
}

static bool has(const struct journal *j, int i)
{
    char key[40];
    snprintf(key, sizeof key, "h%d.example:443", i);
    return journal_has(j, str_c(key));
}

/* Whatever of the two files is cut off, each target is either in the output and done, or neither. */
static void expect_consistent(const struct place *p)
{
    struct journal j;
    const char *path;
    char out[4096] = "", again[4096] = "";
    assert_int_equal(journal_open(&j, p->journal, p->output, 7, seed, &path), 0);
    size_t n = read_all(p->output, out, sizeof out - 1);
    out[n] = '\0';
    for (int i = 0; i < 3; i++) {
        char host[30];
        snprintf(host, sizeof host, "\"h%d.example\"", i);
        const char *first = strstr(out, host);
        assert_int_equal(first != NULL, has(&j, i));
        assert_true(!first || !strstr(first + 1, host));
        if (!first)
            finish_one(&j, i);
    }
    assert_int_equal(journal_close(&j), 0);
    n = read_all(p->output, again, sizeof again - 1);
    size_t lines = 0;
    for (size_t i = 0; i < n; i++)
        lines += again[i] == '\n';
    assert_int_equal(lines, 3);
}

static void test_cut_off_anywhere(void **state)
{
    struct place p = place_new();
    struct journal j;
    const char *path;
    char jtext[1024], otext[1024];
    assert_int_equal(journal_open(&j, p.journal, p.output, 7, seed, &path), 0);
    for (int i = 0; i < 3; i++)
        finish_one(&j, i);
    assert_int_equal(journal_close(&j), 0);
    size_t jn = read_all(p.journal, jtext, sizeof jtext), on = read_all(p.output, otext, sizeof otext);
    assert_true(jn > 60 && on > 90);
    for (size_t cut = 41; cut <= jn; cut++) { /* a process that died before it wrote the line */
        write_all(p.journal, jtext, cut);
        write_all(p.output, otext, on);
        expect_consistent(&p);
    }
    for (size_t cut = 0; cut <= on; cut++) { /* a disk that lost the output's end */
        write_all(p.journal, jtext, jn);
        write_all(p.output, otext, cut);
        expect_consistent(&p);
    }
    place_free(&p);
}

static void test_without_output(void **state)
{
    struct place p = place_new();
    struct journal j;
    const char *path;
    assert_int_equal(journal_open(&j, p.journal, NULL, 7, seed, &path), 0);
    assert_int_equal(journal_add(&j, STR("a.example:443"), 9 * SECOND), 0);
    assert_int_equal(journal_close(&j), 0);
    assert_int_equal(journal_open(&j, p.journal, NULL, 7, seed, &path), 0);
    assert_true(journal_has(&j, STR("a.example:443")));
    assert_false(journal_has(&j, STR("b.example:443")));
    assert_int_equal(journal_close(&j), 0);
    place_free(&p);
}

static void test_what_is_refused(void **state)
{
    struct place p = place_new();
    struct journal j, k;
    const char *path;
    assert_int_equal(journal_open(&j, p.journal, NULL, 7, seed, &path), 0);
    assert_int_equal(journal_open(&k, p.journal, NULL, 7, seed, &path), -ERR_TOO_MANY);
    assert_int_equal(journal_close(&j), 0);
    assert_int_equal(journal_open(&k, p.journal, NULL, 8, seed, &path), -ERR_EXISTS);
    assert_ptr_equal(path, p.journal);
    write_all(p.journal, "# something that is no journal at all, but long\n", 48);
    assert_int_equal(journal_open(&k, p.journal, NULL, 7, seed, &path), -ERR_SYNTAX);
    unlink(p.journal);
    write_all(p.output, "precious\n", 9);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(journal_open(&k, p.journal, p.output, 7, seed, &path), -ERR_EXISTS);
        assert_ptr_equal(path, p.output);
    }
    place_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cut_off_anywhere),
                                       cmocka_unit_test(test_without_output),
                                       cmocka_unit_test(test_what_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
