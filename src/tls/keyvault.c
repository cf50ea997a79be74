/* The keeper's content; see keyvault.h.
 *
 * Signing is the one thing that costs: the digest algorithms are fetched once, and each key keeps
 * the contexts it signs with (one for each padding and digest in use), so that a signature is a
 * digest and one operation, without any look-up in OpenSSL's tables. */
#include "tls/keyvault.h"

#include "base/list.h"
#include "base/map.h"
#include "io/file.h"
#include "tls/leaf_key.h"
#include "tls/local_ca.h"
#include "tls/spki.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <stdlib.h>

enum { KEYS_MAX = 20000, KEY_FILE_MAX = 65536, SECRET = 48, WAYS_MAX = 6 };

/* A way to sign with a key, ready for use. */
struct way {
    uint8_t scheme, digest;
    uint16_t salt;
    EVP_PKEY_CTX *ctx; /* NULL: free place */
};

/* Owned by the vault until forgotten. */
struct key {
    struct list link;
    unsigned char spki[SPKI_HASH];
    uint64_t generation; /* the newest that wants it */
    EVP_PKEY *pkey;
    struct way ways[WAYS_MAX];
};

/* Owned by the keeper role. At most KEYS_MAX keys. */
struct keyvault {
    struct map by_spki;
    struct list keys;
    EVP_MD *digests[DIGEST_MD5_SHA1 + 1];
    EVP_MD_CTX *md;
    struct local_ca ca;
    bool has_secrets;
    uint64_t rotated;
    unsigned char secrets[2][SECRET];
};

static const char *digest_name(unsigned d)
{
    static const char *const names[] = {[DIGEST_SHA256] = "SHA256", [DIGEST_SHA384] = "SHA384",
                                        [DIGEST_SHA512] = "SHA512", [DIGEST_SHA1] = "SHA1",
                                        [DIGEST_MD5_SHA1] = "MD5-SHA1"};
    return names[d];
}

struct keyvault *keyvault_new(void)
{
    uint64_t seed[2];
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    struct keyvault *v = calloc(1, sizeof *v);
    if (!v || RAND_bytes((unsigned char *)seed, sizeof seed) != 1) {
        free(v);
        return NULL;
    }
    map_init(&v->by_spki, KEYS_MAX, seed);
    list_init(&v->keys);
    v->md = EVP_MD_CTX_new();
    for (unsigned d = DIGEST_SHA256; d <= DIGEST_MD5_SHA1; d++)
        v->digests[d] = EVP_MD_fetch(NULL, digest_name(d), NULL);
    if (!v->md || !v->digests[DIGEST_SHA256] || !v->digests[DIGEST_SHA384]) {
        keyvault_free(v);
        return NULL;
    }
    return v;
}

static void drop(struct keyvault *v, struct key *k)
{
    map_remove(&v->by_spki, str_of((const char *)k->spki, SPKI_HASH));
    list_remove(&k->link);
    for (size_t i = 0; i < WAYS_MAX; i++)
        EVP_PKEY_CTX_free(k->ways[i].ctx);
    EVP_PKEY_free(k->pkey);
    free(k);
}

void keyvault_free(struct keyvault *v)
{
    if (!v)
        return;
    LIST_EACH (it, next, &v->keys)
        drop(v, LIST_ENTRY(it, struct key, link));
    map_done(&v->by_spki);
    for (unsigned d = 0; d <= DIGEST_MD5_SHA1; d++)
        EVP_MD_free(v->digests[d]);
    EVP_MD_CTX_free(v->md);
    local_ca_done(&v->ca);
    OPENSSL_cleanse(v->secrets, sizeof v->secrets);
    free(v);
}

static struct key *find(struct keyvault *v, const unsigned char spki[SPKI_HASH])
{
    return map_get(&v->by_spki, str_of((const char *)spki, SPKI_HASH));
}

/* Takes pkey over in any case. */
static int keep(struct keyvault *v, EVP_PKEY *pkey, uint64_t generation,
                unsigned char ret_spki[SPKI_HASH])
{
    unsigned char spki[SPKI_HASH];
    int err = spki_hash(pkey, spki);
    struct key *k = err ? NULL : find(v, spki);
    if (err || k) {
        EVP_PKEY_free(pkey);
        if (err)
            return err;
        if (generation > k->generation)
            k->generation = generation;
        memcpy(ret_spki, spki, SPKI_HASH);
        return 0;
    }
    k = calloc(1, sizeof *k);
    if (!k) {
        EVP_PKEY_free(pkey);
        return -ERR_NOMEM;
    }
    memcpy(k->spki, spki, SPKI_HASH);
    k->generation = generation;
    k->pkey = pkey;
    list_push(&v->keys, &k->link);
    err = map_set(&v->by_spki, str_of((const char *)k->spki, SPKI_HASH), k);
    if (err) {
        drop(v, k);
        return err;
    }
    memcpy(ret_spki, spki, SPKI_HASH);
    return 0;
}

