/* SPDX-License-Identifier: MIT */
/* Knows which parameters Stability's models on Amazon Bedrock take (https://docs.aws.amazon.com/bedrock/latest/userguide/
 * model-parameters-stability-diffusion.html); must not know how they are answered. */
#include "sandbox/wires_priv.h"

enum {
    ROCKBODY_SDXL_0, /* weighted prompts and three numbers */
    ROCKBODY_SDXL,   /* all of SDXL 1.0 */
    ROCKBODY_CORE,   /* from words alone */
    ROCKBODY_IMAGE   /* from a picture too */
};

#define ROCKBODY_MODEL(id)                                                                         \
    {                                                                                              \
        .provider = "bedrock", .model = id, .description = "", .best_for = ""                      \
    }

const struct pie_model pie_sandbox_bedrock[PIE_SANDBOX_BEDROCK] = {
    ROCKBODY_MODEL("stability.stable-diffusion-xl"),
    ROCKBODY_MODEL("stability.stable-diffusion-xl-v0"),
    ROCKBODY_MODEL("stability.stable-diffusion-xl-v1"),
    ROCKBODY_MODEL("stability.sd3-large-v1:0"),
    ROCKBODY_MODEL("stability.sd3-5-large-v1:0"),
    ROCKBODY_MODEL("stability.stable-image-core-v1:0"),
    ROCKBODY_MODEL("stability.stable-image-core-v1:1"),
    ROCKBODY_MODEL("stability.stable-image-ultra-v1:0"),
    ROCKBODY_MODEL("stability.stable-image-ultra-v1:1"),
};

static const int32_t rockbody_kinds[PIE_SANDBOX_BEDROCK] = {
    ROCKBODY_SDXL_0, ROCKBODY_SDXL_0, ROCKBODY_SDXL,  ROCKBODY_IMAGE, ROCKBODY_IMAGE,
    ROCKBODY_CORE,   ROCKBODY_CORE,   ROCKBODY_IMAGE, ROCKBODY_IMAGE,
};

/* The first four are all that the first SDXL has. */
static const struct pie_rule rockbody_sdxl[] = {
    {"text_prompts", PIE_JSON_ARRAY, 1, 1, 10, NULL},
    {"cfg_scale", PIE_JSON_NUMERIC, 0, 0, 35, NULL},
    {"seed", PIE_RULE_WHOLE, 0, 0, UINT32_MAX, NULL},
    {"steps", PIE_RULE_WHOLE, 0, 10, 50, NULL},
    {"width", PIE_RULE_WHOLE, 0, 640, 1536, NULL},
    {"height", PIE_RULE_WHOLE, 0, 640, 1536, NULL},
    {"clip_guidance_preset", PIE_JSON_TEXT, 0, 0, 0, PIE_STABLE_PRESETS},
    {"sampler", PIE_JSON_TEXT, 0, 0, 0, PIE_STABLE_SAMPLERS},
    {"samples", PIE_RULE_WHOLE, 0, 1, 1, NULL},
    {"style_preset", PIE_JSON_TEXT, 0, 0, 0, PIE_STABLE_STYLES},
    {"extras", PIE_JSON_OBJECT, 0, 0, 0, NULL},
    {"init_image", PIE_JSON_TEXT, 0, 0, 0, NULL},
    {"init_image_mode", PIE_JSON_TEXT, 0, 0, 0, PIE_STABLE_STARTS},
    {"image_strength", PIE_JSON_NUMERIC, 0, 0, 1, NULL},
    {"step_schedule_start", PIE_JSON_NUMERIC, 0, 0, 1, NULL},
    {"step_schedule_end", PIE_JSON_NUMERIC, 0, 0, 1, NULL},
    {"mask_source", PIE_JSON_TEXT, 0, 0, 0, PIE_STABLE_MASKS},
    {"mask_image", PIE_JSON_TEXT, 0, 0, 0, NULL},
};
#define ROCKBODY_SDXL_0_COUNT 4

static const struct pie_rule rockbody_prompt[] = {
    {"text", PIE_JSON_TEXT, 1, 0, 2000, NULL},
    {"weight", PIE_JSON_NUMERIC, 0, 0, 0, NULL},
};

