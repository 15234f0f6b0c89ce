/* SPDX-License-Identifier: MIT */
/* The callback every so often, and statistics that several threads count and read at once. Knows the public API alone. */
#include "../support/draw.h"

#include <pthread.h>

#define USAGE                                                                                      \
    "\"usage\":{\"cost\":\"0.008\",\"prompt_tokens\":15,\"completion_tokens\":7,\"latency_ms\":"   \
    "1300}"
#define PRICED "{\"data\":[{\"b64_json\":\"" PNG1 "\"}]," USAGE "}"

/* ---- every so often */

static void stall(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_stall(c);
}

struct told {
    int32_t calls, freed, odd;
    int64_t requests; /* of the last one */
    apipie_client *client;
};

static void tell(void *user, apipie_stats *stats)
{
    struct told *t = user;
    t->calls++;
    t->odd |= apipie_client_poll(t->client, 0) != APIPIE_E_REENTRANT;
    t->requests = apipie_stats_number(stats, 0, APIPIE_STATS_REQUESTS);
}

static void tell_free(void *user)
{
    ((struct told *)user)->freed++;
}

static void told_while_it_polls(void **state)
{
    struct draw *d = *state;
    static struct told t;
    t = (struct told){0};
    draw_serve_json(d, ONE_IMAGE);
    t.client = d->client;
    apipie_request_perform(d->request);
    assert_status(apipie_client_set_stats_fn(d->client, 40, tell, &t, tell_free), APIPIE_OK);
    int64_t left = apipie_client_next_timeout(d->client);
    assert_true(left > 0 && left <= 40);
    assert_status(apipie_client_poll(d->client, 0), APIPIE_OK);
    assert_int_equal(t.calls, 0);
    int64_t since = draw_now_ms();
    apipie_client_poll(d->client, 5000); /* nothing else would end it */
    assert_in_range(draw_now_ms() - since, 20, 1500);
    assert_int_equal(t.calls, 1);
    assert_int_equal(t.requests, 1);
    draw_sleep_ms(100);
    assert_int_equal(apipie_client_next_timeout(d->client), 0);
    assert_int_equal(t.calls, 1); /* not by itself */
    apipie_client_poll(d->client, 0);
    assert_int_equal(t.calls, 2); /* what was missed is not made up for */
    assert_status(apipie_client_set_stats_fn(d->client, 0, tell, &t, NULL), APIPIE_E_ARGUMENT);
    assert_int_equal(t.freed, 0);
    assert_status(apipie_client_set_stats_fn(d->client, 5, NULL, NULL, NULL), APIPIE_OK);
    assert_int_equal(t.freed, 1);
    assert_true(apipie_client_next_timeout(d->client) < 0);
    assert_int_equal(t.odd, 0);
}

static void told_while_it_waits(void **state)
{
    struct draw *d = *state;
    static struct told t;
    t = (struct told){0};
    draw_serve(d, stall, NULL);
    t.client = d->client;
    assert_status(apipie_client_set_stats_fn(d->client, 30, tell, &t, tell_free), APIPIE_OK);
    apipie_request_set_timeout(d->request, 200);
    assert_status(apipie_request_perform(d->request), APIPIE_E_TIMEOUT);
    assert_in_range(t.calls, 3, 7);
    draw_again(d);
    assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    t.calls = 0;
    apipie_request_set_timeout(d->request, 200);
    assert_status(apipie_request_perform(d->request), APIPIE_E_TIMEOUT);
    assert_in_range(t.calls, 3, 8);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    assert_int_equal(t.freed, 1);
    assert_int_equal(t.odd, 0);
}

/* All that a done callback may do, this one may too. */
struct last {
    apipie_client *client;
    apipie_request *request;
    int32_t calls, freed, odd;
};

static void last_tell(void *user, apipie_stats *stats)
{
    struct last *l = user;
    l->calls++;
    l->odd |= apipie_request_submit(l->request) != APIPIE_OK;
    l->odd |= apipie_request_wait(l->request, 0) != APIPIE_E_REENTRANT;
    l->odd |= apipie_client_set_stats_fn(l->client, 1, NULL, NULL, NULL) != APIPIE_OK;
    l->odd |= l->freed; /* not while it runs */
    l->client = apipie_client_unref(l->client);
    l->odd |= apipie_stats_count(stats) != 0;
}

