/* `site NAME… { … }` and the directives in it that a row alone cannot describe. */
#include "config/check.h"
#include "config/options.h"
#include "config/setting.h"
#include "config/value.h"

#include <stdio.h>

#define REASON_MIN 3 /* characters of what stands behind `because` */

int site_parse(struct load *l, const struct parse_node *node, void *conf)
{
    const struct engine_block block = {"site", option_site, true};
    struct site *site = arena_zalloc(&l->s->arena, sizeof *site);
    struct site **slot = site ? engine_push(l, &l->s->sites, &l->s->nsites, sizeof *slot) : NULL;
    if (!slot) {
        l->no_memory = true;
        return -ERR_NOMEM;
    }
    *slot = site;
    *site = (struct site){.at = node_source(node), .index = l->s->nsites - 1, .min_grade = -1};
    site->compress.on = true;
    l->site = site;
    l->faults_before_site = engine_faults(l);
    engine_defaults(l, option_site, site);
    for (size_t i = 1; i < node_words(node); i++)
        check_name(l, node, i);
    if (!node->block)
        load_error(l, node, node_words(node), "write `site NAME { root DIR; }`",
                   "`site` needs a block: { … }");
    engine_apply(l, &block, node, node->children, site);
    check_site(l, site, node);
    l->site = NULL;
    return 0;
}

static int add_certificate(struct load *l, const struct parse_node *node, struct cert_spec spec)
{
    struct cert_spec *cert = arena_alloc(&l->s->arena, sizeof *cert), **slot;
    if (!cert || !(slot = engine_push(l, &l->site->certs, &l->site->ncerts, sizeof *slot))) {
        l->no_memory = true;
        return -ERR_NOMEM;
    }
    *slot = cert;
    spec.index = l->s->ncerts;
    spec.site = l->site;
    spec.at = node_source(node);
    *cert = spec;
    if (!(slot = engine_push(l, &l->s->certs, &l->s->ncerts, sizeof *slot)))
        return -ERR_NOMEM;
    *slot = cert;
    return 0;
}

/* One file of a certificate: looked for like OPT_FILE. */
static const struct option chain_file = {"certificate", OPT_FILE, .args = "CHAIN KEY"};

static int file_word(struct load *l, const struct parse_node *node, size_t word, struct str *ret)
{
    struct parse_node one = *node;
    struct parse_word words[2] = {node->words[0], node->words[word]};
    one.words = words;
    one.nwords = 2;
    return setting_apply(l, &chain_file, &one, ret);
}

int site_certificate(struct load *l, const struct parse_node *node, void *conf)
{
    struct cert_spec spec = {0};
    if (node_words(node) == 2 && str_eq(node_word(node, 1), STR("local"))) {
        spec.local = true;
    } else {
        if (!engine_count(l, node, 2, 2, "CHAIN KEY` or `certificate local"))
            return -ERR_CONFIG;
        int err = file_word(l, node, 1, &spec.chain_path);
        int key = file_word(l, node, 2, &spec.key_path);
        if (err || key)
            return err ? err : key;
    }
    return add_certificate(l, node, spec);
}

static int hsts_words(struct load *l, const struct parse_node *node, struct hsts_settings *h)
{
    for (size_t i = 2; i < node_words(node); i++) {
        if (str_eq(node_word(node, i), STR("subdomains")))
            h->subdomains = true;
        else if (str_eq(node_word(node, i), STR("preload")))
            h->preload = true;
        else
            return load_error(l, node, i, "`subdomains` and `preload` are known",
                              "unknown word `%.*s` in `hsts`", STR_ARG(node_word(node, i)));
    }
    return 0;
}

