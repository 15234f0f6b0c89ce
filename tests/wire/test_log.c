/* SPDX-License-Identifier: MIT */
/* The log: which lines each level gets, and how long a sink lives. Knows the public API alone. */
#include "../support/diary.h"
#include "../support/parts.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOON "Content-Type: application/json\r\nretry-after-ms: 1\r\n"

static struct diary diary, other;

/* ---- levels */

static const struct level {
    const char *name;
    int32_t most; /* 0: no log */
} levels[] = {{"none", 0}, {"error", 1}, {"warning", 2}, {"info", 3}, {"debug", 4}, {"prompt", 5}};

static void each_level_holds_those_before(void **state)
{
    static const struct draw_reply replies[] = {
        {429, SOON, "{\"error\":{\"message\":\"slow down\"}}"}, {400, NULL, "{\"error\":\"no\"}"}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    const int32_t most = ((const struct level *)d->row)->most;
    draw_serve_script(d, &script);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    apipie_request_set_negative_prompt(d->request, "no boats", APIPIE_NTS);
    apipie_request_set_size(d->request, 640, 320);
    diary_keep(d, &diary, most ? most : 1);
    if (!most)
        assert_status(apipie_client_set_log(d->client, 0, NULL, NULL, NULL), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_PARAMETER);
    assert_int_equal(diary.count != 0, most > 0);
    assert_lines(&diary, 1, "", most >= 1);
    assert_lines(&diary, 1, "request 1: failed: parameter, not billed: HTTP 400: no; change",
                 most >= 1);
    assert_lines(&diary, 2, "", most >= 2 ? 2 : 0);
    assert_lines(&diary, 2,
                 "request 1: call failed: rejected, HTTP 429, rate_limited, route any provider/any "
                 "model, again in 1 ms: HTTP 429: slow down",
                 most >= 2);
    assert_lines(&diary, 2, "call failed: rejected, HTTP 400, parameter, route", most >= 2);
    assert_lines(&diary, 3, "", most >= 3 ? 3 : 0);
    assert_lines(&diary, 3,
                 "request 1: submitted: image, any provider/any model, n 1, size 640x320",
                 most >= 3);
    assert_lines(&diary, 3, "/v1/images/generations: rejected, HTTP 400, parameter, ", most >= 3);
    assert_lines(&diary, 3, " 14 bytes, not billed", most >= 3);
    assert_lines(&diary, 4, "request 1: queued", most >= 4 ? 2 : 0);
    assert_lines(&diary, 4, "request 1: in flight", most >= 4 ? 2 : 0);
    assert_lines(&diary, 4, "request 1: waiting", most >= 4 ? 1 : 0);
    assert_lines(&diary, 5, "", most >= 5 ? 2 : 0);
    assert_lines(&diary, 5, "request 1: prompt: a lake", most >= 5);
    assert_lines(&diary, 5, "request 1: negative prompt: no boats", most >= 5);
}

static void a_success_is_told(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 200, "x-request-id: req-77\r\n",
                     "{\"data\":[{\"b64_json\":\"" PNG1 "\"}],\"usage\":{\"cost\":0.008}}");
    apipie_request_set_provider(d->request, "prodia");
    apipie_request_set_model(d->request, "sdxl");
    diary_keep(d, &diary, APIPIE_LOG_INFO);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(&diary, 3, "", 6);
    assert_lines(&diary, 3, "request 1: submitted: image, prodia/sdxl, n 1", 1);
    assert_lines(&diary, 3, "request 1: call POST http://127.0.0.1:", 1);
    assert_lines(&diary, 3, "/v1/images/generations: delivered, HTTP 200, ", 2);
    assert_lines(&diary, 3, ", billed, id req-77", 2);
    assert_lines(&diary, 3, "request 1: ended: ok, 1 of 1 images, cost 0.008 USD, ", 1);
    assert_lines(&diary, 3, "request 2: ended: ok", 1);
    diary_assert_before(&diary, "submitted", "call POST");
    diary_assert_before(&diary, "call POST", "ended: ok");
}

