/* SPDX-License-Identifier: MIT */
/* Knows DeepInfra's native inference of pictures and its list of models (https://deepinfra.com/docs): key, parameters, replies and
 * errors; must not know HTTP. */
#include "sandbox/wires_priv.h"

const struct pie_model pie_sandbox_deepinfra[PIE_SANDBOX_DEEPINFRA] = {
    {.provider = "deepinfra", .model = "stability-ai/sdxl", .description = "", .best_for = ""},
    {.provider = "deepinfra", .model = "stabilityai/sdxl-turbo", .description = "", .best_for = ""},
    {.provider = "deepinfra",
     .model = "stabilityai/stable-diffusion-2-1",
     .description = "",
     .best_for = ""},
    {.provider = "deepinfra",
     .model = "runwayml/stable-diffusion-v1-5",
     .description = "",
     .best_for = ""},
    {.provider = "deepinfra",
     .model = "CompVis/stable-diffusion-v1-4",
     .description = "",
     .best_for = ""},
    {.provider = "deepinfra",
     .model = "black-forest-labs/FLUX-1.1-pro",
     .description = "",
     .best_for = ""},
    {.provider = "deepinfra", .model = "Qwen/Qwen-Image-Edit", .description = "", .best_for = ""},
};

enum {
    INFRA_SIZE = 1,   /* width and height */
    INFRA_ASPECT = 2, /* a ratio instead */
    INFRA_IMAGE = 4,  /* starts from a picture, too */
    INFRA_LINK = 8    /* answers the url of one picture */
};

static const struct infra_takes {
    int32_t takes, side_max;
} infra_takes[PIE_SANDBOX_DEEPINFRA] = {
    {INFRA_SIZE | INFRA_IMAGE, 2048},
    {INFRA_SIZE | INFRA_IMAGE, 2048},
    {INFRA_SIZE, 2048},
    {INFRA_SIZE, 1024},
    {INFRA_SIZE, 1024},
    {INFRA_ASPECT | INFRA_LINK, 0},
    {0, 0},
};

static const struct pie_rule infra_rules[] = {
    {"prompt", PIE_JSON_TEXT, 1, 1, PIE_SANDBOX_TEXT_MAX, NULL},
    {"negative_prompt", PIE_JSON_TEXT, 0, 0, 0, NULL},
    {"image", PIE_JSON_TEXT, 0, 0, 0, NULL},
    {"num_images", PIE_RULE_WHOLE, 0, 1, 4, NULL},
    {"num_inference_steps", PIE_RULE_WHOLE, 0, 1, 500, NULL},
    {"guidance_scale", PIE_JSON_NUMERIC, 0, 0, 30, NULL},
    {"strength", PIE_JSON_NUMERIC, 0, 0, 1, NULL},
    {"width", PIE_RULE_WHOLE, 0, 128, 2048, NULL},
    {"height", PIE_RULE_WHOLE, 0, 128, 2048, NULL},
    {"seed", PIE_RULE_WHOLE, 0, 0, 0, NULL},
    {"aspect_ratio", PIE_JSON_TEXT, 0, 0, 0, "1:1 16:9 21:9 3:2 2:3 4:5 5:4 9:16 9:21"},
    {"scheduler", PIE_JSON_TEXT, 0, 0, 0, NULL},
    {"webhook", PIE_JSON_TEXT, 0, 0, 0, NULL},
};

struct infra_order {
    const struct pie_model *model;
    int32_t takes, side_max;
    struct pie_slice prompt;
    int32_t n, width, height;
    int64_t steps;
    uint64_t seed;
    uint32_t look; /* of all that changes the picture */
    struct pie_inputs inputs;
};

/* ---- errors */

/* {"detail":{"error":message}} */
static void infra_error(struct pie_answer *answer, int32_t status, const char *code,
                        const char *message, const char *param)
{
    struct pie_buf *body = &answer->body;

    (void)param;
    message = pie_deepinfra_words(answer, status, code, message);
    pie_buf_add_text(body, "{\"detail\":{\"error\":");
    pie_json_string(body, pie_slice_text(message));
    pie_buf_add_text(body, "}}");
}

