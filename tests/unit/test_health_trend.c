/* SPDX-License-Identifier: MIT */
/* The early warning, measured: false alarms on series that only make noise, delay on series that get worse; and what a record costs.
 * Seeds are fixed: the figures are the same each time. Knows lib/meter alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "meter/meter.h"

#define T0      INT64_C(1700000040000)
#define STEP_MS 10000
#define SERIES  100 /* of each kind */

static uint64_t dice;

/* xorshift64*: 0 to 1. */
static double throw_dice(void)
{
    dice ^= dice >> 12;
    dice ^= dice << 25;
    dice ^= dice >> 27;
    return (double)((dice * UINT64_C(2685821657736338717)) >> 11) / 9007199254740992.0;
}

/* Irwin-Hall: near enough to a normal one. */
static double throw_normal(void)
{
    double sum = -6;
    for (int32_t i = 0; i < 12; i++)
        sum += throw_dice();
    return sum;
}

/* e to the power of x, for a small one. */
static double power_of_e(double x)
{
    double sum = 1;
    double term = 1;
    for (int32_t i = 1; i < 30; i++) {
        term *= x / i;
        sum += term;
    }
    return sum;
}

/* How calls go: the middle and the spread (of the logarithm) of their times, and how many fail. */
struct weather {
    const char *name;
    double middle_ms, sigma, fail;
};

struct count {
    int32_t calls, warnings, of_errors, degraded, worse;
};

static int32_t one_call(struct pie_health *h, int64_t at, double middle, double sigma, double fail)
{
    int32_t good = throw_dice() >= fail;
    int32_t before = h->warning;
    int32_t quiet = h->quiet;
    double took = middle * power_of_e(sigma * throw_normal());
    pie_health_call(h, at, good, good ? (int64_t)took : APIPIE_UNKNOWN);
    return h->warning != APIPIE_HEALTH_WARNING_NONE && (before != h->warning || quiet >= h->quiet);
}

static void run_noise(const struct weather *w, int32_t calls, struct count *ret)
{
    struct pie_health h;
    pie_health_init(&h, T0);
    for (int32_t i = 0; i < calls; i++) {
        int32_t state = h.state;
        int32_t warned = one_call(&h, T0 + (int64_t)i * STEP_MS, w->middle_ms, w->sigma, w->fail);
        ret->calls++;
        ret->warnings += warned;
        ret->of_errors += warned && h.warning == APIPIE_HEALTH_WARNING_ERRORS;
        ret->degraded += h.state != state && h.state == APIPIE_HEALTH_DEGRADED;
        ret->worse += h.state != state && h.state == APIPIE_HEALTH_DOWN;
    }
}

/* False alarms that are allowed in 100,000 calls. */
static const struct {
    struct weather weather;
    int32_t warnings, degraded, down;
} noises[] = {
    {{"steady", 4000, 0.05, 0}, 2, 0, 0},      {{"usual", 4000, 0.25, 0.005}, 40, 5, 0},
    {{"ragged", 4000, 0.5, 0.01}, 200, 30, 0}, {{"fails 2 %", 4000, 0.25, 0.02}, 250, 160, 2},
    {{"fast", 40, 0.3, 0.005}, 60, 10, 0},
};

static void noise_raises_few_alarms(void **state)
{
    (void)state;
    int32_t wrong = 0;
    for (size_t i = 0; i < PIE_COUNT(noises); i++) {
        struct count n = {0};
        dice = UINT64_C(88172645463325252) + i;
        for (int32_t k = 0; k < SERIES; k++)
            run_noise(&noises[i].weather, 1000, &n);
        print_message("%-10s %d calls: %d early warnings (%d of errors), degraded %d times, down "
                      "%d\n",
                      noises[i].weather.name, n.calls, n.warnings, n.of_errors, n.degraded,
                      n.worse);
        wrong += n.warnings > noises[i].warnings || n.degraded > noises[i].degraded ||
                 n.worse > noises[i].down;
    }
    assert_int_equal(wrong, 0);
}

/* After 200 usual calls it gets worse, evenly, over so many calls. */
static const struct {
    const char *name;
    int32_t calls;
    double slower; /* times as long at the end */
    double fail;   /* at the end */
    int32_t found; /* of 100 series: warned before the state changed, at least */
    int32_t delay; /* calls from the beginning to the warning on average, at most */
} ramps[] = {
    {"3 x slower over 100 calls", 100, 3, 0.005, 95, 30},
    {"3 x slower over 40 calls", 40, 3, 0.005, 95, 18},
    {"4 x slower at once", 1, 4, 0.005, 95, 6},
    {"failures to 30 % over 100", 100, 1, 0.30, 40, 45},
    {"failures to 60 % over 40", 40, 1, 0.60, 70, 20},
};

