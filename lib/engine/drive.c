/* SPDX-License-Identifier: MIT */
/* Knows one turn: what came in, what moved, what is due, who is told. Must not know who turns, nor what a job does. */
#include "engine/engine_priv.h"

/* Longer than this without a turn, and silence was ours. */
#define DRIVE_BREAK_MS 5
/* Longer than this, and a time limit that passed meanwhile waits until what has arrived is read. */
#define DRIVE_GAP_MS 100
/* Bytes alone are told this often. */
#define DRIVE_PROGRESS_MS 20

int32_t pie_drive_time_is_up(const struct apipie_client *c)
{
    return c->until_us != INT64_MAX && pie_clock_us() >= c->until_us;
}

apipie_status pie_drive_list(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    if (pie_queue_put(&c->alarms, &r->alarm, r->deadline_ms, 0) != APIPIE_OK)
        return APIPIE_E_MEMORY;
    r->prev = NULL;
    r->next = c->jobs;
    if (c->jobs != NULL)
        c->jobs->prev = r;
    c->jobs = r;
    c->watched += r->progress_fn.fn != NULL;
    r->listed = 1;
    return APIPIE_OK;
}

void pie_drive_unlist(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    pie_queue_take(&c->alarms, &r->alarm);
    if (r->prev != NULL)
        r->prev->next = r->next;
    else
        c->jobs = r->next;
    if (r->next != NULL)
        r->next->prev = r->prev;
    r->prev = r->next = NULL;
    c->watched -= r->progress_fn.fn != NULL;
    r->listed = 0;
}

/* Not even an alarm could be set: it ends at once. */
static void drive_refuse(struct apipie_client *c, struct apipie_request *r)
{
    pie_error_set(&r->error, APIPIE_E_MEMORY, PIE_HINT_MEMORY, "out of memory", NULL, NULL);
    pie_job_fail(r);
    r->next = c->ended;
    c->ended = r;
}

/* What other threads left for us. */
struct drive_news {
    struct apipie_request *inbox, *cancelled;
    int32_t closing;
};

static struct drive_news drive_take_news(struct apipie_client *c)
{
    pie_lock_take(c->lock);
    struct drive_news news = {c->inbox, c->cancelled, c->closing};
    c->inbox = c->inbox_last = c->cancelled = NULL;
    pie_lock_drop(c->lock);
    return news;
}

static void drive_begin(struct apipie_client *c, struct apipie_request *inbox)
{
    while (inbox != NULL) {
        struct apipie_request *r = inbox;
        inbox = r->next;
        r->next = NULL;
        r->order = ++c->order;
        if (pie_drive_list(r) == APIPIE_OK)
            pie_job_begin(r);
        else
            drive_refuse(c, r);
    }
}

static void drive_end_all(struct apipie_client *c)
{
    while (c->jobs != NULL) {
        struct apipie_request *r = c->jobs;
        pie_job_stop(r->whole != NULL ? r->whole : r, APIPIE_E_CANCELLED);
    }
}

/* Each comes with a reference. */
static void drive_end_cancelled(struct apipie_request *cancelled)
{
    while (cancelled != NULL) {
        struct apipie_request *r = cancelled;
        cancelled = r->cancel_next;
        int32_t known =
            r->run != NULL && r->run->stopping; /* seen by its reply: the server is told */
        if (r->listed && !known)
            pie_job_stop(r, APIPIE_E_CANCELLED);
        pie_request_drop(r);
    }
}

static int64_t drive_patience(const struct apipie_client *c, int64_t timeout_ms)
{
    struct pie_queued *alarm = pie_queue_first(&c->alarms);
    if (c->ended != NULL || timeout_ms <= 0)
        return 0;
    int64_t now = pie_clock_ms();
    int64_t until = timeout_ms > INT64_MAX - now ? INT64_MAX : now + timeout_ms;
    if (alarm != NULL && alarm->key < until)
        until = alarm->key;
    if (c->admit_ms < until)
        until = c->admit_ms;
    return until > now ? until - now : 0;
}

static void drive_collect(struct apipie_client *c)
{
    for (;;) {
        struct pie_outcome o;
        pie_outcome_init(&o, &c->mem);
        struct apipie_request *r = c->transport->type->next(c->transport, &o);
        if (r != NULL)
            pie_job_reply(r, &o);
        pie_outcome_free(&o);
        if (r == NULL || pie_drive_time_is_up(c))
            return;
    }
}

/* After reading: what has arrived counts, however late we look. Each alarm rings once a turn. */
static void drive_ring(struct apipie_client *c)
{
    int64_t now = pie_clock_ms();
    struct pie_queued *alarm = NULL;
    while ((alarm = pie_queue_first(&c->alarms)) != NULL && alarm->key <= now) {
        pie_queue_move(&c->alarms, alarm, now + 1);
        pie_job_due(alarm->owner);
    }
}

