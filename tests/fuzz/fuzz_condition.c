/* Conditions: lines "name: value" as request fields, the first line as the tag. */
#include "wire/condition.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_of((const char *)data, size), line, etag = STR_NONE;
    struct field fields[16];
    struct head h = {.method = METHOD_GET, .fields = fields, .cap = 16};
    str_split(&rest, '\n', &etag);
    while (str_split(&rest, '\n', &line)) {
        size_t colon = str_find(line, ':', 0);
        struct str value = str_trim(str_from(line, colon + 1));
        if (colon < line.n && head_add_named(&h, str_sub(line, 0, colon), value))
            break;
    }
    enum condition get = condition_evaluate(&h, etag, 784111777);
    h.method = METHOD_PUT;
    enum condition put = condition_evaluate(&h, etag, 784111777);
    assert(put != COND_NOT_MODIFIED);
    assert(get != COND_FAILED || put == COND_FAILED);
    bool applies = condition_range_applies(&h, etag, MTIME_NONE);
    assert(applies || head_has(&h, FIELD_IF_RANGE));
    struct str list = head_value(&h, FIELD_IF_MATCH);
    if (condition_etag_in(list, etag, false))
        assert(condition_etag_in(list, etag, true)); /* strong implies weak */
    assert(condition_evaluate_absent(&h) != COND_NOT_MODIFIED);
    return 0;
}
