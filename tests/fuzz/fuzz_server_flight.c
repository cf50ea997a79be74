/* A server's handshake messages; the first byte selects which. Slices stay inside, and what is
 * refused leaves its result alone. */
#include "wire/server_flight.h"

#include "wire/tlsrec.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct str s, struct str in)
{
    assert(s.n == 0 || (s.p >= in.p && s.p + s.n <= in.p + in.n));
}

static void check_extensions(const struct server_extensions *e, struct str in)
{
    const struct str all[] = {e->share, e->cookie, e->alpn, e->npn_names, e->verify_data,
                              e->scts, e->quic_params, e->groups, e->block};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        check(all[i], in);
    assert(e->n <= e->block.n / 4);
}

static void hello(struct str in)
{
    struct server_hello h;
    if (server_hello_parse(&h, in))
        return;
    check(h.random, in);
    check(h.session_id, in);
    check_extensions(&h.ext, in);
    assert(h.random.n == 32 && h.session_id.n <= 32);
}

static void extensions(struct str in)
{
    struct server_extensions e;
    if (encrypted_extensions_parse(&e, in) == 0)
        check_extensions(&e, in);
}

static void certificates(struct str in, bool tls13)
{
    struct server_certificates c;
    size_t bytes = 0;
    if (server_certificates_parse(&c, in, tls13))
        return;
    for (size_t i = 0; i < c.n; i++) {
        check(c.der[i], in);
        bytes += c.der[i].n;
    }
    check(c.context, in);
    check(c.status, in);
    check(c.scts, in);
    assert(c.n <= CHAIN_MAX && c.n <= c.sent && bytes <= c.bytes && c.bytes <= in.n);
}

static void key_exchange(struct str in, unsigned how)
{
    struct server_key_exchange k;
    uint16_t version = how & 4 ? TLS_WIRE_12 : TLS_WIRE_10;
    if (server_key_exchange_parse(&k, in, (enum ske_kind)(how & 3), version, how & 8, how & 16))
        return;
    const struct str all[] = {k.point, k.p, k.g, k.ys, k.n, k.e, k.params, k.signature};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        check(all[i], in);
}

static void request(struct str in, uint16_t version)
{
    struct certificate_request c;
    if (certificate_request_parse(&c, in, version))
        return;
    check(c.context, in);
    check(c.sigalgs, in);
    check(c.authorities, in);
}

static void rest(struct str in, bool tls13)
{
    struct new_session_ticket t;
    struct certificate_verify v;
    struct str status;
    if (new_session_ticket_parse(&t, in, tls13) == 0) {
        check(t.nonce, in);
        check(t.ticket, in);
    }
    if (certificate_verify_parse(&v, in) == 0)
        check(v.signature, in);
    if (certificate_status_parse(&status, in) == 0)
        check(status, in);
}

static void messages(struct str in)
{
    struct handshake_message m;
    while (handshake_parse(&m, in) == 0) {
        check(m.body, in);
        assert(m.whole.n == m.body.n + HANDSHAKE_HEAD && m.whole.n <= in.n);
        hello(m.body);
        in = str_from(in, m.whole.n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str in = str_of((const char *)data + 1, size - 1);
    switch (data[0]) {
    case 0: hello(in); break;
    case 1: extensions(in); break;
    case 2: certificates(in, false); break;
    case 3: certificates(in, true); break;
    case 4: request(in, TLS_WIRE_10); break;
    case 5: request(in, TLS_WIRE_12); break;
    case 6: request(in, TLS_WIRE_13); break;
    case 7: rest(in, false); break;
    case 8: rest(in, true); break;
    case 9: messages(in); break;
    default: key_exchange(in, data[0]);
    }
    return 0;
}
