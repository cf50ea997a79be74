/* `gate443 config`: the language, or one configuration, as data. */
#include "main/cli.h"
#include "main/commands.h"
#include "main/loaded.h"

#include <stdio.h>
#include <unistd.h>

static const char usage[] =
    "usage: gate443 config --schema | --reference | --json -c FILE\n"
    "  --schema            the JSON Schema of what --json prints\n"
    "  --reference         the language as a manual, in Markdown\n"
    "  --json              what FILE means, with every default filled in, as JSON\n"
    "  -c, --config FILE   the configuration (-: standard input)\n";

static int print(struct buf *out)
{
    bool ok =
        buf_ok(out) && fwrite(buf_str(out).p ? buf_str(out).p : "", 1, out->n, stdout) == out->n;
    if (ok && out->n && buf_str(out).p[out->n - 1] != '\n')
        putchar('\n');
    if (!ok)
        fprintf(stderr, "gate443 config: %s\n", err_text(buf_ok(out) ? ERR_IO : ERR_NOMEM));
    return ok ? 0 : 1;
}

static int print_language(char what)
{
    struct load_env env;
    struct bundle unused;
    struct buf out;
    int status = 1;
    bundle_init(&unused);
    buf_init(&out, 16u << 20);
    if (loaded_env(&env, &unused, false) == 0) {
        if (what == 'S')
            config_schema(&env, &out);
        else
            config_reference(&env, &out);
        status = print(&out);
    }
    buf_done(&out);
    bundle_done(&unused);
    return status;
}

static int print_json(const char *config)
{
    struct loaded l;
    struct buf out;
    int status = 1;
    buf_init(&out, 64u << 20);
    int err = loaded_file(&l, config, isatty(2) == 1);
    if (l.errors.n)
        fwrite(buf_str(&l.errors).p, 1, l.errors.n, stderr);
    if (!err) {
        config_json(l.snapshot, &out);
        status = print(&out);
    }
    buf_done(&out);
    loaded_done(&l);
    return status;
}

int cmd_config(int argc, char **argv)
{
    static const struct cli_flag flags[] = {{"schema", false, 'S'}, {"reference", false, 'R'},
                                            {"json", false, 'J'},   {"config", true, 'c'},
                                            {"help", false, 'h'},   {NULL, false, 0}};
    const char *config = NULL;
    char what = 0;
    struct cli cli = {argc, argv, flags};
    for (int c; (c = cli_next(&cli)) != -1;) {
        if (c == 'h' || c == '?') {
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
        if (c == 'c')
            config = cli.value;
        else
            what = (char)c;
    }
    if (cli.words < argc || !what || (what == 'J') != (config != NULL)) {
        fputs(usage, stderr);
        return 2;
    }
    return what == 'J' ? print_json(config) : print_language(what);
}
