/* SPDX-License-Identifier: MIT */
/* Token buckets by requests and images a minute, and what servers say of theirs in headers. Pure:
 * time is given. */
#ifndef PIE_BUCKET_PRIV_H
#define PIE_BUCKET_PRIV_H

#include "base/base.h"

/* More tokens a minute, or at once, count as that many. */
#define PIE_BUCKET_MAX INT64_C(1000000000)

/* A bucket holds at most a tenth of a minute's tokens, at least one request: no long bursts. Exact
 * in microseconds (no drift over days): who always takes one token as soon as it is ready takes,
 * after the burst, exactly per_minute of them in every minute. In no minute are more than
 * per_minute + burst - 1 single tokens taken. */
struct pie_bucket {
    int64_t per_minute; /* 0: no limit */
    int64_t burst;      /* tokens it holds when full */
    /* Theoretical arrival time (GCRA), when it would be full again: microseconds, and a rest in
     * 1/per_minute of one, because a token's share of a minute is seldom a whole number of them. */
    int64_t full_at_us, full_at_rest;
};

void pie_bucket_init(struct pie_bucket *b, int64_t per_minute, int64_t now_us);
/* When may `tokens` be taken? Microseconds of the same clock, <= now when at once. More than the
 * burst waits for a full bucket (so that a large request waits long, but not for ever). */
int64_t pie_bucket_ready(const struct pie_bucket *b, int64_t tokens, int64_t now_us);
/* All of them, ready or not: what was not there is owed, and who comes next waits longer. */
void pie_bucket_take(struct pie_bucket *b, int64_t tokens, int64_t now_us);
/* It was not used after all (not sent). The bucket does not get more than full; what came while it
 * was out stays, so a late one may let a few more through at once. */
void pie_bucket_give_back(struct pie_bucket *b, int64_t tokens, int64_t now_us);

/* ---- ratelimit.c */

#define PIE_RATELIMIT_PAUSE_MAX_MS 600000

/* How long to wait in milliseconds before the next request when a server says that none remains
 * (less than one, of three families of headers; the longest wait counts):
 *   x-ratelimit-remaining-requests  x-ratelimit-reset-requests
 *   x-ratelimit-remaining           x-ratelimit-reset
 *   ratelimit-remaining             ratelimit-reset
 * A reset is a Go duration ("6m0s", "17ms", "1h2m3.5s"), plain seconds, or a unix time in seconds
 * or milliseconds, counted from the server's Date, else from now_wall_ms. 0 when something remains
 * or nothing (sensible) is said. At most 10 minutes. */
int64_t pie_ratelimit_pause(const struct pie_headers *headers, int64_t now_wall_ms);

#endif
