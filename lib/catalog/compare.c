/* SPDX-License-Identifier: MIT */
/* Knows how groups of models compare, as listed; must not measure, but keeps what was measured of a group. */
#include "catalog/choose_priv.h"

struct compare_row {
    uint32_t first; /* of its models, in the catalogue */
    int64_t models;
    int64_t priced, price_low, price_median, price_high;
    int64_t timed, ms_low, ms_median;
    struct pie_own own;
};

struct apipie_comparison {
    int32_t refs;
    int32_t field;
    struct apipie_catalog *catalog;
    struct compare_row *rows; /* by name; what has none comes last */
    uint32_t *group;          /* of each row of the catalogue, counted from 1 */
    size_t n;
};

/* ---- life */

struct apipie_comparison *pie_comparison_keep(struct apipie_comparison *comparison)
{
    if (comparison != NULL)
        pie_atomic_add(&comparison->refs, 1);
    return comparison;
}

void pie_comparison_drop(struct apipie_comparison *comparison)
{
    if (comparison == NULL || pie_atomic_add(&comparison->refs, -1) != 0)
        return;
    struct apipie_catalog *catalog = comparison->catalog;
    const struct pie_mem *mem = &catalog->table->mem;
    pie_mem_free(mem, comparison->rows);
    pie_mem_free(mem, comparison->group);
    pie_mem_free(mem, comparison);
    pie_catalog_drop(catalog);
}

static struct apipie_comparison *compare_new(struct apipie_catalog *c, int32_t field)
{
    const struct pie_mem *mem = &c->table->mem;
    struct apipie_comparison *comparison = pie_mem_new(mem, 1, sizeof(*comparison));
    if (comparison == NULL)
        return NULL;
    comparison->refs = 1;
    comparison->field = field;
    comparison->catalog = pie_catalog_keep(c);
    comparison->rows = pie_mem_new(mem, c->n, sizeof(*comparison->rows));
    comparison->group = pie_mem_new(mem, c->n, sizeof(*comparison->group));
    if (comparison->rows != NULL && comparison->group != NULL)
        return comparison;
    pie_comparison_drop(comparison);
    return NULL;
}

/* ---- groups */

static int32_t compare_order(const void *user, uint32_t a, uint32_t b)
{
    const struct apipie_comparison *comparison = user;
    const char *left = pie_catalog_text(comparison->catalog, a, comparison->field);
    const char *right = pie_catalog_text(comparison->catalog, b, comparison->field);
    if (left == NULL || right == NULL)
        return (left == NULL) - (right == NULL);
    return pie_order_text(left, right);
}

static int32_t compare_is_same(const struct apipie_comparison *comparison, uint32_t a, uint32_t b)
{
    const char *left = pie_catalog_text(comparison->catalog, a, comparison->field);
    const char *right = pie_catalog_text(comparison->catalog, b, comparison->field);
    if (left == NULL || right == NULL)
        return left == right;
    return pie_slice_equal_nocase(pie_slice_text(left), right);
}

/* What is known of a field: how many, and the figures at three places. v is scratch. */
static int64_t compare_figures(const struct apipie_comparison *comparison, const uint32_t *members,
                               size_t n, int32_t field, int64_t *v, int64_t *ret_low,
                               int64_t *ret_median, int64_t *ret_high)
{
    int64_t known = 0;
    int64_t low = APIPIE_UNKNOWN;
    int64_t high = APIPIE_UNKNOWN;
    for (size_t i = 0; i < n; i++) {
        v[i] = pie_catalog_number(comparison->catalog, members[i], field);
        if (v[i] == APIPIE_UNKNOWN)
            continue;
        known++;
        low = low == APIPIE_UNKNOWN || v[i] < low ? v[i] : low;
        high = v[i] > high ? v[i] : high;
    }
    *ret_low = low;
    *ret_median = pie_figures_rank(v, n, 1, 2);
    *ret_high = high;
    return known;
}

