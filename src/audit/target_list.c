/* Lists of targets; see target_list.h. */
#include "audit/target_list.h"

#include <stdio.h>
#include <stdlib.h>

enum { IN_MAX = 64 * 1024, WHY_MAX = 400, QUOTED_MAX = 60 };

void target_list_init(struct target_list *l, const char *name, const uint64_t seed[2])
{
    *l = (struct target_list){.name = name, .line = 1};
    buf_init(&l->in, IN_MAX);
    hash_set_init(&l->seen, TARGET_SEEN_MAX, seed);
}

void target_list_done(struct target_list *l)
{
    buf_done(&l->in);
    hash_set_done(&l->seen);
    free(l->ranges);
    l->ranges = NULL;
}

size_t target_list_feed(struct target_list *l, struct str bytes)
{
    struct str take = str_sub(bytes, 0, buf_room(&l->in));
    return buf_append(&l->in, take) ? 0 : take.n;
}

void target_list_end(struct target_list *l)
{
    l->ended = true;
}

__attribute__((format(printf, 3, 4))) static void fault(struct target_list *l, size_t at,
                                                        const char *format, ...)
{
    char text[WHY_MAX];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    l->faults++;
    if (l->on_fault && n > 0)
        l->on_fault(l->user, l, (unsigned)at + 1,
                    str_of(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1));
}

/* ---- one word ---- */

/* "[A-B]:port", "A/24:port"; an IPv6 range without brackets has no port. */
static bool cut_range(struct str word, struct str *ret_ip, struct str *ret_port)
{
    size_t mark = str_find(word, '/', 0), dash = str_find(word, '-', 0);
    mark = mark < dash ? mark : dash;
    if (mark == word.n)
        return false;
    *ret_port = STR_NONE;
    *ret_ip = word;
    if (word.p[0] == '[') {
        size_t end = str_find(word, ']', 0);
        struct str rest = str_from(word, end + 1);
        if (end < mark || end == word.n || (rest.n && (rest.n < 2 || rest.p[0] != ':')))
            return false;
        *ret_ip = str_sub(word, 1, end - 1);
        *ret_port = str_from(rest, 1);
        return true;
    }
    size_t first = str_find(word, ':', 0), colon = str_rfind(word, ':');
    if (colon == word.n || colon < mark || first != colon)
        return true;
    *ret_ip = str_sub(word, 0, colon);
    *ret_port = str_from(word, colon + 1);
    return true;
}

static bool keep_range(struct target_list *l, const struct target_range *r)
{
    if (l->nranges == l->ranges_cap) {
        size_t cap = l->ranges_cap ? l->ranges_cap * 2 : 16;
        struct target_range *more = realloc(l->ranges, cap * sizeof *more);
        if (!more)
            return false;
        l->ranges = more;
        l->ranges_cap = cap;
    }
    l->ranges[l->nranges++] = *r;
    l->offset = l->visited = 0;
    l->count = ip_range_count(&r->ip);
    return true;
}

static bool range_allowed(struct target_list *l, const struct target_range *r, struct str word, size_t at)
{
    bool big = r->ip.v6 && ip_range_count(&r->ip) > (uint64_t)1 << TARGET_RANGE6_BITS;
    if (big)
        fault(l, at, "\"%.*s\" has more than 2^%d addresses", STR_ARG(word), TARGET_RANGE6_BITS);
    else if (!l->public_ranges && !ip_range_is_internal(&r->ip))
        fault(l, at, "\"%.*s\" has public addresses: list each, or give --public-ranges",
              STR_ARG(word));
    else if (l->nranges == TARGET_RANGES_MAX)
        fault(l, at, "more than %d ranges", TARGET_RANGES_MAX);
    else
        return true;
    return false;
}

/* -ERR_NOT_FOUND: it is no range; other errors were told. */
static int take_range(struct target_list *l, struct str word, size_t at)
{
    struct target_range r = {.port = 443};
    struct str ip, port;
    uint64_t number = 443;
    if (!cut_range(word, &ip, &port))
        return -ERR_NOT_FOUND;
    int err = ip_range_parse(&r.ip, ip);
    if (err == -ERR_NOT_FOUND)
        return err;
    if (!err && port.n && (!str_u64(port, &number) || number == 0 || number > 65535))
        err = -ERR_RANGE;
    if (err) {
        fault(l, at, "\"%.*s\" is no range of addresses: %s", STR_ARG(word), err_text(err));
        return err;
    }
    r.port = (uint16_t)number;
    if (!range_allowed(l, &r, word, at))
        return -ERR_FORBIDDEN;
    if (keep_range(l, &r))
        return 0;
    fault(l, at, "\"%.*s\" cannot be kept: %s", STR_ARG(word), err_text(-ERR_NOMEM));
    return -ERR_NOMEM;
}

/* Whether one of the first n ranges has it. */
static bool in_ranges(const struct target_list *l, size_t n, const struct addr *a, uint16_t port)
{
    unsigned char bytes[16];
    ip_range_bytes(a, bytes);
    for (size_t i = 0; i < n; i++)
        if (l->ranges[i].port == port && ip_range_has(&l->ranges[i].ip, bytes))
            return true;
    return false;
}

