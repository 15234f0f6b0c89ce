/* SPDX-License-Identifier: MIT */
/* Knows how the records of a list lie in memory; must not know where they come from. */
#include "catalog/catalog_priv.h"

#define ROWS_WARNINGS 1000
#define ROWS_LINE     400

struct pie_table *pie_table_new(const struct pie_mem *mem, int64_t fetched_ms)
{
    struct pie_table *t = pie_mem_new(mem, 1, sizeof(*t));
    if (t == NULL)
        return NULL;
    t->refs = 1;
    t->mem = *mem;
    t->fetched_ms = fetched_ms;
    pie_buf_init(&t->texts, &t->mem, (size_t)INT32_MAX);
    pie_buf_add(&t->texts, "", 1);
    return t;
}

struct pie_table *pie_table_free(struct pie_table *t)
{
    if (t == NULL)
        return NULL;
    struct pie_mem mem = t->mem;
    void (*drop)(void *) = t->drop;
    void *owner = t->owner;
    pie_buf_free(&t->texts);
    pie_mem_free(&mem, t->rows);
    pie_mem_free(&mem, t->listed);
    pie_mem_free(&mem, t->restricted);
    pie_mem_free(&mem, t->warnings);
    pie_mem_free(&mem, t);
    if (drop != NULL)
        drop(owner);
    return NULL;
}

apipie_status pie_table_failed(const struct pie_table *t)
{
    return t->texts.failed;
}

const char *pie_table_text_at(const struct pie_table *t, uint32_t place)
{
    return place != 0 ? t->texts.p + place : NULL;
}

uint32_t pie_table_text(struct pie_table *t, struct pie_slice text)
{
    size_t at = t->texts.n;
    if (text.n == 0)
        return 0;
    pie_buf_add_slice(&t->texts, text);
    pie_buf_add(&t->texts, "", 1);
    return t->texts.failed == APIPIE_OK ? (uint32_t)at : 0;
}

uint32_t pie_table_text_like(struct pie_table *t, struct pie_slice text, uint32_t hint)
{
    if (hint != 0 && pie_slice_equal(text, t->texts.p + hint))
        return hint;
    return pie_table_text(t, text);
}

void *pie_table_grow(struct pie_table *t, void *block, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return block;
    size_t more = *room != 0 ? *room * 2 : 64;
    if (more >= UINT32_MAX || more > SIZE_MAX / size)
        return NULL;
    void *grown = pie_mem_resize(&t->mem, block, more * size);
    if (grown != NULL)
        *room = more;
    return grown;
}

struct pie_row *pie_table_row(struct pie_table *t)
{
    struct pie_row *rows = pie_table_grow(t, t->rows, t->n, &t->room, sizeof(*rows));
    if (rows == NULL)
        return NULL;
    t->rows = rows;
    struct pie_row *row = &rows[t->n++];
    memset(row, 0, sizeof(*row));
    for (size_t i = 0; i < PIE_ROW_NUMBERS; i++)
        row->number[i] = APIPIE_UNKNOWN;
    return row;
}

apipie_status pie_table_list_price(struct pie_table *t, const struct pie_listed *price)
{
    struct pie_listed *all =
        pie_table_grow(t, t->listed, t->listed_n, &t->listed_room, sizeof(*t->listed));
    if (all == NULL)
        return APIPIE_E_MEMORY;
    t->listed = all;
    all[t->listed_n++] = *price;
    return APIPIE_OK;
}

static void rows_compose(struct pie_buf *out, size_t row, struct pie_slice who, const char *field,
                         const char *what)
{
    if (row != 0) {
        pie_buf_add_text(out, "row ");
        pie_buf_add_uint(out, row);
        if (who.n != 0)
            pie_buf_add_text(out, ", ");
        pie_buf_add_slice(out, who);
        pie_buf_add_text(out, ": ");
    }
    if (field != NULL) {
        pie_buf_add_text(out, field);
        pie_buf_add_text(out, ": ");
    }
    pie_buf_add_text(out, what);
}

apipie_status pie_table_warn(struct pie_table *t, size_t row, struct pie_slice who,
                             const char *field, const char *what)
{
    struct pie_buf text;
    char line[ROWS_LINE];
    if (t->warning_n > ROWS_WARNINGS)
        return APIPIE_OK;
    uint32_t *warnings =
        pie_table_grow(t, t->warnings, t->warning_n, &t->warning_room, sizeof(*warnings));
    if (warnings == NULL)
        return APIPIE_E_MEMORY;
    t->warnings = warnings;
    if (t->warning_n == ROWS_WARNINGS) {
        warnings[t->warning_n++] = pie_table_text(t, pie_slice_text("there are more warnings"));
        return t->texts.failed;
    }
    who.n = pie_utf8_cut(who.p, who.n, ROWS_LINE / 2);
    pie_buf_init(&text, &t->mem, 4 * ROWS_LINE);
    rows_compose(&text, row, who, field, what);
    pie_text_display(pie_buf_slice(&text), line, sizeof(line));
    apipie_status status = text.failed;
    pie_buf_free(&text);
    warnings[t->warning_n] = pie_table_text(t, pie_slice_text(line));
    t->warning_n += warnings[t->warning_n] != 0;
    return status != APIPIE_OK ? status : t->texts.failed;
}

apipie_status pie_table_publish(struct pie_table *t, struct apipie_catalog **ret)
{
    struct apipie_catalog *c = NULL;
    apipie_status status = pie_table_failed(t);
    if (status == APIPIE_OK) {
        c = pie_mem_new(&t->mem, 1, sizeof(*c));
        status = c != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
    }
    if (status != APIPIE_OK) {
        pie_table_free(t);
        return status;
    }
    c->refs = 1;
    c->table = t;
    c->n = t->n;
    *ret = c;
    return APIPIE_OK;
}
