/* SPDX-License-Identifier: MIT */
/* Knows that the sandbox was built without libcrypto; must not pretend to hash. */
#include "sandbox/wires_priv.h"

int32_t pie_sandbox_can_hash(void)
{
    return 0;
}

apipie_status pie_sandbox_sha256(struct pie_slice s, uint8_t out[PIE_SANDBOX_SHA256])
{
    (void)s;
    memset(out, 0, PIE_SANDBOX_SHA256);
    return APIPIE_E_UNSUPPORTED;
}

apipie_status pie_sandbox_hmac(struct pie_slice key, struct pie_slice s,
                               uint8_t out[PIE_SANDBOX_SHA256])
{
    (void)key;
    return pie_sandbox_sha256(s, out);
}
