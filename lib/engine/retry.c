/* SPDX-License-Identifier: MIT */
/* Knows when a failed exchange may be sent again; must not ask a clock or send anything. Pure. */
#include "engine/engine_priv.h"

#define RETRY_FIRST_MS 500
#define RETRY_MOST_MS  8000

/* May it be sent again at all, money considered? */
static int32_t retry_allowed(const struct pie_retry_ask *ask)
{
    int32_t status = ask->error->http_status;
    if (ask->policy == APIPIE_RETRY_NEVER || ask->tries > ask->retries || !ask->error->retryable)
        return 0;
    if (ask->free)
        return 1;
    switch (ask->outcome) {
    case APIPIE_OUTCOME_NOT_SENT:
        return 1;
    case APIPIE_OUTCOME_REJECTED:
        return status == 425 || status == 429 || status == 503;
    case APIPIE_OUTCOME_UNKNOWN:
        return ask->policy == APIPIE_RETRY_ALWAYS;
    default:
        return 0;
    }
}

/* Full jitter: clients that failed together do not come back together. */
static int64_t retry_backoff(const struct pie_retry_ask *ask)
{
    int64_t most = RETRY_FIRST_MS;
    for (int32_t i = 1; i < ask->tries && most < RETRY_MOST_MS; i++)
        most *= 2;
    most = most < RETRY_MOST_MS ? most : RETRY_MOST_MS;
    return (int64_t)(ask->random % (uint64_t)(most + 1));
}

int64_t pie_retry_decide(const struct pie_retry_ask *ask)
{
    int64_t delay = ask->error->retry_after_ms;
    if (!retry_allowed(ask) || delay > PIE_RETRY_AFTER_MAX_MS)
        return -1;
    if (delay < 0)
        delay = retry_backoff(ask);
    /* A wait that ends after the deadline only delays the bad news. */
    return delay < ask->deadline_ms - ask->now_ms ? delay : -1;
}
