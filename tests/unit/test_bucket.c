/* SPDX-License-Identifier: MIT */
/* The token bucket on a fake clock, over hours at odd rates; and what servers say of theirs. */
#include "engine/bucket_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define MINUTE_US INT64_C(60000000)
#define HOURS     5

/* A start that is no round number, as a steady clock's is. */
#define START_US INT64_C(86400123457)

static const int64_t bucket_rates[] = {1, 7, 11, 59, 60, 61, 600, 1000, 1009};

/* xorshift64*: the same numbers in every run. */
static uint64_t bucket_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* Takes one as soon as it may; the times. */
static int64_t *greedy_times(struct pie_bucket *b, size_t count)
{
    int64_t now = START_US;
    int64_t *at = calloc(count, sizeof(*at));
    assert_non_null(at);
    for (size_t i = 0; i < count; i++) {
        int64_t ready = pie_bucket_ready(b, 1, now);
        now = ready > now ? ready : now;
        assert_true(pie_bucket_ready(b, 1, now) <= now);
        pie_bucket_take(b, 1, now);
        at[i] = now;
    }
    return at;
}

/* How many of the times, which ascend, are before `limit`. */
static size_t times_before(const int64_t *at, size_t count, int64_t limit)
{
    size_t from = 0;
    while (from < count) {
        size_t middle = from + (count - from) / 2;
        if (at[middle] < limit)
            from = middle + 1;
        else
            count = middle;
    }
    return from;
}

static size_t in_minute(const int64_t *at, size_t count, int64_t start)
{
    return times_before(at, count, start + MINUTE_US) - times_before(at, count, start);
}

static void every_minute_has_exactly_so_many(int64_t rate)
{
    struct pie_bucket b;
    pie_bucket_init(&b, rate, START_US);
    size_t burst = (size_t)(rate >= 10 ? rate / 10 : 1);
    size_t count = burst + (size_t)rate * HOURS * 60;
    int64_t *at = greedy_times(&b, count);
    assert_int_equal(b.burst, (int64_t)burst);
    for (size_t i = 0; i < burst; i++)
        assert_true(at[i] == START_US);
    /* The last of the burst is the first at the even pace. From there on: all minutes that begin at
     * one, right after one, or between two. */
    const int64_t *even = at + burst - 1;
    size_t even_count = count - burst + 1;
    for (size_t i = 0; i + (size_t)rate + 1 < even_count; i++) {
        int64_t between = even[i] + (even[i + 1] - even[i]) / 2;
        assert_int_equal(in_minute(even, even_count, even[i]), rate);
        assert_int_equal(in_minute(even, even_count, even[i] + 1), rate);
        assert_int_equal(in_minute(even, even_count, between), rate);
    }
    /* And to the microsecond after all those hours. */
    assert_true(at[count - 1] == START_US + HOURS * 60 * MINUTE_US);
    free(at);
}

static void rates_are_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(bucket_rates); i++)
        every_minute_has_exactly_so_many(bucket_rates[i]);
}

/* Whoever comes when, in hurries and after pauses; some are given back at once. */
static void no_minute_has_too_many(void **state)
{
    enum { TAKEN = 20000 };
    int64_t *at = calloc(TAKEN, sizeof(*at));
    uint64_t random = 99;
    (void)state;
    assert_non_null(at);
    for (size_t r = 0; r < PIE_COUNT(bucket_rates); r++) {
        struct pie_bucket b;
        int64_t now = START_US;
        pie_bucket_init(&b, bucket_rates[r], now);
        for (size_t i = 0; i < TAKEN;) {
            uint64_t mood = bucket_random(&random) % 64;
            if (mood == 0) /* a pause: the bucket fills */
                now += (int64_t)(bucket_random(&random) % (uint64_t)(2 * MINUTE_US));
            else if (mood < 8)
                now += (int64_t)(bucket_random(&random) % (uint64_t)(2 * MINUTE_US / b.per_minute));
            int64_t ready = pie_bucket_ready(&b, 1, now);
            now = ready > now ? ready : now;
            pie_bucket_take(&b, 1, now);
            if (mood % 5 == 3)
                pie_bucket_give_back(&b, 1, now);
            else
                at[i++] = now;
        }
        size_t most = (size_t)(b.per_minute + b.burst - 1);
        for (size_t i = 0; i < TAKEN; i++)
            assert_in_range(in_minute(at, TAKEN, at[i]), 1, most);
    }
    free(at);
}

