/* SPDX-License-Identifier: MIT */
/* Knows the dashboard's section about money that was spent; not how charts are drawn. */
#include "board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board_stats.h"
#include "chart.h"

#define DAYS   31 /* in the chart; the table has all */
#define FEWEST 14 /* days: a single one would be a wall */
#define LABELS 4  /* fit under it on a phone */
#define SHOWN  10
#define DAY_MS INT64_C(86400000)

static int64_t figure(const apipie_totals *t, size_t row, int32_t which)
{
    int64_t n = apipie_totals_number(t, row, which);

    return n > 0 ? n : 0;
}

static int decimals_of(const apipie_totals *t)
{
    int decimals = 2;

    for (size_t i = 0; i < apipie_totals_count(t); i++)
        decimals = cli_figure_decimals(figure(t, i, APIPIE_TOTAL_COST), decimals);
    return decimals;
}

static void totals_table(struct cli_html *h, const apipie_totals *t, const char *folded,
                         const char *caption, const char *heads)
{
    int decimals = decimals_of(t);

    cli_html_table(h, folded, caption, heads);
    for (size_t i = apipie_totals_count(t); i-- > 0;) {
        const char *name = apipie_totals_text(t, i);
        int64_t ms = apipie_totals_number(t, i, APIPIE_TOTAL_LATENCY);

        cli_html_row(h);
        cli_html_name(h, name != NULL ? name : "unknown");
        cli_html_figure_cell(h, cli_figure_count(figure(t, i, APIPIE_TOTAL_BILLS)).text);
        cli_html_figure_cell(h, cli_figure_count(figure(t, i, APIPIE_TOTAL_IMAGES)).text);
        cli_html_figure_cell(h, cli_figure_money(figure(t, i, APIPIE_TOTAL_COST), decimals).text);
        cli_html_figure_cell(h,
                             cli_figure_money(figure(t, i, APIPIE_TOTAL_ESTIMATED), decimals).text);
        cli_html_figure_cell(h, cli_figure_count(figure(t, i, APIPIE_TOTAL_UNKNOWN)).text);
        cli_html_figure_cell(h, cli_figure_seconds(ms).text);
        cli_html_row_end(h);
    }
    cli_html_table_end(h, folded);
}

/* ---- by day */

struct days {
    int64_t cost[DAYS], images[DAYS];
    int64_t start; /* when the first of them begins */
    size_t n;
    size_t billed; /* from the first with a bill on */
};

/* The last days up to the newest bill, those without a bill included. */
static void take_days(struct days *d, const apipie_totals *t)
{
    size_t rows = apipie_totals_count(t);
    int64_t first = INT64_MAX, last = -1;

    memset(d, 0, sizeof *d);
    for (size_t i = 0; i < rows; i++) {
        int64_t time = apipie_totals_number(t, i, APIPIE_TOTAL_FIRST);

        if (time < 0)
            continue;
        first = time < first ? time : first;
        last = time > last ? time : last;
    }
    if (last < 0)
        return;
    first /= DAY_MS;
    last /= DAY_MS;
    d->billed = (size_t)(last - first + 1 < DAYS ? last - first + 1 : DAYS);
    if (first > last - (FEWEST - 1))
        first = last - (FEWEST - 1);
    if (first < last - (DAYS - 1))
        first = last - (DAYS - 1);
    if (first < 0)
        first = 0;
    d->start = first * DAY_MS;
    d->n = (size_t)(last - first + 1);
    for (size_t i = 0; i < rows; i++) {
        int64_t time = apipie_totals_number(t, i, APIPIE_TOTAL_FIRST);

        if (time < d->start)
            continue;
        d->cost[time / DAY_MS - first] = figure(t, i, APIPIE_TOTAL_COST);
        d->images[time / DAY_MS - first] = figure(t, i, APIPIE_TOTAL_IMAGES);
    }
}

static void fill_columns(struct cli_column *columns, const struct days *d, int decimals,
                         struct cli_summary *say)
{
    size_t every = (d->n + LABELS - 1) / LABELS, highest = 0;

    for (size_t i = 0; i < d->n; i++) {
        struct cli_figure day = cli_figure_day(d->start + (int64_t)i * DAY_MS);
        struct cli_figure cost = cli_figure_money(d->cost[i], decimals);

        columns[i].amount = d->cost[i];
        highest = d->cost[i] > d->cost[highest] ? i : highest;
        if ((d->n - 1 - i) % every == 0)
            columns[i].edge = cli_figure_short_day(d->start + (int64_t)i * DAY_MS);
        (void)snprintf(columns[i].title.text, sizeof columns[i].title.text, "%.10s: %.20s",
                       day.text, cost.text);
        if (d->cost[i] > 0)
            cli_summary_add(say, " %s: %s for %s pictures.", day.text, cost.text,
                            cli_figure_count(d->images[i]).text);
    }
    for (size_t i = 0; i < d->n; i++)
        if (i == highest) /* the others are read by it */
            columns[i].value = cli_figure_money(d->cost[i], decimals);
}

