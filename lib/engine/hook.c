/* SPDX-License-Identifier: MIT */
/* Knows how long a callback of the host and its user pointer live; must not call the callback. */
#include "engine/engine.h"

apipie_status pie_hook_new(const struct pie_mem *mem, apipie_veto_fn veto, apipie_key_fn key,
                           void *user, apipie_free_fn user_free, struct pie_hook **ret)
{
    struct pie_hook *h = pie_mem_new(mem, 1, sizeof(*h));
    if (h == NULL) {
        if (user_free != NULL)
            user_free(user);
        return APIPIE_E_MEMORY;
    }
    h->mem = mem;
    h->refs = 1;
    h->veto = veto;
    h->key = key;
    h->user = user;
    h->user_free = user_free;
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