/* ---- telling */

/* Tells those who wait, and hands the others over. Returns those whose reference is to be dropped. */
static struct apipie_request *drive_deliver(struct apipie_client *c, struct apipie_request *ended)
{
    struct apipie_request *over = NULL;
    while (ended != NULL) {
        struct apipie_request *r = ended;
        ended = r->next;
        r->next = NULL;
        pie_atomic_set(&r->state, PIE_STATE_ENDED);
        pie_atomic_set(&r->view->phase, APIPIE_PHASE_ENDED);
        c->open--;
        pie_sleep_wake(c, r->waiters != 0 ? r : NULL);
        if (!pie_deliver_ended(r))
            continue;
        r->next = over;
        over = r;
    }
    if (c->open == 0) /* who polls without a limit has nothing to wait for any more */
        pie_sleep_wake(c, NULL);
    return over;
}

/* Who was cancelled after his end was decided: there is nothing to stop, and perhaps no other turn to find that. The lock is
 * held. */
static struct apipie_request *drive_take_late(struct apipie_client *c)
{
    struct apipie_request *late = NULL;
    struct apipie_request **at = &c->cancelled;
    while (*at != NULL) {
        struct apipie_request *r = *at;
        if (pie_atomic_get(&r->state) != PIE_STATE_ENDED) {
            at = &r->cancel_next;
            continue;
        }
        *at = r->cancel_next;
        r->cancel_next = late;
        late = r;
    }
    return late;
}

static void drive_publish(struct apipie_client *c)
{
    struct apipie_request *ended = c->ended;
    c->ended = NULL;
    if (ended == NULL)
        return;
    pie_lock_take(c->lock);
    struct apipie_request *over = drive_deliver(c, ended);
    struct apipie_request *late = drive_take_late(c);
    pie_lock_drop(c->lock);
    drive_end_cancelled(late);
    while (over != NULL) {
        struct apipie_request *r = over;
        over = r->next;
        r->next = NULL;
        pie_request_drop(r);
    }
}

/* 1 when the callback should be told: a step at once, bytes now and then. */
static int32_t drive_has_moved(struct apipie_request *r, int64_t now_ms)
{
    const struct pie_view *v = r->view;
    const struct pie_view *shown = &r->shown;
    int32_t step = v->phase != shown->phase || v->begun != shown->begun || v->done != shown->done ||
                   v->drawn != shown->drawn;
    int32_t bytes = v->up != shown->up || v->down != shown->down || v->up_all != shown->up_all ||
                    v->down_all != shown->down_all;
    if (!step && (!bytes || now_ms - r->shown_ms < DRIVE_PROGRESS_MS))
        return 0;
    r->shown = *v;
    r->shown_ms = now_ms;
    return 1;
}

static void drive_show(struct apipie_client *c)
{
    int64_t now = pie_clock_ms();
    for (struct apipie_request *r = c->jobs; c->watched != 0 && r != NULL; r = r->next) {
        if (r->progress_fn.fn == NULL || !drive_has_moved(r, now))
            continue;
        pie_lock_take(c->lock);
        pie_deliver_moved(r, PIE_DUE_PROGRESS);
        pie_sleep_wake(c, r);
        pie_sleep_wake(c, NULL);
        pie_lock_drop(c->lock);
    }
}

/* ---- the turn */

/* Time in which nobody turned is not held against anybody: neither as silence nor as a time limit. */
static void drive_excuse(struct apipie_client *c)
{
    int64_t now = c->began_us / 1000;
    int64_t gap = now - c->turned_ms;
    if (c->turned_ms != 0 && gap >= DRIVE_GAP_MS) {
        c->resumed_us = c->began_us;
        c->grace_ms = now + gap;
    }
    if (c->limited == 0 || gap < DRIVE_BREAK_MS)
        return;
    for (struct apipie_request *r = c->jobs; r != NULL; r = r->next)
        pie_job_was_idle(r, gap);
}

void pie_drive_turn(struct apipie_client *c, int64_t timeout_ms, int64_t budget_us)
{
    struct pie_inside frame;
    pie_inside_enter(&frame, c, PIE_INSIDE_TURN);
    c->began_us = pie_clock_us();
    c->until_us = budget_us > 0 ? c->began_us + budget_us : INT64_MAX;
    drive_excuse(c);
    struct drive_news news = drive_take_news(c);
    drive_begin(c, news.inbox);
    if (news.closing)
        drive_end_all(c);
    drive_end_cancelled(news.cancelled);
    pie_lane_admit(c);
    c->transport->type->drive(c->transport, drive_patience(c, timeout_ms), &c->until_us);
    drive_collect(c);
    drive_ring(c);
    pie_lane_admit(c);
    drive_show(c);
    drive_publish(c);
    c->turned_ms = pie_clock_ms();
    pie_inside_leave(&frame);
}
