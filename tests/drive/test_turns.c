/* SPDX-License-Identifier: MIT */
/* Who is let go, and when: poll and wait return as soon as they may, and a loop is told neither too little nor too often.
 * Knows the public API and the raw server. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../support/draw.h"

/* What must return at once has so long; what must not would take TURNS_LONG_MS. */
#define TURNS_SOON_MS 500
#define TURNS_LONG_MS 3000

#define assert_soon(since)                                                                         \
    assert_in_range(draw_now_ms() - (since), 0, TURNS_SOON_MS - 1) /* not a wait to its end */

static void turns_slow(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    raw_pause_ms(c, *(const int32_t *)user);
    raw_reply_json(c, 200, ONE_IMAGE);
}

static void turns_busy(struct raw_conn *c, const struct raw_request *q, void *user)
{
    static const struct draw_reply busy = {
        503, "retry-after-ms: 600\r\n",
        "{\"error\":{\"message\":\"busy\",\"type\":\"overloaded_error\"}}"};
    (void)user;
    if (q->number == 1)
        draw_send_reply(c, &busy);
    else
        raw_reply_json(c, 200, ONE_IMAGE);
}

static void turns_stall(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_stall(c);
}

/* While the first call of a progress callback runs the reply begins, and then nothing comes any more. */
static void turns_half(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_pause_ms(c, 50);
    raw_head(c, 200, "Content-Type: application/json\r\nContent-Length: 5000\r\n");
    raw_send_text(c, "{\"data\":[{\"b64_json\":\"");
    raw_stall(c);
}

/* What is there to collect lets poll return, however long it may wait: also when it was there before. */
static void test_poll_with_something_to_collect(void **state)
{
    struct draw *d = *state;
    int32_t slow = 0;
    draw_serve(d, turns_slow, &slow);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_status(apipie_client_poll(d->client, TURNS_LONG_MS), APIPIE_PENDING);
    assert_status(apipie_request_status(d->request), APIPIE_OK);
    for (int i = 0; i < 3; i++) {
        int64_t since = draw_now_ms();
        assert_status(apipie_client_poll(d->client, TURNS_LONG_MS), APIPIE_PENDING);
        assert_soon(since);
    }
    apipie_request *r = apipie_client_next(d->client);
    assert_ptr_equal(r, d->request);
    apipie_request_unref(r);
    assert_status(apipie_client_poll(d->client, 0), APIPIE_OK);
}

/* A wakeup that came before poll is not lost, with requests under way, without any, and before there was one. */
static void test_wakeup_before_poll(void **state)
{
    struct draw *d = *state;
    draw_serve(d, turns_stall, NULL);
    for (int i = 0; i < 3; i++) {
        if (i == 1)
            assert_status(apipie_request_submit(d->request), APIPIE_OK);
        if (i == 2)
            assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
        apipie_client_wakeup(d->client);
        int64_t since = draw_now_ms();
        apipie_client_poll(d->client, TURNS_LONG_MS);
        assert_soon(since);
        since = draw_now_ms(); /* once is once */
        apipie_client_poll(d->client, 120);
        assert_in_range(draw_now_ms() - since, 100, TURNS_LONG_MS);
    }
}

struct turns_thread {
    apipie_client *client;
    int32_t ms;
    int64_t took_ms;
    apipie_status status;
};

static void *turns_poll(void *user)
{
    struct turns_thread *t = user;
    int64_t since = draw_now_ms();
    t->status = apipie_client_poll(t->client, t->ms);
    t->took_ms = draw_now_ms() - since;
    return NULL;
}

static void turns_free_under_poll(struct draw *d, int32_t worker, int32_t submit)
{
    struct turns_thread t = {d->client, TURNS_LONG_MS, 0, 0};
    pthread_t thread;
    if (submit)
        assert_status(apipie_request_submit(d->request), APIPIE_OK);
    if (worker)
        assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    assert_int_equal(pthread_create(&thread, NULL, turns_poll, &t), 0);
    draw_sleep_ms(100);
    d->client = apipie_client_unref(d->client);
    pthread_join(thread, NULL);
    assert_in_range(t.took_ms, 0, TURNS_SOON_MS - 1);
    if (submit)
        assert_ended(d->request, apipie_request_status(d->request), APIPIE_E_CANCELLED);
}

/* A thread that waits in poll is let go by the last unref. */
static void test_free_lets_poll_go(void **state)
{
    struct draw *d = *state;
    draw_serve(d, turns_stall, NULL);
    turns_free_under_poll(d, 0, 0);
}

static void test_free_lets_poll_go_at_work(void **state)
{
    struct draw *d = *state;
    draw_serve(d, turns_stall, NULL);
    turns_free_under_poll(d, 0, 1);
}

static void test_free_lets_poll_go_worker(void **state)
{
    struct draw *d = *state;
    draw_serve(d, turns_stall, NULL);
    turns_free_under_poll(d, 1, 0);
}