static void a_refused_submit_is_told(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    diary_keep(d, &diary, APIPIE_LOG_PROMPT);
    apipie_request_set_n(d->request, -1);
    assert_status(apipie_request_submit(d->request), APIPIE_E_ARGUMENT);
    assert_lines(&diary, 1, "request 1: failed: usage, not billed: set_n: ", 1);
    assert_int_equal(diary.count, 1);
    draw_again(d);
    apipie_request_cancel(d->request);
    assert_status(apipie_request_submit(d->request), APIPIE_E_CANCELLED);
    assert_lines(&diary, 1, "request 2: failed: cancelled, not billed: ", 1);
    assert_int_equal(diary.freed, 0);
}

/* ---- ways to end */

static void the_next_route_is_told(void **state)
{
    static const struct draw_reply gone = {404, NULL, "{\"error\":\"no such model\"}"};
    static const struct draw_stage stage = {.models = {DRAW_REPLIES(&gone)}};
    struct draw *d = *state;
    draw_serve_stage(d, &stage);
    apipie_request_unref(d->request);
    d->request = draw_request_for(d->client, "AB");
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 0);
    diary_keep(d, &diary, APIPIE_LOG_DEBUG);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(&diary, 3, "submitted: image, pA/A and 1 more routes, n 1", 1);
    assert_lines(&diary, 2,
                 "call failed: rejected, HTTP 404, not_found, route pA/A, next route pB/B: ", 1);
    assert_lines(&diary, 2, "", 1);
    assert_lines(&diary, 1, "", 0);
    assert_lines(&diary, 3, "ended: ok", 1);
}

static void stall(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_stall(c);
}

static void a_time_limit_is_told(void **state)
{
    struct draw *d = *state;
    draw_serve(d, stall, NULL);
    apipie_request_set_timeout(d->request, 100);
    diary_keep(d, &diary, APIPIE_LOG_DEBUG);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_TIMEOUT);
    assert_lines(&diary, 1, "failed: timeout, perhaps billed: the time limit passed", 1);
    assert_lines(&diary, 2, "call failed: unknown, timeout, route", 1);
    assert_lines(&diary, 3, "generations: unknown, timeout, ", 1);
}

static void a_cancel_is_told(void **state)
{
    struct draw *d = *state;
    draw_serve(d, stall, NULL);
    diary_keep(d, &diary, APIPIE_LOG_DEBUG);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_status(apipie_request_wait(d->request, 50), APIPIE_PENDING);
    apipie_request_cancel(d->request);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    assert_lines(&diary, 1, "failed: cancelled, perhaps billed: cancelled; ", 1);
    assert_lines(&diary, 2, "call failed: unknown, cancelled, route", 1);
    assert_int_equal(diary.freed, 0);
}

static void a_cancel_from_inside(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    diary_keep(d, &diary, APIPIE_LOG_DEBUG);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    diary.cancels = d->request;
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    assert_lines(&diary, 1, "failed: cancelled", 1);
}

static void parts_have_numbers(void **state)
{
    struct draw *d = *state;
    static const struct draw_reply broken = {500, NULL, "{\"error\":\"oops\"}"};
    static const struct parts_plan plan = {.replies = {NULL, NULL, &broken, NULL}};
    parts_serve(d, &plan);
    diary_keep(d, &diary, APIPIE_LOG_DEBUG);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(&diary, 2, "request 1: call failed: rejected, HTTP 400", 1);
    assert_lines(&diary, 2, ", next one call for each image: ", 1);
    assert_lines(&diary, 2, "request 1 part 3: call failed: unknown, HTTP 500, server, route", 1);
    assert_lines(&diary, 2, "request 1: warning: image 3: HTTP 500: oops", 1);
    assert_lines(&diary, 3, "request 1 part 1: call POST ", 1);
    assert_lines(&diary, 3, "request 1 part 4: call POST ", 1);
    assert_lines(&diary, 4, "request 1 part 2: in flight", 1);
    assert_lines(&diary, 4, "request 1: waiting for others", 1);
    assert_lines(&diary, 3, "ended: ok, 3 of 4 images", 1);
    diary_assert_before(&diary, "request 1 part 4: ended", "ended: ok");
    assert_lines(&diary, 1, "", 0);
}

/* ---- how long it lives */

