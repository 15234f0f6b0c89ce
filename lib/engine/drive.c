/* SPDX-License-Identifier: MIT */
/* Knows who pumps and for how long: one thread leads and does the I/O for all, the others sleep. Must not know what a job does. */
#include "engine/engine_priv.h"

/* No limit is needed for correctness: everything that matters wakes the leader. This only bounds a bug. */
#define DRIVE_LONGEST_MS 60000

/* Longer than this without a turn, and silence was ours. */
#define DRIVE_BREAK_MS 5

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

static void drive_take_inbox(struct apipie_client *c)
{
    pie_lock_take(c->lock);
    struct apipie_request *r = c->inbox;
    c->inbox = c->inbox_last = NULL;
    pie_lock_drop(c->lock);
    while (r != NULL) {
        struct apipie_request *next = r->next;
        r->next = NULL;
        r->order = ++c->order;
        if (pie_drive_list(r) == APIPIE_OK)
            pie_job_begin(r);
        else
            drive_refuse(c, r);
        r = next;
    }
}

/* One that was cancelled, with a reference; NULL. */
static struct apipie_request *drive_next_cancelled(struct apipie_client *c)
{
    pie_lock_take(c->lock);
    struct apipie_request *r = c->cancelled;
    if (r != NULL)
        c->cancelled = r->cancel_next;
    pie_lock_drop(c->lock);
    return r;
}

static void drive_end_cancelled(struct apipie_client *c)
{
    struct apipie_request *r = NULL;
    while ((r = drive_next_cancelled(c)) != NULL) {
        if (r->listed)
            pie_job_stop(r, APIPIE_E_CANCELLED);
        pie_request_drop(r);
    }
}

static void drive_end_all(struct apipie_client *c)
{
    pie_lock_take(c->lock);
    int32_t closing = c->closing;
    pie_lock_drop(c->lock);
    while (closing && c->jobs != NULL) {
        struct apipie_request *r = c->jobs;
        pie_job_stop(r->whole != NULL ? r->whole : r, APIPIE_E_CANCELLED);
    }
}

