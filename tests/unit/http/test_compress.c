/* Content codings: what goes in comes out again, however it is cut and however little the engine
 * takes; and who gets a coding at all. */
#include "http/compress.h"
#include "http/filter.h"
#include "http/handler.h"

#include "base/buf.h"

#include <brotli/decode.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#define SIZE 200000
static const enum coding codings[] = {CODING_GZIP, CODING_BR, CODING_ZSTD};

/* Half text, half noise. */
static char *sample(void)
{
    char *p = malloc(SIZE);
    uint32_t r = 443;
    assert_non_null(p);
    for (size_t i = 0; i < SIZE; i++) {
        r = r * 1664525 + 1013904223;
        p[i] = i / 5000 % 2 ? (char)(r >> 24) : "the quick brown fox "[i % 20];
    }
    return p;
}

/* Decodes everything; what comes short is the result's length. */
static size_t decode(enum coding coding, struct str in, char *out, size_t cap)
{
    if (coding == CODING_GZIP) {
        z_stream z = {.next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.n,
                      .next_out = (Bytef *)out, .avail_out = (uInt)cap};
        assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
        inflate(&z, Z_SYNC_FLUSH);
        inflateEnd(&z);
        return cap - z.avail_out;
    }
    if (coding == CODING_BR) {
        BrotliDecoderState *d = BrotliDecoderCreateInstance(NULL, NULL, NULL);
        const uint8_t *p = (const uint8_t *)in.p;
        uint8_t *to = (uint8_t *)out;
        size_t left = in.n, room = cap;
        BrotliDecoderDecompressStream(d, &left, &p, &room, &to, NULL);
        BrotliDecoderDestroyInstance(d);
        return cap - room;
    }
    ZSTD_DCtx *d = ZSTD_createDCtx();
    ZSTD_inBuffer from = {in.p, in.n, 0};
    ZSTD_outBuffer to = {out, cap, 0};
    while (from.pos < from.size && !ZSTD_isError(ZSTD_decompressStream(d, &to, &from)))
        continue;
    ZSTD_freeDCtx(d);
    return to.pos;
}

static void whole(void **state)
{
    char *text = sample(), *back = malloc(SIZE + 1);
    static const size_t sizes[] = {0, 1, 100, 16384, 65537, SIZE};
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < 6; i++)
            for (int level = 1; level <= 9; level += 4) {
                struct buf out;
                buf_init(&out, 1 << 20);
                assert_int_equal(compress_whole(codings[c], level, str_of(text, sizes[i]), &out), 0);
                assert_int_equal(decode(codings[c], buf_str(&out), back, SIZE + 1), sizes[i]);
                assert_memory_equal(text, back, sizes[i]);
                buf_done(&out);
            }
    struct buf small;
    buf_init(&small, 100);
    assert_int_equal(compress_whole(CODING_GZIP, 6, str_of(text, SIZE), &small), -ERR_LIMIT);
    assert_int_equal(compress_whole(CODING_IDENTITY, 6, STR("a"), &small), -ERR_NOMEM);
    buf_done(&small);
    free(text);
    free(back);
}

/* ---- an engine that takes what the test says ---- */

struct engine {
    struct buf out;
    size_t room; /* bytes it takes before it is full again */
    bool ended, head_end;
    char fields[512];
};

static int take_head(struct exchange *x, const struct head *h, bool end)
{
    struct engine *e = x->engine;
    e->head_end = end;
    e->fields[0] = 0;
    for (size_t i = 0; i < h->nfields; i++) {
        size_t at = strlen(e->fields);
        snprintf(e->fields + at, sizeof e->fields - at, "%.*s: %.*s\n", STR_ARG(h->fields[i].name),
                 STR_ARG(h->fields[i].value));
    }
    return 0;
}
static ssize_t take_body(struct exchange *x, const struct str *parts, size_t n, bool end)
{
    struct engine *e = x->engine;
    size_t taken = 0, offered = 0;
    assert_false(e->ended);
    for (size_t i = 0; i < n; i++) {
        size_t part = parts[i].n < e->room ? parts[i].n : e->room;
        offered += parts[i].n;
        assert_int_equal(buf_append(&e->out, str_of(parts[i].p, part)), 0);
        e->room -= part;
        taken += part;
    }
    e->ended = end && taken == offered;
    return (ssize_t)taken;
}
static void nothing_credit(struct exchange *x, size_t n)
{
}
static void nothing_reset(struct exchange *x, int err)
{
    fail_msg("reset %d", err);
}
static const struct http_ops ops = {.send_head = take_head,
                                    .send_body = take_body,
                                    .give_credit = nothing_credit,
                                    .reset = nothing_reset};

struct setup {
    struct exchange x;
    struct engine engine;
    struct conn conn;
    struct loop *loop; /* virtual */
    struct metrics metrics;
    struct site site;
    struct snapshot snapshot;
    struct route route;
    struct arena arena;
    struct field request[4];
    struct handler handler;
};

