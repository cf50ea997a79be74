/* ROBOT, Bleichenbacher's oracle (CVE-2017-13099 and its kin): ClientKeyExchange messages whose RSA
 * block is right or wrong in one of four ways. A server must do the same about all five (RFC 5246
 * 7.4.7.1). Fence: a fatal alert behind what is sent, so that a server which waits for more ends the
 * connection instead; an oracle that speaks up by itself does so first. */
#include "audit/probe.h"
#include "audit/probe_oracle.h"

#include "wire/tlswrite.h"

const char *robot_vector_name(int v)
{
    static const char *const names[] = {"right", "wrong prefix", "no zero byte",
                                        "zero byte too early", "wrong version"};
    return names[v & ~ROBOT_SHORT];
}

enum { SECRET = 48 };

/* RFC 8017 7.2.1: 00 02, bytes that are not zero, 00, message; n bytes in all. */
static void block_of(char *block, size_t n, int vector, uint16_t version)
{
    for (size_t i = 0; i < n; i++)
        block[i] = (char)(1 + i * 7 % 255);
    block[0] = 0;
    block[1] = 2;
    block[n - SECRET - 1] = 0;
    block[n - SECRET] = (char)(version >> 8);
    block[n - SECRET + 1] = (char)version;
    if (vector == ROBOT_WRONG_PREFIX)
        block[0] = 0x41, block[1] = 0x17;
    else if (vector == ROBOT_NO_ZERO)
        block[n - SECRET - 1] = 0x11, block[n - SECRET] = 0x11, block[n - SECRET + 1] = 0x11;
    else if (vector == ROBOT_ZERO_MISPLACED)
        block[4] = 0;
    else if (vector == ROBOT_WRONG_VERSION)
        block[n - SECRET] = 2, block[n - SECRET + 1] = 2;
}

/* 0x41 17 … may be above the modulus: then it is lowered until it fits, still without 00 02. */
static int encrypt(const struct kex_rsa *key, char *block, size_t n, struct buf *out)
{
    for (int first = (unsigned char)block[0]; first >= 0; first = first > 1 ? first / 2 : first - 1) {
        block[0] = (char)first;
        int err = kex_rsa_encrypt_raw(key, str_of(block, n), out);
        if (err != -ERR_RANGE)
            return err;
    }
    return -ERR_RANGE;
}

static int key_exchange(struct probe *p, const struct kex_rsa *key)
{
    size_t n = kex_rsa_size(key);
    char *block = arena_alloc(&p->o->arena, n);
    struct buf body;
    if (!block || n < SECRET + 11)
        return block ? -ERR_UNSUPPORTED : -ERR_NOMEM;
    buf_init(&body, KEX_RSA_SIZE_MAX + 8);
    size_t at = tlswrite_begin(&body, 2);
    block_of(block, n, p->spec.variant & ~ROBOT_SHORT, p->spec.hello.version);
    int err = encrypt(key, block, n, &body);
    tlswrite_end(&body, 2, at);
    err = err ? err : buf_err(&body);
    if (!err)
        err = tls_client_say(&p->tls, HS_CLIENT_KEY_EXCHANGE, buf_str(&body));
    buf_done(&body);
    return err;
}

/* What stands for Finished decrypts to nothing, whatever keys the server has. */
static int attack(struct probe *p)
{
    static const char finished[64] = "gate443 audit: this record cannot be decrypted by anybody, sorry";
    struct kex_rsa *key;
    int err = tls_client_rsa_key(&p->tls, &key);
    if (err)
        return err;
    err = key_exchange(p, key);
    kex_rsa_free(key);
    if (!err && !(p->spec.variant & ROBOT_SHORT)) {
        err = tls_client_send(&p->tls, TLSREC_CCS, STR("\x01"));
        if (!err)
            err = tls_client_send(&p->tls, TLSREC_HANDSHAKE, str_of(finished, sizeof finished));
    } else if (!err) {
        err = tls_client_send(&p->tls, TLSREC_ALERT, STR("\x02\x50")); /* internal_error */
    }
    p->phase = 1;
    return err;
}

static void on_event(struct probe *p, enum tls_event e)
{
    if (e == TLS_EV_FLIGHT && p->phase == 0) {
        int err = attack(p);
        p->starved = err == -ERR_NOMEM;
        if (err)
            probe_conclude(p, OUTCOME_NONE, "there is no RSA key to encrypt to");
    } else if (e == TLS_EV_ALERT) {
        probe_react(p, "alert %u ", p->tls.alert.code);
    }
}

static void on_end(struct probe *p, enum ending how)
{
    if (p->phase == 0) {
        probe_conclude(p, OUTCOME_NONE, "no handshake to test in");
        return;
    }
    probe_react(p, "%s", ending_text(how));
    p->o->outcome = OUTCOME_SAFE;
}

const struct probe_kind probe_robot = {
    .name = "robot", .tls = true, .on_event = on_event, .on_end = on_end};
