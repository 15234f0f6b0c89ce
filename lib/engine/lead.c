/* SPDX-License-Identifier: MIT */
/* Knows who turns, and for how long: one thread leads and does the I/O for all, the others sleep. Must not know what a turn does. */
#include "engine/engine_priv.h"

/* No limit is needed for correctness: everything that matters wakes the leader. This only bounds a bug. */
#define LEAD_LONGEST_MS 60000

/* What a thread is here for. */
struct lead_aim {
    const struct apipie_request *request; /* its end; NULL: something to hand over, or a nudge */
    int64_t until_ms;
    int64_t budget_us; /* of each turn; 0: none */
    int32_t way;       /* that a request may go there, instead; NULL: anywhere */
    const char *provider, *model;
};

void pie_engine_look_again(struct apipie_client *c)
{
    if (c->transport != NULL && (c->leader != 0 || c->loop != NULL))
        c->transport->type->wakeup(
            c->transport); /* whoever leads next looks for news first anyway */
}

apipie_status pie_engine_connect(struct apipie_client *c)
{
    if (c->transport != NULL)
        return APIPIE_OK;
    return pie_curl_transport_new(&c->mem, &c->transport);
}

static int32_t lead_ended(const struct apipie_request *r)
{
    return pie_atomic_get(&r->state) == PIE_STATE_ENDED;
}

static int64_t lead_left(int64_t until_ms)
{
    int64_t left = until_ms - pie_clock_ms();
    left = left < LEAD_LONGEST_MS ? left : LEAD_LONGEST_MS;
    return left > 0 ? left : 0;
}

/* No longer than until the host is to be told of the figures. The lock is held. */
static int64_t lead_left_of(const struct apipie_client *c, const struct lead_aim *aim)
{
    int64_t due = pie_inform_due_ms(c);
    return lead_left(due < aim->until_ms ? due : aim->until_ms);
}

/* When it may; <= now: at once. */
static int64_t lead_way_open(const struct apipie_client *c, const struct lead_aim *aim)
{
    return pie_health_table_open(c->health, aim->provider, aim->model, pie_clock_ms());
}

/* The lock is held. */
static int32_t lead_reached(const struct apipie_client *c, const struct lead_aim *aim)
{
    if (pie_inform_is_due(c) || pie_care_is_due(c))
        return 1;
    if (aim->way)
        return c->due != NULL || c->closing || lead_way_open(c, aim) <= pie_clock_ms();
    if (aim->request != NULL)
        return lead_ended(aim->request) || aim->request->listed_for == PIE_FOR_CALL;
    /* Without a limit a wait for nothing would have no end. */
    int32_t in_vain = aim->until_ms == INT64_MAX && c->open == 0;
    return pie_deliver_ready(c) || c->nudged || c->closing || in_vain;
}

/* The client was freed while we led: nobody else may come to end what still runs. Enters and leaves with the lock held. */
static void lead_close(struct apipie_client *c)
{
    while (c->closing && (c->jobs != NULL || c->inbox != NULL || c->cancelled != NULL)) {
        pie_lock_drop(c->lock);
        pie_drive_turn(c, 0, 0);
        pie_lock_take(c->lock);
    }
}

/* Another one takes over: who closes the client, the worker that has just been started, or one that sleeps. */
static void lead_let_go(struct apipie_client *c)
{
    c->leader = 0;
    pie_lock_wake(c->lock);
    pie_sleep_hand_over(c);
}

/* Turns until the aim is reached or the time is up; at least once. 1: the budget was used up. Enters and leaves with the lock
 * held. */
static int32_t lead_turns(struct apipie_client *c, const struct lead_aim *aim)
{
    int32_t again = 1;
    int32_t cut = 0;
    c->leader = pie_thread_id();
    while (again) {
        int64_t left = lead_left_of(c, aim);
        pie_lock_drop(c->lock);
        pie_drive_turn(c, left, aim->budget_us);
        cut = pie_drive_time_is_up(c);
        again = !cut && pie_clock_ms() < aim->until_ms;
        pie_lock_take(c->lock);
        again = again && !lead_reached(c, aim) && c->worker == NULL;
    }
    lead_close(c);
    lead_let_go(c);
    if ((aim->request != NULL || c->asked_beside) && c->open != 0 && c->loop != NULL)
        c->transport->type->wakeup(
            c->transport); /* the loop asks again for how long it may sleep */
    c->asked_beside = 0;
    return cut;
}

