/* SPDX-License-Identifier: MIT */
/* Knows Together's images API (https://docs.together.ai/reference/post-images-generations); must not send anything. */
#include "dialect/shared_priv.h"

static const struct pie_field together_table[] = {
    {"model", PIE_WISH_MODEL, 0},
    {"prompt", PIE_WISH_PROMPT, 0},
    {"negative_prompt", PIE_WISH_NEGATIVE, 0},
    {"output_format", PIE_WISH_ENCODING, 0},
    {"n", PIE_FIELD_NUMBER, PIE_WISH_HAS_N},
    {"width", PIE_FIELD_WIDTH, PIE_WISH_HAS_SIZE},
    {"height", PIE_FIELD_HEIGHT, PIE_WISH_HAS_SIZE},
    {"steps", PIE_FIELD_NUMBER, PIE_WISH_HAS_STEPS},
    {"seed", PIE_FIELD_NUMBER, PIE_WISH_HAS_SEED},
    {"guidance_scale", PIE_FIELD_NUMBER, PIE_WISH_HAS_GUIDANCE},
    {NULL, 0, 0},
};

/* ---- encode */

/* Sent even when nobody set it: the server's default has changed between the two without a word. */
static void together_format(struct pie_buf *out, const struct pie_call *c)
{
    const char *format = pie_call_text(c, PIE_WISH_FORMAT);
    if (pie_wish_extra(c->wish, "response_format") != NULL)
        return;
    if (format == NULL || strcmp(format, "b64_json") == 0)
        format = "base64";
    pie_field_text(out, "response_format", format);
}

static void together_image(struct pie_http_request *q, struct pie_buf *out,
                           const struct pie_input *in)
{
    if (q != NULL)
        pie_input_json(q, in, PIE_INPUT_AS_DATA_URI);
    else
        pie_input_json_short(out, in);
}

/* One is the picture to start from, several are what the picture is to be like. */
static void together_images(struct pie_http_request *q, struct pie_buf *out,
                            const struct pie_call *c)
{
    const struct pie_input *images = c->wish->images.items;
    if (c->images == 0)
        return;
    if (c->images == 1) {
        pie_field_name(out, "image_url");
        together_image(q, out, &images[0]);
        return;
    }
    pie_field_name(out, "reference_images");
    for (size_t i = 0; i < c->images; i++) {
        pie_buf_add_char(out, i == 0 ? '[' : ',');
        together_image(q, out, &images[i]);
    }
    pie_buf_add_char(out, ']');
}

/* q NULL: the bytes of pictures are left out. */
static void together_body(struct pie_http_request *q, struct pie_buf *out, const struct pie_call *c)
{
    pie_fields_json(out, c, together_table);
    together_format(out, c);
    together_images(q, out, c);
    pie_buf_add_char(out, '}');
}

static void together_write(const struct pie_call *c, struct pie_buf *out)
{
    together_body(NULL, out, c);
}

static apipie_status together_encode(const struct pie_call *c, struct pie_leg *leg,
                                     struct apipie_error *err)
{
    (void)err;
    apipie_status status = pie_begin_paid(c, "/images/generations", leg);
    if (status == APIPIE_OK)
        status = pie_begin_header(&leg->request, "Content-Type", "application/json");
    if (status != APIPIE_OK)
        return status;
    together_body(&leg->request, &leg->request.text, c);
    return pie_http_request_end_body(&leg->request);
}

/* ---- what cannot be asked for */

static apipie_status together_check_extras(const struct pie_call *c, struct apipie_error *err)
{
    const char *also[4] = {NULL};
    size_t n = 0;
    if (pie_call_text(c, PIE_WISH_FORMAT) != NULL)
        also[n++] = "response_format";
    if (c->images != 0) {
        also[n++] = "image_url";
        also[n++] = "reference_images";
    }
    apipie_status status = pie_fields_check(c, together_table, also, err);
    if (status == APIPIE_OK)
        status =
            pie_fields_check_stream(c->wish, "leave it out: the picture comes in one reply", err);
    return status;
}

static apipie_status together_check_encoding(struct pie_call *c, struct pie_buf *notes,
                                             struct apipie_error *err)
{
    const char *encoding = pie_call_text(c, PIE_WISH_ENCODING);
    if (encoding == NULL || strcmp(encoding, "jpeg") == 0 || strcmp(encoding, "png") == 0)
        return APIPIE_OK;
    if (!pie_call_leave_out(c, "set_output_format", ": the server makes jpeg and png: ", encoding,
                            notes, err))
        return err->code;
    c->left_out |= UINT32_C(1) << PIE_WISH_ENCODING;
    return APIPIE_OK;
}

static apipie_status together_check(struct pie_call *c, struct pie_buf *notes,
                                    struct apipie_error *err)
{
    apipie_status status = pie_check_model(c, err);
    if (status == APIPIE_OK)
        status = together_check_extras(c, err);
    return status == APIPIE_OK ? together_check_encoding(c, notes, err) : status;
}

