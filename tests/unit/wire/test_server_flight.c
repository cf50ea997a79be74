/* A server's messages of every version: read right, cut anywhere, with each byte changed, with bytes
 * left over. */
#include "wire/server_flight.h"

#include "wire/tlsrec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define B(literal) {literal, sizeof(literal) - 1}
#define RANDOM "0123456789ABCDEFabcdefghijklmnop"
#define RETRY                                                                                          \
    "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"                                 \
    "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"

enum kind {
    HELLO, EXTENSIONS, CERT12, CERT13, STATUS, ECDHE12, ECDHE10, ECDHE_ANON, DHE12, DHE10, RSA_EXPORT,
    PSK, DHE_PSK, ECDHE_PSK, REQUEST10, REQUEST12, REQUEST13, VERIFY, TICKET12, TICKET13, KINDS
};

union parsed {
    struct server_hello hello;
    struct server_extensions ext;
    struct server_certificates certs;
    struct server_key_exchange ske;
    struct certificate_request request;
    struct certificate_verify verify;
    struct new_session_ticket ticket;
    struct str status;
};

static int parse_ske(union parsed *p, enum kind kind, struct str in)
{
    static const struct {
        enum ske_kind kind;
        uint16_t version;
        bool anonymous, psk;
    } rows[KINDS] = {
        [ECDHE12] = {SKE_ECDHE, 0x0303, false, false}, [ECDHE10] = {SKE_ECDHE, 0x0301, false, false},
        [ECDHE_ANON] = {SKE_ECDHE, 0x0303, true, false}, [DHE12] = {SKE_DHE, 0x0303, false, false},
        [DHE10] = {SKE_DHE, 0x0300, false, false}, [RSA_EXPORT] = {SKE_RSA, 0x0301, false, false},
        [PSK] = {SKE_PSK, 0x0303, true, true}, [DHE_PSK] = {SKE_DHE, 0x0303, true, true},
        [ECDHE_PSK] = {SKE_ECDHE, 0x0301, true, true},
    };
    return server_key_exchange_parse(&p->ske, in, rows[kind].kind, rows[kind].version,
                                     rows[kind].anonymous, rows[kind].psk);
}

static int parse(union parsed *p, enum kind kind, struct str in)
{
    switch (kind) {
    case HELLO: return server_hello_parse(&p->hello, in);
    case EXTENSIONS: return encrypted_extensions_parse(&p->ext, in);
    case CERT12: return server_certificates_parse(&p->certs, in, false);
    case CERT13: return server_certificates_parse(&p->certs, in, true);
    case STATUS: return certificate_status_parse(&p->status, in);
    case REQUEST10: return certificate_request_parse(&p->request, in, 0x0301);
    case REQUEST12: return certificate_request_parse(&p->request, in, 0x0303);
    case REQUEST13: return certificate_request_parse(&p->request, in, 0x0304);
    case VERIFY: return certificate_verify_parse(&p->verify, in);
    case TICKET12: return new_session_ticket_parse(&p->ticket, in, false);
    case TICKET13: return new_session_ticket_parse(&p->ticket, in, true);
    default: return parse_ske(p, kind, in);
    }
}

struct sample {
    enum kind kind;
    struct str body;
    size_t whole_at; /* cut here it is a whole message, too; 0: nowhere */
};

