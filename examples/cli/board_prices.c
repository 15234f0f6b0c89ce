/* SPDX-License-Identifier: MIT */
/* Knows the dashboard's section that compares prices and models; not how charts are drawn. */
#include "board.h"

#include <stdio.h>
#include <stdlib.h>

#include "board_stats.h"
#include "chart.h"

#define GROUPS 12
#define BEST   8

static int64_t figure(const apipie_comparison *c, size_t row, int32_t which)
{
    return apipie_comparison_number(c, row, which);
}

/* ---- groups side by side */

static int decimals_of(const apipie_comparison *c)
{
    int decimals = 2;

    for (size_t i = 0; i < apipie_comparison_count(c); i++) {
        decimals = cli_figure_decimals(figure(c, i, APIPIE_COMPARE_PRICE_LOW), decimals);
        decimals = cli_figure_decimals(figure(c, i, APIPIE_COMPARE_PRICE_MEDIAN), decimals);
        decimals = cli_figure_decimals(figure(c, i, APIPIE_COMPARE_PRICE_HIGH), decimals);
    }
    return decimals;
}

static void group_table(struct cli_html *h, const apipie_comparison *c, const char *what)
{
    static const int32_t prices[] = {APIPIE_COMPARE_PRICE_LOW, APIPIE_COMPARE_PRICE_MEDIAN,
                                     APIPIE_COMPARE_PRICE_HIGH};
    static const int32_t times[] = {APIPIE_COMPARE_LATENCY_MEDIAN, APIPIE_COMPARE_P50,
                                    APIPIE_COMPARE_P95};
    int decimals = decimals_of(c), own = decimals;
    char folded[64];

    for (size_t i = 0; i < apipie_comparison_count(c); i++)
        own = cli_figure_few(figure(c, i, APIPIE_COMPARE_PRICE_OWN), own);
    (void)snprintf(folded, sizeof folded, "Table: prices %s", what);
    cli_html_table(
        h, folded,
        "Listed prices of one picture of 1024x1024, listed seconds, and what you measured",
        "Group|Models#|Cheapest#|Median#|Dearest#|You paid#|Listed s#|Your p50 s#|Your "
        "p95 s#|Success#");
    for (size_t i = 0; i < apipie_comparison_count(c); i++) {
        const char *name = apipie_comparison_text(c, i);

        cli_html_row(h);
        cli_html_name(h, name != NULL ? name : "unknown");
        cli_html_figure_cell(h, cli_figure_count(figure(c, i, APIPIE_COMPARE_MODELS)).text);
        for (size_t k = 0; k < sizeof prices / sizeof *prices; k++)
            cli_html_figure_cell(h, cli_figure_money(figure(c, i, prices[k]), decimals).text);
        cli_html_figure_cell(h, cli_figure_money(figure(c, i, APIPIE_COMPARE_PRICE_OWN), own).text);
        for (size_t k = 0; k < sizeof times / sizeof *times; k++)
            cli_html_figure_cell(h, cli_figure_seconds(figure(c, i, times[k])).text);
        cli_html_figure_cell(
            h, cli_figure_share(figure(c, i, APIPIE_COMPARE_OK), figure(c, i, APIPIE_COMPARE_TRIES))
                   .text);
        cli_html_row_end(h);
    }
    cli_html_table_end(h, folded);
}

static void fill_range(struct cli_range *r, const apipie_comparison *c, size_t i, int decimals)
{
    const char *name = apipie_comparison_text(c, i);

    r->low = figure(c, i, APIPIE_COMPARE_PRICE_LOW);
    r->mark = figure(c, i, APIPIE_COMPARE_PRICE_MEDIAN);
    r->high = figure(c, i, APIPIE_COMPARE_PRICE_HIGH);
    (void)snprintf(r->name, sizeof r->name, "%.150s", name != NULL ? name : "unknown");
    if (r->low == r->high)
        (void)snprintf(r->value, sizeof r->value, "%s", cli_figure_money(r->low, decimals).text);
    else
        (void)snprintf(r->value, sizeof r->value, "%s \u2013 %s",
                       cli_figure_money(r->low, decimals).text,
                       cli_figure_money(r->high, decimals).text);
}

static void groups(struct cli_html *h, const struct cli_board *board, int32_t by, const char *what)
{
    apipie_comparison *c = apipie_compare(board->catalog, board->used, by);
    struct cli_range ranges[GROUPS];
    struct cli_summary say = {0};
    int64_t highest = 1;
    size_t shown = 0;
    char title[64];

    if (c == NULL) {
        h->no_memory = 1;
        return;
    }
    (void)snprintf(title, sizeof title, "Prices %s", what);
    cli_summary_add(&say, "%s, of one picture.", title);
    for (size_t i = 0; i < apipie_comparison_count(c) && shown < GROUPS; i++) {
        struct cli_range *r = &ranges[shown];

        if (figure(c, i, APIPIE_COMPARE_PRICED) <= 0)
            continue;
        fill_range(r, c, i, decimals_of(c));
        highest = r->high > highest ? r->high : highest;
        cli_summary_add(&say, " %s: %s, median %s.", r->name, r->value,
                        cli_figure_money(r->mark, decimals_of(c)).text);
        shown++;
    }
    cli_html_figure(h, title,
                    shown > 0 ? "From the cheapest to the dearest model; the dot is the median."
                              : "No price is listed.");
    if (shown > 0)
        cli_chart_ranges(h, say.text, ranges, shown, highest);
    group_table(h, c, what);
    cli_html_figure_end(h);
    (void)apipie_comparison_unref(c);
}

/* ---- all models */

