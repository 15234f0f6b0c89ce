/* SPDX-License-Identifier: MIT */
/* Knows the exchanges of a call besides the call itself: before it, after it, beside it, and when it is given up. Must not know
 * what they mean: the dialects do. */
#include "engine/engine_priv.h"

#define STEPS_LOOK_MS INT64_C(500) /* how often a call is asked how far it is */
/* So long a call that was given up waits for the server to hear of it. */
#define STEPS_STOP_MS INT64_C(40)

static void steps_memory(struct apipie_error *err)
{
    pie_error_set(err, APIPIE_E_MEMORY, PIE_HINT_MEMORY, "out of memory", NULL, NULL);
}

/* The leg is filled: it is the next one. */
static apipie_status steps_take_leg(struct apipie_request *r)
{
    apipie_status status = pie_run_set_way(r, 1, &r->run->fetch);
    r->run->leg = &r->run->fetch;
    r->run->redirects = 0;
    return status;
}

/* ---- before the call */

int32_t pie_steps_is_before(const struct apipie_request *r, int32_t purpose)
{
    return purpose == APIPIE_PURPOSE_CHECK ||
           (purpose == APIPIE_PURPOSE_UPLOAD && pie_request_draws(r));
}

int32_t pie_steps_prepare(struct apipie_request *r, struct apipie_error *err)
{
    struct pie_call call;
    int32_t needed = 0;
    if (r->dialect->next_upload != NULL)
        return pie_upload_prepare(r, err);
    if (r->dialect->prepare == NULL || r->run->prepared)
        return PIE_STEPS_READY;
    pie_run_call(r, &call);
    pie_run_make_room(r, &r->run->fetch);
    apipie_status status = r->dialect->prepare(&call, &r->run->fetch, &needed, err);
    if (status == APIPIE_OK && needed)
        status = steps_take_leg(r);
    if (status == APIPIE_E_MEMORY)
        steps_memory(err);
    if (status != APIPIE_OK || needed)
        return PIE_STEPS_LEG;
    r->run->prepared = 1;
    return PIE_STEPS_READY;
}

static apipie_status steps_read_check(struct apipie_request *r, const struct pie_outcome *o,
                                      struct apipie_error *err)
{
    struct pie_reading g;
    struct pie_call call;
    if (r->run->leg->purpose == APIPIE_PURPOSE_UPLOAD)
        return pie_upload_read(r, o, err);
    pie_reading_open(&g, r, o);
    pie_run_call(r, &call);
    apipie_status status =
        g.no_memory ? APIPIE_E_MEMORY : r->dialect->prepared(&call, &g.reply, &r->run->found, err);
    pie_reading_close(&g);
    if (status == APIPIE_OK)
        status = r->run->found.failed;
    if ((status == APIPIE_E_MEMORY || status == APIPIE_E_LIMIT) && err->code == APIPIE_OK)
        steps_memory(err);
    return status;
}

static int32_t steps_is_success(const struct pie_outcome *o)
{
    return o->wire == PIE_WIRE_OK && o->status >= 200 && o->status < 300;
}

/* The question has failed, and is judged. 1: the call goes out all the same, or it is asked with another key. */
static int32_t steps_goes_on(struct apipie_request *r, const struct pie_outcome *o,
                             struct apipie_error *err)
{
    int32_t key = pie_run_wants_key_again(r, err);
    if (!key && !pie_upload_is_unknown(r, o))
        return 0;
    pie_log_failed(r, key ? PIE_NEXT_KEY : PIE_NEXT_AGAIN, 0);
    pie_error_free(err);
    r->run->redirects = 0;
    if (key)
        pie_job_call_with_key(r);
    else
        pie_job_call(r);
    return 1;
}

void pie_steps_checked(struct apipie_request *r, const struct pie_outcome *o,
                       struct apipie_error *err)
{
    if (pie_job_is_redirect(o)) {
        pie_job_redirected(r, o, err);
        return;
    }
    if (steps_is_success(o) && steps_read_check(r, o, err) == APIPIE_OK) {
        pie_job_judge(r, APIPIE_OUTCOME_DELIVERED, NULL);
        r->run->redirects = 0; /* they were that leg's */
        pie_job_call(r);
        return;
    }
    if (err->code == APIPIE_OK)
        pie_job_explain(r, o, err);
    pie_job_judge(r, steps_is_success(o) ? APIPIE_OUTCOME_REJECTED : pie_verdict_outcome(o, err),
                  err);
    if (!steps_goes_on(r, o, err))
        pie_steps_broken(r, o, err);
}

