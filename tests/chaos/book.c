/* SPDX-License-Identifier: MIT */
/* Knows what the server noted of each request that reached it; must not judge it. */
#include "chaos.h"

#include <stdlib.h>
#include <string.h>

int32_t chaos_book_init(struct chaos_book *b, int32_t calls)
{
    memset(b, 0, sizeof(*b));
    b->calls = calls;
    b->times = calloc((size_t)calls, sizeof(*b->times));
    return b->times != NULL;
}

void chaos_book_free(struct chaos_book *b)
{
    free(b->arrivals);
    free(b->times);
    memset(b, 0, sizeof(*b));
}

int32_t chaos_book_add(struct chaos_book *b, const char *key, int32_t number, int32_t whole)
{
    if (b->count == b->room) {
        size_t room = b->room == 0 ? 1024 : b->room * 2;
        struct chaos_arrival *more = realloc(b->arrivals, room * sizeof(*more));
        if (more == NULL)
            return -1;
        b->arrivals = more;
        b->room = room;
    }
    struct chaos_arrival *a = &b->arrivals[b->count];
    memset(a, 0, sizeof(*a));
    size_t n = strlen(key);
    n = n < sizeof(a->key) ? n : sizeof(a->key) - 1;
    memcpy(a->key, key, n);
    a->number = number >= 0 && number < b->calls ? number : -1;
    a->order = (int32_t)b->count;
    a->whole = whole;
    a->kind = -1;
    return (int32_t)b->count++;
}

static int book_by_key(const void *a, const void *b)
{
    const struct chaos_arrival *x = a;
    const struct chaos_arrival *y = b;
    int by_key = strcmp(x->key, y->key);
    return by_key != 0 ? by_key : x->order - y->order;
}

static int book_by_number(const void *a, const void *b)
{
    const struct chaos_arrival *x = a;
    const struct chaos_arrival *y = b;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return x->number < 0 ? book_by_key(a, b) : x->order - y->order;
}

void chaos_book_sort(struct chaos_book *b)
{
    if (b->count == 0)
        return;
    qsort(b->arrivals, b->count, sizeof(*b->arrivals), book_by_key);
    for (size_t first = 0, i = 0; first < b->count; first = i) {
        int32_t number = -1;
        for (i = first; i < b->count && strcmp(b->arrivals[i].key, b->arrivals[first].key) == 0;
             i++)
            number = b->arrivals[i].number >= 0 ? b->arrivals[i].number : number;
        for (size_t k = first; k < i; k++) {
            if (b->arrivals[k].number < 0)
                b->arrivals[k].number = number;
        }
    }
    qsort(b->arrivals, b->count, sizeof(*b->arrivals), book_by_number);
}
