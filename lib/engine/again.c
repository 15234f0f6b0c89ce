/* SPDX-License-Identifier: MIT */
/* Knows what becomes of a job whose exchange failed: another time, another route, or the end; must not judge the exchange. */
#include "engine/engine_priv.h"

void pie_job_ask_retry(const struct apipie_request *r, const struct apipie_error *err, int64_t now,
                       struct pie_retry_ask *ask)
{
    int32_t free =
        r->run != NULL && r->run->leg != NULL && r->run->leg != &r->run->call && !r->run->leg->paid;
    memset(ask, 0, sizeof(*ask));
    ask->policy = pie_run_policy(r);
    ask->retries = pie_run_retries(r);
    ask->tries = free ? r->run->fetch_tries : r->rounds;
    ask->outcome = r->attempts[r->attempt_count - 1].outcome;
    if (pie_steps_is_before(r, r->attempts[r->attempt_count - 1].purpose))
        ask->outcome = APIPIE_OUTCOME_NOT_SENT; /* the call, for which it was made */
    ask->free = free;
    ask->error = err;
    ask->now_ms = now;
    ask->deadline_ms = r->deadline_ms;
    pie_random(&ask->random, sizeof(ask->random));
}

int64_t pie_job_retry_delay(const struct apipie_request *r, const struct apipie_error *err)
{
    struct pie_retry_ask ask;
    pie_job_ask_retry(r, err, pie_clock_ms(), &ask);
    return pie_retry_decide(&ask);
}

/* ---- another time, another route, or the end */

/* A new try of the paid call starts from nothing. */
static apipie_status again_forget_result(struct apipie_request *r)
{
    if (r->run == NULL)
        return APIPIE_OK;
    struct apipie_result *fresh = pie_result_new(r->mem);
    if (fresh == NULL)
        return APIPIE_E_MEMORY;
    pie_result_free(r->result);
    r->result = fresh;
    r->result_known = 0;
    r->run->next_slot = 0;
    r->run->redirects = 0;
    return APIPIE_OK;
}

/* A pipe with half a picture in it takes no second one: paying for that would be in vain. */
int32_t pie_job_can_restart(struct apipie_request *r)
{
    return (r->run == NULL || pie_sink_can_restart(r->run->sink)) &&
           again_forget_result(r) == APIPIE_OK;
}

static void again_next_round(struct apipie_request *r, int64_t now)
{
    int64_t until = now + r->round_delay_ms;
    r->rounds++;
    pie_log_failed(r, PIE_NEXT_AGAIN, r->round_delay_ms);
    r->round_delay_ms = -1;
    r->route = pie_route_next(r, 0);
    if (r->run != NULL)
        r->run->leg = NULL;
    pie_job_wait_until(r, until);
}

void pie_job_again(struct apipie_request *r, struct apipie_error *err)
{
    struct pie_retry_ask ask;
    int64_t now = pie_clock_ms();
    pie_job_ask_retry(r, err, now, &ask);
    int64_t delay = pie_retry_decide(&ask);
    int32_t move = pie_retry_move(&ask);
    size_t next = move == PIE_MOVE_BACKEND ? pie_route_elsewhere(r, r->route + 1)
                                           : pie_route_next(r, r->route + 1);
    pie_job_called(r);
    pie_uploads_left(r, 1);
    int32_t may_move = move == PIE_MOVE_ROUTE || (move == PIE_MOVE_BACKEND && next != SIZE_MAX);
    if (delay < 0)
        r->dead_routes |= UINT32_C(1) << r->route;
    else if (r->round_delay_ms < 0 || delay < r->round_delay_ms)
        r->round_delay_ms = delay;
    pie_route_release(r);
    /* What neither another time nor another route may mend ends it, whatever the routes before said: it may have been
     * billed. */
    int32_t ends = (delay < 0 && !may_move) || !pie_job_can_restart(r);
    if (!ends && may_move && next != SIZE_MAX) {
        pie_log_failed(r, PIE_NEXT_ROUTE, (int64_t)next);
        r->route = next;
        pie_route_enter(r);
    } else if (!ends && r->round_delay_ms >= 0) {
        again_next_round(r, now);
    } else {
        pie_log_failed(r, PIE_NEXT_NONE, 0);
        pie_job_fail_with(r, err);
    }
}

void pie_job_not_sent(struct apipie_request *r, struct apipie_error *err)
{
    struct pie_attempt *a = pie_job_log_attempt(r, APIPIE_PURPOSE_GENERATE);
    if (a == NULL) {
        pie_job_fail_with(r, err);
        return;
    }
    a->status = err->code;
    pie_text_display(pie_slice_text(err->message), a->message, sizeof(a->message));
    pie_watch_attempt(r);
    if (r->run != NULL)
        r->run->leg = &r->run->call;
    pie_job_again(r, err);
}