static const struct sample samples[] = {
    {HELLO, B("\3\0" RANDOM "\0\0\x0a\0"), 0},
    {HELLO, B("\3\1" RANDOM "\4abcd\0\x2f\1"), 0},
    {HELLO, B("\3\3" RANDOM "\0\xc0\x2f\0\0\0"), 38},
    {HELLO, B("\3\3" RANDOM "\4abcd\xc0\x2f\0\0\x48\0\0\0\0\0\1\0\1\4\0\5\0\0\0\x0b\0\2\1\0\0\x0f\0\1\1"
              "\0\x10\0\5\0\3\2h2\0\x12\0\3sct\0\x16\0\0\0\x17\0\0\0\x1c\0\2\x40\0\0\x23\0\0"
              "\x33\x74\0\3\2h2\xff\x01\0\3\2vd"), 42},
    {HELLO, B("\3\3" RANDOM "\0\x13\1\0\0\x16\0\x2b\0\2\3\4\0\x33\0\6\0\x1d\0\2ks\0\x29\0\2\0\1"), 38},
    {HELLO, B("\3\3" RETRY "\0\x13\2\0\0\x15\0\x2b\0\2\3\4\0\x33\0\2\0\x18\0\x2c\0\5\0\3ckx"), 38},
    {EXTENSIONS, B("\0\0"), 0},
    {EXTENSIONS, B("\0\x30\0\x0a\0\6\0\4\0\x1d\0\x17\0\x10\0\5\0\3\2h3\0\x2a\0\0\0\x39\0\4quic\0\0\0\0"
                   "\xfe\x0d\0\5retry\x12\x34\0\0"), 0},
    {CERT12, B("\0\0\0"), 0},
    {CERT12, B("\0\0\x0c\0\0\3abc\0\0\3def"), 0},
    {CERT13, B("\0\0\0\0"), 0},
    {CERT13, B("\2cx\0\0\x24\0\0\3abc\0\x14\0\5\0\7\1\0\0\3ocs\0\x12\0\5\0\3sct\0\0\3def\0\0"), 0},
    {STATUS, B("\1\0\0\4ocsp"), 0},
    {ECDHE12, B("\3\0\x1d\5point\4\3\0\3sig"), 0},
    {ECDHE10, B("\3\0\x17\5point\0\3sig"), 0},
    {ECDHE_ANON, B("\3\0\x17\5point"), 0},
    {DHE12, B("\0\3ppp\0\1g\0\2ys\4\1\0\3sig"), 0},
    {DHE10, B("\0\3ppp\0\1g\0\2ys\0\3sig"), 0},
    {RSA_EXPORT, B("\0\3nnn\0\1e\0\3sig"), 0},
    {PSK, B("\0\4hint"), 0},
    {DHE_PSK, B("\0\4hint\0\3ppp\0\1g\0\2ys"), 0},
    {ECDHE_PSK, B("\0\0\3\0\x17\5point"), 0},
    {REQUEST10, B("\2\1\2\0\6\0\4name"), 0},
    {REQUEST12, B("\2\1\2\0\4\4\3\4\1\0\0"), 0},
    {REQUEST13, B("\3ctx\0\x12\0\x0d\0\4\0\2\4\3\0\x2f\0\6\0\4\0\2dn"), 0},
    {VERIFY, B("\x08\4\0\3sig"), 0},
    {TICKET12, B("\0\0\x1c\x20\0\6ticket"), 0},
    {TICKET13, B("\0\0\x1c\x20\1\2\3\4\2nn\0\6ticket\0\x08\0\x2a\0\4\0\0\x40\0"), 0},
};
enum { SAMPLES = sizeof samples / sizeof *samples };

/* In a heap block of its size, so that a byte read beyond it is seen. */
static int try(union parsed *ret, enum kind kind, struct str in)
{
    char *exact = malloc(in.n ? in.n : 1);
    if (in.n)
        memcpy(exact, in.p, in.n);
    int err = parse(ret, kind, str_of(exact, in.n));
    free(exact);
    return err;
}

static const struct sample *sample_of(enum kind kind, size_t nth)
{
    for (size_t i = 0; i < SAMPLES; i++)
        if (samples[i].kind == kind && nth-- == 0)
            return &samples[i];
    fail();
    return NULL;
}

