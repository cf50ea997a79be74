/* What was remembered of an audit: what was read is the same when it was written and read again, and
 * compared with itself nothing is new. The input is one file, or two with a NUL byte between them. */
#include "audit/watch_diff.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *user, const struct watch_change *c)
{
    unsigned *n = user;
    assert(c->text.n && watch_kind_name(c->kind)[0]);
    *n += c->kind != WATCH_EXPIRY && c->kind != WATCH_UNREACHABLE;
}

static void write_and_read(struct arena *a, const struct watch_essence *e)
{
    struct watch_essence again;
    struct buf out;
    buf_init(&out, 1u << 22);
    watch_essence_write(e, &out);
    assert(buf_ok(&out) && watch_essence_read(a, buf_str(&out), &again) == 0);
    assert(str_eq(e->target, again.target) && str_eq(e->failure, again.failure));
    assert(str_eq(e->grade, again.grade) && e->time == again.time && e->told == again.told);
    assert(e->nfindings == again.nfindings && e->ncertificates == again.ncertificates);
    for (size_t i = 0; i < e->nfindings; i++)
        assert(str_eq(e->findings[i].id, again.findings[i].id) &&
               e->findings[i].severity == again.findings[i].severity);
    for (size_t i = 0; i < e->ncertificates; i++)
        assert(e->certificates[i].not_after == again.certificates[i].not_after);
    buf_done(&out);
}

static void compare(struct arena *a, const struct watch_essence *old, struct watch_essence now, bool same)
{
    unsigned n = 0;
    watch_diff(a, old, &now, count, &n);
    assert(!same || n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size), first;
    struct watch_essence old, now;
    struct arena a;
    unsigned n = 0;
    arena_init(&a, 64 * 1024, 64u << 20);
    if (str_split(&in, '\0', &first) && watch_essence_read(&a, first, &old) == 0) {
        write_and_read(&a, &old);
        compare(&a, &old, old, true);
        now = old;
        watch_diff(&a, NULL, &now, count, &n);
        if (watch_essence_read(&a, in, &now) == 0)
            compare(&a, &old, now, false);
    }
    arena_done(&a);
    return 0;
}
