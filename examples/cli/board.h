/* SPDX-License-Identifier: MIT */
/* What a dashboard is made of, and its sections. Each writes its part of the page and returns 1, or 0 when it had no data and said so. */
#ifndef CLI_BOARD_H
#define CLI_BOARD_H

#include "html_out.h"
#include "options.h"

struct cli_board {
    apipie_client *client;        /* of all that follows */
    apipie_catalog *catalog;      /* never NULL */
    apipie_stats *stats;          /* NULL without --stats */
    apipie_stats *used;           /* what the models are judged by: stats, or what the bills say */
    apipie_history *bills;        /* NULL without --ledger or --history */
    apipie_health *health;        /* NULL without --health */
    apipie_price_history *prices; /* NULL without --prices */
    const char *place;            /* where the models come from */
    const char *trouble;          /* why the gateway could not be asked; NULL */
    int32_t listed;               /* 0: only what the library knows by itself */
    int64_t now;                  /* ms since 1970 */
};

/* Everything before the first section, and after the last. */
void cli_page_begin(struct cli_html *h, const struct cli_board *board);
void cli_page_end(struct cli_html *h);

int cli_board_summary(struct cli_html *h, const struct cli_board *board);
int cli_board_availability(struct cli_html *h, const struct cli_board *board);
int cli_board_health(struct cli_html *h, const struct cli_board *board);
int cli_board_times(struct cli_html *h, const struct cli_board *board);
int cli_board_prices(struct cli_html *h, const struct cli_board *board);
int cli_board_changes(struct cli_html *h, const struct cli_board *board);
int cli_board_costs(struct cli_html *h, const struct cli_board *board);
int cli_board_advice(struct cli_html *h, const struct cli_board *board);

/* What the files hold. */
void cli_board_load_health(struct cli_board *board, const char *path, struct cli_failure *failure);
void cli_board_load_prices(struct cli_board *board, const char *path, struct cli_failure *failure);

#endif
