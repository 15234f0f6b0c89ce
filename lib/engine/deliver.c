/* SPDX-License-Identifier: MIT */
/* Knows how what has ended comes to the host: to who waits, else to a callback, else by the queue, and once; must not turn. */
#include "engine/engine_priv.h"

/* ---- the two lists, and the bell that rings while one of them holds something */

int32_t pie_deliver_ready(const struct apipie_client *c)
{
    return c->posted != NULL || c->due != NULL || pie_care_is_due(c);
}

static void deliver_ring(struct apipie_client *c)
{
    int32_t ready = pie_deliver_ready(c);
    if (c->bell < 0 || ready == c->bell_rung)
        return;
    c->bell_rung = ready;
    if (ready)
        pie_bell_ring(c->bell);
    else
        pie_bell_silence(c->bell);
}

void pie_deliver_look(struct apipie_client *c)
{
    deliver_ring(c);
}

static struct apipie_request **deliver_first(struct apipie_client *c, int32_t whom)
{
    return whom == PIE_FOR_NEXT ? &c->posted : &c->due;
}

static struct apipie_request **deliver_last(struct apipie_client *c, int32_t whom)
{
    return whom == PIE_FOR_NEXT ? &c->posted_last : &c->due_last;
}

static void deliver_link(struct apipie_request *r, int32_t whom)
{
    struct apipie_client *c = r->client;
    struct apipie_request **last = deliver_last(c, whom);
    r->post_next = NULL;
    r->post_previous = *last;
    *(*last != NULL ? &(*last)->post_next : deliver_first(c, whom)) = r;
    *last = r;
    r->listed_for = whom;
    deliver_ring(c);
}

static void deliver_unlink(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    int32_t whom = r->listed_for;
    *(r->post_previous != NULL ? &r->post_previous->post_next : deliver_first(c, whom)) =
        r->post_next;
    *(r->post_next != NULL ? &r->post_next->post_previous : deliver_last(c, whom)) =
        r->post_previous;
    r->post_next = r->post_previous = NULL;
    r->listed_for = PIE_FOR_NOBODY;
    deliver_ring(c);
}

/* ---- what happened to a request */

/* Ended, and not in the host's hands yet. */
static void deliver_count(struct apipie_request *r, int32_t uncollected)
{
    r->client->uncollected += uncollected - r->uncollected;
    r->uncollected = uncollected;
}

int64_t pie_deliver_pending(const struct apipie_client *c)
{
    return c->open + c->uncollected;
}

void pie_deliver_moved(struct apipie_request *r, int32_t due)
{
    r->due |= due;
    if (r->listed_for != PIE_FOR_NOBODY || r->calling) /* whoever calls looks again afterwards */
        return;
    pie_request_keep(r);
    deliver_link(r, PIE_FOR_CALL);
}

int32_t pie_deliver_waited(struct apipie_request *r)
{
    r->due = 0;
    deliver_count(r, 0);
    if (r->listed_for == PIE_FOR_NOBODY)
        return 0;
    deliver_unlink(r);
    return 1;
}

int32_t pie_deliver_ended(struct apipie_request *r)
{
    if (r->waiters != 0) {
        if (pie_deliver_waited(r))
            pie_atomic_add(&r->refs, -1); /* that of the list; the caller drops the other */
        return 1;
    }
    if (r->done_fn.fn == NULL) {
        int32_t listed = pie_deliver_waited(r);
        deliver_link(r, PIE_FOR_NEXT);
        deliver_count(r, 1);
        return listed;
    }
    deliver_count(r, 1);
    r->due = PIE_DUE_DONE;
    if (r->listed_for == PIE_FOR_CALL || r->calling)
        return 1; /* there is a reference already */
    deliver_link(r, PIE_FOR_CALL);
    return 0;
}

/* ---- callbacks */

/* Takes sketches. */
static void deliver_run(struct apipie_request *r, int32_t due, struct pie_sketch *sketches)
{
    struct pie_inside frame;
    pie_inside_enter(&frame, r->client, PIE_INSIDE_CALL);
    pie_sketch_tell(r, sketches);
    if ((due & PIE_DUE_DONE) != 0)
        r->done_fn.fn(r->done_fn.user.pointer, r);
    else if ((due & PIE_DUE_PROGRESS) != 0)
        r->progress_fn.fn(r->progress_fn.user.pointer, r);
    pie_inside_leave(&frame);
}

