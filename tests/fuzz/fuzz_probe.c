/* The auditor's probes against a server's bytes in clear: each ends, with a verdict or the reason for
 * none, and the same however the bytes are cut.
 *   first byte   the kind; second: its variant; then what the server sends
 * What comes behind encryption is fuzz_tls_client's. */
#include "audit/probe.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SECOND = 1000000000 };

static struct crypto *crypto; /* made once, reachable for ever */
static struct kex_keys *keys;

static const struct probe_kind *const kinds[] = {
    &probe_hello, &probe_full, &probe_ssl2, &probe_plain, &probe_heartbleed, &probe_early_ccs,
    &probe_ticketbleed, &probe_renegotiation, &probe_cbc, &probe_robot};
enum { KINDS = sizeof kinds / sizeof *kinds, FIRST_ATTACK = 4 };

static const uint16_t suites[] = {0x002f, 0xc02f, 0xc013};
static const struct tls_session session = {
    .version = TLS_WIRE_12, .suite = 0x002f, .secret = "secret", .secret_n = 48, .ticket = {"ticket", 6}};

static struct probe_spec spec_of(uint8_t kind, uint8_t variant)
{
    struct probe_spec s = {.kind = kinds[kind % KINDS], .stop = TLS_STOP_FLIGHT, .variant = variant & 7,
                           .request = STR("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")};
    s.hello = (struct client_hello){.version = TLS_WIRE_12, .suites = {suites, 3},
                                    .flags = CH_HEARTBEAT | CH_RENEGOTIATION | CH_TICKET};
    if (s.kind == &probe_ticketbleed) {
        s.stop = TLS_STOP_HELLO;
        s.session = &session;
        s.hello.session_id = STR("31 bytes 31 bytes 31 bytes 31 b");
    } else if (s.kind != &probe_heartbleed && s.kind != &probe_early_ccs && s.kind != &probe_robot) {
        s.stop = variant & 8 ? TLS_STOP_FLIGHT : TLS_STOP_NEVER;
    }
    if (s.kind == &probe_robot)
        s.variant = variant % 5 | (variant & 8);
    return s;
}

static struct observation *run(const struct probe_spec *spec, struct str in, size_t step)
{
    struct probe_env env = {crypto, keys, SECOND};
    struct probe *p;
    if (probe_new(&env, spec, SECOND, &p))
        abort();
    probe_connected(p, SECOND);
    while (in.n && !probe_done(p)) {
        struct str part = str_sub(in, 0, step);
        char *exact = malloc(part.n);
        if (!exact)
            abort();
        memcpy(exact, part.p, part.n);
        probe_sent(p, probe_out(p).n);
        probe_feed(p, str_of(exact, part.n), SECOND + 1);
        free(exact);
        in = str_from(in, part.n);
    }
    probe_sent(p, probe_out(p).n);
    if (!probe_done(p))
        probe_ended(p, ENDING_CLOSED, SECOND + 2);
    assert(probe_done(p));
    struct observation *o = probe_result(p);
    probe_free(p);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!crypto) {
        crypto = crypto_new();
        keys = kex_keys_new(crypto);
    }
    if (size < 2 || !keys)
        return 0;
    struct probe_spec spec = spec_of(data[0], data[1]);
    struct str in = str_of((const char *)data + 2, size - 2);
    struct observation *whole = run(&spec, in, in.n), *cut = run(&spec, in, 1 + size / 64);
    assert(memchr(whole->reaction, 0, sizeof whole->reaction));
    assert(strcmp(whole->reaction, cut->reaction) == 0);
    assert(whole->outcome == cut->outcome && whole->ending == cut->ending);
    assert(!whole->http == !cut->http && !whole->ssl2 == !cut->ssl2);
    if (data[0] % KINDS >= FIRST_ATTACK && whole->outcome == OUTCOME_NONE)
        assert(whole->why);
    observation_free(whole);
    observation_free(cut);
    return 0;
}
