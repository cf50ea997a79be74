/* Prints the tests' reports in a format, for what reads them with other eyes than the unit tests:
 *     audit_sample FORMAT WIDTH colour|plain WORLD...        (as in report_world.c) */
#include "report_world.h"

#include <stdio.h>

static const struct world *world_of(const char *name)
{
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++)
        if (strcmp(worlds[i].name, name) == 0)
            return &worlds[i];
    return NULL;
}

int main(int argc, char **argv)
{
    const struct report_format *format = argc > 4 ? report_format_find(str_c(argv[1])) : NULL;
    uint64_t width = 0;
    if (!format || !str_u64(str_c(argv[2]), &width))
        return 2;
    struct format_options o = {
        .colour = strcmp(argv[3], "colour") == 0, .width = (unsigned)width, .version = "0.1.0"};
    struct report reports[8];
    const struct report *pointers[8];
    size_t n = 0;
    for (; n < 8 && argv[4 + n]; n++) {
        const struct world *world = world_of(argv[4 + n]);
        if (!world)
            return 2;
        world->build(&reports[n]);
        pointers[n] = &reports[n];
    }
    struct buf out = world_print(format, &o, pointers, n);
    bool written = fwrite(out.mem + out.off, 1, out.n, stdout) == out.n;
    buf_done(&out);
    while (n)
        world_done(&reports[--n]);
    return written ? 0 : 1;
}
