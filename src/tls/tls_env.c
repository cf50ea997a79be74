/* The shared part of a worker's TLS; see tls_env.h.
 *
 * A library context of our own, not OpenSSL's default one: no openssl.cnf of the system changes
 * what we negotiate, and our key provider is seen by nobody else in the process.
 *
 * OpenSSL's jobs (stacks of 32 KiB) need no limit here: a job is paused only while the signer holds
 * its request, and the signer has a limit. */
#include "tls/tls_env.h"

#include "tls/remote_key.h"
#include "tls/tls13_kdf.h"

#include <openssl/async.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

static long bio_ctrl(BIO *b, int command, long number, void *p)
{
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static BIO_METHOD *make_bio(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gate443");
    if (!m || !BIO_meth_set_read(m, tls_bio_read) || !BIO_meth_set_write(m, tls_bio_write) ||
        !BIO_meth_set_ctrl(m, bio_ctrl)) {
        BIO_meth_free(m);
        return NULL;
    }
    return m;
}

static void on_yield(struct timer *timer, uint64_t now)
{
    struct tls_env *e = LIST_ENTRY(timer, struct tls_env, yield);
    struct list now_due;
    list_init(&now_due);
    struct list *link;
    while ((link = list_pop(&e->yielded)))
        list_push(&now_due, link);
    while ((link = list_pop(&now_due))) /* who closes meanwhile unlinks itself */
        tls_stream_yielded(link);
}

#if OPENSSL_VERSION_NUMBER >= 0x30300000L
enum { FIBRE_STACK = 128 * 1024 }; /* post-quantum groups want more stack than the default gives */

static void *fibre_alloc(size_t *n)
{
    if (*n < FIBRE_STACK)
        *n = FIBRE_STACK;
    return malloc(*n);
}

static void fibre_free(void *p)
{
    free(p);
}
#endif

static bool load(struct tls_env *e)
{
    /* NO_LOAD_CONFIG: only what is set here counts. */
    if (!OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL))
        return false;
#if OPENSSL_VERSION_NUMBER >= 0x30300000L
    ASYNC_set_mem_functions(fibre_alloc, fibre_free); /* refused once in use: then it is set */
#endif
    e->lib = OSSL_LIB_CTX_new();
    if (!e->lib)
        return false;
    e->common = OSSL_PROVIDER_load(e->lib, "default");
    e->keys = e->common ? remote_key_load(e) : NULL;
    e->kdf = e->keys ? tls13_kdf_load(e->lib, TLS_PROPERTIES) : NULL;
    if (!e->kdf || !EVP_set_default_properties(e->lib, TLS_PROPERTIES))
        return false;
    e->ticket_cipher = EVP_CIPHER_fetch(e->lib, "AES-256-CBC", TLS_PROPERTIES);
    e->hkdf = EVP_KDF_fetch(e->lib, "HKDF", TLS_PROPERTIES);
    e->bio = make_bio();
    return e->ticket_cipher && e->hkdf && e->bio;
}

struct tls_env *tls_env_new(struct loop *loop, struct signer *signer)
{
    struct tls_env *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->refs = 1;
    list_init(&e->yielded);
    if (timer_init(loop, &e->yield, on_yield)) {
        free(e);
        return NULL;
    }
    e->loop = loop;
    e->signer = signer;
    e->in = malloc(TLS_IN_MAX);
    e->out = malloc(TLS_OUT_MAX);
    e->plain = malloc(TLS_BATCH);
    bool ok = e->in && e->out && e->plain && load(e);
    ERR_clear_error();
    if (!ok) {
        tls_env_stop(e);
        tls_env_unref(e);
        return NULL;
    }
    return e;
}

struct tls_env *tls_env_ref(struct tls_env *e)
{
    e->refs++;
    return e;
}

void tls_env_stop(struct tls_env *e)
{
    if (e->loop)
        timer_done(e->loop, &e->yield);
    e->loop = NULL;
    e->signer = NULL;
}

void tls_env_unref(struct tls_env *e)
{
    if (!e || --e->refs)
        return;
    BIO_meth_free(e->bio);
    EVP_CIPHER_free(e->ticket_cipher);
    EVP_KDF_free(e->hkdf);
    tls13_kdf_unload(e->kdf);
    if (e->keys)
        OSSL_PROVIDER_unload(e->keys);
    if (e->common)
        OSSL_PROVIDER_unload(e->common);
    OSSL_LIB_CTX_free(e->lib);
    free(e->in);
    free(e->out);
    if (e->plain)
        OPENSSL_cleanse(e->plain, TLS_BATCH);
    free(e->plain);
    free(e);
}
