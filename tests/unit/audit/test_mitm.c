/* Pins, the expected issuer, and the file of remembered keys. */
#include "audit/mitm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW   1793534400 /* 2026-11-01 */
#define ZERO  "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define COUNT "sha256/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define LAST  "sha256///////////////////////////////////////////8="

static const uint64_t seed[2] = {1, 2};

static void assert_str(struct str s, const char *want)
{
    if (!str_eq(s, str_c(want)))
        print_error("\"%.*s\"\n", STR_ARG(s));
    assert_true(str_eq(s, str_c(want)));
}

static void pin_text(void **state)
{
    unsigned char key[32], same[32] = {0}, ff[32];
    char text[MITM_PIN_TEXT + 1];
    memset(ff, 0xff, sizeof ff);
    assert_true(mitm_pin_read(STR(COUNT), key));
    for (int i = 0; i < 32; i++)
        assert_int_equal(key[i], i);
    mitm_pin_write(key, text);
    assert_string_equal(text, COUNT);
    assert_true(mitm_pin_read(STR("sha256/"
                                  "/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
                              same));
    assert_int_equal(same[0], 0); /* curl's way: two slashes and all 44 letters */
    mitm_pin_write(ff, text);
    assert_string_equal(text, LAST); /* the second slash is a letter */
    assert_true(mitm_pin_read(STR(LAST), same));
    assert_memory_equal(same, ff, 32);
    static const char *const wrong[] = {
        "",
        "sha256/",
        "sha1/AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "SHA256/AAAA",
        "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", /* bits left over */
        "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
        "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "sha256/AAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAA=",
        "sha256/-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(mitm_pin_read(str_c(wrong[i]), key));
}

static void pin_files(void **state)
{
    static struct mitm_pins pins;
    unsigned line = 0;
    pins.n = 0;
    assert_int_equal(mitm_pins_add(&pins, STR("# two\r\n\n " ZERO " # old\r\n\t" COUNT), &line), 0);
    assert_int_equal(pins.n, 2);
    assert_int_equal(pins.pin[1][31], 31);
    assert_int_equal(mitm_pins_add(&pins, STR("\n" ZERO "\nsha256/x\n"), &line), -ERR_SYNTAX);
    assert_int_equal(line, 3);
    pins.n = MITM_PINS_MAX;
    assert_int_equal(mitm_pins_add(&pins, STR("# only a remark\n"), &line), 0);
    assert_int_equal(mitm_pins_add(&pins, STR(ZERO), &line), -ERR_LIMIT);
    assert_int_equal(line, 1);
}

static struct trust_facts *judge(struct arena *a, const struct mitm_input *in)
{
    static struct trust_facts f;
    assert_int_equal(mitm_judge(a, in, &f), 0);
    return &f;
}

static void comparisons(void **state)
{
    static struct mitm_pins pins;
    struct cert_info leaf = {.issuer_o = STR("Let's Encrypt"), .issuer_cn = STR("R3")},
                     ca = {.issuer_o = STR("Internet Security Research Group")};
    const struct cert_info *path[] = {&leaf, &ca};
    struct mitm_seen seen[] = {{STR("192.0.2.1:443"), STR(ZERO), STR_NONE},
                               {STR("192.0.2.2:443"), STR(COUNT), STR_NONE},
                               {STR("[::1]:443"), STR_NONE, STR("connection refused")}};
    struct mitm_input in = {.path = path, .npath = 2, .addresses = seen, .naddresses = 3};
    struct arena a;
    arena_init(&a, 4096, 1 << 20);
    struct trust_facts *f = judge(&a, &in);
    assert_str(f->spki, ZERO);
    assert_true(f->pin.answer == TRUST_NOT_ASKED && f->issuer.answer == TRUST_NOT_ASKED);
    assert_true(f->naddresses == 3 && f->addresses[0].answer == TRUST_SAME);
    assert_true(f->addresses[1].answer == TRUST_DIFFERENT &&
                f->addresses[2].answer == TRUST_FAILED);
    assert_str(f->addresses[1].seen, COUNT);
    assert_str(f->addresses[1].expected, ZERO);
    assert_str(f->addresses[2].why, "connection refused");

    in.pins = &pins;
    pins.n = 0;
    assert_int_equal(judge(&a, &in)->pin.answer, TRUST_FAILED);
    assert_true(mitm_pin_read(STR(COUNT), pins.pin[0]));
    pins.n = 1;
    f = judge(&a, &in);
    assert_int_equal(f->pin.answer, TRUST_DIFFERENT);
    assert_str(f->pin.expected, COUNT);
    assert_true(mitm_pin_read(STR(ZERO), pins.pin[1]));
    pins.n = 2;
    assert_int_equal(judge(&a, &in)->pin.answer, TRUST_SAME);

    static const struct {
        const char *issuer;
        enum trust_answer answer;
    } issuers[] = {{"let's enc", TRUST_SAME},
                   {"r3", TRUST_SAME},
                   {"RESEARCH", TRUST_SAME},
                   {"DigiCert", TRUST_DIFFERENT},
                   {"Let's Encrypt ", TRUST_DIFFERENT}};
    for (size_t i = 0; i < sizeof issuers / sizeof *issuers; i++) {
        in.issuer = str_c(issuers[i].issuer);
        f = judge(&a, &in);
        assert_int_equal(f->issuer.answer, issuers[i].answer);
        assert_str(f->issuer.seen, "Let's Encrypt");
    }
    in.npath = 0;
    f = judge(&a, &in);
    assert_true(f->spki.n == 0 && f->pin.answer == TRUST_FAILED &&
                f->issuer.answer == TRUST_FAILED);
    assert_int_equal(f->addresses[0].answer, TRUST_FAILED);
    arena_done(&a);
}

static struct trust_comparison visit(struct mitm_store *s, struct arena *a, const char *host,
                                     const char *spki, bool replace)
{
    struct mitm_visit v = {.host = str_c(host),
                           .port = 443,
                           .spki = str_c(spki),
                           .now = NOW,
                           .file = STR("known"),
                           .replace = replace};
    struct trust_comparison c;
    assert_int_equal(mitm_store_visit(s, a, &v, &c), 0);
    return c;
}

static void remembering(void **state)
{
    struct mitm_store s;
    struct arena a;
    arena_init(&a, 4096, 1 << 20);
    assert_int_equal(mitm_store_init(&s, STR_NONE, seed), 0);
    assert_int_equal(visit(&s, &a, "Example.com", ZERO, false).answer, TRUST_NEW);
    assert_str(buf_str(&s.text), "Example.com:443 " ZERO " 2026-11-01 2026-11-01\n");
    s.changed = false;
    assert_int_equal(visit(&s, &a, "example.COM", ZERO, false).answer, TRUST_SAME);
    assert_false(s.changed); /* the same day */
    struct trust_comparison c = visit(&s, &a, "example.com", COUNT, false);
    assert_int_equal(c.answer, TRUST_DIFFERENT);
    assert_str(c.expected, ZERO " (2026-11-01 to 2026-11-01)");
    assert_str(c.with, "known");
    assert_false(s.changed); /* who comes second does not take the first one's place */
    assert_int_equal(visit(&s, &a, "example.com", COUNT, true).answer, TRUST_DIFFERENT);
    assert_int_equal(visit(&s, &a, "example.com", COUNT, false).answer, TRUST_SAME);
    assert_int_equal(visit(&s, &a, "::1", LAST, false).answer, TRUST_NEW);
    assert_int_equal(visit(&s, &a, "[::1]", LAST, false).answer, TRUST_SAME);
    assert_int_equal(visit(&s, &a, "nobody.example", "", false).answer, TRUST_FAILED);
    assert_str(buf_str(&s.text), "Example.com:443 " COUNT " 2026-11-01 2026-11-01\n"
                                 "[::1]:443 " LAST " 2026-11-01 2026-11-01\n");
    assert_int_equal(s.n, 2);
    mitm_store_done(&s);
    arena_done(&a);
}

static void nothing_is_lost(void **state)
{
    static const char before[] = "# mine\n"
                                 "broken line\n"
                                 "a.example:443 " ZERO " 2026-01-01 2026-01-02  \r\n"
                                 "A.example:443 " COUNT " 2026-01-01 2026-01-02\n"
                                 "b.example:0 " ZERO " 2026-01-01 2026-01-02\n"
                                 "b.example: " ZERO " 2026-01-01 2026-01-02\n"
                                 "b.example:443 " ZERO " 2026-13-01 2026-01-02\n"
                                 "b.example:443 " ZERO " 2026-01-01 2026-01-02 more\n"
                                 "\n"
                                 "b.example:443 " ZERO " 2026-01-01";
    static const char after[] = "# mine\n"
                                "broken line\n"
                                "a.example:443 " ZERO " 2026-01-01 2026-11-01  \r\n"
                                "A.example:443 " COUNT " 2026-01-01 2026-01-02\n"
                                "b.example:0 " ZERO " 2026-01-01 2026-01-02\n"
                                "b.example: " ZERO " 2026-01-01 2026-01-02\n"
                                "b.example:443 " ZERO " 2026-13-01 2026-01-02\n"
                                "b.example:443 " ZERO " 2026-01-01 2026-01-02 more\n"
                                "\n"
                                "b.example:443 " ZERO " 2026-01-01\n"
                                "b.example:443 " COUNT " 2026-11-01 2026-11-01\n";
    struct mitm_store s;
    struct arena a;
    arena_init(&a, 4096, 1 << 20);
    assert_int_equal(mitm_store_init(&s, str_c(before), seed), 0);
    assert_true(s.n == 1 && s.bad == 7 && s.bad_line == 2 && !s.changed);
    assert_int_equal(visit(&s, &a, "a.example", ZERO, false).answer, TRUST_SAME);
    assert_int_equal(visit(&s, &a, "b.example", COUNT, false).answer, TRUST_NEW);
    assert_true(s.changed);
    assert_str(buf_str(&s.text), after);
    static const char *const hosts[] = {"", "a b", "a\nb.example", "#a", "a\x80"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct mitm_visit v = {.host = str_c(hosts[i]), .port = 443, .spki = STR(ZERO), .now = NOW};
        struct trust_comparison c;
        assert_int_equal(mitm_store_visit(&s, &a, &v, &c), -ERR_INVAL);
    }
    struct mitm_visit v = {
        .host = STR("c.example"), .port = 443, .spki = STR("sha256/x\ny"), .now = NOW};
    struct trust_comparison c;
    assert_int_equal(mitm_store_visit(&s, &a, &v, &c), -ERR_INVAL);
    assert_str(buf_str(&s.text), after);
    mitm_store_done(&s);
    arena_done(&a);
}

static void limits(void **state)
{
    size_t n = MITM_STORE_MAX;
    char *text = malloc(n + 1);
    struct mitm_store s;
    struct arena a;
    arena_init(&a, 4096, 1 << 20);
    memset(text, '\n', n + 1);
    assert_int_equal(mitm_store_init(&s, str_of(text, n + 1), seed), -ERR_LIMIT);
    assert_int_equal(mitm_store_init(&s, str_of(text, n), seed), 0);
    struct mitm_visit v = {.host = STR("a"), .port = 443, .spki = STR(ZERO), .now = NOW};
    struct trust_comparison c;
    assert_int_equal(mitm_store_visit(&s, &a, &v, &c), -ERR_LIMIT);
    assert_true(buf_str(&s.text).n == n && buf_ok(&s.text) && s.n == 0);
    mitm_store_done(&s);
    free(text);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pin_text),        cmocka_unit_test(pin_files),
        cmocka_unit_test(comparisons),     cmocka_unit_test(remembering),
        cmocka_unit_test(nothing_is_lost), cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
