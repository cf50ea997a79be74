/* The manual of all checks; see checks_reference.h. */
#include "audit/checks_reference.h"

#include "audit/checks.h"

static void add_remedy(struct buf *out, const char *server, const char *lines)
{
    struct str rest = str_c(lines), line;
    if (!lines)
        return;
    buf_addf(out, "%s:\n\n", server);
    while (str_split(&rest, '\n', &line))
        buf_addf(out, "    %.*s\n", STR_ARG(line));
    buf_addc(out, '\n');
}

static void add_check(struct buf *out, const struct check *c)
{
    buf_addf(out, "### %s\n\n`%s`, %s", c->title, c->id, severity_name(c->severity));
    if (c->cve)
        buf_addf(out, ", %s", c->cve);
    if (c->rfc)
        buf_addf(out, ". Source: %s", c->rfc);
    buf_addf(out, ".\n\n%s\n\n", c->how);
    if (c->fix)
        buf_addf(out, "Fix: %s\n\n", c->fix);
    add_remedy(out, "gate443", c->remedy.gate443);
    add_remedy(out, "nginx", c->remedy.nginx);
    add_remedy(out, "Apache", c->remedy.apache);
    add_remedy(out, "HAProxy", c->remedy.haproxy);
    add_remedy(out, "Caddy", c->remedy.caddy);
}

void checks_reference(struct buf *out)
{
    enum section last = SECTION_COUNT;
    buf_add(out, STR("# Checks of `gate443 audit`\n\n"));
    buf_addf(out, "%zu checks. Each ends in one of three verdicts: *safe*, *vulnerable* (for what is no "
                  "vulnerability: not as it should be), or *not testable*, with the reason.\n\n",
             check_count());
    for (const struct check_table *const *t = check_tables; *t; t++)
        for (size_t i = 0; i < (*t)->n; i++) {
            const struct check *c = &(*t)->rows[i];
            if (c->section != last)
                buf_addf(out, "## %s\n\n", section_title(c->section));
            last = c->section;
            add_check(out, c);
        }
}
