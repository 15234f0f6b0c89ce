/* SPDX-License-Identifier: MIT */
/* Knows the list of models in the gateway's odd types; must not know HTTP. Every figure follows from the name. */
#include "sandbox/sandbox_priv.h"

static uint32_t models_hash(const char *text)
{
    uint32_t h = 2166136261u;

    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * 16777619u;
    h = (h ^ h >> 15) * 0x2c1b3c6du;
    return h ^ h >> 13;
}

static void models_key(struct pie_buf *out, const char *key)
{
    pie_buf_add_text(out, ",\"");
    pie_buf_add_text(out, key);
    pie_buf_add_text(out, "\":");
}

static void models_text(struct pie_buf *out, const char *key, const char *value)
{
    models_key(out, key);
    pie_json_string(out, pie_slice_text(value));
}

/* "310,000" */
static void models_count(struct pie_buf *out, uint32_t h)
{
    uint32_t thousands = 1 + h % 999;

    models_key(out, "query_count");
    pie_buf_add_char(out, '"');
    pie_buf_add_uint(out, thousands);
    pie_buf_add_text(out, h % 3 == 0 ? ",000\"" : ",512\"");
}

/* Averages for prompts of up to 2k, 4k, 8k, 16k and 32k characters, and of all; null where nobody asked yet. */
static void models_latency(struct pie_buf *out, const struct pie_model *m, uint32_t h)
{
    int64_t ms = pie_price_latency(m->provider, 1024, 1024, 0) * (80 + h % 41) / 100;

    models_key(out, "latency");
    if (h % 17 == 0) {
        pie_buf_add_text(out, "null");
        return;
    }
    pie_buf_add_char(out, '"');
    for (int i = 0; i < 5; i++) {
        pie_buf_add_int(out, ms * (20 + i) / 20);
        pie_buf_add_char(out, '/');
    }
    pie_buf_add_int(out, ms);
    pie_buf_add_char(out, '"');
}

/* The prices by quality and size: JSON inside a string. */
static void models_prices(struct pie_buf *out, const struct pie_model *m)
{
    static const struct {
        const char *name;
        int32_t width, height;
    } sizes[] = {{"512x512", 512, 512},
                 {"1024x1024", 1024, 1024},
                 {"1024x1792", 1024, 1792},
                 {"2048x2048", 2048, 2048}};

    models_key(out, "img_json");
    for (int32_t hd = 0; hd < 2; hd++) {
        pie_buf_add_text(out, hd ? "},\\\"hd\\\":{" : "\"{\\\"standard\\\":{");
        for (size_t i = 0; i < PIE_COUNT(sizes); i++) {
            pie_buf_add_text(out, i != 0 ? ",\\\"" : "\\\"");
            pie_buf_add_text(out, sizes[i].name);
            pie_buf_add_text(out, "\\\":");
            pie_price_write(pie_price_cost(m->provider, sizes[i].width, sizes[i].height, hd), out);
        }
    }
    pie_buf_add_text(out, "}}\"");
}

static void models_record(struct pie_buf *out, const struct pie_model *m)
{
    uint32_t h = models_hash(m->model);

    pie_buf_add_text(out, "{\"id\":\"");
    if (h % 4 == 0) { /* some ids name their provider, most do not */
        pie_buf_add_text(out, m->provider);
        pie_buf_add_char(out, '/');
    }
    pie_buf_add_text(out, m->model);
    pie_buf_add_char(out, '"');
    models_text(out, "model", m->model);
    models_text(out, "provider", m->provider);
    models_text(out, "type", "image");
    models_text(out, "subtype", "text-to-image");
    models_text(out, "route", m->model);
    models_text(out, "description", m->description);
    pie_buf_add_text(out, ",\"enabled\":1,\"available\":1,\"max_tokens\":null");
    pie_buf_add_text(out, ",\"max_response_tokens\":null,\"input_cost\":null,\"output_cost\":null");
    models_key(out, "avg_cost");
    pie_buf_add_char(out, '"');
    pie_price_write(pie_price_cost(m->provider, 1024, 1024, 0), out);
    pie_buf_add_text(out, "0000\",\"price_type\":\"image\",\"img_price\":null");
    models_prices(out, m);
    models_latency(out, m, h);
    models_count(out, h);
    pie_buf_add_char(out, '}');
}

static int32_t models_is(const char *filter, const char *value)
{
    return filter == NULL || pie_slice_equal_nocase(pie_slice_text(filter), value);
}

static int32_t models_wanted(const struct pie_models_filter *f, const struct pie_model *m)
{
    return models_is(f->type, "image") && models_is(f->subtype, "text-to-image") &&
           models_is(f->provider, m->provider) && models_is(f->enabled, "1") &&
           (f->model == NULL || strcmp(f->model, m->model) == 0);
}

void pie_models_answer(const struct pie_models_filter *filter, struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body;
    int32_t first = 1;

    pie_buf_add_text(out, "{\"object\":\"list\",\"data\":[");
    for (size_t i = 0; i < pie_model_count; i++) {
        if (!models_wanted(filter, &pie_models[i]))
            continue;
        if (!first)
            pie_buf_add_char(out, ',');
        first = 0;
        models_record(out, &pie_models[i]);
    }
    pie_buf_add_text(out, "]}");
}
