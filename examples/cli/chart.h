/* SPDX-License-Identifier: MIT */
/* Charts as SVG in a page: numbers and words in, shapes out. They are as wide as there is room while their words keep their size: across, all is in
 * percent. What a chart says is said in its summary too. */
#ifndef CLI_CHART_H
#define CLI_CHART_H

#include "figure.h"
#include "html_out.h"

enum cli_chart_look {
    CLI_CHART_PLAIN,
    CLI_CHART_GOOD,
    CLI_CHART_WARN,
    CLI_CHART_BAD,
    CLI_CHART_QUIET /* what stands beside what matters */
};

/* A line of words over a bar of amount, up to full. */
struct cli_bar {
    char name[160];
    char value[96]; /* what is told at the right */
    int64_t amount;
    enum cli_chart_look look;
};

void cli_chart_bars(struct cli_html *h, const char *summary, const struct cli_bar *bars, size_t n,
                    int64_t full);

/* From low to high, with a mark in between; mark is negative for none. */
struct cli_range {
    char name[160];
    char value[96];
    int64_t low, mark, high;
};

void cli_chart_ranges(struct cli_html *h, const char *summary, const struct cli_range *ranges,
                      size_t n, int64_t full);

/* Columns side by side on one floor. edge stands at its right edge, NULL or "": nothing. title is what a pointer gets to see. */
struct cli_column {
    int64_t amount;
    struct cli_figure edge, value, title;
};

/* under: the words stand under the columns, not at their edges. */
void cli_chart_columns(struct cli_html *h, const char *summary, const struct cli_column *columns,
                       size_t n, int under);

/* A value that holds until the next one. */
struct cli_step {
    int64_t time, value; /* negative: not known from then on */
};

enum cli_chart_unit { CLI_CHART_MONEY, CLI_CHART_TIME }; /* picodollars, milliseconds */

/* From start to end, and from 0 to the highest value. */
void cli_chart_steps(struct cli_html *h, const char *summary, const struct cli_step *steps,
                     size_t n, int64_t start, int64_t end, enum cli_chart_unit unit);

/* How often it could be used in the last hour, day and week, in per mille; negative: not known. */
struct cli_uptime {
    char name[160];
    char state[32];
    int64_t hour, day, week;
    enum cli_chart_look look;
};

void cli_chart_uptimes(struct cli_html *h, const char *summary, const struct cli_uptime *rows,
                       size_t n);

#endif
