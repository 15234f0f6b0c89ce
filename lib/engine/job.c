/* SPDX-License-Identifier: MIT */
/* Knows the walk of a job from leg to leg; must not read bodies or touch other jobs. */
#include "engine/engine_priv.h"

static struct pie_attempt *job_attempt(const struct apipie_request *r)
{
    return &r->attempts[r->attempt_count - 1];
}

static void job_memory_error(struct apipie_error *err)
{
    pie_error_set(err, APIPIE_E_MEMORY, PIE_HINT_MEMORY, "out of memory", NULL, NULL);
}

/* ---- sending */

struct pie_attempt *pie_job_log_attempt(struct apipie_request *r, int32_t purpose)
{
    if (r->attempt_count == r->attempt_room) {
        size_t room = r->attempt_room == 0 ? 2 : r->attempt_room * 2;
        struct pie_attempt *more = pie_mem_resize(r->mem, r->attempts, room * sizeof(*more));
        if (more == NULL)
            return NULL;
        r->attempts = more;
        r->attempt_room = room;
    }
    struct pie_attempt *a = &r->attempts[r->attempt_count++];
    pie_attempt_init(a);
    a->purpose = purpose;
    a->outcome = APIPIE_OUTCOME_NOT_SENT;
    a->backend = r->place != NULL ? r->place->backend : NULL;
    a->route = purpose == APIPIE_PURPOSE_GENERATE ? (int32_t)r->route : -1;
    a->wall_ms = pie_clock_wall_ms();
    a->time[APIPIE_TIME_STARTED] = pie_clock_ms() - r->submitted_ms;
    return a;
}

/* The line of an exchange is complete. */
static void job_told(struct apipie_request *r)
{
    pie_log_exchange(r);
    pie_watch_attempt(r);
}

/* Without memory the leg is not sent. What other legs have brought is kept. */
static void job_cannot_send(struct apipie_request *r)
{
    struct apipie_error err;
    pie_error_init(&err, r->mem);
    job_memory_error(&err);
    if (r->run->leg->purpose == APIPIE_PURPOSE_DOWNLOAD) {
        pie_gather_give_up(r, &err);
        pie_gather_go_on(r);
    } else {
        pie_job_fail_with(r, &err);
    }
    pie_error_free(&err);
}

/* A redirect is another hop of the same try. */
static void job_count_try(struct apipie_request *r)
{
    if (r->run->redirects != 0)
        return;
    r->tries += r->run->leg->paid;
    r->run->fetch_tries += !r->run->leg->paid;
}

/* Not even the log has a line for it: what was put aside goes back all the same. */
static void job_return_hold(struct apipie_request *r)
{
    struct pie_attempt none;
    pie_attempt_init(&none);
    none.outcome = APIPIE_OUTCOME_NOT_SENT;
    if (r->run->leg->paid)
        pie_money_settle(r, &none);
}

void pie_job_send_leg(struct apipie_request *r)
{
    struct pie_run *run = r->run;
    struct pie_transport *t = r->client->transport;
    struct pie_attempt *a = pie_job_log_attempt(r, run->leg->purpose);
    if (a == NULL) {
        job_return_hold(r);
        job_cannot_send(r);
        return;
    }
    job_count_try(r);
    int32_t download = run->leg->purpose == APIPIE_PURPOSE_DOWNLOAD;
    int32_t list = run->leg->purpose == APIPIE_PURPOSE_MODELS ||
                   run->leg->purpose == APIPIE_PURPOSE_CHECK; /* what there is, to choose from */
    pie_body_set_rest(run->body, list ? PIE_REST_LIST_MAX : PIE_REST_MAX);
    int32_t pictures = run->leg->paid || run->leg->purpose == APIPIE_PURPOSE_POLL;
    pie_body_set_stream(run->body, pictures ? r->dialect->stream : NULL);
    pie_body_reset(run->body, pictures ? r->dialect->paths : NULL, run->next_slot, download);
    pie_job_set_state(r, PIE_STATE_IN_FLIGHT);
    run->leg->request.view = r->view;
    run->leg->request.small_pieces = pie_count_get(&r->client->poll_budget_us) > 0;
    apipie_status status = pie_watch_stamp(r, a);
    if (status == APIPIE_OK)
        status =
            t->type->submit(t, &run->leg->request, pie_body_writer(run->body), &run->progress, r);
    if (status == APIPIE_OK) {
        pie_job_set_alarm(r);
        return;
    }
    a->status = status;
    pie_text_copy(pie_slice_text("out of memory"), a->message, sizeof(a->message));
    if (run->leg->paid)
        pie_money_settle(r, a);
    job_told(r);
    pie_log_failed(r, PIE_NEXT_NONE, 0);
    job_cannot_send(r);
}

