/* SPDX-License-Identifier: MIT */
/* The rules of health on series of calls: windows, states and their way back, uptime, reasons. Knows lib/meter alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "meter/meter.h"

#define MINUTE INT64_C(60000)
/* A Tuesday; a whole minute. */
#define T0 INT64_C(1700000040000)

/* A letter a call: '+' good in 4 s, '-' failed, 'o' good without a picture, 's' good in 5 s, 'S' good in 12.1 s. */
static int64_t play(struct pie_health *h, int64_t at, int64_t step, const char *calls)
{
    for (const char *p = calls; *p != '\0'; p++, at += step) {
        int64_t took = *p == 'S' ? 12100 : *p == 's' ? 5000 : *p == '+' ? 4000 : APIPIE_UNKNOWN;
        pie_health_call(h, at, *p != '-', took);
    }
    return at - step; /* of the last call */
}

static struct pie_health_view look(const struct pie_health *h, int64_t at)
{
    struct pie_health_view v;
    pie_health_look(h, at, &v);
    return v;
}

/* ---- the window */

static void a_window_forgets(void **state)
{
    (void)state;
    struct pie_window w = {0};
    struct pie_window_view v;
    pie_window_look(&w, T0, &v);
    assert_int_equal(v.calls, 0);
    assert_int_equal(v.success, APIPIE_UNKNOWN);
    assert_int_equal(v.p50_ms, APIPIE_UNKNOWN);
    for (int64_t i = 0; i < 25; i++)
        pie_window_add(&w, T0, i >= 10, i >= 10 ? i * 100 : APIPIE_UNKNOWN);
    pie_window_look(&w, T0, &v);
    assert_int_equal(v.calls, 20); /* numbers 5 to 24 */
    assert_int_equal(v.failed, 5);
    assert_int_equal(v.success, 750);
    assert_int_equal(v.timed, 15);
    assert_int_equal(v.p50_ms, 1700);
    pie_window_look(&w, T0 + PIE_WINDOW_MS - 1, &v);
    assert_int_equal(v.calls, 20);
    pie_window_look(&w, T0 + PIE_WINDOW_MS, &v);
    assert_int_equal(v.calls, 0);
    assert_int_equal(v.last_ms, T0);
}

static void late_calls_weigh_more(void **state)
{
    (void)state;
    struct pie_window w = {0};
    struct pie_window_view v;
    pie_window_add(&w, T0, 0, APIPIE_UNKNOWN);
    pie_window_add(&w, T0 + 10 * MINUTE, 1, 100);
    pie_window_look(&w, T0 + 10 * MINUTE, &v); /* 5 against 15 */
    assert_int_equal(v.success, 750);
    pie_window_look(&w, T0 - MINUTE, &v); /* the clock was set back: both count, and whole */
    assert_int_equal(v.calls, 2);
    assert_int_equal(v.success, 500);
}

/* ---- states */

struct series {
    const char *calls;
    int64_t step_ms;
    int32_t state;
    const char *reason;
};

