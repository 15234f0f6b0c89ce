/* SPDX-License-Identifier: MIT */
/* Knows how a catalogue is held and read; must not change one. */
#include "catalog/catalog_priv.h"

void pie_catalog_own(struct apipie_catalog *c, void (*drop)(void *owner), void *owner)
{
    c->table->drop = drop;
    c->table->owner = owner;
}

struct apipie_catalog *pie_catalog_keep(struct apipie_catalog *c)
{
    if (c != NULL)
        pie_atomic_add(&c->refs, 1);
    return c;
}

void pie_catalog_drop(struct apipie_catalog *c)
{
    if (c == NULL || pie_atomic_add(&c->refs, -1) != 0)
        return;
    struct pie_table *t = c->table;
    pie_mem_free(&t->mem, c->index);
    pie_mem_free(&t->mem, c);
    if (pie_atomic_add(&t->refs, -1) == 0)
        pie_table_free(t);
}

size_t pie_catalog_count(const struct apipie_catalog *c)
{
    return c != NULL ? c->n : 0;
}

int32_t pie_catalog_is_text(int32_t field)
{
    return field >= APIPIE_MODEL_ID && field < APIPIE_MODEL_ID + PIE_ROW_TEXTS;
}

int32_t pie_catalog_is_number(int32_t field)
{
    return field >= APIPIE_MODEL_ENABLED && field < APIPIE_MODEL_ENABLED + PIE_ROW_NUMBERS;
}

const char *pie_catalog_text(const struct apipie_catalog *c, size_t index, int32_t field)
{
    if (c == NULL || index >= c->n || !pie_catalog_is_text(field))
        return NULL;
    return pie_row_text(c->table, pie_catalog_row(c, index), field);
}

int64_t pie_catalog_number(const struct apipie_catalog *c, size_t index, int32_t field)
{
    if (c == NULL || index >= c->n || !pie_catalog_is_number(field))
        return APIPIE_UNKNOWN;
    return pie_catalog_row(c, index)->number[PIE_NUMBER_AT(field)];
}

int64_t pie_catalog_usable(const struct apipie_catalog *c, size_t index)
{
    int64_t enabled = pie_catalog_number(c, index, APIPIE_MODEL_ENABLED);
    int64_t available = pie_catalog_number(c, index, APIPIE_MODEL_AVAILABLE);
    if (enabled == 0 || available == 0)
        return 0;
    return enabled == 1 || available == 1 ? 1 : APIPIE_UNKNOWN;
}

struct pie_slice pie_catalog_json(const struct apipie_catalog *c, size_t index)
{
    if (c == NULL || index >= c->n)
        return pie_slice(NULL, 0);
    const struct pie_row *row = pie_catalog_row(c, index);
    return pie_slice(pie_table_text_at(c->table, row->json), row->json_n);
}

int64_t pie_catalog_price(const struct apipie_catalog *c, size_t index, int32_t width,
                          int32_t height, int32_t steps, const char *quality)
{
    if (c == NULL || index >= c->n || width < 0 || height < 0 || (width == 0) != (height == 0))
        return APIPIE_UNKNOWN;
    return pie_listed_price(c->table, pie_catalog_row(c, index), width, height, steps, quality);
}

size_t pie_catalog_warning_count(const struct apipie_catalog *c)
{
    return c != NULL ? c->table->warning_n : 0;
}

const char *pie_catalog_warning(const struct apipie_catalog *c, size_t index)
{
    if (index >= pie_catalog_warning_count(c))
        return NULL;
    return pie_table_text_at(c->table, c->table->warnings[index]);
}

int64_t pie_catalog_fetched(const struct apipie_catalog *c)
{
    return c != NULL ? c->table->fetched_ms : APIPIE_UNKNOWN;
}

int64_t pie_catalog_find(const struct apipie_catalog *c, struct pie_slice provider,
                         struct pie_slice name)
{
    for (size_t i = 0; i < pie_catalog_count(c); i++) {
        const char *own = pie_catalog_text(c, i, APIPIE_MODEL_PROVIDER);
        const char *model = pie_catalog_text(c, i, APIPIE_MODEL_NAME);
        if (provider.n != 0 && !pie_slice_equal_nocase(provider, own))
            continue;
        if (pie_slice_equal(name, model) ||
            pie_slice_equal(pie_model_bare(name, pie_slice_text(own)), model))
            return (int64_t)i;
    }
    return APIPIE_UNKNOWN;
}
