/* See spki.h. One place, because parent, keeper and worker must come to the same name. */
#include "tls/spki.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509.h>

int spki_hash(EVP_PKEY *key, unsigned char ret[SPKI_HASH])
{
    if (EVP_PKEY_is_a(key, "EC"))
        EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                       "uncompressed");
    unsigned char *der = NULL, hash[SPKI_HASH];
    int n = i2d_PUBKEY(key, &der);
    int ok = n > 0 && EVP_Digest(der, (size_t)n, hash, NULL, EVP_sha256(), NULL);
    OPENSSL_free(der);
    ERR_clear_error();
    if (!ok)
        return -ERR_UNSUPPORTED;
    memcpy(ret, hash, SPKI_HASH);
    return 0;
}

int spki_strength(const EVP_PKEY *key)
{
    int bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "RSA"))
        return bits < 2048 ? -ERR_CERT_WEAK : bits > SIGNATURE_MAX * 8 ? -ERR_UNSUPPORTED : 0;
    if (EVP_PKEY_is_a(key, "EC")) {
        char group[32];
        if (bits < 256)
            return -ERR_CERT_WEAK;
        if (!EVP_PKEY_get_group_name(key, group, sizeof group, NULL))
            return -ERR_UNSUPPORTED;
        struct str g = str_c(group);
        return str_ieq(g, STR("prime256v1")) || str_ieq(g, STR("secp384r1")) ||
                       str_ieq(g, STR("secp521r1"))
                   ? 0
                   : -ERR_UNSUPPORTED;
    }
    if (EVP_PKEY_is_a(key, "ED25519"))
        return 0;
    return EVP_PKEY_is_a(key, "DSA") ? -ERR_CERT_WEAK : -ERR_UNSUPPORTED;
}
