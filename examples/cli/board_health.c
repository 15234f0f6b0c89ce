/* SPDX-License-Identifier: MIT */
/* Knows the dashboard's section about how routes and providers stand; not how charts are drawn. */
#include "board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board_stats.h"
#include "chart.h"
#include "table.h"

#define SHOWN 12

void cli_board_load_health(struct cli_board *board, const char *path, struct cli_failure *f)
{
    apipie_status status = apipie_client_load_health(board->client, path);

    if (status == APIPIE_OK &&
        (board->health = apipie_client_health_snapshot(board->client)) == NULL)
        status = APIPIE_E_MEMORY;
    if (status == APIPIE_E_MEMORY)
        cli_failure_set(f, status, "", "out of memory", NULL, NULL);
    else if (status != APIPIE_OK)
        cli_failure_set(f, APIPIE_E_FILE, "it is what generate --health FILE writes",
                        "--health: cannot be read, or is no such file: ", path, NULL);
}

static int64_t figure(const apipie_health *s, size_t row, int32_t which)
{
    return apipie_health_number(s, row, which);
}

static void name_of(const apipie_health *s, size_t row, char *ret, size_t size)
{
    char where[192];
    const char *provider = cli_table_where(apipie_health_text(s, row, APIPIE_HEALTH_BACKEND),
                                           apipie_health_text(s, row, APIPIE_HEALTH_PROVIDER_NAME),
                                           where, sizeof where);
    const char *model = apipie_health_text(s, row, APIPIE_HEALTH_MODEL);

    if (figure(s, row, APIPIE_HEALTH_SCOPE) == APIPIE_HEALTH_ROUTE)
        cli_figure_route(provider, model, ret, size);
    else if (figure(s, row, APIPIE_HEALTH_SCOPE) == APIPIE_HEALTH_GROUP)
        (void)snprintf(ret, size, "%.140s models", model);
    else
        (void)snprintf(ret, size, "%.150s", provider[0] != '\0' ? provider : "any");
}

static const char *warning_of(const apipie_health *s, size_t row)
{
    switch (figure(s, row, APIPIE_HEALTH_WARNING)) {
    case APIPIE_HEALTH_WARNING_ERRORS:
        return "more failures than usual";
    case APIPIE_HEALTH_WARNING_LATENCY:
        return "slower than usual";
    default:
        return NULL;
    }
}

static enum cli_chart_look look_of(int64_t state)
{
    switch (state) {
    case APIPIE_HEALTH_HEALTHY:
        return CLI_CHART_GOOD;
    case APIPIE_HEALTH_DEGRADED:
        return CLI_CHART_WARN;
    case APIPIE_HEALTH_DOWN:
        return CLI_CHART_BAD;
    default:
        return CLI_CHART_QUIET;
    }
}

/* ---- the table */

static struct cli_figure share(int64_t per_mille)
{
    return cli_figure_share(per_mille, 1000);
}

static void table_row(struct cli_html *h, const apipie_health *s, size_t row)
{
    static const int32_t uptimes[] = {APIPIE_HEALTH_SUCCESS, APIPIE_HEALTH_UPTIME_HOUR,
                                      APIPIE_HEALTH_UPTIME_DAY, APIPIE_HEALTH_UPTIME_WEEK};
    char name[320];

    name_of(s, row, name, sizeof name);
    cli_html_row(h);
    cli_html_name(h, name);
    cli_html_cell(h, apipie_health_name((int32_t)figure(s, row, APIPIE_HEALTH_STATE)));
    for (size_t k = 0; k < sizeof uptimes / sizeof *uptimes; k++)
        cli_html_figure_cell(h, share(figure(s, row, uptimes[k])).text);
    cli_html_figure_cell(h, cli_figure_count(figure(s, row, APIPIE_HEALTH_CALLS)).text);
    cli_html_figure_cell(h, cli_figure_seconds(figure(s, row, APIPIE_HEALTH_P50_MS)).text);
    cli_html_figure_cell(h, cli_figure_seconds(figure(s, row, APIPIE_HEALTH_BASELINE_MS)).text);
    cli_html_cell(h, cli_figure_moment(figure(s, row, APIPIE_HEALTH_SINCE_MS)).text);
    cli_html_words(h, warning_of(s, row));
    cli_html_words(h, apipie_health_text(s, row, APIPIE_HEALTH_REASON));
    cli_html_row_end(h);
}

