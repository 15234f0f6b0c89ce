/* SPDX-License-Identifier: MIT */
/* Knows counts of times between bounds, and what follows from them; must not know whose times they are. */
#include "meter/meter.h"

/* Upper bounds; the last bucket has none. Up to 81.92 s they are those of OpenTelemetry's gen_ai.client.operation.duration. */
static const int64_t histogram_bounds[APIPIE_STATS_BUCKETS - 1] = {
    10,   20,    40,    80,    160,   320,    640,    1280,  2560,
    5120, 10240, 20480, 40960, 81920, 163840, 327680, 655360};

int64_t pie_histogram_bound(size_t bucket)
{
    return bucket < PIE_COUNT(histogram_bounds) ? histogram_bounds[bucket] : INT64_MAX;
}

int64_t pie_stats_sum(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

void pie_histogram_add(struct pie_histogram *h, int64_t ms)
{
    size_t i = 0;
    if (ms < 0)
        return;
    while (i < PIE_COUNT(histogram_bounds) && ms > histogram_bounds[i])
        i++;
    h->bucket[i] = pie_stats_sum(h->bucket[i], 1);
    h->count = pie_stats_sum(h->count, 1);
    h->sum_ms = pie_stats_sum(h->sum_ms, ms);
}

void pie_histogram_merge(struct pie_histogram *to, const struct pie_histogram *from)
{
    for (size_t i = 0; i < APIPIE_STATS_BUCKETS; i++)
        to->bucket[i] = pie_stats_sum(to->bucket[i], from->bucket[i]);
    to->count = pie_stats_sum(to->count, from->count);
    to->sum_ms = pie_stats_sum(to->sum_ms, from->sum_ms);
}

/* The share of a bucket that lies below the rank; none of them is negative, and the rank is in it. */
static int64_t histogram_between(int64_t low, int64_t high, double below, double in_bucket)
{
    return low + (int64_t)((double)(high - low) * (below / in_bucket) + 0.5);
}

int64_t pie_histogram_quantile(const struct pie_histogram *h, int32_t per_mille)
{
    double rank = (double)h->count * per_mille / 1000;
    double before = 0;
    if (h->count == 0)
        return APIPIE_UNKNOWN;
    for (size_t i = 0; i < PIE_COUNT(histogram_bounds); i++) {
        double here = (double)h->bucket[i];
        if (here > 0 && before + here >= rank)
            return histogram_between(i == 0 ? 0 : histogram_bounds[i - 1], histogram_bounds[i],
                                     rank - before, here);
        before += here;
    }
    return histogram_bounds[PIE_COUNT(histogram_bounds) - 1];
}
