/* SPDX-License-Identifier: MIT */
/* Knows how the built-in table becomes a catalogue, and how a live list is laid over one; must not parse anything. */
#include "catalog/catalog_priv.h"

/* ---- the table */

static void built_in_texts(struct pie_table *t, struct pie_row *row, const struct pie_model *m)
{
    const struct {
        int32_t field;
        const char *text;
    } texts[] = {
        {APIPIE_MODEL_ID, m->model},
        {APIPIE_MODEL_PROVIDER, m->provider},
        {APIPIE_MODEL_TYPE, "image"},
        {APIPIE_MODEL_DESCRIPTION, m->description},
        {APIPIE_MODEL_BEST_FOR, m->best_for},
        {APIPIE_MODEL_FAMILY, m->family},
        {APIPIE_MODEL_SERIES, m->series},
        {APIPIE_MODEL_VERSION, m->version},
        {APIPIE_MODEL_SPECIALITY, m->speciality},
        {APIPIE_MODEL_LICENSE, m->license},
        {APIPIE_MODEL_LICENSE_URL, m->license_url},
    };
    for (size_t i = 0; i < PIE_COUNT(texts); i++)
        row->text[PIE_TEXT_AT(texts[i].field)] = pie_table_text(t, pie_slice_text(texts[i].text));
    row->text[PIE_TEXT_AT(APIPIE_MODEL_NAME)] = row->text[PIE_TEXT_AT(APIPIE_MODEL_ID)];
}

apipie_status pie_catalog_built_in(const struct pie_mem *mem, struct apipie_catalog **ret)
{
    struct pie_table *t = pie_table_new(mem, APIPIE_UNKNOWN);
    if (t == NULL)
        return APIPIE_E_MEMORY;
    for (size_t i = 0; i < pie_model_count; i++) {
        struct pie_row *row = pie_table_row(t);
        if (row == NULL) {
            pie_table_free(t);
            return APIPIE_E_MEMORY;
        }
        built_in_texts(t, row, &pie_models[i]);
        row->number[PIE_NUMBER_AT(APIPIE_MODEL_WIDTH)] = pie_models[i].side;
        row->number[PIE_NUMBER_AT(APIPIE_MODEL_HEIGHT)] = pie_models[i].side;
        row->number[PIE_NUMBER_AT(APIPIE_MODEL_EDITS)] = pie_models[i].edits;
        row->number[PIE_NUMBER_AT(APIPIE_MODEL_LIVE)] = 0;
        row->number[PIE_NUMBER_AT(APIPIE_MODEL_BUILT_IN)] = 1;
    }
    return pie_table_publish(t, ret);
}

/* ---- one over the other */

/* The other's texts as a whole: so each place in them stays what it is. */
static apipie_status built_in_copy(struct pie_table *t, const struct apipie_catalog *live)
{
    const struct pie_table *of = live->table;
    apipie_status status = APIPIE_OK;
    pie_buf_clear(&t->texts);
    pie_buf_reserve(&t->texts, of->texts.n);
    pie_buf_add_slice(&t->texts, pie_buf_slice(&of->texts));
    for (size_t i = 0; status == APIPIE_OK && i < of->listed_n; i++)
        status = pie_table_list_price(t, &of->listed[i]);
    for (size_t i = 0; status == APIPIE_OK && i < live->n; i++) {
        struct pie_row *row = pie_table_row(t);
        status = row != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
        if (row != NULL)
            *row = *pie_catalog_row(live, i);
    }
    t->restricts = of->restricts;
    if (status == APIPIE_OK && of->restricted_n != 0) {
        size_t bytes = of->restricted_n * sizeof(*t->restricted);
        t->restricted = pie_mem_resize(&t->mem, NULL, bytes);
        if (t->restricted == NULL)
            return APIPIE_E_MEMORY;
        memcpy(t->restricted, of->restricted, bytes);
        t->restricted_n = t->restricted_room = of->restricted_n;
    }
    if (status != APIPIE_OK || of->warning_n == 0)
        return status;
    t->warnings = pie_mem_new(&t->mem, of->warning_n, sizeof(*t->warnings));
    if (t->warnings == NULL)
        return APIPIE_E_MEMORY;
    memcpy(t->warnings, of->warnings, of->warning_n * sizeof(*t->warnings));
    t->warning_n = t->warning_room = of->warning_n;
    return APIPIE_OK;
}

/* What the row does not know, the other may. */
static void built_in_fill(struct pie_table *t, struct pie_row *row, const struct apipie_catalog *c,
                          size_t index)
{
    const struct pie_row *other = pie_catalog_row(c, index);
    for (size_t i = 0; i < PIE_ROW_TEXTS; i++) {
        const char *text = pie_table_text_at(c->table, other->text[i]);
        if (row->text[i] == 0 && text != NULL)
            row->text[i] = pie_table_text(t, pie_slice_text(text));
    }
    for (size_t i = 0; i < PIE_ROW_NUMBERS; i++) {
        if (row->number[i] == APIPIE_UNKNOWN)
            row->number[i] = other->number[i];
    }
    row->number[PIE_NUMBER_AT(APIPIE_MODEL_BUILT_IN)] = 1;
}

static int32_t built_in_is_same(const struct pie_table *t, const struct pie_row *row,
                                const char *provider, const char *name)
{
    return strcmp(pie_row_text(t, row, APIPIE_MODEL_NAME), name) == 0 &&
           pie_slice_equal_nocase(pie_slice_text(pie_row_text(t, row, APIPIE_MODEL_PROVIDER)),
                                  provider);
}

/* The same model may stand in several live rows: all of them get what is known. */
static apipie_status built_in_lay_under(struct pie_table *t, size_t live_n,
                                        const struct apipie_catalog *c, size_t index)
{
    const char *provider = pie_catalog_text(c, index, APIPIE_MODEL_PROVIDER);
    const char *name = pie_catalog_text(c, index, APIPIE_MODEL_NAME);
    int32_t found = 0;
    for (size_t i = 0; i < live_n && pie_table_failed(t) == APIPIE_OK; i++) {
        if (!built_in_is_same(t, &t->rows[i], provider, name))
            continue;
        found = 1;
        built_in_fill(t, &t->rows[i], c, index);
    }
    if (found)
        return pie_table_failed(t);
    struct pie_row *row = pie_table_row(t);
    if (row == NULL)
        return APIPIE_E_MEMORY;
    built_in_fill(t, row, c, index);
    row->number[PIE_NUMBER_AT(APIPIE_MODEL_LIVE)] = 0;
    return pie_table_failed(t);
}

apipie_status pie_catalog_merge(const struct pie_mem *mem, const struct apipie_catalog *built_in,
                                const struct apipie_catalog *live, struct apipie_catalog **ret)
{
    struct pie_table *t = pie_table_new(mem, pie_catalog_fetched(live));
    if (t == NULL)
        return APIPIE_E_MEMORY;
    apipie_status status = pie_table_failed(t);
    if (status == APIPIE_OK && live != NULL)
        status = built_in_copy(t, live);
    if (status == APIPIE_OK)
        status = pie_table_failed(t);
    size_t live_n = t->n;
    for (size_t i = 0; status == APIPIE_OK && i < pie_catalog_count(built_in); i++)
        status = built_in_lay_under(t, live_n, built_in, i);
    if (status == APIPIE_OK)
        return pie_table_publish(t, ret);
    pie_table_free(t);
    return status;
}
