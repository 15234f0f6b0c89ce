/* SPDX-License-Identifier: MIT */
/* Knows rows of figures and snapshots of them; must not know who counts or who reads. */
#include "meter/meter.h"

/* ---- rows */

static int64_t stats_requests(const struct pie_stats_row *row)
{
    int64_t sum = 0;
    for (size_t i = 0; i < PIE_ERROR_STATUSES; i++)
        sum = pie_stats_sum(sum, row->ended[i]);
    return sum;
}

int64_t pie_stats_row_number(const struct pie_stats_row *row, int32_t which)
{
    if (which == APIPIE_STATS_REQUESTS)
        return stats_requests(row);
    if (which == APIPIE_STATS_REQUESTS_OK)
        return row->ended[pie_error_index(APIPIE_OK)];
    return which >= 0 && which < PIE_STATS_NUMBERS ? row->number[which] : APIPIE_UNKNOWN;
}

void pie_stats_row_merge(struct pie_stats_row *to, const struct pie_stats_row *from)
{
    int64_t first = to->number[APIPIE_STATS_FIRST_MS];
    int64_t last = to->number[APIPIE_STATS_LAST_MS];
    int64_t other_first = from->number[APIPIE_STATS_FIRST_MS];
    int64_t other_last = from->number[APIPIE_STATS_LAST_MS];
    for (size_t i = 0; i < PIE_STATS_NUMBERS; i++)
        to->number[i] = pie_stats_sum(to->number[i], from->number[i]);
    for (size_t i = 0; i < PIE_ERROR_STATUSES; i++)
        to->ended[i] = pie_stats_sum(to->ended[i], from->ended[i]);
    for (size_t i = 0; i < PIE_STATS_TIMES; i++)
        pie_histogram_merge(&to->time[i], &from->time[i]);
    to->number[APIPIE_STATS_FIRST_MS] =
        first == 0 || (other_first != 0 && other_first < first) ? other_first : first;
    to->number[APIPIE_STATS_LAST_MS] = other_last > last ? other_last : last;
}

int32_t pie_stats_row_order(const struct pie_stats_row *a, const struct pie_stats_row *b)
{
    int32_t order = 0;
    for (size_t i = 0; i < PIE_STATS_TEXTS && order == 0; i++)
        order = strcmp(a->text[i], b->text[i]);
    return order;
}

/* ---- snapshots */

void pie_stats_free(struct apipie_stats *s)
{
    if (s == NULL)
        return;
    pie_mem_free(s->mem, s->rows);
    pie_mem_free(s->mem, s->texts);
    pie_mem_free(s->mem, s);
}

size_t pie_stats_find(const struct apipie_stats *s, const struct pie_stats_row *names)
{
    size_t low = 0;
    size_t high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int32_t order = pie_stats_row_order(&s->rows[middle], names);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SIZE_MAX;
}

/* Both are ordered. */
static void stats_merge_rows(const struct apipie_stats *a, const struct apipie_stats *b,
                             struct apipie_stats *ret)
{
    size_t i = 0;
    size_t j = 0;
    while (i < a->count || j < b->count) {
        int32_t order = 0;
        if (i == a->count)
            order = 1;
        else if (j == b->count)
            order = -1;
        else
            order = pie_stats_row_order(&a->rows[i], &b->rows[j]);
        struct pie_stats_row *row = &ret->rows[ret->count++];
        *row = order <= 0 ? a->rows[i] : b->rows[j];
        if (order == 0)
            pie_stats_row_merge(row, &b->rows[j]);
        i += order <= 0;
        j += order >= 0;
    }
}

/* The names become its own: those of the other client may go. */
static apipie_status stats_own_texts(struct apipie_stats *s)
{
    size_t bytes = 1;
    for (size_t i = 0; i < s->count; i++) {
        for (size_t t = 0; t < PIE_STATS_TEXTS; t++)
            bytes += strlen(s->rows[i].text[t]) + 1;
    }
    char *at = s->texts = pie_mem_new(s->mem, bytes, 1);
    for (size_t i = 0; i < s->count && at != NULL; i++) {
        for (size_t t = 0; t < PIE_STATS_TEXTS; t++) {
            size_t n = strlen(s->rows[i].text[t]) + 1;
            memcpy(at, s->rows[i].text[t], n);
            s->rows[i].text[t] = at;
            at += n;
        }
    }
    return s->texts != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
}

struct apipie_stats *pie_stats_merge(const struct apipie_stats *a, const struct apipie_stats *b)
{
    static const struct apipie_stats nothing;
    struct apipie_stats *s = pie_mem_new(a->mem, 1, sizeof(*s));
    b = b != NULL ? b : &nothing;
    if (s == NULL)
        return NULL;
    s->mem = a->mem;
    s->refs = 1;
    s->rows = pie_mem_new(s->mem, a->count + b->count, sizeof(*s->rows));
    if (s->rows != NULL)
        stats_merge_rows(a, b, s);
    if (s->rows == NULL || stats_own_texts(s) != APIPIE_OK) {
        pie_stats_free(s);
        return NULL;
    }
    return s;
}
