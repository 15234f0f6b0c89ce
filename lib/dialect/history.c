/* SPDX-License-Identifier: MIT */
/* Knows the APIpie gateway's history of bills (https://apipie.ai/docs/api/queries); must not judge whose bill a row is. */
#include "dialect/apipie_priv.h"
#include "dialect/shared_priv.h"

/* Unix times from here on are milliseconds, then microseconds: as seconds they are past the year 5138. */
#define HISTORY_FIRST_MS INT64_C(100000000000)
#define HISTORY_FIRST_US INT64_C(100000000000000)
#define HISTORY_LAST_US  INT64_C(100000000000000000)

apipie_status pie_apipie_ask_history(const struct pie_call *c, uint64_t limit, uint64_t offset,
                                     struct pie_leg *leg, struct apipie_error *err)
{
    (void)err;
    apipie_status status = pie_begin(c, "GET", "/queries/?limit=", leg);
    if (status != APIPIE_OK)
        return status;
    leg->purpose = APIPIE_PURPOSE_HISTORY;
    leg->with_key = 1;
    pie_buf_add_uint(&leg->request.url, limit);
    pie_buf_add_text(&leg->request.url, "&offset=");
    pie_buf_add_uint(&leg->request.url, offset);
    return leg->request.url.failed;
}

/* A number is seconds since 1970, with or without a fraction, or milliseconds, or microseconds. */
static int64_t history_unix_time(struct pie_slice text)
{
    int64_t v = 0;
    if (pie_number_int(text, &v) != APIPIE_OK || v <= 0 || v >= HISTORY_LAST_US)
        return APIPIE_UNKNOWN;
    if (v >= HISTORY_FIRST_US)
        return v / 1000;
    if (v >= HISTORY_FIRST_MS)
        return v;
    return pie_number_seconds(text, &v) == APIPIE_OK ? v : APIPIE_UNKNOWN;
}

static int64_t history_time(const struct pie_node *node)
{
    struct pie_slice text = pie_node_text(node);
    int64_t ms = 0;
    if (pie_number_iso_date(text, &ms) == APIPIE_OK)
        return ms > 0 ? ms : APIPIE_UNKNOWN;
    return history_unix_time(text);
}

/* A count under either of two names, above `least` or unknown. */
static int64_t history_count(const struct pie_node *row, const char *name, const char *other,
                             int64_t least)
{
    int64_t v = 0;
    if (pie_node_int(pie_node_get(row, name), &v) != APIPIE_OK &&
        pie_node_int(pie_node_get(row, other), &v) != APIPIE_OK)
        return APIPIE_UNKNOWN;
    return v > least ? v : APIPIE_UNKNOWN;
}

static void history_row(const struct pie_node *row, struct pie_history_row *ret)
{
    int64_t cost = 0;
    ret->time_ms = history_time(pie_node_get(row, "timestamp"));
    if (pie_node_kind(pie_node_get(row, "cost")) != PIE_JSON_BOOL &&
        pie_node_money(pie_node_get(row, "cost"), &cost) == APIPIE_OK)
        ret->cost = cost;
    /* No prompt is empty: a server that does not count says 0. */
    ret->prompt_chars = history_count(row, "prompt_char", "prompt_characters", 0);
    ret->response_chars = history_count(row, "response_char", "response_characters", -1);
    ret->prompt_tokens = history_count(row, "prompt_tokens", "promptTokens", -1);
    ret->response_tokens = history_count(row, "response_tokens", "responseTokens", -1);
    ret->latency_ms = history_count(row, "latency_ms", "latencyMs", -1);
    ret->id = pie_node_text(pie_node_get(row, "id"));
    ret->provider = pie_slice_trim(pie_node_text(pie_node_get(row, "provider")));
    ret->route = pie_slice_trim(pie_node_text(pie_node_get(row, "route")));
    ret->unit = pie_slice_trim(pie_node_text(pie_node_get(row, "unit")));
    ret->app = pie_slice_trim(pie_node_text(pie_node_get(row, "app")));
}

/* {"items":[...]} as documented, {"data":[...]} as the gateway's other lists, or a bare array. */
static const struct pie_node *history_rows(const struct pie_node *root)
{
    const struct pie_node *items = pie_node_get(root, "items");
    if (pie_node_kind(root) == PIE_JSON_ARRAY)
        return root;
    return pie_node_kind(items) == PIE_JSON_ARRAY ? items : pie_node_get(root, "data");
}

int32_t pie_apipie_read_history(const struct pie_reply *reply, size_t index,
                                struct pie_history_row *ret)
{
    const struct pie_node *rows = history_rows(reply->root);
    memset(ret, 0, sizeof(*ret));
    ret->time_ms = ret->cost = ret->prompt_chars = ret->latency_ms = APIPIE_UNKNOWN;
    ret->response_chars = ret->prompt_tokens = ret->response_tokens = APIPIE_UNKNOWN;
    if (pie_node_kind(rows) != PIE_JSON_ARRAY || index >= pie_node_count(rows))
        return 0;
    history_row(pie_node_at(rows, index), ret); /* what is no object has no member */
    return 1;
}

/* There is no total. A page with fewer rows than the server says that it gives is the last one; where it does not say that, an empty
 * one is. */
int32_t pie_apipie_read_page(const struct pie_reply *reply, int32_t *ret_more)
{
    int64_t limit = 0;
    const struct pie_node *rows = history_rows(reply->root);
    if (pie_node_kind(rows) != PIE_JSON_ARRAY)
        return 0;
    int64_t n = (int64_t)pie_node_count(rows);
    if (pie_node_int(pie_node_get(reply->root, "limit"), &limit) != APIPIE_OK || limit < 1)
        limit = 1;
    *ret_more = n >= limit;
    return 1;
}
