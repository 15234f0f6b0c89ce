/* SPDX-License-Identifier: MIT */
/* Knows which model would have done the same for less, or sooner; must not rank by taste. docs/choose.md has the rules. */
#include "catalog/choose_priv.h"

struct advice_row {
    int32_t kind;  /* APIPIE_ADVICE_CHEAPER, _FASTER */
    uint32_t used; /* rows of the catalogue */
    uint32_t better;
    int64_t images, times;
    int64_t price_used, price_better;
    int64_t ms_used, ms_better;
    int64_t tries, ok; /* of the better one */
    int64_t saved;     /* picodollars, or milliseconds an image */
};

struct apipie_advice {
    int32_t refs;
    struct apipie_catalog *catalog;
    struct advice_row *rows;
    size_t n, looked;
};

/* ---- life */

struct apipie_advice *pie_advice_keep(struct apipie_advice *advice)
{
    if (advice != NULL)
        pie_atomic_add(&advice->refs, 1);
    return advice;
}

void pie_advice_drop(struct apipie_advice *advice)
{
    if (advice == NULL || pie_atomic_add(&advice->refs, -1) != 0)
        return;
    struct apipie_catalog *catalog = advice->catalog;
    pie_mem_free(&catalog->table->mem, advice->rows);
    pie_mem_free(&catalog->table->mem, advice);
    pie_catalog_drop(catalog);
}

/* ---- equals */

static int32_t recommend_names(const struct pie_table *t, const struct pie_row *a,
                               const struct pie_row *b)
{
    int32_t order = pie_order_text(pie_row_text(t, a, APIPIE_MODEL_NAME),
                                   pie_row_text(t, b, APIPIE_MODEL_NAME));
    return order != 0 ? order
                      : pie_order_text(pie_row_text(t, a, APIPIE_MODEL_PROVIDER),
                                       pie_row_text(t, b, APIPIE_MODEL_PROVIDER));
}

static int32_t recommend_has_same(const struct pie_table *t, const struct pie_row *a,
                                  const struct pie_row *b, int32_t field)
{
    const char *left = pie_row_text(t, a, field);
    const char *right = pie_row_text(t, b, field);
    return left != NULL && right != NULL &&
           (left == right || pie_slice_equal_nocase(pie_slice_text(left), right));
}

static int32_t recommend_has_at_least(const struct pie_row *better, const struct pie_row *used,
                                      int32_t field)
{
    int64_t needed = pie_row_number(used, field);
    return needed <= 0 || pie_row_number(better, field) >= needed;
}

/* Does better what used does, as far as the list says? */
static int32_t recommend_is_equal(const struct pie_table *t, const struct pie_row *better,
                                  const struct pie_row *used, int32_t has_live)
{
    return pie_row_is_image(t, better) && pie_row_is_usable(better, has_live) &&
           recommend_has_same(t, better, used, APIPIE_MODEL_FAMILY) &&
           recommend_has_same(t, better, used, APIPIE_MODEL_SPECIALITY) &&
           recommend_has_at_least(better, used, APIPIE_MODEL_WIDTH) &&
           recommend_has_at_least(better, used, APIPIE_MODEL_HEIGHT) &&
           recommend_has_at_least(better, used, APIPIE_MODEL_EDITS) &&
           recommend_names(t, better, used) != 0;
}

/* ok/tries of both, exactly. What was never tried is not held against it. */
static int32_t recommend_is_reliable(const struct pie_figures *better,
                                     const struct pie_figures *used)
{
    int64_t tries = used->tries;
    int64_t ok = used->ok;
    int64_t other_tries = better->tries;
    int64_t other_ok = better->ok;
    while (tries > INT32_MAX || other_tries > INT32_MAX) {
        tries /= 2;
        ok /= 2;
        other_tries /= 2;
        other_ok /= 2;
    }
    return other_tries == 0 || other_ok * tries >= ok * other_tries;
}

/* By how much `better` is below `used`; 0 when that is not sure. What was drawn may differ in size: where both are listed, the
 * list must say so too. */
