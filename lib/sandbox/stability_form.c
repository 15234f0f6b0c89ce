/* SPDX-License-Identifier: MIT */
/* Knows the routes of v2beta, and the fields of each; must not know how it is drawn. */
#include "sandbox/wires_priv.h"

#define STABFORM_SD3 "sd3.5-large sd3.5-large-turbo sd3.5-medium"

static const struct pie_rule stabform_rules[] = {
    {"prompt", PIE_JSON_TEXT, 0, 1, 10000, NULL},
    {"negative_prompt", PIE_JSON_TEXT, 0, 0, 10000, NULL},
    {"search_prompt", PIE_JSON_TEXT, 0, 1, 10000, NULL},
    {"select_prompt", PIE_JSON_TEXT, 0, 1, 10000, NULL},
    {"background_prompt", PIE_JSON_TEXT, 0, 1, 10000, NULL},
    {"foreground_prompt", PIE_JSON_TEXT, 0, 0, 10000, NULL},
    {"aspect_ratio", PIE_JSON_TEXT, 0, 0, 0, PIE_STABLE_RATIOS},
    {"output_format", PIE_JSON_TEXT, 0, 0, 0, "jpeg png webp"},
    {"style_preset", PIE_JSON_TEXT, 0, 0, 0, PIE_STABLE_STYLES},
    {"model", PIE_JSON_TEXT, 0, 0, 0, STABFORM_SD3},
    {"mode", PIE_JSON_TEXT, 0, 0, 0, "text-to-image image-to-image"},
    {"light_source_direction", PIE_JSON_TEXT, 0, 0, 0, "above below left right"},
    {"keep_original_background", PIE_JSON_TEXT, 0, 0, 0, "true false"},
    {"seed", PIE_RULE_WHOLE, 0, 0, INT64_C(4294967294), NULL},
    {"strength", PIE_JSON_NUMERIC, 0, 0, 1, NULL},
    {"cfg_scale", PIE_JSON_NUMERIC, 0, 1, 10, NULL},
    {"grow_mask", PIE_JSON_NUMERIC, 0, 0, 100, NULL},
    {"creativity", PIE_JSON_NUMERIC, 0, 0, 1, NULL},
    {"left", PIE_RULE_WHOLE, 0, 0, 2000, NULL},
    {"right", PIE_RULE_WHOLE, 0, 0, 2000, NULL},
    {"up", PIE_RULE_WHOLE, 0, 0, 2000, NULL},
    {"down", PIE_RULE_WHOLE, 0, 0, 2000, NULL},
    {"preserve_original_subject", PIE_JSON_NUMERIC, 0, 0, 1, NULL},
    {"original_background_depth", PIE_JSON_NUMERIC, 0, 0, 1, NULL},
    {"light_source_strength", PIE_JSON_NUMERIC, 0, 0, 1, NULL},
    {"image", PIE_RULE_FILE, 0, 0, 0, NULL},
    {"subject_image", PIE_RULE_FILE, 0, 0, 0, NULL},
    {"mask", PIE_RULE_FILE, 0, 0, 0, NULL},
};

#define STABFORM_DRAW "prompt negative_prompt aspect_ratio seed output_format"

/* micro: of a picture; of what the platform publishes no price for in credits, round figures of our own. */
static const struct stabform_route {
    const char *path, *model; /* model NULL: a field says it */
    const char *names, *needed;
    int64_t micro;
    int32_t later;
} stabform_routes[] = {
    {"generate/ultra", "ultra", STABFORM_DRAW " image strength", "prompt", 80000, 0},
    {"generate/core", "core", STABFORM_DRAW " style_preset", "prompt", 30000, 0},
    {"generate/sd3", NULL, STABFORM_DRAW " image strength mode model cfg_scale", "prompt", 65000,
     0},
    {"edit/inpaint", "inpaint",
     "prompt negative_prompt seed output_format style_preset image mask grow_mask", "prompt image",
     30000, 0},
    {"edit/erase", "erase", "seed output_format image mask grow_mask", "image", 30000, 0},
    {"edit/outpaint", "outpaint",
     "prompt seed output_format style_preset image left right up down creativity", "image", 40000,
     0},
    {"edit/search-and-replace", "search-and-replace",
     "prompt negative_prompt seed output_format style_preset image search_prompt grow_mask",
     "prompt search_prompt image", 40000, 0},
    {"edit/search-and-recolor", "search-and-recolor",
     "prompt negative_prompt seed output_format style_preset image select_prompt grow_mask",
     "prompt select_prompt image", 50000, 0},
    {"edit/remove-background", "remove-background", "output_format image", "image", 20000, 0},
    {"edit/replace-background-and-relight", "replace-background-and-relight",
     "background_prompt foreground_prompt negative_prompt seed output_format subject_image "
     "light_source_direction light_source_strength keep_original_background "
     "preserve_original_subject original_background_depth",
     "background_prompt subject_image", 80000, 1},
    {"upscale/fast", "fast", "output_format image", "image", 20000, 0},
    {"upscale/conservative", "conservative",
     "prompt negative_prompt seed output_format image creativity", "prompt image", 250000, 0},
    {"upscale/creative", "creative",
     "prompt negative_prompt seed output_format style_preset image creativity", "prompt image",
     250000, 1},
};

