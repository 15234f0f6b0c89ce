/* SPDX-License-Identifier: MIT */
/* Knows the doors to choosing, comparing and recommending; must not judge a model. */
#include "api/api_priv.h"

/* ---- need */

APIPIE_API apipie_need *apipie_need_new(apipie_client *client)
{
    if (client == NULL || pie_client_is_foreign(client))
        return NULL;
    apipie_need *need = pie_need_new(&client->mem);
    if (need == NULL)
        return NULL;
    need->client = client;
    pie_client_keep(client);
    return need;
}

APIPIE_API apipie_need *apipie_need_ref(apipie_need *need)
{
    if (need != NULL)
        pie_atomic_add(&need->refs, 1);
    return need;
}

APIPIE_API apipie_need *apipie_need_unref(apipie_need *need)
{
    if (need == NULL || pie_atomic_add(&need->refs, -1) != 0)
        return NULL;
    apipie_client *client = need->client;
    pie_need_free(need);
    pie_client_drop(client);
    return NULL;
}

APIPIE_API apipie_status apipie_need_set_text(apipie_need *need, int32_t field, const char *value)
{
    return need != NULL ? pie_need_set_text(need, field, value) : APIPIE_E_ARGUMENT;
}

APIPIE_API apipie_status apipie_need_set_size(apipie_need *need, int32_t width, int32_t height)
{
    return need != NULL ? pie_need_set_size(need, width, height) : APIPIE_E_ARGUMENT;
}

APIPIE_API apipie_status apipie_need_set_editing(apipie_need *need, int32_t editing)
{
    return need != NULL ? pie_need_set_editing(need, editing) : APIPIE_E_ARGUMENT;
}

APIPIE_API apipie_status apipie_need_set_quality(apipie_need *need, const char *quality)
{
    return need != NULL ? pie_need_set_quality(need, quality) : APIPIE_E_ARGUMENT;
}

APIPIE_API apipie_status apipie_need_set_country(apipie_need *need, apipie_catalog *restrictions,
                                                 const char *country)
{
    return need != NULL ? pie_need_set_country(need, restrictions, country) : APIPIE_E_ARGUMENT;
}

APIPIE_API apipie_status apipie_need_set_max_price(apipie_need *need, int64_t picodollars)
{
    return need != NULL ? pie_need_set_max_price(need, picodollars) : APIPIE_E_ARGUMENT;
}

APIPIE_API apipie_status apipie_need_set_max_p95(apipie_need *need, int64_t ms)
{
    return need != NULL ? pie_need_set_max_p95(need, ms) : APIPIE_E_ARGUMENT;
}

APIPIE_API apipie_status apipie_need_set_weights(apipie_need *need, int32_t price, int32_t speed,
                                                 int32_t reliability)
{
    return need != NULL ? pie_need_set_weights(need, price, speed, reliability) : APIPIE_E_ARGUMENT;
}

/* ---- choose */

APIPIE_API apipie_choice *apipie_choose(apipie_catalog *catalog, const apipie_stats *stats,
                                        const apipie_need *need)
{
    apipie_choice *choice = NULL;
    struct pie_owns owns = {NULL, 0};
    if (catalog == NULL || pie_api_owns(stats, &owns) != APIPIE_OK)
        return NULL;
    apipie_status status = pie_choose(catalog, owns, need != NULL ? need : &pie_need_any, &choice);
    pie_api_owns_free(stats, &owns);
    return status == APIPIE_OK ? choice : NULL;
}

APIPIE_API apipie_choice *apipie_choice_ref(apipie_choice *choice)
{
    return pie_choice_keep(choice);
}

APIPIE_API apipie_choice *apipie_choice_unref(apipie_choice *choice)
{
    pie_choice_drop(choice);
    return NULL;
}

APIPIE_API size_t apipie_choice_count(const apipie_choice *choice)
{
    return pie_choice_count(choice);
}

APIPIE_API int64_t apipie_choice_index(const apipie_choice *choice, size_t rank)
{
    return pie_choice_index(choice, rank);
}

APIPIE_API const char *apipie_choice_text(const apipie_choice *choice, size_t rank, int32_t field)
{
    return pie_choice_text(choice, pie_choice_index(choice, rank), field);
}

