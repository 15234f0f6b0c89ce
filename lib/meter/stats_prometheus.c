/* SPDX-License-Identifier: MIT */
/* Knows a snapshot as text for Prometheus (exposition format 0.0.4, and OpenMetrics 1.0); must not know who reads it. */
#include "meter/meter.h"

struct prometheus_writer {
    struct pie_buf *out;
    const struct apipie_stats *stats;
    int32_t open_metrics;
};

/* A counter: one number of a row. scale: what stands in the text. */
enum { PROMETHEUS_PLAIN, PROMETHEUS_DOLLARS, PROMETHEUS_SECONDS };

static const struct {
    const char *name, *unit, *help;
    int32_t which, scale;
} prometheus_counters[] = {
    {"apipie_cached_requests", NULL, "Requests answered out of the cache.",
     APIPIE_STATS_REQUESTS_CACHED, PROMETHEUS_PLAIN},
    {"apipie_images", NULL, "Pictures that were drawn.", APIPIE_STATS_IMAGES, PROMETHEUS_PLAIN},
    {"apipie_attempts", NULL, "Exchanges of the paid call.", APIPIE_STATS_ATTEMPTS,
     PROMETHEUS_PLAIN},
    {"apipie_retries", NULL, "Attempts after another one on the same route.", APIPIE_STATS_RETRIES,
     PROMETHEUS_PLAIN},
    {"apipie_failovers", NULL, "Attempts because another route had failed.", APIPIE_STATS_FAILOVERS,
     PROMETHEUS_PLAIN},
    {"apipie_billed_unknown_attempts", NULL,
     "Attempts of which nobody knew whether they were billed.", APIPIE_STATS_BILLED_UNKNOWN,
     PROMETHEUS_PLAIN},
    {"apipie_sent_bytes", "bytes", "Bodies of requests.", APIPIE_STATS_BYTES_UP, PROMETHEUS_PLAIN},
    {"apipie_received_bytes", "bytes", "Bodies of replies and of pictures by url.",
     APIPIE_STATS_BYTES_DOWN, PROMETHEUS_PLAIN},
    {"apipie_cost_dollars", "dollars",
     "What billed attempts cost in US dollars, estimates included.", APIPIE_STATS_COST,
     PROMETHEUS_DOLLARS},
    {"apipie_estimated_cost_dollars", "dollars",
     "The part of the cost that no server confirmed, in US dollars.", APIPIE_STATS_COST_ESTIMATED,
     PROMETHEUS_DOLLARS},
};

static const struct {
    const char *name, *help;
} prometheus_times[PIE_STATS_TIMES] = {
    {"apipie_request_duration_seconds", "Submit to end, of requests that drew a picture."},
    {"apipie_time_to_first_byte_seconds",
     "Start of the exchange to the first byte of its reply, of attempts that brought a picture."},
    {"apipie_server_duration_seconds",
     "The latency that the reply names, of attempts that brought a picture."},
};

/* ---- pieces */

static void prometheus_line(const struct prometheus_writer *w, const char *word, const char *name,
                            const char *suffix, const char *text)
{
    pie_buf_add_text(w->out, word);
    pie_buf_add_text(w->out, name);
    pie_buf_add_text(w->out, suffix);
    pie_buf_add_char(w->out, ' ');
    pie_buf_add_text(w->out, text);
    pie_buf_add_char(w->out, '\n');
}

/* In OpenMetrics a counter's family is called without the suffix of its samples. */
static void prometheus_begin(const struct prometheus_writer *w, const char *name, const char *type,
                             const char *unit, const char *help)
{
    int32_t counter = strcmp(type, "counter") == 0;
    const char *suffix = counter && !w->open_metrics ? "_total" : "";
    prometheus_line(w, "# HELP ", name, suffix, help);
    prometheus_line(w, "# TYPE ", name, suffix, type);
    if (w->open_metrics && unit != NULL)
        prometheus_line(w, "# UNIT ", name, suffix, unit);
}

