/* Lists of targets: fed in pieces of any size they come to the same as at once, each target is one
 * that can be asked, and none comes twice. */
#include "audit/target_list.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TAKEN_MAX = 600 }; /* a range may have millions */

static const uint64_t seed[2] = {3, 4};

struct taken {
    uint64_t n, hash, faults;
};

static void on_fault(void *user, const struct target_list *l, unsigned column, struct str text)
{
    uint64_t *n = user;
    assert(text.n && column > 0 && column <= TARGET_LINE_MAX + 1 && l->line > 0);
    ++*n;
}

static void take(struct taken *o, struct hash_set *seen, const struct audit_target *t)
{
    char key[AUDIT_KEY_MAX];
    struct str k = audit_target_key(t, key);
    assert(t->host[0] && t->port && t->text[0] && k.n);
    assert(hash_set_add(seen, k) == 0);
    o->hash = o->hash * 31 + str_hash(k) + str_hash(str_c(t->text));
    o->n++;
}

static struct taken read_list(struct str in, size_t piece, bool public_ranges)
{
    static struct target_list l;
    static struct audit_target t;
    struct taken o = {.n = 0};
    struct hash_set seen;
    enum target_list_next next;
    target_list_init(&l, "list", seed);
    hash_set_init(&seen, TAKEN_MAX, seed);
    l.on_fault = on_fault;
    l.user = &o.faults;
    l.public_ranges = public_ranges;
    while (o.n < TAKEN_MAX && (next = target_list_next(&l, &t)) != TARGET_LIST_END) {
        size_t used = next == TARGET_LIST_MORE ? target_list_feed(&l, str_sub(in, 0, piece)) : 0;
        if (next == TARGET_LIST_TARGET)
            take(&o, &seen, &t);
        else if (in.n == 0)
            target_list_end(&l);
        assert(next != TARGET_LIST_MORE || used || in.n == 0);
        in = str_from(in, used);
    }
    assert(l.given == o.n && l.faults == o.faults);
    hash_set_done(&seen);
    target_list_done(&l);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str in = str_of((const char *)data + 1, size - 1);
    bool public_ranges = data[0] & 1;
    struct taken a = read_list(in, SIZE_MAX, public_ranges);
    struct taken b = read_list(in, 1 + (data[0] >> 1), public_ranges);
    assert(a.n == b.n && a.hash == b.hash);
    assert(a.n == TAKEN_MAX || a.faults == b.faults);
    return 0;
}
