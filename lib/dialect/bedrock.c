/* SPDX-License-Identifier: MIT */
/* Knows how Stability's models are invoked on Amazon Bedrock (https://docs.aws.amazon.com/bedrock/latest/APIReference/
 * API_runtime_InvokeModel.html), and what they answer; must not send anything. */
#include "dialect/bedrock_priv.h"
#include "flow/flow.h"

/* Of a whole request. */
#define BEDROCK_BODY_MAX 25000000

/* SDXL answers artifacts, all newer models lists side by side. */
static const struct pie_path bedrock_paths[] = {
    {"artifacts[].base64", PIE_PATH_IMAGE},
    {"images[]", PIE_PATH_IMAGE},
    {NULL, 0},
};

/* ---- encode */

static void bedrock_seed(struct pie_buf *out, const struct pie_call *c)
{
    if (!pie_call_has(c, PIE_WISH_HAS_SEED))
        return;
    pie_field_name(out, "seed");
    pie_buf_add_uint(out, c->seed & UINT32_MAX); /* of several pictures the last ones begin anew */
}

static void bedrock_sdxl_pictures(struct pie_buf *out, const struct pie_call *c,
                                  struct pie_leg *leg)
{
    if (c->images == 0)
        return;
    pie_field_name(out, "init_image");
    pie_input_member(out, leg, &c->wish->images.items[0]);
    if (c->mask == NULL)
        return;
    if (pie_wish_extra(c->wish, "mask_source") == NULL) /* white is drawn anew, as elsewhere */
        pie_field_text(out, "mask_source", "MASK_IMAGE_WHITE");
    pie_field_name(out, "mask_image");
    pie_input_member(out, leg, c->mask);
}

static void bedrock_sdxl_body(struct pie_buf *out, const struct pie_call *c, struct pie_leg *leg)
{
    struct pie_call own = *c;
    pie_stable_turn(&own);
    if (pie_bedrock_body(c->model) != PIE_BEDROCK_SDXL)
        own.n = 0; /* the first one draws one picture, and does not read how many */
    pie_stable_sdxl(out, &own);
    bedrock_sdxl_pictures(out, c, leg);
}

/* Bedrock's documents write them large. */
static const char *bedrock_encoding(const struct pie_call *c)
{
    const char *encoding = pie_stable_encoding(c, PIE_STABLE_PNG | PIE_STABLE_JPEG);
    if (encoding == NULL)
        return NULL;
    return strcmp(encoding, "jpeg") == 0 ? "JPEG" : "PNG";
}

static void bedrock_image_body(struct pie_buf *out, const struct pie_call *c, struct pie_leg *leg)
{
    const char *const texts[][2] = {
        {"prompt", pie_call_text(c, PIE_WISH_PROMPT)},
        {"negative_prompt", pie_call_text(c, PIE_WISH_NEGATIVE)},
        {"aspect_ratio", pie_stable_ratio(c)},
        {"output_format", bedrock_encoding(c)},
    };
    for (size_t i = 0; i < PIE_COUNT(texts); i++) {
        if (texts[i][1] != NULL)
            pie_field_text(out, texts[i][0], texts[i][1]);
    }
    bedrock_seed(out, c);
    if (pie_call_has(c, PIE_WISH_HAS_STRENGTH))
        pie_field_double(out, "strength", c->strength);
    pie_field_extras(out, c->wish, NULL);
    if (c->images == 0)
        return;
    if (pie_wish_extra(c->wish, "mode") == NULL)
        pie_field_text(out, "mode", "image-to-image");
    pie_field_name(out, "image");
    pie_input_member(out, leg, &c->wish->images.items[0]);
}

/* leg NULL: the bytes of pictures are left out. */
static void bedrock_body(struct pie_buf *out, const struct pie_call *c, struct pie_leg *leg)
{
    pie_buf_add_char(out, '{');
    if (pie_bedrock_is_sdxl(c))
        bedrock_sdxl_body(out, c, leg);
    else
        bedrock_image_body(out, c, leg);
    pie_buf_add_char(out, '}');
}

static void bedrock_write(const struct pie_call *c, struct pie_buf *out)
{
    bedrock_body(out, c, NULL);
}

/* The model is one segment of the path, whatever its id is made of. */
static apipie_status bedrock_begin(const struct pie_call *c, struct pie_leg *leg)
{
    struct pie_call bare = *c;
    struct pie_buf *url = &leg->request.url;
    if (pie_bedrock_signs(c))
        bare.key = NULL; /* it never travels: bedrock_key.c signs with it */
    apipie_status status = pie_begin_paid(&bare, "/model/", leg);
    leg->with_key = c->key != NULL;
    if (status != APIPIE_OK)
        return status;
    pie_begin_percent(url, c->model, '\0');
    pie_buf_add_text(url, "/invoke");
    return url->failed == APIPIE_OK
               ? pie_begin_header(&leg->request, "Content-Type", "application/json")
               : url->failed;
}

