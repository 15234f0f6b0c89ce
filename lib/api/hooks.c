/* SPDX-License-Identifier: MIT */
/* Knows the doors for what a client calls or keeps besides itself: hooks, cache; must not call a hook. */
#include "api/api_priv.h"

/* What comes out is dropped by the caller, outside the lock: it may call the host. The lock is held. */
static struct pie_hook *hooks_swap(struct pie_hook **at, struct pie_hook *fresh)
{
    struct pie_hook *old = *at;
    *at = fresh;
    return old;
}

/* Without a callback nothing is kept: *ret is NULL, and user goes at once. */
static apipie_status hooks_make(apipie_client *client, apipie_veto_fn veto, apipie_key_fn key,
                                void *user, apipie_free_fn user_free, struct pie_hook **ret)
{
    *ret = NULL;
    if (client != NULL && (veto != NULL || key != NULL))
        return pie_hook_new(&client->mem, veto, key, user, user_free, ret);
    if (user_free != NULL)
        user_free(user);
    return client != NULL ? APIPIE_OK : APIPIE_E_ARGUMENT;
}

APIPIE_API apipie_status apipie_client_set_veto(apipie_client *client, apipie_veto_fn veto,
                                                void *user, apipie_free_fn user_free)
{
    struct pie_hook *hook = NULL;
    apipie_status status = hooks_make(client, veto, NULL, user, user_free, &hook);
    if (status != APIPIE_OK)
        return status;
    pie_lock_take(client->lock);
    struct pie_hook *old = hooks_swap(&client->veto_hook, hook);
    pie_lock_drop(client->lock);
    pie_hook_drop(old);
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_client_set_key_fn(apipie_client *client, apipie_key_fn key_fn,
                                                  void *user, apipie_free_fn user_free)
{
    struct pie_hook *hook = NULL;
    apipie_status status = hooks_make(client, NULL, key_fn, user, user_free, &hook);
    if (status != APIPIE_OK)
        return status;
    pie_lock_take(client->lock);
    struct pie_hook *old = hooks_swap(&client->key_hook, hook);
    pie_client_changed(client);
    pie_lock_drop(client->lock);
    pie_hook_drop(old);
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_client_set_cache(apipie_client *client, const char *folder,
                                                 uint64_t max_bytes)
{
    const char *reason = NULL;
    struct pie_cache *cache = NULL;
    if (client == NULL || (folder != NULL && (!pie_api_path_is_good(folder) || max_bytes == 0)))
        return APIPIE_E_ARGUMENT;
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
