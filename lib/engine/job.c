/* SPDX-License-Identifier: MIT */
/* Knows the walk of a job from leg to leg; must not read bodies or touch other jobs. */
#include "engine/engine_priv.h"

/* A fresh url may not be everywhere yet: a 404 is asked again, this often and this long. */
#define JOB_FRESH_TRIES 3
#define JOB_FRESH_MS    5000

static struct pie_attempt *job_attempt(const struct apipie_request *r)
{
    return &r->attempts[r->attempt_count - 1];
}

/* ---- the end */

static int32_t job_billed(const struct apipie_request *r)
{
    int32_t billed = APIPIE_BILLED_NO;
    for (size_t i = 0; i < r->attempt_count; i++) {
        if (r->attempts[i].billed == APIPIE_BILLED_YES)
            return APIPIE_BILLED_YES;
        if (r->attempts[i].billed == APIPIE_BILLED_UNKNOWN)
            billed = APIPIE_BILLED_UNKNOWN;
    }
    return billed;
}

/* What the host does not need any more goes now, not with its last reference. */
static void job_end(struct apipie_request *r, apipie_status status)
{
    if (r->sink != NULL)
        r->sink->type->close(r->sink); /* what was not committed is gone with it */
    r->sink = NULL;
    r->body = pie_body_free(r->body);
    pie_http_request_free(&r->call.request);
    pie_http_request_free(&r->fetch.request);
    if (r->key != NULL)
        pie_mem_wipe(r->key, strlen(r->key));
    r->key = pie_mem_free(r->mem, r->key);
    r->base_url = pie_mem_free(r->mem, r->base_url);
    r->leg = NULL;
    r->ended_ms = pie_clock_ms();
    r->status = status;
}

/* What was not committed is not there, whatever came. */
static void job_forget_uncommitted(struct apipie_request *r)
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
    job_forget_uncommitted(r);
    e->billed = job_billed(r);
    e->attempts = r->tries;
    pie_verdict_mask(e, r->key);
    job_end(r, e->code);
}

void pie_job_succeed(struct apipie_request *r)
{
    pie_error_free(&r->error);
    pie_error_init(&r->error, r->mem);
    job_end(r, APIPIE_OK);
}

static void job_fail_with(struct apipie_request *r, struct apipie_error *err)
{
    pie_error_move(&r->error, err);
    pie_job_fail(r);
}

static void job_fail_memory(struct apipie_request *r)
{
    pie_error_set(&r->error, APIPIE_E_MEMORY, "free some memory, then try again", "out of memory",
                  NULL, NULL);
    pie_job_fail(r);
}

/* ---- sending */

void pie_job_wait_until(struct apipie_request *r, int64_t until_ms)
{
    r->until_ms = until_ms;
    pie_atomic_set(&r->state, PIE_STATE_WAITING);
}

static apipie_status job_new_attempt(struct apipie_request *r)
{
    if (r->attempt_count == r->attempt_room) {
        size_t room = r->attempt_room + 8;
        struct pie_attempt *more = pie_mem_resize(r->mem, r->attempts, room * sizeof(*more));
        if (more == NULL)
            return APIPIE_E_MEMORY;
        r->attempts = more;
        r->attempt_room = room;
    }
    r->attempt_count++;
    struct pie_attempt *a = job_attempt(r);
    pie_attempt_init(a);
    a->purpose = r->leg->purpose;
    a->outcome = APIPIE_OUTCOME_NOT_SENT;
    a->time[APIPIE_TIME_STARTED] = pie_clock_ms() - r->submitted_ms;
    return APIPIE_OK;
}

/* Without memory the leg is not sent. What other legs have brought is kept. */
static void job_cannot_send(struct apipie_request *r)
{
    struct apipie_error err;
    if (r->leg->paid) {
        job_fail_memory(r);
        return;
    }
    pie_error_init(&err, r->mem);
    pie_error_set(&err, APIPIE_E_MEMORY, "free some memory, then try again", "out of memory", NULL,
                  NULL);
    pie_gather_give_up(r, &err);
    pie_gather_go_on(r);
    pie_error_free(&err);
}

