/* The inside of a TLS stream, shared by the handshake and by what follows it. Internal to this room. */
#ifndef TLS_TLS_STREAM_SSL_H
#define TLS_TLS_STREAM_SSL_H

#include "tls/certstore_ssl.h"
#include "tls/remote_key.h"
#include "tls/tls_stream.h"

/* Ciphertext that waits for the lower stream: one batch, its neighbours, and answers to what the
 * peer sends (alerts, key updates). Beyond it the connection ends. */
enum { TLS_PENDING_MAX = 512 * 1024, TLS_HOLD_MAX = 32 * 1024 };

/* Owned by whoever called tls_stream_accept; freed at the end of the turn of its close. Beside
 * OpenSSL's objects (about 13 KiB) it holds at most TLS_PENDING_MAX of output and TLS_IN_MAX of
 * unread input. */
struct tls_stream {
    struct stream base;
    struct stream *below;
    struct tls_env *env; /* the store's */
    struct tls_hello hello;
    struct remote_sign sign;
    SSL *ssl; /* NULL until the first byte came: a silent connection costs little */
    void (*on_done)(struct stream *, int err);
    struct str in;      /* ciphertext read but not yet taken by OpenSSL: in env->in or in `kept` */
    char *kept;         /* heap */
    struct buf out;     /* ciphertext not yet taken by the lower stream */
    struct task notify; /* raises `owed`, or takes the first step */
    struct task flush;  /* sends what is held */
    struct task release;
    struct list yielded; /* in env->yielded while more is to be written next turn */
    size_t consumed;    /* ciphertext bytes of the handshake so far */
    uint64_t received;  /* plaintext bytes, for judging key updates */
    unsigned key_updates;
    unsigned owed;      /* STREAM_* to raise */
    int end;            /* nothing more can be read: 1 clean, else −err; 0: goes on */
    int dead;           /* −err: nothing works any more */
    uint8_t flush_hops; /* how often the flush task lets others go first */
    bool open;          /* handshake done */
    bool done_told;     /* on_done was called */
    bool short_read;    /* the lower stream has no more until it says so */
    bool blocked;       /* `out` waits for the lower stream's WRITABLE */
    bool want_write;    /* the owner waits for WRITABLE */
    bool last;          /* the end follows what is written now */
    bool shutting;      /* shut the lower stream down once `out` is empty */
    bool shut, closed, handshake_over;
};

/* Reads ciphertext: bytes, 0 at the end, −err. Precondition: none is left. */
ssize_t tls_stream_fill(struct tls_stream *t);
/* Before OpenSSL may write, and after: what it wrote goes down, or waits. hold: may wait for more. */
void tls_stream_begin(struct tls_stream *t);
void tls_stream_end(struct tls_stream *t, bool hold);
/* Owes the owner events, from a task. */
void tls_stream_owe(struct tls_stream *t, unsigned events);

void tls_handshake_step(struct tls_stream *t); /* goes on as far as it can */
void tls_handshake_cancel(struct tls_stream *t); /* leaves no paused job behind */
void tls_handshake_on_signed(struct remote_sign *r);

#endif
