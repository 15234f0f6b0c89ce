/* SPDX-License-Identifier: MIT */
/* Knows the doors to a client's backends; must not send. */
#include "api/api_priv.h"

#define BACKEND_NAME_MAX 64

static int32_t backend_name_is_good(const char *name)
{
    size_t n = name != NULL ? strlen(name) : 0;
    for (size_t i = 0; i < n; i++) {
        if (!pie_is_alpha(name[i]) && !pie_is_digit(name[i]) && strchr("-_.", name[i]) == NULL)
            return 0;
    }
    return n >= 1 && n <= BACKEND_NAME_MAX;
}

int32_t pie_api_backend_is_known(apipie_client *client, const char *backend)
{
    pie_lock_take(client->lock);
    int32_t known = pie_backend_find(client, backend) != NULL;
    pie_lock_drop(client->lock);
    return known;
}

APIPIE_API apipie_status apipie_client_add_backend(apipie_client *client, const char *name,
                                                   const char *dialect, const char *base_url)
{
    if (client == NULL || !backend_name_is_good(name) || dialect == NULL || base_url == NULL)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    apipie_status status = pie_api_check_url(client, base_url);
    return status == APIPIE_OK ? pie_backend_add(client, name, dialect, base_url) : status;
}

APIPIE_API const char *apipie_dialect_name(size_t index)
{
    return pie_backend_dialect_name(index);
}

APIPIE_API apipie_status apipie_client_set_backend_key(apipie_client *client, const char *name,
                                                       const char *key)
{
    if (client == NULL || name == NULL || (key != NULL && !pie_api_key_is_good(key)))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    return pie_backend_set_key(client, name, key);
}

APIPIE_API apipie_status apipie_client_set_backend_retry(apipie_client *client, const char *name,
                                                         int32_t policy, int32_t retries)
{
    if (client == NULL || name == NULL || policy < APIPIE_UNKNOWN || policy > APIPIE_RETRY_ALWAYS ||
        retries < 0 || retries > PIE_LIMIT_RETRIES)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    return pie_backend_set_retry(client, name, policy, policy >= 0 ? retries : -1);
}

APIPIE_API apipie_status apipie_client_set_default_backend(apipie_client *client, const char *name)
{
    if (client == NULL)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    return pie_backend_set_default(client, name);
}

APIPIE_API size_t apipie_client_backend_count(apipie_client *client)
{
    return client != NULL && !pie_client_is_foreign(client) ? pie_backend_count(client) : 0;
}

APIPIE_API const char *apipie_client_backend_text(apipie_client *client, size_t index,
                                                  int32_t field)
{
    if (client == NULL || pie_client_is_foreign(client))
        return NULL;
    const struct pie_backend *b = pie_backend_at(client, index);
    if (b == NULL)
        return NULL;
    switch (field) {
    case APIPIE_BACKEND_NAME:
        return b->name;
    case APIPIE_BACKEND_DIALECT:
        return b->dialect->name;
    case APIPIE_BACKEND_BASE_URL:
        return b->base_url;
    default:
        return NULL;
    }
}