static int64_t drive_patience(const struct apipie_client *c, int64_t timeout_ms, int64_t next_ms)
{
    struct pie_queued *alarm = pie_queue_first(&c->alarms);
    if (c->ended != NULL)
        return 0;
    int64_t now = pie_clock_ms();
    int64_t until = timeout_ms > INT64_MAX - now ? INT64_MAX : now + timeout_ms;
    if (alarm != NULL && alarm->key < until)
        until = alarm->key;
    if (next_ms < until)
        until = next_ms;
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
        if (r == NULL)
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

/* Tells those who wait. */
static void drive_publish(struct apipie_client *c)
{
    struct apipie_request *ended = c->ended;
    c->ended = NULL;
    if (ended == NULL)
        return;
    pie_lock_take(c->lock);
    for (struct apipie_request *r = ended; r != NULL; r = r->next)
        pie_atomic_set(&r->state, PIE_STATE_ENDED);
    pie_lock_wake(c->lock);
    pie_lock_drop(c->lock);
    while (ended != NULL) {
        struct apipie_request *next = ended->next;
        ended->next = NULL;
        pie_request_drop(ended);
        ended = next;
    }
}

static void drive_count_idle(struct apipie_client *c)
{
    int64_t gap = pie_clock_ms() - c->turned_ms;
    if (c->limited == 0 || gap < DRIVE_BREAK_MS)
        return;
    for (struct apipie_request *r = c->jobs; r != NULL; r = r->next)
        pie_job_was_idle(r, gap);
}

/* One turn. The caller leads, and does not hold the lock. */
static void drive_turn(struct apipie_client *c, int64_t timeout_ms)
{
    int64_t next_ms = INT64_MAX;
    drive_count_idle(c);
    drive_take_inbox(c);
    drive_end_all(c);
    drive_end_cancelled(c);
    pie_lane_admit(c, &next_ms);
    c->transport->type->drive(c->transport, drive_patience(c, timeout_ms, next_ms),
                              INT64_MAX);
    drive_collect(c);
    drive_ring(c);
    pie_lane_admit(c, &next_ms);
    drive_publish(c);
    c->turned_ms = pie_clock_ms();
}

static int32_t drive_ended(const struct apipie_request *r)
{
    return pie_atomic_get(&r->state) == PIE_STATE_ENDED;
}

static int64_t drive_left(int64_t until_ms)
{
    int64_t left = until_ms - pie_clock_ms();
    left = left < DRIVE_LONGEST_MS ? left : DRIVE_LONGEST_MS;
    return left > 0 ? left : 0;
}

/* Turns until the request has ended or the time is up; at least one. Enters and leaves with the lock held. */
static void drive_lead(struct apipie_client *c, const struct apipie_request *r, int64_t until_ms)
{
    c->leader = pie_thread_id();
    pie_lock_drop(c->lock);
    do {
        drive_turn(c, drive_left(until_ms));
    } while (!drive_ended(r) && pie_clock_ms() < until_ms);
    pie_lock_take(c->lock);
    /* The client was freed while we led: nobody else may come to end what still runs. */
    while (c->closing && (c->jobs != NULL || c->inbox != NULL || c->cancelled != NULL)) {
        pie_lock_drop(c->lock);
        drive_turn(c, 0);
        pie_lock_take(c->lock);
    }
    c->leader = 0;
    pie_lock_wake(c->lock); /* another one takes over */
}

apipie_status pie_engine_wait(struct apipie_request *r, int64_t timeout_ms)
{
    struct apipie_client *c = r->client;
    int64_t now = pie_clock_ms();
    int64_t until = timeout_ms < 0 || timeout_ms > INT64_MAX - now ? INT64_MAX : now + timeout_ms;
    apipie_status status = APIPIE_PENDING;
    pie_request_keep(r); /* a callback may drop the caller's own reference */
    pie_lock_take(c->lock);
    if (c->leader == pie_thread_id()) {
        status = APIPIE_E_REENTRANT;
    } else if (pie_atomic_get(&r->state) == PIE_STATE_BUILDING) {
        status = APIPIE_E_STATE;
    } else {
        int32_t turns = 0;
        while (!drive_ended(r) && (turns++ == 0 || pie_clock_ms() < until)) {
            if (c->leader == 0 && c->transport != NULL)
                drive_lead(c, r, until);
            else
                pie_lock_wait(c->lock, drive_left(until));
        }
        if (drive_ended(r))
            status = r->status;
    }
    pie_lock_drop(c->lock);
    pie_request_drop(r);
    return status;
}

int32_t pie_engine_is_leader(struct apipie_client *c)
{
    pie_lock_take(c->lock);
    int32_t leads = c->leader == pie_thread_id();
    pie_lock_drop(c->lock);
    return leads;
}

void pie_engine_cancel(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    pie_lock_take(c->lock);
    int32_t state = pie_atomic_get(&r->state);
    int32_t first = pie_atomic_get(&r->cancel) == 0;
    pie_atomic_set(&r->cancel, 1);
    if (first && state != PIE_STATE_BUILDING && state != PIE_STATE_ENDED && c->transport != NULL) {
        pie_request_keep(r);
        r->cancel_next = c->cancelled;
        c->cancelled = r;
        c->transport->type->wakeup(c->transport);
    }
    pie_lock_drop(c->lock);
}

void pie_client_close(struct apipie_client *c)
{
    struct pie_transport *transport = NULL;
    pie_lock_take(c->lock);
    c->closing = 1;
    if (c->leader == 0) {
        c->leader = pie_thread_id();
        /* More than once when somebody cancels beside us. */
        do {
            pie_lock_drop(c->lock);
            if (c->transport != NULL)
                drive_turn(c, 0);
            pie_lock_take(c->lock);
        } while (c->transport != NULL &&
                 (c->jobs != NULL || c->inbox != NULL || c->cancelled != NULL));
        c->leader = 0;
        transport = c->transport;
        c->transport = NULL;
        pie_lock_wake(c->lock);
    } else if (c->transport != NULL) {
        c->transport->type->wakeup(
            c->transport); /* the leader ends them, and the last request closes it */
    }
    pie_lock_drop(c->lock);
    if (transport != NULL)
        transport->type->close(transport);
    pie_client_drop(c);
}
