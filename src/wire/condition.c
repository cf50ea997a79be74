/* Conditional requests; see condition.h. */
#include "wire/condition.h"

#include "wire/date.h"

static bool is_weak(struct str tag)
{
    return str_starts(tag, STR("W/"));
}

static struct str opaque(struct str tag)
{
    return is_weak(tag) ? str_from(tag, 2) : tag;
}

/* RFC 9110 8.8.3: etagc is "!", 0x23 to 0x7e, and obs-text. */
static bool next_tag(struct str *rest, struct str *ret)
{
    struct str s = str_trim(*rest);
    while (s.n && s.p[0] == ',')
        s = str_trim(str_from(s, 1));
    size_t i = is_weak(s) ? 2 : 0;
    if (i >= s.n || s.p[i] != '"')
        return false;
    size_t end = i + 1;
    while (end < s.n && (unsigned char)s.p[end] > 0x20 && s.p[end] != '"' && s.p[end] != 0x7f)
        end++;
    if (end == s.n || s.p[end] != '"')
        return false;
    *ret = str_sub(s, 0, end + 1);
    *rest = str_trim(str_from(s, end + 1));
    return rest->n == 0 || rest->p[0] == ',';
}

bool condition_etag_in(struct str list, struct str etag, bool weak)
{
    struct str tag;
    if (etag.n == 0)
        return false;
    if (str_eq(str_trim(list), STR("*")))
        return true;
    while (next_tag(&list, &tag)) {
        if (!weak && (is_weak(tag) || is_weak(etag)))
            continue;
        if (str_eq(opaque(tag), opaque(etag)))
            return true;
    }
    return false;
}

/* Over all lines of the field, which make one list (RFC 9110 5.3). "*" matches any
 * representation, also one that has no tag. */
static bool list_matches(const struct head *req, enum field_id id, struct str etag, bool weak)
{
    for (size_t i = 0; i < req->nfields; i++) {
        const struct field *f = &req->fields[i];
        if (f->id == id && (str_eq(f->value, STR("*")) || condition_etag_in(f->value, etag, weak)))
            return true;
    }
    return false;
}

/* False where the field is absent, repeated or no date: it is ignored then (RFC 9110 13.1.3). */
static bool date_of(const struct head *req, enum field_id id, int64_t *ret)
{
    size_t lines = 0;
    if (!head_has(req, id))
        return false;
    for (size_t i = 0; i < req->nfields; i++)
        lines += req->fields[i].id == id;
    return lines == 1 && date_parse(head_value(req, id), ret) == 0;
}

/* Steps 1 and 2 of RFC 9110 13.2.2. */
static bool preconditions_hold(const struct head *req, struct str etag, int64_t mtime)
{
    int64_t date;
    if (head_has(req, FIELD_IF_MATCH))
        return list_matches(req, FIELD_IF_MATCH, etag, false);
    if (date_of(req, FIELD_IF_UNMODIFIED_SINCE, &date) && mtime != MTIME_NONE)
        return mtime <= date;
    return true;
}

enum condition condition_evaluate(const struct head *req, struct str etag, int64_t mtime)
{
    bool reads = req->method == METHOD_GET || req->method == METHOD_HEAD;
    int64_t date;
    if (!preconditions_hold(req, etag, mtime))
        return COND_FAILED;
    if (head_has(req, FIELD_IF_NONE_MATCH)) { /* step 3; If-Modified-Since is ignored beside it */
        if (!list_matches(req, FIELD_IF_NONE_MATCH, etag, true))
            return COND_PASS;
        return reads ? COND_NOT_MODIFIED : COND_FAILED;
    }
    if (reads && mtime != MTIME_NONE && date_of(req, FIELD_IF_MODIFIED_SINCE, &date) &&
        mtime <= date)
        return COND_NOT_MODIFIED;
    return COND_PASS;
}

enum condition condition_evaluate_absent(const struct head *req)
{
    return head_has(req, FIELD_IF_MATCH) ? COND_FAILED : COND_PASS;
}

bool condition_range_applies(const struct head *req, struct str etag, int64_t mtime)
{
    struct str value = head_value(req, FIELD_IF_RANGE);
    int64_t date;
    if (!head_has(req, FIELD_IF_RANGE))
        return true;
    if (value.n && (value.p[0] == '"' || is_weak(value))) {
        struct str tag;
        return next_tag(&value, &tag) && value.n == 0 && condition_etag_in(tag, etag, false);
    }
    return date_of(req, FIELD_IF_RANGE, &date) && mtime != MTIME_NONE && date == mtime;
}
