/* SPDX-License-Identifier: MIT */
/* The circuit breaker on a fake clock: every transition, one probe at a time, late news. */
#include "engine/breaker_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { BREAKER_BAD = 0, BREAKER_GOOD = 1, BREAKER_NOTHING = -1 };

/* A request that goes and ends at once. */
static void one(struct pie_breaker *b, int32_t good, int64_t now_ms)
{
    assert_true(pie_breaker_ready(b, now_ms) == 0);
    pie_breaker_report(b, pie_breaker_enter(b, now_ms), good, now_ms);
}

static void fail_times(struct pie_breaker *b, int32_t times, int64_t now_ms)
{
    for (int32_t i = 0; i < times; i++)
        one(b, BREAKER_BAD, now_ms);
}

/* Fresh, opened at `now_ms`. */
static void opened(struct pie_breaker *b, int64_t now_ms)
{
    pie_breaker_init(b, PIE_BREAKER_FAILURES, PIE_BREAKER_REST_MS);
    fail_times(b, PIE_BREAKER_FAILURES, now_ms);
    assert_int_equal(b->state, PIE_BREAKER_OPEN);
}

/* Opened, rested, and its probe is out. */
static void probed(struct pie_breaker *b, int64_t now_ms)
{
    opened(b, now_ms - PIE_BREAKER_REST_MS);
    assert_true(pie_breaker_ready(b, now_ms) == 0);
    assert_int_equal(pie_breaker_enter(b, now_ms), 1);
}

static void it_opens_after_so_many_in_a_row(void **state)
{
    struct pie_breaker b;
    (void)state;
    pie_breaker_init(&b, 5, 10000);
    fail_times(&b, 4, 100);
    assert_int_equal(b.state, PIE_BREAKER_CLOSED);
    assert_true(pie_breaker_ready(&b, 100) == 0);
    fail_times(&b, 1, 200);
    assert_int_equal(b.state, PIE_BREAKER_OPEN);
    assert_true(pie_breaker_ready(&b, 200) == 10200);
    assert_true(pie_breaker_ready(&b, 10199) == 10200);
    assert_int_equal(b.state, PIE_BREAKER_OPEN);

    pie_breaker_init(&b, 1, 3);
    fail_times(&b, 1, 0);
    assert_true(pie_breaker_ready(&b, 2) == 3);
}

static void a_success_ends_the_row(void **state)
{
    struct pie_breaker b;
    (void)state;
    pie_breaker_init(&b, 5, 10000);
    for (int32_t i = 0; i < 100; i++) {
        fail_times(&b, 4, i);
        one(&b, BREAKER_GOOD, i);
    }
    assert_int_equal(b.state, PIE_BREAKER_CLOSED);
    /* What says nothing neither ends the row nor is part of it. */
    fail_times(&b, 4, 200);
    for (int32_t i = 0; i < 20; i++)
        one(&b, BREAKER_NOTHING, 200);
    assert_int_equal(b.state, PIE_BREAKER_CLOSED);
    fail_times(&b, 1, 200);
    assert_int_equal(b.state, PIE_BREAKER_OPEN);
}

static void limit_zero_never_opens(void **state)
{
    struct pie_breaker b;
    (void)state;
    for (int32_t limit = -1; limit <= 0; limit++) {
        pie_breaker_init(&b, limit, 10000);
        fail_times(&b, 100000, 5);
        assert_int_equal(b.state, PIE_BREAKER_CLOSED);
        assert_int_equal(pie_breaker_enter(&b, 5), 0);
    }
}

static void only_time_leads_out_of_a_rest(void **state)
{
    struct pie_breaker b;
    (void)state;
    opened(&b, 1000);
    /* Asking and going without leave change nothing. */
    for (int64_t now = 1000; now < 11000; now += 99) {
        assert_true(pie_breaker_ready(&b, now) == 11000);
        assert_int_equal(pie_breaker_enter(&b, now), 0);
        assert_int_equal(b.state, PIE_BREAKER_OPEN);
    }
    assert_true(pie_breaker_ready(&b, 10999) == 11000);
    assert_true(pie_breaker_ready(&b, 11000) == 0);
    assert_int_equal(b.state, PIE_BREAKER_HALF_OPEN);
    /* Nobody went: it stays so, for as long as nobody goes. */
    assert_true(pie_breaker_ready(&b, 99999999) == 0);
    assert_int_equal(b.state, PIE_BREAKER_HALF_OPEN);
}

