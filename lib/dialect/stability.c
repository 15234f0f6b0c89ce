/* SPDX-License-Identifier: MIT */
/* Knows the platform of Stability AI (https://platform.stability.ai/docs/api-reference): the routes of v2beta, which read forms, the
 * engines of v1, and what both answer; must not send anything. */
#include "dialect/stability_priv.h"
#include "flow/flow.h"

/* Of a whole request to v2beta. */
#define STABILITY_BODY_MAX (10 * 1024 * 1024)

enum { STABILITY_PATH_RESULT = 0 };
static const struct pie_path stability_paths[] = {
    {"result", PIE_PATH_IMAGE}, /* of a job */
    {"image", PIE_PATH_IMAGE},
    {"artifacts[].base64", PIE_PATH_IMAGE}, /* of an engine */
    {NULL, 0},
};

/* ---- encode: v2beta */

/* Seeds of 0 are any, so several pictures go round without it. */
static void stability_turn(struct pie_call *c)
{
    const uint64_t most = UINT32_MAX - UINT64_C(1);
    if (c->seed > most)
        c->seed -= most;
}

/* What has another name, or another value, than it was set with. */
#define STABILITY_TEXTS 5
static void stability_texts(const struct pie_call *c, const struct pie_stability_route *r,
                            const char *out[STABILITY_TEXTS][2])
{
    const int32_t sd3 = strcmp(r->path, "generate/sd3") == 0;
    const int32_t from = sd3 && c->images != 0 && pie_wish_extra(c->wish, "mode") == NULL;
    const char *const texts[STABILITY_TEXTS][2] = {
        {"model", sd3 && strcmp(c->model, "sd3") != 0 ? c->model : NULL},
        {r->subject ? "background_prompt" : "prompt", pie_call_text(c, PIE_WISH_PROMPT)},
        {"aspect_ratio", pie_stable_ratio(c)},
        {"output_format", pie_stable_encoding(c, r->encodings)},
        {"mode", from ? "image-to-image" : NULL},
    };
    memcpy(out, texts, sizeof(texts));
}

static const char *stability_image(const struct pie_stability_route *r)
{
    if (r->path == NULL)
        return "init_image";
    return r->subject ? "subject_image" : "image";
}

static const char *stability_mask(const struct pie_stability_route *r)
{
    return r->path == NULL ? "mask_image" : "mask";
}

/* White is drawn anew, as elsewhere. */
static int32_t stability_says_white(const struct pie_call *c, const struct pie_stability_route *r)
{
    return r->path == NULL && c->mask != NULL && pie_wish_extra(c->wish, "mask_source") == NULL;
}

static apipie_status stability_begin(const struct pie_call *c, const struct pie_stability_route *r,
                                     struct pie_leg *leg)
{
    struct pie_buf *url = &leg->request.url;
    apipie_status status =
        pie_begin_paid(c, r->path != NULL ? "/v2beta/stable-image/" : "/v1/generation/", leg);
    if (status != APIPIE_OK)
        return status;
    if (r->path != NULL) {
        pie_buf_add_text(url, r->path);
    } else {
        pie_begin_percent(url, c->model, '\0');
        pie_buf_add_text(url, c->images == 0 ? "/text-to-image" : "/image-to-image");
        pie_buf_add_text(url, pie_stability_masks(c, r) ? "/masking" : "");
    }
    if (url->failed != APIPIE_OK || r->path == NULL || r->later)
        return url->failed;
    /* The picture itself: what else is said of it stands in headers. */
    return pie_headers_set(&leg->request.headers, "Accept", "image/*");
}

/* ---- encode: forms */

static void stability_form_prompt(struct pie_multipart *m, size_t number, struct pie_slice text,
                                  struct pie_slice weight)
{
    char name[PIE_NUMBER_MAX + 32] = "text_prompts[";
    pie_number_uint_text(number, name + strlen(name));
    const size_t n = strlen(name);
    pie_text_copy(pie_slice_text("][text]"), name + n, 16);
    pie_multipart_text(m, name, text);
    if (weight.n == 0)
        return;
    pie_text_copy(pie_slice_text("][weight]"), name + n, 16);
    pie_multipart_text(m, name, weight);
}

