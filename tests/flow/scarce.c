/* SPDX-License-Identifier: MIT */
/* The memory of scarce.h. */
#include "scarce.h"

#include <stdlib.h>

static void *scarce_alloc(void *user, size_t size)
{
    struct scarce *m = user;
    void *block = m->left-- > 0 ? malloc(size) : NULL;
    m->alive += block != NULL;
    return block;
}

static void *scarce_resize(void *user, void *block, size_t size)
{
    struct scarce *m = user;
    return m->left-- > 0 ? realloc(block, size) : NULL;
}

static void scarce_release(void *user, void *block)
{
    struct scarce *m = user;
    m->alive--;
    free(block);
}

struct pie_mem scarce_mem(struct scarce *m)
{
    return (struct pie_mem){m, scarce_alloc, scarce_resize, scarce_release, NULL};
}