/* The call after which it was warned, or the state got worse without that: then *ret_late. */
static int32_t run_ramp(size_t which, int32_t *ret_late)
{
    struct pie_health h;
    int64_t at = T0;
    pie_health_init(&h, T0);
    for (int32_t i = 0; i < 200; i++, at += STEP_MS)
        one_call(&h, at, 4000, 0.25, 0);
    pie_trend_restart(&h.trend);
    h.warning = APIPIE_HEALTH_WARNING_NONE;
    for (int32_t i = 1; i <= 1000; i++, at += STEP_MS) {
        double share = i < ramps[which].calls ? (double)i / ramps[which].calls : 1;
        int32_t warned = one_call(&h, at, 4000 * (1 + share * (ramps[which].slower - 1)), 0.25,
                                  share * ramps[which].fail);
        *ret_late = h.state != APIPIE_HEALTH_HEALTHY;
        if (warned || *ret_late)
            return i;
    }
    *ret_late = 1;
    return 1000;
}

static void ramps_are_seen_early(void **state)
{
    (void)state;
    int32_t wrong = 0;
    for (size_t i = 0; i < PIE_COUNT(ramps); i++) {
        int32_t found = 0;
        int32_t sum = 0;
        dice = UINT64_C(362436069362436069) + i;
        for (int32_t k = 0; k < SERIES; k++) {
            int32_t late = 0;
            int32_t calls = run_ramp(i, &late);
            found += !late;
            sum += late ? 0 : calls;
        }
        int32_t delay = found != 0 ? sum / found : 1000;
        print_message("%-26s warned before the state changed in %d of %d series, after %d calls\n",
                      ramps[i].name, found, SERIES, delay);
        wrong += found < ramps[i].found || delay > ramps[i].delay;
    }
    assert_int_equal(wrong, 0);
}

/* A gateway on a bad afternoon, written by hand: a call each ten seconds, tenths of seconds, -1 failed. It slows down from call 41 on,
 * and breaks from call 60 on. */
static void a_bad_afternoon(void **state)
{
    (void)state;
    static const int32_t afternoon[] = {
        38, 41, 40, 44, 37, 52, 39,  40, 43, 36,  41, 39,  47, 40, 38, 42, 40,
        39, 45, 41, 37, 40, 43, 39,  58, 41, 38,  40, 44,  42, 39, 37, 41, 46,
        40, 38, 43, 39, 41, 40, 44,  49, 47, 55,  52, 58,  61, 57, 66, 64, 71,
        69, 78, 74, 83, 90, 88, 101, 97, -1, 110, -1, 118, -1, -1, -1, -1,
    };
    struct pie_health h;
    size_t warned = 0;
    size_t degraded = 0;
    size_t down = 0;
    pie_health_init(&h, T0);
    for (size_t i = 0; i < PIE_COUNT(afternoon); i++) {
        pie_health_call(&h, T0 + (int64_t)i * STEP_MS, afternoon[i] >= 0, afternoon[i] * 100);
        if (warned == 0 && h.warning != APIPIE_HEALTH_WARNING_NONE)
            warned = i + 1;
        if (degraded == 0 && h.state == APIPIE_HEALTH_DEGRADED)
            degraded = i + 1;
        if (down == 0 && h.state == APIPIE_HEALTH_DOWN)
            down = i + 1;
    }
    print_message("warned at call %zu, degraded at %zu, down at %zu\n", warned, degraded, down);
    assert_in_range(warned, 44, 52);
    assert_in_range(degraded, 60, 64);
    assert_in_range(down, 65, 67);
}

static void a_warning_is_told_and_forgotten(void **state)
{
    (void)state;
    struct pie_health h;
    struct pie_health_view v;
    int64_t at = T0;
    pie_health_init(&h, T0);
    for (int32_t i = 0; i < 30; i++, at += STEP_MS)
        pie_health_call(&h, at, 1, 4000);
    pie_health_call(&h, at, 0, APIPIE_UNKNOWN);
    assert_int_equal(h.warning, APIPIE_HEALTH_WARNING_NONE);
    pie_health_call(&h, at += STEP_MS, 1, 4000);
    pie_health_call(&h, at += STEP_MS, 0, APIPIE_UNKNOWN);
    pie_health_look(&h, at, &v);
    assert_int_equal(v.warning, APIPIE_HEALTH_WARNING_ERRORS);
    assert_int_equal(v.state, APIPIE_HEALTH_HEALTHY);
    assert_string_equal(v.reason, "failures go up: 2 of the last 20 failed");
    for (int32_t i = 0; i < 20; i++)
        pie_health_call(&h, at += STEP_MS, 1, 4000);
    assert_int_equal(h.warning, APIPIE_HEALTH_WARNING_NONE);
}

static void a_record_is_cheap(void **state)
{
    (void)state;
    struct pie_health h;
    enum { TIMES = 1000000 };
    pie_health_init(&h, T0);
    int64_t from = pie_clock_us();
    for (int64_t i = 0; i < TIMES; i++)
        pie_health_call(&h, T0 + i * 100, i % 50 != 0, 3900 + i % 200);
    double us = (double)(pie_clock_us() - from) / TIMES;
    print_message("one record: %.3f us\n", us);
    assert_true(us < 20); /* a busy machine, a sanitizer: only a quadratic mistake fails */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_raises_few_alarms),
        cmocka_unit_test(ramps_are_seen_early),
        cmocka_unit_test(a_bad_afternoon),
        cmocka_unit_test(a_record_is_cheap),
        cmocka_unit_test(a_warning_is_told_and_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
