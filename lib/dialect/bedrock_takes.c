/* SPDX-License-Identifier: MIT */
/* Knows which parameters Stability's models on Amazon Bedrock take (https://docs.aws.amazon.com/bedrock/latest/userguide/
 * model-parameters-stability-diffusion.html); must not write a body. */
#include "dialect/bedrock_priv.h"

#define BEDROCK_TEXT(which) (UINT32_C(1) << PIE_WISH_##which)
#define BEDROCK_SEED_MAX    UINT32_MAX

/* ---- models */

static const struct {
    const char
        *part; /* of the id, which may be an ARN or that of a profile; the first that fits counts */
    int32_t body;
} bedrock_models[] = {
    {"stable-diffusion-xl-v1", PIE_BEDROCK_SDXL},
    {"stable-diffusion-xl", PIE_BEDROCK_SDXL_0},
    {"stable-image-core", PIE_BEDROCK_CORE},
};

static const struct {
    uint32_t texts, numbers;
    int32_t images, mask;
} bedrock_takes[] = {
    [PIE_BEDROCK_SDXL_0] = {BEDROCK_TEXT(NEGATIVE),
                            PIE_WISH_HAS_N | PIE_WISH_HAS_STEPS | PIE_WISH_HAS_GUIDANCE |
                                PIE_WISH_HAS_SEED,
                            0, 0},
    [PIE_BEDROCK_SDXL] = {BEDROCK_TEXT(NEGATIVE) | BEDROCK_TEXT(SAMPLER),
                          PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_STEPS |
                              PIE_WISH_HAS_GUIDANCE | PIE_WISH_HAS_SEED | PIE_WISH_HAS_STRENGTH,
                          1, 1},
    [PIE_BEDROCK_CORE] = {BEDROCK_TEXT(NEGATIVE) | BEDROCK_TEXT(ASPECT) | BEDROCK_TEXT(ENCODING),
                          PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_SEED, 0, 0},
    [PIE_BEDROCK_IMAGE] = {BEDROCK_TEXT(NEGATIVE) | BEDROCK_TEXT(ASPECT) | BEDROCK_TEXT(ENCODING),
                           PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_SEED |
                               PIE_WISH_HAS_STRENGTH,
                           1, 0},
};

int32_t pie_bedrock_body(const char *model)
{
    struct pie_slice id = pie_slice_text(model);
    for (size_t i = 0; i < PIE_COUNT(bedrock_models); i++) {
        if (pie_slice_find_nocase(id, bedrock_models[i].part) < id.n)
            return bedrock_models[i].body;
    }
    return PIE_BEDROCK_IMAGE;
}

int32_t pie_bedrock_is_sdxl(const struct pie_call *c)
{
    const int32_t body = pie_bedrock_body(c->model);
    return body == PIE_BEDROCK_SDXL || body == PIE_BEDROCK_SDXL_0;
}

void pie_bedrock_narrow(const struct pie_call *c, struct pie_takes *takes)
{
    const int32_t body = pie_bedrock_body(c->model);
    takes->texts &= bedrock_takes[body].texts;
    takes->numbers &= bedrock_takes[body].numbers;
    takes->images = (size_t)bedrock_takes[body].images;
    takes->mask = bedrock_takes[body].mask;
    if (c->images == 0 || takes->images == 0) {
        takes->numbers &= ~(uint32_t)PIE_WISH_HAS_STRENGTH;
    } else if (body == PIE_BEDROCK_IMAGE) { /* the picture's shape is that of the input image */
        takes->texts &= ~BEDROCK_TEXT(ASPECT);
        takes->numbers &= ~(uint32_t)PIE_WISH_HAS_SIZE;
    }
}

/* ---- shapes */

struct bedrock_shape {
    const char *name; /* of an aspect ratio */
    int32_t width, height;
};

static const struct bedrock_shape bedrock_sizes[] = {
    {NULL, 1024, 1024}, {NULL, 1152, 896}, {NULL, 1216, 832}, {NULL, 1344, 768}, {NULL, 1536, 640},
    {NULL, 640, 1536},  {NULL, 768, 1344}, {NULL, 832, 1216}, {NULL, 896, 1152},
};

static const struct bedrock_shape bedrock_ratios[] = {
    {"1:1", 1, 1}, {"16:9", 16, 9}, {"21:9", 21, 9}, {"2:3", 2, 3},   {"3:2", 3, 2},
    {"4:5", 4, 5}, {"5:4", 5, 4},   {"9:16", 9, 16}, {"9:21", 9, 21},
};

/* How far two aspect ratios are from each other: 1000 times the quotient. */
static int64_t bedrock_distance(const struct bedrock_shape *s, int32_t width, int32_t height)
{
    int64_t a = (int64_t)s->width * height;
    int64_t b = (int64_t)s->height * width;
    return a > b ? a * 1000 / b : b * 1000 / a;
}

