/* SPDX-License-Identifier: MIT */
/* Numbers as a reader wants them: money, times, shares, moments. The text is in a buffer of the value, so that several fit one call. */
#ifndef CLI_FIGURE_H
#define CLI_FIGURE_H

#include <stddef.h>
#include <stdint.h>

struct cli_figure {
    char text[40]; /* "" for what is not known */
};

/* 12,345 */
struct cli_figure cli_figure_count(int64_t n);
/* $0.0125, rounded to so many decimals. */
struct cli_figure cli_figure_money(int64_t picodollars, int decimals);
/* How many decimals, 2 to 6, show an amount and those before exactly; begin with 2. */
int cli_figure_decimals(int64_t picodollars, int before);
/* $12.50, $0.018, $0.00295: three digits that count, and no zeros behind them but cents. */
struct cli_figure cli_figure_dollars(int64_t picodollars);
/* How many decimals that takes. */
int cli_figure_few(int64_t picodollars, int before);
/* 850 ms, 3.84 s, 12.5 s, 3 min */
struct cli_figure cli_figure_time(int64_t ms);
/* 3.84 */
struct cli_figure cli_figure_seconds(int64_t ms);
/* 97.5 %, and never 100 % of what is not all. */
struct cli_figure cli_figure_share(int64_t part, int64_t of);
/* 2026-03-01 14:05 */
struct cli_figure cli_figure_moment(int64_t ms);
/* 2026-03-01 */
struct cli_figure cli_figure_day(int64_t ms);
/* 1 Mar */
struct cli_figure cli_figure_short_day(int64_t ms);

/* "provider/model"; "any" for what nobody named. At most size - 1 bytes, whole characters. */
void cli_figure_route(const char *provider, const char *model, char *ret, size_t size);
/* A sum that stays at the highest number. */
int64_t cli_figure_add(int64_t a, int64_t b);

#endif