/* The user's own list of prompts, from that number on. */
static apipie_status stability_form_more(struct pie_multipart *m, const struct pie_call *c,
                                         size_t number)
{
    struct pie_doc *doc = NULL;
    struct pie_buf safe;
    struct pie_slice list = pie_slice_text(pie_wish_extra(c->wish, "text_prompts"));
    if (list.n == 0)
        return APIPIE_OK;
    pie_buf_init(&safe, m->q->text.mem, PIE_REST_MAX);
    apipie_status status = pie_json_safe(safe.mem, list, &safe, NULL);
    if (status == APIPIE_OK)
        status = pie_doc_parse(safe.mem, pie_buf_slice(&safe), &doc);
    const struct pie_node *root = pie_doc_root(doc);
    for (size_t i = 0; status == APIPIE_OK && i < pie_node_count(root); i++) {
        const struct pie_node *prompt = pie_node_at(root, i);
        stability_form_prompt(m, number + i, pie_node_text(pie_node_get(prompt, "text")),
                              pie_node_text(pie_node_get(prompt, "weight")));
    }
    pie_doc_free(doc);
    pie_buf_free(&safe);
    return status;
}

static apipie_status stability_form_engine(struct pie_multipart *m, const struct pie_call *c,
                                           const struct pie_stability_route *r)
{
    const char *prompt = pie_call_text(c, PIE_WISH_PROMPT);
    const char *negative = pie_call_text(c, PIE_WISH_NEGATIVE);
    struct pie_call own = *c;
    size_t n = 1;
    pie_stable_turn(&own);
    stability_form_prompt(m, 0, pie_slice_text(prompt), pie_slice_text(NULL));
    if (negative != NULL)
        stability_form_prompt(m, n++, pie_slice_text(negative), pie_slice_text("-1"));
    apipie_status status = stability_form_more(m, c, n);
    pie_form_members(m, &own, pie_stable_sdxl_fields);
    pie_form_extras(m, c->wish, "text_prompts");
    if (stability_says_white(c, r))
        pie_multipart_text(m, "mask_source", pie_slice_text("MASK_IMAGE_WHITE"));
    return status;
}

static void stability_form_fields(struct pie_multipart *m, const struct pie_call *c,
                                  const struct pie_stability_route *r)
{
    const char *texts[STABILITY_TEXTS][2];
    struct pie_call own = *c;
    stability_turn(&own);
    stability_texts(c, r, texts);
    for (size_t i = 0; i < STABILITY_TEXTS; i++) {
        if (texts[i][1] != NULL)
            pie_multipart_text(m, texts[i][0], pie_slice_text(texts[i][1]));
    }
    pie_fields_form(m, &own, pie_stability_fields + PIE_STABILITY_FORM);
}

static apipie_status stability_form(const struct pie_call *c, const struct pie_stability_route *r,
                                    struct pie_leg *leg)
{
    struct pie_multipart m;
    char file[PIE_INPUT_NAME];
    apipie_status status = APIPIE_OK;
    pie_multipart_begin(&m, &leg->request, c->random);
    if (r->path == NULL)
        status = stability_form_engine(&m, c, r);
    else
        stability_form_fields(&m, c, r);
    if (status == APIPIE_OK && c->images != 0) {
        pie_input_name(&c->wish->images.items[0], "image", 0, file);
        status = pie_multipart_file(&m, stability_image(r), file, &c->wish->images.items[0]);
    }
    if (status == APIPIE_OK && c->mask != NULL) {
        pie_input_name(c->mask, "mask", 0, file);
        status = pie_multipart_file(&m, stability_mask(r), file, c->mask);
    }
    return status == APIPIE_OK ? pie_multipart_end(&m) : status;
}

/* ---- encode: JSON */