static void prometheus_label(struct pie_buf *out, const char *name, const char *value)
{
    pie_buf_add_text(out, name);
    pie_buf_add_text(out, "=\"");
    for (const char *p = value; *p != '\0'; p++) {
        if (*p == '\n') {
            pie_buf_add_text(out, "\\n");
            continue;
        }
        if (*p == '\\' || *p == '"')
            pie_buf_add_char(out, '\\');
        pie_buf_add_char(out, *p);
    }
    pie_buf_add_char(out, '"');
}

/* Up to the value. extra: a label of its own, or NULL. */
static void prometheus_sample(const struct prometheus_writer *w, const char *name,
                              const char *suffix, const struct pie_stats_row *row,
                              const char *extra, const char *value)
{
    static const char *const names[PIE_STATS_TEXTS] = {"backend", "provider", "model"};
    pie_buf_add_text(w->out, name);
    pie_buf_add_text(w->out, suffix);
    for (size_t i = 0; i < PIE_STATS_TEXTS; i++) {
        pie_buf_add_char(w->out, i == 0 ? '{' : ',');
        prometheus_label(w->out, names[i], row->text[i]);
    }
    if (extra != NULL) {
        pie_buf_add_char(w->out, ',');
        prometheus_label(w->out, extra, value);
    }
    pie_buf_add_text(w->out, "} ");
}

/* Milliseconds as seconds, exact: "0.01", "655.36", "2". */
static void prometheus_seconds(int64_t ms, char out[PIE_NUMBER_MAX])
{
    pie_number_int_text(ms / 1000, out);
    int32_t rest = (int32_t)(ms % 1000);
    size_t n = strlen(out);
    if (rest != 0)
        out[n++] = '.';
    for (int32_t unit = 100; rest != 0; unit /= 10) {
        out[n++] = (char)('0' + rest / unit);
        rest %= unit;
    }
    out[n] = '\0';
}

static void prometheus_value(const struct prometheus_writer *w, int64_t v, int32_t scale)
{
    char text[PIE_NUMBER_MAX];
    if (scale == PROMETHEUS_DOLLARS)
        pie_number_money_text(v, text);
    else if (scale == PROMETHEUS_SECONDS)
        prometheus_seconds(v, text);
    else
        pie_number_int_text(v, text);
    pie_buf_add_text(w->out, text);
    pie_buf_add_char(w->out, '\n');
}

/* ---- families */

/* Some statuses share their name: together they are one series. 0 when an earlier one has counted it. */
static int64_t prometheus_named(const struct pie_stats_row *row, size_t at)
{
    const char *name = pie_error_name(pie_error_at(at));
    int64_t sum = 0;
    for (size_t i = 0; i < PIE_ERROR_STATUSES; i++) {
        if (row->ended[i] == 0 || strcmp(pie_error_name(pie_error_at(i)), name) != 0)
            continue;
        if (i < at)
            return 0;
        sum = pie_stats_sum(sum, row->ended[i]);
    }
    return sum;
}

static void prometheus_requests(const struct prometheus_writer *w)
{
    prometheus_begin(w, "apipie_requests", "counter", NULL,
                     "Requests that have ended, by how they ended.");
    for (size_t r = 0; r < w->stats->count; r++) {
        const struct pie_stats_row *row = &w->stats->rows[r];
        for (size_t i = 0; i < PIE_ERROR_STATUSES; i++) {
            int64_t count = row->ended[i] != 0 ? prometheus_named(row, i) : 0;
            if (count == 0)
                continue;
            prometheus_sample(w, "apipie_requests", "_total", row, "status",
                              pie_error_name(pie_error_at(i)));
            prometheus_value(w, count, PROMETHEUS_PLAIN);
        }
    }
}

