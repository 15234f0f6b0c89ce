/* SPDX-License-Identifier: MIT */
/* Time limits, and cancel from everywhere. Knows the public API alone. */
#include "../support/draw.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void sleep_ms(int32_t ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000L};
    nanosleep(&t, NULL);
}

enum { STALL_BEFORE, STALL_IN_HEADERS, STALL_IN_BODY, STALL_BEHIND_PICTURE };

struct stall {
    const char *name;
    int where;
};

static const struct stall stalls[] = {{"before the reply", STALL_BEFORE},
                                      {"in the headers", STALL_IN_HEADERS},
                                      {"in the body", STALL_IN_BODY}};

static void stall(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    switch (*(int *)user) {
    case STALL_IN_HEADERS:
        raw_send_text(c, "HTTP/1.1 200 OK\r\nContent-Ty");
        break;
    case STALL_IN_BODY:
        raw_head(c, 200, "Content-Type: application/json\r\nContent-Length: 5000\r\n");
        raw_send_text(c, "{\"data\":[{\"b64_json\":\"iVBORw0KGgoAAAAN");
        break;
    case STALL_BEHIND_PICTURE:
        raw_head(c, 200, "Content-Type: application/json\r\nContent-Length: 5000\r\n");
        raw_send_text(c, "{\"data\":[{\"b64_json\":\"" PNG1 "\"}");
        break;
    default:
        break;
    }
    raw_stall(c);
}

static void assert_timed_out(struct draw *d, int64_t started, apipie_status status)
{
    int64_t took = draw_now_ms() - started;
    assert_ended(d->request, status, APIPIE_E_TIMEOUT);
    assert_true(took >= 280);
    assert_true(took < 2000);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_UNKNOWN);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_UNKNOWN);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_true(strlen(apipie_error_hint(draw_error(d))) > 0);
}

static void the_time_limit(void **state)
{
    struct draw *d = *state;
    int where = ((const struct stall *)d->row)->where;
    draw_serve(d, stall, &where);
    apipie_request_set_timeout(d->request, 300);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    int64_t start = draw_now_ms();
    assert_timed_out(d, start, apipie_request_perform(d->request));
}

static void a_picture_that_is_whole_survives_the_time_limit(void **state)
{
    struct draw *d = *state;
    int where = STALL_BEHIND_PICTURE;
    draw_serve(d, stall, &where);
    apipie_request_set_timeout(d->request, 300);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_image(draw_result(d), 0, PNG1, "image/png");
    assert_true(apipie_result_warning_count(draw_result(d)) >= 1);
}

static void the_client_has_a_default_limit(void **state)
{
    struct draw *d = *state;
    int where = STALL_BEFORE;
    draw_serve(d, stall, &where);
    assert_status(apipie_client_set_timeout(d->client, 300), APIPIE_OK);
    draw_again(d);
    int64_t start = draw_now_ms();
    assert_timed_out(d, start, apipie_request_perform(d->request));
}

static void one_limit_for_all_attempts_and_waits(void **state)
{
    struct draw *d = *state;
    static const struct draw_reply busy = {429, "Retry-After: 0.2\r\n", "{}"};
    struct draw_script script = {&busy, 1};
    draw_serve_script(d, &script);
    apipie_request_set_timeout(d->request, 500);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 20);
    int64_t start = draw_now_ms();
    apipie_status status = apipie_request_perform(d->request);
    assert_true(status == APIPIE_E_TIMEOUT || status == APIPIE_E_RATE_LIMITED);
    assert_true(draw_now_ms() - start < 2000);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_in_range(raw_server_count(d->server, "POST"), 1, 3);
}

static void the_connect_limit(void **state)
{
    struct draw *d = *state;
    char url[64];
    int port = raw_port_silent(url, sizeof url);
    if (port < 0)
        skip(); /* this machine answers for a full queue */
    d->client = draw_client(url);
    assert_status(apipie_client_set_connect_timeout(d->client, 200), APIPIE_OK);
    d->request = draw_request(d->client);
    int64_t start = draw_now_ms();
    apipie_status status = apipie_request_perform(d->request);
    int64_t took = draw_now_ms() - start;
    raw_port_close(port);
    assert_true(status == APIPIE_E_TIMEOUT || status == APIPIE_E_CONNECT);
    assert_true(took < 2000);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_NOT_SENT);
}

