/* SPDX-License-Identifier: MIT */
/* Knows how statistics become plain measurements of a model; must not choose. */
#include "api/api_priv.h"
#include "meter/meter.h"

/* Does the model answer for it? Not for what the caller did wrong, the account lacks, or this machine refused. */
static int32_t own_counts(apipie_status status)
{
    switch (status) {
    case APIPIE_E_AUTH:
    case APIPIE_E_PARAMETER:
    case APIPIE_E_CONTENT_POLICY:
    case APIPIE_E_QUOTA:
        return 0;
    default:
        return status <= APIPIE_E_CONNECT;
    }
}

/* The name alone: a route may have said "prodia/name" where the reply says "prodia". */
static struct pie_own own_of(const struct pie_stats_row *row)
{
    const char *provider = row->text[APIPIE_STATS_PROVIDER];
    struct pie_slice model = pie_slice_text(row->text[APIPIE_STATS_MODEL]);
    struct pie_own own = {provider,
                          pie_model_bare(model, pie_slice_text(provider)).p,
                          0,
                          0,
                          0,
                          APIPIE_UNKNOWN,
                          APIPIE_UNKNOWN,
                          0,
                          0};
    const struct pie_histogram *time = &row->time[APIPIE_STATS_TOTAL];
    own.ok = pie_stats_row_number(row, APIPIE_STATS_REQUESTS_OK) -
             pie_stats_row_number(row, APIPIE_STATS_REQUESTS_CACHED);
    own.ok = own.ok > 0 ? own.ok : 0;
    own.tries = own.ok;
    for (size_t i = 0; i < PIE_ERROR_STATUSES; i++) {
        if (row->ended[i] != 0 && own_counts(pie_error_at(i)))
            own.tries = pie_stats_sum(own.tries, row->ended[i]);
    }
    own.times = time->count;
    own.p50_ms = pie_histogram_quantile(time, 500);
    own.p95_ms = pie_histogram_quantile(time, 950);
    own.images = pie_stats_row_number(row, APIPIE_STATS_IMAGES);
    own.cost = pie_stats_row_number(row, APIPIE_STATS_COST);
    return own;
}

/* All backends' rows of a model in *sum; 0 when an earlier backend has it: it was counted there. */
static int32_t own_sum(const apipie_stats *stats, size_t at, struct pie_stats_row *sum)
{
    *sum = stats->rows[at];
    for (size_t i = 0; i < stats->count;) {
        struct pie_stats_row names = stats->rows[at];
        const char *backend = stats->rows[i].text[APIPIE_STATS_BACKEND];
        names.text[APIPIE_STATS_BACKEND] = backend;
        size_t other = pie_stats_find(stats, &names);
        if (other < at)
            return 0;
        if (other != at && other < stats->count)
            pie_stats_row_merge(sum, &stats->rows[other]);
        while (i < stats->count && strcmp(stats->rows[i].text[APIPIE_STATS_BACKEND], backend) == 0)
            i++;
    }
    return 1;
}

apipie_status pie_api_owns(const apipie_stats *stats, struct pie_owns *ret)
{
    struct pie_stats_row sum;
    size_t n = 0;
    if (stats == NULL || stats->count == 0) {
        *ret = (struct pie_owns){NULL, 0};
        return APIPIE_OK;
    }
    struct pie_own *own = pie_mem_new(stats->mem, stats->count, sizeof(*own));
    if (own == NULL)
        return APIPIE_E_MEMORY;
    for (size_t i = 0; i < stats->count; i++) {
        if (own_sum(stats, i, &sum))
            own[n++] = own_of(&sum);
    }
    *ret = (struct pie_owns){own, n};
    return APIPIE_OK;
}

void pie_api_owns_free(const apipie_stats *stats, struct pie_owns *owns)
{
    if (owns->own != NULL)
        pie_mem_free(stats->mem, (void *)(uintptr_t)owns->own);
    *owns = (struct pie_owns){NULL, 0};
}

/* ---- groups */

static size_t own_group(const struct apipie_catalog *catalog,
                        const struct apipie_comparison *comparison, const struct pie_stats_row *row)
{
    const char *model = row->text[APIPIE_STATS_MODEL];
    const char *provider = row->text[APIPIE_STATS_PROVIDER];
    int64_t index =
        model[0] == '\0' || provider[0] == '\0'
            ? APIPIE_UNKNOWN
            : pie_catalog_find(catalog, pie_slice_text(provider), pie_slice_text(model));
    return index >= 0 ? pie_comparison_group(comparison, (size_t)index) : SIZE_MAX;
}

apipie_status pie_api_measure(const apipie_stats *stats, struct apipie_catalog *catalog,
                              struct apipie_comparison *comparison)
{
    size_t groups = pie_comparison_count(comparison);
    if (stats == NULL || stats->count == 0 || groups == 0)
        return APIPIE_OK;
    struct pie_stats_row *sums = pie_mem_new(stats->mem, groups, sizeof(*sums));
    if (sums == NULL)
        return APIPIE_E_MEMORY;
    for (size_t i = 0; i < groups * PIE_STATS_TEXTS; i++)
        sums[i / PIE_STATS_TEXTS].text[i % PIE_STATS_TEXTS] =
            ""; /* a group has no name of a route */
    for (size_t i = 0; i < stats->count; i++) {
        size_t group = own_group(catalog, comparison, &stats->rows[i]);
        if (group < groups)
            pie_stats_row_merge(&sums[group], &stats->rows[i]);
    }
    for (size_t i = 0; i < groups; i++) {
        struct pie_own own = own_of(&sums[i]);
        pie_comparison_measured(comparison, i, &own);
    }
    pie_mem_free(stats->mem, sums);
    return APIPIE_OK;
}
