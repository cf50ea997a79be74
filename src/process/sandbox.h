/* What a role gives up before it looks at the first byte that is not ours. */
#ifndef PROCESS_SANDBOX_H
#define PROCESS_SANDBOX_H

#include "base/buf.h"

#include <sys/types.h>

enum sandbox_kind { SANDBOX_KEEPER, SANDBOX_WORKER };

struct sandbox {
    enum sandbox_kind kind;
    bool drop;  /* started by root: become uid and gid */
    uid_t uid;
    gid_t gid;
};

/* For good: no core dumps, not traceable (PR_SET_DUMPABLE 0), user and capabilities dropped,
 * no_new_privs, seccomp allow-list of the kind. A refused system call kills the process in the
 * kernel's log with its number. −err with the reason in `why`: the role must not go on. */
int must_use sandbox_enter(const struct sandbox *s, struct buf *why);
/* uid and gid of a user name ("" : "nobody"). -ERR_NOT_FOUND. */
int must_use sandbox_user(struct str name, uid_t *ret_uid, gid_t *ret_gid);

#endif
