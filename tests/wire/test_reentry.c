/* SPDX-License-Identifier: MIT */
/* What may be called inside which callback: the table of docs/threads.md, row by row. Knows the public API alone. */
#include "../support/draw.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* ---- the stage: one request that has ended and waits to be collected, one that does not end, one whose callback is tried */

#define MAX_CALLS 32

struct world {
    apipie_client *client, *other; /* other: of the same server */
    apipie_request *posted, *pending, *subject;
    apipie_request *fresh;     /* a builder, for submit */
    int32_t closed;            /* 1: the client's last handle goes */
    int32_t ran;               /* how often the callback came */
    int64_t got[MAX_CALLS];    /* what each call gave inside */
    apipie_request *discarded; /* by the sink, for its user_free */
    apipie_request *taken;     /* by apipie_client_next() */
    pthread_t host, callback;  /* the threads they are on */
};

/* ---- the calls: each gives what the host gets */

static int64_t call_submit(struct world *w)
{
    return apipie_request_submit(w->fresh);
}

/* Of one that was not submitted: refused, it must not be sent. */
static int64_t call_perform(struct world *w)
{
    apipie_request *r = apipie_request_copy(w->subject);
    apipie_status status = apipie_request_perform(r);
    int64_t untouched = apipie_request_status(r) == APIPIE_E_STATE;
    apipie_request_unref(r);
    return untouched ? status : INT32_MIN;
}

static int64_t call_wait(struct world *w)
{
    return apipie_request_wait(w->pending, 0);
}

static int64_t call_wait_for_itself(struct world *w)
{
    return apipie_request_wait(w->subject, -1);
}

static int64_t call_poll(struct world *w)
{
    return apipie_client_poll(w->client, 0);
}

static int64_t call_poll_for_ever(struct world *w)
{
    return apipie_client_poll(w->client, -1);
}

static int64_t call_start_worker(struct world *w)
{
    return apipie_client_start_worker(w->client);
}

/* 1: the one that waits to be collected. */
static int64_t call_next(struct world *w)
{
    w->taken = apipie_client_next(w->client);
    return w->taken == NULL ? 0 : w->taken == w->posted ? 1 : 2;
}

static int64_t call_wakeup(struct world *w)
{
    apipie_client_wakeup(w->client);
    return 0;
}

static int64_t call_cancel(struct world *w)
{
    apipie_request_cancel(w->pending);
    return 0;
}

static int64_t call_getters(struct world *w)
{
    size_t size = 0;
    char json[256];
    return apipie_request_progress(w->subject, APIPIE_PROGRESS_PHASE) >= APIPIE_PHASE_QUEUED &&
           strcmp(apipie_request_prompt(w->subject, &size), "a lake") == 0 && size == 6 &&
           apipie_request_user_data(w->subject) == w &&
           apipie_request_format_json(w->subject, json, sizeof json) != 0 &&
           apipie_client_money(w->client, NULL, APIPIE_MONEY_SPENT) >= 0 &&
           apipie_request_status(w->posted) == APIPIE_OK &&
           apipie_result_image_count(apipie_request_result(w->posted)) == 1;
}

static int64_t call_build(struct world *w)
{
    apipie_request *r = apipie_request_new(w->client, APIPIE_REQUEST_IMAGE);
    apipie_request *copy = apipie_request_copy(w->subject);
    int64_t good = apipie_request_set_prompt(r, "another", APIPIE_NTS) == APIPIE_OK &&
                   apipie_request_set_n(copy, 2) == APIPIE_OK &&
                   apipie_request_set_n(w->subject, 2) == APIPIE_E_STATE; /* it is sealed */
    apipie_request_unref(r);
    apipie_request_unref(copy);
    return good;
}