/* Cancelled, perhaps by the key callback, or too late: a paid call is not begun only to be stopped. */
static int32_t job_is_gone(struct apipie_request *r)
{
    const struct apipie_request *whole = r->whole != NULL ? r->whole : r;
    int32_t cancelled = pie_atomic_get(&whole->cancel);
    if (!cancelled && r->deadline_ms > pie_clock_ms())
        return 0;
    pie_job_set_state(r,
                      PIE_STATE_WAITING); /* after a 401 it still says in flight; nothing is out */
    pie_job_stop(r, cancelled ? APIPIE_E_CANCELLED : APIPIE_E_TIMEOUT);
    return 1;
}

/* There is no call, and nothing is out. */
static void job_no_call(struct apipie_request *r, struct apipie_error *err)
{
    if (err->code == APIPIE_E_BUDGET && pie_route_elsewhere(r, r->route + 1) != SIZE_MAX)
        pie_job_not_sent(r, err); /* it may be less there, or nothing */
    else
        pie_job_fail_with(r, err);
}

/* What goes before the call goes in vain when that cannot be paid. */
static void job_send_first(struct apipie_request *r, struct apipie_error *err)
{
    if (err->code != APIPIE_OK)
        pie_job_not_sent(r, err);
    else if (job_is_gone(r))
        return;
    else if (pie_money_check(r, err) == APIPIE_OK)
        pie_job_send_leg(r);
    else
        job_no_call(r, err);
}

/* The paid call: with the key of this moment, and with its price put aside. */
static void job_send_call(struct apipie_request *r, int32_t key_refused)
{
    struct apipie_error err;
    struct pie_run *run = r->run;
    pie_error_init(&err, r->mem);
    run->leg = &run->call;
    apipie_status status = run->redirects == 0 ? pie_run_ask_key(r, key_refused, &err) : APIPIE_OK;
    int32_t first = status == APIPIE_OK ? pie_steps_prepare(r, &err) : PIE_STEPS_READY;
    if (first != PIE_STEPS_READY) {
        if (first == PIE_STEPS_LEG)
            job_send_first(r, &err);
        pie_error_free(&err);
        return;
    }
    if (status == APIPIE_OK)
        status = pie_run_encode(r, &err);
    if (status == APIPIE_OK)
        status = pie_run_check_files(r, &err);
    if (status == APIPIE_OK)
        status = pie_run_sign(r, &err);
    if (status == APIPIE_OK && job_is_gone(r)) {
        pie_error_free(&err);
        return;
    }
    if (status == APIPIE_OK)
        status = pie_money_reserve(r, &err);
    if (status == APIPIE_OK) {
        run->called = ++r->client->calls;
        pie_steps_begin_beside(r);
        pie_job_send_leg(r);
    } else {
        job_no_call(r, &err);
    }
    pie_error_free(&err);
}

void pie_job_call(struct apipie_request *r)
{
    job_send_call(r, 0);
}

void pie_job_call_with_key(struct apipie_request *r)
{
    job_send_call(r, 1);
}

/* The call is over, whatever came of it. */
void pie_job_called(struct apipie_request *r)
{
    if (r->run != NULL)
        r->run->called = 0;
    pie_steps_end_beside(r);
}

static int32_t job_images(const struct apipie_request *r)
{
    return (r->asked->has & PIE_WISH_HAS_N) && r->whole == NULL ? r->asked->n : 1;
}

static int32_t job_makes_one(const struct apipie_request *r)
{
    struct pie_call call;
    if (r->lane->one_image || r->dialect->one_image == NULL)
        return r->lane->one_image;
    pie_run_call(r, &call);
    return r->dialect->one_image(&call);
}

