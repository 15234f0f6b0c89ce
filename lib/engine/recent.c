/* SPDX-License-Identifier: MIT */
/* Knows the paid calls of the last minutes as the server's history would show them; must not read it. */
#include "engine/engine_priv.h"

/* 0 is for what is not known. */
static uint64_t recent_hash(const char *text, size_t n)
{
    return pie_hash_short_nocase(PIE_HASH_SHORT, text, n) | 1;
}

/* The history may leave "provider/" out before a model's name, and call it by any case. */
static void recent_describe(struct pie_recent *ret, const char *backend, const char *provider,
                            const char *model, const char *prompt)
{
    struct pie_lost_call lost;
    pie_lost_call_init(&lost, prompt);
    memset(ret, 0, sizeof(*ret));
    ret->backend = backend;
    ret->chars = lost.prompt_chars;
    ret->units = lost.prompt_units;
    if (provider != NULL && !pie_slice_equal_nocase(pie_slice_text(provider), "pool"))
        ret->provider = recent_hash(provider, strlen(provider));
    if (model != NULL && ret->provider == 0 && provider != NULL)
        return; /* of a pool: any model may have drawn it */
    if (model != NULL) {
        const char *bare = strchr(model, '/');
        bare = bare != NULL ? bare + 1 : model;
        ret->model = recent_hash(bare, strlen(bare));
    }
}

static int32_t recent_may_be(uint64_t a, uint64_t b)
{
    return a == b || a == 0 || b == 0;
}

/* Could the rows of both be taken for each other? */
static int32_t recent_alike(const struct pie_recent *a, const struct pie_recent *b)
{
    return strcmp(a->backend, b->backend) == 0 &&
           (a->chars == b->chars || a->units == b->units || a->chars == b->units ||
            a->units == b->chars) &&
           recent_may_be(a->provider, b->provider) && recent_may_be(a->model, b->model);
}

void pie_recent_add(struct apipie_request *r, const struct pie_attempt *a)
{
    struct apipie_client *c = r->client;
    struct pie_recent *at = &c->recent[c->recent_next++ % PIE_RECENT];
    const char *provider = NULL;
    const char *model = NULL;
    if (at->to_ms > c->recent_forgot_ms)
        c->recent_forgot_ms = at->to_ms;
    pie_route_names(r, r->route, &provider, &model);
    recent_describe(at, a->backend, provider, model, r->asked->text[PIE_WISH_PROMPT]);
    at->from_ms = a->wall_ms;
    at->to_ms = pie_clock_wall_ms();
    at->unknown = a->billed == APIPIE_BILLED_UNKNOWN;
    memcpy(at->hold, a->hold, sizeof(at->hold));
}

void pie_recent_settled(struct apipie_client *c, const char *hold)
{
    for (size_t i = 0; i < PIE_RECENT; i++) {
        if (hold[0] != '\0' && strcmp(c->recent[i].hold, hold) == 0)
            c->recent[i].unknown = 0;
    }
}

/* Calls that are out now may have a row already, or get one in a moment. */
static int32_t recent_is_out(const struct apipie_client *c, const struct pie_recent *like)
{
    for (struct apipie_request *r = c->jobs; r != NULL; r = r->next) {
        struct pie_recent it;
        struct pie_call call;
        if (pie_atomic_get(&r->state) != PIE_STATE_IN_FLIGHT || !r->run->leg->paid)
            continue;
        pie_run_call(r, &call);
        recent_describe(&it, r->place->backend, call.provider, call.model,
                        r->asked->text[PIE_WISH_PROMPT]);
        if (recent_alike(&it, like))
            return 1;
    }
    return 0;
}

int32_t pie_recent_count(const struct apipie_client *c, const struct pie_recent_ask *ask,
                         size_t *ret_known)
{
    struct pie_recent like;
    recent_describe(&like, ask->backend, ask->provider, ask->model, ask->prompt);
    *ret_known = 0;
    if (c->recent_forgot_ms >= ask->from_ms || recent_is_out(c, &like))
        return 0;
    for (size_t i = 0; i < PIE_RECENT; i++) {
        const struct pie_recent *it = &c->recent[i];
        if (it->to_ms == 0 || it->to_ms < ask->from_ms || it->from_ms > ask->to_ms ||
            !recent_alike(it, &like))
            continue;
        if (it->unknown && !ask->is_mine(ask->user, it->hold))
            return 0;
        *ret_known += !it->unknown;
    }
    return 1;
}
