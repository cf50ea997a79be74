/* Settings that would grade below A: refused, unless waived by name with a reason and a day. */
#include "config/check.h"
#include "config/value.h"

#include <stdio.h>

static bool tls10(const struct site *s)
{
    return s->tls.min_version == TLS_V10;
}

static bool tls11(const struct site *s)
{
    return s->tls.min_version == TLS_V11;
}

static bool no_tls13(const struct site *s)
{
    return s->tls.max_version < TLS_V13;
}

/* Forward secrecy and authenticated encryption, by OpenSSL's names. Keywords like HIGH mean a
 * different set in each version of the library and count as weak. */
static bool strong_cipher(struct str name)
{
    bool forward = str_starts(name, STR("ECDHE-")) || str_starts(name, STR("DHE-"));
    bool gcm = str_ends(name, STR("-GCM-SHA256")) || str_ends(name, STR("-GCM-SHA384"));
    bool ccm = str_ends(name, STR("-CCM")) || str_ends(name, STR("-CHACHA20-POLY1305"));
    return (forward && (gcm || ccm)) || str_starts(name, STR("TLS_"));
}

static bool weak_ciphers(const struct site *s)
{
    struct str rest = s->tls.ciphers, name;
    while (rest.n && str_split(&rest, ':', &name))
        if (!strong_cipher(name))
            return true;
    return false;
}

/* Whatever else the library knows is weaker than 128 bits, exotic, or a slip of the pen, which would be
 * left out in silence. */
static bool strong_group(struct str name)
{
    static const char *const strong[] = {
        "X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024",
        "X25519", "X448", "P-256", "P-384", "P-521",
        "prime256v1", "secp256r1", "secp384r1", "secp521r1",
        "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192"};
    for (size_t i = 0; i < sizeof strong / sizeof *strong; i++)
        if (str_ieq(name, str_c(strong[i])))
            return true;
    return false;
}

static bool weak_groups(const struct site *s)
{
    struct str rest = s->tls.groups, name;
    while (rest.n && str_split(&rest, ':', &name))
        if (!strong_group(name))
            return true;
    return false;
}

static bool old_tickets(const struct site *s)
{
    return s->tls.tickets && s->tls.ticket_rotation > 24 * 3600 * VALUE_SECOND;
}

static bool no_redirect(const struct site *s)
{
    return !s->redirect_http;
}

static bool is_public(const struct site *s)
{
    for (size_t i = 0; i < s->nnames; i++)
        if (!check_name_internal(s->names[i]))
            return true;
    return false;
}

static bool no_hsts(const struct site *s)
{
    bool none = s->hsts.mode == HSTS_FIXED && s->hsts.max_age == 0; /* RFC 6797 6.1.1: forget it */
    return (s->hsts.mode == HSTS_OFF || none) && is_public(s);
}

static bool bare_cookies(const struct site *s)
{
    return !s->cookies.secure;
}

const struct check_weakness check_weaknesses[] = {
    {"tls1.0", "tls", "min_version",
     "TLS 1.0 is broken and was deprecated in 2021 (RFC 8996)", tls10},
    {"tls1.1", "tls", "min_version", "TLS 1.1 was deprecated in 2021 (RFC 8996)", tls11},
    {"no-tls1.3", "tls", "max_version", "without TLS 1.3 the site grades below A", no_tls13},
    {"weak-ciphers", "tls", "ciphers",
     "a cipher suite lacks forward secrecy or authenticated encryption", weak_ciphers},
    {"weak-groups", "tls", "groups",
     "a key exchange group is unknown, or below 128 bits", weak_groups},
    {"ticket-rotation", "tls", "ticket_rotation",
     "ticket keys that live longer than a day endanger all sessions of that time", old_tickets},
    {"http-without-redirect", NULL, "redirect_http",
     "visitors who come over plain http stay without protection", no_redirect},
    {"no-hsts", NULL, "hsts", "without HSTS a first hop over http can be stripped of TLS", no_hsts},
    {"insecure-cookies", NULL, "cookies", "cookies without Secure travel over plain http",
     bare_cookies},
    {NULL, NULL, NULL, NULL, NULL},
};

static const struct waiver *waiver_for(const struct site *site, const char *name)
{
    for (size_t i = 0; i < site->nwaivers; i++)
        if (str_eq(site->waivers[i].name, str_c(name)))
            return &site->waivers[i];
    return NULL;
}

static void refuse(struct load *l, const struct check_weakness *w, const struct parse_node *node)
{
    const struct parse_node *at = NULL, *block = node;
    char hint[200];
    if (w->block)
        block = engine_find(node->children, w->block);
    if (block)
        at = engine_find(block->children, w->directive);
    snprintf(hint, sizeof hint,
             "if it must be: `allow %s because \"REASON\" until YYYY-MM-DD;` in this site", w->name);
    load_error(l, at ? at : node, 0, hint, "refused as weak: %s", w->doc);
}

/* A waiver that nothing needs hides what the next change does: warned about. */
static void warn_unused(struct load *l, const struct parse_node *node, const char *name)
{
    const struct parse_node *it = node->children;
    while ((it = engine_find(it, "allow")) && !str_eq(node_word(it, 1), str_c(name)))
        it = it->next;
    load_warning(l, it ? it : node, it ? 1 : 0, "nothing needs `allow %s`: remove it", name);
}

void check_weak(struct load *l, const struct site *site, const struct parse_node *node)
{
    for (const struct check_weakness *w = check_weaknesses; w->name; w++) {
        bool weak = w->is_weak(site), waived = waiver_for(site, w->name);
        if (weak && !waived) {
            /* An `allow` that was told as wrong is not told a second time as missing. */
            const struct parse_node *it = node->children;
            while ((it = engine_find(it, "allow")) && !str_eq(node_word(it, 1), str_c(w->name)))
                it = it->next;
            if (!it)
                refuse(l, w, node);
        } else if (waived && !weak) {
            warn_unused(l, node, w->name);
        }
    }
}