/* The first six are all that Core has. */
static const struct pie_rule rockbody_image[] = {
    {"prompt", PIE_JSON_TEXT, 1, 1, 10000, NULL},
    {"negative_prompt", PIE_JSON_TEXT, 0, 0, 10000, NULL},
    {"aspect_ratio", PIE_JSON_TEXT, 0, 0, 0, PIE_STABLE_RATIOS},
    {"seed", PIE_RULE_WHOLE, 0, 0, UINT32_MAX, NULL},
    {"output_format", PIE_JSON_TEXT, 0, 0, 0, "JPEG PNG jpeg png"},
    {"mode", PIE_JSON_TEXT, 0, 0, 0, "text-to-image image-to-image"},
    {"image", PIE_JSON_TEXT, 0, 0, 0, NULL},
    {"strength", PIE_JSON_NUMERIC, 0, 0, 1, NULL},
};
#define ROCKBODY_CORE_COUNT 6

/* ---- refusals */

static apipie_status rockbody_refuse(struct pie_answer *answer, const char *before,
                                     const char *name, const char *behind)
{
    char text[PIE_ANSWER_SAY], all[PIE_ANSWER_SAY];

    pie_answer_say(text, before, pie_slice_text(name), behind);
    pie_answer_say(all, "Malformed input request: ", pie_slice(NULL, 0), text);
    pie_bedrock_error(answer, 400, NULL, all, NULL);
    return APIPIE_E_ARGUMENT;
}

static apipie_status rockbody_refuse_breach(struct pie_answer *answer, const struct pie_breach *b)
{
    static const char *const words[][2] = {
        [PIE_BREACH_UNKNOWN] = {"#: extraneous key [",
                                "] is not permitted, please reformat your input and try again."},
        [PIE_BREACH_MISSING] = {"#: required key [",
                                "] not found, please reformat your input and try again."},
        [PIE_BREACH_KIND] = {"#/", ": the value has another type than expected, please reformat "
                                   "your input and try again."},
        [PIE_BREACH_LOW] = {"#/", ": the value is less than the minimum, please reformat your "
                                  "input and try again."},
        [PIE_BREACH_HIGH] = {"#/", ": the value is greater than the maximum, please reformat your "
                                   "input and try again."},
        [PIE_BREACH_CHOICE] = {"#/", ": the value is not a valid enum value, please reformat your "
                                     "input and try again."},
    };

    return rockbody_refuse(answer, words[b->what][0], b->name, words[b->what][1]);
}

/* `name` without the other one that it goes with. */
static apipie_status rockbody_refuse_pair(struct pie_answer *answer, const char *name,
                                          const char *behind)
{
    return rockbody_refuse(answer, "#/", name, behind);
}

/* ---- both */

static void rockbody_seed(const struct pie_node *root, struct pie_bedrock_order *o)
{
    if (pie_node_uint(pie_node_get(root, "seed"), &o->seed) != APIPIE_OK || o->seed == 0)
        o->seed = 1 + pie_random_below(UINT32_MAX); /* 0: any */
    o->look = pie_draw_hash_uint(o->look, o->seed);
    o->look = pie_draw_hash_uint(o->look, o->inputs.hash);
}

/* Every other member changes the picture, in whatever order they come. */
static void rockbody_look(const struct pie_node *root, struct pie_bedrock_order *o)
{
    static const char pictures[] = "seed init_image mask_image image output_format";
    struct pie_buf text;
    const char *name = NULL;

    pie_buf_init(&text, &pie_mem_libc, PIE_SANDBOX_BODY_MAX);
    o->look = pie_draw_hash(PIE_DRAW_HASH, pie_slice_text(o->model->model));
    for (size_t i = 0; i < pie_node_count(root); i++) {
        const struct pie_node *node = pie_node_member(root, i, &name);

        if (pie_rules_choice(pictures, pie_slice_text(name)))
            continue;
        pie_buf_clear(&text);
        pie_node_write(node, &text);
        o->look ^=
            pie_draw_hash(pie_draw_hash(PIE_DRAW_HASH, pie_slice_text(name)), pie_buf_slice(&text));
    }
    pie_buf_free(&text);
}

/* The picture has the shape of the one that it is made from. */
static apipie_status rockbody_input(const struct pie_node *root, const char *name,
                                    struct pie_answer *answer, struct pie_bedrock_order *o)
{
    struct pie_probe probe;

