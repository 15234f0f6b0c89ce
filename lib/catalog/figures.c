/* SPDX-License-Identifier: MIT */
/* Knows what is known of a model, listed and measured, and how the two are joined; must not rank anything. */
#include "catalog/choose_priv.h"

#define FIGURES_COUNT_MOST (INT64_MAX / 4)

int64_t pie_figures_blend(int64_t listed, int64_t own, int64_t n)
{
    if (listed == APIPIE_UNKNOWN || own == APIPIE_UNKNOWN)
        return listed == APIPIE_UNKNOWN ? own : listed;
    if (n > FIGURES_COUNT_MOST)
        n = FIGURES_COUNT_MOST;
    return own + (listed - own) * PIE_OWN_TRUST / (n + PIE_OWN_TRUST);
}

static int64_t figures_most(int64_t v, int64_t most)
{
    return v < most ? v : most;
}

void pie_figures(const struct pie_table *t, const struct pie_row *row, const struct pie_own *own,
                 const struct pie_limits *limits, struct pie_figures *ret)
{
    struct pie_figures f = {APIPIE_UNKNOWN,
                            APIPIE_UNKNOWN,
                            APIPIE_UNKNOWN,
                            APIPIE_UNKNOWN,
                            APIPIE_UNKNOWN,
                            APIPIE_UNKNOWN,
                            APIPIE_UNKNOWN,
                            0,
                            0};
    int32_t standard = limits->width == 0 && limits->quality[0] == '\0';
    f.price_listed = standard ? pie_row_number(row, APIPIE_MODEL_PRICE)
                              : pie_listed_price(t, row, limits->width != 0 ? limits->width : 1024,
                                                 limits->height != 0 ? limits->height : 1024, 0,
                                                 limits->quality);
    f.ms_listed = pie_row_number(row, APIPIE_MODEL_LATENCY);
    if (own != NULL) {
        if (own->images > 0 && own->cost > 0)
            f.price_own = figures_most(own->cost / own->images, PIE_PRICE_MOST);
        if (own->times > 0)
            f.ms_own = figures_most(own->p50_ms, INT32_MAX);
        if (own->times >= PIE_OWN_P95)
            f.p95_ms = own->p95_ms;
        f.tries = own->tries;
        f.ok = own->ok;
    }
    f.price = pie_figures_blend(f.price_listed, f.price_own, own != NULL ? own->images : 0);
    f.ms = pie_figures_blend(f.ms_listed, f.ms_own, own != NULL ? own->times : 0);
    *ret = f;
}

int32_t pie_row_is_usable(const struct pie_row *row, int32_t has_live)
{
    return pie_row_number(row, APIPIE_MODEL_ENABLED) != 0 &&
           pie_row_number(row, APIPIE_MODEL_AVAILABLE) != 0 &&
           (!has_live || pie_row_number(row, APIPIE_MODEL_LIVE) != 0);
}

int32_t pie_row_is_image(const struct pie_table *t, const struct pie_row *row)
{
    const char *type = pie_row_text(t, row, APIPIE_MODEL_TYPE);
    return type == NULL || pie_slice_equal_nocase(pie_slice_text(type), "image");
}

int32_t pie_catalog_has_live(const struct apipie_catalog *c)
{
    for (size_t i = 0; i < c->n; i++) {
        if (pie_row_number(pie_catalog_row(c, i), APIPIE_MODEL_LIVE) == 1)
            return 1;
    }
    return 0;
}

static size_t figures_up_to(const int64_t *v, size_t n, int64_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += (v[i] >= 0) & (v[i] <= most);
    return count;
}

/* By halves of the range: no order, no copy, and no list that makes it slow. */
int64_t pie_figures_rank(const int64_t *v, size_t n, uint64_t part, uint64_t of)
{
    int64_t low = 0;
    int64_t high = 0;
    for (size_t i = 0; i < n; i++)
        high = v[i] > high ? v[i] : high;
    size_t known = figures_up_to(v, n, high);
    if (known == 0)
        return APIPIE_UNKNOWN;
    size_t wanted = (size_t)(((uint64_t)known * part + of - 1) / of);
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (figures_up_to(v, n, middle) >= wanted)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
