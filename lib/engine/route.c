/* SPDX-License-Identifier: MIT */
/* Knows which route a job takes, and what its ends say about the route; must not send or retry. */
#include "engine/engine_priv.h"

#include "engine/bucket_priv.h"

void pie_route_names(const struct apipie_request *r, size_t route, const char **ret_provider,
                     const char **ret_model)
{
    const struct pie_route *item = &r->routes->items[route];
    *ret_provider = item->provider;
    *ret_model = item->model != NULL ? item->model : r->asked->text[PIE_WISH_MODEL];
}

size_t pie_route_next(const struct apipie_request *r, size_t from)
{
    for (size_t i = from; i < r->routes->count; i++) {
        if ((r->dead_routes & (UINT32_C(1) << i)) == 0)
            return i;
    }
    return SIZE_MAX;
}

size_t pie_route_elsewhere(const struct apipie_request *r, size_t from)
{
    size_t i = pie_route_next(r, from);
    while (i != SIZE_MAX && strcmp(r->places[i]->backend, r->place->backend) == 0)
        i = pie_route_next(r, i + 1);
    return i;
}

void pie_route_take_place(struct apipie_request *r)
{
    struct pie_place *place = r->places[r->route];
    if (r->run != NULL && r->place != place) {
        pie_run_wipe_key(r);
        r->run->private_gateway = place->private_gateway;
        r->key_asked_again = 0;
    }
    r->place = place;
    r->dialect = place->dialect;
}

static struct pie_lane *route_lane(struct apipie_request *r, size_t route)
{
    const char *provider = NULL;
    const char *model = NULL;
    pie_route_names(r, route, &provider, &model);
    return pie_lane_use(r->client, r->places[route]->backend, provider, model);
}

/* A route that is passed over is in the log like one that was tried. */
static void route_log_skip(struct apipie_request *r, size_t route, const struct pie_lane *lane,
                           int64_t now_ms)
{
    struct pie_attempt *a = pie_job_log_attempt(r, APIPIE_PURPOSE_GENERATE);
    if (a == NULL)
        return;
    int32_t open = lane->breaker.state != PIE_BREAKER_CLOSED;
    a->route = (int32_t)route;
    a->outcome = APIPIE_OUTCOME_NOT_SENT;
    a->status = open ? APIPIE_E_UNAVAILABLE : APIPIE_E_RATE_LIMITED;
    struct pie_buf text;
    pie_buf_init(&text, r->mem, 400);
    pie_buf_add_text(&text, open ? "passed over, it rests after failures"
                                 : "passed over, the server asked for a pause of ");
    if (open && lane->problem[0] != '\0') {
        pie_buf_add_text(&text, ", the last one: ");
        pie_buf_add_text(&text, lane->problem);
    }
    if (!open) {
        pie_buf_add_int(&text, lane->paused_ms - now_ms);
        pie_buf_add_text(&text, " ms");
    }
    pie_text_display(pie_buf_slice(&text), a->message, sizeof(a->message));
    pie_buf_free(&text);
    pie_watch_attempt(r);
    pie_log_failed(r, PIE_NEXT_NONE, 0);
}

/* The first that is open now. Else the one whose pause ends first, or where a probe is about to say: its line is waited in. Else
 * SIZE_MAX, and *ret_rest_ms is when the first rest ends. */
static size_t route_choose(struct apipie_request *r, int64_t now_ms, int64_t *ret_rest_ms)
{
    size_t wait = SIZE_MAX;
    int64_t wait_ms = INT64_MAX;
    *ret_rest_ms = INT64_MAX;
    for (size_t i = pie_route_next(r, r->route); i != SIZE_MAX; i = pie_route_next(r, i + 1)) {
        struct pie_lane *lane = route_lane(r, i);
        if (lane == NULL)
            return i; /* entering it will say what is wrong */
        int64_t breaker = pie_breaker_ready(&lane->breaker, now_ms);
        int64_t ready = pie_lane_ready(lane, now_ms);
        lane->users--;
        if (ready <= now_ms)
            return i;
        if (breaker > now_ms && breaker != INT64_MAX) {
            *ret_rest_ms = breaker < *ret_rest_ms ? breaker : *ret_rest_ms;
        } else if (wait == SIZE_MAX || ready < wait_ms) {
            wait = i;
            wait_ms = ready;
        }
    }
    return wait;
}

