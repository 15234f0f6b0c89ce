/* SPDX-License-Identifier: MIT */
/* The two pure decisions about money: what an outcome is, and whether it may be sent again. */
#include "engine/engine_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct apipie_error retry_error(int32_t http_status, int32_t retryable)
{
    struct apipie_error e;
    pie_error_init(&e, &pie_mem_libc);
    e.http_status = http_status;
    e.retryable = retryable;
    return e;
}

static struct pie_retry_ask retry_ask(const struct apipie_error *e, int32_t policy, int32_t outcome)
{
    struct pie_retry_ask ask = {policy, 2, 1, outcome, 0, e, 0, 600000, 0};
    return ask;
}

static int32_t retry_again(int32_t policy, int32_t outcome, int32_t http_status)
{
    struct apipie_error e = retry_error(http_status, 1);
    struct pie_retry_ask ask = retry_ask(&e, policy, outcome);
    return pie_retry_decide(&ask) >= 0;
}

static void policies_hold(void **state)
{
    (void)state;
    /* safe: only what surely was not billed */
    assert_true(retry_again(APIPIE_RETRY_SAFE, APIPIE_OUTCOME_NOT_SENT, 0));
    assert_true(retry_again(APIPIE_RETRY_SAFE, APIPIE_OUTCOME_REJECTED, 425));
    assert_true(retry_again(APIPIE_RETRY_SAFE, APIPIE_OUTCOME_REJECTED, 429));
    assert_true(retry_again(APIPIE_RETRY_SAFE, APIPIE_OUTCOME_REJECTED, 503));
    assert_false(retry_again(APIPIE_RETRY_SAFE, APIPIE_OUTCOME_REJECTED, 400));
    assert_false(retry_again(APIPIE_RETRY_SAFE, APIPIE_OUTCOME_UNKNOWN, 500));
    assert_false(retry_again(APIPIE_RETRY_SAFE, APIPIE_OUTCOME_UNKNOWN, 0));
    assert_false(retry_again(APIPIE_RETRY_SAFE, APIPIE_OUTCOME_DELIVERED, 200));
    /* always: unknown too, what was delivered never */
    assert_true(retry_again(APIPIE_RETRY_ALWAYS, APIPIE_OUTCOME_UNKNOWN, 500));
    assert_true(retry_again(APIPIE_RETRY_ALWAYS, APIPIE_OUTCOME_UNKNOWN, 0));
    assert_false(retry_again(APIPIE_RETRY_ALWAYS, APIPIE_OUTCOME_REJECTED, 400));
    assert_false(retry_again(APIPIE_RETRY_ALWAYS, APIPIE_OUTCOME_DELIVERED, 200));
    /* never */
    assert_false(retry_again(APIPIE_RETRY_NEVER, APIPIE_OUTCOME_NOT_SENT, 0));
    assert_false(retry_again(APIPIE_RETRY_NEVER, APIPIE_OUTCOME_REJECTED, 429));
}

static void waits_are_bounded(void **state)
{
    struct apipie_error e = retry_error(429, 1);
    struct pie_retry_ask ask = retry_ask(&e, APIPIE_RETRY_SAFE, APIPIE_OUTCOME_REJECTED);
    (void)state;
    for (uint64_t i = 0; i < 5000; i += 7) {
        ask.random = i * UINT64_C(0x9E3779B97F4A7C15);
        ask.tries = 1;
        assert_in_range(pie_retry_decide(&ask), 0, 500);
        ask.tries = 2;
        assert_in_range(pie_retry_decide(&ask), 0, 1000);
    }
    ask.retries = 20;
    ask.tries = 20;
    for (uint64_t i = 0; i < 5000; i += 7) {
        ask.random = i * UINT64_C(0x9E3779B97F4A7C15);
        assert_in_range(pie_retry_decide(&ask), 0, 8000);
    }
    ask.tries = 21; /* used up */
    assert_int_equal(pie_retry_decide(&ask), -1);
}

