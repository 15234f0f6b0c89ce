/* SPDX-License-Identifier: MIT */
/* Knows how a job ends: by itself, by a time limit, or stopped from outside; must not start anything. */
#include "engine/engine_priv.h"

/* ---- alarms */

static int64_t end_earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When the silence of the exchange that is out has lasted too long, and what to say then. */
static int64_t end_limit(const struct apipie_request *r, const char **ret_words)
{
    const struct pie_progress *p = &r->run->progress;
    int64_t idle = r->run->idle_byte_us == p->last_byte_us ? r->run->idle_ms : 0;
    int64_t limit = r->asked->stall_timeout_ms;
    int64_t since = p->last_byte_us;
    *ret_words = "nothing moved for as long as the stall limit allows";
    if (p->sent_us >= 0 && p->first_byte_us < 0) {
        *ret_words = "no byte of the reply came within the first-byte limit";
        limit = r->asked->first_byte_timeout_ms;
        since = p->sent_us;
    }
    return since < 0 || limit <= 0 ? INT64_MAX : since / 1000 + limit + idle;
}

void pie_job_was_idle(struct apipie_request *r, int64_t ms)
{
    struct pie_run *run = r->run;
    if (run == NULL || !run->limited)
        return;
    if (run->idle_byte_us != run->progress.last_byte_us) {
        run->idle_byte_us = run->progress.last_byte_us;
        run->idle_ms = 0;
    }
    run->idle_ms += ms;
}

static int32_t end_has_limits(const struct apipie_request *r)
{
    return r->asked->first_byte_timeout_ms > 0 || r->asked->stall_timeout_ms > 0;
}

/* While a limit is set but its clock does not run yet, it is looked at this often. */
#define END_LOOK_MS 100

/* Who is out under such a limit is counted, so that idle time costs nothing where there is none. */
static void end_count_limited(struct apipie_request *r, int32_t limited)
{
    if (r->run == NULL || r->run->limited == limited)
        return;
    r->client->limited += limited - r->run->limited;
    r->run->limited = limited;
    r->run->idle_ms = 0;
    r->run->idle_byte_us = -1;
}

void pie_job_set_alarm(struct apipie_request *r)
{
    int64_t at = r->deadline_ms;
    const char *words = NULL;
    int32_t state = pie_atomic_get(&r->state);
    end_count_limited(r, state == PIE_STATE_IN_FLIGHT && end_has_limits(r));
    switch (state) {
    case PIE_STATE_WAITING:
        at = end_earlier(at, r->until_ms);
        break;
    case PIE_STATE_IN_FLIGHT:
        if (end_has_limits(r)) {
            int64_t limit = end_limit(r, &words);
            if (limit == INT64_MAX)
                limit = pie_clock_ms() + END_LOOK_MS;
            at = end_earlier(at, limit);
        }
        break;
    case PIE_STATE_PARENT: /* its parts have the same deadline */
        at = r->drawer != NULL ? at : INT64_MAX;
        break;
    default:
        break;
    }
    pie_queue_move(&r->client->alarms, &r->alarm, at);
}

void pie_job_wait_until(struct apipie_request *r, int64_t until_ms)
{
    r->until_ms = until_ms;
    pie_job_set_state(r, PIE_STATE_WAITING);
    pie_job_set_alarm(r);
}

/* ---- the end */

/* They may quote a reply; with the job goes what is known of its key. */
static void end_mask_result(struct apipie_request *r)
{
    if (r->result == NULL)
        return;
    pie_verdict_mask_text(r->result->request_id, pie_run_key(r));
    for (size_t i = 0; i < r->result->warning_count; i++)
        pie_verdict_mask_text(r->result->warnings[i], pie_run_key(r));
}

/* What the host does not need any more goes now, not with its last reference. */
static void end_job(struct apipie_request *r, apipie_status status)
{
    struct apipie_client *c = r->client;
    r->ended_ms = pie_clock_ms();
    r->status = status;
    end_mask_result(r);
    pie_steps_end_beside(r);
    pie_log_ended(r);
    if (r->listed)
        pie_figures_ended(r);
    pie_same_ended(r);
    pie_uploads_left(r, 0);
    pie_route_release(r);
    end_count_limited(r, 0);
    pie_run_free(r);
    pie_request_drop_places(r);
    pie_watch_end(r);
    pie_sketch_forget(r);
    if (!r->listed) /* refused by submit: no leader has seen it */
        return;
    pie_drive_unlist(r);
    if (r->whole != NULL) {
        pie_part_ended(r);
    } else {
        r->next = c->ended;
        c->ended = r;
    }
}

