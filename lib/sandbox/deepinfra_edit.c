/* SPDX-License-Identifier: MIT */
/* Knows DeepInfra's route for edits, which is after OpenAI's: a form, repeated pictures, b64_json; must not know its other routes. */
#include "sandbox/wires_priv.h"

#define INFRAEDIT_MODEL (&pie_sandbox_deepinfra[PIE_SANDBOX_DEEPINFRA - 1])
#define INFRAEDIT_MAX   16

struct infraedit_order {
    struct pie_slice prompt;
    int32_t n, width, height;
    uint32_t look;
    struct pie_inputs inputs;
};

const char *pie_deepinfra_words(struct pie_answer *answer, int32_t status, const char *code,
                                const char *message)
{
    const int32_t broke = code != NULL && strcmp(code, "insufficient_quota") == 0;

    pie_buf_clear(&answer->body);
    answer->status = broke ? 402 : status;
    answer->mime = "application/json";
    if (broke)
        return "Inference prohibited: the account has no balance left.";
    return status == 429 ? "Rate limited" : message;
}

void pie_deepinfra_error(struct pie_answer *answer, int32_t status, const char *code,
                         const char *message, const char *param)
{
    struct pie_buf *body = &answer->body;

    (void)param;
    message = pie_deepinfra_words(answer, status, code, message);
    pie_buf_add_text(body, "{\"error\":{\"message\":");
    pie_json_string(body, pie_slice_text(message));
    pie_buf_add_text(body, "}}");
}

static apipie_status infraedit_refuse(struct pie_answer *answer, const char *before,
                                      struct pie_slice name, const char *behind)
{
    char text[PIE_ANSWER_SAY];

    pie_answer_say(text, before, name, behind);
    pie_deepinfra_error(answer, 422, NULL, text, NULL);
    return APIPIE_E_ARGUMENT;
}

/* Files where files belong, texts where texts do, and only pictures more than once. */
static apipie_status infraedit_fields(const struct pie_fields *form, struct pie_answer *answer)
{
    static const char texts[] = "prompt model n size response_format quality style user";

    for (size_t i = 0; i < form->count; i++) {
        const struct pie_field *part = &form->parts[i];
        int32_t is_image = pie_slice_equal(part->name, "image");
        int32_t is_file = is_image || pie_slice_equal(part->name, "mask");

        if (!is_file && !pie_rules_choice(texts, part->name))
            return infraedit_refuse(answer, "Unknown parameter: '", part->name, "'.");
        if (part->is_file != is_file)
            return infraedit_refuse(answer, "'", part->name,
                                    is_file ? "' must be a file." : "' must be a text.");
        if (!is_file && pie_utf8_valid(part->body.p, part->body.n) != part->body.n)
            return infraedit_refuse(answer, "'", part->name, "' is no text.");
        for (size_t k = 0; k < i && !is_image; k++)
            if (pie_call_same(form->parts[k].name, part->name))
                return infraedit_refuse(answer, "'", part->name, "' is there twice.");
    }
    return APIPIE_OK;
}

static apipie_status infraedit_pictures(const struct pie_fields *form, struct pie_answer *answer,
                                        struct infraedit_order *o)
{
    const struct pie_field *mask = pie_fields_find(form, "mask", 0), *image;
    struct pie_probe probe;

    for (size_t i = 0; (image = pie_fields_find(form, "image", i)) != NULL; i++) {
        pie_probe(image->body, &probe);
        if (probe.kind == PIE_PROBE_OTHER || i == INFRAEDIT_MAX)
            return infraedit_refuse(answer, "Invalid '", image->name, "': not a picture.");
        pie_box_inputs_add(&o->inputs, image->body, &probe);
    }
    if (o->inputs.count == 0)
        return infraedit_refuse(answer, "'", pie_slice_text("image"), "' is required.");
    if (mask == NULL)
        return APIPIE_OK;
    pie_probe(mask->body, &probe);
    if (probe.kind != PIE_PROBE_PNG ||
        (o->inputs.first.kind == PIE_PROBE_PNG &&
         (probe.width != o->inputs.first.width || probe.height != o->inputs.first.height)))
        return infraedit_refuse(answer, "Invalid '", mask->name,
                                "': it must be a PNG of the picture's size.");
    pie_inputs_mask(&o->inputs, mask->body);
    return APIPIE_OK;
}

/* "512x768"; of none the first picture's own size. */
static apipie_status infraedit_size(const struct pie_fields *form, struct pie_answer *answer,
                                    struct infraedit_order *o)
{
    struct pie_slice size = pie_fields_text(form, "size");
    uint64_t width = (uint64_t)o->inputs.first.width, height = (uint64_t)o->inputs.first.height;
    size_t at = pie_slice_find_nocase(size, "x");

    if (size.n == 0 &&
        (width == 0 || width > PIE_SANDBOX_SIDE_MAX || height > PIE_SANDBOX_SIDE_MAX))
        width = height = 1024;
    if (size.n != 0 &&
        (at == size.n || pie_number_uint(pie_slice(size.p, at), &width) != APIPIE_OK ||
         pie_number_uint(pie_slice(size.p + at + 1, size.n - at - 1), &height) != APIPIE_OK))
        width = 0;
    if (width < 1 || height < 1 || width > PIE_SANDBOX_SIDE_MAX || height > PIE_SANDBOX_SIDE_MAX)
        return infraedit_refuse(answer, "'", pie_slice_text("size"),
                                "' must look like 1024x1024, each side up to 2048.");
    o->width = (int32_t)width;
    o->height = (int32_t)height;
    return APIPIE_OK;
}

