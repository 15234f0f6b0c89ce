/* SPDX-License-Identifier: MIT */
/* Knows the doors to lists of models that are fetched, and to what a request will cost; must not fetch or count. */
#include "api/api_priv.h"

APIPIE_API apipie_catalog *apipie_request_catalog(const apipie_request *request)
{
    if (request == NULL || pie_atomic_get(&request->state) != PIE_STATE_ENDED ||
        request->status != APIPIE_OK)
        return NULL;
    return pie_models_list(request);
}

APIPIE_API apipie_catalog *apipie_client_catalog(apipie_client *client)
{
    if (client == NULL || pie_client_is_foreign(client))
        return NULL;
    return pie_shelf_view(client);
}

APIPIE_API apipie_status apipie_client_set_models_cache(apipie_client *client, const char *path,
                                                        int64_t ttl_ms)
{
    if (client == NULL || (path != NULL && !pie_api_path_is_good(path)) ||
        ttl_ms < APIPIE_UNKNOWN || ttl_ms > 366 * PIE_LIMIT_MS)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    return pie_shelf_set(client, path, ttl_ms);
}

APIPIE_API apipie_status apipie_client_set_models_history(apipie_client *client, const char *path)
{
    if (client == NULL || (path != NULL && !pie_api_path_is_good(path)))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    return pie_tariff_set(client, path);
}

APIPIE_API int64_t apipie_client_estimate(apipie_client *client, const apipie_request *request,
                                          int32_t *ret_source)
{
    int32_t source = APIPIE_PRICE_NONE;
    int64_t price = APIPIE_UNKNOWN;
    if (client != NULL && request != NULL && !pie_client_is_foreign(client) &&
        !pie_client_is_foreign(request->client))
        price = pie_request_estimate(client, request, &source);
    if (ret_source != NULL)
        *ret_source = source;
    return price;
}