static void there_is_one_probe(void **state)
{
    struct pie_breaker b;
    int32_t probes = 0;
    (void)state;
    opened(&b, 0);
    for (int32_t i = 0; i < 50; i++) {
        if (pie_breaker_ready(&b, 20000 + i) == 0)
            probes += pie_breaker_enter(&b, 20000 + i);
    }
    assert_int_equal(probes, 1);
    assert_true(pie_breaker_ready(&b, 20050) == INT64_MAX);
    assert_int_equal(pie_breaker_enter(&b, 20050), 0);
    /* Time alone does not make a second one. */
    assert_true(pie_breaker_ready(&b, 9000000) == INT64_MAX);

    /* The first to go is the probe even if nobody asked before. */
    opened(&b, 0);
    assert_int_equal(pie_breaker_enter(&b, 10000), 1);
    assert_int_equal(b.state, PIE_BREAKER_HALF_OPEN);
}

static void a_good_probe_closes(void **state)
{
    struct pie_breaker b;
    (void)state;
    probed(&b, 50000);
    pie_breaker_report(&b, 1, BREAKER_GOOD, 50100);
    assert_int_equal(b.state, PIE_BREAKER_CLOSED);
    for (int32_t i = 0; i < 20; i++)
        assert_int_equal(pie_breaker_enter(&b, 50100), 0);
    assert_true(pie_breaker_ready(&b, 50100) == 0);
    /* A new row has to be as long as the first, and its rest is the first rest. */
    fail_times(&b, 4, 60000);
    assert_int_equal(b.state, PIE_BREAKER_CLOSED);
    fail_times(&b, 1, 60000);
    assert_true(pie_breaker_ready(&b, 60000) == 70000);
}

static void failed_probes_double_the_rest(void **state)
{
    static const int64_t rests[] = {20000, 40000, 80000, 120000, 120000, 120000};
    struct pie_breaker b;
    int64_t now = 10000;
    (void)state;
    opened(&b, 0);
    for (size_t i = 0; i < PIE_COUNT(rests); i++) {
        assert_true(pie_breaker_ready(&b, now - 1) == now);
        assert_true(pie_breaker_ready(&b, now) == 0);
        assert_int_equal(pie_breaker_enter(&b, now), 1);
        now += 7; /* the rest counts from the end of the probe */
        pie_breaker_report(&b, 1, BREAKER_BAD, now);
        assert_int_equal(b.state, PIE_BREAKER_OPEN);
        now += rests[i];
    }
    /* After a good one the next rest is the first again. */
    one(&b, BREAKER_GOOD, now);
    fail_times(&b, 5, now);
    assert_true(pie_breaker_ready(&b, now) == now + PIE_BREAKER_REST_MS);
}

static void a_probe_that_says_nothing_frees_its_place(void **state)
{
    struct pie_breaker b;
    (void)state;
    probed(&b, 50000);
    for (int32_t i = 0; i < 10; i++) {
        assert_true(pie_breaker_ready(&b, 50000 + i) == INT64_MAX);
        pie_breaker_report(&b, 1, BREAKER_NOTHING, 50000 + i);
        assert_int_equal(b.state, PIE_BREAKER_HALF_OPEN);
        assert_true(pie_breaker_ready(&b, 50000 + i) == 0); /* at once, no rest */
        assert_int_equal(pie_breaker_enter(&b, 50000 + i), 1);
    }
    /* It did not count as a failed one either. */
    pie_breaker_report(&b, 1, BREAKER_BAD, 60000);
    assert_true(pie_breaker_ready(&b, 60000) == 80000);
}

