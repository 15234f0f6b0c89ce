/* SPDX-License-Identifier: MIT */
/* Makes the calls of a run, many at once, and hands each that has ended to its report; must not know the server. */
#include "chaos.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CROWD_IN_FLIGHT 64
/* Calls of a thread that are submitted and have not ended: more than may be out, so that there is a line. */
#define CROWD_WINDOW 128
/* No call may take longer, whatever happens to it. */
#define CROWD_TIMEOUT_MS 60000
#define CROWD_HANGS_MS   150000

struct crowd_slot {
    apipie_request *request;
    int32_t number;
    int64_t since_ms;
};

/* Calls that another thread cancels. */
struct crowd_victim {
    apipie_request *request;
    int64_t due_ms;
};

struct crowd {
    struct chaos_crowd *run;
    apipie_client *client;
    pthread_mutex_t lock;
    int32_t next; /* number */
    struct crowd_victim *victims;
    int32_t victim_count, victims_taken, victims_end;
};

int32_t chaos_crowd_numbers(int32_t calls)
{
    return calls + CHAOS_LEFT + CHAOS_EXTRA;
}

static void crowd_nap(int64_t ms)
{
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    if (ms > 0)
        nanosleep(&t, NULL);
}

/* ---- one call */

static void crowd_set_prompt(apipie_request *r, const struct chaos_wish *w)
{
    char *text = malloc(w->prompt + 64);
    if (text == NULL)
        abort();
    int n = snprintf(text, 64, "call-%d ", (int)w->number);
    memset(text + n, 'x', w->prompt);
    apipie_request_set_prompt(r, text, (size_t)n + w->prompt);
    free(text);
}

static void crowd_set_picture(apipie_request *r, const struct chaos_wish *w)
{
    size_t n = 0;
    const uint8_t *picture = chaos_picture(&n);
    if (w->picture == 0)
        return;
    uint8_t *bytes = calloc(1, w->picture + n);
    if (bytes == NULL)
        abort();
    memcpy(bytes, picture, n);
    apipie_request_set_image_bytes(r, bytes, w->picture + n);
    /* The books are about calls: an upload would be another request. */
    apipie_request_set_input_transfer(r, APIPIE_TRANSFER_INLINE);
    free(bytes);
}

static void crowd_set_routes(apipie_request *r, const struct chaos_form *form,
                             const struct chaos_wish *w)
{
    char name[8];
    for (int32_t i = 0; i < (form->routes != 0 ? form->routes : 1); i++) {
        snprintf(name, sizeof(name), "p%d", (int)(w->provider + i) % CHAOS_PROVIDERS);
        if (form->routes != 0)
            apipie_request_add_route(r, NULL, name, "m");
        else
            apipie_request_set_provider(r, name);
    }
    if (form->routes == 0)
        apipie_request_set_model(r, "m");
}

static void crowd_set_limits(apipie_request *r, const struct chaos_wish *w)
{
    char tag[16];
    snprintf(tag, sizeof(tag), "call-%d", (int)w->number);
    apipie_request_set_tag(r, tag);
    if (w->timeout_ms != 0)
        apipie_request_set_timeout(r, w->timeout_ms);
    if (w->connect_ms != 0)
        apipie_request_set_connect_timeout(r, w->connect_ms);
    if (w->first_byte_ms != 0)
        apipie_request_set_first_byte_timeout(r, w->first_byte_ms);
    if (w->stall_ms != 0)
        apipie_request_set_stall_timeout(r, w->stall_ms);
    apipie_request_set_budget(r, w->budget);
}

static apipie_request *crowd_make(struct crowd *c, const struct chaos_wish *w)
{
    apipie_request *r = apipie_request_new(c->client, APIPIE_REQUEST_IMAGE);
    crowd_set_prompt(r, w);
    crowd_set_picture(r, w);
    crowd_set_routes(r, c->run->form, w);
    crowd_set_limits(r, w);
    if (w->images > 1)
        apipie_request_set_n(r, w->images);
    if (w->sink || w->let_go)
        chaos_report_sink(r, &c->run->reports[w->number]);
    return r;
}