/* Calls back for one that is listed. Enters and leaves with the lock held; takes the reference of the list. */
static void deliver_one(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    int32_t due = r->due;
    struct pie_sketch *sketches = pie_sketch_take(r);
    deliver_unlink(r);
    r->due = 0;
    r->calling = 1;
    pie_lock_drop(c->lock);
    deliver_run(r, due, sketches);
    pie_lock_take(c->lock);
    r->calling = 0;
    if ((due & PIE_DUE_DONE) != 0)
        deliver_count(r, 0);
    if (r->due != 0) {
        deliver_link(r, PIE_FOR_CALL);
        return;
    }
    pie_lock_drop(c->lock);
    pie_request_drop(r);
    pie_lock_take(c->lock);
}

void pie_deliver_call(struct apipie_client *c, struct apipie_request *only)
{
    pie_lock_take(c->lock);
    if (only != NULL) {
        if (only->listed_for == PIE_FOR_CALL)
            deliver_one(only);
        pie_lock_drop(c->lock);
        return;
    }
    /* Those that are due now: what a callback makes due waits, or one that submits for ever would hold us. */
    struct apipie_request *last = c->due_last;
    while (last != NULL && c->due != NULL) {
        int32_t all = c->due == last;
        deliver_one(c->due);
        if (all)
            break;
    }
    pie_lock_drop(c->lock);
}

void pie_deliver_forget(struct apipie_client *c)
{
    struct apipie_request *r = NULL;
    pie_lock_take(c->lock);
    while (c->due != NULL)
        deliver_one(c->due);
    while ((r = c->posted) != NULL) {
        deliver_unlink(r);
        deliver_count(r, 0);
        pie_lock_drop(c->lock);
        pie_request_drop(r);
        pie_lock_take(c->lock);
    }
    pie_lock_drop(c->lock);
}

/* ---- the queue */

struct apipie_request *pie_deliver_next(struct apipie_client *c)
{
    pie_lock_take(c->lock);
    struct apipie_request *r = c->posted;
    if (r != NULL) {
        deliver_unlink(r);
        deliver_count(r, 0);
    }
    pie_lock_drop(c->lock);
    return r;
}

/* The lock is held. */
static int64_t deliver_bell(struct apipie_client *c)
{
    if (c->bell < 0)
        c->bell = pie_bell_new();
    deliver_ring(c);
    return c->bell;
}

int64_t pie_deliver_queue_fd(struct apipie_client *c)
{
    pie_lock_take(c->lock);
    int64_t fd = deliver_bell(c);
    pie_lock_drop(c->lock);
    return fd < 0 ? APIPIE_UNKNOWN : fd;
}

/* The lock is held. */
static apipie_status deliver_make_loop(struct apipie_client *c)
{
    if (c->loop != NULL)
        return APIPIE_OK;
    if (deliver_bell(c) < 0 || pie_engine_connect(c) != APIPIE_OK)
        return APIPIE_E_MEMORY;
    struct pie_poller *loop = pie_poller_new(&c->mem);
    if (loop == NULL)
        return APIPIE_E_MEMORY;
    if (pie_poller_watch(loop, c->bell, PIE_READABLE) != APIPIE_OK ||
        (c->worker == NULL &&
         pie_poller_watch(loop, c->transport->type->fd(c->transport), PIE_READABLE) != APIPIE_OK)) {
        pie_poller_free(&c->mem, loop);
        return APIPIE_E_MEMORY;
    }
    c->loop = loop;
    return APIPIE_OK;
}

int64_t pie_deliver_loop_fd(struct apipie_client *c)
{
    int64_t fd = APIPIE_UNKNOWN;
    pie_lock_take(c->lock);
    if (!c->closing && deliver_make_loop(c) == APIPIE_OK)
        fd = pie_poller_fd(c->loop);
    pie_lock_drop(c->lock);
    return fd;
}

void pie_deliver_worker(struct apipie_client *c)
{
    if (c->loop != NULL)
        pie_poller_watch(c->loop, c->transport->type->fd(c->transport), 0);
}
