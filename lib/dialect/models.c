/* SPDX-License-Identifier: MIT */
/* Knows how to ask the APIpie gateway for its models (https://apipie.ai/docs/Features/Models), and how other servers' rows become
 * like its own; must not know what they mean. */
#include "dialect/apipie_priv.h"
#include "dialect/shared_priv.h"

apipie_status pie_apipie_ask_models(const struct pie_call *c, struct pie_leg *leg,
                                    struct apipie_error *err)
{
    (void)err;
    return pie_begin_models(c, c->wish->detailed ? "/models/detailed" : "/models", '?', leg);
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
    for (size_t i = 0; i < pie_node_count(row); i++) {
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

void pie_models_price(struct pie_buf *out, int64_t width, int64_t height, int64_t cost)
{
    char text[PIE_NUMBER_MAX];
    pie_number_money_text(cost, text);
    pie_buf_add_text(out, ",\"price_type\":\"image\",");
    if (width > 0 && height > 0) {
        pie_buf_add_text(out, "\"img_json\":{\"");
        pie_buf_add_int(out, width);
        pie_buf_add_char(out, 'x');
        pie_buf_add_int(out, height);
        pie_buf_add_text(out, "\":\"");
        pie_buf_add_text(out, text);
        pie_buf_add_text(out, "\"}");
        return;
    }
    pie_buf_add_text(out, "\"img_price\":\"");
    pie_buf_add_text(out, text);
    pie_buf_add_char(out, '"');
}
