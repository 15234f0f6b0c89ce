/* SPDX-License-Identifier: MIT */
/* What a request brought. */
#ifndef PIE_RESULT_H
#define PIE_RESULT_H

#include "base/base.h"

#include "data/part.h"

#define PIE_WARNINGS      16
#define PIE_TOKEN_DETAILS 4

struct pie_image {
    uint32_t slot;       /* in the sink until commit; PIE_SLOT_NONE without bytes */
    struct pie_buf data; /* when it went to memory */
    uint64_t size;       /* 0: could not be had */
    const char *mime;    /* static */
    int32_t width, height;
    char *path, *url, *revised_prompt;
    int32_t has_seed;
    uint64_t seed;
    apipie_status status; /* why it could not be had */
    char problem[96];
};

struct pie_usage {
    int64_t cost; /* picodollars; all of them APIPIE_UNKNOWN when nobody said */
    int64_t prompt_tokens, completion_tokens, total_tokens;
    int64_t latency_ms;
    int64_t detail[PIE_TOKEN_DETAILS]; /* APIPIE_TOKENS_* */
};

struct apipie_result {
    const struct pie_mem *mem;
    struct pie_image *images;
    size_t count;
    struct pie_usage usage;
    int64_t created_ms;
    int32_t billed;      /* APIPIE_BILLED_* */
    int32_t cached;      /* out of the cache */
    const char *backend; /* its name: lives as long as the client */
    char *provider, *model;
    char request_id[128];
    char *warnings[PIE_WARNINGS];
    size_t warning_count;
    struct pie_buf json; /* plain */
};

struct apipie_result *pie_result_new(const struct pie_mem *mem);
struct apipie_result *pie_result_free(struct apipie_result *r);
/* Makes room for `count` images, all empty; those that are there stay. */
apipie_status pie_result_grow(struct apipie_result *r, size_t count);
/* The bytes of a whole part become the image's. */
void pie_image_take(struct pie_image *image, const struct pie_part *part);
/* Best effort: without memory or room the warning is lost, never the picture. `a` and `b` may be NULL. */
void pie_result_warn(struct apipie_result *r, const char *a, const char *b);
/* How many images are there in full. */
size_t pie_result_whole(const struct apipie_result *r);

#endif