static void a_slow_server_is_waited_for(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_pause_ms(c, 200);
    raw_head(c, 200, "Content-Type: application/json\r\nConnection: close\r\n");
    raw_drip(c, ONE_IMAGE, strlen(ONE_IMAGE), 8, 5);
    raw_close(c);
}

static void a_slow_drip(void **state)
{
    struct draw *d = *state;
    draw_serve(d, a_slow_server_is_waited_for, NULL);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_true(apipie_request_attempt_time(d->request, 0, APIPIE_TIME_FIRST_BYTE) >= 180);
    assert_true(apipie_request_attempt_time(d->request, 0, APIPIE_TIME_TOTAL) >=
                apipie_request_attempt_time(d->request, 0, APIPIE_TIME_FIRST_BYTE));
    assert_true(apipie_request_elapsed(d->request) >= 180);
}

/* ---- cancel */

struct canceller {
    pthread_t thread;
    struct draw *d;
    int32_t posts; /* cancels once so many came */
    int64_t at_ms;
};

static void *cancel_later(void *arg)
{
    struct canceller *c = arg;
    while (raw_server_count(c->d->server, "POST") < c->posts)
        sleep_ms(2);
    sleep_ms(100);
    c->at_ms = draw_now_ms();
    apipie_request_cancel(c->d->request);
    return NULL;
}

/* Performs while another thread cancels; how long the return took after the cancel. */
static int64_t perform_cancelled(struct draw *d, int32_t posts)
{
    struct canceller c = {.d = d, .posts = posts};
    assert_int_equal(pthread_create(&c.thread, NULL, cancel_later, &c), 0);
    apipie_status status = apipie_request_perform(d->request);
    int64_t end = draw_now_ms();
    pthread_join(c.thread, NULL);
    assert_ended(d->request, status, APIPIE_E_CANCELLED);
    assert_status(apipie_request_status(d->request), APIPIE_E_CANCELLED);
    assert_int_equal(apipie_error_fault(draw_error(d)), APIPIE_FAULT_NONE);
    return end - c.at_ms;
}

static void cancel_during_a_stall(void **state)
{
    struct draw *d = *state;
    int where = ((const struct stall *)d->row)->where;
    draw_serve(d, stall, &where);
    assert_true(perform_cancelled(d, 1) < 1000);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_UNKNOWN);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_UNKNOWN);
}

static void cancel_during_backoff(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 429, "Retry-After: 15\r\n", "{}");
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    assert_true(perform_cancelled(d, 1) < 1000);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
}