static void a_pause_saves_up_one_burst(void **state)
{
    struct pie_bucket b;
    int64_t now = START_US;
    (void)state;
    pie_bucket_init(&b, 60, now);
    for (int32_t day = 0; day < 10; day++) {
        for (int32_t i = 0; i < 6; i++) {
            assert_true(pie_bucket_ready(&b, 1, now) <= now);
            pie_bucket_take(&b, 1, now);
        }
        assert_true(pie_bucket_ready(&b, 1, now) == now + 1000000);
        assert_true(pie_bucket_ready(&b, 3, now) == now + 3000000);
        assert_true(pie_bucket_ready(&b, 6, now) == now + 6000000);
        now += 24 * 60 * MINUTE_US;
    }
    /* What a pause leaves is no part of a microsecond either. */
    pie_bucket_init(&b, 7, now);
    for (int32_t i = 0; i < 20; i++) {
        pie_bucket_take(&b, 1, now);
        assert_true(pie_bucket_ready(&b, 1, now) == now + 8571429);
        now += MINUTE_US;
    }
}

static void what_is_given_back_is_there_again(void **state)
{
    struct pie_bucket b;
    int64_t now = START_US;
    (void)state;
    pie_bucket_init(&b, 7, now);
    for (int32_t i = 0; i < 100000; i++) { /* no drift either */
        pie_bucket_take(&b, 1, now);
        assert_true(pie_bucket_ready(&b, 1, now) == now + 8571429);
        pie_bucket_give_back(&b, 1, now);
        assert_true(pie_bucket_ready(&b, 1, now) <= now);
    }
    /* Half way back: the time that has passed counts. */
    pie_bucket_init(&b, 60, now);
    pie_bucket_take(&b, 6, now);
    pie_bucket_give_back(&b, 2, now + 500000);
    assert_true(pie_bucket_ready(&b, 2, now + 500000) <= now + 500000);
    assert_true(pie_bucket_ready(&b, 3, now + 500000) == now + 1000000);
    /* Never more than full. */
    pie_bucket_give_back(&b, 1000, now + 500000);
    pie_bucket_take(&b, 6, now + 500000);
    assert_true(pie_bucket_ready(&b, 1, now + 500000) == now + 1500000);
    /* Given back late, when it had filled up anyway. */
    pie_bucket_init(&b, 60, now);
    pie_bucket_take(&b, 3, now);
    now += 2 * MINUTE_US;
    pie_bucket_give_back(&b, 3, now);
    pie_bucket_take(&b, 6, now);
    assert_true(pie_bucket_ready(&b, 1, now) == now + 1000000);
}

/* A large request waits until the bucket is full, takes all it needs, and the others pay for it. */
static void more_than_the_burst_waits_but_goes(void **state)
{
    struct pie_bucket b;
    int64_t now = START_US;
    (void)state;
    pie_bucket_init(&b, 60, now);
    assert_true(pie_bucket_ready(&b, 10, now) <= now);
    pie_bucket_take(&b, 10, now); /* 6 are there, 4 are owed */
    assert_true(pie_bucket_ready(&b, 1, now) == now + 5000000);
    assert_true(pie_bucket_ready(&b, 6, now) == now + 10000000);
    assert_true(pie_bucket_ready(&b, 10, now) == now + 10000000);
    assert_true(pie_bucket_ready(&b, INT64_MAX, now) == now + 10000000);
    /* At a rate that no microsecond divides: 7 times 4 images are 4 minutes of 7. */
    pie_bucket_init(&b, 7, now);
    for (int64_t i = 0; i < 70000; i++) {
        int64_t ready = pie_bucket_ready(&b, 4, now);
        now = ready > now ? ready : now;
        if (i % 7 == 0)
            assert_true(now == START_US + i / 7 * 4 * MINUTE_US);
        pie_bucket_take(&b, 4, now);
    }
}