static void setup_init(struct setup *s, const char *accept)
{
    memset(s, 0, sizeof *s);
    arena_init(&s->arena, 1024, 65536);
    buf_init(&s->engine.out, 1 << 20);
    s->engine.room = SIZE_MAX;
    s->site.compress = (struct compress_settings){.on = true, .min_size = 256, .level = 6};
    s->loop = loop_sim_new(SECOND, 1700000000);
    assert_non_null(s->loop);
    s->conn = (struct conn){.loop = s->loop, .metrics = &s->metrics, .snapshot = &s->snapshot};
    s->route.site = &s->site;
    s->x = (struct exchange){.ops = &ops, .engine = &s->engine, .conn = &s->conn,
                             .arena = &s->arena, .site = &s->site, .route = &s->route,
                             .handler = &s->handler};
    s->x.req = (struct head){.method = METHOD_GET, .version = HTTP_2, .fields = s->request, .cap = 4};
    if (accept)
        assert_int_equal(head_add(&s->x.req, FIELD_ACCEPT_ENCODING, str_c(accept)), 0);
}

static void setup_done(struct setup *s)
{
    while (s->x.filters) {
        struct filter *f = s->x.filters;
        s->x.filters = f->next;
        f->ops->free(f);
    }
    timer_done(s->loop, &s->x.again);
    buf_done(&s->engine.out);
    arena_done(&s->arena);
    loop_free(s->loop);
}

static int send_head(struct setup *s, unsigned status, const char *type, uint64_t length,
                     const char *more)
{
    struct field fields[8];
    struct head h = {.status = (uint16_t)status, .length = length, .fields = fields, .cap = 8};
    assert_int_equal(head_add(&h, FIELD_CONTENT_TYPE, str_c(type)), 0);
    if (more) {
        struct str value = str_c(more), name;
        assert_true(str_split(&value, ':', &name));
        assert_int_equal(head_add_named(&h, name, str_trim(value)), 0);
    }
    return exchange_send_head(&s->x, &h, false);
}

static void streams_of_any_cut(void **state)
{
    static const size_t cuts[] = {1, 7, 333, 16384, 70000}, rooms[] = {1, 100, 5000, SIZE_MAX};
    char *text = sample(), *back = malloc(SIZE + 1);
    for (size_t i = 0; i < 3 * 5 * 4 * 2; i++) {
        enum coding coding = codings[i % 3];
        size_t cut = cuts[i / 3 % 5], room = rooms[i / 15 % 4], total = cut == 1 ? 3000 : SIZE;
        bool live = i / 60;
        if (room == 1)
            total = 3000;
        struct setup s;
        setup_init(&s, coding_name(coding).p);
        assert_int_equal(send_head(&s, 200, "text/html", live ? LENGTH_UNKNOWN : total, NULL), 0);
        assert_non_null(s.x.filters);
        s.engine.room = 0;
        size_t at = 0;
        for (unsigned idle = 0; !s.engine.ended; idle++) {
            assert_true(idle < 100000);
            assert_int_equal(loop_turn(s.loop, s.loop->now + 1), 0);
            exchange_on_writable(&s.x);
            while (at < total) {
                size_t n = total - at < cut ? total - at : cut;
                struct str parts[2] = {str_of(text + at, n / 2), str_of(text + at + n / 2, n - n / 2)};
                ssize_t taken = exchange_send_body(&s.x, parts, 2, at + n == total);
                assert_true(taken >= 0);
                at += (size_t)taken;
                if ((size_t)taken < n)
                    break;
            }
            s.engine.room = room;
        }
        assert_int_equal(decode(coding, buf_str(&s.engine.out), back, SIZE + 1), total);
        assert_memory_equal(text, back, total);
        setup_done(&s);
    }
    free(text);
    free(back);
}

/* However much is offered and however fast it leaves: a turn of the loop compresses a little, and the
 * exchange is woken for the next. */
static void a_turn_is_short(void **state)
{
    char *text = calloc(1, 4 * SIZE), *back = malloc(4 * SIZE + 1);
    for (size_t c = 0; c < 3; c++) {
        struct setup s;
        size_t at = 0;
        setup_init(&s, coding_name(codings[c]).p);
        assert_int_equal(send_head(&s, 200, "text/html", 4 * SIZE, NULL), 0);
        for (unsigned turns = 0; at < 4 * SIZE; turns++) {
            struct str rest = str_of(text + at, 4 * SIZE - at);
            assert_true(turns < 1000);
            ssize_t taken = exchange_send_body(&s.x, &rest, 1, true);
            assert_in_range(taken, 1, 65536);
            at += (size_t)taken;
            assert_int_equal(timer_running(&s.x.again), at < 4 * SIZE);
            if (at < 4 * SIZE) { /* nothing more in this turn */
                rest = str_of(text + at, 4 * SIZE - at);
                assert_int_equal(exchange_send_body(&s.x, &rest, 1, true), 0);
                assert_int_equal(loop_turn(s.loop, UINT64_MAX), 0);
            }
        }
        assert_true(s.engine.ended);
        assert_int_equal(decode(codings[c], buf_str(&s.engine.out), back, 4 * SIZE + 1), 4 * SIZE);
        assert_memory_equal(text, back, 4 * SIZE);
        setup_done(&s);
    }
    free(text);
    free(back);
}

