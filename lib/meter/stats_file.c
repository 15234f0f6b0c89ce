/* SPDX-License-Identifier: MIT */
/* Knows how figures are kept in a file between two runs, a route a line; must not know what they mean. */
#include "meter/sealed_priv.h"
#include "meter/stats_priv.h"

static const struct pie_sealed statsfile_kind = {"apipie-stats 1\n", "it is no file of statistics"};

/* ---- written */

static void statsfile_write_row(const void *user, size_t n, struct pie_buf *out)
{
    const struct apipie_stats *s = user;
    pie_stats_row_json(out, &s->rows[n]);
}

apipie_status pie_stats_save(const struct apipie_stats *s, const char *path,
                             const char **ret_reason)
{
    return pie_sealed_save(s->mem, path, &statsfile_kind, s->count, statsfile_write_row, s,
                           ret_reason);
}

/* ---- read */

/* What was never negative when it was written; 0 where it is not there, or is not good. */
static int64_t statsfile_count(const struct pie_node *object, const char *name, int32_t *good)
{
    int64_t v = 0;
    const struct pie_node *node = pie_node_get(object, name);
    if (node == NULL || (pie_node_int(node, &v) == APIPIE_OK && v >= 0))
        return v;
    *good = 0;
    return 0;
}

static int64_t statsfile_money(const struct pie_node *object, const char *name, int32_t *good)
{
    int64_t v = 0;
    const struct pie_node *node = pie_node_get(object, name);
    if (node == NULL || (pie_node_money(node, &v) == APIPIE_OK && v >= 0))
        return v;
    *good = 0;
    return 0;
}

static void statsfile_read_ended(const struct pie_node *list, struct pie_stats_row *row,
                                 int32_t *good)
{
    for (size_t i = 0; i < pie_node_count(list); i++) {
        int64_t status = 0;
        const struct pie_node *item = pie_node_at(list, i);
        if (pie_node_int(pie_node_get(item, "status"), &status) != APIPIE_OK ||
            status < INT32_MIN || status > INT32_MAX) {
            *good = 0;
            return;
        }
        int64_t *count = &row->ended[pie_error_index((apipie_status)status)];
        *count = pie_stats_sum(*count, statsfile_count(item, "count", good));
    }
}

static void statsfile_read_time(const struct pie_node *time, struct pie_histogram *h, int32_t *good)
{
    const struct pie_node *buckets = pie_node_get(time, "buckets");
    if (pie_node_count(buckets) != APIPIE_STATS_BUCKETS) {
        *good = 0;
        return;
    }
    h->sum_ms = statsfile_count(time, "sum_ms", good);
    for (size_t i = 0; i < APIPIE_STATS_BUCKETS; i++) {
        if (pie_node_int(pie_node_at(buckets, i), &h->bucket[i]) != APIPIE_OK || h->bucket[i] < 0) {
            h->bucket[i] = 0;
            *good = 0;
        }
        h->count = pie_stats_sum(h->count, h->bucket[i]);
    }
}

/* Numbers of requests follow from how they ended. */
static int32_t statsfile_read_figures(const struct pie_node *root, struct pie_stats_row *row)
{
    int32_t good = pie_node_kind(root) == PIE_JSON_OBJECT;
    for (size_t i = APIPIE_STATS_REQUESTS_OK + 1; i < PIE_STATS_NUMBERS && good; i++) {
        const char *name = pie_stats_number_names[i];
        row->number[i] = pie_stats_is_money(i) ? statsfile_money(root, name, &good)
                                               : statsfile_count(root, name, &good);
    }
    if (good)
        statsfile_read_ended(pie_node_get(root, "ended"), row, &good);
    for (size_t i = 0; i < PIE_STATS_TIMES && good; i++)
        statsfile_read_time(pie_node_get(root, pie_stats_time_names[i]), &row->time[i], &good);
    return good && row->number[APIPIE_STATS_FIRST_MS] > 0 &&
           row->number[APIPIE_STATS_LAST_MS] >= row->number[APIPIE_STATS_FIRST_MS];
}

static apipie_status statsfile_add_row(struct pie_counters *c, const struct pie_mem *mem,
                                       const struct pie_node *root)
{
    struct pie_stats_row row = {{NULL}, {0}, {0}, {{{0}, 0, 0}}};
    char *text[PIE_STATS_TEXTS] = {NULL};
    apipie_status status = APIPIE_OK;
    if (!statsfile_read_figures(root, &row))
        return APIPIE_OK;
    for (size_t i = 0; i < PIE_STATS_TEXTS && status == APIPIE_OK; i++) {
        struct pie_slice name = pie_node_text(pie_node_get(root, pie_stats_text_names[i]));
        row.text[i] = text[i] = pie_mem_text(mem, name.p, name.n);
        status = text[i] != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
    }
    if (status == APIPIE_OK)
        status = pie_counters_add_row(c, &row);
    for (size_t i = 0; i < PIE_STATS_TEXTS; i++)
        pie_mem_free(mem, text[i]);
    return status;
}

struct statsfile_reading {
    struct pie_counters *into;
    const struct pie_mem *mem;
};

static apipie_status statsfile_read_line(void *user, const struct pie_node *root)
{
    const struct statsfile_reading *reading = user;
    return statsfile_add_row(reading->into, reading->mem, root);
}

/* First into counters of its own: without memory nothing of it counts. */
apipie_status pie_stats_load(struct pie_counters *c, const struct pie_mem *mem, const char *path,
                             const char **ret_reason)
{
    struct statsfile_reading reading = {pie_counters_new(mem), mem};
    *ret_reason = "out of memory";
    if (reading.into == NULL)
        return APIPIE_E_MEMORY;
    apipie_status status =
        pie_sealed_load(mem, path, &statsfile_kind, statsfile_read_line, &reading, ret_reason);
    if (status == APIPIE_OK)
        status = pie_counters_add(c, reading.into);
    pie_counters_free(reading.into);
    return status;
}
