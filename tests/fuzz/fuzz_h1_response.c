/* Response heads, and trailer sections, for each kind of request answered. */
#include "wire/h1_emit.h"
#include "wire/h1_parse.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIELDS 64
static const struct h1_limits limits = {.line = 4096, .head = 16384, .fields = FIELDS};

static void one(struct str in, enum method to)
{
    struct field fields[FIELDS];
    struct head h = {.fields = fields, .cap = FIELDS};
    size_t used;
    if (h1_parse_response(&h, in, 0, to, &limits, &used))
        return;
    struct buf out;
    assert(used > 0 && used <= in.n);
    assert(h.status >= 100 && h.status <= 599);
    assert(!(head_has(&h, FIELD_TRANSFER_ENCODING) && head_has(&h, FIELD_CONTENT_LENGTH)));
    assert(to != METHOD_HEAD || h.length == LENGTH_NONE);
    buf_init(&out, 65536);
    assert(h1_emit_response(&out, &h) == 0);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size);
    struct field fields[FIELDS];
    struct head h = {.fields = fields, .cap = FIELDS};
    size_t used;
    one(in, METHOD_GET);
    one(in, METHOD_HEAD);
    one(in, METHOD_CONNECT);
    if (h1_parse_trailers(&h, in, &limits, &used) == 0) {
        assert(used >= 2 && used <= size);
        assert(!head_has(&h, FIELD_CONTENT_LENGTH) && !head_has(&h, FIELD_HOST));
    }
    return 0;
}
