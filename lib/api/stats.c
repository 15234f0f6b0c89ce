/* SPDX-License-Identifier: MIT */
/* Knows the doors to statistics; must not count. */
#include "api/api_priv.h"

/* ---- the client's */

APIPIE_API apipie_stats *apipie_client_stats(apipie_client *client)
{
    return client != NULL ? pie_engine_stats(client) : NULL;
}

APIPIE_API apipie_status apipie_client_reset_stats(apipie_client *client)
{
    if (client == NULL)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_counters_reset(client->counters);
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_client_load_stats(apipie_client *client, const char *path)
{
    const char *reason = NULL;
    if (client == NULL || path == NULL || !pie_api_path_is_good(path))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    return pie_stats_load(client->counters, &client->mem, path, &reason);
}

APIPIE_API apipie_status apipie_client_set_stats_fn(apipie_client *client, int64_t interval_ms,
                                                    apipie_stats_fn stats_fn, void *user,
                                                    apipie_free_fn user_free)
{
    struct pie_hook *hook = NULL;
    int32_t good = stats_fn == NULL || (interval_ms >= 1 && interval_ms <= PIE_LIMIT_MS);
    const struct pie_hook as = {
        .stats = good ? stats_fn : NULL, .user = user, .user_free = user_free};
    apipie_status status = pie_api_hook_make(client, &as, &hook);
    if (status != APIPIE_OK || !good)
        return status == APIPIE_OK ? APIPIE_E_ARGUMENT : status;
    pie_inform_set(client, hook, interval_ms);
    return APIPIE_OK;
}

/* ---- snapshots */

APIPIE_API apipie_stats *apipie_stats_ref(apipie_stats *stats)
{
    if (stats != NULL)
        pie_atomic_add(&stats->refs, 1);
    return stats;
}

APIPIE_API apipie_stats *apipie_stats_unref(apipie_stats *stats)
{
    pie_engine_stats_drop(stats);
    return NULL;
}

APIPIE_API apipie_stats *apipie_stats_merge(apipie_stats *a, apipie_stats *b)
{
    apipie_stats *first = a != NULL ? a : b;
    if (first == NULL)
        return NULL;
    apipie_stats *s = pie_stats_merge(first, first == a ? b : NULL);
    if (s == NULL)
        return NULL;
    s->client = first->client;
    pie_client_keep(s->client);
    return s;
}

/* ---- rows */

APIPIE_API size_t apipie_stats_count(const apipie_stats *stats)
{
    return stats != NULL ? stats->count : 0;
}

APIPIE_API size_t apipie_stats_find(const apipie_stats *stats, const char *backend,
                                    const char *provider, const char *model)
{
    const struct pie_stats_row names = {{backend != NULL ? backend : "",
                                         provider != NULL ? provider : "",
                                         model != NULL ? model : ""},
                                        {0},
                                        {0},
                                        {{{0}, 0, 0}}};
    return stats != NULL ? pie_stats_find(stats, &names) : APIPIE_STATS_NONE;
}

static const struct pie_stats_row *stats_row(const apipie_stats *stats, size_t row)
{
    return stats != NULL && row < stats->count ? &stats->rows[row] : NULL;
}

APIPIE_API const char *apipie_stats_text(const apipie_stats *stats, size_t row, int32_t which)
{
    const struct pie_stats_row *r = stats_row(stats, row);
    return r != NULL && which >= 0 && which < PIE_STATS_TEXTS ? r->text[which] : NULL;
}

APIPIE_API int64_t apipie_stats_number(const apipie_stats *stats, size_t row, int32_t which)
{
    const struct pie_stats_row *r = stats_row(stats, row);
    return r != NULL ? pie_stats_row_number(r, which) : APIPIE_UNKNOWN;
}

APIPIE_API int64_t apipie_stats_errors(const apipie_stats *stats, size_t row, apipie_status status)
{
    const struct pie_stats_row *r = stats_row(stats, row);
    size_t place = pie_error_index(status);
    if (r == NULL)
        return APIPIE_UNKNOWN;
    return pie_error_at(place) == status ? r->ended[place] : 0;
}

APIPIE_API apipie_status apipie_stats_error_code(const apipie_stats *stats, size_t row, size_t n)
{
    const struct pie_stats_row *r = stats_row(stats, row);
    for (size_t i = 0; r != NULL && i < PIE_ERROR_STATUSES; i++) {
        if (r->ended[i] == 0 || pie_error_at(i) == APIPIE_OK)
            continue;
        if (n == 0)
            return pie_error_at(i);
        n--;
    }
    return APIPIE_OK;
}

/* ---- times */

static const struct pie_histogram *stats_time(const apipie_stats *stats, size_t row, int32_t which)
{
    const struct pie_stats_row *r = stats_row(stats, row);
    return r != NULL && which >= 0 && which < PIE_STATS_TIMES ? &r->time[which] : NULL;
}

APIPIE_API int64_t apipie_stats_bucket(const apipie_stats *stats, size_t row, int32_t which,
                                       size_t n, int64_t *ret_upper_ms)
{
    const struct pie_histogram *h = stats_time(stats, row, which);
    if (h == NULL || n >= APIPIE_STATS_BUCKETS)
        return APIPIE_UNKNOWN;
    if (ret_upper_ms != NULL)
        *ret_upper_ms = pie_histogram_bound(n);
    return h->bucket[n];
}

APIPIE_API int64_t apipie_stats_time_count(const apipie_stats *stats, size_t row, int32_t which)
{
    const struct pie_histogram *h = stats_time(stats, row, which);
    return h != NULL ? h->count : APIPIE_UNKNOWN;
}

APIPIE_API int64_t apipie_stats_time_sum(const apipie_stats *stats, size_t row, int32_t which)
{
    const struct pie_histogram *h = stats_time(stats, row, which);
    return h != NULL ? h->sum_ms : APIPIE_UNKNOWN;
}

APIPIE_API int64_t apipie_stats_quantile(const apipie_stats *stats, size_t row, int32_t which,
                                         int32_t per_mille)
{
    const struct pie_histogram *h = stats_time(stats, row, which);
    if (h == NULL || per_mille < 0 || per_mille > 1000)
        return APIPIE_UNKNOWN;
    return pie_histogram_quantile(h, per_mille);
}

/* ---- texts */

APIPIE_API size_t apipie_stats_format(const apipie_stats *stats, int32_t format, char *text,
                                      size_t capacity)
{
    struct pie_buf out;
    if (text != NULL && capacity != 0)
        text[0] = '\0';
    if (stats == NULL || format < APIPIE_FORMAT_JSON || format > APIPIE_FORMAT_OPENMETRICS)
        return 0;
    pie_buf_init(&out, stats->mem, SIZE_MAX);
    if (format == APIPIE_FORMAT_JSON)
        pie_stats_json(&out, stats);
    else
        pie_stats_prometheus(&out, stats, format == APIPIE_FORMAT_OPENMETRICS);
    size_t n = out.failed == APIPIE_OK ? out.n : 0;
    if (n != 0 && text != NULL && capacity != 0)
        pie_api_copy_text(pie_buf_slice(&out), text, capacity);
    pie_buf_free(&out);
    return n;
}

APIPIE_API apipie_status apipie_stats_save(const apipie_stats *stats, const char *path)
{
    const char *reason = NULL;
    if (stats == NULL || path == NULL || !pie_api_path_is_good(path))
        return APIPIE_E_ARGUMENT;
    return pie_stats_save(stats, path, &reason);
}
