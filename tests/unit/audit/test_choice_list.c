/* What a walk learns of a server's order from what it chooses, server by server. */
#include "audit/choice_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint16_t all[] = {10, 20, 30, 40, 50};
static const struct u16_list everything = {all, 5};

static bool has(const uint16_t *set, size_t n, uint16_t v)
{
    for (size_t i = 0; i < n; i++)
        if (set[i] == v)
            return true;
    return false;
}

/* Both answer 0 where they know nothing of the offer. */
static uint16_t by_our_order(const struct choice_list *l, const uint16_t *knows, size_t n)
{
    for (size_t i = 0; i < l->n; i++)
        if (has(knows, n, l->v[i]))
            return l->v[i];
    return 0;
}

static uint16_t by_its_order(const struct choice_list *l, const uint16_t *knows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (has(l->v, l->n, knows[i]))
            return knows[i];
    return 0;
}

/* As a walk does it; returns how many hellos it took until none was left to learn of. */
static unsigned walk(struct choice_list *l, uint16_t (*choose)(const struct choice_list *, const uint16_t *, size_t),
                     const uint16_t *knows, size_t n)
{
    unsigned hellos = 0;
    while (l->fresh && !l->exhausted && hellos < 20) {
        uint16_t v = choose(l, knows, n), copy[GROUPS_MAX];
        hellos++;
        if (!v)
            break;
        memcpy(copy, l->v, l->n * sizeof *copy);
        choice_list_choose(l, v, (struct u16_list){copy, l->n});
    }
    return hellos;
}

static void test_a_server_of_our_order(void **state)
{
    static const uint16_t knows[] = {40, 20, 10};
    struct choice_list l;
    choice_list_init(&l, everything, true);
    assert_int_equal(walk(&l, by_our_order, knows, 3), 4); /* 10, 20, 40, and 10 again */
    assert_true(l.exhausted && choice_list_whole(&l));
    assert_int_equal(l.n, 5);
    assert_int_equal(l.fresh, 2);
    assert_true(has(l.v, 2, 30) && has(l.v, 2, 50));
}

static void test_a_server_of_its_own_order(void **state)
{
    static const uint16_t knows[] = {40, 20, 10};
    struct choice_list l;
    choice_list_init(&l, everything, true);
    assert_int_equal(walk(&l, by_its_order, knows, 3), 5); /* 40, 40, 20, 10, nothing */
    assert_false(l.exhausted);
    assert_false(choice_list_whole(&l));
    assert_int_equal(l.fresh, 2);
    assert_int_equal(l.n, 2);
    assert_true(has(l.v, 2, 30) && has(l.v, 2, 50));
}

/* One that knows a single value cannot be told from one with an order: the rest is asked about. */
static void test_a_server_of_one(void **state)
{
    static const uint16_t knows[] = {20};
    struct choice_list l;
    choice_list_init(&l, everything, true);
    assert_int_equal(walk(&l, by_our_order, knows, 1), 3);
    assert_false(l.exhausted);
    assert_int_equal(l.fresh, 4);
}

static void test_all_are_known(void **state)
{
    struct choice_list l;
    choice_list_init(&l, everything, true);
    assert_int_equal(walk(&l, by_our_order, all, 5), 5);
    assert_int_equal(l.fresh, 0);
    assert_true(choice_list_whole(&l));
}

/* An answer to a hello of before says nothing of the order. */
static void test_an_answer_out_of_time(void **state)
{
    struct choice_list l;
    choice_list_init(&l, everything, true);
    choice_list_choose(&l, 10, everything);
    choice_list_choose(&l, 10, everything); /* sent before the first was answered */
    assert_true(l.rotates && !l.exhausted);
    choice_list_choose(&l, 20, everything);
    assert_true(!l.by_order);
    assert_int_equal(l.fresh, 3);
}

static void test_dropping(void **state)
{
    struct choice_list l;
    choice_list_init(&l, everything, false);
    assert_true(choice_list_whole(&l));
    choice_list_drop(&l, 0);
    choice_list_drop(&l, 99);
    assert_int_equal(l.n, 5);
    choice_list_drop(&l, 30);
    choice_list_drop(&l, 30);
    assert_int_equal(l.n, 4);
    assert_int_equal(l.fresh, 4);
    assert_false(choice_list_whole(&l));
    choice_list_init(&l, (struct u16_list){NULL, 0}, true);
    choice_list_choose(&l, 5, everything);
    assert_int_equal(l.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_server_of_our_order),     cmocka_unit_test(test_a_server_of_its_own_order),
        cmocka_unit_test(test_a_server_of_one),           cmocka_unit_test(test_all_are_known),
        cmocka_unit_test(test_an_answer_out_of_time),     cmocka_unit_test(test_dropping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
