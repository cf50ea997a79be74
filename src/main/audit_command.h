/* The command line that `gate443 audit` and `gate443 watch` have in common. */
#ifndef MAIN_AUDIT_COMMAND_H
#define MAIN_AUDIT_COMMAND_H

#include "main/audit_run.h"

struct audit_watch {
    const char *state;  /* directory; NULL: the user's own */
    uint64_t every;     /* ns */
    bool once, json;
};

/* watch NULL: it audits. Else it is called with what the words say, and its result is the exit status. */
int audit_command(int argc, char **argv, const char *usage,
                  int (*watch)(struct audit_env *env, struct audit_run_options *o, const struct audit_watch *w));

#endif
