/* SPDX-License-Identifier: MIT */
/* The calls of a storm: makes them, hears their callbacks, and knows what must be true of each; not who drives. */
#include "storm.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

_Thread_local struct storm_spot storm_spot;

static atomic_int calls_wrong;

int32_t storm_wrongs(void)
{
    return atomic_load(&calls_wrong);
}

void storm_wrong(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (atomic_fetch_add(&calls_wrong, 1) < 20) {
        char line[256];
        vsnprintf(line, sizeof line, format, list);
        fprintf(stderr, "  wrong: %s\n", line);
    }
    va_end(list);
}

int64_t storm_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void storm_nap(int32_t us)
{
    struct timespec t = {us / 1000000, (long)(us % 1000000) * 1000};
    nanosleep(&t, NULL);
}

int32_t storm_chance(const struct storm *s, int32_t number, int32_t salt, int32_t percent)
{
    return (int32_t)(storm_random(s->seed, number, salt) % 100) < percent;
}

enum {
    CHANCE_DONE = 1,
    CHANCE_PROGRESS,
    CHANCE_SINK,
    CHANCE_WAITS,
    CHANCE_GIVES_UP,
    CHANCE_RING,
    CHANCE_CANCEL,
    CHANCE_HURRY,
    CHANCE_COPY,
    CHANCE_CANCEL_INSIDE,
    CHANCE_AGAIN
};

/* ---- what is freed */

static void calls_free_user(void *user)
{
    atomic_fetch_add(&((struct storm_call *)user)->user_freed, 1);
}

static void calls_free_done(void *user)
{
    atomic_fetch_add(&((struct storm_call *)user)->done_freed, 1);
}

static void calls_free_progress(void *user)
{
    atomic_fetch_add(&((struct storm_call *)user)->progress_freed, 1);
}

static void calls_free_sink(void *user)
{
    atomic_fetch_add(&((struct storm_call *)user)->sink_freed, 1);
}

int32_t storm_call_freed(const struct storm_call *c)
{
    return atomic_load(&c->user_freed) && atomic_load(&c->done_freed) == c->has_done &&
           atomic_load(&c->progress_freed) == c->has_progress &&
           atomic_load(&c->sink_freed) == c->has_sink;
}

/* ---- callbacks */

static void calls_inside(struct storm_call *c, apipie_request *r)
{
    struct storm *s = c->storm;
    if (apipie_request_user_data(r) != c)
        storm_wrong("call %d: a callback for another request", (int)c->number);
    if (apipie_request_wait(r, 0) != APIPIE_E_REENTRANT ||
        apipie_client_poll(s->client, 0) != APIPIE_E_REENTRANT)
        storm_wrong("call %d: waiting inside a callback", (int)c->number);
}

static void calls_done(void *user, apipie_request *r)
{
    struct storm_call *c = user;
    struct storm *s = c->storm;
    if (!storm_spot.in_poll && !storm_spot.in_free)
        storm_wrong("call %d: done outside poll", (int)c->number);
    if (atomic_load(&c->in_progress))
        storm_wrong("call %d: done beside progress", (int)c->number);
    atomic_store(&c->ended, 1);
    calls_inside(c, r);
    storm_delivered(c, r, &c->done);
    if (storm_spot.in_poll && storm_chance(s, c->number, CHANCE_AGAIN, 10)) {
        struct storm_call *more = NULL;
        apipie_request *next = storm_submit_next(s, &more);
        if (next)
            more->waits = 0;
        storm_ring(s, next, c->number);
    }
}

static void calls_progress(void *user, apipie_request *r)
{
    struct storm_call *c = user;
    if (!storm_spot.in_poll && !storm_spot.in_free && storm_spot.waits_for != c->number)
        storm_wrong("call %d: progress outside poll and wait", (int)c->number);
    if (atomic_exchange(&c->in_progress, 1))
        storm_wrong("call %d: progress twice at once", (int)c->number);
    if (atomic_load(&c->ended) && atomic_load(&c->done))
        storm_wrong("call %d: progress after done", (int)c->number);
    calls_inside(c, r);
    int32_t count = atomic_fetch_add(&c->progressed, 1);
    if (count == 1 && storm_chance(c->storm, c->number, CHANCE_CANCEL_INSIDE, 5))
        apipie_request_cancel(r);
    atomic_store(&c->in_progress, 0);
}

/* ---- the sink */