static void by_day(struct cli_html *h, const apipie_totals *t)
{
    struct cli_column columns[DAYS];
    struct cli_summary say = {0};
    int64_t sum = 0;
    struct days d;
    char note[160];

    memset(columns, 0, sizeof columns);
    take_days(&d, t);
    for (size_t i = 0; i < d.n; i++)
        sum = cli_figure_add(sum, d.cost[i]);
    (void)snprintf(note, sizeof note, "%s in %zu %s, %s on average; days are UTC.",
                   cli_figure_dollars(sum).text, d.billed, d.billed == 1 ? "day" : "days",
                   cli_figure_dollars(d.billed > 0 ? sum / (int64_t)d.billed : 0).text);
    cli_summary_add(&say, "Cost by day. %s", note);
    fill_columns(columns, &d, decimals_of(t), &say);
    cli_html_figure_wide(h, "Cost by day", note);
    cli_chart_columns(h, say.text, columns, d.n, 1);
    totals_table(h, t, "Table: cost by day", "What was billed on each day, the newest first",
                 "Day|Bills#|Pictures#|Cost#|Estimated part#|Unknown bills#|Median s#");
    cli_html_figure_end(h);
}

/* ---- by provider, model */

static void by_name(struct cli_html *h, const apipie_totals *t, const char *title,
                    const char *folded, const char *heads)
{
    size_t n = apipie_totals_count(t), shown = 0;
    struct cli_rank *ranks = calloc(n + 1, sizeof *ranks);
    struct cli_bar bars[SHOWN];
    struct cli_summary say = {0};
    int decimals = decimals_of(t);

    if (ranks == NULL) {
        h->no_memory = 1;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        ranks[i].row = i;
        ranks[i].weight = figure(t, i, APIPIE_TOTAL_COST);
    }
    cli_rank_sort(ranks, n);
    cli_summary_add(&say, "%s.", title);
    for (; shown < n && shown < SHOWN; shown++) {
        const char *name = apipie_totals_text(t, ranks[shown].row);
        struct cli_bar *bar = &bars[shown];

        (void)snprintf(bar->name, sizeof bar->name, "%.150s", name != NULL ? name : "unknown");
        (void)snprintf(bar->value, sizeof bar->value, "%s",
                       cli_figure_money(ranks[shown].weight, decimals).text);
        bar->amount = ranks[shown].weight;
        bar->look = CLI_CHART_PLAIN;
        cli_summary_add(&say, " %s: %s.", bar->name, bar->value);
    }
    cli_html_figure(h, title, n > shown ? "The dearest; the table has all." : NULL);
    cli_chart_bars(h, say.text, bars, shown, shown > 0 ? bars[0].amount : 1);
    totals_table(h, t, folded, title, heads);
    cli_html_figure_end(h);
    free(ranks);
}

static void put_bills(struct cli_html *h, const apipie_history *bills)
{
    static const struct {
        int32_t by;
        const char *title, *folded, *heads;
    } parts[] = {
        {APIPIE_TOTALS_PROVIDER, "Cost by provider", "Table: cost by provider",
         "Provider|Bills#|Pictures#|Cost#|Estimated part#|Unknown bills#|Median s#"},
        {APIPIE_TOTALS_MODEL, "Cost by model", "Table: cost by model, as billed",
         "Model|Bills#|Pictures#|Cost#|Estimated part#|Unknown bills#|Median s#"},
    };
    apipie_totals *t = apipie_history_totals(bills, APIPIE_TOTALS_DAY);

    if (t != NULL)
        by_day(h, t);
    for (size_t i = 0; t != NULL && i < sizeof parts / sizeof *parts; i++) {
        (void)apipie_totals_unref(t);
        t = apipie_history_totals(bills, parts[i].by);
        if (t != NULL)
            by_name(h, t, parts[i].title, parts[i].folded, parts[i].heads);
    }
    if (t == NULL)
        h->no_memory = 1;
    (void)apipie_totals_unref(t);
}

int cli_board_costs(struct cli_html *h, const struct cli_board *board)
{
    int measured = board->stats != NULL && cli_board_sum(board->stats, APIPIE_STATS_REQUESTS) > 0;
    int billed = apipie_history_count(board->bills) > 0;

    cli_html_section(h, "costs", "Costs", "What was paid for pictures, and when.");
    if (billed)
        put_bills(h, board->bills);
    else
        cli_html_absent(h,
                        board->bills != NULL
                            ? "Nothing was billed so far by what was named with"
                            : "Costs over time: name a ledger that generate has written with",
                        "--ledger FILE, or ask the gateway with --history");
    if (measured && !billed)
        cli_board_spent(h, board->stats);
    cli_html_section_end(h);
    return billed || measured;
}