static void cancel_before_submit(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_cancel(d->request);
    assert_status(apipie_request_submit(d->request), APIPIE_E_CANCELLED);
    assert_status(apipie_request_status(d->request), APIPIE_E_CANCELLED);
    assert_status(apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_int_equal(raw_server_count(d->server, NULL), 0);
    assert_int_equal(apipie_request_attempt_count(d->request), 0);
}

static void cancel_between_submit_and_wait(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    apipie_request_cancel(d->request);
    assert_status(apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_int_equal(raw_server_count(d->server, NULL), 0);
}

static void cancel_after_the_end_does_nothing(void **state)
{
    struct draw *d = *state;
    assert_ended(d->request, draw_perform_json(d, ONE_IMAGE), APIPIE_OK);
    apipie_request_cancel(d->request);
    assert_status(apipie_request_status(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
}

static void the_client_works_on_after_a_cancel(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 429, "Retry-After: 15\r\n", "{}");
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    (void)perform_cancelled(d, 1);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_RATE_LIMITED);
    assert_int_equal(raw_server_count(d->server, "POST"), 2);
}

static void a_wait_with_a_limit_leaves_the_request_alone(void **state)
{
    struct draw *d = *state;
    draw_serve(d, a_slow_server_is_waited_for, NULL);
    assert_status(apipie_request_status(d->request), APIPIE_E_STATE);
    assert_status(apipie_request_wait(d->request, 0), APIPIE_E_STATE);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_status(apipie_request_status(d->request), APIPIE_PENDING);
    assert_null(apipie_request_result(d->request));
    assert_null(apipie_request_error(d->request));
    assert_int_equal(apipie_request_elapsed(d->request), APIPIE_UNKNOWN);
    int64_t start = draw_now_ms();
    assert_status(apipie_request_wait(d->request, 50), APIPIE_PENDING);
    assert_true(draw_now_ms() - start >= 40);
    assert_status(apipie_request_wait(d->request, 0), APIPIE_PENDING);
    assert_true(draw_now_ms() - start < 190);
    assert_status(apipie_request_wait(d->request, -1), APIPIE_OK);
    assert_status(apipie_request_wait(d->request, -1), APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
}

/* ---- a paid call is not begun only to be stopped */

static void assert_nothing_was_sent(struct draw *d, apipie_status why)
{
    assert_ended(d->request, apipie_request_status(d->request), why);
    assert_int_equal(apipie_error_billed(apipie_request_error(d->request)), APIPIE_BILLED_NO);
    assert_int_equal(raw_server_count(d->server, "POST"), 0);
    assert_int_equal(apipie_client_money(d->client, NULL, APIPIE_MONEY_RESERVED), 0);
}

static void who_looks_too_late_sends_nothing(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_timeout(d->request, 50);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    draw_sleep_ms(200);
    assert_status(apipie_request_wait(d->request, -1), APIPIE_E_TIMEOUT);
    assert_nothing_was_sent(d, APIPIE_E_TIMEOUT);
}

static apipie_status key_and_cancel(void *user, int32_t refused, char *key, size_t capacity)
{
    struct draw *d = user;
    (void)refused;
    (void)capacity;
    memcpy(key, "sk-0123456789", sizeof "sk-0123456789");
    apipie_request_cancel(d->request);
    return APIPIE_OK;
}

static void a_key_callback_that_cancels(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_set_key_fn(d->client, key_and_cancel, d, NULL), APIPIE_OK);
    assert_status(apipie_request_perform(d->request), APIPIE_E_CANCELLED);
    assert_nothing_was_sent(d, APIPIE_E_CANCELLED);
}

static apipie_status key_and_sleep(void *user, int32_t refused, char *key, size_t capacity)
{
    (void)user;
    (void)refused;
    (void)capacity;
    memcpy(key, "sk-0123456789", sizeof "sk-0123456789");
    draw_sleep_ms(300);
    return APIPIE_OK;
}

static void a_key_callback_that_takes_too_long(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_timeout(d->request, 200);
    assert_status(apipie_client_set_key_fn(d->client, key_and_sleep, NULL, NULL), APIPIE_OK);
    assert_status(apipie_request_perform(d->request), APIPIE_E_TIMEOUT);
    assert_nothing_was_sent(d, APIPIE_E_TIMEOUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {

        DRAW_TEST(a_picture_that_is_whole_survives_the_time_limit),
        DRAW_TEST(the_client_has_a_default_limit),
        DRAW_TEST(one_limit_for_all_attempts_and_waits),
        DRAW_TEST(the_connect_limit),
        DRAW_TEST(a_slow_drip),

        DRAW_TEST(cancel_during_backoff),
        DRAW_TEST(cancel_before_submit),
        DRAW_TEST(cancel_between_submit_and_wait),
        DRAW_TEST(cancel_after_the_end_does_nothing),
        DRAW_TEST(the_client_works_on_after_a_cancel),
        DRAW_TEST(a_wait_with_a_limit_leaves_the_request_alone),

        DRAW_TEST(who_looks_too_late_sends_nothing),
        DRAW_TEST(a_key_callback_that_cancels),
        DRAW_TEST(a_key_callback_that_takes_too_long),
    };
    int failed = cmocka_run_group_tests_name("cancel", tests, NULL, NULL);
    failed += DRAW_ROWS(the_time_limit, stalls);
    failed += DRAW_ROWS(cancel_during_a_stall, stalls);
    return failed;
}
