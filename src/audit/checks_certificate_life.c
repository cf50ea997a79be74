/* Certificate checks: against the calendar. */
#include "audit/checks_certificate_part.h"

#include <inttypes.h>

static bool dated(const struct cert_view *c, struct say *say)
{
    if (!c->chain.life.readable)
        say_unknown(say, "Its dates cannot be read.");
    return c->chain.life.readable;
}

static void judge_expiry(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const struct cert_life_facts *life = &c->chain.life, *end = &c->chain.first_to_end;
    const char *until = say_date(say->f, check_chains_leaf(c)->not_after);
    if (!dated(c, say))
        return;
    if (life->expired)
        say_bad(say, SEVERITY_HIGH, "Expired on %s, %" PRId64 " days ago.", until,
                -life->days_left);
    else if (end->readable && end->expired)
        say_bad(say, SEVERITY_HIGH, "An authority's certificate in the path expired on %s.",
                say_date(say->f, v->now + end->left));
    else
        say_fine(say, "Valid until %s, %" PRId64 " days more.", until, life->days_left);
}

void check_cert_expiry(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_expiry);
}

static void judge_not_yet(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const char *from = say_date(say->f, check_chains_leaf(c)->not_before);
    if (!dated(c, say))
        return;
    if (c->chain.life.not_yet)
        say_bad(say, SEVERITY_HIGH, "Valid only from %s on; today is %s here.", from,
                say_date(say->f, v->now));
    else
        say_fine(say, "Valid since %s.", from);
}

void check_cert_not_yet(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_not_yet);
}

static void judge_lifetime(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const struct cert_life_facts *life = &c->chain.life;
    if (!dated(c, say))
        return;
    int64_t days = life->lifetime / 86400;
    if (!life->over_limit)
        say_fine(say, "%" PRId64 " days in all%s.", days, life->short_lived ? ": short-lived" : "");
    else if (check_chains_public(v, c))
        say_bad(say, SEVERITY_HIGH,
                "%" PRId64
                " days in all; %u were allowed when it was issued, and browsers refuse more.",
                days, life->limit_days);
    else
        say_bad(say, SEVERITY_INFO,
                "%" PRId64
                " days in all. The limit of %u binds only public authorities; the longer a "
                "key lives, the longer a stolen one is of use.",
                days, life->limit_days);
}

void check_cert_lifetime(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_lifetime);
}

static void judge_renewal(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const struct cert_life_facts *life = &c->chain.life, *end = &c->chain.first_to_end;
    if (!dated(c, say))
        return;
    if (life->expired) {
        say_unknown(say, "It has expired: too late to ask whether it is renewed in time.");
        return;
    }
    if (life->renew)
        say_bad(say, life->left < life->lifetime / 10 ? SEVERITY_MEDIUM : SEVERITY_LOW,
                "%" PRId64 " days are left of %" PRId64
                ": less than a third. Automatic renewal would "
                "have taken place.",
                life->days_left, life->lifetime / 86400);
    else if (end->readable && !end->expired && end->left < life->left)
        say_bad(say, SEVERITY_LOW,
                "An authority's certificate in the path ends before the server's own, on %s.",
                say_date(say->f, v->now + end->left));
    else
        say_fine(say, "%" PRId64 " days are left of %" PRId64 ".", life->days_left,
                 life->lifetime / 86400);
}

void check_cert_renewal(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_renewal);
}
