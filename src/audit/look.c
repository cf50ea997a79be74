/* See look.h. */
#include "audit/look.h"

#include "wire/tls_names.h"

#include <stdio.h>

enum { NAMES_SHOWN = 6 };

const struct tls_facts *look_facts(const struct audit_view *v, struct finding *f)
{
    const struct tls_facts *t = v->tls;
    if (!t)
        finding_untestable(f, "TLS was not asked for.");
    else if (t->failure)
        finding_untestable(f, "No TLS connection came about: %s.", t->failure);
    else if (!look_offers(t, VI_SSL2, VI_TLS13))
        finding_untestable(f, "No version of TLS was answered with a handshake.");
    else
        return t;
    return NULL;
}

bool look_offers(const struct tls_facts *t, enum tls_version_index from, enum tls_version_index to)
{
    for (int v = from; v <= (int)to; v++)
        if (t->v[v].offered == KNOWN_YES)
            return true;
    return false;
}

bool look_only13(const struct tls_facts *t)
{
    for (int v = VI_SSL2; v < VI_TLS13; v++)
        if (t->v[v].offered != KNOWN_NO)
            return false;
    return t->v[VI_TLS13].offered == KNOWN_YES;
}

/* ---- names ---- */

static void append(char *text, size_t size, const char *more)
{
    size_t n = strlen(text), add = strlen(more);
    if (n + add < size)
        memcpy(text + n, more, add + 1);
}

void look_name(struct names_text *t, const char *name)
{
    if (t->n++ >= NAMES_SHOWN)
        return;
    if (t->n > 1)
        append(t->text, sizeof t->text, ", ");
    append(t->text, sizeof t->text, name);
}

void look_names_end(struct names_text *t)
{
    char more[32];
    if (t->n <= NAMES_SHOWN)
        return;
    snprintf(more, sizeof more, " and %zu more", t->n - NAMES_SHOWN);
    append(t->text, sizeof t->text, more);
}

struct names_text look_groups(const struct number_set *s)
{
    struct names_text t = {.n = 0};
    for (size_t i = 0; i < s->n; i++)
        look_name(&t, tls_names_group_text(s->v[i]));
    look_names_end(&t);
    return t;
}

/* ---- suites ---- */

static bool found_in(const struct version_facts *v, uint32_t code)
{
    for (size_t i = 0; i < v->nsuites; i++)
        if (v->suites[i].code == code)
            return true;
    return false;
}

static bool found_above(const struct tls_facts *t, int v, enum tls_version_index to, uint32_t code)
{
    for (int above = v + 1; above <= (int)to; above++)
        if (found_in(&t->v[above], code))
            return true;
    return false;
}

static void look_version(const struct tls_facts *t, int v, enum tls_version_index to,
                         suite_test *wanted, struct suites_seen *ret, struct names_text *names)
{
    const struct version_facts *f = &t->v[v];
    for (size_t i = 0; i < f->nsuites; i++) {
        const struct suite *s = suite_find(f->suites[i].code);
        if (!s || !wanted(s))
            continue;
        ret->mask |= 1u << v;
        ret->preferred = ret->preferred || (i == 0 && (f->server_order == KNOWN_YES || f->nsuites == 1));
        if (!ret->evidence)
            ret->evidence = f->suites[i].evidence;
        if (!found_above(t, v, to, f->suites[i].code))
            look_name(names, s->name);
    }
}

void look_suites(const struct tls_facts *t, enum tls_version_index from, enum tls_version_index to,
                 suite_test *wanted, struct suites_seen *ret)
{
    struct names_text names = {.n = 0};
    *ret = (struct suites_seen){.n = 0};
    for (int v = to; v >= (int)from; v--)
        look_version(t, v, to, wanted, ret, &names);
    look_names_end(&names);
    memcpy(ret->text, names.text, sizeof ret->text);
    ret->n = names.n;
    for (int v = from; v <= (int)to; v++)
        if (ret->mask & 1u << v) {
            append(ret->versions, sizeof ret->versions, ret->versions[0] ? ", " : "");
            append(ret->versions, sizeof ret->versions, version_name((enum tls_version_index)v));
        }
}

const char *look_gap(const struct tls_facts *t, enum tls_version_index from,
                     enum tls_version_index to, enum tls_version_index *ret_version)
{
    for (int v = from; v <= (int)to; v++) {
        const struct version_facts *f = &t->v[v];
        *ret_version = (enum tls_version_index)v;
        if (f->offered == KNOWN_NOT)
            return f->why ? f->why : t->cut_short ? "the deadline came first" : "it was not asked for";
        if (f->offered == KNOWN_YES && !f->complete)
            return t->cut_short ? "the deadline came before all its suites were asked for"
                                : "not all its suites could be asked for";
    }
    return NULL;
}

void look_absent(const struct tls_facts *t, enum tls_version_index from, enum tls_version_index to,
                 struct finding *f, const char *text)
{
    enum tls_version_index v;
    const char *gap = look_gap(t, from, to, &v);
    if (gap)
        finding_untestable(f, "None was seen, but %s is not known in full: %s.", version_name(v), gap);
    else
        finding_safe(f, "%s", text);
}

bool look_refuse(const struct tls_facts *t, enum tls_version_index from, enum tls_version_index to,
                 suite_test *wanted, struct finding *f, const char *behind, const char *absent)
{
    struct suites_seen s;
    look_suites(t, from, to, wanted, &s);
    f->evidence = s.evidence;
    if (s.n)
        finding_bad(f, "Offered: %s (%s)%s", s.text, s.versions, behind);
    else
        look_absent(t, from, to, f, absent);
    return s.n > 0;
}

/* ---- tests ---- */

/* What was seen in passing may have an outcome without having ended: more could have changed it. */
const struct test_result *look_test(const struct tls_facts *t, enum test_id id, struct finding *f)
{
    const struct test_result *r = &t->tests[id];
    f->evidence = r->evidence;
    if (r->outcome != OUTCOME_NONE)
        return r;
    finding_untestable(f, "Not tested: %s.",
                       r->why && r->why[0] ? r->why
                       : t->cut_short      ? "the deadline came first"
                                           : "it was not asked");
    return NULL;
}

struct reaction_text look_reaction(const struct test_result *r)
{
    struct reaction_text x = {.text = ""};
    size_t n = strnlen(r->reaction, sizeof r->reaction);
    while (n && r->reaction[n - 1] == ' ')
        n--;
    if (n)
        snprintf(x.text, sizeof x.text, " (%.*s)", (int)n, r->reaction);
    return x;
}
