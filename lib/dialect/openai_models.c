/* SPDX-License-Identifier: MIT */
/* Knows the list of models of servers that speak OpenAI's language, as the catalogue wants it; must not know their prices. */
#include "dialect/openai_priv.h"
#include "dialect/shared_priv.h"

apipie_status pie_openai_ask_models(const struct pie_call *c, struct pie_leg *leg,
                                    struct apipie_error *err)
{
    (void)err;
    return pie_begin_models(c, "/models", '#', leg);
}

/* Those that are known to make images; the list does not say it. */
static const char *omodels_type(const struct pie_node *row, struct pie_slice id)
{
    char name[64];
    if (pie_node_kind(pie_node_get(row, "type")) == PIE_JSON_TEXT || id.n >= sizeof(name))
        return NULL;
    pie_text_copy(id, name, sizeof(name));
    return pie_openai_draws(name) ? "image" : NULL;
}

/* Of one row so many are kept: each is looked for from the first one on. */
#define OMODELS_MEMBERS 256

/* The row as it came, with the server as provider: "owned_by" says who made the model. */
static void omodels_row(struct pie_buf *out, const struct pie_node *row, struct pie_slice provider,
                        const char *type)
{
    pie_buf_add_text(out, "{\"provider\":");
    pie_json_string(out, provider);
    pie_buf_add_text(out, ",\"model\":");
    pie_json_string(out, pie_node_text(pie_node_get(row, "id")));
    if (type != NULL) {
        pie_buf_add_text(out, ",\"type\":");
        pie_json_string(out, pie_slice_text(type));
    }
    /* One that is no object gets none: the catalogue says what is wrong with it. */
    size_t members = pie_node_kind(row) == PIE_JSON_OBJECT ? pie_node_count(row) : 0;
    members = members < OMODELS_MEMBERS ? members : OMODELS_MEMBERS;
    for (size_t i = 0; i < members; i++) {
        const char *key = NULL;
        const struct pie_node *value = pie_node_member(row, i, &key);
        if (strcmp(key, "provider") == 0 || strcmp(key, "model") == 0)
            continue;
        pie_buf_add_char(out, ',');
        pie_json_string(out, pie_slice_text(key));
        pie_buf_add_char(out, ':');
        pie_node_write(value, out);
    }
    pie_buf_add_char(out, '}');
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
        if (out->p != NULL && out->n != 0 && out->p[out->n - 1] == '}')
            pie_buf_add_char(out, ',');
        omodels_row(out, row, provider, type);
    }
    pie_buf_add_text(out, "]}");
    return out->failed;
}
