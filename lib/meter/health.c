/* SPDX-License-Identifier: MIT */
/* Knows when a route is well, degraded or down, and how it becomes well again; must not ask a clock or know requests. Pure. */
#include "meter/meter.h"

/* Times count as slow beyond twice the baseline, and as usual again up to one and a half; a warning wants an eighth. */
#define HEALTH_SLOW_HALVES 4
#define HEALTH_FAST_HALVES 3
/* So many quiet calls, and a warning is forgotten. */
#define HEALTH_QUIET 20

void pie_health_init(struct pie_health *h, int64_t now_ms)
{
    memset(h, 0, sizeof(*h));
    h->state = APIPIE_HEALTH_UNKNOWN;
    h->since_ms = now_ms;
}

/* ---- the rules */

/* The plain share and the one by weight: old failures excuse, but one late failure does not condemn. A failure alone is none of a
 * route's health. */
static int32_t health_share_below(const struct pie_window_view *w, int32_t per_mille)
{
    return w->calls >= PIE_HEALTH_LEAST && w->failed >= 2 && w->success < per_mille &&
           (w->calls - w->failed) * 1000 < w->calls * per_mille;
}

static int32_t health_is_down(const struct pie_health *h, const struct pie_window_view *w)
{
    if (h->rests || h->bad_run >= PIE_HEALTH_FAILURES)
        return 1;
    return h->good_run < PIE_HEALTH_BACK &&
           (h->state == APIPIE_HEALTH_DOWN || health_share_below(w, PIE_HEALTH_DOWN));
}

/* The middle of the last times against the baseline, with a gap between becoming slow and being so no longer. */
static int32_t health_is_slow(const struct pie_health *h, const struct pie_window_view *w)
{
    int64_t baseline = pie_trend_baseline(&h->trend);
    if (baseline < 0 || w->timed < PIE_HEALTH_LEAST)
        return 0;
    return w->p50_ms * 2 > baseline * (h->slow ? HEALTH_FAST_HALVES : HEALTH_SLOW_HALVES);
}

static int32_t health_is_degraded(const struct pie_health *h, const struct pie_window_view *w)
{
    if (h->slow)
        return 1;
    if (h->good_run >= PIE_HEALTH_WELL)
        return 0;
    if (health_share_below(w, PIE_HEALTH_DEGRADED))
        return 1;
    /* Who was not well stays so until it has proved it. */
    return (h->state == APIPIE_HEALTH_DEGRADED || h->state == APIPIE_HEALTH_DOWN) && w->failed != 0;
}

static int32_t health_now(const struct pie_health *h, const struct pie_window_view *w)
{
    if (health_is_down(h, w))
        return APIPIE_HEALTH_DOWN;
    if (health_is_degraded(h, w))
        return APIPIE_HEALTH_DEGRADED;
    /* One failure after nothing says little. */
    if (h->state == APIPIE_HEALTH_UNKNOWN && h->good_run == 0)
        return APIPIE_HEALTH_UNKNOWN;
    return APIPIE_HEALTH_HEALTHY;
}

/* What is older than the window is no knowledge, but for a breaker that is not closed. */
static int32_t health_is_stale(const struct pie_health *h, const struct pie_window_view *w)
{
    return !h->rests && w->calls == 0;
}

/* What was known when it went stale does not count when it comes back. */
static void health_freshen(struct pie_health *h, int64_t now_ms, const struct pie_window_view *w)
{
    if (!health_is_stale(h, w))
        return;
    if (h->state != APIPIE_HEALTH_UNKNOWN)
        h->since_ms = w->last_ms >= 0 ? w->last_ms + PIE_WINDOW_MS : now_ms;
    h->state = APIPIE_HEALTH_UNKNOWN;
    h->good_run = h->bad_run = 0;
    h->slow = 0;
    h->warning = APIPIE_HEALTH_WARNING_NONE;
    pie_trend_restart(&h->trend);
}

static void health_decide(struct pie_health *h, int64_t now_ms)
{
    struct pie_window_view w;
    pie_window_look(&h->window, now_ms, &w);
    h->slow = health_is_slow(h, &w);
    int32_t state = health_is_stale(h, &w) ? APIPIE_HEALTH_UNKNOWN : health_now(h, &w);
    if (state == h->state)
        return;
    h->state = state;
    h->since_ms = now_ms;
    h->warning = APIPIE_HEALTH_WARNING_NONE;
    pie_trend_restart(&h->trend);
}

/* ---- news */

/* A trend matters while the route is well: later it is no early warning. Slower by less than an eighth is nobody's concern. */
static void health_warn(struct pie_health *h, int64_t now_ms, int32_t warning)
{
    struct pie_window_view w;
    h->quiet++;
    if (warning == APIPIE_HEALTH_WARNING_LATENCY) {
        pie_window_look(&h->window, now_ms, &w);
        if (w.late_ms * 8 <= pie_trend_baseline(&h->trend) * 9)
            warning = APIPIE_HEALTH_WARNING_NONE;
    }
    if (warning != APIPIE_HEALTH_WARNING_NONE && h->state == APIPIE_HEALTH_HEALTHY) {
        h->warning = warning;
        h->quiet = 0;
    } else if (h->quiet >= HEALTH_QUIET) {
        h->warning = APIPIE_HEALTH_WARNING_NONE;
    }
}

