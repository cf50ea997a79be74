/* The command line: one table of commands. `role` is how the parent starts its children
 * (process/spawn.h); people have no use for it, so help is silent about it. */
#include "main/commands.h"
#include "main/roles.h"

#include <stdio.h>
#include <string.h>

static int cmd_version(int argc, char **argv);
static int cmd_help(int argc, char **argv);
static int cmd_role(int argc, char **argv);

static const struct command {
    const char *name, *args, *doc; /* doc NULL: not for people */
    int (*run)(int argc, char **argv);
} commands[] = {
    {"serve", "DIR | -c FILE", "serve a directory, or what a configuration says", cmd_serve},
    {"audit", "HOST[:PORT]…", "test any port 443 for every known weakness", cmd_audit},
    {"watch", "HOST[:PORT]…", "audit on a schedule, and tell what is new", cmd_watch},
    {"check", "FILE", "find every mistake in a configuration and its certificates", cmd_check},
    {"fmt", "[-w] FILE", "put a configuration into its standard form", cmd_fmt},
    {"explain", "[-c FILE | DIR] URL", "say what answers a URL, and why", cmd_explain},
    {"config", "--schema | --json | --reference", "the language, or a configuration, as data",
     cmd_config},
    {"ca", "show | export | install | uninstall", "the local certificate authority", cmd_ca},
    {"ctl", "status | reload | stop | metrics", "talk to a running gate443", cmd_ctl},
    {"version", "", "say which version this is", cmd_version},
    {"help", "[COMMAND]", "say this, or what a command takes", cmd_help},
    {"role", NULL, NULL, cmd_role},
};

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void print_help(FILE *to)
{
    fputs("gate443 puts a site on port 443, securely.\n\n", to);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char line[128];
        const struct command *c = &commands[i];
        if (!c->doc)
            continue;
        snprintf(line, sizeof line, "gate443 %s %s", c->name, c->args);
        fprintf(to, "  %-48s %s\n", line, c->doc);
    }
    fputs("\n`gate443 COMMAND --help` says more of each. The manual: man gate443\n", to);
}

static int cmd_version(int argc, char **argv)
{
    printf("gate443 %s\n", GATE443_VERSION);
    return 0;
}

static int cmd_help(int argc, char **argv)
{
    const struct command *c = argc > 1 ? find_command(argv[1]) : NULL;
    if (argc > 1 && (!c || !c->doc)) {
        fprintf(stderr, "gate443 help: there is no command \"%s\"\n", argv[1]);
        return 2;
    }
    if (!c || c->run == cmd_help || c->run == cmd_version) {
        print_help(stdout);
        return 0;
    }
    char help[] = "--help";
    char *words[] = {argv[1], help, NULL};
    return c->run(2, words);
}

static int cmd_role(int argc, char **argv)
{
    return role_main(argc + 1, argv - 1); /* it counts the program's name too */
}

/* An answer that did not arrive is no success: `gate443 fmt F > G && mv G F` would lose F. */
static int run(const struct command *c, int argc, char **argv)
{
    int status = c->run(argc, argv);
    bool written = fflush(stdout) == 0 && !ferror(stdout);
    if (!written)
        fprintf(stderr, "gate443 %s: the answer cannot be written\n", c->name);
    return written || status ? status : 1;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return 2;
    }
    const char *name = argv[1];
    if (!strcmp(name, "--help") || !strcmp(name, "-h"))
        name = "help";
    else if (!strcmp(name, "--version") || !strcmp(name, "-V"))
        name = "version";
    const struct command *c = find_command(name);
    if (!c) {
        fprintf(stderr, "gate443: there is no command \"%s\"; `gate443 help` lists them\n", name);
        return 2;
    }
    return run(c, argc - 1, argv + 1);
}
