/* The control socket with real sockets: the server on a loop, the client in a process of its own
 * (it blocks) or raw bytes from here. */
#include "control/control_client.h"
#include "control/control_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct world {
    char home[64], path[512];
    int dirfd, stops, reloads;
    bool answer_at_once;
    struct control_request *waiting;
    struct loop *loop;
    struct control_server *server;
};

static void on_status(void *user, struct buf *json)
{
    buf_add(json, STR("{\"version\":\"1\",\"metrics\":{\"a\":2}}"));
}

static void on_metrics(void *user, struct buf *text)
{
    for (int i = 0; i < 50000; i++)
        buf_addf(text, "metric_%d \"quoted\" %d\n", i, i);
}

static void on_reload(void *user, struct control_request *request)
{
    struct world *w = user;
    w->reloads++;
    if (w->answer_at_once)
        control_answer(request, false, STR("a.conf:1:1: error: no\n"));
    else
        w->waiting = request;
}

static void on_stop(void *user)
{
    ((struct world *)user)->stops++;
}

static int serve(struct world *w, struct buf *why)
{
    struct control_env env = {w, on_status, on_metrics, on_reload, on_stop};
    w->server = control_server_new(w->loop, w->dirfd, w->path, &env, why);
    return w->server ? 0 : -1;
}

/* The state directory lies deeper than an address of a unix socket can say. */
static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct buf why;
    snprintf(w->home, sizeof w->home, "/tmp/gate443-control-XXXXXX");
    assert_non_null(mkdtemp(w->home));
    int n = snprintf(w->path, sizeof w->path, "%s/", w->home);
    memset(w->path + n, 'd', 200);
    assert_int_equal(mkdir(w->path, 0700), 0);
    w->dirfd = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    w->loop = loop_epoll_new();
    w->answer_at_once = true;
    buf_init(&why, 4096);
    assert_int_equal(serve(w, &why), 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    control_server_free(w->server);
    assert_int_equal(faccessat(w->dirfd, "control.sock", F_OK, 0), -1);
    loop_free(w->loop);
    unlinkat(w->dirfd, "lock", 0);
    close(w->dirfd);
    rmdir(w->path);
    rmdir(w->home);
    free(w);
    return 0;
}

static void turn(struct world *w, int times)
{
    for (int i = 0; i < times; i++)
        assert_int_equal(loop_turn(w->loop, w->loop->now + 2 * MILLISECOND), 0);
}

static int raw_connect(struct world *w)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/control.sock", w->dirfd);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void say(int fd, struct str s)
{
    assert_int_equal(send(fd, s.p, s.n, MSG_NOSIGNAL), s.n);
}

/* What has come by now; "" for nothing, "(closed)" for the end. */
static const char *heard(struct world *w, int fd)
{
    static char text[8192];
    turn(w, 4);
    ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    if (n <= 0)
        return n == 0 ? "(closed)" : "";
    text[n] = 0;
    return text;
}

/* Exit status of a process that asks and compares: 0 as expected. */
static pid_t ask_elsewhere(struct world *w, const char *verb, bool json, int expect_err,
                           const char *expect_text)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    struct buf text;
    buf_init(&text, 16u << 20);
    int err = control_client_ask(w->path, verb, json, 10, &text);
    bool same =
        err == expect_err && (!expect_text || str_starts(buf_str(&text), str_c(expect_text)));
    if (!same)
        fprintf(stderr, "%s: %d %.*s\n", verb, err, STR_ARG(str_sub(buf_str(&text), 0, 300)));
    _exit(same ? 0 : 1);
}

