/* SPDX-License-Identifier: MIT */
/* Knows how to read a result; must not change one. */
#include "api/api_priv.h"
#include "flow/flow.h"

static const struct pie_image *result_image(const apipie_result *result, size_t index)
{
    return result != NULL && index < result->count ? &result->images[index] : NULL;
}

APIPIE_API size_t apipie_result_image_count(const apipie_result *result)
{
    return result != NULL ? result->count : 0;
}

/* The image's own bytes; NULL when they are not in memory. */
static const struct pie_buf *result_bytes(const struct pie_image *image)
{
    return image != NULL && image->size != 0 && image->data.p != NULL ? &image->data : NULL;
}

APIPIE_API const uint8_t *apipie_result_image_data(const apipie_result *result, size_t index,
                                                   size_t *ret_size)
{
    const struct pie_buf *data = result_bytes(result_image(result, index));
    if (ret_size != NULL)
        *ret_size = data != NULL ? data->n : 0;
    return data != NULL ? (const uint8_t *)data->p : NULL;
}

APIPIE_API uint64_t apipie_result_image_size(const apipie_result *result, size_t index)
{
    const struct pie_image *image = result_image(result, index);
    return image != NULL ? image->size : 0;
}

APIPIE_API const char *apipie_result_image_path(const apipie_result *result, size_t index)
{
    const struct pie_image *image = result_image(result, index);
    return image != NULL && image->size != 0 ? image->path : NULL;
}

APIPIE_API const char *apipie_result_image_mime(const apipie_result *result, size_t index)
{
    const struct pie_image *image = result_image(result, index);
    return image != NULL && image->size != 0 ? image->mime : NULL;
}

APIPIE_API int32_t apipie_result_image_width(const apipie_result *result, size_t index)
{
    const struct pie_image *image = result_image(result, index);
    return image != NULL && image->size != 0 ? image->width : 0;
}

APIPIE_API int32_t apipie_result_image_height(const apipie_result *result, size_t index)
{
    const struct pie_image *image = result_image(result, index);
    return image != NULL && image->size != 0 ? image->height : 0;
}

APIPIE_API const char *apipie_result_image_url(const apipie_result *result, size_t index)
{
    const struct pie_image *image = result_image(result, index);
    return image != NULL ? image->url : NULL;
}

APIPIE_API const char *apipie_result_image_revised_prompt(const apipie_result *result, size_t index)
{
    const struct pie_image *image = result_image(result, index);
    return image != NULL ? image->revised_prompt : NULL;
}

APIPIE_API apipie_status apipie_result_image_seed(const apipie_result *result, size_t index,
                                                  uint64_t *ret)
{
    const struct pie_image *image = result_image(result, index);
    if (image == NULL || ret == NULL)
        return APIPIE_E_ARGUMENT;
    if (!image->has_seed)
        return APIPIE_E_STATE;
    *ret = image->seed;
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_result_save(const apipie_result *result, size_t index,
                                            const char *path)
{
    const char *reason = NULL;
    const struct pie_buf *data = result_bytes(result_image(result, index));
    if (result_image(result, index) == NULL || path == NULL || path[0] == '\0')
        return APIPIE_E_ARGUMENT;
    if (data == NULL)
        return APIPIE_E_STATE;
    return pie_sink_save(result->mem, path, data->p, data->n, &reason);
}

APIPIE_API int64_t apipie_result_cost(const apipie_result *result)
{
    return result != NULL ? result->usage.cost : APIPIE_UNKNOWN;
}

APIPIE_API int32_t apipie_result_billed(const apipie_result *result)
{
    return result != NULL ? result->billed : APIPIE_BILLED_NO;
}

APIPIE_API int32_t apipie_result_is_cached(const apipie_result *result)
{
    return result != NULL ? result->cached : 0;
}

APIPIE_API int64_t apipie_result_prompt_tokens(const apipie_result *result)
{
    return result != NULL ? result->usage.prompt_tokens : APIPIE_UNKNOWN;
}

APIPIE_API int64_t apipie_result_completion_tokens(const apipie_result *result)
{
    return result != NULL ? result->usage.completion_tokens : APIPIE_UNKNOWN;
}

APIPIE_API int64_t apipie_result_total_tokens(const apipie_result *result)
{
    return result != NULL ? result->usage.total_tokens : APIPIE_UNKNOWN;
}

APIPIE_API int64_t apipie_result_token_detail(const apipie_result *result, int32_t which)
{
    if (result == NULL || which < 0 || which >= PIE_TOKEN_DETAILS)
        return APIPIE_UNKNOWN;
    return result->usage.detail[which];
}

APIPIE_API int64_t apipie_result_latency(const apipie_result *result)
{
    return result != NULL ? result->usage.latency_ms : APIPIE_UNKNOWN;
}

APIPIE_API int64_t apipie_result_created(const apipie_result *result)
{
    return result != NULL ? result->created_ms : APIPIE_UNKNOWN;
}

APIPIE_API const char *apipie_result_backend(const apipie_result *result)
{
    return result != NULL ? result->backend : NULL;
}

APIPIE_API const char *apipie_result_provider(const apipie_result *result)
{
    return result != NULL ? result->provider : NULL;
}

APIPIE_API const char *apipie_result_model(const apipie_result *result)
{
    return result != NULL ? result->model : NULL;
}

APIPIE_API const char *apipie_result_request_id(const apipie_result *result)
{
    return result != NULL && result->request_id[0] != '\0' ? result->request_id : NULL;
}

APIPIE_API size_t apipie_result_warning_count(const apipie_result *result)
{
    return result != NULL ? result->warning_count : 0;
}

APIPIE_API const char *apipie_result_warning(const apipie_result *result, size_t index)
{
    return result != NULL && index < result->warning_count ? result->warnings[index] : NULL;
}

APIPIE_API const char *apipie_result_json(const apipie_result *result, size_t *ret_size)
{
    const char *text = result != NULL && result->json.n != 0 ? result->json.p : NULL;
    if (ret_size != NULL)
        *ret_size = text != NULL ? result->json.n : 0;
    return text;
}
