/* SPDX-License-Identifier: MIT */
/* How many requests are out at once, who goes first, and who has to wait: by the order and the times in which calls came to
 * the server. Only the shortest times are sure: a busy machine is never too slow. Knows the public API alone. */
#include "../support/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON "Content-Type: application/json\r\n"

static int64_t came_ms(const struct draw *d, int32_t index)
{
    const struct raw_request *q = raw_server_request(d->server, index);
    assert_non_null(q);
    return q->came_ms;
}

/* ---- how many */

struct crowd {
    int32_t gather;  /* nobody is answered before so many calls came */
    int32_t slow_ms; /* how long each is worked at */
};

static void crowd_handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct crowd *crowd = user;
    (void)q;
    raw_work(c, 1);
    for (int i = 0; i < 1000 && raw_server_count(raw_server_of(c), "POST") < crowd->gather; i++)
        raw_pause_ms(c, 5);
    raw_pause_ms(c, crowd->slow_ms);
    raw_work(c, -1);
    raw_reply_json(c, 200, ONE_IMAGE);
}

static void serve_crowd(struct draw *d, const struct crowd *crowd, size_t requests)
{
    draw_serve(d, crowd_handler, (void *)(uintptr_t)crowd);
    draw_more(d, requests);
}

static void eight_if_nothing_is_said(void **state)
{
    struct draw *d = *state;
    static const struct crowd crowd = {8, 100};
    serve_crowd(d, &crowd, 20);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 20);
    assert_int_equal(raw_server_busiest(d->server), 8);
}

static void never_more_than_said(void **state)
{
    struct draw *d = *state;
    static const struct crowd crowd = {3, 10};
    serve_crowd(d, &crowd, 90);
    apipie_client_set_max_in_flight(d->client, 3);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 90);
    assert_int_equal(raw_server_busiest(d->server), 3);
    assert_int_equal(raw_server_count(d->server, "POST"), 90);
}

static void fewer_from_now_on(void **state)
{
    struct draw *d = *state;
    static const struct crowd crowd = {4, 200};
    serve_crowd(d, &crowd, 7);
    apipie_client_set_max_in_flight(d->client, 4);
    draw_submit_more(d);
    while (raw_server_count(d->server, "POST") < 4)
        assert_status(apipie_request_wait(d->more[6], 5), APIPIE_PENDING);
    apipie_client_set_max_in_flight(d->client, 1);
    assert_int_equal(draw_wait_more(d), 7); /* those that were out are not stopped */
    assert_int_equal(raw_server_busiest(d->server), 4);
    for (int32_t i = 5; i < 7; i++)
        assert_true(came_ms(d, i) - came_ms(d, i - 1) >= 200);
}

static void who_is_cancelled_makes_room(void **state)
{
    struct draw *d = *state;
    static const struct crowd crowd = {0, 20000};
    serve_crowd(d, &crowd, 3);
    apipie_client_set_max_in_flight(d->client, 1);
    draw_submit_more(d);
    while (raw_server_count(d->server, "POST") < 1)
        assert_status(apipie_request_wait(d->more[0], 5), APIPIE_PENDING);
    apipie_request_cancel(d->more[1]); /* in line */
    assert_status(apipie_request_wait(d->more[1], -1), APIPIE_E_CANCELLED);
    assert_int_equal(apipie_error_billed(apipie_request_error(d->more[1])), APIPIE_BILLED_NO);
    assert_int_equal(apipie_request_tries(d->more[1]), 0);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    apipie_request_cancel(d->more[0]); /* out */
    assert_status(apipie_request_wait(d->more[0], -1), APIPIE_E_CANCELLED);
    while (raw_server_count(d->server, "POST") < 2)
        assert_status(apipie_request_wait(d->more[2], 5), APIPIE_PENDING);
    assert_int_equal(apipie_error_billed(apipie_request_error(d->more[0])), APIPIE_BILLED_UNKNOWN);
}

static void the_deadline_passes_in_line(void **state)
{
    struct draw *d = *state;
    static const struct crowd crowd = {0, 20000};
    serve_crowd(d, &crowd, 2);
    apipie_client_set_max_in_flight(d->client, 1);
    apipie_request_set_timeout(d->more[1], 300);
    apipie_request_set_retry(d->more[1], APIPIE_RETRY_ALWAYS, 5);
    draw_submit_more(d);
    assert_status(apipie_request_wait(d->more[1], -1), APIPIE_E_TIMEOUT);
    assert_int_equal(apipie_error_billed(apipie_request_error(d->more[1])), APIPIE_BILLED_NO);
    assert_int_equal(apipie_request_tries(d->more[1]), 0);
    assert_contains(apipie_error_message(apipie_request_error(d->more[1])), "line");
    assert_in_range(raw_server_count(d->server, "POST"), 0, 1);
}

