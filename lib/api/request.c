/* SPDX-License-Identifier: MIT */
/* Knows the request's verbs and its log of attempts; must not do the work itself. */
#include "api/api_priv.h"

APIPIE_API apipie_request *apipie_request_new(apipie_client *client, int32_t kind)
{
    return client != NULL ? pie_request_new(client, kind) : NULL;
}

APIPIE_API apipie_request *apipie_request_new_reconcile(const apipie_request *ended)
{
    if (ended == NULL || pie_atomic_get(&ended->state) != PIE_STATE_ENDED)
        return NULL;
    return pie_request_new_reconcile(ended);
}

APIPIE_API apipie_request *apipie_request_copy(const apipie_request *request)
{
    /* What a reconciliation looks for is no setting. */
    if (request == NULL || request->wish.kind == APIPIE_REQUEST_RECONCILE)
        return NULL;
    apipie_request *copy = pie_request_new(request->client, request->wish.kind);
    if (copy == NULL)
        return NULL;
    if (pie_wish_copy(&copy->wish, &request->wish) != APIPIE_OK ||
        pie_history_copy(copy, request) != APIPIE_OK) {
        pie_request_drop(copy);
        return NULL;
    }
    /* A bad setter stays one: what it meant to set is missing here too. */
    if (request->setter_failed) {
        copy->setter_failed = 1;
        pie_error_set(&copy->error, request->error.code, request->error.hint,
                      request->error.message, NULL, NULL);
    }
    return copy;
}

APIPIE_API apipie_request *apipie_request_ref(apipie_request *request)
{
    if (request != NULL)
        pie_request_keep(request);
    return request;
}

APIPIE_API apipie_request *apipie_request_unref(apipie_request *request)
{
    if (request != NULL)
        pie_request_drop(request);
    return NULL;
}

APIPIE_API const char *apipie_request_prompt(const apipie_request *request, size_t *ret_size)
{
    const char *prompt = request != NULL ? request->wish.text[PIE_WISH_PROMPT] : NULL;
    if (ret_size != NULL)
        *ret_size = prompt != NULL ? strlen(prompt) : 0;
    return prompt;
}

APIPIE_API size_t apipie_request_format_json(const apipie_request *request, char *text,
                                             size_t capacity)
{
    struct pie_buf json;
    if (text != NULL && capacity != 0)
        text[0] = '\0';
    if (request == NULL ||
        (request->wish.kind != APIPIE_REQUEST_IMAGE && request->wish.kind != APIPIE_REQUEST_EDIT &&
         request->wish.kind != APIPIE_REQUEST_VARIATION) ||
        pie_client_is_foreign(request->client))
        return 0;
    pie_buf_init(&json, request->mem, SIZE_MAX);
    size_t n = pie_request_write(request, &json) == APIPIE_OK ? json.n : 0;
    if (n != 0 && text != NULL && capacity != 0)
        pie_api_copy_text(pie_buf_slice(&json), text, capacity);
    pie_buf_free(&json);
    return n;
}

APIPIE_API apipie_status apipie_request_submit(apipie_request *request)
{
    return request != NULL ? pie_engine_submit(request, 0) : APIPIE_E_ARGUMENT;
}

APIPIE_API apipie_status apipie_request_wait(apipie_request *request, int64_t timeout_ms)
{
    return request != NULL ? pie_engine_wait(request, timeout_ms) : APIPIE_E_ARGUMENT;
}

APIPIE_API apipie_status apipie_request_perform(apipie_request *request)
{
    return request != NULL ? pie_engine_perform(request) : APIPIE_E_ARGUMENT;
}

APIPIE_API void apipie_request_cancel(apipie_request *request)
{
    if (request != NULL)
        pie_engine_cancel(request);
}

static int32_t request_ended(const apipie_request *request)
{
    return request != NULL && pie_atomic_get(&request->state) == PIE_STATE_ENDED;
}

APIPIE_API apipie_status apipie_request_status(const apipie_request *request)
{
    if (request == NULL)
        return APIPIE_E_ARGUMENT;
    if (pie_atomic_get(&request->state) == PIE_STATE_BUILDING)
        return APIPIE_E_STATE;
    return request_ended(request) ? request->status : APIPIE_PENDING;
}

APIPIE_API const apipie_result *apipie_request_result(const apipie_request *request)
{
    return request_ended(request) && request->result_known ? request->result : NULL;
}

/* A builder with a bad setter has an error too: it may be read before submit. */
APIPIE_API const apipie_error *apipie_request_error(const apipie_request *request)
{
    static const struct apipie_error no_request = {
        .code = APIPIE_E_ARGUMENT,
        .fault = APIPIE_FAULT_CALLER,
        .retry_after_ms = APIPIE_UNKNOWN,
        .message = "the request is NULL",
        .hint = "apipie_request_new() gives NULL without memory or without a client",
    };
    if (request == NULL)
        return &no_request;
    int32_t readable =
        request_ended(request) || pie_atomic_get(&request->state) == PIE_STATE_BUILDING;
    return readable && request->error.code != APIPIE_OK ? &request->error : NULL;
}