/* A key behind a password cannot be used by a server that starts by itself. */
static int no_password(char *out, int n, int writing, void *asked)
{
    *(bool *)asked = true;
    return -1;
}

static int parse_key(struct str pem, EVP_PKEY **ret)
{
    if (pem.n == 0)
        return -ERR_KEY_SYNTAX;
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    bool asked = false;
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, &asked) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    if (!key)
        return asked ? -ERR_KEY_PASSWORD : -ERR_KEY_SYNTAX;
    int err = spki_strength(key);
    if (err) {
        EVP_PKEY_free(key);
        return err == -ERR_CERT_WEAK ? err : -ERR_KEY_SYNTAX;
    }
    *ret = key;
    return 0;
}

int keyvault_load_key(struct keyvault *v, int fd, uint64_t generation,
                      unsigned char ret_spki[SPKI_HASH])
{
    struct buf pem;
    EVP_PKEY *key = NULL;
    buf_init(&pem, KEY_FILE_MAX);
    /* Grown beforehand: a buffer that moves would leave copies of the key behind. */
    int err = buf_reserve(&pem, KEY_FILE_MAX);
    if (!err)
        err = file_read_all(fd, &pem);
    if (err == -ERR_LIMIT)
        err = -ERR_KEY_SYNTAX;
    if (!err)
        err = parse_key(buf_str(&pem), &key);
    if (pem.mem)
        OPENSSL_cleanse(pem.mem, pem.cap);
    buf_done(&pem);
    return err ? err : keep(v, key, generation, ret_spki);
}

/* ---- signing ---- */

static bool fits(const struct key *k, const struct sign_request *q)
{
    switch (q->scheme) {
    case SIGN_ECDSA:
        return q->digest != DIGEST_NONE && q->digest != DIGEST_MD5_SHA1 &&
               EVP_PKEY_is_a(k->pkey, "EC");
    case SIGN_RSA_PKCS1:
        return q->digest != DIGEST_NONE && EVP_PKEY_is_a(k->pkey, "RSA");
    case SIGN_RSA_PSS:
        return q->digest >= DIGEST_SHA256 && q->digest <= DIGEST_SHA512 && q->salt <= 64 &&
               EVP_PKEY_is_a(k->pkey, "RSA");
    default:
        return false;
    }
}

static EVP_PKEY_CTX *make_way(const struct keyvault *v, const struct key *k,
                              const struct sign_request *q)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
    bool ok = c && EVP_PKEY_sign_init(c) > 0;
    if (ok && q->scheme != SIGN_ECDSA)
        ok = EVP_PKEY_CTX_set_rsa_padding(c, q->scheme == SIGN_RSA_PSS ? RSA_PKCS1_PSS_PADDING
                                                                       : RSA_PKCS1_PADDING) > 0;
    ok = ok && EVP_PKEY_CTX_set_signature_md(c, v->digests[q->digest]) > 0;
    if (ok && q->scheme == SIGN_RSA_PSS)
        ok = EVP_PKEY_CTX_set_rsa_pss_saltlen(c, q->salt) > 0;
    if (!ok) {
        EVP_PKEY_CTX_free(c);
        return NULL;
    }
    return c;
}

/* The last place is used again and again once the others are taken: more ways than places means
 * somebody tries them all. */
static EVP_PKEY_CTX *way_of(const struct keyvault *v, struct key *k, const struct sign_request *q)
{
    struct way *w = k->ways;
    size_t i = 0;
    for (; i < WAYS_MAX && w[i].ctx; i++)
        if (w[i].scheme == q->scheme && w[i].digest == q->digest && w[i].salt == q->salt)
            return w[i].ctx;
    if (i == WAYS_MAX)
        EVP_PKEY_CTX_free(w[--i].ctx);
    w[i] = (struct way){q->scheme, q->digest, q->salt, make_way(v, k, q)};
    return w[i].ctx;
}

static bool sign_hash(struct keyvault *v, struct key *k, const struct sign_request *q,
                      struct str tbs, unsigned char *out, size_t *n)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_PKEY_CTX *c = v->digests[q->digest] ? way_of(v, k, q) : NULL;
    return c && EVP_DigestInit_ex2(v->md, v->digests[q->digest], NULL) &&
           EVP_DigestUpdate(v->md, tbs.p, tbs.n) && EVP_DigestFinal_ex(v->md, hash, &len) &&
           EVP_PKEY_sign(c, out, n, hash, len) > 0;
}

static bool sign_ed25519(const struct key *k, struct str tbs, unsigned char *out, size_t *n)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = c && EVP_DigestSignInit_ex(c, NULL, NULL, NULL, NULL, k->pkey, NULL) > 0 &&
              EVP_DigestSign(c, out, n, (const unsigned char *)tbs.p, tbs.n) > 0;
    EVP_MD_CTX_free(c);
    return ok;
}

