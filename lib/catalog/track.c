/* SPDX-License-Identifier: MIT */
/* Knows the lines in which prices are written down as they change, and what the list was at a moment; must not open a file,
 * or write such a line. */
#include "catalog/catalog_priv.h"
#include "flow/flow.h"

#define TRACK_COSTS     4
#define TRACK_LATENCIES 6
#define TRACK_BLOCK     ((size_t)1024)           /* lines that are held together */
#define TRACK_MS_MOST   INT64_C(1000000000)      /* of a latency */
#define TRACK_WALL_MOST INT64_C(253402300799999) /* the year 9999 */

/* Each model once, whatever the number of its lines. */
struct track_model {
    uint32_t provider, name, type; /* places among the texts; the type that was said last */
    uint32_t hash;
};

struct track_line {
    int64_t wall_ms;
    int64_t cost[TRACK_COSTS];
    int32_t ms[TRACK_LATENCIES];
    uint32_t model;
    int32_t usable;
};

struct apipie_price_history {
    int32_t refs;
    struct pie_mem mem;
    struct pie_buf texts; /* each ends with NUL; place 0 is "" */
    struct track_model *models;
    uint32_t *slots; /* models by hash, counted from 1; the room is a power of two, never full */
    size_t model_n, model_room, slot_room;
    struct track_line **blocks;
    size_t n, block_n, block_room;
    uint32_t *order; /* of the lines by time; NULL: as they came */
    size_t skipped;
    int32_t disorder;
    struct pie_buf safe; /* while it is read */
    void (*drop)(void *owner);
    void *owner;
};

static const int32_t track_costs[TRACK_COSTS] = {APIPIE_MODEL_PRICE, APIPIE_MODEL_INPUT_COST,
                                                 APIPIE_MODEL_OUTPUT_COST, APIPIE_MODEL_AVG_COST};
static const char *const track_cost_names[TRACK_COSTS] = {"price_usd", "input_usd", "output_usd",
                                                          "average_usd"};
static const int32_t track_latencies[TRACK_LATENCIES] = {
    APIPIE_MODEL_LATENCY_2K,  APIPIE_MODEL_LATENCY_4K,  APIPIE_MODEL_LATENCY_8K,
    APIPIE_MODEL_LATENCY_16K, APIPIE_MODEL_LATENCY_32K, APIPIE_MODEL_LATENCY};

/* ---- life */

struct apipie_price_history *pie_track_new(const struct pie_mem *mem)
{
    struct apipie_price_history *h = pie_mem_new(mem, 1, sizeof(*h));
    if (h == NULL)
        return NULL;
    h->refs = 1;
    h->mem = *mem;
    pie_buf_init(&h->texts, &h->mem, (size_t)INT32_MAX);
    pie_buf_init(&h->safe, &h->mem, 4 * PIE_TRACK_LINE);
    pie_buf_add(&h->texts, "", 1);
    return h;
}

void pie_track_own(struct apipie_price_history *h, void (*drop)(void *owner), void *owner)
{
    h->drop = drop;
    h->owner = owner;
}

void *pie_track_owner(const struct apipie_price_history *h)
{
    return h->owner;
}

struct apipie_price_history *pie_track_keep(struct apipie_price_history *h)
{
    if (h != NULL)
        pie_atomic_add(&h->refs, 1);
    return h;
}

void pie_track_drop(struct apipie_price_history *h)
{
    if (h == NULL || pie_atomic_add(&h->refs, -1) != 0)
        return;
    struct pie_mem mem = h->mem;
    void (*drop)(void *) = h->drop;
    void *owner = h->owner;
    for (size_t i = 0; i < h->block_n; i++)
        pie_mem_free(&mem, h->blocks[i]);
    pie_mem_free(&mem, h->blocks);
    pie_mem_free(&mem, h->models);
    pie_mem_free(&mem, h->slots);
    pie_mem_free(&mem, h->order);
    pie_buf_free(&h->texts);
    pie_buf_free(&h->safe);
    pie_mem_free(&mem, h);
    if (drop != NULL)
        drop(owner);
}

