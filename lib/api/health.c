/* SPDX-License-Identifier: MIT */
/* Knows the doors to the health of routes; must not judge. */
#include "api/api_priv.h"

/* ---- the client's */

APIPIE_API int32_t apipie_client_health(apipie_client *client, const char *backend,
                                        const char *provider, const char *model)
{
    if (client == NULL || pie_client_is_foreign(client))
        return APIPIE_HEALTH_UNKNOWN;
    return pie_health_table_state(client->health, backend, provider, model, pie_clock_wall_ms());
}

APIPIE_API apipie_health *apipie_client_health_snapshot(apipie_client *client)
{
    return client != NULL ? pie_engine_health(client) : NULL;
}

APIPIE_API apipie_status apipie_client_load_health(apipie_client *client, const char *path)
{
    if (client == NULL || path == NULL || !pie_api_path_is_good(path))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    return pie_care_load(client, path);
}

APIPIE_API apipie_status apipie_client_set_health_fn(apipie_client *client,
                                                     apipie_health_fn health_fn, void *user,
                                                     apipie_free_fn user_free)
{
    struct pie_hook *hook = NULL;
    const struct pie_hook as = {.health = health_fn, .user = user, .user_free = user_free};
    apipie_status status = pie_api_hook_make(client, &as, &hook);
    if (status == APIPIE_OK)
        pie_care_set(client, hook);
    return status;
}

APIPIE_API apipie_status apipie_client_wait_available(apipie_client *client, const char *provider,
                                                      const char *model, int64_t timeout_ms)
{
    if (client == NULL)
        return APIPIE_E_ARGUMENT;
    return pie_engine_wait_available(client, provider, model, timeout_ms);
}

/* ---- snapshots */

APIPIE_API apipie_health *apipie_health_ref(apipie_health *health)
{
    if (health != NULL)
        pie_atomic_add(&health->refs, 1);
    return health;
}

APIPIE_API apipie_health *apipie_health_unref(apipie_health *health)
{
    pie_engine_health_drop(health);
    return NULL;
}

APIPIE_API apipie_status apipie_health_save(const apipie_health *health, const char *path)
{
    const char *reason = NULL;
    if (health == NULL || path == NULL || !pie_api_path_is_good(path))
        return APIPIE_E_ARGUMENT;
    return pie_health_save(health, path, &reason);
}

/* ---- rows */

APIPIE_API size_t apipie_health_count(const apipie_health *health)
{
    return health != NULL ? health->count : 0;
}

static const struct pie_health_row *health_row(const apipie_health *health, size_t row)
{
    return health != NULL && row < health->count ? &health->rows[row] : NULL;
}

APIPIE_API const char *apipie_health_text(const apipie_health *health, size_t row, int32_t which)
{
    const struct pie_health_row *r = health_row(health, row);
    if (r == NULL)
        return NULL;
    if (which == APIPIE_HEALTH_REASON)
        return r->view.reason;
    return which >= 0 && which < PIE_HEALTH_TEXTS ? r->text[which] : NULL;
}

APIPIE_API int64_t apipie_health_number(const apipie_health *health, size_t row, int32_t which)
{
    const struct pie_health_row *r = health_row(health, row);
    if (r == NULL)
        return APIPIE_UNKNOWN;
    switch (which) {
    case APIPIE_HEALTH_SCOPE:
        return r->scope;
    case APIPIE_HEALTH_STATE:
        return r->view.state;
    case APIPIE_HEALTH_WARNING:
        return r->view.warning;
    case APIPIE_HEALTH_SINCE_MS:
        return r->view.since_ms;
    case APIPIE_HEALTH_CALLS:
        return r->view.window.calls;
    case APIPIE_HEALTH_FAILED:
        return r->view.window.failed;
    case APIPIE_HEALTH_SUCCESS:
        return r->view.window.success;
    case APIPIE_HEALTH_P50_MS:
        return r->view.window.p50_ms;
    case APIPIE_HEALTH_BASELINE_MS:
        return r->view.baseline_ms;
    case APIPIE_HEALTH_UPTIME_HOUR:
    case APIPIE_HEALTH_UPTIME_DAY:
    case APIPIE_HEALTH_UPTIME_WEEK:
        return r->uptime[which - APIPIE_HEALTH_UPTIME_HOUR];
    case APIPIE_HEALTH_LISTED:
        return r->view.listed;
    default:
        return APIPIE_UNKNOWN;
    }
}

APIPIE_API const char *apipie_health_name(int32_t state)
{
    return pie_health_name(state);
}
