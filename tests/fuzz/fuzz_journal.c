/* Journals as a disk may have kept them: what is opened is whole again, opening it twice changes
 * nothing more, and what is added then is found. The input is the journal, a NUL byte, the output. */
#include "audit/journal.h"

#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATH_SIZE = 64, OPTIONS = 0x443 };

static const uint64_t seed[2] = {7, 8};

static int file_of(struct str bytes, char path[PATH_SIZE])
{
    int fd = memfd_create("journal", MFD_CLOEXEC);
    assert(fd >= 0 && write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n);
    snprintf(path, PATH_SIZE, "/proc/self/fd/%d", fd);
    return fd;
}

static uint64_t size_of(int fd)
{
    struct stat st;
    assert(fstat(fd, &st) == 0);
    return (uint64_t)st.st_size;
}

static void go_on(const char *path, const char *output, int fd, int output_fd, size_t n)
{
    struct journal j;
    const char *about;
    uint64_t before = size_of(fd), out = size_of(output_fd);
    assert(journal_open(&j, path, output, OPTIONS, seed, &about) == 0);
    assert(j.done.n == n && j.recovered == 0 && size_of(fd) == before && size_of(output_fd) == out);
    if (output)
        assert(journal_output(&j, STR("{}\n")) == 0);
    assert(journal_add(&j, STR("new.test:443"), 0) == 0 && journal_has(&j, STR("new.test:443")));
    n = j.done.n;
    assert(journal_close(&j) == 0);
    assert(journal_open(&j, path, output, OPTIONS, seed, &about) == 0);
    assert(j.done.n == n && journal_has(&j, STR("new.test:443")));
    assert(journal_close(&j) == 0);
}

static void try(struct str text, struct str written, bool with_output)
{
    char path[PATH_SIZE], output[PATH_SIZE];
    struct journal j;
    const char *about = NULL;
    int fd = file_of(text, path), output_fd = file_of(written, output);
    int err = journal_open(&j, path, with_output ? output : NULL, OPTIONS, seed, &about);
    assert(err == 0 || err == -ERR_SYNTAX || err == -ERR_EXISTS);
    if (!err) {
        size_t n = j.done.n;
        assert(journal_close(&j) == 0);
        go_on(path, with_output ? output : NULL, fd, output_fd, n);
    } else {
        assert(j.fd < 0 && j.output < 0 && about);
        assert(size_of(output_fd) == written.n);
    }
    close(fd);
    close(output_fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size), text;
    if (!str_split(&in, '\0', &text))
        return 0;
    try(text, in, true);
    try(text, in, false);
    return 0;
}