/* Leads, or sleeps while another one does. 1 as above. Enters and leaves with the lock held. */
static int32_t lead_or_follow(struct apipie_client *c, const struct lead_aim *aim)
{
    if (c->leader == 0 && c->worker == NULL && c->transport != NULL)
        return lead_turns(c, aim);
    int64_t left = lead_left_of(c, aim);
    if (left > 0)
        pie_sleep(c, aim->request, left);
    return 0;
}

/* Enters with the lock held, leaves without. */
static void lead_leave(struct apipie_client *c)
{
    pie_sleep_hand_over(c);
    int32_t finish = --c->inside == 0 && c->close_later;
    if (finish)
        c->close_later = 0;
    pie_lock_drop(c->lock);
    if (finish)
        pie_close_finish(c);
}

static int64_t lead_until(int64_t timeout_ms)
{
    int64_t now = pie_clock_ms();
    return timeout_ms < 0 || timeout_ms > INT64_MAX - now ? INT64_MAX : now + timeout_ms;
}

/* ---- wait */

/* Enters and leaves with the lock held. */
static void lead_until_ended(struct apipie_request *r, int64_t until_ms)
{
    struct apipie_client *c = r->client;
    struct lead_aim aim = {.request = r, .until_ms = until_ms};
    int32_t turns = 0;
    while (!lead_ended(r) && (turns++ == 0 || pie_clock_ms() < until_ms)) {
        /* What is due already does not wait for what comes next. */
        aim.until_ms = r->listed_for == PIE_FOR_CALL ? 0 : until_ms;
        lead_or_follow(c, &aim);
        pie_inform_call(c);
        pie_care_call(c);
        if (r->listed_for != PIE_FOR_CALL || lead_ended(r))
            continue;
        pie_sleep_hand_over(c);
        pie_lock_drop(c->lock);
        pie_deliver_call(c, r); /* its progress */
        pie_lock_take(c->lock);
    }
}

apipie_status pie_engine_perform(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    if (pie_client_is_foreign(c))
        return APIPIE_E_FORKED;
    /* Before submit: a request that could not be waited for must not be sent. */
    if (pie_inside_where(c) != PIE_INSIDE_NOTHING)
        return APIPIE_E_REENTRANT;
    pie_request_keep(r);
    apipie_status status = pie_engine_submit(r, 1);
    if (status == APIPIE_OK) {
        status = pie_engine_wait(r, -1);
        pie_lock_take(c->lock);
        r->waiters--;
        pie_lock_drop(c->lock);
    }
    pie_request_drop(r);
    return status;
}

apipie_status pie_engine_wait(struct apipie_request *r, int64_t timeout_ms)
{
    struct apipie_client *c = r->client;
    int32_t taken = 0;
    if (pie_client_is_foreign(c))
        return lead_ended(r) ? r->status : APIPIE_E_FORKED;
    if (pie_inside_where(c) != PIE_INSIDE_NOTHING)
        return APIPIE_E_REENTRANT;
    if (pie_atomic_get(&r->state) == PIE_STATE_BUILDING)
        return APIPIE_E_STATE;
    pie_request_keep(r); /* a callback may drop the caller's own reference */
    pie_lock_take(c->lock);
    c->inside++;
    r->waiters++;
    lead_until_ended(r, lead_until(timeout_ms));
    r->waiters--;
    apipie_status status = APIPIE_PENDING;
    if (lead_ended(r)) {
        status = r->status;
        taken = pie_deliver_waited(r);
    }
    pie_client_keep(c);
    lead_leave(c);
    if (taken)
        pie_request_drop(r);
    pie_request_drop(r);
    pie_client_drop(c);
    return status;
}

/* ---- poll */

/* Enters and leaves with the lock held. */
static void lead_until_ready(struct apipie_client *c, struct lead_aim *aim)
{
    int32_t waits = pie_clock_ms() < aim->until_ms;
    int32_t cut = 0;
    /* One turn, without waiting: for what is there already. */
    if (lead_reached(c, aim))
        aim->until_ms = 0;
    /* With nothing under way an idle poll(0) is no more than this. */
    if (!waits && c->open == 0 && c->loop == NULL)
        return;
    do {
        cut = lead_or_follow(c, aim);
    } while (!cut && !lead_reached(c, aim) && pie_clock_ms() < aim->until_ms);
}

