/* SPDX-License-Identifier: MIT */
/* What a poll costs that has nothing to do. Arguments: base URL of a server that never answers, "caller" or "worker", requests that
 * it draws. Prints a line a batch: ns a call, and blocks that were taken from malloc() by it. Replaces malloc() for the whole
 * program; glibc only. */
#include <apipie/apipie.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define IDLE_BATCHES 50
#define IDLE_CALLS   4000
#define IDLE_MOST    1000

/* glibc's own, under the names that stay when malloc() is replaced. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

static _Thread_local int64_t idle_taken;

void *malloc(size_t size)
{
    idle_taken++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    idle_taken++;
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    idle_taken++;
    return __libc_realloc(block, size);
}

static int64_t idle_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Until the server draws all of them. */
static void idle_get_there(apipie_client *client, apipie_request **asked, int count)
{
    const struct timespec ms = {0, 1000000};
    int there = 0;
    while (there < count) {
        there = 0;
        apipie_client_poll(client, 0);
        for (int i = 0; i < count; i++)
            there +=
                apipie_request_progress(asked[i], APIPIE_PROGRESS_PHASE) == APIPIE_PHASE_DRAWING;
        nanosleep(&ms, NULL);
    }
}

static void idle_batch(apipie_client *client)
{
    int64_t before = idle_taken;
    int64_t began = idle_now();
    for (int i = 0; i < IDLE_CALLS; i++)
        apipie_client_poll(client, 0);
    int64_t took = idle_now() - began;
    int64_t taken = idle_taken - before;
    printf("%.1f %lld\n", (double)took / IDLE_CALLS, (long long)taken);
}

int main(int argc, char **argv)
{
    static apipie_request *asked[IDLE_MOST];
    int count = argc > 3 ? atoi(argv[3]) : -1;
    if (count < 0 || count > IDLE_MOST)
        return 2;
    apipie_client *client = apipie_client_new(NULL);
    apipie_client_set_key(client, "bench");
    apipie_client_set_base_url(client, argv[1]);
    apipie_client_set_max_in_flight(client, IDLE_MOST);
    if (strcmp(argv[2], "worker") == 0 && apipie_client_start_worker(client) != APIPIE_OK)
        return 2;
    for (int i = 0; i < count; i++) {
        asked[i] = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
        apipie_request_set_prompt(asked[i], "a lake", APIPIE_NTS);
        if (apipie_request_submit(asked[i]) != APIPIE_OK)
            return 1;
    }
    idle_get_there(client, asked, count);
    for (int i = 0; i < IDLE_BATCHES; i++)
        idle_batch(client);
    for (int i = 0; i < count; i++)
        apipie_request_unref(asked[i]);
    apipie_client_unref(client);
    return 0;
}
