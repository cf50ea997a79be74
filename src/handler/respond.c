/* `respond [/PATH] STATUS [TEXT] { type TYPE; }`: a fixed answer. Without a text, statuses from 400
 * on get the site's error page and others no body. */
#include "handler/handlers.h"

struct respond_conf {
    uint16_t status;
    struct str text, type;
};

static bool bodiless(unsigned status)
{
    return status == 204 || status == 205 || status == 304;
}

static int arguments(struct load *l, const struct parse_node *node, const struct str *words,
                     size_t n, void *conf_)
{
    struct respond_conf *conf = conf_;
    size_t first = node_words(node) - n;
    uint64_t status;
    if (!n || words[0].n != 3 || !str_u64(words[0], &status) || status < 200 || status > 599)
        return load_error(l, node, first, "a final status, for example 404 or 410",
                          "respond wants a status from 200 to 599");
    conf->status = (uint16_t)status;
    if (n > 1)
        conf->text = words[1];
    if (conf->text.n && bodiless(conf->status))
        return load_error(l, node, first + 1, "leave the text out",
                          "an answer with status %u has no body", (unsigned)conf->status);
    return 0;
}

static int load(struct load *l, const struct parse_node *node, void *conf_)
{
    struct respond_conf *conf = conf_;
    for (size_t i = 0; i < conf->type.n; i++)
        if ((unsigned char)conf->type.p[i] < 0x20 || conf->type.p[i] == 0x7f)
            return load_error(l, node, 0, "for example \"text/html; charset=utf-8\"",
                              "type holds a control character");
    return 0;
}

static int on_head(const void *conf_, struct exchange *x)
{
    const struct respond_conf *conf = conf_;
    if (conf->text.n)
        return exchange_reply(x, conf->status, conf->type, conf->text, NULL, 0);
    if (conf->status >= 400) {
        exchange_fail_status(x, conf->status, NULL, 0);
        return 0;
    }
    return exchange_reply(x, conf->status, STR_NONE, STR_NONE, NULL, 0);
}

static const struct option options[] = {
    {.name = "type",
     .type = OPT_TEXT,
     .offset = offsetof(struct respond_conf, type),
     .def = "text/plain; charset=utf-8",
     .args = "TYPE",
     .doc = "Content-Type of the text."},
    OPTION_END,
};

const struct handler respond_handler = {
    .decl = {.name = "respond",
             .args = "[/PATH] STATUS [TEXT]",
             .doc = "Answers with a fixed status and text. Without a text, statuses from 400 on show the "
                    "site's error page.",
             .options = options,
             .conf_size = sizeof(struct respond_conf),
             .min_args = 1,
             .max_args = 2,
             .arguments = arguments,
             .load = load,
             .impl = &respond_handler},
    .methods = 1u << METHOD_GET | 1u << METHOD_HEAD | 1u << METHOD_POST | 1u << METHOD_PUT |
               1u << METHOD_DELETE | 1u << METHOD_PATCH,
    .fixed = true,
    .on_head = on_head,
};
