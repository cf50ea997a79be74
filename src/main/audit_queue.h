/* The two ends of a scan that lives in Redis: putting targets in, and getting reports out. */
#ifndef MAIN_AUDIT_QUEUE_H
#define MAIN_AUDIT_QUEUE_H

#include "main/audit_run.h"

/* Of o: words, targets, public_ranges, queue. Exit status as of audit_run. */
int audit_queue_enqueue(struct audit_env *env, const struct audit_run_options *o);
/* Every report, a line of JSON each, to o->output or standard output, until none is left to be done. */
int audit_queue_collect(struct audit_env *env, const struct audit_run_options *o);

#endif