static apipie_status infraedit_texts(const struct pie_fields *form, struct pie_answer *answer,
                                     struct infraedit_order *o)
{
    struct pie_slice n = pie_fields_text(form, "n"), model = pie_fields_text(form, "model");
    struct pie_slice format = pie_fields_text(form, "response_format");
    uint64_t count = 1;

    o->prompt = pie_fields_text(form, "prompt");
    if (model.n == 0 || o->prompt.n == 0)
        return infraedit_refuse(answer, "'", pie_slice_text(model.n == 0 ? "model" : "prompt"),
                                "' is required.");
    if (!pie_slice_equal(model, INFRAEDIT_MODEL->model)) {
        pie_deepinfra_error(answer, 404, NULL, "Model is not available", NULL);
        return APIPIE_E_ARGUMENT;
    }
    if (n.n != 0 &&
        (pie_number_uint(n, &count) != APIPIE_OK || count < 1 || count > PIE_SANDBOX_N_MAX))
        return infraedit_refuse(answer, "'", pie_slice_text("n"), "' must be 1 to 10.");
    if (format.n != 0 && !pie_slice_equal(format, "b64_json"))
        return infraedit_refuse(answer, "'", pie_slice_text("response_format"),
                                "' must be b64_json.");
    o->n = (int32_t)count;
    return APIPIE_OK;
}

static apipie_status infraedit_read(const struct pie_fields *form, struct pie_answer *answer,
                                    struct infraedit_order *o)
{
    if (infraedit_fields(form, answer) != APIPIE_OK ||
        infraedit_texts(form, answer, o) != APIPIE_OK ||
        infraedit_pictures(form, answer, o) != APIPIE_OK ||
        infraedit_size(form, answer, o) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    o->look = pie_draw_hash(PIE_DRAW_HASH, o->prompt);
    o->look = pie_draw_hash_uint(o->look, o->inputs.hash);
    return APIPIE_OK;
}

static apipie_status infraedit_item(struct apipie_sandbox *box, const struct infraedit_order *o,
                                    const struct pie_fault *f, int32_t index, struct pie_buf *out)
{
    struct pie_drawing d = {o->prompt, o->look + (uint32_t)index * PIE_DRAW_NEXT, o->width,
                            o->height, 1};
    struct pie_picture *picture = NULL;
    apipie_status status = pie_draw_picture(&d, &picture);

    if (status != APIPIE_OK)
        return status;
    pie_buf_add_text(out, index != 0 ? ",{\"b64_json\":" : "{\"b64_json\":");
    pie_draw_value(box, f, 1, picture, out);
    pie_buf_add_text(out, ",\"revised_prompt\":null}");
    pie_picture_unref(picture);
    return APIPIE_OK;
}

static void infraedit_reply(struct apipie_sandbox *box, const struct infraedit_order *o,
                            const struct pie_fault *f, struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body;
    int32_t drawn = o->n - (f->set & PIE_FAULT_FEWER ? 1 : 0);
    int32_t shown = f->set & PIE_FAULT_NOIMAGE ? 0 : drawn;
    apipie_status status = APIPIE_OK;

    pie_buf_add_text(out, "{\"created\":");
    pie_buf_add_int(out, pie_clock_wall_ms() / 1000);
    pie_buf_add_text(out, ",\"data\":[");
    for (int32_t i = 0; i < shown && status == APIPIE_OK; i++)
        status = infraedit_item(box, o, f, i, out);
    pie_buf_add_text(out, "]}");
    if (status != APIPIE_OK || out->failed != APIPIE_OK)
        pie_deepinfra_error(answer, 500, NULL, "The server had an error.", NULL);
    else if (drawn > 0)
        pie_bill(box, INFRAEDIT_MODEL, o->prompt,
                 drawn * pie_price_cost("deepinfra", o->width, o->height, 0),
                 pie_price_latency("deepinfra", o->width, o->height, 0), f);
}

static void infraedit_draw(struct apipie_sandbox *box, const struct pie_call *call,
                           const struct infraedit_order *o, struct pie_answer *answer)
{
    struct pie_fault fault;

    if (pie_spoil_choose(box, INFRAEDIT_MODEL, call->fault, answer, &fault) != APIPIE_OK)
        return;
    pie_box_note(box, &o->inputs, NULL, APIPIE_UNKNOWN);
    if (fault.set & PIE_FAULT_ONLYONE && o->n > 1)
        pie_deepinfra_error(answer, 400, NULL, "n must be 1 for this model", NULL);
    else if (fault.set & PIE_FAULT_REFUSED)
        pie_spoil_refuse(&fault, answer, pie_deepinfra_error);
    else
        infraedit_reply(box, o, &fault, answer);
    pie_spoil_answer(box, &fault, answer);
}

void pie_deepinfra_edits(struct apipie_sandbox *box, const struct pie_call *call,
                         struct pie_answer *answer)
{
    struct pie_fields form;
    struct infraedit_order o;

    memset(&o, 0, sizeof(o));
    if (!call->is_form || pie_fields_parse(call->media, call->body, &form) != APIPIE_OK)
        pie_deepinfra_error(answer, 422, NULL, "The body must be multipart/form-data.", NULL);
    else if (infraedit_read(&form, answer, &o) == APIPIE_OK)
        infraedit_draw(box, call, &o, answer);
}