    if (pie_source_base64(pie_node_text(pie_node_get(root, name)), 0, &o->inputs, &probe) !=
        APIPIE_OK)
        return rockbody_refuse_pair(answer, name, ": the value is no picture in base64.");
    if (probe.kind == PIE_PROBE_PNG && probe.width <= PIE_SANDBOX_SIDE_MAX &&
        probe.height <= PIE_SANDBOX_SIDE_MAX) {
        o->width = probe.width;
        o->height = probe.height;
    }
    return APIPIE_OK;
}

/* ---- SDXL */

static apipie_status rockbody_prompts(const struct pie_node *list, struct pie_answer *answer,
                                      struct pie_bedrock_order *o)
{
    struct pie_breach breach;

    for (size_t i = 0; i < pie_node_count(list); i++) {
        const struct pie_node *item = pie_node_at(list, i);
        struct pie_slice weight = pie_node_text(pie_node_get(item, "weight"));

        if (pie_node_kind(item) != PIE_JSON_OBJECT)
            return rockbody_refuse_pair(answer, "text_prompts", ": expected type: JSONObject.");
        if (pie_rules_check(item, rockbody_prompt, PIE_COUNT(rockbody_prompt), 0, &breach) !=
            APIPIE_OK)
            return rockbody_refuse_breach(answer, &breach);
        if (o->prompt.n == 0 && (weight.n == 0 || weight.p[0] != '-'))
            o->prompt = pie_node_text(pie_node_get(item, "text"));
    }
    return APIPIE_OK;
}

static apipie_status rockbody_size(const struct pie_node *root, struct pie_answer *answer,
                                   struct pie_bedrock_order *o)
{
    int64_t width = 1024, height = 1024;

    (void)pie_node_int(pie_node_get(root, "width"), &width);
    (void)pie_node_int(pie_node_get(root, "height"), &height);
    if (pie_stable_is_size(width, height)) {
        o->width = (int32_t)width;
        o->height = (int32_t)height;
        return APIPIE_OK;
    }
    return rockbody_refuse_pair(answer, "width",
                                ": for SDXL the allowed dimensions are 1024x1024, 1152x896, "
                                "1216x832, 1344x768, 1536x640, 640x1536, 768x1344, 832x1216, "
                                "896x1152.");
}

static apipie_status rockbody_mask(const struct pie_node *root, struct pie_answer *answer,
                                   struct pie_bedrock_order *o)
{
    struct pie_slice source = pie_node_text(pie_node_get(root, "mask_source"));
    const struct pie_node *mask = pie_node_get(root, "mask_image");
    int32_t wants = source.n != 0 && !pie_slice_equal(source, "INIT_IMAGE_ALPHA");
    struct pie_probe probe;

    if (mask != NULL && !wants)
        return rockbody_refuse_pair(answer, "mask_image",
                                    ": 'mask_source' must be MASK_IMAGE_WHITE or "
                                    "MASK_IMAGE_BLACK.");
    if (mask == NULL && wants)
        return rockbody_refuse(answer, "#: required key [", "mask_image", "] not found.");
    if (source.n != 0 && !wants && !o->inputs.first.alpha)
        return rockbody_refuse_pair(answer, "mask_source", ": 'init_image' has no alpha channel.");
    if (mask == NULL)
        return APIPIE_OK;
    if (pie_source_base64(pie_node_text(mask), 1, &o->inputs, &probe) != APIPIE_OK)
        return rockbody_refuse_pair(answer, "mask_image", ": the value is no picture in base64.");
    if (probe.kind == PIE_PROBE_PNG && o->inputs.first.kind == PIE_PROBE_PNG &&
        (probe.width != o->inputs.first.width || probe.height != o->inputs.first.height))
        return rockbody_refuse_pair(answer, "mask_image",
                                    ": it must have the dimensions of 'init_image'.");
    return APIPIE_OK;
}

static apipie_status rockbody_from_image(const struct pie_node *root, struct pie_answer *answer,
                                         struct pie_bedrock_order *o)
{
    static const char *const with[] = {"init_image_mode",   "image_strength", "step_schedule_start",
                                       "step_schedule_end", "mask_source",    "mask_image"};
    struct pie_slice mode = pie_node_text(pie_node_get(root, "init_image_mode"));
    int32_t schedule = pie_slice_equal(mode, "STEP_SCHEDULE");
    const int32_t image = pie_node_get(root, "init_image") != NULL;

