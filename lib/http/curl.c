/* SPDX-License-Identifier: MIT */
/* Knows which exchanges run on libcurl's multi interface; must not know what is asked, paid or retried. */
#include "http/curl_priv.h"

/* Idle handles that are kept. */
#define WIRE_SPARE_MAX 64

static void wire_init_once(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
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

static void wire_free_all(struct pie_curl_list *list)
{
    struct pie_curl_exchange *x = NULL;
    while ((x = wire_take_first(list)) != NULL)
        pie_curl_exchange_free(x);
}

/* ---- one exchange from birth to death */

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
    if (t->active.count <= t->most)
        return;
    t->most = t->active.count;
    curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)t->most * 2 + 2);
}

static void wire_progress_start(struct pie_progress *p)
{
    memset(p, 0, sizeof(*p));
    p->started_us = pie_clock_us();
    p->sent_us = p->first_byte_us = p->last_byte_us = APIPIE_UNKNOWN;
}

static apipie_status wire_submit(struct pie_transport *base, const struct pie_http_request *q,
                                 struct pie_writer *body, struct pie_progress *progress,
                                 void *owner)
{
    struct pie_curl_transport *t = (struct pie_curl_transport *)base;
    wire_progress_start(progress);
    struct pie_curl_exchange *x = wire_exchange_take(t);
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
    if (x->home == &t->active) {
        /* Asked before it is removed: that resets some of the figures. */
        pie_curl_fill_outcome(x, PIE_WIRE_STOPPED, ret);
        curl_multi_remove_handle(t->multi, x->easy);
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

/* ---- turns */

static void wire_end(struct pie_curl_exchange *x, CURLcode code)
{
    struct pie_curl_transport *t = x->transport;
    x->code = code;
    curl_multi_remove_handle(t->multi, x->easy);
    wire_unlink(x);
    wire_link(&t->ended, x);
}

static void wire_harvest(struct pie_curl_transport *t)
{
    int left = 0;
    CURLMsg *m = NULL;
    while ((m = curl_multi_info_read(t->multi, &left)) != NULL) {
        struct pie_curl_exchange *x = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode code = m->data.result; /* m dies with the next call */
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&x);
        wire_end(x, code);
        if (code == CURLE_OK && x->headers_whole)
            pie_curl_complete(x);
    }
}

/* libcurl itself is out of memory: what is in flight ends with that, or the caller would turn in circles. */
static void wire_fail_all(struct pie_curl_transport *t)
{
    while (t->active.first != NULL)
        wire_end(t->active.first, CURLE_OUT_OF_MEMORY);
}

static apipie_status wire_turn(struct pie_curl_transport *t)
{
    int running = 0;
    if (curl_multi_perform(t->multi, &running) != CURLM_OK) {
        wire_fail_all(t);
        return APIPIE_E_MEMORY;
    }
    wire_harvest(t);
    return APIPIE_OK;
}

/* Waking costs a system call on both sides, so it is done only to one who sleeps. `woken` is taken back afterwards: whoever
 * woke us before that is seen by our caller, who looks for work before it comes again. */
static CURLMcode wire_sleep(struct pie_curl_transport *t, int64_t timeout_ms)
{
    int wait = timeout_ms > 1000000 ? 1000000 : (int)timeout_ms;
    pie_atomic_set(&t->asleep, 1);
    if (pie_atomic_get(&t->woken))
        wait = 0;
    CURLMcode code = curl_multi_poll(t->multi, NULL, 0, wait, NULL);
    pie_atomic_set(&t->asleep, 0);
    pie_atomic_set(&t->woken, 0);
    return code;
}

static apipie_status wire_drive(struct pie_transport *base, int64_t timeout_ms)
{
    struct pie_curl_transport *t = (struct pie_curl_transport *)base;
    apipie_status status = wire_turn(t);
    if (status != APIPIE_OK || t->ended.count != 0 || timeout_ms <= 0)
        return status;
    if (wire_sleep(t, timeout_ms) != CURLM_OK) {
        wire_fail_all(t);
        return APIPIE_E_MEMORY;
    }
    return wire_turn(t);
}

/* Who sleeps says so before looking at `woken`, who wakes sets `woken` before looking for a sleeper: one of them sees the other. */
static void wire_wakeup(struct pie_transport *base)
{
    struct pie_curl_transport *t = (struct pie_curl_transport *)base;
    pie_atomic_set(&t->woken, 1);
    if (pie_atomic_get(&t->asleep))
        curl_multi_wakeup(t->multi);
}

static void wire_close(struct pie_transport *base)
{
    struct pie_curl_transport *t = (struct pie_curl_transport *)base;
    for (struct pie_curl_exchange *x = t->active.first; x != NULL; x = x->next)
        curl_multi_remove_handle(t->multi, x->easy);
    wire_free_all(&t->active);
    wire_free_all(&t->ended);
    wire_free_all(&t->spare);
    if (t->multi != NULL)
        curl_multi_cleanup(t->multi);
    pie_curl_origins_free(t);
    pie_curl_lines_free(&t->own);
    pie_mem_free(t->mem, t);
}

static const struct pie_transport_type wire_transport_type = {
    "curl", wire_submit, wire_cancel, wire_drive, wire_next, wire_wakeup, wire_close,
};

apipie_status pie_curl_transport_new(const struct pie_mem *mem, struct pie_transport **ret)
{
    pie_once(wire_init_once);
    struct pie_curl_transport *t = pie_mem_new(mem, 1, sizeof(*t));
    if (t == NULL)
        return APIPIE_E_MEMORY;
    t->base.type = &wire_transport_type;
    t->mem = mem;
    pie_curl_lines_init(&t->own, mem);
    t->multi = curl_multi_init();
    if (t->multi == NULL || pie_curl_lines_own(&t->own) != APIPIE_OK) {
        wire_close(&t->base);
        return APIPIE_E_MEMORY;
    }
    *ret = &t->base;
    return APIPIE_OK;
}