/* What was not committed is not there, whatever came. */
static void end_forget_uncommitted(struct apipie_request *r)
{
    for (size_t i = 0; r->result != NULL && i < r->result->count; i++) {
        struct pie_image *image = &r->result->images[i];
        if (image->slot != PIE_SLOT_NONE)
            image->size = 0;
    }
}

void pie_job_fail(struct apipie_request *r)
{
    struct apipie_error *e = &r->error;
    if (r->listed && (pie_settle_begin(r) || pie_models_rescue(r)))
        return;
    end_forget_uncommitted(r);
    e->billed = pie_money_billed(r);
    e->attempts = r->tries;
    if (r->result != NULL)
        r->result->billed = e->billed;
    pie_verdict_mask(e, pie_run_key(r));
    end_job(r, e->code);
}

void pie_job_fail_with(struct apipie_request *r, struct apipie_error *err)
{
    pie_error_move(&r->error, err);
    pie_job_fail(r);
}

void pie_job_fail_memory(struct apipie_request *r)
{
    struct apipie_error err;
    pie_error_init(&err, r->mem);
    pie_error_set(&err, APIPIE_E_MEMORY, PIE_HINT_MEMORY, "out of memory", NULL, NULL);
    pie_job_fail_with(r, &err);
    pie_error_free(&err);
}

void pie_job_succeed(struct apipie_request *r)
{
    pie_error_free(&r->error);
    pie_error_init(&r->error, r->mem);
    if (pie_request_draws(r))
        r->result->billed = pie_money_billed(r);
    end_job(r, APIPIE_OK);
}

/* ---- stopped */

static void end_error(struct apipie_error *err, apipie_status why, const struct pie_outcome *o,
                      int32_t paid, const char *where)
{
    const char *hint = paid && o->sent ? PIE_HINT_SENT : "";
    if (why == APIPIE_E_CANCELLED) {
        pie_error_set(err, why, hint, "cancelled", NULL, NULL);
        return;
    }
    if (hint[0] == '\0')
        hint = "raise the time limit";
    if (o->sent)
        where =
            o->body_bytes != 0 ? "in the middle of the reply" : "before a byte of the reply came";
    pie_error_set(err, why, hint, "the time limit passed ", where, NULL);
    err->retryable = 1;
}

/* 1 while a call is out that somebody is paid for. */
static int32_t end_costs(const struct apipie_request *r)
{
    return r->run->leg->paid && !r->dialect->free;
}

static const char *end_where(const struct apipie_request *r, int32_t state)
{
    if (state == PIE_STATE_QUEUED)
        return "while it waited in line";
    if (r->run != NULL && r->run->leg != NULL && r->run->leg->purpose == APIPIE_PURPOSE_POLL)
        return "while the server drew";
    return "before the request was sent";
}

void pie_job_stopped(struct apipie_request *r, apipie_status why, const struct pie_outcome *o)
{
    struct apipie_error err;
    int32_t state = pie_atomic_get(&r->state);
    int32_t out = state == PIE_STATE_IN_FLIGHT;
    pie_error_init(&err, r->mem);
    end_error(&err, why, o, out && end_costs(r), end_where(r, state));
    err.http_status = o->status;
    if (out) {
        pie_job_judge(r, pie_verdict_outcome(o, &err),
                      &err); /* a refusal counts by its first line */
        pie_log_failed(r, PIE_NEXT_NONE, 0);
        if (r->run->leg->paid)
            pie_route_report(r, o, &err);
    }
    if (r->run != NULL && r->run->stopping) { /* the server has heard of it, or never will */
        pie_error_free(&err);
        pie_job_fail(r);
        return;
    }
    if (r->result_known && why == APIPIE_E_TIMEOUT && r->run != NULL) {
        /* The other pictures are there, and paid. */
        pie_gather_give_up(r, &err);
        pie_gather_commit(r);
    } else {
        pie_error_move(&r->error, &err);
        if (!pie_steps_abandon(r, o))
            pie_job_fail(r);
    }
    pie_error_free(&err);
}

