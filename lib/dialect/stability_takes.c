/* SPDX-License-Identifier: MIT */
/* Knows where each model of Stability's platform is asked, and which parameters it takes there
 * (https://platform.stability.ai/docs/api-reference); must not write a body. */
#include "dialect/stability_priv.h"

/* ---- routes */

#define STABILITY_ALL  (PIE_STABLE_PNG | PIE_STABLE_JPEG | PIE_STABLE_WEBP)
#define STABILITY_EDIT PIE_STABLE_TEXT(ENCODING)
#define STABILITY_NOT  (PIE_STABLE_TEXT(NEGATIVE) | STABILITY_EDIT)
#define STABILITY_DRAW (PIE_STABLE_TEXT(ASPECT) | STABILITY_NOT)
#define STABILITY_ONE  PIE_WISH_HAS_N
#define STABILITY_SEED (STABILITY_ONE | PIE_WISH_HAS_SEED)
#define STABILITY_FREE (STABILITY_SEED | PIE_WISH_HAS_SIZE) /* of any aspect ratio */
#define STABILITY_FROM (STABILITY_FREE | PIE_WISH_HAS_STRENGTH)
#define STABILITY_SD3  (STABILITY_FROM | PIE_WISH_HAS_GUIDANCE)

#define STABILITY_TURBO (STABILITY_DRAW & ~PIE_STABLE_TEXT(NEGATIVE))
#define STABILITY_TWO   (PIE_STABLE_PNG | PIE_STABLE_JPEG)

enum { NEVER = PIE_STABILITY_NEVER, MAY = PIE_STABILITY_MAY, MUST = PIE_STABILITY_MUST };

static const struct pie_stability_route stability_routes[] = {
    {"ultra", "stable-image-ultra", "generate/ultra", STABILITY_DRAW, STABILITY_FROM, STABILITY_ALL,
     MUST, MAY, 0, 0, 0},
    {"core", "stable-image-core", "generate/core", STABILITY_DRAW, STABILITY_FREE, STABILITY_ALL,
     MUST, NEVER, 0, 0, 0},
    {"sd3.5-large-turbo", "sd3-large-turbo", "generate/sd3", STABILITY_TURBO, STABILITY_SD3,
     STABILITY_TWO, MUST, MAY, 0, 0, 0},
    {"inpaint", NULL, "edit/inpaint", STABILITY_NOT, STABILITY_SEED, STABILITY_ALL, MUST, MUST, 1,
     0, 0},
    {"erase", NULL, "edit/erase", STABILITY_EDIT, STABILITY_SEED, STABILITY_ALL, NEVER, MUST, 1, 0,
     0},
    {"outpaint", NULL, "edit/outpaint", STABILITY_EDIT, STABILITY_SEED, STABILITY_ALL, MAY, MUST, 0,
     0, 0},
    {"search-and-replace", NULL, "edit/search-and-replace", STABILITY_NOT, STABILITY_SEED,
     STABILITY_ALL, MUST, MUST, 0, 0, 0},
    {"search-and-recolor", NULL, "edit/search-and-recolor", STABILITY_NOT, STABILITY_SEED,
     STABILITY_ALL, MUST, MUST, 0, 0, 0},
    {"remove-background", NULL, "edit/remove-background", STABILITY_EDIT, STABILITY_ONE,
     PIE_STABLE_PNG | PIE_STABLE_WEBP, NEVER, MUST, 0, 0, 0},
    {"replace-background-and-relight", NULL, "edit/replace-background-and-relight", STABILITY_NOT,
     STABILITY_SEED, STABILITY_ALL, MAY, MUST, 0, 1, 1},
    {"fast", "upscale-fast", "upscale/fast", STABILITY_EDIT, STABILITY_ONE, STABILITY_ALL, NEVER,
     MUST, 0, 0, 0},
    {"conservative", "upscale-conservative", "upscale/conservative", STABILITY_NOT, STABILITY_SEED,
     STABILITY_ALL, MUST, MUST, 0, 0, 0},
    {"creative", "upscale-creative", "upscale/creative", STABILITY_NOT, STABILITY_SEED,
     STABILITY_ALL, MUST, MUST, 0, 1, 0},
};

/* All that begin so. */
static const struct pie_stability_route stability_sd3 = {
    "sd3", NULL, "generate/sd3", STABILITY_DRAW, STABILITY_SD3, STABILITY_TWO, MUST, MAY, 0, 0, 0};

static const struct pie_stability_route stability_engine = {
    .texts = PIE_STABLE_TEXT(NEGATIVE) | PIE_STABLE_TEXT(SAMPLER),
    .numbers = STABILITY_SD3 | PIE_WISH_HAS_STEPS,
    .prompt = MUST,
    .image = MAY,
    .mask = 1,
};

