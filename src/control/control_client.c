/* One question over the control socket; see control_client.h. */
#include "control/control_client.h"

#include "control/control_server.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int nobody_there(const char *state_path, struct buf *text)
{
    int err = err_from_errno(errno);
    if (errno == ENOENT || errno == ECONNREFUSED) {
        buf_addf(text, "no gate443 runs with the state directory %s", state_path);
        return -ERR_NOT_FOUND;
    }
    buf_addf(text, "%s/%s: %s", state_path, CONTROL_SOCKET, strerror(errno));
    return err;
}

/* Through /proc/self/fd: see control_server.c on long paths. */
static int connect_to(const char *state_path, unsigned patience, int *ret_fd, struct buf *text)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct timeval wait = {.tv_sec = patience};
    int err = 0;
    int dir = open(state_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return nobody_there(state_path, text);
    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/%s", dir, CONTROL_SOCKET);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) ||
        connect(fd, (struct sockaddr *)&at, sizeof at)) {
        err = nobody_there(state_path, text);
        if (fd >= 0)
            close(fd);
    } else {
        *ret_fd = fd;
    }
    close(dir);
    return err;
}

static int send_all(int fd, struct str s)
{
    while (s.n) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_from_errno(errno);
        s = str_from(s, (size_t)n);
    }
    return 0;
}

static int receive_line(int fd, struct buf *line)
{
    while (str_find(buf_str(line), '\n', 0) == line->n) {
        int err = buf_reserve(line, 4096);
        if (err)
            return err;
        ssize_t n = recv(fd, buf_end(line), buf_tail(line), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? -ERR_TIMEOUT : err_from_errno(errno);
        if (n == 0)
            return -ERR_EOF;
        buf_added(line, (size_t)n);
    }
    return 0;
}

static void add_json(struct buf *out, const json_t *value)
{
    char *s = json_dumps(value, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    if (s)
        buf_add(out, str_c(s));
    free(s);
}

/* What the answer's line means. */
static int read_answer(struct str line, bool as_json, struct buf *text)
{
    json_t *json = json_loadb(line.p, line.n, 0, NULL);
    const json_t *ok = json_object_get(json, "ok"), *status = json_object_get(json, "status");
    const json_t *said = json_object_get(json, json_is_true(ok) ? "text" : "error");
    int err = json_is_true(ok) ? 0 : json_is_false(ok) ? -ERR_CONFIG : -ERR_BAD_MESSAGE;
    if (err == -ERR_BAD_MESSAGE)
        buf_addf(text, "what answers there is not gate443");
    else if (as_json)
        buf_add(text, str_trim(str_sub(line, 0, str_find(line, '\n', 0))));
    else if (json_is_string(said))
        buf_add(text, str_of(json_string_value(said), json_string_length(said)));
    else if (status)
        add_json(text, status);
    json_decref(json);
    return err;
}

int control_client_ask(const char *state_path, const char *verb, bool json, unsigned patience,
                       struct buf *text)
{
    struct buf request, line;
    int fd = -1, err = connect_to(state_path, patience, &fd, text);
    if (err)
        return err;
    buf_init(&request, CONTROL_LINE_MAX);
    buf_init(&line, CONTROL_ANSWER_MAX);
    buf_add(&request, STR("{\"verb\":\""));
    buf_add_json(&request, str_c(verb));
    buf_add(&request, STR("\"}\n"));
    err = buf_ok(&request) ? send_all(fd, buf_str(&request)) : -ERR_NOMEM;
    if (!err)
        err = receive_line(fd, &line);
    close(fd);
    if (err == -ERR_EOF)
        buf_addf(text, "it closed the connection without an answer: too many ask at once, or you "
                       "are not the user that runs it");
    else if (err)
        buf_addf(text, "no answer: %s", err_text(err));
    else
        err = read_answer(buf_str(&line), json, text);
    buf_done(&request);
    buf_done(&line);
    return err;
}