static void each_request_has_the_log_of_its_submit(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {.slow_ms = 50};
    draw_serve_stage(d, &stage);
    draw_more(d, 3);
    diary_keep(d, &diary, APIPIE_LOG_DEBUG);
    assert_status(apipie_request_submit(d->more[0]), APIPIE_OK);
    diary_keep(d, &other, APIPIE_LOG_INFO);
    assert_int_equal(diary.freed, 0);
    assert_status(apipie_request_submit(d->more[1]), APIPIE_OK);
    assert_status(apipie_client_set_log(d->client, 0, NULL, NULL, NULL), APIPIE_OK);
    assert_status(apipie_request_submit(d->more[2]), APIPIE_OK);
    assert_int_equal(other.freed, 0);
    assert_int_equal(draw_wait_more(d), 3);
    assert_lines(&diary, 3, "request 1: ended: ok", 1);
    assert_lines(&diary, 3, "request 2", 0);
    assert_lines(&other, 3, "request 2: ended: ok", 1);
    assert_lines(&other, 3, "request 1", 0);
    assert_lines(&other, 3, "", 3);
    assert_lines(&other, 4, "", 0);
    diary_assert_nowhere(&other, "request 3");
    assert_int_equal(diary.freed, 1);
    assert_int_equal(other.freed, 1);
}

static void it_is_freed_with_the_client(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    diary_keep(d, &diary, APIPIE_LOG_DEBUG);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_more(d, 1);
    assert_status(apipie_request_submit(d->more[0]), APIPIE_OK);
    d->client = apipie_client_unref(d->client); /* ends it */
    assert_lines(&diary, 1, "request 2: failed: cancelled", 1);
    d->request = apipie_request_unref(d->request);
    assert_int_equal(diary.freed, 0);
    draw_more(d, 0);
    assert_int_equal(diary.freed, 1);
}

static void bad_arguments(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    diary_open(&diary);
    assert_status(apipie_client_set_log(d->client, 0, diary_log, &diary, diary_free),
                  APIPIE_E_ARGUMENT);
    assert_int_equal(diary.freed, 1);
    assert_status(apipie_client_set_log(d->client, 6, diary_log, &diary, diary_free),
                  APIPIE_E_ARGUMENT);
    assert_int_equal(diary.freed, 2);
    assert_status(apipie_client_set_log(NULL, 1, diary_log, &diary, diary_free), APIPIE_E_ARGUMENT);
    assert_int_equal(diary.freed, 3);
    assert_status(apipie_client_set_log(d->client, 1, NULL, &diary, diary_free), APIPIE_OK);
    assert_int_equal(diary.freed, 4);
    /* what was there stays */
    diary_keep(d, &other, APIPIE_LOG_INFO);
    assert_status(apipie_client_set_log(d->client, 9, diary_log, NULL, NULL), APIPIE_E_ARGUMENT);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(&other, 3, "", 3);
}

/* ---- threads */

#define THREADS 4
#define EACH    5

static void *draw_some(void *user)
{
    for (int32_t i = 0; i < EACH; i++) {
        apipie_request *r = draw_request(user);
        apipie_request_perform(r);
        apipie_request_unref(r);
    }
    return NULL;
}

static void four_threads_share_a_log(void **state)
{
    struct draw *d = *state;
    pthread_t threads[THREADS];
    draw_serve_json(d, ONE_IMAGE);
    diary_keep(d, &diary, APIPIE_LOG_DEBUG);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, draw_some, d->client), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_lines(&diary, 3, "ended: ok", THREADS * EACH);
    assert_lines(&diary, 3, "submitted: ", THREADS * EACH);
    assert_lines(&diary, 3, "request 20: ", 3);
    assert_lines(&diary, 3, "request 21", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_success_is_told),
        DRAW_TEST(a_refused_submit_is_told),
        DRAW_TEST(the_next_route_is_told),
        DRAW_TEST(a_time_limit_is_told),
        DRAW_TEST(a_cancel_is_told),
        DRAW_TEST(a_cancel_from_inside),
        DRAW_TEST(parts_have_numbers),
        DRAW_TEST(each_request_has_the_log_of_its_submit),
        DRAW_TEST(it_is_freed_with_the_client),
        DRAW_TEST(bad_arguments),
        DRAW_TEST(four_threads_share_a_log),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += DRAW_ROWS(each_level_holds_those_before, levels);
    return failed;
}
