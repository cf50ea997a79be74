/* Maps, against a plain array as the model. */
#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

static const uint64_t seed[2] = {1, 2};

enum { KEYS = 200 };

static void against_a_model(void **state)
{
    static char names[KEYS][8];
    bool present[KEYS] = {0};
    int values[KEYS];
    struct map m;
    unsigned rnd = 42;
    map_init(&m, KEYS, seed);
    for (int i = 0; i < KEYS; i++)
        snprintf(names[i], sizeof names[i], "k%d", i);
    for (int round = 0; round < 20000; round++) {
        rnd = rnd * 1103515245 + 12345;
        unsigned k = (rnd >> 16) % KEYS;
        struct str key = str_c(names[k]);
        assert_ptr_equal(map_get(&m, key), present[k] ? &values[k] : NULL);
        if (rnd >> 30 & 1)
            assert_ptr_equal(map_remove(&m, key), present[k] ? &values[k] : NULL);
        else
            assert_int_equal(map_set(&m, key, &values[k]), 0);
        present[k] = !(rnd >> 30 & 1);
    }
    size_t expected = 0, seen = 0, pos = 0;
    struct str key;
    void *value;
    for (int i = 0; i < KEYS; i++)
        expected += present[i];
    while (map_next(&m, &pos, &key, &value))
        seen += present[(int *)value - values];
    assert_int_equal(m.n, expected);
    assert_int_equal(seen, expected);
    map_done(&m);
}

static void keeps_its_maximum(void **state)
{
    struct map m;
    int x, y;
    map_init(&m, 2, seed);
    assert_null(map_get(&m, STR("a")));
    assert_null(map_remove(&m, STR("a")));
    assert_int_equal(map_set(&m, STR("a"), &x), 0);
    assert_int_equal(map_set(&m, STR(""), &x), 0);
    assert_int_equal(map_set(&m, STR("c"), &x), -ERR_LIMIT);
    assert_int_equal(map_set(&m, STR("a"), &y), 0); /* replacing is no growth */
    assert_ptr_equal(map_get(&m, STR("a")), &y);
    assert_ptr_equal(map_get(&m, STR_NONE), &x);
    map_done(&m);
}

/* What we rely on: the seed matters, every byte does, and so does the length. */
static void hash_is_keyed(void **state)
{
    const uint64_t other[2] = {1, 3};
    assert_true(map_hash(seed, STR("abc")) != map_hash(other, STR("abc")));
    assert_true(map_hash(seed, STR("abcdefgh")) != map_hash(seed, STR("abcdefgi")));
    assert_true(map_hash(seed, STR("abcdefgh1")) != map_hash(seed, STR("abcdefgh2")));
    assert_true(map_hash(seed, STR("")) != map_hash(seed, str_of("\0", 1)));
    assert_true(map_hash(seed, STR("abc")) == map_hash(seed, STR("abc")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_a_model),
        cmocka_unit_test(keeps_its_maximum),
        cmocka_unit_test(hash_is_keyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