/* Members that are no pictures, of an object that is open. */
static void stability_members(struct pie_buf *out, const struct pie_call *c,
                              const struct pie_stability_route *r)
{
    const char *texts[STABILITY_TEXTS][2];
    struct pie_call own = *c;
    if (r->path == NULL) {
        pie_stable_turn(&own);
        pie_stable_sdxl(out, &own);
        return;
    }
    stability_turn(&own);
    stability_texts(c, r, texts);
    for (size_t i = 1; i < STABILITY_TEXTS; i++) { /* the model is there already */
        if (texts[i][1] != NULL)
            pie_field_text(out, texts[i][0], texts[i][1]);
    }
    pie_fields_members(out, &own, pie_stability_fields + PIE_STABILITY_FORM);
    pie_field_extras(out, c->wish, NULL);
}

static void stability_write(const struct pie_call *c, struct pie_buf *out)
{
    const struct pie_stability_route *r = pie_stability_route(c->model);
    pie_buf_add_char(out, '{');
    if (c->model != NULL)
        pie_field_text(out, "model", c->model);
    stability_members(out, c, r);
    if (stability_says_white(c, r))
        pie_field_text(out, "mask_source", "MASK_IMAGE_WHITE");
    if (c->images != 0) {
        pie_field_name(out, stability_image(r));
        pie_input_json_short(out, &c->wish->images.items[0]);
    }
    if (c->mask != NULL) {
        pie_field_name(out, stability_mask(r));
        pie_input_json_short(out, c->mask);
    }
    pie_buf_add_char(out, '}');
}

static apipie_status stability_json(const struct pie_call *c, const struct pie_stability_route *r,
                                    struct pie_leg *leg)
{
    struct pie_buf *out = &leg->request.text;
    apipie_status status = pie_begin_header(&leg->request, "Content-Type", "application/json");
    if (status != APIPIE_OK)
        return status;
    pie_buf_add_char(out, '{');
    stability_members(out, c, r);
    pie_buf_add_char(out, '}');
    return pie_http_request_end_body(&leg->request);
}

static apipie_status stability_encode(const struct pie_call *c, struct pie_leg *leg,
                                      struct apipie_error *err)
{
    const struct pie_stability_route *r = pie_stability_route(c->model);
    apipie_status status = stability_begin(c, r, leg);
    if (status == APIPIE_OK)
        status = r->path == NULL && c->images == 0 ? stability_json(c, r, leg)
                                                   : stability_form(c, r, leg);
    if (status != APIPIE_OK || r->path == NULL)
        return status;
    return pie_begin_within(leg, STABILITY_BODY_MAX,
                            "the request has more than the 10 MiB that Stability takes", err);
}

/* An engine draws up to ten a call. */
static int32_t stability_one_image(const struct pie_call *c)
{
    return pie_stability_route(c->model)->path != NULL;
}

/* ---- jobs */

/* Each may be looked at once in ten seconds, unless a reply says otherwise. */
#define STABILITY_LOOK_MS  INT64_C(10000)
#define STABILITY_LEAST_MS INT64_C(20)
#define STABILITY_MOST_MS  INT64_C(60000)

static int64_t stability_pause(const struct pie_call *c, const struct pie_reply *reply)
{
    const int64_t after = pie_explain_retry_after(&reply->outcome->headers, c->wall_ms);
    if (after == APIPIE_UNKNOWN)
        return STABILITY_LOOK_MS;
    if (after < STABILITY_LEAST_MS)
        return STABILITY_LEAST_MS;
    return after < STABILITY_MOST_MS ? after : STABILITY_MOST_MS;
}

static apipie_status stability_look(const struct pie_call *c, const struct pie_reply *reply,
                                    struct pie_step *s, struct pie_leg *leg, int64_t *ret_after_ms)
{
    apipie_status status =
        pie_poll_begin(c, s, "GET", "/v2beta/results/", "", APIPIE_PURPOSE_POLL, leg);
    if (status == APIPIE_OK)
        status = pie_headers_set(&leg->request.headers, "Accept", "image/*");
    *ret_after_ms = stability_pause(c, reply);
    return status == APIPIE_OK ? APIPIE_PENDING : status;
}

