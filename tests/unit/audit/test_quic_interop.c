/* The QUIC client over loopback UDP against ngtcp2's gtlsserver, where that is installed (or named
 * by GATE443_GTLSSERVER); else skipped. */
#include "audit/quic_client.h"
#include "quic_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)

static struct crypto *crypto;
static struct kex_keys *kex;
static EVP_PKEY *key;
static struct buf cert;
static char dir[] = "/tmp/gate443-quic-XXXXXX", key_path[64], cert_path[64];
static const char *program;

static const uint16_t suites[] = {0x1301, 0x1302, 0x1303, 0x1304};
static const uint16_t groups[] = {29, 23, 24};
static const uint16_t sigalgs[] = {0x0403, 0x0804, 0x0503};

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 * MS + (uint64_t)t.tv_nsec;
}

static const char *find_program(void)
{
    const char *paths[] = {getenv("GATE443_GTLSSERVER"), "/usr/sbin/gtlsserver",
                           "/usr/bin/gtlsserver"};
    for (size_t i = 0; i < 3; i++)
        if (paths[i] && access(paths[i], X_OK) == 0)
            return paths[i];
    return NULL;
}

static uint16_t free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&a, n) == 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    close(fd);
    return ntohs(a.sin_port);
}

/* Two options at most; NULL: none. */
static pid_t start(uint16_t port, const char *one, const char *two)
{
    char text[8];
    pid_t pid;
    posix_spawn_file_actions_t to_null;
    snprintf(text, sizeof text, "%u", (unsigned)port);
    const char *argv[12] = {program, "-q", "-d", dir};
    size_t n = 4;
    if (one)
        argv[n++] = one;
    if (two)
        argv[n++] = two;
    argv[n++] = "127.0.0.1";
    argv[n++] = text;
    argv[n++] = key_path;
    argv[n++] = cert_path;
    assert_int_equal(posix_spawn_file_actions_init(&to_null), 0);
    posix_spawn_file_actions_addopen(&to_null, 1, "/dev/null", 1, 0);
    posix_spawn_file_actions_addopen(&to_null, 2, "/dev/null", 1, 0);
    assert_int_equal(posix_spawn(&pid, program, &to_null, NULL, (char *const *)argv, environ), 0);
    posix_spawn_file_actions_destroy(&to_null);
    return pid;
}