void pie_job_go(struct apipie_request *r)
{
    struct apipie_error err;
    pie_error_init(&err, r->mem);
    if (pie_run_make(r, &err) != APIPIE_OK)
        pie_job_fail_with(r, &err);
    else if (pie_same_found(r))
        ; /* nothing is to be sent */
    else if (job_images(r) > 1 && job_makes_one(r))
        pie_part_split(r);
    else {
        r->run->redirects = 0;
        r->run->way = r->lane->way;
        job_send_call(r, 0);
    }
    pie_error_free(&err);
}

void pie_job_begin(struct apipie_request *r)
{
    r->rounds = 1;
    r->round_delay_ms = -1;
    if (pie_atomic_get(&r->cancel)) /* while submit was at work */
        pie_job_stop(r, APIPIE_E_CANCELLED);
    else if (pie_free_is(r))
        pie_free_resume(r);
    else
        pie_route_enter(r);
}

/* ---- what came back */

static int64_t job_ms(int64_t us)
{
    return us < 0 ? APIPIE_UNKNOWN : us / 1000;
}

void pie_job_log_outcome(struct apipie_request *r, const struct pie_outcome *o)
{
    struct pie_attempt *a = job_attempt(r);
    const char *date = pie_headers_get(&o->headers, "date");
    if (date == NULL || pie_number_http_date(pie_slice_text(date), &a->server_ms) != APIPIE_OK)
        a->server_ms = APIPIE_UNKNOWN;
    a->proxied = o->proxied;
    a->http_status = o->status;
    a->time[APIPIE_TIME_LOOKUP] = job_ms(o->lookup_us);
    a->time[APIPIE_TIME_CONNECT] = job_ms(o->connect_us);
    a->time[APIPIE_TIME_TLS] = job_ms(o->tls_us);
    a->time[APIPIE_TIME_FIRST_BYTE] = job_ms(o->first_byte_us);
    a->time[APIPIE_TIME_TOTAL] = job_ms(o->total_us);
    a->bytes = o->body_bytes;
    a->bytes_sent =
        o->sent && o->wire != PIE_WIRE_BODY ? pie_http_request_length(&r->run->leg->request) : 0;
    pie_explain_request_id(&o->headers, a->request_id);
    pie_verdict_mask_text(a->request_id,
                          pie_run_key(r)); /* some servers echo what they were sent */
}

static void job_bill(struct apipie_request *r, struct pie_attempt *a)
{
    if (a->outcome != APIPIE_OUTCOME_NOT_SENT)
        r->rated = 0;
    if (a->outcome == APIPIE_OUTCOME_DELIVERED)
        a->billed = APIPIE_BILLED_YES;
    if (a->outcome == APIPIE_OUTCOME_UNKNOWN)
        a->billed = APIPIE_BILLED_UNKNOWN;
    if (r->dialect->free)
        a->billed = APIPIE_BILLED_NO;
    pie_money_settle(r, a);
}

void pie_job_judge(struct apipie_request *r, int32_t outcome, struct apipie_error *err)
{
    struct pie_attempt *a = job_attempt(r);
    a->outcome = outcome;
    a->status = err != NULL ? err->code : APIPIE_OK;
    a->billed = APIPIE_BILLED_NO;
    if (err != NULL) {
        pie_verdict_mask(err, pie_run_key(r));
        pie_text_display(pie_slice_text(err->message), a->message, sizeof(a->message));
    }
    if (r->run->leg->paid)
        job_bill(r, a);
    pie_figures_attempt(r, a);
    job_told(r);
}

void pie_job_explain(struct apipie_request *r, const struct pie_outcome *o,
                     struct apipie_error *err)
{
    if (o->wire != PIE_WIRE_OK && o->status < 300) {
        pie_verdict_wire(o, r->run->leg->paid && !r->dialect->free, err);
        return;
    }
    struct pie_reading g;
    pie_reading_open(&g, r, o);
    pie_dialect_explain(r->dialect, &g.reply, err);
    pie_reading_close(&g);
    err->retry_after_ms = pie_explain_retry_after(&o->headers, pie_clock_wall_ms());
}

