/* SPDX-License-Identifier: MIT */
/* Knows Together's images API (https://docs.together.ai/reference/post-images-generations): its key, parameters, replies, errors and
 * list; must not know HTTP. */
#include "sandbox/wires_priv.h"

const struct pie_model pie_sandbox_together[PIE_SANDBOX_TOGETHER] = {
    {.provider = "together",
     .model = "stabilityai/stable-diffusion-xl-base-1.0",
     .description = "Stable Diffusion XL 1.0",
     .best_for = ""},
    {.provider = "together",
     .model = "black-forest-labs/FLUX.1-schnell",
     .description = "FLUX.1 Schnell",
     .best_for = ""},
    {.provider = "together",
     .model = "black-forest-labs/FLUX.1-dev",
     .description = "FLUX.1 Dev",
     .best_for = ""},
    {.provider = "together",
     .model = "black-forest-labs/FLUX.1-kontext-pro",
     .description = "FLUX.1 Kontext Pro",
     .best_for = ""},
};

static const struct pie_rule tog_rules[] = {
    {"prompt", PIE_JSON_TEXT, 1, 1, PIE_SANDBOX_TEXT_MAX, NULL},
    {"model", PIE_JSON_TEXT, 1, 1, 512, NULL},
    {"steps", PIE_RULE_WHOLE, 0, 1, 100, NULL},
    {"n", PIE_RULE_WHOLE, 0, 1, PIE_SANDBOX_N_MAX, NULL},
    {"width", PIE_RULE_WHOLE, 0, 64, PIE_SANDBOX_SIDE_MAX, NULL},
    {"height", PIE_RULE_WHOLE, 0, 64, PIE_SANDBOX_SIDE_MAX, NULL},
    {"seed", PIE_RULE_WHOLE, 0, 0, 0, NULL},
    {"negative_prompt", PIE_JSON_TEXT, 0, 0, 0, NULL},
    {"guidance_scale", PIE_JSON_NUMERIC, 0, 0, 100, NULL},
    {"image_url", PIE_JSON_TEXT, 0, 1, INT32_MAX, NULL},
    {"reference_images", PIE_JSON_ARRAY, 0, 1, 16, NULL},
    {"image_loras", PIE_JSON_ARRAY, 0, 0, 0, NULL},
    {"response_format", PIE_JSON_TEXT, 0, 0, 0, "base64 url"},
    {"output_format", PIE_JSON_TEXT, 0, 0, 0, "jpeg png"},
    {"disable_safety_checker", PIE_JSON_BOOL, 0, 0, 0, NULL},
};

static const struct pie_rule tog_lora_rules[] = {
    {"path", PIE_JSON_TEXT, 1, 1, INT32_MAX, NULL},
    {"scale", PIE_JSON_NUMERIC, 1, 0, 0, NULL},
};

/* More prompt than the models read: 403 there, and no word of the key. */
#define TOG_PROMPT_MAX 20000

struct tog_order {
    const struct pie_model *model;
    struct pie_slice prompt;
    int32_t n, width, height, base64;
    int64_t steps;
    uint64_t seed;
    uint32_t look; /* of all that changes the picture */
    struct pie_inputs inputs;
};

/* ---- errors */

static void tog_error(struct pie_answer *answer, int32_t status, const char *code,
                      const char *message, const char *param)
{
    const char *type = status >= 500 || status == 200 ? "server_error" : "invalid_request_error";

    if (code != NULL && strcmp(code, "insufficient_quota") == 0) {
        status = 402;
        type = "credit_limit";
        code = NULL;
        message = "Credit limit exceeded: the account has no credit left. Add credit to go on.";
    } else if (status == 429) {
        type = code = "dynamic_request_limited";
        message = "You have reached the rate limit of your requests: the limit moves with what you "
                  "sent lately. Please try again later.";
    } else if (status == 503) {
        type = "service_unavailable";
        code = NULL;
        message = "The model has no capacity at the moment, although you are within your limits.";
    }
    pie_answer_typed_error(answer, status, type, code, message, param);
}

static apipie_status tog_refuse(struct pie_answer *answer, const char *param, const char *message)
{
    tog_error(answer, 400, "invalid_value", message, param);
    return APIPIE_E_ARGUMENT;
}

static apipie_status tog_refuse_breach(struct pie_answer *answer, const struct pie_breach *b)
{
    static const char *const ends[] = {
        [PIE_BREACH_UNKNOWN] = "' is no parameter of this route.",
        [PIE_BREACH_MISSING] = "' is required.",
        [PIE_BREACH_KIND] = "' has the wrong type.",
        [PIE_BREACH_LOW] = "' is below what is allowed.",
        [PIE_BREACH_HIGH] = "' is above what is allowed.",
        [PIE_BREACH_CHOICE] = "' has an unknown value.",
    };
    char text[PIE_ANSWER_SAY], name[161];

    pie_text_display(pie_slice_text(b->name), name, sizeof(name));
    pie_answer_say(text, "Invalid request: '", pie_slice_text(b->name), ends[b->what]);
    return tog_refuse(answer, name, text);
}

