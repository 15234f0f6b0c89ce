/* SPDX-License-Identifier: MIT */
/* Knows the members of a record of the gateway's list, and the odd types they come in; must not know where the list is. */
#include "catalog/catalog_priv.h"

#define RECORD_LATENCIES 6
#define RECORD_MS_MOST   INT64_C(1000000000)

static struct pie_slice record_text(const struct pie_node *node, const char *key)
{
    return pie_slice_trim(pie_node_text(pie_node_get(node, key)));
}

/* ---- who it is */

struct record_name {
    struct pie_slice id, provider, model;
};

static struct pie_slice record_before_slash(struct pie_slice name)
{
    const char *slash = name.n != 0 ? memchr(name.p, '/', name.n) : NULL;
    return slash != NULL ? pie_slice(name.p, (size_t)(slash - name.p)) : pie_slice(NULL, 0);
}

/* NULL, or why the row cannot be named. */
static const char *record_who(const struct pie_node *node, struct record_name *ret)
{
    ret->id = record_text(node, "id");
    ret->model = record_text(node, "model");
    ret->provider = record_text(node, "provider");
    if (ret->model.n == 0)
        ret->model = ret->id;
    if (ret->model.n == 0)
        return "dropped: has no model";
    if (ret->id.n == 0)
        ret->id = ret->model;
    if (ret->provider.n == 0)
        ret->provider = record_before_slash(ret->id);
    if (ret->provider.n == 0)
        ret->provider = record_before_slash(ret->model);
    if (ret->provider.n == 0)
        return "dropped: has no provider";
    ret->model = pie_model_bare(ret->model, ret->provider);
    return ret->model.n != 0 ? NULL : "dropped: has no model";
}

/* ---- numbers */

/* 0, 1, true, false, "0", "1", "true", "false". */
static int64_t record_flag(const struct pie_node *node)
{
    int64_t v = APIPIE_UNKNOWN;
    struct pie_slice text = pie_slice_trim(pie_node_text(node));
    if (pie_slice_equal_nocase(text, "true"))
        return 1;
    if (pie_slice_equal_nocase(text, "false"))
        return 0;
    if (pie_node_int(node, &v) != APIPIE_OK || v < 0 || v > 1)
        return APIPIE_UNKNOWN;
    return v;
}

static int64_t record_count(const struct pie_node *node)
{
    int64_t v = APIPIE_UNKNOWN;
    if (pie_node_kind(node) == PIE_JSON_BOOL || pie_node_int(node, &v) != APIPIE_OK || v < 0 ||
        v == INT64_MAX)
        return APIPIE_UNKNOWN;
    return v;
}

/* "1162/2145/6245/8234/18456/8162": by length of the prompt, and of all at the end. Fewer parts are the first ones, one
 * alone is of all. Nobody answers in no time: 0 says nothing. */
static int32_t record_latency(const struct pie_node *node, struct pie_row *row)
{
    static const int32_t fields[RECORD_LATENCIES] = {
        APIPIE_MODEL_LATENCY_2K,  APIPIE_MODEL_LATENCY_4K,  APIPIE_MODEL_LATENCY_8K,
        APIPIE_MODEL_LATENCY_16K, APIPIE_MODEL_LATENCY_32K, APIPIE_MODEL_LATENCY};
    struct pie_slice text = pie_node_text(node);
    int32_t good = 1;
    size_t alone = text.n != 0 && memchr(text.p, '/', text.n) == NULL;
    for (size_t i = alone ? RECORD_LATENCIES - 1 : 0; i < RECORD_LATENCIES && text.n != 0; i++) {
        struct pie_slice part = record_before_slash(text);
        int64_t ms = 0;
        if (part.p == NULL)
            part = text;
        text = pie_slice(text.p + part.n, text.n - part.n);
        if (text.n != 0)
            text = pie_slice(text.p + 1, text.n - 1);
        part = pie_slice_trim(part);
        if (part.n == 0)
            continue;
        if (pie_number_int(part, &ms) != APIPIE_OK || ms < 0 || ms > RECORD_MS_MOST)
            good = 0;
        else if (ms > 0)
            row->number[PIE_NUMBER_AT(fields[i])] = ms;
    }
    return good;
}

/* ---- the row */

static const struct {
    const char *key;
    int32_t field;
} record_texts[] = {
    {"type", APIPIE_MODEL_TYPE},
    {"subtype", APIPIE_MODEL_SUBTYPE},
    {"route", APIPIE_MODEL_ROUTE},
    {"description", APIPIE_MODEL_DESCRIPTION},
    {"price_type", APIPIE_MODEL_PRICE_TYPE},
};

static const struct {
    const char *key;
    int32_t field;
} record_counts[] = {
    {"max_tokens", APIPIE_MODEL_MAX_TOKENS},
    {"max_response_tokens", APIPIE_MODEL_MAX_RESPONSE_TOKENS},
    {"query_count", APIPIE_MODEL_QUERY_COUNT},
    {"max_images_per_prompt", APIPIE_MODEL_MAX_IMAGES},
};

