/* SPDX-License-Identifier: MIT */
/* Knows how models that serve a need are ranked; must not know why others do not. docs/choose.md has the formulas. */
#include "catalog/choose_priv.h"

enum { CHOOSE_PRICE, CHOOSE_SPEED, CHOOSE_RELIABILITY, CHOOSE_PARTS };

#define CHOOSE_WHOLE                                                                               \
    1000000 /* scores are millionths in here: models that differ in price shall differ in rank */

struct choose_one {
    uint32_t index; /* in the catalogue */
    int32_t score;
    int32_t part[CHOOSE_PARTS];
    struct pie_figures figures;
};

struct apipie_choice {
    int32_t refs;
    struct apipie_catalog *catalog;
    struct pie_limits limits;
    struct choose_one *one; /* in the order of the catalogue */
    uint32_t *order;        /* by rank */
    struct pie_reject *rejected;
    size_t n, rejected_n;
};

/* ---- life */

const struct pie_mem *pie_choice_mem(const struct apipie_choice *choice)
{
    return &choice->catalog->table->mem;
}

struct apipie_choice *pie_choice_keep(struct apipie_choice *choice)
{
    if (choice != NULL)
        pie_atomic_add(&choice->refs, 1);
    return choice;
}

void pie_choice_drop(struct apipie_choice *choice)
{
    if (choice == NULL || pie_atomic_add(&choice->refs, -1) != 0)
        return;
    struct apipie_catalog *catalog = choice->catalog;
    const struct pie_mem *mem = pie_choice_mem(choice);
    pie_mem_free(mem, choice->one);
    pie_mem_free(mem, choice->order);
    pie_mem_free(mem, choice->rejected);
    pie_mem_free(mem, choice);
    pie_catalog_drop(catalog);
}

static struct apipie_choice *choose_new(struct apipie_catalog *c, const struct pie_limits *limits)
{
    const struct pie_mem *mem = &c->table->mem;
    struct apipie_choice *choice = pie_mem_new(mem, 1, sizeof(*choice));
    if (choice == NULL)
        return NULL;
    choice->refs = 1;
    choice->catalog = pie_catalog_keep(c);
    choice->limits = *limits;
    choice->one = pie_mem_new(mem, c->n, sizeof(*choice->one));
    choice->rejected = pie_mem_new(mem, c->n, sizeof(*choice->rejected));
    choice->order = pie_mem_new(mem, c->n, sizeof(*choice->order));
    if (choice->one != NULL && choice->rejected != NULL && choice->order != NULL)
        return choice;
    pie_choice_drop(choice);
    return NULL;
}

/* ---- who stays */

static void choose_sift(struct apipie_choice *choice, const struct pie_own_map *map,
                        const struct apipie_need *need)
{
    const struct apipie_catalog *c = choice->catalog;
    int32_t has_live = pie_catalog_has_live(c);
    for (size_t i = 0; i < c->n; i++) {
        const struct pie_row *row = pie_catalog_row(c, i);
        struct choose_one *one = &choice->one[choice->n];
        int64_t value = APIPIE_UNKNOWN;
        int32_t why = pie_reject_model(c->table, row, need, has_live, &value);
        if (why == PIE_REJECT_NONE) {
            pie_figures(c->table, row, pie_own_find(map, c->table, row), &choice->limits,
                        &one->figures);
            why = pie_reject_figures(&one->figures, &choice->limits, &value);
        }
        if (why != PIE_REJECT_NONE) {
            const struct pie_reject reject = {(uint32_t)i, why, value};
            choice->rejected[choice->rejected_n++] = reject;
            continue;
        }
        one->index = (uint32_t)i;
        choice->n++;
    }
}

/* ---- scores */

/* best / v in two steps: a price has 54 bits. */
static int32_t choose_ratio(int64_t best, int64_t v)
{
    if (v == best)
        return CHOOSE_WHOLE;
    uint64_t all = UINT64_C(1000) * (uint64_t)best;
    uint64_t rest = UINT64_C(1000) * (all % (uint64_t)v);
    return (int32_t)(1000 * (all / (uint64_t)v) + rest / (uint64_t)v);
}

static int64_t choose_figure(const struct choose_one *one, int32_t part)
{
    return part == CHOOSE_PRICE ? one->figures.price : one->figures.ms;
}

