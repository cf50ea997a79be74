/* Arenas. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void allocates(void **state)
{
    struct arena a;
    arena_init(&a, 256, 4096);
    char *blocks[40];
    for (size_t i = 0; i < 40; i++) {
        blocks[i] = arena_alloc(&a, i + 1);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)i, i + 1);
    }
    for (size_t i = 0; i < 40; i++)
        for (size_t k = 0; k <= i; k++)
            assert_int_equal(blocks[i][k], i);
    char *big = arena_zalloc(&a, 1000); /* more than a chunk */
    assert_non_null(big);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(big[i], 0);
    arena_done(&a);
}

static void keeps_its_maximum(void **state)
{
    struct arena a;
    arena_init(&a, 64, 100);
    assert_null(arena_alloc(&a, 101));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_non_null(arena_alloc(&a, 60));
    assert_null(arena_alloc(&a, 60));
    arena_reset(&a);
    assert_non_null(arena_alloc(&a, 60));
    struct str none = arena_str(&a, STR("0123456789012345678901234567890123456789"));
    assert_null(none.p);
    assert_int_equal(none.n, 0);
    arena_done(&a);
    arena_done(&a); /* harmless */
}

static void copies_text(void **state)
{
    struct arena a;
    arena_init(&a, 64, 1000);
    assert_string_equal(arena_cstr(&a, STR("abc")), "abc");
    assert_string_equal(arena_cstr(&a, STR_NONE), "");
    struct str s = arena_str(&a, STR("xyz"));
    assert_true(str_eq(s, STR("xyz")));
    assert_int_equal(s.p[3], '\0');
    s = arena_printf(&a, "%d-%s", 12, "b");
    assert_true(str_eq(s, STR("12-b")));
    assert_null(arena_printf(&a, "%2000d", 1).p);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocates),
        cmocka_unit_test(keeps_its_maximum),
        cmocka_unit_test(copies_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
