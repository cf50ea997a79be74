/* A run of `gate443 audit`: targets from words, a file, standard input or a queue, through the fleet,
 * to a file, standard output or the queue they came from. */
#ifndef MAIN_AUDIT_RUN_H
#define MAIN_AUDIT_RUN_H

#include "audit/fleet.h"
#include "audit/report_format.h"
#include "upstream/redis_url.h"

struct audit_run_options {
    char **words;              /* targets of the command line */
    int nwords;
    const char *targets;       /* a file of them, "-": standard input; NULL: none */
    const char *exclude;       /* the opt-out list; NULL: none */
    bool public_ranges;
    const char *state;         /* the journal; NULL: none. Only for jsonl */
    const struct redis_url *queue; /* targets come from it, and reports go there; NULL: no */
    uint64_t lease;            /* ns; 0: QUEUE_LEASE */
    const char *output;        /* NULL: standard output */
    uint64_t options;          /* hash of all that changes what is found or told */
    const struct report_format *format;
    struct format_options look;
    unsigned parallel, network_parallel, network_rate; /* 0: not said */
    bool network_said;
    /* What every target gets from the command line: --connect-to, --sni. */
    void (*prepare)(void *user, struct audit_target *t);
    void *user;
    void (*on_report)(void *user, const struct report *r);
    void *report_user;
    bool quiet;                /* nothing on standard error but faults */
};

/* Exit status: 0, 1 (something could not be audited, read, or written), 2 (a word is no target).
 * env->options.inflight of 0 is set to what fits the number of targets. */
int audit_run(struct audit_env *env, const struct audit_run_options *o);
/* As many descriptors as the system permits; before the loop is made. */
void audit_run_raise_limit(void);

#endif
