/* What to try next at one endpoint, from what is known so far. Pure: observations in, specs out. The
 * work is split into tasks (plan_*.c, a row each in plan.c); each is woken after every observation,
 * asks for probes when it has what it needs, and fills its part of the facts. */
#ifndef AUDIT_PLAN_H
#define AUDIT_PLAN_H

#include "audit/http_facts.h"
#include "audit/tls_facts.h"

#define PLAN_ARENA_MAX (8u * 1024 * 1024) /* bytes that an endpoint's facts and specs may take */
#define PLAN_QUEUE_MAX 256                /* probes asked for and not yet started */
#define PLAN_CONNECTIONS_MAX 1500         /* of one endpoint, whatever it answers */

struct plan_options {
    struct str sni;        /* A-labels; empty: none is sent */
    struct http_url url;   /* https://host:port/ */
    struct http_url plain_url; /* the same on port 80 */
    bool tls;              /* false: only port 80 */
    bool plain;            /* ask port 80 */
    bool intrusive;
    bool http;             /* send requests at all */
    bool thorough;         /* also what only completes a list */
    bool only_contact;     /* nothing but the first contact, to compare keys */
    int64_t wall;          /* s since 1970, at the start */
};

struct plan;
struct plan_task;

struct task_row {
    const char *name;
    /* o: one of the task's own probes came to its end; NULL: others did, or it all begins. */
    void (*step)(struct plan *, struct plan_task *, const struct observation *o);
};

struct plan_task {
    const struct task_row *row;
    int state;            /* the task's own; 0 at first */
    void *data;           /* likewise, in the plan's arena */
    unsigned in_flight;
    bool done;
};

enum { HOPS_MAX = 6 };

struct plain_facts {       /* port 80; see http_facts.h for the judgement */
    bool asked;
    enum ending ending;
    bool connected;
    struct http_hop hops[HOPS_MAX]; /* http://host/ and where it leads on this host and port */
    size_t nhops;
    struct http_answer *options;    /* OPTIONS * with Upgrade: TLS; NULL: no answer */
    uint32_t root_evidence, options_evidence;
};

enum { PLAN_TASKS_MAX = 24, PLAN_KEYS_MAX = 128 };
enum { PLAN_WALKS = 6 }; /* the first tasks: versions and walks */

struct plan {
    struct arena arena;
    struct plan_options options;
    struct crypto *crypto;    /* borrowed */
    struct kex_keys *keys;    /* borrowed */
    struct tls_facts facts;
    struct plain_facts plain;
    /* https://host/ without content coding and where it leads on this host; the last one may be
     * elsewhere, without an answer. */
    struct http_hop https[HOPS_MAX];
    size_t nhttps;
    struct http_answer *https_coded; /* GET / with codings offered */
    uint32_t https_evidence, https_coded_evidence;
    bool https_clean_close;
    struct str keys_seen[PLAN_KEYS_MAX]; /* public keys of key exchanges */
    size_t nkeys;
    unsigned key_kinds[2];    /* of curves, of primes: how many were looked at */
    struct tls_session *session12, *session13, *early13;
    struct probe_spec *queue; /* heap, at most PLAN_QUEUE_MAX */
    size_t queued, taken, queue_cap; /* queue[taken .. queued) waits */
    struct plan_task tasks[PLAN_TASKS_MAX];
    size_t ntasks;
    unsigned in_flight;
    uint32_t started, ended;
    bool reached;             /* a connection stood at least once */
    bool contacted;           /* the first contact has ended: it may have told groups and an algorithm */
    bool failed;              /* more probes were asked for than there may be */
    bool starved;             /* memory was out: the facts may be wrong; see plan_starved */
};

/* −err: memory. */
int must_use plan_init(struct plan *p, const struct plan_options *o, struct crypto *crypto,
                       struct kex_keys *keys);
void plan_done(struct plan *p);
/* The next probe to start now, or NULL: none waits. Valid until plan_observe. */
const struct probe_spec *plan_next(struct plan *p);
/* A probe that plan_next gave has ended. */
void plan_observe(struct plan *p, const struct observation *o);
/* Nothing is under way and nothing waits: the facts are what they will ever be. */
bool plan_finished(const struct plan *p);
/* Memory was out at some place: nothing that was found can be relied on. */
bool plan_starved(const struct plan *p);

/* ---- for the tasks ---- */

void plan_try(struct plan *p, struct plan_task *t, const struct probe_spec *spec);
/* A hello of that version with everything in it that does no harm: all suites that `suites` names,
 * all groups and signature algorithms, the usual extensions. */
struct probe_spec plan_hello(struct plan *p, uint16_t version, struct u16_list suites);
/* A GET on a connection of its own. `coding`: value of Accept-Encoding; empty: none is named. */
struct str plan_get(struct plan *p, const struct http_url *url, struct str coding);
struct str plan_all_codings(void);
/* The answer to a request with all of them. */
void plan_keep_coded(struct plan *p, const struct observation *o);
struct http_answer *plan_keep_answer(struct plan *p, const struct http_answer *a);
struct tls_session *plan_keep_session(struct plan *p, const struct tls_session *s);
void plan_end_test(struct plan *p, enum test_id id, enum outcome outcome, const char *why,
                   const struct observation *o);
/* Highest version known to be offered; VI_COUNT: none yet. */
enum tls_version_index plan_best(const struct plan *p, enum tls_version_index up_to);
/* The suites found so far, in front one that a server with an order of its own would not take. */
struct u16_list plan_suites_to_tell(struct plan *p, enum tls_version_index v);
/* The answer to a hello with these says whose order counts, and what the server likes best. */
void plan_learn_order(struct plan *p, const struct observation *o);
/* The hello was refused for its name: it is to be asked again, without one from now on. */
bool plan_name_refused(struct plan *p, const struct observation *o);
/* What was seen of the facts that every handshake shows. */
void observe_handshake(struct plan *p, const struct observation *o);

/* All that a hello can name, in an order that suits us (numbers that a server may know first). */
struct u16_list offer_suites(struct plan *p, uint16_t version, int chunk); /* 0: the likely, 1: the rest */
struct u16_list offer_groups12(void);
struct u16_list offer_groups13(void);
struct u16_list offer_sigalgs12(void);
struct u16_list offer_sigalgs13(void);
struct u16_list offer_copy(struct plan *p, const uint16_t *v, size_t n);
/* The suites of `from` that ours can complete a handshake with; kx: only of that kind, or COUNT. */
struct u16_list offer_doable(struct plan *p, uint16_t version, enum suite_kx kx);

extern const struct task_row task_versions, task_walk13, task_walk12, task_walk11, task_walk10,
    task_walk_ssl3, task_http, task_h2, task_tests, task_cbc, task_robot, task_resume, task_certificates;

#endif