static apipie_status infra_refuse(struct pie_answer *answer, const char *field, const char *message,
                                  const char *type)
{
    pie_answer_invalid(answer, field, message, type);
    return APIPIE_E_ARGUMENT;
}

static apipie_status infra_refuse_kind(struct pie_answer *answer, const struct pie_breach *b)
{
    if (b->rule->kind == PIE_JSON_TEXT)
        return infra_refuse(answer, b->name, "str type expected", "type_error.str");
    if (b->rule->kind == PIE_RULE_WHOLE)
        return infra_refuse(answer, b->name, "value is not a valid integer", "type_error.integer");
    return infra_refuse(answer, b->name, "value is not a valid float", "type_error.float");
}

/* "ensure this value is greater than or equal to 128" */
static apipie_status infra_refuse_range(struct pie_answer *answer, const char *name, int32_t high,
                                        int64_t bound)
{
    char number[PIE_NUMBER_MAX], text[PIE_ANSWER_SAY];

    pie_number_int_text(bound, number);
    pie_answer_say(text,
                   high ? "ensure this value is less than or equal to "
                        : "ensure this value is greater than or equal to ",
                   pie_slice_text(number), "");
    return infra_refuse(answer, name, text,
                        high ? "value_error.number.not_le" : "value_error.number.not_ge");
}

static apipie_status infra_refuse_breach(struct pie_answer *answer, const struct pie_breach *b)
{
    char name[161];

    switch (b->what) {
    case PIE_BREACH_UNKNOWN:
        pie_text_display(pie_slice_text(b->name), name, sizeof(name));
        return infra_refuse(answer, name, "extra fields not permitted", "value_error.extra");
    case PIE_BREACH_MISSING:
        return infra_refuse(answer, b->name, "field required", "value_error.missing");
    case PIE_BREACH_KIND:
        return infra_refuse_kind(answer, b);
    case PIE_BREACH_CHOICE:
        return infra_refuse(answer, b->name, "value is not a valid enumeration member",
                            "type_error.enum");
    default:
        if (b->rule->kind == PIE_JSON_TEXT)
            return infra_refuse(answer, b->name, "the text is too short or too long",
                                "value_error.any_str");
        return infra_refuse_range(answer, b->name, b->what == PIE_BREACH_HIGH,
                                  b->what == PIE_BREACH_HIGH ? b->rule->most : b->rule->least);
    }
}

/* ---- reading */

/* Members that this model does not have. */
static apipie_status infra_check_takes(const struct pie_node *root, struct pie_answer *answer,
                                       const struct infra_order *o)
{
    static const struct {
        const char *name;
        int32_t needs;
    } needs[] = {{"width", INFRA_SIZE},  {"height", INFRA_SIZE},    {"aspect_ratio", INFRA_ASPECT},
                 {"image", INFRA_IMAGE}, {"strength", INFRA_IMAGE}, {"num_images", INFRA_SIZE}};

    for (size_t i = 0; i < PIE_COUNT(needs); i++)
        if (pie_call_get(root, needs[i].name) != NULL && !(o->takes & needs[i].needs))
            return infra_refuse(answer, needs[i].name, "extra fields not permitted",
                                "value_error.extra");
    if (pie_call_get(root, "webhook") != NULL)
        return infra_refuse(answer, "webhook", "the sandbox calls nobody back",
                            "value_error.webhook");
    return APIPIE_OK;
}

static apipie_status infra_size(const struct pie_node *root, struct pie_answer *answer,
                                struct infra_order *o)
{
    struct pie_slice ratio = pie_node_text(pie_call_get(root, "aspect_ratio"));
    uint64_t pair[2] = {1, 1};
    size_t at = 0;