static const struct series all_series[] = {
    {"", 1000, APIPIE_HEALTH_UNKNOWN, "no call yet"},
    {"+", 1000, APIPIE_HEALTH_HEALTHY, "0 of the last 1 failed"},
    {"-", 1000, APIPIE_HEALTH_UNKNOWN, "1 of the last 1 failed"},
    {"--", 1000, APIPIE_HEALTH_UNKNOWN, "2 of the last 2 failed"},
    {"---", 1000, APIPIE_HEALTH_DOWN, "the last 3 failed"},
    {"++++++++---", 1000, APIPIE_HEALTH_DOWN, "the last 3 failed"},
    {"ooooo", 1000, APIPIE_HEALTH_HEALTHY, "0 of the last 5 failed"},
    /* one failure is none; two of twenty neither, three are */
    {"++++-", 1000, APIPIE_HEALTH_HEALTHY, "1 of the last 5 failed"},
    {"++-++++-+++++++++++", 1000, APIPIE_HEALTH_HEALTHY, "2 of the last 19 failed"},
    {"+++++++++++-+++-++++-", 1000, APIPIE_HEALTH_DEGRADED, "3 of the last 20 failed"},
    {"+++--", 1000, APIPIE_HEALTH_DEGRADED, "2 of the last 5 failed"},
    {"+-+--", 1000, APIPIE_HEALTH_DOWN, "3 of the last 5 failed"},
    {"-+-+-+-+-+-+-+-++-+-", 1000, APIPIE_HEALTH_DOWN, "10 of the last 20 failed"},
    /* the way back */
    {"---++", 1000, APIPIE_HEALTH_DOWN, "3 of the last 5 failed"},
    {"---+++", 1000, APIPIE_HEALTH_DEGRADED, "3 of the last 6 failed"},
    {"---+++++++", 1000, APIPIE_HEALTH_DEGRADED, "3 of the last 10 failed"},
    {"---++++++++", 1000, APIPIE_HEALTH_HEALTHY, "3 of the last 11 failed"},
    {"---++++-+++++++", 1000, APIPIE_HEALTH_DEGRADED, "4 of the last 15 failed"},
    {"---++++++++--", 1000, APIPIE_HEALTH_DEGRADED, "5 of the last 13 failed"},
    /* two hours apart: each stands alone */
    {"+-", 7200000, APIPIE_HEALTH_UNKNOWN, "1 of the last 1 failed"},
    {"---+", 7200000, APIPIE_HEALTH_HEALTHY, "0 of the last 1 failed"},
    {"---", 7200000, APIPIE_HEALTH_UNKNOWN, "1 of the last 1 failed"},
    /* slow */
    {"++++++++++++++++++++SSSSSSSSS", 1000, APIPIE_HEALTH_HEALTHY, NULL},
    {"++++++++++++++++++++SSSSSSSSSSS", 1000, APIPIE_HEALTH_DEGRADED, NULL},
    {"++++++++++SSSSSSSSSS", 1000, APIPIE_HEALTH_HEALTHY, NULL},
    {"++++++++++++++++++++ssssssssssssssssssss", 1000, APIPIE_HEALTH_HEALTHY, NULL},
};

