/* SPDX-License-Identifier: MIT */
/* What statistics cost: recording a request, alone and beside seven other threads, how long the lock is held for it, and a snapshot of
 * 1,000 routes. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "meter/meter.h"

#define ROUTES    1000
#define RECORDS   400000
#define THREADS   8
#define SNAPSHOTS 200

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static char names[ROUTES][48];
static const struct pie_stats_attempt attempt = {.is_call = 1,
                                                 .bytes_up = 200,
                                                 .bytes_down = 1500000,
                                                 .cost = 8000000000,
                                                 .prompt_tokens = 15,
                                                 .completion_tokens = 1,
                                                 .first_byte_ms = 2500,
                                                 .server_ms = 2400,
                                                 .now_wall_ms = 1700000000000};
static const struct pie_stats_request ended = {
    .images = 1, .total_ms = 2600, .now_wall_ms = 1700000000000};

/* As the engine does it: one attempt, one request, the route looked up once. */
static void record(struct pie_counters *c, size_t i)
{
    struct pie_stats_row *row = pie_counters_route(c, "apipie", "prodia", names[i % ROUTES]);
    pie_counters_attempt(c, row, &attempt);
    pie_counters_request(c, row, &ended);
}

static void *record_many(void *user)
{
    for (size_t i = 0; i < RECORDS; i++)
        record(user, i * 7);
    return NULL;
}

static void time_threads(struct pie_counters *c)
{
    pthread_t threads[THREADS];
    int64_t since = now_ns();
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, record_many, c);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("recording a request, %d threads at once:  %6.0f ns of wall time each\n", THREADS,
           (double)(now_ns() - since) / THREADS / RECORDS);
}

/* No lock is held for longer than a call that does nothing but hold it: an upper bound for each of the three. */
static void time_calls(struct pie_counters *c)
{
    int64_t ns[3] = {0, 0, 0};
    for (size_t i = 0; i < RECORDS; i++) {
        int64_t a = now_ns();
        struct pie_stats_row *row =
            pie_counters_route(c, "apipie", "prodia", names[i * 7 % ROUTES]);
        int64_t b = now_ns();
        pie_counters_attempt(c, row, &attempt);
        int64_t d = now_ns();
        pie_counters_request(c, row, &ended);
        ns[0] += b - a;
        ns[1] += d - b;
        ns[2] += now_ns() - d;
    }
    printf("lock held, at most (the whole call):     %6.0f ns route, %.0f ns attempt, %.0f ns "
           "request\n",
           (double)ns[0] / RECORDS, (double)ns[1] / RECORDS, (double)ns[2] / RECORDS);
}

static void time_snapshots(struct pie_counters *c)
{
    int64_t best = INT64_MAX;
    int64_t since = now_ns();
    for (int i = 0; i < SNAPSHOTS; i++) {
        int64_t before = now_ns();
        pie_stats_free(pie_stats_take(c, &pie_mem_libc));
        int64_t took = now_ns() - before;
        best = took < best ? took : best;
    }
    printf("snapshot of %d routes:                 %6.2f ms, at best %.2f ms\n", ROUTES,
           (double)(now_ns() - since) / SNAPSHOTS / 1e6, (double)best / 1e6);
}

static void time_texts(struct pie_counters *c)
{
    struct apipie_stats *s = pie_stats_take(c, &pie_mem_libc);
    struct pie_buf out;
    pie_buf_init(&out, &pie_mem_libc, SIZE_MAX);
    int64_t since = now_ns();
    pie_stats_prometheus(&out, s, 0);
    printf("the same as Prometheus text:             %6.2f ms, %zu bytes\n",
           (double)(now_ns() - since) / 1e6, out.n);
    pie_buf_free(&out);
    pie_stats_free(s);
}

int main(void)
{
    struct pie_counters *c = pie_counters_new(&pie_mem_libc);
    if (c == NULL)
        return 1;
    for (size_t i = 0; i < ROUTES; i++) {
        snprintf(names[i], sizeof names[i], "stable-diffusion-model-%04zu", i);
        record(c, i);
    }
    int64_t since = now_ns();
    record_many(c);
    printf("recording a request, alone:              %6.0f ns\n",
           (double)(now_ns() - since) / RECORDS);
    time_threads(c);
    time_calls(c);
    time_snapshots(c);
    time_texts(c);
    pie_counters_free(c);
    return 0;
}
