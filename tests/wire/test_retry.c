/* SPDX-License-Identifier: MIT */
/* What is sent again and what never is, counted at the server. Knows the public API alone. */
#include "../support/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SOON "Content-Type: application/json\r\nRetry-After: 0.01\r\n"

static const struct draw_reply good = {200, NULL, ONE_IMAGE};

/* First `fail` as often as `times`, then a picture. */
static void serve_failures(struct draw *d, struct draw_reply fail, int32_t times)
{
    static struct draw_reply replies[24];
    struct draw_script script = {replies, times + 1};
    for (int32_t i = 0; i < times; i++)
        replies[i] = fail;
    replies[times] = good;
    draw_serve_script(d, &script);
}

struct coded {
    const char *name;
    int32_t status;
};

#define CODE(n)                                                                                    \
    {                                                                                              \
#n, n                                                                                      \
    }
static const struct coded refused[] = {CODE(425), CODE(429), CODE(503)};
static const struct coded unknown[] = {CODE(500), CODE(501), CODE(502), CODE(503),
                                       CODE(504), CODE(520), CODE(524), CODE(408),
                                       CODE(409), CODE(424), CODE(499)};
static const struct coded final[] = {CODE(400), CODE(401), CODE(402), CODE(403), CODE(404),
                                     CODE(405), CODE(413), CODE(415), CODE(422)};

static void safe_sends_refusals_again(void **state)
{
    struct draw *d = *state;
    const struct coded *row = d->row;
    struct draw_reply fail = {row->status, SOON, "{}"};
    serve_failures(d, fail, 2);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, "POST"), 3);
    assert_int_equal(apipie_request_tries(d->request), 3);
    assert_int_equal(apipie_request_attempt_count(d->request), 3);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 1), APIPIE_OUTCOME_REJECTED);
    assert_int_equal(apipie_request_attempt_billed(d->request, 1), APIPIE_BILLED_NO);
    assert_int_equal(apipie_request_attempt_http_status(d->request, 1), row->status);
    assert_true(apipie_request_attempt_status(d->request, 1) < 0);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 2), APIPIE_OUTCOME_DELIVERED);
}

static void safe_is_the_default_with_two_retries(void **state)
{
    struct draw *d = *state;
    struct draw_reply fail = {429, SOON, "{}"};
    serve_failures(d, fail, 3);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    d->client = apipie_client_new(NULL);
    apipie_client_set_key(d->client, DRAW_KEY);
    apipie_client_set_base_url(d->client, raw_server_base(d->server));
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_RATE_LIMITED);
    assert_int_equal(raw_server_count(d->server, "POST"), 3);
    assert_int_equal(apipie_error_attempts(draw_error(d)), 3);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
}

static void safe_does_not_repeat_what_may_have_been_paid(void **state)
{
    struct draw *d = *state;
    const struct coded *row = d->row;
    struct draw_reply fail = {row->status, NULL, "{\"error\":\"broken\"}"};
    serve_failures(d, fail, 1);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 5);
    assert_true(apipie_request_perform(d->request) < 0);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_UNKNOWN);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_UNKNOWN);
}

static void safe_does_not_repeat_what_will_fail_again(void **state)
{
    struct draw *d = *state;
    const struct coded *row = d->row;
    struct draw_reply fail = {row->status, SOON, "{}"};
    serve_failures(d, fail, 1);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 5);
    assert_true(apipie_request_perform(d->request) < 0);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
}

static int32_t posts_under(struct draw *d, int32_t status, const char *headers, const char *body,
                           int32_t policy, int32_t retries)
{
    struct draw_reply fail = {status, headers, body};
    serve_failures(d, fail, 1);
    apipie_request_set_retry(d->request, policy, retries);
    apipie_request_perform(d->request);
    return raw_server_count(d->server, "POST");
}

static void never_sends_nothing_again(void **state)
{
    assert_int_equal(posts_under(*state, 429, SOON, "{}", APIPIE_RETRY_NEVER, 5), 1);
}

static void no_retries_means_none(void **state)
{
    assert_int_equal(posts_under(*state, 429, SOON, "{}", APIPIE_RETRY_SAFE, 0), 1);
}

