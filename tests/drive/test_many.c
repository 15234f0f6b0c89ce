/* SPDX-License-Identifier: MIT */
/* A thousand requests out at once (APIPIE_MANY: so many), for a server that answers none before all have come. Knows the public
 * API and the raw server. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "../support/draw.h"

#define MANY_LIMIT_MS 60000
/* Two sockets a request, and some. */
#define MANY_FILES (2 * (rlim_t)many_count + 200)

static int32_t many_count = 1000;

struct many {
    pthread_mutex_t lock;
    pthread_cond_t all;
    int32_t count;
};

static void many_gather(struct raw_conn *c, const struct raw_request *q, void *user)
{
    struct many *m = user;
    struct timespec until;
    (void)q;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += MANY_LIMIT_MS / 1000;
    pthread_mutex_lock(&m->lock);
    if (++m->count == many_count)
        pthread_cond_broadcast(&m->all);
    while (m->count < many_count && pthread_cond_timedwait(&m->all, &m->lock, &until) == 0)
        ;
    int32_t all = m->count >= many_count;
    pthread_mutex_unlock(&m->lock);
    raw_reply_json(c, all ? 200 : 500, ONE_IMAGE);
}

static int many_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return 0;
    if (limit.rlim_cur >= MANY_FILES)
        return 1;
    limit.rlim_cur = MANY_FILES;
    return limit.rlim_max >= MANY_FILES && setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static int32_t many_done_count;

static void many_done(void *user, apipie_request *r)
{
    (void)user;
    many_done_count += apipie_request_status(r) == APIPIE_OK;
}

/* How many came out of the queue, each with its picture. */
static int32_t many_collect(struct draw *d)
{
    int32_t n = 0;
    apipie_request *r = NULL;
    while ((r = apipie_client_next(d->client)) != NULL) {
        n += apipie_request_status(r) == APIPIE_OK &&
             apipie_result_image_count(apipie_request_result(r)) == 1;
        apipie_request_unref(r);
    }
    return n;
}

static void many_by_poll(struct draw *d)
{
    apipie_client_poll(d->client, 100);
}

static void many_by_loop(struct draw *d)
{
    struct pollfd p = {(int)apipie_client_loop_fd(d->client), POLLIN, 0};
    int64_t timeout = apipie_client_next_timeout(d->client);
    poll(&p, 1, timeout < 0 || timeout > 1000 ? 1000 : (int)timeout);
    apipie_client_poll(d->client, 0);
}

static void many_by_queue(struct draw *d)
{
    struct pollfd p = {(int)apipie_client_queue_fd(d->client), POLLIN, 0};
    poll(&p, 1, 1000);
    apipie_client_poll(d->client, 0);
}

static void many_run(struct draw *d, struct many *m, void (*drive)(struct draw *d), int32_t worker)
{
    int32_t next = 0;
    many_done_count = 0;
    draw_serve(d, many_gather, m);
    apipie_client_set_timeout(d->client, MANY_LIMIT_MS);
    assert_status(apipie_client_set_max_in_flight(d->client, 1024), APIPIE_OK);
    if (worker)
        assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    int64_t since = draw_now_ms();
    for (int32_t i = 0; i < many_count; i++) {
        apipie_request *r = draw_request(d->client);
        if (i % 2)
            apipie_request_set_done(r, many_done, NULL, NULL);
        assert_status(apipie_request_submit(r), APIPIE_OK);
        apipie_request_unref(r);
    }
    while (next + many_done_count < many_count && draw_now_ms() < since + MANY_LIMIT_MS) {
        drive(d);
        next += many_collect(d);
    }
    print_message("%d requests at once: %d ms, %d connections\n", many_count,
                  (int)(draw_now_ms() - since), (int)raw_server_connections(d->server));
    assert_int_equal(next, many_count / 2);
    assert_int_equal(many_done_count, many_count / 2);
    assert_int_equal(raw_server_count(d->server, "POST"), many_count);
    assert_status(apipie_client_poll(d->client, 0), APIPIE_OK);
}

static void many_test(struct draw *d, void (*drive)(struct draw *d), int32_t worker)
{
    struct many m = {.count = 0};
    if (!many_files()) {
        print_message("skipped: %d files cannot be open at once here (ulimit -n)\n",
                      (int)MANY_FILES);
        skip();
    }
    pthread_mutex_init(&m.lock, NULL);
    pthread_cond_init(&m.all, NULL);
    many_run(d, &m, drive, worker);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    d->server = raw_server_stop(d->server); /* it uses m */
    pthread_cond_destroy(&m.all);
    pthread_mutex_destroy(&m.lock);
}

static void test_poll(void **state)
{
    many_test(*state, many_by_poll, 0);
}

static void test_loop(void **state)
{
    many_test(*state, many_by_loop, 0);
}

static void test_worker(void **state)
{
    many_test(*state, many_by_queue, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(test_poll),
        DRAW_TEST(test_loop),
        DRAW_TEST(test_worker),
    };
    const char *count = getenv("APIPIE_MANY");
    if (count)
        many_count = (int32_t)strtol(count, NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
