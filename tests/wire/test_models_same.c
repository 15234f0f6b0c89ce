/* SPDX-License-Identifier: MIT */
/* Equal requests for lists of models that are out at once, with a cache: one goes out for all of them. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "../support/lists.h"

#define HOUR 3600000
#define MANY 10

static const struct draw_reply two = {200, LISTS_ETAG, LISTS_TWO};
static const struct draw_reply oops = {500, NULL, "{\"error\":{\"message\":\"oops\"}}"};
static const struct draw_reply silence = {-1, NULL, ""};

static void ask_many(struct draw *d, size_t count)
{
    for (size_t i = 0; i < count; i++)
        d->more[i] = apipie_request_new(d->client, APIPIE_REQUEST_MODELS);
}

static void begin(struct draw *d, const struct draw_script *script, int64_t ttl_ms)
{
    lists_serve(d, script);
    assert_status(apipie_client_set_models_cache(d->client, NULL, ttl_ms), APIPIE_OK);
}

static void all_get_what_one_fetched(void **state)
{
    const struct draw_script script = {&two, 1};
    struct draw *d = *state;
    begin(d, &script, HOUR);
    ask_many(d, MANY);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), MANY);
    assert_int_equal(raw_server_count(d->server, NULL), 1);
    for (size_t i = 0; i < MANY; i++) {
        const apipie_result *r = apipie_request_result(d->more[i]);
        assert_ptr_equal(apipie_request_catalog(d->more[i]), apipie_request_catalog(d->more[0]));
        assert_int_equal(apipie_catalog_count(apipie_request_catalog(d->more[i])), 2);
        assert_int_equal(apipie_result_is_cached(r), i != 0);
        assert_int_equal(apipie_request_attempt_count(d->more[i]), i == 0);
        assert_int_equal(apipie_result_billed(r), APIPIE_BILLED_NO);
        assert_string_equal(apipie_result_backend(r), "apipie");
    }
}

/* Nothing is ever fresh then: what they share is what one of them has just brought. */
static void also_when_lists_are_never_young(void **state)
{
    const struct draw_script script = {&two, 1};
    struct draw *d = *state;
    begin(d, &script, 0);
    for (int32_t round = 1; round <= 2; round++) {
        draw_more(d, 0);
        ask_many(d, MANY);
        draw_submit_more(d);
        assert_int_equal(draw_wait_more(d), MANY);
        assert_int_equal(raw_server_count(d->server, NULL), round);
    }
}

static void other_questions_are_asked(void **state)
{
    const struct draw_script script = {&two, 1};
    struct draw *d = *state;
    begin(d, &script, HOUR);
    ask_many(d, 6);
    apipie_request_set_filter(d->more[1], "type", "image");
    apipie_request_set_filter(d->more[4], "type", "image");
    apipie_request_set_detailed(d->more[2], 1);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 6);
    assert_int_equal(raw_server_count(d->server, NULL), 3);
}

static void without_a_cache_each_asks(void **state)
{
    const struct draw_script script = {&two, 1};
    struct draw *d = *state;
    begin(d, &script, APIPIE_UNKNOWN);
    ask_many(d, 3);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 3);
    assert_int_equal(raw_server_count(d->server, NULL), 3);
}

/* Turns until the first of them has reached the server. */
static void until_asked(struct draw *d)
{
    for (int32_t i = 0; raw_server_count(d->server, NULL) == 0; i++) {
        assert_true(i < 10000);
        apipie_client_poll(d->client, 1);
    }
}

static void one_that_is_cancelled_takes_nobody_along(void **state)
{
    const struct draw_reply replies[] = {silence, two};
    const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    begin(d, &script, 0);
    ask_many(d, MANY);
    draw_submit_more(d);
    until_asked(d);
    apipie_request_cancel(d->more[3]); /* one that waits */
    assert_status(apipie_request_wait(d->more[3], -1), APIPIE_E_CANCELLED);
    assert_int_equal(apipie_request_attempt_count(d->more[3]), 0);
    apipie_request_cancel(d->more[0]); /* the one that is out */
    assert_int_equal(draw_wait_more(d), MANY - 2);
    assert_status(apipie_request_wait(d->more[0], 0), APIPIE_E_CANCELLED);
    assert_int_equal(raw_server_count(d->server, NULL), 2);
}

static void silent_for_one(struct raw_conn *c, const struct raw_request *q, void *user)
{
    char slow[8];
    (void)user;
    if (raw_request_header(q, "X-Slow", slow, sizeof slow))
        raw_stall(c);
    else
        draw_send_reply(c, &two);
}