static int64_t call_client_setters(struct world *w)
{
    return apipie_client_set_key(w->client, "sk-pie-another") == APIPIE_OK &&
           apipie_client_set_base_url(w->client, "http://127.0.0.1:1/v1") == APIPIE_OK &&
           apipie_client_set_timeout(w->client, 20001) == APIPIE_OK &&
           apipie_client_set_max_in_flight(w->client, 9) == APIPIE_OK &&
           apipie_client_set_budget(w->client, APIPIE_UNKNOWN) == APIPIE_OK &&
           apipie_client_set_rate(w->client, NULL, 0, 0) == APIPIE_OK &&
           apipie_client_set_poll_budget(w->client, 0) == APIPIE_OK &&
           apipie_client_set_cache(w->client, NULL, 0) == APIPIE_OK &&
           apipie_client_set_ledger(w->client, NULL) == APIPIE_OK &&
           apipie_client_set_log(w->client, APIPIE_LOG_INFO, NULL, NULL, NULL) == APIPIE_OK &&
           apipie_client_set_trace(w->client, NULL, NULL, NULL) == APIPIE_OK &&
           apipie_client_set_veto(w->client, NULL, NULL, NULL) == APIPIE_OK &&
           apipie_client_set_key_fn(w->client, NULL, NULL, NULL) == APIPIE_OK;
}

static int64_t call_references(struct world *w)
{
    if (w->closed) /* no handle is left that could be doubled */
        return 1;
    apipie_request_unref(apipie_request_ref(w->subject));
    apipie_client_unref(apipie_client_ref(w->client));
    return 1;
}

static int64_t call_descriptors(struct world *w)
{
    return apipie_client_queue_fd(w->client) >= 0 && apipie_client_loop_fd(w->client) >= 0 &&
           apipie_client_next_timeout(w->client) >= -1;
}

/* Another client knows nothing of this callback. */
static int64_t call_another_client(struct world *w)
{
    apipie_request *r = apipie_request_new(w->other, APIPIE_REQUEST_IMAGE);
    apipie_request_set_prompt(r, "a pond", APIPIE_NTS);
    apipie_status status = apipie_request_perform(r);
    apipie_request_unref(r);
    return status;
}

/* ---- the table. The client's setters come last: they point it elsewhere */

enum { TURN, SUBMIT, CALL, FRAMES };

struct call {
    const char *name;
    int64_t (*run)(struct world *w);
    int64_t want[FRAMES]; /* inside a turn, inside a submit, between two turns */
};

#define EVERYWHERE(x)                                                                              \
    {                                                                                              \
        (x), (x), (x)                                                                              \
    }

static const struct call calls[] = {
    {"submit", call_submit, {APIPIE_E_REENTRANT, APIPIE_E_REENTRANT, APIPIE_OK}},
    {"perform", call_perform, EVERYWHERE(APIPIE_E_REENTRANT)},
    {"wait", call_wait, EVERYWHERE(APIPIE_E_REENTRANT)},
    {"wait for itself", call_wait_for_itself, EVERYWHERE(APIPIE_E_REENTRANT)},
    {"poll", call_poll, EVERYWHERE(APIPIE_E_REENTRANT)},
    {"poll for ever", call_poll_for_ever, EVERYWHERE(APIPIE_E_REENTRANT)},
    {"start_worker", call_start_worker, EVERYWHERE(APIPIE_E_REENTRANT)},
    {"next", call_next, {0, 0, 1}},
    {"wakeup", call_wakeup, EVERYWHERE(0)},
    {"getters", call_getters, EVERYWHERE(1)},
    {"references", call_references, EVERYWHERE(1)},
    {"building", call_build, EVERYWHERE(1)},
    {"descriptors", call_descriptors, EVERYWHERE(1)},
    {"another client", call_another_client, EVERYWHERE(APIPIE_OK)},
    {"cancel", call_cancel, EVERYWHERE(0)},
    {"client setters", call_client_setters, EVERYWHERE(1)},
};
enum { CALLS = sizeof calls / sizeof calls[0] };

static void call_all(struct world *w)
{
    if (w->ran++ != 0)
        return;
    w->callback = pthread_self();
    for (size_t i = 0; i < CALLS; i++)
        w->got[i] = calls[i].run(w);
}

/* ---- the places */

static apipie_status place_sink_write(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    (void)slot, (void)data, (void)size;
    call_all(user);
    return APIPIE_OK;
}

