/* SPDX-License-Identifier: MIT */
/* Knows the dashboard's section about how routes and providers stand; not how charts are drawn. */
#include "board.h"

int cli_board_health(struct cli_html *h, const struct cli_board *board)
{
    (void)board;
    cli_html_section(h, "health", "Health", NULL);
    cli_html_absent(h, "Health is not in this version.", NULL);
    cli_html_section_end(h);
    return 0;
}
