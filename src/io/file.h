/* Files beneath a directory descriptor, never outside of it (openat2 RESOLVE_BENEATH |
 * RESOLVE_NO_MAGICLINKS). */
#ifndef IO_FILE_H
#define IO_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <sys/stat.h>

/* Opens path (relative, no leading slash; "" or "." is the directory itself) for reading,
 * O_NONBLOCK so that a FIFO cannot hang us. follow: symbolic links that stay beneath are followed.
 * -ERR_NOT_FOUND, -ERR_DENIED_BY_SYSTEM, -ERR_TOO_MANY, … */
int must_use file_open_beneath(int dirfd, const char *path, bool follow, int *ret_fd);
/* The same with fstat's answer. */
int must_use file_open_stat(int dirfd, const char *path, bool follow, int *ret_fd,
                            struct stat *ret_stat);
/* Whole content of a small file into an initialised buf (its max is the limit). */
int must_use file_read_all(int fd, struct buf *into);
/* Writes name in dirfd atomically: temporary file, fsync, rename, fsync of the directory. */
int must_use file_write_atomic(int dirfd, const char *name, struct str content, mode_t mode);
/* What a visitor may learn of a failed open: not there, not permitted (told apart, so that who sets a
 * site up sees why), or an error of ours. −err in, −err out. */
int file_refusal(int err);

#endif
