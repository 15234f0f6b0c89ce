/* SPDX-License-Identifier: MIT */
/* Knows that this library was built without libcrypto; must not pretend to hash. */
#include "dialect/sigv4_priv.h"

int32_t pie_sha256_can(void)
{
    return 0;
}

apipie_status pie_sha256(struct pie_slice s, uint8_t out[PIE_SHA256])
{
    (void)s;
    memset(out, 0, PIE_SHA256);
    return APIPIE_E_UNSUPPORTED;
}

apipie_status pie_sha256_keyed(struct pie_slice key, struct pie_slice s, uint8_t out[PIE_SHA256])
{
    (void)key;
    return pie_sha256(s, out);
}

apipie_status pie_sha256_body(const struct pie_http_request *q, uint8_t out[PIE_SHA256],
                              char problem[PIE_HTTP_PROBLEM])
{
    (void)q;
    problem[0] = '\0';
    return pie_sha256(pie_slice("", 0), out);
}
