/* SPDX-License-Identifier: MIT */
/* The content cache as jobs use it: load what is there, keep what comes. Files in one folder, shared by processes. */
#ifndef PIE_CACHE_PRIV_H
#define PIE_CACHE_PRIV_H

#include "engine/engine.h"

/* All that makes two requests the same, as one JSON text: base URL, routes, parameters. By status: APIPIE_E_MEMORY, or
 * APIPIE_E_FILE when a file that goes with it is not what it was. */
apipie_status pie_cache_key(const struct apipie_request *r, struct pie_buf *out);

/* Feeds stored pictures to the sink, slot i for image i, and fills ret's images (slot, size, mime, width, height, seed, revised prompt),
 * provider, model; cached 1, billed NO, cost 0. The pictures are then committed like any others.
 * APIPIE_E_NOT_FOUND: not there, or damaged, or another request's under the same name (ret is untouched, the sink's slots aborted);
 * APIPIE_E_SINK, _E_FILE, _E_TOO_LARGE, _E_MEMORY: the sink's failure, as the body path would give it. */
apipie_status pie_cache_load(struct pie_cache *c, struct pie_slice key, struct pie_sink *sink,
                             uint64_t max_image_bytes, struct apipie_result *ret);

/* A sink before `inner`: what passes is written to the cache too. Takes inner (closes it). A cache that cannot be written (full disk) never
 * harms the picture: it is left out. On failure inner is still the caller's. */
apipie_status pie_cache_sink_new(struct pie_cache *c, struct pie_slice key, struct pie_sink *inner,
                                 struct pie_sink **ret);
/* All images of a good result are committed: what was kept becomes visible to others now, by one rename. Results with a missing
 * image, warnings about damage, or without a whole picture are not kept. Then makes room (oldest first). */
void pie_cache_sink_publish(struct pie_sink *sink, const struct apipie_result *result);

#endif