/* A loop of the host's that watches our descriptor heard it ring: it falls silent. */
static void lead_hear_nudge(struct apipie_client *c)
{
    struct pie_poller_event none[3]; /* besides: transport and bell, while there is something */
    if (c->nudged && c->loop != NULL)
        pie_poller_wait(c->loop, 0, none, PIE_COUNT(none));
    c->nudged = 0;
}

/* All that is due. Enters and leaves with the lock held. */
static void lead_call_back(struct apipie_client *c)
{
    if (c->due != NULL) {
        pie_sleep_hand_over(c);
        pie_lock_drop(c->lock);
        pie_deliver_call(c, NULL);
        pie_lock_take(c->lock);
    }
    pie_inform_call(c);
    pie_care_call(c);
}

apipie_status pie_engine_poll(struct apipie_client *c, int64_t timeout_ms)
{
    if (pie_client_is_foreign(c))
        return APIPIE_E_FORKED;
    if (pie_inside_where(c) != PIE_INSIDE_NOTHING)
        return APIPIE_E_REENTRANT;
    struct lead_aim aim = {.until_ms = lead_until(timeout_ms),
                           .budget_us = pie_count_get(&c->poll_budget_us)};
    pie_client_keep(c);
    pie_lock_take(c->lock);
    c->inside++;
    lead_until_ready(c, &aim);
    lead_hear_nudge(c);
    lead_call_back(c);
    apipie_status status = pie_deliver_pending(c) != 0 ? APIPIE_PENDING : APIPIE_OK;
    lead_leave(c);
    pie_client_drop(c);
    return status;
}

/* ---- wait for a way */

/* Enters and leaves with the lock held. 1: it is open. */
static int32_t lead_until_open(struct apipie_client *c, struct lead_aim *aim, int64_t until_ms)
{
    for (;;) {
        int64_t now = pie_clock_ms();
        int64_t open = lead_way_open(c, aim);
        if (open <= now || c->closing || now >= until_ms)
            return open <= now;
        /* What is due already does not wait for what comes next. */
        aim->until_ms = c->due != NULL ? 0 : open < until_ms ? open : until_ms;
        lead_or_follow(c, aim);
        lead_call_back(c);
    }
}

apipie_status pie_engine_wait_available(struct apipie_client *c, const char *provider,
                                        const char *model, int64_t timeout_ms)
{
    if (pie_client_is_foreign(c))
        return APIPIE_E_FORKED;
    if (pie_inside_where(c) != PIE_INSIDE_NOTHING)
        return APIPIE_E_REENTRANT;
    struct lead_aim aim = {.way = 1, .provider = provider, .model = model};
    pie_client_keep(c);
    pie_lock_take(c->lock);
    c->inside++;
    int32_t open = lead_until_open(c, &aim, lead_until(timeout_ms));
    lead_leave(c);
    pie_client_drop(c);
    return open ? APIPIE_OK : APIPIE_PENDING;
}

void pie_engine_wakeup(struct apipie_client *c)
{
    pie_lock_take(c->lock);
    c->nudged = 1;
    pie_sleep_wake(c, NULL);
    if (c->leader != 0)
        c->transport->type->wakeup(c->transport);
    if (c->loop != NULL)
        pie_poller_ring(c->loop);
    pie_lock_drop(c->lock);
}

int64_t pie_engine_pending(struct apipie_client *c)
{
    pie_lock_take(c->lock);
    int64_t pending = pie_deliver_pending(c);
    pie_lock_drop(c->lock);
    return pending;
}

/* The lock is held, and nobody leads: what is the leader's is ours. */
static int64_t lead_next_timeout(struct apipie_client *c)
{
    struct pie_queued *alarm = pie_queue_first(&c->alarms);
    int64_t at = alarm != NULL ? alarm->key : INT64_MAX;
    if (c->admit_ms < at)
        at = c->admit_ms;
    int64_t wire = c->transport->type->timeout(c->transport);
    int64_t now = pie_clock_ms();
    if (wire >= 0 && now + wire < at)
        at = now + wire;
    if (at == INT64_MAX)
        return -1;
    return at > now ? at - now : 0;
}

