/* SPDX-License-Identifier: MIT */
/* Knows what a wish asks of one call, and what of it a dialect does not take; must not know any wire. */
#include "dialect/dialect.h"

void pie_call_init(struct pie_call *c, const struct pie_wish *w)
{
    memset(c, 0, sizeof(*c));
    c->wish = w;
    c->provider = w->text[PIE_WISH_PROVIDER];
    c->model = w->text[PIE_WISH_MODEL];
    c->has = w->has & PIE_WISH_HAS_ALL;
    c->n = (w->has & PIE_WISH_HAS_N) != 0 ? w->n : 0;
    c->has_seed = (w->has & PIE_WISH_HAS_SEED) != 0;
    c->seed = c->has_seed ? w->seed : 0;
    c->width = w->width;
    c->height = w->height;
    c->steps = w->steps;
    c->strength = w->strength;
    c->guidance = w->guidance;
    c->compression = w->compression;
    c->partial_images = w->partial_images;
    if (w->stream)
        c->has |= PIE_WISH_HAS_STREAM;
    if (w->partial_images >= 0)
        c->has |= PIE_WISH_HAS_PARTIALS;
    c->images = w->images.count;
    c->mask = w->mask.kind != PIE_INPUT_NONE ? &w->mask : NULL;
}

const char *pie_call_text(const struct pie_call *c, int32_t which)
{
    if (which == PIE_WISH_PROVIDER)
        return c->provider;
    if (which == PIE_WISH_MODEL)
        return c->model;
    return (c->left_out & (UINT32_C(1) << which)) == 0 ? c->wish->text[which] : NULL;
}

/* ---- what a dialect does not take */

/* Parameters, and the setters that set them. */
static const struct {
    int32_t text;
    const char *setter;
} call_texts[] = {
    {PIE_WISH_NEGATIVE, "set_negative_prompt"},
    {PIE_WISH_QUALITY, "set_quality"},
    {PIE_WISH_STYLE, "set_style"},
    {PIE_WISH_FORMAT, "set_response_format"},
    {PIE_WISH_ROUTING, "set_routing"},
    {PIE_WISH_USER, "set_user"},
    {PIE_WISH_ASPECT, "set_aspect_ratio"},
    {PIE_WISH_SAMPLER, "set_sampler"},
    {PIE_WISH_ENCODING, "set_output_format"},
    {PIE_WISH_BACKGROUND, "set_background"},
    {PIE_WISH_MODERATION, "set_moderation"},
    {PIE_WISH_FIDELITY, "set_input_fidelity"},
};
static const struct {
    uint32_t has;
    const char *setter;
} call_numbers[] = {
    {PIE_WISH_HAS_N, "set_n"},
    {PIE_WISH_HAS_SIZE, "set_size"},
    {PIE_WISH_HAS_STEPS, "set_steps"},
    {PIE_WISH_HAS_STRENGTH, "set_strength"},
    {PIE_WISH_HAS_GUIDANCE, "set_guidance"},
    {PIE_WISH_HAS_SEED, "set_seed"},
    {PIE_WISH_HAS_COMPRESSION, "set_output_compression"},
    {PIE_WISH_HAS_STREAM, "set_stream"},
    {PIE_WISH_HAS_PARTIALS, "set_partial_images"},
};

int32_t pie_call_may_change(const struct pie_call *c)
{
    return c->wish->unsupported == APIPIE_UNSUPPORTED_NEAREST;
}

void pie_call_note(struct pie_buf *notes, const char *what, const char *more)
{
    if (notes == NULL)
        return;
    pie_buf_add_text(notes, what);
    pie_buf_add_text(notes, more);
    pie_buf_add_char(notes, '\n');
}

int32_t pie_call_leave_out(const struct pie_call *c, const char *setter, const char *why,
                           const char *name, struct pie_buf *notes, struct apipie_error *err)
{
    if (c->wish->unsupported == APIPIE_UNSUPPORTED_REFUSE) {
        pie_error_set(err, APIPIE_E_UNSUPPORTED,
                      "leave it out, ask another backend, or see apipie_request_set_unsupported()",
                      setter, why, name);
        return 0;
    }
    pie_call_note(notes, setter, ": the server does not take it: left out");
    return 1;
}