void pie_job_stop(struct apipie_request *r, apipie_status why)
{
    struct pie_outcome o;
    struct pie_transport *t = r->client->transport;
    int32_t state = pie_atomic_get(&r->state);
    if (state == PIE_STATE_PARENT && r->drawer == NULL) {
        pie_part_stop_all(r, why);
        return;
    }
    pie_outcome_init(&o, r->mem);
    if (state != PIE_STATE_IN_FLIGHT) {
        pie_job_stopped(r, why, &o);
        pie_outcome_free(&o);
        return;
    }
    t->type->cancel(t, &r->run->progress, &o);
    if (why == APIPIE_E_TIMEOUT && !r->run->stopping &&
        (o.wire != PIE_WIRE_STOPPED || pie_job_has_whole(r))) {
        pie_job_reply(r, &o); /* it came just in time, or what matters did */
    } else {
        pie_body_finish(r->run->body, 0);
        pie_job_log_outcome(r, &o);
        pie_job_stopped(r, why, &o);
    }
    pie_outcome_free(&o);
}

/* A limit for silence: the exchange failed, the job may go on. */
static void end_silent(struct apipie_request *r, const char *words)
{
    struct pie_outcome o;
    struct apipie_error err;
    struct pie_transport *t = r->client->transport;
    pie_outcome_init(&o, r->mem);
    pie_error_init(&err, r->mem);
    t->type->cancel(t, &r->run->progress, &o);
    if (o.wire != PIE_WIRE_STOPPED || pie_job_has_whole(r)) {
        pie_job_reply(r, &o);
    } else {
        pie_body_finish(r->run->body, 0);
        pie_job_log_outcome(r, &o);
        pie_error_set(&err, APIPIE_E_TIMEOUT,
                      end_costs(r) && o.sent ? PIE_HINT_SENT : "raise the limit", words, NULL,
                      NULL);
        err.http_status = o.status;
        err.retryable = 1;
        pie_job_broken(r, &o, &err);
    }
    pie_error_free(&err);
    pie_outcome_free(&o);
}

/* So long may a reply fall silent that is read late: the server sends the rest when there is room again. */
#define END_SILENCE_US 500000

/* What had arrived before the time was up counts, however late and in how small pieces it is read: nobody turned for a while, or the
 * turns have a budget. */
static int32_t end_still_reads(const struct apipie_request *r, int64_t now_ms)
{
    const struct pie_progress *p = &r->run->progress;
    const struct apipie_client *c = r->client;
    int64_t resumed_ms = c->resumed_us / 1000;
    if (r->run->stopping) /* nobody waits for what is said to a farewell */
        return 0;
    if (p->behind) /* as long again as it had */
        return now_ms <
               (r->deadline_ms > resumed_ms ? r->deadline_ms : resumed_ms) + r->asked->timeout_ms;
    int64_t since = p->last_byte_us > c->resumed_us ? p->last_byte_us : c->resumed_us;
    return p->started_us < c->resumed_us && now_ms < c->grace_ms &&
           pie_clock_us() - since < END_SILENCE_US;
}

void pie_job_due(struct apipie_request *r)
{
    const char *words = NULL;
    int64_t now = pie_clock_ms();
    int32_t state = pie_atomic_get(&r->state);
    if (state == PIE_STATE_IN_FLIGHT && r->deadline_ms <= now && end_still_reads(r, now))
        return; /* the alarm rings again in the next turn */
    if (r->deadline_ms <= now && (state != PIE_STATE_PARENT || r->drawer != NULL))
        pie_job_stop(r, APIPIE_E_TIMEOUT);
    else if (state == PIE_STATE_WAITING && r->until_ms <= now)
        pie_job_resume(r);
    else if (state == PIE_STATE_IN_FLIGHT && end_has_limits(r) && end_limit(r, &words) <= now)
        end_silent(r, words);
    else
        pie_job_set_alarm(r);
}
