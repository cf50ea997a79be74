/* Range requests; see range.h. A field that asks for more than a few pieces costs the server far
 * more than the client (CVE-2011-3192), so it is ignored; overlaps are merged (RFC 9110 14.2). */
#include "wire/range.h"

/* "a-b", "a-", "-n". 1: *ret is a satisfiable range; 0: none of the representation; -ERR_SYNTAX. */
static int one_range(struct str s, uint64_t size, struct range *ret)
{
    size_t dash = str_find(s, '-', 0);
    struct str left = str_sub(s, 0, dash), right = str_from(s, dash + 1);
    uint64_t from = 0, to = UINT64_MAX;
    if (dash == s.n || (left.n == 0 && right.n == 0))
        return -ERR_SYNTAX;
    if ((left.n && !str_u64(left, &from)) || (right.n && !str_u64(right, &to)))
        return -ERR_SYNTAX;
    if (left.n == 0) { /* the last `to` bytes */
        from = to < size ? size - to : 0;
        *ret = (struct range){from, size - from};
        return to > 0 && size > 0;
    }
    if (to < from)
        return -ERR_SYNTAX;
    if (from >= size)
        return 0;
    *ret = (struct range){from, (to < size ? to + 1 : size) - from};
    return 1;
}

static bool touches(struct range a, struct range b)
{
    return a.from <= b.from + b.length && b.from <= a.from + a.length;
}

static void join(struct range *a, struct range b)
{
    uint64_t end_a = a->from + a->length, end_b = b.from + b.length;
    uint64_t end = end_a > end_b ? end_a : end_b;
    a->from = a->from < b.from ? a->from : b.from;
    a->length = end - a->from;
}

/* Every pair that touches becomes one; repeated, because a joined range may touch a third. */
static size_t merge(struct range *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            if (!touches(out[i], out[j]))
                continue;
            join(&out[i], out[j]);
            memmove(out + j, out + j + 1, (--n - j) * sizeof *out);
            i = (size_t)-1; /* begin again; n is at most RANGE_MAX */
            break;
        }
    return n;
}

/* The ranges of the set, unmerged. 0, or -ERR_SYNTAX when the field is to be ignored. */
static int collect(struct str set, uint64_t size, struct range out[RANGE_MAX], size_t *ret_n)
{
    struct str piece;
    size_t asked = 0;
    *ret_n = 0;
    while (str_split(&set, ',', &piece)) {
        struct range r;
        piece = str_trim(piece);
        if (piece.n == 0)
            continue;
        int got = one_range(piece, size, &r);
        if (got < 0 || ++asked > RANGE_MAX)
            return -ERR_SYNTAX;
        if (got)
            out[(*ret_n)++] = r;
    }
    return asked ? 0 : -ERR_SYNTAX;
}

int range_parse(struct str value, uint64_t size, struct range *out, size_t cap, size_t *ret_n)
{
    struct range all[RANGE_MAX];
    size_t n;
    *ret_n = 0;
    if (size == 0 || !str_istarts(value, STR("bytes="))) /* of nothing, all is sent */
        return 0;
    if (collect(str_from(value, 6), size, all, &n))
        return 0;
    if (n == 0)
        return -ERR_RANGE;
    size_t merged = merge(all, n);
    if (merged > cap || (n > 1 && merged == 1 && all[0].length == size))
        return 0;
    memcpy(out, all, merged * sizeof *out);
    *ret_n = merged;
    return 0;
}
