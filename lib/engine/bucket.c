/* SPDX-License-Identifier: MIT */
/* Knows when the next token is there; must not ask a clock or know what tokens stand for. */
#include "engine/bucket_priv.h"

#define BUCKET_MINUTE_US INT64_C(60000000)

/* Times stay far from the ends of int64, whatever is taken. */
#define BUCKET_TIME_MAX (INT64_MAX / 4)

static int64_t bucket_clamp(int64_t v, int64_t least, int64_t most)
{
    v = v > least ? v : least;
    return v < most ? v : most;
}

/* The time that `tokens` take to come, added to the time that is there; negative: taken off. */
static void bucket_shift(const struct pie_bucket *b, int64_t tokens, int64_t *us, int64_t *rest)
{
    int64_t share = tokens * BUCKET_MINUTE_US;
    *us += share / b->per_minute;
    *rest += share % b->per_minute;
    if (*rest < 0) {
        *rest += b->per_minute;
        --*us;
    } else if (*rest >= b->per_minute) {
        *rest -= b->per_minute;
        ++*us;
    }
    *us = bucket_clamp(*us, -BUCKET_TIME_MAX, BUCKET_TIME_MAX);
}

/* The first whole microsecond that is not before it. */
static int64_t bucket_ceil(int64_t us, int64_t rest)
{
    return us + (rest != 0);
}

/* A full bucket does not get fuller. What is full in the very microsecond of now keeps its rest:
 * dropping it each time would be a drift. */
static void bucket_top(struct pie_bucket *b, int64_t now_us)
{
    if (now_us <= bucket_ceil(b->full_at_us, b->full_at_rest))
        return;
    b->full_at_us = now_us;
    b->full_at_rest = 0;
}

void pie_bucket_init(struct pie_bucket *b, int64_t per_minute, int64_t now_us)
{
    memset(b, 0, sizeof(*b));
    b->per_minute = bucket_clamp(per_minute, 0, PIE_BUCKET_MAX);
    b->burst = bucket_clamp(b->per_minute / 10, 1, PIE_BUCKET_MAX);
    b->full_at_us = now_us;
}

int64_t pie_bucket_ready(const struct pie_bucket *b, int64_t tokens, int64_t now_us)
{
    int64_t us = b->full_at_us;
    int64_t rest = b->full_at_rest;
    if (b->per_minute == 0 || tokens <= 0)
        return now_us;
    bucket_shift(b, bucket_clamp(tokens, 0, b->burst) - b->burst, &us, &rest);
    return bucket_ceil(us, rest);
}

void pie_bucket_take(struct pie_bucket *b, int64_t tokens, int64_t now_us)
{
    if (b->per_minute == 0)
        return;
    bucket_top(b, now_us);
    tokens = bucket_clamp(tokens, 0, PIE_BUCKET_MAX);
    bucket_shift(b, tokens, &b->full_at_us, &b->full_at_rest);
}

void pie_bucket_give_back(struct pie_bucket *b, int64_t tokens, int64_t now_us)
{
    (void)now_us; /* the next take forgets what is more than full */
    if (b->per_minute == 0)
        return;
    tokens = bucket_clamp(tokens, 0, PIE_BUCKET_MAX);
    bucket_shift(b, -tokens, &b->full_at_us, &b->full_at_rest);
}