static int32_t call_side(int32_t v, int32_t least, int32_t most)
{
    return v < least ? least : v > most ? most : v;
}

apipie_status pie_call_fit_sides(struct pie_call *c, int32_t least, int32_t most,
                                 struct pie_buf *notes, struct apipie_error *err)
{
    const int32_t width = call_side(c->width, least, most);
    const int32_t height = call_side(c->height, least, most);
    char range[2 * PIE_NUMBER_MAX + 4];
    if (!pie_call_has(c, PIE_WISH_HAS_SIZE) || (width == c->width && height == c->height))
        return APIPIE_OK;
    pie_number_int_text(least, range);
    memcpy(range + strlen(range), " to ", 5);
    pie_number_int_text(most, range + strlen(range));
    if (pie_call_may_change(c)) {
        pie_call_note(notes, "set_size: each side became one of ", range);
        c->width = width;
        c->height = height;
        return APIPIE_OK;
    }
    if (!pie_call_leave_out(c, "set_size", ": each side must be ", range, notes, err))
        return err->code;
    c->has &= ~(uint32_t)PIE_WISH_HAS_SIZE;
    return APIPIE_OK;
}

static int32_t call_ratio_side(struct pie_slice s)
{
    uint64_t v = 0;
    return pie_number_uint(s, &v) == APIPIE_OK && v <= 100000 ? (int32_t)v : 0;
}

int32_t pie_call_ratio(const char *text, int32_t *ret_width, int32_t *ret_height)
{
    const size_t n = strcspn(text, ":");
    if (text[n] == '\0')
        return 0;
    const int32_t width = call_ratio_side(pie_slice(text, n));
    const int32_t height = call_ratio_side(pie_slice_text(text + n + 1));
    if (width == 0 || height == 0)
        return 0;
    *ret_width = width;
    *ret_height = height;
    return 1;
}

/* What a call may hold, and who says so. */
struct call_limits {
    const struct pie_dialect *dialect;
    struct pie_takes takes; /* of the dialect, for this kind and model */
};

/* 1: it goes out without it. */
static int32_t call_leave_out(const struct call_limits *l, int32_t wire_takes,
                              const struct pie_call *c, const char *setter, struct pie_buf *notes,
                              struct apipie_error *err)
{
    if (!wire_takes)
        return pie_call_leave_out(
            c, setter, ": servers of this kind do not take it: ", l->dialect->name, notes, err);
    return pie_call_leave_out(c, setter, ": not for this kind of request, or this model: ",
                              c->model != NULL ? c->model : l->dialect->name, notes, err);
}

static apipie_status call_fit_texts(const struct call_limits *l, struct pie_call *c,
                                    struct pie_buf *notes, struct apipie_error *err)
{
    for (size_t i = 0; i < PIE_COUNT(call_texts); i++) {
        uint32_t bit = UINT32_C(1) << call_texts[i].text;
        if ((l->takes.texts & bit) != 0 || pie_call_text(c, call_texts[i].text) == NULL)
            continue;
        if (!call_leave_out(l, (l->dialect->takes_texts & bit) != 0, c, call_texts[i].setter, notes,
                            err))
            return err->code;
        c->left_out |= bit;
    }
    return APIPIE_OK;
}

int32_t pie_call_has(const struct pie_call *c, uint32_t which)
{
    if (which == PIE_WISH_HAS_N)
        return c->n != 0;
    return which == PIE_WISH_HAS_SEED ? c->has_seed : (c->has & which) != 0;
}

