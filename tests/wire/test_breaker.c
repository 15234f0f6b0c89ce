/* SPDX-License-Identifier: MIT */
/* When a route that fails rests, who finds out whether it works again, and what those do who wait for it: read off the calls
 * that the server received. Knows the public API alone. */
#include "../support/draw.h"

#include <string.h>

#define SOON "Content-Type: application/json\r\nretry-after-ms: 1\r\n"

static const struct draw_reply good = {200, NULL, ONE_IMAGE};
static const struct draw_reply broken = {500, SOON, "{\"error\":{\"message\":\"it broke\"}}"};
static const struct draw_reply busy = {429, NULL, "{}"};
static const struct draw_reply no_model = {404, SOON, "{}"};
static const struct draw_reply no_credit = {402, SOON, "{}"};
static const struct draw_reply bad_key = {401, SOON, "{}"};
static const struct draw_reply refused_content = {
    400, SOON, "{\"error\":{\"code\":\"content_policy_violation\",\"message\":\"m\"}}"};

static void use_routes(struct draw *d, const char *routes, int32_t policy, int32_t retries)
{
    d->request = apipie_request_unref(d->request);
    d->request = draw_request_for(d->client, routes);
    apipie_request_set_retry(d->request, policy, retries);
}

static int64_t came_ms(const struct draw *d, int32_t index)
{
    const struct raw_request *q = raw_server_request(d->server, index);
    assert_non_null(q);
    return q->came_ms;
}

static void perform_failing(struct draw *d, const char *routes, int32_t times)
{
    for (int32_t i = 0; i < times; i++) {
        use_routes(d, routes, APIPIE_RETRY_NEVER, 0);
        assert_true(apipie_request_perform(d->request) < 0);
    }
}

static void a_resting_route_is_passed_over(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {{DRAW_REPLIES(&broken)}, 0};
    draw_serve_stage(d, &stage);
    apipie_client_set_breaker(d->client, 3, 60000);
    perform_failing(d, "A", 3);
    use_routes(d, "AB", APIPIE_RETRY_SAFE, 0);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_order(d->server, "model", "AAAB");
    assert_int_equal(apipie_request_attempt_count(d->request), 2);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_NOT_SENT);
    assert_status(apipie_request_attempt_status(d->request, 0), APIPIE_E_UNAVAILABLE);
    assert_string_equal(apipie_request_attempt_model(d->request, 0), "A");
    assert_string_equal(apipie_request_attempt_provider(d->request, 0), "pA");
    assert_contains(apipie_request_attempt_message(d->request, 0), "it broke");
    assert_int_equal(apipie_request_attempt_billed(d->request, 0), APIPIE_BILLED_NO);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 1), APIPIE_OUTCOME_DELIVERED);
    assert_string_equal(apipie_request_attempt_model(d->request, 1), "B");
    assert_int_equal(apipie_request_tries(d->request), 1);
}

static void without_another_route(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {{DRAW_REPLIES(&broken)}, 0};
    draw_serve_stage(d, &stage);
    apipie_client_set_breaker(d->client, 3, 60000);
    perform_failing(d, "A", 3);
    use_routes(d, "A", APIPIE_RETRY_SAFE, 0);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_UNAVAILABLE);
    assert_int_equal(raw_server_count(d->server, "POST"), 3);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_int_equal(apipie_error_is_retryable(draw_error(d)), 1);
    assert_in_range(apipie_error_retry_after(draw_error(d)), 1, 60000);
    assert_contains(apipie_error_message(draw_error(d)), "it broke");
    assert_int_equal(apipie_request_tries(d->request), 0);
    assert_int_equal(apipie_request_attempt_count(d->request), 1);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_NOT_SENT);
}

static void all_routes_rest(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {{DRAW_REPLIES(&broken), DRAW_REPLIES(&broken)}, 0};
    draw_serve_stage(d, &stage);
    apipie_client_set_breaker(d->client, 2, 60000);
    perform_failing(d, "A", 2);
    perform_failing(d, "B", 2);
    use_routes(d, "AB", APIPIE_RETRY_ALWAYS, 0);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_UNAVAILABLE);
    assert_order(d->server, "model", "AABB");
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
}

static void only_failures_in_a_row_count(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {{DRAW_REPLIES(&broken, &broken, &good, &broken)}, 0};
    draw_serve_stage(d, &stage);
    apipie_client_set_breaker(d->client, 3, 60000);
    perform_failing(d, "A", 2);
    use_routes(d, "A", APIPIE_RETRY_NEVER, 0);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    perform_failing(d, "A", 3);
    use_routes(d, "AB", APIPIE_RETRY_SAFE, 0);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_order(d->server, "model", "AAAAAAB");
}

static void what_is_no_fault_of_the_route(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {
        {DRAW_REPLIES(&no_model, &refused_content, &busy, &no_credit, &bad_key, &good)}, 0};
    draw_serve_stage(d, &stage);
    apipie_client_set_breaker(d->client, 2, 60000);
    perform_failing(d, "A", 5);
    use_routes(d, "AB", APIPIE_RETRY_NEVER, 0);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_order(d->server, "model", "AAAAAA");
}