static void prometheus_counter(const struct prometheus_writer *w, size_t which)
{
    const char *name = prometheus_counters[which].name;
    prometheus_begin(w, name, "counter", prometheus_counters[which].unit,
                     prometheus_counters[which].help);
    for (size_t r = 0; r < w->stats->count; r++) {
        const struct pie_stats_row *row = &w->stats->rows[r];
        prometheus_sample(w, name, "_total", row, NULL, NULL);
        prometheus_value(w, row->number[prometheus_counters[which].which],
                         prometheus_counters[which].scale);
    }
}

static void prometheus_tokens(const struct prometheus_writer *w)
{
    static const char *const types[] = {"prompt", "completion"};
    prometheus_begin(w, "apipie_tokens", "counter", NULL, "Tokens, as far as replies name them.");
    for (size_t r = 0; r < w->stats->count; r++) {
        const struct pie_stats_row *row = &w->stats->rows[r];
        for (size_t i = 0; i < PIE_COUNT(types); i++) {
            prometheus_sample(w, "apipie_tokens", "_total", row, "type", types[i]);
            prometheus_value(w, row->number[APIPIE_STATS_TOKENS_PROMPT + i], PROMETHEUS_PLAIN);
        }
    }
}

static void prometheus_last(const struct prometheus_writer *w)
{
    static const char name[] = "apipie_last_activity_timestamp_seconds";
    prometheus_begin(w, name, "gauge", "seconds", "When something was counted last.");
    for (size_t r = 0; r < w->stats->count; r++) {
        const struct pie_stats_row *row = &w->stats->rows[r];
        prometheus_sample(w, name, "", row, NULL, NULL);
        prometheus_value(w, row->number[APIPIE_STATS_LAST_MS], PROMETHEUS_SECONDS);
    }
}

/* Buckets count all that is at or below their bound. */
static void prometheus_buckets(const struct prometheus_writer *w, const char *name,
                               const struct pie_stats_row *row, const struct pie_histogram *h)
{
    char bound[PIE_NUMBER_MAX];
    int64_t sum = 0;
    for (size_t i = 0; i < APIPIE_STATS_BUCKETS; i++) {
        sum = pie_stats_sum(sum, h->bucket[i]);
        if (pie_histogram_bound(i) == INT64_MAX)
            pie_text_copy(pie_slice_text("+Inf"), bound, sizeof(bound));
        else
            prometheus_seconds(pie_histogram_bound(i), bound);
        prometheus_sample(w, name, "_bucket", row, "le", bound);
        prometheus_value(w, sum, PROMETHEUS_PLAIN);
    }
    prometheus_sample(w, name, "_sum", row, NULL, NULL);
    prometheus_value(w, h->sum_ms, PROMETHEUS_SECONDS);
    prometheus_sample(w, name, "_count", row, NULL, NULL);
    prometheus_value(w, sum, PROMETHEUS_PLAIN);
}

static void prometheus_histogram(const struct prometheus_writer *w, size_t which)
{
    const char *name = prometheus_times[which].name;
    prometheus_begin(w, name, "histogram", "seconds", prometheus_times[which].help);
    for (size_t r = 0; r < w->stats->count; r++)
        prometheus_buckets(w, name, &w->stats->rows[r], &w->stats->rows[r].time[which]);
}

void pie_stats_prometheus(struct pie_buf *out, const struct apipie_stats *s, int32_t open_metrics)
{
    const struct prometheus_writer w = {out, s, open_metrics};
    if (s->count != 0) {
        prometheus_requests(&w);
        for (size_t i = 0; i < PIE_COUNT(prometheus_counters); i++)
            prometheus_counter(&w, i);
        prometheus_tokens(&w);
        prometheus_last(&w);
        for (size_t i = 0; i < PIE_STATS_TIMES; i++)
            prometheus_histogram(&w, i);
    }
    if (open_metrics)
        pie_buf_add_text(out, "# EOF\n");
}