static apipie_status place_sink_begin(void *user, uint32_t slot, const char *mime)
{
    (void)slot, (void)mime;
    call_all(user);
    return APIPIE_OK;
}

static apipie_status place_sink_ignore(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    (void)user, (void)slot, (void)data, (void)size;
    return APIPIE_OK;
}

static apipie_status place_sink_commit(void *user, uint32_t slot, size_t index)
{
    (void)slot, (void)index;
    call_all(user);
    return APIPIE_OK;
}

/* A builder goes inside the sink, and what goes with it is told there. */
static apipie_status place_sink_discard(void *user, uint32_t slot, size_t index)
{
    struct world *w = user;
    (void)slot, (void)index;
    w->discarded = apipie_request_unref(w->discarded);
    return APIPIE_OK;
}

static apipie_status place_key(void *user, int32_t refused, char *key, size_t capacity)
{
    (void)refused;
    call_all(user);
    snprintf(key, capacity, "sk-pie-of-the-callback");
    return APIPIE_OK;
}

static apipie_status place_veto(void *user, const apipie_request *request, char *reason,
                                size_t capacity)
{
    struct world *w = user;
    (void)reason, (void)capacity;
    if (request == w->subject)
        call_all(w);
    return APIPIE_OK;
}

/* The first line of a request is that of its submit. */
static void place_log_of_submit(void *user, int32_t level, const char *line)
{
    (void)level;
    if (strstr(line, "submitted") != NULL)
        call_all(user);
}

static void place_log_of_turn(void *user, int32_t level, const char *line)
{
    (void)level;
    if (strstr(line, "submitted") == NULL)
        call_all(user);
}

static void place_trace(void *user, const apipie_request *request, size_t index)
{
    (void)request, (void)index;
    call_all(user);
}

static void place_call(void *user, apipie_request *request)
{
    (void)request;
    call_all(user);
}

static void place_free(void *user)
{
    call_all(user);
}

static void set_write(struct world *w)
{
    apipie_request_set_sink(w->subject, NULL, place_sink_write, NULL, NULL, NULL, w, NULL);
}

static void set_begin(struct world *w)
{
    apipie_request_set_sink(w->subject, place_sink_begin, place_sink_ignore, NULL, NULL, NULL, w,
                            NULL);
}

static void set_commit(struct world *w)
{
    apipie_request_set_sink(w->subject, NULL, place_sink_ignore, NULL, place_sink_commit, NULL, w,
                            NULL);
}

