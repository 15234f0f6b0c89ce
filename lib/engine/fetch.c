/* SPDX-License-Identifier: MIT */
/* Knows what becomes of pictures by url, which cost nothing: asked for again, or given up; must not judge the call that was paid. */
#include "engine/engine_priv.h"

/* A fresh url may not be everywhere yet: a 404 is asked again, this often and this long. */
#define FETCH_FRESH_TRIES 3
#define FETCH_FRESH_MS    5000

static int64_t fetch_delay(const struct apipie_request *r, const struct pie_outcome *o,
                           const struct apipie_error *err)
{
    struct pie_retry_ask ask;
    int64_t now = pie_clock_ms();
    int64_t fresh = 500 * r->run->fetch_tries;
    if (o->status == 404 && pie_run_policy(r) != APIPIE_RETRY_NEVER &&
        r->run->fetch_tries < FETCH_FRESH_TRIES &&
        now + fresh - r->run->fetch_since_ms < FETCH_FRESH_MS && now + fresh < r->deadline_ms)
        return fresh;
    pie_job_ask_retry(r, err, now, &ask);
    return pie_retry_decide(&ask);
}

void pie_fetch_failed(struct apipie_request *r, const struct pie_outcome *o,
                      struct apipie_error *err)
{
    int64_t delay = fetch_delay(r, o, err);
    pie_log_failed(r, delay >= 0 ? PIE_NEXT_AGAIN : PIE_NEXT_NONE, delay);
    if (delay >= 0) {
        r->run->redirects = 0;
        pie_job_wait_until(r, pie_clock_ms() + delay);
        return;
    }
    pie_gather_give_up(r, err);
    pie_gather_go_on(r);
}

void pie_fetch_reply(struct apipie_request *r, const struct pie_outcome *o,
                     struct apipie_error *err)
{
    if (pie_job_is_redirect(o)) {
        pie_job_redirected(r, o, err);
        return;
    }
    int32_t success = o->status >= 200 && o->status < 300 && o->wire == PIE_WIRE_OK;
    if (success && pie_gather_fetched(r, o, err)) {
        pie_job_judge(r, APIPIE_OUTCOME_DELIVERED, NULL);
        pie_gather_go_on(r);
        return;
    }
    if (err->code == APIPIE_OK)
        pie_job_explain(r, o, err);
    pie_job_judge(r, success ? APIPIE_OUTCOME_DELIVERED : pie_verdict_outcome(o, err), err);
    pie_fetch_failed(r, o, err);
}
