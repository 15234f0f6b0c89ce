/* SPDX-License-Identifier: MIT */
/* Requests and clients that are dropped or cancelled at an odd moment, from a callback or another thread. Knows the
 * public API alone. */
#include "../support/draw.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- an allocator that shows use after free, also without a sanitizer: what was freed is filled and kept */

#define GRAVES 4096

static struct {
    void *graves[GRAVES];
    size_t count;
} yard;

struct body_of { /* in front of each block */
    size_t size;
    max_align_t block[];
};

static void *yard_alloc(void *user, size_t size)
{
    (void)user;
    struct body_of *b = malloc(sizeof *b + size);
    if (!b)
        return NULL;
    b->size = size;
    return b->block;
}

static void yard_release(void *user, void *block)
{
    (void)user;
    struct body_of *b = (void *)((char *)block - offsetof(struct body_of, block));
    memset(block, 0xA5, b->size);
    if (yard.count < GRAVES)
        yard.graves[yard.count++] = b;
    else
        free(b);
}

static void *yard_resize(void *user, void *block, size_t size)
{
    struct body_of *b = (void *)((char *)block - offsetof(struct body_of, block));
    void *more = yard_alloc(user, size);
    if (!more)
        return NULL;
    memcpy(more, block, b->size < size ? b->size : size);
    yard_release(user, block);
    return more;
}

static void yard_clear(void)
{
    while (yard.count > 0)
        free(yard.graves[--yard.count]);
}

/* ---- a callback drops the last reference */

struct owner {
    apipie_request *request;
    const char *when;
    int32_t dropped, freed;
};

static const char *const moments[] = {"begin", "write", "end", "commit"};

static apipie_status drop_at(struct owner *o, const char *moment)
{
    if (strcmp(o->when, moment) == 0 && o->dropped++ == 0)
        o->request = apipie_request_unref(o->request);
    return APIPIE_OK;
}

static apipie_status owner_begin(void *user, uint32_t slot, const char *mime)
{
    (void)slot;
    (void)mime;
    return drop_at(user, "begin");
}

static apipie_status owner_write(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    (void)slot;
    (void)data;
    (void)size;
    return drop_at(user, "write");
}

static apipie_status owner_end(void *user, uint32_t slot)
{
    (void)slot;
    return drop_at(user, "end");
}

static apipie_status owner_commit(void *user, uint32_t slot, size_t index)
{
    (void)slot;
    (void)index;
    return drop_at(user, "commit");
}

static void owner_free(void *user)
{
    ((struct owner *)user)->freed++;
}

static void the_last_reference_goes_in_a_callback(void **state)
{
    struct draw *d = *state;
    static const apipie_allocator allocator = {sizeof allocator, NULL, yard_alloc, yard_resize,
                                               yard_release};
    struct owner o = {.when = *(const char *const *)d->row};
    draw_serve_json(d, ONE_IMAGE);
    apipie_client *client = apipie_client_new(&allocator);
    assert_non_null(client);
    apipie_client_set_key(client, DRAW_KEY);
    apipie_client_set_base_url(client, raw_server_base(d->server));
    o.request = draw_request(client);
    apipie_request_set_sink(o.request, owner_begin, owner_write, owner_end, owner_commit, NULL, &o,
                            owner_free);
    apipie_status status = apipie_request_perform(o.request);
    apipie_client_unref(client);
    yard_clear();
    assert_true(status == APIPIE_OK || status == APIPIE_E_CANCELLED);
    assert_null(o.request);
    assert_int_equal(o.dropped, 1);
    assert_int_equal(o.freed, 1);
}

/* ---- the client is freed while another thread leads a short turn */

struct scene {
    apipie_request *first, *second;
    sem_t entered, leave; /* the sink */
    int32_t freed[2];
    int64_t until_ms;
};

/* The first call is answered, the second never is. */
static void answer_the_first(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)user;
    if (strstr(q->body, "a lake") != NULL)
        raw_reply_json(c, 200, ONE_IMAGE);
    else
        raw_stall(c);
}

static int wait_on(sem_t *s)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += 10;
    return sem_timedwait(s, &t);
}

