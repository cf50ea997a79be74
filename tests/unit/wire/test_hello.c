/* ClientHellos: built here field by field, then split into records and at every byte. */
#include "wire/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* A message under construction. */
struct draft {
    char mem[40000];
    size_t n;
};

static void put(struct draft *d, const void *p, size_t n)
{
    assert_true(d->n + n <= sizeof d->mem);
    memcpy(d->mem + d->n, p, n);
    d->n += n;
}

static void put_u(struct draft *d, size_t bytes, size_t v)
{
    while (bytes--)
        put(d, &(char){(char)(v >> 8 * bytes)}, 1);
}

/* A length of `bytes` bytes is left open and filled in by end(). */
static size_t begin(struct draft *d, size_t bytes)
{
    put_u(d, bytes, 0);
    return d->n;
}

static void end(struct draft *d, size_t bytes, size_t at)
{
    size_t n = d->n;
    struct draft length = {.n = 0};
    put_u(&length, bytes, n - at);
    memcpy(d->mem + at - bytes, length.mem, bytes);
}

static void put_extension(struct draft *d, unsigned type, struct str body)
{
    put_u(d, 2, type);
    put_u(d, 2, body.n);
    put(d, body.p, body.n);
}

static void put_sni(struct draft *d, struct str name)
{
    put_u(d, 2, 0);
    put_u(d, 2, name.n + 5);
    put_u(d, 2, name.n + 3);
    put_u(d, 1, 0);
    put_u(d, 2, name.n);
    put(d, name.p, name.n);
}

enum fault {
    GOOD,
    NO_EXTENSIONS,
    DUPLICATE,
    BAD_NAME,
    EMPTY_NAME,
    TWO_NAMES,
    PSK_NOT_LAST,
    ODD_CIPHERS,
    NO_CIPHERS,
    NO_NULL_COMPRESSION,
    LONG_SESSION,
    TRAILING,
    SHORT_ALPN,
    EMPTY_ALPN_NAME,
    ODD_VERSIONS,
    MANY_EXTENSIONS,
    CUT_EXTENSION,
    EXTENSION_OVERRUN,
    BAD_VERSION,
    EARLY_DATA_BODY,
    FAULTS,
};

static void put_extensions(struct draft *d, enum fault fault, size_t padding)
{
    size_t all = begin(d, 2);
    if (fault == BAD_NAME)
        put_sni(d, STR("a b"));
    else if (fault == EMPTY_NAME)
        put_sni(d, STR(""));
    else if (fault == TWO_NAMES)
        put_extension(d, 0, STR("\0\x08\0\0\1a\0\0\1b"));
    else
        put_sni(d, STR("Example.COM"));
    if (fault == PSK_NOT_LAST)
        put_extension(d, 41, STR("x"));
    put_extension(d, 16,
                  fault == SHORT_ALPN        ? STR("\0\x0c\2h2\x09http/1.")
                  : fault == EMPTY_ALPN_NAME ? STR("\0\x04\0\2h2")
                                             : STR("\0\x0c\2h2\x08http/1.1"));
    put_extension(d, 43, fault == ODD_VERSIONS ? STR("\3\3\4\3") : STR("\6\x7a\x7a\3\4\3\3"));
    put_extension(d, 10, STR("\0\4\x11\xec\0\x1d"));
    put_extension(d, 13, STR("\0\4\4\3\x08\4"));
    if (fault == DUPLICATE)
        put_extension(d, 10, STR("\0\4\x11\xec\0\x1d"));
    if (fault == MANY_EXTENSIONS)
        for (unsigned i = 0; i < 140; i++)
            put_extension(d, 1000 + i, STR(""));
    if (fault == EARLY_DATA_BODY)
        put_extension(d, 42, STR("x"));
    if (padding) {
        put_u(d, 2, 21);
        put_u(d, 2, padding);
        for (size_t i = 0; i < padding; i++)
            put_u(d, 1, 0);
    }
    if (fault == CUT_EXTENSION)
        put_u(d, 2, 51);
    if (fault == EXTENSION_OVERRUN) {
        put_u(d, 2, 51);
        put_u(d, 2, 100);
    }
    end(d, 2, all);
}

static void build(struct draft *d, enum fault fault, size_t padding)
{
    d->n = 0;
    put_u(d, 1, 1);
    size_t body = begin(d, 3);
    put_u(d, 2, fault == BAD_VERSION ? 0x0203 : 0x0303);
    for (unsigned i = 0; i < 32; i++)
        put_u(d, 1, i);
    size_t session = begin(d, 1);
    for (unsigned i = 0; i < (fault == LONG_SESSION ? 33 : 32); i++)
        put_u(d, 1, 7);
    end(d, 1, session);
    size_t ciphers = begin(d, 2);
    if (fault == ODD_CIPHERS)
        put(d, "\x13\1\x13", 3);
    else if (fault != NO_CIPHERS)
        put(d, "\x0a\x0a\x13\1\x13\2", 6);
    end(d, 2, ciphers);
    if (fault == NO_NULL_COMPRESSION)
        put(d, "\1\1", 2);
    else
        put(d, "\1\0", 2);
    if (fault != NO_EXTENSIONS)
        put_extensions(d, fault, padding);
    if (fault == TRAILING)
        put_u(d, 1, 0);
    end(d, 3, body);
}

