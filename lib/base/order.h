/* SPDX-License-Identifier: MIT */
/* Numbers of rows in an order. */
#ifndef PIE_ORDER_H
#define PIE_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/* Below, equal, above 0. */
typedef int32_t (*pie_order)(const void *user, uint32_t a, uint32_t b);
/* Stable; scratch holds n. */
void pie_order_sort(uint32_t *v, uint32_t *scratch, size_t n, pie_order order, const void *user);
/* A copy of the rows in that order, which looks at the old ones; NULL without memory. */
void *pie_order_rows(const struct pie_mem *mem, const void *rows, size_t n, size_t size,
                     pie_order order, const void *user);
int32_t pie_order_text(const char *a, const char *b); /* without case, then with it */

#endif