void pie_job_send(struct apipie_request *r)
{
    struct pie_transport *t = r->client->transport;
    if (job_new_attempt(r) != APIPIE_OK) {
        job_cannot_send(r);
        return;
    }
    /* A redirect is another hop of the same try. */
    if (r->redirects == 0) {
        r->tries += r->leg->paid;
        r->fetch_tries += !r->leg->paid;
    }
    pie_body_reset(r->body, r->leg->paid ? r->dialect->paths : NULL, r->next_slot, !r->leg->paid);
    r->ticket = ++r->client->tickets;
    pie_atomic_set(&r->state, PIE_STATE_IN_FLIGHT);
    apipie_status status =
        t->type->submit(t, &r->leg->request, pie_body_writer(r->body), r->ticket);
    if (status == APIPIE_OK)
        return;
    job_attempt(r)->status = status;
    job_cannot_send(r);
}

/* ---- what came back */

static int64_t job_ms(int64_t us)
{
    return us < 0 ? APIPIE_UNKNOWN : us / 1000;
}

static void job_log(struct apipie_request *r, const struct pie_outcome *o)
{
    struct pie_attempt *a = job_attempt(r);
    a->http_status = o->status;
    a->time[APIPIE_TIME_LOOKUP] = job_ms(o->lookup_us);
    a->time[APIPIE_TIME_CONNECT] = job_ms(o->connect_us);
    a->time[APIPIE_TIME_TLS] = job_ms(o->tls_us);
    a->time[APIPIE_TIME_FIRST_BYTE] = job_ms(o->first_byte_us);
    a->time[APIPIE_TIME_TOTAL] = job_ms(o->total_us);
    pie_explain_request_id(&o->headers, a->request_id);
}

static void job_judge(struct apipie_request *r, int32_t outcome, apipie_status status)
{
    struct pie_attempt *a = job_attempt(r);
    a->outcome = outcome;
    a->status = status;
    a->billed = APIPIE_BILLED_NO;
    if (r->leg->paid && outcome == APIPIE_OUTCOME_DELIVERED)
        a->billed = APIPIE_BILLED_YES;
    if (r->leg->paid && outcome == APIPIE_OUTCOME_UNKNOWN)
        a->billed = APIPIE_BILLED_UNKNOWN;
}

static int64_t job_retry_delay(const struct apipie_request *r, const struct apipie_error *err,
                               int64_t now)
{
    struct pie_retry_ask ask = {0};
    ask.policy = r->wish.retry_policy;
    ask.retries = r->wish.retries;
    ask.tries = r->leg->paid ? r->tries : r->fetch_tries;
    ask.outcome = job_attempt(r)->outcome;
    ask.free = !r->leg->paid;
    ask.error = err;
    ask.now_ms = now;
    ask.deadline_ms = r->deadline_ms;
    pie_random(&ask.random, sizeof(ask.random));
    return pie_retry_decide(&ask);
}

/* An error from a reply that is no success, or from what broke it. */
static void job_explain(struct apipie_request *r, const struct pie_outcome *o,
                        struct apipie_error *err)
{
    if (o->wire != PIE_WIRE_OK && o->status < 300) {
        pie_verdict_wire(o, r->leg->paid, err);
        return;
    }
    struct pie_reading g;
    pie_reading_open(&g, r, o);
    r->dialect->explain(&g.reply, err);
    pie_reading_close(&g);
    err->retry_after_ms = pie_explain_retry_after(&o->headers, pie_clock_wall_ms());
}

/* A new try of the paid call starts from nothing. */
static apipie_status job_forget_result(struct apipie_request *r)
{
    struct apipie_result *fresh = pie_result_new(r->mem);
    if (fresh == NULL)
        return APIPIE_E_MEMORY;
    pie_result_free(r->result);
    r->result = fresh;
    r->result_known = 0;
    r->next_slot = 0;
    return APIPIE_OK;
}