/* A wait, negative without a limit, that ends at a time too. */
static int64_t lead_sooner(int64_t timeout, int64_t at_ms)
{
    if (at_ms == INT64_MAX)
        return timeout;
    int64_t left = at_ms - pie_clock_ms();
    left = left > 0 ? left : 0;
    return timeout >= 0 && timeout < left ? timeout : left;
}

int64_t pie_engine_next_timeout(struct apipie_client *c)
{
    int64_t timeout = -1;
    pie_lock_take(c->lock);
    if (pie_deliver_ready(c) || c->nudged)
        timeout = 0;
    else if (c->worker != NULL || c->leader != 0 || c->transport == NULL)
        c->asked_beside = c->leader != 0;
    else if (c->inbox != NULL || c->cancelled != NULL)
        timeout = 0;
    else
        timeout = lead_next_timeout(c);
    timeout = lead_sooner(timeout, pie_inform_due_ms(c));
    pie_lock_drop(c->lock);
    return timeout;
}

/* ---- the worker */

static void lead_worker(void *user)
{
    struct apipie_client *c = user;
    pie_lock_take(c->lock);
    while (c->leader != 0)
        pie_lock_wait(c->lock, LEAD_LONGEST_MS);
    c->leader = pie_thread_id();
    while (!c->closing) {
        pie_lock_drop(c->lock);
        pie_drive_turn(c, LEAD_LONGEST_MS, 0);
        pie_lock_take(c->lock);
    }
    lead_close(c);
    lead_let_go(c);
    /* The last handle went inside a callback of ours, and no other thread is here to do the rest. */
    int32_t finish = c->close_later && c->inside == 0;
    if (finish)
        c->close_later = 0;
    pie_lock_drop(c->lock);
    if (finish)
        pie_close_finish(c);
}

apipie_status pie_engine_start_worker(struct apipie_client *c)
{
    apipie_status status = APIPIE_OK;
    if (pie_client_is_foreign(c))
        return APIPIE_E_FORKED;
    if (pie_inside_where(c) != PIE_INSIDE_NOTHING)
        return APIPIE_E_REENTRANT;
    pie_lock_take(c->lock);
    if (c->worker == NULL && !c->closing) {
        status = pie_engine_connect(c);
        if (status == APIPIE_OK)
            c->worker = pie_thread_start(&c->mem, lead_worker, c);
        if (c->worker == NULL)
            status = APIPIE_E_MEMORY;
    }
    if (status == APIPIE_OK && c->worker != NULL) {
        pie_deliver_worker(c);
        pie_engine_look_again(c); /* whoever leads lets it take over */
    }
    pie_lock_drop(c->lock);
    return status;
}

/* ---- cancel */

void pie_engine_cancel(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    if (pie_client_is_foreign(c))
        return;
    pie_lock_take(c->lock);
    int32_t state = pie_atomic_get(&r->state);
    int32_t first = pie_atomic_get(&r->cancel) == 0;
    pie_atomic_set(&r->cancel, 1);
    if (first && state != PIE_STATE_BUILDING && state != PIE_STATE_ENDED && c->transport != NULL) {
        pie_request_keep(r);
        r->cancel_next = c->cancelled;
        c->cancelled = r;
        pie_engine_look_again(c);
    }
    pie_lock_drop(c->lock);
}

/* ---- the end */

struct pie_transport *pie_lead_to_the_end(struct apipie_client *c)
{
    pie_lock_take(c->lock);
    while (c->leader != 0) /* somebody waits for a request since we looked: he sees that we close */
        pie_lock_wait(c->lock, LEAD_LONGEST_MS);
    c->leader = pie_thread_id();
    /* More than once when somebody cancels beside us. */
    do {
        pie_lock_drop(c->lock);
        if (c->transport != NULL)
            pie_drive_turn(c, 0, 0);
        pie_lock_take(c->lock);
    } while (c->transport != NULL && (c->jobs != NULL || c->inbox != NULL || c->cancelled != NULL));
    c->leader = 0;
    struct pie_transport *transport = c->transport;
    c->transport = NULL;
    pie_sleep_wake_all(c);
    pie_lock_drop(c->lock);
    return transport;
}
