/* SPDX-License-Identifier: MIT */
/* Knows which parameters of the images API which model takes on which route; must not know pictures. Pure. */
#include "sandbox/wires_priv.h"

#define G   PIE_OPENAI_GENERATION
#define F   PIE_OPENAI_FORM
#define E   PIE_OPENAI_EDIT
#define V   PIE_OPENAI_VARIATION
#define D2  PIE_OPENAI_DALLE2
#define D3  PIE_OPENAI_DALLE3
#define GPT PIE_OPENAI_GPT
#define ALL (D2 | D3 | GPT)

/* A parameter may stand in several lines, for other models each. */
static const struct param_rule {
    const char *name;
    int32_t kind, routes, families, nullable;
    const char *choices; /* of a text, between blanks; NULL: any */
    int32_t least, most; /* of a number */
} param_rules[] = {
    {"prompt", PIE_JSON_TEXT, G | F | E, ALL, 0, NULL, 0, 0},
    {"model", PIE_JSON_TEXT, G | F | E | V, ALL, 1, NULL, 0, 0},
    {"user", PIE_JSON_TEXT, G | F | E | V, ALL, 0, NULL, 0, 0},
    {"n", PIE_JSON_NUMERIC, G | F | E | V, D2 | GPT, 1, NULL, 1, 10},
    {"n", PIE_JSON_NUMERIC, G, D3, 1, NULL, 1, 1},
    {"size", PIE_JSON_TEXT, G | F | V, D2, 1, "256x256 512x512 1024x1024", 0, 0},
    {"size", PIE_JSON_TEXT, G, D3, 1, "1024x1024 1792x1024 1024x1792", 0, 0},
    {"size", PIE_JSON_TEXT, G | F | E, PIE_OPENAI_GPT1 | PIE_OPENAI_MINI, 1,
     "auto 1024x1024 1536x1024 1024x1536", 0, 0},
    {"size", PIE_JSON_TEXT, G | F | E, PIE_OPENAI_GPT2, 1, NULL, 0, 0},
    {"quality", PIE_JSON_TEXT, G | F, D2, 1, "standard", 0, 0},
    {"quality", PIE_JSON_TEXT, G, D3, 1, "standard hd", 0, 0},
    {"quality", PIE_JSON_TEXT, G | F | E, GPT, 1, "auto low medium high", 0, 0},
    {"response_format", PIE_JSON_TEXT, G | F | V, D2, 1, "url b64_json", 0, 0},
    {"response_format", PIE_JSON_TEXT, G, D3, 1, "url b64_json", 0, 0},
    {"style", PIE_JSON_TEXT, G, D3, 1, "vivid natural", 0, 0},
    {"background", PIE_JSON_TEXT, G | F | E, GPT, 1, "auto transparent opaque", 0, 0},
    {"output_format", PIE_JSON_TEXT, G | F | E, GPT, 1, "png jpeg webp", 0, 0},
    {"output_compression", PIE_JSON_NUMERIC, G | F | E, GPT, 1, NULL, 0, 100},
    {"moderation", PIE_JSON_TEXT, G | E, GPT, 1, "auto low", 0, 0},
    {"stream", PIE_JSON_BOOL, G | F | E, GPT, 1, NULL, 0, 0},
    {"partial_images", PIE_JSON_NUMERIC, G | F | E, GPT, 1, NULL, 0, 3},
    {"input_fidelity", PIE_JSON_TEXT, F | E, PIE_OPENAI_GPT1 | PIE_OPENAI_GPT2, 1, "high low", 0,
     0},
    {"image", PIE_OPENAI_FILE, F, D2 | GPT, 0, NULL, 0, 0},
    {"image", PIE_OPENAI_FILE, V, D2, 0, NULL, 0, 0},
    {"image[]", PIE_OPENAI_FILE, F, GPT, 0, NULL, 0, 0},
    {"mask", PIE_OPENAI_FILE, F, D2 | GPT, 0, NULL, 0, 0},
    {"images", PIE_JSON_ARRAY, E, GPT, 0, NULL, 0, 0},
    {"mask", PIE_JSON_OBJECT, E, GPT, 1, NULL, 0, 0},
};