static void no_breaker(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {{DRAW_REPLIES(&broken)}, 0};
    draw_serve_stage(d, &stage);
    apipie_client_set_breaker(d->client, 0, 60000);
    perform_failing(d, "A", 7);
    assert_order(d->server, "model", "AAAAAAA");
}

/* The other route has a breaker of its own. */
static void the_probe_is_waited_for_and_closes(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {{DRAW_REPLIES(&broken, &broken, &broken, &good)}, 0};
    draw_serve_stage(d, &stage);
    apipie_client_set_breaker(d->client, 3, 700);
    perform_failing(d, "A", 3);
    use_routes(d, "A", APIPIE_RETRY_SAFE, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_order(d->server, "model", "AAAA");
    assert_true(came_ms(d, 3) - came_ms(d, 2) >= 700);
    assert_int_equal(apipie_request_tries(d->request), 1);
    use_routes(d, "A", APIPIE_RETRY_SAFE, 0);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(apipie_request_attempt_count(d->request), 1);
}

static void a_failed_probe_doubles_the_rest(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {{DRAW_REPLIES(&broken, &broken, &broken, &good)}, 0};
    draw_serve_stage(d, &stage);
    apipie_client_set_breaker(d->client, 2, 400);
    perform_failing(d, "A", 2);
    draw_sleep_ms(450);
    perform_failing(d, "A", 1);
    use_routes(d, "A", APIPIE_RETRY_SAFE, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_order(d->server, "model", "AAAA");
    assert_true(came_ms(d, 2) - came_ms(d, 1) >= 400);
    assert_true(came_ms(d, 3) - came_ms(d, 2) >= 800);
}

static void exactly_one_probe(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {{DRAW_REPLIES(&broken, &broken, &good)}, 400};
    draw_serve_stage(d, &stage);
    apipie_client_set_breaker(d->client, 2, 500);
    perform_failing(d, "A", 2);
    draw_more(d, 5);
    for (int i = 0; i < 5; i++) {
        apipie_request_add_route(d->more[i], NULL, "pA", "A");
        apipie_request_set_retry(d->more[i], APIPIE_RETRY_SAFE, 5);
    }
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 5);
    assert_int_equal(raw_server_count(d->server, "POST"), 7);
    assert_true(came_ms(d, 2) - came_ms(d, 1) >= 500);
    assert_true(came_ms(d, 3) - came_ms(d, 2) >= 400); /* not before the probe's answer */
}

/* Who has another route does not wait for a probe. */
static void beside_the_probe(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {{DRAW_REPLIES(&broken, &broken, &good)}, 400};
    draw_serve_stage(d, &stage);
    apipie_client_set_breaker(d->client, 2, 300);
    perform_failing(d, "A", 2);
    draw_sleep_ms(350);
    use_routes(d, "A", APIPIE_RETRY_SAFE, 0);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    while (raw_server_count(d->server, "POST") < 3)
        assert_status(apipie_request_wait(d->request, 10), APIPIE_PENDING);
    draw_more(d, 1);
    apipie_request_add_route(d->more[0], NULL, "pA", "A");
    apipie_request_add_route(d->more[0], NULL, "pB", "B");
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 1);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_OK);
    assert_order(d->server, "model", "AAAB");
    assert_int_equal(apipie_request_attempt_count(d->more[0]), 2);
    assert_status(apipie_request_attempt_status(d->more[0], 0), APIPIE_E_UNAVAILABLE);
}

static void a_cancelled_probe_leaves_it_to_the_next(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {{DRAW_REPLIES(&broken, &broken, &good)}, 300};
    draw_serve_stage(d, &stage);
    apipie_client_set_breaker(d->client, 2, 300);
    perform_failing(d, "A", 2);
    use_routes(d, "A", APIPIE_RETRY_SAFE, 2);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    while (raw_server_count(d->server, "POST") < 3)
        assert_status(apipie_request_wait(d->request, 10), APIPIE_PENDING);
    apipie_request_cancel(d->request);
    assert_status(apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    use_routes(d, "A", APIPIE_RETRY_SAFE, 0);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_order(d->server, "model", "AAAA");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_resting_route_is_passed_over),
        DRAW_TEST(without_another_route),
        DRAW_TEST(all_routes_rest),
        DRAW_TEST(only_failures_in_a_row_count),
        DRAW_TEST(what_is_no_fault_of_the_route),
        DRAW_TEST(no_breaker),
        DRAW_TEST(the_probe_is_waited_for_and_closes),
        DRAW_TEST(a_failed_probe_doubles_the_rest),
        DRAW_TEST(exactly_one_probe),
        DRAW_TEST(beside_the_probe),
        DRAW_TEST(a_cancelled_probe_leaves_it_to_the_next),
    };
    return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
