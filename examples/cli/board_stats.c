/* SPDX-License-Identifier: MIT */
/* Knows the dashboard's sections about what was measured: figures, success, times, money; not how charts are drawn. */
#include "board.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "board_stats.h"
#include "chart.h"
#include "rank.h"
#include "table.h"

#define SHOWN 10 /* routes in a chart; the table has all */

int64_t cli_board_figure(const apipie_stats *stats, size_t row, int32_t which)
{
    int64_t n = apipie_stats_number(stats, row, which);

    return n > 0 ? n : 0;
}

int64_t cli_board_sum(const apipie_stats *stats, int32_t which)
{
    int64_t sum = 0;

    for (size_t row = 0; row < apipie_stats_count(stats); row++)
        sum = cli_figure_add(sum, cli_board_figure(stats, row, which));
    return sum;
}

void cli_board_route(const apipie_stats *stats, size_t row, char *ret, size_t size)
{
    char where[192];

    cli_figure_route(cli_table_where(apipie_stats_text(stats, row, APIPIE_STATS_BACKEND),
                                     apipie_stats_text(stats, row, APIPIE_STATS_PROVIDER), where,
                                     sizeof where),
                     apipie_stats_text(stats, row, APIPIE_STATS_MODEL), ret, size);
}

struct cli_rank *cli_board_rank(struct cli_html *h, const apipie_stats *stats, int32_t which,
                                size_t *ret_n)
{
    size_t n = apipie_stats_count(stats);
    struct cli_rank *ranks = calloc(n + 1, sizeof *ranks);

    *ret_n = ranks != NULL ? n : 0;
    if (ranks == NULL) {
        h->no_memory = 1;
        return NULL;
    }
    for (size_t row = 0; row < n; row++) {
        ranks[row].row = row;
        ranks[row].weight = cli_board_figure(stats, row, which);
    }
    cli_rank_sort(ranks, n);
    return ranks;
}

/* ---- at a glance */

static void put_figure(struct cli_html *h, const char *name, const char *value, const char *more)
{
    cli_html_raw(h, "<div><dt>");
    cli_html_text(h, name);
    cli_html_raw(h, "</dt><dd class=\"big\">");
    cli_html_text(h, value[0] != '\0' ? value : "\u2013");
    cli_html_raw(h, "</dd><dd class=\"small\">");
    cli_html_text(h, more);
    cli_html_raw(h, "</dd></div>\n");
}

static void put_period(struct cli_html *h, const apipie_stats *stats)
{
    int64_t first = INT64_MAX, last = -1;
    char text[128];

    for (size_t row = 0; row < apipie_stats_count(stats); row++) {
        int64_t from = apipie_stats_number(stats, row, APIPIE_STATS_FIRST_MS);
        int64_t to = apipie_stats_number(stats, row, APIPIE_STATS_LAST_MS);

        first = from > 0 && from < first ? from : first;
        last = to > last ? to : last;
    }
    if (first > last)
        return;
    (void)snprintf(text, sizeof text, "Measured from %s to %s UTC.", cli_figure_moment(first).text,
                   cli_figure_moment(last).text);
    cli_html_element(h, "p", "lead", text);
}

static void put_money(struct cli_html *h, const apipie_stats *stats)
{
    int64_t cost = cli_board_sum(stats, APIPIE_STATS_COST);
    int64_t guessed = cli_board_sum(stats, APIPIE_STATS_COST_ESTIMATED);
    char more[80] = "as the server billed it";

    if (guessed > 0)
        (void)snprintf(more, sizeof more, "%s of it estimated", cli_figure_dollars(guessed).text);
    put_figure(h, "Spent", cli_figure_dollars(cost).text, more);
}