/* ---- models */

static const char *track_text(const struct apipie_price_history *h, uint32_t place)
{
    return place != 0 ? h->texts.p + place : NULL;
}

/* The place of a text: the hint's, when it is the same. */
static uint32_t track_put(struct apipie_price_history *h, struct pie_slice text, uint32_t hint)
{
    size_t at = h->texts.n;
    if (text.n == 0)
        return 0;
    if (hint != 0 && pie_slice_equal(text, h->texts.p + hint))
        return hint;
    pie_buf_add_slice(&h->texts, text);
    pie_buf_add(&h->texts, "", 1);
    return (uint32_t)at;
}

static uint32_t track_hash(struct pie_slice provider, struct pie_slice name)
{
    struct pie_hash hash;
    pie_hash_init(&hash);
    pie_hash_add(&hash, provider.p, provider.n);
    pie_hash_add(&hash, "", 1);
    pie_hash_add(&hash, name.p, name.n);
    return (uint32_t)hash.low;
}

static uint32_t *track_slot(uint32_t *slots, size_t room, const struct apipie_price_history *h,
                            uint32_t hash, struct pie_slice provider, struct pie_slice name)
{
    size_t i = hash & (room - 1);
    for (; slots[i] != 0; i = (i + 1) & (room - 1)) {
        const struct track_model *m = &h->models[slots[i] - 1];
        if (m->hash == hash && pie_slice_equal(provider, track_text(h, m->provider)) &&
            pie_slice_equal(name, track_text(h, m->name)))
            break;
    }
    return &slots[i];
}

/* Room for one model more, here and there. */
static apipie_status track_grow(struct apipie_price_history *h)
{
    size_t room = h->model_room == 0 ? 64 : h->model_room * 2;
    if (h->model_n < h->model_room)
        return APIPIE_OK;
    if (room > UINT32_MAX / 4)
        return APIPIE_E_MEMORY;
    struct track_model *models = pie_mem_resize(&h->mem, h->models, room * sizeof(*models));
    if (models == NULL)
        return APIPIE_E_MEMORY;
    h->models = models;
    uint32_t *slots = pie_mem_new(&h->mem, room * 2, sizeof(*slots));
    if (slots == NULL)
        return APIPIE_E_MEMORY;
    for (size_t i = 0; i < h->model_n; i++) {
        size_t at = models[i].hash & (room * 2 - 1);
        while (slots[at] != 0)
            at = (at + 1) & (room * 2 - 1);
        slots[at] = (uint32_t)i + 1;
    }
    pie_mem_free(&h->mem, h->slots);
    h->slots = slots;
    h->slot_room = room * 2;
    h->model_room = room;
    return APIPIE_OK;
}

static apipie_status track_model(struct apipie_price_history *h, const struct pie_node *root,
                                 uint32_t *ret)
{
    struct pie_slice provider = pie_node_text(pie_node_get(root, "provider"));
    struct pie_slice name = pie_node_text(pie_node_get(root, "model"));
    struct pie_slice type = pie_node_text(pie_node_get(root, "type"));
    uint32_t hash = track_hash(provider, name);
    apipie_status status = track_grow(h);
    if (status != APIPIE_OK)
        return status;
    uint32_t *slot = track_slot(h->slots, h->slot_room, h, hash, provider, name);
    const struct track_model *last = h->model_n != 0 ? &h->models[h->model_n - 1] : NULL;
    if (*slot == 0) {
        struct track_model *m = &h->models[h->model_n];
        m->provider = track_put(h, provider, last != NULL ? last->provider : 0);
        m->name = track_put(h, name, 0);
        m->type = track_put(h, type, last != NULL ? last->type : 0);
        m->hash = hash;
        *slot = (uint32_t)++h->model_n;
    } else if (type.n != 0) {
        struct track_model *m = &h->models[*slot - 1];
        m->type = track_put(h, type, m->type);
    }
    *ret = *slot - 1;
    return h->texts.failed == APIPIE_OK ? APIPIE_OK : APIPIE_E_MEMORY;
}