static void assert_asked(struct world *w, pid_t pid)
{
    int status = -1;
    for (int i = 0; i < 5000 && waitpid(pid, &status, WNOHANG) == 0; i++)
        turn(w, 1);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void verbs_answer(void **state)
{
    struct world *w = *state;
    assert_asked(w, ask_elsewhere(w, "status", false, 0, "{\n  \"version\": \"1\""));
    assert_asked(w,
                 ask_elsewhere(w, "status", true, 0, "{\"ok\":true,\"status\":{\"version\":\"1\""));
    assert_asked(w, ask_elsewhere(w, "metrics", false, 0, "metric_0 \"quoted\" 0\nmetric_1"));
    assert_asked(w, ask_elsewhere(w, "reload", false, -ERR_CONFIG, "a.conf:1:1: error: no\n"));
    assert_asked(w, ask_elsewhere(w, "nonsense", false, -ERR_CONFIG, "there is no such verb"));
    assert_asked(w, ask_elsewhere(w, "stop", false, 0, "stopping"));
    assert_int_equal(w->stops, 1);
}

static void nobody_there(void **state)
{
    struct world *w = *state;
    struct buf text;
    buf_init(&text, 4096);
    assert_int_equal(control_client_ask("/tmp", "status", false, 1, &text), -ERR_NOT_FOUND);
    assert_int_equal(control_client_ask("/nonexistent", "status", false, 1, &text), -ERR_NOT_FOUND);
    buf_done(&text);
    (void)w;
}

static void an_answer_may_come_later(void **state)
{
    struct world *w = *state;
    w->answer_at_once = false;
    int fd = raw_connect(w);
    say(fd, STR("{\"verb\":\"reload\"}\n{\"verb\":\"status\"}\n"));
    assert_string_equal(heard(w, fd), ""); /* the second waits for its turn */
    control_answer(w->waiting, true, STR("line \"2\""));
    const char *said = heard(w, fd);
    assert_non_null(strstr(said, "{\"ok\":true,\"text\":\"line \\\"2\\\"\"}\n{\"ok\":true,"));
    close(fd);
}

static void a_client_may_go_before_its_answer(void **state)
{
    struct world *w = *state;
    w->answer_at_once = false;
    int fd = raw_connect(w);
    say(fd, STR("{\"verb\":\"reload\"}\n"));
    turn(w, 4);
    assert_non_null(w->waiting);
    close(fd);
    turn(w, 4);
    control_answer(w->waiting, true, STR("nobody listens"));
}

static void a_client_may_stop_talking_and_listen(void **state)
{
    struct world *w = *state;
    w->answer_at_once = false;
    int fd = raw_connect(w);
    say(fd, STR("{\"verb\":\"reload\"}\n"));
    shutdown(fd, SHUT_WR);
    turn(w, 4);
    control_answer(w->waiting, true, STR("done"));
    assert_string_equal(heard(w, fd), "{\"ok\":true,\"text\":\"done\"}\n");
    assert_string_equal(heard(w, fd), "(closed)");
    close(fd);
}

static void the_server_may_go_before_the_answer(void **state)
{
    struct world *w = *state;
    w->answer_at_once = false;
    int fd = raw_connect(w);
    say(fd, STR("{\"verb\":\"reload\"}\n"));
    turn(w, 4);
    control_server_free(w->server);
    w->server = NULL;
    control_answer(w->waiting, true, STR("too late"));
    close(fd);
}

static void fire_and_forget(void **state)
{
    struct world *w = *state;
    int fd = raw_connect(w);
    say(fd, STR("{\"verb\":\"stop\"}\n"));
    close(fd);
    turn(w, 6);
    assert_int_equal(w->stops, 1);
}

static void nonsense_is_refused(void **state)
{
    static const char *const lines[] = {"hello\n",
                                        "{}\n",
                                        "[]\n",
                                        "{\"verb\":1}\n",
                                        "{\"verb\":\"status\",\"verb\":\"stop\"}\n",
                                        "{\"verb\":\"sta\\u0000tus\"}\n",
                                        "{\"verb\":\"status\"} x\n",
                                        "\xff\xfe\n",
                                        "GET / HTTP/1.1\n",
                                        "{\"verb\":\"role\"}\n"};
    struct world *w = *state;
    int fd = raw_connect(w);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        say(fd, str_c(lines[i]));
        assert_non_null(strstr(heard(w, fd), "{\"ok\":false,\"error\":\""));
    }
    say(fd, STR("{\"verb\":\"sta")); /* in pieces, after all this */
    assert_string_equal(heard(w, fd), "");
    say(fd, STR("tus\"}\r\n"));
    assert_non_null(strstr(heard(w, fd), "{\"ok\":true,"));
    assert_int_equal(w->stops, 0);
    close(fd);
}