static void stop(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void conf_of(struct quic_client_conf *conf, uint32_t version)
{
    static unsigned char ids[32];
    *conf = (struct quic_client_conf){
        .tls = {.crypto = crypto,
                .kex = kex,
                .sni = STR("quic.test"),
                .alpn = STR("\2h3"),
                .suites = {suites, 4},
                .groups = {groups, 3},
                .sigalgs = {sigalgs, 3},
                .share_group = 29},
        .version = version,
        .timeout = 15000 * MS,
        .linger = 200 * MS,
    };
    assert_int_equal(crypto_random(crypto, conf->tls.random, 32), 0);
    assert_int_equal(crypto_random(crypto, ids, sizeof ids), 0);
    conf->dcid = crypto_str(ids, 16);
    conf->scid = crypto_str(ids + 16, 8);
}

static void talk(struct quic_client *c, int fd)
{
    static char in[65536];
    unsigned char out[QUIC_CLIENT_DATAGRAM];
    while (!quic_client_ended(c)) {
        size_t n;
        while ((n = quic_client_drain(c, out, now())) > 0)
            (void)!send(fd, out, n, 0); /* refused while the server starts: as if lost */
        if (quic_client_ended(c))
            return;
        uint64_t at = quic_client_deadline(c), t = now();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        poll(&p, 1, at <= t ? 0 : (int)((at - t) / MS + 1));
        ssize_t got = recv(fd, in, sizeof in, MSG_DONTWAIT);
        if (got >= 0)
            quic_client_feed(c, str_of(in, (size_t)got), now());
        if (now() >= quic_client_deadline(c))
            quic_client_expire(c, now());
    }
}

/* One server, one handshake; the caller frees *arena. */
static const struct quic_handshake *probe(const struct quic_client_conf *conf, const char *one,
                                          const char *two, struct arena *arena)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    uint16_t port = free_port();
    struct quic_client *c;
    pid_t pid = start(port, one, two);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    a.sin_port = htons(port);
    assert_true(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
    arena_init(arena, 16384, 4 << 20);
    assert_int_equal(quic_client_new(&c, conf, arena, now()), 0);
    talk(c, fd);
    const struct quic_handshake *f = quic_client_result(c);
    quic_client_free(c);
    close(fd);
    stop(pid);
    return f;
}

static void complete(const struct quic_handshake *f)
{
    if (f->outcome != QUIC_COMPLETE)
        fail_msg("outcome %d, fault %s, close %llx %.*s", (int)f->outcome,
                 f->fault ? f->fault : "-", (unsigned long long)f->close_code,
                 STR_ARG(f->close_reason));
    assert_null(f->fault);
    assert_true(str_eq(f->alpn, STR("h3")) && f->nchain == 1 && f->params_sent);
    assert_true(str_eq(f->chain[0], buf_str(&cert)));
    assert_int_equal(f->signature, VERIFY13_VALID);
    if (!f->confirmed)
        fail_msg("not confirmed: close %llx %.*s", (unsigned long long)f->close_code,
                 STR_ARG(f->close_reason));
    assert_false(f->amplifies);
}

/* ngtcp2 before 0.14 has the draft's number of version 2: then the negotiation must say so. */
static bool speaks(const struct quic_handshake *f, uint32_t version)
{
    if (f->outcome != QUIC_OTHER_VERSION)
        return true;
    for (size_t i = 0; i < f->nversions; i++)
        assert_true(f->versions[i] != version);
    assert_true(f->nversions > 0);
    return false;
}

static void both_versions(void **state)
{
    if (!program)
        skip();
    for (int v = 0; v < 2; v++) {
        struct quic_client_conf conf;
        struct arena arena;
        conf_of(&conf, v ? QUIC_V2 : QUIC_V1);
        const struct quic_handshake *f = probe(&conf, NULL, NULL, &arena);
        if (v == 0 || speaks(f, QUIC_V2)) {
            complete(f);
            assert_int_equal(f->group, 29);
            assert_true(f->tickets > 0);
        }
        arena_done(&arena);
    }
}

static void each_suite(void **state)
{
    if (!program)
        skip();
    for (size_t i = 0; i < 4; i++) {
        struct quic_client_conf conf;
        struct arena arena;
        conf_of(&conf, QUIC_V1);
        conf.tls.suites = (struct u16_list){&suites[i], 1};
        const struct quic_handshake *f = probe(&conf, NULL, NULL, &arena);
        complete(f);
        assert_int_equal(f->suite, suites[i]);
        arena_done(&arena);
    }
}

static void with_retry(void **state)
{
    struct quic_client_conf conf;
    struct arena arena;
    if (!program)
        skip();
    conf_of(&conf, QUIC_V1);
    const struct quic_handshake *f = probe(&conf, "--validate-addr", NULL, &arena);
    complete(f);
    assert_true(f->retry && f->retry_token > 0);
    arena_done(&arena);
    conf_of(&conf, QUIC_V2);
    f = probe(&conf, "--validate-addr", NULL, &arena);
    if (speaks(f, QUIC_V2)) {
        complete(f);
        assert_true(f->retry);
    }
    arena_done(&arena);
}

static void other_group(void **state)
{
    struct quic_client_conf conf;
    struct arena arena;
    if (!program)
        skip();
    conf_of(&conf, QUIC_V1);
    const struct quic_handshake *f =
        probe(&conf, "--groups=-GROUP-ALL:+GROUP-SECP384R1", NULL, &arena);
    complete(f);
    assert_true(f->hello_retry && !f->certificate_request);
    assert_int_equal(f->retry_group, 24);
    assert_int_equal(f->group, 24);
    arena_done(&arena);
}

/* Without one its answer comes when the handshake seems complete: certificate_required(116). */
static void wants_certificate(void **state)
{
    struct quic_client_conf conf;
    struct arena arena;
    if (!program)
        skip();
    conf_of(&conf, QUIC_V1);
    const struct quic_handshake *f = probe(&conf, "--verify-client", NULL, &arena);
    assert_int_equal(f->outcome, QUIC_COMPLETE);
    assert_true(f->certificate_request && !f->confirmed && f->close_alert);
    assert_int_equal(f->alert, 116);
    arena_done(&arena);
}

static void losses(void **state)
{
    if (!program)
        skip();
    for (int i = 0; i < 4; i++) {
        struct quic_client_conf conf;
        struct arena arena;
        conf_of(&conf, QUIC_V1);
        const struct quic_handshake *f = probe(&conf, "--tx-loss=0.2", "--rx-loss=0.2", &arena);
        if (f->outcome != QUIC_COMPLETE)
            fail_msg("outcome %d", (int)f->outcome);
        arena_done(&arena);
    }
}

static void negotiation(void **state)
{
    struct quic_client_conf conf;
    struct arena arena;
    bool v1 = false;
    if (!program)
        skip();
    conf_of(&conf, QUIC_RESERVED);
    const struct quic_handshake *f = probe(&conf, NULL, NULL, &arena);
    assert_int_equal(f->outcome, QUIC_OTHER_VERSION);
    for (size_t i = 0; i < f->nversions; i++)
        v1 |= f->versions[i] == QUIC_V1;
    assert_true(v1);
    arena_done(&arena);
}

static void nothing_in_common(void **state)
{
    struct quic_client_conf conf;
    struct arena arena;
    static const uint16_t only[] = {24};
    if (!program)
        skip();
    conf_of(&conf, QUIC_V1);
    conf.tls.groups = (struct u16_list){only, 1};
    conf.tls.share_group = 24;
    const struct quic_handshake *f =
        probe(&conf, "--groups=-GROUP-ALL:+GROUP-X25519", NULL, &arena);
    assert_int_equal(f->outcome, QUIC_CLOSED);
    assert_true(f->close_alert);
    assert_int_equal(f->alert, 40);
    arena_done(&arena);
}

static int setup(void **state)
{
    crypto = crypto_new();
    kex = kex_keys_new(crypto);
    buf_init(&cert, 4096);
    quic_server_identity(&key, &cert);
    program = find_program();
    if (!crypto || !kex || !mkdtemp(dir))
        return -1;
    snprintf(key_path, sizeof key_path, "%s/key.pem", dir);
    snprintf(cert_path, sizeof cert_path, "%s/cert.pem", dir);
    FILE *k = fopen(key_path, "w"), *c = fopen(cert_path, "w");
    bool ok =
        k && c && PEM_write_PrivateKey(k, key, NULL, NULL, 0, NULL, NULL) &&
        PEM_write(c, "CERTIFICATE", "", (const unsigned char *)buf_str(&cert).p, (long)cert.n);
    if (k)
        fclose(k);
    if (c)
        fclose(c);
    return ok ? 0 : -1;
}

static int teardown(void **state)
{
    unlink(key_path);
    unlink(cert_path);
    rmdir(dir);
    kex_keys_free(kex);
    EVP_PKEY_free(key);
    buf_done(&cert);
    crypto_free(crypto);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_versions),     cmocka_unit_test(each_suite),
        cmocka_unit_test(with_retry),        cmocka_unit_test(other_group),
        cmocka_unit_test(wants_certificate), cmocka_unit_test(losses),
        cmocka_unit_test(negotiation),       cmocka_unit_test(nothing_in_common),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
