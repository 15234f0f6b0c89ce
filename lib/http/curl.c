/* SPDX-License-Identifier: MIT */
/* Knows which exchanges run on libcurl's multi interface; must not know what is asked, paid or retried. */
#include "http/curl_priv.h"

/* Idle handles that are kept. */
#define WIRE_SPARE_MAX 64

/* libcurl is never told to clean up: another part of the program may use it. So it stays loaded, with what it holds, when this
 * library is unloaded; a thread of its that waits for a name lookup needs that too. */
static void wire_init_once(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    pie_library_pin((void (*)(void))curl_multi_init);
}

void pie_curl_begin(void)
{
    pie_once(wire_init_once);
}

/* ---- lists */

static void wire_unlink(struct pie_curl_exchange *x)
{
    struct pie_curl_list *list = x->home;
    *(x->previous != NULL ? &x->previous->next : &list->first) = x->next;
    *(x->next != NULL ? &x->next->previous : &list->last) = x->previous;
    list->count--;
    x->next = x->previous = NULL;
    x->home = NULL;
}

static void wire_link(struct pie_curl_list *list, struct pie_curl_exchange *x)
{
    x->home = list;
    x->next = NULL;
    x->previous = list->last;
    *(list->last != NULL ? &list->last->next : &list->first) = x;
    list->last = x;
    list->count++;
}

static struct pie_curl_exchange *wire_take_first(struct pie_curl_list *list)
{
    struct pie_curl_exchange *x = list->first;
    if (x != NULL)
        wire_unlink(x);
    return x;
}

void pie_curl_move(struct pie_curl_exchange *x, struct pie_curl_list *list)
{
    wire_unlink(x);
    wire_link(list, x);
}

static int32_t wire_is_out(const struct pie_curl_exchange *x)
{
    return x->home == &x->transport->active || x->home == &x->transport->paused;
}

/* Out of libcurl, in the middle. */
static void wire_take_out(struct pie_curl_exchange *x)
{
    struct pie_curl_transport *t = x->transport;
    t->removing = x->opening_n != 0;
    if (t->removing)
        pie_curl_unwatch(x);
    curl_multi_remove_handle(t->multi, x->easy);
    t->removing = 0;
}

static void wire_free_all(struct pie_curl_list *list)
{
    struct pie_curl_exchange *x = NULL;
    while ((x = list->first) != NULL) {
        if (wire_is_out(x))
            wire_take_out(x);
        wire_unlink(x);
        pie_curl_exchange_free(x);
    }
}

/* ---- one exchange from birth to death */

void pie_curl_end(struct pie_curl_exchange *x, CURLcode code)
{
    struct pie_curl_transport *t = x->transport;
    x->code = code;
    curl_multi_remove_handle(t->multi, x->easy);
    pie_curl_move(x, &t->ended);
}

static struct pie_curl_exchange *wire_exchange_take(struct pie_curl_transport *t)
{
    struct pie_curl_exchange *x = wire_take_first(&t->spare);
    return x != NULL ? x : pie_curl_exchange_new(t);
}

/* Its request is over. A handle is kept only when all went well on it: whatever another one is left in, nobody meets it. */
static void wire_exchange_drop(struct pie_curl_exchange *x, int32_t well)
{
    struct pie_curl_transport *t = x->transport;
    if (!well || t->spare.count >= WIRE_SPARE_MAX) {
        pie_curl_exchange_free(x);
        return;
    }
    pie_curl_exchange_clear(x);
    wire_link(&t->spare, x);
}

/* Twice the exchanges out at once: a picture may lie on another server than the gateway. */
static void wire_keep_connections(struct pie_curl_transport *t)
{
    size_t out = t->active.count + t->paused.count;
    if (out <= t->most)
        return;
    t->most = out;
    curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)t->most * 2 + 2);
}

static void wire_progress_start(struct pie_progress *p)
{
    memset(p, 0, sizeof(*p));
    p->started_us = pie_clock_us();
    p->sent_us = p->first_byte_us = p->last_byte_us = APIPIE_UNKNOWN;
}

/* Where it ran out of memory once, libcurl (7.88) keeps entries for sockets that it divides by zero for when the number of the
 * socket comes again. Nothing is out any more: we go on with another one. */
static apipie_status wire_mend(struct pie_curl_transport *t)
{
    if (!t->torn)
        return APIPIE_OK;
    CURLM *fresh = pie_curl_multi_new(t);
    if (fresh == NULL)
        return APIPIE_E_MEMORY;
    wire_free_all(&t->spare);
    curl_multi_cleanup(t->multi);
    t->multi = fresh;
    t->timer_us = INT64_MAX;
    t->most = 0;
    t->torn = 0;
    return APIPIE_OK;
}

static apipie_status wire_submit(struct pie_transport *base, const struct pie_http_request *q,
                                 struct pie_writer *body, struct pie_progress *progress,
                                 void *owner)
{
    struct pie_curl_transport *t = (struct pie_curl_transport *)base;
    wire_progress_start(progress);
    struct pie_curl_exchange *x = wire_mend(t) == APIPIE_OK ? wire_exchange_take(t) : NULL;
    if (x == NULL)
        return APIPIE_E_MEMORY;
    x->request = q;
    x->body = body;
    x->progress = progress;
    x->owner = owner;
    apipie_status status = pie_curl_exchange_prepare(x);
    if (status == APIPIE_OK && curl_multi_add_handle(t->multi, x->easy) != CURLM_OK)
        status = APIPIE_E_MEMORY;
    if (status != APIPIE_OK) {
        wire_exchange_drop(x, 0);
        return status;
    }
    progress->exchange = x;
    if (q->view != NULL) {
        pie_atomic_set(&q->view->phase, APIPIE_PHASE_LOOKUP);
        pie_count_add(&q->view->up_all, (int64_t)x->length);
    }
    wire_link(&t->active, x);
    wire_keep_connections(t);
    return APIPIE_OK;
}

