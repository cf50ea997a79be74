/* The effective configuration as JSON: every value, whether written or default. */
#include "config/options.h"
#include "config/setting.h"
#include "config/value.h"

static void text(struct buf *out, struct str v)
{
    buf_addc(out, '"');
    buf_add_json(out, v);
    buf_addc(out, '"');
}

static void key(struct buf *out, const char *name)
{
    text(out, str_c(name));
    buf_add(out, STR(": "));
}

static void source(struct buf *out, const struct source_ref *at)
{
    key(out, "at");
    buf_addc(out, '"');
    buf_add_json(out, str_c(at->file));
    if (at->line)
        buf_addf(out, ":%u:%u", at->line, at->column);
    buf_addc(out, '"');
}

/* The members that the rows describe, each behind a comma if any stands before it. */
static void rows(struct buf *out, const struct option *table, const void *conf, bool comma)
{
    for (const struct option *o = table; o && o->name; o++) {
        if (o->type == OPT_CUSTOM)
            continue;
        buf_add(out, comma ? STR(", ") : STR_NONE);
        comma = true;
        key(out, o->name);
        if (o->type != OPT_BLOCK) {
            setting_json(o, conf, out);
            continue;
        }
        buf_addc(out, '{');
        rows(out, o->block, (const char *)conf + o->offset, false);
        buf_addc(out, '}');
    }
}

static void headers(struct buf *out, const struct header_rule *v, size_t n)
{
    static const char *const actions[] = {"set", "add", "remove", "default"};
    key(out, "headers");
    buf_addc(out, '[');
    for (size_t i = 0; i < n; i++) {
        buf_addf(out, "%s{\"action\": \"%s\", \"name\": ", i ? ", " : "", actions[v[i].action]);
        text(out, v[i].name);
        buf_add(out, STR(", \"value\": "));
        text(out, v[i].value);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
}

static void routes(struct buf *out, const struct site *site)
{
    key(out, "routes");
    buf_addc(out, '[');
    for (size_t i = 0; i < site->nroutes; i++) {
        const struct route *r = site->routes[i];
        buf_add(out, i ? STR(",\n      {\"path\": ") : STR("\n      {\"path\": "));
        text(out, r->path);
        buf_add(out, STR(", \"handler\": "));
        text(out, str_c(r->handler ? r->handler->name : ""));
        buf_addf(out, ", \"body_size\": %llu, ", (unsigned long long)r->body_size);
        headers(out, r->headers, r->nheaders);
        buf_add(out, STR(", "));
        source(out, &r->at);
        if (r->handler && r->handler->options) {
            buf_add(out, STR(", \"options\": {"));
            rows(out, r->handler->options, r->conf, false);
            buf_addc(out, '}');
        }
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
}

static void certificates(struct buf *out, const struct site *site)
{
    key(out, "certificates");
    buf_addc(out, '[');
    for (size_t i = 0; i < site->ncerts; i++) {
        const struct cert_spec *c = site->certs[i];
        buf_add(out, i ? STR(", {") : STR("{"));
        buf_addf(out, "\"local\": %s, \"chain\": ", c->local ? "true" : "false");
        text(out, c->chain_path);
        buf_add(out, STR(", \"key\": "));
        text(out, c->key_path);
        buf_add(out, STR(", "));
        source(out, &c->at);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
}

static void names(struct buf *out, const struct site *site)
{
    key(out, "names");
    buf_addc(out, '[');
    for (size_t i = 0; i < site->nnames; i++) {
        buf_add(out, i ? STR(", ") : STR_NONE);
        text(out, site->names[i]);
    }
    buf_addc(out, ']');
}

static void hsts(struct buf *out, const struct hsts_settings *h)
{
    static const char *const modes[] = {"auto", "off", "fixed"};
    buf_addf(out, "\"hsts\": {\"mode\": \"%s\", \"max_age\": %llu, \"subdomains\": %s, \"preload\": %s}",
             modes[h->mode], (unsigned long long)h->max_age, h->subdomains ? "true" : "false",
             h->preload ? "true" : "false");
}

static void error_pages(struct buf *out, const struct site *site)
{
    key(out, "error_pages");
    buf_addc(out, '{');
    for (size_t i = 0; i < site->nerror_pages; i++) {
        buf_addf(out, "%s\"%u\": ", i ? ", " : "", (unsigned)site->error_pages[i].status);
        text(out, site->error_pages[i].path);
    }
    buf_addc(out, '}');
}

static void waivers(struct buf *out, const struct site *site)
{
    key(out, "allow");
    buf_addc(out, '[');
    for (size_t i = 0; i < site->nwaivers; i++) {
        const struct waiver *w = &site->waivers[i];
        buf_add(out, i ? STR(", {\"name\": ") : STR("{\"name\": "));
        text(out, w->name);
        buf_add(out, STR(", \"because\": "));
        text(out, w->reason);
        buf_add(out, STR(", \"until\": \""));
        value_add_date(out, w->until);
        buf_add(out, STR("\", "));
        source(out, &w->at);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
}

static void one_site(struct buf *out, const struct site *site)
{
    buf_add(out, STR("\n    {"));
    names(out, site);
    buf_add(out, STR(", "));
    source(out, &site->at);
    buf_addf(out, ", \"trust\": %u,\n     ", site->trust);
    certificates(out, site);
    buf_add(out, STR(",\n     "));
    hsts(out, &site->hsts);
    buf_addf(out, ", \"compress_on\": %s", site->compress.on ? "true" : "false");
    rows(out, option_site, site, true);
    buf_add(out, STR(",\n     \"ciphers\": "));
    text(out, site->tls.ciphers);
    buf_add(out, STR(", \"groups\": "));
    text(out, site->tls.groups);
    buf_add(out, STR(",\n     "));
    headers(out, site->headers, site->nheaders);
    buf_add(out, STR(", "));
    error_pages(out, site);
    buf_add(out, STR(", "));
    waivers(out, site);
    buf_add(out, STR(",\n     "));
    routes(out, site);
    buf_addc(out, '}');
}

static void listeners(struct buf *out, const struct snapshot *s)
{
    char address[ADDR_TEXT_MAX];
    key(out, "listeners");
    buf_addc(out, '[');
    for (size_t i = 0; i < s->nlisteners; i++) {
        const struct listener *at = &s->listeners[i];
        buf_addf(out, "%s\n    {\"address\": \"%s\", \"scheme\": \"%s\", ", i ? "," : "",
                 addr_text(&at->addr, address).p, at->tls ? "https" : "http");
        source(out, &at->at);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
}

void config_json(const struct snapshot *s, struct buf *out)
{
    buf_add(out, STR("{\n  "));
    listeners(out, s);
    buf_add(out, STR(",\n  \"state\": "));
    text(out, s->state_dir);
    buf_add(out, STR(", \"access_log\": "));
    text(out, s->access_log);
    buf_addf(out, ", \"access_log_format\": \"%s\",\n  ",
             s->access_log_format == LOG_FORMAT_COMBINED ? "combined" : "json");
    rows(out, option_global, s, false);
    buf_add(out, STR(",\n  \"sites\": ["));
    for (size_t i = 0; i < s->nsites; i++) {
        buf_add(out, i ? STR(",") : STR_NONE);
        one_site(out, s->sites[i]);
    }
    buf_add(out, STR("]\n}\n"));
}
