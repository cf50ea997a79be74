/* Filling a report; see audit_report.h. */
#include "audit/audit_report.h"

#include "audit/audit_grade.h"
#include "wire/tls_names.h"

#include <stdio.h>

/* ---- findings ---- */

static bool same_finding(const struct finding *a, const struct finding *b)
{
    return a->verdict == b->verdict && a->severity == b->severity && str_eq(a->detail, b->detail);
}

static struct str join_address(struct report *r, struct str list, struct str one)
{
    return list.n ? arena_printf(&r->arena, "%.*s, %.*s", STR_ARG(list), STR_ARG(one))
                  : arena_str(&r->arena, one);
}

/* One check's findings of all parts: each distinct one once, with the addresses that it is true of
 * when there are others. */
static void merge_check(struct report *r, const struct report_part *parts, size_t n, size_t check)
{
    size_t first = r->nfindings;
    for (size_t i = 0; i < n; i++) {
        const struct finding *f = &parts[i].findings[check];
        size_t at = first;
        while (at < r->nfindings && !same_finding(&r->findings[at], f))
            at++;
        if (at == r->nfindings) {
            r->findings[r->nfindings++] = *f;
            r->findings[at].where = STR_NONE;
        }
        r->findings[at].where = join_address(r, r->findings[at].where, parts[i].address);
    }
    if (r->nfindings == first + 1)
        r->findings[first].where = STR_NONE;
}

static int fill_findings(struct report *r, const struct report_part *parts, size_t n)
{
    size_t checks = check_count();
    r->findings = arena_zalloc(&r->arena, (checks * n + 1) * sizeof *r->findings);
    if (!r->findings)
        return -ERR_NOMEM;
    for (size_t i = 0; i < checks; i++)
        merge_check(r, parts, n, i);
    return 0;
}

/* ---- tables ---- */

static int fill_protocols(struct report *r, const struct audit_view *v)
{
    enum { ROWS = VI_COUNT + 2 };
    r->protocols = arena_zalloc(&r->arena, ROWS * sizeof *r->protocols);
    if (!r->protocols)
        return -ERR_NOMEM;
    for (int i = 0; i < VI_COUNT; i++) {
        const struct version_facts *f = &v->tls->v[i];
        r->protocols[r->nprotocols++] = (struct report_protocol){
            .name = version_name((enum tls_version_index)i),
            .tested = f->offered == KNOWN_NOT ? VERDICT_UNTESTABLE : VERDICT_SAFE,
            .offered = f->offered == KNOWN_YES,
            .wanted = i >= VI_TLS12,
            .note = f->offered == KNOWN_YES && f->nsuites == 0 ? STR("no suite was found")
                    : f->why ? str_c(f->why) : STR_NONE};
    }
    r->protocols[r->nprotocols++] = (struct report_protocol){
        .name = "HTTP/2", .tested = v->tls->alpn.n ? VERDICT_SAFE : VERDICT_UNTESTABLE,
        .offered = str_eq(v->tls->alpn, STR("h2")), .wanted = true,
        .note = v->tls->alpn.n ? STR_NONE : STR("the server names no application protocol")};
    if (v->quic)
        r->protocols[r->nprotocols++] = (struct report_protocol){
            .name = "HTTP/3", .tested = v->quic->answers ? VERDICT_SAFE : VERDICT_UNTESTABLE,
            .offered = v->quic->h3 == KNOWN_YES, .wanted = true};
    return 0;
}

static enum severity weakness(const struct suite *s)
{
    if (suite_is_null(s) || suite_is_anonymous(s) || suite_is_export(s) || suite_strength(s) < 112)
        return SEVERITY_CRITICAL;
    if (suite_is_rc4(s) || suite_is_block64(s))
        return SEVERITY_HIGH;
    if (!suite_is_forward_secret(s))
        return SEVERITY_MEDIUM;
    return suite_is_cbc(s) || suite_is_ccm8(s) ? SEVERITY_LOW : SEVERITY_INFO;
}

static const char *exchange_text(struct report *r, const struct suite *s,
                                 const struct found_suite *f, const struct number_set *groups)
{
    if (s->kx == SUITE_KX_ANY)
        return groups->n ? tls_names_group_text(f->group ? f->group : groups->v[0]) : "any group";
    if (f->dh_bits)
        return arena_printf(&r->arena, "%s %u bits", suite_kx_text(s->kx), f->dh_bits).p;
    if (f->group)
        return arena_printf(&r->arena, "%s %s", suite_kx_text(s->kx), tls_names_group_text(f->group)).p;
    return suite_kx_text(s->kx);
}

static int fill_suites(struct report *r, const struct audit_view *v)
{
    size_t n = 0;
    for (int i = 0; i < VI_COUNT; i++)
        n += v->tls->v[i].nsuites;
    r->suites = arena_zalloc(&r->arena, (n + 1) * sizeof *r->suites);
    if (!r->suites)
        return -ERR_NOMEM;
    for (int i = VI_COUNT - 1; i >= 0; i--)
        for (size_t k = 0; k < v->tls->v[i].nsuites; k++) {
            const struct found_suite *f = &v->tls->v[i].suites[k];
            const struct suite *s = suite_find(f->code);
            if (!s)
                continue;
            const char *kx = exchange_text(r, s, f, &v->tls->groups);
            r->suites[r->nsuites++] = (struct report_suite){
                .version = version_name((enum tls_version_index)i), .iana = s->name,
                .openssl = s->openssl, .kx = kx ? kx : "", .bits = (int)suite_strength(s),
                .weak = weakness(s),
                .preferred = k == 0 && v->tls->v[i].server_order == KNOWN_YES};
        }
    return 0;
}

