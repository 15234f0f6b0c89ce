/* SPDX-License-Identifier: MIT */
/* Two drives on one client at once: who performs, polls without a limit or runs a loop, while another thread does something else.
 * Knows the public API alone. */
#define _GNU_SOURCE /* syscall() */
#include "../support/draw.h"
#include "../support/driven.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void slow_reply(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_pause_ms(c, 200);
    raw_reply_json(c, 200, ONE_IMAGE);
}

/* As much as a picture would be, in small pieces, and no end. */
static void drips(struct raw_conn *c, const struct raw_request *q, void *user)
{
    static const char filler[8000];
    (void)user;
    if (!strstr(q->body, "drip")) {
        raw_reply_json(c, 200, ONE_IMAGE);
        return;
    }
    raw_head(c, 200, "Content-Type: image/png\r\nContent-Length: 8010\r\n");
    raw_drip(c, filler, sizeof(filler), 20, 5);
    raw_stall(c);
}

/* ---- perform beside next */

/* The library asks for it at each of its doors: so a thread can be held up between two of them. */
static _Thread_local int held_up;

pid_t getpid(void)
{
    if (held_up)
        draw_sleep_ms(60);
    return (pid_t)syscall(SYS_getpid);
}

struct taker {
    apipie_client *client;
    atomic_int stop, took;
};

static void *take_all(void *user)
{
    struct taker *t = user;
    while (!atomic_load(&t->stop)) {
        apipie_request *r = apipie_client_next(t->client);
        atomic_fetch_add(&t->took, r != NULL);
        apipie_request_unref(r);
        apipie_client_poll(t->client, 1);
    }
    return NULL;
}

static void on_done(void *user, apipie_request *r)
{
    (void)r;
    atomic_fetch_add((atomic_int *)user, 1);
}

/* It ends before the one who performs it has come to wait, and somebody else collects. */
static void who_performs_gets_it(void **state)
{
    struct draw *d = *state;
    static atomic_int done;
    pthread_t other;
    struct taker t = {0};
    atomic_store(&done, 0);
    draw_serve_json(d, ONE_IMAGE);
    t.client = d->client;
    assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    assert_int_equal(pthread_create(&other, NULL, take_all, &t), 0);
    for (int32_t i = 0; i < 2; i++) {
        if (i == 1)
            apipie_request_set_done(d->request, on_done, &done, NULL);
        held_up = 1;
        apipie_status status = apipie_request_perform(d->request);
        held_up = 0;
        assert_ended(d->request, status, APIPIE_OK);
        draw_again(d);
    }
    atomic_store(&t.stop, 1);
    pthread_join(other, NULL);
    assert_int_equal(atomic_load(&t.took), 0);
    assert_int_equal(atomic_load(&done), 0);
}

/* ---- poll beside wait */

static void *poll_for_ever(void *user)
{
    while (apipie_client_poll(user, -1) == APIPIE_PENDING)
        continue;
    return NULL;
}

/* What it waited for goes to somebody else. */
static void poll_without_a_limit_ends_with_the_last_request(void **state)
{
    struct draw *d = *state;
    pthread_t other;
    draw_serve(d, slow_reply, NULL);
    if (*(const int *)d->row)
        assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_int_equal(pthread_create(&other, NULL, poll_for_ever, d->client), 0);
    draw_sleep_ms(50);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_OK);
    pthread_join(other, NULL);
}

/* ---- a loop beside poll and wakeup */

static void busy_then_good(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)user;
    if (q->number == 1)
        raw_reply(c, 429, "Retry-After-Ms: 500\r\n", "", 0);
    else
        raw_reply_json(c, 200, ONE_IMAGE);
}

static void *poll_a_while(void *user)
{
    apipie_client_poll(user, 150);
    return NULL;
}

/* What the loop was told while that thread polled is old. */
static void a_foreign_loop_hears_that_a_poll_is_over(void **state)
{
    struct draw *d = *state;
    pthread_t other;
    draw_serve(d, busy_then_good, NULL);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    int64_t fd = apipie_client_loop_fd(d->client);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    while (apipie_request_progress(d->request, APIPIE_PROGRESS_PHASE) != APIPIE_PHASE_WAITING)
        apipie_client_poll(d->client, 1);
    assert_int_equal(pthread_create(&other, NULL, poll_a_while, d->client), 0);
    draw_sleep_ms(50);
    if (apipie_client_next_timeout(d->client) < 0)
        assert_true(driven_readable(fd, 3000));
    pthread_join(other, NULL);
    assert_int_equal(driven_loop(d->client, 1), 1);
}

/* Several sockets and the queue have something besides. */
static void a_nudge_is_heard_once(void **state)
{
    struct draw *d = *state;
    draw_serve(d, drips, NULL);
    int64_t fd = apipie_client_loop_fd(d->client);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    while (apipie_request_status(d->request) == APIPIE_PENDING)
        apipie_client_poll(d->client, 1);
    apipie_client_set_poll_budget(d->client, 1);
    draw_more(d, 4);
    for (size_t i = 0; i < 4; i++) {
        apipie_request_set_prompt(d->more[i], "drip", APIPIE_NTS);
        assert_status(apipie_request_submit(d->more[i]), APIPIE_OK);
    }
    for (int32_t i = 0; i < 4; i++) {
        while (apipie_request_progress(d->more[i], APIPIE_PROGRESS_DOWN) == 0) {
            assert_true(driven_readable(fd, 5000));
            apipie_client_poll(d->client, 0);
        }
    }
    draw_sleep_ms(20);
    apipie_client_wakeup(d->client);
    apipie_client_poll(d->client, 0);
    apipie_client_set_poll_budget(d->client, 0);
    for (size_t i = 0; i < 4; i++)
        apipie_request_cancel(d->more[i]);
    assert_int_equal(driven_loop(d->client, 5), 5);
    apipie_client_poll(d->client, 0);
    assert_false(driven_readable(fd, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(who_performs_gets_it),
        DRAW_TEST(a_foreign_loop_hears_that_a_poll_is_over),
        DRAW_TEST(a_nudge_is_heard_once),
    };
    static const struct driven_row worker[] = {{0, "alone"}, {1, "with a worker"}};
    int failed = cmocka_run_group_tests_name("drive mixes", tests, NULL, NULL);
    failed += DRAW_ROWS_AT(poll_without_a_limit_ends_with_the_last_request, worker,
                           offsetof(struct driven_row, name));
    return failed;
}
