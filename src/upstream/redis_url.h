/* Where a Redis server is: redis://[user[:password]@]host[:port][/db][?stream=NAME], or
 * unix:///path/of/socket[?stream=NAME&db=N&user=U&password=P]. Pure. */
#ifndef UPSTREAM_REDIS_URL_H
#define UPSTREAM_REDIS_URL_H

#include "base/buf.h"

struct redis_url {
    char host[256];      /* name or address, without brackets; empty: path */
    uint16_t port;       /* 6379 */
    char path[108];      /* of a unix socket */
    char user[128];      /* empty: the default one */
    char password[256];  /* empty: none. Never to be told to anybody but the server */
    char stream[128];    /* empty: none named */
    unsigned db;
};

/* −err with *why saying what is wrong, without the password: SYNTAX, RANGE, UNSUPPORTED (rediss). */
int must_use redis_url_parse(struct redis_url *ret, struct str url, struct buf *why);
/* For people: the same without user and password. */
void redis_url_text(const struct redis_url *u, struct buf *out);

#endif