static void test_good_and_cut(void **state)
{
    bool tried[KINDS] = {false};
    for (size_t i = 0; i < SAMPLES; i++) {
        const struct sample *s = &samples[i];
        union parsed p, before;
        tried[s->kind] = true;
        assert_int_equal(try(&p, s->kind, s->body), 0);
        memset(&before, 0x5a, sizeof before);
        for (size_t n = 0; n < s->body.n; n++) {
            p = before;
            int err = try(&p, s->kind, str_sub(s->body, 0, n));
            assert_int_equal(err, n && n == s->whole_at ? 0 : -ERR_TLS_DECODE);
            if (err)
                assert_memory_equal(&p, &before, sizeof p); /* untouched */
        }
        char longer[256];
        memcpy(longer, s->body.p, s->body.n);
        longer[s->body.n] = 0;
        assert_int_equal(try(&p, s->kind, str_of(longer, s->body.n + 1)), -ERR_TLS_DECODE);
    }
    for (size_t k = 0; k < KINDS; k++)
        assert_true(tried[k]);
}

/* Every byte with every value: read or refused, nothing else. Every sample as every other kind. */
static void test_changed(void **state)
{
    union parsed p;
    for (size_t i = 0; i < SAMPLES; i++) {
        char work[256];
        struct str s = samples[i].body;
        memcpy(work, s.p, s.n);
        for (size_t at = 0; at < s.n; at++) {
            for (int v = 0; v < 256; v++) {
                work[at] = (char)v;
                int err = try(&p, samples[i].kind, str_of(work, s.n));
                assert_true(err == 0 || err == -ERR_TLS_DECODE);
            }
            work[at] = s.p[at];
        }
        for (int k = 0; k < KINDS; k++) {
            int err = try(&p, (enum kind)k, s);
            assert_true(err == 0 || err == -ERR_TLS_DECODE);
        }
    }
}

#define assert_str(a, b) assert_true(str_eq(a, STR(b)))

static void test_hello(void **state)
{
    struct server_hello h;
    assert_int_equal(server_hello_parse(&h, sample_of(HELLO, 0)->body), 0);
    assert_int_equal(h.version, TLS_WIRE_SSL3);
    assert_int_equal(h.suite, 0x000a);
    assert_false(h.has_extensions || h.retry || h.ext.n);
    assert_memory_equal(h.random.p, RANDOM, 32);
    assert_int_equal(server_hello_parse(&h, sample_of(HELLO, 1)->body), 0);
    assert_str(h.session_id, "abcd");
    assert_int_equal(h.compression, 1);
    assert_int_equal(server_hello_parse(&h, sample_of(HELLO, 2)->body), 0);
    assert_true(h.has_extensions && h.ext.n == 0);
}

static void test_extensions12(void **state)
{
    struct server_hello h;
    assert_int_equal(server_hello_parse(&h, sample_of(HELLO, 3)->body), 0);
    const struct server_extensions *e = &h.ext;
    assert_int_equal(e->n, 13);
    assert_true(e->sni && e->max_fragment_sent && e->status && e->point_formats && e->heartbeat);
    assert_true(e->alpn_sent && e->etm && e->ems && e->record_limit_sent && e->ticket && e->npn);
    assert_true(e->renegotiation && !e->duplicate && !e->version_sent && !e->key_share_sent);
    assert_int_equal(e->max_fragment, 4);
    assert_int_equal(e->heartbeat_mode, 1);
    assert_int_equal(e->record_limit, 0x4000);
    assert_str(e->alpn, "h2");
    assert_str(e->scts, "sct");
    assert_str(e->npn_names, "\2h2");
    assert_str(e->verify_data, "vd");
    assert_int_equal(h.version, TLS_WIRE_12);
}

