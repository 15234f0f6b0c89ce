/* SPDX-License-Identifier: MIT */
/* Knows Stability's list of engines, and the models beside it that no list names; must not know how they are asked. */
#include "dialect/stability_priv.h"

/* What a picture of any size costs, in tenths of a credit of $0.01: as published on https://platform.stability.ai/pricing in 2025. No
 * route says it. */
static const struct {
    const char *name, *description;
    int64_t price;
} stability_models[] = {
    {"ultra", "Stable Image Ultra", 80},
    {"core", "Stable Image Core", 30},
    {"sd3.5-large", "Stable Diffusion 3.5 Large", 65},
    {"sd3.5-large-turbo", "Stable Diffusion 3.5 Large Turbo", 40},
    {"sd3.5-medium", "Stable Diffusion 3.5 Medium", 35},
};

int64_t pie_stability_price(const char *model)
{
    const char *name = pie_stability_route(model)->name;
    for (size_t i = 0; i < PIE_COUNT(stability_models); i++) {
        if (strcmp(stability_models[i].name, model) == 0 ||
            (name != NULL && strcmp(stability_models[i].name, name) == 0))
            return stability_models[i].price * (APIPIE_DOLLAR / 1000);
    }
    return APIPIE_UNKNOWN;
}

static void stability_write_engine(const struct pie_call *c, const struct pie_node *row,
                                   const char *backend, struct pie_buf *out)
{
    struct pie_slice id = pie_node_text(pie_node_get(row, "id"));
    struct pie_slice type = pie_node_text(pie_node_get(row, "type"));
    if (pie_models_typed(out, c->wish, row, backend, id, pie_slice_equal_nocase(type, "PICTURE")))
        pie_buf_add_char(out, '}');
}

apipie_status pie_stability_write_models(const struct pie_call *c, const struct pie_reply *reply,
                                         const char *backend, struct pie_buf *out)
{
    if (pie_node_kind(reply->root) != PIE_JSON_ARRAY)
        return APIPIE_E_MALFORMED;
    pie_buf_add_text(out, "{\"data\":[");
    for (size_t i = 0; i < pie_node_count(reply->root); i++)
        stability_write_engine(c, pie_node_at(reply->root, i), backend, out);
    for (size_t i = 0; i < PIE_COUNT(stability_models); i++) {
        struct pie_slice name = pie_slice_text(stability_models[i].name);
        if (!pie_models_wanted(c->wish, pie_slice_text(backend), name, "image"))
            continue;
        pie_models_row(out, NULL, pie_slice_text(backend), name, "image");
        pie_field_text(out, "subtype", "text-to-image");
        pie_field_text(out, "description", stability_models[i].description);
        pie_models_price(out, pie_stability_price(stability_models[i].name));
        pie_buf_add_char(out, '}');
    }
    pie_buf_add_text(out, "]}");
    return out->failed;
}