/* Submits call number `number`; NULL when nobody holds it any more. */
static apipie_request *crowd_submit(struct crowd *c, int32_t number)
{
    struct chaos_wish w = chaos_wish(c->run->form, c->run->seed, number);
    struct chaos_report *report = &c->run->reports[number];
    apipie_request *r = crowd_make(c, &w);
    report->submitted = 1;
    report->let_go = w.let_go;
    apipie_status status = apipie_request_submit(r);
    if (status != APIPIE_OK)
        chaos_wrong("call %d: submit says %s: %s", (int)number, apipie_status_name(status),
                    apipie_error_message(apipie_request_error(r)));
    if (w.cancel_after >= 0) {
        pthread_mutex_lock(&c->lock);
        struct crowd_victim *v = &c->victims[c->victim_count++];
        v->request = apipie_request_ref(r);
        v->due_ms = chaos_now_ms() + w.cancel_after;
        pthread_mutex_unlock(&c->lock);
    }
    return w.let_go ? apipie_request_unref(r) : r;
}

/* ---- who cancels */

static int32_t crowd_next_victim(struct crowd *c, struct crowd_victim *ret)
{
    pthread_mutex_lock(&c->lock);
    int32_t more = c->victims_taken < c->victim_count;
    int32_t end = c->victims_end;
    if (more)
        *ret = c->victims[c->victims_taken++];
    pthread_mutex_unlock(&c->lock);
    return more ? 1 : end ? -1 : 0;
}

static void *crowd_cancel(void *user)
{
    struct crowd *c = user;
    struct crowd_victim v;
    int32_t next = 0;
    while ((next = crowd_next_victim(c, &v)) >= 0) {
        if (next == 0) {
            crowd_nap(1);
            continue;
        }
        crowd_nap(v.due_ms - chaos_now_ms());
        apipie_request_cancel(v.request);
        apipie_request_unref(v.request);
    }
    return NULL;
}

/* ---- who waits */

static int32_t crowd_next_number(struct crowd *c)
{
    pthread_mutex_lock(&c->lock);
    int32_t number = c->next < c->run->calls ? c->next++ : -1;
    pthread_mutex_unlock(&c->lock);
    return number;
}

/* What ended while nobody waited for it is kept for this. */
static void crowd_collect(struct crowd *c)
{
    apipie_request *r = NULL;
    while ((r = apipie_client_next(c->client)) != NULL)
        apipie_request_unref(r);
}

/* Takes what has ended, and fills its place. Returns one that has not ended; -1 when there is none. */
static int32_t crowd_sweep(struct crowd *c, struct crowd_slot *slots, int32_t from)
{
    int32_t pending = -1;
    int64_t now = chaos_now_ms();
    crowd_collect(c);
    for (int32_t k = 0; k < CROWD_WINDOW; k++) {
        int32_t i = (from + k) % CROWD_WINDOW;
        struct crowd_slot *slot = &slots[i];
        if (slot->request != NULL && apipie_request_status(slot->request) != APIPIE_PENDING) {
            chaos_report_take(c->run, slot->number, slot->request);
            slot->request = apipie_request_unref(slot->request);
        }
        while (slot->request == NULL && (slot->number = crowd_next_number(c)) >= 0) {
            slot->request = crowd_submit(c, slot->number);
            slot->since_ms = now;
        }
        if (slot->request != NULL && now - slot->since_ms > CROWD_HANGS_MS) {
            chaos_wrong("call %d: does not end", (int)slot->number);
            abort();
        }
        if (slot->request != NULL && pending < 0)
            pending = i;
    }
    return pending;
}

static void *crowd_work(void *user)
{
    struct crowd *c = user;
    struct crowd_slot *slots = calloc(CROWD_WINDOW, sizeof(*slots));
    int32_t at = 0;
    if (slots == NULL)
        abort();
    while ((at = crowd_sweep(c, slots, at)) >= 0) {
        apipie_request_wait(slots[at].request, 2);
        at = (at + 1) % CROWD_WINDOW;
    }
    free(slots);
    return NULL;
}

/* ---- a run */

