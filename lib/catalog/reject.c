/* SPDX-License-Identifier: MIT */
/* Knows why a model does not serve a need, and how that is said; must not rank those that do. */
#include "catalog/choose_priv.h"

/* ---- texts */

static int32_t reject_texts(const struct pie_table *t, const struct pie_row *row,
                            const struct apipie_need *need, int64_t *ret_value)
{
    for (int32_t i = 0; i < PIE_NEED_TEXTS; i++) {
        const char *own = need->text[i] != NULL ? pie_table_text_at(t, row->text[i]) : NULL;
        if (need->text[i] == NULL ||
            (own != NULL && pie_slice_equal_nocase(pie_slice_text(own), need->text[i])))
            continue;
        *ret_value = APIPIE_MODEL_ID + i;
        return 1;
    }
    return 0;
}

static const char *reject_field(int64_t field)
{
    static const char *const names[] = {"id",         "provider", "name",        "type",
                                        "subtype",    "route",    "description", "best-for",
                                        "price type", "family",   "series",      "version",
                                        "speciality", "licence",  "licence url"};
    return names[PIE_TEXT_AT(field)];
}

/* ---- sizes */

static int64_t reject_short_side(int64_t width, int64_t height)
{
    return width < height ? width : height;
}

/* What the list sells is good; a list by size sells nothing else. */
static int32_t reject_listed_size(const struct pie_table *t, const struct pie_row *row,
                                  int32_t width, int32_t height, int32_t *ret_by_size)
{
    int32_t by_size = row->listed_n != 0;
    for (size_t i = 0; i < row->listed_n; i++) {
        const struct pie_listed *p = &t->listed[row->listed + i];
        if (p->width == width && p->height == height)
            return 1;
        by_size &= p->width != 0;
    }
    *ret_by_size = by_size;
    return 0;
}

int32_t pie_reject_size(const struct pie_table *t, const struct pie_row *row, int32_t width,
                        int32_t height)
{
    int32_t by_size = 0;
    int64_t side = reject_short_side(pie_row_number(row, APIPIE_MODEL_WIDTH),
                                     pie_row_number(row, APIPIE_MODEL_HEIGHT));
    if (width == 0 || reject_listed_size(t, row, width, height, &by_size))
        return PIE_REJECT_NONE;
    if (by_size)
        return PIE_REJECT_SIZE;
    return side > 0 && reject_short_side(width, height) > side ? PIE_REJECT_NATIVE
                                                               : PIE_REJECT_NONE;
}

/* A list that names qualities sells no others. */
static int32_t reject_quality(const struct pie_table *t, const struct pie_row *row,
                              const struct pie_limits *limits)
{
    int32_t named = row->listed_n != 0 && limits->quality[0] != '\0';
    for (size_t i = 0; i < row->listed_n && named; i++) {
        const struct pie_listed *p = &t->listed[row->listed + i];
        const char *quality = pie_table_text_at(t, p->quality);
        named =
            quality != NULL && !pie_slice_equal_nocase(pie_slice_text(quality), limits->quality);
    }
    return named;
}

/* ---- all of it */

/* What nobody can tell is no reason. */
static int32_t reject_country(const struct pie_table *t, const struct pie_row *row,
                              const struct apipie_need *need)
{
    return need->restrictions != NULL &&
           pie_catalog_restricted(need->restrictions,
                                  pie_slice_text(pie_row_text(t, row, APIPIE_MODEL_PROVIDER)),
                                  pie_slice_text(pie_row_text(t, row, APIPIE_MODEL_NAME)),
                                  pie_slice_text(need->limits.country)) == 1;
}

static int32_t reject_inpaints(const struct pie_table *t, const struct pie_row *row,
                               const struct apipie_need *need)
{
    const char *speciality = pie_row_text(t, row, APIPIE_MODEL_SPECIALITY);
    return speciality != NULL && !need->limits.edits &&
           need->text[PIE_TEXT_AT(APIPIE_MODEL_SPECIALITY)] == NULL &&
           need->text[PIE_TEXT_AT(APIPIE_MODEL_NAME)] == NULL &&
           strcmp(speciality, "inpainting") == 0;
}

int32_t pie_reject_model(const struct pie_table *t, const struct pie_row *row,
                         const struct apipie_need *need, int32_t has_live, int64_t *ret_value)
{
    const struct pie_limits *limits = &need->limits;
    if (need->text[PIE_TEXT_AT(APIPIE_MODEL_TYPE)] == NULL && !pie_row_is_image(t, row))
        return PIE_REJECT_TYPE;
    if (reject_texts(t, row, need, ret_value))
        return PIE_REJECT_TEXT;
    if (has_live && pie_row_number(row, APIPIE_MODEL_LIVE) == 0)
        return PIE_REJECT_NOT_LISTED;
    if (!pie_row_is_usable(row, has_live))
        return PIE_REJECT_NOT_AVAILABLE;
    if (reject_country(t, row, need))
        return PIE_REJECT_COUNTRY;
    if (limits->edits && pie_row_number(row, APIPIE_MODEL_EDITS) != 1) {
        *ret_value = pie_row_number(row, APIPIE_MODEL_EDITS);
        return PIE_REJECT_EDITS;
    }
    if (reject_inpaints(t, row, need))
        return PIE_REJECT_INPAINTS;
    int32_t why = pie_reject_size(t, row, limits->width, limits->height);
    if (why == PIE_REJECT_NONE && reject_quality(t, row, limits))
        why = PIE_REJECT_QUALITY;
    return why;
}

