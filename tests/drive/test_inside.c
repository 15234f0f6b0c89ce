/* SPDX-License-Identifier: MIT */
/* A callback drops the client's last reference: every callback, under every drive. What still ran ends, and all is freed once. Knows
 * the public API and the raw server. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/draw.h"
#include "count.h"

enum { INSIDE_POLL, INSIDE_WAIT, INSIDE_WORKER };

static void inside_handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)user;
    if (strstr(q->body, "good")) {
        raw_pause_ms(c, 50); /* a step that there is time to tell of */
        raw_reply_json(c, 200, ONE_IMAGE);
    } else {
        raw_stall(c);
    }
}

static apipie_request *inside_request(apipie_client *client, const char *prompt)
{
    apipie_request *r = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    assert_non_null(r);
    apipie_request_set_prompt(r, prompt, APIPIE_NTS);
    return r;
}

enum { AT_DONE, AT_PROGRESS, AT_BEGIN, AT_WRITE, AT_COMMIT, AT_ABORT, AT_USER, AT_KEY, AT_VETO };

struct inside_row {
    const char *name;
    int32_t at, drive;
};

static const struct inside_row inside_rows[] = {
    {"done-poll", AT_DONE, INSIDE_POLL},
    {"done-worker", AT_DONE, INSIDE_WORKER},
    {"progress-poll", AT_PROGRESS, INSIDE_POLL},
    {"progress-wait", AT_PROGRESS, INSIDE_WAIT},
    {"progress-worker", AT_PROGRESS, INSIDE_WORKER},
    {"begin-poll", AT_BEGIN, INSIDE_POLL},
    {"begin-wait", AT_BEGIN, INSIDE_WAIT},
    {"begin-worker", AT_BEGIN, INSIDE_WORKER},
    {"write-poll", AT_WRITE, INSIDE_POLL},
    {"write-wait", AT_WRITE, INSIDE_WAIT},
    {"write-worker", AT_WRITE, INSIDE_WORKER},
    {"commit-poll", AT_COMMIT, INSIDE_POLL},
    {"commit-wait", AT_COMMIT, INSIDE_WAIT},
    {"commit-worker", AT_COMMIT, INSIDE_WORKER},
    {"user-poll", AT_USER, INSIDE_POLL},
    {"user-worker", AT_USER, INSIDE_WORKER},
    {"key-poll", AT_KEY, INSIDE_POLL},
    {"key-wait", AT_KEY, INSIDE_WAIT},
    {"key-worker", AT_KEY, INSIDE_WORKER},
    {"veto-poll", AT_VETO, INSIDE_POLL},
    {"veto-worker", AT_VETO, INSIDE_WORKER},
};

struct inside {
    struct scarce blocks;
    atomic_int done, user_freed, sink_freed;
    int32_t at;
    pthread_mutex_t lock;
    apipie_client *client; /* goes where `at` says */
};

static void inside_free(struct inside *s, int32_t at)
{
    if (at != s->at)
        return;
    pthread_mutex_lock(&s->lock);
    apipie_client *client = s->client;
    s->client = NULL;
    pthread_mutex_unlock(&s->lock);
    apipie_client_unref(client);
}

static void inside_done(void *user, apipie_request *r)
{
    struct inside *s = user;
    if (apipie_request_status(r) != APIPIE_PENDING)
        atomic_fetch_add(&s->done, 1);
    inside_free(s, AT_DONE);
}

static void inside_progress(void *user, apipie_request *r)
{
    (void)r;
    inside_free(user, AT_PROGRESS);
}

static void inside_user(void *user)
{
    struct inside *s = user;
    atomic_fetch_add(&s->user_freed, 1);
    inside_free(s, AT_USER);
}

static void inside_sink_user(void *user)
{
    atomic_fetch_add(&((struct inside *)user)->sink_freed, 1);
}

static apipie_status inside_begin(void *user, uint32_t slot, const char *mime)
{
    (void)slot;
    (void)mime;
    inside_free(user, AT_BEGIN);
    return APIPIE_OK;
}

static apipie_status inside_write(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    (void)slot;
    (void)data;
    (void)size;
    inside_free(user, AT_WRITE);
    return APIPIE_OK;
}