static void always_sends_a_500_again(void **state)
{
    struct draw *d = *state;
    assert_int_equal(posts_under(d, 500, SOON, "{}", APIPIE_RETRY_ALWAYS, 2), 2);
    assert_ended(d->request, apipie_request_status(d->request), APIPIE_OK);
    assert_int_equal(apipie_request_attempt_billed(d->request, 0), APIPIE_BILLED_UNKNOWN);
}

static void always_does_not_repeat_a_bad_request(void **state)
{
    assert_int_equal(posts_under(*state, 400, SOON, "{}", APIPIE_RETRY_ALWAYS, 2), 1);
}

static void an_exhausted_quota_is_not_retried(void **state)
{
    struct draw *d = *state;
    assert_int_equal(posts_under(d, 429, SOON,
                                 "{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"m\"}}",
                                 APIPIE_RETRY_ALWAYS, 2),
                     1);
    assert_status(apipie_request_status(d->request), APIPIE_E_QUOTA);
}

static void the_server_may_forbid_it(void **state)
{
    assert_int_equal(
        posts_under(*state, 429, SOON "x-should-retry: false\r\n", "{}", APIPIE_RETRY_SAFE, 2), 1);
}

/* ---- waiting */

struct wait {
    const char *headers;
    int64_t least, most;
};

static const struct wait waits[] = {
    {"retry-after-ms: 300\r\n", 300, 1300},
    {"Retry-After: 1\r\n", 1000, 2000},
    {"Retry-After: 0.4\r\n", 400, 1400},
    {"retry-after-ms: 200\r\nRetry-After: 20\r\n", 200, 1200},
    {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:38 GMT\r\n", 900,
     2000}};

static void waits_as_told(void **state)
{
    struct draw *d = *state;
    const struct wait *w = d->row;
    struct draw_reply fail = {429, w->headers, "{}"};
    serve_failures(d, fail, 1);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 1);
    int64_t start = draw_now_ms();
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    int64_t took = draw_now_ms() - start;
    assert_true(took >= w->least - 20);
    assert_true(took <= w->most);
    assert_true(apipie_request_elapsed(d->request) >= w->least - 20);
    assert_true(apipie_request_attempt_time(d->request, 1, APIPIE_TIME_STARTED) >= w->least - 20);
}

static void a_wait_over_a_minute_fails_at_once(void **state)
{
    struct draw *d = *state;
    struct draw_reply fail = {429, "Retry-After: 3600\r\n", "{\"error\":\"daily limit\"}"};
    serve_failures(d, fail, 1);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    int64_t start = draw_now_ms();
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_RATE_LIMITED);
    assert_true(draw_now_ms() - start < 2000);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_int_equal(apipie_error_retry_after(draw_error(d)), 3600000);
    assert_int_equal(apipie_error_is_retryable(draw_error(d)), 1);
}

struct spelling {
    const char *headers;
    int64_t want;
};

static const struct spelling spellings[] = {
    {"Retry-After: 7\r\n", 7000},
    {"Retry-After:   7  \r\n", 7000},
    {"Retry-After: 1.5\r\n", 1500},
    {"retry-after-ms: 250\r\n", 250},
    {"Retry-After: 999999\r\n", 999999000},
    {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:59:37 GMT\r\n",
     600000},
    {"Retry-After: -1\r\n", APIPIE_UNKNOWN},
    {"Retry-After: \r\n", APIPIE_UNKNOWN},
    {"Retry-After: soon\r\n", APIPIE_UNKNOWN},
    {"Retry-After: 2026-11-22T00:00:00Z\r\n", APIPIE_UNKNOWN},
    {"Retry-After: 7 seconds\r\n", APIPIE_UNKNOWN},
    {"x-ratelimit-reset-requests: 6m0s\r\nx-ratelimit-reset-tokens: 17ms\r\n", APIPIE_UNKNOWN},
};

static void retry_after_in_every_spelling(void **state)
{
    struct draw *d = *state;
    const struct spelling *row = d->row;
    draw_serve_reply(d, 429, row->headers, "{}");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_RATE_LIMITED);
    assert_int_equal(apipie_error_retry_after(draw_error(d)), row->want);
}

/* ---- connections */