static void no_rate_is_no_limit(void **state)
{
    struct pie_bucket b;
    (void)state;
    for (int64_t rate = -60; rate <= 0; rate += 60) {
        pie_bucket_init(&b, rate, START_US);
        for (int32_t i = 0; i < 1000; i++) {
            assert_true(pie_bucket_ready(&b, INT64_MAX, START_US) <= START_US);
            pie_bucket_take(&b, 1000000, START_US);
        }
        pie_bucket_give_back(&b, 5, START_US);
        assert_true(pie_bucket_ready(&b, 1, START_US) <= START_US);
    }
    /* Nothing can always be taken. */
    pie_bucket_init(&b, 1, START_US);
    pie_bucket_take(&b, 5, START_US);
    assert_true(pie_bucket_ready(&b, 0, START_US) <= START_US);
    pie_bucket_take(&b, 0, START_US);
    pie_bucket_take(&b, -3, START_US); /* no way to get some */
    assert_true(pie_bucket_ready(&b, 1, START_US) == START_US + 5 * MINUTE_US);
    pie_bucket_give_back(&b, -3, START_US);
    assert_true(pie_bucket_ready(&b, 1, START_US) == START_US + 5 * MINUTE_US);
}

static void absurd_numbers_do_no_harm(void **state)
{
    static const int64_t rates[] = {1, 1000000007, INT64_MAX};
    (void)state;
    for (size_t r = 0; r < PIE_COUNT(rates); r++) {
        struct pie_bucket b;
        pie_bucket_init(&b, rates[r], START_US);
        for (int32_t i = 0; i < 1000; i++)
            pie_bucket_take(&b, INT64_MAX, START_US);
        assert_true(pie_bucket_ready(&b, 1, START_US) > START_US + 500 * MINUTE_US);
        for (int32_t i = 0; i < 3000; i++)
            pie_bucket_give_back(&b, INT64_MAX, START_US);
        assert_true(pie_bucket_ready(&b, 1, START_US) <= START_US);
    }
}

/* ---- headers */

#define PAIR_REQUESTS "x-ratelimit-remaining-requests", "0", "x-ratelimit-reset-requests"
#define PAIR_PLAIN    "x-ratelimit-remaining", "0", "x-ratelimit-reset"
#define PAIR_IETF     "ratelimit-remaining", "0", "ratelimit-reset"

/* Our clock: 2023-11-14 22:13:20 UTC. */
#define NOW_MS INT64_C(1700000000000)

struct limit_row {
    int64_t want;
    const char *text[9]; /* name, value, ..., NULL */
};

static int64_t limit_pause(const char *const *text)
{
    struct pie_headers h;
    pie_headers_init(&h, &pie_mem_libc);
    for (size_t i = 0; text[i] != NULL; i += 2)
        assert_int_equal(pie_headers_add(&h, pie_slice_text(text[i]), pie_slice_text(text[i + 1])),
                         APIPIE_OK);
    int64_t ms = pie_ratelimit_pause(&h, NOW_MS);
    pie_headers_free(&h);
    return ms;
}

static void check_rows(const struct limit_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t got = limit_pause(rows[i].text);
        if (got != rows[i].want)
            fail_msg("row %d (%s): %d instead of %d", (int)i,
                     rows[i].text[0] != NULL ? rows[i].text[1] : "", (int)got, (int)rows[i].want);
    }
}