/* Neither side is 0. */
static const struct bedrock_shape *bedrock_nearest(const struct bedrock_shape *shapes, size_t count,
                                                   int32_t width, int32_t height)
{
    const struct bedrock_shape *best = shapes;
    for (size_t i = 1; i < count; i++) {
        if (bedrock_distance(&shapes[i], width, height) < bedrock_distance(best, width, height))
            best = &shapes[i];
    }
    return best;
}

/* "4:3"; NULL when it is no ratio. */
static const struct bedrock_shape *bedrock_read_ratio(const char *text)
{
    int32_t width = 0;
    int32_t height = 0;
    if (!pie_call_ratio(text, &width, &height))
        return NULL;
    return bedrock_nearest(bedrock_ratios, PIE_COUNT(bedrock_ratios), width, height);
}

const char *pie_bedrock_ratio(const struct pie_call *c)
{
    const char *text = pie_call_text(c, PIE_WISH_ASPECT);
    const struct bedrock_shape *shape = NULL;
    if (text != NULL)
        shape = bedrock_read_ratio(text);
    else if (pie_call_has(c, PIE_WISH_HAS_SIZE))
        shape = bedrock_nearest(bedrock_ratios, PIE_COUNT(bedrock_ratios), c->width, c->height);
    return shape != NULL ? shape->name : NULL;
}

const char *pie_bedrock_encoding(const struct pie_call *c)
{
    const char *text = pie_call_text(c, PIE_WISH_ENCODING);
    if (text == NULL)
        return NULL;
    struct pie_slice s = pie_slice_text(text);
    return pie_slice_equal_nocase(s, "jpeg") || pie_slice_equal_nocase(s, "jpg") ? "JPEG" : "PNG";
}

/* ---- what is changed, or left out */

