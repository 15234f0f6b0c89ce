/* SPDX-License-Identifier: MIT */
/* Knows which sizes, ratios, encodings and seeds Stability's models know, and what else may be done; must not know who serves them. */
#include "dialect/stable_priv.h"

/* ---- shapes */

struct stable_shape {
    const char *name; /* of an aspect ratio */
    int32_t width, height;
};

static const struct stable_shape stable_sizes[] = {
    {NULL, 1024, 1024}, {NULL, 1152, 896}, {NULL, 1216, 832}, {NULL, 1344, 768}, {NULL, 1536, 640},
    {NULL, 640, 1536},  {NULL, 768, 1344}, {NULL, 832, 1216}, {NULL, 896, 1152},
};

static const struct stable_shape stable_ratios[] = {
    {"1:1", 1, 1}, {"16:9", 16, 9}, {"21:9", 21, 9}, {"2:3", 2, 3},   {"3:2", 3, 2},
    {"4:5", 4, 5}, {"5:4", 5, 4},   {"9:16", 9, 16}, {"9:21", 9, 21},
};

/* How far two aspect ratios are from each other: 1000 times the quotient. */
static int64_t stable_distance(const struct stable_shape *s, int32_t width, int32_t height)
{
    int64_t a = (int64_t)s->width * height;
    int64_t b = (int64_t)s->height * width;
    return a > b ? a * 1000 / b : b * 1000 / a;
}

/* Neither side is 0. */
static const struct stable_shape *stable_nearest(const struct stable_shape *shapes, size_t count,
                                                 int32_t width, int32_t height)
{
    const struct stable_shape *best = shapes;
    for (size_t i = 1; i < count; i++) {
        if (stable_distance(&shapes[i], width, height) < stable_distance(best, width, height))
            best = &shapes[i];
    }
    return best;
}

/* "4:3"; NULL when it is no ratio. */
static const struct stable_shape *stable_read_ratio(const char *text)
{
    int32_t width = 0;
    int32_t height = 0;
    if (!pie_call_ratio(text, &width, &height))
        return NULL;
    return stable_nearest(stable_ratios, PIE_COUNT(stable_ratios), width, height);
}

const char *pie_stable_ratio(const struct pie_call *c)
{
    const char *text = pie_call_text(c, PIE_WISH_ASPECT);
    const struct stable_shape *shape = NULL;
    if (text != NULL)
        shape = stable_read_ratio(text);
    else if (pie_call_has(c, PIE_WISH_HAS_SIZE))
        shape = stable_nearest(stable_ratios, PIE_COUNT(stable_ratios), c->width, c->height);
    return shape != NULL ? shape->name : NULL;
}

/* ---- what is changed, or left out */

/* A value that the model does not know: `nearest` (NULL: there is none) goes instead, or nothing does (*ret_out), or err says no. */
static apipie_status stable_bend(const struct pie_call *c, const char *setter, const char *why,
                                 const char *value, const char *nearest, struct pie_buf *notes,
                                 struct apipie_error *err, int32_t *ret_out)
{
    if (nearest != NULL && pie_call_may_change(c)) {
        char text[128];
        pie_text_copy(pie_slice_text(setter), text, 64);
        pie_text_copy(pie_slice_text(why), text + strlen(text), 64);
        pie_call_note(notes, text, nearest);
        return APIPIE_OK;
    }
    if (!pie_call_leave_out(c, setter, ": the model does not know it: ", value, notes, err))
        return err->code;
    *ret_out = 1;
    return APIPIE_OK;
}

static void stable_size_text(int32_t width, int32_t height, char out[2 * PIE_NUMBER_MAX + 2])
{
    pie_number_int_text(width, out);
    pie_text_copy(pie_slice_text("x"), out + strlen(out), 2);
    pie_number_int_text(height, out + strlen(out));
}

apipie_status pie_stable_bend_size(struct pie_call *c, int32_t width, int32_t height,
                                   struct pie_buf *notes, struct apipie_error *err)
{
    char asked[2 * PIE_NUMBER_MAX + 2];
    char nearest[2 * PIE_NUMBER_MAX + 2];
    int32_t out = 0;
    if (width == c->width && height == c->height)
        return APIPIE_OK;
    stable_size_text(c->width, c->height, asked);
    stable_size_text(width, height, nearest);
    apipie_status status = stable_bend(c, "set_size", ": the model does not draw it: became ",
                                       asked, nearest, notes, err, &out);
    c->width = width;
    c->height = height;
    if (out)
        c->has &= ~(uint32_t)PIE_WISH_HAS_SIZE;
    return status;
}

apipie_status pie_stable_fit_size(struct pie_call *c, struct pie_buf *notes,
                                  struct apipie_error *err)
{
    if (!pie_call_has(c, PIE_WISH_HAS_SIZE))
        return APIPIE_OK;
    const struct stable_shape *s =
        stable_nearest(stable_sizes, PIE_COUNT(stable_sizes), c->width, c->height);
    return pie_stable_bend_size(c, s->width, s->height, notes, err);
}