static void a_line_has_a_limit(void **state)
{
    struct world *w = *state;
    static char much[CONTROL_LINE_MAX];
    int fd = raw_connect(w);
    memset(much, 'x', sizeof much);
    say(fd, str_of(much, sizeof much));
    assert_string_equal(heard(w, fd), "(closed)");
    close(fd);
}

static void clients_have_a_limit(void **state)
{
    struct world *w = *state;
    int fds[CONTROL_CLIENTS_MAX + 1];
    for (int i = 0; i <= CONTROL_CLIENTS_MAX; i++) {
        fds[i] = raw_connect(w);
        turn(w, 2);
    }
    assert_string_equal(heard(w, fds[CONTROL_CLIENTS_MAX]), "(closed)");
    close(fds[0]);
    turn(w, 4);
    int fd = raw_connect(w);
    say(fd, STR("{\"verb\":\"status\"}\n"));
    assert_non_null(strstr(heard(w, fd), "{\"ok\":true"));
    close(fd);
    for (int i = 1; i <= CONTROL_CLIENTS_MAX; i++)
        close(fds[i]);
}

static void one_server_a_directory(void **state)
{
    struct world *w = *state;
    struct control_env env = {w, on_status, on_metrics, on_reload, on_stop};
    struct buf why;
    buf_init(&why, 4096);
    assert_null(control_server_new(w->loop, w->dirfd, w->path, &env, &why));
    assert_non_null(strstr(buf_cstr(&why), "another gate443 runs with this state directory"));
    buf_done(&why);
    assert_asked(w, ask_elsewhere(w, "status", false, 0, "{")); /* the first is unharmed */
}

static void a_stale_socket_is_replaced(void **state)
{
    struct world *w = *state;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct buf why;
    struct stat st;
    buf_init(&why, 4096);
    control_server_free(w->server);
    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/control.sock", w->dirfd);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    close(fd);
    assert_int_equal(serve(w, &why), 0);
    assert_int_equal(fstatat(w->dirfd, "control.sock", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_asked(w, ask_elsewhere(w, "status", false, 0, "{"));
}

/* Seen from another user: whoever it is, it is not served. Needs root to try. */
static void strangers_are_not_served(void **state)
{
    struct world *w = *state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(fchmodat(w->dirfd, "control.sock", 0777, 0), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        char byte;
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (fchdir(w->dirfd) || setresuid(65534, 65534, 65534))
            _exit(2);
        snprintf(at.sun_path, sizeof at.sun_path, "control.sock");
        if (connect(fd, (struct sockaddr *)&at, sizeof at))
            _exit(0);
        _exit(recv(fd, &byte, 1, 0) == 0 ? 0 : 1);
    }
    assert_asked(w, pid);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(verbs_answer),
        TEST(nobody_there),
        TEST(an_answer_may_come_later),
        TEST(a_client_may_go_before_its_answer),
        TEST(a_client_may_stop_talking_and_listen),
        TEST(the_server_may_go_before_the_answer),
        TEST(fire_and_forget),
        TEST(nonsense_is_refused),
        TEST(a_line_has_a_limit),
        TEST(clients_have_a_limit),
        TEST(one_server_a_directory),
        TEST(a_stale_socket_is_replaced),
        TEST(strangers_are_not_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
