/* A configuration read for a command: the same text and the same rules as `serve`, without serving. */
#ifndef MAIN_LOADED_H
#define MAIN_LOADED_H

#include "main/bundle.h"

/* Owned by the command; loaded_done. */
struct loaded {
    struct bundle bundle;
    struct buf text, errors;   /* errors: mistakes, or the warnings of a good one */
    char name[4096];           /* in messages */
    struct snapshot *snapshot; /* NULL: refused */
};

/* What every command and the parent give config_load; `b` records what is read. */
int must_use loaded_env(struct load_env *ret, struct bundle *b, bool colour);
/* Reads FILE ("-": standard input) and checks it. −err: see `errors` (it always says why). The
 * struct is valid, and to be ended with loaded_done, in any case. */
int must_use loaded_file(struct loaded *l, const char *path, bool colour);
/* The same for what `gate443 serve DIR` would serve. */
int must_use loaded_dir(struct loaded *l, const char *dir, bool colour);
void loaded_done(struct loaded *l);
/* Only the text of FILE, for fmt. */
int must_use loaded_text(const char *path, struct buf *text, struct buf *errors);

#endif
