/* SPDX-License-Identifier: MIT */
/* What the tests of the content cache share: a folder, an allocator that counts, pictures, and requests that are drawn or loaded. */
#ifndef CACHE_WORLD_H
#define CACHE_WORLD_H

#include "../support/scarce.h"
#include "engine/cache_entry_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define WORLD_KEY "{\"request\":{\"prompt\":\"a fox\",\"seed\":7}}"

struct world {
    char folder[64];
    struct pie_mem mem;
    struct scarce scarce; /* behind mem */
    struct pie_cache *cache;
};

int world_setup(void **state);
int world_teardown(void **state);
/* The cache in the world's folder; closes the one before. */
void world_open(struct world *w, uint64_t max_bytes);
/* folder/name, until the next call. */
const char *world_path(const struct world *w, const char *name);
/* folder/ENTRY/file of a key, until the next call; file NULL: the entry. */
const char *world_entry(const struct world *w, const char *key, const char *file);
int32_t world_has(const struct world *w, const char *key);
/* Entries and all other things in the folder. */
size_t world_count(const struct world *w, size_t *ret_others);
/* The whole file; *ret_n may be NULL. Freed by the caller. */
char *world_read(const char *path, size_t *ret_n);
void world_write(const char *path, const void *p, size_t n);

/* A PNG of that many bytes (at least 40), 3 by 2; `seed` fills it. */
void world_picture(uint8_t *out, size_t n, uint32_t seed);

/* A request that is drawn: `count` pictures of n bytes each, picture i of seed + i. */
struct drawing {
    struct pie_sink *sink;
    struct apipie_result *result;
    struct pie_wish wish;
    size_t n;
    uint32_t seed;
};

apipie_status drawing_begin(struct world *w, const char *key, size_t n, uint32_t seed,
                            struct drawing *d);
/* begin, two writes, end; the image of the result. */
apipie_status drawing_picture(struct drawing *d, uint32_t slot, size_t index);
/* Commits every image and publishes. */
void drawing_publish(struct drawing *d);
void drawing_end(struct drawing *d);
/* All of these, with one picture. */
void world_draw(struct world *w, const char *key, size_t n, uint32_t seed);

/* Loads into memory and commits: *ret is the result, NULL on failure. */
apipie_status world_load(struct world *w, const char *key, struct apipie_result **ret);
/* Is that the picture that is stored? Fails the test for any other picture. */
int32_t world_hit(struct world *w, const char *key, size_t n, uint32_t seed);

#endif