static const struct {
    const char *key, *old; /* the name that it had before */
    int32_t field;
} record_costs[] = {
    {"input_cost", "req_price", APIPIE_MODEL_INPUT_COST},
    {"output_cost", "res_price", APIPIE_MODEL_OUTPUT_COST},
    {"avg_cost", NULL, APIPIE_MODEL_AVG_COST},
};

/* pricing.*: of a million tokens, and of one. */
static const struct {
    const char *kind, *key;
    int32_t field;
} record_token_costs[] = {
    {"confirmed", "input_cost", APIPIE_MODEL_INPUT_PER_MILLION},
    {"confirmed", "output_cost", APIPIE_MODEL_OUTPUT_PER_MILLION},
    {"advertised", "input_cost_per_token", APIPIE_MODEL_INPUT_PER_TOKEN},
    {"advertised", "output_cost_per_token", APIPIE_MODEL_OUTPUT_PER_TOKEN},
};

/* What rows have in common is often what the row before has. */
static uint32_t record_put(struct pie_table *t, struct pie_slice text, int32_t field)
{
    uint32_t hint = t->n > 1 ? t->rows[t->n - 2].text[PIE_TEXT_AT(field)] : 0;
    return pie_table_text_like(t, text, hint);
}

static void record_fill_texts(struct pie_table *t, struct pie_row *row, const struct pie_node *node,
                              const struct record_name *name)
{
    row->text[PIE_TEXT_AT(APIPIE_MODEL_ID)] = pie_table_text(t, name->id);
    row->text[PIE_TEXT_AT(APIPIE_MODEL_NAME)] =
        pie_table_text_like(t, name->model, row->text[PIE_TEXT_AT(APIPIE_MODEL_ID)]);
    row->text[PIE_TEXT_AT(APIPIE_MODEL_PROVIDER)] =
        record_put(t, name->provider, APIPIE_MODEL_PROVIDER);
    for (size_t i = 0; i < PIE_COUNT(record_texts); i++)
        row->text[PIE_TEXT_AT(record_texts[i].field)] =
            record_put(t, record_text(node, record_texts[i].key), record_texts[i].field);
}

static apipie_status record_fill_costs(struct pie_reader *r, struct pie_row *row,
                                       const struct pie_node *node, struct pie_slice who)
{
    apipie_status status = APIPIE_OK;
    for (size_t i = 0; i < PIE_COUNT(record_costs) && status == APIPIE_OK; i++) {
        const char *key = record_costs[i].key;
        const char *problem = NULL;
        const struct pie_node *cost = pie_node_get(node, key);
        if (pie_node_kind(cost) <= PIE_JSON_NULL && record_costs[i].old != NULL) {
            key = record_costs[i].old;
            cost = pie_node_get(node, key);
        }
        row->number[PIE_NUMBER_AT(record_costs[i].field)] = pie_listed_money(cost, &problem);
        if (problem != NULL)
            status = pie_table_warn(r->table, r->row, who, key, problem);
    }
    return status;
}

static apipie_status record_fill_token_costs(struct pie_reader *r, struct pie_row *row,
                                             const struct pie_node *node, struct pie_slice who)
{
    apipie_status status = APIPIE_OK;
    const struct pie_node *pricing = pie_node_get(node, "pricing");
    for (size_t i = 0; i < PIE_COUNT(record_token_costs) && status == APIPIE_OK; i++) {
        const char *problem = NULL;
        const char *key = record_token_costs[i].key;
        const struct pie_node *cost =
            pie_node_get(pie_node_get(pricing, record_token_costs[i].kind), key);
        row->number[PIE_NUMBER_AT(record_token_costs[i].field)] = pie_listed_money(cost, &problem);
        if (problem != NULL)
            status = pie_table_warn(r->table, r->row, who, key, problem);
    }
    return status;
}

static apipie_status record_fill_numbers(struct pie_reader *r, struct pie_row *row,
                                         const struct pie_node *node, struct pie_slice who)
{
    row->number[PIE_NUMBER_AT(APIPIE_MODEL_ENABLED)] = record_flag(pie_node_get(node, "enabled"));
    row->number[PIE_NUMBER_AT(APIPIE_MODEL_AVAILABLE)] =
        record_flag(pie_node_get(node, "available"));
    row->number[PIE_NUMBER_AT(APIPIE_MODEL_LIVE)] = 1;
    row->number[PIE_NUMBER_AT(APIPIE_MODEL_BUILT_IN)] = 0;
    for (size_t i = 0; i < PIE_COUNT(record_counts); i++)
        row->number[PIE_NUMBER_AT(record_counts[i].field)] =
            record_count(pie_node_get(node, record_counts[i].key));
    if (!record_latency(pie_node_get(node, "latency"), row)) {
        apipie_status status =
            pie_table_warn(r->table, r->row, who, "latency", "refused: is none in milliseconds");
        if (status != APIPIE_OK)
            return status;
    }
    apipie_status status = record_fill_token_costs(r, row, node, who);
    return status != APIPIE_OK ? status : record_fill_costs(r, row, node, who);
}

