/* The journal of a scan; see journal.h. */
#include "audit/journal.h"

#include <jansson.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER "gate443-audit-journal 1 "
enum { HEADER_N = sizeof HEADER - 1 + 16 + 1, LINE_MAX_BYTES = AUDIT_KEY_MAX + 24 };

static int write_all(int fd, struct str s)
{
    while (s.n) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno != EINTR)
            return err_from_errno(errno);
        s = str_from(s, n > 0 ? (size_t)n : 0);
    }
    return 0;
}

static int size_of(int fd, uint64_t *ret)
{
    struct stat st;
    if (fstat(fd, &st))
        return err_from_errno(errno);
    *ret = (uint64_t)st.st_size;
    return 0;
}

static int cut_at(int fd, uint64_t size)
{
    return ftruncate(fd, (off_t)size) ? err_from_errno(errno) : 0;
}

/* A stream of its own on the same file, from `offset`. */
static FILE *reader_at(int fd, uint64_t offset)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    FILE *f = copy < 0 ? NULL : fdopen(copy, "r");
    if (!f && copy >= 0)
        close(copy);
    if (f && fseeko(f, (off_t)offset, SEEK_SET)) {
        fclose(f);
        f = NULL;
    }
    return f;
}

static int keep(struct journal *j, struct str key)
{
    int err = hash_set_add(&j->done, key);
    return err == -ERR_EXISTS ? 0 : err;
}

/* ---- the journal's own lines ---- */

static bool line_ends_at(const struct journal *j, uint64_t offset)
{
    char c = '\n';
    if (offset > j->size)
        return false;
    return offset == 0 || (pread(j->output, &c, 1, (off_t)offset - 1) == 1 && c == '\n');
}

/* False: it does not count, nor does what follows. */
static bool take_line(struct journal *j, struct str line, uint64_t *offset, int *err)
{
    struct str number, key = line;
    uint64_t at = 0;
    if (!str_split(&key, ' ', &number) || !key.p || key.n == 0)
        return false;
    if (str_eq(number, STR("-")) != (j->output < 0))
        return false;
    if (j->output >= 0 && (!str_u64(number, &at) || at < *offset || !line_ends_at(j, at)))
        return false;
    *offset = at;
    *err = keep(j, key);
    return *err == 0;
}

/* What is good of a journal stays, the rest (half a line, what the disk lost) is cut off. */
static int read_lines(struct journal *j, uint64_t *ret_offset)
{
    FILE *f = reader_at(j->fd, HEADER_N);
    char *text = NULL;
    size_t cap = 0;
    uint64_t good = HEADER_N;
    int err = f ? 0 : -ERR_IO;
    for (ssize_t n; !err && (n = getline(&text, &cap, f)) > 0; good += (uint64_t)n)
        if (text[n - 1] != '\n' || !take_line(j, str_of(text, (size_t)n - 1), ret_offset, &err))
            break;
    free(text);
    if (f)
        fclose(f);
    return err ? err : cut_at(j->fd, good);
}

/* ---- reports without a line ---- */

static bool key_of_report(const char *line, size_t n, char key[AUDIT_KEY_MAX])
{
    struct audit_target t = {.port = 0};
    json_t *report = json_loadb(line, n, 0, NULL);
    const char *host = json_string_value(json_object_get(report, "host"));
    json_int_t port = json_integer_value(json_object_get(report, "port"));
    bool good = host && port > 0 && port <= 65535;
    if (good) {
        snprintf(t.host, sizeof t.host, "%s", host);
        t.port = (uint16_t)port;
        audit_target_key(&t, key);
    }
    json_decref(report);
    return good;
}

static int add_line(struct journal *j, struct str key)
{
    char line[LINE_MAX_BYTES];
    int n = j->output < 0 ? snprintf(line, sizeof line, "- %.*s\n", STR_ARG(key))
                          : snprintf(line, sizeof line, "%" PRIu64 " %.*s\n", j->size, STR_ARG(key));
    if (n < 0 || (size_t)n >= sizeof line)
        return -ERR_RANGE;
    int err = keep(j, key);
    j->dirty = true;
    return err ? err : write_all(j->fd, str_of(line, (size_t)n));
}

static int recover(struct journal *j, uint64_t from)
{
    FILE *f = reader_at(j->output, from);
    char *text = NULL, key[AUDIT_KEY_MAX];
    size_t cap = 0;
    int err = f ? 0 : -ERR_IO;
    j->size = from;
    for (ssize_t n; !err && (n = getline(&text, &cap, f)) > 0;) {
        if (text[n - 1] != '\n' || !key_of_report(text, (size_t)n, key))
            break;
        j->size += (uint64_t)n;
        j->recovered++;
        err = add_line(j, str_c(key));
    }
    free(text);
    if (f)
        fclose(f);
    return err ? err : cut_at(j->output, j->size);
}

