/* SPDX-License-Identifier: MIT */
/* Knows the doors to recordings; must not open a file. */
#include "api/api_priv.h"

#include <apipie/transport.h>

APIPIE_API apipie_status apipie_client_record(apipie_client *client, const char *path)
{
    if (client == NULL || path == NULL || !pie_api_path_is_good(path))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    return pie_client_record(client, path);
}

APIPIE_API apipie_status apipie_client_replay(apipie_client *client, const char *path)
{
    if (client == NULL || path == NULL || !pie_api_path_is_good(path))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    return pie_client_replay(client, path);
}
