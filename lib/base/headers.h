/* SPDX-License-Identifier: MIT */
/* A list of header lines, as they came or as they will go. Bounded. */
#ifndef PIE_HEADERS_H
#define PIE_HEADERS_H

#include "base/buf.h"

/* All headers of one message together; what comes after is dropped. */
#define PIE_HEADERS_MAX 65536
/* All that the host may set for a client, or for a request. */
#define PIE_HEADERS_CUSTOM_MAX ((size_t)APIPIE_LIMIT_HEADERS * (2 * APIPIE_LIMIT_TEXT + 2))

struct pie_headers {
    struct pie_buf text; /* name NUL value NUL ... */
};

void pie_headers_init(struct pie_headers *h, const struct pie_mem *mem);
/* For those that the host sets. */
void pie_headers_init_custom(struct pie_headers *h, const struct pie_mem *mem);
void pie_headers_free(struct pie_headers *h);
void pie_headers_clear(struct pie_headers *h);
/* Trims the value. A pair that does not fit is left out whole. */
apipie_status pie_headers_add(struct pie_headers *h, struct pie_slice name, struct pie_slice value);
/* In place of all under that name (no case); value NULL takes them back. On failure all is as before. */
apipie_status pie_headers_set(struct pie_headers *h, const char *name, const char *value);
apipie_status pie_headers_add_all(struct pie_headers *h, const struct pie_headers *from);
size_t pie_headers_count(const struct pie_headers *h);
/* The first value under that name (no case), NULL when absent. Lives until the next add or clear. */
const char *pie_headers_get(const struct pie_headers *h, const char *name);
/* Walks: *at starts at 0; returns 0 at the end. */
int32_t pie_headers_next(const struct pie_headers *h, size_t *at, const char **ret_name,
                         const char **ret_value);

#endif
