/* SPDX-License-Identifier: MIT */
/* Knows the doors to bills, their sums and their audit; must not fetch or count. */
#include "api/api_priv.h"

/* ---- bills */

APIPIE_API apipie_history *apipie_request_history(const apipie_request *request)
{
    if (request == NULL || pie_atomic_get(&request->state) != PIE_STATE_ENDED ||
        request->status != APIPIE_OK)
        return NULL;
    return pie_history_list(request);
}

APIPIE_API apipie_status apipie_history_load_ledger(apipie_client *client, const char *path,
                                                    int64_t from_ms, int64_t to_ms,
                                                    apipie_history **ret_history)
{
    const char *reason = NULL;
    if (client == NULL || path == NULL || !pie_api_path_is_good(path) || ret_history == NULL ||
        !pie_api_period_is_good(from_ms, to_ms))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    apipie_history *history = pie_engine_history_new(client);
    if (history == NULL)
        return APIPIE_E_MEMORY;
    apipie_status status =
        pie_bills_load(history, path, from_ms, to_ms, pie_clock_wall_ms(), &reason);
    if (status == APIPIE_OK)
        *ret_history = history;
    else
        pie_engine_history_drop(history);
    return status;
}

APIPIE_API apipie_history *apipie_history_ref(apipie_history *history)
{
    return pie_engine_history_keep(history);
}

APIPIE_API apipie_history *apipie_history_unref(apipie_history *history)
{
    pie_engine_history_drop(history);
    return NULL;
}

APIPIE_API size_t apipie_history_count(const apipie_history *history)
{
    return history != NULL ? history->n : 0;
}

APIPIE_API int32_t apipie_history_is_complete(const apipie_history *history)
{
    return history != NULL && history->complete;
}

APIPIE_API const char *apipie_history_text(const apipie_history *history, size_t index,
                                           int32_t field)
{
    return pie_bills_text(history, index, field);
}

APIPIE_API int64_t apipie_history_number(const apipie_history *history, size_t index, int32_t field)
{
    return pie_bills_number(history, index, field);
}

APIPIE_API apipie_stats *apipie_history_stats(const apipie_history *history)
{
    if (history == NULL || pie_client_is_foreign(history->client))
        return NULL;
    apipie_stats *stats = pie_bills_stats(history);
    if (stats == NULL)
        return NULL;
    stats->client = history->client;
    pie_client_keep(stats->client);
    return stats;
}

/* ---- totals */

APIPIE_API apipie_totals *apipie_history_totals(const apipie_history *history, int32_t by)
{
    if (history == NULL || by < APIPIE_TOTALS_ALL || by > APIPIE_TOTALS_TAG ||
        pie_client_is_foreign(history->client))
        return NULL;
    apipie_totals *totals = pie_totals_new(history, by);
    if (totals == NULL)
        return NULL;
    totals->client = history->client;
    pie_client_keep(totals->client);
    return totals;
}

APIPIE_API apipie_totals *apipie_totals_ref(apipie_totals *totals)
{
    if (totals != NULL)
        pie_atomic_add(&totals->refs, 1);
    return totals;
}

APIPIE_API apipie_totals *apipie_totals_unref(apipie_totals *totals)
{
    if (totals == NULL || pie_atomic_add(&totals->refs, -1) != 0)
        return NULL;
    apipie_client *client = totals->client;
    pie_totals_free(totals);
    pie_client_drop(client);
    return NULL;
}

APIPIE_API size_t apipie_totals_count(const apipie_totals *totals)
{
    return totals != NULL ? totals->n : 0;
}

APIPIE_API const char *apipie_totals_text(const apipie_totals *totals, size_t row)
{
    return pie_totals_text(totals, row);
}

APIPIE_API int64_t apipie_totals_number(const apipie_totals *totals, size_t row, int32_t which)
{
    return pie_totals_number(totals, row, which);
}

/* ---- audit */

APIPIE_API apipie_audit *apipie_audit_new(apipie_history *ledger, apipie_history *gateway)
{
    if (ledger == NULL || gateway == NULL || pie_client_is_foreign(ledger->client))
        return NULL;
    apipie_audit *audit = pie_audit_new(ledger, gateway);
    if (audit == NULL)
        return NULL;
    pie_engine_history_keep(ledger);
    pie_engine_history_keep(gateway);
    return audit;
}

APIPIE_API apipie_audit *apipie_audit_ref(apipie_audit *audit)
{
    if (audit != NULL)
        pie_atomic_add(&audit->refs, 1);
    return audit;
}

APIPIE_API apipie_audit *apipie_audit_unref(apipie_audit *audit)
{
    if (audit == NULL || pie_atomic_add(&audit->refs, -1) != 0)
        return NULL;
    apipie_history *ledger = audit->side[0];
    apipie_history *gateway = audit->side[1];
    pie_audit_free(audit);
    pie_engine_history_drop(ledger); /* whose memory it was */
    pie_engine_history_drop(gateway);
    return NULL;
}

APIPIE_API size_t apipie_audit_count(const apipie_audit *audit)
{
    return audit != NULL ? audit->n : 0;
}

APIPIE_API int32_t apipie_audit_kind(const apipie_audit *audit, size_t index)
{
    return audit != NULL && index < audit->n ? audit->rows[index].kind : 0;
}

APIPIE_API int64_t apipie_audit_index(const apipie_audit *audit, size_t index, int32_t gateway)
{
    return audit != NULL && index < audit->n ? audit->rows[index].at[gateway != 0] : APIPIE_UNKNOWN;
}

APIPIE_API int64_t apipie_audit_number(const apipie_audit *audit, int32_t which)
{
    if (audit == NULL || which < APIPIE_AUDIT_MATCHED || which > APIPIE_AUDIT_TO)
        return APIPIE_UNKNOWN;
    return audit->number[which];
}