static int64_t recommend_gain(int64_t used, int64_t used_listed, int64_t better,
                              int64_t better_listed)
{
    int32_t listed = used_listed != APIPIE_UNKNOWN && better_listed != APIPIE_UNKNOWN;
    if (used == APIPIE_UNKNOWN || better == APIPIE_UNKNOWN || better >= used ||
        (listed && better_listed >= used_listed))
        return 0;
    return used - better;
}

/* ---- one model that was used */

struct recommend_walk {
    struct apipie_advice *advice;
    const struct pie_own_map *map;
    int32_t has_live;
};

/* Takes it when it gains more than what is there, or as much under the smaller name. */
static void recommend_take(const struct apipie_catalog *c, struct advice_row *best, size_t index,
                           int64_t gain, const struct pie_figures *f)
{
    if (gain == 0 || gain < best->saved)
        return;
    if (gain == best->saved &&
        recommend_names(c->table, pie_catalog_row(c, index), pie_catalog_row(c, best->better)) >= 0)
        return;
    best->saved = gain;
    best->better = (uint32_t)index;
    best->price_better = f->price;
    best->ms_better = f->ms;
    best->tries = f->tries;
    best->ok = f->ok;
}

static void recommend_put(struct apipie_advice *advice, const struct advice_row *best)
{
    if (best->saved == 0)
        return;
    struct advice_row *row = &advice->rows[advice->n++];
    *row = *best;
    if (row->kind == APIPIE_ADVICE_CHEAPER)
        row->saved = row->saved <= INT64_MAX / row->images ? row->saved * row->images : INT64_MAX;
}

static void recommend_one(const struct recommend_walk *w, size_t index, const struct pie_own *own)
{
    const struct apipie_catalog *c = w->advice->catalog;
    const struct pie_row *used = pie_catalog_row(c, index);
    struct pie_figures mine;
    struct pie_figures f;
    pie_figures(c->table, used, own, &pie_need_any.limits, &mine);
    struct advice_row cheaper = {.kind = APIPIE_ADVICE_CHEAPER,
                                 .used = (uint32_t)index,
                                 .images = own->images,
                                 .times = own->times,
                                 .price_used = mine.price_own,
                                 .ms_used = mine.ms_own};
    struct advice_row faster = cheaper;
    faster.kind = APIPIE_ADVICE_FASTER;
    for (size_t i = 0; i < c->n; i++) {
        const struct pie_row *row = pie_catalog_row(c, i);
        if (!recommend_is_equal(c->table, row, used, w->has_live))
            continue;
        pie_figures(c->table, row, pie_own_find(w->map, c->table, row), &pie_need_any.limits, &f);
        if (!recommend_is_reliable(&f, &mine))
            continue;
        recommend_take(c, &cheaper, i,
                       recommend_gain(mine.price_own, mine.price_listed, f.price, f.price_listed),
                       &f);
        recommend_take(c, &faster, i,
                       recommend_gain(mine.ms_own, mine.ms_listed, f.ms, f.ms_listed), &f);
    }
    recommend_put(w->advice, &cheaper);
    recommend_put(w->advice, &faster);
}

/* ---- all of them */

/* What is cheaper comes first; then what saves more; then by name. */
static int32_t recommend_order(const void *user, uint32_t a, uint32_t b)
{
    const struct apipie_advice *advice = user;
    const struct advice_row *left = &advice->rows[a];
    const struct advice_row *right = &advice->rows[b];
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    if (left->saved != right->saved)
        return left->saved > right->saved ? -1 : 1;
    return recommend_names(advice->catalog->table, pie_catalog_row(advice->catalog, left->used),
                           pie_catalog_row(advice->catalog, right->used));
}

