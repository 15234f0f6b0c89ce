/* SPDX-License-Identifier: MIT */
/* The five ways to drive a client, one by one: who gets what, and that nothing is lost. Knows the public API alone. */
#define _XOPEN_SOURCE 700 /* nftw() */
#include "../support/draw.h"
#include "../support/driven.h"

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct heard {
    int32_t done, progress, freed;
    int32_t after_done; /* progress behind the end */
    apipie_request *request;
    apipie_status status, inside[4];
    pthread_t thread;
    int64_t phases; /* a bit each */
    int64_t down, images;
    apipie_client *client; /* for calls from inside */
};

static void on_done(void *user, apipie_request *r)
{
    struct heard *h = user;
    h->done++;
    h->request = r;
    h->status = apipie_request_status(r);
    h->thread = pthread_self();
    if (!h->client)
        return;
    h->inside[0] = apipie_client_poll(h->client, 0);
    h->inside[1] = apipie_request_wait(r, 0);
    apipie_request *more = draw_request(h->client);
    h->inside[2] = apipie_request_submit(more);
    apipie_request_unref(more);
}

static void on_progress(void *user, apipie_request *r)
{
    struct heard *h = user;
    h->progress++;
    h->after_done += h->done;
    h->thread = pthread_self();
    h->phases |= 1 << apipie_request_progress(r, APIPIE_PROGRESS_PHASE);
    h->down = apipie_request_progress(r, APIPIE_PROGRESS_DOWN);
    h->images = apipie_request_progress(r, APIPIE_PROGRESS_IMAGES_DONE);
}

static void on_free(void *user)
{
    ((struct heard *)user)->freed++;
}

/* ---- the queue */

static void the_queue_gives_each_once(void **state)
{
    struct draw *d = *state;
    int32_t got = 0;
    int tags[8];
    draw_serve_json(d, ONE_IMAGE);
    draw_more(d, 8);
    for (int i = 0; i < 8; i++) {
        assert_status(apipie_request_set_user_data(d->more[i], &tags[i], NULL), APIPIE_OK);
        tags[i] = 0;
    }
    draw_submit_more(d);
    draw_more(d, 0); /* nobody holds them but the client */
    for (apipie_request *r = NULL; got < 8 && (r = driven_collect(d->client, 100)) != NULL; got++) {
        assert_status(apipie_request_status(r), APIPIE_OK);
        draw_assert_image(apipie_request_result(r), 0, PNG1, "image/png");
        ++*(int *)apipie_request_user_data(r);
        apipie_request_unref(r);
    }
    assert_int_equal(got, 8);
    for (int i = 0; i < 8; i++)
        assert_int_equal(tags[i], 1);
    assert_null(apipie_client_next(d->client));
    assert_status(apipie_client_poll(d->client, 0), APIPIE_OK);
}

static void poll_says_what_is_under_way(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_int_equal(apipie_client_pending(d->client), 0);
    assert_status(apipie_client_poll(d->client, 0), APIPIE_OK);
    assert_status(apipie_client_poll(d->client, -1), APIPIE_OK); /* nothing to wait for */
    assert_status(apipie_client_poll(NULL, 0), APIPIE_E_ARGUMENT);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_status(apipie_client_poll(d->client, 0), APIPIE_PENDING);
    while (apipie_request_status(d->request) == APIPIE_PENDING)
        assert_status(apipie_client_poll(d->client, 1000), APIPIE_PENDING);
    assert_status(apipie_client_poll(d->client, 1000), APIPIE_PENDING); /* to be collected */
    assert_int_equal(apipie_client_pending(d->client), 1);
    apipie_request *r = apipie_client_next(d->client);
    assert_ptr_equal(r, d->request);
    apipie_request_unref(r);
    assert_int_equal(apipie_client_pending(d->client), 0);
    assert_status(apipie_client_poll(d->client, 0), APIPIE_OK);
    /* The loop that everybody writes. */
    draw_more(d, 3);
    draw_submit_more(d);
    int32_t got = 0;
    while (apipie_client_poll(d->client, -1) == APIPIE_PENDING) {
        while ((r = apipie_client_next(d->client)) != NULL) {
            apipie_request_unref(r);
            got++;
        }
    }
    assert_int_equal(got, 3);
}

