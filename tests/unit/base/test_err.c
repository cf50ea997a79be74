/* The error and the metric tables. */
#include "base/err.h"
#include "base/metric.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <cmocka.h>

static void rows(void **state)
{
    assert_string_equal(err_row(ERR_NOT_FOUND)->code, "NOT_FOUND");
    assert_ptr_equal(err_row(-ERR_NOT_FOUND), err_row(ERR_NOT_FOUND));
    assert_int_equal(err_row(ERR_NOT_FOUND)->http, 404);
    assert_ptr_equal(err_row(ERR_COUNT + 7), err_row(ERR_INTERNAL));
    for (int e = 0; e < ERR_COUNT; e++) {
        const struct err_row *row = err_row(e);
        assert_non_null(row->code);
        assert_true(row->text && *row->text);
        assert_true(row->http == 0 || (row->http >= 200 && row->http < 600));
        for (int other = 0; other < e; other++)
            assert_string_not_equal(row->code, err_row(other)->code);
    }
}

static void from_errno(void **state)
{
    assert_int_equal(err_from_errno(0), 0);
    assert_int_equal(err_from_errno(EAGAIN), -ERR_AGAIN);
    assert_int_equal(err_from_errno(ENOENT), -ERR_NOT_FOUND);
    assert_int_equal(err_from_errno(EXDEV), -ERR_DENIED_BY_SYSTEM);
    assert_int_equal(err_from_errno(EPIPE), -ERR_RESET);
    assert_int_equal(err_from_errno(99999), -ERR_IO);
}

/* What an administrator has to tell apart says what it is. */
static void common_faults_have_names(void **state)
{
    static const struct {
        int number;
        const char *text;
    } rows[] = {
        {ENOSPC, "no space left on the device"},
        {EDQUOT, "no space left on the device"},
        {EISDIR, "it is a directory"},
        {ENOTDIR, "a part of the path is not a directory"},
        {EROFS, "the file system is read-only"},
        {EMFILE, "too many open files"},
        {ENFILE, "too many open files"},
        {ENAMETOOLONG, "the name is too long"},
        {EFBIG, "the file would become too large"},
        {ECONNREFUSED, "connection refused"},
        {EIO, "input/output error"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(err_text(err_from_errno(rows[i].number)), rows[i].text);
}

static void metric_table(void **state)
{
    struct metrics m = {.conns_accepted = 5, .conns_open = 9};
    assert_int_equal(metric_row_count * sizeof(uint64_t), offsetof(struct metrics, heartbeat));
    for (size_t i = 0; i < metric_row_count; i++) {
        const struct metric_row *row = &metric_rows[i];
        bool counter = strcmp(row->type, "counter") == 0;
        assert_true(counter || strcmp(row->type, "gauge") == 0);
        assert_int_equal(strncmp(row->name, "gate443_", 8), 0);
        const char *total = strstr(row->name, "_total");
        assert_true(counter == (total && total[6] == '\0')); /* Prometheus' naming rule */
        if (strcmp(row->field, "conns_accepted") == 0)
            assert_int_equal(metric_read(&m, row), 5);
        if (strcmp(row->field, "conns_open") == 0)
            assert_int_equal(metric_read(&m, row), 9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        cmocka_unit_test(from_errno),
        cmocka_unit_test(common_faults_have_names),
        cmocka_unit_test(metric_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
