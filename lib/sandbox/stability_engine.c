/* SPDX-License-Identifier: MIT */
/* Knows the engines of v1: their JSON, their forms, their sizes; must not know how it is drawn. */
#include "sandbox/wires_priv.h"

#define STABENGINE_PROMPTS 10

static const struct pie_rule stabengine_rules[] = {
    {"text_prompts", PIE_JSON_ARRAY, 0, 1, STABENGINE_PROMPTS, NULL},
    {"cfg_scale", PIE_JSON_NUMERIC, 0, 0, 35, NULL},
    {"clip_guidance_preset", PIE_JSON_TEXT, 0, 0, 0, PIE_STABLE_PRESETS},
    {"sampler", PIE_JSON_TEXT, 0, 0, 0, PIE_STABLE_SAMPLERS},
    {"samples", PIE_RULE_WHOLE, 0, 1, PIE_SANDBOX_N_MAX, NULL},
    {"seed", PIE_RULE_WHOLE, 0, 0, UINT32_MAX, NULL},
    {"steps", PIE_RULE_WHOLE, 0, 10, 150, NULL},
    {"style_preset", PIE_JSON_TEXT, 0, 0, 0, PIE_STABLE_STYLES},
    {"extras", PIE_JSON_OBJECT, 0, 0, 0, NULL},
    {"width", PIE_RULE_WHOLE, 0, 128, INT32_MAX, NULL},
    {"height", PIE_RULE_WHOLE, 0, 128, INT32_MAX, NULL},
    /* of the forms alone */
    {"init_image", PIE_RULE_FILE, 0, 0, 0, NULL},
    {"init_image_mode", PIE_JSON_TEXT, 0, 0, 0, PIE_STABLE_STARTS},
    {"image_strength", PIE_JSON_NUMERIC, 0, 0, 1, NULL},
    {"step_schedule_start", PIE_JSON_NUMERIC, 0, 0, 1, NULL},
    {"step_schedule_end", PIE_JSON_NUMERIC, 0, 0, 1, NULL},
    {"mask_source", PIE_JSON_TEXT, 0, 0, 0, PIE_STABLE_MASKS},
    {"mask_image", PIE_RULE_FILE, 0, 0, 0, NULL},
};
#define STABENGINE_JSON 11 /* so many of the rules hold for JSON */

static const struct pie_rule stabengine_prompt_rules[] = {
    {"text", PIE_JSON_TEXT, 1, 1, 2000, NULL},
    {"weight", PIE_JSON_NUMERIC, 0, 0, 0, NULL},
};

#define STABENGINE_BOTH                                                                            \
    "cfg_scale clip_guidance_preset sampler samples seed steps style_preset extras init_image"

/* What follows the engine in the address. */
static const struct stabengine_form {
    const char *path, *names, *needed;
} stabengine_forms[] = {
    {"image-to-image",
     STABENGINE_BOTH " init_image_mode image_strength step_schedule_start step_schedule_end",
     "init_image"},
    {"image-to-image/masking", STABENGINE_BOTH " mask_source mask_image", "init_image mask_source"},
};

static apipie_status stabengine_refuse(struct pie_answer *answer, const char *name,
                                       const char *field, const char *what)
{
    return pie_stability_refuse(answer, pie_stability_engine_error, name, pie_slice_text(field),
                                what);
}

static apipie_status stabengine_refuse_breach(struct pie_answer *answer,
                                              const struct pie_breach *breach)
{
    if (pie_slice_equal(breach->shown, "samples"))
        return stabengine_refuse(answer, "invalid_samples", "samples", ": must be 1 to 10");
    return pie_stability_refuse_breach(answer, pie_stability_engine_error, breach);
}

/* ---- what both ways have in common */

static int32_t stabengine_is_xl(const struct pie_model *m)
{
    return pie_slice_find_nocase(pie_slice_text(m->model), "xl-1024") < strlen(m->model);
}

static apipie_status stabengine_size(struct pie_answer *answer, int64_t width, int64_t height,
                                     struct pie_stability_order *o)
{
    o->width = (int32_t)width;
    o->height = (int32_t)height;
    if (stabengine_is_xl(o->model))
        return pie_stable_is_size(width, height)
                   ? APIPIE_OK
                   : stabengine_refuse(answer, "invalid_sdxl_v1_dimensions", "width and height",
                                       ": are none of the allowed dimensions of this engine");
    if (width % 64 == 0 && height % 64 == 0 && width * height >= 262144 &&
        width * height <= 1048576)
        return APIPIE_OK;
    return stabengine_refuse(answer, "invalid_height_or_width", "width and height",
                             ": must be multiples of 64, with 262144 to 1048576 pixels");
}

