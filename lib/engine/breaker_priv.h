/* SPDX-License-Identifier: MIT */
/* A circuit breaker: a route that fails again and again rests, then one probe decides. Pure: time
 * is given; it may stand still, but not go back. */
#ifndef PIE_BREAKER_PRIV_H
#define PIE_BREAKER_PRIV_H

#include "base/base.h"

enum { PIE_BREAKER_CLOSED, PIE_BREAKER_OPEN, PIE_BREAKER_HALF_OPEN };

#define PIE_BREAKER_FAILURES    5     /* in a row */
#define PIE_BREAKER_REST_MS     10000 /* the first rest; doubles with each failed probe */
#define PIE_BREAKER_REST_MAX_MS 120000

struct pie_breaker {
    int32_t limit; /* failures in a row that open it; 0: never */
    int64_t first_rest_ms;
    int32_t state;    /* PIE_BREAKER_* */
    int32_t failures; /* in a row, while closed */
    int32_t probing;  /* half-open: the one probe is out */
    int64_t rest_ms;  /* open or half-open: the present rest */
    int64_t until_ms; /* open: half-open from then on */
};

/* A first rest beyond the maximum is not cut; it does not double. Negative numbers count as 0. */
void pie_breaker_init(struct pie_breaker *b, int32_t limit, int64_t first_rest_ms);
/* When may the next request go? 0: now. A time: not before (open), INT64_MAX: a probe is out,
 * nobody knows. Does not change the breaker but for open -> half-open when the rest is over. */
int64_t pie_breaker_ready(struct pie_breaker *b, int64_t now_ms);
/* One goes now (ready said 0). 1 when it is the probe. */
int32_t pie_breaker_enter(struct pie_breaker *b, int64_t now_ms);
/* It ended. `probe`: what enter said; every probe must be reported, once. good: 1 the route works
 * (any answer that is no failure of the route, refusals for the caller's fault included), 0 it
 * failed, -1 says nothing about the route (cancelled, never sent for a reason of ours): the next
 * one may be the probe. Late news of requests that went out before it opened do not close or
 * prolong a rest. */
void pie_breaker_report(struct pie_breaker *b, int32_t probe, int32_t good, int64_t now_ms);

#endif