/* ---- reading */

static apipie_status tog_find_model(struct pie_slice name, struct pie_answer *answer,
                                    struct tog_order *o)
{
    char text[PIE_ANSWER_SAY];

    for (size_t i = 0; i < PIE_SANDBOX_TOGETHER; i++)
        if (pie_slice_equal(name, pie_sandbox_together[i].model))
            o->model = &pie_sandbox_together[i];
    if (o->model != NULL)
        return APIPIE_OK;
    pie_answer_say(text, "Unable to access model ", name, ". GET /v1/models lists what there is.");
    tog_error(answer, 404, "model_not_available", text, "model");
    return APIPIE_E_ARGUMENT;
}

static apipie_status tog_loras(const struct pie_node *list, struct pie_answer *answer)
{
    struct pie_breach breach;

    for (size_t i = 0; i < pie_node_count(list); i++) {
        const struct pie_node *lora = pie_node_at(list, i);

        if (pie_node_kind(lora) != PIE_JSON_OBJECT)
            return tog_refuse(answer, "image_loras", "'image_loras' has objects alone.");
        if (pie_rules_check(lora, tog_lora_rules, PIE_COUNT(tog_lora_rules), 0, &breach) !=
            APIPIE_OK)
            return tog_refuse_breach(answer, &breach);
    }
    return APIPIE_OK;
}

static apipie_status tog_input(struct apipie_sandbox *box, const struct pie_node *node,
                               const char *param, struct pie_answer *answer, struct tog_order *o)
{
    apipie_status status;

    if (pie_node_kind(node) != PIE_JSON_TEXT)
        return tog_refuse(answer, param, "A picture is the text of its URL.");
    status = pie_source_url(box, pie_node_text(node), &o->inputs);
    if (status == APIPIE_E_ARGUMENT)
        return tog_refuse(answer, param, "A picture is an https URL or a data URI in base64.");
    return status == APIPIE_OK ? APIPIE_OK
                               : tog_refuse(answer, param, "The picture cannot be decoded.");
}

static apipie_status tog_inputs(struct apipie_sandbox *box, const struct pie_node *root,
                                struct pie_answer *answer, struct tog_order *o)
{
    const struct pie_node *one = pie_node_get(root, "image_url");
    const struct pie_node *more = pie_node_get(root, "reference_images");
    apipie_status status = APIPIE_OK;

    if (one != NULL)
        status = tog_input(box, one, "image_url", answer, o);
    for (size_t i = 0; i < pie_node_count(more) && status == APIPIE_OK; i++)
        status = tog_input(box, pie_node_at(more, i), "reference_images", answer, o);
    return status;
}

static void tog_fill(const struct pie_node *root, struct tog_order *o)
{
    const struct pie_node *seed = pie_node_get(root, "seed");

    o->n = (int32_t)pie_call_int(root, "n", 1);
    o->width = (int32_t)pie_call_int(root, "width", 1024);
    o->height = (int32_t)pie_call_int(root, "height", 1024);
    o->steps = pie_call_int(root, "steps", 20);
    o->base64 = pie_slice_equal(pie_node_text(pie_node_get(root, "response_format")), "base64");
    if (pie_node_uint(seed, &o->seed) != APIPIE_OK)
        o->seed = pie_random_below(UINT32_MAX);
    o->look = pie_draw_hash(PIE_DRAW_HASH, o->prompt);
    o->look = pie_draw_hash(o->look, pie_slice_text(o->model->model));
    o->look = pie_draw_hash(o->look, pie_node_text(pie_node_get(root, "negative_prompt")));
    o->look = pie_draw_hash(o->look, pie_node_text(pie_node_get(root, "guidance_scale")));
    o->look = pie_draw_hash_uint(o->look, (uint64_t)o->steps);
    o->look = pie_draw_hash_uint(o->look, o->inputs.hash);
    o->look = seed != NULL ? pie_draw_hash(o->look, pie_node_text(seed))
                           : pie_draw_hash_uint(o->look, o->seed);
}

static apipie_status tog_read(struct apipie_sandbox *box, const struct pie_node *root,
                              struct pie_answer *answer, struct tog_order *o)
{
    struct pie_breach breach;