int site_hsts(struct load *l, const struct parse_node *node, void *conf)
{
    struct hsts_settings h = {.mode = HSTS_FIXED};
    struct str first = node_word(node, 1);
    uint64_t ns;
    if (!engine_count(l, node, 1, 3, "auto` or `hsts 365d subdomains"))
        return -ERR_CONFIG;
    if (str_eq(first, STR("off")))
        h.mode = HSTS_OFF;
    else if (str_eq(first, STR("auto")))
        h.mode = HSTS_AUTO;
    else if (value_duration(first, &ns))
        h.max_age = ns / VALUE_SECOND;
    else
        return load_error(l, node, 1, "`auto`, `off` or a duration: `365d`",
                          "`%.*s` is not a value of `hsts`", STR_ARG(first));
    int err = hsts_words(l, node, &h);
    if (err)
        return err;
    if (h.mode == HSTS_OFF && node_words(node) > 2)
        return load_error(l, node, 2, NULL, "`hsts off` takes no further word");
    ((struct site *)conf)->hsts = h;
    engine_note(l, &((struct site *)conf)->hsts, node);
    return 0;
}

/* RFC 9110 5.6.2: the characters of a field name. */
static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool alnum = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!alnum && !(c >= '0' && c <= '9') && !memchr("!#$%&'*+-.^_`|~", c, 15))
            return false;
    }
    return s.n > 0;
}