static struct str join_names(struct report *r, const struct number_set *s, const char *(*text)(uint16_t))
{
    struct buf out;
    buf_init(&out, 64 * 1024);
    for (size_t i = 0; i < s->n; i++)
        buf_addf(&out, "%s%s", i ? ", " : "", text(s->v[i]));
    return buf_keep(&out, &r->arena);
}

static void fill_numbers(struct report *r, const struct audit_view *v)
{
    struct number_set groups = v->tls->groups, sigalgs = v->tls->sigalgs;
    for (size_t i = 0; i < v->tls->groups12.n; i++)
        number_set_add(&groups, v->tls->groups12.v[i]);
    for (size_t i = 0; i < v->tls->sigalgs12.n; i++)
        number_set_add(&sigalgs, v->tls->sigalgs12.v[i]);
    r->groups = join_names(r, &groups, tls_names_group_text);
    r->signature_algorithms = join_names(r, &sigalgs, tls_names_sigalg_text);
}

/* ---- certificates ---- */

static struct str hex(struct report *r, const unsigned char *p, size_t n)
{
    char out[129];
    for (size_t i = 0; i < n && i < 64; i++)
        snprintf(out + 2 * i, 3, "%02x", p[i]);
    return arena_str(&r->arena, str_of(out, 2 * n));
}

static struct str key_text(struct report *r, const struct cert_info *c)
{
    if (c->curve.n)
        return arena_printf(&r->arena, "%.*s %.*s", STR_ARG(c->key_name), STR_ARG(c->curve));
    if (c->key == CERT_KEY_RSA || c->key == CERT_KEY_RSA_PSS || c->key == CERT_KEY_DSA)
        return arena_printf(&r->arena, "%.*s %u", STR_ARG(c->key_name), c->key_bits);
    return arena_str(&r->arena, c->key_name);
}

static struct str names_text(struct report *r, const struct cert_info *c)
{
    struct buf out;
    char text[64];
    buf_init(&out, 256 * 1024);
    for (size_t i = 0; i < c->dns.n; i++)
        buf_addf(&out, "%s%.*s", out.n ? ", " : "", STR_ARG(c->dns.v[i]));
    for (size_t i = 0; i < c->ip.n; i++) {
        struct addr a = {.len = 0};
        if (c->ip.v[i].n == 4) {
            a.in = (struct sockaddr_in){.sin_family = AF_INET};
            memcpy(&a.in.sin_addr, c->ip.v[i].p, 4);
        } else {
            a.in6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
            memcpy(&a.in6.sin6_addr, c->ip.v[i].p, c->ip.v[i].n == 16 ? 16 : 0);
        }
        buf_addf(&out, "%s%.*s", out.n ? ", " : "", STR_ARG(addr_ip_text(&a, text)));
    }
    return buf_keep(&out, &r->arena);
}

static struct str trouble(struct report *r, const struct cert_view *c, size_t i)
{
    const struct chain_facts *f = &c->chain;
    if (i > 0)
        return f->certs[i].duplicate ? STR("sent twice") : f->certs[i].extra ? STR("not needed")
               : f->certs[i].root ? STR("a root: need not be sent") : STR_NONE;
    if (f->host.verdict == CERT_HOST_MISMATCH || f->host.verdict == CERT_HOST_ONLY_CN)
        return STR("not for this name");
    if (!f->trusted && f->trust_n)
        return arena_str(&r->arena, f->trust[0].error_text);
    return STR_NONE;
}

static int fill_certificates(struct report *r, const struct audit_view *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->ncerts; i++)
        n += v->certs[i].readable && v->certs[i].kept->with_sni ? v->certs[i].chain.n : 0;
    r->certificates = arena_zalloc(&r->arena, (n + 1) * sizeof *r->certificates);
    if (!r->certificates)
        return -ERR_NOMEM;
    for (size_t i = 0; i < v->ncerts; i++) {
        const struct cert_view *c = &v->certs[i];
        for (size_t k = 0; c->readable && c->kept->with_sni && k < c->chain.n; k++) {
            const struct cert_info *info = &c->chain.certs[k].info;
            if (!c->chain.certs[k].readable)
                continue;
            r->certificates[r->ncertificates++] = (struct report_certificate){
                .subject = arena_str(&r->arena, info->subject), .issuer = arena_str(&r->arena, info->issuer),
                .key = key_text(r, info), .signature = arena_str(&r->arena, info->sig_name),
                .serial = arena_str(&r->arena, info->serial), .sha256 = hex(r, info->sha256, 32),
                .spki_sha256 = hex(r, info->spki_sha256, 32), .names = names_text(r, info),
                .not_before = info->not_before, .not_after = info->not_after,
                .problem = trouble(r, c, k)};
        }
    }
    return 0;
}

static void fill_server(struct report *r, const struct audit_view *v)
{
    const struct http_answer *a = v->http ? v->http->page : NULL;
    if (!a && v->plain->nhops)
        a = v->plain->hops[0].answer;
    r->server = a ? arena_str(&r->arena, str_sub(http_answer_value(a, STR("server")), 0, 200)) : STR_NONE;
}

int audit_report_fill(struct report *r, const struct report_part *parts, size_t n, bool clients)
{
    int err = n ? fill_findings(r, parts, n) : 0;
    if (err || !n)
        return err;
    const struct audit_view *v = parts[0].view;
    err = fill_protocols(r, v);
    if (!err)
        err = fill_suites(r, v);
    if (!err)
        err = fill_certificates(r, v);
    fill_numbers(r, v);
    fill_server(r, v);
    return err ? err : audit_grade(r, v, clients);
}