static void calls_on_thread(const struct storm_call *c)
{
    int32_t worker = c->storm->drive->worker;
    int32_t inside = storm_spot.in_poll || storm_spot.in_free || storm_spot.waits_for != 0;
    if (worker == 2 && (inside || !storm_spot.ours))
        return;
    if (worker ? storm_spot.ours && !storm_spot.in_free : !inside)
        storm_wrong("call %d: its sink on a wrong thread", (int)c->number);
}

static apipie_status calls_begin(void *user, uint32_t slot, const char *mime)
{
    struct storm_call *c = user;
    (void)slot;
    if (!mime || c->committed)
        storm_wrong("call %d: begin after commit", (int)c->number);
    calls_on_thread(c);
    c->bytes = 0;
    c->begun = 1;
    return APIPIE_OK;
}

static apipie_status calls_write(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    struct storm_call *c = user;
    (void)slot;
    (void)data;
    if (!c->begun)
        storm_wrong("call %d: write before begin", (int)c->number);
    c->bytes += size;
    return APIPIE_OK;
}

static apipie_status calls_commit(void *user, uint32_t slot, size_t index)
{
    struct storm_call *c = user;
    (void)slot;
    calls_on_thread(c);
    if (index != 0 || ++c->committed != 1)
        storm_wrong("call %d: committed %d times", (int)c->number, (int)c->committed);
    return APIPIE_OK;
}

static void calls_abort(void *user, uint32_t slot)
{
    struct storm_call *c = user;
    (void)slot;
    c->begun = 0;
}

/* ---- making */

static void calls_set(struct storm *s, struct storm_call *c, apipie_request *r)
{
    int32_t n = c->number;
    int32_t kind = storm_kind(s->seed, n, 1);
    char prompt[64];
    snprintf(prompt, sizeof prompt, "call-%d of a storm", (int)n);
    apipie_request_set_prompt(r, prompt, APIPIE_NTS);
    apipie_request_set_user_data(r, c, calls_free_user);
    if (c->has_done)
        apipie_request_set_done(r, calls_done, c, calls_free_done);
    if (c->has_progress)
        apipie_request_set_progress(r, calls_progress, c, calls_free_progress);
    if (c->has_sink)
        apipie_request_set_sink(r, calls_begin, calls_write, NULL, calls_commit, calls_abort, c,
                                calls_free_sink);
    int64_t limit = 20000;
    if (kind == STORM_STALL || kind == STORM_STALL_HALF)
        limit = 20 + (int64_t)(storm_random(s->seed, n, 50) % 100);
    else if (storm_chance(s, n, CHANCE_HURRY, 8))
        limit = 1 + (int64_t)(storm_random(s->seed, n, 51) % 60);
    apipie_request_set_timeout(r, limit);
}

/* A fresh builder, or a copy of one that somebody else submitted. */
static apipie_request *calls_builder(struct storm *s, int32_t number)
{
    apipie_request *r = NULL;
    if (storm_chance(s, number, CHANCE_COPY, 5)) {
        pthread_mutex_lock(&s->ring_lock);
        r = apipie_request_copy(s->ring[number % STORM_RING]);
        pthread_mutex_unlock(&s->ring_lock);
    }
    return r ? r : apipie_request_new(s->client, APIPIE_REQUEST_IMAGE);
}

apipie_request *storm_submit_next(struct storm *s, struct storm_call **ret)
{
    int32_t n = atomic_fetch_add(&s->next, 1) + 1;
    if (n > s->count)
        return NULL;
    struct storm_call *c = &s->calls[n];
    c->storm = s;
    c->number = n;
    c->has_done = storm_chance(s, n, CHANCE_DONE, 33);
    c->has_progress = storm_chance(s, n, CHANCE_PROGRESS, 33);
    c->has_sink = storm_chance(s, n, CHANCE_SINK, 33);
    c->waits = storm_chance(s, n, CHANCE_WAITS, s->drive->waits);
    c->gives_up = storm_chance(s, n, CHANCE_GIVES_UP, 15);
    apipie_request *r = calls_builder(s, n);
    if (!r)
        abort();
    calls_set(s, c, r);
    *ret = c;
    atomic_store(&c->submitted, 1);
    atomic_fetch_add(&s->submitted, 1);
    apipie_status status = apipie_request_submit(r);
    if (status != APIPIE_OK)
        storm_wrong("call %d: submit says %s", (int)n, apipie_status_name(status));
    return r;
}