/* ---- decode */

/* What the slowest picture took; not documented, and not always there. */
static int64_t together_latency(const struct pie_node *root)
{
    const struct pie_node *data = pie_node_get(root, "data");
    int64_t most = APIPIE_UNKNOWN;
    for (size_t i = 0; i < pie_node_count(data) && i < PIE_ITEMS_MAX; i++) {
        int64_t took = APIPIE_UNKNOWN;
        const struct pie_node *timings = pie_node_get(pie_node_at(data, i), "timings");
        if (pie_number_seconds(pie_node_text(pie_node_get(timings, "inference")), &took) ==
                APIPIE_OK &&
            took > most)
            most = took;
    }
    return most;
}

static apipie_status together_decode(const struct pie_call *c, const struct pie_reply *reply,
                                     struct apipie_result *ret, struct apipie_error *err)
{
    apipie_status status = pie_answer_decode(c, reply, ret, err);
    if (ret->usage.latency_ms == APIPIE_UNKNOWN)
        ret->usage.latency_ms = together_latency(reply->root);
    return status;
}

/* ---- explain */

#define TOGETHER_LONG "the prompt is too long for the model: shorten it"
#define TOGETHER_LOAD                                                                              \
    "the limit moves with what you sent lately: send less at once and raise it step by step, see " \
    "apipie_client_set_rate()"

static const struct pie_known together_known[] = {
    {403, "input token", APIPIE_E_PARAMETER, 0, TOGETHER_LONG},
    {403, "context length", APIPIE_E_PARAMETER, 0, TOGETHER_LONG},
    {403, "max_tokens", APIPIE_E_PARAMETER, 0, TOGETHER_LONG},
    {429, "dynamic_request_limited", APIPIE_E_RATE_LIMITED, 1, TOGETHER_LOAD},
    {429, "dynamic_token_limited", APIPIE_E_RATE_LIMITED, 1, TOGETHER_LOAD},
    {404, "", APIPIE_E_NOT_FOUND, 0,
     "models have an owner there, like black-forest-labs/FLUX.1-schnell: see the list of models; "
     "the base URL ends with /v1"},
    {0, NULL, APIPIE_OK, 0, NULL},
};

/* 503 in JSON is the model's word that it has no room, though the account is within its limits: nothing was drawn. */
static void together_explain(const struct pie_reply *reply, struct apipie_error *err)
{
    if (reply->outcome->status == 503 && reply->root != NULL)
        err->refused = 1;
}

/* ---- models */

/* pricing.base of a model that draws: by the megapixel, so it is the price of the default size alone. 0 says nothing: other models have
 * it too. */
static void together_price(struct pie_buf *out, const struct pie_node *row)
{
    int64_t cost = 0;
    const struct pie_node *base = pie_node_get(pie_node_get(row, "pricing"), "base");
    if (!pie_slice_equal(pie_node_text(pie_node_get(row, "type")), "image") ||
        pie_node_money(base, &cost) != APIPIE_OK || cost <= 0)
        return;
    pie_models_alone(out, 1024, 1024, cost);
}

static apipie_status together_write_models(const struct pie_call *c, const struct pie_reply *reply,
                                           const char *backend, struct pie_buf *out)
{
    const struct pie_node *list = reply->root;
    if (pie_node_kind(list) == PIE_JSON_OBJECT)
        list = pie_node_get(list, "data"); /* as everybody else has it */
    if (pie_node_kind(list) != PIE_JSON_ARRAY)
        return APIPIE_E_MALFORMED;
    pie_buf_add_text(out, "{\"data\":[");
    for (size_t i = 0; i < pie_node_count(list); i++) {
        const struct pie_node *row = pie_node_at(list, i);
        struct pie_slice id = pie_node_text(pie_node_get(row, "id"));
        struct pie_slice type = pie_node_text(pie_node_get(row, "type"));
        if (!pie_models_wanted(c->wish, pie_slice_text(backend), id, type.n != 0 ? type.p : NULL))
            continue;
        pie_models_row(out, row, pie_slice_text(backend), id, NULL);
        together_price(out, row);
        pie_buf_add_char(out, '}');
    }
    pie_buf_add_text(out, "]}");
    return out->failed;
}

const struct pie_dialect pie_dialect_together = {
    .name = "together",
    .paths = pie_answer_paths,
    .takes_texts = UINT32_C(1) << PIE_WISH_NEGATIVE | UINT32_C(1) << PIE_WISH_FORMAT |
                   UINT32_C(1) << PIE_WISH_ENCODING,
    .takes_numbers = PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_STEPS | PIE_WISH_HAS_SEED |
                     PIE_WISH_HAS_GUIDANCE,
    .takes_images = APIPIE_LIMIT_IMAGES,
    .check = together_check,
    .encode = together_encode,
    .write = together_write,
    .decode = together_decode,
    .known = together_known,
    .explain = together_explain,
    .models_path = "/models",
    .write_models = together_write_models,
};
