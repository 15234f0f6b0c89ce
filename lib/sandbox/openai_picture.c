/* SPDX-License-Identifier: MIT */
/* Knows which input pictures and masks the images API takes, as files and as urls; must not know what is drawn. */
#include "sandbox/wires_priv.h"

#define PICTURE_MB        ((size_t)1024 * 1024)
#define PICTURE_COUNT_MAX 16
#define PICTURE_URL_MAX   20971520

static apipie_status openai_picture_refuse(struct pie_answer *answer, const char *message,
                                           const char *param)
{
    pie_openai_error(answer, 400, "invalid_image_file", message, param);
    return APIPIE_E_ARGUMENT;
}

/* By its bytes, whatever it says of itself. */
static apipie_status openai_picture_check(struct pie_slice bytes, const struct pie_openai_order *o,
                                          const char *param, struct pie_answer *answer,
                                          struct pie_probe *probe)
{
    int32_t dalle = o->family & PIE_OPENAI_DALLE2;

    pie_probe(bytes, probe);
    if (probe->kind == PIE_PROBE_OTHER || (dalle && probe->kind != PIE_PROBE_PNG))
        return openai_picture_refuse(
            answer, "Invalid image file or mode, please check your image file.", param);
    if (dalle && bytes.n >= 4 * PICTURE_MB)
        return openai_picture_refuse(answer, "Uploaded image must be a PNG and less than 4 MB.",
                                     param);
    if (dalle && probe->width != probe->height)
        return openai_picture_refuse(answer, "Uploaded image must be square.", param);
    if (bytes.n >= 50 * PICTURE_MB)
        return openai_picture_refuse(answer, "Uploaded image must be less than 50 MB.", param);
    return APIPIE_OK;
}

static apipie_status openai_picture_mask(struct pie_slice bytes, struct pie_answer *answer,
                                         struct pie_openai_order *o)
{
    struct pie_probe probe;

    pie_probe(bytes, &probe);
    if (probe.kind != PIE_PROBE_PNG || bytes.n >= 4 * PICTURE_MB)
        return openai_picture_refuse(answer, "The mask must be a PNG and less than 4 MB.", "mask");
    if (!probe.alpha)
        return openai_picture_refuse(
            answer, "Invalid mask image format - mask image missing alpha channel.", "mask");
    if (o->inputs.first.kind == PIE_PROBE_PNG &&
        (probe.width != o->inputs.first.width || probe.height != o->inputs.first.height))
        return openai_picture_refuse(
            answer, "Invalid mask image format - mask size does not match image size.", "mask");
    pie_inputs_mask(&o->inputs, bytes);
    return APIPIE_OK;
}

/* ---- as files */

static apipie_status openai_picture_mime(const struct pie_openai_arg *arg,
                                         struct pie_answer *answer,
                                         const struct pie_openai_order *o)
{
    struct pie_slice mime = arg->part->mime;

    if (pie_slice_equal_nocase(mime, "image/png") ||
        (o->family & PIE_OPENAI_GPT && (pie_slice_equal_nocase(mime, "image/jpeg") ||
                                        pie_slice_equal_nocase(mime, "image/webp"))))
        return APIPIE_OK;
    return pie_openai_refuse(answer, "unsupported_file_mimetype", arg->name, "Invalid file ",
                             o->family & PIE_OPENAI_GPT
                                 ? ": unsupported mimetype. Supported file formats are "
                                   "'image/jpeg', 'image/png', and 'image/webp'."
                                 : ": unsupported mimetype. Supported file format is 'image/png'.");
}

static apipie_status openai_picture_files(struct pie_answer *answer, struct pie_openai_order *o)
{
    const struct pie_openai_arg *mask = pie_openai_arg(o, "mask");
    struct pie_probe probe;

    for (size_t i = 0; i < o->count; i++) {
        const struct pie_openai_arg *arg = &o->args[i];

        if (!pie_slice_equal(arg->name, "image") && !pie_slice_equal(arg->name, "image[]"))
            continue;
        if (openai_picture_mime(arg, answer, o) != APIPIE_OK ||
            openai_picture_check(arg->text, o, "image", answer, &probe) != APIPIE_OK)
            return APIPIE_E_ARGUMENT;
        pie_box_inputs_add(&o->inputs, arg->text, &probe);
    }
    if (o->inputs.count == 0)
        return pie_openai_refuse(answer, "missing_required_parameter", pie_slice_text("image"),
                                 "Missing required parameter: ", ".");
    if (o->inputs.count > PICTURE_COUNT_MAX)
        return pie_openai_refuse(answer, "array_above_max_length", pie_slice_text("image"),
                                 "Invalid ", ": at most 16 images.");
    if (pie_openai_arg(o, "image") != NULL && pie_openai_arg(o, "image[]") != NULL)
        return pie_openai_refuse(answer, "duplicate_parameter", pie_slice_text("image"),
                                 "Duplicate parameter: ", ": send either 'image' or 'image[]'.");
    if (mask == NULL)
        return APIPIE_OK;
    if (!pie_slice_equal_nocase(mask->part->mime, "image/png"))
        return pie_openai_refuse(answer, "unsupported_file_mimetype", mask->name, "Invalid file ",
                                 ": unsupported mimetype. Supported file format is 'image/png'.");
    return openai_picture_mask(mask->text, answer, o);
}

