/* SPDX-License-Identifier: MIT */
/* Knows the dashboard's section about how long requests take; not how charts are drawn. */
#include "board.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "board_stats.h"
#include "chart.h"

#define RANGES    10 /* routes in one chart */
#define MULTIPLES 6  /* routes with a histogram of their own */
#define COLUMNS   8  /* at least, so that a few times look like few */
#define LABELS    5  /* fit under a chart on a phone */

/* ---- buckets */

void cli_times_of(struct cli_times *times, const apipie_stats *stats, size_t row, int32_t which)
{
    memset(times, 0, sizeof *times);
    for (size_t i = 0; i < APIPIE_STATS_BUCKETS; i++) {
        int64_t n = apipie_stats_bucket(stats, row, which, i, &times->bound[i]);

        times->bucket[i] = n > 0 ? n : 0;
        times->count = cli_figure_add(times->count, times->bucket[i]);
    }
}

void cli_times_sum(struct cli_times *times, const apipie_stats *stats, int32_t which)
{
    memset(times, 0, sizeof *times);
    for (size_t row = 0; row < apipie_stats_count(stats); row++) {
        struct cli_times one;

        cli_times_of(&one, stats, row, which);
        for (size_t i = 0; i < APIPIE_STATS_BUCKETS; i++) {
            times->bucket[i] = cli_figure_add(times->bucket[i], one.bucket[i]);
            times->bound[i] = one.bound[i];
        }
        times->count = cli_figure_add(times->count, one.count);
    }
}

int64_t cli_times_quantile(const struct cli_times *times, int32_t per_mille)
{
    double rank = (double)times->count * per_mille / 1000, before = 0;

    if (times->count == 0)
        return APIPIE_UNKNOWN;
    for (size_t i = 0; i + 1 < APIPIE_STATS_BUCKETS; i++) {
        double here = (double)times->bucket[i];
        double low = i == 0 ? 0 : (double)times->bound[i - 1];

        if (here > 0 && before + here >= rank)
            return (int64_t)(low + ((double)times->bound[i] - low) * (rank - before) / here);
        before += here;
    }
    return times->bound[APIPIE_STATS_BUCKETS - 2];
}

/* From first up to last, without the empty ones around. */
struct span {
    size_t first, last;
};

static struct span span_of(const struct cli_times *times)
{
    struct span s = {0, APIPIE_STATS_BUCKETS - 1};

    while (s.first < s.last && times->bucket[s.first] == 0)
        s.first++;
    while (s.last > s.first && times->bucket[s.last] == 0)
        s.last--;
    while (s.last - s.first + 1 < COLUMNS) {
        if (s.last < APIPIE_STATS_BUCKETS - 2)
            s.last++;
        if (s.last - s.first + 1 < COLUMNS && s.first > 0)
            s.first--;
    }
    return s;
}

/* ---- a histogram */

static struct cli_figure bucket_name(const struct cli_times *times, size_t i)
{
    struct cli_figure f;
    struct cli_figure low = cli_figure_time(i == 0 ? 0 : times->bound[i - 1]);

    if (times->bound[i] == INT64_MAX)
        (void)snprintf(f.text, sizeof f.text, "over %.20s", low.text);
    else if (i == 0)
        (void)snprintf(f.text, sizeof f.text, "up to %.20s", cli_figure_time(times->bound[i]).text);
    else
        (void)snprintf(f.text, sizeof f.text, "%.12s to %.12s", low.text,
                       cli_figure_time(times->bound[i]).text);
    return f;
}

static void histogram_table(struct cli_html *h, const struct cli_times *times, struct span s,
                            const char *name)
{
    char folded[400];

    (void)snprintf(folded, sizeof folded, "Table: times of %s", name);
    cli_html_table(h, folded, "Requests by the time they took", "Time|Requests#|Share#");
    for (size_t i = s.first; i <= s.last; i++) {
        cli_html_row(h);
        cli_html_name(h, bucket_name(times, i).text);
        cli_html_figure_cell(h, cli_figure_count(times->bucket[i]).text);
        cli_html_figure_cell(h, cli_figure_share(times->bucket[i], times->count).text);
        cli_html_row_end(h);
    }
    cli_html_table_end(h, folded);
}

static void histogram(struct cli_html *h, const struct cli_times *times, struct span s,
                      const char *name, int wide)
{
    struct cli_column columns[APIPIE_STATS_BUCKETS];
    struct cli_summary say = {0};
    size_t n = s.last - s.first + 1, every = (n + LABELS - 1) / LABELS;
    char note[128];

    memset(columns, 0, sizeof columns);
    (void)snprintf(note, sizeof note, "Half took at most %s, 95 of 100 at most %s.",
                   cli_figure_time(cli_times_quantile(times, 500)).text,
                   cli_figure_time(cli_times_quantile(times, 950)).text);
    cli_summary_add(&say, "Times of %s requests of %s. %s", cli_figure_count(times->count).text,
                    name, note);
    for (size_t i = 0; i < n; i++) {
        size_t bucket = s.first + i;
        struct cli_column *column = &columns[i];

        column->amount = times->bucket[bucket];
        if (column->amount > 0)
            column->value = cli_figure_count(column->amount);
        if ((n - 1 - i) % every == 0 && times->bound[bucket] != INT64_MAX)
            column->edge = cli_figure_time(times->bound[bucket]);
        (void)snprintf(column->title.text, sizeof column->title.text, "%.26s: %.10s",
                       bucket_name(times, bucket).text, cli_figure_count(column->amount).text);
        if (column->amount > 0)
            cli_summary_add(&say, " %s: %s.", bucket_name(times, bucket).text,
                            cli_figure_count(column->amount).text);
    }
    (wide ? cli_html_figure_wide : cli_html_figure)(h, name, note);
    cli_chart_columns(h, say.text, columns, n, 0);
    histogram_table(h, times, s, name);
    cli_html_figure_end(h);
}

