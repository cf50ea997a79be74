/* Records of the DNS; see dnsrr.h. */
#include "wire/dnsrr.h"

static unsigned u16_at(struct str s, size_t at)
{
    return (unsigned)(unsigned char)s.p[at] << 8 | (unsigned char)s.p[at + 1];
}

int dnsrr_addr(const struct dnsmsg_record *r, struct addr *ret)
{
    struct addr a = {0};
    if (r->type == DNSMSG_A && r->data.n == 4) {
        a.in.sin_family = AF_INET;
        a.len = sizeof a.in;
        memcpy(&a.in.sin_addr, r->data.p, 4);
    } else if (r->type == DNSMSG_AAAA && r->data.n == 16) {
        a.in6.sin6_family = AF_INET6;
        a.len = sizeof a.in6;
        memcpy(&a.in6.sin6_addr, r->data.p, 16);
    } else {
        return -ERR_SYNTAX;
    }
    *ret = a;
    return 0;
}

/* The name at the front of the record's data; *ret_used: its bytes there. */
static int leading_name(const struct dnsmsg *m, const struct dnsmsg_record *r, struct dnsname *ret,
                        size_t *ret_used)
{
    size_t start = (size_t)(r->data.p - m->in.p), at = start;
    struct dnsname name;
    /* What lies behind the data is no part of it, but a pointer may lead before it. */
    int err = dnsname_read(&name, str_sub(m->in, 0, start + r->data.n), &at);
    if (err)
        return err;
    *ret = name;
    *ret_used = at - start;
    return 0;
}

int dnsrr_name(const struct dnsmsg *m, const struct dnsmsg_record *r, struct dnsname *ret)
{
    struct dnsname name;
    size_t used;
    if (leading_name(m, r, &name, &used) || used != r->data.n)
        return -ERR_SYNTAX;
    *ret = name;
    return 0;
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

static bool is_alnums(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]))
            return false;
    return s.n > 0;
}

int dnsrr_caa(struct str data, struct dnsrr_caa *ret)
{
    size_t tag_n = data.n >= 2 ? (unsigned char)data.p[1] : 0;
    if (data.n < 2 || tag_n > data.n - 2)
        return -ERR_SYNTAX;
    /* RFC 8659 4.1: "Tags MUST NOT contain any other characters." */
    struct str tag = str_sub(data, 2, tag_n);
    if (!is_alnums(tag))
        return -ERR_SYNTAX;
    *ret = (struct dnsrr_caa){
        .critical = data.p[0] & 0x80,
        .tag = tag,
        .value = str_from(data, 2 + tag_n),
    };
    return 0;
}

/* Letters, digits, and hyphens between them: a label, and a parameter's name. */
static bool is_label(struct str s)
{
    if (s.n == 0 || !is_alnum(s.p[0]) || !is_alnum(s.p[s.n - 1]))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && s.p[i] != '-')
            return false;
    return true;
}

static bool is_issuer(struct str domain)
{
    struct str label;
    while (str_split(&domain, '.', &label))
        if (!is_label(label))
            return false;
    return true;
}

/* RFC 8659 4.2: *(%x21-3A / %x3C-7E) */
static bool is_param_value(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x21 || s.p[i] > 0x7e || s.p[i] == ';')
            return false;
    return true;
}

bool dnsrr_issue_next(struct str *params, struct str *ret_name, struct str *ret_value)
{
    struct str piece;
    if (!str_split(params, ';', &piece))
        return false;
    size_t equals = str_find(piece, '=', 0);
    *ret_name = str_trim(str_sub(piece, 0, equals));
    *ret_value = str_trim(str_from(piece, equals + 1));
    return true;
}

static bool are_params(struct str params)
{
    struct str piece;
    for (struct str rest = params; str_split(&rest, ';', &piece);) {
        struct str name, value, one = piece;
        if (str_find(piece, '=', 0) == piece.n || !dnsrr_issue_next(&one, &name, &value) ||
            !is_label(name) || !is_param_value(value))
            return false;
    }
    return true;
}

int dnsrr_issue(struct str value, struct dnsrr_issue *ret)
{
    size_t semicolon = str_find(value, ';', 0);
    struct str domain = str_trim(str_sub(value, 0, semicolon));
    struct str params = str_trim(str_from(value, semicolon + 1));
    if ((domain.n && !is_issuer(domain)) || (params.n && !are_params(params)))
        return -ERR_SYNTAX;
    *ret = (struct dnsrr_issue){.domain = domain, .params = params.n ? params : STR_NONE};
    return 0;
}