    for (size_t i = 0; i < PIE_COUNT(with) && !image; i++)
        if (pie_node_get(root, with[i]) != NULL)
            return rockbody_refuse_pair(answer, with[i], ": it goes with 'init_image' alone.");
    for (size_t i = 1; i < 4; i++)
        if (pie_node_get(root, with[i]) != NULL && (i != 1) != schedule)
            return rockbody_refuse_pair(answer, with[i],
                                        ": it goes with another "
                                        "'init_image_mode'.");
    if (!image)
        return APIPIE_OK;
    if (schedule && pie_node_get(root, "step_schedule_start") == NULL)
        return rockbody_refuse(answer, "#: required key [", "step_schedule_start", "] not found.");
    if (rockbody_input(root, "init_image", answer, o) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    return rockbody_mask(root, answer, o);
}

static apipie_status rockbody_read_sdxl(const struct pie_node *root, struct pie_answer *answer,
                                        struct pie_bedrock_order *o)
{
    o->artifacts = 1;
    o->steps = 30;
    (void)pie_node_int(pie_node_get(root, "steps"), &o->steps);
    if (rockbody_prompts(pie_node_get(root, "text_prompts"), answer, o) != APIPIE_OK ||
        rockbody_size(root, answer, o) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    return rockbody_from_image(root, answer, o);
}

/* ---- the newer ones */

static apipie_status rockbody_read_image(const struct pie_node *root, int32_t kind,
                                         struct pie_answer *answer, struct pie_bedrock_order *o)
{
    const struct pie_node *ratio = pie_node_get(root, "aspect_ratio");
    int32_t starts = pie_slice_equal(pie_node_text(pie_node_get(root, "mode")), "image-to-image");

    o->steps = APIPIE_UNKNOWN;
    o->prompt = pie_node_text(pie_node_get(root, "prompt"));
    pie_stable_shape(pie_node_text(ratio), &o->width, &o->height);
    if (pie_slice_equal_nocase(pie_node_text(pie_node_get(root, "output_format")), "JPEG"))
        return rockbody_refuse_pair(answer, "output_format",
                                    ": jpeg is not in the sandbox, which draws png alone.");
    if (starts && kind == ROCKBODY_CORE)
        return rockbody_refuse_pair(answer, "mode", ": the model starts from no picture.");
    if (starts && ratio != NULL)
        return rockbody_refuse_pair(answer, "aspect_ratio", ": it goes with text-to-image alone.");
    if (!starts && (pie_node_get(root, "image") != NULL || pie_node_get(root, "strength") != NULL))
        return rockbody_refuse_pair(answer, "mode",
                                    ": 'image' and 'strength' go with image-to-image alone.");
    if (!starts)
        return APIPIE_OK;
    if (pie_node_get(root, "image") == NULL)
        return rockbody_refuse(answer, "#: required key [", "image", "] not found.");
    return rockbody_input(root, "image", answer, o);
}

/* ---- the door */

apipie_status pie_bedrock_read(const struct pie_node *root, const struct pie_model *model,
                               struct pie_answer *answer, struct pie_bedrock_order *ret)
{
    static const struct {
        const struct pie_rule *rules;
        size_t count;
    } bodies[] = {
        [ROCKBODY_SDXL_0] = {rockbody_sdxl, ROCKBODY_SDXL_0_COUNT},
        [ROCKBODY_SDXL] = {rockbody_sdxl, PIE_COUNT(rockbody_sdxl)},
        [ROCKBODY_CORE] = {rockbody_image, ROCKBODY_CORE_COUNT},
        [ROCKBODY_IMAGE] = {rockbody_image, PIE_COUNT(rockbody_image)},
    };
    const int32_t kind = rockbody_kinds[model - pie_sandbox_bedrock];
    struct pie_breach breach;
    apipie_status status;

    memset(ret, 0, sizeof(*ret));
    ret->model = model;
    if (pie_rules_check(root, bodies[kind].rules, bodies[kind].count, 0, &breach) != APIPIE_OK)
        return rockbody_refuse_breach(answer, &breach);
    status = kind == ROCKBODY_SDXL_0 || kind == ROCKBODY_SDXL
                 ? rockbody_read_sdxl(root, answer, ret)
                 : rockbody_read_image(root, kind, answer, ret);
    if (status != APIPIE_OK)
        return status;
    rockbody_look(root, ret);
    rockbody_seed(root, ret);
    return APIPIE_OK;
}
