/* SPDX-License-Identifier: MIT */
/* Knows DeepInfra's native inference of pictures, its route for edits after OpenAI's, and its list of models
 * (https://deepinfra.com/docs); must not send anything. */
#include "dialect/shared_priv.h"

#define DEEPINFRA_SIDE_LEAST 128
#define DEEPINFRA_SIDE_MOST  2048
#define DEEPINFRA_N_MOST     4

static const struct pie_path deepinfra_paths[] = {
    {"images[]", PIE_PATH_IMAGE},        {"image_url", PIE_PATH_URL},
    {"data[].b64_json", PIE_PATH_IMAGE}, /* of an edit */
    {"data[].url", PIE_PATH_URL},        {NULL, 0},
};

/* The model stands in the address, and in what is written down. */
static const struct pie_field deepinfra_table[] = {
    {"model", PIE_WISH_MODEL, 0},
    {"prompt", PIE_WISH_PROMPT, 0},
    {"negative_prompt", PIE_WISH_NEGATIVE, 0},
    {"aspect_ratio", PIE_WISH_ASPECT, 0},
    {"num_images", PIE_FIELD_NUMBER, PIE_WISH_HAS_N},
    {"width", PIE_FIELD_WIDTH, PIE_WISH_HAS_SIZE},
    {"height", PIE_FIELD_HEIGHT, PIE_WISH_HAS_SIZE},
    {"num_inference_steps", PIE_FIELD_NUMBER, PIE_WISH_HAS_STEPS},
    {"guidance_scale", PIE_FIELD_NUMBER, PIE_WISH_HAS_GUIDANCE},
    {"strength", PIE_FIELD_NUMBER, PIE_WISH_HAS_STRENGTH},
    {"seed", PIE_FIELD_NUMBER, PIE_WISH_HAS_SEED},
    {NULL, 0, 0},
};

static const struct pie_field deepinfra_edit_table[] = {
    {"model", PIE_WISH_MODEL, 0},
    {"prompt", PIE_WISH_PROMPT, 0},
    {"response_format", PIE_WISH_FORMAT, 0},
    {"n", PIE_FIELD_NUMBER, PIE_WISH_HAS_N},
    {"size", PIE_FIELD_NUMBER, PIE_WISH_HAS_SIZE},
    {NULL, 0, 0},
};

/* Native inference starts from one picture at most, and knows no mask. */
static int32_t deepinfra_edits(const struct pie_call *c)
{
    return c->wish->kind == APIPIE_REQUEST_EDIT || c->images > 1 ||
           (c->images != 0 && c->mask != NULL);
}

/* ---- encode */

/* q NULL: the bytes of pictures are left out. */
static void deepinfra_body(struct pie_http_request *q, struct pie_buf *out,
                           const struct pie_call *c)
{
    pie_fields_json(out, c, q != NULL ? deepinfra_table + 1 : deepinfra_table);
    if (c->images != 0) {
        pie_field_name(out, "image");
        if (q != NULL)
            pie_input_json(q, &c->wish->images.items[0], PIE_INPUT_AS_DATA_URI);
        else
            pie_input_json_short(out, &c->wish->images.items[0]);
    }
    pie_buf_add_char(out, '}');
}

static void deepinfra_write(const struct pie_call *c, struct pie_buf *out)
{
    if (!deepinfra_edits(c)) {
        deepinfra_body(NULL, out, c);
        return;
    }
    pie_fields_json(out, c, deepinfra_edit_table);
    pie_field_name(out, "image");
    pie_buf_add_char(out, '[');
    for (size_t i = 0; i < c->images; i++) {
        if (i != 0)
            pie_buf_add_char(out, ',');
        pie_input_json_short(out, &c->wish->images.items[i]);
    }
    pie_buf_add_char(out, ']');
    if (c->mask != NULL) {
        pie_field_name(out, "mask");
        pie_input_json_short(out, c->mask);
    }
    pie_buf_add_char(out, '}');
}

