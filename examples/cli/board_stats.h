/* SPDX-License-Identifier: MIT */
/* What the sections about measurements share. */
#ifndef CLI_BOARD_STATS_H
#define CLI_BOARD_STATS_H

#include "board.h"
#include "rank.h"
#include "summary.h"

/* Times of several routes in the buckets of the statistics. */
struct cli_times {
    int64_t bucket[APIPIE_STATS_BUCKETS], bound[APIPIE_STATS_BUCKETS];
    int64_t count;
};

void cli_times_of(struct cli_times *times, const apipie_stats *stats, size_t row, int32_t which);
void cli_times_sum(struct cli_times *times, const apipie_stats *stats, int32_t which);
/* As apipie_stats_quantile() gives it; APIPIE_UNKNOWN when nothing was counted. */
int64_t cli_times_quantile(const struct cli_times *times, int32_t per_mille);

/* 0 for what is not known. */
int64_t cli_board_figure(const apipie_stats *stats, size_t row, int32_t which);
int64_t cli_board_sum(const apipie_stats *stats, int32_t which);
/* "provider/model" */
void cli_board_route(const apipie_stats *stats, size_t row, char *ret, size_t size);
/* All rows, the highest of a figure first, to be freed; NULL and no rows without memory. */
struct cli_rank *cli_board_rank(struct cli_html *h, const apipie_stats *stats, int32_t which,
                                size_t *ret_n);

/* Figures: success by route, cost by route. */
void cli_board_success(struct cli_html *h, const apipie_stats *stats);
void cli_board_spent(struct cli_html *h, const apipie_stats *stats);

#endif
