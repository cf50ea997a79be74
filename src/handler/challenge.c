/* The plain port: what a certificate authority asks for before it issues (RFC 8555 8.3), left as
 * files by an ACME client beside us. Authorities begin at port 80 and follow redirects; this comes
 * before ours, so that a client gets its first certificate while https has none that is valid.
 *
 * Nothing but answers leaves here: `challenges` may well name a site's root, and neither the
 * site's routes nor TLS stand before it. So a file must be one that an authority would accept:
 * the token that was asked for and a thumbprint, no other file in the world. It is read anew each
 * time: an answer lives for seconds, and comes when it pleases. */
#include "handler/handlers.h"

#include "io/file.h"

#include <stdio.h>
#include <unistd.h>

#define ANSWER_MAX 4096 /* bytes; a token and a thumbprint are below 300 */

/* Beneath the directory: where clients that are told a site's root leave their answers (certbot,
 * acme.sh, lego), and where those do that are told the place itself (dehydrated). */
static const char *const places[] = {".well-known/acme-challenge/", ""};

#define PATH_SIZE (sizeof ".well-known/acme-challenge/" + CHALLENGE_TOKEN_MAX)

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* RFC 8555 8.1: token || '.' || base64url(thumbprint). 8.3: the one who asks SHOULD ignore white
 * space at the end, so editors and `echo` may leave some. */
static bool is_answer(struct str s, struct str token)
{
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return str_starts(s, token) && str_starts(str_from(s, token.n), STR(".")) &&
           str_is_base64url(str_from(s, token.n + 1));
}

/* ret: initialised, of ANSWER_MAX. */
static int read_answer(int dirfd, const char *path, struct str token, struct buf *ret)
{
    int fd, err;
    struct stat st;
    err = file_open_stat(dirfd, path, true, &fd, &st);
    if (err)
        return file_refusal(err);
    err = S_ISREG(st.st_mode) ? file_read_all(fd, ret) : -ERR_NOT_FOUND;
    close(fd);
    if (err == -ERR_NOMEM)
        return err;
    return err || !is_answer(buf_str(ret), token) ? -ERR_NOT_FOUND : 0;
}

static int find_answer(int dirfd, struct str token, struct buf *ret)
{
    char path[PATH_SIZE];
    int err = -ERR_NOT_FOUND;
    for (size_t i = 0; i < sizeof places / sizeof *places && err == -ERR_NOT_FOUND; i++) {
        snprintf(path, sizeof path, "%s%.*s", places[i], STR_ARG(token));
        buf_clear(ret);
        err = read_answer(dirfd, path, token, ret);
    }
    return err;
}

static int on_head(const void *conf, struct exchange *x)
{
    const struct field no_store = {STR("cache-control"), STR("no-store"), FIELD_CACHE_CONTROL};
    const struct snapshot *s = x->conn->snapshot;
    struct str token = snapshot_challenge(s, x->path.decoded);
    struct buf answer;
    if (!token.n)
        return -ERR_NOT_FOUND;
    buf_init(&answer, ANSWER_MAX);
    int err = find_answer(s->challenges->fd, token, &answer);
    if (!err)
        err = exchange_reply(x, 200, STR("application/octet-stream"), buf_str(&answer), &no_store,
                             1);
    buf_done(&answer);
    return err;
}

const struct handler challenge_handler = {
    .decl = {.name = "challenge",
             .args = "",
             .doc = "Answers the challenges of certificate authorities. Not configured by hand.",
             .impl = &challenge_handler},
    .methods = 1u << METHOD_GET | 1u << METHOD_HEAD,
    .on_head = on_head,
};
