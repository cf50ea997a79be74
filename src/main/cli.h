/* Options of a command line. A thin cover of getopt_long, whose `struct option` cannot be seen in
 * one file with the configuration language's. */
#ifndef MAIN_CLI_H
#define MAIN_CLI_H

#include <stdbool.h>

/* A const table ended by a row without name. A lower-case letter is also the short option. */
struct cli_flag {
    const char *name;
    bool takes_value;
    char letter;
};

/* On the stack of a command; {argc, argv, flags} to begin with. */
struct cli {
    int argc;
    char **argv;                  /* words are moved behind the options */
    const struct cli_flag *flags; /* at most 64 */
    const char *value;            /* of the option returned, if it takes one */
    int words;                    /* after -1: argv[words] … argv[argc - 1] are not options */
    bool begun;
};

/* The next option's letter; '?' for one that is not in the table (told on standard error); -1 at the
 * end. */
int cli_next(struct cli *c);

#endif