/* The message in records of `size` bytes each. */
static void wrap(struct draft *out, const struct draft *message, size_t size)
{
    out->n = 0;
    for (size_t at = 0; at < message->n; at += size) {
        size_t n = message->n - at < size ? message->n - at : size;
        put(out, at == 0 ? "\x16\3\1" : "\x16\3\3", 3);
        put_u(out, 2, n);
        put(out, message->mem + at, n);
    }
}

static struct draft message, wire;
static struct hello_storage storage;

static int parse(struct hello *h, size_t n)
{
    char *exact = malloc(n + !n);
    assert_non_null(exact);
    memcpy(exact, wire.mem, n);
    int err = hello_parse(h, &storage, str_of(exact, n));
    free(exact); /* slices of *h may die here */
    return err;
}

static void check_good(const struct hello *h)
{
    assert_int_equal(h->legacy_version, 0x0303);
    assert_int_equal(h->max_version, 0x0304);
    assert_true(h->has_sni && str_eq(h->sni, STR("example.com")));
    assert_int_equal(h->random.n, 32);
    assert_int_equal(h->session_id.n, 32);
    assert_int_equal(h->ciphers.n, 6);
    assert_true(hello_is_grease(hello_u16(h->ciphers, 0)));
    assert_true(hello_has_u16(h->ciphers, 0x1302));
    assert_false(hello_has_u16(h->ciphers, 0x1303));
    assert_int_equal(hello_u16(h->ciphers, 3), 0);
    assert_true(hello_alpn_has(h, STR("h2")) && hello_alpn_has(h, STR("http/1.1")));
    assert_false(hello_alpn_has(h, STR("h3")));
    assert_int_equal(hello_u16(h->groups, 0), 0x11ec);
    assert_int_equal(hello_u16(h->sigalgs, 1), 0x0804);
    assert_false(h->early_data || h->ech || h->psk);
}

static void one_record(void **state)
{
    struct hello h;
    build(&message, GOOD, 0);
    wrap(&wire, &message, 16384);
    for (size_t n = 0; n < wire.n; n++)
        assert_int_equal(parse(&h, n), -ERR_NEED_MORE);
    assert_int_equal(hello_parse(&h, &storage, str_of(wire.mem, wire.n)), 0);
    assert_int_equal(h.used, wire.n);
    check_good(&h);
}

/* All sizes of records that need no more than are allowed, each cut at every byte. */
static void many_records(void **state)
{
    struct hello h;
    build(&message, GOOD, 0);
    for (size_t size = message.n / 64 + 1; size < message.n; size++) {
        wrap(&wire, &message, size);
        for (size_t n = 0; n < wire.n; n++)
            assert_int_equal(parse(&h, n), -ERR_NEED_MORE);
        assert_int_equal(hello_parse(&h, &storage, str_of(wire.mem, wire.n)), 0);
        assert_int_equal(h.used, wire.n);
        check_good(&h);
    }
    wrap(&wire, &message, 1);
    assert_int_equal(parse(&h, wire.n), -ERR_LIMIT);
}

static void what_follows_is_left(void **state)
{
    struct hello h;
    build(&message, GOOD, 0);
    wrap(&wire, &message, 16384);
    size_t n = wire.n;
    put(&wire, "\x14\3\3\0\1\1", 6);
    assert_int_equal(parse(&h, wire.n), 0);
    assert_int_equal(h.used, n);
}

static void large(void **state)
{
    struct hello h;
    build(&message, GOOD, 0);
    size_t base = message.n;
    build(&message, GOOD, HELLO_MAX + 4 - base - 4);
    assert_int_equal(message.n, HELLO_MAX + 4);
    wrap(&wire, &message, 16000);
    assert_int_equal(parse(&h, wire.n), 0);
    build(&message, GOOD, HELLO_MAX + 4 - base - 3);
    wrap(&wire, &message, 16000);
    assert_int_equal(parse(&h, wire.n), -ERR_LIMIT);
}

static void faults(void **state)
{
    for (enum fault fault = NO_EXTENSIONS + 1; fault < FAULTS; fault++) {
        struct hello h = {.used = 77};
        build(&message, fault, 0);
        for (size_t size = 40; size <= 16384; size *= 4) {
            wrap(&wire, &message, size);
            int err = parse(&h, wire.n);
            if (err != -ERR_TLS_DECODE || h.used != 77)
                fail_msg("fault %d: %s", (int)fault, err_row(err)->code);
        }
    }
}

