/* The lines of a list of targets, as they come in: bytes in, targets out. Pure. One or more words a
 * line, each a target as audit_target_parse knows it or a range with or without a port
 * ("10.0.0.0/24", "10.0.0.0/24:8443", "10.0.0.1-10.0.0.9", "[fd00::/120]:443"); "#" begins a
 * comment. Ranges are never written out: their addresses come one at a time, neighbours far apart,
 * so that those of one network are not asked all at once. What was seen before is left out, whether
 * alone or in a range. What is wrong is told and left out, too. */
#ifndef AUDIT_TARGET_LIST_H
#define AUDIT_TARGET_LIST_H

#include "audit/audit.h"
#include "audit/ip_range.h"
#include "base/hash_set.h"

#define TARGET_LINE_MAX 4096           /* bytes; a longer line is wrong */
#define TARGET_RANGES_MAX 4096         /* in one list */
#define TARGET_SEEN_MAX (4u << 20)     /* beyond that many, what is double is audited twice */
#define TARGET_RANGE6_BITS 24          /* an IPv6 range has at most 2^24 addresses */

struct target_range {
    struct ip_range ip;
    uint16_t port;
};

struct target_list {
    const char *name;      /* of the file, for whoever tells faults; borrowed */
    bool public_ranges;    /* ranges with addresses that are not internal are meant, too */
    /* What is wrong, and where (from 1; bytes). May be NULL. */
    void (*on_fault)(void *user, const struct target_list *l, unsigned column, struct str text);
    void *user;

    struct buf in;
    uint64_t line;         /* that words are taken from */
    size_t at;             /* offset of the next word in the line that in begins with */
    bool ended;            /* no more bytes come */
    bool skipping;         /* the rest of a line that is too long */
    struct target_range *ranges; /* heap: all so far; the last one is under way if `offset` < its count */
    size_t nranges, ranges_cap;
    uint64_t offset, count, visited;
    struct hash_set seen;
    uint64_t given, doubles, faults;
};

void target_list_init(struct target_list *l, const char *name, const uint64_t seed[2]);
void target_list_done(struct target_list *l);
/* Bytes taken: what does not fit yet is to be fed again once targets were taken. */
size_t target_list_feed(struct target_list *l, struct str bytes);
void target_list_end(struct target_list *l);

enum target_list_next { TARGET_LIST_TARGET, TARGET_LIST_MORE, TARGET_LIST_END };
/* MORE: feed, or end. */
enum target_list_next target_list_next(struct target_list *l, struct audit_target *ret);
/* A word that stood somewhere else (the command line), as if it were a line: true if it was taken;
 * its targets then come from target_list_next. False: it was wrong, which was told. */
bool target_list_word(struct target_list *l, struct str word, struct audit_target *ret, bool *ret_one);

#endif
