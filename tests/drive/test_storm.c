/* SPDX-License-Identifier: MIT */
/* Every drive under a storm of calls, faults, cancels and unrefs from many threads: each call is delivered once, and all is freed
 * once. APIPIE_STORM_CALLS: so many a drive; APIPIE_STORM_SEED: a number that was printed; the first argument: only that
 * drive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "count.h"
#include "storm.h"

#define STORM_THREADS 8
#define STORM_FURTHER 8
/* Calls that are under way: more than may be out. */
#define STORM_WINDOW 200
/* After the last submit everything must have been delivered within: */
#define STORM_CALM_MS 30000

#ifdef __SANITIZE_THREAD__
#define STORM_CALLS 400
#else
#define STORM_CALLS 1500
#endif

static const struct storm_drive storm_drives[] = {
    /* name, worker, budget, waits, poll_ms, collects, pumps, pump_ms, queues, loops */
    {"wait", 0, 0, 85, -1, 0, 0, 0, 0, 0},         {"poll-0", 0, 0, 0, 0, 1, 0, 0, 0, 0},
    {"poll-n", 0, 0, 0, 3, 1, 0, 0, 0, 0},         {"budget", 0, 200, 0, 0, 1, 0, 0, 0, 0},
    {"queue", 0, 0, 0, -1, 0, 1, 50, 2, 0},        {"loop", 0, 0, 0, -1, 0, 0, 0, 0, 1},
    {"loop-budget", 0, 200, 0, -1, 0, 0, 0, 0, 1}, {"worker-wait", 1, 0, 85, -1, 0, 0, 0, 0, 0},
    {"worker-poll", 1, 0, 0, -1, 0, 2, 50, 1, 0},  {"worker-loop", 1, 0, 0, -1, 0, 0, 0, 0, 2},
    {"mixed", 0, 0, 40, 0, 1, 1, 20, 1, 1},        {"worker-mixed", 1, 0, 40, 2, 1, 1, 20, 1, 1},
    {"worker-late", 2, 0, 40, 0, 1, 1, 20, 1, 1},
};
#define STORM_DRIVES (sizeof storm_drives / sizeof storm_drives[0])

static uint64_t storm_seed;
static int32_t storm_count = STORM_CALLS;

/* ---- threads that submit */

static void storm_wait(struct storm *s, struct storm_call *c, apipie_request *r)
{
    int32_t short_ones = c->number % 2;
    apipie_status status = APIPIE_PENDING;
    (void)s;
    storm_spot.waits_for = c->number;
    if (c->gives_up)
        status = apipie_request_wait(r, c->number % 3);
    while (!c->gives_up && status == APIPIE_PENDING)
        status = apipie_request_wait(r, short_ones ? 3 : -1);
    storm_spot.waits_for = 0;
    if (status != APIPIE_PENDING)
        storm_delivered(c, r, &c->waited);
    if (status != APIPIE_PENDING && status != apipie_request_status(r))
        storm_wrong("call %d: wait says %s", (int)c->number, apipie_status_name(status));
}

static void storm_drive(struct storm *s)
{
    if (s->drive->poll_ms >= 0)
        storm_poll(s, s->drive->poll_ms);
    if (s->drive->collects)
        storm_collect(s);
}

static int32_t storm_full(struct storm *s)
{
    if (s->drive->waits &&
        s->drive->poll_ms < 0) /* what nobody waits for is collected at the end */
        return 0;
    return atomic_load(&s->submitted) - atomic_load(&s->delivered) > STORM_WINDOW;
}

static void *storm_work(void *user)
{
    struct storm *s = user;
    struct storm_call *c = NULL;
    apipie_request *r = NULL;
    storm_spot.ours = 1;
    while ((r = storm_submit_next(s, &c)) != NULL) {
        int32_t number = c->number;
        if (s->drive->worker == 2 && number == s->count / 2 &&
            apipie_client_start_worker(s->client) != APIPIE_OK)
            storm_wrong("no worker");
        if (c->waits) {
            /* Somebody else may cancel it meanwhile. */
            storm_ring(s, apipie_request_ref(r), number);
            storm_wait(s, c, r);
            apipie_request_unref(r);
        } else {
            storm_ring(s, r, number);
        }
        storm_drive(s);
        while (storm_full(s)) {
            storm_drive(s);
            if (s->drive->poll_ms < 0)
                storm_nap(200);
        }
    }
    return NULL;
}

