/* SPDX-License-Identifier: MIT */
/* Knows the doors for what a client calls or keeps besides itself: hooks, cache; must not call a hook. */
#include "api/api_priv.h"

apipie_status pie_api_hook_make(apipie_client *client, const struct pie_hook *as,
                                struct pie_hook **ret)
{
    int32_t foreign = client != NULL && pie_client_is_foreign(client);
    *ret = NULL;
    if (client != NULL && !foreign &&
        (as->veto != NULL || as->key != NULL || as->log != NULL || as->trace != NULL ||
         as->stats != NULL || as->health != NULL))
        return pie_hook_new(&client->mem, as, ret);
    if (as->user_free != NULL)
        as->user_free(as->user);
    if (foreign)
        return APIPIE_E_FORKED;
    return client != NULL ? APIPIE_OK : APIPIE_E_ARGUMENT;
}

void pie_api_hook_put(apipie_client *client, struct pie_hook **at, struct pie_hook *hook)
{
    pie_lock_take(client->lock);
    struct pie_hook *old = *at;
    *at = hook;
    if (at == &client->key_hook)
        pie_client_changed(client);
    pie_lock_drop(client->lock);
    pie_hook_drop(old);
}

apipie_status pie_api_hook_set(apipie_client *client, struct pie_hook **at,
                               const struct pie_hook *as)
{
    struct pie_hook *hook = NULL;
    apipie_status status = pie_api_hook_make(client, as, &hook);
    if (status == APIPIE_OK)
        pie_api_hook_put(client, at, hook);
    return status;
}

APIPIE_API apipie_status apipie_client_set_veto(apipie_client *client, apipie_veto_fn veto,
                                                void *user, apipie_free_fn user_free)
{
    const struct pie_hook as = {.veto = veto, .user = user, .user_free = user_free};
    return pie_api_hook_set(client, client != NULL ? &client->veto_hook : NULL, &as);
}

APIPIE_API apipie_status apipie_client_set_key_fn(apipie_client *client, apipie_key_fn key_fn,
                                                  void *user, apipie_free_fn user_free)
{
    const struct pie_hook as = {.key = key_fn, .user = user, .user_free = user_free};
    return pie_api_hook_set(client, client != NULL ? &client->key_hook : NULL, &as);
}

APIPIE_API apipie_status apipie_client_set_cache(apipie_client *client, const char *folder,
                                                 uint64_t max_bytes)
{
    const char *reason = NULL;
    struct pie_cache *cache = NULL;
    if (client == NULL || (folder != NULL && (!pie_api_path_is_good(folder) || max_bytes == 0)))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    if (folder != NULL) {
        apipie_status status = pie_cache_open(&client->mem, folder, max_bytes, &cache, &reason);
        if (status != APIPIE_OK)
            return status;
    }
    pie_lock_take(client->lock);
    struct pie_cache *old = client->cache;
    client->cache = cache;
    pie_lock_drop(client->lock);
    pie_cache_drop(old);
    return APIPIE_OK;
}
