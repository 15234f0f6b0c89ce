/* SPDX-License-Identifier: MIT */
/* Knows which parameters Stability's models on Amazon Bedrock take (https://docs.aws.amazon.com/bedrock/latest/userguide/
 * model-parameters-stability-diffusion.html); must not write a body. */
#include "dialect/bedrock_priv.h"

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
    [PIE_BEDROCK_SDXL_0] = {PIE_STABLE_TEXT(NEGATIVE),
                            PIE_WISH_HAS_N | PIE_WISH_HAS_STEPS | PIE_WISH_HAS_GUIDANCE |
                                PIE_WISH_HAS_SEED,
                            0, 0},
    [PIE_BEDROCK_SDXL] = {PIE_STABLE_TEXT(NEGATIVE) | PIE_STABLE_TEXT(SAMPLER),
                          PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_STEPS |
                              PIE_WISH_HAS_GUIDANCE | PIE_WISH_HAS_SEED | PIE_WISH_HAS_STRENGTH,
                          1, 1},
    [PIE_BEDROCK_CORE] = {PIE_STABLE_TEXT(NEGATIVE) | PIE_STABLE_TEXT(ASPECT) |
                              PIE_STABLE_TEXT(ENCODING),
                          PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_SEED, 0, 0},
    [PIE_BEDROCK_IMAGE] =
        {PIE_STABLE_TEXT(NEGATIVE) | PIE_STABLE_TEXT(ASPECT) | PIE_STABLE_TEXT(ENCODING),
         PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_SEED | PIE_WISH_HAS_STRENGTH, 1, 0},
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
        takes->texts &= ~PIE_STABLE_TEXT(ASPECT);
        takes->numbers &= ~(uint32_t)PIE_WISH_HAS_SIZE;
    }
}

/* ---- what cannot be asked for */

static apipie_status bedrock_check_kind(const struct pie_call *c, struct apipie_error *err)
{
    if (c->model == NULL || c->model[0] == '\0')
        return pie_stable_refuse(err, APIPIE_E_ARGUMENT,
                                 "name one: apipie_request_set_model(), --model",
                                 "set_model: Bedrock needs to know which model is asked");
    if (c->wish->kind == APIPIE_REQUEST_VARIATION)
        return pie_stable_refuse(err, APIPIE_E_UNSUPPORTED, "edit it, with a prompt",
                                 "the models of Bedrock make no variations");
    apipie_status status = pie_stable_check_start(c, err);
    return status == APIPIE_OK ? pie_stable_check_seed(c, UINT32_MAX, err) : status;
}

/* What setters set, by the names of the newer body. */
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
    apipie_status status =
        pie_fields_check(c, sdxl ? pie_stable_sdxl_fields : bedrock_image, also, err);
    if (status == APIPIE_OK)
        status = pie_fields_check_count(c->wish, "samples", err);
    return status == APIPIE_OK && sdxl ? pie_stable_check_prompts(c, err) : status;
}

apipie_status pie_bedrock_check(struct pie_call *c, struct pie_buf *notes, struct apipie_error *err)
{
    apipie_status status = pie_bedrock_check_key(c, err);
    if (status == APIPIE_OK)
        status = bedrock_check_kind(c, err);
    if (status == APIPIE_OK && pie_bedrock_is_sdxl(c))
        status = pie_stable_fit_size(c, notes, err);
    else if (status == APIPIE_OK)
        status = pie_stable_fit_ratio(c, notes, err);
    if (status == APIPIE_OK)
        status = pie_stable_fit_encoding(c, PIE_STABLE_PNG | PIE_STABLE_JPEG, notes, err);
    if (status == APIPIE_OK)
        status = bedrock_check_extras(c, err);
    return status == APIPIE_OK ? pie_check_pictures(c, PIE_INPUT_AS_BASE64, err) : status;
}
