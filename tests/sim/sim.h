/* A worker without a network: the real front, engines and handlers on a loop in virtual time, and
 * clients at the other ends of pipes in memory. Everything a scenario does follows from one seed, so
 * that a failure is repeated by giving the printed seed again. */
#ifndef TEST_SIM_H
#define TEST_SIM_H

#include "base/buf.h"
#include "front/front.h"

#define SIM_BIG ((size_t)200 * 1000)
#define SIM_MID ((size_t)20 * 1000)
#define SIM_SMALL ((size_t)100)
#define SIM_PAGE ((size_t)6000)
#define SIM_H2_PORT 8443 /* local port whose connections speak HTTP/2 from the first byte */
#define SIM_H1_PORT 8080

/* ---- what is served: one for the whole program ---- */

struct sim_files {
    char dir[256];
    char *big, *mid, *small, *page; /* page is compressible */
};

/* The directory with its files; exits the program on failure. */
void sim_files_make(struct sim_files *f);
void sim_files_remove(struct sim_files *f);
/* One generation, whose /hello answers `hello`; `limits`: rows for the block, may be "". */
struct snapshot *sim_snapshot(const struct sim_files *f, const char *hello, const char *limits);

/* ---- the worker ---- */

struct sim {
    struct loop *loop;
    struct front *front;
    struct log log;
    struct metrics metrics;
    struct access_log access_log;
    uint64_t seed, rng;
    unsigned idle_told;
};

/* 0, or -ERR_NOMEM. Takes no reference of the snapshot but its own. */
int sim_init(struct sim *s, uint64_t seed, struct snapshot *snapshot);
int sim_serve(struct sim *s, struct snapshot *snapshot); /* a new generation */
/* Runs until nothing can ever happen again, or until `until`. False: it never came to rest. */
bool sim_run(struct sim *s, uint64_t until);
/* Frees the front, which cuts what is open, and all else. */
void sim_done(struct sim *s);
uint64_t sim_random(struct sim *s);
uint64_t sim_below(struct sim *s, uint64_t n);              /* 0 to n − 1 */
bool sim_chance(struct sim *s, unsigned one_in);
const struct addr *sim_addr(struct addr *a, const char *text); /* returns a */

/* ---- a client's end of a connection ---- */

enum sim_cut { SIM_NO_CUT, SIM_CLOSE, SIM_ABORT, SIM_HALF_CLOSE };

/* Embedded in its owner, zeroed, then sim_client_start. Its habits may change at any time. */
struct sim_client {
    struct sim *sim;
    struct stream *stream; /* NULL: closed */
    struct timer timer;
    struct buf out, in;    /* all that is to be sent from the start; all that came */
    size_t sent, received;
    size_t write_max, read_max;     /* bytes a call; 0: as many as there are */
    uint64_t write_gap, read_gap;   /* ns between calls */
    uint64_t write_at, read_at;     /* ns: not before */
    size_t read_stop;               /* reads no further than this; 0: no such stop */
    enum sim_cut cut;
    size_t cut_sent, cut_received;  /* when that many bytes went or came; 0: not for this reason */
    bool write_dead, eof, reset, was_cut;
    uint64_t ended; /* ns: when the end of the connection was seen */
    /* May be NULL. `input` gets what was read (else it gathers in `in`); `more` may add to out. */
    void (*input)(struct sim_client *, struct str);
    void (*more)(struct sim_client *);
};

/* Connects through a pipe of `capacity` bytes. −err: refused or no memory. */
int sim_client_start(struct sim_client *c, struct sim *s, size_t capacity, const char *peer,
                     bool h2);
void sim_client_pump(struct sim_client *c);
void sim_client_cut(struct sim_client *c, enum sim_cut how);
void sim_client_done(struct sim_client *c);
/* Random habits. Returns true if nothing of them can keep a correct answer from coming whole. */
bool sim_client_habits(struct sim_client *c, bool slow_allowed);

/* ---- what ought to come back ---- */

enum sim_kind {
    SIM_GET_EMPTY, SIM_GET_SMALL, SIM_GET_MID, SIM_GET_BIG, SIM_HEAD_MID, SIM_MISSING, SIM_HELLO,
    SIM_REDIRECT, SIM_RANGE, SIM_GZIP, SIM_UNCHANGED, SIM_POST, SIM_POST_STATIC, SIM_OPTIONS,
    SIM_DENIED, SIM_LISTING, SIM_KINDS
};

struct sim_expect {
    const char *method, *path;
    struct str field;  /* "name: value" of the request, or empty */
    unsigned status;
    bool head;         /* no body, whatever the length says */
    bool any_body;     /* an error page or the like */
    bool gzip;         /* may come compressed */
    struct str body;
    struct str post;   /* the request's body */
};

void sim_expect(struct sim_expect *e, enum sim_kind kind, const struct sim_files *f,
                const char *hello);
enum sim_kind sim_any_kind(struct sim *s, size_t capacity);
/* Whether a body, as it came, is what was expected. */
bool sim_body_right(const struct sim_expect *e, bool gzip, struct str body);
/* Appends the request. */
void sim_h1_request(struct sim *s, struct buf *out, const struct sim_expect *e, bool last);
/* Reads all responses in `in`. Returns how many came whole, −1 when one is wrong (why: text).
 * *ret_closed: a response said that it is the last. */
int sim_h1_check(struct str in, const struct sim_expect *e, size_t n, bool eof, bool *ret_closed,
                 const char **ret_why);

#endif
