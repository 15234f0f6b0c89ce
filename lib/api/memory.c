/* SPDX-License-Identifier: MIT */
/* Knows the doors for the client's memory; must not do any work. */
#include "api/api_priv.h"

APIPIE_API apipie_status apipie_client_set_memory_limit(apipie_client *client, uint64_t bytes)
{
    if (client == NULL)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_count_set(&client->memory.limit, bytes < INT64_MAX ? (int64_t)bytes : INT64_MAX);
    return APIPIE_OK;
}

APIPIE_API int64_t apipie_client_memory(const apipie_client *client, int32_t which)
{
    if (client == NULL)
        return APIPIE_UNKNOWN;
    switch (which) {
    case APIPIE_MEMORY_NOW:
        return pie_count_get(&client->memory.now);
    case APIPIE_MEMORY_PEAK:
        return pie_count_get(&client->memory.peak);
    case APIPIE_MEMORY_REFUSED:
        return pie_count_get(&client->memory.refused);
    default:
        return APIPIE_UNKNOWN;
    }
}
