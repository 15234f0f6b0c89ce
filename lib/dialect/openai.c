/* SPDX-License-Identifier: MIT */
/* Knows OpenAI's images API (https://platform.openai.com/docs/api-reference/images), which many servers speak; must not send
 * anything. */
#include "dialect/openai_priv.h"
#include "dialect/shared_priv.h"

/* What was not set is not sent: some models refuse what others need. */
static const struct pie_field openai_table[] = {
    {"model", PIE_WISH_MODEL, 0},
    {"prompt", PIE_WISH_PROMPT, 0},
    {"quality", PIE_WISH_QUALITY, 0},
    {"style", PIE_WISH_STYLE, 0},
    {"response_format", PIE_WISH_FORMAT, 0},
    {"user", PIE_WISH_USER, 0},
    {"background", PIE_WISH_BACKGROUND, 0},
    {"output_format", PIE_WISH_ENCODING, 0},
    {"moderation", PIE_WISH_MODERATION, 0},
    {"input_fidelity", PIE_WISH_FIDELITY, 0},
    {"n", PIE_FIELD_NUMBER, PIE_WISH_HAS_N},
    {"size", PIE_FIELD_NUMBER, PIE_WISH_HAS_SIZE},
    {"output_compression", PIE_FIELD_NUMBER, PIE_WISH_HAS_COMPRESSION},
    {"stream", PIE_FIELD_NUMBER, PIE_WISH_HAS_STREAM},
    {"partial_images", PIE_FIELD_NUMBER, PIE_WISH_HAS_PARTIALS},
    {NULL, 0, 0},
};

/* ---- JSON */

/* The pictures of an edit; q NULL: as they are written down. */
static void openai_image_url(struct pie_http_request *q, struct pie_buf *out,
                             const struct pie_input *in)
{
    pie_buf_add_text(out, "{\"image_url\":");
    if (q != NULL)
        pie_input_json(q, in, PIE_INPUT_AS_DATA_URI);
    else
        pie_input_json_short(out, in);
    pie_buf_add_char(out, '}');
}

static void openai_images(struct pie_http_request *q, struct pie_buf *out, const struct pie_call *c)
{
    if (c->images != 0)
        pie_field_name(out, "images");
    for (size_t i = 0; i < c->images; i++) {
        pie_buf_add_char(out, i == 0 ? '[' : ',');
        openai_image_url(q, out, &c->wish->images.items[i]);
    }
    if (c->images != 0)
        pie_buf_add_char(out, ']');
    if (c->mask != NULL) {
        pie_field_name(out, "mask");
        openai_image_url(q, out, c->mask);
    }
}

static void openai_write(const struct pie_call *c, struct pie_buf *out)
{
    pie_fields_json(out, c, openai_table);
    openai_images(NULL, out, c);
    pie_buf_add_char(out, '}');
}

static apipie_status openai_json(const struct pie_call *c, struct pie_http_request *q)
{
    apipie_status status = pie_begin_header(q, "Content-Type", "application/json");
    if (status != APIPIE_OK)
        return status;
    pie_fields_json(&q->text, c, openai_table);
    openai_images(q, &q->text, c);
    pie_buf_add_char(&q->text, '}');
    return pie_http_request_end_body(q);
}

/* ---- forms */

static apipie_status openai_form(const struct pie_call *c, struct pie_http_request *q)
{
    struct pie_multipart m;
    char file[PIE_INPUT_NAME];
    apipie_status status = APIPIE_OK;
    const struct pie_input *images = c->wish->images.items;
    pie_multipart_begin(&m, q, c->random);
    pie_fields_form(&m, c, openai_table);
    for (size_t i = 0; i < c->images && status == APIPIE_OK; i++) {
        pie_input_name(&images[i], "image", i, file);
        status = pie_multipart_file(&m, c->images > 1 ? "image[]" : "image", file, &images[i]);
    }
    if (status == APIPIE_OK && c->mask != NULL) {
        pie_input_name(c->mask, "mask", 0, file);
        status = pie_multipart_file(&m, "mask", file, c->mask);
    }
    return status == APIPIE_OK ? pie_multipart_end(&m) : status;
}

/* ---- what goes out */

static apipie_status openai_check_extras(const struct pie_call *c, struct apipie_error *err)
{
    const char *also[5] = {NULL};
    size_t n = 0;
    if (c->images != 0) {
        also[n++] = "image";
        also[n++] = "image[]";
        also[n++] = "images";
    }
    if (c->mask != NULL)
        also[n++] = "mask";
    return pie_fields_check(c, openai_table, also, err);
}

static apipie_status openai_check(struct pie_call *c, struct pie_buf *notes,
                                  struct apipie_error *err)
{
    apipie_status status = openai_check_extras(c, err);
    if (status == APIPIE_OK)
        status = pie_fields_check_stream(c->wish, "use apipie_request_set_stream()", err);
    return status == APIPIE_OK ? pie_openai_fit(c, notes, err) : status;
}

static apipie_status openai_encode(const struct pie_call *c, struct pie_leg *leg,
                                   struct apipie_error *err)
{
    static const char *const paths[] = {"/images/generations", "/images/edits",
                                        "/images/variations"};
    int32_t route = pie_openai_route(c);
    (void)err;
    apipie_status status = pie_begin_paid(c, paths[route], leg);
    if (status != APIPIE_OK)
        return status;
    if (route == PIE_OPENAI_GENERATIONS || pie_openai_by_url(c))
        return openai_json(c, &leg->request);
    return openai_form(c, &leg->request);
}

const struct pie_dialect pie_dialect_openai = {
    .name = "openai",
    .paths = pie_answer_paths,
    .stream = &pie_answer_stream,
    .takes_texts = UINT32_C(1) << PIE_WISH_QUALITY | UINT32_C(1) << PIE_WISH_STYLE |
                   UINT32_C(1) << PIE_WISH_FORMAT | UINT32_C(1) << PIE_WISH_USER |
                   UINT32_C(1) << PIE_WISH_ENCODING | UINT32_C(1) << PIE_WISH_BACKGROUND |
                   UINT32_C(1) << PIE_WISH_MODERATION | UINT32_C(1) << PIE_WISH_FIDELITY,
    .takes_numbers = PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_COMPRESSION |
                     PIE_WISH_HAS_STREAM | PIE_WISH_HAS_PARTIALS,
    .takes_images = APIPIE_LIMIT_IMAGES,
    .takes_mask = 1,
    .narrow = pie_openai_narrow,
    .check = openai_check,
    .encode = openai_encode,
    .write = openai_write,
    .decode = pie_answer_decode,
    .models_path = "/models",
    .write_models = pie_openai_write_models,
};