static void set_free_in_sink(struct world *w)
{
    w->discarded = apipie_request_new(w->client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_user_data(w->discarded, w, place_free);
    apipie_request_set_sink(w->subject, NULL, place_sink_ignore, NULL, place_sink_discard, NULL, w,
                            NULL);
}

static void set_key(struct world *w)
{
    apipie_client_set_key_fn(w->client, place_key, w, NULL);
}

static void set_veto(struct world *w)
{
    apipie_client_set_veto(w->client, place_veto, w, NULL);
}

static void set_log_of_submit(struct world *w)
{
    apipie_client_set_log(w->client, APIPIE_LOG_INFO, place_log_of_submit, w, NULL);
}

static void set_log_of_turn(struct world *w)
{
    apipie_client_set_log(w->client, APIPIE_LOG_INFO, place_log_of_turn, w, NULL);
}

static void set_trace(struct world *w)
{
    apipie_client_set_trace(w->client, place_trace, w, NULL);
}

static void set_done(struct world *w)
{
    apipie_request_set_done(w->subject, place_call, w, NULL);
}

static void set_progress(struct world *w)
{
    apipie_request_set_progress(w->subject, place_call, w, NULL);
}

struct place {
    const char *name;
    void (*set)(struct world *w);
    int32_t frame;
    int32_t worker; /* 1: one moves the bytes */
    int32_t waits;  /* 1: the host waits for the request, 0: it polls */
};

static const struct place places[] = {
    {"a sink's begin", set_begin, TURN, 0, 1},
    {"a sink's write", set_write, TURN, 0, 1},
    {"a sink's write, polled", set_write, TURN, 0, 0},
    {"a sink's write on the worker", set_write, TURN, 1, 1},
    {"a sink's commit", set_commit, TURN, 0, 1},
    {"user_free in a sink", set_free_in_sink, TURN, 0, 1},
    {"the key", set_key, TURN, 0, 1},
    {"the key, polled", set_key, TURN, 0, 0},
    {"the key on the worker", set_key, TURN, 1, 0},
    {"the log, in a turn", set_log_of_turn, TURN, 0, 1},
    {"the log on the worker", set_log_of_turn, TURN, 1, 1},
    {"the log, in a submit", set_log_of_submit, SUBMIT, 0, 1},
    {"the trace", set_trace, TURN, 0, 1},
    {"the trace on the worker", set_trace, TURN, 1, 1},
    {"the veto", set_veto, SUBMIT, 0, 1},
    {"the veto beside a worker", set_veto, SUBMIT, 1, 0},
    {"done", set_done, CALL, 0, 0},
    {"done beside a worker", set_done, CALL, 1, 0},
    {"progress", set_progress, CALL, 0, 0},
    {"progress of one that is waited for", set_progress, CALL, 0, 1},
    {"progress beside a worker", set_progress, CALL, 1, 0},
    {"progress of one that is waited for beside a worker", set_progress, CALL, 1, 1},
};

/* ---- the test */

static void world_handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)user;
    if (strstr(q->body, "for ever") != NULL)
        raw_stall(c);
    if (strstr(q->body, "a lake") != NULL)
        raw_pause_ms(c, 50); /* or it might end before there is any progress to tell of */
    raw_reply_json(c, 200, ONE_IMAGE);
}

static apipie_request *world_request(struct world *w, const char *prompt)
{
    apipie_request *r = draw_request(w->client);
    apipie_request_set_prompt(r, prompt, APIPIE_NTS);
    return r;
}

static void world_set(struct draw *d, struct world *w, int32_t worker)
{
    draw_serve(d, world_handler, NULL);
    w->client = d->client;
    w->host = pthread_self();
    if (worker)
        assert_status(apipie_client_start_worker(w->client), APIPIE_OK);
    w->other = draw_client(raw_server_base(d->server));
    w->posted = world_request(w, "it has ended");
    assert_status(apipie_request_submit(w->posted), APIPIE_OK);
    while (apipie_request_status(w->posted) == APIPIE_PENDING)
        apipie_client_poll(w->client, -1);
    w->pending = world_request(w, "it draws for ever");
    assert_status(apipie_request_submit(w->pending), APIPIE_OK);
    w->fresh = world_request(w, "a fresh one");
    w->subject = d->request;
    apipie_request_set_user_data(w->subject, w, NULL);
}

static void world_clear(struct draw *d, struct world *w)
{
    apipie_request_unref(w->taken);
    apipie_request_unref(w->posted);
    apipie_request_unref(w->pending);
    apipie_request_unref(w->fresh);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    apipie_client_unref(w->other);
}

static void world_drive(struct world *w, int32_t waits)
{
    int64_t until = draw_now_ms() + 10000;
    if (waits)
        assert_ended(w->subject, apipie_request_wait(w->subject, 10000), APIPIE_OK);
    while ((apipie_request_status(w->subject) == APIPIE_PENDING || w->ran == 0) &&
           draw_now_ms() < until)
        apipie_client_poll(w->client, 10);
    assert_status(apipie_request_status(w->subject), APIPIE_OK);
}

