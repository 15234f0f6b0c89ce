/* SPDX-License-Identifier: MIT */
/* Knows how own measurements are found by the names of a model; must not weigh them. */
#include "catalog/choose_priv.h"

/* Providers without case, names as they are. */
static size_t own_hash(const char *provider, const char *model)
{
    uint64_t h = pie_hash_short_nocase(PIE_HASH_SHORT, provider, strlen(provider));
    return (size_t)pie_hash_fold(pie_hash_short(h, model, strlen(model)));
}

static int32_t own_is(const struct pie_own *own, const char *provider, const char *model)
{
    return strcmp(own->model, model) == 0 &&
           pie_slice_equal_nocase(pie_slice_text(own->provider), provider);
}

/* The place of the one that they name, or the free one where it would be. */
static size_t own_place(const struct pie_own_map *map, const char *provider, const char *model)
{
    size_t at = own_hash(provider, model) & (map->room - 1);
    while (map->slot[at] != 0 && !own_is(&map->owns.own[map->slot[at] - 1], provider, model))
        at = (at + 1) & (map->room - 1);
    return at;
}

apipie_status pie_own_map_init(const struct pie_mem *mem, struct pie_owns owns,
                               struct pie_own_map *ret)
{
    struct pie_own_map map = {owns, NULL, 2};
    if (owns.n != 0) {
        while (map.room < 2 * owns.n)
            map.room *= 2;
        map.slot = pie_mem_new(mem, map.room, sizeof(*map.slot));
        if (map.slot == NULL)
            return APIPIE_E_MEMORY;
    }
    for (size_t i = 0; i < owns.n; i++) {
        size_t at = own_place(&map, owns.own[i].provider, owns.own[i].model);
        if (map.slot[at] == 0 || owns.own[map.slot[at] - 1].tries < owns.own[i].tries)
            map.slot[at] = (uint32_t)i + 1;
    }
    *ret = map;
    return APIPIE_OK;
}

void pie_own_map_free(const struct pie_mem *mem, struct pie_own_map *map)
{
    map->slot = pie_mem_free(mem, map->slot);
}

const struct pie_own *pie_own_find(const struct pie_own_map *map, const struct pie_table *t,
                                   const struct pie_row *row)
{
    if (map->slot == NULL)
        return NULL;
    uint32_t found = map->slot[own_place(map, pie_row_text(t, row, APIPIE_MODEL_PROVIDER),
                                         pie_row_text(t, row, APIPIE_MODEL_NAME))];
    return found != 0 ? &map->owns.own[found - 1] : NULL;
}