/* ---- who goes first: requests are called by the first letter of their prompts */

static void name_it(struct draw *d, size_t i, const char *prompt, int32_t priority)
{
    assert_status(apipie_request_set_prompt(d->more[i], prompt, APIPIE_NTS), APIPIE_OK);
    assert_status(apipie_request_set_priority(d->more[i], priority), APIPIE_OK);
}

static void by_priority(void **state)
{
    struct draw *d = *state;
    static const struct crowd crowd = {0, 0};
    static const struct {
        const char *prompt;
        int32_t priority;
    } rows[] = {{"a", 0}, {"b", 10}, {"c", -10}, {"d", 3600}, {"e", 10}};
    serve_crowd(d, &crowd, 5);
    apipie_client_set_max_in_flight(d->client, 1);
    for (size_t i = 0; i < 5; i++)
        name_it(d, i, rows[i].prompt, rows[i].priority);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 5);
    assert_order(d->server, "prompt", "dbeac");
}

static void equals_keep_their_order(void **state)
{
    struct draw *d = *state;
    static const struct crowd crowd = {0, 0};
    char want[41] = "";
    serve_crowd(d, &crowd, 40);
    apipie_client_set_max_in_flight(d->client, 1);
    for (size_t i = 0; i < 40; i++) {
        char prompt[2] = {(char)('A' + i), 0};
        if (prompt[0] == '\\') /* two characters in JSON */
            prompt[0] = 'z';
        name_it(d, i, prompt, 7);
        want[i] = prompt[0];
    }
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 40);
    assert_order(d->server, "prompt", want);
}

/* A priority is worth that many seconds of waiting. */
static void nobody_waits_for_ever(void **state)
{
    struct draw *d = *state;
    static const struct crowd crowd = {0, 0};
    serve_crowd(d, &crowd, 3);
    apipie_client_set_max_in_flight(d->client, 1);
    name_it(d, 0, "a", 0);
    name_it(d, 1, "b", 1);
    name_it(d, 2, "c", 5);
    assert_status(apipie_request_submit(d->more[0]), APIPIE_OK);
    draw_sleep_ms(1050);
    assert_status(apipie_request_submit(d->more[1]), APIPIE_OK);
    assert_status(apipie_request_submit(d->more[2]), APIPIE_OK);
    assert_int_equal(draw_wait_more(d), 3);
    assert_order(d->server, "prompt", "cab");
}

static void who_is_out_stays_out(void **state)
{
    struct draw *d = *state;
    static const struct crowd crowd = {0, 150};
    serve_crowd(d, &crowd, 3);
    apipie_client_set_max_in_flight(d->client, 1);
    name_it(d, 0, "x", 0);
    name_it(d, 1, "a", 0);
    name_it(d, 2, "b", 5);
    assert_status(apipie_request_submit(d->more[0]), APIPIE_OK);
    while (raw_server_count(d->server, "POST") < 1)
        (void)apipie_request_wait(d->more[0], 5);
    assert_status(apipie_request_submit(d->more[1]), APIPIE_OK);
    assert_status(apipie_request_submit(d->more[2]), APIPIE_OK);
    assert_int_equal(draw_wait_more(d), 3);
    assert_order(d->server, "prompt", "xba");
}

/* ---- limits by the minute: a tenth of it at once, then evenly */

static void serve_quickly(struct draw *d)
{
    static const struct crowd crowd = {0, 0};
    draw_serve(d, crowd_handler, (void *)(uintptr_t)&crowd);
}

/* Several requests for providers named by letters, one after the other. */
static int64_t perform_all(struct draw *d, const char *providers, int32_t n)
{
    int64_t start = draw_now_ms();
    apipie_client_set_max_in_flight(d->client, 1);
    draw_more(d, strlen(providers));
    for (size_t i = 0; providers[i]; i++) {
        const char provider[2] = {providers[i], 0};
        apipie_request_set_provider(d->more[i], provider);
        if (n > 0)
            apipie_request_set_n(d->more[i], n);
    }
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), strlen(providers));
    return start;
}

struct rate {
    const char *name, *provider;
    int32_t requests, images, n;
    const char *providers, *order;
    int32_t slowed;
    int64_t least_ms;
};

static const struct rate rates[] = {
    {"requests of a provider", "p", 30, 0, 0, "ppppoo", "pppoop", 5, 1990},
    {"images of a provider", "p", 0, 30, 2, "ppo", "pop", 2, 1990},
    {"requests of all", NULL, 60, 0, 0, "pqrstuv", "pqrstuv", 6, 990},
};

