/* SPDX-License-Identifier: MIT */
/* Knows what an image costs before it is drawn, by the host's word or by the list; must not know what a server billed. */
#include "engine/engine_priv.h"

/* NULL: any. */
struct pie_price {
    struct pie_price *next;
    char *provider, *model;
    int64_t picodollars;
};

static struct pie_price *price_free(const struct pie_mem *mem, struct pie_price *p)
{
    pie_mem_free(mem, p->provider);
    pie_mem_free(mem, p->model);
    return pie_mem_free(mem, p);
}

static int32_t price_same(const char *a, const char *b)
{
    return a != NULL && b != NULL ? strcmp(a, b) == 0 : a == b;
}

/* Where the price for exactly these two is, or the end of the list. */
static struct pie_price **price_place(struct apipie_client *c, const char *provider,
                                      const char *model)
{
    struct pie_price **at = &c->prices;
    while (*at != NULL &&
           !(price_same((*at)->provider, provider) && price_same((*at)->model, model)))
        at = &(*at)->next;
    return at;
}

static struct pie_price *price_new(const struct pie_mem *mem, const char *provider,
                                   const char *model)
{
    struct pie_price *p = pie_mem_new(mem, 1, sizeof(*p));
    if (p == NULL)
        return NULL;
    p->provider = provider != NULL ? pie_mem_text(mem, provider, strlen(provider)) : NULL;
    p->model = model != NULL ? pie_mem_text(mem, model, strlen(model)) : NULL;
    if ((provider != NULL && p->provider == NULL) || (model != NULL && p->model == NULL))
        return price_free(mem, p);
    return p;
}

static void price_take_back(struct apipie_client *c, struct pie_price **at)
{
    struct pie_price *old = *at;
    if (old == NULL)
        return;
    *at = old->next;
    price_free(&c->mem, old);
}

apipie_status pie_price_set(struct apipie_client *c, const char *provider, const char *model,
                            int64_t picodollars)
{
    struct pie_price **at = price_place(c, provider, model);
    if (picodollars == APIPIE_UNKNOWN) {
        price_take_back(c, at);
        return APIPIE_OK;
    }
    if (*at == NULL)
        *at = price_new(&c->mem, provider, model);
    if (*at == NULL)
        return APIPIE_E_MEMORY;
    (*at)->picodollars = picodollars;
    return APIPIE_OK;
}

/* How close a price is to a call: 0 it is for another one; else provider and model, model, provider, any. */
static int32_t price_closeness(const struct pie_price *p, const char *provider, const char *model)
{
    if ((p->provider != NULL && !price_same(p->provider, provider)) ||
        (p->model != NULL && !price_same(p->model, model)))
        return 0;
    return 1 + (p->provider != NULL) + 2 * (p->model != NULL);
}

int64_t pie_price_find(const struct apipie_client *c, const char *provider, const char *model)
{
    int32_t closest = 0;
    int64_t found = APIPIE_UNKNOWN;
    for (const struct pie_price *p = c->prices; p != NULL; p = p->next) {
        int32_t closeness = price_closeness(p, provider, model);
        if (closeness > closest) {
            closest = closeness;
            found = p->picodollars;
        }
    }
    return found;
}

/* ---- by the list */

/* The gateway draws a square of 1024 where no size is said; of another server the list may know what it draws then. */
#define PRICE_SIDE 1024

static int64_t price_row(const struct apipie_catalog *list, size_t i,
                         const struct pie_price_ask *ask)
{
    int64_t cost = APIPIE_UNKNOWN;
    if (ask->width != 0)
        return pie_catalog_price(list, i, ask->width, ask->height, ask->steps, ask->quality);
    if (ask->backend != NULL && !pie_backend_is_own(ask->backend))
        cost = pie_catalog_price(list, i, 0, 0, ask->steps, ask->quality);
    return cost >= 0 ? cost
                     : pie_catalog_price(list, i, PRICE_SIDE, PRICE_SIDE, ask->steps, ask->quality);
}

/* When the gateway chooses, the dearest of those that list the model: it will not be more. */
static int64_t price_dearest(const struct apipie_catalog *list, size_t first,
                             const struct pie_price_ask *ask)
{
    int64_t dearest = APIPIE_UNKNOWN;
    const char *name = pie_catalog_text(list, first, APIPIE_MODEL_NAME);
    for (size_t i = first; i < pie_catalog_count(list); i++) {
        const char *other = pie_catalog_text(list, i, APIPIE_MODEL_NAME);
        if (i != first && !(name != NULL && price_same(name, other)))
            continue;
        int64_t price = price_row(list, i, ask);
        dearest = price > dearest ? price : dearest;
    }
    return dearest;
}

static int64_t price_listed(const struct apipie_catalog *list, const struct pie_price_ask *ask)
{
    if (list == NULL || ask->model == NULL)
        return APIPIE_UNKNOWN;
    int64_t index =
        pie_catalog_find(list, pie_slice_text(ask->provider), pie_slice_text(ask->model));
    if (index < 0)
        return APIPIE_UNKNOWN;
    if (ask->provider == NULL &&
        price_same(ask->model, pie_catalog_text(list, (size_t)index, APIPIE_MODEL_NAME)))
        return price_dearest(list, (size_t)index, ask);
    return price_row(list, (size_t)index, ask);
}

int64_t pie_price_estimate(struct apipie_client *c, const struct pie_price_ask *ask,
                           int32_t *ret_source)
{
    struct apipie_catalog *list = NULL;
    int32_t images = ask->images > 0 ? ask->images : 1;
    int32_t source = APIPIE_PRICE_HOST;
    if (ask->backend != NULL && ask->backend->dialect->free) {
        *ret_source = APIPIE_PRICE_FREE;
        return 0;
    }
    int32_t own = ask->backend == NULL || pie_backend_is_own(ask->backend);
    /* Another backend is its own provider, where none is named; a second gateway's list names others. */
    const char *provider = ask->provider == NULL && !own ? ask->backend->name : ask->provider;
    pie_lock_take(c->lock);
    int64_t each = pie_price_find(c, provider, ask->model);
    if (each < 0)
        list = pie_catalog_keep(pie_shelf_whole(c, own ? NULL : ask->backend, NULL));
    pie_lock_drop(c->lock);
    if (each < 0) {
        source = APIPIE_PRICE_LISTED;
        each = price_listed(list, ask);
    }
    if (each < 0 && ask->backend != NULL && ask->backend->dialect->price != NULL &&
        ask->model != NULL) {
        source = APIPIE_PRICE_PUBLISHED;
        each = ask->backend->dialect->price(ask->model);
    }
    pie_catalog_drop(list);
    *ret_source = each < 0 ? APIPIE_PRICE_NONE : source;
    if (each < 0)
        return APIPIE_UNKNOWN;
    return each > INT64_MAX / images ? INT64_MAX : each * images;
}

void pie_price_ask_init(struct pie_price_ask *ask, const struct pie_call *c)
{
    const int32_t sized = pie_call_has(c, PIE_WISH_HAS_SIZE);
    ask->backend = NULL;
    ask->provider = c->provider;
    ask->model = c->model;
    ask->quality = pie_call_text(c, PIE_WISH_QUALITY);
    ask->width = sized ? c->width : 0;
    ask->height = sized ? c->height : 0;
    ask->steps = pie_call_has(c, PIE_WISH_HAS_STEPS) ? c->steps : 0;
    ask->images = c->n > 0 ? c->n : 1;
}

void pie_price_free_all(struct apipie_client *c)
{
    while (c->prices != NULL)
        price_take_back(c, &c->prices);
}
