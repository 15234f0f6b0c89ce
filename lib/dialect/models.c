/* SPDX-License-Identifier: MIT */
/* Knows how to ask the APIpie gateway for its models (https://apipie.ai/docs/Features/Models), and how other servers' rows become
 * like its own; must not know what they mean. */
#include "dialect/apipie_priv.h"
#include "dialect/shared_priv.h"

/* Of one row so many are kept: each is looked for from the first one on. */
#define MODELS_MEMBERS 256

int32_t pie_dialect_has_models(const struct pie_dialect *d)
{
    return d->ask_models != NULL || d->models_path != NULL;
}

apipie_status pie_dialect_ask_models(const struct pie_dialect *d, const struct pie_call *c,
                                     struct pie_leg *leg)
{
    if (d->ask_models != NULL)
        return d->ask_models(c, leg);
    if (d->models_detailed == NULL)
        return pie_begin_models(c, d->models_path, '#', leg);
    return pie_begin_models(c, c->wish->detailed ? d->models_detailed : d->models_path, '?', leg);
}

void pie_models_row(struct pie_buf *out, const struct pie_node *row, struct pie_slice provider,
                    struct pie_slice model, const char *type)
{
    if (out->failed == APIPIE_OK && out->n != 0 && out->p[out->n - 1] == '}')
        pie_buf_add_char(out, ',');
    pie_buf_add_text(out, "{\"provider\":");
    pie_json_string(out, provider);
    pie_buf_add_text(out, ",\"model\":");
    pie_json_string(out, model);
    if (type != NULL) {
        pie_buf_add_text(out, ",\"type\":");
        pie_json_string(out, pie_slice_text(type));
    }
    /* One that is no object has none: the catalogue says what is wrong with it. */
    size_t members = pie_node_kind(row) == PIE_JSON_OBJECT ? pie_node_count(row) : 0;
    members = members < MODELS_MEMBERS ? members : MODELS_MEMBERS;
    for (size_t i = 0; i < members; i++) {
        const char *key = NULL;
        const struct pie_node *value = pie_node_member(row, i, &key);
        if (strcmp(key, "provider") == 0 || strcmp(key, "model") == 0 ||
            (type != NULL && strcmp(key, "type") == 0))
            continue;
        pie_buf_add_char(out, ',');
        pie_json_string(out, pie_slice_text(key));
        pie_buf_add_char(out, ':');
        pie_node_write(value, out);
    }
}

int32_t pie_models_typed(struct pie_buf *out, const struct pie_wish *w, const struct pie_node *row,
                         const char *backend, struct pie_slice model, int32_t draws)
{
    struct pie_slice provider = pie_slice_text(backend);
    struct pie_slice own = pie_node_text(pie_node_get(row, "type"));
    const char *type = draws ? "image" : NULL;
    if (!pie_models_wanted(w, provider, model, draws || own.n == 0 ? type : own.p))
        return 0;
    pie_models_row(out, row, provider, model, type);
    return 1;
}

static void models_unit(struct pie_buf *out, int64_t width, int64_t height, int64_t cost)
{
    char text[PIE_NUMBER_MAX];
    pie_number_money_text(cost, text);
    pie_buf_add_text(out, ",\"price_type\":\"image\",\"img_unit\":{");
    pie_field_text(out, "price", text);
    pie_field_int(out, "width", width);
    pie_field_int(out, "height", height);
}

void pie_models_unit(struct pie_buf *out, int64_t width, int64_t height, int64_t steps,
                     int64_t cost)
{
    models_unit(out, width, height, cost);
    if (steps > 0)
        pie_field_int(out, "steps", steps);
    pie_buf_add_char(out, '}');
}

void pie_models_alone(struct pie_buf *out, int64_t width, int64_t height, int64_t cost)
{
    models_unit(out, width, height, cost);
    pie_buf_add_text(out, ",\"alone\":true}");
}

void pie_models_price(struct pie_buf *out, int64_t cost)
{
    char text[PIE_NUMBER_MAX];
    pie_number_money_text(cost, text);
    pie_buf_add_text(out, ",\"price_type\":\"image\"");
    pie_field_text(out, "img_price", text);
}

static void models_member(struct pie_buf *out, const char *name, struct pie_slice value)
{
    pie_field_name(out, name);
    pie_json_string(out, value);
}

/* Nothing in it is a number: plain JSON and safe JSON are the same then. */
void pie_models_free_row(struct pie_buf *out, const struct pie_wish *w, const char *backend,
                         struct pie_slice name, struct pie_slice title)
{
    if (name.n == 0 || !pie_models_wanted(w, pie_slice_text(backend), name, "image"))
        return;
    if (out->failed == APIPIE_OK && out->n != 0 && out->p[out->n - 1] == '}')
        pie_buf_add_char(out, ',');
    pie_buf_add_char(out, '{');
    models_member(out, "id", name);
    models_member(out, "model", name);
    pie_field_text(out, "provider", backend);
    pie_field_text(out, "type", "image");
    if (title.n != 0)
        models_member(out, "description", title);
    pie_field_text(out, "price_type", "image");
    pie_field_text(out, "img_price", "0"); /* it costs nothing, and that is known */
    pie_field_name(out, "enabled");
    pie_buf_add_text(out, "true");
    pie_field_name(out, "available");
    pie_buf_add_text(out, "true}");
}
