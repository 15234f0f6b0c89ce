/* SPDX-License-Identifier: MIT */
/* Knows how to put numbers of rows in an order; must not know what the rows hold. */
#include "base/base.h"

static void order_merge(const uint32_t *from, uint32_t *to, size_t low, size_t middle, size_t high,
                        pie_order order, const void *user)
{
    size_t left = low;
    size_t right = middle;
    for (size_t i = low; i < high; i++) {
        int32_t take_left = right >= high;
        if (left < middle && right < high)
            take_left = order(user, from[left], from[right]) <= 0;
        to[i] = take_left ? from[left++] : from[right++];
    }
}

void pie_order_sort(uint32_t *v, uint32_t *scratch, size_t n, pie_order order, const void *user)
{
    uint32_t *from = v;
    uint32_t *to = scratch;
    for (size_t run = 1; run < n; run *= 2) {
        for (size_t low = 0; low < n; low += 2 * run) {
            size_t middle = low + run < n ? low + run : n;
            size_t high = middle + run < n ? middle + run : n;
            order_merge(from, to, low, middle, high, order, user);
        }
        uint32_t *other = from;
        from = to;
        to = other;
    }
    if (from != v)
        memcpy(v, from, n * sizeof(*v));
}

void *pie_order_rows(const struct pie_mem *mem, const void *rows, size_t n, size_t size,
                     pie_order order, const void *user)
{
    uint32_t *index = pie_mem_new(mem, n, 2 * sizeof(*index));
    char *copy = pie_mem_new(mem, n, size);
    if (index == NULL || copy == NULL) {
        pie_mem_free(mem, index);
        return pie_mem_free(mem, copy);
    }
    for (size_t i = 0; i < n; i++)
        index[i] = (uint32_t)i;
    pie_order_sort(index, index + n, n, order, user);
    for (size_t i = 0; i < n; i++)
        memcpy(copy + i * size, (const char *)rows + index[i] * size, size);
    pie_mem_free(mem, index);
    return copy;
}

int32_t pie_order_text(const char *a, const char *b)
{
    for (size_t i = 0;; i++) {
        int left = pie_lower((unsigned char)a[i]);
        int right = pie_lower((unsigned char)b[i]);
        if (left != right)
            return left < right ? -1 : 1;
        if (left == '\0')
            return strcmp(a, b);
    }
}