static void test_free_lets_poll_go_worker_at_work(void **state)
{
    struct draw *d = *state;
    draw_serve(d, turns_stall, NULL);
    turns_free_under_poll(d, 1, 1);
}

/* A loop as the documentation has it; how often it went round. */
static int32_t turns_loop(struct draw *d, int64_t until_ms)
{
    int32_t rounds = 0;
    struct pollfd p = {(int)apipie_client_loop_fd(d->client), POLLIN, 0};
    assert_true(p.fd >= 0);
    while (draw_now_ms() < until_ms) {
        int64_t left = until_ms - draw_now_ms();
        int64_t timeout = apipie_client_next_timeout(d->client);
        timeout = timeout < 0 || timeout > left ? left : timeout;
        poll(&p, 1, (int)timeout);
        apipie_client_poll(d->client, 0);
        rounds++;
        draw_sleep_ms(1); /* other work of the host's */
        if (apipie_request_status(d->request) != APIPIE_PENDING)
            break;
    }
    return rounds;
}

/* A loop sleeps while there is nothing to do, also with a budget. */
static void turns_sleepy(struct draw *d, int64_t budget_us)
{
    int32_t slow = 400;
    draw_serve(d, turns_slow, &slow);
    assert_status(apipie_client_set_poll_budget(d->client, budget_us), APIPIE_OK);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    int32_t rounds = turns_loop(d, draw_now_ms() + TURNS_LONG_MS);
    assert_ended(d->request, apipie_request_status(d->request), APIPIE_OK);
    assert_in_range(rounds, 1, 100);
}

static void test_loop_sleeps(void **state)
{
    turns_sleepy(*state, 0);
}

static void test_loop_sleeps_with_budget(void **state)
{
    turns_sleepy(*state, 200);
}

static void *turns_wait_other(void *user)
{
    struct draw *d = user;
    apipie_request_wait(d->more[0], 250); /* leads, and leaves in the middle of the backoff */
    return NULL;
}

/* Somebody led for a while and left: the loop, which was told that there is nothing to wait for, hears of what is left. */
static void test_loop_after_a_waiter(void **state)
{
    struct draw *d = *state;
    pthread_t thread;
    draw_serve(d, turns_busy, NULL);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 3);
    apipie_client_set_max_in_flight(d->client, 1);
    draw_more(d, 1);
    int64_t since = draw_now_ms();
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    draw_submit_more(d);
    assert_int_equal(pthread_create(&thread, NULL, turns_wait_other, d), 0);
    draw_sleep_ms(100); /* the thread leads */
    turns_loop(d, since + TURNS_LONG_MS);
    pthread_join(thread, NULL);
    assert_ended(d->request, apipie_request_status(d->request), APIPIE_OK);
    assert_in_range(draw_now_ms() - since, 400, 1500);
}

/* What is cancelled in the moment of its end is let go without another submit. */
static void turns_freed(void *user)
{
    (*(int32_t *)user)++;
}

struct turns_cancel {
    apipie_request *request;
    int32_t after_us;
};

static void *turns_cancel_later(void *user)
{
    struct turns_cancel *t = user;
    const struct timespec after = {0, (long)t->after_us * 1000};
    nanosleep(&after, NULL);
    apipie_request_cancel(t->request);
    apipie_request_unref(t->request);
    return NULL;
}

static void test_cancel_at_the_end(void **state)
{
    struct draw *d = *state;
    int32_t slow = 0, freed = 0;
    draw_serve(d, turns_slow, &slow);
    for (int32_t i = 0; i < 200; i++) {
        struct turns_cancel t = {draw_request(d->client), 200 + i * 3};
        pthread_t thread;
        apipie_request *r = apipie_request_ref(t.request);
        apipie_request_set_user_data(r, &freed, turns_freed);
        assert_status(apipie_request_submit(r), APIPIE_OK);
        assert_int_equal(pthread_create(&thread, NULL, turns_cancel_later, &t), 0);
        apipie_request_wait(r, -1);
        apipie_request_unref(r);
        pthread_join(thread, NULL);
    }
    assert_status(apipie_client_poll(d->client, 0), APIPIE_OK);
    assert_int_equal(freed, 200);
}

/* The same for certain: its own sink cancels it when all is there. */
static apipie_status turns_write(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    (void)user;
    (void)slot;
    (void)data;
    (void)size;
    return APIPIE_OK;
}

static apipie_status turns_commit(void *user, uint32_t slot, size_t index)
{
    (void)slot;
    (void)index;
    apipie_request_cancel(*(apipie_request **)user);
    return APIPIE_OK;
}

static void test_cancel_by_the_sink(void **state)
{
    struct draw *d = *state;
    int32_t slow = 0, freed = 0;
    draw_serve(d, turns_slow, &slow);
    apipie_request *r = draw_request(d->client);
    apipie_request_set_user_data(r, &freed, turns_freed);
    apipie_request_set_sink(r, NULL, turns_write, NULL, turns_commit, NULL, &r, NULL);
    assert_ended(r, apipie_request_perform(r), APIPIE_OK);
    apipie_request_unref(r);
    assert_int_equal(freed, 1);
}