apipie_status pie_stable_fit_ratio(struct pie_call *c, struct pie_buf *notes,
                                   struct apipie_error *err)
{
    const char *asked = pie_call_text(c, PIE_WISH_ASPECT);
    const char *ratio = pie_stable_ratio(c);
    int32_t out = 0;
    apipie_status status = APIPIE_OK;
    if (asked != NULL && (ratio == NULL || strcmp(ratio, asked) != 0)) {
        status = stable_bend(c, "set_aspect_ratio", ": the model does not draw it: became ", asked,
                             ratio, notes, err, &out);
        c->left_out |= out ? PIE_STABLE_TEXT(ASPECT) : 0;
    }
    if (status != APIPIE_OK || !pie_call_has(c, PIE_WISH_HAS_SIZE))
        return status;
    out = asked != NULL; /* one says it all */
    if (!pie_call_may_change(c) || out)
        status = pie_call_leave_out(c, "set_size", ": the model takes set_aspect_ratio instead",
                                    NULL, notes, err)
                     ? APIPIE_OK
                     : err->code;
    else
        pie_call_note(notes, "set_size: the model takes an aspect ratio: became ", ratio);
    if (!pie_call_may_change(c) || out)
        c->has &= ~(uint32_t)PIE_WISH_HAS_SIZE;
    return status;
}

/* ---- encodings */

static const struct {
    const char *name;
    uint32_t bit;
} stable_encodings[] = {
    {"png", PIE_STABLE_PNG},
    {"jpeg", PIE_STABLE_JPEG},
    {"jpg", PIE_STABLE_JPEG},
    {"webp", PIE_STABLE_WEBP},
};

/* 0: none of them. */
static uint32_t stable_encoding_bit(const char *text)
{
    for (size_t i = 0; i < PIE_COUNT(stable_encodings); i++) {
        if (pie_slice_equal_nocase(pie_slice_text(text), stable_encodings[i].name))
            return stable_encodings[i].bit;
    }
    return 0;
}

const char *pie_stable_encoding(const struct pie_call *c, uint32_t of)
{
    const char *text = pie_call_text(c, PIE_WISH_ENCODING);
    if (text == NULL)
        return NULL;
    const uint32_t bit = stable_encoding_bit(text) & of;
    for (size_t i = 0; i < PIE_COUNT(stable_encodings); i++) {
        if (stable_encodings[i].bit == bit)
            return stable_encodings[i].name;
    }
    return stable_encodings[0].name; /* it was changed to that */
}

apipie_status pie_stable_fit_encoding(struct pie_call *c, uint32_t of, struct pie_buf *notes,
                                      struct apipie_error *err)
{
    const char *asked = pie_call_text(c, PIE_WISH_ENCODING);
    int32_t out = 0;
    if (asked == NULL || (stable_encoding_bit(asked) & of) != 0)
        return APIPIE_OK;
    apipie_status status = stable_bend(c, "set_output_format", ": not from here: became ", asked,
                                       "PNG", notes, err, &out);
    c->left_out |= out ? PIE_STABLE_TEXT(ENCODING) : 0;
    return status;
}

/* ---- what cannot be asked for */

apipie_status pie_stable_refuse(struct apipie_error *err, apipie_status code, const char *hint,
                                const char *what)
{
    pie_error_set(err, code, hint, what, NULL, NULL);
    return err->code;
}

apipie_status pie_stable_check_start(const struct pie_call *c, struct apipie_error *err)
{
    if (c->wish->kind == APIPIE_REQUEST_IMAGE || c->images != 0)
        return APIPIE_OK;
    return pie_stable_refuse(err, APIPIE_E_UNSUPPORTED, "ask another model",
                             "the model starts from no image");
}

apipie_status pie_stable_check_seed(const struct pie_call *c, uint64_t most,
                                    struct apipie_error *err)
{
    char hint[64] = "give one of at most ";
    if (!pie_call_has(c, PIE_WISH_HAS_SEED) || c->seed <= most)
        return APIPIE_OK;
    pie_number_uint_text(most, hint + strlen(hint));
    return pie_stable_refuse(err, APIPIE_E_ARGUMENT, hint,
                             "set_seed: servers of this kind take no larger seeds");
}

apipie_status pie_stable_check_prompts(const struct pie_call *c, struct apipie_error *err)
{
    struct pie_slice list = pie_slice_trim(pie_slice_text(pie_wish_extra(c->wish, "text_prompts")));
    if (list.n == 0 || list.p[0] == '[')
        return APIPIE_OK;
    return pie_stable_refuse(err, APIPIE_E_ARGUMENT, "like [{\"text\":\"fog\",\"weight\":0.5}]",
                             "set_extra: text_prompts must be a list: it goes behind the prompt");
}