static void table(struct cli_html *h, const apipie_health *s, const struct cli_rank *ranks,
                  size_t n, const char *folded)
{
    cli_html_table(h, folded, "Uptime: minutes in which it could be used, of those that were seen",
                   "Name|State|Success now#|Uptime, hour#|Day#|Week#|Calls now#|Median s#|Usual s#|"
                   "State since, UTC|Early warning|Reason");
    for (size_t i = 0; i < n; i++)
        table_row(h, s, ranks[i].row);
    cli_html_table_end(h, folded);
}

/* ---- charts */

static void fill(struct cli_uptime *u, const apipie_health *s, size_t row, struct cli_summary *say)
{
    int64_t state = figure(s, row, APIPIE_HEALTH_STATE);
    const char *warning = warning_of(s, row);

    name_of(s, row, u->name, sizeof u->name);
    (void)snprintf(u->state, sizeof u->state, "%s%s", apipie_health_name((int32_t)state),
                   warning != NULL ? " !" : "");
    u->look = look_of(state);
    u->hour = figure(s, row, APIPIE_HEALTH_UPTIME_HOUR);
    u->day = figure(s, row, APIPIE_HEALTH_UPTIME_DAY);
    u->week = figure(s, row, APIPIE_HEALTH_UPTIME_WEEK);
    cli_summary_add(say, " %s: %s%s%s; last hour %s, day %s, week %s.", u->name,
                    apipie_health_name((int32_t)state), warning != NULL ? ", " : "",
                    warning != NULL ? warning : "", u->hour < 0 ? "unknown" : share(u->hour).text,
                    u->day < 0 ? "unknown" : share(u->day).text,
                    u->week < 0 ? "unknown" : share(u->week).text);
}

/* By state, then by what is known of the week. */
static int64_t badness(const apipie_health *s, size_t row)
{
    int64_t week = figure(s, row, APIPIE_HEALTH_UPTIME_WEEK);

    return figure(s, row, APIPIE_HEALTH_STATE) * 10000 + (week >= 0 ? 1000 - week : 0);
}

/* The rows of a scope, the worst first. */
static size_t rank(struct cli_rank *ranks, const apipie_health *s, int routes)
{
    size_t n = 0;

    for (size_t row = 0; row < apipie_health_count(s); row++) {
        if ((figure(s, row, APIPIE_HEALTH_SCOPE) == APIPIE_HEALTH_ROUTE) != routes)
            continue;
        ranks[n].row = row;
        ranks[n].weight = badness(s, row);
        n++;
    }
    cli_rank_sort(ranks, n);
    return n;
}

static void scope(struct cli_html *h, const apipie_health *s, int routes)
{
    struct cli_rank *ranks = calloc(apipie_health_count(s) + 1, sizeof *ranks);
    struct cli_uptime rows[SHOWN];
    struct cli_summary say = {0};
    size_t n, shown = 0;

    if (ranks == NULL) {
        h->no_memory = 1;
        return;
    }
    n = rank(ranks, s, routes);
    cli_summary_add(&say, "State and uptime of %s.", routes ? "models" : "providers and groups");
    for (; shown < n && shown < SHOWN; shown++)
        fill(&rows[shown], s, ranks[shown].row, &say);
    if (n > 0) {
        cli_html_figure(h, routes ? "Models" : "Providers and groups",
                        n > shown ? "Uptime, the worst first; the table has all."
                                  : "Uptime, the worst first.");
        cli_chart_uptimes(h, say.text, rows, shown);
        table(h, s, ranks, n,
              routes ? "Table: health of models" : "Table: health of providers and groups");
        cli_html_figure_end(h);
    }
    free(ranks);
}

int cli_board_health(struct cli_html *h, const struct cli_board *board)
{
    int has = apipie_health_count(board->health) > 0;

    cli_html_section(h, "health", "Health",
                     "By the calls of the last 15 minutes, and what is known of a week. An "
                     "exclamation mark is an early warning: worse than usual.");
    if (has) {
        scope(h, board->health, 0);
        scope(h, board->health, 1);
    } else {
        cli_html_absent(h,
                        board->health != NULL
                            ? "No call was judged so far by what was named with"
                            : "Nothing is known of health: name a file that generate has written "
                              "with",
                        "--health FILE");
    }
    cli_html_section_end(h);
    return has;
}