static apipie_status bedrock_encode(const struct pie_call *c, struct pie_leg *leg,
                                    struct apipie_error *err)
{
    apipie_status status = bedrock_begin(c, leg);
    if (status != APIPIE_OK)
        return status;
    bedrock_body(&leg->request.text, c, leg);
    status = pie_http_request_end_body(&leg->request);
    return status == APIPIE_OK
               ? pie_begin_within(
                     leg, BEDROCK_BODY_MAX,
                     "the request has more than the 25,000,000 bytes that Bedrock takes", err)
               : status;
}

/* One picture is made a call, whatever is asked for. */
static int32_t bedrock_one_image(const struct pie_call *c)
{
    (void)c;
    return 1;
}

/* ---- decode */

static void bedrock_figure(const struct pie_reply *reply, const char *name, int64_t *ret)
{
    uint64_t v = 0;
    const char *text = pie_headers_get(&reply->outcome->headers, name);
    if (text != NULL && pie_number_uint(pie_slice_text(text), &v) == APIPIE_OK && v <= INT64_MAX)
        *ret = (int64_t)v;
}

static apipie_status bedrock_decode(const struct pie_call *c, const struct pie_reply *reply,
                                    struct apipie_result *ret, struct apipie_error *err)
{
    apipie_status status = pie_stable_pictures(reply, ret);
    if (status != APIPIE_OK)
        return status;
    bedrock_figure(reply, "x-amzn-bedrock-invocation-latency", &ret->usage.latency_ms);
    bedrock_figure(reply, "x-amzn-bedrock-input-token-count", &ret->usage.prompt_tokens);
    bedrock_figure(reply, "x-amzn-bedrock-output-token-count", &ret->usage.completion_tokens);
    return pie_stable_end(c, reply, ret, err);
}

/* ---- explain */

static const struct pie_known bedrock_known[] = {
    {0, "ServiceQuotaExceeded", APIPIE_E_QUOTA, 0,
     "the account met a quota of this region: have it raised in Service Quotas, or ask another "
     "region"},
    {0, "end of its life", APIPIE_E_NOT_FOUND, 0,
     "the model is retired: ask a newer one, as stability.sd3-5-large-v1:0"},
    {0, "ResourceNotFound", APIPIE_E_NOT_FOUND, 0,
     "check the model's id, and whether this region has it; SDXL is retired in most of them"},
    {0, "AccessDenied", APIPIE_E_AUTH, 0,
     "ask for access to the model in the console of Bedrock, and let the key's owner do "
     "bedrock:InvokeModel"},
    {0, "ExpiredToken", APIPIE_E_AUTH, 0, "the session token has expired: give a fresh key"},
    {0, "InvalidSignature", APIPIE_E_AUTH, 0,
     "check the secret, the region in the base URL, and this machine's clock: five minutes off is "
     "too much"},
    {0, "UnrecognizedClient", APIPIE_E_AUTH, 0,
     "AWS does not know the access key; one that begins with ASIA needs its session token too"},
    {0, "ModelTimeout", APIPIE_E_SERVER, 1,
     "the model took too long: ask for fewer steps or a smaller picture; look at your usage before "
     "you pay again"},
    {0, "ModelNotReady", APIPIE_E_RATE_LIMITED, 1, "the model is being made ready: try later"},
    {0, "ThrottlingException", APIPIE_E_RATE_LIMITED, 1,
     "too many requests of this account in this region: wait, or send fewer at once"},
    {424, "Model", APIPIE_E_SERVER, 1,
     "the model failed at it; look at your usage, then try again once"},
    {0, NULL, APIPIE_OK, 0, NULL},
};

const struct pie_dialect pie_dialect_bedrock = {
    .name = "bedrock",
    .paths = bedrock_paths,
    .takes_texts = UINT32_C(1) << PIE_WISH_NEGATIVE | UINT32_C(1) << PIE_WISH_SAMPLER |
                   UINT32_C(1) << PIE_WISH_ASPECT | UINT32_C(1) << PIE_WISH_ENCODING,
    .takes_numbers = PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_STEPS |
                     PIE_WISH_HAS_STRENGTH | PIE_WISH_HAS_GUIDANCE | PIE_WISH_HAS_SEED,
    .takes_images = 1,
    .takes_mask = 1,
    .narrow = pie_bedrock_narrow,
    .check = pie_bedrock_check,
    .encode = bedrock_encode,
    .sign = pie_bedrock_sign,
    .one_image = bedrock_one_image,
    .write = bedrock_write,
    .decode = bedrock_decode,
    .known = bedrock_known,
};