static apipie_status slow_write(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    struct scene *s = user;
    (void)slot;
    (void)data;
    (void)size;
    sem_post(&s->entered);
    wait_on(&s->leave);
    return APIPIE_OK;
}

static apipie_status ignore_write(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    (void)user;
    (void)slot;
    (void)data;
    (void)size;
    return APIPIE_OK;
}

static void count_first(void *user)
{
    ((struct scene *)user)->freed[0]++;
}

static void count_second(void *user)
{
    ((struct scene *)user)->freed[1]++;
}

/* Only short turns, and only for the first request. */
static void *lead(void *user)
{
    struct scene *s = user;
    struct timespec pause = {0, 1000000};
    while (apipie_request_wait(s->first, 0) == APIPIE_PENDING && draw_now_ms() < s->until_ms)
        nanosleep(&pause, NULL);
    return NULL;
}

static void a_client_freed_under_a_leader(void **state)
{
    struct draw *d = *state;
    struct scene s = {.until_ms = draw_now_ms() + 10000};
    pthread_t thread;
    draw_serve(d, answer_the_first, NULL);
    sem_init(&s.entered, 0, 0);
    sem_init(&s.leave, 0, 0);
    s.first = draw_request(d->client);
    s.second = draw_request(d->client);
    apipie_request_set_prompt(s.second, "a hill", APIPIE_NTS);
    apipie_request_set_sink(s.first, NULL, slow_write, NULL, NULL, NULL, &s, count_first);
    apipie_request_set_sink(s.second, NULL, ignore_write, NULL, NULL, NULL, &s, count_second);
    d->request = apipie_request_unref(d->request);
    assert_status(apipie_request_submit(s.first), APIPIE_OK);
    assert_status(apipie_request_submit(s.second), APIPIE_OK);
    assert_int_equal(pthread_create(&thread, NULL, lead, &s), 0);
    int entered = wait_on(&s.entered);
    d->client = apipie_client_unref(d->client);
    sem_post(&s.leave);
    pthread_join(thread, NULL);
    apipie_status first = apipie_request_status(s.first), second = apipie_request_status(s.second);
    apipie_request_unref(s.first);
    apipie_request_unref(s.second);
    sem_destroy(&s.entered);
    sem_destroy(&s.leave);
    assert_int_equal(entered, 0);
    assert_true(first == APIPIE_OK || first == APIPIE_E_CANCELLED);
    assert_status(second, APIPIE_E_CANCELLED);
    assert_int_equal(s.freed[0], 1);
    assert_int_equal(s.freed[1], 1);
}

/* ---- cancelled while one picture is there and another is on its way */

static void cancel_in_the_fetch(struct raw_conn *c, const struct raw_request *q, void *user)
{
    struct draw *d = user;
    if (strcmp(q->method, "POST") == 0) {
        static const struct draw_reply two = {
            200, NULL, "{\"data\":[{\"b64_json\":\"" PNG1 "\"},{\"url\":\"$ORIGIN/pics/2\"}]}"};
        draw_send_reply(c, &two);
        return;
    }
    apipie_request_cancel(d->request);
    raw_stall(c);
}

/* Nothing was committed: a size without bytes would be a promise that nobody keeps. */
static void a_picture_that_was_not_committed_has_no_size(void **state)
{
    struct draw *d = *state;
    draw_serve(d, cancel_in_the_fetch, d);
    apipie_request_set_n(d->request, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CANCELLED);
    assert_int_equal(raw_server_count(d->server, "GET"), 1);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_YES);
    const apipie_result *r = draw_result(d);
    for (size_t i = 0; r != NULL && i < apipie_result_image_count(r); i++) {
        size_t size = 1;
        assert_null(apipie_result_image_data(r, i, &size));
        assert_int_equal(size, 0);
        assert_int_equal(apipie_result_image_size(r, i), 0);
        assert_null(apipie_result_image_path(r, i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_client_freed_under_a_leader),
        DRAW_TEST(a_picture_that_was_not_committed_has_no_size),
    };
    int failed = cmocka_run_group_tests_name("endings", tests, NULL, NULL);
    failed += DRAW_ROWS(the_last_reference_goes_in_a_callback, moments);
    return failed;
}
