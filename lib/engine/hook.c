/* SPDX-License-Identifier: MIT */
/* Knows how long a callback of the host and its user pointer live; must not call the callback. */
#include "engine/engine.h"

apipie_status pie_hook_new(const struct pie_mem *mem, const struct pie_hook *as,
                           struct pie_hook **ret)
{
    struct pie_hook *h = pie_mem_new(mem, 1, sizeof(*h));
    if (h == NULL) {
        if (as->user_free != NULL)
            as->user_free(as->user);
        return APIPIE_E_MEMORY;
    }
    *h = *as;
    h->mem = mem;
    h->refs = 1;
    *ret = h;
    return APIPIE_OK;
}

struct pie_hook *pie_hook_keep(struct pie_hook *h)
{
    if (h != NULL)
        pie_atomic_add(&h->refs, 1);
    return h;
}

void pie_hook_drop(struct pie_hook *h)
{
    if (h == NULL || pie_atomic_add(&h->refs, -1) != 0)
        return;
    if (h->user_free != NULL)
        h->user_free(h->user);
    pie_mem_free(h->mem, h);
}