static void who_waits_gets_it(void **state)
{
    struct draw *d = *state;
    static struct heard h;
    h = (struct heard){0};
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_done(d->request, on_done, &h, on_free);
    assert_status(apipie_request_perform(d->request), APIPIE_OK);
    assert_status(apipie_client_poll(d->client, 0), APIPIE_OK);
    assert_null(apipie_client_next(d->client));
    assert_int_equal(h.done, 0);
    /* One that ended while nobody waited is taken out of the queue by a later wait. */
    draw_again(d);
    assert_int_equal(h.freed, 1);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    while (apipie_request_status(d->request) == APIPIE_PENDING)
        apipie_client_poll(d->client, 100);
    assert_status(apipie_request_wait(d->request, 0), APIPIE_OK);
    assert_null(apipie_client_next(d->client));
    assert_status(apipie_request_wait(d->request, -1), APIPIE_OK);
}

static void the_done_callback(void **state)
{
    struct draw *d = *state;
    static struct heard h;
    h = (struct heard){0};
    draw_serve_json(d, ONE_IMAGE);
    h.client = d->client;
    apipie_request_set_done(d->request, on_done, &h, on_free);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    apipie_request *mine = d->request;
    for (int i = 0; h.done == 0 && i < 100; i++)
        apipie_client_poll(d->client, 100);
    assert_int_equal(h.done, 1);
    assert_ptr_equal(h.request, mine);
    assert_status(h.status, APIPIE_OK);
    assert_true(pthread_equal(h.thread, pthread_self()));
    assert_status(h.inside[0], APIPIE_E_REENTRANT);
    assert_status(h.inside[1], APIPIE_E_REENTRANT);
    assert_status(h.inside[2], APIPIE_OK);
    apipie_request *more = driven_collect(d->client, 100); /* the one that was submitted inside */
    assert_non_null(more);
    assert_ptr_not_equal(more, mine);
    apipie_request_unref(more);
    assert_int_equal(h.done, 1);
    d->request = apipie_request_unref(d->request);
    assert_int_equal(h.freed, 1);
}

static void a_request_that_submit_refuses_is_delivered_by_that(void **state)
{
    struct draw *d = *state;
    static struct heard h;
    h = (struct heard){0};
    draw_serve_json(d, ONE_IMAGE);
    apipie_request *r = apipie_request_new(d->client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_done(r, on_done, &h, on_free);
    assert_status(apipie_request_submit(r), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_poll(d->client, 0), APIPIE_OK);
    assert_null(apipie_client_next(d->client));
    assert_int_equal(h.done, 0);
    assert_status(apipie_request_set_done(r, on_done, &h, on_free), APIPIE_E_STATE);
    assert_int_equal(h.freed, 1);
    apipie_request_unref(r);
    assert_int_equal(h.freed, 2);
}

/* ---- descriptors */

static void the_queue_has_a_descriptor(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    int64_t fd = apipie_client_queue_fd(d->client);
    assert_true(fd >= 0);
    assert_int_equal(apipie_client_queue_fd(d->client), fd);
    assert_false(driven_readable(fd, 0));
    assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_true(driven_readable(fd, 5000));
    assert_true(driven_readable(fd, 0)); /* until it is collected */
    apipie_request *r = apipie_client_next(d->client);
    assert_ptr_equal(r, d->request);
    apipie_request_unref(r);
    assert_false(driven_readable(fd, 0));
}

static void a_foreign_loop(void **state)
{
    struct draw *d = *state;
    int worker = *(const int *)d->row;
    draw_serve_json(d, "{\"data\":[{\"url\":\"/pics/1\"}]}");
    int64_t fd = apipie_client_loop_fd(d->client);
    assert_true(fd >= 0);
    assert_false(driven_readable(fd, 0));
    assert_int_equal(apipie_client_next_timeout(d->client), -1);
    if (worker)
        assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    draw_more(d, 16);
    draw_submit_more(d);
    if (!worker)
        assert_true(driven_readable(fd, 0) || apipie_client_next_timeout(d->client) == 0);
    assert_int_equal(driven_loop(d->client, 16), 16);
    apipie_client_poll(d->client, 0);
    assert_false(driven_readable(fd, 0));
    apipie_client_wakeup(d->client);
    assert_true(driven_readable(fd, 0));
    apipie_client_poll(d->client, 0);
    assert_false(driven_readable(fd, 0));
}

static void busy_then_good(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)user;
    if (q->number == 1)
        raw_reply(c, 429, "Retry-After-Ms: 200\r\n", "", 0);
    else
        raw_reply_json(c, 200, ONE_IMAGE);
}

