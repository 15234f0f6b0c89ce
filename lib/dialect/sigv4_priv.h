/* SPDX-License-Identifier: MIT */
/* Requests that carry a signature instead of a key: AWS Signature Version 4. */
#ifndef PIE_SIGV4_PRIV_H
#define PIE_SIGV4_PRIV_H

#include "dialect/dialect.h"

/* ---- sha256_openssl.c or sha256_none.c, as the library was built */

#define PIE_SHA256 32

/* 0: the others answer APIPIE_E_UNSUPPORTED. */
int32_t pie_sha256_can(void);
/* APIPIE_OK or APIPIE_E_INTERNAL. */
apipie_status pie_sha256(struct pie_slice s, uint8_t out[PIE_SHA256]);
apipie_status pie_sha256_keyed(struct pie_slice key, struct pie_slice s, uint8_t out[PIE_SHA256]);
/* Of a body as it will travel, read piece by piece. Also APIPIE_E_MEMORY, or APIPIE_E_FILE: `problem` says what is wrong with
 * which file. */
apipie_status pie_sha256_body(const struct pie_http_request *q, uint8_t out[PIE_SHA256],
                              char problem[PIE_HTTP_PROBLEM]);

/* ---- sigv4.c */

/* Who signs, for what, when. All borrowed. */
struct pie_sigv4 {
    struct pie_slice access, secret, token; /* token empty: the key is a lasting one */
    struct pie_slice region, service;
    int64_t wall_ms; /* since 1970 UTC */
};

/* "ACCESS:SECRET" or "ACCESS:SECRET:TOKEN": fills these three. 0 when it is neither. */
int32_t pie_sigv4_read_key(const char *key, struct pie_sigv4 *ret);
/* What a signature is about, in AWS's form; of a body its hash. A failure sticks in out. */
void pie_sigv4_canonical(const struct pie_http_request *q, const uint8_t body[PIE_SHA256],
                         struct pie_buf *out);
/* The key of a day, a region and a service. */
apipie_status pie_sigv4_day_key(const struct pie_sigv4 *s, uint8_t out[PIE_SHA256]);
/* Gives the request its date, token and signature, in place of those that it has; what goes out afterwards must be as it is now.
 * Fails as pie_sha256_body(). */
apipie_status pie_sigv4_sign(const struct pie_sigv4 *s, struct pie_http_request *q,
                             char problem[PIE_HTTP_PROBLEM]);

#endif
