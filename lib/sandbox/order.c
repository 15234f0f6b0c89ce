/* SPDX-License-Identifier: MIT */
/* Knows which requests a gateway takes; must not know what is drawn or sent. Pure. */
#include "sandbox/wires_priv.h"

#define ORDER_ASPECT_MAX 99

const struct pie_model pie_sandbox_openai[PIE_SANDBOX_OPENAI] = {
    {.provider = "openai", .model = "dall-e-2", .description = "", .best_for = ""},
    {.provider = "openai", .model = "dall-e-3", .description = "", .best_for = ""},
    {.provider = "openai", .model = "gpt-image-1", .description = "", .best_for = ""},
    {.provider = "openai", .model = "gpt-image-1-mini", .description = "", .best_for = ""},
    {.provider = "openai", .model = "gpt-image-1.5", .description = "", .best_for = ""},
    {.provider = "openai", .model = "chatgpt-image-latest", .description = "", .best_for = ""},
    {.provider = "openai", .model = "gpt-image-2", .description = "", .best_for = ""},
    {.provider = "openai", .model = "gpt-image-2-2026-04-21", .description = "", .best_for = ""},
};

static const struct order_field {
    const char *name;
    int32_t kind;
    int32_t whole; /* of numbers: no fraction */
} order_fields[] = {
    {"prompt", PIE_JSON_TEXT, 0},
    {"model", PIE_JSON_TEXT, 0},
    {"provider", PIE_JSON_TEXT, 0},
    {"size", PIE_JSON_TEXT, 0},
    {"quality", PIE_JSON_TEXT, 0},
    {"style", PIE_JSON_TEXT, 0},
    {"response_format", PIE_JSON_TEXT, 0},
    {"image", PIE_JSON_TEXT, 0},
    {"mask", PIE_JSON_TEXT, 0},
    {"user", PIE_JSON_TEXT, 0},
    {"routing", PIE_JSON_TEXT, 0},
    {"aspect_ratio", PIE_JSON_TEXT, 0},
    {"negative_prompt", PIE_JSON_TEXT, 0},
    {"loras", PIE_JSON_TEXT, 0},
    {"n", PIE_JSON_NUMERIC, 1},
    {"steps", PIE_JSON_NUMERIC, 1},
    {"seed", PIE_JSON_NUMERIC, 1},
    {"strength", PIE_JSON_NUMERIC, 0},
    {"cfg_scale", PIE_JSON_NUMERIC, 0},
    {"sandbox", PIE_JSON_OBJECT, 0},
};

static apipie_status order_refuse(struct pie_answer *answer, const char *param, const char *message)
{
    pie_answer_error(answer, 400, "invalid_parameter", message, param);
    return APIPIE_E_ARGUMENT;
}

/* "a" + "b" + "c" as the message; the parts are short. */
static apipie_status order_refuse3(struct pie_answer *answer, const char *param, const char *a,
                                   const char *b, const char *c)
{
    struct pie_buf text;
    apipie_status status;

    pie_buf_init(&text, &pie_mem_libc, 1024);
    pie_buf_add_text(&text, a);
    pie_buf_add_text(&text, b);
    pie_buf_add_text(&text, c);
    status = order_refuse(answer, param, text.failed == APIPIE_OK ? text.p : a);
    pie_buf_free(&text);
    return status;
}

apipie_status pie_order_refuse_n(struct pie_answer *answer, int32_t n_max)
{
    char most[PIE_NUMBER_MAX];

    if (n_max == 1)
        return order_refuse(answer, "n", "n must be 1 for this model");
    pie_number_int_text(n_max, most);
    return order_refuse3(answer, "n", "n must be 1 to ", most, " for this model");
}

/* null is as good as absent. */
static const struct pie_node *order_get(const struct pie_node *root, const char *name)
{
    const struct pie_node *node = pie_node_get(root, name);

    return pie_node_kind(node) == PIE_JSON_NULL ? NULL : node;
}

static struct pie_slice order_text(const struct pie_node *root, const char *name)
{
    return pie_node_text(order_get(root, name));
}

static int32_t order_is_whole(struct pie_slice number)
{
    size_t i = number.n != 0 && number.p[0] == '-' ? 1 : 0;

    while (i < number.n && pie_is_digit(number.p[i]))
        i++;
    return i == number.n;
}

static apipie_status order_check_kinds(const struct pie_node *root, struct pie_answer *answer)
{
    for (size_t i = 0; i < PIE_COUNT(order_fields); i++) {
        const struct order_field *f = &order_fields[i];
        const struct pie_node *node = order_get(root, f->name);
        const char *want = f->kind == PIE_JSON_TEXT     ? "' must be a string."
                           : f->kind == PIE_JSON_OBJECT ? "' must be an object."
                           : f->whole                   ? "' must be a whole number."
                                                        : "' must be a number.";

        if (node == NULL)
            continue;
        if (pie_node_kind(node) != f->kind || (f->whole && !order_is_whole(pie_node_text(node))))
            return order_refuse3(answer, f->name, "'", f->name, want);
    }
    return APIPIE_OK;
}

