/* `gate443 explain [-c FILE | DIR] URL`: what would answer a URL, and which line says so. */
#include "main/cli.h"
#include "main/commands.h"
#include "main/loaded.h"
#include "wire/uri.h"

#include <stdio.h>
#include <unistd.h>

static const char usage[] =
    "usage: gate443 explain -c FILE URL | DIR URL\n"
    "  Says which listener, site, certificate, route, handler and limits apply to URL, each with the\n"
    "  line it comes from. Nothing is sent anywhere.\n"
    "  -c, --config FILE   as FILE configures it\n"
    "  DIR                 as `gate443 serve DIR` would serve it\n";

/* The URL as a server reads it: without user and fragment, its path normalised (wire/uri.h). The
 * rest is config_explain's; what is no URL is left as it is, for it to refuse. */
static int normalise(struct str url, struct buf *out)
{
    struct arena arena;
    struct uri_path path;
    size_t scheme = str_find(url, ':', 0) + 3, end, user;
    url = str_sub(url, 0, str_find(url, '#', 0));
    size_t start = str_istarts(url, STR("https://")) || str_istarts(url, STR("http://")) ? scheme : 0;
    for (end = start; end < url.n && url.p[end] != '/' && url.p[end] != '?'; end++)
        continue;
    for (user = end; user > start && url.p[user - 1] != '@'; user--)
        continue;
    buf_add(out, str_sub(url, 0, start));
    buf_add(out, str_sub(url, user, end - user));
    if (end == url.n)
        return 0;
    arena_init(&arena, 4096, 1u << 20);
    int err = uri_normalise(&arena, str_from(url, end), &path);
    if (!err && path.encoded_slash)
        err = -ERR_NOT_FOUND;
    if (!err)
        uri_encode_path(out, path.decoded);
    arena_done(&arena);
    return err;
}

static int explain_url(const struct snapshot *s, const char *url, struct buf *out)
{
    struct buf normal;
    buf_init(&normal, 1u << 20);
    int err = normalise(str_c(url), &normal);
    if (err == -ERR_NOT_FOUND) { /* see dispatch.c */
        buf_add(out, STR("an encoded slash (%2F) is in no file's name and in no route: 404\n"));
        err = 0;
    } else if (!err)
        err = buf_ok(&normal) ? config_explain(s, buf_str(&normal), out) : -ERR_NOMEM;
    buf_done(&normal);
    return err;
}

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
        err = explain_url(l.snapshot, url, &out);
    /* What nobody answers is explained, too: that is no failure. */
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
