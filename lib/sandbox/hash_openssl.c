/* SPDX-License-Identifier: MIT */
/* Knows how OpenSSL's libcrypto hashes; must not know what is hashed. Left out where the sandbox is built without it. */
#include "sandbox/wires_priv.h"

#include <limits.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

int32_t pie_sandbox_can_hash(void)
{
    return 1;
}

apipie_status pie_sandbox_sha256(struct pie_slice s, uint8_t out[PIE_SANDBOX_SHA256])
{
    return EVP_Digest(s.p, s.n, out, NULL, EVP_sha256(), NULL) == 1 ? APIPIE_OK : APIPIE_E_INTERNAL;
}

apipie_status pie_sandbox_hmac(struct pie_slice key, struct pie_slice s,
                               uint8_t out[PIE_SANDBOX_SHA256])
{
    const unsigned char *text = (const unsigned char *)s.p, *made = NULL;
    unsigned int n = 0;

    if (key.n <= INT_MAX)
        made = HMAC(EVP_sha256(), key.p, (int)key.n, text, s.n, out, &n);
    return made != NULL && n == PIE_SANDBOX_SHA256 ? APIPIE_OK : APIPIE_E_INTERNAL;
}
