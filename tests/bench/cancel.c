/* SPDX-License-Identifier: MIT */
/* From a cancel on another thread until whoever waits for the request knows it ended. Arguments: rounds. Prints a line a round: phase,
 * who moves the bytes ("wait", "poll", or "worker"), us. */
#include "../support/rawserver.h"

#include <apipie/apipie.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#define CANCEL_UPLOAD ((size_t)8 << 20)
#define CANCEL_PIECE  ((size_t)1 << 20)
#define CANCEL_PIECES 300
#define CANCEL_SPREAD 3000 /* us */
#define CANCEL_TRIES  10

enum { BY_WAIT, BY_POLL, BY_WORKER, BY_COUNT };
static const char *const cancel_by[] = {"wait", "poll", "worker"};

/* One round. */
struct cancel {
    apipie_client *client;
    apipie_request *request;
    int by;
    int64_t known_ns; /* when it was known to have ended */
};

/* A phase to cancel in, and a server that holds a request there. */
struct cancel_phase {
    const char *name;
    int32_t phase;
    int32_t silent; /* a port that does not answer */
    raw_handler handler;
};

static char cancel_piece[CANCEL_PIECE];
static uint8_t cancel_picture[CANCEL_UPLOAD];

static int64_t cancel_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void cancel_sleep_us(long us)
{
    const struct timespec t = {0, us * 1000};
    nanosleep(&t, NULL);
}

/* ---- servers */

static void cancel_draw(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_stall(c);
}

static void cancel_refuse(struct raw_conn *c, const struct raw_request *q, void *user)
{
    static const char no[] = "{\"error\":{\"message\":\"busy\"}}";
    (void)q;
    (void)user;
    raw_reply(c, 503, "Content-Type: application/json\r\nRetry-After: 5\r\n", no, sizeof(no) - 1);
}

/* A picture as fast as it is read. */
static void cancel_flood(struct raw_conn *c, const struct raw_request *q, void *user)
{
    static const char begin[] = "{\"data\":[{\"b64_json\":\"";
    (void)q;
    (void)user;
    raw_head(c, 200, "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n");
    raw_chunk(c, begin, sizeof(begin) - 1);
    for (int i = 0; i < CANCEL_PIECES; i++)
        raw_chunk(c, cancel_piece, CANCEL_PIECE);
    raw_close(c);
}

/* Takes each connection, reads nothing, and lets it go when the next one comes. */
static void *cancel_deaf(void *user)
{
    int listener = *(int *)user;
    int last = -1;
    int fd = -1;
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        if (last >= 0)
            close(last);
        last = fd;
    }
    if (last >= 0)
        close(last);
    return NULL;
}

static int cancel_listen(char *url, size_t capacity)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) != 0)
        exit(2);
    snprintf(url, capacity, "http://127.0.0.1:%d/v1", (int)ntohs(at.sin_port));
    return fd;
}

static const struct cancel_phase cancel_phases[] = {
    {"queued", APIPIE_PHASE_QUEUED, 0, cancel_draw},
    {"backoff", APIPIE_PHASE_WAITING, 0, cancel_refuse},
    {"connecting", APIPIE_PHASE_CONNECTING, 1, NULL},
    {"sending", APIPIE_PHASE_SENDING, 0, NULL},
    {"drawing", APIPIE_PHASE_DRAWING, 0, cancel_draw},
    {"receiving", APIPIE_PHASE_RECEIVING, 0, cancel_flood},
};

/* ---- a round */

static void *cancel_wait(void *user)
{
    struct cancel *k = user;
    if (k->by != BY_POLL) {
        apipie_request_wait(k->request, -1);
        k->known_ns = cancel_now();
        return NULL;
    }
    apipie_request *ended = NULL;
    while (ended != k->request) {
        apipie_client_poll(k->client, -1);
        ended = apipie_client_next(k->client);
        if (ended != NULL && ended != k->request)
            exit(1);
    }
    k->known_ns = cancel_now();
    apipie_request_unref(ended);
    return NULL;
}

static apipie_status cancel_drop(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    (void)user;
    (void)slot;
    (void)data;
    (void)size;
    return APIPIE_OK;
}

