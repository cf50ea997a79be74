/* Redis commands against a server of a few lines: answers, what happens when it closes, stays silent
 * or is not there. The real one is in the end-to-end tests. */
#include "upstream/redis.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct place {
    struct loop *loop;
    struct redis *redis;
    int listener, peer;
    struct redis_url url;
    unsigned answers, resets;
    struct buf log;
};

static void on_answer(void *user, int err, const struct redis_value *v)
{
    struct place *p = user;
    p->answers += err == 0;
    p->resets += err == -ERR_RESET;
    if (err == 0 && v->kind == REDIS_VALUE_LIST)
        for (size_t i = 0; i < v->n; i++) {
            struct redis_value e = redis_value_at(v, i);
            buf_addf(&p->log, "[%d %lld %.*s]", e.kind, (long long)e.number, STR_ARG(e.text));
        }
    else if (err == 0)
        buf_addf(&p->log, "(%d %lld %.*s)", v->kind, (long long)v->number, STR_ARG(v->text));
}

static void listen_somewhere(struct place *p)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof in;
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(p->listener, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(p->listener, 8), 0);
    assert_int_equal(getsockname(p->listener, (struct sockaddr *)&in, &n), 0);
    p->url = (struct redis_url){.host = "127.0.0.1", .port = ntohs(in.sin_port)};
}

static void call(struct place *p, const char *a, const char *b)
{
    struct str words[] = {str_c(a), str_c(b)};
    assert_int_equal(redis_call(p->redis, words, 2, on_answer, p), 0);
}

/* Until the peer has sent something that ends with `text`, or all is over. */
static void expect_sent(struct place *p, const char *text)
{
    char got[4096] = "";
    size_t n = 0;
    for (int i = 0; i < 500 && !str_ends(str_of(got, n), str_c(text)); i++) {
        struct pollfd in = {.fd = p->peer < 0 ? p->listener : p->peer, .events = POLLIN};
        loop_turn(p->loop, p->loop->now + 5 * MILLISECOND);
        if (poll(&in, 1, 5) <= 0)
            continue;
        if (p->peer < 0)
            p->peer = accept(p->listener, NULL, NULL);
        else
            n += (size_t)recv(p->peer, got + n, sizeof got - n, 0);
    }
    assert_true(str_ends(str_of(got, n), str_c(text)));
}

static void answer(struct place *p, const char *text)
{
    assert_int_equal(send(p->peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void turn_until(struct place *p, const unsigned *what, unsigned n)
{
    for (int i = 0; i < 500 && *what < n; i++)
        loop_turn(p->loop, p->loop->now + 10 * MILLISECOND);
    assert_int_equal(*what, n);
}

static void begin(struct place *p)
{
    p->peer = -1;
    p->loop = loop_epoll_new();
    buf_init(&p->log, 4096);
    listen_somewhere(p);
}

static void end(struct place *p)
{
    redis_free(p->redis);
    close(p->listener);
    if (p->peer >= 0)
        close(p->peer);
    loop_free(p->loop);
    buf_done(&p->log);
}

static void test_answers(void **state)
{
    struct place p = {.redis = NULL};
    begin(&p);
    snprintf(p.url.password, sizeof p.url.password, "pass word");
    p.url.db = 3;
    assert_int_equal(redis_new(p.loop, NULL, &p.url, &p.redis), 0);
    call(&p, "GET", "");
    call(&p, "KEYS", "x y");
    expect_sent(&p, "*2\r\n$4\r\nAUTH\r\n$9\r\npass word\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"
                    "*2\r\n$3\r\nGET\r\n$0\r\n\r\n*2\r\n$4\r\nKEYS\r\n$3\r\nx y\r\n");
    answer(&p, "+OK\r\n+OK\r\n-ERR no\r\n*3\r\n$2\r\na\n\r\n:7\r\n$-1\r\n");
    turn_until(&p, &p.answers, 2);
    assert_string_equal(buf_cstr(&p.log), "(3 0 ERR no)[2 0 a\n][1 7 ][0 0 ]");
    end(&p);
}

static void test_it_comes_back(void **state)
{
    struct place p = {.redis = NULL};
    begin(&p);
    assert_int_equal(redis_new(p.loop, NULL, &p.url, &p.redis), 0);
    call(&p, "GET", "a");
    expect_sent(&p, "$1\r\na\r\n");
    close(p.peer);
    p.peer = -1;
    turn_until(&p, &p.resets, 1);
    assert_false(redis_is_up(p.redis));
    assert_true(redis_trouble(p.redis)[0] != '\0');
    call(&p, "GET", "b"); /* waits for the next connection */
    expect_sent(&p, "*2\r\n$3\r\nGET\r\n$1\r\nb\r\n");
    answer(&p, ":1\r\n");
    turn_until(&p, &p.answers, 1);
    end(&p);
}

static void test_nobody_there(void **state)
{
    struct place p = {.redis = NULL};
    begin(&p);
    close(p.listener);
    assert_int_equal(redis_new(p.loop, NULL, &p.url, &p.redis), 0);
    call(&p, "GET", "a");
    for (int i = 0; i < 20; i++)
        loop_turn(p.loop, p.loop->now + 10 * MILLISECOND);
    assert_false(redis_is_up(p.redis));
    assert_int_equal(p.answers + p.resets, 0);
    end(&p); /* with one waiting */
}

static void test_too_many(void **state)
{
    struct place p = {.redis = NULL};
    struct str word = STR("PING");
    begin(&p);
    assert_int_equal(redis_new(p.loop, NULL, &p.url, &p.redis), 0);
    for (int i = 0; i < REDIS_CALLS_MAX; i++)
        assert_int_equal(redis_call(p.redis, &word, 1, on_answer, &p), 0);
    assert_int_equal(redis_call(p.redis, &word, 1, on_answer, &p), -ERR_TOO_MANY);
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers), cmocka_unit_test(test_it_comes_back),
                                       cmocka_unit_test(test_nobody_there), cmocka_unit_test(test_too_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