static apipie_status deepinfra_native(const struct pie_call *c, struct pie_leg *leg)
{
    struct pie_http_request *q = &leg->request;
    apipie_status status = pie_begin_paid_as(c, "/v1/inference/", "bearer", leg);
    if (status != APIPIE_OK)
        return status;
    pie_begin_percent(&q->url, c->model != NULL ? c->model : "", '/');
    if (q->url.failed != APIPIE_OK)
        return q->url.failed;
    status = pie_begin_header(q, "Content-Type", "application/json");
    if (status != APIPIE_OK)
        return status;
    deepinfra_body(q, &q->text, c);
    return pie_http_request_end_body(q);
}

/* Several pictures have one name. */
static apipie_status deepinfra_form(const struct pie_call *c, struct pie_leg *leg)
{
    struct pie_multipart m;
    char file[PIE_INPUT_NAME];
    const struct pie_input *images = c->wish->images.items;
    apipie_status status = pie_begin_paid(c, "/v1/openai/images/edits", leg);
    if (status != APIPIE_OK)
        return status;
    pie_multipart_begin(&m, &leg->request, c->random);
    pie_fields_form(&m, c, deepinfra_edit_table);
    for (size_t i = 0; i < c->images && status == APIPIE_OK; i++) {
        pie_input_name(&images[i], "image", i, file);
        status = pie_multipart_file(&m, "image", file, &images[i]);
    }
    if (status == APIPIE_OK && c->mask != NULL) {
        pie_input_name(c->mask, "mask", 0, file);
        status = pie_multipart_file(&m, "mask", file, c->mask);
    }
    return status == APIPIE_OK ? pie_multipart_end(&m) : status;
}

static apipie_status deepinfra_encode(const struct pie_call *c, struct pie_leg *leg,
                                      struct apipie_error *err)
{
    (void)err;
    return deepinfra_edits(c) ? deepinfra_form(c, leg) : deepinfra_native(c, leg);
}

/* ---- what cannot be asked for */

static void deepinfra_narrow(const struct pie_call *c, struct pie_takes *takes)
{
    if (!deepinfra_edits(c))
        return;
    takes->texts &= UINT32_C(1) << PIE_WISH_FORMAT;
    takes->numbers &= PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE;
}

static apipie_status deepinfra_refuse(const char *hint, const char *what, const char *which,
                                      struct apipie_error *err)
{
    pie_error_set(err, APIPIE_E_UNSUPPORTED, hint, what, which, NULL);
    return err->code;
}

/* The price of a picture goes by them. */
static const char *const deepinfra_priced[][2] = {
    {"width", "use apipie_request_set_size(), -s"},
    {"height", "use apipie_request_set_size(), -s"},
    {"num_inference_steps", "use apipie_request_set_steps(), --steps"},
};

static apipie_status deepinfra_check_extras(const struct pie_call *c, struct apipie_error *err)
{
    const char *also[3] = {NULL};
    size_t n = 0;
    if (c->images != 0)
        also[n++] = "image";
    if (c->mask != NULL)
        also[n++] = "mask";
    apipie_status status =
        pie_fields_check(c, deepinfra_edits(c) ? deepinfra_edit_table : deepinfra_table, also, err);
    if (status == APIPIE_OK)
        status = pie_fields_check_count(c->wish, "num_images", err);
    for (size_t i = 0; i < PIE_COUNT(deepinfra_priced) && status == APIPIE_OK; i++)
        status =
            pie_fields_check_setter(c->wish, deepinfra_priced[i][0], deepinfra_priced[i][1], err);
    if (status == APIPIE_OK)
        status =
            pie_fields_check_stream(c->wish, "leave it out: the picture comes in one reply", err);
    if (status == APIPIE_OK && pie_wish_extra(c->wish, "webhook") != NULL)
        status = deepinfra_refuse("leave it out: the picture comes in the reply",
                                  "set_extra: the picture would go elsewhere: ", "webhook", err);
    return status;
}

