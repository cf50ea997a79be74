/* What the parent hands a worker for one generation: every configuration file's text, the answers
 * to include patterns, and the certificate chains. Directory descriptors travel beside it, in the
 * order of snapshot.dirs. The worker parses the same text with the same parser, so both ends agree
 * without a second format for the configuration itself. */
#ifndef MAIN_BUNDLE_H
#define MAIN_BUNDLE_H

#include "base/pack.h"
#include "config/load.h"
#include "tls/certstore.h"

#define BUNDLE_MAX (256u * 1024 * 1024)

/* Recorder, the parent's side: embeds in a load_env as its user. Owned by a deployment. */
struct bundle {
    struct buf files; /* {name, content} pairs, packed */
    struct buf globs; /* {pattern, answer} pairs, packed */
    uint32_t nfiles, nglobs;
};

void bundle_init(struct bundle *b);
void bundle_done(struct bundle *b);
/* load_env callbacks that read the real files and record them; user is a struct bundle. */
int bundle_record_file(void *user, const char *path, struct buf *into);
int bundle_record_glob(void *user, const char *pattern, struct buf *into);
/* Whether one message can carry it; −err: *errors says what is too much. `check` asks, too. */
int must_use bundle_fits(const struct snapshot *s, struct buf *errors);
/* The whole message. */
int must_use bundle_write(const struct bundle *b, uint64_t generation, int64_t wall,
                          const char *main_name, struct str main_text, bool has_log, bool audit,
                          const struct certstore_chain *chains, size_t nchains, struct buf *out);
/* Chains alone, for MSG_CERTS. */
void bundle_write_chains(const struct certstore_chain *chains, size_t n, struct buf *out);

/* The worker's side: everything borrowed from the message's bytes. */
struct bundle_view {
    uint64_t generation;
    int64_t wall;
    const char *main_name; /* in `arena` */
    struct str main_text;
    bool has_log, audit; /* audit: this worker is to look at the generation before it is ready */
    struct str files, globs; /* packed pairs */
    struct certstore_chain *chains; /* calloc; bundle_view_done */
    size_t nchains;
    char name[4096];
};

int must_use bundle_read(struct bundle_view *v, struct str body);
void bundle_view_done(struct bundle_view *v);
/* load_env callbacks that answer from the bundle; user is a struct bundle_view. */
int bundle_view_file(void *user, const char *path, struct buf *into);
int bundle_view_glob(void *user, const char *pattern, struct buf *into);
/* Reads what bundle_write_chains wrote; *ret is calloc'ed. */
int must_use bundle_read_chains(struct unpack *u, struct certstore_chain **ret, size_t *ret_n);

#endif
