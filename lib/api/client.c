/* SPDX-License-Identifier: MIT */
/* Knows the client's public doors: check, lock, set; must not do any work. */
#include "api/api_priv.h"

APIPIE_API apipie_client *apipie_client_new(const apipie_allocator *allocator)
{
    struct pie_mem mem = pie_mem_libc;
    if (allocator != NULL) {
        /* A larger table comes from a newer header: what it holds further is not known here. */
        if (allocator->size != sizeof(*allocator) || allocator->alloc == NULL ||
            allocator->resize == NULL || allocator->release == NULL)
            return NULL;
        mem.user = allocator->user;
        mem.alloc = allocator->alloc;
        mem.resize = allocator->resize;
        mem.release = allocator->release;
    }
    return pie_client_new(&mem);
}

APIPIE_API apipie_client *apipie_client_ref(apipie_client *client)
{
    if (client != NULL)
        pie_atomic_add(&client->handles, 1);
    return client;
}

APIPIE_API apipie_client *apipie_client_unref(apipie_client *client)
{
    if (client != NULL && pie_atomic_add(&client->handles, -1) == 0)
        pie_client_close(client);
    return NULL;
}

APIPIE_API apipie_status apipie_client_set_key(apipie_client *client, const char *key)
{
    if (client == NULL || key == NULL || !pie_api_key_is_good(key))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    char *copy = pie_mem_text(&client->mem, key, strlen(key));
    if (copy == NULL)
        return APIPIE_E_MEMORY;
    pie_lock_take(client->lock);
    char *old = client->key;
    client->key = copy;
    client->key_bad = 0;
    pie_client_changed(client);
    pie_lock_drop(client->lock);
    if (old != NULL)
        pie_mem_wipe(old, strlen(old));
    pie_mem_free(&client->mem, old);
    return APIPIE_OK;
}

/* A base URL names a place and nothing else: no user, no query, no fragment. */
apipie_status pie_api_check_url(apipie_client *client, const char *url)
{
    const char *problem = NULL;
    if (url == NULL || pie_api_text_problem(url) != NULL || strpbrk(url, "?# @") != NULL)
        return APIPIE_E_ARGUMENT;
    pie_lock_take(client->lock);
    int32_t allow_http = client->allow_http;
    pie_lock_drop(client->lock);
    return pie_engine_check_url(&client->mem, url, allow_http, &problem);
}

APIPIE_API apipie_status apipie_client_set_base_url(apipie_client *client, const char *url)
{
    if (client == NULL)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    apipie_status status = pie_api_check_url(client, url);
    if (status != APIPIE_OK)
        return status;
    size_t n = strlen(url);
    while (n > 0 && url[n - 1] == '/')
        n--;
    char *copy = pie_mem_text(&client->mem, url, n);
    if (copy == NULL)
        return APIPIE_E_MEMORY;
    pie_lock_take(client->lock);
    char *old = client->base_url;
    client->base_url = copy;
    client->base_url_bad = 0;
    pie_client_changed(client);
    pie_lock_drop(client->lock);
    pie_mem_free(&client->mem, old);
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_client_allow_http(apipie_client *client, int32_t allow)
{
    if (client == NULL || (allow != 0 && allow != 1))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_lock_take(client->lock);
    client->allow_http = allow;
    pie_client_changed(client);
    pie_lock_drop(client->lock);
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_client_set_connect_timeout(apipie_client *client, int64_t ms)
{
    if (client == NULL || ms < 1 || ms > PIE_LIMIT_MS)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_lock_take(client->lock);
    client->defaults.connect_timeout_ms = ms;
    pie_lock_drop(client->lock);
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_client_set_timeout(apipie_client *client, int64_t ms)
{
    if (client == NULL || ms < 1 || ms > PIE_LIMIT_MS)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_lock_take(client->lock);
    client->defaults.timeout_ms = ms;
    pie_lock_drop(client->lock);
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_client_set_retry(apipie_client *client, int32_t policy,
                                                 int32_t retries)
{
    if (client == NULL || policy < APIPIE_RETRY_SAFE || policy > APIPIE_RETRY_ALWAYS ||
        retries < 0 || retries > PIE_LIMIT_RETRIES)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_lock_take(client->lock);
    client->defaults.retry_policy = policy;
    client->defaults.retries = retries;
    pie_lock_drop(client->lock);
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_client_set_max_image_bytes(apipie_client *client, uint64_t bytes)
{
    if (client == NULL || bytes == 0 || bytes > PIE_LIMIT_BYTES)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_lock_take(client->lock);
    client->defaults.max_image_bytes = bytes;
    pie_lock_drop(client->lock);
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_client_set_first_byte_timeout(apipie_client *client, int64_t ms)
{
    if (client == NULL || ms < 0 || ms > PIE_LIMIT_MS)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_lock_take(client->lock);
    client->defaults.first_byte_timeout_ms = ms;
    pie_lock_drop(client->lock);
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_client_set_stall_timeout(apipie_client *client, int64_t ms)
{
    if (client == NULL || ms < 0 || ms > PIE_LIMIT_MS)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_lock_take(client->lock);
    client->defaults.stall_timeout_ms = ms;
    pie_lock_drop(client->lock);
    return APIPIE_OK;
}