/* The descriptor of a loop falls silent again, whatever was cancelled or woken meanwhile. */
static void test_loop_falls_silent(void **state)
{
    struct draw *d = *state;
    draw_serve(d, turns_stall, NULL);
    struct pollfd p = {(int)apipie_client_loop_fd(d->client), POLLIN, 0};
    for (int32_t i = 0; i < 200; i++) {
        struct turns_cancel t = {draw_request(d->client), i * 2};
        pthread_t thread;
        assert_status(apipie_request_submit(apipie_request_ref(t.request)), APIPIE_OK);
        apipie_request *r = t.request;
        assert_int_equal(pthread_create(&thread, NULL, turns_cancel_later, &t), 0);
        while (apipie_request_status(r) == APIPIE_PENDING)
            apipie_client_poll(d->client, 0);
        pthread_join(thread, NULL);
        apipie_request_unref(apipie_client_next(d->client));
        apipie_request_unref(r);
        for (int32_t k = 0; k < 3; k++)
            apipie_client_poll(d->client, 0);
        assert_int_equal(poll(&p, 1, 0), 0);
    }
}

/* Who leads leaves as soon as his own request has ended, and another one of those who wait takes over. */
#define TURNS_WAITERS 4

static void turns_by_number(struct raw_conn *c, const struct raw_request *q, void *user)
{
    char text[16];
    (void)user;
    draw_field(q, "seed", text, sizeof text);
    raw_pause_ms(c, (int32_t)(strtol(text, NULL, 10) * 100));
    raw_reply_json(c, 200, ONE_IMAGE);
}

struct turns_waiter {
    pthread_t id;
    apipie_request *request;
    int64_t ended_ms;
};

static void *turns_wait(void *user)
{
    struct turns_waiter *w = user;
    apipie_request_wait(w->request, -1);
    w->ended_ms = draw_now_ms();
    return NULL;
}

static void test_another_one_leads(void **state)
{
    struct draw *d = *state;
    struct turns_waiter w[TURNS_WAITERS];
    draw_serve(d, turns_by_number, NULL);
    int64_t since = draw_now_ms();
    for (int32_t i = 0; i < TURNS_WAITERS; i++) {
        w[i].request = draw_request(d->client);
        apipie_request_set_seed(w[i].request, (uint64_t)i + 1);
        assert_status(apipie_request_submit(w[i].request), APIPIE_OK);
        assert_int_equal(pthread_create(&w[i].id, NULL, turns_wait, &w[i]), 0);
        draw_sleep_ms(10); /* the first one leads */
    }
    for (int32_t i = 0; i < TURNS_WAITERS; i++) {
        pthread_join(w[i].id, NULL);
        assert_ended(w[i].request, apipie_request_status(w[i].request), APIPIE_OK);
        assert_in_range(w[i].ended_ms - since, 100 * (i + 1), 100 * (i + 1) + TURNS_SOON_MS);
        apipie_request_unref(w[i].request);
    }
}

/* A progress callback that is due does not wait for the next byte. */
static int32_t turns_phases;
static int64_t turns_last_ms;

static void turns_progress(void *user, apipie_request *request)
{
    (void)user;
    turns_last_ms = draw_now_ms();
    turns_phases |= 1 << apipie_request_progress(request, APIPIE_PROGRESS_PHASE);
    draw_sleep_ms(100);
}

static void test_progress_while_a_worker_leads(void **state)
{
    struct draw *d = *state;
    draw_serve(d, turns_half, NULL);
    turns_phases = 0;
    apipie_request_set_progress(d->request, turns_progress, NULL, NULL);
    assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    int64_t since = draw_now_ms();
    assert_status(apipie_request_wait(d->request, 600), APIPIE_PENDING);
    assert_in_range(turns_last_ms - since, 0, 400);
    assert_true((turns_phases & 1 << APIPIE_PHASE_RECEIVING) != 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(test_poll_with_something_to_collect),
        DRAW_TEST(test_wakeup_before_poll),
        DRAW_TEST(test_free_lets_poll_go),
        DRAW_TEST(test_free_lets_poll_go_at_work),
        DRAW_TEST(test_free_lets_poll_go_worker),
        DRAW_TEST(test_free_lets_poll_go_worker_at_work),
        DRAW_TEST(test_loop_sleeps),
        DRAW_TEST(test_loop_sleeps_with_budget),
        DRAW_TEST(test_loop_after_a_waiter),
        DRAW_TEST(test_cancel_at_the_end),
        DRAW_TEST(test_cancel_by_the_sink),
        DRAW_TEST(test_loop_falls_silent),
        DRAW_TEST(test_another_one_leads),
        DRAW_TEST(test_progress_while_a_worker_leads),
    };
    if (argc > 1) /* only those */
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
