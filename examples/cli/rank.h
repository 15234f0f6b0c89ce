/* SPDX-License-Identifier: MIT */
/* Rows in an order of their own: the heaviest first, equal ones as they were. */
#ifndef CLI_RANK_H
#define CLI_RANK_H

#include <stddef.h>
#include <stdint.h>

struct cli_rank {
    size_t row;
    int64_t weight;
};

void cli_rank_sort(struct cli_rank *ranks, size_t n);

#endif
