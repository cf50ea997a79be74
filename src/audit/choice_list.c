#include "audit/choice_list.h"

#include <string.h>

void choice_list_init(struct choice_list *l, struct u16_list all, bool rotates)
{
    size_t n = all.n < GROUPS_MAX ? all.n : GROUPS_MAX;
    *l = (struct choice_list){.n = n, .fresh = n, .rotates = rotates};
    if (n)
        memcpy(l->v, all.v, n * sizeof *l->v);
}

static size_t find(const struct choice_list *l, uint16_t v)
{
    size_t i = 0;
    while (i < l->n && l->v[i] != v)
        i++;
    return i;
}

void choice_list_drop(struct choice_list *l, uint16_t v)
{
    size_t i = find(l, v);
    if (i >= l->fresh)
        return;
    memmove(l->v + i, l->v + i + 1, (l->n - i - 1) * sizeof *l->v);
    l->fresh--;
    if (l->rotates) {
        l->v[l->n - 1] = v;
        return;
    }
    l->n--;
    l->missing = true;
}

static bool is_present(const struct choice_list *l, struct u16_list offered)
{
    return offered.n == l->n && memcmp(offered.v, l->v, l->n * sizeof *l->v) == 0;
}

static void leave_out_chosen(struct choice_list *l)
{
    l->rotates = false;
    l->missing = true;
    l->n = l->fresh;
}

void choice_list_choose(struct choice_list *l, uint16_t v, struct u16_list offered)
{
    size_t i = find(l, v);
    if (l->rotates && i < l->n && l->fresh < l->n && is_present(l, offered)) {
        if (i < l->fresh)
            l->by_order = true;
        else if (l->by_order)
            l->exhausted = true;
        else
            leave_out_chosen(l);
    }
    choice_list_drop(l, v);
}

bool choice_list_whole(const struct choice_list *l)
{
    return !l->missing;
}
