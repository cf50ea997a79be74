/* Rings. */
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

struct item {
    int value;
    struct list link;
};

static int value_of(struct list *l)
{
    return LIST_ENTRY(l, struct item, link)->value;
}

static void order(void **state)
{
    struct list head;
    struct item items[4] = {{1}, {2}, {3}, {4}};
    list_init(&head);
    assert_true(list_empty(&head));
    assert_null(list_pop(&head));
    list_push(&head, &items[1].link);
    list_push(&head, &items[2].link);
    list_push_front(&head, &items[0].link);
    list_insert_before(&items[2].link, &items[3].link);
    const int expected[] = {1, 2, 4, 3};
    int i = 0;
    LIST_EACH(it, tmp, &head)
        assert_int_equal(value_of(it), expected[i++]);
    assert_int_equal(i, 4);
    assert_int_equal(value_of(list_pop(&head)), 1);
}

static void removal_while_walking(void **state)
{
    struct list head;
    struct item items[5] = {{0}, {1}, {2}, {3}, {4}};
    list_init(&head);
    for (int i = 0; i < 5; i++)
        list_push(&head, &items[i].link);
    LIST_EACH(it, tmp, &head)
        if (value_of(it) % 2 == 0)
            list_remove(it);
    assert_int_equal(value_of(head.next), 1);
    assert_int_equal(value_of(head.prev), 3);
    list_remove(&items[0].link); /* in no list: harmless */
    list_remove(&items[1].link);
    list_remove(&items[3].link);
    assert_true(list_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order),
        cmocka_unit_test(removal_while_walking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