static void test_extensions13(void **state)
{
    struct server_hello h;
    struct server_extensions e;
    assert_int_equal(server_hello_parse(&h, sample_of(HELLO, 4)->body), 0);
    assert_int_equal(h.version, TLS_WIRE_13);
    assert_int_equal(h.legacy_version, TLS_WIRE_12);
    assert_int_equal(h.ext.group, 29);
    assert_str(h.ext.share, "ks");
    assert_true(h.ext.psk && h.ext.psk_index == 1 && !h.retry);
    assert_int_equal(server_hello_parse(&h, sample_of(HELLO, 5)->body), 0);
    assert_true(h.retry && h.ext.key_share_sent);
    assert_int_equal(h.ext.group, 24);
    assert_int_equal(h.ext.share.n, 0);
    assert_str(h.ext.cookie, "ckx");
    assert_int_equal(encrypted_extensions_parse(&e, sample_of(EXTENSIONS, 1)->body), 0);
    assert_int_equal(e.n, 7);
    assert_int_equal(e.groups.n, 4);
    assert_str(e.alpn, "h3");
    assert_str(e.quic_params, "quic");
    assert_true(e.early_data && e.sni && e.ech && e.ech_retry && !e.duplicate);
}

static void test_duplicates(void **state)
{
    struct server_extensions e;
    static const struct str twice[] = {B("\0\x08\0\x17\0\0\0\x17\0\0"), B("\0\x0a\xff\1\0\1\0\xff\1\0\1\0"),
                                       B("\0\x08\x33\x74\0\0\x33\x74\0\0")};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(encrypted_extensions_parse(&e, twice[i]), 0);
        assert_true(e.duplicate && e.n == 2);
    }
    assert_int_equal(encrypted_extensions_parse(&e, (struct str)B("\0\x08\x12\x34\0\0\x12\x34\0\0")), 0);
    assert_false(e.duplicate); /* none of ours */
}

static void test_certificates(void **state)
{
    struct server_certificates c;
    assert_int_equal(server_certificates_parse(&c, sample_of(CERT12, 1)->body, false), 0);
    assert_true(c.n == 2 && c.sent == 2 && c.bytes == 6);
    assert_str(c.der[1], "def");
    assert_int_equal(server_certificates_parse(&c, sample_of(CERT13, 1)->body, true), 0);
    assert_true(c.n == 2 && c.sent == 2);
    assert_str(c.context, "cx");
    assert_str(c.der[0], "abc");
    assert_str(c.status, "ocs");
    assert_true(str_eq(c.scts, str_of("\0\3sct", 5)));
}

/* More than are kept are counted. */
static void test_many_certificates(void **state)
{
    char body[3 + 4 * 300];
    memcpy(body, "\0\4\xb0", 3);
    for (size_t i = 0; i < 300; i++)
        memcpy(body + 3 + 4 * i, "\0\0\1c", 4);
    struct server_certificates c;
    assert_int_equal(server_certificates_parse(&c, str_of(body, sizeof body), false), 0);
    assert_true(c.n == CHAIN_MAX && c.sent == 300 && c.bytes == 300);
}

static void test_status(void **state)
{
    struct str response = STR("before");
    assert_int_equal(certificate_status_parse(&response, (struct str)B("\2\0\0\4ocsp")), -ERR_TLS_DECODE);
    assert_str(response, "before");
    assert_int_equal(certificate_status_parse(&response, sample_of(STATUS, 0)->body), 0);
    assert_str(response, "ocsp");
}

static void test_key_exchanges(void **state)
{
    union parsed p;
    struct server_key_exchange *k = &p.ske;
    assert_int_equal(parse(&p, ECDHE12, sample_of(ECDHE12, 0)->body), 0);
    assert_true(k->group == 29 && k->sigalg == 0x0403);
    assert_str(k->point, "point");
    assert_str(k->signature, "sig");
    assert_int_equal(k->params.n, 9);
    assert_int_equal(parse(&p, ECDHE10, sample_of(ECDHE10, 0)->body), 0);
    assert_true(k->group == 23 && k->sigalg == 0);
    assert_int_equal(parse(&p, DHE12, sample_of(DHE12, 0)->body), 0);
    assert_str(k->p, "ppp");
    assert_str(k->g, "g");
    assert_str(k->ys, "ys");
    assert_int_equal(k->params.n, 12);
    assert_int_equal(parse(&p, RSA_EXPORT, sample_of(RSA_EXPORT, 0)->body), 0);
    assert_str(k->n, "nnn");
    assert_str(k->e, "e");
    assert_int_equal(parse(&p, DHE_PSK, sample_of(DHE_PSK, 0)->body), 0);
    assert_str(k->ys, "ys");
    /* explicit curves (RFC 8422 5.4, deprecated) are refused */
    assert_int_equal(parse(&p, ECDHE10, STR("\1\0\x17\5point\0\3sig")), -ERR_TLS_DECODE);
}

