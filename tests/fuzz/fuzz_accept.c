/* Negotiation, priorities and media types: values of fields that a client chooses. */
#include "wire/accept.h"
#include "wire/media.h"
#include "wire/priority.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str value = str_of((const char *)data, size);
    struct field fields[1];
    struct head h = {.fields = fields, .cap = 1};
    if (head_add(&h, FIELD_ACCEPT_ENCODING, value))
        return 0;
    for (unsigned available = 0; available < 1u << CODING_COUNT; available++) {
        enum coding c = accept_coding(&h, available);
        assert(c == CODING_IDENTITY ||
               (available & CODING_BIT(c) && accept_quality(value, coding_name(c)) > 0));
    }
    int q = accept_media(value, STR("text/html"));
    assert(q >= 0 && q <= 1000);
    struct priority p = priority_parse(value);
    assert(p.urgency <= 7);
    assert(media_of(value)->type.n > 0);
    (void)media_compressible(value);
    return 0;
}