static const struct pie_attempt *request_attempt(const apipie_request *request, size_t index)
{
    if (request == NULL)
        return NULL;
    if (!request_ended(request))
        return pie_engine_traced(request, index);
    if (index >= request->attempt_count)
        return NULL;
    return &request->attempts[index];
}

static size_t request_attempts(const apipie_request *request)
{
    return request_ended(request) ? request->attempt_count : 0;
}

APIPIE_API size_t apipie_request_attempt_count(const apipie_request *request)
{
    return request_attempts(request);
}

APIPIE_API int32_t apipie_request_tries(const apipie_request *request)
{
    return request_ended(request) ? request->tries : 0;
}

APIPIE_API int32_t apipie_request_attempt_purpose(const apipie_request *request, size_t index)
{
    const struct pie_attempt *a = request_attempt(request, index);
    return a != NULL ? a->purpose : 0;
}

APIPIE_API int32_t apipie_request_attempt_outcome(const apipie_request *request, size_t index)
{
    const struct pie_attempt *a = request_attempt(request, index);
    return a != NULL ? a->outcome : 0;
}

APIPIE_API int32_t apipie_request_attempt_billed(const apipie_request *request, size_t index)
{
    const struct pie_attempt *a = request_attempt(request, index);
    return a != NULL ? a->billed : APIPIE_BILLED_NO;
}

APIPIE_API apipie_status apipie_request_attempt_status(const apipie_request *request, size_t index)
{
    const struct pie_attempt *a = request_attempt(request, index);
    return a != NULL ? a->status : APIPIE_E_ARGUMENT;
}

APIPIE_API int32_t apipie_request_attempt_http_status(const apipie_request *request, size_t index)
{
    const struct pie_attempt *a = request_attempt(request, index);
    return a != NULL ? a->http_status : 0;
}

APIPIE_API const char *apipie_request_attempt_request_id(const apipie_request *request,
                                                         size_t index)
{
    const struct pie_attempt *a = request_attempt(request, index);
    return a != NULL && a->request_id[0] != '\0' ? a->request_id : NULL;
}

APIPIE_API int64_t apipie_request_attempt_time(const apipie_request *request, size_t index,
                                               int32_t which)
{
    const struct pie_attempt *a = request_attempt(request, index);
    if (a != NULL && which == APIPIE_TIME_CLOCK)
        return a->wall_ms;
    if (a != NULL && which == APIPIE_TIME_SERVER)
        return a->server_ms;
    if (a == NULL || which < 0 || which > APIPIE_TIME_TOTAL)
        return APIPIE_UNKNOWN;
    return a->time[which];
}

APIPIE_API int32_t apipie_request_attempt_is_proxied(const apipie_request *request, size_t index)
{
    const struct pie_attempt *a = request_attempt(request, index);
    return a != NULL ? a->proxied : APIPIE_UNKNOWN;
}

/* The route of an exchange; NULL where there was none to choose. */
static const struct pie_route *request_attempt_route(const apipie_request *request, size_t index)
{
    const struct pie_attempt *a = request_attempt(request, index);
    if (a == NULL || request->routes == NULL || a->route < 0 ||
        (size_t)a->route >= request->routes->count)
        return NULL;
    return &request->routes->items[a->route];
}

APIPIE_API const char *apipie_request_attempt_backend(const apipie_request *request, size_t index)
{
    const struct pie_attempt *a = request_attempt(request, index);
    return a != NULL ? a->backend : NULL;
}

APIPIE_API const char *apipie_request_attempt_provider(const apipie_request *request, size_t index)
{
    const struct pie_route *route = request_attempt_route(request, index);
    return route != NULL ? route->provider : NULL;
}

APIPIE_API const char *apipie_request_attempt_model(const apipie_request *request, size_t index)
{
    const struct pie_route *route = request_attempt_route(request, index);
    if (route == NULL)
        return NULL;
    return route->model != NULL ? route->model : request->asked->text[PIE_WISH_MODEL];
}

APIPIE_API const char *apipie_request_attempt_message(const apipie_request *request, size_t index)
{
    const struct pie_attempt *a = request_attempt(request, index);
    return a != NULL ? a->message : NULL;
}

APIPIE_API const char *apipie_request_attempt_traceparent(const apipie_request *request,
                                                          size_t index)
{
    const struct pie_attempt *a = request_attempt(request, index);
    return a != NULL && a->traceparent[0] != '\0' ? a->traceparent : NULL;
}

APIPIE_API int64_t apipie_request_charge(const apipie_request *request, int32_t *ret_kind)
{
    int64_t sum = 0;
    int32_t kind = APIPIE_CHARGE_NONE;
    for (size_t i = 0; i < request_attempts(request); i++) {
        const struct pie_attempt *a = &request->attempts[i];
        sum = a->charge > INT64_MAX - sum ? INT64_MAX : sum + a->charge;
        kind = a->charge_kind > kind ? a->charge_kind : kind;
    }
    if (ret_kind != NULL)
        *ret_kind = kind;
    return sum;
}

APIPIE_API int64_t apipie_request_elapsed(const apipie_request *request)
{
    return request_ended(request) ? request->ended_ms - request->submitted_ms : APIPIE_UNKNOWN;
}