int32_t pie_reject_figures(const struct pie_figures *f, const struct pie_limits *limits,
                           int64_t *ret_value)
{
    if (limits->max_price != APIPIE_UNKNOWN && f->price > limits->max_price) {
        *ret_value = f->price;
        return PIE_REJECT_PRICE;
    }
    if (limits->max_p95_ms == APIPIE_UNKNOWN)
        return PIE_REJECT_NONE;
    if (f->p95_ms != APIPIE_UNKNOWN) {
        *ret_value = f->p95_ms;
        return f->p95_ms > limits->max_p95_ms ? PIE_REJECT_P95 : PIE_REJECT_NONE;
    }
    *ret_value = f->ms;
    return f->ms > limits->max_p95_ms ? PIE_REJECT_LATENCY : PIE_REJECT_NONE;
}

/* ---- said */

static void reject_add_money(struct pie_buf *out, int64_t picodollars)
{
    char text[PIE_NUMBER_MAX];
    pie_number_money_text(picodollars, text);
    pie_buf_add_text(out, text);
}

static void reject_add_ms(struct pie_buf *out, const char *what, int64_t ms, int64_t most)
{
    pie_buf_add_text(out, what);
    pie_buf_add_int(out, ms);
    pie_buf_add_text(out, " ms is over ");
    pie_buf_add_int(out, most);
    pie_buf_add_text(out, " ms");
}

static void reject_add_size(struct pie_buf *out, int64_t width, int64_t height)
{
    pie_buf_add_int(out, width);
    pie_buf_add_char(out, 'x');
    pie_buf_add_int(out, height);
}

static void reject_add_field(struct pie_buf *out, const struct pie_table *t,
                             const struct pie_row *row, int64_t field)
{
    const char *own = pie_row_text(t, row, (int32_t)field);
    pie_buf_add_text(out, reject_field(field));
    pie_buf_add_text(out, " is ");
    pie_buf_add_text(out, own != NULL ? own : "unknown");
}

static const char *reject_fixed(const struct pie_reject *reject)
{
    switch (reject->why) {
    case PIE_REJECT_NOT_LISTED:
        return "not on the gateway's list";
    case PIE_REJECT_NOT_AVAILABLE:
        return "not available";
    case PIE_REJECT_EDITS:
        return reject->value == 0 ? "cannot edit" : "is not known to edit";
    case PIE_REJECT_INPAINTS:
        return "is for inpainting";
    default:
        return NULL;
    }
}

static void reject_add_sizes(struct pie_buf *out, const struct pie_row *row,
                             const struct pie_reject *reject, const struct pie_limits *limits)
{
    pie_buf_add_text(out, "size ");
    reject_add_size(out, limits->width, limits->height);
    if (reject->why == PIE_REJECT_SIZE) {
        pie_buf_add_text(out, " is not listed");
        return;
    }
    pie_buf_add_text(out, " is over ");
    reject_add_size(out, pie_row_number(row, APIPIE_MODEL_WIDTH),
                    pie_row_number(row, APIPIE_MODEL_HEIGHT));
}

void pie_reject_text(const struct pie_table *t, const struct pie_row *row,
                     const struct pie_reject *reject, const struct pie_limits *limits,
                     struct pie_buf *out)
{
    const char *fixed = reject_fixed(reject);
    if (fixed != NULL) {
        pie_buf_add_text(out, fixed);
    } else if (reject->why == PIE_REJECT_TEXT) {
        reject_add_field(out, t, row, reject->value);
    } else if (reject->why == PIE_REJECT_TYPE) {
        reject_add_field(out, t, row, APIPIE_MODEL_TYPE);
    } else if (reject->why == PIE_REJECT_QUALITY) {
        pie_buf_add_text(out, "quality ");
        pie_buf_add_text(out, limits->quality);
        pie_buf_add_text(out, " is not listed");
    } else if (reject->why == PIE_REJECT_COUNTRY) {
        pie_buf_add_text(out, "not offered in ");
        pie_buf_add_text(out, limits->country);
    } else if (reject->why == PIE_REJECT_PRICE) {
        pie_buf_add_text(out, "price ");
        reject_add_money(out, reject->value);
        pie_buf_add_text(out, " is over ");
        reject_add_money(out, limits->max_price);
    } else if (reject->why == PIE_REJECT_LATENCY || reject->why == PIE_REJECT_P95) {
        reject_add_ms(out, reject->why == PIE_REJECT_P95 ? "p95 " : "latency ", reject->value,
                      limits->max_p95_ms);
    } else {
        reject_add_sizes(out, row, reject, limits);
    }
}
