/* Representations; see represent.h.
 *
 * The entity tag is strong: modification time to the nanosecond, size, and the coding's name. The
 * inode was rejected as a part: it differs between machines that serve the same files and after
 * every deployment, which would void clients' caches for nothing. */
#include "handler/represent.h"

#include "wire/date.h"

#include <stdio.h>

_Static_assert(sizeof((struct representation *)0)->modified > DATE_TEXT, "the date fits");

uint64_t represent_mtime(const struct stat *st)
{
    return (uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec;
}

static void make_etag(struct representation *r, const struct stat *st)
{
    struct str coding = coding_name(r->coding);
    bool plain = r->coding == CODING_IDENTITY;
    int n = snprintf(r->etag_text, sizeof r->etag_text, "\"%llx-%llx%s%.*s\"",
                     (unsigned long long)represent_mtime(st), (unsigned long long)st->st_size,
                     plain ? "" : "-", plain ? 0 : (int)coding.n, coding.p);
    r->etag = str_of(r->etag_text, (size_t)n);
}

/* The array has room for every field there is, so adding cannot fail. */
static void add(struct representation *r, enum field_id id, struct str value)
{
    if (value.n && head_add(&r->head, id, value))
        r->head.nfields = r->head.cap;
}

void represent_init(struct representation *r, const struct represent_args *a)
{
    *r = (struct representation){
        .mtime = a->original->st_mtim.tv_sec,
        .size = a->size,
        .coding = a->coding,
    };
    r->head = (struct head){
        .status = 200, .length = a->size, .fields = r->fields, .cap = REPRESENT_FIELDS};
    make_etag(r, a->original);
    date_format(r->mtime, r->modified);
    add(r, FIELD_CONTENT_TYPE, a->type);
    if (a->coding != CODING_IDENTITY)
        add(r, FIELD_CONTENT_ENCODING, coding_name(a->coding));
    add(r, FIELD_ETAG, r->etag);
    add(r, FIELD_LAST_MODIFIED, str_of(r->modified, DATE_TEXT));
    add(r, FIELD_ACCEPT_RANGES, STR("bytes"));
    add(r, FIELD_CACHE_CONTROL, a->cache_control);
    if (a->vary)
        add(r, FIELD_VARY, STR("Accept-Encoding"));
}
