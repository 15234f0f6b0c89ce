/* SPDX-License-Identifier: MIT */
/* Knows how to choose and order rows by a field; must not copy a record. */
#include "catalog/catalog_priv.h"

/* A selection that has room for all rows of c, and none yet. */
static struct apipie_catalog *select_new(struct apipie_catalog *c)
{
    const struct pie_mem *mem = &c->table->mem;
    struct apipie_catalog *s = pie_mem_new(mem, 1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->index = pie_mem_new(mem, c->n, sizeof(*s->index));
    if (s->index == NULL) {
        pie_mem_free(mem, s);
        return NULL;
    }
    s->refs = 1;
    s->table = c->table;
    pie_atomic_add(&s->table->refs, 1);
    return s;
}

/* Gives back the room that is not needed; without memory for that it stays. */
static apipie_status select_done(struct apipie_catalog *s, struct apipie_catalog **ret)
{
    size_t bytes = (s->n != 0 ? s->n : 1) * sizeof(*s->index);
    uint32_t *smaller = pie_mem_resize(&s->table->mem, s->index, bytes);
    if (smaller != NULL)
        s->index = smaller;
    *ret = s;
    return APIPIE_OK;
}

static uint32_t select_place(const struct apipie_catalog *c, size_t i)
{
    return c->index != NULL ? c->index[i] : (uint32_t)i;
}

/* ---- where */

apipie_status pie_catalog_where_text(struct apipie_catalog *c, int32_t field, const char *value,
                                     struct apipie_catalog **ret)
{
    if (!pie_catalog_is_text(field))
        return APIPIE_E_ARGUMENT;
    struct apipie_catalog *s = select_new(c);
    if (s == NULL)
        return APIPIE_E_MEMORY;
    for (size_t i = 0; i < c->n; i++) {
        const char *text = pie_catalog_text(c, i, field);
        if (value == NULL || text == NULL ? value == text
                                          : pie_slice_equal_nocase(pie_slice_text(text), value))
            s->index[s->n++] = select_place(c, i);
    }
    return select_done(s, ret);
}

apipie_status pie_catalog_where_number(struct apipie_catalog *c, int32_t field, int64_t least,
                                       int64_t most, struct apipie_catalog **ret)
{
    if (!pie_catalog_is_number(field))
        return APIPIE_E_ARGUMENT;
    struct apipie_catalog *s = select_new(c);
    if (s == NULL)
        return APIPIE_E_MEMORY;
    for (size_t i = 0; i < c->n; i++) {
        int64_t v = pie_catalog_number(c, i, field);
        if (v != APIPIE_UNKNOWN && v >= least && (most == APIPIE_UNKNOWN || v <= most))
            s->index[s->n++] = select_place(c, i);
    }
    return select_done(s, ret);
}

/* ---- sort */

struct select_by {
    const struct pie_table *table;
    int32_t field;
    int32_t descending;
};

static int32_t select_order_text(const void *user, uint32_t a, uint32_t b)
{
    const struct select_by *by = user;
    const char *left = pie_row_text(by->table, &by->table->rows[a], by->field);
    const char *right = pie_row_text(by->table, &by->table->rows[b], by->field);
    if (left == NULL || right == NULL)
        return (left == NULL) - (right == NULL);
    if (left == right)
        return 0;
    int32_t order = pie_order_text(left, right);
    return by->descending ? -order : order;
}

static int32_t select_order_number(const void *user, uint32_t a, uint32_t b)
{
    const struct select_by *by = user;
    int64_t left = by->table->rows[a].number[PIE_NUMBER_AT(by->field)];
    int64_t right = by->table->rows[b].number[PIE_NUMBER_AT(by->field)];
    if (left == APIPIE_UNKNOWN || right == APIPIE_UNKNOWN)
        return (left == APIPIE_UNKNOWN) - (right == APIPIE_UNKNOWN);
    int32_t order = (left > right) - (left < right);
    return by->descending ? -order : order;
}

apipie_status pie_catalog_sort(struct apipie_catalog *c, int32_t field, int32_t descending,
                               struct apipie_catalog **ret)
{
    struct select_by by = {c->table, field, descending};
    if (!pie_catalog_is_text(field) && !pie_catalog_is_number(field))
        return APIPIE_E_ARGUMENT;
    struct apipie_catalog *s = select_new(c);
    uint32_t *scratch = pie_mem_new(&c->table->mem, c->n, sizeof(*scratch));
    if (s == NULL || scratch == NULL) {
        pie_mem_free(&c->table->mem, scratch);
        pie_catalog_drop(s);
        return APIPIE_E_MEMORY;
    }
    for (s->n = 0; s->n < c->n; s->n++)
        s->index[s->n] = select_place(c, s->n);
    pie_order_sort(s->index, scratch, s->n,
                   pie_catalog_is_text(field) ? select_order_text : select_order_number, &by);
    pie_mem_free(&c->table->mem, scratch);
    *ret = s;
    return APIPIE_OK;
}

/* ---- group */

static int32_t select_is_same(const struct pie_table *t, int32_t field, const struct pie_row *a,
                              const struct pie_row *b)
{
    if (pie_catalog_is_number(field))
        return a->number[PIE_NUMBER_AT(field)] == b->number[PIE_NUMBER_AT(field)];
    const char *left = pie_row_text(t, a, field);
    const char *right = pie_row_text(t, b, field);
    if (left == NULL || right == NULL || left == right)
        return left == right;
    return pie_slice_equal_nocase(pie_slice_text(left), right);
}

static uint64_t select_hash(const struct pie_table *t, int32_t field, const struct pie_row *row)
{
    if (pie_catalog_is_number(field))
        return pie_hash_fold((uint64_t)row->number[PIE_NUMBER_AT(field)] *
                             UINT64_C(0x9E3779B97F4A7C15));
    struct pie_slice text = pie_slice_text(pie_row_text(t, row, field));
    return pie_hash_fold(pie_hash_short_nocase(PIE_HASH_SHORT, text.p, text.n));
}

/* The first row of group n; NULL when there are not so many. seen has room for a power of two, at least 2 * c->n, of
 * rows, each counted from 1. */
static const struct pie_row *select_leader(const struct apipie_catalog *c, int32_t field, size_t n,
                                           uint32_t *seen, size_t room)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct pie_row *row = pie_catalog_row(c, i);
        size_t at = (size_t)select_hash(c->table, field, row) & (room - 1);
        while (seen[at] != 0 &&
               !select_is_same(c->table, field, pie_catalog_row(c, seen[at] - 1), row))
            at = (at + 1) & (room - 1);
        if (seen[at] != 0)
            continue;
        if (n-- == 0)
            return row;
        seen[at] = (uint32_t)i + 1;
    }
    return NULL;
}

apipie_status pie_catalog_group(struct apipie_catalog *c, int32_t field, size_t n,
                                struct apipie_catalog **ret)
{
    const struct pie_mem *mem = &c->table->mem;
    size_t room = 2;
    if (!pie_catalog_is_text(field) && !pie_catalog_is_number(field))
        return APIPIE_E_ARGUMENT;
    while (room < 2 * c->n)
        room *= 2;
    uint32_t *seen = pie_mem_new(mem, room, sizeof(*seen));
    if (seen == NULL)
        return APIPIE_E_MEMORY;
    const struct pie_row *leader = select_leader(c, field, n, seen, room);
    pie_mem_free(mem, seen);
    if (leader == NULL) {
        *ret = NULL;
        return APIPIE_OK;
    }
    struct apipie_catalog *s = select_new(c);
    if (s == NULL)
        return APIPIE_E_MEMORY;
    for (size_t i = 0; i < c->n; i++) {
        if (select_is_same(c->table, field, leader, pie_catalog_row(c, i)))
            s->index[s->n++] = select_place(c, i);
    }
    return select_done(s, ret);
}
