/* `gate443 fmt [-w] FILE`: a configuration in its standard form. */
#include "io/file.h"
#include "main/cli.h"
#include "main/commands.h"
#include "main/loaded.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: gate443 fmt [-w] FILE\n"
    "  Prints the configuration FILE (-: standard input) in its standard form; comments stay.\n"
    "  -w, --write   change FILE instead (whole or not at all)\n";

/* The file that a symbolic link leads to is replaced, not the link. */
static int write_back(const char *path, struct str text)
{
    struct stat st;
    char *real = realpath(path, NULL), *copy = real ? strdup(real) : NULL;
    int dir = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int err = dir < 0 || stat(real, &st) ? err_from_errno(errno) : 0;
    if (!err)
        err = file_write_atomic(dir, strrchr(real, '/') + 1, text, st.st_mode & 0777);
    if (!err && fchownat(dir, strrchr(real, '/') + 1, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW))
        fprintf(stderr, "gate443 fmt: %s: its owner has changed: %s\n", path, strerror(errno));
    if (dir >= 0)
        close(dir);
    free(copy);
    free(real);
    if (err)
        fprintf(stderr, "gate443 fmt: %s: cannot be written: %s\n", path, err_text(err));
    return err;
}

static int format(const char *path, bool write)
{
    struct buf text, out, errors;
    buf_init(&text, 8u << 20);
    buf_init(&out, 64u << 20);
    buf_init(&errors, 1u << 20);
    bool in = strcmp(path, "-") == 0;
    int err = loaded_text(path, &text, &errors);
    if (!err)
        err = config_format(in ? "(standard input)" : path, buf_str(&text), &out, &errors);
    if (!err && !buf_ok(&out))
        err = -ERR_NOMEM;
    if (errors.n)
        fwrite(buf_str(&errors).p, 1, errors.n, stderr);
    else if (err)
        fprintf(stderr, "gate443 fmt: %s: %s\n", path, err_text(err));
    if (!err && write && !in)
        err = str_eq(buf_str(&text), buf_str(&out)) ? 0 : write_back(path, buf_str(&out));
    else if (!err && out.n)
        fwrite(buf_str(&out).p, 1, out.n, stdout);
    buf_done(&text);
    buf_done(&out);
    buf_done(&errors);
    return err ? 1 : 0;
}

int cmd_fmt(int argc, char **argv)
{
    static const struct cli_flag flags[] = {
        {"write", false, 'w'}, {"help", false, 'h'}, {NULL, false, 0}};
    bool write = false;
    struct cli cli = {argc, argv, flags};
    for (int c; (c = cli_next(&cli)) != -1;) {
        if (c != 'w') {
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
        write = true;
    }
    if (argc - cli.words != 1) {
        fputs(usage, stderr);
        return 2;
    }
    return format(argv[cli.words], write);
}
