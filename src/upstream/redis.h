/* A Redis server, asked on the loop: commands out, answers in. hiredis below knows the protocol; it
 * is seen nowhere else. One connection, which comes back by itself; commands wait for it. What was
 * under way when it broke ends with -ERR_RESET: whoever asked knows whether to ask again. */
#ifndef UPSTREAM_REDIS_H
#define UPSTREAM_REDIS_H

#include "io/resolve.h"
#include "upstream/redis_url.h"

#define REDIS_CALLS_MAX 4096            /* commands waiting and under way */
#define REDIS_DEADLINE  (10 * SECOND)   /* of a command, from its call to its answer */
#define REDIS_BACKOFF   (5 * SECOND)    /* between two tries to connect, at most */

enum redis_value_kind { REDIS_VALUE_NIL, REDIS_VALUE_NUMBER, REDIS_VALUE_TEXT, REDIS_VALUE_ERROR,
                        REDIS_VALUE_LIST };

/* An answer; lives for the call. */
struct redis_value {
    enum redis_value_kind kind;
    int64_t number;
    struct str text;     /* TEXT, and ERROR for people */
    size_t n;            /* of a list */
    const void *reply;   /* the library's */
};
/* NIL beyond the end, or if v is no list. */
struct redis_value redis_value_at(const struct redis_value *v, size_t i);

struct redis;

/* resolver: NULL if the host is an address or a path. Owned by whoever made it; dies before loop and
 * resolver. Connects at once. -ERR_NOMEM. */
int must_use redis_new(struct loop *loop, struct resolver *resolver, const struct redis_url *url,
                       struct redis **ret);
/* No callback comes any more. Not from within one. NULL is harmless. */
void redis_free(struct redis *r);

/* err 0: v is the answer, which may be an ERROR. Else v is NULL: -ERR_RESET (it may have been done or
 * not), -ERR_TIMEOUT (likewise, if it was sent). */
typedef void redis_on_answer(void *user, int err, const struct redis_value *v);
/* words: the command and its arguments, copied. The callback comes once, in a later turn or this.
 * -ERR_TOO_MANY, -ERR_NOMEM: it will not come. */
int must_use redis_call(struct redis *r, const struct str *words, size_t n, redis_on_answer *on_answer,
                        void *user);
/* Whether a connection stands; why not, for people (never the password). */
bool redis_is_up(const struct redis *r);
const char *redis_trouble(const struct redis *r);

#endif
