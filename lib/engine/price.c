/* SPDX-License-Identifier: MIT */
/* Knows what the host says an image costs; must not know what a server billed. */
#include "engine/engine.h"

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

void pie_price_free_all(struct apipie_client *c)
{
    while (c->prices != NULL)
        price_take_back(c, &c->prices);
}
