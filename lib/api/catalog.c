/* SPDX-License-Identifier: MIT */
/* Knows the doors to models and prices; must not parse, price or choose. */
#include "api/api_priv.h"
#include "catalog/catalog.h"

/* The client's memory is the catalogue's. */
static void catalog_let_go(void *client)
{
    pie_client_drop(client);
}

APIPIE_API apipie_catalog *apipie_catalog_new(apipie_client *client)
{
    apipie_catalog *catalog = NULL;
    if (client == NULL || pie_client_is_foreign(client) ||
        pie_catalog_built_in(&client->mem, &catalog) != APIPIE_OK)
        return NULL;
    pie_client_keep(client);
    pie_catalog_own(catalog, catalog_let_go, client);
    return catalog;
}

APIPIE_API apipie_catalog *apipie_catalog_parse(apipie_client *client, const char *text,
                                                size_t size)
{
    apipie_catalog *built_in = NULL;
    apipie_catalog *live = NULL;
    apipie_catalog *both = NULL;
    if (client == NULL || text == NULL || pie_client_is_foreign(client))
        return NULL;
    const struct pie_mem *mem = &client->mem;
    struct pie_slice all = pie_slice(text, size);
    if (pie_catalog_parse(mem, all, APIPIE_UNKNOWN, &live) == APIPIE_OK &&
        pie_catalog_built_in(mem, &built_in) == APIPIE_OK &&
        pie_catalog_merge(mem, built_in, live, &both) == APIPIE_OK) {
        pie_client_keep(client);
        pie_catalog_own(both, catalog_let_go, client);
    }
    pie_catalog_drop(live);
    pie_catalog_drop(built_in);
    return both;
}

APIPIE_API apipie_catalog *apipie_catalog_ref(apipie_catalog *catalog)
{
    return pie_catalog_keep(catalog);
}

APIPIE_API apipie_catalog *apipie_catalog_unref(apipie_catalog *catalog)
{
    pie_catalog_drop(catalog);
    return NULL;
}

APIPIE_API size_t apipie_catalog_count(const apipie_catalog *catalog)
{
    return pie_catalog_count(catalog);
}

APIPIE_API int64_t apipie_catalog_fetched(const apipie_catalog *catalog)
{
    return pie_catalog_fetched(catalog);
}

APIPIE_API int64_t apipie_catalog_find(const apipie_catalog *catalog, const char *provider,
                                       const char *model)
{
    if (model == NULL)
        return APIPIE_UNKNOWN;
    return pie_catalog_find(catalog, pie_slice_text(provider), pie_slice_text(model));
}

APIPIE_API const char *apipie_catalog_text(const apipie_catalog *catalog, size_t index,
                                           int32_t field)
{
    return pie_catalog_text(catalog, index, field);
}

APIPIE_API int64_t apipie_catalog_number(const apipie_catalog *catalog, size_t index, int32_t field)
{
    return pie_catalog_number(catalog, index, field);
}

APIPIE_API const char *apipie_catalog_json(const apipie_catalog *catalog, size_t index,
                                           size_t *ret_size)
{
    struct pie_slice json = pie_catalog_json(catalog, index);
    if (ret_size != NULL)
        *ret_size = json.n;
    return json.p;
}

APIPIE_API int64_t apipie_catalog_price(const apipie_catalog *catalog, size_t index, int32_t width,
                                        int32_t height, const char *quality)
{
    if (width < 1 || height < 1)
        return APIPIE_UNKNOWN;
    return pie_catalog_price(catalog, index, width, height, 0, quality);
}

APIPIE_API int32_t apipie_catalog_is_restricted(const apipie_catalog *catalog, const char *provider,
                                                const char *model, const char *country)
{
    return pie_catalog_restricted(catalog, pie_slice_text(provider), pie_slice_text(model),
                                  pie_slice_trim(pie_slice_text(country)));
}

APIPIE_API size_t apipie_catalog_restriction_count(const apipie_catalog *catalog)
{
    return pie_catalog_restriction_count(catalog);
}

APIPIE_API const char *apipie_catalog_restriction_text(const apipie_catalog *catalog, size_t index,
                                                       int32_t which)
{
    return pie_catalog_restriction(catalog, index, which);
}

APIPIE_API size_t apipie_catalog_warning_count(const apipie_catalog *catalog)
{
    return pie_catalog_warning_count(catalog);
}

APIPIE_API const char *apipie_catalog_warning(const apipie_catalog *catalog, size_t index)
{
    return pie_catalog_warning(catalog, index);
}

APIPIE_API apipie_catalog *apipie_catalog_where_text(apipie_catalog *catalog, int32_t field,
                                                     const char *value)
{
    apipie_catalog *some = NULL;
    if (catalog == NULL || pie_catalog_where_text(catalog, field, value, &some) != APIPIE_OK)
        return NULL;
    return some;
}

APIPIE_API apipie_catalog *apipie_catalog_where_number(apipie_catalog *catalog, int32_t field,
                                                       int64_t least, int64_t most)
{
    apipie_catalog *some = NULL;
    if (catalog == NULL ||
        pie_catalog_where_number(catalog, field, least, most, &some) != APIPIE_OK)
        return NULL;
    return some;
}

APIPIE_API apipie_catalog *apipie_catalog_sort(apipie_catalog *catalog, int32_t field,
                                               int32_t descending)
{
    apipie_catalog *sorted = NULL;
    if (catalog == NULL || (descending != 0 && descending != 1) ||
        pie_catalog_sort(catalog, field, descending, &sorted) != APIPIE_OK)
        return NULL;
    return sorted;
}

APIPIE_API apipie_catalog *apipie_catalog_group(apipie_catalog *catalog, int32_t field, size_t n,
                                                const char **ret_value)
{
    apipie_catalog *group = NULL;
    if (catalog == NULL || pie_catalog_group(catalog, field, n, &group) != APIPIE_OK)
        return NULL;
    if (group != NULL && ret_value != NULL)
        *ret_value = pie_catalog_text(group, 0, field);
    return group;
}

APIPIE_API apipie_status apipie_catalog_diff(const apipie_catalog *older,
                                             const apipie_catalog *newer, apipie_catalog_change fn,
                                             void *user)
{
    return fn != NULL ? pie_catalog_diff(older, newer, fn, user) : APIPIE_E_ARGUMENT;
}
