/* The inside of a quic_client, shared by its three files: quic_client.c (life, time, ends),
 * quic_receive.c (datagrams in) and quic_send.c (datagrams out). */
#ifndef AUDIT_QUIC_CONN_H
#define AUDIT_QUIC_CONN_H

#include "audit/quic_boxes.h"
#include "audit/quic_client.h"
#include "audit/quic_keys.h"
#include "wire/quicframe.h"

enum {
    QUIC_CONN_SENT = 64,         /* packets a level that an ACK can still be matched with */
    QUIC_CONN_STASH = 16 * 1024, /* bytes of packets that came before their keys */
    QUIC_CONN_HEARD = 64,        /* datagrams remembered, to tell the network's copies */
    QUIC_CONN_RESET_TOKENS = 4,  /* stateless reset tokens remembered, besides the parameters' */
    QUIC_CONN_TOKEN = 16,        /* bytes of one */
};

struct quic_sent {
    bool used, probing;              /* probing: it wants an acknowledgement */
    uint64_t number, time, from, to; /* [from, to) of the CRYPTO stream */
};

struct quic_space { /* a packet number space and its level */
    struct quic_keys send, receive;
    bool gone; /* keys were discarded */
    struct quic_inbox in;
    struct quic_outbox out;
    struct quic_ranges seen; /* packet numbers that came */
    uint64_t floor;          /* below: seen or forgotten */
    uint64_t next_seen;      /* the largest that came and one more */
    uint64_t next;           /* of ours */
    bool ack_due, ping_due;
    struct quic_sent sent[QUIC_CONN_SENT]; /* by number modulo */
    struct buf body;                       /* frames of the packet being built */
};

enum quic_phase { QUIC_RUNNING, QUIC_CLOSING, QUIC_ENDED };

struct quic_client {
    const struct quic_client_conf *conf;
    struct arena *arena;
    struct quic_handshake *facts;
    struct quic_tls tls;
    struct quic_space spaces[QUIC_LEVELS];
    enum quic_phase phase;
    uint64_t close_code;
    bool close_application;
    char dcid_mem[QUICPKT_CID_MAX], retry_mem[QUICPKT_CID_MAX];
    struct str dcid, retry_scid;     /* the server's; in dcid_mem, retry_mem */
    bool server_seen;                /* an authentic Initial came: dcid is its choice */
    struct str token;                /* of a Retry, in the arena */
    bool validated;                  /* the server may know our address */
    uint64_t heard[QUIC_CONN_HEARD]; /* hashes, by count */
    bool path_due;
    char path_data[8];
    char reset_tokens[QUIC_CONN_RESET_TOKENS][QUIC_CONN_TOKEN];
    size_t nreset_tokens;
    struct buf stash;                    /* {2 bytes length, packet} each */
    uint64_t started, last_sent;         /* last_sent: of what wants an acknowledgement */
    uint64_t linger_until;               /* 0: not complete */
    unsigned ptos;                       /* in a row */
    unsigned char plain[UINT16_MAX + 1]; /* the packet being read */
};

/* Ends. The first outcome stays: what comes behind it is its consequence. */
void quic_conn_outcome(struct quic_client *c, enum quic_outcome what);
void quic_conn_end(struct quic_client *c, enum quic_outcome what); /* at once */
/* After one CONNECTION_CLOSE. */
void quic_conn_closing(struct quic_client *c, uint64_t code, bool application);
void quic_conn_broken(struct quic_client *c, int err); /* by ourselves */
/* By the server; text NULL: it stands in the facts. */
void quic_conn_fault(struct quic_client *c, uint64_t code, const char *text);

struct str quic_conn_keep_id(char mem[QUICPKT_CID_MAX], struct str id);
void quic_conn_drop_keys(struct quic_space *s);
enum quicpkt_kind quic_conn_kind(enum quic_level level);

#endif
