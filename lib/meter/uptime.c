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

int32_t pie_uptime_at(const struct pie_uptime *u, int64_t minute)
{
    if (minute <= 0 || minute > u->head || u->head - minute >= PIE_UPTIME_WEEK)
        return 0;
    return uptime_get(u, minute);
}

/* Nothing is known of it and the three after it. */
static int32_t uptime_is_blank(const struct pie_uptime *u, int64_t minute)
{
    size_t place = (size_t)(minute % PIE_UPTIME_WEEK);
    return place % 4 == 0 && u->minute[place / 4] == 0;
}

void pie_uptime_merge(struct pie_uptime *u, const struct pie_uptime *other, int64_t now_ms)
{
    int64_t last = now_ms / UPTIME_MINUTE_MS;
    int64_t first = other->head - PIE_UPTIME_WEEK + 1;
    last = other->head < last ? other->head : last;
    for (int64_t m = first > 1 ? first : 1; m <= last;) {
        int32_t what = pie_uptime_at(other, m);
        if (what != 0)
            uptime_mark(u, m, what);
        m += uptime_is_blank(other, m) ? 4 : 1;
    }
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

/* So many minutes fit a word, and a week holds whole words. */
#define UPTIME_WORD 32
#define UPTIME_ODD  UINT64_C(0x5555555555555555)

/* Of bits at even places. */
static int64_t uptime_bits(uint64_t v)
{
    v = (v & UINT64_C(0x3333333333333333)) + ((v >> 2) & UINT64_C(0x3333333333333333));
    v = (v + (v >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (int64_t)((v * UINT64_C(0x0101010101010101)) >> 56);
}

/* The minutes from there that were looked at: a word's, or one. */
static int64_t uptime_count(const struct pie_uptime *u, int64_t minute, int64_t last,
                            int64_t *known, int64_t *halves)
{
    uint64_t word = 0;
    size_t place = (size_t)(minute % PIE_UPTIME_WEEK);
    if (place % UPTIME_WORD != 0 || last - minute < UPTIME_WORD - 1) {
        word = (uint64_t)uptime_get(u, minute);
        last = minute;
    } else {
        memcpy(&word, u->minute + place / 4, sizeof(word));
        last = minute + UPTIME_WORD - 1;
    }
    uint64_t up = word & UPTIME_ODD;
    uint64_t down = (word >> 1) & UPTIME_ODD;
    *known += uptime_bits(up | down);
    *halves += 2 * uptime_bits(up) - uptime_bits(up & down);
    return last - minute + 1;
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
    if (last > u->head)
        last = u->head;
    while (first <= last)
        first += uptime_count(u, first, last, &known, &halves);
    return known != 0 ? (int32_t)(halves * 500 / known) : APIPIE_UNKNOWN;
}
