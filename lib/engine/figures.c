/* SPDX-License-Identifier: MIT */
/* Knows what of a job the statistics count, and under which names; must not decide anything. */
#include "engine/engine_priv.h"

/* A route keeps the names that it was asked under; what it leaves open, the reply may fill in. */
static struct pie_stats_row *figures_route(const struct apipie_request *r,
                                           const struct apipie_result *result)
{
    const char *provider = NULL;
    const char *model = NULL;
    pie_route_names(r, r->route, &provider, &model);
    if (provider == NULL && result != NULL)
        provider = result->provider;
    if (model == NULL && result != NULL)
        model = result->model;
    return pie_counters_route(r->client->counters, r->place->backend, provider, model);
}

/* The request counts where it was drawn, else where it was tried last. */
static void figures_remember(struct apipie_request *r, struct pie_stats_row *row, int32_t drawn)
{
    struct apipie_request *whole = r->whole != NULL ? r->whole : r;
    if (whole->drawn && !drawn)
        return;
    whole->drawn |= drawn;
    whole->figures = row;
}

/* Was it made because an earlier one of this job failed? One that led elsewhere did not, and one that was passed over was none. */
static void figures_compare(const struct apipie_request *r, const struct pie_attempt *a,
                            struct pie_stats_attempt *ret)
{
    const struct pie_attempt *before = a;
    do {
        if (before == r->attempts)
            return;
        before--;
    } while (before->purpose != APIPIE_PURPOSE_GENERATE);
    int32_t passed_over = before->http_status == 0 && (before->status == APIPIE_E_UNAVAILABLE ||
                                                       before->status == APIPIE_E_RATE_LIMITED);
    int32_t redirect = before->status == APIPIE_OK;
    ret->failover = before->route != a->route;
    ret->retry = before->route == a->route && !passed_over && !redirect;
}

static void figures_of_call(const struct apipie_request *r, const struct pie_attempt *a,
                            struct pie_stats_attempt *ret)
{
    ret->is_call = 1;
    ret->billed_unknown = a->billed == APIPIE_BILLED_UNKNOWN;
    ret->cost = a->billed == APIPIE_BILLED_YES ? a->charge : 0;
    ret->estimated = a->charge_kind == APIPIE_CHARGE_ESTIMATED ? a->charge : 0;
    figures_compare(r, a, ret);
    if (a->outcome != APIPIE_OUTCOME_DELIVERED || !r->result_known)
        return;
    ret->prompt_tokens = r->result->usage.prompt_tokens;
    ret->completion_tokens = r->result->usage.completion_tokens;
    if (a->status != APIPIE_OK)
        return;
    ret->first_byte_ms = a->time[APIPIE_TIME_FIRST_BYTE];
    ret->server_ms = r->result->usage.latency_ms;
}

static int32_t figures_are_wanted(const struct apipie_request *r)
{
    return pie_request_draws(r) && r->routes != NULL && r->route < r->routes->count;
}

void pie_figures_attempt(struct apipie_request *r, const struct pie_attempt *a)
{
    struct pie_stats_attempt n = {.first_byte_ms = APIPIE_UNKNOWN, .server_ms = APIPIE_UNKNOWN};
    if (!figures_are_wanted(r) || a->purpose == APIPIE_PURPOSE_HISTORY)
        return;
    const struct apipie_result *result = r->result_known ? r->result : NULL;
    struct pie_stats_row *row = figures_route(r, result);
    n.now_wall_ms = pie_clock_wall_ms();
    n.bytes_up = (int64_t)a->bytes_sent;
    n.bytes_down = (int64_t)a->bytes;
    if (a->purpose == APIPIE_PURPOSE_GENERATE) {
        figures_of_call(r, a, &n);
        figures_remember(r, row, a->status == APIPIE_OK && result != NULL);
    }
    pie_counters_attempt(r->client->counters, row, &n);
}

/* Without a reply it was counted under what was asked for. */
void pie_figures_settled(const struct apipie_request *r, const struct pie_attempt *a, int64_t cost)
{
    const struct pie_stats_attempt n = {.cost = cost,
                                        .first_byte_ms = APIPIE_UNKNOWN,
                                        .server_ms = APIPIE_UNKNOWN,
                                        .now_wall_ms = pie_clock_wall_ms()};
    struct pie_counters *counters = r->client->counters;
    const char *provider = NULL;
    const char *model = NULL;
    pie_route_names(r, (size_t)a->route, &provider, &model);
    pie_counters_attempt(counters, pie_counters_route(counters, a->backend, provider, model), &n);
}

void pie_figures_ended(struct apipie_request *r)
{
    struct pie_stats_request q = {.total_ms = APIPIE_UNKNOWN};
    if (!figures_are_wanted(r) || r->whole != NULL)
        return;
    const struct apipie_result *result = r->status == APIPIE_OK ? r->result : NULL;
    struct pie_stats_row *row = r->figures != NULL ? r->figures : figures_route(r, result);
    q.status = r->status;
    q.now_wall_ms = pie_clock_wall_ms();
    q.cached = result != NULL && result->cached;
    if (result != NULL && !q.cached) {
        q.images = (int64_t)pie_result_whole(result);
        q.total_ms = r->ended_ms - r->submitted_ms;
    }
    pie_counters_request(r->client->counters, row, &q);
}