/* ---- as urls */

static apipie_status openai_picture_url(struct apipie_sandbox *box, struct pie_slice url,
                                        const char *param, struct pie_answer *answer,
                                        struct pie_openai_order *o)
{
    int32_t is_mask = strcmp(param, "mask") == 0;
    struct pie_probe probe;
    struct pie_buf bytes;
    apipie_status status;

    if (url.n > PICTURE_URL_MAX)
        return pie_openai_refuse(answer, "string_above_max_length", pie_slice_text(param),
                                 "Invalid ", ": an image_url has at most 20971520 characters.");
    memset(&probe, 0, sizeof(probe));
    if (strncmp(url.p, "https://", 8) == 0 &&
        url.n > 8) { /* nothing is fetched: the url stands for it */
        if (is_mask)
            pie_inputs_mask(&o->inputs, url);
        else
            pie_box_inputs_add(&o->inputs, url, &probe);
        return APIPIE_OK;
    }
    pie_buf_init(&bytes, &pie_mem_libc, PIE_SANDBOX_BODY_MAX);
    status = pie_source_read(box, url, &bytes);
    if (status != APIPIE_OK)
        (void)pie_openai_refuse(answer, "invalid_value", pie_slice_text(param), "Invalid ",
                                ": expected a base64-encoded data URL with an image MIME type or "
                                "an https URL.");
    else if (is_mask)
        status = openai_picture_mask(pie_buf_slice(&bytes), answer, o);
    else
        status = openai_picture_check(pie_buf_slice(&bytes), o, param, answer, &probe);
    if (status == APIPIE_OK && !is_mask)
        pie_box_inputs_add(&o->inputs, pie_buf_slice(&bytes), &probe);
    pie_buf_free(&bytes);
    return status;
}

/* {"image_url":...} or {"file_id":...}, and nothing else. */
static apipie_status openai_picture_object(struct apipie_sandbox *box, const struct pie_node *node,
                                           const char *param, struct pie_answer *answer,
                                           struct pie_openai_order *o)
{
    const struct pie_node *url = pie_node_get(node, "image_url");
    const struct pie_node *file = pie_node_get(node, "file_id");

    if (pie_node_kind(node) != PIE_JSON_OBJECT)
        return pie_openai_refuse(answer, "invalid_type", pie_slice_text(param), "Invalid type for ",
                                 ": expected an object.");
    if ((url != NULL) == (file != NULL) || pie_node_count(node) != 1)
        return pie_openai_refuse(answer, "invalid_value", pie_slice_text(param), "Invalid ",
                                 ": exactly one of 'image_url' and 'file_id' is expected.");
    if (pie_node_kind(url != NULL ? url : file) != PIE_JSON_TEXT)
        return pie_openai_refuse(answer, "invalid_type", pie_slice_text(param), "Invalid type in ",
                                 ": expected a string.");
    if (url != NULL)
        return openai_picture_url(box, pie_node_text(url), param, answer, o);
    (void)pie_openai_refuse(answer, "invalid_value", pie_slice_text(param), "No such file for ",
                            ": the sandbox keeps no files.");
    answer->status = 404;
    return APIPIE_E_ARGUMENT;
}

static apipie_status openai_picture_urls(struct apipie_sandbox *box, struct pie_answer *answer,
                                         struct pie_openai_order *o)
{
    const struct pie_openai_arg *images = pie_openai_arg(o, "images");
    const struct pie_openai_arg *mask = pie_openai_arg(o, "mask");
    size_t count = images != NULL ? pie_node_count(images->node) : 0;
    apipie_status status = APIPIE_OK;

    if (images == NULL)
        return pie_openai_refuse(answer, "missing_required_parameter", pie_slice_text("images"),
                                 "Missing required parameter: ", ".");
    if (count < 1 || count > PICTURE_COUNT_MAX)
        return pie_openai_refuse(answer,
                                 count < 1 ? "array_below_min_length" : "array_above_max_length",
                                 pie_slice_text("images"), "Invalid ", ": 1 to 16 images.");
    for (size_t i = 0; i < count && status == APIPIE_OK; i++)
        status = openai_picture_object(box, pie_node_at(images->node, i), "images", answer, o);
    if (status == APIPIE_OK && mask != NULL)
        status = openai_picture_object(box, mask->node, "mask", answer, o);
    return status;
}

apipie_status pie_openai_pictures(struct apipie_sandbox *box, struct pie_answer *answer,
                                  struct pie_openai_order *o)
{
    apipie_status status = APIPIE_OK;

    if (o->route & (PIE_OPENAI_FORM | PIE_OPENAI_VARIATION))
        status = openai_picture_files(answer, o);
    else if (o->route == PIE_OPENAI_EDIT)
        status = openai_picture_urls(box, answer, o);
    o->seed = pie_draw_hash_uint(o->seed, o->inputs.hash);
    return status;
}