/* ---- prices of pictures */

/* Is what the record says of one picture, where it has no list? */
static int32_t record_is_of_pictures(const struct pie_node *node)
{
    struct pie_slice type = record_text(node, "price_type");
    if (pie_slice_equal_nocase(type, "image") || pie_slice_equal_nocase(type, "images"))
        return 1;
    return pie_slice_equal_nocase(record_text(node, "type"), "image") &&
           (type.n == 0 || pie_slice_equal_nocase(type, "request"));
}

static int32_t record_side(const struct pie_node *node)
{
    int64_t v = 0;
    return pie_node_int(node, &v) == APIPIE_OK && v > 0 && v < 100000 ? (int32_t)v : 0;
}

/* The price of one size, by which others cost as much more as they are larger: {"price","width","height","steps"}; or, with "alone", of that
 * size at the model's own steps and of nothing else. Not the gateway's: lists of other servers come to it (pie_models_unit). */
static apipie_status record_unit(struct pie_reader *r, const struct pie_node *node,
                                 struct pie_slice who)
{
    const char *problem = NULL;
    const struct pie_node *unit = pie_node_get(node, "img_unit");
    struct pie_listed price = {APIPIE_UNKNOWN, 0, 0, 0, 0, 0, 0};
    price.cost = pie_listed_money(pie_node_get(unit, "price"), &problem);
    price.unit_width = record_side(pie_node_get(unit, "width"));
    price.unit_height = record_side(pie_node_get(unit, "height"));
    price.unit_steps = record_side(pie_node_get(unit, "steps"));
    if (pie_node_kind(pie_node_get(unit, "alone")) == PIE_JSON_BOOL) {
        price.width = price.unit_width;
        price.height = price.unit_height;
        price.unit_width = price.unit_height = 0;
        price.unit_steps = -1;
    }
    if (problem != NULL)
        return pie_table_warn(r->table, r->row, who, "img_unit", problem);
    return price.cost != APIPIE_UNKNOWN ? pie_table_list_price(r->table, &price) : APIPIE_OK;
}

static apipie_status record_flat(struct pie_reader *r, const struct pie_row *row,
                                 const struct pie_node *node, struct pie_slice who)
{
    const char *problem = NULL;
    struct pie_listed flat = {APIPIE_UNKNOWN, 0, 0, 0, 0, 0, 0};
    if (!record_is_of_pictures(node))
        return APIPIE_OK;
    flat.cost = pie_listed_money(pie_node_get(node, "img_price"), &problem);
    if (problem != NULL)
        return pie_table_warn(r->table, r->row, who, "img_price", problem);
    if (flat.cost == APIPIE_UNKNOWN)
        flat.cost = row->number[PIE_NUMBER_AT(APIPIE_MODEL_AVG_COST)];
    return flat.cost != APIPIE_UNKNOWN ? pie_table_list_price(r->table, &flat) : APIPIE_OK;
}

static apipie_status record_fill_prices(struct pie_reader *r, struct pie_row *row,
                                        const struct pie_node *node, struct pie_slice who)
{
    struct pie_table *t = r->table;
    size_t start = t->listed_n;
    apipie_status status = pie_listed_read(r, pie_node_get(node, "img_json"), who);
    if (status == APIPIE_OK && t->listed_n == start)
        status = record_unit(r, node, who);
    if (status == APIPIE_OK && t->listed_n == start)
        status = record_flat(r, row, node, who);
    row->listed = (uint32_t)start;
    row->listed_n = (uint32_t)(t->listed_n - start);
    row->number[PIE_NUMBER_AT(APIPIE_MODEL_PRICE)] = pie_listed_price(t, row, 1024, 1024, 0, NULL);
    return status;
}

apipie_status pie_record_read(struct pie_reader *r, const struct pie_node *node,
                              struct pie_slice safe)
{
    struct record_name name;
    if (pie_restrict_is(node))
        return pie_restrict_read(r, node);
    const char *problem = record_who(node, &name);
    if (problem != NULL)
        return pie_table_warn(r->table, r->row, name.model, NULL, problem);
    struct pie_row *row = pie_table_row(r->table);
    if (row == NULL)
        return APIPIE_E_MEMORY;
    record_fill_texts(r->table, row, node, &name);
    row->json = (uint32_t)r->table->texts.n;
    pie_json_plain(safe, &r->table->texts);
    row->json_n = (uint32_t)(r->table->texts.n - row->json);
    pie_buf_add(&r->table->texts, "", 1);
    apipie_status status = record_fill_numbers(r, row, node, name.id);
    return status != APIPIE_OK ? status : record_fill_prices(r, row, node, name.id);
}
