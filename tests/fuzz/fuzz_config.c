/* Any text as a configuration: loaded, and what loads is explained and written as JSON; what can be
 * formatted stays the same when formatted again. */
#include "../unit/config/config_world.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct snapshot *s, struct buf *out)
{
    config_json(s, out);
    (void)config_explain(s, STR("https://localhost/a/b?c"), out);
    if (s->nsites && s->sites[0]->nnames)
        (void)config_explain(s, s->sites[0]->names[0], out);
    (void)snapshot_site(s, STR("a.b.example.com"));
}

static void format(struct str text)
{
    struct buf once, twice, errors;
    buf_init(&once, 8 << 20);
    buf_init(&twice, 8 << 20);
    buf_init(&errors, 1 << 20);
    if (config_format("fuzz", text, &once, &errors) == 0 &&
        (config_format("fuzz", buf_str(&once), &twice, &errors) != 0 ||
         !str_eq(buf_str(&once), buf_str(&twice))))
        abort();
    buf_done(&once);
    buf_done(&twice);
    buf_done(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_of((const char *)data, size);
    struct snapshot *s = NULL;
    struct buf out;
    buf_init(&out, 64 << 20);
    if (config_load(&world_env, "/etc/g.conf", text, &out, &s) == 0)
        use(s, &out);
    else if (out.n == 0)
        abort(); /* refused without a word */
    snapshot_unref(s);
    buf_done(&out);
    format(text);
    s = NULL; /* and as a URL */
    if (config_load(&world_env, "/etc/g.conf", STR("site localhost { respond 200; }"), &out, &s) == 0) {
        (void)!config_explain(s, text, &out);
        snapshot_unref(s);
    }
    buf_done(&out);
    return 0;
}
