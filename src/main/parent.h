/* The parent: reads the configuration, owns sockets and descriptors, starts and replaces the other
 * processes, and puts a new generation into service only when every part of it is ready. It never
 * reads a byte from the network. Files: parent.c (children, signals, end), deploy.c (one generation
 * from text to service), sockets.c (listening), hsts.c (the ramp), roots.c (directories that are
 * replaced), watchdog.c (children that hang). */
#ifndef MAIN_PARENT_H
#define MAIN_PARENT_H

#include "control/control_server.h"
#include "main/bundle.h"
#include "main/roles.h"
#include "main/watchdog.h"
#include "process/chan.h"

#include <sys/types.h>

#define WORKERS_MAX 256

/* The command line of `serve`. Strings live as long as main's argv. */
struct serve_options {
    const char *dir, *config, *https, *http, *state;
    const char **names; /* NULL-terminated */
    uint64_t workers;   /* 0: as configured */
    bool single;
    enum log_level level;
};

struct parent;

/* A process (or, with --single, a part of ours). Owned by the parent. */
struct child {
    struct parent *parent;
    const struct role *role;
    unsigned index;
    pid_t pid;              /* 0: not running, or single */
    struct chan *chan;      /* NULL: not running */
    uint64_t started;       /* ns */
    unsigned failures;      /* in a row, each after less than 10 s of life */
    struct timer respawn;
    int metrics_fd;         /* its page, kept over restarts */
    struct metrics *metrics;
    uint64_t beat, beat_at; /* heartbeat as last seen; ns, when it moved */
    bool lent;              /* worker: it died, another accepts from its sockets */
    bool ready;             /* worker: pending generation prepared */
    bool awaited;           /* worker: the pending generation waits for its answer */
};

/* A bound address: one socket a worker. Owned by the parent. */
struct bound {
    struct addr wanted, addr; /* as configured; as bound */
    bool tls, keep, sent; /* keep: wanted by the newest generation; sent: in use by workers */
    int fds[WORKERS_MAX];
};

enum deploy_state { DEPLOY_KEYS, DEPLOY_WORKERS, DEPLOY_LIVE };

/* One generation on its way into service, or in service. Owned by the parent. */
struct deploy {
    struct parent *parent;
    enum deploy_state state;
    uint64_t generation;
    struct snapshot *snapshot;
    struct bundle bundle;
    struct buf text;                /* the main configuration */
    const char *name;
    struct certstore_chain *chains; /* snapshot->ncerts; pem points into `pems` */
    struct buf *pems;               /* one a certificate */
    int log_fd;
    size_t waiting;                 /* workers that have not answered */
    const struct child *auditor;    /* the worker among them that audits; NULL: none */
    char letter[4];                 /* the grade of its worst site; empty: none */
    struct buf errors;              /* for whoever asked */
    struct control_request *request; /* NULL: start or SIGHUP */
    bool again;                     /* SIGHUP came meanwhile: once more when this one is concluded */
    int64_t renew_at;               /* wall s: when a local leaf has used 2/3 of its life */
};

struct parent {
    struct loop *loop;
    struct log log;
    struct serve_options options;
    int state_fd;
    char state_path[4096];
    struct control_server *control;
    struct child keeper;
    struct child *workers;
    size_t nworkers;
    struct bound *bound;
    size_t nbound;
    struct deploy *live, *pending;
    uint64_t generation;            /* the last given */
    struct watch signals;
    struct timer minute, second, patience;
    uint64_t looked;                /* ns, when the watchdog did */
    struct timer deploying;         /* until when `pending` must be ready everywhere */
    bool stopping, failed;
};

/* parent.c */
int parent_run(const struct serve_options *options);
int parent_start_workers(struct parent *p, uint64_t wanted);
void parent_link_keeper(struct parent *p, struct child *worker);
void parent_stop(struct parent *p);

/* deploy.c */
void deploy_begin(struct parent *p, struct control_request *request);
void deploy_on_deadline(struct timer *t, uint64_t now);
void deploy_ask_keys(struct deploy *d);
void deploy_on_keys(struct parent *p, const struct message_frame *m);
void deploy_on_ready(struct child *worker, const struct message_frame *m);
void deploy_on_worker_gone(struct child *worker);
int deploy_send(struct deploy *d, struct child *worker); /* CONFIG */
void deploy_start_worker(struct child *worker);          /* one that was replaced */
void deploy_free(struct deploy *d);

/* sockets.c */
int sockets_bind(struct parent *p, const struct snapshot *s, struct buf *errors);
void sockets_keep(struct parent *p, bool accepted); /* after sockets_bind: close new or old ones */
void sockets_send(struct parent *p, struct child *worker);
void sockets_lend(struct parent *p, struct child *worker); /* it died: until sockets_send to it */
void sockets_close(struct parent *p); /* all, for good: who comes now is refused, not left waiting */
uint16_t sockets_https_port(const struct parent *p);

/* hsts.c: ages of all sites to all workers; call at commit and once a minute. */
void hsts_update(struct parent *p);

/* roots.c: once a second. */
void roots_check(struct parent *p);

/* banner.c: what `serve` prints when it serves. */
void banner_print(struct parent *p);

#endif
