/* Our HTTP/2 client against our own server, and against frames that no server should send. */
#include "h2_world.h"

#include "http/h2_client.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct rig {
    struct world w;
    struct arena arena;
    struct buf out;
    struct h2_client *c;
};

static void rig_init(struct rig *r)
{
    world_init(&r->w, 65536, NULL, STR_NONE);
    arena_init(&r->arena, 4096, 2 << 20);
    buf_init(&r->out, 1 << 20);
    r->c = h2_client_new(&r->arena);
    assert_non_null(r->c);
}

static void rig_done(struct rig *r)
{
    h2_client_free(r->c);
    buf_done(&r->out);
    arena_done(&r->arena);
    world_done_free(&r->w);
}

static int32_t ask(struct rig *r, const char *target, const struct field *fields, size_t n)
{
    struct h2_client_request q = {
        .authority = STR("localhost"), .target = str_c(target), .fields = fields, .nfields = n};
    int32_t id = 0;
    assert_int_equal(h2_client_request(r->c, &q, &id), 0);
    return id;
}

/* Until both sides rest. */
static void pump(struct rig *r)
{
    for (bool moved = true; moved;) {
        assert_int_equal(h2_client_drain(r->c, &r->out), 0);
        moved = r->out.n > 0;
        if (moved && !client_send(&r->w, r->out.mem + r->out.off, r->out.n))
            moved = false;
        buf_clear(&r->out);
        world_run(&r->w);
        client_read(&r->w);
        if (r->w.in.n) {
            moved = true;
            assert_int_equal(h2_client_feed(r->c, buf_str(&r->w.in)), 0);
            buf_clear(&r->w.in);
        }
    }
}

static void asks_and_is_answered(void **state)
{
    struct rig r;
    struct field f[] = {{STR("User-Agent"), STR("gate443-audit"), 0},
                        {STR("Accept-Encoding"), STR("identity"), 0}};
    rig_init(&r);
    int32_t id = ask(&r, "/x", f, 2), second = ask(&r, "", NULL, 0);
    assert_false(h2_client_idle(r.c));
    pump(&r);
    const struct h2_client_answer *a = h2_client_answer(r.c, id);
    assert_int_equal(a->end, H2_CLIENT_DONE);
    assert_int_equal(a->status, 200);
    assert_true(str_eq(a->body, STR("hello")));
    assert_int_equal(a->body_bytes, 5);
    bool typed = false;
    for (size_t i = 0; i < a->nfields; i++)
        typed |= a->fields[i].id == FIELD_CONTENT_TYPE &&
                 str_starts(a->fields[i].value, STR("text/plain"));
    assert_true(typed);
    assert_non_null(strstr(
        r.w.log, "GET localhost /x\n user-agent=gate443-audit\n accept-encoding=identity\n"));
    assert_int_equal(h2_client_answer(r.c, second)->end, H2_CLIENT_DONE);
    assert_null(h2_client_answer(r.c, 99));
    assert_true(h2_client_idle(r.c));
    rig_done(&r);
}

static void peer_tells_its_settings(void **state)
{
    struct rig r;
    rig_init(&r);
    assert_false(h2_client_peer(r.c)->settings);
    ask(&r, "/", NULL, 0);
    pump(&r);
    const struct h2_client_peer *p = h2_client_peer(r.c);
    assert_true(p->settings);
    assert_int_equal(p->max_concurrent_streams, 100);
    assert_false(p->goaway || p->violation);
    rig_done(&r);
}

static void large_bodies_are_counted(void **state)
{
    struct rig r;
    rig_init(&r);
    int32_t id = ask(&r, "/big/1000000", NULL, 0);
    pump(&r);
    const struct h2_client_answer *a = h2_client_answer(r.c, id);
    assert_int_equal(a->end, H2_CLIENT_DONE);
    assert_int_equal(a->body_bytes, 1000000);
    assert_int_equal(a->body.n, H2_CLIENT_BODY_KEPT);
    for (size_t i = 0; i < a->body.n; i++)
        assert_int_equal(a->body.p[i], pattern(i));
    rig_done(&r);
}

static void resets_and_ends(void **state)
{
    struct rig r;
    rig_init(&r);
    int32_t reset = ask(&r, "/reset", NULL, 0), hold = ask(&r, "/hold", NULL, 0);
    pump(&r);
    assert_int_equal(h2_client_answer(r.c, reset)->end, H2_CLIENT_RESET);
    assert_int_equal(h2_client_answer(r.c, reset)->code, 2); /* INTERNAL_ERROR */
    assert_int_equal(h2_client_peer(r.c)->resets, 1);
    assert_int_equal(h2_client_answer(r.c, hold)->end, H2_CLIENT_OPEN);
    h2_client_close(r.c);
    assert_int_equal(h2_client_answer(r.c, hold)->end, H2_CLIENT_GONE);
    rig_done(&r);
}

