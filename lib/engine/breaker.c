/* SPDX-License-Identifier: MIT */
/* Knows when a failing route rests and who tries it again; must not ask a clock or know
 * requests. */
#include "engine/breaker_priv.h"

void pie_breaker_init(struct pie_breaker *b, int32_t limit, int64_t first_rest_ms)
{
    memset(b, 0, sizeof(*b));
    b->limit = limit > 0 ? limit : 0;
    b->first_rest_ms = first_rest_ms > 0 ? first_rest_ms : 0;
    b->state = PIE_BREAKER_CLOSED;
}

int64_t pie_breaker_ready(struct pie_breaker *b, int64_t now_ms)
{
    if (b->state == PIE_BREAKER_OPEN && now_ms < b->until_ms)
        return b->until_ms;
    if (b->state == PIE_BREAKER_OPEN)
        b->state = PIE_BREAKER_HALF_OPEN;
    return b->probing ? INT64_MAX : 0;
}

int32_t pie_breaker_enter(struct pie_breaker *b, int64_t now_ms)
{
    /* Who goes without having asked is no probe as long as it rests. */
    if (pie_breaker_ready(b, now_ms) != 0 || b->state != PIE_BREAKER_HALF_OPEN)
        return 0;
    b->probing = 1;
    return 1;
}

static void breaker_close(struct pie_breaker *b)
{
    b->state = PIE_BREAKER_CLOSED;
    b->failures = 0;
}

static void breaker_open(struct pie_breaker *b, int64_t rest_ms, int64_t now_ms)
{
    b->state = PIE_BREAKER_OPEN;
    b->rest_ms = rest_ms;
    b->until_ms = now_ms < INT64_MAX - rest_ms ? now_ms + rest_ms : INT64_MAX;
}

static int64_t breaker_longer(int64_t rest_ms)
{
    if (rest_ms >= PIE_BREAKER_REST_MAX_MS)
        return rest_ms;
    return rest_ms <= PIE_BREAKER_REST_MAX_MS / 2 ? rest_ms * 2 : PIE_BREAKER_REST_MAX_MS;
}

static void breaker_report_probe(struct pie_breaker *b, int32_t good, int64_t now_ms)
{
    if (!b->probing)
        return;
    b->probing = 0;
    if (good == 1)
        breaker_close(b);
    else if (good == 0)
        breaker_open(b, breaker_longer(b->rest_ms), now_ms);
}

void pie_breaker_report(struct pie_breaker *b, int32_t probe, int32_t good, int64_t now_ms)
{
    if (probe) {
        breaker_report_probe(b, good, now_ms);
        return;
    }
    if (b->state != PIE_BREAKER_CLOSED || b->limit == 0)
        return;
    if (good == 1)
        b->failures = 0;
    else if (good == 0 && ++b->failures >= b->limit)
        breaker_open(b, b->first_rest_ms, now_ms);
}