int keyvault_sign(struct keyvault *v, const struct sign_request *request, struct str tbs,
                  struct buf *ret_signature)
{
    if (request->n != tbs.n || tbs.n > SIGN_INPUT_MAX || request->digest > DIGEST_MD5_SHA1)
        return -ERR_INVAL;
    struct key *k = find(v, request->spki);
    if (!k)
        return -ERR_NO_KEY;
    bool ed = request->scheme == SIGN_ED25519;
    if (ed ? request->digest != DIGEST_NONE || !EVP_PKEY_is_a(k->pkey, "ED25519")
           : !fits(k, request))
        return -ERR_INVAL;
    int err = buf_reserve(ret_signature, SIGNATURE_MAX);
    if (err)
        return err;
    unsigned char *out = (unsigned char *)buf_end(ret_signature);
    size_t n = SIGNATURE_MAX;
    bool ok = ed ? sign_ed25519(k, tbs, out, &n) : sign_hash(v, k, request, tbs, out, &n);
    if (!ok) {
        ERR_clear_error();
        return -ERR_INVAL;
    }
    buf_added(ret_signature, n);
    return 0;
}

int keyvault_answer(struct keyvault *v, struct chan *c, const struct message_frame *m,
                    struct buf *scratch)
{
    struct sign_request request;
    struct message_frame answer = {.type = MSG_SIGNED, .id = m->id, .status = -ERR_BAD_MESSAGE};
    buf_clear(scratch);
    if (m->body.n >= sizeof request) {
        memcpy(&request, m->body.p, sizeof request);
        struct str tbs = str_from(m->body, sizeof request);
        if (request.n == tbs.n && tbs.n <= SIGN_INPUT_MAX)
            answer.status = keyvault_sign(v, &request, tbs, scratch);
    }
    if (answer.status == 0)
        answer.body = buf_str(scratch);
    return chan_send(c, &answer);
}

void keyvault_forget(struct keyvault *v, uint64_t generation)
{
    LIST_EACH (it, next, &v->keys) {
        struct key *k = LIST_ENTRY(it, struct key, link);
        if (k->generation < generation)
            drop(v, k);
    }
}

/* ---- the local authority and ticket secrets ---- */

int keyvault_open_ca(struct keyvault *v, int dirfd, int64_t wall, struct buf *why)
{
    return local_ca_open(&v->ca, dirfd, wall, why);
}

int keyvault_make_ca(struct keyvault *v, int64_t wall)
{
    return local_ca_make(&v->ca, wall);
}

/* A successor of a keeper that died may be asked for a signature under a leaf of the epoch before:
 * a leaf lives no longer than an epoch, so no older one is in use. */
static int keep_previous(struct keyvault *v, const struct str *names, size_t n, int64_t seconds,
                         int64_t epoch, uint64_t generation)
{
    EVP_PKEY *key;
    unsigned char spki[SPKI_HASH];
    int err = leaf_key_derive(v->ca.key, names, n, seconds, epoch - 1, &key);
    return err ? err : keep(v, key, generation, spki);
}

int keyvault_issue(struct keyvault *v, const struct str *names, size_t n, int64_t wall,
                   int64_t seconds, uint64_t generation, struct buf *ret_chain,
                   unsigned char ret_spki[SPKI_HASH])
{
    EVP_PKEY *key;
    if (!v->ca.key || n == 0 || seconds <= 0)
        return -ERR_INVAL;
    int64_t epoch = leaf_key_epoch(wall, seconds);
    int err = leaf_key_derive(v->ca.key, names, n, seconds, epoch, &key);
    if (err)
        return err;
    err = local_ca_issue(&v->ca, key, names, n, wall, seconds, ret_chain);
    if (!err)
        err = keep_previous(v, names, n, seconds, epoch, generation);
    if (err) {
        EVP_PKEY_free(key);
        return err;
    }
    return keep(v, key, generation, ret_spki);
}

/* Without randomness the old secrets stay: worse ones would be worse. */
static bool rotate(struct keyvault *v)
{
    unsigned char fresh[SECRET];
    if (RAND_bytes(fresh, SECRET) != 1 ||
        (!v->has_secrets && RAND_bytes(v->secrets[0], SECRET) != 1))
        return false;
    memcpy(v->secrets[1], v->secrets[0], SECRET);
    memcpy(v->secrets[0], fresh, SECRET);
    OPENSSL_cleanse(fresh, SECRET);
    v->has_secrets = true;
    return true;
}

bool keyvault_ticket_keys(struct keyvault *v, uint64_t now, uint64_t period, unsigned char ret[96])
{
    bool changed = (!v->has_secrets || now - v->rotated >= period) && rotate(v);
    if (changed)
        v->rotated = now;
    memcpy(ret, v->secrets, sizeof v->secrets);
    return changed;
}