static void wire_cancel(struct pie_transport *base, struct pie_progress *progress,
                        struct pie_outcome *ret)
{
    struct pie_curl_transport *t = (struct pie_curl_transport *)base;
    struct pie_curl_exchange *x = progress->exchange;
    if (x == NULL)
        return;
    if (wire_is_out(x)) {
        /* Asked before it is removed: that resets some of the figures. */
        pie_curl_fill_outcome(x, PIE_WIRE_STOPPED, ret);
        int32_t held = t->secure ? pie_sigpipe_hold() : 0;
        wire_take_out(x);
        if (t->secure)
            pie_sigpipe_release(held);
    } else {
        pie_curl_fill_outcome(x, pie_curl_verdict(x), ret);
    }
    wire_unlink(x);
    progress->exchange = NULL;
    wire_exchange_drop(x, 0);
}

static void *wire_next(struct pie_transport *base, struct pie_outcome *ret)
{
    struct pie_curl_transport *t = (struct pie_curl_transport *)base;
    struct pie_curl_exchange *x = wire_take_first(&t->ended);
    if (x == NULL)
        return NULL;
    void *owner = x->owner;
    int32_t wire = pie_curl_verdict(x);
    pie_curl_fill_outcome(x, wire, ret);
    if (wire == PIE_WIRE_OK && ret->status == 200)
        x->origin->small = x->received <= PIE_CURL_SMALL;
    x->progress->exchange = NULL;
    wire_exchange_drop(x, wire == PIE_WIRE_OK);
    return owner;
}

/* Who sleeps says so before looking at `woken`, who wakes sets `woken` before looking for a sleeper: one of them sees the other.
 * Ringing costs a system call on both sides, so it is done only for one who sleeps, or for a loop that watches the descriptor. */
static void wire_wakeup(struct pie_transport *base)
{
    struct pie_curl_transport *t = (struct pie_curl_transport *)base;
    pie_atomic_set(&t->woken, 1);
    pie_atomic_set(&t->urgent, 1);
    if (pie_atomic_get(&t->asleep) || pie_atomic_get(&t->exposed))
        pie_poller_ring(t->poller);
}

static int64_t wire_fd(struct pie_transport *base)
{
    struct pie_curl_transport *t = (struct pie_curl_transport *)base;
    pie_atomic_set(&t->exposed, 1);
    if (pie_atomic_get(&t->woken))
        pie_poller_ring(t->poller);
    return pie_poller_fd(t->poller);
}

static void wire_close(struct pie_transport *base)
{
    struct pie_curl_transport *t = (struct pie_curl_transport *)base;
    int32_t held = t->secure ? pie_sigpipe_hold() : 0;
    wire_free_all(&t->active);
    wire_free_all(&t->paused);
    wire_free_all(&t->ended);
    wire_free_all(&t->spare);
    if (t->multi != NULL)
        curl_multi_cleanup(t->multi);
    if (t->secure)
        pie_sigpipe_release(held);
    pie_curl_origins_free(t);
    pie_curl_lines_free(&t->own);
    pie_poller_free(t->mem, t->poller);
    pie_mem_free(t->mem, t->sockets.each);
    pie_mem_free(t->mem, t);
}

/* The connections are the parent's too: a farewell on one of them (TLS has one) would end it there. So in this process the sockets
 * become nothing first. What is out may be in the hands of a thread that is not here: that is left lying. */
static void wire_abandon(struct pie_transport *base)
{
    struct pie_curl_transport *t = (struct pie_curl_transport *)base;
    t->abandoned = 1;
    if (t->active.count != 0 || t->paused.count != 0 || t->sockets.lost)
        return;
    for (size_t i = 0; i < t->sockets.n; i++) {
        const struct pie_curl_socket *socket = &t->sockets.each[i];
        if (pie_descriptor_identity(socket->s) == socket->identity)
            pie_descriptor_muffle(socket->s);
    }
    wire_close(base);
}

static const struct pie_transport_type wire_transport_type = {
    "curl",  wire_submit, wire_cancel, pie_curl_drive, pie_curl_timeout,
    wire_fd, wire_next,   wire_wakeup, wire_close,     wire_abandon,
};

apipie_status pie_curl_transport_new(const struct pie_mem *mem, struct pie_transport **ret)
{
    pie_curl_begin();
    struct pie_curl_transport *t = pie_mem_new(mem, 1, sizeof(*t));
    if (t == NULL)
        return APIPIE_E_MEMORY;
    t->base.type = &wire_transport_type;
    t->mem = mem;
    t->timer_us = t->until_us = INT64_MAX;
    pie_curl_lines_init(&t->own, mem);
    t->multi = pie_curl_multi_new(t);
    t->poller = pie_poller_new(mem);
    if (t->multi == NULL || t->poller == NULL || pie_curl_lines_own(&t->own) != APIPIE_OK) {
        wire_close(&t->base);
        return APIPIE_E_MEMORY;
    }
    *ret = &t->base;
    return APIPIE_OK;
}
