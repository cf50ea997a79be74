/* See ct_log.h. */
#include "audit/ct_log.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <time.h>

struct reading {
    struct arena *a;
    struct ct_logs *logs;
    size_t room;
};

static struct str text_of(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    return json_is_string(v) ? str_of(json_string_value(v), json_string_length(v)) : STR_NONE;
}

/* Standard base64 with padding, into the arena; empty on any fault. */
static struct str base64(struct arena *a, struct str s)
{
    if (s.n == 0 || s.n % 4 || s.n > 8192)
        return STR_NONE;
    char *out = arena_alloc(a, s.n);
    int n = out ? EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)s.p, (int)s.n) : -1;
    size_t pad = s.p[s.n - 1] != '=' ? 0 : s.p[s.n - 2] != '=' ? 1 : 2;
    return n >= 3 ? str_of(out, (size_t)n - pad) : STR_NONE;
}

static bool digits(struct str *s, size_t n, char behind, int *ret)
{
    uint64_t v;
    if (s->n <= n || s->p[n] != behind || !str_u64(str_sub(*s, 0, n), &v))
        return false;
    *ret = (int)v;
    *s = str_from(*s, n + 1);
    return true;
}

/* "2026-01-01T00:00:00Z"; 0: nothing, or another form. */
static int64_t time_of(struct str s)
{
    struct tm t = {0};
    if (!digits(&s, 4, '-', &t.tm_year) || !digits(&s, 2, '-', &t.tm_mon) ||
        !digits(&s, 2, 'T', &t.tm_mday) || !digits(&s, 2, ':', &t.tm_hour) ||
        !digits(&s, 2, ':', &t.tm_min) ||
        (!digits(&s, 2, 'Z', &t.tm_sec) && !digits(&s, 2, '.', &t.tm_sec)))
        return 0;
    t.tm_year -= 1900;
    t.tm_mon -= 1;
    return (int64_t)timegm(&t);
}

static void read_state(const json_t *log, struct ct_log *l)
{
    static const struct {
        const char *name;
        enum ct_state state;
    } known[] = {{"pending", CT_PENDING},   {"qualified", CT_QUALIFIED}, {"usable", CT_USABLE},
                 {"readonly", CT_READONLY}, {"retired", CT_RETIRED},     {"rejected", CT_REJECTED}};
    const json_t *state = json_object_get(log, "state");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const json_t *v = json_object_get(state, known[i].name);
        if (!v)
            continue;
        l->state = known[i].state;
        l->state_since = time_of(text_of(v, "timestamp"));
    }
}

/* The id is the hash of the key: what the file says in log_id must be the same. */
static bool read_key(struct arena *a, const json_t *log, struct ct_log *l)
{
    l->key = base64(a, text_of(log, "key"));
    struct str id = base64(a, text_of(log, "log_id"));
    return l->key.n && EVP_Digest(l->key.p, l->key.n, l->id, NULL, EVP_sha256(), NULL) &&
           str_eq(id, str_of((const char *)l->id, sizeof l->id));
}

static int read_log(struct reading *r, const json_t *log, struct str operator, bool tiled)
{
    struct ct_log l = {.tiled = tiled, .operator= operator};
    if (r->logs->n == r->room || !read_key(r->a, log, &l)) {
        r->logs->skipped++;
        return 0;
    }
    struct str type = text_of(log, "log_type");
    const json_t *interval = json_object_get(log, "temporal_interval");
    l.name = arena_str(r->a, text_of(log, "description"));
    l.from = time_of(text_of(interval, "start_inclusive"));
    l.until = time_of(text_of(interval, "end_exclusive"));
    l.test = type.n && !str_eq(type, STR("prod"));
    read_state(log, &l);
    r->logs->log[r->logs->n++] = l;
    return l.name.p ? 0 : -ERR_NOMEM;
}

static int read_operator(struct reading *r, const json_t *operator)
{
    size_t i;
    json_t *log;
    struct str name = arena_str(r->a, text_of(operator, "name"));
    int err = name.p ? 0 : -ERR_NOMEM;
    json_array_foreach(json_object_get(operator, "logs"), i, log) err =
        err ? err : read_log(r, log, name, false);
    json_array_foreach(json_object_get(operator, "tiled_logs"), i, log) err =
        err ? err : read_log(r, log, name, true);
    return err;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(((const struct ct_log *)a)->id, ((const struct ct_log *)b)->id, 32);
}

static size_t count(const json_t *operators)
{
    size_t i, n = 0;
    json_t *o;
    json_array_foreach(operators, i, o) n += json_array_size(json_object_get(o, "logs")) +
                                             json_array_size(json_object_get(o, "tiled_logs"));
    return n < CT_LOGS_MAX ? n : CT_LOGS_MAX;
}

static int read_list(struct reading *r, const json_t *operators)
{
    size_t i;
    json_t *o;
    int err = 0;
    r->room = count(operators);
    r->logs->log = arena_alloc(r->a, (r->room ? r->room : 1) * sizeof *r->logs->log);
    if (!r->logs->log)
        return -ERR_NOMEM;
    json_array_foreach(operators, i, o) err = err ? err : read_operator(r, o);
    if (!err && r->logs->n == 0)
        return -ERR_SYNTAX;
    qsort(r->logs->log, r->logs->n, sizeof *r->logs->log, by_id);
    return err;
}

int ct_logs_read(struct arena *a, struct str json, struct ct_logs *ret)
{
    struct ct_logs logs = {0};
    struct reading r = {.a = a, .logs = &logs};
    json_t *root = json_loadb(json.p ? json.p : "", json.n, JSON_REJECT_DUPLICATES, NULL);
    const json_t *operators = json_object_get(root, "operators");
    int err = json_is_array(operators) ? read_list(&r, operators) : -ERR_SYNTAX;
    json_decref(root);
    if (!err)
        *ret = logs;
    return err;
}

static int id_is(const void *id, const void *log)
{
    return memcmp(id, ((const struct ct_log *)log)->id, 32);
}

const struct ct_log *ct_logs_find(const struct ct_logs *logs, struct str id)
{
    if (!logs || logs->n == 0 || id.n != 32)
        return NULL;
    return bsearch(id.p, logs->log, logs->n, sizeof *logs->log, id_is);
}
