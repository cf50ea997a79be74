/* Certificate checks: revocation and transparency. Nothing is fetched: who asks an authority about a
 * host tells it of the host. */
#include "audit/checks_certificate_part.h"

/* ---- revocation ---- */

static void judge_revocation(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const struct cert_info *l = check_chains_leaf(c);
    struct str crl = l->crl.n ? say_cut(say->f, l->crl.v[0]) : STR_NONE;
    struct str ocsp = l->ocsp.n ? say_cut(say->f, l->ocsp.v[0]) : STR_NONE;
    switch (ocsp_means(l, &c->chain.life)) {
    case OCSP_MEANS_OCSP: say_fine(say, "By OCSP at %.*s.", STR_ARG(ocsp)); break;
    case OCSP_MEANS_CRL:
        say_fine(say, "By the list at %.*s. That it has no OCSP address is normal since 2025.",
                 STR_ARG(crl));
        break;
    case OCSP_MEANS_SHORT_LIVED: say_fine(say, "Not needed: it is short-lived."); break;
    case OCSP_MEANS_NONE:
        if (check_chains_public(v, c))
            say_bad(say, SEVERITY_MEDIUM,
                    "It names neither a revocation list nor OCSP, and is not short-lived.");
        else
            say_bad(say, SEVERITY_INFO,
                    "It names neither a revocation list nor OCSP. Only public authorities must.");
        break;
    }
}

void check_cert_revocation(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_revocation);
}

static void judge_given_staple(const struct ocsp_facts *o, struct say *say)
{
    const char *until = o->next_update ? say_date(say->f, o->next_update) : "an unknown day";
    if (o->answer == OCSP_MALFORMED)
        say_bad(say, SEVERITY_MEDIUM, "The staple cannot be read.");
    else if (o->answer == OCSP_REFUSED)
        say_bad(say, SEVERITY_MEDIUM, "The staple is a refusal of the responder (status %d).",
                o->responder_status);
    else if (o->answer == OCSP_OTHER)
        say_bad(say, SEVERITY_MEDIUM, "The staple is about another certificate.");
    else if (o->answer == OCSP_UNKNOWN)
        say_bad(say, SEVERITY_MEDIUM, "The staple says that the responder does not know it.");
    else if (o->stale)
        say_bad(say, SEVERITY_MEDIUM, "The staple was valid until %s only.", until);
    else if (o->early)
        say_bad(say, SEVERITY_MEDIUM, "The staple is valid only from %s on.",
                say_date(say->f, o->this_update));
    else if (!o->signature_good && o->issuer_unknown)
        say_unknown(say, "The staple's signature cannot be verified: the issuer is not known.");
    else if (!o->signature_good)
        say_bad(say, SEVERITY_MEDIUM, "The staple is not signed by one who may.");
    else
        say_fine(say, "Stapled, valid until %s.", until);
}

static bool staple_asked(const struct audit_view *v, const struct cert_view *c)
{
    return c->ocsp.answer != OCSP_NONE || (v->tls && v->tls->staple != KNOWN_NOT);
}

static void judge_staple(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const struct cert_info *l = check_chains_leaf(c);
    if (c->ocsp.answer != OCSP_NONE)
        judge_given_staple(&c->ocsp, say);
    else if (!l->ocsp.n)
        say_fine(say, "The certificate has no OCSP address: there is nothing to staple.");
    else if (!staple_asked(v, c))
        say_unknown(say, "No handshake asked for one.");
    else
        say_bad(say, SEVERITY_LOW,
                "The certificate has an OCSP address, but nothing is stapled: "
                "clients that ask there tell the authority whom they visit.");
}

void check_ocsp_staple(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_staple);
}

static void judge_must_staple(const struct audit_view *v, const struct cert_view *c,
                              struct say *say)
{
    const struct cert_info *l = check_chains_leaf(c);
    if (!l->must_staple)
        say_fine(say, "The certificate does not demand a staple.");
    else if (!staple_asked(v, c))
        say_unknown(say, "The certificate demands a staple; no handshake asked for one.");
    else if (ocsp_must_staple_broken(l, &c->ocsp))
        say_bad(say, SEVERITY_HIGH,
                "The certificate demands a staple, and there is none that is good: "
                "Firefox refuses.");
    else
        say_fine(say, "The certificate demands a staple, and gets one.");
}

void check_must_staple(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_must_staple);
}

/* RFC 5280 5.3.1 */
static const char *reason(int code)
{
    static const char *const text[] = {"unspecified",
                                       "key compromised",
                                       "authority compromised",
                                       "affiliation changed",
                                       "superseded",
                                       "out of use",
                                       "on hold",
                                       "unknown",
                                       "removed from the list",
                                       "privilege withdrawn",
                                       "attribute authority compromised"};
    return code >= 0 && (size_t)code < sizeof text / sizeof *text ? text[code] : "not told";
}

static void judge_revoked(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const struct ocsp_facts *o = &c->ocsp;
    if (o->answer == OCSP_REVOKED && o->signature_good)
        say_bad(say, SEVERITY_CRITICAL, "Revoked on %s; reason: %s.",
                say_date(say->f, o->revoked_at), reason(o->reason));
    else if (o->answer == OCSP_REVOKED)
        say_unknown(say, "The staple says revoked, but its signature could not be verified.");
    else if (o->answer == OCSP_GOOD && o->signature_good && !o->stale && !o->early)
        say_fine(say, "The staple says good, as of %s.", say_date(say->f, o->this_update));
    else
        say_unknown(say,
                    "No good staple; lists and responders are not asked, since no traffic goes to "
                    "third parties.");
}

void check_cert_revoked(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_revoked);
}

/* ---- transparency ---- */

static void judge_tested(const struct cert_view *c, struct say *say)
{
    const struct sct_facts *s = &c->sct;
    if (s->compliant)
        say_fine(say, "%zu good timestamps of %zu operators.", s->good, s->operators);
    else if (s->bad)
        say_bad(say, SEVERITY_HIGH, "%zu of its timestamps have wrong signatures; %zu are good.",
                s->bad, s->good);
    else
        say_bad(say, SEVERITY_HIGH,
                "%zu timestamps of %zu operators count; %zu of two operators are needed.", s->good,
                s->operators, s->needed);
}

static void judge_ct(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const struct sct_facts *s = &c->sct;
    if (!check_chains_public(v, c))
        say_fine(say, "Not needed: no public authority issued it for a public name.");
    else if (s->tested)
        judge_tested(c, say);
    else if (!s->enough_if_good)
        say_bad(
            say, SEVERITY_HIGH,
            "%zu timestamps (SCTs) of different logs, %zu are needed: Chrome and Safari refuse.",
            s->distinct, s->needed);
    else
        say_unknown(say,
                    "%zu timestamps (SCTs) of different logs, which is enough; whether they are "
                    "good cannot be said without a list of logs.",
                    s->distinct);
    if (c->scts.malformed)
        say_bad(say, SEVERITY_LOW, "%zu timestamps cannot be read.", c->scts.malformed);
}

void check_cert_ct(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_ct);
}