/* The name becomes a path: none of its parts may lead out of it. */
static apipie_status deepinfra_check_name(const char *name, struct apipie_error *err)
{
    for (const char *part = name;;) {
        const size_t n = strcspn(part, "/");
        if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && memcmp(part, "..", 2) == 0)) {
            pie_error_set(err, APIPIE_E_ARGUMENT,
                          "models have an owner and a name there, like stabilityai/sdxl-turbo",
                          "set_model: is no name of a model: ", name, NULL);
            return err->code;
        }
        if (part[n] == '\0')
            return APIPIE_OK;
        part += n + 1;
    }
}

/* A form holds bytes alone. */
static apipie_status deepinfra_check_bytes(const struct pie_call *c, struct apipie_error *err)
{
    int32_t by_url = c->mask != NULL && c->mask->kind == PIE_INPUT_URL;
    for (size_t i = 0; i < c->images; i++)
        by_url |= c->wish->images.items[i].kind == PIE_INPUT_URL;
    if (c->images == 0)
        return deepinfra_refuse("give it one, or ask another backend",
                                "an edit needs an input image: ", c->model, err);
    return by_url
               ? deepinfra_refuse("give it as bytes or as a file; one picture of a plain image "
                                  "request may be a URL",
                                  "set_image_url: an edit takes the pictures themselves", NULL, err)
               : APIPIE_OK;
}

/* Pictures come in the reply itself, whether that was asked for or not. */
static apipie_status deepinfra_fit_format(struct pie_call *c, struct pie_buf *notes,
                                          struct apipie_error *err)
{
    const char *format = pie_call_text(c, PIE_WISH_FORMAT);
    if (format == NULL || strcmp(format, "b64_json") == 0)
        return APIPIE_OK;
    if (!pie_call_leave_out(c, "set_response_format", ": the server knows b64_json alone: ", format,
                            notes, err))
        return err->code;
    c->left_out |= UINT32_C(1) << PIE_WISH_FORMAT;
    return APIPIE_OK;
}

static apipie_status deepinfra_check(struct pie_call *c, struct pie_buf *notes,
                                     struct apipie_error *err)
{
    const int32_t edits = deepinfra_edits(c);
    apipie_status status = pie_check_model(c, err);
    if (status == APIPIE_OK)
        status = edits ? deepinfra_check_bytes(c, err) : deepinfra_check_name(c->model, err);
    if (status == APIPIE_OK)
        status = deepinfra_check_extras(c, err);
    if (status == APIPIE_OK)
        status = deepinfra_fit_format(c, notes, err);
    if (status == APIPIE_OK && !edits)
        status = pie_call_fit_sides(c, DEEPINFRA_SIDE_LEAST, DEEPINFRA_SIDE_MOST, notes, err);
    return status == APIPIE_OK && !edits ? pie_fit_count(c, DEEPINFRA_N_MOST, notes, err) : status;
}

/* ---- decode */

static void deepinfra_count(const struct pie_node *node, int64_t *ret)
{
    int64_t v = APIPIE_UNKNOWN;
    if (pie_node_int(node, &v) == APIPIE_OK && v >= 0)
        *ret = v;
}

/* A price of nothing for no work at all is none. */
static void deepinfra_usage(const struct pie_node *did, struct pie_usage *u)
{
    deepinfra_count(pie_node_get(did, "runtime_ms"), &u->latency_ms);
    deepinfra_count(pie_node_get(did, "tokens_input"), &u->prompt_tokens);
    deepinfra_count(pie_node_get(did, "tokens_generated"), &u->completion_tokens);
    if (pie_node_money(pie_node_get(did, "cost"), &u->cost) != APIPIE_OK || u->cost < 0 ||
        (u->cost == 0 && u->latency_ms <= 0))
        u->cost = APIPIE_UNKNOWN;
}