const struct pie_stability_route *pie_stability_route(const char *model)
{
    struct pie_slice name = pie_slice_text(model);
    for (size_t i = 0; i < PIE_COUNT(stability_routes); i++) {
        const struct pie_stability_route *r = &stability_routes[i];
        if (pie_slice_equal(name, r->name) || (r->also != NULL && pie_slice_equal(name, r->also)))
            return r;
    }
    return name.n >= 3 && memcmp(name.p, "sd3", 3) == 0 ? &stability_sd3 : &stability_engine;
}

int32_t pie_stability_wordless(const struct pie_call *c)
{
    return pie_stability_route(c->model)->prompt != MUST;
}

/* SDXL 1.0 draws nine sizes; of the others all that are not too small, too large or odd. */
static int32_t stability_is_sdxl(const char *model)
{
    struct pie_slice name = pie_slice_text(model);
    return pie_slice_find_nocase(name, "xl-1024") < name.n;
}

/* By a mask, or by the alpha channel of the image itself. */
int32_t pie_stability_masks(const struct pie_call *c, const struct pie_stability_route *r)
{
    struct pie_slice source = pie_slice_text(pie_wish_extra(c->wish, "mask_source"));
    return r->path == NULL && c->images != 0 &&
           (c->mask != NULL || pie_slice_equal(pie_slice_trim(source), "\"INIT_IMAGE_ALPHA\""));
}

void pie_stability_narrow(const struct pie_call *c, struct pie_takes *takes)
{
    const struct pie_stability_route *r = pie_stability_route(c->model);
    takes->texts &= r->texts;
    takes->numbers &= r->numbers;
    takes->images = r->image != NEVER; /* a mask is the check's: it says who takes one */
    if (c->images == 0 || r->image == NEVER) {
        takes->numbers &= ~(uint32_t)PIE_WISH_HAS_STRENGTH;
        return;
    }
    if (r->path == NULL || strcmp(r->path, stability_sd3.path) == 0) { /* the shape of the image */
        takes->texts &= ~PIE_STABLE_TEXT(ASPECT);
        takes->numbers &= ~(uint32_t)PIE_WISH_HAS_SIZE;
    }
    if (pie_stability_masks(c, r)) /* what it covers is drawn anew, all else stays */
        takes->numbers &= ~(uint32_t)PIE_WISH_HAS_STRENGTH;
}

/* ---- values that are changed, or left out */

#define STABILITY_STEP       64
#define STABILITY_SIDE_LEAST 128
#define STABILITY_AREA_LEAST 262144
#define STABILITY_AREA_MOST  1048576

static int32_t stability_side(int64_t v)
{
    v = (v + STABILITY_STEP / 2) / STABILITY_STEP * STABILITY_STEP;
    return v < STABILITY_SIDE_LEAST ? STABILITY_SIDE_LEAST : (int32_t)v;
}

/* The longer side moves, step by step, until the area is right; the shorter one keeps the shape as far as it can. */
static void stability_nearest(int32_t longer, int32_t shorter, int32_t *ret_longer,
                              int32_t *ret_shorter)
{
    int32_t a = stability_side(longer);
    int32_t b = stability_side(shorter);
    while ((int64_t)a * b > STABILITY_AREA_MOST) {
        a -= STABILITY_STEP;
        b = stability_side((int64_t)a * shorter / longer);
    }
    while ((int64_t)a * b < STABILITY_AREA_LEAST) {
        a += STABILITY_STEP;
        b = stability_side((int64_t)a * shorter / longer);
    }
    *ret_longer = a;
    *ret_shorter = b;
}

static apipie_status stability_fit_size(struct pie_call *c, struct pie_buf *notes,
                                        struct apipie_error *err)
{
    int32_t width = 0;
    int32_t height = 0;
    if (stability_is_sdxl(c->model))
        return pie_stable_fit_size(c, notes, err);
    if (!pie_call_has(c, PIE_WISH_HAS_SIZE))
        return APIPIE_OK;
    if (c->width >= c->height)
        stability_nearest(c->width, c->height, &width, &height);
    else
        stability_nearest(c->height, c->width, &height, &width);
    return pie_stable_bend_size(c, width, height, notes, err);
}

/* Nobody reads it there. */
static apipie_status stability_fit_prompt(struct pie_call *c, const struct pie_stability_route *r,
                                          struct pie_buf *notes, struct apipie_error *err)
{
    if (r->prompt != NEVER || pie_call_text(c, PIE_WISH_PROMPT) == NULL)
        return APIPIE_OK;
    if (!pie_call_leave_out(c, "set_prompt", ": the model takes none, ask it without: ", r->name,
                            notes, err))
        return err->code;
    c->left_out |= PIE_STABLE_TEXT(PROMPT);
    return APIPIE_OK;
}

