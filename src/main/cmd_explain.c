/* `gate443 explain [-c FILE | DIR] URL`: what would answer a URL, and which line says so. */
#include "main/cli.h"
#include "main/commands.h"
#include "main/loaded.h"

#include <stdio.h>
#include <unistd.h>

static const char usage[] =
    "usage: gate443 explain -c FILE URL | DIR URL\n"
    "  Says which listener, site, certificate, route, handler and limits apply to URL, each with the\n"
    "  line it comes from. Nothing is sent anywhere.\n"
    "  -c, --config FILE   as FILE configures it\n"
    "  DIR                 as `gate443 serve DIR` would serve it\n";

static int explain(const char *config, const char *dir, const char *url)
{
    struct loaded l;
    struct buf out;
    buf_init(&out, 1u << 20);
    bool colour = isatty(2) == 1;
    int err = config ? loaded_file(&l, config, colour) : loaded_dir(&l, dir, colour);
    if (err)
        fwrite(buf_str(&l.errors).p, 1, l.errors.n, stderr);
    else
        err = config_explain(l.snapshot, str_c(url), &out);
    /* What nobody answers is explained too, as a failure. */
    if (out.n)
        fwrite(buf_str(&out).p, 1, out.n, err ? stderr : stdout);
    else if (err && l.errors.n == 0)
        fprintf(stderr, "gate443 explain: %s: %s\n", url, err_text(err));
    buf_done(&out);
    loaded_done(&l);
    return err ? 1 : 0;
}

int cmd_explain(int argc, char **argv)
{
    static const struct cli_flag flags[] = {
        {"config", true, 'c'}, {"help", false, 'h'}, {NULL, false, 0}};
    const char *config = NULL;
    struct cli cli = {argc, argv, flags};
    for (int c; (c = cli_next(&cli)) != -1;) {
        if (c != 'c') {
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
        config = cli.value;
    }
    int left = argc - cli.words;
    if (left != (config ? 1 : 2)) {
        fputs(usage, stderr);
        return 2;
    }
    return explain(config, config ? NULL : argv[cli.words], argv[argc - 1]);
}
