/* SPDX-License-Identifier: MIT */
/* Knows how to read an error; must not change one. */
#include "api/api_priv.h"

APIPIE_API const char *apipie_status_name(apipie_status status)
{
    return pie_error_name(status);
}

APIPIE_API const char *apipie_version(void)
{
    return APIPIE_VERSION_STRING;
}

APIPIE_API const char *apipie_part_version(int32_t part)
{
    switch (part) {
    case APIPIE_PART_CURL:
        return pie_curl_version(0);
    case APIPIE_PART_TLS:
        return pie_curl_version(1);
    case APIPIE_PART_JSON:
        return pie_json_version();
    default:
        return NULL;
    }
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