/* A value that the model does not know: `nearest` (NULL: there is none) goes instead, or nothing does (*ret_out), or err says no. */
static apipie_status bedrock_bend(const struct pie_call *c, const char *setter, const char *why,
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

static apipie_status bedrock_fit_size(struct pie_call *c, struct pie_buf *notes,
                                      struct apipie_error *err)
{
    char asked[2 * PIE_NUMBER_MAX + 2];
    int32_t out = 0;
    if (!pie_call_has(c, PIE_WISH_HAS_SIZE))
        return APIPIE_OK;
    const struct bedrock_shape *s =
        bedrock_nearest(bedrock_sizes, PIE_COUNT(bedrock_sizes), c->width, c->height);
    if (s->width == c->width && s->height == c->height)
        return APIPIE_OK;
    pie_number_int_text(c->width, asked);
    pie_text_copy(pie_slice_text("x"), asked + strlen(asked), 2);
    pie_number_int_text(c->height, asked + strlen(asked));
    char nearest[2 * PIE_NUMBER_MAX + 2];
    pie_number_int_text(s->width, nearest);
    pie_text_copy(pie_slice_text("x"), nearest + strlen(nearest), 2);
    pie_number_int_text(s->height, nearest + strlen(nearest));
    apipie_status status = bedrock_bend(c, "set_size", ": the model does not draw it: became ",
                                        asked, nearest, notes, err, &out);
    c->width = s->width;
    c->height = s->height;
    if (out)
        c->has &= ~(uint32_t)PIE_WISH_HAS_SIZE;
    return status;
}

/* The models that draw by aspect ratio choose the size themselves. */
static apipie_status bedrock_fit_shape(struct pie_call *c, struct pie_buf *notes,
                                       struct apipie_error *err)
{
    const char *asked = pie_call_text(c, PIE_WISH_ASPECT);
    const char *ratio = pie_bedrock_ratio(c);
    int32_t out = 0;
    apipie_status status = APIPIE_OK;
    if (asked != NULL && (ratio == NULL || strcmp(ratio, asked) != 0)) {
        status = bedrock_bend(c, "set_aspect_ratio", ": the model does not draw it: became ", asked,
                              ratio, notes, err, &out);
        c->left_out |= out ? BEDROCK_TEXT(ASPECT) : 0;
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

static apipie_status bedrock_fit_encoding(struct pie_call *c, struct pie_buf *notes,
                                          struct apipie_error *err)
{
    static const char *const known[] = {"png", "jpeg", "jpg"};
    const char *asked = pie_call_text(c, PIE_WISH_ENCODING);
    int32_t out = asked == NULL;
    for (size_t i = 0; i < PIE_COUNT(known) && !out; i++)
        out = pie_slice_equal_nocase(pie_slice_text(asked), known[i]);
    if (out)
        return APIPIE_OK;
    apipie_status status = bedrock_bend(c, "set_output_format", ": not from here: became ", asked,
                                        "PNG", notes, err, &out);
    c->left_out |= out ? BEDROCK_TEXT(ENCODING) : 0;
    return status;
}

/* ---- what cannot be asked for */

static apipie_status bedrock_refuse(struct apipie_error *err, apipie_status code, const char *hint,
                                    const char *what)
{
    pie_error_set(err, code, hint, what, NULL, NULL);
    return err->code;
}

static apipie_status bedrock_check_kind(const struct pie_call *c, struct apipie_error *err)
{
    if (c->model == NULL || c->model[0] == '\0')
        return bedrock_refuse(err, APIPIE_E_ARGUMENT,
                              "name one: apipie_request_set_model(), --model",
                              "set_model: Bedrock needs to know which model is asked");
    if (c->wish->kind == APIPIE_REQUEST_VARIATION)
        return bedrock_refuse(err, APIPIE_E_UNSUPPORTED, "edit it, with a prompt",
                              "the models of Bedrock make no variations");
    if (c->wish->kind != APIPIE_REQUEST_IMAGE && c->images == 0)
        return bedrock_refuse(err, APIPIE_E_UNSUPPORTED, "ask another model",
                              "the model starts from no image");
    if (pie_call_has(c, PIE_WISH_HAS_SEED) && c->seed > BEDROCK_SEED_MAX)
        return bedrock_refuse(err, APIPIE_E_ARGUMENT, "give one of at most 4294967295",
                              "set_seed: servers of this kind take no larger seeds");
    return APIPIE_OK;
}

static apipie_status bedrock_check_pictures(const struct pie_call *c, struct apipie_error *err)
{
    if (pie_inputs_fit(c, PIE_INPUT_AS_BASE64))
        return APIPIE_OK;
    return bedrock_refuse(err, APIPIE_E_UNSUPPORTED, "give the picture as bytes or as a file",
                          "set_image_url: servers of this kind fetch no pictures");
}

/* What setters set, by the names of the two bodies. */
static const struct pie_field bedrock_sdxl[] = {
    {"cfg_scale", PIE_FIELD_NUMBER, PIE_WISH_HAS_GUIDANCE},
    {"seed", PIE_FIELD_NUMBER, PIE_WISH_HAS_SEED},
    {"steps", PIE_FIELD_NUMBER, PIE_WISH_HAS_STEPS},
    {"width", PIE_FIELD_NUMBER, PIE_WISH_HAS_SIZE},
    {"height", PIE_FIELD_NUMBER, PIE_WISH_HAS_SIZE},
    {"sampler", PIE_WISH_SAMPLER, 0},
    {"image_strength", PIE_FIELD_NUMBER, PIE_WISH_HAS_STRENGTH},
    {NULL, 0, 0},
};
static const struct pie_field bedrock_image[] = {
    {"prompt", PIE_WISH_PROMPT, 0},
    {"negative_prompt", PIE_WISH_NEGATIVE, 0},
    {"aspect_ratio", PIE_WISH_ASPECT, 0},
    {"aspect_ratio", PIE_FIELD_NUMBER, PIE_WISH_HAS_SIZE},
    {"output_format", PIE_WISH_ENCODING, 0},
    {"seed", PIE_FIELD_NUMBER, PIE_WISH_HAS_SEED},
    {"strength", PIE_FIELD_NUMBER, PIE_WISH_HAS_STRENGTH},
    {NULL, 0, 0},
};

static apipie_status bedrock_check_extras(const struct pie_call *c, struct apipie_error *err)
{
    const int32_t sdxl = pie_bedrock_is_sdxl(c);
    const char *also[3] = {NULL};
    size_t n = 0;
    if (c->images != 0)
        also[n++] = sdxl ? "init_image" : "image";
    if (c->mask != NULL)
        also[n++] = "mask_image";
    apipie_status status = pie_fields_check(c, sdxl ? bedrock_sdxl : bedrock_image, also, err);
    if (status == APIPIE_OK)
        status = pie_fields_check_count(c->wish, "samples", err);
    const char *prompts = pie_wish_extra(c->wish, "text_prompts");
    if (status != APIPIE_OK || !sdxl || prompts == NULL)
        return status;
    struct pie_slice list = pie_slice_trim(pie_slice_text(prompts));
    if (list.n != 0 && list.p[0] == '[')
        return APIPIE_OK;
    return bedrock_refuse(err, APIPIE_E_ARGUMENT, "like [{\"text\":\"fog\",\"weight\":0.5}]",
                          "set_extra: text_prompts must be a list: it goes behind the prompt");
}

apipie_status pie_bedrock_check(struct pie_call *c, struct pie_buf *notes, struct apipie_error *err)
{
    apipie_status status = pie_bedrock_check_key(c, err);
    if (status == APIPIE_OK)
        status = bedrock_check_kind(c, err);
    if (status == APIPIE_OK && pie_bedrock_is_sdxl(c))
        status = bedrock_fit_size(c, notes, err);
    else if (status == APIPIE_OK)
        status = bedrock_fit_shape(c, notes, err);
    if (status == APIPIE_OK)
        status = bedrock_fit_encoding(c, notes, err);
    if (status == APIPIE_OK)
        status = bedrock_check_extras(c, err);
    return status == APIPIE_OK ? bedrock_check_pictures(c, err) : status;
}
