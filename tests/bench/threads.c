/* SPDX-License-Identifier: MIT */
/* Small calls a second from threads that block. Arguments: base URL, who ("one client", "a worker" or "bare": an easy handle a
 * thread), threads, ms. Prints calls a second, and us of CPU a call. */
#include "bare.h"

#include <apipie/apipie.h>

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define THREADS_MOST 64

struct threads_own {
    apipie_client *client; /* NULL: bare */
    const char *url;
    int64_t until;
    int64_t calls;
    pthread_t thread;
};

static int64_t threads_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t threads_cpu(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
}

static void threads_call(apipie_client *client)
{
    apipie_request *r = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_provider(r, "prodia");
    apipie_request_set_model(r, "sd_xl_base_1.0");
    apipie_request_set_prompt(r, "a lake", APIPIE_NTS);
    if (apipie_request_perform(r) != APIPIE_OK) {
        fprintf(stderr, "%s\n", apipie_error_message(apipie_request_error(r)));
        exit(1);
    }
    apipie_request_unref(r);
}

static void *threads_ours(void *user)
{
    struct threads_own *own = user;
    for (; threads_now() < own->until; own->calls++)
        threads_call(own->client);
    return NULL;
}

static void *threads_bare(void *user)
{
    struct threads_own *own = user;
    size_t bytes = 0;
    struct curl_slist *lines = bare_lines();
    CURL *easy = bare_handle(own->url, lines, 1, &bytes);
    for (; threads_now() < own->until; own->calls++) {
        if (curl_easy_perform(easy) != CURLE_OK)
            exit(1);
    }
    curl_easy_cleanup(easy);
    curl_slist_free_all(lines);
    return NULL;
}

static apipie_client *threads_client(const char *base, int worker)
{
    apipie_client *client = apipie_client_new(NULL);
    apipie_client_set_key(client, "bench");
    apipie_client_set_base_url(client, base);
    apipie_client_set_max_in_flight(client, THREADS_MOST);
    if (worker && apipie_client_start_worker(client) != APIPIE_OK)
        exit(2);
    return client;
}

int main(int argc, char **argv)
{
    static struct threads_own own[THREADS_MOST];
    char url[128];
    int count = argc > 4 ? atoi(argv[3]) : 0;
    if (count < 1 || count > THREADS_MOST)
        return 2;
    int bare = strcmp(argv[2], "bare") == 0;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    snprintf(url, sizeof(url), "%s/images/generations", argv[1]);
    apipie_client *client = bare ? NULL : threads_client(argv[1], strcmp(argv[2], "a worker") == 0);
    int64_t began = threads_now();
    int64_t cpu = threads_cpu();
    int64_t calls = 0;
    for (int i = 0; i < count; i++) {
        own[i] = (struct threads_own){client, url, began + atol(argv[4]) * 1000, 0, 0};
        if (pthread_create(&own[i].thread, NULL, bare ? threads_bare : threads_ours, &own[i]) != 0)
            return 2;
    }
    for (int i = 0; i < count; i++) {
        pthread_join(own[i].thread, NULL);
        calls += own[i].calls;
    }
    printf("%.0f %.1f\n", (double)calls * 1e6 / (double)(threads_now() - began),
           (double)(threads_cpu() - cpu) / (double)calls);
    apipie_client_unref(client);
    return 0;
}
