/* DNS messages; see dnsmsg.h. A message is walked once by dnsmsg_parse; what walks it later can
 * rely on every length and name in it. */
#include "wire/dnsmsg.h"

#include "wire/dnsrr.h"

enum {
    HEADER = 12, /* bytes */
    CLASS_IN = 1,
    ALIASES_MAX = 16,
    /* Bits of the header's second pair of bytes. */
    QR = 0x8000,
    AA = 0x0400,
    TC = 0x0200,
    RD = 0x0100,
    RA = 0x0080,
    AD = 0x0020,
    CD = 0x0010,
    EDNS_DO = 0x8000,
};

static void put_u16(struct buf *out, unsigned v)
{
    buf_addc(out, (char)(v >> 8 & 0xff));
    buf_addc(out, (char)(v & 0xff));
}

/* RFC 6891 6.1.2: root, OPT, the size we take, extended code and version 0, flags, no options. */
static void put_edns(struct buf *out, bool dnssec)
{
    buf_addc(out, '\0');
    put_u16(out, DNSMSG_OPT);
    put_u16(out, DNSMSG_UDP_SIZE);
    put_u16(out, 0);
    put_u16(out, dnssec ? EDNS_DO : 0);
    put_u16(out, 0);
}

void dnsmsg_query(struct buf *out, const struct dnsmsg_question *q)
{
    put_u16(out, q->id);
    put_u16(out, (q->recurse ? RD : 0u) | (q->tell_secure ? AD : 0u));
    put_u16(out, 1); /* one question, and the OPT record among the additional ones */
    put_u16(out, 0);
    put_u16(out, 0);
    put_u16(out, 1);
    buf_add(out, str_of((const char *)q->name->wire, q->name->n));
    put_u16(out, q->type);
    put_u16(out, CLASS_IN);
    put_edns(out, q->dnssec);
}

static unsigned u8_at(struct str in, size_t at)
{
    return (unsigned char)in.p[at];
}

static unsigned u16_at(struct str in, size_t at)
{
    return u8_at(in, at) << 8 | u8_at(in, at + 1);
}

/* RFC 2181 8: a time to live with its highest bit set is 0. */
static uint32_t ttl_at(struct str in, size_t at)
{
    uint32_t v = (uint32_t)u16_at(in, at) << 16 | u16_at(in, at + 2);
    return v & 0x80000000u ? 0 : v;
}

static int read_record(struct str in, size_t *at, struct dnsmsg_record *ret)
{
    size_t pos = *at;
    int err = dnsname_read(&ret->name, in, &pos);
    if (err)
        return err;
    if (in.n - pos < 10)
        return -ERR_SYNTAX;
    size_t n = u16_at(in, pos + 8);
    if (n > in.n - pos - 10)
        return -ERR_SYNTAX;
    ret->type = (uint16_t)u16_at(in, pos);
    ret->class = (uint16_t)u16_at(in, pos + 2);
    ret->ttl = ttl_at(in, pos + 4);
    ret->data = str_sub(in, pos + 10, n);
    *at = pos + 10 + n;
    return 0;
}

static void read_header(struct dnsmsg *m, struct str in)
{
    unsigned flags = u16_at(in, 2);
    *m = (struct dnsmsg){
        .in = in,
        .id = (uint16_t)u16_at(in, 0),
        .response = flags & QR,
        .authoritative = flags & AA,
        .truncated = flags & TC,
        .recurse = flags & RD,
        .recursion_available = flags & RA,
        .secure = flags & AD,
        .checking_disabled = flags & CD,
        .opcode = flags >> 11 & 15,
        .rcode = flags & 15,
        .has_question = u16_at(in, 4) == 1,
        .records = {u16_at(in, 6), u16_at(in, 8), u16_at(in, 10)},
        .first = HEADER,
    };
}