static void a_foreign_loop_keeps_time(void **state)
{
    struct draw *d = *state;
    draw_serve(d, busy_then_good, NULL);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    int64_t start = draw_now_ms();
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_int_equal(driven_loop(d->client, 1), 1);
    assert_status(apipie_request_status(d->request), APIPIE_OK);
    assert_true(draw_now_ms() - start < 2500); /* not the 3 s of the loop's own patience */
}

static void *submit_later(void *user)
{
    draw_sleep_ms(100);
    apipie_request_submit(user);
    return NULL;
}

static void a_foreign_loop_hears_of_other_threads(void **state)
{
    struct draw *d = *state;
    pthread_t other;
    draw_serve_json(d, ONE_IMAGE);
    int64_t fd = apipie_client_loop_fd(d->client);
    assert_int_equal(pthread_create(&other, NULL, submit_later, d->request), 0);
    assert_true(driven_readable(fd, 5000));
    assert_int_equal(driven_loop(d->client, 1), 1);
    pthread_join(other, NULL);
}

static void *wake_later(void *user)
{
    draw_sleep_ms(100);
    apipie_client_wakeup(user);
    return NULL;
}

static void wakeup_ends_a_poll(void **state)
{
    struct draw *d = *state;
    pthread_t other;
    int worker = d->row != NULL && *(const int *)d->row != 0;
    draw_serve_json(d, ONE_IMAGE);
    if (worker)
        apipie_client_start_worker(d->client);
    int64_t start = draw_now_ms();
    assert_int_equal(pthread_create(&other, NULL, wake_later, d->client), 0);
    if (!worker) { /* with a transport, and without */
        assert_status(apipie_client_poll(d->client, 10000), APIPIE_OK);
        pthread_join(other, NULL);
        assert_status(apipie_request_perform(d->request), APIPIE_OK);
        assert_int_equal(pthread_create(&other, NULL, wake_later, d->client), 0);
    }
    assert_status(apipie_client_poll(d->client, 10000), APIPIE_OK);
    assert_true(draw_now_ms() - start < 5000);
    pthread_join(other, NULL);
}

/* ---- the worker */

static void the_worker_does_the_work(void **state)
{
    struct draw *d = *state;
    static struct heard h;
    h = (struct heard){0};
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    apipie_request_set_done(d->request, on_done, &h, on_free);
    apipie_request_set_progress(d->request, on_progress, &h, on_free);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    int64_t until = draw_now_ms() + 5000;
    while (apipie_request_status(d->request) == APIPIE_PENDING && draw_now_ms() < until)
        draw_sleep_ms(1); /* nobody polls, and yet it moves */
    assert_status(apipie_request_status(d->request), APIPIE_OK);
    assert_int_equal(h.done, 0);
    apipie_client_poll(d->client, 0);
    assert_int_equal(h.done, 1);
    assert_true(pthread_equal(h.thread, pthread_self()));
    draw_again(d);
    assert_int_equal(h.freed, 2);
    assert_status(apipie_request_perform(d->request), APIPIE_OK);
    draw_again(d);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    apipie_request *r = driven_collect(d->client, -1);
    assert_ptr_equal(r, d->request);
    apipie_request_unref(r);
}

/* ---- progress */

#define SLOW_HEAD "{\"data\":[{\"b64_json\":\""
#define SLOW_TAIL "\"}]}"
#define SLOW_SIZE (sizeof SLOW_HEAD + sizeof PNG1 + sizeof SLOW_TAIL - 3)

static void slow_picture(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    char head[80];
    raw_pause_ms(c, 60);
    snprintf(head, sizeof head, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
             SLOW_SIZE);
    raw_head(c, 200, head);
    raw_send_text(c, SLOW_HEAD);
    raw_pause_ms(c, 60);
    raw_drip(c, PNG1, strlen(PNG1), 30, 30);
    raw_send_text(c, SLOW_TAIL);
}