/* Fields that frame the message or belong to the server: a rule for them would break responses. */
static bool is_ours(struct str name)
{
    static const char *const ours[] = {"Connection", "Content-Length", "Transfer-Encoding",
                                       "Keep-Alive", "Upgrade", "Trailer", "TE", "Date",
                                       "Content-Encoding", "Content-Range"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (str_ieq(name, str_c(ours[i])))
            return true;
    return false;
}

static int read_header(struct load *l, const struct parse_node *node, struct header_rule *ret)
{
    static const char *const actions[] = {"set", "add", "remove", "default"};
    struct header_rule r = {.action = -1, .name = node_word(node, 2), .value = node_word(node, 3)};
    if (!engine_count(l, node, 2, 3, "set NAME VALUE"))
        return -ERR_CONFIG;
    for (int i = 0; i < 4; i++)
        if (str_eq(node_word(node, 1), str_c(actions[i])))
            r.action = i;
    if (r.action < 0)
        return load_error(l, node, 1, "one of: set, add, default, remove",
                          "unknown action `%.*s` of `header`", STR_ARG(node_word(node, 1)));
    if (!is_token(r.name))
        return load_error(l, node, 2, "letters, digits and `-`, no colon",
                          "`%.*s` is not the name of a header", STR_ARG(r.name));
    if (is_ours(r.name))
        return load_error(l, node, 2, NULL, "`%.*s` is written by the server itself",
                          STR_ARG(r.name));
    if (str_ieq(r.name, STR("Strict-Transport-Security"))) /* its rules are checked there */
        return load_error(l, node, 2, "write `hsts 365d;` or `hsts off;`",
                          "`%.*s` is what the directive `hsts` is for", STR_ARG(r.name));
    if ((r.action == HEADER_REMOVE) != (node_words(node) == 3))
        return r.action == HEADER_REMOVE
                   ? load_error(l, node, 3, NULL, "`header remove` takes no value")
                   : load_error(l, node, 4, "write `header set NAME VALUE`; `\"\"` is empty",
                                "the value is missing");
    for (size_t i = 0; i < r.value.n; i++)
        if (r.value.p[i] == '\n')
            return load_error(l, node, 3, NULL, "a header's value has no line breaks");
    r.at = node_source(node);
    *ret = r;
    return 0;
}

static int add_header(struct load *l, const struct parse_node *node, struct header_rule **v,
                      size_t *n)
{
    struct header_rule rule, *slot;
    int err = read_header(l, node, &rule);
    if (err)
        return err;
    slot = engine_push(l, v, n, sizeof *slot);
    if (!slot)
        return -ERR_NOMEM;
    *slot = rule;
    return 0;
}

int site_header(struct load *l, const struct parse_node *node, void *conf)
{
    struct site *site = conf;
    return add_header(l, node, &site->headers, &site->nheaders);
}

int site_route_header(struct load *l, const struct parse_node *node, void *conf)
{
    struct route *route = conf;
    return add_header(l, node, &route->headers, &route->nheaders);
}

int site_error_page(struct load *l, const struct parse_node *node, void *conf)
{
    struct site *site = conf;
    size_t last = node_words(node) - 1;
    if (!engine_count(l, node, 2, 100, "STATUS… PATH"))
        return -ERR_CONFIG;
    if (!str_starts(node_word(node, last), STR("/")))
        return load_error(l, node, last, "a path within the site, it begins with `/`",
                          "`%.*s` is not a URL path", STR_ARG(node_word(node, last)));
    for (size_t i = 1; i < last; i++) {
        uint64_t status;
        if (!str_u64(node_word(node, i), &status) || status < 400 || status > 599)
            return load_error(l, node, i, "a number from 400 to 599",
                              "`%.*s` is not the status of an error", STR_ARG(node_word(node, i)));
        for (size_t k = 0; k < site->nerror_pages; k++)
            if (site->error_pages[k].status == status)
                return load_error(l, node, i, NULL, "status %u has an error page already",
                                  (unsigned)status);
        struct error_page *page = engine_push(l, &site->error_pages, &site->nerror_pages,
                                              sizeof *page);
        if (!page)
            return -ERR_NOMEM;
        *page = (struct error_page){(uint16_t)status, node_word(node, last)};
    }
    return 0;
}

static int unknown_waiver(struct load *l, const struct parse_node *node)
{
    char hint[300] = "these can be allowed:";
    for (const struct check_weakness *w = check_weaknesses; w->name; w++) {
        size_t used = strlen(hint);
        if (value_distance(node_word(node, 1), str_c(w->name), 2) <= 2) {
            snprintf(hint, sizeof hint, "did you mean `%s`?", w->name);
            break;
        }
        snprintf(hint + used, sizeof hint - used, " %s", w->name);
    }
    return load_error(l, node, 1, hint, "nothing is called `%.*s` that could be allowed",
                      STR_ARG(node_word(node, 1)));
}

int site_allow(struct load *l, const struct parse_node *node, void *conf)
{
    static const char form[] = "write `allow NAME because \"REASON\" until YYYY-MM-DD;`";
    struct site *site = conf;
    struct waiver w = {.name = node_word(node, 1), .reason = node_word(node, 3)};
    const struct check_weakness *known = check_weaknesses;
    while (known->name && !str_eq(w.name, str_c(known->name)))
        known++;
    if (node_words(node) > 1 && !known->name)
        return unknown_waiver(l, node);
    if (!str_eq(node_word(node, 2), STR("because")))
        return load_error(l, node, 2, form, "a reason is missing");
    if (node_words(node) < 4 || str_eq(w.reason, STR("until")))
        return load_error(l, node, 3, form, "a reason is missing");
    if (str_trim(w.reason).n < REASON_MIN)
        return load_error(l, node, 3,
                          "three characters at least, for those who ask in a year: because \"till 2027: "
                          "card terminals\"",
                          "the reason \"%.*s\" is too short", STR_ARG(str_trim(w.reason)));
    if (!str_eq(node_word(node, 4), STR("until")))
        return load_error(l, node, 4, form, "the day until when it is allowed is missing");
    if (!value_date_end(node_word(node, 5), &w.until))
        return load_error(l, node, 5, "write it as YYYY-MM-DD", "this is not a day");
    if (node_words(node) > 6)
        return load_error(l, node, 6, form, "too many values for `allow`");
    if (w.until < l->env->wall)
        return load_error(l, node, 5, "strengthen the setting, or give a new day and reason",
                          "the permission for `%.*s` has expired", STR_ARG(w.name));
    w.at = node_source(node);
    struct waiver *slot = engine_push(l, &site->waivers, &site->nwaivers, sizeof *slot);
    if (!slot)
        return -ERR_NOMEM;
    *slot = w;
    return 0;
}