int dnsrr_tlsa(struct str data, struct dnsrr_tlsa *ret)
{
    if (data.n < 4)
        return -ERR_SYNTAX;
    *ret = (struct dnsrr_tlsa){
        .usage = (uint8_t)data.p[0],
        .selector = (uint8_t)data.p[1],
        .matching = (uint8_t)data.p[2],
        .data = str_from(data, 3),
    };
    return 0;
}

bool dnsrr_svcb_next(struct str *params, uint16_t *ret_key, struct str *ret_value)
{
    if (params->n < 4)
        return false;
    size_t n = u16_at(*params, 2);
    if (n > params->n - 4)
        return false;
    *ret_key = (uint16_t)u16_at(*params, 0);
    *ret_value = str_sub(*params, 4, n);
    *params = str_from(*params, 4 + n);
    return true;
}

bool dnsrr_alpn_next(struct str *alpn, struct str *ret_name)
{
    size_t n = alpn->n ? (unsigned char)alpn->p[0] : 0;
    if (n == 0 || n > alpn->n - 1)
        return false;
    *ret_name = str_sub(*alpn, 1, n);
    *alpn = str_from(*alpn, 1 + n);
    return true;
}

/* RFC 9460 7.1.1: one or more names, none of them empty. */
static bool is_alpn(struct str value)
{
    struct str rest = value, name;
    while (dnsrr_alpn_next(&rest, &name))
        ;
    return value.n && rest.n == 0;
}

/* RFC 9460 8: keys in strictly increasing order, not itself. */
static bool is_key_list(struct str value)
{
    if (value.n == 0 || value.n % 2)
        return false;
    for (size_t at = 0; at < value.n; at += 2)
        if (u16_at(value, at) <= (at ? u16_at(value, at - 2) : 0u))
            return false;
    return true;
}

static bool is_hint(struct str value, size_t each)
{
    return value.n && value.n % each == 0;
}

static bool take_param(struct dnsrr_svcb *s, uint16_t key, struct str value)
{
    switch (key) {
    case DNSRR_MANDATORY: s->mandatory = value; return is_key_list(value);
    case DNSRR_ALPN: s->alpn = value; return is_alpn(value);
    case DNSRR_NO_DEFAULT_ALPN: s->no_default_alpn = true; return value.n == 0;
    case DNSRR_PORT:
        s->has_port = value.n == 2;
        s->port = s->has_port ? (uint16_t)u16_at(value, 0) : 0;
        return s->has_port;
    case DNSRR_IPV4HINT: s->ipv4hint = value; return is_hint(value, 4);
    case DNSRR_ECH: s->ech = value; return value.n > 0;
    case DNSRR_IPV6HINT: s->ipv6hint = value; return is_hint(value, 16);
    default: return true;
    }
}

/* RFC 9460 8: what is mandatory must be there. Keys rise in both lists: one walk over the two. */
static bool take_mandatory(struct dnsrr_svcb *s)
{
    struct str rest = s->params, value;
    for (size_t at = 0; at < s->mandatory.n; at += 2) {
        unsigned wanted = u16_at(s->mandatory, at);
        uint16_t key = 0;
        while (key < wanted)
            if (!dnsrr_svcb_next(&rest, &key, &value))
                return false;
        if (key != wanted)
            return false;
        s->unusable = s->unusable || key > DNSRR_IPV6HINT;
    }
    return true;
}

static bool take_params(struct dnsrr_svcb *s)
{
    struct str rest = s->params, value;
    uint16_t key;
    int last = -1;
    while (dnsrr_svcb_next(&rest, &key, &value)) {
        if (key <= last || !take_param(s, key, value)) /* RFC 9460 2.2: strictly increasing */
            return false;
        last = key;
    }
    /* RFC 9460 7.1.1: "no-default-alpn" needs "alpn" */
    return rest.n == 0 && (!s->no_default_alpn || s->alpn.n) && take_mandatory(s);
}

int dnsrr_svcb(const struct dnsmsg *m, const struct dnsmsg_record *r, struct dnsrr_svcb *ret)
{
    struct dnsmsg_record rest = *r;
    struct dnsrr_svcb s = {0};
    size_t used;
    if (r->data.n < 3)
        return -ERR_SYNTAX;
    s.priority = (uint16_t)u16_at(r->data, 0);
    rest.data = str_from(r->data, 2);
    if (leading_name(m, &rest, &s.target, &used))
        return -ERR_SYNTAX;
    /* RFC 9460 2.2: "uncompressed". */
    if (used != s.target.n)
        return -ERR_SYNTAX;
    s.params = str_from(rest.data, used);
    /* RFC 9460 2.4.2: of an alias, "recipients MUST ignore any SvcParams". */
    if (s.priority && !take_params(&s))
        return -ERR_SYNTAX;
    *ret = s;
    return 0;
}
