/* Reading files whole; see audit_files.h. */
#include "main/audit_files.h"

#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int audit_file_read(const char *path, struct buf *into)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "gate443 audit: %s: %s\n", path, strerror(errno));
        return 1;
    }
    int err = file_read_all(fd, into);
    close(fd);
    if (err)
        fprintf(stderr, "gate443 audit: %s: %s\n", path, err_text(err));
    return err != 0;
}