/* Raw bytes are those of one picture. */
static apipie_status stabengine_finish(struct pie_answer *answer, struct pie_slice samples,
                                       struct pie_slice steps, struct pie_slice seed,
                                       struct pie_stability_order *o)
{
    int64_t n = 1;

    o->steps = 50;
    (void)pie_number_int(samples, &n);
    (void)pie_number_int(steps, &o->steps);
    o->n = (int32_t)n;
    o->engine = 1;
    o->seed = pie_stability_seed(seed);
    o->cost = 2000; /* of a picture: a figure of our own */
    if (o->n > 1 && o->way == PIE_STABILITY_RAW)
        return stabengine_refuse(answer, "invalid_samples", "samples",
                                 ": must be 1 where a picture itself is asked for");
    return APIPIE_OK;
}

/* ---- JSON */

static apipie_status stabengine_prompts(const struct pie_node *list, struct pie_answer *answer,
                                        struct pie_stability_order *o)
{
    struct pie_breach breach;

    for (size_t i = 0; i < pie_node_count(list); i++) {
        const struct pie_node *prompt = pie_node_at(list, i);

        if (pie_node_kind(prompt) != PIE_JSON_OBJECT)
            return stabengine_refuse(answer, "bad_request", "text_prompts", ": has objects alone");
        if (pie_rules_check(prompt, stabengine_prompt_rules, PIE_COUNT(stabengine_prompt_rules), 0,
                            &breach) != APIPIE_OK)
            return stabengine_refuse_breach(answer, &breach);
    }
    o->prompt = pie_node_text(pie_node_get(pie_node_at(list, 0), "text"));
    return o->prompt.n != 0
               ? APIPIE_OK
               : stabengine_refuse(answer, "bad_request", "text_prompts", ": is required");
}

static uint32_t stabengine_look(const struct pie_node *root, const struct pie_stability_order *o)
{
    uint32_t look = pie_draw_hash(PIE_DRAW_HASH, pie_slice_text(o->model->model));
    struct pie_buf text;

    pie_buf_init(&text, &pie_mem_libc, PIE_SANDBOX_TEXT_MAX);
    for (size_t i = 0; i < pie_node_count(root); i++) {
        const char *name;
        const struct pie_node *value = pie_node_member(root, i, &name);

        if (strcmp(name, "seed") == 0 || strcmp(name, "samples") == 0)
            continue;
        pie_buf_clear(&text);
        pie_node_write(value, &text);
        look = pie_draw_hash(pie_draw_hash(look, pie_slice_text(name)), pie_buf_slice(&text));
    }
    pie_buf_free(&text);
    return look;
}

static int64_t stabengine_side(const struct pie_node *root, const char *name,
                               const struct pie_stability_order *o)
{
    int64_t v = stabengine_is_xl(o->model) ? 1024 : 512;

    (void)pie_node_int(pie_node_get(root, name), &v);
    return v;
}

static apipie_status stabengine_read(const struct pie_node *root, struct pie_answer *answer,
                                     struct pie_stability_order *o)
{
    struct pie_breach breach;

    if (pie_node_kind(root) != PIE_JSON_OBJECT)
        return stabengine_refuse(answer, "bad_request", "body", ": must be a JSON object");
    if (pie_rules_check(root, stabengine_rules, STABENGINE_JSON, 0, &breach) != APIPIE_OK)
        return stabengine_refuse_breach(answer, &breach);
    if (stabengine_prompts(pie_node_get(root, "text_prompts"), answer, o) != APIPIE_OK ||
        stabengine_size(answer, stabengine_side(root, "width", o),
                        stabengine_side(root, "height", o), o) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    o->look = stabengine_look(root, o);
    return stabengine_finish(answer, pie_node_text(pie_node_get(root, "samples")),
                             pie_node_text(pie_node_get(root, "steps")),
                             pie_node_text(pie_node_get(root, "seed")), o);
}

/* ---- forms */

static const char stabengine_prefix[] = "text_prompts[";

static int32_t stabengine_is_prompt(const struct pie_field *part)
{
    return pie_slice_starts_nocase(part->name, stabengine_prefix);
}

/* "text_prompts[3][text]" */
static const struct pie_field *stabengine_part(const struct pie_fields *form, size_t i,
                                               const char *member)
{
    char name[sizeof(stabengine_prefix) + PIE_NUMBER_MAX + 16];

    memcpy(name, stabengine_prefix, sizeof(stabengine_prefix));
    pie_number_uint_text(i, name + strlen(name));
    pie_text_copy(pie_slice_text(member), name + strlen(name), 16);
    return pie_fields_find(form, name, 0);
}

/* From 0 on, each with a text, perhaps with a weight; and no others. */
static apipie_status stabengine_form_prompts(const struct pie_fields *form,
                                             struct pie_answer *answer,
                                             struct pie_stability_order *o)
{
    size_t all = 0, known = 0;

