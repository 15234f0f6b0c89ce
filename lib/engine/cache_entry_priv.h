/* SPDX-License-Identifier: MIT */
/* Between the files of the content cache. An entry is a folder, named by the hash of its key: entry.json and the pictures
 * 1.png, 2.png, ... It is written under a temporary name and appears by one rename, as a whole or not at all. */
#ifndef PIE_CACHE_ENTRY_PRIV_H
#define PIE_CACHE_ENTRY_PRIV_H

#include "engine/cache_priv.h"

#define PIE_CACHE_JSON    "entry.json"
#define PIE_CACHE_KEY_MAX ((size_t)4 * 1024 * 1024) /* longer ones are not kept */
/* Most bytes of a provider, model or revised prompt in an entry: however they are escaped, the reader takes them. */
#define PIE_CACHE_TEXT_MAX   8192
#define PIE_CACHE_IMAGES_MAX 256
#define PIE_CACHE_NAME       64 /* room for the name of an entry or a file, with NUL */

struct pie_cache {
    struct pie_mem mem;
    int32_t refs; /* atomic */
    char *folder; /* from the root on */
    uint64_t max_bytes;
    struct pie_lock *lock; /* guards what follows */
    uint64_t held;         /* bytes, as far as is known */
    int64_t looked_us;     /* when all of them were counted, by the steady clock */
};

/* ---- cache.c */

/* 0 for a key that no entry can hold. */
int32_t pie_cache_name(struct pie_slice key, char out[PIE_CACHE_NAME]);
void pie_cache_temporary_name(char out[PIE_CACHE_NAME]);
/* The folder of an entry, or a file in it (file NULL: none), in place of what out held. */
void pie_cache_path(const struct pie_cache *c, const char *name, const char *file,
                    struct pie_buf *out);
/* The entry is gone at once for everybody; who reads it at this moment may miss the rest. */
void pie_cache_remove(const struct pie_cache *c, const char *name);
/* Bytes came: the oldest entries go when it is too much now. */
void pie_cache_added(struct pie_cache *c, uint64_t bytes);

/* ---- cache_file.c */

/* The JSON of an entry. sums[i] is of image i's bytes. */
void pie_cache_write_entry(struct pie_slice key, const struct apipie_result *result,
                           const struct pie_hash *sums, struct pie_buf *out);
/* The name of image number `index` in its entry. */
void pie_cache_picture_name(size_t index, const char *mime, char out[PIE_CACHE_NAME]);

#endif