static void one_without_time_leaves_it_to_the_next(void **state)
{
    struct draw *d = *state;
    draw_serve(d, silent_for_one, NULL);
    assert_status(apipie_client_set_models_cache(d->client, NULL, 0), APIPIE_OK);
    ask_many(d, 4);
    apipie_request_set_header(d->more[0], "X-Slow", "1");
    apipie_request_set_timeout(d->more[0], 100);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 3);
    assert_status(apipie_request_wait(d->more[0], 0), APIPIE_E_TIMEOUT);
    assert_true(raw_server_count(d->server, NULL) <= 2);
}

static void one_that_waits_has_its_own_time(void **state)
{
    const struct draw_script script = {&silence, 1};
    struct draw *d = *state;
    begin(d, &script, 0);
    ask_many(d, 2);
    apipie_request_set_timeout(d->more[1], 50);
    draw_submit_more(d);
    assert_status(apipie_request_wait(d->more[1], -1), APIPIE_E_TIMEOUT);
    assert_int_equal(apipie_request_attempt_count(d->more[1]), 0);
    assert_true(raw_server_count(d->server, NULL) <= 1);
}

static void a_failure_is_nobody_elses(void **state)
{
    const struct draw_reply replies[] = {oops, two};
    const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    begin(d, &script, HOUR);
    ask_many(d, 4);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 3);
    assert_status(apipie_request_wait(d->more[0], 0), APIPIE_E_SERVER);
    int32_t asked = raw_server_count(d->server, NULL);
    assert_true(asked > 1 && asked <= 4);
}

static void a_retry_is_waited_for(void **state)
{
    const struct draw_reply replies[] = {{503, "Retry-After: 0\r\n", "{}"}, two};
    const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    begin(d, &script, HOUR);
    apipie_client_set_retry(d->client, APIPIE_RETRY_SAFE, 1);
    ask_many(d, 4);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 4);
    assert_int_equal(raw_server_count(d->server, NULL), 2);
}

static void an_old_list_serves_all_and_says_so(void **state)
{
    const struct draw_reply replies[] = {two, oops};
    const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    begin(d, &script, 0);
    lists_get(d);
    ask_many(d, 4);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 4);
    assert_int_equal(raw_server_count(d->server, NULL), 2);
    for (size_t i = 0; i < 4; i++) {
        const apipie_result *r = apipie_request_result(d->more[i]);
        assert_int_equal(apipie_result_warning_count(r), 1);
        assert_contains(apipie_result_warning(r, 0), " s old: ");
        assert_int_equal(apipie_result_is_cached(r), 1);
    }
}

static void a_client_that_goes_ends_them(void **state)
{
    const struct draw_script script = {&silence, 1};
    struct draw *d = *state;
    begin(d, &script, 0);
    ask_many(d, 4);
    draw_submit_more(d);
    until_asked(d);
    d->client = apipie_client_unref(d->client);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(apipie_request_status(d->more[i]), APIPIE_E_CANCELLED);
}

/* ---- threads */

static void *fetch_and_drop(void *user)
{
    apipie_client *client = user;
    size_t bad = 0;
    for (int32_t i = 0; i < 20; i++) {
        apipie_request *r = apipie_request_new(client, APIPIE_REQUEST_MODELS);
        if (i % 5 == 4)
            apipie_request_cancel(r);
        apipie_status want = i % 5 == 4 ? APIPIE_E_CANCELLED : APIPIE_OK;
        bad += apipie_request_perform(r) != want;
        bad += want == APIPIE_OK && apipie_catalog_count(apipie_request_catalog(r)) != 2;
        apipie_request_unref(r);
    }
    return bad == 0 ? client : NULL;
}

static void from_many_threads(struct draw *d, int32_t worker)
{
    pthread_t threads[4];
    const struct draw_script script = {&two, 1};
    begin(d, &script, 0);
    if (worker)
        assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fetch_and_drop, d->client), 0);
    for (size_t i = 0; i < 4; i++) {
        void *good = NULL;
        assert_int_equal(pthread_join(threads[i], &good), 0);
        assert_non_null(good);
    }
    assert_true(raw_server_count(d->server, NULL) <= 64);
}

static void threads_share_too(void **state)
{
    from_many_threads(*state, 0);
}

static void threads_share_a_worker_too(void **state)
{
    from_many_threads(*state, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(all_get_what_one_fetched),
        DRAW_TEST(also_when_lists_are_never_young),
        DRAW_TEST(other_questions_are_asked),
        DRAW_TEST(without_a_cache_each_asks),
        DRAW_TEST(one_that_is_cancelled_takes_nobody_along),
        DRAW_TEST(one_without_time_leaves_it_to_the_next),
        DRAW_TEST(one_that_waits_has_its_own_time),
        DRAW_TEST(a_failure_is_nobody_elses),
        DRAW_TEST(a_retry_is_waited_for),
        DRAW_TEST(an_old_list_serves_all_and_says_so),
        DRAW_TEST(a_client_that_goes_ends_them),
        DRAW_TEST(threads_share_too),
        DRAW_TEST(threads_share_a_worker_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
