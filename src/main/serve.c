/* `gate443 serve [DIR] [-c FILE] …`: reads the command line and becomes the parent. */
#include "main/cli.h"
#include "main/commands.h"
#include "main/loaded.h"
#include "main/parent.h"
#include "main/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES_MAX 256

static const struct cli_flag flags[] = {
    {"config", true, 'c'}, {"https", true, 'S'},   {"http", true, 'P'},    {"state", true, 'D'},
    {"name", true, 'N'},   {"workers", true, 'W'}, {"single", false, '1'}, {"verbose", false, 'v'},
    {"help", false, 'h'},  {NULL, false, 0}};

static const char usage[] =
    "usage: gate443 serve DIR | -c FILE [options]\n"
    "  DIR                  directory to serve at https://localhost\n"
    "  -c, --config FILE    serve what FILE says\n"
    "      --https ADDR:PORT   listen for HTTPS there (default :443, else :8443)\n"
    "      --http ADDR:PORT|off  listen for the redirect there (default :80, else :8080)\n"
    "      --state DIR      keys, local authority, control socket\n"
    "      --name NAME      a name of the site (repeatable; default localhost)\n"
    "      --workers N      processes that serve (default: one a core)\n"
    "      --single         all roles in one process, without sandbox: for debugging only\n"
    "  -v, --verbose        say more\n";

static int bad(const char *what, const char *arg)
{
    fprintf(stderr, "gate443 serve: %s%s%s\n%s", what, arg ? ": " : "", arg ? arg : "", usage);
    return 2;
}

static int take_option(struct serve_options *o, int c, const char *value, size_t *names)
{
    switch (c) {
    case 'c':
        o->config = value;
        return 0;
    case 'S':
        o->https = value;
        return 0;
    case 'P':
        o->http = value;
        return 0;
    case 'D':
        o->state = value;
        return 0;
    case 'N':
        if (*names == NAMES_MAX)
            return bad("too many names", NULL);
        o->names[(*names)++] = value;
        return 0;
    case 'W':
        if (!str_u64(str_c(value), &o->workers) || o->workers == 0 || o->workers > WORKERS_MAX)
            return bad("--workers takes a number from 1 to 256", value);
        return 0;
    case '1':
        o->single = true;
        return 0;
    case 'v':
        o->level = LOG_DEBUG;
        return 0;
    default:
        return bad("unknown option", NULL);
    }
}

/* The configuration's `state DIR`, which must be known before anything else starts. A configuration
 * that is refused ends here, with every mistake told. */
static int state_of_config(struct serve_options *o, char path[STATE_PATH_MAX])
{
    struct loaded l;
    int err = loaded_file(&l, o->config, isatty(2));
    if (err)
        fwrite(buf_str(&l.errors).p, 1, l.errors.n, stderr);
    else if (l.snapshot->state_dir.n && l.snapshot->state_dir.n < STATE_PATH_MAX) {
        snprintf(path, STATE_PATH_MAX, "%s", l.snapshot->state_dir.p);
        o->state = path;
    }
    loaded_done(&l);
    return err;
}

int cmd_serve(int argc, char **argv)
{
    const char *names[NAMES_MAX + 1] = {NULL};
    struct serve_options o = {.names = names, .level = LOG_INFO};
    size_t n = 0;
    int c, err;
    struct cli cli = {argc, argv, flags};
    while ((c = cli_next(&cli)) != -1) {
        if (c == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        if ((err = take_option(&o, c, cli.value, &n)))
            return err;
    }
    if (cli.words < argc)
        o.dir = argv[cli.words++];
    if (cli.words < argc)
        return bad("one directory, not more", argv[cli.words]);
    if (!o.dir == !o.config)
        return bad("either a directory or -c FILE", NULL);
    if (o.config && n)
        return bad("--name goes with a directory; a configuration has its `site` names", NULL);
    char state[STATE_PATH_MAX];
    if (o.config && !o.state && state_of_config(&o, state))
        return 1;
    return parent_run(&o);
}