static apipie_status stability_fit_mask(struct pie_call *c, const struct pie_stability_route *r,
                                        struct pie_buf *notes, struct apipie_error *err)
{
    if (c->mask == NULL || r->mask)
        return APIPIE_OK;
    if (!pie_call_leave_out(c, "set_mask",
                            ": ask the model inpaint, this one takes none: ", c->model, notes, err))
        return err->code;
    c->mask = NULL;
    return APIPIE_OK;
}

static apipie_status stability_fit(struct pie_call *c, const struct pie_stability_route *r,
                                   struct pie_buf *notes, struct apipie_error *err)
{
    const int32_t engine = r->path == NULL;
    apipie_status status = stability_fit_prompt(c, r, notes, err);
    if (status == APIPIE_OK)
        status = stability_fit_mask(c, r, notes, err);
    if (status == APIPIE_OK)
        status = engine ? stability_fit_size(c, notes, err) : pie_stable_fit_ratio(c, notes, err);
    if (status == APIPIE_OK && engine)
        status = pie_fit_count(c, 10, notes, err);
    if (status == APIPIE_OK)
        status = pie_stable_fit_encoding(c, r->encodings, notes, err);
    return status;
}

/* ---- what cannot be asked for */

/* A seed of 0 is any. */
#define STABILITY_SEED_MAX UINT64_C(4294967294)

static apipie_status stability_check_kind(const struct pie_call *c,
                                          const struct pie_stability_route *r,
                                          struct apipie_error *err)
{
    apipie_status status = pie_check_model(c, err);
    if (status == APIPIE_OK && r->image == MUST && c->images == 0)
        status = pie_stable_refuse(
            err, APIPIE_E_ARGUMENT, "give it: apipie_request_set_image_file(), --image",
            "set_image: the model changes a picture, and there is none to start "
            "from");
    if (status == APIPIE_OK)
        status = pie_stable_check_start(c, err);
    if (status == APIPIE_OK && r->path != NULL && c->images != 0 &&
        (r->numbers & PIE_WISH_HAS_STRENGTH) != 0 && !pie_call_has(c, PIE_WISH_HAS_STRENGTH) &&
        pie_wish_extra(c->wish, "strength") == NULL)
        status = pie_stable_refuse(err, APIPIE_E_ARGUMENT, "set it: 0 is the input image itself",
                                   "set_strength: the model must be told how far to go from the "
                                   "input image");
    return status == APIPIE_OK
               ? pie_stable_check_seed(c, r->path != NULL ? STABILITY_SEED_MAX : UINT32_MAX, err)
               : status;
}

const struct pie_field pie_stability_fields[] = {
    {"prompt", PIE_WISH_PROMPT, 0},
    {"background_prompt", PIE_WISH_PROMPT, 0},
    {"aspect_ratio", PIE_WISH_ASPECT, 0},
    {"aspect_ratio", PIE_FIELD_NUMBER, PIE_WISH_HAS_SIZE},
    {"output_format", PIE_WISH_ENCODING, 0},
    {"negative_prompt", PIE_WISH_NEGATIVE, 0},
    {"seed", PIE_FIELD_NUMBER, PIE_WISH_HAS_SEED},
    {"cfg_scale", PIE_FIELD_NUMBER, PIE_WISH_HAS_GUIDANCE},
    {"strength", PIE_FIELD_NUMBER, PIE_WISH_HAS_STRENGTH},
    {NULL, 0, 0},
};

static apipie_status stability_check_extras(const struct pie_call *c,
                                            const struct pie_stability_route *r,
                                            struct apipie_error *err)
{
    const int32_t engine = r->path == NULL;
    const char *also[5] = {"model", NULL};
    size_t n = 1;
    if (c->images != 0) {
        also[n++] = engine ? "init_image" : "image";
        also[n++] = "subject_image";
    }
    if (c->mask != NULL)
        also[n++] = engine ? "mask_image" : "mask";
    apipie_status status =
        pie_fields_check(c, engine ? pie_stable_sdxl_fields : pie_stability_fields, also, err);
    if (status == APIPIE_OK)
        status = pie_fields_check_count(c->wish, "samples", err);
    return status == APIPIE_OK && engine ? pie_stable_check_prompts(c, err) : status;
}

apipie_status pie_stability_check(struct pie_call *c, struct pie_buf *notes,
                                  struct apipie_error *err)
{
    const struct pie_stability_route *r = pie_stability_route(c->model);
    apipie_status status = stability_check_kind(c, r, err);
    if (status == APIPIE_OK)
        status = stability_fit(c, r, notes, err);
    if (status == APIPIE_OK)
        status = stability_check_extras(c, r, err);
    return status == APIPIE_OK ? pie_check_pictures(c, PIE_INPUT_AS_FILE, err) : status;
}
