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

const struct pie_window_call *pie_window_at(const struct pie_window *w, size_t n)
{
    return &w->calls[(w->next + PIE_WINDOW_CALLS - w->count + n) % PIE_WINDOW_CALLS];
}

/* Of the same moment: the failures first. */
static int32_t window_order(const struct pie_window_call *a, const struct pie_window_call *b)
{
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    if (a->good != b->good)
        return a->good - b->good;
    return a->took_ms < b->took_ms ? -1 : a->took_ms > b->took_ms;
}

static size_t window_take(const struct pie_window *w, int64_t until_ms,
                          struct pie_window_call out[PIE_WINDOW_CALLS])
{
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
        struct pie_window_call call = *pie_window_at(w, i);
        size_t at = n;
        if (call.at_ms > until_ms)
            continue;
        for (; at > 0 && window_order(&out[at - 1], &call) > 0; at--)
            out[at] = out[at - 1];
        out[at] = call;
        n++;
    }
    return n;
}

static int32_t window_is(const struct pie_window *w, const struct pie_window_call *calls, size_t n)
{
    int32_t same = w->count == n;
    for (size_t i = 0; same && i < n; i++)
        same = window_order(pie_window_at(w, i), &calls[i]) == 0;
    return same;
}

void pie_window_merge(struct pie_window *w, const struct pie_window *other, int64_t now_ms)
{
    struct pie_window_call ours[PIE_WINDOW_CALLS];
    struct pie_window_call theirs[PIE_WINDOW_CALLS];
    size_t n = window_take(w, INT64_MAX, ours);
    size_t m = window_take(other, now_ms, theirs);
    struct pie_window both = {.next = 0};
    size_t i = 0;
    size_t k = 0;
    int32_t news = 0;
    while (i < n || k < m) {
        int32_t order = i == n ? 1 : k == m ? -1 : window_order(&ours[i], &theirs[k]);
        const struct pie_window_call *call = order <= 0 ? &ours[i] : &theirs[k];
        i += order <= 0;
        k += order >= 0;
        news |= order > 0;
        pie_window_add(&both, call->at_ms, call->good, call->took_ms);
    }
    if (news && !window_is(&both, ours, n)) /* else what the clock did stays in its order */
        *w = both;
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