/* Some servers count seeds in doubles: one that has become ours on the way is ours. It is that of the first picture. */
static void deepinfra_seed(const struct pie_call *c, const struct pie_node *seed,
                           struct apipie_result *ret)
{
    uint64_t v = 0;
    struct pie_slice text = pie_node_text(seed);
    int32_t known = pie_node_uint(seed, &v) == APIPIE_OK;
    if (ret->count == 0 || text.n == 0)
        return;
    if (!known && pie_slice_equal(text, "18446744073709552000")) { /* 2^64, as they write it */
        v = UINT64_MAX;
        known = c->has_seed && (double)c->seed == (double)v;
    }
    if (!known)
        return;
    if (c->has_seed && (double)v == (double)c->seed)
        v = c->seed;
    ret->images[0].seed = v;
    ret->images[0].has_seed = 1;
}

/* Which pictures the server's own filter has marked. How many. */
static size_t deepinfra_marked(const struct pie_node *marks, struct apipie_result *ret)
{
    size_t marked = 0;
    for (size_t i = 0; i < pie_node_count(marks) && i < PIE_ITEMS_MAX; i++) {
        const struct pie_node *mark = pie_node_at(marks, i);
        int64_t yes = 0;
        if (pie_node_kind(mark) != PIE_JSON_BOOL || pie_node_int(mark, &yes) != APIPIE_OK || !yes)
            continue;
        char number[PIE_NUMBER_MAX];
        pie_number_uint_text(i + 1, number);
        pie_result_warn(
            ret, "the server's filter has marked this picture as not safe for work: ", number);
        marked++;
    }
    return marked;
}

/* No picture: what the filter and the status say of it. Ids and body stay. */
static void deepinfra_explain_none(const struct pie_node *did, size_t marked,
                                   struct apipie_error *err)
{
    const char *message = "the server says that the inference has failed";
    const char *hint = "the server failed; if it stays so, report the request id to its support";
    if (marked != 0) {
        err->code = APIPIE_E_CONTENT_POLICY;
        message = "the server's filter has kept the picture back";
        hint = "the provider refuses this prompt or picture: change the prompt";
    } else if (pie_slice_equal_nocase(pie_node_text(pie_node_get(did, "status")), "failed")) {
        err->code = APIPIE_E_SERVER;
    } else {
        return;
    }
    err->fault = pie_error_fault(err->code);
    err->retryable = err->code == APIPIE_E_SERVER && err->should_retry != 0;
    pie_text_copy(pie_slice_text(message), err->message, sizeof(err->message));
    pie_text_copy(pie_slice_text(hint), err->hint, sizeof(err->hint));
}

static apipie_status deepinfra_decode_native(const struct pie_call *c,
                                             const struct pie_reply *reply,
                                             struct apipie_result *ret, struct apipie_error *err)
{
    const struct pie_node *root = reply->root;
    const struct pie_node *did = pie_node_get(root, "inference_status");
    apipie_status status = pie_answer_parts(reply, ret);
    if (status != APIPIE_OK)
        return status;
    pie_answer_route(c, ret);
    deepinfra_usage(did, &ret->usage);
    deepinfra_seed(c, pie_node_get(root, "seed"), ret);
    const size_t marked = deepinfra_marked(pie_node_get(root, "nsfw_content_detected"), ret);
    status = pie_answer_end(c, reply, ret, err);
    if (status == APIPIE_E_NO_IMAGE)
        deepinfra_explain_none(did, marked, err);
    else if (status == APIPIE_OK &&
             pie_slice_equal_nocase(pie_node_text(pie_node_get(did, "status")), "failed"))
        pie_result_warn(ret, "the server says that the inference has failed, and sent a picture",
                        NULL);
    return status == APIPIE_OK ? APIPIE_OK : err->code;
}

static apipie_status deepinfra_decode(const struct pie_call *c, const struct pie_reply *reply,
                                      struct apipie_result *ret, struct apipie_error *err)
{
    return deepinfra_edits(c) ? pie_answer_decode(c, reply, ret, err)
                              : deepinfra_decode_native(c, reply, ret, err);
}