static void progress_tells_what_moves(void **state)
{
    struct draw *d = *state;
    static struct heard h;
    h = (struct heard){0};
    int waits = *(const int *)d->row;
    draw_serve(d, slow_picture, NULL);
    assert_int_equal(apipie_request_progress(d->request, APIPIE_PROGRESS_PHASE),
                     APIPIE_PHASE_BUILDING);
    apipie_request_set_progress(d->request, on_progress, &h, on_free);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_int_equal(apipie_request_progress(d->request, APIPIE_PROGRESS_PHASE),
                     APIPIE_PHASE_QUEUED);
    if (waits) {
        assert_status(apipie_request_wait(d->request, -1), APIPIE_OK);
    } else {
        apipie_request *r = driven_collect(d->client, 10);
        assert_ptr_equal(r, d->request);
        apipie_request_unref(r);
    }
    assert_true(h.progress >= 3);
    assert_true(h.phases & 1 << APIPIE_PHASE_DRAWING);
    assert_true(h.phases & 1 << APIPIE_PHASE_RECEIVING);
    assert_false(h.phases & 1 << APIPIE_PHASE_ENDED);
    assert_true(h.down > 20);
    assert_int_equal(apipie_request_progress(d->request, APIPIE_PROGRESS_PHASE),
                     APIPIE_PHASE_ENDED);
    assert_int_equal(apipie_request_progress(d->request, APIPIE_PROGRESS_DOWN), SLOW_SIZE);
    assert_int_equal(apipie_request_progress(d->request, APIPIE_PROGRESS_DOWN_TOTAL), SLOW_SIZE);
    int64_t up = apipie_request_progress(d->request, APIPIE_PROGRESS_UP);
    assert_int_equal(up, raw_server_request(d->server, 0)->body_size);
    assert_int_equal(apipie_request_progress(d->request, APIPIE_PROGRESS_UP_TOTAL), up);
    assert_int_equal(apipie_request_progress(d->request, APIPIE_PROGRESS_IMAGES_BEGUN), 1);
    assert_int_equal(apipie_request_progress(d->request, APIPIE_PROGRESS_IMAGES_DONE), 1);
    assert_int_equal(apipie_request_progress(d->request, 99), APIPIE_UNKNOWN);
    assert_int_equal(apipie_request_progress(NULL, 0), APIPIE_UNKNOWN);
    int32_t before = h.progress;
    apipie_client_poll(d->client, 0);
    assert_int_equal(h.progress, before);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

/* Nothing was sent, but the picture is there. */
static void a_picture_of_the_cache_has_come(void **state)
{
    struct draw *d = *state;
    char folder[] = "/tmp/apipie-drives-XXXXXX";
    int64_t begun = 0, done = 0;
    assert_non_null(mkdtemp(folder));
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_set_cache(d->client, folder, 1000000), APIPIE_OK);
    for (int32_t i = 0; i < 2; i++) {
        draw_again(d);
        apipie_request_set_seed(d->request, 7);
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
        assert_int_equal(apipie_result_is_cached(draw_result(d)), i);
        begun = apipie_request_progress(d->request, APIPIE_PROGRESS_IMAGES_BEGUN);
        done = apipie_request_progress(d->request, APIPIE_PROGRESS_IMAGES_DONE);
    }
    nftw(folder, remove_one, 4, FTW_DEPTH | FTW_PHYS);
    assert_int_equal(begun, 1);
    assert_int_equal(done, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(the_queue_gives_each_once),
        DRAW_TEST(poll_says_what_is_under_way),
        DRAW_TEST(who_waits_gets_it),
        DRAW_TEST(the_done_callback),
        DRAW_TEST(a_request_that_submit_refuses_is_delivered_by_that),
        DRAW_TEST(the_queue_has_a_descriptor),
        DRAW_TEST(a_foreign_loop_keeps_time),
        DRAW_TEST(a_foreign_loop_hears_of_other_threads),
        DRAW_TEST(the_worker_does_the_work),
        DRAW_TEST(a_picture_of_the_cache_has_come),
    };
    static const struct driven_row waits[] = {{1, "in wait"}, {0, "in poll"}};
    static const struct driven_row worker[] = {{0, "alone"}, {1, "with a worker"}};
    int failed = cmocka_run_group_tests_name("drives", tests, NULL, NULL);
    failed += DRAW_ROWS_AT(progress_tells_what_moves, waits, offsetof(struct driven_row, name));
    failed += DRAW_ROWS_AT(a_foreign_loop, worker, offsetof(struct driven_row, name));
    failed += DRAW_ROWS_AT(wakeup_ends_a_poll, worker, offsetof(struct driven_row, name));
    return failed;
}
