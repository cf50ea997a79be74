/* A list of SCTs: what is read lies inside of it, and everything is either kept or counted. */
#include "audit/sct.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_slice(struct str s, struct str in)
{
    assert(s.n == 0 || (s.p >= in.p && s.p + s.n <= in.p + in.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size);
    struct sct_list l = {0};
    struct sct_subject subject = {.cert = in};
    struct ct_log log = {.key = in};
    struct ct_logs logs = {&log, 1, 0};
    struct sct_facts f;
    (void)!sct_list_add(&l, SCT_FROM_TLS, in);
    assert(l.n <= SCT_MAX && 2 * (l.n + l.other_version + l.dropped + l.malformed) <= size);
    for (size_t i = 0; i < l.n; i++) {
        assert(l.item[i].log_id.n == SCT_LOG_ID);
        check_slice(l.item[i].log_id, in);
        check_slice(l.item[i].extensions, in);
        check_slice(l.item[i].signature, in);
    }
    if (l.n)
        memcpy(log.id, l.item[0].log_id.p, sizeof log.id);
    sct_look(&l, &subject, &logs, 1790000000, 90 * 86400, 1790000000, &f);
    assert(!f.compliant && f.good == 0 && f.distinct <= l.n);
    return 0;
}