/* ---- further threads */

static void *storm_pump(void *user)
{
    struct storm *s = user;
    storm_spot.ours = 1;
    while (!atomic_load(&s->stop))
        storm_poll(s, s->drive->pump_ms);
    return NULL;
}

static void *storm_queue(void *user)
{
    struct storm *s = user;
    struct pollfd p = {(int)apipie_client_queue_fd(s->client), POLLIN, 0};
    storm_spot.ours = 1;
    if (p.fd < 0)
        storm_wrong("no descriptor for the queue");
    while (!atomic_load(&s->stop)) {
        poll(&p, 1, 20);
        storm_collect(s);
    }
    return NULL;
}

/* One loop is by poll(2), the other by epoll. */
static void storm_sleep(int fd, int set, int64_t timeout_ms)
{
    struct pollfd p = {fd, POLLIN, 0};
    struct epoll_event e;
    if (set >= 0)
        epoll_wait(set, &e, 1, (int)timeout_ms);
    else
        poll(&p, 1, (int)timeout_ms);
}

static void *storm_loop(void *user)
{
    struct storm *s = user;
    struct epoll_event e = {.events = EPOLLIN};
    int fd = (int)apipie_client_loop_fd(s->client);
    int set = s->seed % 2 ? epoll_create1(EPOLL_CLOEXEC) : -1;
    storm_spot.ours = 1;
    if (fd < 0 || (set >= 0 && epoll_ctl(set, EPOLL_CTL_ADD, fd, &e)))
        storm_wrong("no descriptor for the loop");
    while (!atomic_load(&s->stop)) {
        int64_t timeout = apipie_client_next_timeout(s->client);
        /* With one loop and nobody beside it the timeout alone must do; 500 ms are for `stop`. */
        storm_sleep(fd, set, timeout < 0 || timeout > 500 ? 500 : timeout);
        storm_poll(s, 0);
        storm_collect(s);
    }
    if (set >= 0)
        close(set);
    return NULL;
}

/* ---- a storm */

static void storm_open(struct storm *s, const struct storm_drive *drive)
{
    memset(s, 0, sizeof *s);
    s->drive = drive;
    s->seed = storm_seed;
    s->count = storm_count;
    s->calls = calloc((size_t)s->count + 1, sizeof *s->calls);
    pthread_mutex_init(&s->ring_lock, NULL);
    storm_server_start(&s->server, s->seed, s->count);
    s->client = count_client(&s->blocks, raw_server_base(s->server.raw));
    assert_non_null(s->calls);
    assert_non_null(s->client);
    apipie_client_set_retry(s->client, APIPIE_RETRY_SAFE, 4);
    apipie_client_set_breaker(s->client, 0, 1);
    apipie_client_set_max_in_flight(s->client, 32);
    apipie_client_set_poll_budget(s->client, drive->budget_us);
    if (drive->worker == 1)
        assert_int_equal(apipie_client_start_worker(s->client), APIPIE_OK);
}

static int32_t storm_further(struct storm *s, pthread_t *threads)
{
    int32_t n = 0;
    for (int32_t i = 0; i < s->drive->pumps; i++)
        n += pthread_create(&threads[n], NULL, storm_pump, s) == 0;
    for (int32_t i = 0; i < s->drive->queues; i++)
        n += pthread_create(&threads[n], NULL, storm_queue, s) == 0;
    for (int32_t i = 0; i < s->drive->loops; i++)
        n += pthread_create(&threads[n], NULL, storm_loop, s) == 0;
    assert_int_equal(n, s->drive->pumps + s->drive->queues + s->drive->loops);
    return n;
}

static int32_t storm_all_freed(const struct storm *s)
{
    for (int32_t i = 1; i <= s->count; i++)
        if (!storm_call_freed(&s->calls[i]))
            return 0;
    return 1;
}