/* The best of the known ones has all, what costs (or takes) twice as much half of it. What is unknown is taken for as
 * much as three quarters of the known ones do not pass. v is scratch. */
static void choose_compare_part(struct apipie_choice *choice, int32_t part, int64_t *v)
{
    int64_t best = INT64_MAX;
    int64_t stand_in = APIPIE_UNKNOWN;
    size_t unknown = 0;
    for (size_t i = 0; i < choice->n; i++) {
        v[i] = choose_figure(&choice->one[i], part);
        unknown += v[i] == APIPIE_UNKNOWN;
        if (v[i] != APIPIE_UNKNOWN && v[i] < best)
            best = v[i];
    }
    if (unknown != 0)
        stand_in = pie_figures_rank(v, choice->n, 3, 4);
    for (size_t i = 0; i < choice->n; i++) {
        int64_t figure = v[i] != APIPIE_UNKNOWN ? v[i] : stand_in;
        choice->one[i].part[part] =
            figure != APIPIE_UNKNOWN ? choose_ratio(best, figure) : CHOOSE_WHOLE / 2;
    }
}

/* Laplace's rule of succession: half for a model that nobody has tried. */
static int32_t choose_reliability(const struct pie_figures *f)
{
    int64_t tries = f->tries < INT32_MAX ? f->tries : INT32_MAX;
    int64_t ok = f->ok < tries ? f->ok : tries;
    return (int32_t)(CHOOSE_WHOLE * (ok + 1) / (tries + 2));
}

/* Smaller is better: the weighted sum, then how little of it is known, then the plain sum. */
static uint64_t choose_key(struct choose_one *one, const int32_t *weight)
{
    const int32_t unknown[CHOOSE_PARTS] = {one->figures.price == APIPIE_UNKNOWN,
                                           one->figures.ms == APIPIE_UNKNOWN,
                                           one->figures.tries == 0};
    uint64_t sum = 0;
    uint64_t plain = 0;
    uint64_t weights = 0;
    uint64_t blind = 0;
    for (size_t i = 0; i < CHOOSE_PARTS; i++) {
        sum += (uint64_t)weight[i] * (uint64_t)one->part[i];
        plain += (uint64_t)one->part[i];
        weights += (uint64_t)weight[i];
        blind += weight[i] != 0 && unknown[i];
    }
    one->score = (int32_t)(sum / weights);
    return ((uint64_t)CHOOSE_PARTS * CHOOSE_WHOLE * PIE_NEED_WEIGHT - sum) << 24 | blind << 22 |
           (CHOOSE_PARTS * CHOOSE_WHOLE - plain);
}

/* ---- order */

struct choose_by {
    const struct apipie_choice *choice;
    const int64_t *key;
};

static int32_t choose_order(const void *user, uint32_t a, uint32_t b)
{
    const struct choose_by *by = user;
    const struct pie_table *t = by->choice->catalog->table;
    if (by->key[a] != by->key[b])
        return by->key[a] < by->key[b] ? -1 : 1;
    const struct pie_row *left = pie_catalog_row(by->choice->catalog, by->choice->one[a].index);
    const struct pie_row *right = pie_catalog_row(by->choice->catalog, by->choice->one[b].index);
    int32_t order = pie_order_text(pie_row_text(t, left, APIPIE_MODEL_NAME),
                                   pie_row_text(t, right, APIPIE_MODEL_NAME));
    return order != 0 ? order
                      : pie_order_text(pie_row_text(t, left, APIPIE_MODEL_PROVIDER),
                                       pie_row_text(t, right, APIPIE_MODEL_PROVIDER));
}

static apipie_status choose_rank(struct apipie_choice *choice)
{
    const struct pie_mem *mem = pie_choice_mem(choice);
    int64_t *v = pie_mem_new(mem, choice->n, sizeof(*v));
    uint32_t *scratch = pie_mem_new(mem, choice->n, sizeof(*scratch));
    int32_t good = v != NULL && scratch != NULL;
    if (good) {
        choose_compare_part(choice, CHOOSE_PRICE, v);
        choose_compare_part(choice, CHOOSE_SPEED, v);
        for (size_t i = 0; i < choice->n; i++) {
            struct choose_one *one = &choice->one[i];
            one->part[CHOOSE_RELIABILITY] = choose_reliability(&one->figures);
            v[i] = (int64_t)choose_key(one, choice->limits.weight);
            choice->order[i] = (uint32_t)i;
        }
        const struct choose_by by = {choice, v};
        pie_order_sort(choice->order, scratch, choice->n, choose_order, &by);
    }
    pie_mem_free(mem, v);
    pie_mem_free(mem, scratch);
    return good ? APIPIE_OK : APIPIE_E_MEMORY;
}

