/* Chain files; see chain_file.h. Not through the bundle: what it records goes to the workers, and a
 * chain often stands in one file with its key. */
#include "main/chain_file.h"

#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int chain_file_read(const char *path, const char *label, struct buf *text, struct buf *errors)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold the parent up */
    int err = fd < 0 ? err_from_errno(errno) : file_read_all(fd, text);
    if (fd >= 0)
        close(fd);
    if (err == -ERR_LIMIT)
        buf_addf(errors, "%s: more than %d KiB: this is no certificate chain\n", label,
                 CHAIN_FILE_MAX / 1024);
    else if (err)
        buf_addf(errors, "%s: %s\n", label, err_text(err));
    return err;
}
