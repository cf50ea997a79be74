/* `gate443 ctl VERB`: a word to the gate443 that runs with a state directory. */
#include "control/control_client.h"
#include "control/control_server.h"
#include "main/cli.h"
#include "main/commands.h"
#include "main/state.h"

#include <stdio.h>

#define PATIENCE 300 /* s; a reload waits for every worker to be ready */

static void print_usage(FILE *to)
{
    fputs("usage: gate443 ctl VERB [--state DIR] [--json]\n", to);
    for (const struct verb *v = control_verbs; v->name; v++)
        fprintf(to, "  %-10s %s\n", v->name, v->doc);
    fputs("      --state DIR   the state directory it was started with\n"
          "      --json        the answer as it came\n",
          to);
}

static int ask(const char *state, const char *verb, bool json)
{
    char path[STATE_PATH_MAX];
    struct buf text;
    buf_init(&text, CONTROL_ANSWER_MAX);
    int err = state_dir_path(state, path, &text);
    if (!err)
        err = control_client_ask(path, verb, json, PATIENCE, &text);
    struct str s = buf_str(&text);
    FILE *to = err && !json ? stderr : stdout;
    if (s.n)
        fwrite(s.p, 1, s.n, to);
    else if (err)
        fprintf(stderr, "gate443 ctl: %s", err_text(err));
    if (!str_ends(s, STR("\n")))
        putc('\n', to);
    buf_done(&text);
    return err ? 1 : 0;
}

int cmd_ctl(int argc, char **argv)
{
    static const struct cli_flag flags[] = {
        {"state", true, 'S'}, {"json", false, 'J'}, {"help", false, 'h'}, {NULL, false, 0}};
    const char *state = NULL;
    bool json = false;
    struct cli cli = {argc, argv, flags};
    for (int c; (c = cli_next(&cli)) != -1;) {
        if (c == 'h' || c == '?') {
            print_usage(c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
        if (c == 'S')
            state = cli.value;
        else
            json = true;
    }
    if (argc - cli.words != 1 || !verb_find(control_verbs, str_c(argv[cli.words]))) {
        print_usage(stderr);
        return 2;
    }
    return ask(state, argv[cli.words], json);
}