static void requests_refused(void **state)
{
    struct rig r;
    struct field bad = {STR("X"), STR("a\nb"), 0}, many[25] = {{STR("a"), STR("b"), 0}};
    struct h2_client_request q[] = {
        {.authority = STR("")},
        {.authority = STR("a b")},
        {.authority = STR("a"), .target = STR("/ x")},
        {.authority = STR("a"), .method = STR("G(")},
        {.authority = STR("a"), .fields = &bad, .nfields = 1},
        {.authority = STR("a"), .fields = many, .nfields = 25},
    };
    int32_t id;
    rig_init(&r);
    for (size_t i = 0; i < sizeof q / sizeof *q; i++)
        assert_int_equal(h2_client_request(r.c, &q[i], &id), -ERR_INVAL);
    for (int i = 0; i < H2_CLIENT_STREAMS; i++)
        ask(&r, "/", NULL, 0);
    assert_int_equal(
        h2_client_request(r.c, &(struct h2_client_request){.authority = STR("a")}, &id),
        -ERR_TOO_MANY);
    pump(&r);
    assert_true(h2_client_idle(r.c));
    rig_done(&r);
}

/* ---- frames by hand ---- */

#define SETTINGS_FRAME "\0\0\x06\x04\0\0\0\0\0\0\3\0\0\0\7"

static int feed(struct rig *r, struct str in)
{
    assert_int_equal(h2_client_drain(r->c, &r->out), 0);
    return h2_client_feed(r->c, in);
}

static void interim_heads_and_trailers(void **state)
{
    struct rig r;
    rig_init(&r);
    int32_t id = ask(&r, "/", NULL, 0);
    /* :status 103, a: b; :status 200, c: d; DATA; trailers e: f */
    assert_int_equal(feed(&r, STR(SETTINGS_FRAME "\0\0\x0a\1\4\0\0\0\1\x08\3"
                                                 "103\0\1a\1b")),
                     0);
    assert_int_equal(feed(&r, STR("\0\0\6\1\4\0\0\0\1\x88\0\1c\1d"
                                  "\0\0\2\0\0\0\0\0\1ok"
                                  "\0\0\5\1\5\0\0\0\1\0\1e\1f")),
                     0);
    const struct h2_client_answer *a = h2_client_answer(r.c, id);
    assert_int_equal(a->end, H2_CLIENT_DONE);
    assert_int_equal(a->interim, 1);
    assert_int_equal(a->status, 200);
    assert_int_equal(a->nfields, 1);
    assert_true(str_eq(a->fields[0].name, STR("c")));
    assert_true(str_eq(a->body, STR("ok")));
    assert_int_equal(h2_client_peer(r.c)->max_concurrent_streams, 7);
    rig_done(&r);
}

static void goaway_is_kept(void **state)
{
    struct rig r;
    int32_t id;
    rig_init(&r);
    ask(&r, "/", NULL, 0);
    assert_int_equal(feed(&r, STR(SETTINGS_FRAME "\0\0\x08\7\0\0\0\0\0\0\0\0\1\0\0\0\x0b")), 0);
    const struct h2_client_peer *p = h2_client_peer(r.c);
    assert_true(p->goaway);
    assert_int_equal(p->goaway_code, 11);
    assert_int_equal(p->last_stream, 1);
    assert_int_equal(
        h2_client_request(r.c, &(struct h2_client_request){.authority = STR("a")}, &id),
        -ERR_CLOSED);
    rig_done(&r);
}

static void nonsense_is_a_violation(void **state)
{
    static const struct str in[] = {
        {"HTTP/1.1 400 Bad Request\r\n\r\n", 28},
        {SETTINGS_FRAME "\0\0\1\4\0\0\0\0\0x",
         sizeof SETTINGS_FRAME + 9}, /* SETTINGS of one byte */
    };
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        rig_init(&r);
        ask(&r, "/", NULL, 0);
        int err = feed(&r, in[i]);
        assert_int_equal(h2_client_drain(r.c, &r.out), 0);
        if (!err)
            err = h2_client_feed(r.c, STR("\0\0\0\4\0\0\0\0\0"));
        assert_true(err == -ERR_H2_PROTOCOL);
        rig_done(&r);
    }
}

static void endless_heads_are_cut(void **state)
{
    struct rig r;
    char block[1100];
    rig_init(&r);
    int32_t id = ask(&r, "/", NULL, 0);
    assert_int_equal(feed(&r, STR(SETTINGS_FRAME)), 0);
    for (int i = 0; i < 100; i++) { /* a 103 with a value of 1000 bytes each */
        size_t n = 0;
        memcpy(block,
               "\0\3\xf2\1\4\0\0\0\1\x08\3"
               "103\0\1x\x7f\xe9\x06",
               20);
        n = 9 + 5 + 3 + 3;
        memset(block + n, 'a', 1000);
        size_t payload = n - 9 + 1000;
        block[1] = (char)(payload >> 8);
        block[2] = (char)payload;
        assert_int_equal(feed(&r, str_of(block, n + 1000)), 0);
    }
    const struct h2_client_answer *a = h2_client_answer(r.c, id);
    assert_int_equal(a->interim, 99);
    assert_true(a->cut);
    rig_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_and_is_answered),     cmocka_unit_test(peer_tells_its_settings),
        cmocka_unit_test(large_bodies_are_counted), cmocka_unit_test(resets_and_ends),
        cmocka_unit_test(requests_refused),         cmocka_unit_test(interim_heads_and_trailers),
        cmocka_unit_test(goaway_is_kept),           cmocka_unit_test(nonsense_is_a_violation),
        cmocka_unit_test(endless_heads_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