static apipie_status stability_step(const struct pie_call *c, const struct pie_reply *reply,
                                    struct pie_step *s, struct pie_leg *leg, int64_t *ret_after_ms,
                                    struct apipie_error *err)
{
    const int32_t waits =
        reply->outcome->status == 202 ||
        pie_slice_equal(pie_node_text(pie_node_get(reply->root, "status")), "in-progress");
    if (!pie_stability_route(c->model)->later || reply->part_count != 0 ||
        (s->stage == 0 && pie_explain_has_error(reply->root)))
        return APIPIE_OK;
    if (s->stage != 0)
        return waits ? stability_look(c, reply, s, leg, ret_after_ms) : APIPIE_OK;
    if (!pie_poll_take(pie_node_text(pie_node_get(reply->root, "id")), s))
        return pie_poll_broken("the server took the call, and named no job",
                               "is there Stability's platform at this address?", err);
    s->stage = 1;
    return stability_look(c, reply, s, leg, ret_after_ms);
}

/* ---- decode */

/* Of a job the picture; of all others a word, "success", before the pictures or behind them. */
static int32_t stability_is_result(const struct pie_part *part)
{
    return part->path == STABILITY_PATH_RESULT;
}

static apipie_status stability_decode(const struct pie_call *c, const struct pie_reply *reply,
                                      struct apipie_result *ret, struct apipie_error *err)
{
    struct pie_reply own = *reply;
    const int32_t later = pie_stability_route(c->model)->later;
    if (!later && own.part_count != 0 && stability_is_result(&own.parts[0])) {
        own.parts++;
        own.part_count--;
    }
    if (!later && own.part_count != 0 && stability_is_result(&own.parts[own.part_count - 1]))
        own.part_count--;
    apipie_status status = pie_stable_pictures(&own, ret);
    return status == APIPIE_OK ? pie_stable_end(c, &own, ret, err) : status;
}

/* ---- explain */

#define STABILITY_CREDITS                                                                          \
    "the account has no credits left: buy some at https://platform.stability.ai/account/credits"

static const struct pie_known stability_known[] = {
    {402, "", APIPIE_E_QUOTA, 0, STABILITY_CREDITS},
    {0, "insufficient_balance", APIPIE_E_QUOTA, 0, STABILITY_CREDITS},
    {0, "enough balance", APIPIE_E_QUOTA, 0, STABILITY_CREDITS},
    {0, "content_moderation", APIPIE_E_CONTENT_POLICY, 0,
     "the request was refused, and nothing was charged: change the prompt or the input image"},
    {400, "filtered words", APIPIE_E_CONTENT_POLICY, 0, "change the prompt"},
    {404, "", APIPIE_E_NOT_FOUND, 0,
     "check the model's name; the base URL is https://api.stability.ai, without a path; a job is "
     "kept for 24 hours, for the key that it was begun with"},
    {413, "", APIPIE_E_PARAMETER, 0,
     "a request may have 10 MiB: give a smaller input image, or encode it as JPEG"},
    {0, NULL, APIPIE_OK, 0, NULL},
};

static void stability_explain(const struct pie_reply *reply, struct apipie_error *err)
{
    if (reply->outcome->status != 429 || err->code != APIPIE_E_RATE_LIMITED)
        return;
    pie_text_copy(pie_slice_text("150 requests in 10 seconds are taken, and then none for a "
                                 "minute: see apipie_client_set_rate()"),
                  err->hint, sizeof(err->hint));
}

const struct pie_dialect pie_dialect_stability = {
    .name = "stability",
    .paths = stability_paths,
    .takes_texts = PIE_STABLE_TEXT(NEGATIVE) | PIE_STABLE_TEXT(SAMPLER) | PIE_STABLE_TEXT(ASPECT) |
                   PIE_STABLE_TEXT(ENCODING),
    .takes_numbers = PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_STEPS |
                     PIE_WISH_HAS_STRENGTH | PIE_WISH_HAS_GUIDANCE | PIE_WISH_HAS_SEED,
    .takes_images = 1,
    .takes_mask = 1,
    .wordless = pie_stability_wordless,
    .narrow = pie_stability_narrow,
    .check = pie_stability_check,
    .encode = stability_encode,
    .one_image = stability_one_image,
    .write = stability_write,
    .decode = stability_decode,
    .known = stability_known,
    .explain = stability_explain,
    .models_path = "/v1/engines/list",
    .write_models = pie_stability_write_models,
    .price = pie_stability_price,
    .step = stability_step,
};
