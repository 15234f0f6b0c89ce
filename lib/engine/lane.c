/* SPDX-License-Identifier: MIT */
/* Knows the lines before the routes, and who of all that wait goes next; must not know what a job does. */
#include "engine/engine_priv.h"

/* Lanes that nobody uses and nothing is known of are dropped beyond this many. */
#define LANE_KEEP 256

static int32_t lane_text_is(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void lane_free(struct apipie_client *c, struct pie_lane *lane)
{
    pie_queue_free(&lane->line);
    pie_mem_free(&c->mem, lane->provider);
    pie_mem_free(&c->mem, lane->model);
    pie_mem_free(&c->mem, lane);
}

static apipie_status lane_copy(struct apipie_client *c, const char *text, char **ret)
{
    *ret = text != NULL ? pie_mem_text(&c->mem, text, strlen(text)) : NULL;
    return text != NULL && *ret == NULL ? APIPIE_E_MEMORY : APIPIE_OK;
}

static struct pie_lane *lane_new(struct apipie_client *c, const char *backend, const char *provider,
                                 const char *model)
{
    struct pie_lane *lane = pie_mem_new(&c->mem, 1, sizeof(*lane));
    if (lane == NULL)
        return NULL;
    pie_queue_init(&lane->line, &c->mem);
    pie_lock_take(c->lock);
    pie_breaker_init(&lane->breaker, c->breaker_failures, c->breaker_rest_ms);
    pie_lock_drop(c->lock);
    lane->paused_ms = INT64_MIN;
    lane->backend = backend;
    if (lane_copy(c, provider, &lane->provider) != APIPIE_OK ||
        lane_copy(c, model, &lane->model) != APIPIE_OK) {
        lane_free(c, lane);
        return NULL;
    }
    lane->next = c->lanes;
    c->lanes = lane;
    return lane;
}

/* Nothing would be lost with it. */
static int32_t lane_is_blank(const struct pie_lane *lane, int64_t now_ms)
{
    return lane->users == 0 && lane->breaker.state == PIE_BREAKER_CLOSED && !lane->one_image &&
           lane->paused_ms <= now_ms;
}

static void lane_sweep(struct apipie_client *c)
{
    size_t count = 0;
    int64_t now = pie_clock_ms();
    for (struct pie_lane *lane = c->lanes; lane != NULL; lane = lane->next)
        count++;
    for (struct pie_lane **at = &c->lanes; *at != NULL && count > LANE_KEEP;) {
        struct pie_lane *lane = *at;
        if (!lane_is_blank(lane, now)) {
            at = &lane->next;
            continue;
        }
        *at = lane->next;
        lane_free(c, lane);
        count--;
    }
}

struct pie_lane *pie_lane_use(struct apipie_client *c, const char *backend, const char *provider,
                              const char *model)
{
    struct pie_lane *lane = c->lanes;
    while (lane != NULL &&
           (strcmp(lane->backend, backend) != 0 || !lane_text_is(lane->provider, provider) ||
            !lane_text_is(lane->model, model)))
        lane = lane->next;
    if (lane == NULL) {
        lane_sweep(c);
        lane = lane_new(c, backend, provider, model);
    }
    if (lane != NULL)
        lane->users++;
    return lane;
}

void pie_lane_leave(struct apipie_request *r)
{
    if (r->lane == NULL)
        return;
    pie_queue_take(&r->lane->line, &r->place_in_lane);
    r->lane->users--;
    r->lane = NULL;
}

void pie_lane_free_all(struct apipie_client *c)
{
    while (c->lanes != NULL) {
        struct pie_lane *lane = c->lanes;
        c->lanes = lane->next;
        lane_free(c, lane);
    }
}

int64_t pie_lane_ready(struct pie_lane *lane, int64_t now_ms)
{
    int64_t ready = pie_breaker_ready(&lane->breaker, now_ms);
    if (ready <= now_ms && lane->paused_ms > now_ms)
        return lane->paused_ms;
    return ready;
}

void pie_lane_drain(struct pie_lane *lane)
{
    struct apipie_request *first = NULL;
    struct apipie_request **end = &first;
    struct pie_queued *e = NULL;
    /* Taken out first: some come back to this very line. */
    while ((e = pie_queue_first(&lane->line)) != NULL) {
        struct apipie_request *r = e->owner;
        pie_queue_take(&lane->line, e);
        r->next_follower = NULL;
        *end = r;
        end = &r->next_follower;
    }
    while (first != NULL) {
        struct apipie_request *r = first;
        first = r->next_follower;
        r->next_follower = NULL;
        pie_lane_leave(r);
        pie_route_enter(r);
    }
}

/* ---- who goes next */

/* When may the first of the line go? */
static int64_t lane_head_ready(struct apipie_client *c, struct pie_lane *lane, int64_t now_ms)
{
    struct pie_queued *e = pie_queue_first(&lane->line);
    const struct apipie_request *r = e->owner;
    int64_t ready = pie_lane_ready(lane, now_ms);
    if (ready > now_ms)
        return ready;
    struct pie_call call;
    pie_run_call(r, &call);
    int64_t now_us = pie_clock_us();
    pie_lock_take(c->lock);
    int64_t rate_us = pie_rate_ready(c, lane->provider, call.n > 0 ? call.n : 1, now_us);
    pie_lock_drop(c->lock);
    return rate_us <= now_us ? now_ms : now_ms + (rate_us - now_us + 999) / 1000;
}

/* The best head of all lines that are open; NULL when there is none. */
static struct apipie_request *lane_next(struct apipie_client *c, int64_t *ret_next_ms)
{
    struct pie_queued *best = NULL;
    int64_t now = pie_clock_ms();
    for (struct pie_lane *lane = c->lanes; lane != NULL; lane = lane->next) {
        struct pie_queued *e = pie_queue_first(&lane->line);
        if (e == NULL)
            continue;
        if (best != NULL && (best->key < e->key || (best->key == e->key && best->order < e->order)))
            continue;
        int64_t ready = lane_head_ready(c, lane, now);
        if (ready <= now)
            best = e;
        else if (ready < *ret_next_ms)
            *ret_next_ms = ready;
    }
    return best != NULL ? best->owner : NULL;
}

static void lane_let_out(struct apipie_client *c, struct apipie_request *r)
{
    struct pie_lane *lane = r->lane;
    struct pie_call call;
    pie_run_call(r, &call);
    pie_queue_take(&lane->line, &r->place_in_lane);
    r->probe = pie_breaker_enter(&lane->breaker, pie_clock_ms());
    if (r->probe)
        pie_care_gate(c, lane);
    r->counted = r->rated = 1;
    c->in_flight++;
    pie_lock_take(c->lock);
    pie_rate_take(c, lane->provider, call.n > 0 ? call.n : 1, pie_clock_us());
    pie_lock_drop(c->lock);
    pie_job_go(r);
}

void pie_lane_admit(struct apipie_client *c)
{
    c->admit_ms = INT64_MAX;
    pie_lock_take(c->lock);
    int32_t most = c->max_in_flight;
    pie_lock_drop(c->lock);
    while (c->in_flight < most) {
        struct apipie_request *r = lane_next(c, &c->admit_ms);
        if (r == NULL)
            return;
        lane_let_out(c, r);
        if (pie_drive_time_is_up(c)) {
            c->admit_ms = 0; /* others may go too: at once, in the next turn */
            return;
        }
    }
}