static void nobody_answers(void **state)
{
    struct draw *d = *state;
    char url[64];
    int port = raw_port_refused(url, sizeof url);
    d->client = draw_client(url);
    d->request = draw_request(d->client);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    apipie_status status = apipie_request_perform(d->request);
    raw_port_close(port);
    assert_ended(d->request, status, APIPIE_E_CONNECT);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_int_equal(apipie_error_fault(draw_error(d)), APIPIE_FAULT_NETWORK);
    assert_int_equal(apipie_error_http_status(draw_error(d)), 0);
    assert_int_equal(apipie_error_is_retryable(draw_error(d)), 1);
    assert_int_equal(apipie_request_attempt_count(d->request), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(apipie_request_attempt_outcome(d->request, i), APIPIE_OUTCOME_NOT_SENT);
        assert_status(apipie_request_attempt_status(d->request, i), APIPIE_E_CONNECT);
        assert_int_equal(apipie_request_attempt_time(d->request, i, APIPIE_TIME_FIRST_BYTE),
                         APIPIE_UNKNOWN);
    }
}

static void a_server_that_starts_late(void **state)
{
    struct draw *d = *state;
    d->script = (struct draw_script){&good, 1};
    d->server = raw_server_start_late(draw_handler, &d->script, 300);
    d->client = draw_client(raw_server_base(d->server));
    d->request = draw_request(d->client);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 8);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_true(apipie_request_tries(d->request) >= 2);
}

static void an_unknown_name(void **state)
{
    struct draw *d = *state;
    d->client = draw_client("https://no-such-host.invalid/v1");
    apipie_client_set_connect_timeout(d->client, 3000);
    d->request = draw_request(d->client);
    apipie_status status = apipie_request_perform(d->request);
    /* a machine whose name server is silent cannot know it */
    assert_true(status == APIPIE_E_CONNECT || status == APIPIE_E_TIMEOUT);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_contains(apipie_error_message(draw_error(d)), "no-such-host.invalid");
}

enum { WAY_CLOSE, WAY_RESET, WAY_HALF_LINE, WAY_HALF_HEADERS };

struct way {
    const char *name;
    int way;
};

static const struct way ways[] = {{"close", WAY_CLOSE},
                                  {"reset", WAY_RESET},
                                  {"half a status line", WAY_HALF_LINE},
                                  {"half the headers", WAY_HALF_HEADERS}};

static void go_away(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    switch (*(int *)user) {
    case WAY_RESET:
        raw_reset(c);
        return;
    case WAY_HALF_LINE:
        raw_send_text(c, "HTTP/1.1 2");
        break;
    case WAY_HALF_HEADERS:
        raw_send_text(c, "HTTP/1.1 200 OK\r\nContent-Type: appli");
        break;
    default:
        break;
    }
    raw_close(c);
}

static void cut_after_the_request_was_sent(void **state)
{
    struct draw *d = *state;
    int way = ((const struct way *)d->row)->way;
    draw_serve(d, go_away, &way);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_NETWORK);
    assert_int_equal(raw_server_count(d->server, NULL), 1);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_UNKNOWN);
    assert_int_equal(apipie_error_fault(draw_error(d)), APIPIE_FAULT_NETWORK);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_UNKNOWN);
    assert_int_equal(apipie_request_attempt_billed(d->request, 0), APIPIE_BILLED_UNKNOWN);
    assert_true(strlen(apipie_error_message(draw_error(d))) > 0);
    assert_true(strlen(apipie_error_hint(draw_error(d))) > 0);
}

/* Every first request of a connection is served; the second is read whole and gets no answer. */
static void kill_kept_alive(struct raw_conn *c, const struct raw_request *q, void *user)
{
    if (q->turn == 1)
        raw_reply_json(c, 200, ONE_IMAGE);
    else if (user)
        raw_reset(c);
    else
        raw_close(c);
}

static void count_kept_alive(struct draw *d, void *reset, size_t image)
{
    int32_t good_calls = 0;
    uint8_t *bytes = calloc(1, image + 128);
    assert_non_null(bytes);
    (void)draw_decode(PNG1, bytes);
    draw_serve(d, kill_kept_alive, reset);
    for (int i = 0; i < 20; i++) {
        draw_again(d);
        apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
        if (image > 0)
            assert_status(apipie_request_set_image_bytes(d->request, bytes, image), APIPIE_OK);
        apipie_status status = apipie_request_perform(d->request);
        good_calls += status == APIPIE_OK;
        if (status != APIPIE_OK)
            assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_UNKNOWN);
        assert_int_equal(raw_server_count(d->server, "POST"), i + 1);
    }
    free(bytes);
    assert_true(good_calls >= 10);
}