void pie_health_call(struct pie_health *h, int64_t now_ms, int32_t good, int64_t took_ms)
{
    struct pie_window_view w;
    pie_window_look(&h->window, now_ms, &w);
    health_freshen(h, now_ms, &w);
    pie_window_add(&h->window, now_ms, good, good ? took_ms : APIPIE_UNKNOWN);
    h->good_run = good ? h->good_run + (h->good_run < INT32_MAX) : 0;
    h->bad_run = good ? 0 : h->bad_run + (h->bad_run < INT32_MAX);
    pie_uptime_mark(&h->uptime, now_ms, good ? PIE_UPTIME_UP : PIE_UPTIME_DOWN);
    int32_t warning = pie_trend_add(&h->trend, good, took_ms);
    health_decide(h, now_ms);
    health_warn(h, now_ms, warning);
}

/* It is down through every minute of a rest; what comes after it is for the probe to say. */
static void health_mark_rest(struct pie_health *h, int64_t now_ms)
{
    int64_t to = now_ms < h->rest_until_ms ? now_ms : h->rest_until_ms;
    if (!h->rests || to < h->rested_ms)
        return;
    pie_uptime_mark_span(&h->uptime, h->rested_ms, to);
    h->rested_ms = to;
}

void pie_health_rest(struct pie_health *h, int64_t now_ms, int32_t rests, int64_t until_ms)
{
    health_mark_rest(h, now_ms);
    h->rests = rests;
    h->rested_ms = now_ms;
    h->rest_until_ms = until_ms;
    health_decide(h, now_ms);
}

/* ---- looking */

static void health_say(char out[PIE_HEALTH_REASON], const char *text)
{
    size_t n = strlen(out);
    pie_text_copy(pie_slice_text(text), out + n, PIE_HEALTH_REASON - n);
}

static void health_say_number(char out[PIE_HEALTH_REASON], int64_t v)
{
    char text[PIE_NUMBER_MAX];
    pie_number_int_text(v, text);
    health_say(out, text);
}

/* Seconds with one digit behind the point. */
static void health_say_seconds(char out[PIE_HEALTH_REASON], int64_t ms)
{
    int64_t tenths = ms / 100 + (ms % 100 >= 50);
    health_say_number(out, tenths / 10);
    health_say(out, ".");
    health_say_number(out, tenths % 10);
    health_say(out, " s");
}

static void health_say_rest(const struct pie_health *h, int64_t now_ms, char *out)
{
    if (h->rest_until_ms <= now_ms) {
        health_say(out, "rested after failures, a probe decides");
        return;
    }
    health_say(out, "rests after failures for another ");
    health_say_seconds(out, h->rest_until_ms - now_ms);
}

static void health_say_times(const struct pie_health_view *v, int64_t ms, char *out)
{
    health_say_seconds(out, ms);
    health_say(out, " against ");
    health_say_seconds(out, v->baseline_ms);
}

static void health_say_failed(const struct pie_health_view *v, char *out)
{
    health_say_number(out, v->window.failed);
    health_say(out, " of the last ");
    health_say_number(out, v->window.calls);
    health_say(out, " failed");
}

static void health_explain(const struct pie_health *h, int64_t now_ms, struct pie_health_view *v)
{
    char *out = v->reason;
    out[0] = '\0';
    if (h->rests)
        health_say_rest(h, now_ms, out);
    else if (v->window.last_ms < 0)
        health_say(out, "no call yet");
    else if (v->window.calls == 0)
        health_say(out, "no call in the last 15 minutes");
    else if (v->state == APIPIE_HEALTH_DOWN && h->bad_run >= PIE_HEALTH_FAILURES) {
        health_say(out, "the last ");
        health_say_number(out, h->bad_run);
        health_say(out, " failed");
    } else if (v->state == APIPIE_HEALTH_DEGRADED && h->slow) {
        health_say(out, "p50 ");
        health_say_times(v, v->window.p50_ms, out);
    } else if (v->warning == APIPIE_HEALTH_WARNING_LATENCY) {
        health_say(out, "times go up: lately ");
        health_say_times(v, v->window.late_ms, out);
    } else {
        health_say(out, v->warning == APIPIE_HEALTH_WARNING_ERRORS ? "failures go up: " : "");
        health_say_failed(v, out);
    }
}

void pie_health_look(const struct pie_health *h, int64_t now_ms, struct pie_health_view *ret)
{
    pie_window_look(&h->window, now_ms, &ret->window);
    ret->state = h->state;
    ret->since_ms = h->since_ms;
    ret->warning = h->warning;
    ret->baseline_ms = pie_trend_baseline(&h->trend);
    if (health_is_stale(h, &ret->window)) {
        ret->state = APIPIE_HEALTH_UNKNOWN;
        ret->warning = APIPIE_HEALTH_WARNING_NONE;
        if (h->state != APIPIE_HEALTH_UNKNOWN && ret->window.last_ms >= 0)
            ret->since_ms = ret->window.last_ms + PIE_WINDOW_MS;
    }
    health_explain(h, now_ms, ret);
}

int32_t pie_health_uptime(struct pie_health *h, int64_t now_ms, int32_t minutes)
{
    health_mark_rest(h, now_ms);
    return pie_uptime_share(&h->uptime, now_ms, minutes);
}
