/* SPDX-License-Identifier: MIT */
/* Knows how to read an error, and the names of statuses; must not change one. */
#include "api/api_priv.h"

/* These names are the command line's contract; they never change. */
static const struct {
    apipie_status status;
    const char *name;
} error_names[] = {
    {APIPIE_OK, "ok"},
    {APIPIE_PENDING, "pending"},
    {APIPIE_E_ARGUMENT, "usage"},
    {APIPIE_E_STATE, "usage"},
    {APIPIE_E_REENTRANT, "usage"},
    {APIPIE_E_CONFIG, "config"},
    {APIPIE_E_UNSUPPORTED, "usage"},
    {APIPIE_E_CANCELLED, "cancelled"},
    {APIPIE_E_BUDGET, "budget"},
    {APIPIE_E_VETOED, "vetoed"},
    {APIPIE_E_FORKED, "forked"},
    {APIPIE_E_MEMORY, "out_of_memory"},
    {APIPIE_E_LIMIT, "usage"},
    {APIPIE_E_FILE, "file"},
    {APIPIE_E_SINK, "file"},
    {APIPIE_E_INTERNAL, "internal"},
    {APIPIE_E_CONNECT, "connect"},
    {APIPIE_E_TLS, "tls"},
    {APIPIE_E_TIMEOUT, "timeout"},
    {APIPIE_E_NETWORK, "network"},
    {APIPIE_E_AUTH, "auth"},
    {APIPIE_E_PARAMETER, "parameter"},
    {APIPIE_E_CONTENT_POLICY, "content_policy"},
    {APIPIE_E_NOT_FOUND, "not_found"},
    {APIPIE_E_RATE_LIMITED, "rate_limited"},
    {APIPIE_E_QUOTA, "quota"},
    {APIPIE_E_SERVER, "server"},
    {APIPIE_E_UNAVAILABLE, "unavailable"},
    {APIPIE_E_MALFORMED, "response_malformed"},
    {APIPIE_E_TOO_LARGE, "response_too_large"},
    {APIPIE_E_NO_IMAGE, "no_image"},
};

APIPIE_API const char *apipie_status_name(apipie_status status)
{
    for (size_t i = 0; i < PIE_COUNT(error_names); i++) {
        if (error_names[i].status == status)
            return error_names[i].name;
    }
    return "unknown";
}

APIPIE_API const char *apipie_version(void)
{
    return APIPIE_VERSION_STRING;
}

static const char *error_text(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

APIPIE_API apipie_status apipie_error_code(const apipie_error *error)
{
    return error != NULL ? error->code : APIPIE_OK;
}

APIPIE_API const char *apipie_error_message(const apipie_error *error)
{
    return error != NULL ? error->message : "";
}

APIPIE_API const char *apipie_error_hint(const apipie_error *error)
{
    return error != NULL ? error->hint : "";
}

APIPIE_API int32_t apipie_error_http_status(const apipie_error *error)
{
    return error != NULL ? error->http_status : 0;
}

APIPIE_API const char *apipie_error_provider_code(const apipie_error *error)
{
    return error != NULL ? error_text(error->provider_code) : NULL;
}

APIPIE_API const char *apipie_error_provider_param(const apipie_error *error)
{
    return error != NULL ? error_text(error->provider_param) : NULL;
}

APIPIE_API const char *apipie_error_request_id(const apipie_error *error)
{
    return error != NULL ? error_text(error->request_id) : NULL;
}

APIPIE_API const char *apipie_error_body(const apipie_error *error, size_t *ret_size)
{
    const char *text = error != NULL && error->body.n != 0 ? error->body.p : NULL;
    if (ret_size != NULL)
        *ret_size = text != NULL ? error->body.n : 0;
    return text;
}

APIPIE_API int32_t apipie_error_is_retryable(const apipie_error *error)
{
    return error != NULL ? error->retryable : 0;
}

APIPIE_API int32_t apipie_error_billed(const apipie_error *error)
{
    return error != NULL ? error->billed : APIPIE_BILLED_NO;
}

APIPIE_API int32_t apipie_error_fault(const apipie_error *error)
{
    return error != NULL ? error->fault : APIPIE_FAULT_NONE;
}

APIPIE_API int64_t apipie_error_retry_after(const apipie_error *error)
{
    return error != NULL ? error->retry_after_ms : APIPIE_UNKNOWN;
}

APIPIE_API int32_t apipie_error_attempts(const apipie_error *error)
{
    return error != NULL ? error->attempts : 0;
}
