/* Addresses of Redis servers: what was taken is whole, its text is an address again (the same one,
 * without whom it is for), and no complaint tells a password. */
#include "upstream/redis_url.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_secret(const char *before, struct str behind)
{
    struct redis_url u;
    struct buf url, why;
    buf_init(&url, 1u << 20);
    buf_init(&why, 1u << 20);
    buf_addf(&url, "%sSeCrEt%.*s", before, STR_ARG(behind));
    if (redis_url_parse(&u, buf_str(&url), &why))
        assert(!strstr(buf_cstr(&why), "SeCrEt"));
    buf_done(&url);
    buf_done(&why);
}

static void read_again(const struct redis_url *u, struct buf *why)
{
    struct redis_url again;
    struct buf text;
    buf_init(&text, 4096);
    redis_url_text(u, &text);
    assert(buf_ok(&text));
    if (!strpbrk(u->path, "%?")) { /* a path's text is for people alone */
        assert(redis_url_parse(&again, buf_str(&text), why) == 0);
        assert(again.port == u->port && strcmp(again.host, u->host) == 0 && strcmp(again.path, u->path) == 0);
        assert(!again.password[0] && !again.user[0]);
    }
    buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct redis_url u;
    struct buf why;
    struct str url = str_of((const char *)data, size);
    buf_init(&why, 1u << 20);
    int err = redis_url_parse(&u, url, &why);
    assert(err == 0 || err == -ERR_SYNTAX || err == -ERR_RANGE || err == -ERR_UNSUPPORTED);
    assert(!err == !why.n && buf_ok(&why));
    try_secret("redis://me:", url);
    try_secret("redis://me:63", url);
    try_secret("unix:///s?password=", url);
    if (!err) {
        assert(u.port && !u.host[0] == (u.path[0] == '/'));
        read_again(&u, &why);
    }
    buf_done(&why);
    return 0;
}