static void pauses_come_from_pairs(void **state)
{
    static const struct limit_row rows[] = {
        {0, {NULL}},
        {0, {"content-type", "application/json", NULL}},
        {1000, {PAIR_REQUESTS, "1s", NULL}},
        {1000, {PAIR_PLAIN, "1s", NULL}},
        {1000, {PAIR_IETF, "1", NULL}},
        {1000, {"X-RateLimit-Remaining", "0", "X-RATELIMIT-RESET", "1", NULL}},
        {1000, {"x-ratelimit-reset", "1", "x-ratelimit-remaining", "0", NULL}},
        /* something remains */
        {0, {"x-ratelimit-remaining", "1", "x-ratelimit-reset", "30", NULL}},
        {0, {"x-ratelimit-remaining-requests", "59", "x-ratelimit-reset-requests", "1s", NULL}},
        {0, {"ratelimit-remaining", "99999999999999999999", "ratelimit-reset", "5", NULL}},
        {0, {"x-ratelimit-remaining", "1.0", "x-ratelimit-reset", "30", NULL}},
        /* less than one */
        {30000, {"x-ratelimit-remaining", "0.0", "x-ratelimit-reset", "30", NULL}},
        {30000, {"x-ratelimit-remaining", "0.7", "x-ratelimit-reset", "30", NULL}},
        {30000, {"x-ratelimit-remaining", " 00 ", "x-ratelimit-reset", "\t30 ", NULL}},
        /* nonsense remains */
        {0, {"x-ratelimit-remaining", "", "x-ratelimit-reset", "30", NULL}},
        {0, {"x-ratelimit-remaining", "-1", "x-ratelimit-reset", "30", NULL}},
        {0, {"x-ratelimit-remaining", "none", "x-ratelimit-reset", "30", NULL}},
        {0, {"x-ratelimit-remaining", "0x0", "x-ratelimit-reset", "30", NULL}},
        {0, {"x-ratelimit-remaining", "0 0", "x-ratelimit-reset", "30", NULL}},
        {0, {"x-ratelimit-remaining", "0,", "x-ratelimit-reset", "30", NULL}},
        {0, {"x-ratelimit-remaining", "NaN", "x-ratelimit-reset", "30", NULL}},
        /* only the reset of the same family */
        {0, {"x-ratelimit-remaining", "0", NULL}},
        {0, {"x-ratelimit-reset", "30", NULL}},
        {0, {"x-ratelimit-remaining-requests", "0", "x-ratelimit-reset", "30", NULL}},
        {0, {"x-ratelimit-remaining", "0", "ratelimit-reset", "30", NULL}},
        /* tokens are no requests */
        {0, {"x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "30s", NULL}},
        /* the longest wait counts, in whatever order */
        {9000, {PAIR_PLAIN, "3", PAIR_IETF, "9", NULL}},
        {9000, {PAIR_PLAIN, "9", PAIR_IETF, "3", NULL}},
        {3000, {PAIR_PLAIN, "3", "ratelimit-remaining", "5", "ratelimit-reset", "9", NULL}},
        {3000, {PAIR_PLAIN, "rubbish", PAIR_IETF, "3", NULL}},
    };
    (void)state;
    check_rows(rows, PIE_COUNT(rows));
}

/* What a reset is read as, in every family. */
static const struct {
    const char *reset;
    int64_t want;
} reset_rows[] = {
    /* seconds */
    {"0", 0},
    {"30", 30000},
    {"1.5", 1500},
    {"0.0001", 1},
    {".25", 250},
    {"+2", 2000},
    {"600", 600000},
    {"601", 600000},
    {"86400", 600000},
    {"999999999", 600000},
    /* Go durations */
    {"1s", 1000},
    {"0s", 0},
    {"17ms", 17},
    {"6m0s", 360000},
    {"9m59.999s", 599999},
    {"10m0s", 600000},
    {"10m1s", 600000},
    {"1h2m3.5s", 600000},
    {"0h2m3.5s", 123500},
    {"1m", 60000},
    {"1.5m", 90000},
    {"0.01h", 36000},
    {"2m59.56s", 179560},
    {"7.66s", 7660},
    {"8.64s", 8640},
    {".5s", 500},
    {"1.s", 1000},
    {"17.1ms", 18},
    {"250us", 1},
    {"2500us", 3},
    {"2500\xC2\xB5s", 3},
    {"2500\xCE\xBCs", 3},
    {"1ns", 1},
    {"5000000ns", 5},
    {"1s5ms", 1005},
    {"1s1s", 2000},
    {"99999999999999999999999h", 600000},
    {"100000000h", 600000},
    {"0.1h2562047h", 600000},
    {"9m9223372.036s", 600000},
    {"9999999999999999999ns", 600000},
    {"599s99999999999999999999us", 600000},
    {"9223372036854775807h9223372036854775807h1s", 600000},
    /* unix times, by our clock */
    {"1700000005", 5000},
    {"1700000000", 0},
    {"1699999999", 0},
    {"1700000000.25", 250},
    {"1700000599", 599000},
    {"1700009999", 600000},
    {"1700000007250", 7250},
    {"1699999999999", 0},
    {"1000000000", 0},
    {"99999999999", 600000},
    {"100000000000", 0},
    {"4599999999999", 600000},
    /* no times at all */
    {"4600000000000", 0},
    {"1700000005000000", 0},
    {"1700000005000000000", 0},
    {"99999999999999999999", 0},
    {"1e400", 0},
    {"", 0},
    {"-1", 0},
    {"-1s", 0},
    {"s", 0},
    {"1x", 0},
    {"1S", 0},
    {"1d", 0},
    {"1s ", 1000},
    {"1 s", 0},
    {"1m 2s", 0},
    {"1m2", 0},
    {"1mm", 0},
    {"1m-2s", 0},
    {"m1s", 0},
    {"1..5s", 0},
    {"1.2.3s", 0},
    {".s", 0},
    {"1,5", 0},
    {"1,500ms", 0},
    {"soon", 0},
    {"in 5 s", 0},
    {"1\xC2s", 0},
    {"1\xC2", 0},
    {"NaN", 0},
    {"inf", 0},
    {"0x10", 0},
    {"PT5S", 0},
    {"5;w=60", 0},
};

static void resets_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(reset_rows); i++) {
        const char *const requests[] = {PAIR_REQUESTS, reset_rows[i].reset, NULL};
        const char *const plain[] = {PAIR_PLAIN, reset_rows[i].reset, NULL};
        const char *const ietf[] = {PAIR_IETF, reset_rows[i].reset, NULL};
        int64_t got = limit_pause(requests);
        if (got != reset_rows[i].want)
            fail_msg("\"%s\": %d instead of %d", reset_rows[i].reset, (int)got,
                     (int)reset_rows[i].want);
        assert_true(limit_pause(plain) == got);
        assert_true(limit_pause(ietf) == got);
    }
}