static apipie_status call_fit_numbers(const struct call_limits *l, struct pie_call *c,
                                      struct pie_buf *notes, struct apipie_error *err)
{
    for (size_t i = 0; i < PIE_COUNT(call_numbers); i++) {
        uint32_t which = call_numbers[i].has;
        if ((l->takes.numbers & which) != 0 || !pie_call_has(c, which))
            continue;
        if (!call_leave_out(l, (l->dialect->takes_numbers & which) != 0, c, call_numbers[i].setter,
                            notes, err))
            return err->code;
        c->has &= ~which;
        c->n = which == PIE_WISH_HAS_N ? 0 : c->n;
        c->has_seed = which == PIE_WISH_HAS_SEED ? 0 : c->has_seed;
    }
    return APIPIE_OK;
}

static apipie_status call_fit_images(const struct call_limits *l, struct pie_call *c,
                                     struct pie_buf *notes, struct apipie_error *err)
{
    const size_t most = l->takes.images;
    if (c->images <= most)
        return APIPIE_OK;
    if (most != 1 || c->wish->unsupported != APIPIE_UNSUPPORTED_REFUSE) {
        if (!call_leave_out(l, l->dialect->takes_images > most, c,
                            most == 0 ? "set_image" : "add_image", notes, err))
            return err->code;
        c->images = most;
        return APIPIE_OK;
    }
    pie_error_set(err, APIPIE_E_UNSUPPORTED,
                  "leave the others out, ask another backend, or see "
                  "apipie_request_set_unsupported()",
                  l->dialect->takes_images == 1
                      ? "add_image: servers of this kind take one input image: "
                      : "add_image: this kind of request, or this model, takes one input image: ",
                  l->dialect->takes_images == 1 || c->model == NULL ? l->dialect->name : c->model,
                  NULL);
    return err->code;
}

/* A mask says something about an image. */
static apipie_status call_fit_mask(const struct call_limits *l, struct pie_call *c,
                                   struct pie_buf *notes, struct apipie_error *err)
{
    if (c->mask == NULL)
        return APIPIE_OK;
    if (c->wish->images.count == 0) {
        pie_error_set(err, APIPIE_E_ARGUMENT,
                      "give the picture that it belongs to: apipie_request_set_image_file(), "
                      "--image",
                      "set_mask: there is no input image", NULL, NULL);
        return err->code;
    }
    if (l->takes.mask && c->images != 0)
        return APIPIE_OK;
    if (!call_leave_out(l, l->dialect->takes_mask, c, "set_mask", notes, err))
        return err->code;
    c->mask = NULL;
    return APIPIE_OK;
}

apipie_status pie_call_fit(const struct pie_dialect *d, struct pie_call *c, struct pie_buf *notes,
                           struct apipie_error *err)
{
    struct call_limits l = {d, {d->takes_texts, d->takes_numbers, d->takes_images, d->takes_mask}};
    if (d->narrow != NULL)
        d->narrow(c, &l.takes);
    if ((d->takes_texts & UINT32_C(1) << PIE_WISH_PROVIDER) == 0 && c->provider != NULL)
        pie_call_note(notes, "set_provider", ": the server knows none: it only names the route");
    apipie_status status = call_fit_texts(&l, c, notes, err);
    if (status == APIPIE_OK)
        status = call_fit_numbers(&l, c, notes, err);
    if (status == APIPIE_OK)
        status = call_fit_images(&l, c, notes, err);
    if (status == APIPIE_OK)
        status = call_fit_mask(&l, c, notes, err);
    return status == APIPIE_OK ? d->check(c, notes, err) : status;
}

/* ---- all dialects */

static const struct pie_dialect *const call_dialects[] = {
    &pie_dialect_apipie,  &pie_dialect_openai,   &pie_dialect_a1111,
    &pie_dialect_sdcpp,   &pie_dialect_together, &pie_dialect_deepinfra,
    &pie_dialect_bedrock, &pie_dialect_prodia,   &pie_dialect_stability};

const struct pie_dialect *pie_dialect_at(size_t index)
{
    return index < PIE_COUNT(call_dialects) ? call_dialects[index] : NULL;
}

const struct pie_dialect *pie_dialect_find(const char *name)
{
    for (size_t i = 0; i < PIE_COUNT(call_dialects); i++) {
        if (strcmp(call_dialects[i]->name, name) == 0)
            return call_dialects[i];
    }
    return NULL;
}
