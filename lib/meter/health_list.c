/* SPDX-License-Identifier: MIT */
/* Knows what a list of models says of a route, by the names that a request gave it; must not know where lists come from. Pure. */
#include "meter/meter.h"

enum { LISTING_MODEL, LISTING_PROVIDER };

/* Providers without case, names as they are. */
static uint64_t listing_hash(struct pie_slice text, int32_t which)
{
    uint64_t h = which == LISTING_PROVIDER ? pie_hash_short_nocase(PIE_HASH_SHORT, text.p, text.n)
                                           : pie_hash_short(PIE_HASH_SHORT, text.p, text.n);
    return pie_hash_fold(h);
}

static uint32_t *listing_slot(const struct pie_health_list *l, struct pie_slice text, int32_t which)
{
    return &l->slot[which][listing_hash(text, which) & (l->room - 1)];
}

static void listing_put(struct pie_health_list *l, size_t i, const char *text, int32_t which)
{
    uint32_t *slot = listing_slot(l, pie_slice_text(text), which);
    l->next[which][i] = *slot;
    *slot = (uint32_t)i + 1;
}

apipie_status pie_health_list_init(struct pie_health_list *l, const struct pie_mem *mem,
                                   const struct pie_health_fact *facts, size_t n)
{
    memset(l, 0, sizeof(*l));
    l->mem = mem;
    l->facts = facts;
    l->n = n < UINT32_MAX / 8 ? n : UINT32_MAX / 8;
    for (l->room = 2; l->room < 2 * l->n;)
        l->room *= 2;
    for (size_t k = 0; k < PIE_COUNT(l->next); k++) {
        l->slot[k] = pie_mem_new(mem, l->room, sizeof(*l->slot[k]));
        l->next[k] = pie_mem_new(mem, l->n + 1, sizeof(*l->next[k]));
        if (l->slot[k] == NULL || l->next[k] == NULL) {
            pie_health_list_free(l);
            return APIPIE_E_MEMORY;
        }
    }
    for (size_t i = 0; i < l->n; i++) {
        listing_put(l, i, facts[i].model, LISTING_MODEL);
        listing_put(l, i, facts[i].provider, LISTING_PROVIDER);
    }
    return APIPIE_OK;
}

void pie_health_list_free(struct pie_health_list *l)
{
    for (size_t k = 0; k < PIE_COUNT(l->next); k++) {
        pie_mem_free(l->mem, l->slot[k]);
        pie_mem_free(l->mem, l->next[k]);
    }
    memset(l, 0, sizeof(*l));
}

/* What one more says: one that can be used is enough, and one of which nothing is said leaves it open. */
static int32_t listing_join(int32_t so_far, int32_t usable, int32_t *first)
{
    if (*first) {
        *first = 0;
        return usable;
    }
    if (so_far == 1 || usable == 1)
        return 1;
    return so_far == usable ? so_far : APIPIE_UNKNOWN;
}

/* Of all in one chain with these names; an empty one is any. */
static int32_t listing_chain(const struct pie_health_list *l, int32_t which,
                             struct pie_slice provider, struct pie_slice model, int32_t *first,
                             int32_t so_far)
{
    uint32_t i = *listing_slot(l, which == LISTING_MODEL ? model : provider, which);
    for (; i != 0; i = l->next[which][i - 1]) {
        const struct pie_health_fact *f = &l->facts[i - 1];
        if ((model.n == 0 || pie_slice_equal(model, f->model)) &&
            (provider.n == 0 || pie_slice_equal_nocase(provider, f->provider)))
            so_far = listing_join(so_far, f->usable, first);
    }
    return so_far;
}

int32_t pie_health_list_usable(const struct pie_health_list *l, const char *provider,
                               const char *model)
{
    struct pie_slice p = pie_slice_text(provider);
    struct pie_slice m = pie_slice_text(model);
    int32_t first = 1;
    int32_t usable = APIPIE_UNKNOWN;
    if (m.n == 0 && p.n != 0)
        return listing_chain(l, LISTING_PROVIDER, p, m, &first, usable);
    for (size_t i = 0; m.n == 0 && i < l->n; i++)
        usable = listing_join(usable, l->facts[i].usable, &first);
    if (m.n == 0)
        return usable;
    usable = listing_chain(l, LISTING_MODEL, p, m, &first, usable);
    const char *slash = memchr(m.p, '/', m.n);
    size_t n = slash != NULL ? (size_t)(slash - m.p) : 0;
    struct pie_slice front = pie_slice(m.p, n);
    if (n == 0 || n + 1 == m.n || (p.n != 0 && !pie_slice_equal_nocase(front, provider)))
        return usable;
    return listing_chain(l, LISTING_MODEL, front, pie_slice(m.p + n + 1, m.n - n - 1), &first,
                         usable);
}

int32_t pie_health_list_group(const struct pie_health_list *l, const char *group)
{
    int32_t first = 1;
    int32_t usable = APIPIE_UNKNOWN;
    for (size_t i = 0; i < l->n; i++) {
        if (l->facts[i].group != NULL && strcmp(l->facts[i].group, group) == 0)
            usable = listing_join(usable, l->facts[i].usable, &first);
    }
    return usable;
}