/* Gives back the room that is not needed; without memory for that it stays. */
static void *choose_fit(const struct pie_mem *mem, void *block, size_t n, size_t size)
{
    void *smaller = pie_mem_resize(mem, block, (n != 0 ? n : 1) * size);
    return smaller != NULL ? smaller : block;
}

apipie_status pie_choose(struct apipie_catalog *c, struct pie_owns owns,
                         const struct apipie_need *need, struct apipie_choice **ret)
{
    struct pie_own_map map;
    if (need->failed != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    apipie_status status = pie_own_map_init(&c->table->mem, owns, &map);
    if (status != APIPIE_OK)
        return status;
    struct apipie_choice *choice = choose_new(c, &need->limits);
    if (choice != NULL)
        choose_sift(choice, &map, need);
    pie_own_map_free(&c->table->mem, &map);
    if (choice == NULL || choose_rank(choice) != APIPIE_OK) {
        pie_choice_drop(choice);
        return APIPIE_E_MEMORY;
    }
    const struct pie_mem *mem = pie_choice_mem(choice);
    choice->one = choose_fit(mem, choice->one, choice->n, sizeof(*choice->one));
    choice->order = choose_fit(mem, choice->order, choice->n, sizeof(*choice->order));
    choice->rejected =
        choose_fit(mem, choice->rejected, choice->rejected_n, sizeof(*choice->rejected));
    *ret = choice;
    return APIPIE_OK;
}

/* ---- read */

size_t pie_choice_count(const struct apipie_choice *choice)
{
    return choice != NULL ? choice->n : 0;
}

size_t pie_choice_rejected(const struct apipie_choice *choice)
{
    return choice != NULL ? choice->rejected_n : 0;
}

int64_t pie_choice_index(const struct apipie_choice *choice, size_t rank)
{
    return rank < pie_choice_count(choice) ? (int64_t)choice->one[choice->order[rank]].index
                                           : APIPIE_UNKNOWN;
}

int64_t pie_choice_rejected_index(const struct apipie_choice *choice, size_t n)
{
    return n < pie_choice_rejected(choice) ? (int64_t)choice->rejected[n].index : APIPIE_UNKNOWN;
}

int64_t pie_choice_number(const struct apipie_choice *choice, size_t rank, int32_t which)
{
    if (rank >= pie_choice_count(choice))
        return APIPIE_UNKNOWN;
    const struct choose_one *one = &choice->one[choice->order[rank]];
    const struct pie_figures *f = &one->figures;
    const int64_t numbers[] = {one->score / 1000,
                               one->part[CHOOSE_PRICE] / 1000,
                               one->part[CHOOSE_SPEED] / 1000,
                               one->part[CHOOSE_RELIABILITY] / 1000,
                               f->price,
                               f->price_listed,
                               f->price_own,
                               f->ms,
                               f->ms_listed,
                               f->ms_own,
                               f->p95_ms,
                               f->tries,
                               f->ok};
    return which >= 0 && which < (int32_t)PIE_COUNT(numbers) ? numbers[which] : APIPIE_UNKNOWN;
}

const char *pie_choice_text(const struct apipie_choice *choice, int64_t index, int32_t field)
{
    return choice != NULL && index >= 0 ? pie_catalog_text(choice->catalog, (size_t)index, field)
                                        : NULL;
}

void pie_choice_reason(const struct apipie_choice *choice, size_t n, struct pie_buf *out)
{
    if (n >= pie_choice_rejected(choice))
        return;
    const struct pie_reject *reject = &choice->rejected[n];
    pie_reject_text(choice->catalog->table, pie_catalog_row(choice->catalog, reject->index), reject,
                    &choice->limits, out);
}