/* ---- lines */

static struct track_line *track_at(const struct apipie_price_history *h, size_t i)
{
    if (h->order != NULL)
        i = h->order[i];
    return &h->blocks[i / TRACK_BLOCK][i % TRACK_BLOCK];
}

static apipie_status track_add(struct apipie_price_history *h, const struct track_line *line)
{
    if (h->n == h->block_n * TRACK_BLOCK) {
        if (h->n > UINT32_MAX - TRACK_BLOCK)
            return APIPIE_E_MEMORY;
        if (h->block_n == h->block_room) {
            size_t room = h->block_room == 0 ? 16 : h->block_room * 2;
            struct track_line **blocks = pie_mem_resize(&h->mem, h->blocks, room * sizeof(*blocks));
            if (blocks == NULL)
                return APIPIE_E_MEMORY;
            h->blocks = blocks;
            h->block_room = room;
        }
        h->blocks[h->block_n] = pie_mem_new(&h->mem, TRACK_BLOCK, sizeof(*line));
        if (h->blocks[h->block_n] == NULL)
            return APIPIE_E_MEMORY;
        h->block_n++;
    }
    if (h->n != 0 && track_at(h, h->n - 1)->wall_ms > line->wall_ms)
        h->disorder = 1;
    h->n++;
    *track_at(h, h->n - 1) = *line;
    return APIPIE_OK;
}

/* A whole number up to `most`, or null; 0 when it is neither. */
static int32_t track_number(const struct pie_node *node, int64_t most, int64_t *ret)
{
    *ret = APIPIE_UNKNOWN;
    if (pie_node_kind(node) == PIE_JSON_NULL)
        return 1;
    return pie_node_kind(node) == PIE_JSON_NUMERIC && pie_node_int(node, ret) == APIPIE_OK &&
           *ret >= 0 && *ret <= most;
}

static int32_t track_read_latencies(const struct pie_node *list, struct track_line *line)
{
    if (pie_node_kind(list) != PIE_JSON_ARRAY || pie_node_count(list) != TRACK_LATENCIES)
        return 0;
    for (size_t i = 0; i < TRACK_LATENCIES; i++) {
        int64_t ms = 0;
        if (!track_number(pie_node_at(list, i), TRACK_MS_MOST, &ms))
            return 0;
        line->ms[i] = (int32_t)ms;
    }
    return 1;
}

/* All of it, or it is none of ours: half of a line is no line. */
static int32_t track_read_figures(const struct pie_node *root, struct track_line *line)
{
    int64_t usable = 0;
    if (pie_node_kind(root) != PIE_JSON_OBJECT ||
        !track_number(pie_node_get(root, "wall_ms"), TRACK_WALL_MOST, &line->wall_ms) ||
        line->wall_ms == APIPIE_UNKNOWN ||
        !track_number(pie_node_get(root, "available"), 1, &usable) ||
        !track_read_latencies(pie_node_get(root, "latency_ms"), line))
        return 0;
    line->usable = (int32_t)usable;
    for (size_t i = 0; i < TRACK_COSTS; i++) {
        const char *ignored = NULL;
        const struct pie_node *cost = pie_node_get(root, track_cost_names[i]);
        line->cost[i] = pie_listed_money(cost, &ignored);
        if (cost == NULL ||
            (line->cost[i] == APIPIE_UNKNOWN && pie_node_kind(cost) != PIE_JSON_NULL))
            return 0;
    }
    return pie_node_text(pie_node_get(root, "provider")).n != 0 &&
           pie_node_text(pie_node_get(root, "model")).n != 0;
}