    for (size_t i = 0; i < form->count; i++)
        all += stabengine_is_prompt(&form->parts[i]) ? 1 : 0;
    for (size_t i = 0; i < STABENGINE_PROMPTS; i++) {
        const struct pie_field *text = stabengine_part(form, i, "][text]");
        const struct pie_field *weight = stabengine_part(form, i, "][weight]");

        if (text == NULL)
            break;
        if (text->is_file || text->body.n == 0 || pie_bill_characters(text->body) > 2000)
            return stabengine_refuse(answer, "bad_request", "text_prompts",
                                     ": a text has 1 to 2000 characters");
        if (weight != NULL && (weight->is_file || !pie_json_is_number(weight->body)))
            return stabengine_refuse(answer, "bad_request", "text_prompts",
                                     ": a weight is a number");
        known += weight != NULL ? 2 : 1;
    }
    if (known == 0 || known != all)
        return stabengine_refuse(answer, "bad_request", "text_prompts",
                                 ": must be counted from 0 on, each once, with its text");
    o->prompt = stabengine_part(form, 0, "][text]")->body;
    return APIPIE_OK;
}

/* The form without its prompts. */
static apipie_status stabengine_form_fields(const struct pie_fields *form,
                                            const struct stabengine_form *f,
                                            struct pie_answer *answer)
{
    struct pie_breach breach;
    struct pie_fields rest;

    rest.count = 0;
    for (size_t i = 0; i < form->count; i++)
        if (!stabengine_is_prompt(&form->parts[i]))
            rest.parts[rest.count++] = form->parts[i];
    if (pie_rules_form(&rest, stabengine_rules, PIE_COUNT(stabengine_rules), f->names, f->needed,
                       &breach) != APIPIE_OK)
        return stabengine_refuse_breach(answer, &breach);
    if (pie_rules_choice(f->names, pie_slice_text("mask_image")) &&
        (pie_fields_find(&rest, "mask_image", 0) == NULL) !=
            pie_slice_equal(pie_fields_text(&rest, "mask_source"), "INIT_IMAGE_ALPHA"))
        return stabengine_refuse(answer, "bad_request", "mask_image",
                                 ": must be there, unless the mask is the picture's own alpha");
    return APIPIE_OK;
}

/* How the picture counts: by a strength or by a schedule, not by both. */
static apipie_status stabengine_form_mode(const struct pie_fields *form, struct pie_answer *answer)
{
    static const char *const with[] = {"image_strength", "step_schedule_start",
                                       "step_schedule_end"};
    const int32_t schedule =
        pie_slice_equal(pie_fields_text(form, "init_image_mode"), "STEP_SCHEDULE");

    for (size_t i = 0; i < PIE_COUNT(with); i++)
        if (pie_fields_find(form, with[i], 0) != NULL && (i != 0) != schedule)
            return stabengine_refuse(answer, "bad_request", with[i],
                                     ": goes with another init_image_mode");
    if (schedule && pie_fields_find(form, with[1], 0) == NULL)
        return stabengine_refuse(answer, "bad_request", with[1], ": is required");
    return APIPIE_OK;
}

static apipie_status stabengine_form_alpha(const struct pie_fields *form, struct pie_answer *answer,
                                           const struct pie_stability_order *o)
{
    if (!pie_slice_equal(pie_fields_text(form, "mask_source"), "INIT_IMAGE_ALPHA") ||
        o->inputs.first.kind != PIE_PROBE_PNG || o->inputs.first.alpha)
        return APIPIE_OK;
    return stabengine_refuse(answer, "bad_request", "mask_source",
                             ": the init_image has no alpha channel");
}

static void stabengine_form_look(const struct pie_fields *form, struct pie_stability_order *o)
{
    const struct pie_probe *first = &o->inputs.first;

    o->look = pie_draw_hash(PIE_DRAW_HASH, pie_slice_text(o->model->model));
    for (size_t i = 0; i < form->count; i++) {
        const struct pie_field *part = &form->parts[i];

        if (!part->is_file && !pie_slice_equal(part->name, "seed") &&
            !pie_slice_equal(part->name, "samples"))
            o->look = pie_draw_hash(pie_draw_hash(o->look, part->name), part->body);
    }
    o->look = pie_draw_hash_uint(o->look, o->inputs.hash);
    o->width = o->height = 1024;
    if (first->kind == PIE_PROBE_PNG && first->width <= PIE_SANDBOX_SIDE_MAX &&
        first->height <= PIE_SANDBOX_SIDE_MAX) {
        o->width = first->width;
        o->height = first->height;
    }
}

static apipie_status stabengine_form(const struct pie_fields *form, const struct stabengine_form *f,
                                     struct pie_answer *answer, struct pie_stability_order *o)
{
    pie_error_fn error = pie_stability_engine_error;

