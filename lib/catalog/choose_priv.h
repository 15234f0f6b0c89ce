/* SPDX-License-Identifier: MIT */
/* What choosing, comparing and recommending share: own measurements by model, and the figures of a row. */
#ifndef PIE_CHOOSE_PRIV_H
#define PIE_CHOOSE_PRIV_H

#include "catalog/catalog_priv.h"

#define PIE_OWN_TRUST 20 /* so many own measurements weigh as much as what is listed */
#define PIE_OWN_P95   20 /* fewer times have no 95th percentile */

/* ---- own.c: own measurements, found by name. */

struct pie_own_map {
    struct pie_owns owns;
    uint32_t *slot; /* counted from 1; NULL: there are none */
    size_t room;    /* a power of two */
};

/* APIPIE_E_MEMORY. */
apipie_status pie_own_map_init(const struct pie_mem *mem, struct pie_owns owns,
                               struct pie_own_map *ret);
void pie_own_map_free(const struct pie_mem *mem, struct pie_own_map *map);
const struct pie_own *pie_own_find(const struct pie_own_map *map, const struct pie_table *t,
                                   const struct pie_row *row); /* NULL: nothing was measured */

/* ---- figures.c */

struct pie_figures {
    int64_t price, price_listed, price_own;
    int64_t ms, ms_listed, ms_own;
    int64_t p95_ms;
    int64_t tries, ok;
};

/* The listed price is that of the limits' size and quality. own may be NULL. */
void pie_figures(const struct pie_table *t, const struct pie_row *row, const struct pie_own *own,
                 const struct pie_limits *limits, struct pie_figures *ret);
/* own + (listed - own) * 20 / (n + 20); what only one side knows stands alone. */
int64_t pie_figures_blend(int64_t listed, int64_t own, int64_t n);
/* Can it be used, as far as is said? has_live: the catalogue holds rows that the gateway lists. */
int32_t pie_row_is_usable(const struct pie_row *row, int32_t has_live);
int32_t pie_row_is_image(const struct pie_table *t, const struct pie_row *row);
int32_t pie_catalog_has_live(const struct apipie_catalog *c);
/* The smallest of v that at least `part` of `of` of the known ones do not pass; APIPIE_UNKNOWN when none is known. */
int64_t pie_figures_rank(const int64_t *v, size_t n, uint64_t part, uint64_t of);

/* ---- reject.c */

enum {
    PIE_REJECT_NONE,
    PIE_REJECT_TEXT, /* value: the field */
    PIE_REJECT_TYPE,
    PIE_REJECT_NOT_LISTED,
    PIE_REJECT_NOT_AVAILABLE,
    PIE_REJECT_COUNTRY,
    PIE_REJECT_SIZE,
    PIE_REJECT_NATIVE,
    PIE_REJECT_QUALITY,
    PIE_REJECT_EDITS,
    PIE_REJECT_INPAINTS,
    PIE_REJECT_PRICE,   /* value: picodollars */
    PIE_REJECT_LATENCY, /* value: milliseconds */
    PIE_REJECT_P95      /* value: milliseconds */
};

struct pie_reject {
    uint32_t index; /* in the catalogue */
    int32_t why;
    int64_t value;
};

/* What can be told before the figures are known, and after. PIE_REJECT_NONE: it may stay. */
int32_t pie_reject_model(const struct pie_table *t, const struct pie_row *row,
                         const struct apipie_need *need, int32_t has_live, int64_t *ret_value);
int32_t pie_reject_figures(const struct pie_figures *f, const struct pie_limits *limits,
                           int64_t *ret_value);
void pie_reject_text(const struct pie_table *t, const struct pie_row *row,
                     const struct pie_reject *reject, const struct pie_limits *limits,
                     struct pie_buf *out);
/* May a picture of that size be asked for? PIE_REJECT_SIZE, _NATIVE. */
int32_t pie_reject_size(const struct pie_table *t, const struct pie_row *row, int32_t width,
                        int32_t height);

static inline int64_t pie_row_number(const struct pie_row *row, int32_t field)
{
    return row->number[PIE_NUMBER_AT(field)];
}

#endif
