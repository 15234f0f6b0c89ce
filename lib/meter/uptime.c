/* SPDX-License-Identifier: MIT */
/* Knows for each minute of a week whether a route was up, down, or not seen; must not know why. Pure. */
#include "meter/meter.h"

#define UPTIME_MINUTE_MS 60000

static int32_t uptime_get(const struct pie_uptime *u, int64_t minute)
{
    size_t place = (size_t)(minute % PIE_UPTIME_WEEK);
    return (u->minute[place / 4] >> (place % 4 * 2)) & 3;
}

static void uptime_set(struct pie_uptime *u, int64_t minute, int32_t what)
{
    size_t place = (size_t)(minute % PIE_UPTIME_WEEK);
    uint32_t shift = (uint32_t)(place % 4 * 2);
    uint32_t others = u->minute[place / 4] & ~(UINT32_C(3) << shift);
    u->minute[place / 4] = (unsigned char)(others | (uint32_t)what << shift);
}

/* The ring goes on to that minute; what it comes to is not known yet. */
static void uptime_go_on(struct pie_uptime *u, int64_t minute)
{
    if (u->head == 0 || minute - u->head >= PIE_UPTIME_WEEK)
        memset(u->minute, 0, sizeof(u->minute));
    else
        for (int64_t m = u->head + 1; m <= minute; m++)
            uptime_set(u, m, 0);
    u->head = minute;
}

static void uptime_mark(struct pie_uptime *u, int64_t minute, int32_t what)
{
    if (minute <= 0 || (u->head - minute >= PIE_UPTIME_WEEK))
        return;
    if (minute > u->head)
        uptime_go_on(u, minute);
    uptime_set(u, minute, uptime_get(u, minute) | what);
}

void pie_uptime_mark(struct pie_uptime *u, int64_t at_ms, int32_t what)
{
    uptime_mark(u, at_ms / UPTIME_MINUTE_MS, what);
}

void pie_uptime_mark_span(struct pie_uptime *u, int64_t from_ms, int64_t to_ms)
{
    int64_t last = to_ms / UPTIME_MINUTE_MS;
    int64_t first = from_ms / UPTIME_MINUTE_MS;
    if (last - first >= PIE_UPTIME_WEEK)
        first = last - PIE_UPTIME_WEEK + 1;
    for (int64_t m = first; m <= last; m++)
        uptime_mark(u, m, PIE_UPTIME_DOWN);
}

int32_t pie_uptime_share(const struct pie_uptime *u, int64_t now_ms, int32_t minutes)
{
    int64_t known = 0;
    int64_t halves = 0;
    int64_t last = now_ms / UPTIME_MINUTE_MS;
    int64_t first = last - minutes + 1;
    if (first <= u->head - PIE_UPTIME_WEEK)
        first = u->head - PIE_UPTIME_WEEK + 1;
    if (first < 1)
        first = 1;
    for (int64_t m = first; m <= last && m <= u->head; m++) {
        int32_t what = uptime_get(u, m);
        known += what != 0;
        halves += what == PIE_UPTIME_UP ? 2 : what == (PIE_UPTIME_UP | PIE_UPTIME_DOWN);
    }
    return known != 0 ? (int32_t)(halves * 500 / known) : APIPIE_UNKNOWN;
}
