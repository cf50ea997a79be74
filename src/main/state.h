/* The state directory: the local authority, learned things, the control socket. */
#ifndef MAIN_STATE_H
#define MAIN_STATE_H

#include "base/buf.h"

#define STATE_PATH_MAX 4096

/* Where state is kept when nobody says: root → /var/lib/gate443, else $XDG_STATE_HOME/gate443 or
 * ~/.local/state/gate443. -ERR_NOT_FOUND (no home), -ERR_LIMIT (too long). */
int must_use state_dir_path(const char *dir_or_null, char path[STATE_PATH_MAX], struct buf *why);
/* The directory's descriptor (O_DIRECTORY, close-on-exec; the caller's) and its absolute path. Made
 * with its parents, 0700, if missing. −err with the reason in `why`. */
int must_use state_dir_open(const char *dir_or_null, char path[STATE_PATH_MAX], int *ret_fd,
                            struct buf *why);
/* Waits for, and takes, the lock on what the directory holds: reading or making the local authority
 * is one step for all processes. Close the descriptor to let go; −1: could not (errno). */
int state_lock(int dirfd);

#endif