    o->width = (int32_t)pie_call_int(root, "width", o->side_max == 1024 ? 512 : 1024);
    o->height = (int32_t)pie_call_int(root, "height", o->side_max == 1024 ? 512 : 1024);
    if (o->takes & INFRA_SIZE && (o->width > o->side_max || o->height > o->side_max))
        return infra_refuse_range(answer, o->width > o->side_max ? "width" : "height", 1,
                                  o->side_max);
    if (ratio.n == 0)
        return APIPIE_OK;
    while (ratio.p[at] != ':')
        at++;
    (void)pie_number_uint(pie_slice(ratio.p, at), &pair[0]);
    (void)pie_number_uint(pie_slice(ratio.p + at + 1, ratio.n - at - 1), &pair[1]);
    o->width = (int32_t)(pair[0] >= pair[1] ? 1024 : 1024 * pair[0] / pair[1]);
    o->height = (int32_t)(pair[0] >= pair[1] ? 1024 * pair[1] / pair[0] : 1024);
    return APIPIE_OK;
}

/* Their schema has 2^64 as a double writes it. */
static apipie_status infra_seed(const struct pie_node *root, struct pie_answer *answer,
                                struct infra_order *o)
{
    struct pie_slice text = pie_node_text(pie_call_get(root, "seed"));

    if (text.n == 0)
        o->seed = pie_random_below(UINT32_MAX);
    else if (text.p[0] == '-')
        return infra_refuse_range(answer, "seed", 0, 0);
    else if (pie_slice_equal(text, "18446744073709552000"))
        o->seed = UINT64_MAX;
    else if (pie_number_uint(text, &o->seed) != APIPIE_OK)
        return infra_refuse(answer, "seed",
                            "ensure this value is less than or equal to 18446744073709552000",
                            "value_error.number.not_le");
    return APIPIE_OK;
}

static apipie_status infra_input(struct apipie_sandbox *box, const struct pie_node *root,
                                 struct pie_answer *answer, struct infra_order *o)
{
    const struct pie_node *image = pie_call_get(root, "image");

    if (image == NULL || pie_source_url(box, pie_node_text(image), &o->inputs) == APIPIE_OK)
        return APIPIE_OK;
    infra_error(answer, 400, NULL, "The input image could not be read.", NULL);
    return APIPIE_E_ARGUMENT;
}

static apipie_status infra_read(struct apipie_sandbox *box, const struct pie_node *root,
                                struct pie_answer *answer, struct infra_order *o)
{
    struct pie_breach breach;

    if (pie_rules_check(root, infra_rules, PIE_COUNT(infra_rules), 1, &breach) != APIPIE_OK)
        return infra_refuse_breach(answer, &breach);
    if (infra_check_takes(root, answer, o) != APIPIE_OK ||
        infra_size(root, answer, o) != APIPIE_OK || infra_seed(root, answer, o) != APIPIE_OK ||
        infra_input(box, root, answer, o) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    o->prompt = pie_node_text(pie_call_get(root, "prompt"));
    o->n = (int32_t)pie_call_int(root, "num_images", 1);
    o->steps = pie_call_int(root, "num_inference_steps", 25);
    o->look = pie_draw_hash(PIE_DRAW_HASH, o->prompt);
    o->look = pie_draw_hash(o->look, pie_slice_text(o->model->model));
    o->look = pie_draw_hash(o->look, pie_node_text(pie_call_get(root, "negative_prompt")));
    o->look = pie_draw_hash(o->look, pie_node_text(pie_call_get(root, "guidance_scale")));
    o->look = pie_draw_hash(o->look, pie_node_text(pie_call_get(root, "strength")));
    o->look = pie_draw_hash_uint(o->look, (uint64_t)o->steps);
    o->look = pie_draw_hash_uint(o->look, o->inputs.hash);
    o->look = pie_draw_hash_uint(o->look, o->seed);
    return APIPIE_OK;
}

/* ---- the reply */

static void infra_status(const struct infra_order *o, const struct pie_fault *f, int64_t cost,
                         struct pie_buf *out)
{
    const char *quote = f->set & PIE_FAULT_COSTSTRING ? "\"" : "";
    char id[PIE_ANSWER_ID];