/* ---- by route */

static void routes_table(struct cli_html *h, const apipie_stats *stats,
                         const struct cli_rank *ranks, size_t n)
{
    static const struct {
        int32_t which, per_mille;
    } cells[] = {{APIPIE_STATS_TOTAL, 500},      {APIPIE_STATS_TOTAL, 950},
                 {APIPIE_STATS_FIRST_BYTE, 500}, {APIPIE_STATS_FIRST_BYTE, 950},
                 {APIPIE_STATS_SERVER, 500},     {APIPIE_STATS_SERVER, 950}};
    const char *const folded = "Table: times by model";

    cli_html_table(h, folded,
                   "Seconds that half (p50) and 95 of 100 (p95) took at most: in all, to the first "
                   "byte, and as the server says",
                   "Model|Timed#|p50#|p95#|First byte p50#|p95#|Server p50#|p95#");
    for (size_t i = 0; i < n && ranks[i].weight > 0; i++) {
        char name[320];

        cli_html_row(h);
        cli_board_route(stats, ranks[i].row, name, sizeof name);
        cli_html_name(h, name);
        cli_html_figure_cell(h, cli_figure_count(ranks[i].weight).text);
        for (size_t k = 0; k < sizeof cells / sizeof *cells; k++)
            cli_html_figure_cell(
                h, cli_figure_seconds(apipie_stats_quantile(stats, ranks[i].row, cells[k].which,
                                                            cells[k].per_mille))
                       .text);
        cli_html_row_end(h);
    }
    cli_html_table_end(h, folded);
}

static void routes(struct cli_html *h, const apipie_stats *stats, const struct cli_rank *ranks,
                   size_t n)
{
    struct cli_range ranges[RANGES];
    struct cli_summary say = {0};
    int64_t highest = 1;
    size_t shown = 0;

    cli_summary_add(&say, "Times that half and 95 of 100 requests took at most, by model.");
    for (; shown < n && shown < RANGES && ranks[shown].weight > 0; shown++) {
        struct cli_range *range = &ranges[shown];

        cli_board_route(stats, ranks[shown].row, range->name, sizeof range->name);
        range->low = apipie_stats_quantile(stats, ranks[shown].row, APIPIE_STATS_TOTAL, 500);
        range->high = apipie_stats_quantile(stats, ranks[shown].row, APIPIE_STATS_TOTAL, 950);
        range->mark = -1;
        highest = range->high > highest ? range->high : highest;
        (void)snprintf(range->value, sizeof range->value, "%s \u2013 %s",
                       cli_figure_time(range->low).text, cli_figure_time(range->high).text);
        cli_summary_add(&say, " %s: %s, %s.", range->name, cli_figure_time(range->low).text,
                        cli_figure_time(range->high).text);
    }
    cli_html_figure(h, "By model", "From what half took at most to what 95 of 100 did.");
    cli_chart_ranges(h, say.text, ranges, shown, highest);
    routes_table(h, stats, ranks, n);
    cli_html_figure_end(h);
}

static void multiples(struct cli_html *h, const apipie_stats *stats, const struct cli_rank *ranks,
                      size_t n, struct span s)
{
    for (size_t i = 0; n > 1 && i < n && i < MULTIPLES && ranks[i].weight > 0; i++) {
        struct cli_times one;
        char name[160];

        cli_times_of(&one, stats, ranks[i].row, APIPIE_STATS_TOTAL);
        cli_board_route(stats, ranks[i].row, name, sizeof name);
        histogram(h, &one, s, name, 0);
    }
}

/* Those with the most times first. */
static struct cli_rank *rank_timed(struct cli_html *h, const apipie_stats *stats, size_t *ret_n)
{
    struct cli_rank *ranks = cli_board_rank(h, stats, APIPIE_STATS_REQUESTS, ret_n);

    for (size_t i = 0; i < *ret_n; i++)
        ranks[i].weight = apipie_stats_time_count(stats, ranks[i].row, APIPIE_STATS_TOTAL);
    cli_rank_sort(ranks, *ret_n);
    return ranks;
}

int cli_board_times(struct cli_html *h, const struct cli_board *board)
{
    struct cli_times all = {{0}, {0}, 0};
    struct cli_rank *ranks;
    size_t n;

    cli_html_section(h, "times", "Response times",
                     "From sending a request to its picture being whole. Each column is twice as "
                     "wide in time as the one before it.");
    if (board->stats != NULL)
        cli_times_sum(&all, board->stats, APIPIE_STATS_TOTAL);
    if (all.count == 0) {
        cli_html_absent(h, "No time was measured: name a file that generate has written with",
                        "--stats FILE");
    } else {
        ranks = rank_timed(h, board->stats, &n);
        histogram(h, &all, span_of(&all), "All requests", 0);
        routes(h, board->stats, ranks, n);
        multiples(h, board->stats, ranks, n, span_of(&all));
        free(ranks);
    }
    cli_html_section_end(h);
    return all.count != 0;
}
