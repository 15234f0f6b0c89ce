/* SPDX-License-Identifier: MIT */
/* Choosing, comparing, recommending: part of the door of catalog. Pure. docs/choose.md has the rules. */
#ifndef PIE_CATALOG_CHOOSE_H
#define PIE_CATALOG_CHOOSE_H

#include "base/base.h"

#define PIE_NEED_WEIGHT  1000 /* the most that a part may weigh */
#define PIE_NEED_MS      86400000
#define PIE_NEED_QUALITY 64 /* bytes with NUL */
#define PIE_NEED_COUNTRY 64 /* bytes with NUL */
#define PIE_NEED_TEXTS   15 /* APIPIE_MODEL_ID and on */

/* What the user has measured of one model. Counts are 0 where there is nothing, figures then APIPIE_UNKNOWN. */
struct pie_own {
    const char *provider, *model; /* borrowed */
    int64_t tries, ok;            /* requests that the model answers for; with a picture */
    int64_t times, p50_ms, p95_ms;
    int64_t images, cost; /* of all of them; 0: nobody said */
};

struct pie_owns {
    const struct pie_own *own; /* of several of the same name the one with the most tries counts */
    size_t n;
};

/* ---- need.c */

struct pie_limits {
    int32_t width, height; /* 0: any */
    int32_t edits;
    int64_t max_price, max_p95_ms; /* or APIPIE_UNKNOWN */
    int32_t weight[3];             /* price, speed, reliability */
    char quality[PIE_NEED_QUALITY];
    char country[PIE_NEED_COUNTRY]; /* ""; else where it is needed */
};

struct apipie_need {
    int32_t refs;
    const struct pie_mem *mem;
    struct apipie_client *client; /* whose memory it is, for whoever drops it */
    apipie_status failed;         /* of the first setter that was refused */
    struct pie_limits limits;
    char *text[PIE_NEED_TEXTS];
    struct apipie_catalog *restrictions; /* that say what is not offered there; NULL */
};

/* Asks for nothing. */
extern const struct apipie_need pie_need_any;

struct apipie_need *pie_need_new(const struct pie_mem *mem);
void pie_need_free(struct apipie_need *need);
/* All: APIPIE_E_ARGUMENT or APIPIE_E_MEMORY: it stays as it was, and remembers. */
apipie_status pie_need_set_text(struct apipie_need *need, int32_t field, const char *value);
apipie_status pie_need_set_size(struct apipie_need *need, int32_t width, int32_t height);
apipie_status pie_need_set_editing(struct apipie_need *need, int32_t editing);
apipie_status pie_need_set_quality(struct apipie_need *need, const char *quality);
/* Keeps the list; country NULL or "" takes it back. */
apipie_status pie_need_set_country(struct apipie_need *need, struct apipie_catalog *restrictions,
                                   const char *country);
apipie_status pie_need_set_max_price(struct apipie_need *need, int64_t picodollars);
apipie_status pie_need_set_max_p95(struct apipie_need *need, int64_t ms);
apipie_status pie_need_set_weights(struct apipie_need *need, int32_t price, int32_t speed,
                                   int32_t reliability);

/* ---- choose.c. Answers keep their catalogue, and live in its memory. */

struct apipie_choice;

/* APIPIE_E_MEMORY; APIPIE_E_ARGUMENT when the need has failed. */
apipie_status pie_choose(struct apipie_catalog *c, struct pie_owns owns,
                         const struct apipie_need *need, struct apipie_choice **ret);
struct apipie_choice *pie_choice_keep(struct apipie_choice *choice);
void pie_choice_drop(struct apipie_choice *choice);
const struct pie_mem *pie_choice_mem(const struct apipie_choice *choice);
size_t pie_choice_count(const struct apipie_choice *choice);
size_t pie_choice_rejected(const struct apipie_choice *choice);
/* Row of the catalogue; APIPIE_UNKNOWN past the end. */
int64_t pie_choice_index(const struct apipie_choice *choice, size_t rank);
int64_t pie_choice_rejected_index(const struct apipie_choice *choice, size_t n);
int64_t pie_choice_number(const struct apipie_choice *choice, size_t rank, int32_t which);
const char *pie_choice_text(const struct apipie_choice *choice, int64_t index, int32_t field);
/* One line; nothing past the end. */
void pie_choice_reason(const struct apipie_choice *choice, size_t n, struct pie_buf *out);

/* ---- compare.c */

struct apipie_comparison;

apipie_status pie_compare(struct apipie_catalog *c, int32_t field, struct apipie_comparison **ret);
struct apipie_comparison *pie_comparison_keep(struct apipie_comparison *comparison);
void pie_comparison_drop(struct apipie_comparison *comparison);
size_t pie_comparison_count(const struct apipie_comparison *comparison);
const char *pie_comparison_text(const struct apipie_comparison *comparison, size_t row);
int64_t pie_comparison_number(const struct apipie_comparison *comparison, size_t row,
                              int32_t which);
/* Of a row of the catalogue; SIZE_MAX: in none. */
size_t pie_comparison_group(const struct apipie_comparison *comparison, size_t index);
/* What was measured of a whole row of the comparison; provider and model do not count. */
void pie_comparison_measured(struct apipie_comparison *comparison, size_t row,
                             const struct pie_own *own);

/* ---- recommend.c */

struct apipie_advice;

apipie_status pie_recommend(struct apipie_catalog *c, struct pie_owns owns,
                            struct apipie_advice **ret);
struct apipie_advice *pie_advice_keep(struct apipie_advice *advice);
void pie_advice_drop(struct apipie_advice *advice);
size_t pie_advice_count(const struct apipie_advice *advice);
size_t pie_advice_looked(const struct apipie_advice *advice);
int64_t pie_advice_index(const struct apipie_advice *advice, size_t n, int32_t better);
int64_t pie_advice_number(const struct apipie_advice *advice, size_t n, int32_t which);
const char *pie_advice_text(const struct apipie_advice *advice, size_t n, int32_t better,
                            int32_t field);

#endif