static void states_of_series(void **state)
{
    (void)state;
    int32_t wrong = 0;
    for (size_t i = 0; i < PIE_COUNT(all_series); i++) {
        const struct series *s = &all_series[i];
        struct pie_health h;
        pie_health_init(&h, T0);
        struct pie_health_view v = look(&h, play(&h, T0, s->step_ms, s->calls));
        if (v.state == s->state && (s->reason == NULL || strcmp(v.reason, s->reason) == 0))
            continue;
        print_error("%s: state %d, not %d: %s\n", s->calls, v.state, s->state, v.reason);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void since_and_silence(void **state)
{
    (void)state;
    struct pie_health h;
    pie_health_init(&h, T0);
    assert_int_equal(look(&h, T0).since_ms, T0);
    int64_t at = play(&h, T0 + 1000, 1000, "++++--");
    struct pie_health_view v = look(&h, at + 5 * MINUTE);
    assert_int_equal(v.state, APIPIE_HEALTH_DEGRADED);
    assert_int_equal(v.since_ms, at);
    v = look(&h, at + PIE_WINDOW_MS);
    assert_int_equal(v.state, APIPIE_HEALTH_UNKNOWN);
    assert_int_equal(v.since_ms, at + PIE_WINDOW_MS);
    assert_string_equal(v.reason, "no call in the last 15 minutes, before that degraded");
}

static void slow_and_fast_again(void **state)
{
    (void)state;
    struct pie_health h;
    pie_health_init(&h, T0);
    int64_t at = play(&h, T0, 1000, "++++++++++++++++++++SSSSSSSSSSSSSS");
    struct pie_health_view v = look(&h, at);
    assert_int_equal(v.state, APIPIE_HEALTH_DEGRADED);
    assert_int_equal(v.window.p50_ms, 12100);
    assert_in_range(v.baseline_ms, 4000, 5500); /* it follows slowly */
    assert_non_null(strstr(v.reason, "p50 12.1 s against "));
    at = play(&h, at + 1000, 1000, "+++++++");
    assert_int_equal(look(&h, at).state, APIPIE_HEALTH_DEGRADED);
    at = play(&h, at + 1000, 1000, "++++++");
    assert_int_equal(look(&h, at).state, APIPIE_HEALTH_HEALTHY);
    /* Slow for ever is usual at last. */
    for (int32_t i = 0; i < 200; i++)
        at = play(&h, at + 1000, 1000, "S");
    assert_int_equal(look(&h, at).state, APIPIE_HEALTH_HEALTHY);
    assert_in_range(look(&h, at).baseline_ms, 11000, 13000);
}

static void a_breaker_that_rests(void **state)
{
    (void)state;
    struct pie_health h;
    pie_health_init(&h, T0);
    int64_t at = play(&h, T0, 1000, "+-");
    pie_health_rest(&h, at, 1, at + 10000);
    struct pie_health_view v = look(&h, at + 1800);
    assert_int_equal(v.state, APIPIE_HEALTH_DOWN);
    assert_string_equal(v.reason, "rests after failures for another 8.2 s");
    v = look(&h, at + 10000);
    assert_string_equal(v.reason, "rested after failures, a probe decides");
    /* It never becomes unknown by itself. */
    assert_int_equal(look(&h, at + 2 * PIE_WINDOW_MS).state, APIPIE_HEALTH_DOWN);
    at += 11000;
    pie_health_call(&h, at, 1, 4000);
    pie_health_rest(&h, at, 0, at);
    assert_int_equal(look(&h, at).state, APIPIE_HEALTH_DOWN); /* one swallow */
    at = play(&h, at + 1000, 1000, "++");
    assert_int_equal(look(&h, at).state, APIPIE_HEALTH_DEGRADED);
    at = play(&h, at + 1000, 1000, "+++++");
    assert_int_equal(look(&h, at).state, APIPIE_HEALTH_HEALTHY);
}

/* ---- uptime */

static void minutes_up_and_down(void **state)
{
    (void)state;
    struct pie_uptime u;
    memset(&u, 0, sizeof(u));
    assert_int_equal(pie_uptime_share(&u, T0, 60), APIPIE_UNKNOWN);
    pie_uptime_mark(&u, T0, PIE_UPTIME_UP);
    pie_uptime_mark(&u, T0 + MINUTE, PIE_UPTIME_DOWN);
    pie_uptime_mark(&u, T0 + 2 * MINUTE, PIE_UPTIME_UP);
    pie_uptime_mark(&u, T0 + 2 * MINUTE + 1, PIE_UPTIME_DOWN);
    assert_int_equal(pie_uptime_share(&u, T0 + 2 * MINUTE, 60), 500); /* 1 + 0 + 1/2 of 3 */
    assert_int_equal(pie_uptime_share(&u, T0 + 2 * MINUTE, 2), 250);
    /* nobody asked for an hour */
    assert_int_equal(pie_uptime_share(&u, T0 + 62 * MINUTE, 60), APIPIE_UNKNOWN);
    assert_int_equal(pie_uptime_share(&u, T0 + 62 * MINUTE, PIE_UPTIME_DAY), 500);
    /* late news of a minute that is over */
    pie_uptime_mark(&u, T0 + 62 * MINUTE, PIE_UPTIME_UP);
    pie_uptime_mark(&u, T0 + 61 * MINUTE, PIE_UPTIME_UP);
    assert_int_equal(pie_uptime_share(&u, T0 + 62 * MINUTE, PIE_UPTIME_DAY), 700);
    /* a week later */
    pie_uptime_mark(&u, T0 + (62 + PIE_UPTIME_WEEK - 1) * MINUTE, PIE_UPTIME_DOWN);
    assert_int_equal(
        pie_uptime_share(&u, T0 + (62 + PIE_UPTIME_WEEK - 1) * MINUTE, PIE_UPTIME_WEEK), 500);
    pie_uptime_mark(&u, T0 + 3 * PIE_UPTIME_WEEK * MINUTE, PIE_UPTIME_UP);
    assert_int_equal(pie_uptime_share(&u, T0 + 3 * PIE_UPTIME_WEEK * MINUTE, PIE_UPTIME_WEEK),
                     1000);
    /* what is older than all that is nothing, and times before 1970 are none */
    pie_uptime_mark(&u, T0, PIE_UPTIME_DOWN);
    pie_uptime_mark(&u, -MINUTE, PIE_UPTIME_DOWN);
    assert_int_equal(pie_uptime_share(&u, T0 + 3 * PIE_UPTIME_WEEK * MINUTE, PIE_UPTIME_WEEK),
                     1000);
    assert_int_equal(sizeof(u.minute), 2520);
}

/* Against a plain list of two weeks. */
static void a_week_is_counted_right(void **state)
{
    (void)state;
    static unsigned char minutes[2 * PIE_UPTIME_WEEK];
    static const int32_t spans[] = {1, 31, PIE_UPTIME_HOUR, PIE_UPTIME_DAY, PIE_UPTIME_WEEK};
    struct pie_uptime u;
    uint32_t dice = 12345;
    memset(&u, 0, sizeof(u));
    for (int32_t i = 0; i < 2 * PIE_UPTIME_WEEK; i++) {
        dice = dice * 1103515245 + 12345;
        minutes[i] = (unsigned char)(dice >> 16 & 3);
        if (minutes[i] != 0)
            pie_uptime_mark(&u, T0 + i * MINUTE, minutes[i]);
        for (size_t s = 0; i % 997 == 996 && s < PIE_COUNT(spans); s++) {
            int32_t known = 0;
            int32_t halves = 0;
            for (int32_t k = i < spans[s] ? 0 : i - spans[s] + 1; k <= i; k++) {
                known += minutes[k] != 0;
                halves += minutes[k] == 1 ? 2 : minutes[k] == 3;
            }
            assert_int_equal(pie_uptime_share(&u, T0 + i * MINUTE, spans[s]),
                             known != 0 ? halves * 500 / known : APIPIE_UNKNOWN);
        }
    }
}

static void a_rest_is_downtime(void **state)
{
    (void)state;
    struct pie_health h;
    pie_health_init(&h, T0);
    play(&h, T0, MINUTE, "++++");
    pie_health_call(&h, T0 + 4 * MINUTE, 0, APIPIE_UNKNOWN);
    pie_health_rest(&h, T0 + 4 * MINUTE, 1, T0 + 7 * MINUTE);
    assert_int_equal(pie_health_uptime(&h, T0 + 5 * MINUTE, 60), 666);  /* 4 of 6 */
    assert_int_equal(pie_health_uptime(&h, T0 + 30 * MINUTE, 60), 500); /* 4 of 8 */
    pie_health_call(&h, T0 + 30 * MINUTE, 1, 4000);
    pie_health_rest(&h, T0 + 30 * MINUTE, 0, T0 + 30 * MINUTE);
    assert_int_equal(pie_health_uptime(&h, T0 + 31 * MINUTE, 60), 555); /* 5 of 9 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_forgets),        cmocka_unit_test(late_calls_weigh_more),
        cmocka_unit_test(states_of_series),        cmocka_unit_test(since_and_silence),
        cmocka_unit_test(slow_and_fast_again),     cmocka_unit_test(a_breaker_that_rests),
        cmocka_unit_test(minutes_up_and_down),     cmocka_unit_test(a_rest_is_downtime),
        cmocka_unit_test(a_week_is_counted_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
