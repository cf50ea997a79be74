/* One row for each thing that can be configured. The rows drive parsing, checks, "did you mean",
 * `fmt`, `explain`, the manual and the JSON Schema: a directive exists nowhere else. */
#ifndef CONFIG_OPTION_H
#define CONFIG_OPTION_H

#include "base/err.h"
#include "base/str.h"

/* What the argument is, and the C type at `offset` of the struct that the table fills. */
enum option_type {
    OPT_FLAG,     /* no argument; present = true                     bool */
    OPT_BOOL,     /* on | off                                         bool */
    OPT_COUNT,    /* whole number                                     uint64_t */
    OPT_SIZE,     /* bytes: 10, 64k, 1m, 2g                           uint64_t */
    OPT_DURATION, /* 500ms, 10s, 5m, 1h, 30d                          uint64_t, ns */
    OPT_TEXT,     /* one word or "quoted text"                        struct str */
    OPT_TEXTS,    /* one or more words; the whole list is replaced    struct str_list */
    OPT_ENUM,     /* one of `choices`                                 int, its index */
    OPT_STATUS,   /* HTTP status 100-599                              uint16_t */
    OPT_PATH,     /* a URL path, begins with /                        struct str */
    OPT_URL,      /* absolute URL or path                             struct str */
    OPT_DIR,      /* a directory on disk, opened by the parent        struct dir_ref * */
    OPT_FILE,     /* a file on disk, relative to the file of the directive  struct str */
    OPT_BLOCK,    /* { … } of `block` rows at `offset` of the same struct. With `parse` it also
                     takes words, which `parse` reads (conf: the enclosing struct), and the { … }
                     may be left out: `compress on;` or `compress on { level 9; }` */
    OPT_CUSTOM,   /* `parse` does it */
};

struct str_list {
    struct str *v; /* in the snapshot's arena */
    size_t n;
};

struct source_ref { /* where something was written, for explain and errors */
    const char *file;
    uint32_t line, column;
};

/* A directory that workers may read beneath. The parser fills path; the parent opens it and hands
 * the descriptor to the workers, who find it here. Owned by the snapshot. */
struct dir_ref {
    const char *path; /* absolute, with terminator */
    int fd;           /* -1 until opened; closed with the snapshot */
    struct source_ref at;
};

struct parse_node; /* parse.h: one directive with its words and its position */
struct load;       /* load.h: the errors and the arena of one load */

struct option {
    const char *name;
    enum option_type type;
    size_t offset;
    const char *def;            /* default as text in the same syntax; NULL: zero/none */
    uint64_t min, max;          /* numbers only; max 0: no bound */
    const char *const *choices; /* OPT_ENUM: NULL-terminated */
    const struct option *block; /* OPT_BLOCK: rows ended by name NULL */
    int (*parse)(struct load *, const struct parse_node *, void *conf); /* OPT_CUSTOM; 0 or −err,
                                                                           errors told to load */
    const char *args; /* for the manual: "DIR", "on | off", "STATUS [TEXT]" */
    const char *doc;  /* one or two sentences for the manual */
    bool repeat;      /* may stand more than once in one block */
    bool required;
};

#define OPTION_END                                                                                 \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* What config knows of a handler (http/handler.h): it can be used as a directive in a site or
 * route: `NAME [/PATH] ARGS… [{ options }];`. Made by main/registry.c from the handler table. */
struct handler_decl {
    const char *name;             /* "root", "redirect", "respond" */
    const char *args;             /* for the manual */
    const char *doc;
    const struct option *options; /* of its block; its positional arguments go to `arguments` */
    size_t conf_size;             /* bytes; zeroed, then defaults, then the block */
    /* Positional words behind the optional path: how many; checked before `arguments` is called.
     * The rule for the path: directly in a site, a first word that begins with '/' is the path if
     * at least min_args words are left behind it; otherwise the handler answers "/". Inside
     * `route /PATH { … }` all words are arguments. So `root /srv/www` has no path, `root /x/ /srv`
     * has one, and `redirect /old/ /new/ 301` (min_args 1, max_args 2) has one. */
    size_t min_args, max_args;
    /* NULL: the words are counted, but nobody reads them. Slices live as long as the snapshot. */
    int (*arguments)(struct load *, const struct parse_node *, const struct str *words, size_t n,
                     void *conf);
    int (*load)(struct load *, const struct parse_node *, void *conf); /* last check; may be NULL */
    void (*unload)(void *conf); /* may be NULL; also called when `load` failed or was not reached */
    const void *impl;             /* const struct handler * */
};

#endif
