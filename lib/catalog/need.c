/* SPDX-License-Identifier: MIT */
/* Knows what a user may ask of a model, and keeps it; must not look at models. */
#include "catalog/catalog_priv.h"

const struct apipie_need pie_need_any = {
    .refs = 1,
    .limits = {.max_price = APIPIE_UNKNOWN, .max_p95_ms = APIPIE_UNKNOWN, .weight = {1, 1, 1}}};

struct apipie_need *pie_need_new(const struct pie_mem *mem)
{
    struct apipie_need *need = pie_mem_new(mem, 1, sizeof(*need));
    if (need == NULL)
        return NULL;
    need->refs = 1;
    need->mem = mem;
    need->limits = pie_need_any.limits;
    return need;
}

void pie_need_free(struct apipie_need *need)
{
    for (size_t i = 0; i < PIE_NEED_TEXTS; i++)
        pie_mem_free(need->mem, need->text[i]);
    pie_catalog_drop(need->restrictions);
    pie_mem_free(need->mem, need);
}

static apipie_status need_failed(struct apipie_need *need, apipie_status status)
{
    if (need->failed == APIPIE_OK)
        need->failed = status;
    return status;
}

apipie_status pie_need_set_text(struct apipie_need *need, int32_t field, const char *value)
{
    char *copy = NULL;
    if (!pie_catalog_is_text(field) || (value != NULL && strlen(value) > APIPIE_LIMIT_TEXT))
        return need_failed(need, APIPIE_E_ARGUMENT);
    if (value != NULL) {
        copy = pie_mem_text(need->mem, value, strlen(value));
        if (copy == NULL)
            return need_failed(need, APIPIE_E_MEMORY);
    }
    pie_mem_free(need->mem, need->text[PIE_TEXT_AT(field)]);
    need->text[PIE_TEXT_AT(field)] = copy;
    return APIPIE_OK;
}

apipie_status pie_need_set_size(struct apipie_need *need, int32_t width, int32_t height)
{
    if (width < 1 || width > APIPIE_LIMIT_SIDE || height < 1 || height > APIPIE_LIMIT_SIDE)
        return need_failed(need, APIPIE_E_ARGUMENT);
    need->limits.width = width;
    need->limits.height = height;
    return APIPIE_OK;
}

apipie_status pie_need_set_editing(struct apipie_need *need, int32_t editing)
{
    if (editing != 0 && editing != 1)
        return need_failed(need, APIPIE_E_ARGUMENT);
    need->limits.edits = editing;
    return APIPIE_OK;
}

apipie_status pie_need_set_quality(struct apipie_need *need, const char *quality)
{
    struct pie_slice text = pie_slice_text(quality);
    if (text.n >= PIE_NEED_QUALITY)
        return need_failed(need, APIPIE_E_ARGUMENT);
    pie_text_copy(text, need->limits.quality, PIE_NEED_QUALITY);
    return APIPIE_OK;
}

apipie_status pie_need_set_country(struct apipie_need *need, struct apipie_catalog *restrictions,
                                   const char *country)
{
    struct pie_slice text = pie_slice_trim(pie_slice_text(country));
    struct apipie_catalog *before = need->restrictions;
    if (text.n >= PIE_NEED_COUNTRY || (text.n != 0 && !pie_catalog_restricts(restrictions)))
        return need_failed(need, APIPIE_E_ARGUMENT);
    pie_text_copy(text, need->limits.country, PIE_NEED_COUNTRY);
    need->restrictions = text.n != 0 ? pie_catalog_keep(restrictions) : NULL;
    pie_catalog_drop(before);
    return APIPIE_OK;
}

apipie_status pie_need_set_max_price(struct apipie_need *need, int64_t picodollars)
{
    if (picodollars < APIPIE_UNKNOWN)
        return need_failed(need, APIPIE_E_ARGUMENT);
    need->limits.max_price = picodollars;
    return APIPIE_OK;
}

apipie_status pie_need_set_max_p95(struct apipie_need *need, int64_t ms)
{
    if (ms != APIPIE_UNKNOWN && (ms < 1 || ms > PIE_NEED_MS))
        return need_failed(need, APIPIE_E_ARGUMENT);
    need->limits.max_p95_ms = ms;
    return APIPIE_OK;
}

apipie_status pie_need_set_weights(struct apipie_need *need, int32_t price, int32_t speed,
                                   int32_t reliability)
{
    const int32_t weight[] = {price, speed, reliability};
    int32_t sum = 0;
    for (size_t i = 0; i < PIE_COUNT(weight); i++) {
        if (weight[i] < 0 || weight[i] > PIE_NEED_WEIGHT)
            return need_failed(need, APIPIE_E_ARGUMENT);
        sum += weight[i];
    }
    if (sum == 0)
        return need_failed(need, APIPIE_E_ARGUMENT);
    memcpy(need->limits.weight, weight, sizeof(weight));
    return APIPIE_OK;
}
