/* Reading a configuration for a command; see loaded.h. */
#include "main/loaded.h"

#include "io/file.h"
#include "main/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX   (8u * 1024 * 1024)
#define ERRORS_MAX (4u * 1024 * 1024)

int loaded_env(struct load_env *ret, struct bundle *b, bool colour)
{
    struct load_env env = {.handlers = registry_handlers,
                           .read_file = bundle_record_file,
                           .glob = bundle_record_glob,
                           .user = b,
                           .wall = time(NULL),
                           .check_paths = true,
                           .colour = colour};
    if (getrandom(env.seed, sizeof env.seed, 0) != sizeof env.seed)
        return -ERR_IO;
    *ret = env;
    return 0;
}

static void init(struct loaded *l)
{
    *l = (struct loaded){0};
    bundle_init(&l->bundle);
    buf_init(&l->text, TEXT_MAX);
    buf_init(&l->errors, ERRORS_MAX);
}

void loaded_done(struct loaded *l)
{
    snapshot_unref(l->snapshot);
    bundle_done(&l->bundle);
    buf_done(&l->text);
    buf_done(&l->errors);
}

int loaded_text(const char *path, struct buf *text, struct buf *errors)
{
    bool in = strcmp(path, "-") == 0;
    int fd = in ? 0 : open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    int err = fd < 0 ? err_from_errno(errno) : file_read_all(fd, text);
    if (fd < 0)
        buf_addf(errors, "%s: %s\n", path, strerror(errno));
    else if (err == -ERR_LIMIT)
        buf_addf(errors, "%s: larger than %u MiB\n", path, TEXT_MAX >> 20);
    else if (err)
        buf_addf(errors, "%s: cannot be read: %s\n", path,
                 fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? "it is a directory" : err_text(err));
    if (fd > 0)
        close(fd);
    return err;
}

static int parse(struct loaded *l, bool colour)
{
    struct load_env env;
    int err = loaded_env(&env, &l->bundle, colour);
    if (!err)
        err = config_load(&env, l->name, buf_str(&l->text), &l->errors, &l->snapshot);
    if (err && l->errors.n == 0)
        buf_addf(&l->errors, "%s: %s\n", l->name, err_text(err));
    return err;
}

int loaded_file(struct loaded *l, const char *path, bool colour)
{
    init(l);
    snprintf(l->name, sizeof l->name, "%s", strcmp(path, "-") == 0 ? "(standard input)" : path);
    int err = loaded_text(path, &l->text, &l->errors);
    return err ? err : parse(l, colour);
}

int loaded_dir(struct loaded *l, const char *dir, bool colour)
{
    char real[PATH_MAX];
    const char *const no_names[] = {NULL};
    init(l);
    if (!realpath(dir, real)) {
        buf_addf(&l->errors, "%s: %s\n", dir, strerror(errno));
        return err_from_errno(errno);
    }
    struct serve_defaults defaults = {real, no_names, NULL, NULL};
    snprintf(l->name, sizeof l->name, "(gate443 serve %s)", dir);
    config_text_for_dir(&l->text, &defaults);
    return parse(l, colour);
}
