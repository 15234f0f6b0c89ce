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

void pie_free_history(struct apipie_request *r, const struct pie_outcome *o,
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

void pie_free_models(struct apipie_request *r, const struct pie_outcome *o,
                     struct apipie_error *err)
{
    if (pie_job_is_redirect(o)) {
        pie_job_redirected(r, o, err);
        return;
    }
    if (pie_models_read(r, o, err)) {
        pie_job_judge(r, APIPIE_OUTCOME_DELIVERED, NULL);
        pie_models_finish(r);
        return;
    }
    int32_t delivered = err->code != APIPIE_OK;
    if (!delivered)
        pie_job_explain(r, o, err);
    pie_job_judge(r, delivered ? APIPIE_OUTCOME_DELIVERED : pie_verdict_outcome(o, err), err);
    if (pie_run_wants_key_again(r, err)) {
        pie_log_failed(r, PIE_NEXT_KEY, 0);
        pie_models_go(r, 1);
        return;
    }
    pie_free_failed(r, err);
}
