/* `gate443 serve DIR` as configuration text: there is one way into a snapshot only. */
#include "config/load.h"
#include "config/value.h"

static void add_listen(struct buf *out, const char *kind, const char *where)
{
    if (!where)
        return;
    buf_addf(out, "listen %s ", kind);
    value_add_word(out, str_c(where));
    buf_add(out, STR(";\n"));
}

void config_text_for_dir(struct buf *out, const struct serve_defaults *d)
{
    static const char *const local[] = {"localhost", "127.0.0.1", "::1", NULL};
    const char *const *names = d->names && d->names[0] ? d->names : local;
    add_listen(out, "https", d->https);
    add_listen(out, "http", d->http);
    buf_add(out, STR("site"));
    for (; *names; names++) {
        buf_addc(out, ' ');
        value_add_word(out, str_c(*names));
    }
    /* Named on the command line, so asked for: names of any kind get the local certificate. */
    buf_add(out, STR(" {\n    certificate local;\n    root "));
    value_add_word(out, str_c(d->dir ? d->dir : "."));
    buf_add(out, STR(";\n}\n"));
}