/* ---- open and close ---- */

static int read_header(struct journal *j, uint64_t options)
{
    char text[HEADER_N];
    uint64_t hash;
    ssize_t n = pread(j->fd, text, sizeof text, 0);
    struct str s = str_of(text, n > 0 ? (size_t)n : 0);
    if (s.n < HEADER_N && str_starts(STR(HEADER), str_sub(s, 0, sizeof HEADER - 1)))
        return -ERR_NOT_FOUND; /* empty, or it died while it wrote its first line */
    if (s.n < HEADER_N || !str_starts(s, STR(HEADER)) || text[HEADER_N - 1] != '\n' ||
        !str_hex_u64(str_sub(s, sizeof HEADER - 1, 16), &hash))
        return -ERR_SYNTAX;
    return hash == options ? 0 : -ERR_EXISTS;
}

static int begin(struct journal *j, uint64_t options)
{
    char text[HEADER_N + 1];
    int err = cut_at(j->fd, 0);
    snprintf(text, sizeof text, HEADER "%016" PRIx64 "\n", options);
    if (!err)
        err = write_all(j->fd, str_of(text, HEADER_N));
    return err || fdatasync(j->fd) == 0 ? err : err_from_errno(errno);
}

static int open_at(const char *path, int *ret)
{
    *ret = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    return *ret < 0 ? err_from_errno(errno) : 0;
}

static int open_journal(struct journal *j, const char *path, uint64_t options, bool *ret_new)
{
    int err = open_at(path, &j->fd);
    if (err)
        return err;
    if (flock(j->fd, LOCK_EX | LOCK_NB))
        return errno == EWOULDBLOCK ? -ERR_TOO_MANY : err_from_errno(errno);
    err = read_header(j, options);
    *ret_new = err == -ERR_NOT_FOUND;
    return *ret_new ? begin(j, options) : err;
}

/* An output that was there before its journal is somebody's: neither appended to nor cut off. */
static int open_output(struct journal *j, const char *path, bool is_new)
{
    int err = open_at(path, &j->output);
    if (!err)
        err = size_of(j->output, &j->size);
    return err ? err : is_new && j->size ? -ERR_EXISTS : 0;
}

static int open_both(struct journal *j, const char *path, const char *output, uint64_t options,
                     const char **ret_path)
{
    bool is_new = false;
    uint64_t offset = 0;
    *ret_path = path;
    int err = open_journal(j, path, options, &is_new);
    if (err)
        return err;
    if (output) {
        *ret_path = output;
        err = open_output(j, output, is_new);
        if (err && is_new)
            (void)!ftruncate(j->fd, 0); /* so that the next try is told the same */
    }
    if (err)
        return err;
    err = read_lines(j, &offset);
    return err || !output ? err : recover(j, offset);
}

static void give_up(struct journal *j)
{
    if (j->fd >= 0)
        close(j->fd);
    if (j->output >= 0)
        close(j->output);
    hash_set_done(&j->done);
    j->fd = j->output = -1;
}

int journal_open(struct journal *j, const char *path, const char *output, uint64_t options,
                 const uint64_t seed[2], const char **ret_path)
{
    *j = (struct journal){.fd = -1, .output = -1};
    hash_set_init(&j->done, JOURNAL_DONE_MAX, seed);
    int err = open_both(j, path, output, options, ret_path);
    if (err)
        give_up(j);
    return err;
}

static int sync_both(struct journal *j)
{
    if (j->output >= 0 && fdatasync(j->output))
        return err_from_errno(errno);
    if (fdatasync(j->fd))
        return err_from_errno(errno);
    j->dirty = false;
    return 0;
}

int journal_close(struct journal *j)
{
    int err = j->fd >= 0 && j->dirty ? sync_both(j) : 0;
    give_up(j);
    return err;
}

bool journal_has(const struct journal *j, struct str key)
{
    return hash_set_has(&j->done, key);
}

int journal_output(struct journal *j, struct str line)
{
    int err = write_all(j->output, line);
    j->size += err ? 0 : line.n;
    return err;
}

int journal_add(struct journal *j, struct str key, uint64_t now)
{
    int err = add_line(j, key);
    if (err || now - j->synced < JOURNAL_SYNC)
        return err;
    j->synced = now;
    return sync_both(j);
}
