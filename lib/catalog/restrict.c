/* SPDX-License-Identifier: MIT */
/* Knows records that say in which countries something is not offered, and what follows from them; must not know prices. */
#include "catalog/catalog_priv.h"

#define RESTRICT_MOST ((size_t)200000) /* countries of all records */

static struct pie_slice restrict_member(const struct pie_node *node, const char *key)
{
    return pie_slice_trim(pie_node_text(pie_node_get(node, key)));
}

int32_t pie_restrict_is(const struct pie_node *node)
{
    return pie_node_kind(pie_node_get(node, "restrict_id")) > PIE_JSON_NULL ||
           (pie_node_kind(pie_node_get(node, "countries")) > PIE_JSON_NULL &&
            restrict_member(node, "model").n == 0 && restrict_member(node, "id").n == 0);
}

/* ---- reading */

static apipie_status restrict_warn(struct pie_reader *r, uint32_t name, const char *what)
{
    return pie_table_warn(r->table, r->row, pie_slice_text(pie_table_text_at(r->table, name)),
                          "countries", what);
}

static apipie_status restrict_add(struct pie_table *t, uint32_t name, struct pie_slice country,
                                  struct pie_slice code)
{
    struct pie_restriction *all =
        pie_table_grow(t, t->restricted, t->restricted_n, &t->restricted_room, sizeof(*all));
    if (all == NULL)
        return APIPIE_E_MEMORY;
    t->restricted = all;
    const struct pie_restriction one = {name, pie_table_text(t, country), pie_table_text(t, code)};
    all[t->restricted_n++] = one;
    return APIPIE_OK;
}

/* {"name":"Cuba","alpha-2":"CU"}, or one of the two as a text. */
static apipie_status restrict_country(struct pie_reader *r, uint32_t name,
                                      const struct pie_node *node)
{
    struct pie_slice country = pie_slice_trim(pie_node_text(node));
    struct pie_slice code = {NULL, 0};
    if (pie_node_kind(node) == PIE_JSON_OBJECT) {
        country = restrict_member(node, "name");
        code = restrict_member(node, "alpha-2");
    } else if (country.n == 2) {
        code = country;
        country.n = 0;
    }
    if (country.n == 0 && code.n == 0)
        return restrict_warn(r, name, "refused: is no country");
    return restrict_add(r->table, name, country, code);
}

/* The array: the node itself, or its member. */
static apipie_status restrict_list(struct pie_reader *r, uint32_t name, const struct pie_node *node)
{
    if (pie_node_kind(node) == PIE_JSON_OBJECT)
        node = pie_node_get(node, "countries");
    if (pie_node_kind(node) != PIE_JSON_ARRAY)
        return restrict_warn(r, name, "refused: is no list");
    apipie_status status = pie_table_failed(r->table);
    for (size_t i = 0; status == APIPIE_OK && i < pie_node_count(node); i++) {
        if (r->table->restricted_n >= RESTRICT_MOST)
            return restrict_warn(r, name, "there are too many");
        status = restrict_country(r, name, pie_node_at(node, i));
    }
    return status;
}

apipie_status pie_restrict_read(struct pie_reader *r, const struct pie_node *node)
{
    struct pie_slice nobody = {NULL, 0};
    struct pie_doc *doc = NULL;
    const struct pie_node *countries = pie_node_get(node, "countries");
    struct pie_slice name = restrict_member(node, "name");
    if (name.n == 0)
        return pie_table_warn(r->table, r->row, nobody, NULL, "dropped: has no name");
    r->table->restricts = 1;
    uint32_t place = pie_table_text(r->table, name);
    if (pie_node_kind(countries) != PIE_JSON_TEXT)
        return restrict_list(r, place, countries);
    apipie_status status = pie_reader_string(r, pie_node_text(countries), &doc);
    if (status == APIPIE_E_MALFORMED)
        return restrict_warn(r, place, "refused: is no JSON");
    if (status == APIPIE_OK)
        status = restrict_list(r, place, pie_doc_root(doc));
    pie_doc_free(doc);
    return status;
}

/* ---- asking: 1, 0, or APIPIE_UNKNOWN when it cannot be told */

static int32_t restrict_where(const struct pie_table *t, const struct pie_restriction *x,
                              struct pie_slice country)
{
    const char *name = pie_table_text_at(t, x->country);
    const char *code = pie_table_text_at(t, x->code);
    if ((name != NULL && pie_slice_equal_nocase(country, name)) ||
        (code != NULL && pie_slice_equal_nocase(country, code)))
        return 1;
    return (country.n == 2 ? code : name) != NULL ? 0 : APIPIE_UNKNOWN; /* said in the other way */
}

/* The name may be a provider's, a model's, or both joined. Without a provider the gateway chooses one. */
static int32_t restrict_who(const struct pie_table *t, const struct pie_restriction *x,
                            struct pie_slice provider, struct pie_slice model)
{
    const char *name = pie_table_text_at(t, x->name);
    struct pie_slice said = pie_slice_text(name);
    if (pie_slice_equal_nocase(model, name))
        return 1;
    if (provider.n == 0) {
        int32_t before =
            model.n > said.n && model.p[said.n] == '/' && pie_slice_starts_nocase(model, name);
        return before ? 1 : APIPIE_UNKNOWN;
    }
    if (pie_slice_equal_nocase(provider, name))
        return 1;
    said = pie_model_bare(said, provider);
    model = pie_model_bare(model, provider);
    return model.n != 0 && said.n == model.n && pie_slice_starts_nocase(model, said.p);
}

int32_t pie_catalog_restricted(const struct apipie_catalog *c, struct pie_slice provider,
                               struct pie_slice model, struct pie_slice country)
{
    if (!pie_catalog_restricts(c) || country.n == 0 || (provider.n == 0 && model.n == 0))
        return APIPIE_UNKNOWN;
    const struct pie_table *t = c->table;
    int32_t found = t->warning_n != 0 ? APIPIE_UNKNOWN : 0; /* what could not be read may be it */
    for (size_t i = 0; i < t->restricted_n; i++) {
        int32_t where = restrict_where(t, &t->restricted[i], country);
        int32_t who = where != 0 ? restrict_who(t, &t->restricted[i], provider, model) : 0;
        if (where == 1 && who == 1)
            return 1;
        if (who != 0)
            found = APIPIE_UNKNOWN;
    }
    return found;
}

int32_t pie_catalog_restricts(const struct apipie_catalog *c)
{
    return c != NULL && (c->table->restricts || c->table->n == 0);
}

size_t pie_catalog_restriction_count(const struct apipie_catalog *c)
{
    return c != NULL ? c->table->restricted_n : 0;
}

const char *pie_catalog_restriction(const struct apipie_catalog *c, size_t index, int32_t which)
{
    if (index >= pie_catalog_restriction_count(c))
        return NULL;
    const struct pie_restriction *x = &c->table->restricted[index];
    const uint32_t texts[] = {x->name, x->country, x->code};
    return which >= 0 && which < (int32_t)PIE_COUNT(texts)
               ? pie_table_text_at(c->table, texts[which])
               : NULL;
}
