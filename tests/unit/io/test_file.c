/* Files beneath a directory: traversal, links, and both ways of opening (openat2, and without it:
 * the fall-back is forced by a seccomp filter that refuses the call in a child). */
#include "io/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char top[] = "/tmp/gate443-file-XXXXXX";
static int root = -1;

static void put(const char *path, const char *content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

static int setup(void **state)
{
    if (!mkdtemp(top) || chdir(top))
        return -1;
    mkdir("root", 0755);
    mkdir("root/sub", 0755);
    put("secret", "secret");
    put("root/a.txt", "hello");
    put("root/sub/b.txt", "below");
    if (symlink("a.txt", "root/inside") || symlink("../secret", "root/outside") ||
        symlink("/etc/passwd", "root/absolute") || symlink("sub", "root/subdir") ||
        symlink("..", "root/up") || symlink("loop", "root/loop") || mkfifo("root/fifo", 0644))
        return -1;
    root = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return root < 0;
}

static int teardown(void **state)
{
    char command[100];
    close(root);
    snprintf(command, sizeof command, "rm -rf %s", top);
    return chdir("/") || system(command);
}

/* First byte of the file, 'D' for a directory, or -err. */
static int probe(const char *path, bool follow)
{
    struct stat st;
    char c = '0';
    int fd, err = file_open_stat(root, path, follow, &fd, &st);
    if (err)
        return err;
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    if (S_ISDIR(st.st_mode))
        c = 'D';
    else if (S_ISFIFO(st.st_mode))
        c = 'F';
    else if (read(fd, &c, 1) != 1)
        c = '?';
    close(fd);
    return c;
}

static void check_common(void)
{
    assert_int_equal(probe("a.txt", false), 'h');
    assert_int_equal(probe("sub/b.txt", false), 'b');
    assert_int_equal(probe("sub//b.txt", false), 'b');
    assert_int_equal(probe("./a.txt", false), 'h');
    assert_int_equal(probe("", false), 'D');
    assert_int_equal(probe(".", false), 'D');
    assert_int_equal(probe("sub", true), 'D');
    assert_int_equal(probe("sub/", true), 'D');
    assert_int_equal(probe("a.txt/", true), -ERR_NOT_FOUND);
    assert_int_equal(probe("fifo", true), 'F'); /* did not hang */
    assert_int_equal(probe("none", true), -ERR_NOT_FOUND);
    assert_int_equal(probe("a.txt/b", true), -ERR_NOT_FOUND);
    assert_int_equal(probe("../secret", true), -ERR_DENIED_BY_SYSTEM);
    assert_int_equal(probe("sub/../../secret", true), -ERR_DENIED_BY_SYSTEM);
    assert_int_equal(probe("..", true), -ERR_DENIED_BY_SYSTEM);
    assert_int_equal(probe("/etc/passwd", true), -ERR_DENIED_BY_SYSTEM);
    assert_int_equal(probe("outside", true), -ERR_DENIED_BY_SYSTEM);
    assert_int_equal(probe("absolute", true), -ERR_DENIED_BY_SYSTEM);
    assert_int_equal(probe("up/secret", true) < 0, 1);
    assert_int_equal(probe("loop", true), -ERR_DENIED_BY_SYSTEM);
    assert_int_equal(probe("inside", false), -ERR_DENIED_BY_SYSTEM);
    assert_true(probe("subdir/b.txt", false) < 0);
    char longer[5000];
    memset(longer, 'x', sizeof longer);
    longer[300] = '\0';
    assert_int_equal(probe(longer, true), -ERR_NOT_FOUND);
    longer[300] = 'x';
    longer[4999] = '\0';
    assert_int_equal(probe(longer, true), -ERR_NOT_FOUND);
}

static void beneath(void **state)
{
    check_common();
    assert_int_equal(probe("inside", true), 'h');
    assert_int_equal(probe("subdir/b.txt", true), 'b');
}

static void refuse_openat2(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        _exit(77);
}

static void beneath_without_openat2(void **state)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        refuse_openat2();
        int fd;
        bool ok = probe("a.txt", true) == 'h' && probe("sub/b.txt", true) == 'b' &&
                  probe("sub//b.txt", false) == 'b' && probe("./a.txt", true) == 'h' &&
                  probe("", true) == 'D' && probe(".", true) == 'D' && probe("sub/", true) == 'D' &&
                  probe("a.txt/", true) == -ERR_NOT_FOUND &&
                  probe("none", true) == -ERR_NOT_FOUND && probe("fifo", true) == 'F' &&
                  probe("../secret", true) == -ERR_DENIED_BY_SYSTEM &&
                  probe("sub/../../secret", true) == -ERR_DENIED_BY_SYSTEM &&
                  probe("..", true) == -ERR_DENIED_BY_SYSTEM &&
                  probe("/etc/passwd", true) == -ERR_DENIED_BY_SYSTEM &&
                  probe("outside", true) == -ERR_DENIED_BY_SYSTEM &&
                  probe("inside", true) == -ERR_DENIED_BY_SYSTEM && probe("up/secret", true) < 0 &&
                  probe("subdir/b.txt", true) < 0;
        fd = open("/dev/null", O_RDONLY); /* no descriptor leaked on the way */
        _exit(!ok || fd > root + 1 ? 1 : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_socket_is_no_file(void **state)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "root/socket"};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(probe("socket", true), -ERR_DENIED_BY_SYSTEM);
    close(fd);
}

static void reads_whole_files(void **state)
{
    struct buf b;
    int fd;
    const size_t limits[] = {4, 5, 6, 5000};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(file_open_beneath(root, "a.txt", false, &fd), 0);
        buf_init(&b, limits[i]);
        assert_int_equal(file_read_all(fd, &b), limits[i] < 5 ? -ERR_LIMIT : 0);
        if (limits[i] >= 5)
            assert_true(str_eq(buf_str(&b), STR("hello")));
        buf_done(&b);
        close(fd);
    }
    fd = open("/proc/self/status", O_RDONLY); /* of unknown size */
    buf_init(&b, 100000);
    assert_int_equal(file_read_all(fd, &b), 0);
    assert_true(str_starts(buf_str(&b), STR("Name:")));
    buf_done(&b);
    close(fd);
    buf_init(&b, 100);
    assert_true(file_read_all(-1, &b) < 0);
    buf_done(&b);
}

static void writes_atomically(void **state)
{
    struct stat st;
    umask(077);
    assert_int_equal(file_write_atomic(root, "new", STR("one"), 0644), 0);
    assert_int_equal(probe("new", false), 'o');
    assert_int_equal(file_write_atomic(root, "new", STR("two"), 0600), 0);
    assert_int_equal(probe("new", false), 't');
    assert_int_equal(fstatat(root, "new", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(file_write_atomic(root, "inside", STR("x"), 0644), 0); /* replaces the link */
    assert_int_equal(probe("a.txt", false), 'h');
    assert_int_equal(probe("inside", false), 'x');
    assert_int_equal(file_write_atomic(root, "../x", STR("x"), 0644), -ERR_INVAL);
    assert_int_equal(file_write_atomic(root, "", STR("x"), 0644), -ERR_INVAL);
    assert_true(file_write_atomic(root, "sub", STR("x"), 0644) < 0); /* a directory */
    assert_int_equal(system("ls -a root | grep -q tmp"), 256);       /* nothing left behind */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beneath),           cmocka_unit_test(beneath_without_openat2),
        cmocka_unit_test(a_socket_is_no_file), cmocka_unit_test(reads_whole_files),
        cmocka_unit_test(writes_atomically),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