/* ---- after the call */

int32_t pie_steps_instead(struct apipie_request *r, const struct pie_outcome *o,
                          struct apipie_error *err)
{
    struct pie_reading g;
    struct pie_call call;
    if (r->dialect->instead == NULL || o->wire != PIE_WIRE_OK || !pie_job_can_restart(r))
        return 0;
    pie_reading_open(&g, r, o);
    pie_run_call(r, &call);
    int32_t way = r->dialect->instead(&call, &g.reply);
    pie_reading_close(&g);
    if (way == 0)
        return 0;
    pie_error_free(err);
    pie_log_failed(r, PIE_NEXT_AGAIN, 0);
    r->run->way = r->lane->way = way;
    r->run->encoded = 0;
    pie_job_call(r);
    return 1;
}

static apipie_status steps_step(struct apipie_request *r, const struct pie_outcome *o,
                                int64_t *ret_after_ms, struct apipie_error *err)
{
    struct pie_reading g;
    struct pie_call call;
    pie_reading_open(&g, r, o);
    pie_run_call(r, &call);
    pie_run_make_room(r, &r->run->fetch);
    apipie_status status =
        g.no_memory && g.reply.part_count == 0
            ? APIPIE_E_MEMORY
            : r->dialect->step(&call, &g.reply, &r->run->step, &r->run->fetch, ret_after_ms, err);
    pie_reading_close(&g);
    if (status == APIPIE_PENDING) {
        apipie_status way = steps_take_leg(r);
        status = way == APIPIE_OK ? status : way;
    }
    if (status == APIPIE_E_MEMORY && err->code == APIPIE_OK)
        steps_memory(err);
    return status;
}

apipie_status pie_steps_next(struct apipie_request *r, const struct pie_outcome *o,
                             struct apipie_error *err)
{
    int64_t after_ms = 0;
    struct pie_leg *leg = r->run->leg;
    if (r->dialect->step == NULL)
        return APIPIE_OK;
    apipie_status status = steps_step(r, o, &after_ms, err);
    struct pie_leg *next = r->run->leg;
    if (status == APIPIE_OK)
        return status;
    r->run->leg = leg; /* what is judged is the one that was answered */
    if (status != APIPIE_PENDING)
        return err->code;
    pie_job_judge(r, APIPIE_OUTCOME_DELIVERED, NULL);
    r->run->leg = next;
    r->run->fetch_tries = 0;
    pie_job_wait_until(r, pie_clock_ms() + after_ms);
    return status;
}

void pie_steps_polled(struct apipie_request *r, const struct pie_outcome *o,
                      struct apipie_error *err)
{
    if (pie_job_is_redirect(o)) {
        pie_job_redirected(r, o, err);
        return;
    }
    if (steps_is_success(o)) {
        pie_job_answered(r, o, err);
        return;
    }
    pie_job_explain(r, o, err);
    pie_job_judge(r, APIPIE_OUTCOME_UNKNOWN, err); /* the call itself was taken */
    pie_steps_broken(r, o, err);
}

/* That the server knows nothing of it any more stays so. */
static int32_t steps_may_look_again(const struct apipie_request *r, const struct pie_outcome *o)
{
    return r->run->leg->purpose == APIPIE_PURPOSE_POLL &&
           (o->wire != PIE_WIRE_OK || o->status == 408 || o->status == 429 || o->status >= 500);
}

/* The question is asked again, like any that costs nothing; then it is the call that failed. */
void pie_steps_broken(struct apipie_request *r, const struct pie_outcome *o,
                      struct apipie_error *err)
{
    int64_t delay = steps_may_look_again(r, o) ? pie_job_retry_delay(r, err) : -1;
    if (delay < 0) {
        pie_route_report(r, o, err);
        r->run->leg = &r->run->call; /* its tries are counted */
        pie_job_again(r, err);
        return;
    }
    pie_log_failed(r, PIE_NEXT_AGAIN, delay);
    r->run->redirects = 0;
    pie_job_wait_until(r, pie_clock_ms() + delay);
}

/* ---- given up */

static int32_t steps_is_closing(struct apipie_client *c)
{
    pie_lock_take(c->lock);
    int32_t closing = c->closing;
    pie_lock_drop(c->lock);
    return closing;
}