static const struct param_model {
    const char *name;
    int32_t family;
} param_models[PIE_SANDBOX_OPENAI] = {
    {"dall-e-2", PIE_OPENAI_DALLE2},    {"dall-e-3", PIE_OPENAI_DALLE3},
    {"gpt-image-1", PIE_OPENAI_GPT1},   {"gpt-image-1-mini", PIE_OPENAI_MINI},
    {"gpt-image-1.5", PIE_OPENAI_GPT1}, {"chatgpt-image-latest", PIE_OPENAI_GPT1},
    {"gpt-image-2", PIE_OPENAI_GPT2},   {"gpt-image-2-2026-04-21", PIE_OPENAI_GPT2},
};

/* ---- what was sent */

static int32_t param_same(struct pie_slice a, struct pie_slice b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static const struct pie_openai_arg *param_named(const struct pie_openai_order *o,
                                                struct pie_slice name)
{
    for (size_t i = 0; i < o->count; i++)
        if (param_same(o->args[i].name, name))
            return &o->args[i];
    return NULL;
}

const struct pie_openai_arg *pie_openai_arg(const struct pie_openai_order *o, const char *name)
{
    const struct pie_openai_arg *arg = param_named(o, pie_slice_text(name));

    return arg != NULL && arg->kind != PIE_JSON_NULL ? arg : NULL;
}

static struct pie_slice param_text(const struct pie_openai_order *o, const char *name)
{
    const struct pie_openai_arg *arg = pie_openai_arg(o, name);

    return arg != NULL ? arg->text : pie_slice_text(NULL);
}

static apipie_status param_full(struct pie_answer *answer)
{
    pie_openai_error(answer, 400, NULL, "Too many parameters.", NULL);
    return APIPIE_E_ARGUMENT;
}

static apipie_status param_from_json(const struct pie_node *root, struct pie_answer *answer,
                                     struct pie_openai_order *o)
{
    if (pie_node_count(root) > PIE_OPENAI_ARGS)
        return param_full(answer);
    for (; o->count < pie_node_count(root); o->count++) {
        struct pie_openai_arg *arg = &o->args[o->count];
        const char *key = "";

        arg->node = pie_node_member(root, o->count, &key);
        arg->name = pie_slice_text(key);
        arg->kind = pie_node_kind(arg->node);
        arg->text = pie_node_text(arg->node);
    }
    return APIPIE_OK;
}

static apipie_status param_from_form(const struct pie_fields *form, struct pie_answer *answer,
                                     struct pie_openai_order *o)
{
    for (size_t i = 0; i < form->count; i++) {
        const struct pie_field *part = &form->parts[i];
        struct pie_openai_arg *arg = &o->args[o->count];

        if (param_named(o, part->name) != NULL && !pie_slice_equal(part->name, "image[]"))
            return pie_openai_refuse(answer, "duplicate_parameter", part->name,
                                     "Duplicate parameter: ",
                                     ". You provided multiple values for this parameter, whereas "
                                     "only one is allowed. For a list use the array syntax, e.g. "
                                     "'image[]=<value>'.");
        if (o->count == PIE_OPENAI_ARGS)
            return param_full(answer);
        arg->part = part;
        arg->name = part->name;
        arg->kind = part->is_file ? PIE_OPENAI_FILE : PIE_JSON_TEXT;
        arg->text = part->body;
        if (!part->is_file && pie_utf8_valid(part->body.p, part->body.n) != part->body.n)
            return pie_openai_refuse(answer, "invalid_type", part->name, "Invalid text for ", ".");
        o->count++;
    }
    return APIPIE_OK;
}

/* ---- the model */

static int32_t param_takes(int32_t families, int32_t route, struct pie_slice name)
{
    for (size_t i = 0; i < PIE_COUNT(param_rules); i++)
        if (param_rules[i].families & families && param_rules[i].routes & route &&
            pie_slice_equal(name, param_rules[i].name))
            return 1;
    return 0;
}

static const char *param_default_model(const struct pie_openai_order *o)
{
    if (o->route & (F | E))
        return "gpt-image-1.5";
    for (size_t i = 0; i < o->count; i++)
        if (param_takes(GPT, o->route, o->args[i].name) &&
            !param_takes(D2 | D3, o->route, o->args[i].name))
            return "gpt-image-1";
    return "dall-e-2";
}

static apipie_status param_model(struct pie_answer *answer, struct pie_openai_order *o)
{
    const struct pie_openai_arg *arg = pie_openai_arg(o, "model");
    struct pie_slice name = pie_slice_text(param_default_model(o));
    int32_t fit = o->route == G ? ALL : o->route == V ? D2 : o->route == E ? GPT : D2 | GPT;

    if (arg != NULL && arg->kind != PIE_JSON_TEXT)
        return pie_openai_refuse(answer, "invalid_type", arg->name, "Invalid type for ",
                                 ": expected a string.");
    name = arg != NULL ? arg->text : name;
    for (size_t i = 0; i < PIE_COUNT(param_models); i++)
        if (pie_slice_equal(name, param_models[i].name)) {
            o->family = param_models[i].family;
            o->model = &pie_sandbox_openai[i];
        }
    if (o->model == NULL) {
        pie_openai_error(answer, 404, "model_not_found",
                         "The model does not exist or you do not have access to it.", "model");
        return APIPIE_E_ARGUMENT;
    }
    if (o->family & fit)
        return APIPIE_OK;
    pie_openai_error(answer, 400, "invalid_value",
                     o->route == V   ? "Invalid value for 'model'. Value must be 'dall-e-2'."
                     : o->route == E ? "Invalid value for 'model'. A JSON body is for gpt-image."
                                     : "Invalid value for 'model'. Value must be 'dall-e-2' or a "
                                       "gpt-image model.",
                     "model");
    return APIPIE_E_ARGUMENT;
}

/* ---- one parameter by its rule */

static apipie_status param_number(const struct pie_openai_arg *arg, const struct param_rule *rule,
                                  struct pie_answer *answer)
{
    uint64_t v = 0;
    int32_t negative = arg->text.n != 0 && arg->text.p[0] == '-';
    struct pie_slice digits = negative ? pie_slice(arg->text.p + 1, arg->text.n - 1) : arg->text;

    if (pie_number_uint(digits, &v) != APIPIE_OK)
        return pie_openai_refuse(answer, "invalid_type", arg->name, "Invalid type for ",
                                 ": expected an integer.");
    if (negative || v < (uint64_t)rule->least)
        return pie_openai_refuse(answer, "integer_below_min_value", arg->name, "Invalid ",
                                 ": integer below minimum value.");
    if (v > (uint64_t)rule->most)
        return pie_openai_refuse(answer, "integer_above_max_value", arg->name, "Invalid ",
                                 ": integer above maximum value.");
    return APIPIE_OK;
}

static apipie_status param_choice(const struct pie_openai_arg *arg, const struct param_rule *rule,
                                  struct pie_answer *answer)
{
    struct pie_buf text;

    if (rule->choices == NULL || pie_rules_choice(rule->choices, arg->text))
        return APIPIE_OK;
    pie_buf_init(&text, &pie_mem_libc, 512);
    pie_buf_add_text(&text, ". Supported values are: ");
    pie_buf_add_text(&text, rule->choices);
    pie_buf_add_char(&text, '.');
    (void)pie_openai_refuse(answer, "invalid_value", arg->name, "Invalid value for ",
                            text.failed == APIPIE_OK ? text.p : ".");
    pie_buf_free(&text);
    return APIPIE_E_ARGUMENT;
}

/* In a form everything but a file is a text. */
static int32_t param_is_kind(const struct pie_openai_arg *arg, int32_t kind)
{
    if (arg->part == NULL || kind == PIE_OPENAI_FILE || arg->kind == PIE_OPENAI_FILE)
        return arg->kind == kind;
    if (kind == PIE_JSON_BOOL)
        return pie_rules_choice("true false", arg->text);
    return kind == PIE_JSON_TEXT || kind == PIE_JSON_NUMERIC;
}

static apipie_status param_arg(const struct pie_openai_arg *arg, const struct param_rule *rule,
                               struct pie_answer *answer)
{
    if (arg->kind == PIE_JSON_NULL && rule->nullable)
        return APIPIE_OK;
    if (!param_is_kind(arg, rule->kind))
        return pie_openai_refuse(answer, "invalid_type", arg->name, "Invalid type for ",
                                 rule->kind == PIE_JSON_TEXT      ? ": expected a string."
                                 : rule->kind == PIE_JSON_NUMERIC ? ": expected an integer."
                                 : rule->kind == PIE_JSON_BOOL    ? ": expected a boolean."
                                 : rule->kind == PIE_JSON_ARRAY   ? ": expected an array."
                                 : rule->kind == PIE_OPENAI_FILE  ? ": expected a file."
                                                                  : ": expected an object.");
    if (rule->kind == PIE_JSON_NUMERIC)
        return param_number(arg, rule, answer);
    return param_choice(arg, rule, answer);
}

static apipie_status param_args(struct pie_answer *answer, const struct pie_openai_order *o)
{
    for (size_t i = 0; i < o->count; i++) {
        const struct pie_openai_arg *arg = &o->args[i];
        size_t r = 0;

        while (r < PIE_COUNT(param_rules) &&
               (!(param_rules[r].families & o->family) || !(param_rules[r].routes & o->route) ||
                !pie_slice_equal(arg->name, param_rules[r].name)))
            r++;
        if (r == PIE_COUNT(param_rules))
            return pie_openai_refuse(answer, "unknown_parameter", arg->name,
                                     "Unknown parameter: ", ".");
        if (param_arg(arg, &param_rules[r], answer) != APIPIE_OK)
            return APIPIE_E_ARGUMENT;
    }
    return APIPIE_OK;
}

/* ---- what they mean together */

static apipie_status param_prompt(struct pie_answer *answer, struct pie_openai_order *o)
{
    int64_t most = o->family & D2 ? 1000 : o->family & D3 ? 4000 : 32000;

    o->prompt = param_text(o, "prompt");
    if (o->route == V)
        return APIPIE_OK;
    if (pie_openai_arg(o, "prompt") == NULL)
        return pie_openai_refuse(answer, "missing_required_parameter", pie_slice_text("prompt"),
                                 "Missing required parameter: ", ".");
    if (o->prompt.n == 0)
        return pie_openai_refuse(answer, "empty_string", pie_slice_text("prompt"), "Invalid ",
                                 ": empty string.");
    if (pie_bill_characters(o->prompt) > most)
        return pie_openai_refuse(answer, "string_above_max_length", pie_slice_text("prompt"),
                                 "Invalid ", ": string too long for this model.");
    return APIPIE_OK;
}

/* Any size that gpt-image-2 draws: sides in steps of 16, up to 3:1, within 3840x2160 on one side or the other. */
static int32_t param_fits(uint64_t width, uint64_t height)
{
    uint64_t longer = width > height ? width : height, shorter = width > height ? height : width;

    return shorter >= 16 && width % 16 == 0 && height % 16 == 0 && longer <= 3 * shorter &&
           longer <= 3840 && shorter <= 2160;
}

static apipie_status param_size(struct pie_answer *answer, struct pie_openai_order *o)
{
    struct pie_slice size = param_text(o, "size");
    uint64_t width = 1024, height = 1024;
    size_t at = 0;

    if (size.n != 0 && !pie_slice_equal(size, "auto")) {
        while (at < size.n && size.p[at] != 'x')
            at++;
        if (at == size.n || pie_number_uint(pie_slice(size.p, at), &width) != APIPIE_OK ||
            pie_number_uint(pie_slice(size.p + at + 1, size.n - at - 1), &height) != APIPIE_OK)
            width = 0;
    }
    if ((o->family & PIE_OPENAI_GPT2 && !param_fits(width, height)) ||
        (pie_openai_arg(o, "size") != NULL && size.n == 0))
        return pie_openai_refuse(answer, "invalid_value", pie_slice_text("size"),
                                 "Invalid value for ",
                                 ": sides must be divisible by 16, within 3840x2160 and 3:1.");
    o->width = (int32_t)width;
    o->height = (int32_t)height;
    return APIPIE_OK;
}

static apipie_status param_format(struct pie_answer *answer, const struct pie_openai_order *o)
{
    struct pie_slice format = param_text(o, "output_format");
    struct pie_slice compression = param_text(o, "output_compression");

    if (pie_slice_equal(format, "jpeg") && pie_slice_equal(o->background, "transparent"))
        return pie_openai_refuse(answer, "invalid_value", pie_slice_text("background"),
                                 "Transparent ", " is not supported for JPEG.");
    if (format.n != 0 && !pie_slice_equal(format, "png"))
        return pie_openai_refuse(answer, "invalid_value", pie_slice_text("output_format"), "This ",
                                 " is not in the sandbox, which draws png alone.");
    if (compression.n != 0 && !pie_slice_equal(compression, "100"))
        return pie_openai_refuse(answer, "invalid_value", pie_slice_text("output_compression"),
                                 "Invalid ", ": less than 100 is not supported for png.");
    return APIPIE_OK;
}

static int32_t param_int(const struct pie_openai_order *o, const char *name, int32_t otherwise)
{
    uint64_t v = 0;

    return pie_number_uint(param_text(o, name), &v) == APIPIE_OK ? (int32_t)v : otherwise;
}

static int32_t param_true(const struct pie_openai_order *o, const char *name)
{
    const struct pie_openai_arg *arg = pie_openai_arg(o, name);
    int64_t v = 0;

    if (arg == NULL)
        return 0;
    return arg->part != NULL ? pie_slice_equal(arg->text, "true")
                             : pie_node_int(arg->node, &v) == APIPIE_OK && v != 0;
}

static apipie_status param_fill(struct pie_answer *answer, struct pie_openai_order *o)
{
    struct pie_slice format = param_text(o, "response_format");

    o->quality = param_text(o, "quality");
    o->background = param_text(o, "background");
    if (param_prompt(answer, o) != APIPIE_OK || param_size(answer, o) != APIPIE_OK ||
        param_format(answer, o) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    o->n = param_int(o, "n", 1);
    o->partials = param_int(o, "partial_images", 0);
    o->stream = param_true(o, "stream");
    o->high = pie_slice_equal(o->quality, "hd") || pie_slice_equal(o->quality, "high");
    o->base64 = (o->family & GPT) != 0 || pie_slice_equal(format, "b64_json");
    o->seed = pie_draw_hash(PIE_DRAW_HASH, o->prompt);
    o->seed = pie_draw_hash(o->seed, pie_slice_text(o->model->model));
    return APIPIE_OK;
}

apipie_status pie_openai_read(const struct pie_node *root, const struct pie_fields *form,
                              int32_t route, struct pie_answer *answer,
                              struct pie_openai_order *ret)
{
    apipie_status status;

    memset(ret, 0, sizeof(*ret));
    ret->route = route;
    status = form != NULL ? param_from_form(form, answer, ret) : param_from_json(root, answer, ret);
    if (status == APIPIE_OK && param_model(answer, ret) == APIPIE_OK &&
        param_args(answer, ret) == APIPIE_OK)
        return param_fill(answer, ret);
    return APIPIE_E_ARGUMENT;
}
