/* SPDX-License-Identifier: MIT */
/* Where a picture may be drawn, in order. */
#ifndef PIE_ROUTES_H
#define PIE_ROUTES_H

#include "base/base.h"

struct pie_route {
    char *backend;  /* NULL: the client's default one */
    char *provider; /* NULL: the gateway chooses */
    char *model;    /* NULL: the request's own */
};

struct pie_routes {
    const struct pie_mem *mem;
    struct pie_route *items;
    size_t count;
};

void pie_routes_init(struct pie_routes *r, const struct pie_mem *mem);
void pie_routes_clear(struct pie_routes *r);
/* Adds a copy. APIPIE_E_MEMORY, APIPIE_E_LIMIT (then nothing was added). */
apipie_status pie_routes_add(struct pie_routes *r, const char *backend, const char *provider,
                             const char *model);
/* Adds copies of all. APIPIE_E_MEMORY leaves `to` as it was. */
apipie_status pie_routes_add_all(struct pie_routes *to, const struct pie_routes *from);

#endif
