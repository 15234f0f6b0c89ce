/* SPDX-License-Identifier: MIT */
/* Knows a list of routes and who owns its names; must not know which route is any good. */
#include "data/data.h"

void pie_routes_init(struct pie_routes *r, const struct pie_mem *mem)
{
    memset(r, 0, sizeof(*r));
    r->mem = mem;
}

static void routes_free_from(struct pie_routes *r, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        pie_mem_free(r->mem, r->items[i].backend);
        pie_mem_free(r->mem, r->items[i].provider);
        pie_mem_free(r->mem, r->items[i].model);
    }
}

void pie_routes_clear(struct pie_routes *r)
{
    routes_free_from(r, 0, r->count);
    r->items = pie_mem_free(r->mem, r->items);
    r->count = 0;
}

/* More items than count says, so that what is being added is not there yet. */
static apipie_status routes_make_room(struct pie_routes *r, size_t more)
{
    if (more > APIPIE_LIMIT_ROUTES - r->count)
        return APIPIE_E_LIMIT;
    struct pie_route *items =
        pie_mem_resize(r->mem, r->items, (r->count + more) * sizeof(*r->items));
    if (items == NULL)
        return APIPIE_E_MEMORY;
    r->items = items;
    return APIPIE_OK;
}

static apipie_status routes_name(const struct pie_mem *mem, const char *name, char **ret)
{
    *ret = name != NULL ? pie_mem_text(mem, name, strlen(name)) : NULL;
    return name == NULL || *ret != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
}

static apipie_status routes_fill(const struct pie_mem *mem, const struct pie_route *from,
                                 struct pie_route *ret)
{
    struct pie_route route = {NULL, NULL, NULL};
    apipie_status status = routes_name(mem, from->backend, &route.backend);
    if (status == APIPIE_OK)
        status = routes_name(mem, from->provider, &route.provider);
    if (status == APIPIE_OK)
        status = routes_name(mem, from->model, &route.model);
    if (status != APIPIE_OK) {
        pie_mem_free(mem, route.backend);
        pie_mem_free(mem, route.provider);
        return status;
    }
    *ret = route;
    return APIPIE_OK;
}

apipie_status pie_routes_add(struct pie_routes *r, const char *backend, const char *provider,
                             const char *model)
{
    /* Only read. */
    const struct pie_route route = {(char *)(uintptr_t)backend, (char *)(uintptr_t)provider,
                                    (char *)(uintptr_t)model};
    apipie_status status = routes_make_room(r, 1);
    if (status == APIPIE_OK)
        status = routes_fill(r->mem, &route, &r->items[r->count]);
    if (status == APIPIE_OK)
        r->count++;
    return status;
}

apipie_status pie_routes_add_all(struct pie_routes *to, const struct pie_routes *from)
{
    if (from->count == 0)
        return APIPIE_OK;
    apipie_status status = routes_make_room(to, from->count);
    if (status != APIPIE_OK)
        return status;
    for (size_t i = 0; i < from->count; i++) {
        status = routes_fill(to->mem, &from->items[i], &to->items[to->count + i]);
        if (status != APIPIE_OK) {
            routes_free_from(to, to->count, to->count + i);
            return status;
        }
    }
    to->count += from->count;
    return APIPIE_OK;
}