static void a_server_that_kills_kept_alive_connections(void **state)
{
    count_kept_alive(*state, NULL, 0);
}

static void a_server_that_resets_kept_alive_connections(void **state)
{
    static int reset = 1;
    count_kept_alive(*state, &reset, 0);
}

static void the_same_with_a_large_request(void **state)
{
    count_kept_alive(*state, NULL, 300000);
}

static void reply_and_close(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_reply_json(c, 200, ONE_IMAGE);
    raw_close(c);
}

static void connections_that_died_while_idle(void **state)
{
    struct draw *d = *state;
    struct timespec pause = {0, 50000000};
    draw_serve(d, reply_and_close, NULL);
    for (int i = 0; i < 5; i++) {
        draw_again(d);
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
        nanosleep(&pause, NULL);
    }
    assert_int_equal(raw_server_count(d->server, "POST"), 5);
}

/* ---- what a repetition looks like */

static void repetitions_are_the_same_request(void **state)
{
    struct draw *d = *state;
    char key[3][128];
    struct draw_reply fail = {429, SOON, "{}"};
    serve_failures(d, fail, 2);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    apipie_request_set_seed(d->request, 7);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const struct raw_request *first = raw_server_request(d->server, 0);
    for (int i = 0; i < 3; i++) {
        const struct raw_request *q = raw_server_request(d->server, i);
        assert_true(raw_request_header(q, "Idempotency-Key", key[i], sizeof key[i]));
        assert_string_equal(key[i], key[0]);
        assert_int_equal(q->body_size, first->body_size);
        assert_memory_equal(q->body, first->body, first->body_size);
    }
    assert_true(strlen(key[0]) >= 16);
}

static void two_requests_have_two_keys(void **state)
{
    struct draw *d = *state;
    char key[2][128];
    draw_serve_json(d, ONE_IMAGE);
    apipie_request *copy = apipie_request_copy(d->request);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    apipie_status status = apipie_request_perform(copy);
    copy = apipie_request_unref(copy);
    assert_status(status, APIPIE_OK);
    for (int i = 0; i < 2; i++)
        assert_true(raw_request_header(raw_server_request(d->server, i), "Idempotency-Key", key[i],
                                       sizeof key[i]));
    assert_string_not_equal(key[0], key[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {

        DRAW_TEST(safe_is_the_default_with_two_retries),

        DRAW_TEST(never_sends_nothing_again),
        DRAW_TEST(no_retries_means_none),
        DRAW_TEST(always_sends_a_500_again),
        DRAW_TEST(always_does_not_repeat_a_bad_request),
        DRAW_TEST(an_exhausted_quota_is_not_retried),
        DRAW_TEST(the_server_may_forbid_it),

        DRAW_TEST(a_wait_over_a_minute_fails_at_once),

        DRAW_TEST(nobody_answers),
        DRAW_TEST(a_server_that_starts_late),
        DRAW_TEST(an_unknown_name),

        DRAW_TEST(a_server_that_kills_kept_alive_connections),
        DRAW_TEST(a_server_that_resets_kept_alive_connections),
        DRAW_TEST(the_same_with_a_large_request),
        DRAW_TEST(connections_that_died_while_idle),
        DRAW_TEST(repetitions_are_the_same_request),
        DRAW_TEST(two_requests_have_two_keys),
    };
    int failed = cmocka_run_group_tests_name("retry", tests, NULL, NULL);
    failed += DRAW_ROWS(safe_sends_refusals_again, refused);
    failed += DRAW_ROWS(safe_does_not_repeat_what_may_have_been_paid, unknown);
    failed += DRAW_ROWS(safe_does_not_repeat_what_will_fail_again, final);
    failed += DRAW_ROWS(waits_as_told, waits);
    failed += DRAW_ROWS(retry_after_in_every_spelling, spellings);
    failed += DRAW_ROWS(cut_after_the_request_was_sent, ways);
    return failed;
}