static void job_call_failed(struct apipie_request *r, struct apipie_error *err)
{
    int64_t now = pie_clock_ms();
    int64_t delay = job_retry_delay(r, err, now);
    /* A pipe with half a picture in it takes no second one: paying for that would be in vain. */
    if (delay < 0 || !pie_sink_can_restart(r->sink) || job_forget_result(r) != APIPIE_OK) {
        job_fail_with(r, err);
        return;
    }
    r->redirects = 0;
    pie_job_wait_until(r, now + delay);
}

/* Is there a whole picture, or the url of one, in a reply that broke off? */
static int32_t job_has_whole(const struct apipie_request *r)
{
    size_t n = 0;
    const struct pie_part *parts = pie_body_parts(r->body, &n);
    for (size_t i = 0; i < n; i++) {
        if (parts[i].kind == PIE_PART_IMAGE || parts[i].kind == PIE_PART_URL)
            return 1;
    }
    return 0;
}

/* A 2xx reply without a picture was drawn and billed, or not: only its usage can tell, or that the picture did
 * come and could not be kept here. */
static int32_t job_no_picture_outcome(const struct apipie_request *r)
{
    if (r->result->usage.cost > 0 || pie_body_failure(r->body) != APIPIE_OK || job_has_whole(r))
        return APIPIE_OUTCOME_DELIVERED;
    return APIPIE_OUTCOME_UNKNOWN;
}

static void job_call_answered(struct apipie_request *r, const struct pie_outcome *o,
                              struct apipie_error *err)
{
    if (pie_gather_decode(r, o, err)) {
        job_judge(r, APIPIE_OUTCOME_DELIVERED, APIPIE_OK);
        pie_gather_go_on(r);
        return;
    }
    job_judge(r, job_no_picture_outcome(r), err->code);
    job_call_failed(r, err);
}

static void job_redirected(struct apipie_request *r, const struct pie_outcome *o,
                           struct apipie_error *err)
{
    apipie_status status = pie_leg_redirect(r, o, err);
    job_judge(r, r->leg->paid ? pie_verdict_outcome(o, err) : APIPIE_OUTCOME_DELIVERED, status);
    if (status == APIPIE_OK) {
        pie_job_wait_until(r, pie_clock_ms());
        return;
    }
    if (status == APIPIE_E_MEMORY) {
        job_cannot_send(r);
        return;
    }
    err->http_status = o->status;
    if (r->leg->paid) {
        job_fail_with(r, err);
        return;
    }
    pie_gather_give_up(r, err);
    pie_gather_go_on(r);
}

/* 300 and 304 lead nowhere; 303 is for the one who refuses it to tell. */
static int32_t job_is_redirect(const struct pie_outcome *o)
{
    return o->wire == PIE_WIRE_OK && (o->status == 301 || o->status == 302 || o->status == 303 ||
                                      o->status == 307 || o->status == 308);
}

static void job_call_reply(struct apipie_request *r, const struct pie_outcome *o,
                           struct apipie_error *err)
{
    int32_t success = o->status >= 200 && o->status < 300;
    r->private_gateway |= o->private_peer;
    if (success && (o->wire == PIE_WIRE_OK || job_has_whole(r))) {
        job_call_answered(r, o, err);
        return;
    }
    if (job_is_redirect(o)) {
        job_redirected(r, o, err);
        return;
    }
    job_explain(r, o, err);
    job_judge(r, pie_verdict_outcome(o, err), err->code);
    job_call_failed(r, err);
}

static int64_t job_fetch_delay(const struct apipie_request *r, const struct pie_outcome *o,
                               const struct apipie_error *err)
{
    int64_t now = pie_clock_ms();
    int64_t fresh = 500 * r->fetch_tries;
    if (o->status == 404 && r->wish.retry_policy != APIPIE_RETRY_NEVER &&
        r->fetch_tries < JOB_FRESH_TRIES && now + fresh - r->fetch_since_ms < JOB_FRESH_MS &&
        now + fresh < r->deadline_ms)
        return fresh;
    return job_retry_delay(r, err, now);
}

