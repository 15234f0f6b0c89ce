/* SPDX-License-Identifier: MIT */
/* Knows what becomes of questions that cost nothing: asked again like any GET; must not read what they brought. */
#include "engine/engine_priv.h"

void pie_free_send(struct apipie_request *r, apipie_status status, struct apipie_error *err)
{
    if (status == APIPIE_OK)
        pie_job_send_leg(r);
    else if (err->code == APIPIE_OK)
        pie_job_fail_memory(r);
    else
        pie_job_fail_with(r, err);
}

void pie_free_failed(struct apipie_request *r, struct apipie_error *err)
{
    int64_t delay = pie_job_retry_delay(r, err);
    pie_log_failed(r, delay >= 0 ? PIE_NEXT_AGAIN : PIE_NEXT_NONE, delay);
    if (delay >= 0) {
        r->run->redirects = 0;
        pie_job_wait_until(r, pie_clock_ms() + delay);
    } else {
        pie_job_fail_with(r, err);
    }
}

void pie_free_settle(struct apipie_request *r, const struct pie_outcome *o,
                     struct apipie_error *err)
{
    if (o->status >= 200 && o->status < 300 && o->wire == PIE_WIRE_OK) {
        pie_job_judge(r, APIPIE_OUTCOME_DELIVERED, NULL);
        pie_settle_reply(r, o);
        return;
    }
    pie_job_explain(r, o, err);
    pie_job_judge(r, pie_verdict_outcome(o, err), err);
    pie_free_failed(r, err);
}

/* 1 when it was what was asked for; 0: err may say why not. */
static int32_t free_take(struct apipie_request *r, const struct pie_outcome *o,
                         struct apipie_error *err)
{
    if (r->wish.kind == APIPIE_REQUEST_MODELS) {
        if (!pie_models_read(r, o, err))
            return 0;
        pie_job_judge(r, APIPIE_OUTCOME_DELIVERED, NULL);
        pie_models_finish(r);
        return 1;
    }
    if (r->wish.kind == APIPIE_REQUEST_UPLOAD) {
        if (!pie_upload_answered(r, o, err))
            return 0;
        pie_job_judge(r, APIPIE_OUTCOME_DELIVERED, NULL);
        pie_upload_finish(r);
        return 1;
    }
    apipie_status status = pie_history_read(r, o, err);
    if (status == APIPIE_E_MEMORY || status == APIPIE_E_LIMIT)
        pie_error_set(err, APIPIE_E_MEMORY, PIE_HINT_MEMORY, "out of memory", NULL, NULL);
    if (status != APIPIE_OK && status != APIPIE_PENDING)
        return 0;
    pie_job_judge(r, APIPIE_OUTCOME_DELIVERED, NULL);
    r->run->fetch_tries = 0; /* each page has its own tries */
    if (status == APIPIE_OK)
        pie_history_finish(r);
    else {
        r->run->redirects = 0;
        pie_job_wait_until(r, pie_clock_ms());
    }
    return 1;
}

static void free_go(struct apipie_request *r, int32_t key_refused)
{
    if (r->wish.kind == APIPIE_REQUEST_MODELS)
        pie_models_go(r, key_refused);
    else if (r->wish.kind == APIPIE_REQUEST_UPLOAD)
        pie_upload_go(r, key_refused);
    else
        pie_history_go(r, key_refused);
}

void pie_free_answered(struct apipie_request *r, const struct pie_outcome *o,
                       struct apipie_error *err)
{
    if (pie_job_is_redirect(o)) {
        pie_job_redirected(r, o, err);
        return;
    }
    if (free_take(r, o, err))
        return;
    int32_t delivered = err->code != APIPIE_OK;
    if (!delivered) {
        pie_job_explain(r, o, err);
        pie_upload_hint(r, err);
    }
    pie_job_judge(r, delivered ? APIPIE_OUTCOME_DELIVERED : pie_verdict_outcome(o, err), err);
    if (pie_run_wants_key_again(r, err)) {
        pie_log_failed(r, PIE_NEXT_KEY, 0);
        free_go(r, 1);
        return;
    }
    pie_free_failed(r, err);
}

void pie_free_resume(struct apipie_request *r)
{
    if (r->wish.kind == APIPIE_REQUEST_RECONCILE)
        pie_settle_go(r);
    else if (r->wish.kind == PIE_REQUEST_PROGRESS)
        pie_steps_look(r);
    else if (r->run != NULL && r->run->redirects != 0)
        pie_job_send_leg(r);
    else
        free_go(r, 0);
}

int32_t pie_free_is(const struct apipie_request *r)
{
    return !pie_request_draws(r);
}