static void assert_table(const struct world *w, const char *place, int32_t frame)
{
    int32_t wrong = 0;
    for (size_t i = 0; i < CALLS; i++) {
        if (w->got[i] == calls[i].want[frame])
            continue;
        print_error("%s: %s gives %lld, not %lld\n", place, calls[i].name, (long long)w->got[i],
                    (long long)calls[i].want[frame]);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void calls_inside_a_callback(void **state)
{
    struct draw *d = *state;
    const struct place *place = d->row;
    static struct world w;
    w = (struct world){0};
    world_set(d, &w, place->worker);
    place->set(&w);
    assert_status(apipie_request_submit(w.subject), APIPIE_OK);
    world_drive(&w, place->waits);
    assert_true(w.ran >= 1);
    assert_table(&w, place->name, place->frame);
    assert_int_equal(!pthread_equal(w.host, w.callback), place->worker && place->frame == TURN);
    /* What was refused is as it was, and what was cancelled ends. */
    assert_status(apipie_request_submit(w.fresh),
                  place->frame == CALL ? APIPIE_E_STATE : APIPIE_OK);
    assert_status(apipie_request_wait(w.pending, 10000), APIPIE_E_CANCELLED);
    world_clear(d, &w);
}

/* ---- the last callbacks: the client's handles are gone */

static void done_at_the_end_of_the_client(void **state)
{
    struct draw *d = *state;
    static struct world w;
    w = (struct world){0};
    world_set(d, &w, 0);
    w.closed = 1;
    set_done(&w);
    assert_status(apipie_request_submit(w.subject), APIPIE_OK);
    d->client = apipie_client_unref(d->client);
    assert_int_equal(w.ran, 1);
    assert_status(apipie_request_status(w.subject), APIPIE_E_CANCELLED);
    assert_int_equal(w.got[0], APIPIE_E_CANCELLED); /* submit: there is no client any more */
    for (size_t i = 1; i < 7; i++)
        assert_int_equal(w.got[i], APIPIE_E_REENTRANT);
    assert_int_equal(w.got[7], 1); /* next */
    assert_status(apipie_request_status(w.pending), APIPIE_E_CANCELLED);
    world_clear(d, &w);
}

/* ---- beside a callback: what other threads get while one is inside */

struct beside {
    struct world *w;
    int64_t submit, wait, poll, next, start_worker, descriptors, cancel;
};

static void *beside_call(void *user)
{
    struct beside *b = user;
    b->submit = call_submit(b->w);
    b->wait = call_wait(b->w);
    b->poll = call_poll(b->w);
    b->next = call_next(b->w);
    b->descriptors = call_descriptors(b->w);
    b->cancel = call_cancel(b->w);
    b->start_worker = call_start_worker(b->w);
    return NULL;
}

/* Inside the sink: none of these calls of the other thread may wait for us. */
static apipie_status beside_write(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    struct beside *b = user;
    pthread_t thread;
    (void)slot, (void)data, (void)size;
    if (b->w->ran++ != 0)
        return APIPIE_OK;
    if (pthread_create(&thread, NULL, beside_call, b) != 0)
        return APIPIE_E_SINK;
    pthread_join(thread, NULL);
    return APIPIE_OK;
}

static void calls_beside_a_callback(void **state)
{
    struct draw *d = *state;
    static struct world w;
    w = (struct world){0};
    struct beside b = {.w = &w};
    world_set(d, &w, 0);
    apipie_request_set_sink(w.subject, NULL, beside_write, NULL, NULL, NULL, &b, NULL);
    assert_status(apipie_request_submit(w.subject), APIPIE_OK);
    world_drive(&w, 1);
    assert_int_equal(b.submit, APIPIE_OK);
    assert_int_equal(b.wait, APIPIE_PENDING);
    assert_int_equal(b.poll, APIPIE_PENDING);
    assert_int_equal(b.next, 1);
    assert_int_equal(b.descriptors, 1);
    assert_int_equal(b.cancel, 0);
    assert_int_equal(b.start_worker, APIPIE_OK);
    assert_ended(w.fresh, apipie_request_wait(w.fresh, 10000), APIPIE_OK);
    assert_status(apipie_request_wait(w.pending, 10000), APIPIE_E_CANCELLED);
    world_clear(d, &w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(done_at_the_end_of_the_client),
        DRAW_TEST(calls_beside_a_callback),
    };
    int failed = cmocka_run_group_tests_name("reentry", tests, NULL, NULL);
    failed += DRAW_ROWS(calls_inside_a_callback, places);
    return failed;
}
