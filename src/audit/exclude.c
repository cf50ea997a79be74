/* The opt-out list; see exclude.h. */
#include "audit/exclude.h"

#include "wire/idn.h"

#include <stdlib.h>

enum { NAMES_MAX = 4 << 20, TEXT_MAX = 256 << 20 };

void exclude_init(struct exclude *e, const uint64_t seed[2])
{
    *e = (struct exclude){.ranges = NULL};
    arena_init(&e->arena, 64 * 1024, TEXT_MAX);
    map_init(&e->names, NAMES_MAX, seed);
    map_init(&e->trees, NAMES_MAX, seed);
}

void exclude_done(struct exclude *e)
{
    map_done(&e->names);
    map_done(&e->trees);
    arena_done(&e->arena);
    free(e->ranges);
    e->ranges = NULL;
}

static int add_range(struct exclude *e, const struct ip_range *r)
{
    if (e->nranges == e->cap) {
        size_t cap = e->cap ? e->cap * 2 : 64;
        struct ip_range *more = realloc(e->ranges, cap * sizeof *more);
        if (!more)
            return -ERR_NOMEM;
        e->ranges = more;
        e->cap = cap;
    }
    e->ranges[e->nranges++] = *r;
    return 0;
}

static int add_name(struct exclude *e, struct str word)
{
    char ascii[IDN_MAX];
    struct ip_range r;
    bool tree = str_starts(word, STR("*.")) || str_starts(word, STR("."));
    struct str name = str_from(word, !tree ? 0 : word.p[0] == '*' ? 2 : 1);
    if (idn_to_ascii(name, ascii, &name) || ip_range_parse(&r, name) != -ERR_NOT_FOUND)
        return -ERR_SYNTAX; /* what is beneath an address, for one, is nothing */
    struct str kept = arena_str(&e->arena, name);
    return kept.p ? map_set(tree ? &e->trees : &e->names, kept, e) : -ERR_NOMEM;
}

static int add_word(struct exclude *e, struct str word)
{
    struct ip_range r;
    bool brackets = word.n > 2 && word.p[0] == '[' && word.p[word.n - 1] == ']';
    int err = ip_range_parse(&r, brackets ? str_sub(word, 1, word.n - 2) : word);
    if (err == -ERR_NOT_FOUND)
        return add_name(e, word);
    return err ? -ERR_SYNTAX : add_range(e, &r);
}

static int by_first(const void *a, const void *b)
{
    return memcmp(((const struct ip_range *)a)->first, ((const struct ip_range *)b)->first, 16);
}

/* Sorted, and those that touch made one, so that at most one can have an address. */
static void merge(struct exclude *e)
{
    size_t n = 0;
    if (e->nranges)
        qsort(e->ranges, e->nranges, sizeof *e->ranges, by_first);
    for (size_t i = 0; i < e->nranges; i++) {
        struct ip_range *r = &e->ranges[i], *last = n ? &e->ranges[n - 1] : NULL;
        if (!last || memcmp(r->first, last->last, 16) > 0)
            e->ranges[n++] = *r;
        else if (memcmp(r->last, last->last, 16) > 0)
            memcpy(last->last, r->last, 16);
    }
    e->nranges = n;
}

int exclude_read(struct exclude *e, struct str text, unsigned *ret_line)
{
    struct str line, word;
    int err = 0;
    *ret_line = 0;
    while (!err && text.n && str_split(&text, '\n', &line)) {
        ++*ret_line;
        line = str_sub(line, 0, str_find(line, '#', 0));
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        word = str_trim(line);
        err = word.n ? add_word(e, word) : 0;
    }
    merge(e);
    return err;
}

bool exclude_name(const struct exclude *e, struct str host)
{
    struct ip_range r;
    struct addr a;
    if (!ip_range_parse(&r, host)) {
        ip_range_addr(r.first, &a);
        return exclude_addr(e, &a);
    }
    if (map_get(&e->names, host))
        return true;
    for (struct str tail = host; tail.n; tail = str_from(tail, str_find(tail, '.', 0) + 1))
        if (map_get(&e->trees, tail))
            return true;
    return false;
}

bool exclude_addr(const struct exclude *e, const struct addr *a)
{
    unsigned char bytes[16];
    size_t low = 0, high = e->nranges;
    ip_range_bytes(a, bytes);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(e->ranges[middle].last, bytes, 16) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < e->nranges && ip_range_has(&e->ranges[low], bytes);
}
