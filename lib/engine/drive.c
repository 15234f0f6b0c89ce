/* SPDX-License-Identifier: MIT */
/* Knows who pumps and for how long: one thread leads and does the I/O for all, the others sleep. Must not know what a job does. */
#include "engine/engine_priv.h"

/* No limit is needed for correctness: everything that matters wakes the leader. This only bounds a bug. */
#define DRIVE_LONGEST_MS 60000

static void drive_take_inbox(struct apipie_client *c)
{
    struct apipie_request **at = &c->jobs;
    while (*at != NULL)
        at = &(*at)->next;
    pie_lock_take(c->lock);
    *at = c->inbox;
    c->inbox = NULL;
    pie_lock_drop(c->lock);
}

static int32_t drive_closing(struct apipie_client *c)
{
    pie_lock_take(c->lock);
    int32_t closing = c->closing;
    pie_lock_drop(c->lock);
    return closing;
}

/* Sends what is due, ends what was cancelled. */
static void drive_start_due(struct apipie_client *c)
{
    int32_t closing = drive_closing(c);
    for (struct apipie_request *r = c->jobs; r != NULL; r = r->next) {
        if (r->status != APIPIE_PENDING)
            continue;
        if (closing || pie_atomic_get(&r->cancel))
            pie_job_stop(r, APIPIE_E_CANCELLED);
        else if (pie_atomic_get(&r->state) == PIE_STATE_WAITING && r->until_ms <= pie_clock_ms())
            pie_job_send(r);
    }
}

static int64_t drive_patience(const struct apipie_client *c, int64_t timeout_ms)
{
    int64_t now = pie_clock_ms();
    int64_t until = now + timeout_ms;
    for (const struct apipie_request *r = c->jobs; r != NULL; r = r->next) {
        if (r->status != APIPIE_PENDING)
            return 0;
        if (pie_atomic_get(&r->state) == PIE_STATE_WAITING && r->until_ms < until)
            until = r->until_ms;
        if (r->deadline_ms < until)
            until = r->deadline_ms;
    }
    return until > now ? until - now : 0;
}

static struct apipie_request *drive_find(struct apipie_client *c, uint32_t ticket)
{
    struct apipie_request *r = c->jobs;
    while (r != NULL && (r->ticket != ticket || pie_atomic_get(&r->state) != PIE_STATE_IN_FLIGHT))
        r = r->next;
    return r;
}

static void drive_collect(struct apipie_client *c)
{
    for (;;) {
        struct pie_outcome o;
        uint32_t ticket = 0;
        pie_outcome_init(&o, &c->mem);
        int32_t more = c->transport->type->next(c->transport, &ticket, &o);
        struct apipie_request *r = more ? drive_find(c, ticket) : NULL;
        if (r != NULL)
            pie_job_reply(r, &o);
        pie_outcome_free(&o);
        if (!more)
            return;
    }
}

/* After reading: what has arrived counts, however late we look. */
static void drive_check_deadlines(struct apipie_client *c)
{
    int64_t now = pie_clock_ms();
    for (struct apipie_request *r = c->jobs; r != NULL; r = r->next) {
        if (r->status == APIPIE_PENDING && r->deadline_ms <= now)
            pie_job_stop(r, APIPIE_E_TIMEOUT);
    }
}

/* Takes ended jobs off the list and tells those who wait. */
static void drive_publish(struct apipie_client *c)
{
    struct apipie_request *ended = NULL;
    struct apipie_request **at = &c->jobs;
    while (*at != NULL) {
        struct apipie_request *r = *at;
        if (r->status == APIPIE_PENDING) {
            at = &r->next;
            continue;
        }
        *at = r->next;
        r->next = ended;
        ended = r;
    }
    pie_lock_take(c->lock);
    for (struct apipie_request *r = ended; r != NULL; r = r->next)
        pie_atomic_set(&r->state, PIE_STATE_ENDED);
    if (ended != NULL)
        pie_lock_wake(c->lock);
    pie_lock_drop(c->lock);
    while (ended != NULL) {
        struct apipie_request *next = ended->next;
        ended->next = NULL;
        pie_request_drop(ended);
        ended = next;
    }
}

/* One turn. The caller leads, and does not hold the lock. */
static void drive_turn(struct apipie_client *c, int64_t timeout_ms)
{
    drive_take_inbox(c);
    drive_start_due(c);
    c->transport->type->drive(c->transport, drive_patience(c, timeout_ms));
    drive_collect(c);
    drive_check_deadlines(c);
    drive_publish(c);
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
    while (c->closing && (c->jobs != NULL || c->inbox != NULL)) {
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
    pie_atomic_set(&r->cancel, 1);
    pie_lock_take(c->lock);
    if (c->transport != NULL)
        c->transport->type->wakeup(c->transport);
    pie_lock_drop(c->lock);
}

void pie_client_close(struct apipie_client *c)
{
    struct pie_transport *transport = NULL;
    pie_lock_take(c->lock);
    c->closing = 1;
    if (c->leader == 0) {
        c->leader = pie_thread_id();
        pie_lock_drop(c->lock);
        if (c->transport != NULL)
            drive_turn(c, 0);
        pie_lock_take(c->lock);
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