static void the_server_s_wait_counts(void **state)
{
    struct apipie_error e = retry_error(503, 1);
    struct pie_retry_ask ask = retry_ask(&e, APIPIE_RETRY_SAFE, APIPIE_OUTCOME_REJECTED);
    (void)state;
    e.retry_after_ms = 1500;
    assert_int_equal(pie_retry_decide(&ask), 1500);
    e.retry_after_ms = 60000;
    assert_int_equal(pie_retry_decide(&ask), 60000);
    e.retry_after_ms = 60001; /* past the cap the request fails at once */
    assert_int_equal(pie_retry_decide(&ask), -1);
    e.retry_after_ms = 1500;
    ask.deadline_ms = 1500; /* a wait up to the deadline only delays the bad news */
    assert_int_equal(pie_retry_decide(&ask), -1);
}

static void outcomes_are_told_apart(void **state)
{
    static const struct {
        int32_t sent, status, refused, want;
    } rows[] = {
        {0, 0, 0, APIPIE_OUTCOME_NOT_SENT},   {1, 0, 0, APIPIE_OUTCOME_UNKNOWN},
        {1, 400, 0, APIPIE_OUTCOME_REJECTED}, {1, 401, 0, APIPIE_OUTCOME_REJECTED},
        {1, 402, 0, APIPIE_OUTCOME_REJECTED}, {1, 403, 0, APIPIE_OUTCOME_REJECTED},
        {1, 404, 0, APIPIE_OUTCOME_REJECTED}, {1, 405, 0, APIPIE_OUTCOME_REJECTED},
        {1, 408, 0, APIPIE_OUTCOME_UNKNOWN},  {1, 409, 0, APIPIE_OUTCOME_UNKNOWN},
        {1, 413, 0, APIPIE_OUTCOME_REJECTED}, {1, 415, 0, APIPIE_OUTCOME_REJECTED},
        {1, 422, 0, APIPIE_OUTCOME_REJECTED}, {1, 424, 0, APIPIE_OUTCOME_UNKNOWN},
        {1, 425, 1, APIPIE_OUTCOME_REJECTED}, {1, 429, 1, APIPIE_OUTCOME_REJECTED},
        {1, 499, 0, APIPIE_OUTCOME_UNKNOWN},  {1, 500, 0, APIPIE_OUTCOME_UNKNOWN},
        {1, 502, 0, APIPIE_OUTCOME_UNKNOWN},  {1, 503, 0, APIPIE_OUTCOME_UNKNOWN},
        {1, 503, 1, APIPIE_OUTCOME_REJECTED}, {1, 504, 0, APIPIE_OUTCOME_UNKNOWN},
        {1, 200, 0, APIPIE_OUTCOME_UNKNOWN},  {1, 307, 0, APIPIE_OUTCOME_REJECTED},
        {1, 303, 0, APIPIE_OUTCOME_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        struct apipie_error e = retry_error(rows[i].status, 1);
        struct pie_outcome o;
        pie_outcome_init(&o, &pie_mem_libc);
        e.refused = rows[i].refused;
        o.sent = rows[i].sent;
        o.status = rows[i].status;
        if (pie_verdict_outcome(&o, &e) != rows[i].want)
            fail_msg("row %d (status %d)", (int)i, (int)rows[i].status);
        pie_outcome_free(&o);
    }
}

static void keys_are_masked(void **state)
{
    struct apipie_error e;
    (void)state;
    pie_error_init(&e, &pie_mem_libc);
    pie_error_set(&e, APIPIE_E_AUTH, "", "Incorrect API key: my-secret-key; also sk-abcdef123, not ask-me",
                  NULL, NULL);
    pie_buf_add_text(&e.body, "{\"key\":\"my-secret-key\"}");
    pie_verdict_mask(&e, "my-secret-key");
    assert_null(strstr(e.message, "my-secret"));
    assert_null(strstr(e.message, "abcdef"));
    assert_non_null(strstr(e.message, "not ask-me"));
    assert_null(strstr(e.body.p, "my-secret"));
    pie_error_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_hold),            cmocka_unit_test(waits_are_bounded),
        cmocka_unit_test(the_server_s_wait_counts), cmocka_unit_test(outcomes_are_told_apart),
        cmocka_unit_test(keys_are_masked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
