/* SPDX-License-Identifier: MIT */
/* Knows how rows are put in order; not what they weigh. */
#include "rank.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const struct cli_rank *x = a, *y = b;

    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

void cli_rank_sort(struct cli_rank *ranks, size_t n)
{
    if (n > 1)
        qsort(ranks, n, sizeof *ranks, compare);
}