static apipie_status recommend_sort(struct apipie_advice *advice)
{
    const struct pie_mem *mem = &advice->catalog->table->mem;
    uint32_t *order = pie_mem_new(mem, 2 * advice->n, sizeof(*order));
    struct advice_row *sorted = pie_mem_new(mem, advice->n, sizeof(*sorted));
    if (order == NULL || sorted == NULL) {
        pie_mem_free(mem, order);
        pie_mem_free(mem, sorted);
        return APIPIE_E_MEMORY;
    }
    for (size_t i = 0; i < advice->n; i++)
        order[i] = (uint32_t)i;
    pie_order_sort(order, order + advice->n, advice->n, recommend_order, advice);
    for (size_t i = 0; i < advice->n; i++)
        sorted[i] = advice->rows[order[i]];
    pie_mem_free(mem, order);
    pie_mem_free(mem, advice->rows);
    advice->rows = sorted;
    return APIPIE_OK;
}

/* The same model may stand in several rows: the first counts. */
static int32_t recommend_is_first(const struct apipie_catalog *c, size_t index)
{
    const struct pie_row *row = pie_catalog_row(c, index);
    const char *provider = pie_row_text(c->table, row, APIPIE_MODEL_PROVIDER);
    return pie_catalog_find(c, pie_slice_text(provider),
                            pie_slice_text(pie_row_text(c->table, row, APIPIE_MODEL_NAME))) ==
           (int64_t)index;
}

static void recommend_all(struct apipie_advice *advice, const struct pie_own_map *map)
{
    const struct apipie_catalog *c = advice->catalog;
    const struct recommend_walk w = {advice, map, pie_catalog_has_live(c)};
    for (size_t i = 0; i < c->n && advice->looked < map->owns.n; i++) {
        const struct pie_own *own = pie_own_find(map, c->table, pie_catalog_row(c, i));
        if (own == NULL || own->images == 0 || !recommend_is_first(c, i))
            continue;
        advice->looked++;
        recommend_one(&w, i, own);
    }
}

apipie_status pie_recommend(struct apipie_catalog *c, struct pie_owns owns,
                            struct apipie_advice **ret)
{
    const struct pie_mem *mem = &c->table->mem;
    struct pie_own_map map;
    struct apipie_advice *advice = pie_mem_new(mem, 1, sizeof(*advice));
    apipie_status status = advice != NULL ? pie_own_map_init(mem, owns, &map) : APIPIE_E_MEMORY;
    if (status != APIPIE_OK) {
        pie_mem_free(mem, advice);
        return status;
    }
    advice->refs = 1;
    advice->catalog = pie_catalog_keep(c);
    advice->rows = pie_mem_new(mem, 2 * owns.n, sizeof(*advice->rows));
    if (advice->rows != NULL)
        recommend_all(advice, &map);
    pie_own_map_free(mem, &map);
    if (advice->rows == NULL || recommend_sort(advice) != APIPIE_OK) {
        pie_advice_drop(advice);
        return APIPIE_E_MEMORY;
    }
    *ret = advice;
    return APIPIE_OK;
}

/* ---- read */

size_t pie_advice_count(const struct apipie_advice *advice)
{
    return advice != NULL ? advice->n : 0;
}

size_t pie_advice_looked(const struct apipie_advice *advice)
{
    return advice != NULL ? advice->looked : 0;
}

int64_t pie_advice_index(const struct apipie_advice *advice, size_t n, int32_t better)
{
    if (n >= pie_advice_count(advice) || (better != 0 && better != 1))
        return APIPIE_UNKNOWN;
    return better ? advice->rows[n].better : advice->rows[n].used;
}

const char *pie_advice_text(const struct apipie_advice *advice, size_t n, int32_t better,
                            int32_t field)
{
    int64_t index = pie_advice_index(advice, n, better);
    return index >= 0 ? pie_catalog_text(advice->catalog, (size_t)index, field) : NULL;
}

int64_t pie_advice_number(const struct apipie_advice *advice, size_t n, int32_t which)
{
    if (n >= pie_advice_count(advice))
        return APIPIE_UNKNOWN;
    const struct advice_row *r = &advice->rows[n];
    const int64_t numbers[] = {r->kind,    r->saved,     r->images, r->price_used, r->price_better,
                               r->ms_used, r->ms_better, r->tries,  r->ok};
    return which >= 0 && which < (int32_t)PIE_COUNT(numbers) ? numbers[which] : APIPIE_UNKNOWN;
}