APIPIE_API int64_t apipie_choice_number(const apipie_choice *choice, size_t rank, int32_t which)
{
    return pie_choice_number(choice, rank, which);
}

APIPIE_API size_t apipie_choice_rejected_count(const apipie_choice *choice)
{
    return pie_choice_rejected(choice);
}

APIPIE_API int64_t apipie_choice_rejected_index(const apipie_choice *choice, size_t n)
{
    return pie_choice_rejected_index(choice, n);
}

APIPIE_API const char *apipie_choice_rejected_text(const apipie_choice *choice, size_t n,
                                                   int32_t field)
{
    return pie_choice_text(choice, pie_choice_rejected_index(choice, n), field);
}

APIPIE_API size_t apipie_choice_reason(const apipie_choice *choice, size_t n, char *text,
                                       size_t capacity)
{
    struct pie_buf out;
    if (text != NULL && capacity != 0)
        text[0] = '\0';
    if (choice == NULL)
        return 0;
    pie_buf_init(&out, pie_choice_mem(choice), SIZE_MAX);
    pie_choice_reason(choice, n, &out);
    size_t size = out.failed == APIPIE_OK ? out.n : 0;
    if (size != 0 && text != NULL && capacity != 0)
        pie_api_copy_text(pie_buf_slice(&out), text, capacity);
    pie_buf_free(&out);
    return size;
}

/* ---- compare */

APIPIE_API apipie_comparison *apipie_compare(apipie_catalog *catalog, const apipie_stats *stats,
                                             int32_t field)
{
    apipie_comparison *comparison = NULL;
    if (catalog == NULL || pie_compare(catalog, field, &comparison) != APIPIE_OK)
        return NULL;
    if (pie_api_measure(stats, catalog, comparison) == APIPIE_OK)
        return comparison;
    pie_comparison_drop(comparison);
    return NULL;
}

APIPIE_API apipie_comparison *apipie_comparison_ref(apipie_comparison *comparison)
{
    return pie_comparison_keep(comparison);
}

APIPIE_API apipie_comparison *apipie_comparison_unref(apipie_comparison *comparison)
{
    pie_comparison_drop(comparison);
    return NULL;
}

APIPIE_API size_t apipie_comparison_count(const apipie_comparison *comparison)
{
    return pie_comparison_count(comparison);
}

APIPIE_API const char *apipie_comparison_text(const apipie_comparison *comparison, size_t row)
{
    return pie_comparison_text(comparison, row);
}

APIPIE_API int64_t apipie_comparison_number(const apipie_comparison *comparison, size_t row,
                                            int32_t which)
{
    return pie_comparison_number(comparison, row, which);
}

/* ---- recommend */

APIPIE_API apipie_advice *apipie_recommend(apipie_catalog *catalog, const apipie_stats *stats)
{
    apipie_advice *advice = NULL;
    struct pie_owns owns = {NULL, 0};
    if (catalog == NULL || pie_api_owns(stats, &owns) != APIPIE_OK)
        return NULL;
    apipie_status status = pie_recommend(catalog, owns, &advice);
    pie_api_owns_free(stats, &owns);
    return status == APIPIE_OK ? advice : NULL;
}

APIPIE_API apipie_advice *apipie_advice_ref(apipie_advice *advice)
{
    return pie_advice_keep(advice);
}

APIPIE_API apipie_advice *apipie_advice_unref(apipie_advice *advice)
{
    pie_advice_drop(advice);
    return NULL;
}

APIPIE_API size_t apipie_advice_count(const apipie_advice *advice)
{
    return pie_advice_count(advice);
}

APIPIE_API size_t apipie_advice_looked(const apipie_advice *advice)
{
    return pie_advice_looked(advice);
}

APIPIE_API int64_t apipie_advice_index(const apipie_advice *advice, size_t n, int32_t better)
{
    return pie_advice_index(advice, n, better);
}

APIPIE_API const char *apipie_advice_text(const apipie_advice *advice, size_t n, int32_t better,
                                          int32_t field)
{
    return pie_advice_text(advice, n, better, field);
}

APIPIE_API int64_t apipie_advice_number(const apipie_advice *advice, size_t n, int32_t which)
{
    return pie_advice_number(advice, n, which);
}
