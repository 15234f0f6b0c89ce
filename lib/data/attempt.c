/* SPDX-License-Identifier: MIT */
/* Knows the log entry of one exchange; must not judge it. */
#include "data/data.h"

void pie_attempt_init(struct pie_attempt *a)
{
    memset(a, 0, sizeof(*a));
    for (size_t i = 0; i < PIE_COUNT(a->time); i++)
        a->time[i] = APIPIE_UNKNOWN;
    a->route = -1;
    a->server_ms = APIPIE_UNKNOWN;
    a->proxied = APIPIE_UNKNOWN;
}