static void old_client(void **state)
{
    struct hello h;
    build(&message, NO_EXTENSIONS, 0);
    wrap(&wire, &message, 16384);
    assert_int_equal(parse(&h, wire.n), 0);
    assert_int_equal(h.max_version, 0x0303);
    assert_false(h.has_sni);
    assert_int_equal(h.sni.n, 0);
}

static void records_at_fault(void **state)
{
    static const struct {
        struct str in;
        int err;
    } rows[] = {
        {{"", 0}, -ERR_NEED_MORE},
        {{"\x16", 1}, -ERR_NEED_MORE},
        {{"G", 1}, -ERR_TLS_NOT_TLS},
        {{"\x15\3\1\0\2\1\1", 7}, -ERR_TLS_NOT_TLS},
        {{"\x16\2", 2}, -ERR_TLS_NOT_TLS},
        {{"\x16\3\1\0\0", 5}, -ERR_TLS_DECODE},
        {{"\x16\3\1\x40\1", 5}, -ERR_TLS_DECODE},
        {{"\x16\3\1\0\5\2", 6}, -ERR_TLS_NOT_TLS},
        {{"\x16\3\1\0\5\1\0\0", 8}, -ERR_NEED_MORE},
        {{"\x16\3\1\0\5\1\0\x40\1", 9}, -ERR_LIMIT},
        {{"\x16\3\1\0\5\1\1\0\0", 9}, -ERR_LIMIT},
        {{"\x16\3\1\0\1\1\x17", 7}, -ERR_TLS_DECODE},
        {{"\x16\3\1\0\1\1\x16\2", 8}, -ERR_TLS_DECODE},
        {{"\x16\3\1\0\1\1\x16\3\3\0\0", 11}, -ERR_TLS_DECODE},
        {{"\x16\3\1\0\6\1\0\0\1\0\0", 11}, -ERR_TLS_DECODE},
        {{"\x16\3\1\0\x09\1\0\0\1\0\0", 11}, -ERR_TLS_DECODE},
        {{"\x16\3\1\0\5\1\0\0\1\0", 10}, -ERR_TLS_DECODE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hello h;
        int err = hello_parse(&h, &storage, rows[i].in);
        if (err != rows[i].err)
            fail_msg("row %zu: %s", i, err_row(err)->code);
    }
}

static void sniffs(void **state)
{
    static const struct {
        struct str in;
        enum hello_kind kind;
    } rows[] = {
        {{"", 0}, HELLO_SHORT},
        {{"\x16", 1}, HELLO_SHORT},
        {{"\x16\3", 2}, HELLO_TLS},
        {{"\x16\3\1\2\0", 5}, HELLO_TLS},
        {{"\x16\2", 2}, HELLO_OTHER},
        {{"G", 1}, HELLO_SHORT},
        {{"GET", 3}, HELLO_SHORT},
        {{"GET ", 4}, HELLO_HTTP},
        {{"GET / HTTP/1.1\r\n", 16}, HELLO_HTTP},
        {{"PROPFIND /", 10}, HELLO_HTTP},
        {{"PRI * HTTP/2.0", 14}, HELLO_HTTP},
        {{"P", 1}, HELLO_SHORT},
        {{"PROXY", 5}, HELLO_SHORT},
        {{"PROXY TCP4", 10}, HELLO_PROXY},
        {{"\r\n\r\n\0\r\nQUIT\n", 12}, HELLO_PROXY},
        {{"\r\n\r\n", 4}, HELLO_SHORT},
        {{"\r\nx", 3}, HELLO_OTHER},
        {{"SSH", 3}, HELLO_SHORT},
        {{"SSH-2.0-x", 9}, HELLO_SSH},
        {{"SSHX", 4}, HELLO_SHORT},
        {{"SSHX ", 5}, HELLO_HTTP},
        {{"\x80\x2e\1\3\0", 5}, HELLO_SSL2},
        {{"\x80\x2e\1", 3}, HELLO_SHORT},
        {{"\x80\x2e\2\3", 4}, HELLO_OTHER},
        {{"get /", 5}, HELLO_OTHER},
        {{"AAAAAAAAAAAAAAAAAAAAAAAA", 24}, HELLO_OTHER},
        {{"\0\0", 2}, HELLO_OTHER},
        {{"\x15\3\1", 3}, HELLO_OTHER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (hello_sniff(rows[i].in) != rows[i].kind)
            fail_msg("row %zu: %d", i, (int)hello_sniff(rows[i].in));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_record),
        cmocka_unit_test(many_records),
        cmocka_unit_test(what_follows_is_left),
        cmocka_unit_test(large),
        cmocka_unit_test(faults),
        cmocka_unit_test(old_client),
        cmocka_unit_test(records_at_fault),
        cmocka_unit_test(sniffs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
