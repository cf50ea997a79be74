/* Text → snapshot. Pure but for the reader callback; all mistakes are reported, not the first. */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include "base/buf.h"
#include "config/snapshot.h"

/* All that a load needs from outside. */
struct load_env {
    const struct handler_decl *const *handlers; /* NULL-terminated */
    /* Appends the content of a file to `into`; 0 or −err. For `include` (path has no wildcard) and
     * OPT_FILE existence checks. In workers it reads from the bundle the parent sent. */
    int (*read_file)(void *user, const char *path, struct buf *into);
    /* Paths that match an include pattern, sorted; appended NUL-separated. None: 0. A directory
     * that is not there or cannot be read: −err. */
    int (*glob)(void *user, const char *pattern, struct buf *into);
    void *user;
    int64_t wall;      /* now, for waivers' dates */
    uint64_t seed[2];  /* for the name map */
    bool check_paths;  /* stat(2) directories and files that are named (parent: yes, worker: no) */
    bool colour;       /* errors with ANSI colours */
};

/* Parses and checks `text` (called `name` in messages; relative paths in it are relative to the
 * directory of `name`, so give the file's absolute path). On success *ret is a snapshot with one
 * reference. On failure -ERR_CONFIG and every mistake in `errors` ("file:line:col: error: …", the
 * line, a caret, a hint), warnings too. errors may hold warnings on success. */
int must_use config_load(const struct load_env *env, const char *name, struct str text,
                         struct buf *errors, struct snapshot **ret);

/* For option and handler callbacks: report at a node (word 0 is the name) and go on. Returns
 * -ERR_CONFIG. */
int load_error(struct load *l, const struct parse_node *node, size_t word, const char *hint,
               const char *format, ...) __attribute__((format(printf, 5, 6)));
void load_warning(struct load *l, const struct parse_node *node, size_t word, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));
struct arena *load_arena(struct load *l);
/* A directory for the worker: registers it in the snapshot. Relative to the file of the node. */
struct dir_ref *load_dir(struct load *l, const struct parse_node *node, size_t word);
/* Words of a node: [0] is the directive. */
size_t node_words(const struct parse_node *node);
struct str node_word(const struct parse_node *node, size_t i); /* NUL behind; out of range: empty */
struct source_ref node_source(const struct parse_node *node);

/* What `gate443 serve DIR` means, as configuration text: the parent gives workers text in any case. */
struct serve_defaults {
    const char *dir;              /* may be NULL */
    const char *const *names;     /* NULL-terminated; empty: localhost */
    const char *https, *http;     /* "ADDR:PORT", "off" or NULL: default */
};
void config_text_for_dir(struct buf *out, const struct serve_defaults *d);

/* The commands' cores; each appends to `out`. */
int config_format(const char *name, struct str text, struct buf *out, struct buf *errors); /* fmt */
void config_schema(const struct load_env *env, struct buf *out);    /* of what config_json writes */
void config_reference(const struct load_env *env, struct buf *out); /* Markdown reference */
void config_json(const struct snapshot *s, struct buf *out);        /* the effective configuration */
/* Which listener, certificate, route, handler, limits apply to a URL, from which line. */
int config_explain(const struct snapshot *s, struct str url, struct buf *out);

#endif