    if (pie_rules_check(root, tog_rules, PIE_COUNT(tog_rules), 0, &breach) != APIPIE_OK)
        return tog_refuse_breach(answer, &breach);
    if (tog_find_model(pie_node_text(pie_node_get(root, "model")), answer, o) != APIPIE_OK ||
        tog_loras(pie_node_get(root, "image_loras"), answer) != APIPIE_OK ||
        tog_inputs(box, root, answer, o) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    if (pie_slice_equal(pie_node_text(pie_node_get(root, "output_format")), "jpeg"))
        return tog_refuse(answer, "output_format",
                          "'jpeg' is not in the sandbox, which draws png alone.");
    o->prompt = pie_node_text(pie_node_get(root, "prompt"));
    if (o->prompt.n > TOG_PROMPT_MAX) {
        tog_error(answer, 403, NULL,
                  "The input token count of the prompt exceeds the context length of the model.",
                  NULL);
        return APIPIE_E_ARGUMENT;
    }
    tog_fill(root, o);
    return APIPIE_OK;
}

/* ---- drawing */

static apipie_status tog_item(struct apipie_sandbox *box, const struct tog_order *o,
                              const struct pie_fault *f, int32_t index, struct pie_buf *out)
{
    struct pie_drawing d = {o->prompt, o->look + (uint32_t)index * PIE_DRAW_NEXT, o->width,
                            o->height, 1};
    struct pie_picture *picture = NULL;
    apipie_status status = pie_draw_picture(&d, &picture);
    int32_t base64 = o->base64 || f->set & PIE_FAULT_URLIN64;

    if (status != APIPIE_OK)
        return status;
    pie_buf_add_text(out, index != 0 ? ",{\"index\":" : "{\"index\":");
    pie_buf_add_int(out, index);
    pie_buf_add_text(out, base64 ? ",\"type\":\"b64_json\",\"b64_json\":"
                                 : ",\"type\":\"url\",\"url\":");
    pie_draw_value(box, f, base64, picture, out);
    pie_buf_add_char(out, '}');
    pie_picture_unref(picture);
    return APIPIE_OK;
}

static void tog_reply(struct apipie_sandbox *box, const struct tog_order *o,
                      const struct pie_fault *f, struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body;
    int32_t drawn = o->n - (f->set & PIE_FAULT_FEWER ? 1 : 0);
    int32_t shown = f->set & PIE_FAULT_NOIMAGE ? 0 : drawn;
    apipie_status status = APIPIE_OK;
    char id[PIE_ANSWER_ID];

    pie_answer_id(id);
    pie_buf_add_text(out, "{\"id\":\"");
    pie_buf_add_text(out, id);
    pie_buf_add_text(out, "\",\"model\":");
    pie_json_string(out, pie_slice_text(o->model->model));
    pie_buf_add_text(out, ",\"object\":\"list\",\"data\":[");
    for (int32_t i = 0; i < shown && status == APIPIE_OK; i++)
        status = tog_item(box, o, f, i, out);
    pie_buf_add_text(out, "]}");
    if (status != APIPIE_OK || out->failed != APIPIE_OK)
        tog_error(answer, 500, NULL, "The server had an error.", NULL);
    else if (drawn > 0)
        pie_bill(box, o->model, o->prompt,
                 drawn * pie_price_cost("together", o->width, o->height, 0),
                 pie_price_latency("together", o->width, o->height, 0), f);
}

static void tog_draw(struct apipie_sandbox *box, const struct pie_call *call,
                     const struct tog_order *o, struct pie_answer *answer)
{
    struct pie_fault fault;

    if (pie_spoil_choose(box, o->model, call->fault, answer, &fault) != APIPIE_OK)
        return;
    pie_box_note(box, &o->inputs, &o->seed, o->steps);
    if (fault.set & PIE_FAULT_ONLYONE && o->n > 1)
        (void)tog_refuse(answer, "n", "n must be 1 for this model");
    else if (fault.set & PIE_FAULT_REFUSED)
        pie_spoil_refuse(&fault, answer, tog_error);
    else
        tog_reply(box, o, &fault, answer);
    pie_spoil_answer(box, &fault, answer);
}

static void tog_generations(struct apipie_sandbox *box, const struct pie_call *call,
                            struct pie_answer *answer)
{
    struct pie_doc *doc = NULL;
    struct tog_order o;
    apipie_status status = pie_call_json(call, &doc);