static apipie_status order_prompt(const struct pie_node *root, struct pie_answer *answer,
                                  struct pie_order *o)
{
    o->prompt = order_text(root, "prompt");
    if (pie_slice_trim(o->prompt).n == 0)
        return order_refuse(answer, "prompt", "'prompt' is required.");
    if (o->prompt.n > PIE_SANDBOX_TEXT_MAX)
        return order_refuse(answer, "prompt", "'prompt' is too long.");
    return APIPIE_OK;
}

static apipie_status order_model(const struct pie_node *root, struct pie_answer *answer,
                                 struct pie_order *o)
{
    struct pie_slice provider = order_text(root, "provider"), name = order_text(root, "model");

    if (name.n == 0)
        return order_refuse(answer, "model", "'model' is required.");
    if (pie_slice_equal_nocase(provider, "pool"))
        provider.n = 0;
    o->model = pie_model_find(pie_models, pie_model_count, provider, name);
    if (o->model == NULL)
        o->model = pie_model_find(pie_sandbox_openai, PIE_SANDBOX_OPENAI, provider, name);
    if (o->model != NULL)
        return APIPIE_OK;
    pie_answer_error(answer, 404, "model_not_found",
                     provider.n != 0
                         ? "No such image model at that provider; GET /v1/models lists them."
                         : "No such image model; GET /v1/models lists them.",
                     "model");
    return APIPIE_E_ARGUMENT;
}