/* The exchange of the paid call is judged and failed. */
static void job_call_failed(struct apipie_request *r, const struct pie_outcome *o,
                            struct apipie_error *err)
{
    pie_route_report(r, o, err);
    r->run->leg = &r->run->call; /* also when it failed later: its tries are counted */
    if (pie_run_wants_key_again(r, err) && pie_job_can_restart(r)) {
        pie_log_failed(r, PIE_NEXT_KEY, 0);
        job_send_call(r, 1);
        return;
    }
    if (err->one_image && job_images(r) > 1 && job_attempt(r)->outcome == APIPIE_OUTCOME_REJECTED) {
        r->lane->one_image = 1;
        pie_log_failed(r, PIE_NEXT_PARTS, 0);
        pie_job_called(r);
        pie_part_split(r);
        return;
    }
    pie_uploads_refused(r, err);
    pie_job_again(r, err);
}

/* Is there a whole picture, or the url of one, in a reply that broke off? */
int32_t pie_job_has_whole(const struct apipie_request *r)
{
    size_t n = 0;
    const struct pie_part *parts = pie_body_parts(r->run->body, &n);
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
    if (r->result->usage.cost > 0 || pie_body_failure(r->run->body) != APIPIE_OK ||
        pie_job_has_whole(r))
        return APIPIE_OUTCOME_DELIVERED;
    return APIPIE_OUTCOME_UNKNOWN;
}

void pie_job_answered(struct apipie_request *r, const struct pie_outcome *o,
                      struct apipie_error *err)
{
    apipie_status status = pie_steps_next(r, o, err);
    if (status == APIPIE_PENDING)
        return;
    if (status == APIPIE_OK && pie_gather_decode(r, o, err)) {
        if (pie_count_get(&r->view->drawn) > 0)
            pie_count_set(&r->view->drawn, 1001); /* servers fall back to 0 before that */
        pie_job_called(r);
        pie_job_judge(r, APIPIE_OUTCOME_DELIVERED, NULL);
        pie_route_report(r, o, NULL);
        pie_gather_go_on(r);
        return;
    }
    pie_job_judge(r, job_no_picture_outcome(r), err);
    job_call_failed(r, o, err);
}

/* What a redirect means for the call, which a check goes before and a poll behind. */
static int32_t job_redirect_outcome(const struct apipie_request *r, const struct pie_outcome *o,
                                    int32_t refused, const struct apipie_error *err)
{
    int32_t purpose = r->run->leg->purpose;
    if (r->run->leg->paid || (refused && purpose == APIPIE_PURPOSE_UPLOAD) ||
        (refused && purpose == APIPIE_PURPOSE_CHECK))
        return pie_verdict_outcome(o, err);
    return refused && purpose == APIPIE_PURPOSE_POLL ? APIPIE_OUTCOME_UNKNOWN
                                                     : APIPIE_OUTCOME_DELIVERED;
}

/* It is not followed. The way to the server is at fault: another backend may do better. */
static void job_redirect_refused(struct apipie_request *r, const struct pie_outcome *o,
                                 struct apipie_error *err)
{
    int32_t purpose = r->run->leg->purpose;
    err->http_status = o->status;
    if (purpose != APIPIE_PURPOSE_DOWNLOAD && !pie_free_is(r)) {
        pie_route_report(r, o, err);
        r->run->leg = &r->run->call;
        pie_job_again(r, err);
        return;
    }
    pie_log_failed(r, PIE_NEXT_NONE, 0);
    if (purpose != APIPIE_PURPOSE_DOWNLOAD) {
        pie_job_fail_with(r, err);
        return;
    }
    pie_gather_give_up(r, err);
    pie_gather_go_on(r);
}

void pie_job_redirected(struct apipie_request *r, const struct pie_outcome *o,
                        struct apipie_error *err)
{
    struct pie_buf url;
    apipie_status status = pie_leg_redirect(r, o, &url, err);
    if (status == APIPIE_E_MEMORY && err->code == APIPIE_OK)
        job_memory_error(err);
    pie_job_judge(r, job_redirect_outcome(r, o, status != APIPIE_OK, err),
                  status != APIPIE_OK ? err : NULL);
    if (status == APIPIE_OK) {
        pie_buf_free(&r->run->leg->request.url);
        r->run->leg->request.url = url;
        pie_job_wait_until(r, pie_clock_ms());
    } else if (status == APIPIE_E_MEMORY) {
        pie_log_failed(r, PIE_NEXT_NONE, 0);
        job_cannot_send(r);
    } else {
        job_redirect_refused(r, o, err);
    }
}

