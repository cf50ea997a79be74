/* What `gate443 serve` says once it serves: where, what, and how to make browsers trust it. One look
 * must take it in, so of many sites, names and routes the first are named and the rest counted;
 * `gate443 config --json` has them all. */
#include "main/parent.h"

#include <stdio.h>

enum { SITES_MAX = 16, NAMES_MAX = 8, ROUTES_MAX = 8 };

static bool has_local(const struct snapshot *s)
{
    for (size_t i = 0; i < s->ncerts; i++)
        if (s->certs[i]->local)
            return true;
    return false;
}

static void print_url(struct str name, uint16_t port)
{
    bool v6 = str_find(name, ':', 0) < name.n;
    printf("  https://%s%.*s%s", v6 ? "[" : "", STR_ARG(name), v6 ? "]" : "");
    if (port != 443)
        printf(":%u", port);
    printf("/");
}

static void print_rest(size_t n, size_t max, const char *what)
{
    if (n > max)
        printf("  and %zu %s more\n", n - max, what);
}

static void print_site(const struct site *site, uint16_t port)
{
    print_url(site->nnames ? site->names[0] : STR("localhost"), port);
    for (size_t i = 0; i < site->nroutes && i < ROUTES_MAX; i++)
        printf("%s%.*s → %s", i ? ", " : "   ", STR_ARG(site->routes[i]->path),
               site->routes[i]->handler->name);
    printf("%s\n", site->nroutes > ROUTES_MAX ? ", …" : "");
    for (size_t i = 1; i < site->nnames && i < NAMES_MAX; i++) {
        print_url(site->names[i], port);
        printf("\n");
    }
    print_rest(site->nnames, NAMES_MAX, "names");
}

void banner_print(struct parent *p)
{
    const struct snapshot *s = p->live->snapshot;
    char text[ADDR_TEXT_MAX];
    printf("gate443 %s serves%s%s\n", GATE443_VERSION, p->options.dir ? " " : "",
           p->options.dir ? p->options.dir : "");
    for (size_t i = 0; i < s->nsites && i < SITES_MAX; i++)
        print_site(s->sites[i], sockets_https_port(p));
    print_rest(s->nsites, SITES_MAX, "sites");
    for (size_t i = 0; i < p->nbound; i++)
        printf("  listening on %.*s (%s)\n", STR_ARG(addr_text(&p->bound[i].addr, text)),
               p->bound[i].tls ? "https" : "http, leads to https");
    if (has_local(s))
        printf("  local authority: %s/ca.crt\n"
               "  to trust it on this machine: gate443 ca install --state %s\n",
               p->state_path, p->state_path);
    fflush(stdout);
    clearerr(stdout); /* nobody reads it: no reason to end with an error */
}
