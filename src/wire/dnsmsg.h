/* DNS messages (RFC 1035 4, EDNS: RFC 6891): queries written, responses read whole and strictly
 * before any record is looked at. What is inside the records: dnsrr.h. */
#ifndef WIRE_DNSMSG_H
#define WIRE_DNSMSG_H

#include "base/buf.h"
#include "wire/dnsname.h"

#define DNSMSG_MAX       65535 /* bytes: what the length before a message over TCP can say */
#define DNSMSG_QUERY_MAX (12 + DNSNAME_MAX + 4 + 11)
#define DNSMSG_UDP_SIZE  1232 /* that we take: fits every path unfragmented */

enum dnsmsg_type {
    DNSMSG_A = 1,
    DNSMSG_CNAME = 5,
    DNSMSG_SOA = 6,
    DNSMSG_AAAA = 28,
    DNSMSG_OPT = 41,
    DNSMSG_TLSA = 52, /* RFC 6698 */
    DNSMSG_SVCB = 64, /* RFC 9460 */
    DNSMSG_HTTPS = 65,
    DNSMSG_CAA = 257, /* RFC 8659 */
};

enum dnsmsg_rcode {
    DNSMSG_NOERROR = 0,
    DNSMSG_FORMERR = 1,
    DNSMSG_SERVFAIL = 2,
    DNSMSG_NXDOMAIN = 3,
    DNSMSG_NOTIMP = 4,
    DNSMSG_REFUSED = 5,
    DNSMSG_BADVERS = 16,
};

struct dnsmsg_question {
    const struct dnsname *name;
    uint16_t type, id;
    bool recurse;     /* RD */
    bool tell_secure; /* AD in a query (RFC 6840 5.7): say whether it was validated */
    bool dnssec;      /* DO in EDNS (RFC 3225): send the signatures too */
};

/* Appends the query, with EDNS. buf_ok or not is for the caller: at most DNSMSG_QUERY_MAX bytes. */
void dnsmsg_query(struct buf *out, const struct dnsmsg_question *q);

/* A message that was found well-formed; slices point into it. */
struct dnsmsg {
    struct str in;
    uint16_t id;
    bool response, authoritative, truncated, recurse, recursion_available;
    bool checking_disabled;
    bool secure; /* AD: the server says that it validated all of it (RFC 4035 3.2.3) */
    uint8_t opcode;
    uint16_t rcode; /* 12 bits, with EDNS's upper eight */
    bool has_question;
    struct dnsname name; /* the question's, with its type */
    uint16_t type;
    bool edns, dnssec; /* an OPT record is there, with DO */
    uint16_t udp_size; /* that it names; 0 without EDNS */
    size_t records[3]; /* in answer, authority, additional */
    size_t first;      /* offset of the first record */
};

/* The whole message: header, at most one question (class IN), all records with their names, nothing
 * behind. Costs at most 255 steps a record. -ERR_SYNTAX. */
int must_use dnsmsg_parse(struct dnsmsg *ret, struct str in);
/* It answers that question: a standard query's response with the same name and type. The id is for
 * the transport. */
bool dnsmsg_answers(const struct dnsmsg *m, const struct dnsname *name, uint16_t type);

enum dnsmsg_section { DNSMSG_ANSWER, DNSMSG_AUTHORITY, DNSMSG_ADDITIONAL };

struct dnsmsg_record {
    struct dnsname name;
    enum dnsmsg_section section;
    uint16_t type, class; /* class 1: IN */
    uint32_t ttl;         /* s */
    struct str data;      /* may hold names that are compressed: see dnsrr_name */
};

/* Begin with zeros. */
struct dnsmsg_cursor {
    size_t at, taken;
};

/* All records of all sections in their order; false at the end. */
bool dnsmsg_next(const struct dnsmsg *m, struct dnsmsg_cursor *c, struct dnsmsg_record *ret);

/* Follows the answer's aliases (CNAME) from the question's name. *ret_name is where they end: the
 * owner of the records that were asked for. 0; -ERR_LIMIT: they go round, or are more than 16;
 * -ERR_SYNTAX. */
int must_use dnsmsg_follow(const struct dnsmsg *m, struct dnsname *ret_name);

#endif
