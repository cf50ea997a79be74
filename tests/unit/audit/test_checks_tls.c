/* Every check of TLS and QUIC, with facts made by hand: what is bad is called bad, what is good is
 * not, and what nobody could see is said to be not testable. And the rules that keep alarms honest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tls_world.h"

typedef void change(struct tls_world *w);

/* ---- changes ---- */

#define OUTCOME(name, test, out)                                                                   \
    static void name(struct tls_world *w)                                                          \
    {                                                                                              \
        w->tls.tests[test] = (struct test_result){                                                 \
            .ended = true, .outcome = out, .evidence = 9, .why = "left out by --no-intrusive",     \
            .reaction = "alert 20 "};                                                              \
    }
#define TESTED(name, test)                                                                         \
    OUTCOME(name##_bad, test, OUTCOME_VULNERABLE) OUTCOME(name##_not, test, OUTCOME_NONE)
#define CHANGE(name, ...)                                                                          \
    static void name(struct tls_world *w)                                                          \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
    }

CHANGE(failed, w->tls.failure = "connection refused")
CHANGE(no_quic, w->view.quic = NULL)
CHANGE(not_answering, w->quic.answers = KNOWN_NO)
CHANGE(incomplete, w->tls.v[VI_TLS12].complete = false)
CHANGE(incomplete13, w->tls.v[VI_TLS13].complete = false)