static void job_fetch_reply(struct apipie_request *r, const struct pie_outcome *o,
                            struct apipie_error *err)
{
    if (job_is_redirect(o)) {
        job_redirected(r, o, err);
        return;
    }
    int32_t success = o->status >= 200 && o->status < 300;
    if (success && o->wire == PIE_WIRE_OK && pie_gather_fetched(r, o, err)) {
        job_judge(r, APIPIE_OUTCOME_DELIVERED, APIPIE_OK);
        pie_gather_go_on(r);
        return;
    }
    if (err->code == APIPIE_OK)
        job_explain(r, o, err);
    job_judge(r,
              o->wire == PIE_WIRE_OK && success ? APIPIE_OUTCOME_DELIVERED
                                                : pie_verdict_outcome(o, err),
              err->code);
    int64_t delay = job_fetch_delay(r, o, err);
    if (delay >= 0) {
        r->redirects = 0;
        pie_job_wait_until(r, pie_clock_ms() + delay);
        return;
    }
    pie_gather_give_up(r, err);
    pie_gather_go_on(r);
}

/* ---- stopped from outside */

static void job_stop_error(struct apipie_error *err, apipie_status why, const struct pie_outcome *o,
                           int32_t paid)
{
    const char *hint = "";
    if (paid && o->sent)
        hint = "the request had been sent: the picture may have been drawn and billed; look at "
               "your usage "
               "before you send it again";
    if (why == APIPIE_E_CANCELLED) {
        pie_error_set(err, why, hint, "cancelled", NULL, NULL);
        return;
    }
    if (hint[0] == '\0')
        hint = "raise the time limit";
    const char *state = "before the request was sent";
    if (o->sent)
        state =
            o->body_bytes != 0 ? "in the middle of the reply" : "before a byte of the reply came";
    pie_error_set(err, why, hint, "the time limit passed ", state, NULL);
    err->retryable = 1;
}

static void job_stopped(struct apipie_request *r, apipie_status why, const struct pie_outcome *o)
{
    struct apipie_error err;
    pie_error_init(&err, r->mem);
    job_stop_error(&err, why, o, r->leg->paid);
    err.http_status = o->status;
    if (pie_atomic_get(&r->state) == PIE_STATE_IN_FLIGHT)
        job_judge(r, pie_verdict_outcome(o, &err), why); /* a refusal counts by its first line */
    if (r->result_known && why == APIPIE_E_TIMEOUT) {
        /* The other pictures are there, and paid. */
        pie_gather_give_up(r, &err);
        pie_gather_commit(r);
    } else {
        job_fail_with(r, &err);
    }
    pie_error_free(&err);
}

void pie_job_reply(struct apipie_request *r, struct pie_outcome *o)
{
    struct apipie_error err;
    pie_error_init(&err, r->mem);
    pie_body_finish(r->body, o->wire == PIE_WIRE_OK);
    job_log(r, o);
    if (pie_atomic_get(&r->cancel)) /* by a callback, or just before the last byte */
        job_stopped(r, APIPIE_E_CANCELLED, o);
    else if (r->leg->paid)
        job_call_reply(r, o, &err);
    else
        job_fetch_reply(r, o, &err);
    pie_error_free(&err);
}

void pie_job_stop(struct apipie_request *r, apipie_status why)
{
    struct pie_outcome o;
    struct pie_transport *t = r->client->transport;
    pie_outcome_init(&o, r->mem);
    if (pie_atomic_get(&r->state) != PIE_STATE_IN_FLIGHT) {
        job_stopped(r, why, &o);
        pie_outcome_free(&o);
        return;
    }
    t->type->cancel(t, r->ticket, &o);
    if (why == APIPIE_E_TIMEOUT && (o.wire != PIE_WIRE_STOPPED || job_has_whole(r))) {
        pie_job_reply(r, &o); /* it came just in time, or what matters did */
    } else {
        pie_body_finish(r->body, 0);
        job_log(r, &o);
        job_stopped(r, why, &o);
    }
    pie_outcome_free(&o);
}
