/* SPDX-License-Identifier: MIT */
/* The list of what was found at image paths; a key that comes twice replaces what it gave before. */
#ifndef PIE_PARTS_PRIV_H
#define PIE_PARTS_PRIV_H

#include "flow/flow.h"

struct pie_parts {
    const struct pie_mem *mem;
    struct pie_sink *sink;
    struct pie_part *list;
    size_t n, cap;
};

void pie_parts_init(struct pie_parts *l, const struct pie_mem *mem, struct pie_sink *sink);
/* Forgets the list. Whole pictures stay in their slots: whoever read the list knows them. */
void pie_parts_clear(struct pie_parts *l);
/* Drops those behind the first n, their pictures too. */
void pie_parts_cut(struct pie_parts *l, size_t n);
void pie_parts_free(struct pie_parts *l);
/* Is there room for a part at that place? */
int32_t pie_parts_room(const struct pie_parts *l, const struct pie_part *place);
/* Takes the part with its url, also on failure (memory). */
apipie_status pie_parts_put(struct pie_parts *l, const struct pie_part *part);

#endif
