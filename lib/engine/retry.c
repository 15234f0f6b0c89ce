/* SPDX-License-Identifier: MIT */
/* Knows when a failed exchange may be sent again, and where; must not ask a clock or send anything. Pure. */
#include "engine/engine_priv.h"

#define RETRY_FIRST_MS 500
#define RETRY_MOST_MS  8000

/* Is there any sense in it? The server's advice counts before the look of the reply, but no advice brings credit back or makes
 * a refused prompt good. */
static int32_t retry_makes_sense(const struct apipie_error *e)
{
    if (e->code == APIPIE_E_QUOTA || e->code == APIPIE_E_CONTENT_POLICY)
        return 0;
    if (e->should_retry != APIPIE_UNKNOWN)
        return e->should_retry;
    return e->retryable;
}

/* May it be sent again at all, money considered? */
static int32_t retry_allowed(const struct pie_retry_ask *ask)
{
    int32_t status = ask->error->http_status;
    if (ask->policy == APIPIE_RETRY_NEVER || ask->tries > ask->retries ||
        !retry_makes_sense(ask->error))
        return 0;
    if (ask->free)
        return 1;
    switch (ask->outcome) {
    case APIPIE_OUTCOME_NOT_SENT:
        return 1;
    case APIPIE_OUTCOME_REJECTED:
        return status == 425 || status == 429 || status == 503 || ask->error->should_retry == 1;
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

/* Who might do better than this route? Those of a backend lead to the same server and account: what concerns these is the same on
 * every one. */
static int32_t retry_who_else(apipie_status code)
{
    switch (code) {
    case APIPIE_E_UNAVAILABLE:
    case APIPIE_E_PARAMETER:
    case APIPIE_E_NOT_FOUND:
    case APIPIE_E_RATE_LIMITED:
    case APIPIE_E_SERVER:
    case APIPIE_E_TIMEOUT:
    case APIPIE_E_NETWORK:
    case APIPIE_E_MALFORMED:
    case APIPIE_E_NO_IMAGE:
        return PIE_MOVE_ROUTE;
    case APIPIE_E_CONNECT:
    case APIPIE_E_TLS:
    case APIPIE_E_AUTH:
    case APIPIE_E_QUOTA:
    case APIPIE_E_BUDGET: /* of the host's: another server may cost less, or nothing */
        return PIE_MOVE_BACKEND;
    default:
        return PIE_MOVE_NONE;
    }
}

int32_t pie_retry_move(const struct pie_retry_ask *ask)
{
    int32_t move = retry_who_else(ask->error->code);
    if (ask->policy == APIPIE_RETRY_NEVER)
        return PIE_MOVE_NONE;
    switch (ask->outcome) {
    case APIPIE_OUTCOME_UNKNOWN:
        return ask->policy == APIPIE_RETRY_ALWAYS ? move : PIE_MOVE_NONE;
    case APIPIE_OUTCOME_NOT_SENT:
    case APIPIE_OUTCOME_REJECTED:
        /* No connection in time, or a redirect to another place: the way to the server, not the model, is at fault. */
        if (ask->error->code == APIPIE_E_TIMEOUT || ask->error->code == APIPIE_E_NETWORK)
            return PIE_MOVE_BACKEND;
        return move;
    default:
        return PIE_MOVE_NONE;
    }
}