static void rank_row(struct cli_html *h, const apipie_choice *choice, size_t i, int decimals)
{
    char name[320];

    cli_figure_route(apipie_choice_text(choice, i, APIPIE_MODEL_PROVIDER),
                     apipie_choice_text(choice, i, APIPIE_MODEL_NAME), name, sizeof name);
    cli_html_row(h);
    cli_html_name(h, name);
    cli_html_figure_cell(
        h, cli_figure_count(apipie_choice_number(choice, i, APIPIE_CHOICE_SCORE)).text);
    cli_html_cell(h, apipie_choice_text(choice, i, APIPIE_MODEL_FAMILY));
    cli_html_cell(h, apipie_choice_text(choice, i, APIPIE_MODEL_SPECIALITY));
    cli_html_figure_cell(
        h, cli_figure_money(apipie_choice_number(choice, i, APIPIE_CHOICE_PRICE), decimals).text);
    cli_html_figure_cell(
        h, cli_figure_seconds(apipie_choice_number(choice, i, APIPIE_CHOICE_LATENCY)).text);
    cli_html_figure_cell(
        h, cli_figure_seconds(apipie_choice_number(choice, i, APIPIE_CHOICE_P95)).text);
    cli_html_figure_cell(h, cli_figure_share(apipie_choice_number(choice, i, APIPIE_CHOICE_OK),
                                             apipie_choice_number(choice, i, APIPIE_CHOICE_TRIES))
                                .text);
    cli_html_row_end(h);
}

static void rank_table(struct cli_html *h, const apipie_choice *choice)
{
    const char *const folded = "Table: all models that can be chosen";
    int decimals = 2;

    for (size_t i = 0; i < apipie_choice_count(choice); i++)
        decimals = cli_figure_few(apipie_choice_number(choice, i, APIPIE_CHOICE_PRICE), decimals);
    cli_html_table(h, folded,
                   "The best balance of price, time and reliability first; figures join what is "
                   "listed and what you measured",
                   "Model|Score#|Family|Speciality|Price#|Typical s#|p95 s#|Success#");
    for (size_t i = 0; i < apipie_choice_count(choice); i++)
        rank_row(h, choice, i, decimals);
    cli_html_table_end(h, folded);
}

static void rejected_table(struct cli_html *h, const apipie_choice *choice)
{
    const char *const folded = "Table: models that cannot be chosen, and why";

    if (apipie_choice_rejected_count(choice) == 0)
        return;
    cli_html_table(h, folded, "Models that cannot be chosen", "Model|Reason");
    for (size_t i = 0; i < apipie_choice_rejected_count(choice); i++) {
        char name[320];

        cli_figure_route(apipie_choice_rejected_text(choice, i, APIPIE_MODEL_PROVIDER),
                         apipie_choice_rejected_text(choice, i, APIPIE_MODEL_NAME), name,
                         sizeof name);
        cli_html_row(h);
        cli_html_name(h, name);
        (void)apipie_choice_reason(choice, i, name, sizeof name);
        cli_html_words(h, name);
        cli_html_row_end(h);
    }
    cli_html_table_end(h, folded);
}

static void best(struct cli_html *h, const apipie_choice *choice)
{
    struct cli_bar bars[BEST];
    struct cli_summary say = {0};
    size_t n = apipie_choice_count(choice), shown = 0;

    cli_summary_add(&say, "The best models by price, time and reliability together, of 1,000.");
    for (; shown < n && shown < BEST; shown++) {
        struct cli_bar *bar = &bars[shown];

        cli_figure_route(apipie_choice_text(choice, shown, APIPIE_MODEL_PROVIDER),
                         apipie_choice_text(choice, shown, APIPIE_MODEL_NAME), bar->name,
                         sizeof bar->name);
        bar->amount = apipie_choice_number(choice, shown, APIPIE_CHOICE_SCORE);
        bar->look = CLI_CHART_PLAIN;
        (void)snprintf(bar->value, sizeof bar->value, "%s", cli_figure_count(bar->amount).text);
        cli_summary_add(&say, " %s: %s.", bar->name, bar->value);
    }
    cli_html_figure(h, "Best balance",
                    "Price, time and reliability weigh the same; 1,000 would be the best of each.");
    cli_chart_bars(h, say.text, bars, shown, 1000);
    rank_table(h, choice);
    rejected_table(h, choice);
    cli_html_figure_end(h);
}

/* Of what is listed: that the library knows more is no news here. NULL without memory. */
static apipie_choice *choose(const struct cli_board *board)
{
    apipie_catalog *listed = apipie_catalog_where_number(board->catalog, APIPIE_MODEL_LIVE, 1, 1);
    apipie_need *need = apipie_need_new(board->client);
    apipie_choice *choice =
        listed != NULL && need != NULL ? apipie_choose(listed, board->used, need) : NULL;

    (void)apipie_need_unref(need);
    (void)apipie_catalog_unref(listed);
    return choice;
}

int cli_board_prices(struct cli_html *h, const struct cli_board *board)
{
    apipie_choice *choice = board->listed ? choose(board) : NULL;

    cli_html_section(h, "prices", "Prices",
                     "US dollars for one picture of 1024x1024, as the gateway lists them.");
    if (!board->listed) {
        cli_html_absent(h,
                        "Prices are not listed in the built-in models: let the gateway be asked, "
                        "or name its list with",
                        "--models FILE");
    } else if (choice == NULL) {
        h->no_memory = 1;
    } else {
        groups(h, board, APIPIE_MODEL_PROVIDER, "by provider");
        groups(h, board, APIPIE_MODEL_FAMILY, "by family");
        groups(h, board, APIPIE_MODEL_SPECIALITY, "by speciality");
        best(h, choice);
    }
    (void)apipie_choice_unref(choice);
    cli_html_section_end(h);
    return board->listed;
}