void storm_ring(struct storm *s, apipie_request *r, int32_t number)
{
    if (!r)
        return;
    if (storm_chance(s, number, CHANCE_RING, 50)) { /* let go at once */
        apipie_request_unref(r);
        return;
    }
    pthread_mutex_lock(&s->ring_lock);
    apipie_request **place = &s->ring[storm_random(s->seed, number, 60) % STORM_RING];
    apipie_request *old = *place;
    *place = r;
    pthread_mutex_unlock(&s->ring_lock);
    if (storm_chance(s, number, CHANCE_CANCEL, 25))
        apipie_request_cancel(old);
    apipie_request_unref(old);
}

void storm_ring_empty(struct storm *s)
{
    for (int32_t i = 0; i < STORM_RING; i++)
        s->ring[i] = apipie_request_unref(s->ring[i]);
}

/* ---- delivered */

static void calls_check_end(struct storm_call *c, const apipie_request *r)
{
    apipie_status status = apipie_request_status(r);
    size_t want = storm_server_size(&c->storm->server, c->number);
    const apipie_result *result = apipie_request_result(r);
    if (status == APIPIE_PENDING || status == APIPIE_E_STATE || status == APIPIE_E_INTERNAL)
        storm_wrong("call %d: delivered with %s", (int)c->number, apipie_status_name(status));
    if ((status == APIPIE_OK) != (apipie_request_error(r) == NULL))
        storm_wrong("call %d: status and error disagree", (int)c->number);
    if (c->has_sink && c->committed != (status == APIPIE_OK))
        storm_wrong("call %d: %s, committed %d", (int)c->number, apipie_status_name(status),
                    (int)c->committed);
    if (status != APIPIE_OK)
        return;
    if (apipie_result_image_count(result) != 1 || apipie_result_image_size(result, 0) != want ||
        (c->has_sink && c->bytes != want))
        storm_wrong("call %d: a picture of %d bytes instead of %d", (int)c->number,
                    (int)apipie_result_image_size(result, 0), (int)want);
}

void storm_delivered(struct storm_call *c, const apipie_request *r, atomic_int *how)
{
    if (atomic_fetch_add(how, 1) != 0)
        storm_wrong("call %d: delivered twice", (int)c->number);
    calls_check_end(c, r);
    int sum = atomic_load(&c->waited) + atomic_load(&c->done) + atomic_load(&c->nexted);
    if (sum == 1)
        atomic_fetch_add(&c->storm->delivered, 1);
}

apipie_status storm_poll(struct storm *s, int64_t timeout_ms)
{
    storm_spot.in_poll = 1;
    apipie_status status = apipie_client_poll(s->client, timeout_ms);
    storm_spot.in_poll = 0;
    return status;
}

void storm_collect(struct storm *s)
{
    apipie_request *r = NULL;
    while ((r = apipie_client_next(s->client)) != NULL) {
        struct storm_call *c = apipie_request_user_data(r);
        if (c->has_done)
            storm_wrong("call %d: next() beside done", (int)c->number);
        atomic_store(&c->ended, 1);
        storm_delivered(c, r, &c->nexted);
        apipie_request_unref(r);
    }
}

static int32_t calls_can_race(const struct storm *s)
{
    return s->drive->poll_ms >= 0 || s->drive->pumps || s->drive->queues || s->drive->loops;
}

void storm_call_check(struct storm *s, struct storm_call *c)
{
    int waited = atomic_load(&c->waited), done = atomic_load(&c->done),
        nexted = atomic_load(&c->nexted);
    /* Where others collect too, they may have had it before anybody waited. */
    int32_t twice = waited && calls_can_race(s);
    if (waited > 1 || done + nexted > 1 || waited + done + nexted < 1 ||
        (!twice && waited + done + nexted != 1) || (c->has_done && nexted) ||
        (!c->has_done && done))
        storm_wrong("call %d: waited %d, done %d, next %d (has done %d)", (int)c->number, waited,
                    done, nexted, (int)c->has_done);
    if (atomic_load(&c->user_freed) != 1 || !storm_call_freed(c))
        storm_wrong("call %d: freed user %d, done %d of %d, progress %d of %d, sink %d of %d",
                    (int)c->number, atomic_load(&c->user_freed), atomic_load(&c->done_freed),
                    (int)c->has_done, atomic_load(&c->progress_freed), (int)c->has_progress,
                    atomic_load(&c->sink_freed), (int)c->has_sink);
}
