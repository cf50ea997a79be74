/* Padding oracles of CBC suites: POODLE on TLS (CVE-2014-8730), Zombie POODLE, GOLDENDOODLE, Sleeping
 * POODLE, the 0-length oracle (CVE-2019-1559) and LuckyMinus20 (CVE-2016-2107).
 *
 * One connection a vector. The reaction is text: each alert, whether an HTTP answer came, how the
 * connection ended; the plan compares it between vectors and repetitions. No fence here: a server
 * that takes the altered request for good must have the time to answer it. */
#include "audit/probe.h"
#include "audit/probe_oracle.h"

const char *cbc_vector_name(int v)
{
    static const char *const names[] = {
        "wrong MAC, right padding", "no MAC, incomplete padding", "right MAC, altered padding",
        "right MAC, altered last byte of padding", "padding only",
        "wrong MAC, right padding, no content", "one block of 0f", "honest request"};
    return names[v];
}

enum { BLOCK_MAX = 16, PLAIN_MAX = 2048 };

struct plain {
    char p[PLAIN_MAX];
    size_t n;
};

static void add(struct plain *to, const void *p, size_t n)
{
    if (n > sizeof to->p - to->n)
        n = sizeof to->p - to->n;
    if (n)
        memcpy(to->p + to->n, p, n);
    to->n += n;
}

/* RFC 5246 6.2.3.2: up to a multiple of the block, each byte the count of those in front of it. One
 * block more than needed, so that there is a padding byte in a block of its own to alter. */
static void pad(struct plain *to, size_t block)
{
    size_t n = block - to->n % block + block;
    for (size_t i = 0; i < n && to->n < sizeof to->p; i++)
        to->p[to->n++] = (char)(n - 1);
}

static void fill(struct plain *to, size_t n, char with)
{
    for (size_t i = 0; i < n && to->n < sizeof to->p; i++)
        to->p[to->n++] = with;
}

/* content, its MAC, padding; damage: flips a bit of the MAC. */
static int with_mac(struct probe *p, struct plain *to, struct str content, bool damage)
{
    unsigned char mac[SEAL_MAC_MAX];
    struct seal *s = &p->tls.write;
    int err = seal_mac(s, TLSREC_DATA, p->tls.hs->version, content, mac);
    if (err)
        return err;
    if (damage)
        mac[0] ^= 1;
    add(to, content.p, content.n);
    add(to, mac, seal_mac_size(&s->p));
    pad(to, seal_block_size(&s->p));
    return 0;
}

static int build(struct probe *p, struct plain *to)
{
    size_t block = seal_block_size(&p->tls.write.p);
    struct str request = str_sub(p->spec.request, 0, PLAIN_MAX / 2);
    int err = 0;
    switch (p->spec.variant) {
    case CBC_BAD_MAC: return with_mac(p, to, request, true);
    case CBC_BAD_MAC_EMPTY: return with_mac(p, to, STR_NONE, true);
    case CBC_SHORT: /* a padding length that reaches beyond the record */
        fill(to, 2 * block - 1, 0x55);
        fill(to, 1, (char)0xff);
        return 0;
    case CBC_ALL_PADDING:
        fill(to, 5 * block, (char)(5 * block - 1));
        return 0;
    case CBC_LUCKY_MINUS_20:
        fill(to, 2 * block, (char)(block - 1));
        return 0;
    default:
        err = with_mac(p, to, request, false);
        if (!err && p->spec.variant == CBC_BAD_PADDING)
            to->p[to->n - block - 1] ^= 0x40; /* the last byte of the block in front: padding, too */
        if (!err && p->spec.variant == CBC_BAD_LAST)
            to->p[to->n - 2] ^= 0x40;
        return err;
    }
}

static void attack(struct probe *p)
{
    struct plain plain = {.n = 0};
    struct seal *s = &p->tls.write;
    if (!p->tls.suite || !suite_is_cbc(p->tls.suite) || seal_block_size(&s->p) == 0) {
        probe_conclude(p, OUTCOME_NONE, "the server chose no CBC suite");
        return;
    }
    if (p->tls.hs->ext.etm) {
        probe_conclude(p, OUTCOME_NONE, "the server turned encrypt-then-MAC on, unasked");
        return;
    }
    int err = build(p, &plain);
    if (!err)
        err = seal_cbc_raw(s, TLSREC_DATA, p->tls.hs->version, str_of(plain.p, plain.n), &p->tls.out);
    if (err)
        probe_conclude(p, OUTCOME_NONE, "the record cannot be made");
    p->phase = 1;
}

static void on_event(struct probe *p, enum tls_event e)
{
    if (e == TLS_EV_ESTABLISHED && p->phase == 0) {
        attack(p);
    } else if (e == TLS_EV_ALERT) {
        probe_react(p, "alert %u ", p->tls.alert.code);
        p->mark = p->tls.alert.code;
    } else if (e == TLS_EV_DATA && p->phase == 1 && p->tls.data.n) {
        probe_react(p, "answered ");
        probe_conclude(p, OUTCOME_VULNERABLE, NULL);
    }
}

/* FIN and RST are one here: which of them comes depends on what the server had not read yet. */
static void on_end(struct probe *p, enum ending how)
{
    if (p->phase == 0) {
        probe_conclude(p, OUTCOME_NONE, "no handshake to test in");
        return;
    }
    probe_react(p, "%s", how == ENDING_TIMEOUT ? "open" : how == ENDING_GARBAGE ? "garbage" : "closed");
    p->o->outcome = OUTCOME_SAFE;
}

const struct probe_kind probe_cbc = {
    .name = "cbc", .tls = true, .on_event = on_event, .on_end = on_end};