static apipie_request *cancel_ask(apipie_client *client, const struct cancel_phase *p)
{
    apipie_request *r = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_prompt(r, "a lake", APIPIE_NTS);
    if (p->phase == APIPIE_PHASE_SENDING)
        apipie_request_set_image_bytes(r, cancel_picture, CANCEL_UPLOAD);
    if (p->phase == APIPIE_PHASE_RECEIVING)
        apipie_request_set_sink(r, NULL, cancel_drop, NULL, NULL, NULL, NULL, NULL);
    if (apipie_request_submit(r) != APIPIE_OK)
        exit(1);
    return r;
}

/* Sleeps until the request is there, and a moment of chance more. 0: it went on meanwhile. */
static int cancel_get_there(const struct cancel *k, const struct cancel_phase *p)
{
    int64_t phase = 0;
    while ((phase = apipie_request_progress(k->request, APIPIE_PROGRESS_PHASE)) != p->phase) {
        if (phase == APIPIE_PHASE_ENDED)
            return 0;
        cancel_sleep_us(100);
    }
    cancel_sleep_us(1000 + rand() % CANCEL_SPREAD);
    return apipie_request_progress(k->request, APIPIE_PROGRESS_PHASE) == p->phase;
}

/* us, or -1 when the request was not where it should be. */
static double cancel_round(const struct cancel_phase *p, const char *base, int by)
{
    struct cancel k = {apipie_client_new(NULL), NULL, by, 0};
    pthread_t thread;
    apipie_client_set_key(k.client, "bench");
    apipie_client_set_base_url(k.client, base);
    apipie_client_set_max_in_flight(k.client, 1);
    if (by == BY_WORKER && apipie_client_start_worker(k.client) != APIPIE_OK)
        exit(2);
    apipie_request *before =
        p->phase == APIPIE_PHASE_QUEUED ? cancel_ask(k.client, p) : NULL; /* in its way */
    k.request = cancel_ask(k.client, p);
    if (pthread_create(&thread, NULL, cancel_wait, &k) != 0)
        exit(2);
    int there = cancel_get_there(&k, p);
    int64_t began = cancel_now();
    apipie_request_cancel(k.request);
    pthread_join(thread, NULL);
    there = there && apipie_request_status(k.request) == APIPIE_E_CANCELLED;
    apipie_request_unref(k.request);
    apipie_request_unref(before);
    apipie_client_unref(k.client);
    return there ? (double)(k.known_ns - began) / 1e3 : -1;
}

static void cancel_rounds(const struct cancel_phase *p, const char *base, int by, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        double us = -1;
        for (int tries = 0; us < 0 && tries < CANCEL_TRIES; tries++)
            us = cancel_round(p, base, by);
        if (us < 0)
            fprintf(stderr, "%s, %s: never there\n", p->name, cancel_by[by]);
        else
            printf("%s %s %.1f\n", p->name, cancel_by[by], us);
    }
}

/* ---- a phase */

static void cancel_at_server(const struct cancel_phase *p, int by, int rounds)
{
    struct raw_server *server = raw_server_start(p->handler, NULL);
    if (server == NULL)
        exit(2);
    cancel_rounds(p, raw_server_base(server), by, rounds);
    raw_server_stop(server);
}

static void cancel_at_port(const struct cancel_phase *p, int by, int rounds)
{
    char url[64];
    int port = raw_port_silent(url, sizeof(url));
    if (port < 0)
        fprintf(stderr, "%s: no port that never answers\n", p->name);
    else
        cancel_rounds(p, url, by, rounds);
    raw_port_close(port);
}

static void cancel_at_the_deaf(const struct cancel_phase *p, int by, int rounds)
{
    char url[64];
    pthread_t thread;
    int listener = cancel_listen(url, sizeof(url));
    if (pthread_create(&thread, NULL, cancel_deaf, &listener) != 0)
        exit(2);
    cancel_rounds(p, url, by, rounds);
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 200;
    memset(cancel_piece, 'A', sizeof(cancel_piece));
    memcpy(cancel_picture, "\x89PNG\r\n\x1a\n", 8);
    for (size_t i = 0; i < sizeof(cancel_phases) / sizeof(cancel_phases[0]); i++) {
        const struct cancel_phase *p = &cancel_phases[i];
        for (int by = 0; by < BY_COUNT; by++) {
            if (p->handler != NULL)
                cancel_at_server(p, by, rounds);
            else if (p->silent)
                cancel_at_port(p, by, rounds);
            else
                cancel_at_the_deaf(p, by, rounds);
        }
    }
    return 0;
}
