/* SPDX-License-Identifier: MIT */
/* Knows the dashboard's section about prices and times as they were listed over time; not how charts are drawn. */
#include "board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board_stats.h"
#include "chart.h"

#define MULTIPLES 6   /* models with charts of their own */
#define STEPS     500 /* in one chart */
#define LINES     60  /* in one table */

void cli_board_load_prices(struct cli_board *board, const char *path, struct cli_failure *f)
{
    apipie_status status = apipie_price_history_load(board->client, path, &board->prices);

    if (status == APIPIE_E_MEMORY)
        cli_failure_set(f, status, "", "out of memory", NULL, NULL);
    else if (status != APIPIE_OK)
        cli_failure_set(f, APIPIE_E_FILE, "apipie models --prices FILE writes it",
                        "--prices: cannot be read: ", path, NULL);
}

/* ---- lines by model */

struct line {
    const char *provider, *name;
    size_t index; /* in the history, which is in the order of time */
};

/* The lines of one model. */
struct track {
    const struct line *lines;
    size_t n;
    int64_t first, last; /* prices; APIPIE_UNKNOWN */
    int64_t changes, lowest, highest;
};

static int compare_texts(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

static int compare_names(const struct line *x, const struct line *y)
{
    int order = compare_texts(x->provider, y->provider);

    return order != 0 ? order : compare_texts(x->name, y->name);
}

static int compare_lines(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int order = compare_names(x, y);

    if (order != 0)
        return order;
    return x->index < y->index ? -1 : x->index > y->index;
}

static int64_t value_of(const apipie_price_history *p, const struct line *line, int32_t field)
{
    return apipie_price_history_number(p, line->index, field);
}

static void measure(struct track *t, const apipie_price_history *p)
{
    t->first = t->last = t->lowest = t->highest = APIPIE_UNKNOWN;
    t->changes = 0;
    for (size_t i = 0; i < t->n; i++) {
        int64_t price = value_of(p, &t->lines[i], APIPIE_MODEL_PRICE);

        if (price < 0)
            continue;
        t->changes += t->last >= 0 && price != t->last;
        t->first = t->first < 0 ? price : t->first;
        t->lowest = t->lowest < 0 || price < t->lowest ? price : t->lowest;
        t->highest = price > t->highest ? price : t->highest;
        t->last = price;
    }
}

/* The next model from at on. */
static struct track next_track(const struct line *lines, size_t n, size_t at,
                               const apipie_price_history *p)
{
    struct track t;

    memset(&t, 0, sizeof t);
    t.lines = lines + at;
    while (at + t.n < n && compare_names(&t.lines[0], &t.lines[t.n]) == 0)
        t.n++;
    measure(&t, p);
    return t;
}

/* Those whose price moved most, then those with most lines. */
static int64_t weight_of(const struct track *t)
{
    double spread = t->lowest > 0 ? (double)(t->highest - t->lowest) / (double)t->lowest : 0;

    if (spread > 1000)
        spread = 1000;
    return (int64_t)(spread * 1000000) * 1000000 + (int64_t)(t->n < 999999 ? t->n : 999999);
}

static struct line *sort_lines(const apipie_price_history *p, size_t n)
{
    struct line *lines = calloc(n + 1, sizeof *lines);

    for (size_t i = 0; lines != NULL && i < n; i++) {
        lines[i].provider = apipie_price_history_text(p, i, APIPIE_MODEL_PROVIDER);
        lines[i].name = apipie_price_history_text(p, i, APIPIE_MODEL_NAME);
        lines[i].index = i;
    }
    if (lines != NULL)
        qsort(lines, n, sizeof *lines, compare_lines);
    return lines;
}

/* ---- one model */

static struct cli_figure money(int64_t value)
{
    return cli_figure_money(value, cli_figure_decimals(value, 2));
}

static void track_table(struct cli_html *h, const apipie_price_history *p, const struct track *t,
                        const char *name)
{
    size_t from = t->n > LINES ? t->n - LINES : 0;
    int decimals = 2;
    char folded[400];

    for (size_t i = from; i < t->n; i++)
        decimals = cli_figure_decimals(value_of(p, &t->lines[i], APIPIE_MODEL_PRICE), decimals);
    (void)snprintf(folded, sizeof folded, "Table: what was listed for %s", name);
    cli_html_table(h, folded,
                   from > 0 ? "The last changes of what is listed"
                            : "Each change of what is listed",
                   "Time, UTC|Price#|Seconds#|Available");
    for (size_t i = from; i < t->n; i++) {
        const struct line *line = &t->lines[i];
        int64_t available = value_of(p, line, APIPIE_MODEL_AVAILABLE);

        cli_html_row(h);
        cli_html_name(h, cli_figure_moment(apipie_price_history_time(p, line->index)).text);
        cli_html_figure_cell(
            h, cli_figure_money(value_of(p, line, APIPIE_MODEL_PRICE), decimals).text);
        cli_html_figure_cell(h, cli_figure_seconds(value_of(p, line, APIPIE_MODEL_LATENCY)).text);
        cli_html_cell(h, available == 1 ? "yes" : available == 0 ? "no" : NULL);
        cli_html_row_end(h);
    }
    cli_html_table_end(h, folded);
}

/* Over a chart: what it is of, and how it ends. */
static void put_above(struct cli_html *h, const char *word, int64_t last,
                      struct cli_figure (*form)(int64_t))
{
    cli_html_raw(h, "<p class=\"note above\"><span>");
    cli_html_text(h, word);
    cli_html_raw(h, "</span> <b>");
    cli_html_text(h, last < 0 ? "unknown" : form(last).text);
    cli_html_raw(h, "</b></p>\n");
}

static void steps_chart(struct cli_html *h, const struct cli_board *b, const struct track *t,
                        enum cli_chart_unit unit, const char *name)
{
    const int32_t field = unit == CLI_CHART_MONEY ? APIPIE_MODEL_PRICE : APIPIE_MODEL_LATENCY;
    const char *word = unit == CLI_CHART_MONEY ? "Price of a picture" : "Response time";
    struct cli_figure (*form)(int64_t) = unit == CLI_CHART_MONEY ? money : cli_figure_time;
    struct cli_step *steps = calloc(STEPS, sizeof *steps);
    size_t from = t->n > STEPS ? t->n - STEPS : 0, n = 0;
    struct cli_summary say = {0};
    int64_t start = apipie_price_history_time(b->prices, 0); /* of all, to be compared */
    int64_t before = -2, known = 0;

    if (steps == NULL) {
        h->no_memory = 1;
        return;
    }
    cli_summary_add(&say, "%s of %s over time.", word, name);
    for (size_t i = from; i < t->n; i++) {
        steps[n].time = apipie_price_history_time(b->prices, t->lines[i].index);
        steps[n].value = value_of(b->prices, &t->lines[i], field);
        known += steps[n].value >= 0;
        if (steps[n].value == before)
            continue;
        before = steps[n].value;
        cli_summary_add(&say, " From %s: %s.", cli_figure_day(steps[n].time).text,
                        before < 0 ? "unknown" : form(before).text);
        n++;
    }
    if (known > 0) {
        put_above(h, word, before, form);
        cli_chart_steps(h, say.text, steps, n, start, b->now, unit);
    }
    free(steps);
}

static void track_figure(struct cli_html *h, const struct cli_board *b, const struct track *t)
{
    char name[160], note[160];

    cli_figure_route(t->lines[0].provider, t->lines[0].name, name, sizeof name);
    if (t->changes == 0)
        (void)snprintf(note, sizeof note, "The price has not changed.");
    else if (t->changes == 1)
        (void)snprintf(note, sizeof note, "The price changed once, from %s.", money(t->first).text);
    else
        (void)snprintf(note, sizeof note, "The price changed %s times, between %s and %s.",
                       cli_figure_count(t->changes).text, money(t->lowest).text,
                       money(t->highest).text);
    cli_html_figure(h, name, note);
    steps_chart(h, b, t, CLI_CHART_MONEY, name);
    steps_chart(h, b, t, CLI_CHART_TIME, name);
    track_table(h, b->prices, t, name);
    cli_html_figure_end(h);
}

/* ---- all models */

static void all_table(struct cli_html *h, const apipie_price_history *p, const struct line *lines,
                      size_t n)
{
    const char *const folded = "Table: prices of all models over time";
    int decimals = 2;

    for (size_t i = 0; i < n; i++)
        decimals = cli_figure_decimals(value_of(p, &lines[i], APIPIE_MODEL_PRICE), decimals);
    cli_html_figure_wide(h, "All models",
                         "What was listed first and last, and how often it changed; only what has "
                         "changed has a chart.");
    cli_html_table(h, folded, "Prices of one picture as they were listed first and last",
                   "Model|First price#|Last price#|Lowest#|Highest#|Price changes#|Lines#");
    for (size_t at = 0; at < n;) {
        struct track t = next_track(lines, n, at, p);
        const int64_t prices[] = {t.first, t.last, t.lowest, t.highest};
        char name[320];

        cli_figure_route(t.lines[0].provider, t.lines[0].name, name, sizeof name);
        cli_html_row(h);
        cli_html_name(h, name);
        for (size_t i = 0; i < sizeof prices / sizeof *prices; i++)
            cli_html_figure_cell(h, cli_figure_money(prices[i], decimals).text);
        cli_html_figure_cell(h, cli_figure_count(t.changes).text);
        cli_html_figure_cell(h, cli_figure_count((int64_t)t.n).text);
        cli_html_row_end(h);
        at += t.n;
    }
    cli_html_table_end(h, folded);
    cli_html_figure_end(h);
}

static void put_tracks(struct cli_html *h, const struct cli_board *b, const struct line *lines,
                       size_t n)
{
    struct cli_rank *ranks = calloc(n, sizeof *ranks);
    size_t models = 0, shown = 0;

    if (ranks == NULL) {
        h->no_memory = 1;
        return;
    }
    for (size_t at = 0; at < n; models++) {
        struct track t = next_track(lines, n, at, b->prices);

        ranks[models].row = at;
        ranks[models].weight = weight_of(&t);
        at += t.n;
    }
    cli_rank_sort(ranks, models);
    for (size_t i = 0; i < models && shown < MULTIPLES; i++) {
        struct track t = next_track(lines, n, ranks[i].row, b->prices);

        if (t.n < 2) /* nothing has changed: a chart would be empty */
            continue;
        track_figure(h, b, &t);
        shown++;
    }
    free(ranks);
}

int cli_board_changes(struct cli_html *h, const struct cli_board *b)
{
    size_t n = apipie_price_history_count(b->prices);
    struct line *lines = n > 0 ? sort_lines(b->prices, n) : NULL;

    cli_html_section(h, "changes", "Prices and response times over time",
                     "As the gateway listed them; the models whose price moved most come first.");
    if (n == 0) {
        cli_html_absent(h,
                        b->prices != NULL
                            ? "Nothing is written down yet: each list that is fetched adds to"
                            : "Nothing is known of earlier lists: have them written down with",
                        "--prices FILE");
    } else if (lines == NULL) {
        h->no_memory = 1;
    } else {
        put_tracks(h, b, lines, n);
        all_table(h, b->prices, lines, n);
    }
    free(lines);
    cli_html_section_end(h);
    return n > 0;
}
