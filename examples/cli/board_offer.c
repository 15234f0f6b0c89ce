/* SPDX-License-Identifier: MIT */
/* Knows the dashboard's sections about what is offered: availability, recommendations; not how charts are drawn. */
#include "board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board_stats.h"
#include "chart.h"

#define PROVIDERS 16
#define ADVICES   6

/* ---- availability */

struct offered {
    const char *provider;
    int64_t models, available, down, off, unknown;
    char missing[200]; /* some that are not available */
};

static int is_of_pictures(const apipie_catalog *c, size_t i)
{
    const char *type = apipie_catalog_text(c, i, APIPIE_MODEL_TYPE);

    return apipie_catalog_number(c, i, APIPIE_MODEL_LIVE) == 1 &&
           (type == NULL || strcmp(type, "image") == 0);
}

static void note_missing(struct offered *o, const char *name)
{
    size_t at = strlen(o->missing), room = sizeof o->missing - at;

    if (name != NULL && strlen(name) + 3 < room)
        (void)snprintf(o->missing + at, room, "%s%s", at == 0 ? "" : ", ", name);
}

static void count_model(struct offered *o, const apipie_catalog *c, size_t i)
{
    int64_t enabled = apipie_catalog_number(c, i, APIPIE_MODEL_ENABLED);
    int64_t available = apipie_catalog_number(c, i, APIPIE_MODEL_AVAILABLE);

    o->models++;
    if (enabled == 0)
        o->off++;
    else if (available == 0)
        o->down++;
    else if (available == 1)
        o->available++;
    else
        o->unknown++;
    if (enabled == 0 || available == 0)
        note_missing(o, apipie_catalog_text(c, i, APIPIE_MODEL_NAME));
}

/* 0 past the last provider. */
static int count_provider(struct offered *o, apipie_catalog *catalog, size_t n)
{
    apipie_catalog *group;

    memset(o, 0, sizeof *o);
    group = apipie_catalog_group(catalog, APIPIE_MODEL_PROVIDER, n, &o->provider);
    if (group == NULL)
        return 0;
    for (size_t i = 0; i < apipie_catalog_count(group); i++)
        if (is_of_pictures(group, i))
            count_model(o, group, i);
    (void)apipie_catalog_unref(group);
    return 1;
}

static void offered_table(struct cli_html *h, apipie_catalog *catalog)
{
    const char *const folded = "Table: models by provider";
    struct offered o;

    cli_html_table(h, folded, "Models of pictures, as they are listed",
                   "Provider|Models#|Available#|Down#|Switched off#|Unknown#|Not available");
    for (size_t n = 0; count_provider(&o, catalog, n); n++) {
        if (o.models == 0)
            continue;
        cli_html_row(h);
        cli_html_name(h, o.provider);
        cli_html_figure_cell(h, cli_figure_count(o.models).text);
        cli_html_figure_cell(h, cli_figure_count(o.available).text);
        cli_html_figure_cell(h, cli_figure_count(o.down).text);
        cli_html_figure_cell(h, cli_figure_count(o.off).text);
        cli_html_figure_cell(h, cli_figure_count(o.unknown).text);
        cli_html_words(h, o.missing);
        cli_html_row_end(h);
    }
    cli_html_table_end(h, folded);
}

static void offered_figure(struct cli_html *h, apipie_catalog *catalog)
{
    struct cli_bar bars[PROVIDERS];
    struct cli_summary say = {0};
    struct offered o;
    size_t shown = 0;

    cli_summary_add(&say, "Models that the gateway lists as available, by provider.");
    for (size_t n = 0; shown < PROVIDERS && count_provider(&o, catalog, n); n++) {
        struct cli_bar *bar = &bars[shown];

        if (o.models == 0)
            continue;
        (void)snprintf(bar->name, sizeof bar->name, "%.150s",
                       o.provider != NULL ? o.provider : "any");
        (void)snprintf(bar->value, sizeof bar->value, "%s of %s",
                       cli_figure_count(o.available).text, cli_figure_count(o.models).text);
        bar->amount = o.available * 1000 / o.models;
        bar->look = o.available == 0                 ? CLI_CHART_BAD
                    : o.available + o.off < o.models ? CLI_CHART_WARN
                                                     : CLI_CHART_GOOD;
        cli_summary_add(&say, " %s: %s.", bar->name, bar->value);
        shown++;
    }
    cli_html_figure(h, "Models available now", "As the gateway lists them.");
    cli_chart_bars(h, say.text, bars, shown, 1000);
    offered_table(h, catalog);
    cli_html_figure_end(h);
}