/* The submitters are gone: what is under way ends, and is delivered. */
static int64_t storm_calm(struct storm *s)
{
    int64_t since = storm_now_ms();
    int32_t driven = s->drive->pumps || s->drive->loops || s->drive->queues;
    while (atomic_load(&s->delivered) < s->count && storm_now_ms() < since + STORM_CALM_MS) {
        if (driven) {
            storm_nap(1000);
            continue;
        }
        storm_poll(s, 20);
        storm_collect(s);
    }
    if (atomic_load(&s->delivered) != s->count)
        storm_wrong("%d of %d calls were delivered", atomic_load(&s->delivered), (int)s->count);
    return storm_now_ms() - since;
}

static void storm_close(struct storm *s)
{
    apipie_status status = storm_poll(s, 0);
    if (status != APIPIE_OK || apipie_client_next(s->client) != NULL)
        storm_wrong("after all: poll says %s", apipie_status_name(status));
    storm_ring_empty(s);
    int64_t since = storm_now_ms();
    while (!storm_all_freed(s) && storm_now_ms() < since + 300)
        storm_nap(1000);
    if (!storm_all_freed(s))
        storm_wrong("not all is freed before the client goes");
    since = storm_now_ms();
    storm_spot.in_free = 1;
    s->client = apipie_client_unref(s->client);
    storm_spot.in_free = 0;
    if (storm_now_ms() - since > 1000)
        storm_wrong("the client took %d ms to go", (int)(storm_now_ms() - since));
    for (int32_t i = 1; i <= s->count; i++)
        storm_call_check(s, &s->calls[i]);
    if (atomic_load(&s->blocks.alive) != 0)
        storm_wrong("%lld blocks are left", (long long)atomic_load(&s->blocks.alive));
}

static void storm_print(const struct storm *s, int64_t ms, int64_t calm_ms)
{
    int32_t waited = 0, done = 0, nexted = 0;
    for (int32_t i = 1; i <= s->count; i++) {
        waited += atomic_load(&s->calls[i].waited);
        done += atomic_load(&s->calls[i].done);
        nexted += atomic_load(&s->calls[i].nexted);
    }
    printf("  %s: %d calls in %d ms, calm after %d ms; waited %d, done %d, next %d\n",
           s->drive->name, (int)s->count, (int)ms, (int)calm_ms, (int)waited, (int)done,
           (int)nexted);
}

static void storm_test(void **state)
{
    static struct storm s;
    pthread_t threads[STORM_THREADS], further[STORM_FURTHER];
    int32_t before = storm_wrongs();
    int64_t since = storm_now_ms();
    storm_spot.ours = 1;
    storm_open(&s, *state);
    int32_t n = storm_further(&s, further);
    for (int32_t i = 0; i < STORM_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, storm_work, &s), 0);
    for (int32_t i = 0; i < STORM_THREADS; i++)
        pthread_join(threads[i], NULL);
    int64_t calm = storm_calm(&s);
    atomic_store(&s.stop, 1);
    for (int32_t i = 0; i < n; i++)
        pthread_join(further[i], NULL);
    storm_close(&s);
    storm_server_check(&s.server);
    storm_print(&s, storm_now_ms() - since, calm);
    storm_server_stop(&s.server);
    pthread_mutex_destroy(&s.ring_lock);
    free(s.calls);
    if (storm_wrongs() != before)
        fprintf(stderr, "APIPIE_STORM_SEED=%" PRIu64 "\n", storm_seed);
    assert_int_equal(storm_wrongs() - before, 0);
}

static void storm_settings(void)
{
    const char *seed = getenv("APIPIE_STORM_SEED");
    const char *calls = getenv("APIPIE_STORM_CALLS");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    storm_seed = (uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec;
    if (seed)
        storm_seed = strtoull(seed, NULL, 10);
    if (calls)
        storm_count = (int32_t)strtol(calls, NULL, 10);
    printf("APIPIE_STORM_SEED=%" PRIu64 "\n", storm_seed);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[STORM_DRIVES];
    size_t n = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    storm_settings();
    memset(tests, 0, sizeof tests);
    for (size_t i = 0; i < STORM_DRIVES; i++) {
        if (argc > 1 && strcmp(argv[1], storm_drives[i].name) != 0)
            continue;
        tests[n].name = storm_drives[i].name;
        tests[n].test_func = storm_test;
        tests[n++].initial_state = (void *)(uintptr_t)&storm_drives[i];
    }
    return n ? _cmocka_run_group_tests("storm", tests, n, NULL, NULL) : 2;
}
