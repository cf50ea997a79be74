/* What a scan has finished, so that it can go on after it was cut off, by whatever: none is lost, and
 * with an output file of its own (one JSON line a report) none is in it twice.
 *
 * The journal is a text file that only grows: a header with the hash of the options, then a line a
 * finished target, "OFFSET KEY", OFFSET being the size of the output once its report was in it ("-":
 * the output is no file of ours). The report is written first, then the line, both without delay; so
 * a process that dies between the two leaves a report without a line, which is found when the
 * output's end is read again, and half a report, which is cut off.
 *
 * fdatasync every JOURNAL_SYNC and at the end, the output first: a kernel or a machine that dies costs
 * at most what finished within that time. Lines whose report did not reach the disk (the output is
 * shorter, or no line of it ends there) count as not written; their targets are audited again. */
#ifndef AUDIT_JOURNAL_H
#define AUDIT_JOURNAL_H

#include "audit/audit.h"
#include "base/hash_set.h"
#include "io/loop.h"

#define JOURNAL_SYNC (5 * SECOND)
#define JOURNAL_DONE_MAX (64u << 20) /* targets in one journal; 16 bytes of memory each */

struct journal {
    int fd, output;       /* output −1: not a file of ours. Owned, both */
    uint64_t size;        /* of the output */
    struct hash_set done;
    uint64_t synced;      /* ns */
    bool dirty;
    uint64_t recovered;   /* reports that were found without a line */
};

/* output: path of the JSON lines, or NULL. -ERR_EXISTS: the journal is of a scan with other options;
 * -ERR_TOO_MANY: another process has it; -ERR_SYNTAX: it is no journal; else of the system, *ret_path
 * being the file it is about. */
int must_use journal_open(struct journal *j, const char *path, const char *output, uint64_t options,
                          const uint64_t seed[2], const char **ret_path);
int must_use journal_close(struct journal *j); /* syncs; −err: what was written is not safe */
bool journal_has(const struct journal *j, struct str key);
/* A report's line into the output; whole or −err. */
int must_use journal_output(struct journal *j, struct str line);
/* The target's report is out. now: ns. */
int must_use journal_add(struct journal *j, struct str key, uint64_t now);

#endif