static int read_question(struct dnsmsg *m)
{
    int err = dnsname_read(&m->name, m->in, &m->first);
    if (err)
        return err;
    if (m->in.n - m->first < 4 || u16_at(m->in, m->first + 2) != CLASS_IN)
        return -ERR_SYNTAX;
    m->type = (uint16_t)u16_at(m->in, m->first);
    m->first += 4;
    return 0;
}

/* RFC 6891 6.1.1: at most one, among the additional records, owned by the root. Where other records
 * have their time to live, it has more of the response code, a version and flags. */
static int read_edns(struct dnsmsg *m, const struct dnsmsg_record *r)
{
    if (m->edns || r->section != DNSMSG_ADDITIONAL || !dnsname_is_root(&r->name))
        return -ERR_SYNTAX;
    size_t at = (size_t)(r->data.p - m->in.p) - 6;
    m->edns = true;
    m->udp_size = r->class;
    m->rcode |= (uint16_t)(u8_at(m->in, at) << 4);
    m->dnssec = u16_at(m->in, at + 2) & EDNS_DO;
    return 0;
}

static enum dnsmsg_section section_of(const struct dnsmsg *m, size_t i)
{
    if (i < m->records[0])
        return DNSMSG_ANSWER;
    return i - m->records[0] < m->records[1] ? DNSMSG_AUTHORITY : DNSMSG_ADDITIONAL;
}

static size_t records_of(const struct dnsmsg *m)
{
    return m->records[0] + m->records[1] + m->records[2];
}

int dnsmsg_parse(struct dnsmsg *ret, struct str in)
{
    struct dnsmsg m;
    struct dnsmsg_record r;
    if (in.n < HEADER || in.n > DNSMSG_MAX || u16_at(in, 4) > 1)
        return -ERR_SYNTAX;
    read_header(&m, in);
    int err = m.has_question ? read_question(&m) : 0;
    size_t at = m.first;
    for (size_t i = 0; err == 0 && i < records_of(&m); i++) {
        err = read_record(in, &at, &r);
        r.section = section_of(&m, i);
        if (err == 0 && r.type == DNSMSG_OPT)
            err = read_edns(&m, &r);
    }
    if (err || at != in.n)
        return -ERR_SYNTAX;
    *ret = m;
    return 0;
}

bool dnsmsg_answers(const struct dnsmsg *m, const struct dnsname *name, uint16_t type)
{
    return m->response && m->opcode == 0 && m->has_question && m->type == type &&
           dnsname_eq(&m->name, name);
}

bool dnsmsg_next(const struct dnsmsg *m, struct dnsmsg_cursor *c, struct dnsmsg_record *ret)
{
    if (c->taken >= records_of(m))
        return false;
    if (c->taken == 0)
        c->at = m->first;
    if (read_record(m->in, &c->at, ret))
        return false;
    ret->section = section_of(m, c->taken++);
    return true;
}

/* The alias of `name` among the answers: 1, or 0 if it has none. */
static int find_alias(const struct dnsmsg *m, const struct dnsname *name, struct dnsname *ret)
{
    struct dnsmsg_cursor c = {0};
    struct dnsmsg_record r;
    while (dnsmsg_next(m, &c, &r) && r.section == DNSMSG_ANSWER) {
        if (r.type != DNSMSG_CNAME || r.class != CLASS_IN || !dnsname_eq(&r.name, name))
            continue;
        int err = dnsrr_name(m, &r, ret);
        return err ? err : 1;
    }
    return 0;
}

int dnsmsg_follow(const struct dnsmsg *m, struct dnsname *ret_name)
{
    struct dnsname name = m->name, next;
    for (unsigned i = 0; i <= ALIASES_MAX; i++) {
        int found = m->type == DNSMSG_CNAME ? 0 : find_alias(m, &name, &next);
        if (found < 0)
            return found;
        if (found == 0) {
            *ret_name = name;
            return 0;
        }
        name = next;
    }
    return -ERR_LIMIT;
}
