/* Starting ourselves again as another role: fork and exec, so that each process has an address
 * space layout and a stack canary of its own and inherits only what it is handed. */
#ifndef PROCESS_SPAWN_H
#define PROCESS_SPAWN_H

#include "base/err.h"

#include <stddef.h>
#include <sys/types.h>

#define SPAWN_FD 3 /* the first handed descriptor in the child */

/* Runs "/proc/self/exe role NAME ARG…" with fds as descriptors 3, 4, … and nothing else open but
 * 0, 1, 2. The child is killed when we die. args is NULL-terminated, at most 14 words. */
int must_use spawn_role(const char *name, const char *const *args, const int *fds, size_t nfds,
                        pid_t *ret_pid);

#endif