    pie_answer_id(id);
    pie_buf_add_text(out, ",\"request_id\":\"");
    pie_buf_add_text(out, id);
    pie_buf_add_text(out, "\",\"inference_status\":");
    if (f->set & PIE_FAULT_NOUSAGE) {
        pie_buf_add_text(out, "null");
        return;
    }
    pie_buf_add_text(out, f->set & PIE_FAULT_ERROR200
                              ? "{\"status\":\"failed\",\"runtime_ms\":"
                              : "{\"status\":\"succeeded\",\"runtime_ms\":");
    pie_buf_add_int(out, pie_price_latency("deepinfra", o->width, o->height, 0));
    pie_buf_add_text(out, ",\"cost\":");
    pie_buf_add_text(out, quote);
    pie_price_write(cost, out);
    pie_buf_add_text(out, quote);
    pie_buf_add_text(out, ",\"tokens_generated\":null,\"tokens_input\":null}");
}

/* A data: URI, unless the fault wants a link. */
static apipie_status infra_item(struct apipie_sandbox *box, const struct infra_order *o,
                                const struct pie_fault *f, int32_t index, struct pie_buf *out)
{
    struct pie_drawing d = {o->prompt, o->look + (uint32_t)index * PIE_DRAW_NEXT, o->width,
                            o->height, 1};
    struct pie_picture *picture = NULL;
    struct pie_fault shown = *f;
    apipie_status status = pie_draw_picture(&d, &picture);

    if (status != APIPIE_OK)
        return status;
    shown.set |= o->takes & INFRA_LINK ? 0 : PIE_FAULT_DATAURL;
    pie_draw_value(box, &shown, f->set & PIE_FAULT_URLIN64, picture, out);
    pie_picture_unref(picture);
    return APIPIE_OK;
}

/* What stands there where no picture is: null or "", by turns; and null for all of them. */
static apipie_status infra_images(struct apipie_sandbox *box, const struct infra_order *o,
                                  const struct pie_fault *f, int32_t n, struct pie_buf *out)
{
    const int32_t none = f->set & (PIE_FAULT_NOIMAGE | PIE_FAULT_CONTENT);
    apipie_status status = APIPIE_OK;

    if (n == 0 || f->set & PIE_FAULT_ERROR200) {
        pie_buf_add_text(out, "null");
        return APIPIE_OK;
    }
    pie_buf_add_char(out, '[');
    for (int32_t i = 0; i < n && status == APIPIE_OK; i++) {
        if (i != 0)
            pie_buf_add_char(out, ',');
        if (none)
            pie_buf_add_text(out, i % 2 == 0 ? "null" : "\"\"");
        else
            status = infra_item(box, o, f, i, out);
    }
    pie_buf_add_char(out, ']');
    return status;
}

static apipie_status infra_write(struct apipie_sandbox *box, const struct infra_order *o,
                                 const struct pie_fault *f, int32_t n, int64_t cost,
                                 struct pie_buf *out)
{
    apipie_status status;