/* ---- explain */

static const struct pie_known deepinfra_known[] = {
    {402, "", APIPIE_E_QUOTA, 0, "the account has no balance left: top up, then try again"},
    {404, "", APIPIE_E_NOT_FOUND, 0,
     "models have an owner there, like stabilityai/sdxl-turbo: see the list of models; the base "
     "URL is https://api.deepinfra.com, without a path"},
    {429, "rate limit", APIPIE_E_RATE_LIMITED, 1,
     "each model takes 200 requests at once: send fewer at a time"},
    {0, NULL, APIPIE_OK, 0, NULL},
};

/* ---- models */

/* Cents for a picture: of the default size and steps where there are such (the pages of the models have the formula: by each side and by
 * the steps), of any size where these are 0. */
static void deepinfra_price(struct pie_buf *out, const struct pie_node *pricing)
{
    int64_t cents = 0;
    int64_t width = 0;
    int64_t height = 0;
    int64_t steps = 0;
    if (pie_node_money(pie_node_get(pricing, "cents_per_image_unit"), &cents) != APIPIE_OK ||
        cents <= 0)
        return;
    deepinfra_count(pie_node_get(pricing, "default_width"), &width);
    deepinfra_count(pie_node_get(pricing, "default_height"), &height);
    deepinfra_count(pie_node_get(pricing, "default_iterations"), &steps);
    if (width > 0 && height > 0)
        pie_models_unit(out, width, height, steps, cents / 100);
    else
        pie_models_price(out, cents / 100);
}

static void deepinfra_model(const struct pie_call *c, const struct pie_node *row,
                            const char *backend, struct pie_buf *out)
{
    struct pie_slice name = pie_node_text(pie_node_get(row, "model_name"));
    struct pie_slice type = pie_node_text(pie_node_get(row, "type"));
    const int32_t draws = pie_slice_equal(type, "text-to-image");
    if (!pie_models_typed(out, c->wish, row, backend, name, draws))
        return;
    if (draws) {
        pie_buf_add_text(out, ",\"subtype\":\"text-to-image\"");
        deepinfra_price(out, pie_node_get(row, "pricing"));
    }
    if (pie_node_kind(pie_node_get(row, "deprecated")) == PIE_JSON_NUMERIC)
        pie_buf_add_text(out, ",\"enabled\":false"); /* since when */
    pie_buf_add_char(out, '}');
}

static apipie_status deepinfra_write_models(const struct pie_call *c, const struct pie_reply *reply,
                                            const char *backend, struct pie_buf *out)
{
    if (pie_node_kind(reply->root) != PIE_JSON_ARRAY)
        return APIPIE_E_MALFORMED;
    pie_buf_add_text(out, "{\"data\":[");
    for (size_t i = 0; i < pie_node_count(reply->root); i++)
        deepinfra_model(c, pie_node_at(reply->root, i), backend, out);
    pie_buf_add_text(out, "]}");
    return out->failed;
}

const struct pie_dialect pie_dialect_deepinfra = {
    .name = "deepinfra",
    .paths = deepinfra_paths,
    .takes_texts = UINT32_C(1) << PIE_WISH_NEGATIVE | UINT32_C(1) << PIE_WISH_ASPECT |
                   UINT32_C(1) << PIE_WISH_FORMAT,
    .takes_numbers = PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_STEPS |
                     PIE_WISH_HAS_STRENGTH | PIE_WISH_HAS_GUIDANCE | PIE_WISH_HAS_SEED,
    .takes_images = APIPIE_LIMIT_IMAGES,
    .takes_mask = 1,
    .narrow = deepinfra_narrow,
    .check = deepinfra_check,
    .encode = deepinfra_encode,
    .write = deepinfra_write,
    .decode = deepinfra_decode,
    .known = deepinfra_known,
    .models_path = "/models/list",
    .write_models = deepinfra_write_models,
};