static void last_free(void *user)
{
    ((struct last *)user)->freed++;
}

static void what_it_may_do(void **state)
{
    struct draw *d = *state;
    static struct last l;
    draw_serve_json(d, ONE_IMAGE);
    l = (struct last){d->client, d->request, 0, 0, 0};
    apipie_client *client = d->client;
    d->client = NULL;
    assert_status(apipie_client_set_stats_fn(client, 1, last_tell, &l, last_free), APIPIE_OK);
    draw_sleep_ms(5);
    apipie_client_poll(client, 0);
    assert_int_equal(l.calls, 1);
    assert_int_equal(l.freed, 1);
    assert_int_equal(l.odd, 0);
    assert_status(apipie_request_wait(d->request, 0), APIPIE_E_CANCELLED);
}

/* ---- several threads: who draws, who looks, who resets */

#define THREADS 4
#define EACH    25

struct crowd {
    struct draw *d;
    int32_t number, failed;
};

static pthread_mutex_t crowd_lock = PTHREAD_MUTEX_INITIALIZER;
static int32_t crowd_told;

static void crowd_tell(void *user, apipie_stats *stats)
{
    (void)user;
    pthread_mutex_lock(&crowd_lock);
    crowd_told += apipie_stats_count(stats) <= 2;
    pthread_mutex_unlock(&crowd_lock);
}

static void *crowd_draw(void *user)
{
    struct crowd *w = user;
    for (int i = 0; i < EACH; i++) {
        apipie_request *r = draw_request(w->d->client);
        apipie_request_set_model(r, w->number & 1 ? "one" : "two");
        w->failed += apipie_request_perform(r) != APIPIE_OK;
        apipie_request_unref(r);
    }
    return NULL;
}

static void *crowd_look(void *user)
{
    struct crowd *w = user;
    char text[4096];
    for (int i = 0; i < 4 * EACH; i++) {
        apipie_stats *s = apipie_client_stats(w->d->client);
        apipie_stats *more = apipie_stats_merge(s, s);
        w->failed += apipie_stats_format(more, APIPIE_FORMAT_JSON, text, sizeof text) == 0;
        apipie_stats_unref(more);
        apipie_stats_unref(s);
    }
    return NULL;
}

static apipie_stats *two_rows(struct draw *d)
{
    apipie_stats *s = apipie_client_stats(d->client);
    assert_non_null(s);
    assert_int_equal(apipie_stats_count(s), 2);
    return s;
}

static void a_crowd(void **state)
{
    struct draw *d = *state;
    pthread_t threads[THREADS + 1];
    struct crowd work[THREADS + 1];
    draw_serve_json(d, PRICED);
    assert_status(apipie_client_set_stats_fn(d->client, 1, crowd_tell, NULL, NULL), APIPIE_OK);
    for (int32_t i = 0; i <= THREADS; i++) {
        work[i] = (struct crowd){d, i, 0};
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < THREADS ? crowd_draw : crowd_look, &work[i]), 0);
    }
    for (int32_t i = 0; i <= THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(work[i].failed, 0);
    }
    assert_true(crowd_told > 0);
    apipie_stats *s = two_rows(d);
    for (size_t row = 0; row < 2; row++) {
        assert_int_equal(apipie_stats_number(s, row, APIPIE_STATS_REQUESTS_OK), THREADS * EACH / 2);
        assert_int_equal(apipie_stats_number(s, row, APIPIE_STATS_COST),
                         THREADS * EACH / 2 * (APIPIE_DOLLAR / 125));
        assert_int_equal(apipie_stats_time_count(s, row, APIPIE_STATS_TOTAL), THREADS * EACH / 2);
    }
    apipie_stats_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(told_while_it_polls),
        DRAW_TEST(told_while_it_waits),
        DRAW_TEST(what_it_may_do),
        DRAW_TEST(a_crowd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
