/* SPDX-License-Identifier: MIT */
/* Knows what is usual for a route, and sees early when it leaves that: two cumulative sums after Page (CUSUM). Must not know
 * states. Pure. */
#include "meter/meter.h"

/* A share of the difference that what is usual moves by with each call: it has forgotten half after 45 calls. */
#define TREND_SLOW (1.0 / 64)
/* ... and the baseline, in parts of itself: one that follows faster hides what grows over a hundred calls. */
#define TREND_BASELINE (1.0 / 128)
/* The usual rate of failures counts as at least that. */
#define TREND_RATE_LEAST 0.02
/* A call adds what it is beyond the usual and this allowance, or takes away. The sum never falls below 0; beyond the bound it is
 * a trend. */
#define TREND_ERRORS_ALLOWED 0.08
#define TREND_ERRORS_BOUND   1.20
/* Times count in units of their usual distance from the baseline, which counts as at least a tenth of it; one call counts for
 * no more than the most. */
#define TREND_TIMES_ALLOWED 0.75
#define TREND_TIMES_BOUND   10.0
#define TREND_TIMES_MOST    4.0
#define TREND_SPREAD_LEAST  0.10

static double trend_distance(double a, double b)
{
    return a > b ? a - b : b - a;
}

/* The first calls make the baseline: their middle, and how far they are from it. */
static void trend_begin(struct pie_trend *t)
{
    double sum = 0;
    t->baseline = (double)pie_window_median(t->first, PIE_TREND_CALLS);
    for (size_t i = 0; i < PIE_TREND_CALLS; i++)
        sum += trend_distance((double)t->first[i], t->baseline);
    t->spread = sum / PIE_TREND_CALLS;
}

/* The middle is followed by steps of one size up or down: one that takes ten times as long moves it no further than any other. */
static void trend_follow(struct pie_trend *t, double took)
{
    double step = took > t->baseline ? TREND_BASELINE : took < t->baseline ? -TREND_BASELINE : 0;
    double far = trend_distance(took, t->baseline);
    double most = TREND_TIMES_MOST * t->spread + TREND_SPREAD_LEAST * t->baseline;
    t->spread += TREND_SLOW * ((far < most ? far : most) - t->spread);
    t->baseline += step * t->baseline;
    t->baseline = t->baseline > 1 ? t->baseline : 1;
}

static double trend_sum(double sum, double plus)
{
    return sum + plus > 0 ? sum + plus : 0;
}

static void trend_time(struct pie_trend *t, int64_t took_ms)
{
    if (t->timed < PIE_TREND_CALLS) {
        t->first[t->timed++] = took_ms;
        if (t->timed == PIE_TREND_CALLS)
            trend_begin(t);
        return;
    }
    double least = TREND_SPREAD_LEAST * t->baseline;
    double unit = t->spread > least ? t->spread : least;
    double beyond = ((double)took_ms - t->baseline) / (unit > 1 ? unit : 1);
    if (beyond > TREND_TIMES_MOST)
        beyond = TREND_TIMES_MOST;
    t->times = trend_sum(t->times, beyond - TREND_TIMES_ALLOWED);
    trend_follow(t, (double)took_ms);
}

int32_t pie_trend_add(struct pie_trend *t, int32_t good, int64_t took_ms)
{
    double usual = t->rate > TREND_RATE_LEAST ? t->rate : TREND_RATE_LEAST;
    double failed = good ? 0 : 1;
    t->fed += t->fed < INT64_MAX;
    t->errors = trend_sum(t->errors, failed - usual - TREND_ERRORS_ALLOWED);
    t->rate += TREND_SLOW * (failed - t->rate);
    if (good && took_ms >= 0)
        trend_time(t, took_ms);
    if (t->errors > TREND_ERRORS_BOUND) {
        t->errors = 0;
        return APIPIE_HEALTH_WARNING_ERRORS;
    }
    if (t->times > TREND_TIMES_BOUND) {
        t->times = 0;
        return APIPIE_HEALTH_WARNING_LATENCY;
    }
    return APIPIE_HEALTH_WARNING_NONE;
}

int64_t pie_trend_baseline(const struct pie_trend *t)
{
    return t->timed == PIE_TREND_CALLS ? (int64_t)(t->baseline + 0.5) : APIPIE_UNKNOWN;
}

void pie_trend_restart(struct pie_trend *t)
{
    t->errors = t->times = 0;
}

int32_t pie_trend_merge(struct pie_trend *t, const struct pie_trend *other)
{
    if (other->fed <= t->fed)
        return 0;
    *t = *other;
    return 1;
}