/* Without a known length every piece must be readable at once. */
static void live_bodies_are_flushed(void **state)
{
    for (size_t c = 0; c < 3; c++) {
        struct setup s;
        char back[100];
        setup_init(&s, coding_name(codings[c]).p);
        assert_int_equal(send_head(&s, 200, "text/event-stream", LENGTH_UNKNOWN, NULL), 0);
        if (!s.x.filters) { /* not a compressible type here */
            setup_done(&s);
            continue;
        }
        struct str part = STR("data: 1\n\n");
        assert_int_equal(exchange_send_body(&s.x, &part, 1, false), 9);
        assert_int_equal(decode(codings[c], buf_str(&s.engine.out), back, sizeof back), 9);
        setup_done(&s);
    }
}

static void who_gets_it(void **state)
{
    static const struct {
        const char *accept, *type, *more, *request; /* request: a further field of it */
        unsigned status;
        uint64_t length;
        int coded; /* 1: yes, 0: no, but Vary; -1: neither */
        bool fixed;
    } rows[] = {
        {"gzip", "text/html", NULL, NULL, 200, 5000, 1, false},
        {"br", "text/css", NULL, NULL, 200, LENGTH_UNKNOWN, 1, false},
        {"zstd", "application/json", NULL, NULL, 404, 300, 1, false},
        {"deflate", "text/html", NULL, NULL, 200, 5000, 0, false},
        {NULL, "text/html", NULL, NULL, 200, 5000, 0, false},
        {"gzip;q=0", "text/html", NULL, NULL, 200, 5000, 0, false},
        {"gzip", "image/png", NULL, NULL, 200, 5000, -1, false},
        {"gzip", "text/html", NULL, NULL, 200, 255, -1, false},
        {"gzip", "text/html", NULL, NULL, 206, 5000, -1, false},
        {"gzip", "text/html", NULL, NULL, 304, 5000, 0, false}, /* as its 200 would say */
        {"gzip", "text/html", NULL, NULL, 304, LENGTH_NONE, -1, false},
        {"gzip", "text/html", NULL, NULL, 204, 5000, -1, false},
        {"gzip", "text/html", "content-encoding: br", NULL, 200, 5000, -1, false},
        {"gzip", "text/html", "content-range: bytes 0-1/9", NULL, 200, 5000, -1, false},
        {"gzip", "text/html", "cache-control: public, No-Transform", NULL, 200, 5000, -1, false},
        {"gzip", "text/html", "cache-control: private", NULL, 200, 5000, 0, false},
        {"gzip", "text/html", "cache-control: max-age=5, no-store", NULL, 200, 5000, 0, false},
        {"gzip", "text/html", "set-cookie: a=b", NULL, 200, 5000, 0, false},
        {"gzip", "text/html", NULL, "cookie", 200, 5000, 0, false},
        {"gzip", "text/html", NULL, "authorization", 200, 5000, 0, false},
        {"gzip", "text/html", NULL, "cookie", 200, 5000, 1, true},
        {"gzip", "text/html", "cache-control: no-store", NULL, 200, 5000, 1, true},
        {"gzip", "text/html", "vary: Accept-Encoding", NULL, 200, 5000, 1, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct setup s;
        setup_init(&s, rows[i].accept);
        s.handler.fixed = rows[i].fixed;
        if (rows[i].request)
            assert_int_equal(head_add_named(&s.x.req, str_c(rows[i].request), STR("x")), 0);
        assert_int_equal(send_head(&s, rows[i].status, rows[i].type, rows[i].length, rows[i].more), 0);
        char *vary = strcasestr(s.engine.fields, "accept-encoding");
        print_message("row %zu: %s", i, s.x.filters ? "coded\n" : "plain\n");
        assert_int_equal(s.x.filters != NULL, rows[i].coded == 1);
        assert_int_equal(vary != NULL, rows[i].coded >= 0);
        assert_true(!vary || !strcasestr(vary + 1, "accept-encoding"));
        setup_done(&s);
    }
}

static void heads_are_edited(void **state)
{
    struct setup s;
    setup_init(&s, "gzip");
    assert_int_equal(send_head(&s, 200, "text/html", 5000, "etag: \"abc\""), 0);
    assert_non_null(strcasestr(s.engine.fields, "etag: W/\"abc\""));
    assert_non_null(strcasestr(s.engine.fields, "content-encoding: gzip"));
    setup_done(&s);
    setup_init(&s, "gzip");
    s.x.req.method = METHOD_HEAD; /* the same head, no filter */
    assert_int_equal(send_head(&s, 200, "text/html", 5000, "etag: \"abc\""), 0);
    assert_non_null(strcasestr(s.engine.fields, "content-encoding: gzip"));
    assert_null(s.x.filters);
    assert_true(s.engine.head_end);
    setup_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),
        cmocka_unit_test(streams_of_any_cut),
        cmocka_unit_test(a_turn_is_short),
        cmocka_unit_test(live_bodies_are_flushed),
        cmocka_unit_test(who_gets_it),
        cmocka_unit_test(heads_are_edited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