static void compare_add(struct apipie_comparison *comparison, const uint32_t *members, size_t n,
                        int64_t *v)
{
    int64_t slowest = 0;
    struct compare_row *row = &comparison->rows[comparison->n++];
    row->first = members[0];
    row->models = (int64_t)n;
    row->priced = compare_figures(comparison, members, n, APIPIE_MODEL_PRICE, v, &row->price_low,
                                  &row->price_median, &row->price_high);
    row->timed = compare_figures(comparison, members, n, APIPIE_MODEL_LATENCY, v, &row->ms_low,
                                 &row->ms_median, &slowest);
    row->own.p50_ms = APIPIE_UNKNOWN;
    row->own.p95_ms = APIPIE_UNKNOWN;
    for (size_t i = 0; i < n; i++)
        comparison->group[members[i]] = (uint32_t)comparison->n;
}

/* All models of pictures by their value, then run after run. */
static void compare_all(struct apipie_comparison *comparison, uint32_t *members, uint32_t *scratch,
                        int64_t *v)
{
    const struct apipie_catalog *c = comparison->catalog;
    int32_t has_live = pie_catalog_has_live(c);
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct pie_row *row = pie_catalog_row(c, i);
        if (pie_row_is_image(c->table, row) &&
            (!has_live || pie_row_number(row, APIPIE_MODEL_LIVE) != 0))
            members[n++] = (uint32_t)i;
    }
    pie_order_sort(members, scratch, n, compare_order, comparison);
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && compare_is_same(comparison, members[i], members[end]))
            end++;
        compare_add(comparison, members + i, end - i, v);
        i = end;
    }
}

apipie_status pie_compare(struct apipie_catalog *c, int32_t field, struct apipie_comparison **ret)
{
    const struct pie_mem *mem = &c->table->mem;
    if (!pie_catalog_is_text(field))
        return APIPIE_E_ARGUMENT;
    struct apipie_comparison *comparison = compare_new(c, field);
    uint32_t *members = pie_mem_new(mem, c->n, sizeof(*members));
    uint32_t *scratch = pie_mem_new(mem, c->n, sizeof(*scratch));
    int64_t *v = pie_mem_new(mem, c->n, sizeof(*v));
    int32_t good = comparison != NULL && members != NULL && scratch != NULL && v != NULL;
    if (good)
        compare_all(comparison, members, scratch, v);
    else
        pie_comparison_drop(comparison);
    pie_mem_free(mem, members);
    pie_mem_free(mem, scratch);
    pie_mem_free(mem, v);
    if (!good)
        return APIPIE_E_MEMORY;
    *ret = comparison;
    return APIPIE_OK;
}

size_t pie_comparison_group(const struct apipie_comparison *comparison, size_t index)
{
    if (index >= comparison->catalog->n || comparison->group[index] == 0)
        return SIZE_MAX;
    return comparison->group[index] - 1;
}

void pie_comparison_measured(struct apipie_comparison *comparison, size_t row,
                             const struct pie_own *own)
{
    comparison->rows[row].own = *own;
    comparison->rows[row].own.provider = NULL;
    comparison->rows[row].own.model = NULL;
}

/* ---- read */

size_t pie_comparison_count(const struct apipie_comparison *comparison)
{
    return comparison != NULL ? comparison->n : 0;
}

const char *pie_comparison_text(const struct apipie_comparison *comparison, size_t row)
{
    if (row >= pie_comparison_count(comparison))
        return NULL;
    return pie_catalog_text(comparison->catalog, comparison->rows[row].first, comparison->field);
}

int64_t pie_comparison_number(const struct apipie_comparison *comparison, size_t row, int32_t which)
{
    if (row >= pie_comparison_count(comparison))
        return APIPIE_UNKNOWN;
    const struct compare_row *r = &comparison->rows[row];
    int32_t is_priced = r->own.images > 0 && r->own.cost > 0;
    const int64_t numbers[] = {
        r->models,       r->priced,     r->price_low,
        r->price_median, r->price_high, r->timed,
        r->ms_low,       r->ms_median,  r->own.tries,
        r->own.ok,       r->own.images, is_priced ? r->own.cost / r->own.images : APIPIE_UNKNOWN,
        r->own.p50_ms,   r->own.p95_ms};
    return which >= 0 && which < (int32_t)PIE_COUNT(numbers) ? numbers[which] : APIPIE_UNKNOWN;
}