static void put_figures(struct cli_html *h, const apipie_stats *stats)
{
    int64_t requests = cli_board_sum(stats, APIPIE_STATS_REQUESTS);
    int64_t ok = cli_board_sum(stats, APIPIE_STATS_REQUESTS_OK);
    int64_t retries = cli_board_sum(stats, APIPIE_STATS_RETRIES);
    int64_t images = cli_board_sum(stats, APIPIE_STATS_IMAGES);
    struct cli_times times;
    char more[80];

    cli_times_sum(&times, stats, APIPIE_STATS_TOTAL);
    cli_html_raw(h, "<dl class=\"figures\">\n");
    (void)snprintf(more, sizeof more, "%s retried", cli_figure_count(retries).text);
    put_figure(h, "Requests", cli_figure_count(requests).text, retries > 0 ? more : "none retried");
    (void)snprintf(more, sizeof more, "%zu models asked", apipie_stats_count(stats));
    put_figure(h, "Pictures", cli_figure_count(images).text, more);
    put_money(h, stats);
    (void)snprintf(more, sizeof more, "%s brought none", cli_figure_count(requests - ok).text);
    put_figure(h, "Success", cli_figure_share(ok, requests).text, more);
    (void)snprintf(more, sizeof more, "95 of 100: %s",
                   cli_figure_time(cli_times_quantile(&times, 950)).text);
    put_figure(h, "Median time", cli_figure_time(cli_times_quantile(&times, 500)).text,
               times.count > 0 ? more : "nothing timed yet");
    cli_html_raw(h, "</dl>\n");
}

int cli_board_summary(struct cli_html *h, const struct cli_board *board)
{
    int has = board->stats != NULL && apipie_stats_count(board->stats) != 0;

    cli_html_raw(h, "<section id=\"glance\" aria-labelledby=\"glance-title\">\n"
                    "<h2 id=\"glance-title\">At a glance</h2>\n");
    if (has) {
        put_period(h, board->stats);
        put_figures(h, board->stats);
    } else {
        cli_html_raw(h, "<div class=\"grid\">\n");
        cli_html_absent(h, "No request was measured: name a file that generate has written with",
                        "--stats FILE");
        cli_html_raw(h, "</div>\n");
    }
    cli_html_raw(h, "</section>\n");
    return has;
}

/* ---- success */

static void failures_of(const apipie_stats *stats, size_t row, char *ret, size_t size)
{
    apipie_status status;
    size_t at = 0;

    ret[0] = '\0';
    for (size_t n = 0; (status = apipie_stats_error_code(stats, row, n)) != APIPIE_OK; n++) {
        int length = snprintf(ret + at, size - at, "%s%s %s", at == 0 ? "" : ", ",
                              apipie_status_name(status),
                              cli_figure_count(apipie_stats_errors(stats, row, status)).text);

        if (length < 0 || (size_t)length >= size - at)
            return;
        at += (size_t)length;
    }
}

static void success_table(struct cli_html *h, const apipie_stats *stats,
                          const struct cli_rank *ranks, size_t n)
{
    const char *const folded = "Table: success by model";

    cli_html_table(h, folded, "Requests and how they ended, the most used first",
                   "Model|Requests#|Successful#|Success#|Attempts#|Retries#|Failovers#|Failures");
    for (size_t i = 0; i < n; i++) {
        static const int32_t rest[] = {APIPIE_STATS_ATTEMPTS, APIPIE_STATS_RETRIES,
                                       APIPIE_STATS_FAILOVERS};
        int64_t requests = cli_board_figure(stats, ranks[i].row, APIPIE_STATS_REQUESTS);
        int64_t ok = cli_board_figure(stats, ranks[i].row, APIPIE_STATS_REQUESTS_OK);
        char text[320];

        cli_html_row(h);
        cli_board_route(stats, ranks[i].row, text, sizeof text);
        cli_html_name(h, text);
        cli_html_figure_cell(h, cli_figure_count(requests).text);
        cli_html_figure_cell(h, cli_figure_count(ok).text);
        cli_html_figure_cell(h, cli_figure_share(ok, requests).text);
        for (size_t k = 0; k < sizeof rest / sizeof *rest; k++)
            cli_html_figure_cell(
                h, cli_figure_count(cli_board_figure(stats, ranks[i].row, rest[k])).text);
        failures_of(stats, ranks[i].row, text, sizeof text);
        cli_html_words(h, text);
        cli_html_row_end(h);
    }
    cli_html_table_end(h, folded);
}