apipie_status pie_track_take(struct apipie_price_history *h, struct pie_slice text)
{
    struct track_line line;
    struct pie_damage damage;
    struct pie_doc *doc = NULL;
    if (pie_slice_trim(text).n == 0)
        return APIPIE_OK;
    pie_buf_clear(&h->safe);
    apipie_status status = pie_json_safe(&h->mem, text, &h->safe, &damage);
    if (status == APIPIE_OK)
        status = damage.found ? APIPIE_E_MALFORMED : h->safe.failed;
    if (status == APIPIE_OK)
        status = pie_doc_parse(&h->mem, pie_buf_slice(&h->safe), &doc);
    if (status == APIPIE_OK && !track_read_figures(pie_doc_root(doc), &line))
        status = APIPIE_E_MALFORMED;
    if (status == APIPIE_OK)
        status = track_model(h, pie_doc_root(doc), &line.model);
    if (status == APIPIE_OK)
        status = track_add(h, &line);
    pie_doc_free(doc);
    if (status == APIPIE_OK || status == APIPIE_E_MEMORY)
        return status;
    h->skipped++;
    return APIPIE_OK;
}

static int32_t track_order(const void *user, uint32_t a, uint32_t b)
{
    int64_t left = track_at(user, a)->wall_ms;
    int64_t right = track_at(user, b)->wall_ms;
    return (left > right) - (left < right);
}

apipie_status pie_track_end(struct apipie_price_history *h, size_t skipped)
{
    h->skipped += skipped;
    pie_buf_free(&h->safe);
    if (!h->disorder)
        return APIPIE_OK;
    uint32_t *order = pie_mem_new(&h->mem, h->n, sizeof(*order));
    uint32_t *scratch = pie_mem_new(&h->mem, h->n, sizeof(*scratch));
    if (order == NULL || scratch == NULL) {
        pie_mem_free(&h->mem, order);
        pie_mem_free(&h->mem, scratch);
        return APIPIE_E_MEMORY;
    }
    for (size_t i = 0; i < h->n; i++)
        order[i] = (uint32_t)i;
    pie_order_sort(order, scratch, h->n, track_order, h);
    pie_mem_free(&h->mem, scratch);
    h->order = order;
    return APIPIE_OK;
}

/* ---- read */

size_t pie_track_count(const struct apipie_price_history *h)
{
    return h != NULL ? h->n : 0;
}

size_t pie_track_skipped(const struct apipie_price_history *h)
{
    return h != NULL ? h->skipped : 0;
}

int64_t pie_track_time(const struct apipie_price_history *h, size_t index)
{
    return index < pie_track_count(h) ? track_at(h, index)->wall_ms : APIPIE_UNKNOWN;
}

const char *pie_track_text(const struct apipie_price_history *h, size_t index, int32_t field)
{
    if (index >= pie_track_count(h))
        return NULL;
    const struct track_model *m = &h->models[track_at(h, index)->model];
    switch (field) {
    case APIPIE_MODEL_PROVIDER:
        return track_text(h, m->provider);
    case APIPIE_MODEL_NAME:
        return track_text(h, m->name);
    case APIPIE_MODEL_TYPE:
        return track_text(h, m->type);
    default:
        return NULL;
    }
}

int64_t pie_track_number(const struct apipie_price_history *h, size_t index, int32_t field)
{
    if (index >= pie_track_count(h))
        return APIPIE_UNKNOWN;
    const struct track_line *line = track_at(h, index);
    for (size_t i = 0; i < TRACK_COSTS; i++) {
        if (field == track_costs[i])
            return line->cost[i];
    }
    for (size_t i = 0; i < TRACK_LATENCIES; i++) {
        if (field == track_latencies[i])
            return line->ms[i];
    }
    return field == APIPIE_MODEL_AVAILABLE ? line->usable : APIPIE_UNKNOWN;
}

/* ---- as it was */

