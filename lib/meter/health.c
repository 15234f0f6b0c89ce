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
    h->state = h->own = APIPIE_HEALTH_UNKNOWN;
    h->since_ms = now_ms;
    h->good_ms = APIPIE_UNKNOWN;
    h->listed.usable = APIPIE_UNKNOWN;
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
           (h->own == APIPIE_HEALTH_DOWN || health_share_below(w, PIE_HEALTH_DOWN));
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
    return (h->own == APIPIE_HEALTH_DEGRADED || h->own == APIPIE_HEALTH_DOWN) && w->failed != 0;
}

static int32_t health_now(const struct pie_health *h, const struct pie_window_view *w)
{
    if (health_is_down(h, w))
        return APIPIE_HEALTH_DOWN;
    if (health_is_degraded(h, w))
        return APIPIE_HEALTH_DEGRADED;
    /* One failure after nothing says little. */
    if (h->own == APIPIE_HEALTH_UNKNOWN && h->good_run == 0)
        return APIPIE_HEALTH_UNKNOWN;
    return APIPIE_HEALTH_HEALTHY;
}

/* What is older than the window is no knowledge, but for a breaker that is not closed. */
static int32_t health_is_stale(const struct pie_health *h, const struct pie_window_view *w)
{
    return !h->rests && w->calls == 0;
}

/* ---- what the gateway's lists say */

/* What they say while the newest is young; of the future: it was made before the clock was set back. */
static int32_t health_listed(const struct pie_health *h, int64_t now_ms)
{
    return now_ms - h->listed.at_ms < PIE_WINDOW_MS ? h->listed.usable : APIPIE_UNKNOWN;
}

static int32_t health_is_off(const struct pie_health *h, int64_t now_ms)
{
    return health_listed(h, now_ms) == 0 && !h->listed.refuted;
}

/* It is down in every minute up to now, or to the end of what the list may say. */
static void health_mark_off(struct pie_health *h, int64_t now_ms)
{
    struct pie_health_word *l = &h->listed;
    int64_t end = l->at_ms + PIE_WINDOW_MS - 1;
    int64_t to = now_ms < end ? now_ms : end;
    if (l->usable != 0 || l->refuted || to < l->down_ms)
        return;
    pie_uptime_mark_span(&h->uptime, l->down_ms, to);
    l->down_ms = to;
}

/* ---- what follows */

/* Since when it is what it shows now, where the mere time changed it since the last news. */
static int64_t health_since(const struct pie_health *h, int64_t now_ms,
                            const struct pie_window_view *w)
{
    int64_t since = h->since_ms;
    if (health_is_stale(h, w) && w->last_ms >= 0 && w->last_ms + PIE_WINDOW_MS > since)
        since = w->last_ms + PIE_WINDOW_MS;
    if (h->listed.usable == 0 && !h->listed.refuted && !health_is_off(h, now_ms) &&
        h->listed.at_ms + PIE_WINDOW_MS > since)
        since = h->listed.at_ms + PIE_WINDOW_MS;
    return since;
}

static void health_show(struct pie_health *h, int64_t now_ms, int64_t since_ms)
{
    int32_t state = health_is_off(h, now_ms) ? APIPIE_HEALTH_DOWN : h->own;
    if (state == h->state)
        return;
    h->state = state;
    h->since_ms = since_ms;
    h->warning = APIPIE_HEALTH_WARNING_NONE;
}