static apipie_status inside_commit(void *user, uint32_t slot, size_t index)
{
    (void)slot;
    (void)index;
    inside_free(user, AT_COMMIT);
    return APIPIE_OK;
}

static apipie_status inside_key(void *user, int32_t refused, char *key, size_t capacity)
{
    (void)refused;
    snprintf(key, capacity, "%s", DRAW_KEY);
    inside_free(user, AT_KEY);
    return APIPIE_OK;
}

static apipie_status inside_veto(void *user, const apipie_request *request, char *reason,
                                 size_t capacity)
{
    (void)reason;
    (void)capacity;
    if (strcmp(apipie_request_prompt(request, NULL), "good") == 0)
        inside_free(user, AT_VETO);
    return APIPIE_OK;
}

/* Drives as the row says until both have ended. */
static void inside_drive(struct inside *s, int32_t drive, apipie_client *client,
                         apipie_request *good, apipie_request *other)
{
    int64_t until = draw_now_ms() + 5000;
    while (apipie_request_status(other) == APIPIE_PENDING && draw_now_ms() < until) {
        pthread_mutex_lock(&s->lock);
        int32_t gone = s->client == NULL;
        /* The host's own count: a thread that polls has a reference while it does. */
        pthread_mutex_unlock(&s->lock);
        if (gone)
            draw_sleep_ms(1);
        else if (drive == INSIDE_WAIT)
            apipie_request_wait(good, 5000);
        else
            apipie_client_poll(client, 5);
    }
}

static void inside_run(struct inside *s, int32_t drive)
{
    apipie_client *client = s->client;
    apipie_request *other = inside_request(client, "stall");
    apipie_request *good = inside_request(client, "good");
    if (drive == INSIDE_WORKER)
        assert_status(apipie_client_start_worker(client), APIPIE_OK);
    apipie_client_set_veto(client, inside_veto, s, NULL);
    apipie_request_set_user_data(good, s, inside_user);
    apipie_request_set_progress(good, inside_progress, s, NULL);
    apipie_request_set_sink(good, inside_begin, inside_write, NULL, inside_commit, NULL, s,
                            inside_sink_user);
    if (drive != INSIDE_WAIT)
        apipie_request_set_done(good, inside_done, s, NULL);
    assert_status(apipie_request_submit(other), APIPIE_OK);
    apipie_client_set_key_fn(client, inside_key, s, NULL);
    apipie_status status = apipie_request_submit(good);
    assert_status(status, s->at == AT_VETO ? APIPIE_E_CANCELLED : APIPIE_OK);
    if (drive != INSIDE_WAIT)
        good = apipie_request_unref(good);
    inside_drive(s, drive, client, good, other);
    assert_null(s->client);
    assert_status(apipie_request_status(other), APIPIE_E_CANCELLED);
    assert_status(apipie_request_wait(other, -1), APIPIE_E_CANCELLED);
    assert_true(!good || apipie_request_status(good) != APIPIE_PENDING);
    apipie_request_unref(good);
    apipie_request_unref(other);
}

static void test_places(void **state)
{
    struct draw *d = *state;
    const struct inside_row *row = d->row;
    struct inside *s = calloc(1, sizeof *s);
    assert_non_null(s);
    pthread_mutex_init(&s->lock, NULL);
    d->server = raw_server_start(inside_handler, NULL);
    s->at = row->at;
    s->client = count_client(&s->blocks, raw_server_base(d->server));
    inside_run(s, row->drive);
    /* What the worker let go is freed a moment later. */
    for (int32_t i = 0; i < 1000 && atomic_load(&s->blocks.alive) != 0; i++)
        draw_sleep_ms(1);
    assert_int_equal(atomic_load(&s->blocks.alive), 0);
    assert_int_equal(atomic_load(&s->user_freed), 1);
    assert_int_equal(atomic_load(&s->sink_freed), 1);
    if (row->drive != INSIDE_WAIT && row->at != AT_VETO)
        assert_int_equal(atomic_load(&s->done), 1);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

int main(void)
{
    int before = count_entries("/proc/self/fd");
    int failed = DRAW_ROWS(test_places, inside_rows);
    int after = count_entries("/proc/self/fd");
    if (after != before)
        print_error("%d descriptors instead of %d\n", after, before);
    return failed + (after != before);
}