    if (o->takes & INFRA_LINK) {
        pie_buf_add_text(out, "{\"image_url\":");
        if (f->set & (PIE_FAULT_NOIMAGE | PIE_FAULT_ERROR200 | PIE_FAULT_CONTENT)) {
            pie_buf_add_text(out, "null");
            status = APIPIE_OK;
        } else
            status = infra_item(box, o, f, 0, out);
        pie_buf_add_text(out, ",\"status\":\"ok\"");
    } else {
        pie_buf_add_text(out, "{\"images\":");
        status = infra_images(box, o, f, n, out);
    }
    pie_buf_add_text(out, ",\"nsfw_content_detected\":[");
    for (int32_t i = 0; i < n; i++) {
        pie_buf_add_text(out, i != 0 ? "," : "");
        pie_buf_add_text(out, f->set & PIE_FAULT_CONTENT ? "true" : "false");
    }
    pie_buf_add_text(out, "],\"seed\":");
    pie_buf_add_uint(out, o->seed);
    infra_status(o, f, cost, out);
    pie_buf_add_char(out, '}');
    return status == APIPIE_OK ? out->failed : status;
}

/* The filter and a failed inference answer as a picture does: 200, and nothing to pay. */
static void infra_reply(struct apipie_sandbox *box, const struct infra_order *o,
                        const struct pie_fault *f, struct pie_answer *answer)
{
    int32_t drawn = o->n - (f->set & PIE_FAULT_FEWER ? 1 : 0);
    int64_t cost = drawn * pie_price_cost("deepinfra", o->width, o->height, 0);

    if (f->set & (PIE_FAULT_CONTENT | PIE_FAULT_ERROR200))
        cost = 0;
    if (infra_write(box, o, f, drawn, cost, &answer->body) != APIPIE_OK)
        infra_error(answer, 500, NULL, "The server had an error.", NULL);
    else if (cost > 0)
        pie_bill(box, o->model, o->prompt, cost,
                 pie_price_latency("deepinfra", o->width, o->height, 0), f);
}

static void infra_draw(struct apipie_sandbox *box, const struct pie_call *call,
                       const struct infra_order *o, struct pie_answer *answer)
{
    const int32_t refused = PIE_FAULT_REFUSED & ~(PIE_FAULT_CONTENT | PIE_FAULT_ERROR200);
    struct pie_fault fault;

    if (pie_spoil_choose(box, o->model, call->fault, answer, &fault) != APIPIE_OK)
        return;
    pie_box_note(box, &o->inputs, &o->seed, o->steps);
    if (fault.set & PIE_FAULT_ONLYONE && o->n > 1)
        (void)infra_refuse_range(answer, "num_images", 1, 1);
    else if (fault.set & refused)
        pie_spoil_refuse(&fault, answer, infra_error);
    else
        infra_reply(box, o, &fault, answer);
    pie_spoil_answer(box, &fault, answer);
}

/* ---- routes */

static const char infra_inference_path[] = "/v1/inference/*";

static apipie_status infra_find_model(const struct pie_call *call, struct pie_answer *answer,
                                      struct infra_order *o)
{
    struct pie_slice name = pie_call_wild(call, infra_inference_path);

    for (size_t i = 0; i < PIE_SANDBOX_DEEPINFRA; i++)
        if (pie_slice_equal(name, pie_sandbox_deepinfra[i].model) && infra_takes[i].takes != 0) {
            o->model = &pie_sandbox_deepinfra[i];
            o->takes = infra_takes[i].takes;
            o->side_max = infra_takes[i].side_max;
        }
    if (o->model != NULL)
        return APIPIE_OK;
    infra_error(answer, 404, NULL, "Model is not available", NULL);
    return APIPIE_E_ARGUMENT;
}

static void infra_inference(struct apipie_sandbox *box, const struct pie_call *call,
                            struct pie_answer *answer)
{
    struct pie_doc *doc = NULL;
    struct infra_order o;
    apipie_status status = pie_call_json(call, &doc);

