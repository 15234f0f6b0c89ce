/* SPDX-License-Identifier: MIT */
/* What the tests of lists of models share: a server that answers GET /v1/models by a script, and requests for it. */
#ifndef TEST_LISTS_H
#define TEST_LISTS_H

#include "draw.h"

/* Two models in the wire's odd types. */
#define LISTS_TWO                                                                                  \
    "{\"object\":\"list\",\"data\":["                                                              \
    "{\"id\":\"prodia/dreamshaper_8\",\"model\":\"dreamshaper_8\",\"provider\":\"prodia\","        \
    "\"type\":\"image\",\"enabled\":1,\"available\":1,\"price_type\":\"image\","                   \
    "\"avg_cost\":\"0.0020000000\",\"latency\":\"1162/2145/6245/8234/18456/8162\","                \
    "\"query_count\":\"310,000\",\"odd\":{\"a\":[1e999]},"                                         \
    "\"img_json\":\"{\\\"standard\\\":{\\\"512x512\\\":0.001,\\\"1024x1024\\\":0.002},"            \
    "\\\"hd\\\":{\\\"1024x1024\\\":0.004}}\"},"                                                    \
    "{\"id\":\"stable-diffusion-xl-base-1.0\",\"model\":\"stable-diffusion-xl-base-1.0\","         \
    "\"provider\":\"together\",\"type\":\"image\",\"enabled\":1,\"available\":0,"                  \
    "\"price_type\":\"image\",\"avg_cost\":\"0.0101\",\"latency\":null}]}"

#define LISTS_ETAG                                                                                 \
    "Content-Type: application/json\r\nETag: \"abc-1\"\r\n"                                        \
    "Last-Modified: Wed, 21 Oct 2026 07:28:00 GMT\r\n"

/* What the n-th GET gets; the last one serves all that follow. Status 0: the connection is reset; -1: silence; -2: half of the body,
 * then the end. */
void lists_serve(struct draw *d, const struct draw_script *script);
/* d->request becomes a request for the list. */
void lists_ask(struct draw *d);
/* The same, performed: its list, which must be there. */
const apipie_catalog *lists_get(struct draw *d);
/* The server goes on with another script. */
void lists_turn(struct draw *d, const struct draw_script *script);
const char *lists_warning(const struct draw *d, const char *part); /* NULL: there is none */

#endif
