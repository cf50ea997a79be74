/* Descriptors of files that are being sent: how many there are, whose is given up, and that what is
 * opened again is the same file. */
#include "io/file_pool.h"

#include "io/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char top[] = "/tmp/gate443-file-pool-XXXXXX";
static int root = -1;

static void put(const char *name, const char *content)
{
    int fd = openat(root, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

static int setup(void **state)
{
    if (!mkdtemp(top))
        return -1;
    root = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    put("a", "aaa");
    put("b", "bbb");
    put("c", "ccc");
    return root < 0;
}

static int teardown(void **state)
{
    char command[100];
    close(root);
    snprintf(command, sizeof command, "rm -rf %s", top);
    return system(command);
}

static void add(struct file_pool *p, struct pooled_file *f, const char *name)
{
    struct stat st;
    int fd;
    assert_int_equal(file_open_stat(root, name, true, &fd, &st), 0);
    file_pool_add(p, f, fd, &root, name, &st);
}

static char first_of(struct pooled_file *f)
{
    char c = 0;
    int fd = file_pool_use(f);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &c, 1, 0), 1);
    return c;
}

static void least_recently_used_goes(void **state)
{
    struct file_pool p;
    struct pooled_file a = {0}, b = {0}, c = {0};
    file_pool_init(&p, 2);
    add(&p, &a, "a");
    add(&p, &b, "b");
    assert_int_equal(first_of(&a), 'a');
    add(&p, &c, "c"); /* b was used longest ago */
    assert_true(a.fd >= 0 && b.fd < 0 && c.fd >= 0);
    assert_int_equal(first_of(&b), 'b');
    assert_true(a.fd < 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(first_of(&a), 'a');
        assert_int_equal(first_of(&b), 'b');
        assert_int_equal(first_of(&c), 'c');
        assert_int_equal(p.n, 2);
    }
    int fd = c.fd;
    file_pool_remove(&c);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(p.n, 1);
    file_pool_remove(&c); /* once is enough */
    file_pool_remove(&a); /* given up */
    file_pool_remove(&b);
    assert_int_equal(p.n, 0);
    assert_true(list_empty(&p.open));
    struct pooled_file none = {0};
    file_pool_remove(&none);
}

/* Held, a file stays what it was; given up, it must be found as it was. */
static void what_changed_is_not_sent(void **state)
{
    struct file_pool p;
    struct pooled_file a = {0}, b = {0};
    file_pool_init(&p, 1);
    add(&p, &a, "a");
    put("new", "AAA");
    assert_int_equal(renameat(root, "new", root, "a"), 0);
    assert_int_equal(first_of(&a), 'a');
    add(&p, &b, "b");
    assert_int_equal(file_pool_use(&a), -ERR_FILE_CHANGED);
    assert_int_equal(first_of(&b), 'b'); /* it lost nothing by that */
    add(&p, &a, "a");
    assert_int_equal(first_of(&a), 'A');
    assert_int_equal(unlinkat(root, "b", 0), 0);
    assert_int_equal(file_pool_use(&b), -ERR_FILE_CHANGED);
    put("b", "bbb");
    file_pool_remove(&b);
    add(&p, &b, "b");
    add(&p, &a, "a");
    put("b", "longer");
    assert_int_equal(file_pool_use(&b), -ERR_FILE_CHANGED);
    file_pool_remove(&a);
    file_pool_remove(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least_recently_used_goes),
        cmocka_unit_test(what_changed_is_not_sent),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