static void test_requests(void **state)
{
    struct certificate_request c;
    assert_int_equal(certificate_request_parse(&c, sample_of(REQUEST10, 0)->body, 0x0300), 0);
    assert_true(c.sigalgs.n == 0 && c.authorities.n == 6);
    assert_int_equal(certificate_request_parse(&c, sample_of(REQUEST12, 0)->body, 0x0303), 0);
    assert_true(c.sigalgs.n == 4 && c.authorities.n == 0);
    assert_int_equal(certificate_request_parse(&c, sample_of(REQUEST13, 0)->body, 0x0304), 0);
    assert_str(c.context, "ctx");
    assert_true(c.sigalgs.n == 2 && c.authorities.n == 4);
}

static void test_tickets(void **state)
{
    struct new_session_ticket t;
    assert_int_equal(new_session_ticket_parse(&t, sample_of(TICKET12, 0)->body, false), 0);
    assert_true(t.lifetime == 7200 && t.age_add == 0 && t.max_early_data == 0);
    assert_str(t.ticket, "ticket");
    assert_int_equal(new_session_ticket_parse(&t, sample_of(TICKET13, 0)->body, true), 0);
    assert_true(t.lifetime == 7200 && t.age_add == 0x01020304 && t.max_early_data == 16384);
    assert_str(t.nonce, "nn");
    struct certificate_verify v;
    assert_int_equal(certificate_verify_parse(&v, sample_of(VERIFY, 0)->body), 0);
    assert_int_equal(v.sigalg, 0x0804);
    assert_str(v.signature, "sig");
}

static void test_framing(void **state)
{
    struct handshake_message m = {.type = 99};
    static const struct str two = B("\x0e\0\0\0\x14\0\0\3abc");
    for (size_t n = 0; n < 4; n++)
        assert_int_equal(handshake_parse(&m, str_sub(two, 0, n)), -ERR_NEED_MORE);
    assert_int_equal(handshake_parse(&m, two), 0);
    assert_true(m.type == HS_SERVER_HELLO_DONE && m.body.n == 0 && m.whole.n == 4);
    struct str rest = str_from(two, m.whole.n);
    for (size_t n = 0; n < rest.n; n++)
        assert_int_equal(handshake_parse(&m, str_sub(rest, 0, n)), -ERR_NEED_MORE);
    assert_int_equal(handshake_parse(&m, rest), 0);
    assert_true(m.type == HS_FINISHED && m.whole.n == 7);
    assert_str(m.body, "abc");
    assert_int_equal(handshake_parse(&m, str_of("\x0b\x10\0\0", 4)), -ERR_NEED_MORE);
    assert_int_equal(handshake_parse(&m, str_of("\x0b\x10\0\1", 4)), -ERR_LIMIT);
    assert_int_equal(handshake_parse(&m, str_of("\x0b\xff\xff\xff", 4)), -ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_and_cut),  cmocka_unit_test(test_changed),
        cmocka_unit_test(test_hello),         cmocka_unit_test(test_extensions12),
        cmocka_unit_test(test_extensions13),  cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_certificates),  cmocka_unit_test(test_many_certificates),
        cmocka_unit_test(test_status),        cmocka_unit_test(test_key_exchanges),
        cmocka_unit_test(test_requests),      cmocka_unit_test(test_tickets),
        cmocka_unit_test(test_framing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