    if (stabengine_form_prompts(form, answer, o) != APIPIE_OK ||
        stabengine_form_fields(form, f, answer) != APIPIE_OK ||
        stabengine_form_mode(form, answer) != APIPIE_OK ||
        pie_stability_input(pie_fields_find(form, "init_image", 0), 0, answer, error, o) !=
            APIPIE_OK ||
        pie_stability_input(pie_fields_find(form, "mask_image", 0), 1, answer, error, o) !=
            APIPIE_OK ||
        stabengine_form_alpha(form, answer, o) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    stabengine_form_look(form, o);
    return stabengine_finish(answer, pie_fields_text(form, "samples"),
                             pie_fields_text(form, "steps"), pie_fields_text(form, "seed"), o);
}

/* ---- the door */

static void stabengine_by_form(struct apipie_sandbox *box, const struct pie_call *call,
                               const struct stabengine_form *f, struct pie_stability_order *o,
                               struct pie_answer *answer)
{
    struct pie_fields form;

    if (!call->is_form || pie_fields_parse(call->media, call->body, &form) != APIPIE_OK)
        (void)stabengine_refuse(answer, "bad_request", "content-type",
                                ": must be multipart/form-data");
    else if (stabengine_form(&form, f, answer, o) == APIPIE_OK)
        pie_stability_draw(box, call, o, answer);
}

static void stabengine_by_json(struct apipie_sandbox *box, const struct pie_call *call,
                               struct pie_stability_order *o, struct pie_answer *answer)
{
    struct pie_doc *doc = NULL;

    if (!pie_media_is(call->media, "application/json"))
        (void)stabengine_refuse(answer, "bad_request", "content-type",
                                ": must be application/json");
    else if (pie_call_json(call, &doc) != APIPIE_OK)
        (void)stabengine_refuse(answer, "bad_request", "body", ": is no JSON");
    else if (stabengine_read(pie_doc_root(doc), answer, o) == APIPIE_OK)
        pie_stability_draw(box, call, o, answer);
    pie_doc_free(doc);
}

void pie_stability_engine(struct apipie_sandbox *box, const struct pie_call *call,
                          struct pie_answer *answer)
{
    struct pie_slice path = pie_call_wild(call, "/v1/generation/*"), rest;
    struct pie_stability_order o;
    const struct stabengine_form *form = NULL;
    size_t n = pie_slice_find_nocase(path, "/");

    memset(&o, 0, sizeof(o));
    rest = n < path.n ? pie_slice(path.p + n + 1, path.n - n - 1) : pie_slice("", 0);
    for (size_t i = 0; i < PIE_COUNT(stabengine_forms); i++)
        if (pie_slice_equal(rest, stabengine_forms[i].path))
            form = &stabengine_forms[i];
    o.model = pie_stability_model(pie_slice(path.p, n));
    if (form == NULL && !pie_slice_equal(rest, "text-to-image"))
        pie_stability_engine_error(answer, 404, NULL, "There is no such route.", NULL);
    else if (o.model == NULL || strncmp(o.model->model, "stable-diffusion-", 17) != 0)
        pie_stability_engine_error(answer, 404, NULL, "The specified engine was not found.", NULL);
    else if (pie_stability_way(call, PIE_STABILITY_JSON, answer, pie_stability_engine_error,
                               &o.way) != APIPIE_OK)
        return;
    else if (form != NULL)
        stabengine_by_form(box, call, form, &o, answer);
    else
        stabengine_by_json(box, call, &o, answer);
}
