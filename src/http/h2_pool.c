/* Memory of streams that have ended, for the next ones of all HTTP/2 sessions of a worker: the one used
 * last first, since it is still in the processor's caches. A list in each session was measured and
 * rejected: with many connections every request then begins in cold memory. */
#include "http/h2.h"

#include <stdlib.h>

#define STREAM_CHUNK 2048
#define SPARES_MAX 128
#define SPARE_ARENA_MAX (8 * 1024) /* bytes that an arena may keep */

/* Shared by reference: the front's session_env has one, each session another. */
struct h2_pool {
    uint32_t refs;
    struct list spares; /* struct h2_stream, at most SPARES_MAX */
    size_t nspares, nused;
};

struct h2_pool *h2_pool_new(void)
{
    struct h2_pool *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->refs = 1;
    list_init(&p->spares);
    return p;
}

struct h2_pool *h2_pool_ref(struct h2_pool *p)
{
    p->refs++;
    return p;
}

static void free_stream(struct h2_stream *s)
{
    arena_done(&s->arena);
    free(s);
}

static void free_spares(struct h2_pool *p)
{
    struct list *l;
    while ((l = list_pop(&p->spares)))
        free_stream(LIST_ENTRY(l, struct h2_stream, link));
    p->nspares = 0;
}

void h2_pool_unref(struct h2_pool *p)
{
    if (!p || --p->refs)
        return;
    free_spares(p);
    free(p);
}

void h2_pool_trim(struct h2_pool *p)
{
    if (p->nused == 0)
        free_spares(p);
}

struct h2_stream *h2_pool_take(struct h2_pool *p)
{
    struct list *spare = list_pop(&p->spares);
    struct h2_stream *s = spare ? LIST_ENTRY(spare, struct h2_stream, link) : malloc(sizeof *s);
    struct arena arena;
    if (!s)
        return NULL;
    if (spare) {
        p->nspares--;
        arena = s->arena;
    } else {
        arena_init(&arena, STREAM_CHUNK, EXCHANGE_ARENA_MAX);
    }
    memset(s, 0, offsetof(struct h2_stream, first));
    s->arena = arena;
    p->nused++;
    return s;
}

void h2_pool_give(struct h2_pool *p, struct h2_stream *s)
{
    p->nused--;
    if (p->nspares == SPARES_MAX) {
        free_stream(s);
        return;
    }
    if (s->arena.used > SPARE_ARENA_MAX)
        arena_done(&s->arena);
    else
        arena_reset(&s->arena);
    list_push_front(&p->spares, &s->link);
    p->nspares++;
}
