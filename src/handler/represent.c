/* Representations; see represent.h.
 *
 * The entity tag of a file is strong: modification time to the nanosecond, and size. The inode was
 * rejected as a part: it differs between machines that serve the same files and after every
 * deployment, which would void clients' caches for nothing. Of a precompressed sibling it is one,
 * beside its own time and size: compressors give their output the time of what they read, so time
 * tells nothing there (RFC 9110 8.8.1: other bytes, another strong tag). What is coded here has a
 * weak tag: its bytes depend on level and library. */
#include "handler/represent.h"

#include "wire/date.h"

#include <stdio.h>

_Static_assert(sizeof((struct representation *)0)->modified > DATE_TEXT, "the date fits");

int represent_compare_times(const struct stat *a, const struct stat *b)
{
    const struct timespec *p = &a->st_mtim, *q = &b->st_mtim;
    if (p->tv_sec != q->tv_sec)
        return p->tv_sec < q->tv_sec ? -1 : 1;
    return (p->tv_nsec > q->tv_nsec) - (p->tv_nsec < q->tv_nsec);
}

/* For tags alone: of times before 1970 and after 2554 it is no number of nanoseconds, but always the
 * same and hardly ever another's. */
static unsigned long long stamp(const struct stat *st)
{
    return (uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec;
}

static void make_etag(struct representation *r, const struct represent_args *a)
{
    char *p = r->etag_text, file[40], coded[56] = "";
    const struct stat *s = a->sibling;
    struct str coding = coding_name(a->coding);
    snprintf(file, sizeof file, "%llx-%llx", stamp(a->original),
             (unsigned long long)a->original->st_size);
    if (s)
        snprintf(coded, sizeof coded, "-%llx-%llx-%llx", stamp(s), (unsigned long long)s->st_size,
                 (unsigned long long)s->st_ino);
    int n = a->coding == CODING_IDENTITY
                ? snprintf(p, sizeof r->etag_text, "\"%s\"", file)
                : snprintf(p, sizeof r->etag_text, "%s\"%s-%.*s%s\"", s ? "" : "W/", file,
                           STR_ARG(coding), coded);
    r->etag = str_of(p, (size_t)n);
}

/* The array has room for every field there is, so adding cannot fail. */
static void add(struct representation *r, enum field_id id, struct str value)
{
    if (value.n && head_add(&r->head, id, value))
        r->head.nfields = r->head.cap;
}

void represent_init(struct representation *r, const struct represent_args *a)
{
    /* RFC 9110 8.8.2.1: a time in the future MUST be replaced by that of the response. Of what is
     * kept it is an earlier one, which costs a client less: it stays the same. */
    *r = (struct representation){
        .mtime = a->original->st_mtim.tv_sec < a->now ? a->original->st_mtim.tv_sec : a->now,
        .size = a->size,
        .coding = a->coding,
    };
    r->head = (struct head){
        .status = 200, .length = a->size, .fields = r->fields, .cap = REPRESENT_FIELDS};
    make_etag(r, a);
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
