/* SPDX-License-Identifier: MIT */
/* Knows how OpenSSL's libcrypto hashes; must not know what is hashed. Left out where the library is built without it. */
#include "dialect/sigv4_priv.h"

#include <limits.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define SHA256_PIECE 16384

int32_t pie_sha256_can(void)
{
    return 1;
}

apipie_status pie_sha256(struct pie_slice s, uint8_t out[PIE_SHA256])
{
    return EVP_Digest(s.p, s.n, out, NULL, EVP_sha256(), NULL) == 1 ? APIPIE_OK : APIPIE_E_INTERNAL;
}

apipie_status pie_sha256_keyed(struct pie_slice key, struct pie_slice s, uint8_t out[PIE_SHA256])
{
    unsigned int n = 0;
    if (key.n > INT_MAX)
        return APIPIE_E_INTERNAL;
    const unsigned char *made =
        HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)s.p, s.n, out, &n);
    return made != NULL && n == PIE_SHA256 ? APIPIE_OK : APIPIE_E_INTERNAL;
}

static apipie_status sha256_read(EVP_MD_CTX *hash, const struct pie_http_request *q,
                                 struct pie_http_place *at)
{
    char piece[SHA256_PIECE];
    size_t n = 0;
    while ((n = pie_http_request_read(q, at, piece, sizeof(piece))) != 0) {
        if (EVP_DigestUpdate(hash, piece, n) != 1)
            return APIPIE_E_INTERNAL;
    }
    return at->reason == NULL ? APIPIE_OK : APIPIE_E_FILE;
}

apipie_status pie_sha256_body(const struct pie_http_request *q, uint8_t out[PIE_SHA256],
                              char problem[PIE_HTTP_PROBLEM])
{
    struct pie_http_place at;
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    if (hash == NULL)
        return APIPIE_E_MEMORY;
    pie_http_place_init(&at);
    apipie_status status = EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1
                               ? sha256_read(hash, q, &at)
                               : APIPIE_E_INTERNAL;
    if (status == APIPIE_OK && EVP_DigestFinal_ex(hash, out, NULL) != 1)
        status = APIPIE_E_INTERNAL;
    if (status == APIPIE_E_FILE)
        pie_http_request_problem(q, &at, problem);
    pie_http_place_rewind(&at);
    EVP_MD_CTX_free(hash);
    return status;
}