static void spread_over_the_minute(void **state)
{
    struct draw *d = *state;
    const struct rate *row = d->row;
    serve_quickly(d);
    assert_status(apipie_client_set_rate(d->client, row->provider, row->requests, row->images),
                  APIPIE_OK);
    int64_t start = perform_all(d, row->providers, row->n);
    assert_order(d->server, "provider", row->order);
    assert_true(came_ms(d, row->slowed) - start >= row->least_ms);
}

/* Sixty a minute: six at once, then one a second. */
static void evenly_after_the_burst(void **state)
{
    struct draw *d = *state;
    serve_quickly(d);
    assert_status(apipie_client_set_rate(d->client, "p", 60, 0), APIPIE_OK);
    int64_t start = perform_all(d, "pppppppp", 0);
    assert_true(came_ms(d, 6) - start >= 990);
    assert_true(came_ms(d, 7) - start >= 1990);
}

static void a_limit_that_is_taken_back(void **state)
{
    struct draw *d = *state;
    serve_quickly(d);
    draw_more(d, 2);
    assert_status(apipie_client_set_rate(d->client, NULL, 1, 0), APIPIE_OK);
    draw_submit_more(d);
    assert_status(apipie_request_wait(d->more[0], -1), APIPIE_OK);
    assert_status(apipie_request_wait(d->more[1], 200), APIPIE_PENDING);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_status(apipie_client_set_rate(d->client, NULL, 0, 0), APIPIE_OK);
    assert_status(apipie_request_wait(d->more[1], -1), APIPIE_OK); /* within its 20 s */
    assert_int_equal(raw_server_count(d->server, "POST"), 2);
}

static void a_call_that_never_left_counts_not(void **state)
{
    struct draw *d = *state;
    char url[64];
    int port = raw_port_refused(url, sizeof url);
    serve_quickly(d);
    assert_status(apipie_client_set_rate(d->client, NULL, 1, 0), APIPIE_OK);
    apipie_client_set_breaker(d->client, 0, 1);
    apipie_client_set_base_url(d->client, url);
    for (int i = 0; i < 3; i++) {
        draw_again(d);
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CONNECT);
    }
    raw_port_close(port);
    apipie_client_set_base_url(d->client, raw_server_base(d->server));
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK); /* within its 20 s */
}

/* ---- what the server says of its own limits */

struct limit {
    const char *name, *headers, *order;
    int32_t slowed; /* the call that comes 900 ms after the first, at least; 0: none does */
};

static const struct limit limits[] = {
    {"requests", "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 900ms\r\n",
     "ABA", 2},
    {"standard", "RateLimit-Remaining: 0\r\nRateLimit-Reset: 1\r\n", "ABA", 2},
    {"some are left", "x-ratelimit-remaining: 1\r\nx-ratelimit-reset: 15\r\n", "AAB", 0},
    {"nothing is said", "x-ratelimit-reset: 15\r\n", "AAB", 0},
};

/* Only the first call of all hears of a limit. */
static void limit_handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct limit *row = user;
    char headers[256];
    snprintf(headers, sizeof headers, JSON "%s", q->number == 1 ? row->headers : "");
    raw_reply(c, 200, headers, ONE_IMAGE, strlen(ONE_IMAGE));
}

static void the_servers_own_limits(void **state)
{
    struct draw *d = *state;
    const struct limit *row = d->row;
    static const char *const routes[] = {"A", "A", "B"};
    draw_serve(d, limit_handler, (void *)(uintptr_t)row);
    apipie_client_set_max_in_flight(d->client, 1);
    draw_more(d, 3);
    for (int i = 0; i < 3; i++) {
        d->more[i] = apipie_request_unref(d->more[i]);
        d->more[i] = draw_request_for(d->client, routes[i]);
    }
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 3);
    assert_order(d->server, "model", row->order);
    if (row->slowed > 0)
        assert_true(came_ms(d, row->slowed) - came_ms(d, 0) >= 900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(eight_if_nothing_is_said),    DRAW_TEST(never_more_than_said),
        DRAW_TEST(fewer_from_now_on),           DRAW_TEST(who_is_cancelled_makes_room),
        DRAW_TEST(the_deadline_passes_in_line), DRAW_TEST(by_priority),
        DRAW_TEST(equals_keep_their_order),     DRAW_TEST(nobody_waits_for_ever),
        DRAW_TEST(who_is_out_stays_out),        DRAW_TEST(evenly_after_the_burst),
        DRAW_TEST(a_limit_that_is_taken_back),  DRAW_TEST(a_call_that_never_left_counts_not),
    };
    int failed = cmocka_run_group_tests_name("pace", tests, NULL, NULL);
    failed += DRAW_ROWS(spread_over_the_minute, rates);
    failed += DRAW_ROWS(the_servers_own_limits, limits);
    return failed;
}
