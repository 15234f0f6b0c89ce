/* SPDX-License-Identifier: MIT */
/* Knows a snapshot as JSON (docs/stats.schema.json describes it); must not know of files. */
#include "meter/meter.h"

#include "meter/stats_priv.h"

const char *const pie_stats_text_names[PIE_STATS_TEXTS] = {"backend", "provider", "model"};

const char *const pie_stats_number_names[PIE_STATS_NUMBERS] = {
    "requests",      "requests_ok",       "requests_cached", "images",
    "attempts",      "retries",           "failovers",       "billed_unknown",
    "bytes_up",      "bytes_down",        "cost_usd",        "cost_estimated_usd",
    "tokens_prompt", "tokens_completion", "first_ms",        "last_ms"};

const char *const pie_stats_time_names[PIE_STATS_TIMES] = {"total", "first_byte", "server"};

int32_t pie_stats_is_money(size_t which)
{
    return which == APIPIE_STATS_COST || which == APIPIE_STATS_COST_ESTIMATED;
}

static void statsjson_name(struct pie_buf *out, const char *name)
{
    if (out->n != 0 && out->p[out->n - 1] != '{')
        pie_buf_add_char(out, ',');
    pie_buf_add_char(out, '"');
    pie_buf_add_text(out, name);
    pie_buf_add_text(out, "\":");
}

static void statsjson_number(struct pie_buf *out, const struct pie_stats_row *row, size_t which)
{
    char text[PIE_NUMBER_MAX];
    int64_t v = pie_stats_row_number(row, (int32_t)which);
    statsjson_name(out, pie_stats_number_names[which]);
    if (!pie_stats_is_money(which)) {
        pie_buf_add_int(out, v);
        return;
    }
    pie_number_money_text(v, text);
    pie_json_string(out, pie_slice_text(text));
}

/* Names are for people and may be shared; the number says which it is. */
static void statsjson_ended(struct pie_buf *out, const struct pie_stats_row *row)
{
    const char *separator = "";
    statsjson_name(out, "ended");
    pie_buf_add_char(out, '[');
    for (size_t i = 0; i < PIE_ERROR_STATUSES; i++) {
        if (row->ended[i] == 0)
            continue;
        apipie_status status = pie_error_at(i);
        pie_buf_add_text(out, separator);
        separator = ",";
        pie_buf_add_text(out, "{\"status\":");
        pie_buf_add_int(out, status);
        pie_buf_add_text(out, ",\"name\":\"");
        pie_buf_add_text(out, pie_error_name(status));
        pie_buf_add_text(out, "\",\"count\":");
        pie_buf_add_int(out, row->ended[i]);
        pie_buf_add_char(out, '}');
    }
    pie_buf_add_char(out, ']');
}

static void statsjson_time(struct pie_buf *out, const char *name, const struct pie_histogram *h)
{
    statsjson_name(out, name);
    pie_buf_add_text(out, "{\"count\":");
    pie_buf_add_int(out, h->count);
    pie_buf_add_text(out, ",\"sum_ms\":");
    pie_buf_add_int(out, h->sum_ms);
    pie_buf_add_text(out, ",\"buckets\":[");
    for (size_t i = 0; i < APIPIE_STATS_BUCKETS; i++) {
        if (i != 0)
            pie_buf_add_char(out, ',');
        pie_buf_add_int(out, h->bucket[i]);
    }
    pie_buf_add_text(out, "]}");
}

void pie_stats_row_json(struct pie_buf *out, const struct pie_stats_row *row)
{
    pie_buf_add_char(out, '{');
    for (size_t i = 0; i < PIE_STATS_TEXTS; i++) {
        statsjson_name(out, pie_stats_text_names[i]);
        pie_json_string(out, pie_slice_text(row->text[i]));
    }
    for (size_t i = 0; i < PIE_STATS_NUMBERS; i++)
        statsjson_number(out, row, i);
    statsjson_ended(out, row);
    for (size_t i = 0; i < PIE_STATS_TIMES; i++)
        statsjson_time(out, pie_stats_time_names[i], &row->time[i]);
    pie_buf_add_char(out, '}');
}

void pie_stats_json(struct pie_buf *out, const struct apipie_stats *s)
{
    pie_buf_add_text(out, "{\"format\":\"apipie-stats\",\"version\":1,\"bounds_ms\":[");
    for (size_t i = 0; i + 1 < APIPIE_STATS_BUCKETS; i++) {
        if (i != 0)
            pie_buf_add_char(out, ',');
        pie_buf_add_int(out, pie_histogram_bound(i));
    }
    pie_buf_add_text(out, "],\"routes\":[");
    for (size_t i = 0; i < s->count; i++) {
        if (i != 0)
            pie_buf_add_char(out, ',');
        pie_stats_row_json(out, &s->rows[i]);
    }
    pie_buf_add_text(out, "]}");
}
