/* SPDX-License-Identifier: MIT */
/* Knows the doors through which a host drives a client and hears of its requests; must not turn anything itself. */
#include "api/api_priv.h"

#define DRIVE_BUDGET_MAX_US INT64_C(60000000)

/* ---- the client */

APIPIE_API apipie_status apipie_client_poll(apipie_client *client, int64_t timeout_ms)
{
    return client != NULL ? pie_engine_poll(client, timeout_ms) : APIPIE_E_ARGUMENT;
}

APIPIE_API int64_t apipie_client_pending(apipie_client *client)
{
    if (client == NULL || pie_client_is_foreign(client))
        return 0;
    return pie_engine_pending(client);
}

APIPIE_API apipie_status apipie_client_set_poll_budget(apipie_client *client, int64_t us)
{
    if (client == NULL || us < 0 || us > DRIVE_BUDGET_MAX_US)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_count_set(&client->poll_budget_us, us);
    return APIPIE_OK;
}

/* May this thread take something out of the client, or look into it, now? */
static int32_t drive_may(const apipie_client *client)
{
    if (client == NULL || pie_client_is_foreign(client))
        return 0;
    int32_t where = pie_inside_where(client);
    return where != PIE_INSIDE_TURN && where != PIE_INSIDE_SUBMIT;
}

APIPIE_API apipie_request *apipie_client_next(apipie_client *client)
{
    return drive_may(client) ? pie_deliver_next(client) : NULL;
}

APIPIE_API int64_t apipie_client_queue_fd(apipie_client *client)
{
    if (client == NULL || pie_client_is_foreign(client))
        return APIPIE_UNKNOWN;
    return pie_deliver_queue_fd(client);
}

APIPIE_API int64_t apipie_client_loop_fd(apipie_client *client)
{
    if (client == NULL || pie_client_is_foreign(client))
        return APIPIE_UNKNOWN;
    return pie_deliver_loop_fd(client);
}

APIPIE_API int64_t apipie_client_next_timeout(apipie_client *client)
{
    if (client == NULL || pie_client_is_foreign(client))
        return -1;
    return pie_engine_next_timeout(client);
}

APIPIE_API void apipie_client_wakeup(apipie_client *client)
{
    if (client != NULL && !pie_client_is_foreign(client))
        pie_engine_wakeup(client);
}

APIPIE_API apipie_status apipie_client_start_worker(apipie_client *client)
{
    return client != NULL ? pie_engine_start_worker(client) : APIPIE_E_ARGUMENT;
}

/* ---- the request */

/* Takes user in any case. */
static apipie_status drive_take_user(apipie_request *r, struct pie_user *to, void *pointer,
                                     apipie_free_fn user_free)
{
    struct pie_user fresh = {pointer, user_free};
    apipie_status status = APIPIE_OK;
    if (r == NULL)
        status = APIPIE_E_ARGUMENT;
    else if (pie_atomic_get(&r->state) != PIE_STATE_BUILDING)
        status = APIPIE_E_STATE;
    if (status != APIPIE_OK) {
        pie_user_clear(&fresh);
        return status;
    }
    pie_user_clear(to);
    *to = fresh;
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_request_set_user_data(apipie_request *request, void *user,
                                                      apipie_free_fn user_free)
{
    return drive_take_user(request, request != NULL ? &request->user : NULL, user, user_free);
}

APIPIE_API void *apipie_request_user_data(const apipie_request *request)
{
    return request != NULL ? request->user.pointer : NULL;
}

/* Without a function nothing is kept. */
static apipie_status drive_set_call(apipie_request *r, struct pie_call_back *to, apipie_done_fn fn,
                                    void *user, apipie_free_fn user_free)
{
    apipie_status status = drive_take_user(r, r != NULL ? &to->user : NULL, user, user_free);
    if (status != APIPIE_OK)
        return status;
    to->fn = fn;
    if (fn == NULL)
        pie_user_clear(&to->user);
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_request_set_done(apipie_request *request, apipie_done_fn done,
                                                 void *user, apipie_free_fn user_free)
{
    struct pie_call_back *to = request != NULL ? &request->done_fn : NULL;
    return drive_set_call(request, to, done, user, user_free);
}

APIPIE_API apipie_status apipie_request_set_progress(apipie_request *request,
                                                     apipie_progress_fn progress, void *user,
                                                     apipie_free_fn user_free)
{
    struct pie_call_back *to = request != NULL ? &request->progress_fn : NULL;
    return drive_set_call(request, to, progress, user, user_free);
}

APIPIE_API apipie_status apipie_request_set_partial_fn(apipie_request *request,
                                                       apipie_partial_fn partial, void *user,
                                                       apipie_free_fn user_free)
{
    struct pie_user *to = request != NULL ? &request->partial_user : NULL;
    apipie_status status = drive_take_user(request, to, user, user_free);
    if (status != APIPIE_OK)
        return status;
    request->partial_fn = partial;
    if (partial == NULL)
        pie_user_clear(to);
    return APIPIE_OK;
}

APIPIE_API const char *apipie_phase_name(int32_t phase)
{
    static const char *const names[] = {
        "building", "queued",    "waiting", "looking up the name", "connecting", "sending",
        "drawing",  "receiving", "ended",
    };
    return phase >= 0 && (size_t)phase < PIE_COUNT(names) ? names[phase] : "unknown";
}

/* What came may pass what was announced: chunked replies announce nothing. */
static int64_t drive_announced(const struct pie_view *v)
{
    int64_t all = pie_count_get(&v->down_all);
    return all >= pie_count_get(&v->down) ? all : APIPIE_UNKNOWN;
}

APIPIE_API int64_t apipie_request_progress(const apipie_request *request, int32_t which)
{
    if (request == NULL)
        return APIPIE_UNKNOWN;
    const struct pie_view *v = request->view;
    switch (which) {
    case APIPIE_PROGRESS_PHASE:
        return pie_atomic_get(&v->phase);
    case APIPIE_PROGRESS_UP:
        return pie_count_get(&v->up);
    case APIPIE_PROGRESS_UP_TOTAL:
        return pie_count_get(&v->up_all);
    case APIPIE_PROGRESS_DOWN:
        return pie_count_get(&v->down);
    case APIPIE_PROGRESS_DOWN_TOTAL:
        return drive_announced(v);
    case APIPIE_PROGRESS_IMAGES_BEGUN:
        return pie_count_get(&v->begun);
    case APIPIE_PROGRESS_IMAGES_DONE:
        return pie_count_get(&v->done);
    case APIPIE_PROGRESS_DRAWN:
        return pie_count_get(&v->drawn) - 1;
    default:
        return APIPIE_UNKNOWN;
    }
}