int cli_board_availability(struct cli_html *h, const struct cli_board *board)
{
    int measured = board->stats != NULL && cli_board_sum(board->stats, APIPIE_STATS_REQUESTS) > 0;

    cli_html_section(h, "availability", "Availability",
                     "What is offered at this moment, and what became of your own requests.");
    if (board->listed)
        offered_figure(h, board->catalog);
    else
        cli_html_absent(h,
                        "Availability is not listed in the built-in models: let the gateway be "
                        "asked, or name its list with",
                        "--models FILE");
    if (measured)
        cli_board_success(h, board->stats);
    else
        cli_html_absent(h, "No request was measured: name a file that generate has written with",
                        "--stats FILE");
    cli_html_section_end(h);
    return board->listed || measured;
}

/* ---- recommendations */

static int64_t figure(const apipie_advice *a, size_t i, int32_t which)
{
    return apipie_advice_number(a, i, which);
}

static int is_cheaper(const apipie_advice *a, size_t i)
{
    return figure(a, i, APIPIE_ADVICE_KIND) == APIPIE_ADVICE_CHEAPER;
}

static void model_of(const apipie_advice *a, size_t i, int32_t better, char *ret, size_t size)
{
    cli_figure_route(apipie_advice_text(a, i, better, APIPIE_MODEL_PROVIDER),
                     apipie_advice_text(a, i, better, APIPIE_MODEL_NAME), ret, size);
}

/* "you have not tried it yet", "9 of your 10 requests to it succeeded" */
static void tried(const apipie_advice *a, size_t i, char *ret, size_t size)
{
    int64_t tries = figure(a, i, APIPIE_ADVICE_TRIES);

    if (tries > 0)
        (void)snprintf(ret, size, "%s of your %s requests to it succeeded",
                       cli_figure_count(figure(a, i, APIPIE_ADVICE_OK)).text,
                       cli_figure_count(tries).text);
    else
        (void)snprintf(ret, size, "you have not tried it yet");
}

static void put_sentence(struct cli_html *h, const apipie_advice *a, size_t i)
{
    char used[160], better[160], proof[128], text[512];

    model_of(a, i, 0, used, sizeof used);
    model_of(a, i, 1, better, sizeof better);
    tried(a, i, proof, sizeof proof);
    cli_html_raw(h, "<li><b>");
    cli_html_text(h, better);
    cli_html_raw(h, "</b> in place of ");
    cli_html_text(h, used);
    if (is_cheaper(a, i))
        (void)snprintf(text, sizeof text,
                       " would have saved %s over %s pictures (%s instead of %s each); %s.",
                       cli_figure_dollars(figure(a, i, APIPIE_ADVICE_SAVED)).text,
                       cli_figure_count(figure(a, i, APIPIE_ADVICE_IMAGES)).text,
                       cli_figure_dollars(figure(a, i, APIPIE_ADVICE_PRICE_BETTER)).text,
                       cli_figure_dollars(figure(a, i, APIPIE_ADVICE_PRICE_USED)).text, proof);
    else
        (void)snprintf(text, sizeof text,
                       " would have been %s faster a request (%s instead of %s); %s.",
                       cli_figure_time(figure(a, i, APIPIE_ADVICE_SAVED)).text,
                       cli_figure_time(figure(a, i, APIPIE_ADVICE_LATENCY_BETTER)).text,
                       cli_figure_time(figure(a, i, APIPIE_ADVICE_LATENCY_USED)).text, proof);
    cli_html_text(h, text);
    cli_html_raw(h, "</li>\n");
}

