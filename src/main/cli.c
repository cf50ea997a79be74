/* Options of a command line; see cli.h. */
#include "main/cli.h"

#include <getopt.h>
#include <stddef.h>

enum { FLAGS_MAX = 64 };

int cli_next(struct cli *c)
{
    struct option longs[FLAGS_MAX + 1] = {{NULL, 0, NULL, 0}};
    char shorts[FLAGS_MAX * 2 + 1];
    size_t n = 0, k = 0;
    for (; n < FLAGS_MAX && c->flags[n].name; n++) {
        const struct cli_flag *f = &c->flags[n];
        longs[n] = (struct option){f->name, f->takes_value ? required_argument : no_argument, NULL,
                                   f->letter};
        if (f->letter < 'a' || f->letter > 'z')
            continue;
        shorts[k++] = f->letter;
        if (f->takes_value)
            shorts[k++] = ':';
    }
    shorts[k] = 0;
    if (!c->begun)
        optind = 0; /* GNU: from the start again, whatever was read before */
    c->begun = true;
    int letter = getopt_long(c->argc, c->argv, shorts, longs, NULL);
    c->value = optarg;
    c->words = optind;
    return letter;
}
