/* Files that the auditor's commands read whole. */
#ifndef MAIN_AUDIT_FILES_H
#define MAIN_AUDIT_FILES_H

#include "base/buf.h"

#define AUDIT_FILE_MAX (64 * 1024 * 1024) /* bytes */

/* 0, or 1 with the reason told on standard error. */
int audit_file_read(const char *path, struct buf *into);

#endif
