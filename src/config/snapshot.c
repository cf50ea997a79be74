/* The life of a snapshot and the look-up of its sites; see snapshot.h. */
#include "config/snapshot.h"

#include "config/check.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

struct snapshot *snapshot_ref(const struct snapshot *s)
{
    struct snapshot *mine = (struct snapshot *)s; /* the count is the only part that changes */
    assert(mine->refs > 0);
    mine->refs++;
    return mine;
}

static void unload(struct snapshot *s)
{
    for (size_t i = 0; i < s->nsites; i++)
        for (size_t k = 0; k < s->sites[i]->nroutes; k++) {
            const struct route *route = s->sites[i]->routes[k];
            if (route->handler && route->conf && route->handler->unload)
                route->handler->unload(route->conf);
        }
    for (size_t i = 0; i < s->ndirs; i++)
        if (s->dirs[i]->fd >= 0)
            close(s->dirs[i]->fd);
}

void snapshot_unref(const struct snapshot *s)
{
    struct snapshot *mine = (struct snapshot *)s;
    if (!mine || --mine->refs > 0)
        return;
    unload(mine);
    map_done(&mine->by_name);
    arena_done(&mine->arena);
    free(mine);
}

const struct site *snapshot_site(const struct snapshot *s, struct str host)
{
    char ip[64], star[256];
    if (host.n && (host.p[0] == '[' || str_find(host, ':', 0) < host.n))
        host = check_ip(host, ip) ? str_c(ip) : host;
    if (host.n > 1 && host.p[host.n - 1] == '.') /* the root's dot means the same name */
        host.n--;
    const struct site *site = map_get(&s->by_name, host);
    size_t dot = str_find(host, '.', 0);
    size_t rest = host.n - dot;
    if (!site && dot > 0 && dot < host.n && rest < sizeof star) {
        star[0] = '*';
        memcpy(star + 1, host.p + dot, rest);
        site = map_get(&s->by_name, str_of(star, rest + 1));
    }
    return site ? site : s->default_site;
}

/* RFC 8555 8.3: a token MUST NOT hold a character outside of the base64url alphabet. So none can
 * name a directory, a hidden file or anything with a suffix. */
struct str snapshot_challenge(const struct snapshot *s, struct str decoded_path)
{
    const struct str prefix = STR("/.well-known/acme-challenge/");
    struct str token = str_from(decoded_path, prefix.n);
    if (!s->challenges || !str_starts(decoded_path, prefix) || token.n > CHALLENGE_TOKEN_MAX ||
        !str_is_base64url(token))
        return STR_NONE;
    return token;
}
