/* SPDX-License-Identifier: MIT */
/* The memory of scarce.h; knows no test and nothing of the library. */
#include "scarce.h"

#include <stdlib.h>

static void scarce_plan(struct scarce *m, int64_t from, int64_t to)
{
    atomic_store(&m->from, from);
    atomic_store(&m->to, to);
}

void scarce_give(struct scarce *m, int64_t count)
{
    atomic_store(&m->refused, 0);
    scarce_plan(m, atomic_load(&m->asked) + count + 1, INT64_MAX);
}

void scarce_refuse(struct scarce *m, int64_t n)
{
    int64_t at = atomic_load(&m->asked) + n;
    atomic_store(&m->refused, 0);
    scarce_plan(m, at, at);
}

void scarce_give_all(struct scarce *m)
{
    scarce_plan(m, 0, 0);
}

static int scarce_refuses(struct scarce *m)
{
    int64_t n = atomic_fetch_add(&m->asked, 1) + 1;
    int refuses = n >= atomic_load(&m->from) && n <= atomic_load(&m->to);
    atomic_fetch_add(&m->refused, refuses);
    return refuses;
}

void *scarce_alloc(void *user, size_t size)
{
    return scarce_resize(user, NULL, size);
}

void *scarce_resize(void *user, void *block, size_t size)
{
    struct scarce *m = user;
    void *other = scarce_refuses(m) ? NULL : realloc(block, size);
    atomic_fetch_add(&m->alive, block == NULL && other != NULL);
    return other;
}

void scarce_release(void *user, void *block)
{
    struct scarce *m = user;
    atomic_fetch_sub(&m->alive, 1);
    free(block);
}