/* The server's clock decides what a unix time means, when it tells it. Its day: 2020-01-01. */
static void the_servers_clock_counts(void **state)
{
    static const struct limit_row rows[] = {
        {5000, {PAIR_PLAIN, "1577836805", "date", "Wed, 01 Jan 2020 00:00:00 GMT", NULL}},
        {5250, {PAIR_PLAIN, "1577836805250", "Date", "Wed, 01 Jan 2020 00:00:00 GMT", NULL}},
        {0, {PAIR_PLAIN, "1577836799", "date", "Wed, 01 Jan 2020 00:00:00 GMT", NULL}},
        {600000, {PAIR_PLAIN, "1700000005", "date", "Wed, 01 Jan 2020 00:00:00 GMT", NULL}},
        {0, {PAIR_PLAIN, "1700000005", "date", "Tue, 01 Jan 2030 00:00:00 GMT", NULL}},
        {5000, {PAIR_PLAIN, "1700000005", "date", "yesterday", NULL}},
        {5000, {PAIR_PLAIN, "1700000005", "date", "", NULL}},
        {5000, {PAIR_PLAIN, "1577836805", "date", "Wed Jan  1 00:00:00 2020", NULL}},
        /* lengths do not need it */
        {7000, {PAIR_PLAIN, "7", "date", "Wed, 01 Jan 2020 00:00:00 GMT", NULL}},
        {7000, {PAIR_PLAIN, "7s", "date", "Wed, 01 Jan 2020 00:00:00 GMT", NULL}},
    };
    (void)state;
    check_rows(rows, PIE_COUNT(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_exact),
        cmocka_unit_test(no_minute_has_too_many),
        cmocka_unit_test(a_pause_saves_up_one_burst),
        cmocka_unit_test(what_is_given_back_is_there_again),
        cmocka_unit_test(more_than_the_burst_waits_but_goes),
        cmocka_unit_test(no_rate_is_no_limit),
        cmocka_unit_test(absurd_numbers_do_no_harm),
        cmocka_unit_test(pauses_come_from_pairs),
        cmocka_unit_test(resets_are_read),
        cmocka_unit_test(the_servers_clock_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