    memset(&o, 0, sizeof(o));
    if (infra_find_model(call, answer, &o) != APIPIE_OK)
        ;
    else if (status == APIPIE_E_TOO_LARGE)
        infra_error(answer, 413, NULL, "Request Entity Too Large", NULL);
    else if (!pie_media_is(call->media, "application/json") ||
             (status == APIPIE_OK && pie_node_kind(pie_doc_root(doc)) != PIE_JSON_OBJECT))
        pie_answer_invalid(answer, NULL, "value is not a valid dict", "type_error.dict");
    else if (status != APIPIE_OK)
        pie_answer_invalid(answer, NULL, "Expecting value: line 1 column 1 (char 0)",
                           "value_error.jsondecode");
    else if (infra_read(box, pie_doc_root(doc), answer, &o) == APIPIE_OK)
        infra_draw(box, call, &o, answer);
    pie_doc_free(doc);
}

static void infra_models(struct apipie_sandbox *box, const struct pie_call *call,
                         struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body;

    (void)box;
    (void)call;
    pie_buf_add_char(out, '[');
    for (size_t i = 0; i < PIE_SANDBOX_DEEPINFRA; i++) {
        int32_t side = infra_takes[i].side_max == 1024 ? 512 : 1024;

        pie_buf_add_text(out, "{\"model_name\":");
        pie_json_string(out, pie_slice_text(pie_sandbox_deepinfra[i].model));
        pie_buf_add_text(out, ",\"type\":\"text-to-image\",\"reported_type\":\"text-to-image\","
                              "\"description\":\"\",\"tags\":[],\"pricing\":{\"type\":"
                              "\"image_units\",\"cents_per_image_unit\":");
        pie_price_write(100 * pie_price_cost("deepinfra", side, side, 0), out);
        pie_buf_add_text(out, ",\"default_width\":");
        pie_buf_add_int(out, side);
        pie_buf_add_text(out, ",\"default_height\":");
        pie_buf_add_int(out, side);
        pie_buf_add_text(out, ",\"default_iterations\":25},\"max_tokens\":null,\"replaced_by\":"
                              "null,\"deprecated\":");
        pie_buf_add_text(out, i == PIE_SANDBOX_DEEPINFRA - 3 ? "1735689600" : "null");
        pie_buf_add_text(out, ",\"private\":0},");
    }
    pie_buf_add_text(out, "{\"model_name\":\"meta-llama/Llama-3.3-70B-Instruct\",\"type\":"
                          "\"text-generation\",\"reported_type\":\"text-generation\","
                          "\"description\":\"\",\"tags\":[],\"pricing\":{\"type\":\"tokens\","
                          "\"cents_per_input_token\":0.000023,\"cents_per_output_token\":"
                          "0.00004},\"max_tokens\":131072,\"replaced_by\":null,"
                          "\"deprecated\":null,\"private\":0}]");
}

/* ---- the door */

static const struct pie_route infra_routes[] = {
    {infra_inference_path, "POST", infra_inference, 1},
    {"/v1/openai/images/edits", "POST", pie_deepinfra_edits, 1},
    {"/models/list", "GET", infra_models, 0},
};

/* The list is for everybody, but not with a wrong key. */
static apipie_status infra_check_key(struct apipie_sandbox *box, const struct pie_call *call,
                                     const struct pie_route *route, pie_error_fn error,
                                     struct pie_answer *answer)
{
    struct pie_slice key = pie_call_bearer(call);

    if (pie_sandbox_takes_key(box, key) || (!route->draws && call->authorization.n == 0))
        return APIPIE_OK;
    error(answer, 401, NULL, key.n == 0 ? "Not authenticated" : "Invalid API key", NULL);
    return APIPIE_E_ARGUMENT;
}

static void infra_no_route(struct pie_answer *answer, const char *allow)
{
    answer->status = allow != NULL ? 405 : 404;
    answer->allow = allow;
    pie_buf_add_text(&answer->body, allow != NULL ? "{\"detail\":\"Method Not Allowed\"}"
                                                  : "{\"detail\":\"Not Found\"}");
}

void pie_deepinfra_answer(struct apipie_sandbox *box, const struct pie_call *call,
                          struct pie_answer *answer)
{
    const char *allow;
    const struct pie_route *route =
        pie_route_find(infra_routes, PIE_COUNT(infra_routes), call, &allow);
    pie_error_fn error = infra_error;
    apipie_status status = APIPIE_OK;

    answer->no_id = 1;
    if (route == NULL) {
        infra_no_route(answer, allow);
        return;
    }
    if (route->answer == pie_deepinfra_edits)
        error = pie_deepinfra_error;
    if (route->draws)
        pie_call_arrived(box);
    if (infra_check_key(box, call, route, error, answer) != APIPIE_OK)
        return;
    if (route->draws)
        status = pie_call_throttle(box, answer, error);
    pie_answer_no_rate(answer);
    answer->retry_after[0] = answer->retry_after_ms[0] = '\0';
    if (status == APIPIE_OK)
        pie_call_run(box, route, call, answer, error);
}