    memset(&o, 0, sizeof(o));
    if (!pie_media_is(call->media, "application/json"))
        tog_error(answer, 400, NULL, "The body must be sent as application/json.", NULL);
    else if (status == APIPIE_E_TOO_LARGE)
        tog_error(answer, 413, NULL, "The request is too large.", NULL);
    else if (status != APIPIE_OK || pie_node_kind(pie_doc_root(doc)) != PIE_JSON_OBJECT)
        tog_error(answer, 400, NULL, "The body is no JSON object.", NULL);
    else if (tog_read(box, pie_doc_root(doc), answer, &o) == APIPIE_OK)
        tog_draw(box, call, &o, answer);
    pie_doc_free(doc);
}

/* ---- the list */

static void tog_model(struct pie_buf *out, const char *id, const char *type, const char *name,
                      struct pie_slice organization)
{
    pie_buf_add_text(out, "{\"id\":");
    pie_json_string(out, pie_slice_text(id));
    pie_buf_add_text(out, ",\"object\":\"model\",\"created\":1721692800,\"type\":");
    pie_json_string(out, pie_slice_text(type));
    pie_buf_add_text(out, ",\"display_name\":");
    pie_json_string(out, pie_slice_text(name));
    pie_buf_add_text(out, ",\"organization\":");
    pie_json_string(out, organization);
    pie_buf_add_text(out, ",\"link\":\"\",\"license\":\"\",\"context_length\":null,\"pricing\":{"
                          "\"hourly\":0,\"input\":0,\"output\":0,\"base\":");
}

/* A bare array; not only of what draws. */
static void tog_models(struct apipie_sandbox *box, const struct pie_call *call,
                       struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body;

    (void)box;
    pie_buf_add_char(out, '[');
    for (size_t i = 0; i < PIE_SANDBOX_TOGETHER; i++) {
        const struct pie_model *m = &pie_sandbox_together[i];

        if (pie_call_query(call, "dedicated").n != 0)
            break; /* none of ours runs on hardware of its own */
        tog_model(out, m->model, "image", m->description,
                  pie_slice(m->model, strcspn(m->model, "/")));
        pie_price_write(pie_price_cost("together", 1024, 1024, 0), out);
        pie_buf_add_text(out, ",\"finetune\":0}},");
    }
    tog_model(out, "meta-llama/Llama-3.3-70B-Instruct-Turbo", "chat", "Llama 3.3 70B",
              pie_slice_text("meta-llama"));
    pie_buf_add_text(out, "0,\"finetune\":0}}]");
}

/* ---- the door */

static const struct pie_route tog_routes[] = {
    {"/images/generations", "POST", tog_generations, 1},
    {"/models", "GET", tog_models, 0},
};

static apipie_status tog_check_key(struct apipie_sandbox *box, const struct pie_call *call,
                                   struct pie_answer *answer)
{
    struct pie_slice key = pie_call_bearer(call);

    if (pie_sandbox_takes_key(box, key))
        return APIPIE_OK;
    tog_error(answer, 401, "invalid_api_key",
              key.n == 0 ? "Missing API key: send it as 'Authorization: Bearer KEY'."
                         : "Invalid API key provided: the sandbox printed the right one.",
              NULL);
    return APIPIE_E_ARGUMENT;
}

static void tog_no_route(struct pie_answer *answer, const char *allow)
{
    tog_error(answer, allow != NULL ? 405 : 404, NULL,
              allow != NULL ? "This route takes another method." : "There is no such route.", NULL);
    answer->allow = allow;
}

/* The wire counts in plain seconds. */
static void tog_rate_in_seconds(struct pie_answer *answer)
{
    if (answer->rate_limit[0] != '\0')
        pie_number_int_text((answer->rate_reset_ms + 999) / 1000, answer->rate_reset);
    answer->retry_after_ms[0] = '\0';
}

/* And has names of its own. */
static void tog_rate_headers(struct pie_answer *answer)
{
    const char *const headers[][2] = {
        {"x-ratelimit-limit", answer->rate_limit},
        {"x-ratelimit-remaining", answer->rate_remaining},
        {"x-ratelimit-reset", answer->rate_reset},
    };

    for (size_t i = 0; i < PIE_COUNT(headers); i++)
        if (headers[i][1][0] != '\0')
            pie_answer_header(answer, headers[i][0], headers[i][1]);
    pie_answer_no_rate(answer);
}

void pie_together_answer(struct apipie_sandbox *box, const struct pie_call *call,
                         struct pie_answer *answer)
{
    const char *allow;
    const struct pie_route *route = pie_route_find(tog_routes, PIE_COUNT(tog_routes), call, &allow);
    apipie_status status = APIPIE_OK;

    if (route != NULL && route->draws)
        pie_call_arrived(box);
    if (route == NULL) {
        tog_no_route(answer, allow);
        return;
    }
    if (tog_check_key(box, call, answer) != APIPIE_OK)
        return;
    if (route->draws)
        status = pie_call_throttle(box, answer, tog_error);
    tog_rate_in_seconds(answer);
    if (status == APIPIE_OK)
        pie_call_run(box, route, call, answer, tog_error);
    tog_rate_headers(answer);
}