/* Of a whole request. */
#define STABFORM_BODY_MAX (10u * 1024 * 1024)
#define STABFORM_UPSCALE  4

static apipie_status stabform_refuse(struct pie_answer *answer, const char *field, const char *what)
{
    return pie_stability_refuse(answer, pie_stability_error, "bad_request", pie_slice_text(field),
                                what);
}

static int32_t stabform_has(const struct pie_fields *form, const char *name)
{
    return pie_fields_find(form, name, 0) != NULL;
}

/* What one field says of another. */
static apipie_status stabform_together(const struct pie_fields *form,
                                       const struct stabform_route *r, struct pie_answer *answer)
{
    static const char *const sides[] = {"left", "right", "up", "down"};
    int32_t image = stabform_has(form, "image"), grows = 0;
    int32_t from = pie_slice_equal(pie_fields_text(form, "mode"), "image-to-image");

    if (pie_rules_choice(r->names, pie_slice_text("strength")) &&
        image != stabform_has(form, "strength"))
        return stabform_refuse(answer, "strength",
                               image ? ": is required beside an image" : ": needs an image");
    if (r->model == NULL && image != from)
        return stabform_refuse(answer, image ? "image" : "mode",
                               image ? ": is only allowed in the mode image-to-image"
                                     : ": image-to-image needs an image");
    if (r->model == NULL && image && stabform_has(form, "aspect_ratio"))
        return stabform_refuse(answer, "aspect_ratio", ": is only allowed in text-to-image");
    if (pie_slice_equal(pie_fields_text(form, "model"), "sd3.5-large-turbo") &&
        stabform_has(form, "negative_prompt"))
        return stabform_refuse(answer, "negative_prompt", ": is not allowed for this model");
    for (size_t i = 0; i < PIE_COUNT(sides); i++) {
        uint64_t side = 0;

        grows |= pie_number_uint(pie_fields_text(form, sides[i]), &side) == APIPIE_OK && side != 0;
    }
    if (pie_rules_choice(r->names, pie_slice_text("left")) && !grows)
        return stabform_refuse(answer, "left", ": one of left, right, up and down must be set");
    return APIPIE_OK;
}

static apipie_status stabform_format(const struct pie_fields *form, const struct stabform_route *r,
                                     struct pie_answer *answer)
{
    struct pie_slice format = pie_fields_text(form, "output_format");
    int32_t cuts = strcmp(r->path, "edit/remove-background") == 0;

    if ((r->model == NULL && pie_slice_equal(format, "webp")) ||
        (cuts && pie_slice_equal(format, "jpeg")))
        return stabform_refuse(answer, "output_format", ": is none of the allowed values");
    if (format.n != 0 && !pie_slice_equal(format, "png"))
        return stabform_refuse(answer, "output_format",
                               ": is not in the sandbox, which draws png alone");
    return APIPIE_OK;
}

/* The ratio's, else that of the picture that came, larger where it is made larger. */
static void stabform_size(const struct pie_fields *form, const struct stabform_route *r,
                          struct pie_stability_order *o)
{
    struct pie_slice ratio = pie_fields_text(form, "aspect_ratio");
    const struct pie_probe *first = &o->inputs.first;
    int32_t factor = strncmp(r->path, "upscale/", 8) == 0 ? STABFORM_UPSCALE : 1;

