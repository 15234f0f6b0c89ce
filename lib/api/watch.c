/* SPDX-License-Identifier: MIT */
/* Knows the doors for who looks at what a client does: log and trace; must not call either. */
#include "api/api_priv.h"

APIPIE_API apipie_status apipie_client_set_log(apipie_client *client, int32_t level,
                                               apipie_log_fn log, void *user,
                                               apipie_free_fn user_free)
{
    struct pie_hook *hook = NULL;
    int32_t good = log == NULL || (level >= APIPIE_LOG_ERROR && level <= APIPIE_LOG_PROMPT);
    const struct pie_hook as = {
        .log = good ? log : NULL, .level = level, .user = user, .user_free = user_free};
    apipie_status status = pie_api_hook_make(client, &as, &hook);
    if (status != APIPIE_OK || !good)
        return APIPIE_OK == status ? APIPIE_E_ARGUMENT : status;
    pie_api_hook_put(client, &client->log_hook, hook);
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_client_set_trace(apipie_client *client, apipie_trace_fn trace,
                                                 void *user, apipie_free_fn user_free)
{
    const struct pie_hook as = {.trace = trace, .user = user, .user_free = user_free};
    return pie_api_hook_set(client, client != NULL ? &client->trace_hook : NULL, &as);
}
