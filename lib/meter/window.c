/* SPDX-License-Identifier: MIT */
/* Knows the last calls of a route and what they say together; must not know what follows from it. Pure. */
#include "meter/meter.h"

void pie_window_add(struct pie_window *w, int64_t at_ms, int32_t good, int64_t took_ms)
{
    struct pie_window_call *call = &w->calls[w->next];
    call->at_ms = at_ms;
    call->good = good;
    call->took_ms = took_ms >= 0 ? took_ms : APIPIE_UNKNOWN;
    w->next = (w->next + 1) % PIE_WINDOW_CALLS;
    w->count += w->count < PIE_WINDOW_CALLS;
}

int64_t pie_window_median(int64_t *times, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        int64_t t = times[i];
        size_t at = i;
        for (; at > 0 && times[at - 1] > t; at--)
            times[at] = times[at - 1];
        times[at] = t;
    }
    int64_t low = times[(count - 1) / 2];
    return low + (times[count / 2] - low) / 2;
}

/* So many of the last times show early what is going on. */
#define WINDOW_LATE 5

/* From PIE_WINDOW_MS for a call of this moment down to 0. A call of the future was made before the clock was set back. */
static int64_t window_weight(const struct pie_window_call *call, int64_t now_ms)
{
    if (call->at_ms >= now_ms)
        return PIE_WINDOW_MS;
    int64_t age = now_ms - call->at_ms;
    return age < PIE_WINDOW_MS ? PIE_WINDOW_MS - age : 0;
}

void pie_window_look(const struct pie_window *w, int64_t now_ms, struct pie_window_view *ret)
{
    int64_t times[PIE_WINDOW_CALLS];
    int64_t all = 0;
    int64_t good = 0;
    struct pie_window_view v = {
        0, 0, APIPIE_UNKNOWN, 0, APIPIE_UNKNOWN, APIPIE_UNKNOWN, APIPIE_UNKNOWN};
    /* The latest first. */
    for (size_t i = 1; i <= w->count; i++) {
        const struct pie_window_call *call =
            &w->calls[(w->next + PIE_WINDOW_CALLS - i) % PIE_WINDOW_CALLS];
        int64_t weight = window_weight(call, now_ms);
        if (call->at_ms > v.last_ms)
            v.last_ms = call->at_ms;
        if (weight == 0)
            continue;
        v.calls++;
        v.failed += !call->good;
        all += weight;
        good += call->good ? weight : 0;
        if (call->took_ms >= 0)
            times[v.timed++] = call->took_ms;
    }
    if (v.calls != 0)
        v.success = (int32_t)(good * 1000 / all);
    if (v.timed != 0) {
        size_t late = v.timed < WINDOW_LATE ? (size_t)v.timed : WINDOW_LATE;
        v.late_ms = pie_window_median(times, late);
        v.p50_ms = pie_window_median(times, (size_t)v.timed);
    }
    *ret = v;
}
