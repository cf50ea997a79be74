/* Pins and the file of remembered keys: nothing of what was read is lost, whatever it is. */
#include "audit/mitm.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t seed[2] = {1, 2};

static void try_pins(struct str in)
{
    static struct mitm_pins pins;
    char text[MITM_PIN_TEXT + 1];
    unsigned char key[32];
    unsigned line = 0;
    pins.n = 0;
    int err = mitm_pins_add(&pins, in, &line);
    assert(pins.n <= MITM_PINS_MAX && (!err || line > 0));
    for (size_t i = 0; i < pins.n; i++) {
        mitm_pin_write(pins.pin[i], text);
        assert(strlen(text) == MITM_PIN_TEXT && mitm_pin_read(str_c(text), key));
        assert(memcmp(key, pins.pin[i], 32) == 0);
    }
}

static enum trust_answer visit(struct mitm_store *s, struct arena *a, const struct mitm_visit *v)
{
    struct trust_comparison c = {.answer = TRUST_NOT_ASKED};
    int err = mitm_store_visit(s, a, v, &c);
    assert(!err || err == -ERR_INVAL);
    return c.answer;
}

static void try_store(struct str in)
{
    struct mitm_store s, again;
    struct arena a;
    struct mitm_visit v = {.host = STR("new.example"),
                           .port = 443,
                           .now = 1793534400,
                           .spki = STR("sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")};
    arena_init(&a, 4096, 1 << 20);
    assert(mitm_store_init(&s, in, seed) == 0);
    assert(str_eq(buf_str(&s.text), in) && !s.changed);
    size_t n = s.n, bad = s.bad;
    enum trust_answer first = visit(&s, &a, &v);
    if (first == TRUST_NEW) {
        assert(s.n == n + 1 && s.changed && str_starts(buf_str(&s.text), in));
        assert(visit(&s, &a, &v) == TRUST_SAME);
    }
    v.replace = true;
    visit(&s, &a, &v);
    assert(visit(&s, &a, &v) == TRUST_SAME);
    v.host = str_sub(in, 0, 40);
    v.port = 8443;
    visit(&s, &a, &v);
    assert(mitm_store_init(&again, buf_str(&s.text), seed) == 0);
    assert(again.n == s.n && again.bad == bad);
    mitm_store_done(&again);
    mitm_store_done(&s);
    arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size);
    try_pins(in);
    try_store(in);
    return 0;
}
