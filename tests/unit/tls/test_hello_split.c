/* A ClientHello may come in any number of pieces: cut anywhere in TCP, and spread over any number
 * of records (RFC 8446 5.1). Whatever the cut, the same site answers and the handshake is whole. */
#include "tls_world.h"

enum { HELLO_MAX = 8192, RECORD_HEADER = 5 };

/* What the client is like. */
struct shape {
    int version;
    bool big;           /* 1.9 KiB and more, as with post-quantum key shares: several packets */
    const char *groups; /* NULL: OpenSSL's */
};

static const struct shape shapes[] = {
    {TLS1_3_VERSION, false, NULL},
    {TLS1_2_VERSION, false, NULL},
    {TLS1_3_VERSION, true, NULL},
    {TLS1_3_VERSION, false, "P-521:X25519"}, /* a share that may have to be asked for again */
};

static void offer_much(SSL_CTX *c)
{
    unsigned char list[2048] = "\x02h2";
    size_t n = 3;
    for (int i = 0; i < 8; i++) {
        list[n++] = 240;
        memset(list + n, 'a' + i, 240);
        n += 240;
    }
    assert_int_equal(SSL_CTX_set_alpn_protos(c, list, (unsigned)n), 0);
}

static SSL_CTX *shape_ctx(const struct shape *s)
{
    SSL_CTX *c = client_ctx(s->version, NULL);
    if (s->big)
        offer_much(c);
    if (s->groups)
        assert_int_equal(SSL_CTX_set1_groups_list(c, s->groups), 1);
    return c;
}

static struct world *two_sites(void)
{
    struct world *w = world_new();
    world_add_cert(w, "P-256");
    world_add_site(w, "a.test", 1);
    world_add_site(w, "b.test", 1);
    world_ready(w);
    return w;
}

/* The client's first flight, taken from it. */
static size_t take_hello(struct link *l, char out[HELLO_MAX])
{
    assert_int_equal(SSL_do_handshake(l->ssl), -1);
    int n = BIO_read(l->out, out, HELLO_MAX);
    assert_true(n > RECORD_HEADER && n < HELLO_MAX);
    assert_int_equal(out[0], 22);
    assert_int_equal((unsigned char)out[3] << 8 | (unsigned char)out[4], n - RECORD_HEADER);
    return (size_t)n;
}

static void give(struct link *l, struct str bytes)
{
    assert_int_equal(stream_write(l->client, &bytes, 1, false), (ssize_t)bytes.n);
    loop_turn(l->w->loop, 0);
    loop_turn(l->w->loop, 0);
}

static void expect_good(struct link *l, const struct shape *s, size_t cut)
{
    if (!link_handshake(l))
        fail_msg("cut at %zu: %d", cut, l->done);
    const struct facts *f = &l->conn.facts;
    assert_ptr_equal(f->site, &l->w->sites[1]);
    assert_true(str_eq(f->sni, STR("b.test")));
    assert_true(str_eq(f->alpn, s->big ? STR("h2") : STR_NONE));
    assert_int_equal(SSL_version(l->ssl), s->version);
}

/* Cut in two at each byte: nothing may be decided before the whole is there. */
static void test_every_offset(void **state)
{
    struct world *w = two_sites();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        SSL_CTX *c = shape_ctx(&shapes[i]);
        size_t n = 2;
        for (size_t cut = 1; cut < n; cut++) {
            struct link l;
            char hello[HELLO_MAX];
            link_open(&l, w, 65536, c, "b.test");
            n = take_hello(&l, hello);
            assert_true(!shapes[i].big || n > 1900);
            give(&l, str_of(hello, cut));
            assert_true(!l.done && !l.conn.facts.site);
            give(&l, str_of(hello + cut, n - cut));
            expect_good(&l, &shapes[i], cut);
            link_close(&l);
        }
        SSL_CTX_free(c);
    }
    world_free(w);
}

/* The message in records of its own making: the first of `first` bytes, the others of `step`. */
static void fragment(struct buf *out, struct str hello, size_t first, size_t step)
{
    struct str message = str_from(hello, RECORD_HEADER);
    for (size_t want = first; message.n; want = step) {
        struct str piece = str_sub(message, 0, want);
        const char header[] = {22, 3, 1, (char)(piece.n >> 8), (char)piece.n};
        buf_add(out, str_of(header, sizeof header));
        buf_add(out, piece);
        message = str_from(message, piece.n);
    }
    assert_int_equal(out->failed, 0);
}

static void run_fragments(struct world *w, SSL_CTX *c, const struct shape *s, size_t first,
                          size_t step, bool apart, size_t *ret_n)
{
    struct link l;
    struct buf records;
    char hello[HELLO_MAX];
    buf_init(&records, 65536);
    link_open(&l, w, 65536, c, "b.test");
    *ret_n = take_hello(&l, hello);
    fragment(&records, str_of(hello, *ret_n), first, step);
    struct str all = buf_str(&records);
    size_t cut = apart ? RECORD_HEADER + first : 0;
    if (cut)
        give(&l, str_sub(all, 0, cut));
    assert_true(!l.done && !l.conn.facts.site);
    give(&l, str_from(all, cut));
    expect_good(&l, s, first);
    link_close(&l);
    buf_done(&records);
}

/* Two records, cut at each byte of the message, together and in two packets. */
static void test_two_records(void **state)
{
    struct world *w = two_sites();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        SSL_CTX *c = shape_ctx(&shapes[i]);
        size_t n = 2 + RECORD_HEADER;
        for (size_t cut = 1; cut < n - RECORD_HEADER; cut++)
            run_fragments(w, c, &shapes[i], cut, HELLO_MAX, cut & 1, &n);
        SSL_CTX_free(c);
    }
    world_free(w);
}

static void test_many_records(void **state)
{
    struct world *w = two_sites();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        SSL_CTX *c = shape_ctx(&shapes[i]);
        for (size_t step = 1, n; step < 70; step++)
            run_fragments(w, c, &shapes[i], step, step, false, &n);
        SSL_CTX_free(c);
    }
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_offset),
        cmocka_unit_test(test_two_records),
        cmocka_unit_test(test_many_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