static bool is_double(struct target_list *l, const struct audit_target *t)
{
    char key[AUDIT_KEY_MAX];
    struct ip_range ip;
    struct addr a;
    if (l->nranges && !ip_range_parse(&ip, str_c(t->host))) {
        ip_range_addr(ip.first, &a);
        if (in_ranges(l, l->nranges, &a, t->port))
            return true;
    }
    return hash_set_add(&l->seen, audit_target_key(t, key)) == -ERR_EXISTS;
}

bool target_list_word(struct target_list *l, struct str word, struct audit_target *ret, bool *ret_one)
{
    struct buf why;
    size_t at = l->at;
    *ret_one = false;
    int err = take_range(l, word, at);
    if (err != -ERR_NOT_FOUND)
        return err == 0;
    buf_init(&why, WHY_MAX);
    err = audit_target_parse(ret, word, &why);
    if (err && why.n)
        fault(l, at, "%.*s", STR_ARG(buf_str(&why)));
    else if (err) /* the complaint quotes the word, and did not fit */
        fault(l, at, "\"%.*s…\" is no target: %s", STR_ARG(str_sub(word, 0, QUOTED_MAX)), err_text(err));
    buf_done(&why);
    if (err)
        return false;
    *ret_one = !is_double(l, ret);
    l->doubles += !*ret_one;
    l->given += *ret_one;
    return true;
}

/* ---- the addresses of a range ---- */

/* Column by column: all that end in .0, then all in .1 and so on, so that a network's turn comes
 * once in a round through the range. */
static bool next_offset(struct target_list *l, uint64_t *ret)
{
    uint64_t rows = (l->count - 1) / 256 + 1;
    while (l->visited < rows * 256) {
        uint64_t i = l->visited++, offset = i % rows * 256 + i / rows;
        if (offset < l->count) {
            *ret = offset;
            l->offset++;
            return true;
        }
    }
    return false;
}

static void target_of(struct audit_target *ret, const struct addr *a, uint16_t port)
{
    char ip[ADDR_TEXT_MAX];
    *ret = (struct audit_target){.port = port};
    snprintf(ret->host, sizeof ret->host, "%.*s", STR_ARG(addr_ip_text(a, ip)));
    snprintf(ret->text, sizeof ret->text, a->sa.sa_family == AF_INET6 ? "[%s]:%u" : "%s:%u", ret->host,
             port);
}

static bool next_of_range(struct target_list *l, struct audit_target *ret)
{
    char key[AUDIT_KEY_MAX];
    uint64_t offset;
    struct addr a;
    while (l->offset < l->count && next_offset(l, &offset)) {
        const struct target_range *r = &l->ranges[l->nranges - 1];
        ip_range_at(&r->ip, offset, &a);
        target_of(ret, &a, r->port);
        if (!in_ranges(l, l->nranges - 1, &a, r->port) &&
            !hash_set_has(&l->seen, audit_target_key(ret, key))) {
            l->given++;
            return true;
        }
        l->doubles++;
    }
    return false;
}

/* ---- lines ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* The next word of the line; false at its end or a comment. */
static bool next_word(struct target_list *l, struct str line, struct str *ret)
{
    size_t from = l->at;
    while (from < line.n && is_blank(line.p[from]))
        from++;
    if (from == line.n || line.p[from] == '#')
        return false;
    size_t to = from;
    while (to < line.n && !is_blank(line.p[to]))
        to++;
    *ret = str_sub(line, from, to - from);
    l->at = to;
    return true;
}

static void end_line(struct target_list *l, size_t n)
{
    buf_consume(&l->in, n);
    l->line++;
    l->at = 0;
}

/* Lines that are whole, or the last one; a line's rest is dropped as soon as it is too long. */
static bool whole_line(struct target_list *l, struct str *ret, size_t *ret_consume)
{
    for (;;) {
        struct str in = buf_str(&l->in);
        size_t end = str_find(in, '\n', 0);
        bool whole = end < in.n || l->ended;
        if (l->skipping || (end > TARGET_LINE_MAX && in.n)) {
            if (!l->skipping)
                fault(l, 0, "the line is longer than %d bytes", TARGET_LINE_MAX);
            l->skipping = end == in.n;
            if (!l->skipping) {
                end_line(l, end + 1);
                continue;
            }
            buf_consume(&l->in, in.n);
            return false;
        }
        *ret = str_sub(in, 0, end);
        *ret_consume = end < in.n ? end + 1 : end;
        return whole && in.n;
    }
}

/* The words of one line; true: a target. */
static bool next_in_line(struct target_list *l, struct str line, struct audit_target *ret)
{
    struct str word;
    while (next_word(l, line, &word)) {
        size_t behind = l->at;
        bool one;
        l->at = behind - word.n;
        target_list_word(l, word, ret, &one);
        l->at = behind;
        if (one || next_of_range(l, ret))
            return true;
    }
    return false;
}

enum target_list_next target_list_next(struct target_list *l, struct audit_target *ret)
{
    struct str line;
    size_t consume;
    if (next_of_range(l, ret))
        return TARGET_LIST_TARGET;
    while (whole_line(l, &line, &consume)) {
        if (l->line == 1 && l->at == 0 && str_starts(line, STR("\xef\xbb\xbf")))
            l->at = 3; /* a byte order mark */
        if (next_in_line(l, line, ret))
            return TARGET_LIST_TARGET;
        end_line(l, consume);
    }
    return l->ended ? TARGET_LIST_END : TARGET_LIST_MORE;
}