static void advice_table(struct cli_html *h, const apipie_advice *a)
{
    const char *const folded = "Table: all recommendations";

    cli_html_table(
        h, folded, "What was used, and the equal model that would have been better",
        "Used|Better|Kind|Pictures#|Price used#|Price better#|Time used, s#|Time better, "
        "s#|Saves#|Tried#");
    for (size_t i = 0; i < apipie_advice_count(a); i++) {
        int64_t saved = figure(a, i, APIPIE_ADVICE_SAVED);
        char name[320];

        cli_html_row(h);
        model_of(a, i, 0, name, sizeof name);
        cli_html_name(h, name);
        model_of(a, i, 1, name, sizeof name);
        cli_html_words(h, name);
        cli_html_cell(h, is_cheaper(a, i) ? "cheaper" : "faster");
        cli_html_figure_cell(h, cli_figure_count(figure(a, i, APIPIE_ADVICE_IMAGES)).text);
        cli_html_figure_cell(h, cli_figure_dollars(figure(a, i, APIPIE_ADVICE_PRICE_USED)).text);
        cli_html_figure_cell(h, cli_figure_dollars(figure(a, i, APIPIE_ADVICE_PRICE_BETTER)).text);
        cli_html_figure_cell(h, cli_figure_seconds(figure(a, i, APIPIE_ADVICE_LATENCY_USED)).text);
        cli_html_figure_cell(h,
                             cli_figure_seconds(figure(a, i, APIPIE_ADVICE_LATENCY_BETTER)).text);
        cli_html_figure_cell(h, is_cheaper(a, i) ? cli_figure_dollars(saved).text
                                                 : cli_figure_time(saved).text);
        cli_html_figure_cell(h, cli_figure_count(figure(a, i, APIPIE_ADVICE_TRIES)).text);
        cli_html_row_end(h);
    }
    cli_html_table_end(h, folded);
}

/* 0 when nothing is cheaper: there is no chart then. */
static int advice_figure(struct cli_html *h, const apipie_advice *a)
{
    struct cli_bar bars[2 * ADVICES];
    struct cli_summary say = {0};
    int64_t highest = 1;
    size_t n = 0;

    cli_summary_add(&say, "Price of a picture, used and better.");
    for (size_t i = 0; i < apipie_advice_count(a) && n < 2 * ADVICES; i++) {
        if (!is_cheaper(a, i))
            continue;
        for (int32_t better = 0; better < 2; better++) {
            struct cli_bar *bar = &bars[n++];

            model_of(a, i, better, bar->name, sizeof bar->name);
            bar->amount =
                figure(a, i, better ? APIPIE_ADVICE_PRICE_BETTER : APIPIE_ADVICE_PRICE_USED);
            bar->look = better ? CLI_CHART_PLAIN : CLI_CHART_QUIET;
            (void)snprintf(bar->value, sizeof bar->value, "%s %s", better ? "better" : "used",
                           cli_figure_dollars(bar->amount).text);
            highest = bar->amount > highest ? bar->amount : highest;
            cli_summary_add(&say, " %s, %s.", bar->name, bar->value);
        }
    }
    if (n == 0)
        return 0;
    cli_html_figure(h, "A picture's price, used and better", "What would save most comes first.");
    cli_chart_bars(h, say.text, bars, n, highest);
    advice_table(h, a);
    cli_html_figure_end(h);
    return 1;
}

static void put_advice(struct cli_html *h, const apipie_advice *a)
{
    size_t n = apipie_advice_count(a);
    char text[128];

    if (n == 0) {
        (void)snprintf(text, sizeof text, "Nothing better is known for the %zu %s you used.",
                       apipie_advice_looked(a), apipie_advice_looked(a) == 1 ? "model" : "models");
        cli_html_figure_wide(h, "As it is, it is good", text);
        cli_html_figure_end(h);
        return;
    }
    cli_html_figure(h, "What would have been better", NULL);
    cli_html_raw(h, "<ul class=\"say\">\n");
    for (size_t i = 0; i < n && i < ADVICES; i++)
        put_sentence(h, a, i);
    cli_html_raw(h, "</ul>\n");
    cli_html_figure_end(h);
    if (!advice_figure(h, a)) {
        cli_html_figure(h, "Side by side", "What was used, and what would have been faster.");
        advice_table(h, a);
        cli_html_figure_end(h);
    }
}

int cli_board_advice(struct cli_html *h, const struct cli_board *board)
{
    int used = board->used != NULL && cli_board_sum(board->used, APIPIE_STATS_IMAGES) > 0;
    apipie_advice *advice = used ? apipie_recommend(board->catalog, board->used) : NULL;

    cli_html_section(h, "advice", "Recommendations",
                     "Equal means: of the same family and speciality, as large, and no less "
                     "reliable for you.");
    if (!used)
        cli_html_absent(h, "No picture was drawn: name a file that generate has written with",
                        "--stats FILE, or --ledger FILE");
    else if (advice == NULL)
        h->no_memory = 1;
    else
        put_advice(h, advice);
    (void)apipie_advice_unref(advice);
    cli_html_section_end(h);
    return used;
}
