/* SPDX-License-Identifier: MIT */
/* Knows the doors to prices over time; must not read a file, or look for a moment. */
#include "api/api_priv.h"

/* The client's memory is the history's, and that of the catalogues made of it. */
static void prices_let_go(void *client)
{
    pie_client_drop(client);
}

APIPIE_API apipie_status apipie_price_history_load(apipie_client *client, const char *path,
                                                   apipie_price_history **ret_history)
{
    apipie_price_history *history = NULL;
    if (client == NULL || ret_history == NULL || path == NULL || !pie_api_path_is_good(path))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    apipie_status status = pie_tariff_load(&client->mem, path, &history);
    if (status != APIPIE_OK)
        return status;
    pie_client_keep(client);
    pie_track_own(history, prices_let_go, client);
    *ret_history = history;
    return APIPIE_OK;
}

APIPIE_API apipie_price_history *apipie_price_history_ref(apipie_price_history *history)
{
    return pie_track_keep(history);
}

APIPIE_API apipie_price_history *apipie_price_history_unref(apipie_price_history *history)
{
    pie_track_drop(history);
    return NULL;
}

APIPIE_API size_t apipie_price_history_count(const apipie_price_history *history)
{
    return pie_track_count(history);
}

APIPIE_API int64_t apipie_price_history_time(const apipie_price_history *history, size_t index)
{
    return pie_track_time(history, index);
}

APIPIE_API const char *apipie_price_history_text(const apipie_price_history *history, size_t index,
                                                 int32_t field)
{
    return pie_track_text(history, index, field);
}

APIPIE_API int64_t apipie_price_history_number(const apipie_price_history *history, size_t index,
                                               int32_t field)
{
    return pie_track_number(history, index, field);
}

APIPIE_API size_t apipie_price_history_skipped(const apipie_price_history *history)
{
    return pie_track_skipped(history);
}

APIPIE_API apipie_catalog *apipie_price_history_at(const apipie_price_history *history,
                                                   int64_t wall_ms)
{
    apipie_catalog *catalog = NULL;
    if (history == NULL || pie_track_catalog(history, wall_ms, &catalog) != APIPIE_OK)
        return NULL;
    apipie_client *client = pie_track_owner(history);
    pie_client_keep(client);
    pie_catalog_own(catalog, prices_let_go, client);
    return catalog;
}