/* 300 and 304 lead nowhere; 303 is for the one who refuses it to tell. */
int32_t pie_job_is_redirect(const struct pie_outcome *o)
{
    return o->wire == PIE_WIRE_OK && (o->status == 301 || o->status == 302 || o->status == 303 ||
                                      o->status == 307 || o->status == 308);
}

static void job_call_reply(struct apipie_request *r, const struct pie_outcome *o,
                           struct apipie_error *err)
{
    int32_t success = o->status >= 200 && o->status < 300;
    r->run->private_gateway |= o->private_peer;
    if (success && (o->wire == PIE_WIRE_OK || pie_job_has_whole(r))) {
        pie_job_answered(r, o, err);
        return;
    }
    if (pie_job_is_redirect(o)) {
        pie_job_redirected(r, o, err);
        return;
    }
    pie_job_explain(r, o, err);
    pie_job_judge(r, pie_verdict_outcome(o, err), err);
    if (!pie_steps_instead(r, o, err))
        job_call_failed(r, o, err);
}

static void job_dispatch(struct apipie_request *r, const struct pie_outcome *o,
                         struct apipie_error *err)
{
    int32_t purpose = r->run->leg->purpose;
    if (purpose == APIPIE_PURPOSE_GENERATE)
        job_call_reply(r, o, err);
    else if (pie_steps_is_before(r, purpose))
        pie_steps_checked(r, o, err);
    else if (purpose == APIPIE_PURPOSE_POLL)
        pie_steps_polled(r, o, err);
    else if (purpose == APIPIE_PURPOSE_PROGRESS)
        pie_steps_looked(r, o);
    else if (r->wish.kind == APIPIE_REQUEST_RECONCILE)
        pie_free_settle(r, o, err);
    else if (pie_free_is(r))
        pie_free_answered(r, o, err);
    else
        pie_fetch_reply(r, o, err);
}

void pie_job_reply(struct apipie_request *r, struct pie_outcome *o)
{
    struct apipie_error err;
    pie_error_init(&err, r->mem);
    pie_body_finish(r->run->body, o->wire == PIE_WIRE_OK);
    pie_job_log_outcome(r, o);
    if (r->run->stopping ||
        pie_atomic_get(&r->cancel)) /* by a callback, or just before the last byte */
        pie_job_stopped(r, APIPIE_E_CANCELLED, o);
    else
        job_dispatch(r, o, &err);
    pie_error_free(&err);
}

void pie_job_broken(struct apipie_request *r, const struct pie_outcome *o, struct apipie_error *err)
{
    pie_job_judge(r, pie_verdict_outcome(o, err), err);
    int32_t purpose = r->run->leg->purpose;
    if (r->run->leg->paid)
        job_call_failed(r, o, err);
    else if (purpose == APIPIE_PURPOSE_DOWNLOAD)
        pie_fetch_failed(r, o, err);
    else if (pie_steps_is_before(r, purpose) || purpose == APIPIE_PURPOSE_POLL)
        pie_steps_broken(r, o, err);
    else if (purpose == APIPIE_PURPOSE_PROGRESS)
        pie_job_wait_until(r, pie_clock_ms());
    else if (pie_free_is(r) && r->wish.kind != APIPIE_REQUEST_RECONCILE)
        pie_free_failed(r, err);
    else {
        pie_log_failed(r, PIE_NEXT_NONE, 0);
        pie_job_fail_with(r, err);
    }
}

void pie_job_resume(struct apipie_request *r)
{
    if (pie_free_is(r))
        pie_free_resume(r);
    else if (r->run == NULL || r->run->leg == NULL) /* another round over the routes */
        pie_route_enter(r);
    else if (r->run->leg == &r->run->call)
        job_send_call(r, 0);
    else
        pie_job_send_leg(r);
}