    pie_stable_shape(ratio, &o->width, &o->height);
    if (ratio.n != 0 || first->kind != PIE_PROBE_PNG || first->width > PIE_SANDBOX_SIDE_MAX ||
        first->height > PIE_SANDBOX_SIDE_MAX)
        return;
    if (first->width * factor > PIE_SANDBOX_SIDE_MAX ||
        first->height * factor > PIE_SANDBOX_SIDE_MAX)
        factor = 1;
    o->width = first->width * factor;
    o->height = first->height * factor;
}

static uint32_t stabform_look(const struct pie_fields *form, const struct pie_stability_order *o)
{
    uint32_t look = pie_draw_hash(PIE_DRAW_HASH, pie_slice_text(o->model->model));

    for (size_t i = 0; i < form->count; i++) {
        const struct pie_field *part = &form->parts[i];

        if (part->is_file || pie_slice_equal(part->name, "seed"))
            continue;
        look = pie_draw_hash(look, part->name);
        look = pie_draw_hash(look, part->body);
    }
    return pie_draw_hash_uint(look, o->inputs.hash);
}

static void stabform_model(const struct pie_fields *form, const struct stabform_route *r,
                           struct pie_stability_order *o)
{
    struct pie_slice model = pie_fields_text(form, "model");

    if (r->model != NULL)
        model = pie_slice_text(r->model);
    else if (model.n == 0)
        model = pie_slice_text("sd3.5-large");
    o->model = pie_stability_model(model);
    o->cost = r->micro;
    if (pie_slice_equal(model, "sd3.5-large-turbo"))
        o->cost = 40000;
    if (pie_slice_equal(model, "sd3.5-medium"))
        o->cost = 35000;
}

static apipie_status stabform_read(const struct pie_fields *form, const struct stabform_route *r,
                                   struct pie_answer *answer, struct pie_stability_order *o)
{
    const struct pie_field *image = pie_fields_find(form, "image", 0);
    struct pie_breach breach;

    if (pie_rules_form(form, stabform_rules, PIE_COUNT(stabform_rules), r->names, r->needed,
                       &breach) != APIPIE_OK)
        return pie_stability_refuse_breach(answer, pie_stability_error, &breach);
    if (stabform_together(form, r, answer) != APIPIE_OK ||
        stabform_format(form, r, answer) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    if (image == NULL)
        image = pie_fields_find(form, "subject_image", 0);
    if (pie_stability_input(image, 0, answer, pie_stability_error, o) != APIPIE_OK ||
        pie_stability_input(pie_fields_find(form, "mask", 0), 1, answer, pie_stability_error, o) !=
            APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    o->prompt = pie_fields_text(form, "prompt");
    if (o->prompt.n == 0)
        o->prompt = pie_fields_text(form, "background_prompt");
    o->n = 1;
    o->steps = APIPIE_UNKNOWN;
    o->later = r->later;
    o->seed = pie_stability_seed(pie_fields_text(form, "seed"));
    stabform_model(form, r, o);
    stabform_size(form, r, o);
    o->look = stabform_look(form, o);
    return APIPIE_OK;
}

static const struct stabform_route *stabform_route(const struct pie_call *call)
{
    struct pie_slice path = pie_call_wild(call, "/v2beta/stable-image/*");

    for (size_t i = 0; i < PIE_COUNT(stabform_routes); i++)
        if (pie_slice_equal(path, stabform_routes[i].path))
            return &stabform_routes[i];
    return NULL;
}

void pie_stability_form(struct apipie_sandbox *box, const struct pie_call *call,
                        struct pie_answer *answer)
{
    const struct stabform_route *r = stabform_route(call);
    struct pie_fields form;
    struct pie_stability_order o;

    memset(&o, 0, sizeof(o));
    if (r == NULL)
        pie_stability_error(answer, 404, NULL, "There is no such route.", NULL);
    else if (!call->is_form)
        (void)stabform_refuse(answer, "content-type",
                              call->media.n == 0 ? ": required" : ": must be multipart/form-data");
    else if (call->body.n > STABFORM_BODY_MAX)
        pie_stability_error(answer, 413, NULL, "body: payload cannot be larger than 10MiB in size",
                            NULL);
    else if (pie_fields_parse(call->media, call->body, &form) != APIPIE_OK)
        (void)stabform_refuse(answer, "body", ": is no whole multipart/form-data");
    else if (pie_stability_way(call, PIE_STABILITY_RAW, answer, pie_stability_error, &o.way) ==
                 APIPIE_OK &&
             stabform_read(&form, r, answer, &o) == APIPIE_OK)
        pie_stability_draw(box, call, &o, answer);
}