/* All that are left rest. */
static void route_unavailable(struct apipie_request *r, int64_t now_ms, int64_t until_ms)
{
    struct apipie_error err;
    struct pie_lane *lane = route_lane(r, pie_route_next(r, r->route));
    const char *problem = lane != NULL ? lane->problem : "";
    pie_error_init(&err, r->mem);
    pie_error_set(&err, APIPIE_E_UNAVAILABLE,
                  "wait, add another route, or see apipie_client_set_breaker(); nothing was sent",
                  "the route rests after failures in a row",
                  problem[0] != '\0' ? ", the last: " : "", problem);
    if (lane != NULL)
        lane->users--;
    err.retryable = 1;
    err.retry_after_ms = until_ms - now_ms;
    pie_job_not_sent(r, &err);
    pie_error_free(&err);
}

/* Priority is worth seconds of waiting, so the place in line never changes. */
static int64_t route_key(const struct apipie_request *r)
{
    return r->submitted_ms - (int64_t)r->asked->priority * 1000;
}

void pie_route_enter(struct apipie_request *r)
{
    int64_t now = pie_clock_ms();
    int64_t wait = 0;
    size_t route = route_choose(r, now, &wait);
    if (route == SIZE_MAX) {
        route_unavailable(r, now, wait);
        return;
    }
    for (size_t i = pie_route_next(r, r->route); i < route; i = pie_route_next(r, i + 1)) {
        struct pie_lane *lane = route_lane(r, i);
        if (lane == NULL)
            continue;
        route_log_skip(r, i, lane, now);
        lane->users--;
    }
    r->route = route;
    pie_route_take_place(r);
    r->lane = route_lane(r, route);
    if (r->run != NULL) {
        r->run->encoded = r->run->prepared = r->run->no_uploads = 0;
        pie_buf_clear(&r->run->found);
        memset(&r->run->step, 0, sizeof(r->run->step));
    }
    if (r->lane == NULL ||
        pie_queue_put(&r->lane->line, &r->place_in_lane, route_key(r), r->order) != APIPIE_OK) {
        pie_job_fail_memory(r);
        return;
    }
    pie_job_set_state(r, PIE_STATE_QUEUED);
    pie_job_set_alarm(r);
}

/* ---- what an end says about the route */

static void route_pause(struct apipie_request *r, int64_t ms, int64_t now_ms)
{
    struct pie_lane *lane = r->lane;
    int64_t until = now_ms + (ms < PIE_RETRY_AFTER_MAX_MS ? ms : PIE_RETRY_AFTER_MAX_MS);
    int32_t was_open = lane->paused_ms <= now_ms;
    if (until > lane->paused_ms)
        lane->paused_ms = until;
    /* Who has another route does not wait for this one. */
    if (was_open && ms > 0)
        pie_lane_drain(lane);
}

/* Does a wait that the reply asks for concern everybody who goes this way? */
static int64_t route_pause_ms(const struct pie_outcome *o, const struct apipie_error *err)
{
    int64_t pause = pie_ratelimit_pause(&o->headers, pie_clock_wall_ms());
    if (err != NULL && (o->status == 429 || o->status == 503) && err->code != APIPIE_E_QUOTA &&
        err->retry_after_ms > pause)
        pause = err->retry_after_ms;
    return pause;
}

void pie_route_report(struct apipie_request *r, const struct pie_outcome *o,
                      const struct apipie_error *err)
{
    struct pie_lane *lane = r->lane;
    int64_t now = pie_clock_ms();
    if (lane == NULL)
        return;
    int32_t good = err == NULL ? 1 : pie_verdict_route(err);
    int32_t before = lane->breaker.state;
    pie_breaker_report(&lane->breaker, r->probe, good, now);
    r->probe = 0;
    if (good == 0)
        pie_text_display(pie_slice_text(err->message), lane->problem, sizeof(lane->problem));
    if (before != PIE_BREAKER_OPEN && lane->breaker.state == PIE_BREAKER_OPEN)
        pie_lane_drain(lane);
    int64_t pause = route_pause_ms(o, err);
    if (pause > 0)
        route_pause(r, pause, now);
    /* The time of a call that is asked after is nobody's. */
    pie_care_judged(r, o, good, err == NULL && r->run != NULL && r->run->leg->paid);
}

/* A call that never left does not count against the limits by the minute. */
static void route_give_back(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    struct pie_call call;
    if (!r->rated || r->lane == NULL)
        return;
    pie_run_call(r, &call);
    pie_lock_take(c->lock);
    pie_rate_give_back(c, r->lane->provider, call.n > 0 ? call.n : 1, pie_clock_us());
    pie_lock_drop(c->lock);
    r->rated = 0;
}

void pie_route_release(struct apipie_request *r)
{
    route_give_back(r);
    if (r->probe && r->lane != NULL) {
        pie_breaker_report(&r->lane->breaker, 1, -1, pie_clock_ms());
        pie_care_gate(r->client, r->lane);
    }
    r->probe = 0;
    if (r->counted)
        r->client->in_flight--;
    r->counted = 0;
    pie_lane_leave(r);
}
