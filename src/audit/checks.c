/* The list of all checks, and running them. */
#include "audit/checks.h"

const struct check_table *const check_tables[] = {&checks_h2_flood, &checks_h2, NULL};

size_t check_count(void)
{
    size_t n = 0;
    for (const struct check_table *const *t = check_tables; *t; t++)
        n += (*t)->n;
    return n;
}

int checks_run(const struct audit_view *view, struct arena *arena, struct finding **ret)
{
    struct finding *f = arena_zalloc(arena, (check_count() + 1) * sizeof *f);
    size_t k = 0;
    if (!f)
        return -ERR_NOMEM;
    for (const struct check_table *const *t = check_tables; *t; t++)
        for (size_t i = 0; i < (*t)->n; i++, k++) {
            const struct check *c = &(*t)->rows[i];
            f[k] = (struct finding){.check = c, .severity = c->severity, .arena = arena};
            c->fn(view, &f[k]);
        }
    *ret = f;
    return 0;
}