#define VERSION(name, v, code)                                                                     \
    CHANGE(name##_on, tls_world_add(w, v, code))                                                   \
    CHANGE(name##_not, tls_world_offer(w, v, KNOWN_NOT))
VERSION(ssl2, VI_SSL2, 0x020080)
VERSION(ssl3, VI_SSL3, 0x002f)
VERSION(tls10, VI_TLS10, 0x002f)
VERSION(tls11, VI_TLS11, 0x002f)
CHANGE(only_tls10, tls_world_only(w, VI_TLS10, 0x002f))
CHANGE(only_tls12, tls_world_only(w, VI_TLS12, 0xc02f))
CHANGE(only_tls13, tls_world_only(w, VI_TLS13, 0x1301))
CHANGE(tls12_not, tls_world_offer(w, VI_TLS12, KNOWN_NOT))
CHANGE(tls13_not, tls_world_offer(w, VI_TLS13, KNOWN_NOT))

TESTED(scsv_raw, TEST_FALLBACK_SCSV)
CHANGE(scsv_bad, scsv_raw_bad(w); tls_world_add(w, VI_TLS10, 0x002f))
CHANGE(sentinel_bad, w->tls.sentinel12 = KNOWN_NO)
CHANGE(sentinel_not, w->tls.sentinel12 = KNOWN_NOT)
TESTED(grease, TEST_GREASE)
TESTED(long_hello, TEST_LONG_HELLO)
TESTED(split, TEST_SPLIT_HELLO)
TESTED(medium, TEST_MEDIUM_HELLO)
TESTED(future, TEST_FUTURE_VERSION)
CHANGE(no_resumption, w->tls.tests[TEST_RESUME_TICKET].outcome = w->tls.tests[TEST_RESUME_PSK].outcome =
                          OUTCOME_SAFE)
CHANGE(resumption_not, memset(&w->tls.tests[TEST_RESUME_TICKET], 0, sizeof(struct test_result));
       memset(&w->tls.tests[TEST_RESUME_PSK], 0, sizeof(struct test_result)))
CHANGE(long_tickets, w->tls.ticket_lifetime = 8 * 86400)
CHANGE(no_ticket_seen, w->tls.tickets_seen = 0)
CHANGE(no_tickets, w->tls.tickets_seen = 0; w->tls.tickets12 = w->tls.tickets13 = KNOWN_NO)
TESTED(early_raw, TEST_EARLY_DATA)
CHANGE(early_bad, early_raw_bad(w); w->tls.max_early_data = 16384)
CHANGE(early_not, early_raw_not(w); w->tls.max_early_data = 16384)
OUTCOME(replayed, TEST_EARLY_DATA_REPLAY, OUTCOME_VULNERABLE)
OUTCOME(replay_unknown, TEST_EARLY_DATA_REPLAY, OUTCOME_NONE)
CHANGE(replay_bad, early_bad(w); replayed(w))
CHANGE(replay_safe, early_bad(w))
CHANGE(replay_not, early_bad(w); replay_unknown(w))
CHANGE(ems_bad, w->tls.ems = KNOWN_NO)
CHANGE(ems_not, w->tls.ems = KNOWN_NOT)
CHANGE(cbc12, tls_world_add(w, VI_TLS12, 0xc013))
CHANGE(etm_safe, cbc12(w); w->tls.etm = KNOWN_YES)
CHANGE(etm_not, cbc12(w); w->tls.etm = KNOWN_NOT)
CHANGE(npn_bad, w->tls.npn = KNOWN_YES)
CHANGE(npn_safe, w->tls.npn = KNOWN_NO)
CHANGE(npn_not, w->tls.npn = KNOWN_NOT)
CHANGE(nothing, (void)w)
CHANGE(heartbeat_on, w->tls.heartbeat = KNOWN_YES)
CHANGE(heartbeat_not, w->tls.heartbeat = KNOWN_NOT)
CHANGE(compressed_not, w->tls.tests[TEST_CERT_COMPRESSION].outcome = OUTCOME_NONE)
CHANGE(asks_certificate, w->tls.requests_certificate = true;
       w->tls.authorities = STR("\0\x0f\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02" "Ca"))
CHANGE(other_chain, w->tls.nchains = 1;
       w->tls.chains[0] = (struct kept_chain){.without_sni = true, .evidence = 5, .seen = 1})
CHANGE(no_name_not, w->tls.no_sni = KNOWN_NOT)
CHANGE(name_unknown, w->tls.name_refused = true)
CHANGE(clock_bad, w->tls.clock_in_random = KNOWN_YES)
CHANGE(clock_not, w->tls.clock_in_random = KNOWN_NOT)
CHANGE(serial, w->tls.one_at_a_time = true)
CHANGE(cut, w->tls.cut_short = true)

CHANGE(null_on, tls_world_add(w, VI_TLS12, 0x0002))
CHANGE(anonymous_on, tls_world_add(w, VI_TLS12, 0x0034))
CHANGE(export_on, tls_world_add(w, VI_TLS10, 0x0003))
CHANGE(dhe_export_on, tls_world_add(w, VI_TLS10, 0x0014); w->tls.smallest_dh = 512)
CHANGE(des_on, tls_world_add(w, VI_TLS12, 0x0009))
CHANGE(psk_on, tls_world_add(w, VI_TLS12, 0x00a8))
CHANGE(rc4_on, tls_world_add(w, VI_TLS12, 0x0005))
CHANGE(rc4_old, tls_world_add(w, VI_TLS10, 0x0005))
CHANGE(triple_des_on, tls_world_add(w, VI_TLS12, 0x000a))
CHANGE(triple_des_old, tls_world_add(w, VI_TLS10, 0x002f); tls_world_add(w, VI_TLS10, 0x000a))
CHANGE(triple_des_first, tls_world_add(w, VI_TLS10, 0x000a); tls_world_add(w, VI_TLS10, 0x002f))
CHANGE(static_rsa_on, tls_world_add(w, VI_TLS12, 0x009c))
CHANGE(static_rsa_first, tls_world_offer(w, VI_TLS12, KNOWN_YES); tls_world_add(w, VI_TLS12, 0x009c);
       tls_world_add(w, VI_TLS12, 0xc02f))
CHANGE(only_rsa, tls_world_only(w, VI_TLS12, 0x009c))
CHANGE(no_suites, tls_world_only(w, VI_TLS12, 0xc02f); w->tls.v[VI_TLS12].nsuites = 0)
CHANGE(only_cbc, tls_world_only(w, VI_TLS12, 0xc013))
CHANGE(client_order, cbc12(w); w->tls.v[VI_TLS12].server_order = KNOWN_NO)
CHANGE(order_not, cbc12(w); w->tls.v[VI_TLS12].server_order = KNOWN_NOT)
CHANGE(order_by_lot, client_order(w); w->tls.v[VI_TLS13].order_mixed = true)
CHANGE(chacha_bad, w->tls.v[VI_TLS13].chacha_first = KNOWN_NO)
CHANGE(chacha_not, w->tls.v[VI_TLS13].chacha_first = KNOWN_NOT)
CHANGE(explicit_group, number_set_add(&w->tls.groups12, 0xff01))
CHANGE(weak_group, number_set_add(&w->tls.groups12, 0x0013))
CHANGE(no_groups, w->tls.groups.n = w->tls.groups12.n = 0)
CHANGE(no_pq, w->tls.groups.v[0] = 0x1d)
CHANGE(pq_walk_not, no_pq(w); incomplete13(w))
CHANGE(pq_13_not, no_groups(w); tls13_not(w))
CHANGE(tls12_alone, only_tls12(w); no_groups(w))
CHANGE(kyber, w->tls.groups.v[0] = 0x6399)
OUTCOME(pq_raw_not, TEST_PQ_PREFERRED, OUTCOME_NONE)
OUTCOME(pq_behind, TEST_PQ_PREFERRED, OUTCOME_SAFE)
CHANGE(dsa, number_set_add(&w->tls.sigalgs12, 0x0402))
CHANGE(no_sigalgs, w->tls.sigalgs.n = w->tls.sigalgs12.n = 0)
CHANGE(md5, number_set_add(&w->tls.sigalgs12, 0x0101))
CHANGE(sha1, number_set_add(&w->tls.sigalgs12, 0x0201))
TESTED(dh_reuse_raw, TEST_DH_REUSE)
CHANGE(dhe, tls_world_add(w, VI_TLS12, 0x009e); w->tls.smallest_dh = 2048)
CHANGE(dhe_small, dhe(w); w->tls.smallest_dh = 1024)
CHANGE(dhe_unseen, dhe(w); w->tls.smallest_dh = 0)
CHANGE(dh_reuse_bad, dhe(w); dh_reuse_raw_bad(w))
CHANGE(dh_reuse_not, dhe(w); dh_reuse_raw_not(w))
TESTED(ecdh_reuse, TEST_ECDH_REUSE)

/* Oakley group 2 (RFC 2409 6.2). */
static void oakley2(struct tls_world *w)
{
    static const char p[] =
        "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xC9\x0F\xDA\xA2\x21\x68\xC2\x34\xC4\xC6\x62\x8B\x80\xDC\x1C\xD1"
        "\x29\x02\x4E\x08\x8A\x67\xCC\x74\x02\x0B\xBE\xA6\x3B\x13\x9B\x22\x51\x4A\x08\x79\x8E\x34\x04\xDD"
        "\xEF\x95\x19\xB3\xCD\x3A\x43\x1B\x30\x2B\x0A\x6D\xF2\x5F\x14\x37\x4F\xE1\x35\x6D\x6D\x51\xC2\x45"
        "\xE4\x85\xB5\x76\x62\x5E\x7E\xC6\xF4\x4C\x42\xE9\xA6\x37\xED\x6B\x0B\xFF\x5C\xB6\xF4\x06\xB7\xED"
        "\xEE\x38\x6B\xFB\x5A\x89\x9F\xA5\xAE\x9F\x24\x11\x7C\x4B\x1F\xE6\x49\x28\x66\x51\xEC\xE6\x53\x81"
        "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
    dhe_small(w);
    w->tls.dh_p = str_of(p, sizeof p - 1);
}

TESTED(heartbleed, TEST_HEARTBLEED)
TESTED(early_ccs, TEST_EARLY_CCS)
TESTED(ticketbleed, TEST_TICKETBLEED)
TESTED(renegotiation, TEST_RENEGOTIATION)
TESTED(compression, TEST_COMPRESSION)
TESTED(robot, TEST_ROBOT)
TESTED(poodle_tls, TEST_POODLE_TLS)
TESTED(zombie, TEST_ZOMBIE_POODLE)
TESTED(golden, TEST_GOLDENDOODLE)
TESTED(sleeping, TEST_SLEEPING_POODLE)
TESTED(zero, TEST_ZERO_LENGTH)
TESTED(lucky20, TEST_LUCKY_MINUS_20)
TESTED(alpn_lax, TEST_ALPN_LAX)
TESTED(sni_lax, TEST_SNI_LAX)
CHANGE(insecure_reneg, w->tls.secure_renegotiation = KNOWN_NO; renegotiation_bad(w))
CHANGE(secure_reneg_not, w->tls.secure_renegotiation = KNOWN_NOT)
CHANGE(iis, w->server.value = STR("Microsoft-IIS/7.5"); tls_world_only(w, VI_TLS12, 0xc013))
CHANGE(iis10, iis(w); w->server.value = STR("Microsoft-IIS/10.0"))
CHANGE(no_banner, iis(w); w->page.nfields = 0)
CHANGE(ffdhe, number_set_add(&w->tls.groups, 0x0104))

CHANGE(quic_broken, w->quic.v1 = w->quic.h3 = KNOWN_NO)
CHANGE(quic_draft, w->quic.versions[1] = 0xff00001d)
CHANGE(quic_list_not, w->quic.nversions = 0; w->quic.v1 = KNOWN_NOT; w->quic.v2 = KNOWN_NOT)
CHANGE(quic_other_key, w->quic.same_key = false)
CHANGE(quic_no_key, w->quic.leaf_spki = STR_NONE)
CHANGE(quic_amplifies, w->quic.amplifies = true)
CHANGE(quic_x25519, w->quic.group = 0x1d)
CHANGE(quic_group_not, w->quic.group = 0)
CHANGE(quic_early, w->quic.max_early_data = 0xffffffff)
CHANGE(no_https, w->http.https = false)

/* ---- the cases ---- */

#define INFO SEVERITY_INFO
#define LOW SEVERITY_LOW
#define MEDIUM SEVERITY_MEDIUM
#define HIGH SEVERITY_HIGH
#define CRITICAL SEVERITY_CRITICAL
#define NEVER NULL, INFO, NULL

/* A check may stand here several times; between them its rows have all three verdicts, or say why
 * one of them cannot be. */
static const struct {
    const char *id;
    change *bad;
    enum severity severity;
    const char *words;   /* in the detail of what is bad */
    change *safe, *untestable;
    const char *why_not; /* why a verdict is missing */
} cases[] = {
    {"ssl2", ssl2_on, CRITICAL, "SSL 2.0 is accepted", nothing, ssl2_not},
    {"ssl3", ssl3_on, HIGH, "SSL 3.0 is accepted", nothing, ssl3_not},
    {"tls10", tls10_on, MEDIUM, "TLS 1.0 is accepted", nothing, tls10_not},
    {"tls11", tls11_on, MEDIUM, "TLS 1.1 is accepted", nothing, tls11_not},
    {"tls12", only_tls10, HIGH, "Neither", only_tls13, tls12_not},
    {"tls13", only_tls12, LOW, "missing", nothing, tls13_not},
    {"fallback_scsv", scsv_bad, LOW, "down to TLS 1.0", scsv_raw_bad, scsv_raw_not},
    {"downgrade_sentinel", sentinel_bad, LOW, "TLS 1.2", only_tls12, sentinel_not},
    {"downgrade_sentinel", sentinel_bad, LOW, "TLS 1.2", only_tls13, tls13_not},
    {"grease", grease_bad, MEDIUM, "(alert 20)", nothing, grease_not},
    {"long_hello", long_hello_bad, MEDIUM, "4096", nothing, long_hello_not},
    {"split_hello", split_bad, MEDIUM, "segments", nothing, split_not},
    {"medium_hello", medium_bad, LOW, "256", only_tls13, medium_not},
    {"future_version", future_bad, LOW, "newer", nothing, future_not},
    {"resumption", no_resumption, INFO, "not resumed", nothing, resumption_not},
    {"ticket_lifetime", long_tickets, LOW, "192 hours", no_tickets, no_ticket_seen},
    {"ticket_rotation", NEVER, no_tickets, nothing, "tickets are not compared over days"},
    {"early_data", early_bad, INFO, "16384 bytes", nothing, early_not},
    {"early_data_replay", replay_bad, MEDIUM, "twice", replay_safe, replay_not},
    {"ems", ems_bad, LOW, "triple", only_tls13, ems_not},
    {"etm", cbc12, INFO, "encrypt_then_mac", etm_safe, etm_not},
    {"etm", cbc12, INFO, "encrypt_then_mac", nothing, incomplete},
    {"npn", npn_bad, INFO, "ALPN", npn_safe, npn_not},
    {"heartbeat_extension", heartbeat_on, LOW, "is on", nothing, heartbeat_not},
    {"extensions", NEVER, nothing, failed, "a mere list"},
    {"cert_compression", NEVER, nothing, compressed_not, "neither is a flaw"},
    {"client_certificate", asks_certificate, INFO, "CN=Ca", nothing, failed},
    {"default_certificate", other_chain, INFO, "no host", nothing, no_name_not},
    {"name_refused", name_unknown, MEDIUM, "alert 112", nothing, failed},
    {"clock_leak", clock_bad, INFO, "time", nothing, clock_not},
    {"one_at_a_time", serial, INFO, "after the other", nothing, failed},
    {"cut_short", cut, INFO, "30 connections", nothing, failed},

    {"null_suites", null_on, CRITICAL, "TLS_RSA_WITH_NULL_SHA (TLS 1.2)", nothing, incomplete},
    {"anonymous_suites", anonymous_on, CRITICAL, "TLS_DH_anon_WITH_AES_128_CBC_SHA", nothing, incomplete},
    {"export_suites", export_on, HIGH, "TLS_RSA_EXPORT_WITH_RC4_40_MD5 (TLS 1.0)", nothing, tls10_not},
    {"weak_suites", des_on, HIGH, "TLS_RSA_WITH_DES_CBC_SHA", triple_des_on, incomplete},
    {"unusual_suites", psk_on, INFO, "TLS_PSK_WITH_AES_128_GCM_SHA256", nothing, incomplete},
    {"rc4", rc4_on, HIGH, "TLS_RSA_WITH_RC4_128_SHA", export_on, incomplete},
    {"rc4", rc4_old, MEDIUM, "TLS 1.0", nothing, tls10_not},
    {"sweet32", triple_des_on, HIGH, "3DES", nothing, incomplete},
    {"sweet32", triple_des_old, LOW, "3DES", nothing, tls10_not},
    {"sweet32", triple_des_first, HIGH, "preferred", nothing, incomplete},
    {"cbc_suites", cbc12, LOW, "CBC_SHA", nothing, incomplete},
    {"static_rsa", static_rsa_on, LOW, "TLS_RSA_WITH_AES_128_GCM_SHA256", nothing, incomplete},
    {"forward_secrecy", only_rsa, HIGH, "No suite", static_rsa_on, incomplete},
    {"forward_secrecy", static_rsa_first, MEDIUM, "prefers", only_tls13, no_suites},
    {"aead", only_cbc, MEDIUM, "No suite", nothing, no_suites},
    {"server_order", client_order, LOW, "In TLS 1.2", nothing, order_not},
    {"server_order", client_order, LOW, "CBC_SHA", only_tls13, order_not},
    {"server_order", client_order, LOW, "In TLS 1.2", nothing, order_by_lot},
    {"chacha_order", chacha_bad, INFO, "gets AES", nothing, chacha_not},
    {"key_exchange_strength", dhe_small, MEDIUM, "1024 bits", nothing, no_groups},
    {"key_exchange_strength", dhe_export_on, CRITICAL, "512", nothing, no_groups},
    {"dh_weak", dhe_small, HIGH, "1024", dhe, dhe_unseen},
    {"dh_weak", dhe_export_on, CRITICAL, "512", nothing, incomplete},
    {"dh_common_prime", oakley2, HIGH, "Oakley group 2", dhe, dhe_unseen},
    {"dh_reuse", dh_reuse_bad, LOW, "same DHE", dhe, dh_reuse_not},
    {"ecdh_reuse", ecdh_reuse_bad, LOW, "same ECDHE", nothing, ecdh_reuse_not},
    {"groups", weak_group, MEDIUM, "secp192r1", nothing, no_groups},
    {"groups", explicit_group, MEDIUM, "explicit", nothing, no_groups},
    {"groups", kyber, LOW, "Kyber", only_rsa, no_groups},
    {"pq_key_exchange", no_pq, LOW, "X25519MLKEM768 is not", nothing, no_groups},
    {"pq_key_exchange", kyber, LOW, "draft", nothing, pq_walk_not},
    {"pq_key_exchange", tls12_alone, LOW, "Without TLS 1.3", nothing, pq_13_not},
    {"pq_preferred", pq_behind, INFO, "not asked", nothing, pq_raw_not},
    {"signature_algorithms", dsa, LOW, "dsa_sha256", only_rsa, no_sigalgs},
    {"md5_sha1_signature", md5, HIGH, "rsa_pkcs1_md5", nothing, incomplete},
    {"md5_sha1_signature", sha1, LOW, "rsa_pkcs1_sha1", nothing, no_sigalgs},

    {"heartbleed", heartbleed_bad, CRITICAL, "memory", only_tls13, heartbleed_not},
    {"early_ccs", early_ccs_bad, HIGH, "alert 20", only_tls13, early_ccs_not},
    {"ticketbleed", ticketbleed_bad, HIGH, "longer", nothing, ticketbleed_not},
    {"secure_renegotiation", insecure_reneg, CRITICAL, "renegotiates", only_tls13, secure_reneg_not},
    {"client_renegotiation", renegotiation_bad, MEDIUM, "whenever", only_tls13, renegotiation_not},
    {"compression", compression_bad, MEDIUM, "compression", only_tls13, compression_not},
    {"robot", robot_bad, HIGH, "Malformed", nothing, robot_not},
    {"marvin", static_rsa_on, INFO, "not measured", nothing, incomplete},
    {"poodle_ssl3", ssl3_on, HIGH, "TLS_RSA_WITH_AES_128_CBC_SHA", nothing, ssl3_not},
    {"poodle_tls", poodle_tls_bad, HIGH, "padding", nothing, poodle_tls_not},
    {"zombie_poodle", zombie_bad, HIGH, "padding", nothing, zombie_not},
    {"goldendoodle", golden_bad, HIGH, "MAC", nothing, golden_not},
    {"sleeping_poodle", sleeping_bad, HIGH, "Some of the padding", nothing, sleeping_not},
    {"zero_length", zero_bad, HIGH, "without content", nothing, zero_not},
    {"lucky_minus_20", lucky20_bad, HIGH, "record_overflow", nothing, lucky20_not},
    {"lucky13", cbc12, INFO, "not measured", nothing, incomplete},
    {"drown", ssl2_on, CRITICAL, "export", nothing, ssl2_not},
    {"freak", export_on, HIGH, "RSA_EXPORT", dhe_export_on, tls10_not},
    {"logjam", dhe_export_on, HIGH, "DHE_RSA_EXPORT", dhe, dhe_unseen},
    {"logjam", oakley2, HIGH, "Oakley group 2", nothing, incomplete},
    {"beast", tls10_on, LOW, "TLS 1.0", nothing, tls10_not},
    {"beast", only_tls10, MEDIUM, "TLS 1.0", cbc12, tls10_not},
    {"raccoon", dh_reuse_bad, LOW, "again", dhe, dh_reuse_not},
    {"dheat", dhe, LOW, "DHE", nothing, incomplete},
    {"dheat", ffdhe, LOW, "8192", nothing, incomplete13},
    {"winshock", iis, INFO, "IIS", iis10, no_banner},
    {"alpaca_alpn", alpn_lax_bad, LOW, "unknown", nothing, alpn_lax_not},
    {"alpaca_sni", sni_lax_bad, INFO, "unknown", nothing, sni_lax_not},
    {"tls_state_machine", NEVER, NULL, nothing, "not sent"},
    {"finished_unchecked", NEVER, NULL, nothing, "not sent"},
    {"invalid_curve", NEVER, NULL, nothing, "not sent"},
    {"starttls_injection", NEVER, NULL, nothing, "other ports"},
    {"request_smuggling", NEVER, NULL, nothing, "not sent"},

    {"quic", not_answering, INFO, "no HTTP/3", nothing, no_quic},
    {"quic", quic_broken, MEDIUM, "no handshake", nothing, no_quic},
    {"quic_versions", quic_draft, LOW, "draft 29", nothing, quic_list_not},
    {"quic_key", quic_other_key, MEDIUM, "another key", nothing, quic_no_key},
    {"quic_amplification", quic_amplifies, HIGH, "three times", nothing, no_quic},
    {"http3_announced", not_answering, LOW, "UDP port 443", nothing, no_https},
    {"quic_pq", quic_x25519, LOW, "x25519", not_answering, quic_group_not},
    {"quic_early_data", quic_early, INFO, "again", nothing, quic_broken},
};
enum { CASES = sizeof cases / sizeof *cases };

/* ---- running them ---- */

static struct finding run(struct arena *arena, const char *id, change *how)
{
    struct tls_world *w = malloc(sizeof *w);
    const struct check *c = check_find(str_c(id));
    if (!c || !w)
        fail_msg("no check %s", id);
    tls_world_good(w);
    how(w);
    struct finding f = {.check = c, .severity = c->severity, .arena = arena};
    c->fn(&w->view, &f);
    free(w);
    return f;
}

static void expect(struct arena *arena, const char *id, change *how, enum verdict verdict,
                   const char *words)
{
    struct finding f = run(arena, id, how);
    char *text = arena_cstr(arena, f.detail);
    if (f.verdict != verdict)
        fail_msg("%s: %s instead of %s: %s", id, verdict_name(f.verdict), verdict_name(verdict), text);
    if (f.detail.n < 2 || f.detail.p[f.detail.n - 1] != '.')
        fail_msg("%s: no sentence: %s", id, text);
    if (words && !strstr(text, words))
        fail_msg("%s: \"%s\" is not in: %s", id, words, text);
}

static void test_cases(void **state)
{
    struct arena arena;
    arena_init(&arena, 4096, 1 << 20);
    for (size_t i = 0; i < CASES; i++) {
        if (cases[i].bad) {
            expect(&arena, cases[i].id, cases[i].bad, VERDICT_VULNERABLE, cases[i].words);
            struct finding f = run(&arena, cases[i].id, cases[i].bad);
            if (f.severity != cases[i].severity)
                fail_msg("%s: severity %s", cases[i].id, severity_name(f.severity));
        }
        if (cases[i].safe)
            expect(&arena, cases[i].id, cases[i].safe, VERDICT_SAFE, NULL);
        expect(&arena, cases[i].id, cases[i].untestable, VERDICT_UNTESTABLE, NULL);
    }
    arena_done(&arena);
}

static bool has_cases(const char *id)
{
    bool bad = false, safe = false, untestable = false, excused = false;
    for (size_t i = 0; i < CASES; i++) {
        if (strcmp(cases[i].id, id) != 0)
            continue;
        bad = bad || cases[i].bad;
        safe = safe || cases[i].safe;
        untestable = untestable || cases[i].untestable;
        excused = excused || cases[i].why_not;
    }
    return untestable && ((bad && safe) || excused);
}

/* The sections that this file is about; the others' checks are in test_checks_web.c. */
static const struct check_table *const our_tables[] = {&checks_protocol, &checks_cipher,
                                                       &checks_vulnerability, &checks_quic, NULL};

static void test_every_check_has_cases(void **state)
{
    for (const struct check_table *const *t = our_tables; *t; t++)
        for (size_t i = 0; i < (*t)->n; i++)
            if (!has_cases((*t)->rows[i].id))
                fail_msg("%s lacks a vulnerable, a safe or an untestable case", (*t)->rows[i].id);
}

static void every_finding(change *how, enum verdict never)
{
    struct arena arena;
    arena_init(&arena, 4096, 1 << 20);
    for (const struct check_table *const *t = our_tables; *t; t++)
        for (size_t i = 0; i < (*t)->n; i++) {
            struct finding f = run(&arena, (*t)->rows[i].id, how);
            if (f.verdict == never)
                fail_msg("%s: %.*s", f.check->id, STR_ARG(f.detail));
        }
    arena_done(&arena);
}

static void test_good_server_has_no_finding(void **state)
{
    every_finding(nothing, VERDICT_VULNERABLE);
    every_finding(only_tls13, VERDICT_VULNERABLE);
}

CHANGE(dead, failed(w); w->view.quic = NULL; w->view.http = NULL)
CHANGE(unasked, w->view.tls = NULL; w->view.quic = NULL; w->view.http = NULL)
static void test_nothing_known_is_no_verdict(void **state)
{
    every_finding(dead, VERDICT_VULNERABLE);
    every_finding(dead, VERDICT_SAFE);
    every_finding(unasked, VERDICT_VULNERABLE);
    every_finding(unasked, VERDICT_SAFE);
}

static void test_rows(void **state)
{
    for (const struct check_table *const *t = check_tables; *t; t++)
        for (size_t i = 0; i < (*t)->n; i++) {
            const struct check *c = &(*t)->rows[i];
            if (check_find(str_c(c->id)) != c)
                fail_msg("two checks are called %s", c->id);
            if (!c->title || !c->how || !c->fn || c->how[strlen(c->how) - 1] != '.')
                fail_msg("%s lacks its title, how, or function", c->id);
            if (c->severity > INFO && !c->fix)
                fail_msg("%s lacks its fix", c->id);
            if (c->severity > INFO && c->section <= SECTION_VULNERABILITY &&
                !(c->remedy.gate443 || c->remedy.nginx))
                fail_msg("%s lacks a remedy", c->id);
            if (c->fix && c->fix[strlen(c->fix) - 1] != '.')
                fail_msg("%s: its fix is no sentence", c->id);
            for (const char *p = c->id; *p; p++)
                if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_", *p))
                    fail_msg("%s: letters, digits and _ only", c->id);
        }
    assert_null(check_find(STR("nonsense")));
}

/* ---- false alarms that others are known for ---- */

CHANGE(no_inappropriate_fallback, scsv_raw_not(w); tls_world_add(w, VI_TLS10, 0x002f))
CHANGE(many_suites, for (uint32_t c = 0xc023; c < 0xc02b; c++) tls_world_add(w, VI_TLS12, c))
CHANGE(cbc_everywhere, tls10_on(w); tls11_on(w); tls_world_add(w, VI_TLS12, 0x002f))
CHANGE(rc4_ssl3, tls_world_add(w, VI_SSL3, 0x0005))
CHANGE(passive_reneg, w->tls.secure_renegotiation = KNOWN_NO)
CHANGE(big_custom_prime, dhe(w); w->tls.dh_p = STR("\xff\x01\x02"))

static void test_honest_alarms(void **state)
{
    struct arena arena;
    arena_init(&arena, 4096, 1 << 20);
    expect(&arena, "fallback_scsv", no_inappropriate_fallback, VERDICT_UNTESTABLE, NULL);
    expect(&arena, "poodle_ssl3", rc4_ssl3, VERDICT_SAFE, "without CBC");
    expect(&arena, "cbc_suites", many_suites, VERDICT_VULNERABLE, " and 2 more (TLS 1.2)");
    expect(&arena, "lucky13", cbc_everywhere, VERDICT_VULNERABLE,
           "Offered: TLS_RSA_WITH_AES_128_CBC_SHA (TLS 1.0, TLS 1.1, TLS 1.2)");
    expect(&arena, "key_exchange_strength", nothing, VERDICT_SAFE, "3072");
    expect(&arena, "dh_common_prime", big_custom_prime, VERDICT_SAFE, "none of the well-known");
    assert_int_equal(run(&arena, "secure_renegotiation", passive_reneg).severity, LOW);
    assert_int_equal(run(&arena, "cbc_suites", cbc12).evidence, 7);
    assert_int_equal(run(&arena, "heartbleed", heartbleed_bad).evidence, 9);
    arena_done(&arena);
}

static void test_arena_full(void **state)
{
    struct tls_world *w = malloc(sizeof *w);
    struct finding *all = NULL;
    struct arena arena;
    assert_non_null(w);
    arena_init(&arena, 64, 128);
    tls_world_good(w);
    assert_int_equal(checks_run(&w->view, &arena, &all), -ERR_NOMEM);
    assert_null(all);
    arena_done(&arena);
    free(w);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_every_check_has_cases),
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_good_server_has_no_finding),
        cmocka_unit_test(test_nothing_known_is_no_verdict),
        cmocka_unit_test(test_honest_alarms),
        cmocka_unit_test(test_arena_full),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
