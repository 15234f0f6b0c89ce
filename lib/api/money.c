/* SPDX-License-Identifier: MIT */
/* Knows the doors to budgets, prices and sums; must not count. */
#include "api/api_priv.h"

APIPIE_API apipie_status apipie_client_set_budget(apipie_client *client, int64_t picodollars)
{
    if (client == NULL || !pie_api_amount_is_good(picodollars))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    return pie_meter_set_cap(client->meter, NULL, picodollars);
}

APIPIE_API apipie_status apipie_client_set_tag_budget(apipie_client *client, const char *tag,
                                                      int64_t picodollars)
{
    if (client == NULL || tag == NULL || !pie_api_name_is_good(tag) ||
        !pie_api_amount_is_good(picodollars))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    return pie_meter_set_cap(client->meter, tag, picodollars);
}

APIPIE_API apipie_status apipie_client_set_price(apipie_client *client, const char *provider,
                                                 const char *model, int64_t picodollars)
{
    if (client == NULL || !pie_api_name_is_good(provider) || !pie_api_name_is_good(model) ||
        !pie_api_amount_is_good(picodollars))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_lock_take(client->lock);
    apipie_status status = pie_price_set(client, provider, model, picodollars);
    pie_lock_drop(client->lock);
    return status;
}

APIPIE_API apipie_status apipie_client_set_ledger(apipie_client *client, const char *path)
{
    const char *reason = NULL;
    if (client == NULL || (path != NULL && !pie_api_path_is_good(path)))
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    return pie_meter_open_ledger(client->meter, path, pie_clock_wall_ms(), &reason);
}

static int64_t money_which(const struct pie_meter_totals *t, int32_t which)
{
    switch (which) {
    case APIPIE_MONEY_SPENT:
        return t->spent;
    case APIPIE_MONEY_ESTIMATED:
        return t->estimated;
    case APIPIE_MONEY_RESERVED:
        return t->reserved;
    case APIPIE_MONEY_UNKNOWN:
        return t->unknown;
    default:
        return APIPIE_UNKNOWN;
    }
}

APIPIE_API int64_t apipie_client_money(apipie_client *client, const char *tag, int32_t which)
{
    struct pie_meter_totals totals = {0};
    if (client == NULL || pie_client_is_foreign(client) || !pie_api_name_is_good(tag) ||
        money_which(&totals, which) == APIPIE_UNKNOWN)
        return APIPIE_UNKNOWN;
    pie_meter_totals(client->meter, tag, pie_clock_wall_ms(), &totals);
    return money_which(&totals, which);
}

APIPIE_API const char *apipie_client_ledger_problem(apipie_client *client)
{
    int32_t may = client != NULL && !pie_client_is_foreign(client);
    return may ? pie_meter_problem(client->meter) : NULL;
}

APIPIE_API apipie_status apipie_client_set_reconcile(apipie_client *client, int64_t ms)
{
    if (client == NULL || ms < 0 || ms > PIE_LIMIT_MS)
        return APIPIE_E_ARGUMENT;
    if (pie_client_is_foreign(client))
        return APIPIE_E_FORKED;
    pie_lock_take(client->lock);
    client->reconcile_ms = ms;
    pie_lock_drop(client->lock);
    return APIPIE_OK;
}

APIPIE_API apipie_status apipie_money_format(int64_t picodollars, char *text, size_t capacity)
{
    char whole[PIE_NUMBER_MAX];
    if (text == NULL || capacity == 0)
        return APIPIE_E_ARGUMENT;
    text[0] = '\0';
    pie_number_money_text(picodollars, whole);
    if (strlen(whole) + 1 > capacity)
        return APIPIE_E_LIMIT;
    memcpy(text, whole, strlen(whole) + 1);
    return APIPIE_OK;
}
