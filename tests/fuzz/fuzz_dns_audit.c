/* The DNS questions of an audit, each answered by the records that the input holds behind its three
 * counts: it ends after a bounded number of questions, and whatever was kept can be judged. */
#include "audit/dns_audit.h"
#include "audit/dns_caa.h"
#include "audit/dns_https.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { QUESTIONS_MAX = 5 + 8 + 4 + 2 }; /* aliases of HTTPS, labels of CAA, the target's */

static void compose(struct buf *out, const struct dns_ask *q, const uint8_t *data, size_t size)
{
    const char head[] = {0, 0, (char)0x81, (char)(data[0] & 0xa3), 0, 1, 0, (char)data[1],
                         0, 0, 0,          (char)data[2]};
    const char tail[] = {(char)(q->type >> 8), (char)q->type, 0, 1};
    buf_add(out, str_of(head, sizeof head));
    buf_add(out, str_of((const char *)q->name.wire, q->name.n));
    buf_add(out, str_of(tail, sizeof tail));
    buf_add(out, str_of((const char *)data + 3, size - 3));
}

static void judge(const struct dns_facts *f)
{
    struct dns_caa_result caa;
    struct dns_https_result https;
    const struct dns_caa_issuer *known = dns_caa_issuer(STR("Let's Encrypt"));
    for (int i = 0; i < 4; i++)
        dns_caa_judge(f, i & 1 ? known : NULL, i & 2, &caa);
    dns_https_judge(f, &https);
    assert(f->caa.n <= DNS_RECORDS_MAX && f->https.n <= DNS_RECORDS_MAX);
    assert(https.verdict != DNS_HTTPS_SERVICE || https.first < f->https.n);
    for (size_t i = 1; i < f->https.n; i++)
        assert(f->https.records[i - 1].priority <= f->https.records[i].priority);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct dns_audit audit;
    struct dns_ask q;
    int n = 0;
    if (size < 3)
        return 0;
    arena_init(&arena, 4096, 256 * 1024); /* may run out, too */
    int err = dns_audit_init(&audit, &arena, STR("a.b.c.test"), 443);
    assert(err == 0);
    while (dns_audit_next(&audit, &q)) {
        struct buf response;
        buf_init(&response, DNSMSG_MAX);
        compose(&response, &q, data, size);
        err = dns_audit_answer(&audit, q.slot, 0, buf_str(&response));
        assert(err == 0 || err == -ERR_NOMEM);
        buf_done(&response);
        assert(++n <= QUESTIONS_MAX);
    }
    assert(dns_audit_done(&audit));
    judge(audit.facts);
    arena_done(&arena);
    return 0;
}
