/* SPDX-License-Identifier: MIT */
/* Knows the dashboard's section about money that was spent; not how charts are drawn. */
#include "board.h"

#include "board_stats.h"

int cli_board_costs(struct cli_html *h, const struct cli_board *board)
{
    int measured = board->stats != NULL && cli_board_sum(board->stats, APIPIE_STATS_REQUESTS) > 0;

    cli_html_section(h, "costs", "Costs", "What was paid for pictures.");
    cli_html_absent(h, "Costs over time are not in this version.", NULL);
    if (measured)
        cli_board_spent(h, board->stats);
    else
        cli_html_absent(h, "No request was measured: name a file that generate has written with",
                        "--stats FILE");
    cli_html_section_end(h);
    return measured;
}
