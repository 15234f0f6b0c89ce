/* SPDX-License-Identifier: MIT */
/* Knows the host's own limits by the minute, and which of them a call meets; must not wait. */
#include "engine/engine.h"

#include "engine/bucket_priv.h"

struct pie_rate {
    struct pie_rate *next;
    char *provider; /* NULL: all requests together */
    struct pie_bucket requests, images;
};

static struct pie_rate *rate_free(const struct pie_mem *mem, struct pie_rate *rate)
{
    pie_mem_free(mem, rate->provider);
    return pie_mem_free(mem, rate);
}

static int32_t rate_is_of(const struct pie_rate *rate, const char *provider)
{
    if (rate->provider == NULL || provider == NULL)
        return rate->provider == provider;
    return strcmp(rate->provider, provider) == 0;
}

/* Where the limit of exactly this provider is, or the end of the list. */
static struct pie_rate **rate_place(struct apipie_client *c, const char *provider)
{
    struct pie_rate **at = &c->rates;
    while (*at != NULL && !rate_is_of(*at, provider))
        at = &(*at)->next;
    return at;
}

static struct pie_rate *rate_new(const struct pie_mem *mem, const char *provider, int64_t now_us)
{
    struct pie_rate *rate = pie_mem_new(mem, 1, sizeof(*rate));
    if (rate == NULL)
        return NULL;
    if (provider != NULL)
        rate->provider = pie_mem_text(mem, provider, strlen(provider));
    if (provider != NULL && rate->provider == NULL)
        return rate_free(mem, rate);
    pie_bucket_init(&rate->requests, 0, now_us);
    pie_bucket_init(&rate->images, 0, now_us);
    return rate;
}

static void rate_take_back(struct apipie_client *c, struct pie_rate **at)
{
    struct pie_rate *old = *at;
    if (old == NULL)
        return;
    *at = old->next;
    rate_free(&c->mem, old);
}

/* The same limit again gives no second burst. */
static void rate_set_bucket(struct pie_bucket *b, int32_t per_minute, int64_t now_us)
{
    if (b->per_minute != per_minute)
        pie_bucket_init(b, per_minute, now_us);
}

apipie_status pie_rate_set(struct apipie_client *c, const char *provider, int32_t requests,
                           int32_t images, int64_t now_us)
{
    struct pie_rate **at = rate_place(c, provider);
    if (requests == 0 && images == 0) {
        rate_take_back(c, at);
        return APIPIE_OK;
    }
    if (*at == NULL)
        *at = rate_new(&c->mem, provider, now_us);
    if (*at == NULL)
        return APIPIE_E_MEMORY;
    rate_set_bucket(&(*at)->requests, requests, now_us);
    rate_set_bucket(&(*at)->images, images, now_us);
    return APIPIE_OK;
}

/* Does a call to that provider count? */
static int32_t rate_meets(const struct pie_rate *rate, const char *provider)
{
    return rate->provider == NULL || rate_is_of(rate, provider);
}

static int64_t rate_later(const struct pie_bucket *b, int64_t tokens, int64_t now_us,
                          int64_t so_far_us)
{
    int64_t ready = pie_bucket_ready(b, tokens, now_us);
    return ready > so_far_us ? ready : so_far_us;
}

int64_t pie_rate_ready(const struct apipie_client *c, const char *provider, int32_t images,
                       int64_t now_us)
{
    int64_t ready = now_us;
    for (const struct pie_rate *rate = c->rates; rate != NULL; rate = rate->next) {
        if (!rate_meets(rate, provider))
            continue;
        ready = rate_later(&rate->requests, 1, now_us, ready);
        ready = rate_later(&rate->images, images, now_us, ready);
    }
    return ready;
}

void pie_rate_take(struct apipie_client *c, const char *provider, int32_t images, int64_t now_us)
{
    for (struct pie_rate *rate = c->rates; rate != NULL; rate = rate->next) {
        if (!rate_meets(rate, provider))
            continue;
        pie_bucket_take(&rate->requests, 1, now_us);
        pie_bucket_take(&rate->images, images, now_us);
    }
}

void pie_rate_give_back(struct apipie_client *c, const char *provider, int32_t images,
                        int64_t now_us)
{
    for (struct pie_rate *rate = c->rates; rate != NULL; rate = rate->next) {
        if (!rate_meets(rate, provider))
            continue;
        pie_bucket_give_back(&rate->requests, 1, now_us);
        pie_bucket_give_back(&rate->images, images, now_us);
    }
}

void pie_rate_free_all(struct apipie_client *c)
{
    while (c->rates != NULL)
        rate_take_back(c, &c->rates);
}