/* What was known when it went stale does not count when it comes back. */
static void health_freshen(struct pie_health *h, int64_t now_ms, const struct pie_window_view *w)
{
    if (!health_is_stale(h, w))
        return;
    h->own = APIPIE_HEALTH_UNKNOWN;
    health_show(h, now_ms, health_since(h, now_ms, w));
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
    int32_t own = health_is_stale(h, &w) ? APIPIE_HEALTH_UNKNOWN : health_now(h, &w);
    if (own != h->own)
        pie_trend_restart(&h->trend);
    h->own = own;
    health_show(h, now_ms, now_ms);
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
    if (good) {
        health_mark_off(h, now_ms);
        h->good_ms = now_ms;
        h->listed.refuted = h->listed.usable == 0;
    }
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

/* The word counts from when the lists began to say so: what a good call refuted does not count again because it is repeated. */
void pie_health_listed(struct pie_health *h, int64_t now_ms, int64_t at_ms, int32_t usable)
{
    struct pie_health_word *l = &h->listed;
    struct pie_window_view w;
    int64_t at = at_ms < now_ms ? at_ms : now_ms;
    if (at < l->at_ms && l->at_ms <= now_ms)
        return;
    pie_window_look(&h->window, now_ms, &w);
    health_freshen(h, now_ms, &w);
    health_mark_off(h, at);
    if (l->usable != 0 || at - l->at_ms >= PIE_WINDOW_MS) {
        l->refuted = usable == 0 && h->good_ms > at;
        l->down_ms = at;
    }
    if (l->down_ms > at) /* the clock was set back */
        l->down_ms = at;
    l->usable = usable;
    l->refuted = l->refuted && usable == 0;
    l->at_ms = at;
    health_mark_off(h, now_ms);
    health_decide(h, now_ms);
}

/* ---- two that saw the same route */

static int64_t health_past(int64_t ms, int64_t now_ms)
{
    return ms < now_ms ? ms : now_ms;
}

/* The state is that of who saw the later call. */
static void health_take_state(struct pie_health *h, const struct pie_health *other, int64_t now_ms)
{
    h->own = other->own;
    h->state = other->state;
    h->since_ms = health_past(other->since_ms, now_ms);
    h->good_run = other->good_run;
    h->bad_run = other->bad_run;
    h->warning = other->warning;
    h->quiet = other->quiet;
    h->slow = other->slow;
}

/* As it would be had the calls after now not been made: the clock was wrong then. */
static void health_replay(const struct pie_health *other, int64_t now_ms, struct pie_health *ret)
{
    pie_health_init(ret, other->since_ms);
    for (size_t i = 0; i < other->window.count; i++) {
        const struct pie_window_call *call = pie_window_at(&other->window, i);
        if (call->at_ms <= now_ms)
            pie_health_call(ret, call->at_ms, call->good, call->took_ms);
    }
}

static void health_take_trend(struct pie_health *h, const struct pie_health *other, int64_t last_ms)
{
    if (!pie_trend_merge(&h->trend, &other->trend))
        return;
    for (size_t i = 0; i < h->window.count; i++) {
        const struct pie_window_call *call = pie_window_at(&h->window, i);
        if (call->at_ms > last_ms)
            pie_trend_add(&h->trend, call->good, call->took_ms);
    }
}

/* The later list; a good call of either may have refuted it. */
static void health_take_word(struct pie_health *h, const struct pie_health *other, int64_t now_ms)
{
    if (other->good_ms > h->good_ms && other->good_ms <= now_ms)
        h->good_ms = other->good_ms;
    const struct pie_health_word ours = h->listed;
    if (other->listed.at_ms > ours.at_ms && other->listed.at_ms <= now_ms)
        h->listed = other->listed;
    int32_t repeated =
        ours.usable == 0 && ours.refuted && h->listed.at_ms - ours.at_ms < PIE_WINDOW_MS;
    if (h->listed.usable == 0 && (repeated || h->good_ms > h->listed.at_ms))
        h->listed.refuted = 1;
}

/* The latest call that is not of the future; APIPIE_UNKNOWN. */
static int64_t health_last(const struct pie_window *w, int64_t now_ms)
{
    int64_t last = APIPIE_UNKNOWN;
    for (size_t i = 0; i < w->count; i++) {
        int64_t at = pie_window_at(w, i)->at_ms;
        if (at > last && at <= now_ms)
            last = at;
    }
    return last;
}

void pie_health_merge(struct pie_health *h, const struct pie_health *other, int64_t now_ms)
{
    struct pie_window_view ours;
    struct pie_window_view theirs;
    struct pie_window_view both;
    struct pie_health past;
    int64_t last = health_last(&other->window, now_ms);
    pie_window_look(&h->window, now_ms, &ours);
    pie_window_look(&other->window, now_ms, &theirs);
    health_take_trend(h, other, last);
    if (last > ours.last_ms && theirs.last_ms <= now_ms)
        health_take_state(h, other, now_ms);
    else if (last > ours.last_ms) {
        health_replay(other, now_ms, &past);
        health_take_state(h, &past, now_ms);
    }
    health_take_word(h, other, now_ms);
    pie_window_merge(&h->window, &other->window, now_ms);
    pie_uptime_merge(&h->uptime, &other->uptime, now_ms);
    pie_window_look(&h->window, now_ms, &both);
    if (health_is_stale(h, &both)) /* what it was before is still told */
        health_show(h, now_ms, health_since(h, now_ms, &both));
    else
        health_decide(h, now_ms);
}

/* ---- looking */

const char *pie_health_name(int32_t state)
{
    static const char *const names[] = {"unknown", "healthy", "degraded", "down"};
    return state >= 0 && (size_t)state < PIE_COUNT(names) ? names[state] : names[0];
}

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

/* Without a young call: what was before, and what the lists say. */
static void health_say_silence(const struct pie_health *h, const struct pie_health_view *v,
                               char *out)
{
    health_say(out, v->window.last_ms < 0 ? "no call yet" : "no call in the last 15 minutes");
    if (h->own != APIPIE_HEALTH_UNKNOWN) {
        health_say(out, ", before that ");
        health_say(out, pie_health_name(h->own));
    }
    if (v->listed == 1)
        health_say(out, "; the gateway lists it as available");
}

static void health_explain(const struct pie_health *h, int64_t now_ms, struct pie_health_view *v)
{
    char *out = v->reason;
    out[0] = '\0';
    if (h->rests)
        health_say_rest(h, now_ms, out);
    else if (health_is_off(h, now_ms))
        health_say(out, h->whole ? "the gateway lists none of its models as available"
                                 : "the gateway lists it as not available");
    else if (v->window.calls == 0)
        health_say_silence(h, v, out);
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
    int32_t own = health_is_stale(h, &ret->window) ? APIPIE_HEALTH_UNKNOWN : h->own;
    ret->state = health_is_off(h, now_ms) ? APIPIE_HEALTH_DOWN : own;
    ret->since_ms = h->since_ms;
    ret->warning = h->warning;
    ret->listed = health_listed(h, now_ms);
    ret->baseline_ms = pie_trend_baseline(&h->trend);
    if (ret->state != h->state) {
        ret->since_ms = health_since(h, now_ms, &ret->window);
        ret->warning = APIPIE_HEALTH_WARNING_NONE;
    }
    health_explain(h, now_ms, ret);
}

int32_t pie_health_uptime(struct pie_health *h, int64_t now_ms, int32_t minutes)
{
    health_mark_rest(h, now_ms);
    health_mark_off(h, now_ms);
    return pie_uptime_share(&h->uptime, now_ms, minutes);
}
