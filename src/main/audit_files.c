/* Reading files whole; see audit_files.h. */
#include "main/audit_files.h"

#include <errno.h>
#include <stdio.h>

int audit_file_read(const char *path, struct buf *into)
{
    FILE *f = fopen(path, "rbe");
    if (!f) {
        fprintf(stderr, "gate443 audit: %s: %s\n", path, strerror(errno));
        return 1;
    }
    char piece[16384];
    size_t n;
    int err = 0;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0 && !err)
        err = buf_append(into, str_of(piece, n));
    bool bad = ferror(f) || err;
    fclose(f);
    if (bad)
        fprintf(stderr, "gate443 audit: %s: %s\n", path, err ? err_text(err) : "cannot be read");
    return bad;
}
