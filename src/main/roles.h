/* The processes that we are made of: a table in roles.c. The parent starts the others. */
#ifndef MAIN_ROLES_H
#define MAIN_ROLES_H

#include "base/log.h"
#include "base/metric.h"
#include "io/loop.h"
#include "process/sandbox.h"

/* What a role is given at its start; descriptors become its own. */
struct role_args {
    int chan;        /* to the parent */
    int extra;       /* keeper: the state directory, or -1 */
    int metrics;     /* its page of shared memory (a memfd), or -1 */
    struct log log;
    bool single;     /* all roles share one process: no sandbox, ending stops nothing else */
};

struct role {
    const char *name;
    enum sandbox_kind sandbox;
    uint64_t permitted; /* messages it accepts from the parent */
    /* Begins to work on the loop; −err: could not. */
    int (*start)(struct loop *loop, const struct role_args *args);
};

#define PERMIT(id) ((uint64_t)1 << MSG_##id)

extern const struct role keeper_role, worker_role;
/* Maps the page and closes fd. NULL: none. */
struct metrics *role_map_metrics(int fd);
const struct role *role_find(const char *name);
/* Main of a child process: "role NAME UID GID LEVEL" with descriptors 3, 4, 5. */
int role_main(int argc, char **argv);

#endif
