/* SPDX-License-Identifier: MIT */
/* Knows the list of models of servers that speak OpenAI's language, as the catalogue wants it; must not know their prices. */
#include "dialect/openai_priv.h"
#include "dialect/shared_priv.h"

/* Those that are known to make images; the list does not say it. */
static const char *omodels_type(const struct pie_node *row, struct pie_slice id)
{
    char name[64];
    if (pie_node_kind(pie_node_get(row, "type")) == PIE_JSON_TEXT || id.n >= sizeof(name))
        return NULL;
    pie_text_copy(id, name, sizeof(name));
    return pie_openai_draws(name) ? "image" : NULL;
}

apipie_status pie_openai_write_models(const struct pie_call *c, const struct pie_reply *reply,
                                      const char *backend, struct pie_buf *out)
{
    const struct pie_node *list = pie_node_get(reply->root, "data");
    if (pie_node_kind(reply->root) == PIE_JSON_ARRAY)
        list = reply->root;
    if (pie_node_kind(list) != PIE_JSON_ARRAY)
        return APIPIE_E_MALFORMED;
    pie_buf_add_text(out, "{\"data\":[");
    for (size_t i = 0; i < pie_node_count(list); i++) {
        const struct pie_node *row = pie_node_at(list, i);
        struct pie_slice id = pie_node_text(pie_node_get(row, "id"));
        struct pie_slice provider = pie_node_text(pie_node_get(row, "provider"));
        const char *type = omodels_type(row, id);
        if (provider.n == 0)
            provider = pie_slice_text(backend);
        if (!pie_models_wanted(c->wish, provider, id, type))
            continue;
        pie_models_row(out, row, provider, id,
                       type); /* "owned_by" says who made it, not who draws */
        pie_buf_add_char(out, '}');
    }
    pie_buf_add_text(out, "]}");
    return out->failed;
}
