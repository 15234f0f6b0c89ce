/* SPDX-License-Identifier: MIT */
/* Knows what differs between two lists; must not know what anyone does about it. */
#include "catalog/catalog_priv.h"

struct diff_side {
    const struct apipie_catalog *c; /* NULL: empty */
    uint32_t *order;
    size_t n, i;
};

struct diff_to {
    pie_catalog_change fn;
    void *user;
};

static int32_t diff_names(const struct apipie_catalog *a, size_t i, const struct apipie_catalog *b,
                          size_t j)
{
    struct pie_slice provider = pie_slice_text(pie_catalog_text(a, i, APIPIE_MODEL_PROVIDER));
    const char *other = pie_catalog_text(b, j, APIPIE_MODEL_PROVIDER);
    if (!pie_slice_equal_nocase(provider, other))
        return pie_order_text(provider.p, other);
    return strcmp(pie_catalog_text(a, i, APIPIE_MODEL_NAME),
                  pie_catalog_text(b, j, APIPIE_MODEL_NAME));
}

static int32_t diff_order(const void *user, uint32_t a, uint32_t b)
{
    return diff_names(user, a, user, b);
}

static apipie_status diff_sort(const struct pie_mem *mem, struct diff_side *side)
{
    side->n = pie_catalog_count(side->c);
    side->order = pie_mem_new(mem, side->n, sizeof(*side->order));
    uint32_t *scratch = pie_mem_new(mem, side->n, sizeof(*scratch));
    if (side->order != NULL && scratch != NULL) {
        for (size_t i = 0; i < side->n; i++)
            side->order[i] = (uint32_t)i;
        pie_order_sort(side->order, scratch, side->n, diff_order, side->c);
    }
    int32_t good = side->order != NULL && scratch != NULL;
    pie_mem_free(mem, scratch);
    return good ? APIPIE_OK : APIPIE_E_MEMORY;
}

static void diff_tell(const struct diff_to *to, const struct apipie_catalog *c, size_t i,
                      int32_t kind, int64_t before, int64_t after)
{
    to->fn(to->user, kind, pie_catalog_text(c, i, APIPIE_MODEL_PROVIDER),
           pie_catalog_text(c, i, APIPIE_MODEL_NAME), before, after);
}

/* ---- prices */

static int32_t diff_is_change(int64_t before, int64_t after)
{
    return before != APIPIE_UNKNOWN && after != APIPIE_UNKNOWN && before != after;
}

static int32_t diff_listed(const struct apipie_catalog *a, size_t i, const struct apipie_catalog *b,
                           size_t j, int64_t *ret_before, int64_t *ret_after)
{
    const struct pie_row *row = pie_catalog_row(a, i);
    for (size_t k = 0; k < row->listed_n; k++) {
        const struct pie_listed *p = &a->table->listed[row->listed + k];
        const char *quality = pie_table_text_at(a->table, p->quality);
        int64_t before = pie_listed_price(a->table, row, p->width, p->height, 0, quality);
        int64_t after =
            pie_listed_price(b->table, pie_catalog_row(b, j), p->width, p->height, 0, quality);
        if (!diff_is_change(before, after))
            continue;
        *ret_before = before;
        *ret_after = after;
        return 1;
    }
    return 0;
}

/* The first that counts: see apipie_catalog_diff(). */
static int32_t diff_price(const struct apipie_catalog *a, size_t i, const struct apipie_catalog *b,
                          size_t j, int64_t *ret_before, int64_t *ret_after)
{
    static const int32_t fields[] = {APIPIE_MODEL_PRICE, APIPIE_MODEL_INPUT_COST,
                                     APIPIE_MODEL_OUTPUT_COST, APIPIE_MODEL_AVG_COST};
    for (size_t k = 0; k < PIE_COUNT(fields); k++) {
        int64_t before = pie_catalog_number(a, i, fields[k]);
        int64_t after = pie_catalog_number(b, j, fields[k]);
        if (diff_is_change(before, after)) {
            *ret_before = before;
            *ret_after = after;
            return 1;
        }
        if (k == 0 && diff_listed(a, i, b, j, ret_before, ret_after))
            return 1;
    }
    return 0;
}

/* ---- availability */

static void diff_both(const struct diff_to *to, const struct apipie_catalog *a, size_t i,
                      const struct apipie_catalog *b, size_t j)
{
    int64_t before = 0;
    int64_t after = 0;
    if (diff_price(a, i, b, j, &before, &after))
        diff_tell(to, b, j, after > before ? APIPIE_CHANGE_PRICE_UP : APIPIE_CHANGE_PRICE_DOWN,
                  before, after);
    if (diff_is_change(pie_catalog_usable(a, i), pie_catalog_usable(b, j)))
        diff_tell(to, b, j, APIPIE_CHANGE_AVAILABILITY, pie_catalog_usable(a, i),
                  pie_catalog_usable(b, j));
}

static void diff_walk(const struct diff_to *to, struct diff_side *a, struct diff_side *b)
{
    while (a->i < a->n || b->i < b->n) {
        int32_t order = a->i < a->n ? -1 : 1;
        if (a->i < a->n && b->i < b->n)
            order = diff_names(a->c, a->order[a->i], b->c, b->order[b->i]);
        if (order == 0)
            diff_both(to, a->c, a->order[a->i], b->c, b->order[b->i]);
        else if (order < 0)
            diff_tell(to, a->c, a->order[a->i], APIPIE_CHANGE_GONE,
                      pie_catalog_number(a->c, a->order[a->i], APIPIE_MODEL_PRICE), APIPIE_UNKNOWN);
        else
            diff_tell(to, b->c, b->order[b->i], APIPIE_CHANGE_NEW, APIPIE_UNKNOWN,
                      pie_catalog_number(b->c, b->order[b->i], APIPIE_MODEL_PRICE));
        a->i += order <= 0;
        b->i += order >= 0;
    }
}

apipie_status pie_catalog_diff(const struct apipie_catalog *older,
                               const struct apipie_catalog *newer, pie_catalog_change fn,
                               void *user)
{
    struct diff_side a = {older, NULL, 0, 0};
    struct diff_side b = {newer, NULL, 0, 0};
    struct diff_to to = {fn, user};
    if (older == NULL && newer == NULL)
        return APIPIE_OK;
    const struct pie_mem *mem = &(newer != NULL ? newer : older)->table->mem;
    apipie_status status = diff_sort(mem, &a);
    if (status == APIPIE_OK)
        status = diff_sort(mem, &b);
    if (status == APIPIE_OK)
        diff_walk(&to, &a, &b);
    pie_mem_free(mem, a.order);
    pie_mem_free(mem, b.order);
    return status;
}
