/* The registry of the checks: every table, by hand, in the order of the report. */
#include "audit/checks.h"

const struct check_table *const check_tables[] = {
    &checks_protocol, &checks_cipher, &checks_vulnerability, &checks_certificate,
    &checks_trust,    &checks_http,   &checks_dns,           &checks_quic,
    NULL,
};

const struct check *check_find(struct str id)
{
    for (const struct check_table *const *t = check_tables; *t; t++)
        for (size_t i = 0; i < (*t)->n; i++)
            if (str_eq(id, str_c((*t)->rows[i].id)))
                return &(*t)->rows[i];
    return NULL;
}

size_t check_count(void)
{
    size_t n = 0;
    for (const struct check_table *const *t = check_tables; *t; t++)
        n += (*t)->n;
    return n;
}

/* A detail that is missing although the check has said one: the arena was full. */
static bool run(const struct check *c, const struct audit_view *view, struct arena *arena,
                struct finding *f)
{
    *f = (struct finding){
        .check = c, .verdict = VERDICT_SAFE, .severity = c->severity, .arena = arena};
    c->fn(view, f);
    return f->verdict == VERDICT_SAFE || f->detail.p;
}

int checks_run(const struct audit_view *view, struct arena *arena, struct finding **ret)
{
    struct finding *all = arena_alloc(arena, check_count() * sizeof *all + 1);
    size_t n = 0;
    if (!all)
        return -ERR_NOMEM;
    for (const struct check_table *const *t = check_tables; *t; t++)
        for (size_t i = 0; i < (*t)->n; i++)
            if (!run(&(*t)->rows[i], view, arena, &all[n++]))
                return -ERR_NOMEM;
    *ret = all;
    return 0;
}
