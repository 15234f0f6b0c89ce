/* SPDX-License-Identifier: MIT */
/* Knows the client's doors for routes, rests and rates; must not do any work. */
#include "api/api_priv.h"

APIPIE_API apipie_status apipie_client_add_route(apipie_client *client, const char *backend,
                                                 const char *provider, const char *model)
{
    if (client == NULL || !pie_api_name_is_good(provider) || !pie_api_name_is_good(model))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    if (!pie_api_backend_is_known(client, backend))
        return APIPIE_E_UNSUPPORTED;
    pie_lock_take(client->lock);
    apipie_status status = pie_routes_add(&client->routes, backend, provider, model);
    pie_lock_drop(client->lock);
    return status;
}

APIPIE_API apipie_status apipie_client_clear_routes(apipie_client *client)
{
    if (client == NULL)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_lock_take(client->lock);
    pie_routes_clear(&client->routes);
    pie_lock_drop(client->lock);
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_client_set_breaker(apipie_client *client, int32_t failures,
                                                   int64_t rest_ms)
{
    if (client == NULL || failures < 0 || rest_ms < 1 || rest_ms > PIE_LIMIT_MS)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_lock_take(client->lock);
    client->breaker_failures = failures;
    client->breaker_rest_ms = rest_ms;
    pie_lock_drop(client->lock);
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_client_set_max_in_flight(apipie_client *client, int32_t n)
{
    if (client == NULL || n < 1 || n > PIE_LIMIT_FLIGHT)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_lock_take(client->lock);
    client->max_in_flight = n;
    pie_engine_look_again(client); /* more may go now */
    pie_lock_drop(client->lock);
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_client_set_rate(apipie_client *client, const char *provider,
                                                int32_t requests, int32_t images)
{
    if (client == NULL || !pie_api_name_is_good(provider) || requests < 0 || images < 0)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_lock_take(client->lock);
    apipie_status status = pie_rate_set(client, provider, requests, images, pie_clock_us());
    pie_engine_look_again(client); /* more may go now */
    pie_lock_drop(client->lock);
    return status;
}