void cli_board_success(struct cli_html *h, const apipie_stats *stats)
{
    struct cli_bar bars[SHOWN];
    struct cli_summary say = {0};
    size_t n, shown = 0;
    struct cli_rank *ranks = cli_board_rank(h, stats, APIPIE_STATS_REQUESTS, &n);

    cli_summary_add(&say, "Requests that brought a picture, by model.");
    for (; shown < n && shown < SHOWN && ranks[shown].weight > 0; shown++) {
        int64_t ok = cli_board_figure(stats, ranks[shown].row, APIPIE_STATS_REQUESTS_OK);
        struct cli_bar *bar = &bars[shown];

        cli_board_route(stats, ranks[shown].row, bar->name, sizeof bar->name);
        (void)snprintf(bar->value, sizeof bar->value, "%s of %s", cli_figure_count(ok).text,
                       cli_figure_count(ranks[shown].weight).text);
        bar->amount = (int64_t)((double)ok * 1000 / (double)ranks[shown].weight);
        bar->look = bar->amount >= 950   ? CLI_CHART_GOOD
                    : bar->amount >= 800 ? CLI_CHART_WARN
                                         : CLI_CHART_BAD;
        cli_summary_add(&say, " %s: %s.", bar->name, bar->value);
    }
    cli_html_figure(h, "Your requests that brought a picture",
                    n > shown ? "The most used models; the table has all." : NULL);
    cli_chart_bars(h, say.text, bars, shown, 1000);
    success_table(h, stats, ranks, n);
    cli_html_figure_end(h);
    free(ranks);
}

/* ---- money */

static void cost_table(struct cli_html *h, const apipie_stats *stats, const struct cli_rank *ranks,
                       size_t n)
{
    const char *const folded = "Table: cost by model";
    int decimals = 2, each = 2;

    for (size_t i = 0; i < n; i++) {
        int64_t images = cli_board_figure(stats, ranks[i].row, APIPIE_STATS_IMAGES);

        decimals = cli_figure_decimals(ranks[i].weight, decimals);
        each = images > 0 ? cli_figure_few(ranks[i].weight / images, each) : each;
    }
    cli_html_table(h, folded, "What was paid for pictures, the dearest first",
                   "Model|Pictures#|Cost#|Estimated part#|A picture#");
    for (size_t i = 0; i < n; i++) {
        int64_t images = cli_board_figure(stats, ranks[i].row, APIPIE_STATS_IMAGES);
        int64_t guessed = cli_board_figure(stats, ranks[i].row, APIPIE_STATS_COST_ESTIMATED);
        char name[320];

        cli_html_row(h);
        cli_board_route(stats, ranks[i].row, name, sizeof name);
        cli_html_name(h, name);
        cli_html_figure_cell(h, cli_figure_count(images).text);
        cli_html_figure_cell(h, cli_figure_money(ranks[i].weight, decimals).text);
        cli_html_figure_cell(h, cli_figure_money(guessed, decimals).text);
        cli_html_figure_cell(h, images > 0 ? cli_figure_money(ranks[i].weight / images, each).text
                                           : NULL);
        cli_html_row_end(h);
    }
    cli_html_table_end(h, folded);
}

void cli_board_spent(struct cli_html *h, const apipie_stats *stats)
{
    struct cli_bar bars[SHOWN];
    struct cli_summary say = {0};
    size_t n, shown = 0;
    struct cli_rank *ranks = cli_board_rank(h, stats, APIPIE_STATS_COST, &n);
    int decimals = 2;

    cli_summary_add(&say, "Cost by model.");
    for (size_t i = 0; i < n && i < SHOWN; i++)
        decimals = cli_figure_decimals(ranks[i].weight, decimals);
    for (; shown < n && shown < SHOWN && ranks[shown].weight > 0; shown++) {
        struct cli_bar *bar = &bars[shown];

        cli_board_route(stats, ranks[shown].row, bar->name, sizeof bar->name);
        (void)snprintf(bar->value, sizeof bar->value, "%s",
                       cli_figure_money(ranks[shown].weight, decimals).text);
        bar->amount = ranks[shown].weight;
        bar->look = CLI_CHART_PLAIN;
        cli_summary_add(&say, " %s: %s.", bar->name, bar->value);
    }
    cli_html_figure(h, "What was spent, by model", "By your own measurements.");
    if (shown == 0)
        cli_html_element(h, "p", "note", "Nothing was spent.");
    else
        cli_chart_bars(h, say.text, bars, shown, bars[0].amount);
    cost_table(h, stats, ranks, n);
    cli_html_figure_end(h);
    free(ranks);
}