/* "AxB" with whole numbers from 1 to most. */
static apipie_status order_pair(struct pie_slice s, char between, uint64_t most, uint64_t ret[2])
{
    size_t at = 0;
    uint64_t a = 0, b = 0;

    while (at < s.n && s.p[at] != between)
        at++;
    if (at == s.n || pie_number_uint(pie_slice(s.p, at), &a) != APIPIE_OK ||
        pie_number_uint(pie_slice(s.p + at + 1, s.n - at - 1), &b) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    if (a < 1 || b < 1 || a > most || b > most)
        return APIPIE_E_ARGUMENT;
    ret[0] = a;
    ret[1] = b;
    return APIPIE_OK;
}

/* About a megapixel of that shape, in steps of 64. */
static apipie_status order_aspect(struct pie_slice text, struct pie_answer *answer,
                                  struct pie_order *o)
{
    uint64_t pair[2], wide = 64;

    if (order_pair(text, ':', ORDER_ASPECT_MAX, pair) != APIPIE_OK || pair[0] > 4 * pair[1] ||
        pair[1] > 4 * pair[0])
        return order_refuse(answer, "aspect_ratio",
                            "'aspect_ratio' must look like 16:9, between 1:4 and 4:1.");
    while (wide * wide * pair[1] < pair[0] * 1024 * 1024)
        wide += 64;
    o->width = (int32_t)wide;
    o->height = (int32_t)((wide * pair[1] / pair[0] + 32) / 64 * 64);
    return APIPIE_OK;
}

static apipie_status order_size(const struct pie_node *root, struct pie_answer *answer,
                                struct pie_order *o)
{
    struct pie_slice size = order_text(root, "size"), aspect = order_text(root, "aspect_ratio");
    uint64_t pair[2] = {1024, 1024};

    if (size.n == 0 && aspect.n != 0)
        return order_aspect(aspect, answer, o);
    if (order_get(root, "size") != NULL && !pie_slice_equal(size, "auto") &&
        order_pair(size, 'x', PIE_SANDBOX_SIDE_MAX, pair) != APIPIE_OK)
        return order_refuse(answer, "size",
                            "'size' must look like 1024x1024, with sides of 1 to 2048.");
    o->width = (int32_t)pair[0];
    o->height = (int32_t)pair[1];
    return APIPIE_OK;
}

static apipie_status order_choice(const struct pie_node *root, const char *name,
                                  const char *const *choices, const char *message,
                                  struct pie_answer *answer)
{
    struct pie_slice text = order_text(root, name);

    if (order_get(root, name) == NULL)
        return APIPIE_OK;
    for (; *choices != NULL; choices++)
        if (pie_slice_equal(text, *choices))
            return APIPIE_OK;
    return order_refuse(answer, name, message);
}

static apipie_status order_look(const struct pie_node *root, struct pie_answer *answer,
                                struct pie_order *o)
{
    static const char *const formats[] = {"url", "b64_json", NULL};
    static const char *const qualities[] = {"standard", "hd",   "auto", "low",
                                            "medium",   "high", NULL};
    struct pie_slice quality = order_text(root, "quality");

    if (order_choice(root, "response_format", formats, "'response_format' must be url or b64_json.",
                     answer) != APIPIE_OK ||
        order_choice(root, "quality", qualities,
                     "'quality' must be standard or hd (OpenAI's models: auto, low, medium, high).",
                     answer) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    if (order_get(root, "style") != NULL && order_text(root, "style").n == 0)
        return order_refuse(answer, "style", "'style' must not be empty.");
    if (order_get(root, "image") != NULL && order_text(root, "image").n == 0)
        return order_refuse(answer, "image", "'image' must be a URL or a data URI.");
    o->hd = pie_slice_equal(quality, "hd") || pie_slice_equal(quality, "high");
    o->base64 = pie_slice_equal(order_text(root, "response_format"), "b64_json") ||
                strstr(o->model->model, "gpt-image") == o->model->model ||
                strcmp(o->model->model, "chatgpt-image-latest") == 0;
    o->revised = strcmp(o->model->model, "dall-e-3") == 0;
    return APIPIE_OK;
}

/* A decimal number from 0 to most; money's reader is exact and knows no locale. */
static int32_t order_within(const struct pie_node *node, int64_t most)
{
    int64_t v = 0;

    return node == NULL ||
           (pie_node_money(node, &v) == APIPIE_OK && v >= 0 && v <= most * APIPIE_DOLLAR);
}

static apipie_status order_numbers(const struct pie_node *root, int32_t n_max,
                                   struct pie_answer *answer, struct pie_order *o)
{
    uint64_t n = 1, steps = 1, seed = 0;
    struct pie_slice seeds = order_text(root, "seed");

    if (order_get(root, "n") != NULL &&
        (pie_number_uint(order_text(root, "n"), &n) != APIPIE_OK || n < 1 || n > PIE_SANDBOX_N_MAX))
        return order_refuse(answer, "n", "'n' must be 1 to 10.");
    if (n > (uint64_t)n_max)
        return pie_order_refuse_n(answer, n_max);
    if (order_get(root, "steps") != NULL &&
        (pie_number_uint(order_text(root, "steps"), &steps) != APIPIE_OK || steps < 1 ||
         steps > 500))
        return order_refuse(answer, "steps", "'steps' must be 1 to 500.");
    if (seeds.n != 0 && !pie_slice_equal(seeds, "-1") && pie_number_uint(seeds, &seed) != APIPIE_OK)
        return order_refuse(answer, "seed",
                            "'seed' must be 0 to 18446744073709551615, or -1 for any.");
    if (!order_within(order_get(root, "strength"), 1))
        return order_refuse(answer, "strength", "'strength' must be 0 to 1.");
    if (!order_within(order_get(root, "cfg_scale"), 100))
        return order_refuse(answer, "cfg_scale", "'cfg_scale' must be 0 to 100.");
    o->n = (int32_t)n;
    o->steps = order_get(root, "steps") != NULL ? (int32_t)steps : APIPIE_UNKNOWN;
    o->seeded = seeds.n != 0 && !pie_slice_equal(seeds, "-1");
    o->wanted = seed;
    return APIPIE_OK;
}

/* What was not set does not change the picture. */
static void order_mix(const struct pie_node *root, struct pie_order *o)
{
    static const char *const keys[] = {"negative_prompt", "strength"};

    o->seed = pie_draw_hash(PIE_DRAW_HASH, o->prompt);
    o->seed = pie_draw_hash(o->seed, pie_slice_text(o->model->model));
    o->seed = pie_draw_hash(o->seed, order_text(root, "seed"));
    for (size_t i = 0; i < PIE_COUNT(keys); i++) {
        if (order_text(root, keys[i]).n != 0)
            o->seed = pie_draw_hash(o->seed, order_text(root, keys[i]));
    }
}

apipie_status pie_order_read(const struct pie_node *root, int32_t n_max, struct pie_answer *answer,
                             struct pie_order *ret)
{
    struct pie_order o;

    memset(&o, 0, sizeof(o));
    if (pie_node_kind(root) != PIE_JSON_OBJECT)
        return order_refuse(answer, NULL, "The body must be a JSON object.");
    if (order_check_kinds(root, answer) != APIPIE_OK ||
        order_prompt(root, answer, &o) != APIPIE_OK || order_model(root, answer, &o) != APIPIE_OK ||
        order_size(root, answer, &o) != APIPIE_OK || order_look(root, answer, &o) != APIPIE_OK ||
        order_numbers(root, n_max, answer, &o) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    order_mix(root, &o);
    o.image = order_text(root, "image");
    o.mask = order_text(root, "mask");
    o.fault = pie_node_text(pie_node_get(order_get(root, "sandbox"), "fault"));
    *ret = o;
    return APIPIE_OK;
}
