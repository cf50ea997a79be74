/* The inside of a certstore, shared by the files that make, choose and negotiate. Internal to this
 * room. */
#ifndef TLS_CERTSTORE_SSL_H
#define TLS_CERTSTORE_SSL_H

#include "tls/certstore.h"
#include "tls/tls_env.h"

#include <openssl/ssl.h>

enum { TICKET_NAME = 16, TICKET_KEY = 32, TICKET_SECRET = 48 };

/* One chain, ready for OpenSSL; `key` signs through the keeper. */
struct store_chain {
    X509 *leaf;
    STACK_OF(X509) *rest;
    EVP_PKEY *key;
};

/* Keys of session tickets, for one site and one secret. */
struct ticket_keys {
    unsigned char name[TICKET_NAME], cipher[TICKET_KEY], mac[TICKET_KEY];
};

/* What a handshake needs to know of a site, worked out once. */
struct store_site {
    char *ciphers, *groups;    /* NULL: as the SSL_CTX has them */
    bool own_versions;         /* versions differ from the SSL_CTX's */
    unsigned char binding[32]; /* hash of name and trust: what a session is bound to */
    bool derived;              /* `tickets` are those of the secrets in use */
    struct ticket_keys tickets[2]; /* current, previous */
};

/* Shared by the worker's generation and every handshake and connection begun with it. */
struct certstore {
    uint32_t refs;
    struct tls_env *env;
    const struct snapshot *snapshot; /* not a reference, see certstore.h */
    SSL_CTX *ctx;
    struct store_chain *chains; /* one for each snapshot->certs */
    size_t nchains;
    struct store_site *sites;   /* one for each snapshot->sites */
    size_t nsites;
    bool common;                /* all sites have the same certificates: they are in ctx */
    bool has_secrets;
    unsigned char secrets[2][TICKET_SECRET];
};

/* What the callbacks of one handshake work on: app data of its SSL. Embedded in the tls_stream. */
struct tls_hello {
    struct certstore *store;
    struct conn *conn;
    int err; /* why the hello was refused, 0 or −err */
};

/* A server's SSL object for this handshake, without BIOs; NULL: no memory. */
SSL *certstore_ssl(struct certstore *s, struct tls_hello *h);

/* tls_policy.c */
SSL_CTX *tls_policy_ctx(const struct snapshot *snapshot, struct tls_env *env, struct buf *why);
int must_use tls_policy_sites(struct certstore *s, struct buf *why);
void tls_policy_free_sites(struct certstore *s);
bool tls_policy_apply(const struct certstore *s, const struct site *site, SSL *ssl);

/* tls_hello.c */
int tls_hello_on_client_hello(SSL *ssl, int *ret_alert, void *user);
int tls_hello_on_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_n,
                      const unsigned char *in, unsigned n, void *user);
int tls_hello_on_name(SSL *ssl, int *ret_alert, void *user);

/* ticket.c */
int ticket_on_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                  EVP_MAC_CTX *mac, int seal);

#endif