static apipie_client *crowd_client(const struct chaos_crowd *run)
{
    char name[8];
    apipie_client *client = apipie_client_new(NULL);
    if (client == NULL || apipie_client_set_key(client, CHAOS_KEY) != APIPIE_OK ||
        apipie_client_set_base_url(client, run->base_url) != APIPIE_OK ||
        apipie_client_set_ledger(client, run->ledger) != APIPIE_OK)
        abort();
    apipie_client_set_retry(client, run->form->policy, run->form->retries);
    apipie_client_set_timeout(client, CROWD_TIMEOUT_MS);
    apipie_client_set_max_in_flight(client, CROWD_IN_FLIGHT);
    apipie_client_set_breaker(client, run->form->breaker, 5);
    apipie_client_set_budget(client, 1000000 * APIPIE_DOLLAR);
    for (int32_t i = 0; i < CHAOS_PROVIDERS; i++) {
        snprintf(name, sizeof(name), "p%d", (int)i);
        apipie_client_set_price(client, name, NULL, chaos_price(i));
    }
    return client;
}

static int32_t crowd_let_go_out(const struct chaos_crowd *run)
{
    int32_t n = 0;
    for (int32_t i = 0; i < chaos_crowd_numbers(run->calls); i++)
        n += run->reports[i].let_go && !run->reports[i].freed;
    return n;
}

/* Those that nobody waits for end while others are waited for. */
static void crowd_calm(struct crowd *c)
{
    struct chaos_crowd *run = c->run;
    int32_t number = run->calls + CHAOS_LEFT;
    int32_t last = chaos_crowd_numbers(run->calls);
    for (; number < last && crowd_let_go_out(run) != 0; number++) {
        struct chaos_wish w = chaos_wish(run->form, run->seed, number);
        if (w.let_go || w.cancel_after >= 0)
            continue;
        apipie_request *r = crowd_submit(c, number);
        apipie_request_wait(r, -1);
        chaos_report_take(run, number, r);
        apipie_request_unref(r);
        crowd_nap(5);
        crowd_collect(c);
    }
    if (crowd_let_go_out(run) != 0)
        chaos_wrong("%d calls that nobody holds do not end", (int)crowd_let_go_out(run));
}

/* The client goes while some calls are in line, out, or just done. */
static void crowd_leave(struct crowd *c)
{
    apipie_request *left[CHAOS_LEFT] = {NULL};
    for (int32_t i = 0; i < CHAOS_LEFT; i++)
        left[i] = crowd_submit(c, c->run->calls + i);
    for (int32_t i = 0; i < CHAOS_LEFT; i++) {
        if (left[i] != NULL) {
            apipie_request_wait(left[i], 4);
            break;
        }
    }
    c->client = apipie_client_unref(c->client);
    for (int32_t i = 0; i < CHAOS_LEFT; i++) {
        if (left[i] == NULL)
            continue;
        chaos_report_take(c->run, c->run->calls + i, left[i]);
        apipie_request_unref(left[i]);
    }
}

static void crowd_start(pthread_t *thread, void *(*work)(void *), struct crowd *c)
{
    if (pthread_create(thread, NULL, work, c) != 0)
        abort();
}

void chaos_crowd_run(struct chaos_crowd *run)
{
    struct crowd c;
    pthread_t workers[16];
    pthread_t canceller;
    memset(&c, 0, sizeof(c));
    c.run = run;
    c.client = crowd_client(run);
    c.victims = calloc((size_t)chaos_crowd_numbers(run->calls), sizeof(*c.victims));
    if (c.victims == NULL || pthread_mutex_init(&c.lock, NULL) != 0)
        abort();
    crowd_start(&canceller, crowd_cancel, &c);
    for (int32_t i = 1; i < run->form->threads; i++)
        crowd_start(&workers[i], crowd_work, &c);
    crowd_work(&c);
    for (int32_t i = 1; i < run->form->threads; i++)
        pthread_join(workers[i], NULL);
    crowd_calm(&c);
    chaos_report_money(c.client, run->ledger, "when all is quiet");
    crowd_leave(&c);
    pthread_mutex_lock(&c.lock);
    c.victims_end = 1;
    pthread_mutex_unlock(&c.lock);
    pthread_join(canceller, NULL);
    pthread_mutex_destroy(&c.lock);
    free(c.victims);
    apipie_client *next = crowd_client(run);
    chaos_report_money(next, run->ledger, "in the next process");
    apipie_client_unref(next);
}