/* For each model its last line up to the moment, counted from 1; 0: none yet. */
static uint32_t *track_last(const struct apipie_price_history *h, int64_t wall_ms)
{
    uint32_t *last = pie_mem_new(&h->mem, h->model_n, sizeof(*last));
    for (size_t i = 0; last != NULL && i < h->n && track_at(h, i)->wall_ms <= wall_ms; i++)
        last[track_at(h, i)->model] = (uint32_t)i + 1;
    return last;
}

/* The price is that of a standard picture of 1024x1024; of other sizes the line says nothing. */
static apipie_status track_row(struct pie_table *t, const struct apipie_price_history *h, size_t i)
{
    const struct track_line *line = track_at(h, i);
    const struct track_model *m = &h->models[line->model];
    struct pie_row *row = pie_table_row(t);
    if (row == NULL)
        return APIPIE_E_MEMORY;
    uint32_t before = t->n > 1 ? t->rows[t->n - 2].text[PIE_TEXT_AT(APIPIE_MODEL_PROVIDER)] : 0;
    uint32_t name = pie_table_text(t, pie_slice_text(track_text(h, m->name)));
    row->text[PIE_TEXT_AT(APIPIE_MODEL_ID)] = name;
    row->text[PIE_TEXT_AT(APIPIE_MODEL_NAME)] = name;
    row->text[PIE_TEXT_AT(APIPIE_MODEL_PROVIDER)] =
        pie_table_text_like(t, pie_slice_text(track_text(h, m->provider)), before);
    row->text[PIE_TEXT_AT(APIPIE_MODEL_TYPE)] =
        pie_table_text(t, pie_slice_text(track_text(h, m->type)));
    for (size_t k = 0; k < TRACK_COSTS; k++)
        row->number[PIE_NUMBER_AT(track_costs[k])] = line->cost[k];
    for (size_t k = 0; k < TRACK_LATENCIES; k++)
        row->number[PIE_NUMBER_AT(track_latencies[k])] = line->ms[k];
    row->number[PIE_NUMBER_AT(APIPIE_MODEL_AVAILABLE)] = line->usable;
    row->number[PIE_NUMBER_AT(APIPIE_MODEL_LIVE)] = 1;
    row->number[PIE_NUMBER_AT(APIPIE_MODEL_BUILT_IN)] = 0;
    const struct pie_listed listed = {line->cost[0], 1024, 1024, 0, 0, 0, 0};
    row->listed = (uint32_t)t->listed_n;
    row->listed_n = listed.cost != APIPIE_UNKNOWN;
    return row->listed_n != 0 ? pie_table_list_price(t, &listed) : APIPIE_OK;
}

static apipie_status track_list(const struct apipie_price_history *h, int64_t wall_ms,
                                struct apipie_catalog **ret)
{
    uint32_t *last = track_last(h, wall_ms);
    struct pie_table *t = last != NULL ? pie_table_new(&h->mem, wall_ms) : NULL;
    apipie_status status = t != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
    for (size_t i = 0; i < h->model_n && status == APIPIE_OK; i++) {
        if (last[i] != 0)
            status = track_row(t, h, last[i] - 1);
    }
    pie_mem_free(&h->mem, last);
    if (status == APIPIE_OK)
        return pie_table_publish(t, ret);
    pie_table_free(t);
    return status;
}

apipie_status pie_track_catalog(const struct apipie_price_history *h, int64_t wall_ms,
                                struct apipie_catalog **ret)
{
    struct apipie_catalog *live = NULL;
    struct apipie_catalog *built_in = NULL;
    struct apipie_catalog *both = NULL;
    apipie_status status = track_list(h, wall_ms, &live);
    if (status == APIPIE_OK)
        status = pie_catalog_built_in(&h->mem, &built_in);
    if (status == APIPIE_OK)
        status = pie_catalog_merge(&h->mem, built_in, live, &both);
    if (status == APIPIE_OK) /* what it did not list then stays out */
        status = pie_catalog_where_number(both, APIPIE_MODEL_LIVE, 1, 1, ret);
    pie_catalog_drop(both);
    pie_catalog_drop(built_in);
    pie_catalog_drop(live);
    return status;
}