/* An earlier call of ours is still out there: where all that is drawn is stopped, it would be that one. */
static int32_t steps_hits_another(const struct apipie_request *r)
{
    for (const struct apipie_request *b = r->client->jobs; b != NULL && r->dialect->stops_any;
         b = b->next) {
        if (b != r && b->run != NULL && b->run->called != 0 && b->run->called < r->run->called &&
            b->dialect == r->dialect && strcmp(b->place->base_url, r->place->base_url) == 0)
            return 1;
    }
    return 0;
}

/* The call is still out at the server: it has left, and nothing says that it was answered. */
static int32_t steps_is_out(const struct apipie_request *r, const struct pie_outcome *o)
{
    const struct pie_run *run = r->run;
    if (run == NULL || run->called == 0 || run->stopping || run->leg == NULL)
        return 0;
    return !run->leg->paid || (o->sent && o->wire != PIE_WIRE_OK);
}

int32_t pie_steps_abandon(struct apipie_request *r, const struct pie_outcome *o)
{
    struct pie_call call;
    struct pie_run *run = r->run;
    if (r->dialect->abandon == NULL || !steps_is_out(r, o) || steps_hits_another(r) ||
        steps_is_closing(r->client))
        return 0;
    run->called = 0;
    pie_run_call(r, &call);
    pie_run_make_room(r, &run->fetch);
    if (!r->dialect->abandon(&call, &run->step, &run->fetch) || steps_take_leg(r) != APIPIE_OK)
        return 0;
    run->stopping = 1;
    r->deadline_ms = pie_clock_ms() + STEPS_STOP_MS;
    pie_job_send_leg(r);
    return 1;
}

/* ---- beside the call */

static struct apipie_request *steps_new_beside(struct apipie_request *r)
{
    struct apipie_request *b = pie_request_new(r->client, PIE_REQUEST_PROGRESS);
    if (b == NULL)
        return NULL;
    b->whole = r;
    b->dialect = r->dialect;
    b->place = r->place;
    b->places = r->places;
    b->routes = r->routes;
    b->route = r->route;
    b->deadline_ms = INT64_MAX;
    pie_job_set_state(b, PIE_STATE_SEALED);
    if (pie_drive_list(b) == APIPIE_OK)
        return b;
    pie_request_drop(b);
    return NULL;
}

/* Without memory nobody sees how far it is. */
void pie_steps_begin_beside(struct apipie_request *r)
{
    if (r->dialect->ask_progress == NULL || r->whole != NULL)
        return;
    pie_steps_end_beside(r);
    if (r->beside != NULL)
        pie_request_drop(r->beside);
    r->beside = steps_new_beside(r);
    if (r->beside != NULL)
        pie_job_wait_until(r->beside, pie_clock_ms() + STEPS_LOOK_MS);
}

void pie_steps_end_beside(struct apipie_request *r)
{
    if (r->beside != NULL && r->beside->listed)
        pie_job_stop(r->beside, APIPIE_E_CANCELLED);
}

void pie_steps_look(struct apipie_request *b)
{
    struct apipie_error err;
    struct pie_call call;
    pie_error_init(&err, b->mem);
    b->attempt_count = 0; /* nobody reads them */
    apipie_status status = pie_run_make(b, &err);
    if (status == APIPIE_OK) {
        pie_call_init(&call, b->whole->asked);
        call.base_url = b->place->base_url;
        call.key = pie_run_key(b->whole);
        pie_run_make_room(b, &b->run->fetch);
        status = b->dialect->ask_progress(&call, &b->run->fetch) ? steps_take_leg(b)
                                                                 : APIPIE_E_UNSUPPORTED;
    }
    pie_error_free(&err);
    if (status == APIPIE_OK)
        pie_job_send_leg(b);
    else
        pie_job_wait_until(b, pie_clock_ms() + STEPS_LOOK_MS);
}

/* What cannot be read is no news. */
void pie_steps_looked(struct apipie_request *b, const struct pie_outcome *o)
{
    struct pie_reading g;
    int64_t drawn = APIPIE_UNKNOWN;
    if (steps_is_success(o)) {
        pie_reading_open(&g, b, o);
        drawn = b->dialect->read_progress(&g.reply);
        pie_reading_close(&g);
    }
    drawn = drawn < 1000 ? drawn + 1 : 1001;
    if (drawn > pie_count_get(&b->whole->view->drawn)) /* servers fall back now and then */
        pie_count_set(&b->whole->view->drawn, drawn);
    pie_job_judge(b, APIPIE_OUTCOME_DELIVERED, NULL);
    pie_job_wait_until(b, pie_clock_ms() + STEPS_LOOK_MS);
}