static void late_news_change_nothing(void **state)
{
    static const int32_t news[] = {BREAKER_GOOD, BREAKER_BAD, BREAKER_NOTHING};
    struct pie_breaker b;
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(news); i++) {
        opened(&b, 1000);
        for (int32_t times = 0; times < 9; times++)
            pie_breaker_report(&b, 0, news[i], 5000);
        assert_int_equal(b.state, PIE_BREAKER_OPEN);
        assert_true(pie_breaker_ready(&b, 5000) == 11000);

        assert_true(pie_breaker_ready(&b, 11000) == 0); /* half-open, nobody out */
        for (int32_t times = 0; times < 9; times++)
            pie_breaker_report(&b, 0, news[i], 11000);
        assert_int_equal(b.state, PIE_BREAKER_HALF_OPEN);
        assert_true(pie_breaker_ready(&b, 11000) == 0);

        assert_int_equal(pie_breaker_enter(&b, 11000), 1); /* half-open, the probe out */
        for (int32_t times = 0; times < 9; times++)
            pie_breaker_report(&b, 0, news[i], 12000);
        assert_int_equal(b.state, PIE_BREAKER_HALF_OPEN);
        assert_true(pie_breaker_ready(&b, 12000) == INT64_MAX);
        pie_breaker_report(&b, 1, BREAKER_BAD, 13000);
        assert_true(pie_breaker_ready(&b, 13000) == 33000);
    }
}

/* A probe that is reported a second time says nothing new. */
static void a_probe_counts_once(void **state)
{
    static const int32_t first[] = {BREAKER_GOOD, BREAKER_BAD, BREAKER_NOTHING};
    static const int32_t left[] = {PIE_BREAKER_CLOSED, PIE_BREAKER_OPEN, PIE_BREAKER_HALF_OPEN};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(first); i++) {
        for (int32_t again = -1; again <= 1; again++) {
            struct pie_breaker b;
            probed(&b, 50000);
            pie_breaker_report(&b, 1, first[i], 50000);
            pie_breaker_report(&b, 1, again, 50001);
            assert_int_equal(b.state, left[i]);
            if (b.state == PIE_BREAKER_OPEN)
                assert_true(pie_breaker_ready(&b, 50001) == 70000);
        }
    }
}

static void odd_rests_do_no_harm(void **state)
{
    struct pie_breaker b;
    (void)state;
    /* Longer than the maximum: kept, not doubled, not cut. */
    pie_breaker_init(&b, 1, 86400000);
    one(&b, BREAKER_BAD, 0);
    assert_true(pie_breaker_ready(&b, 0) == 86400000);
    one(&b, BREAKER_BAD, 86400000);
    assert_true(pie_breaker_ready(&b, 86400000) == 172800000);
    /* For ever. */
    pie_breaker_init(&b, 1, INT64_MAX);
    one(&b, BREAKER_BAD, 5);
    assert_true(pie_breaker_ready(&b, INT64_MAX - 1) == INT64_MAX);
    /* None: every failure is followed by a probe. */
    for (int64_t rest = -5; rest <= 0; rest += 5) {
        pie_breaker_init(&b, 2, rest);
        fail_times(&b, 2, 9);
        assert_true(pie_breaker_ready(&b, 9) == 0);
        assert_int_equal(pie_breaker_enter(&b, 9), 1);
        assert_true(pie_breaker_ready(&b, 9) == INT64_MAX);
        pie_breaker_report(&b, 1, BREAKER_BAD, 9);
        assert_true(pie_breaker_ready(&b, 9) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_after_so_many_in_a_row),
        cmocka_unit_test(a_success_ends_the_row),
        cmocka_unit_test(limit_zero_never_opens),
        cmocka_unit_test(only_time_leads_out_of_a_rest),
        cmocka_unit_test(there_is_one_probe),
        cmocka_unit_test(a_good_probe_closes),
        cmocka_unit_test(failed_probes_double_the_rest),
        cmocka_unit_test(a_probe_that_says_nothing_frees_its_place),
        cmocka_unit_test(late_news_change_nothing),
        cmocka_unit_test(a_probe_counts_once),
        cmocka_unit_test(odd_rests_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
