/* SPDX-License-Identifier: MIT */
/* Knows how the images API answers: JSON, events, usage. Must not know how a request is checked. */
#include "sandbox/wires_priv.h"

static void openai_reply_member(struct pie_buf *out, const char *key, const char *value)
{
    pie_buf_add_text(out, ",\"");
    pie_buf_add_text(out, key);
    pie_buf_add_text(out, "\":");
    pie_json_string(out, pie_slice_text(value));
}

static const char *openai_reply_quality(const struct pie_openai_order *o)
{
    if (pie_slice_equal(o->quality, "low"))
        return "low";
    return o->high ? "high" : "medium";
}

/* What was made of "auto". */
static void openai_reply_look(const struct pie_openai_order *o, struct pie_buf *out)
{
    openai_reply_member(out, "background",
                        pie_slice_equal(o->background, "transparent") ? "transparent" : "opaque");
    openai_reply_member(out, "output_format", "png");
    openai_reply_member(out, "quality", openai_reply_quality(o));
    pie_buf_add_text(out, ",\"size\":\"");
    pie_buf_add_int(out, o->width);
    pie_buf_add_char(out, 'x');
    pie_buf_add_int(out, o->height);
    pie_buf_add_char(out, '"');
}

static void openai_reply_tokens(struct pie_buf *out, const char *key, uint64_t value)
{
    pie_buf_add_text(out, key);
    pie_buf_add_uint(out, value);
}

/* Of n pictures: as many tokens each as the quality and the area say. */
static void openai_reply_usage(const struct pie_openai_order *o, int32_t n, struct pie_buf *out)
{
    uint64_t text = pie_bill_tokens(o->prompt);
    uint64_t image = 323 * (uint64_t)(o->inputs.count + (o->inputs.mask_bytes != 0 ? 1 : 0));
    uint64_t each = o->high ? 4160 : pie_slice_equal(o->quality, "low") ? 272 : 1056;
    uint64_t made = each * (uint64_t)o->width * (uint64_t)o->height / (1024 * 1024) * (uint64_t)n;

    openai_reply_tokens(out, ",\"usage\":{\"total_tokens\":", text + image + made);
    openai_reply_tokens(out, ",\"input_tokens\":", text + image);
    openai_reply_tokens(out, ",\"output_tokens\":", made);
    openai_reply_tokens(out, ",\"input_tokens_details\":{\"text_tokens\":", text);
    openai_reply_tokens(out, ",\"image_tokens\":", image);
    pie_buf_add_char(out, '}');
    if (strcmp(o->model->model, "gpt-image-1") != 0) {
        openai_reply_tokens(out, ",\"output_tokens_details\":{\"text_tokens\":", 0);
        openai_reply_tokens(out, ",\"image_tokens\":", made);
        pie_buf_add_char(out, '}');
    }
    pie_buf_add_char(out, '}');
}

static void openai_reply_bill(struct apipie_sandbox *box, const struct pie_openai_order *o,
                              const struct pie_fault *f, int32_t n)
{
    const char *provider = o->model->provider;

    pie_bill(box, o->model, o->prompt, n * pie_price_cost(provider, o->width, o->height, o->high),
             pie_price_latency(provider, o->width, o->height, o->high), f);
}

static struct pie_drawing openai_reply_drawing(const struct pie_openai_order *o, int32_t index)
{
    struct pie_drawing d = {o->prompt, o->seed + (uint32_t)index * PIE_DRAW_NEXT, o->width,
                            o->height, 1};

    return d;
}

/* ---- as JSON */

static apipie_status openai_reply_item(struct apipie_sandbox *box, const struct pie_openai_order *o,
                                       const struct pie_fault *f, int32_t index,
                                       struct pie_buf *out)
{
    struct pie_drawing d = openai_reply_drawing(o, index);
    struct pie_picture *picture = NULL;
    apipie_status status = pie_draw_picture(&d, &picture);
    int32_t base64 = o->base64 || f->set & PIE_FAULT_URLIN64;

    if (status != APIPIE_OK)
        return status;
    pie_buf_add_text(out, base64 ? "{\"b64_json\":" : "{\"url\":");
    pie_draw_value(box, f, base64, picture, out);
    if (o->family & PIE_OPENAI_DALLE3) {
        pie_buf_add_text(out, ",\"revised_prompt\":");
        pie_json_string(out, o->prompt);
    }
    pie_buf_add_char(out, '}');
    pie_picture_unref(picture);
    return APIPIE_OK;
}

static void openai_reply_json(struct apipie_sandbox *box, const struct pie_openai_order *o,
                              const struct pie_fault *f, struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body;
    int32_t drawn = o->n - (f->set & PIE_FAULT_FEWER ? 1 : 0);
    int32_t shown = f->set & PIE_FAULT_NOIMAGE ? 0 : drawn;
    apipie_status status = APIPIE_OK;

    pie_buf_add_text(out, "{\"created\":");
    pie_buf_add_int(out, pie_clock_wall_ms() / 1000);
    if (o->family & PIE_OPENAI_GPT)
        openai_reply_look(o, out);
    pie_buf_add_text(out, ",\"data\":[");
    for (int32_t i = 0; i < shown && status == APIPIE_OK; i++) {
        if (i != 0)
            pie_buf_add_char(out, ',');
        status = openai_reply_item(box, o, f, i, out);
    }
    pie_buf_add_char(out, ']');
    if (o->family & PIE_OPENAI_GPT && !(f->set & PIE_FAULT_NOUSAGE))
        openai_reply_usage(o, drawn, out);
    pie_buf_add_char(out, '}');
    if (status != APIPIE_OK || out->failed != APIPIE_OK)
        pie_openai_error(answer, 500, NULL, "The server had an error.", NULL);
    else if (drawn > 0)
        openai_reply_bill(box, o, f, drawn);
}

/* ---- as events */

/* One event; partial -1: the last of a picture. */
static apipie_status openai_reply_event(const struct pie_openai_order *o, const struct pie_fault *f,
                                        int32_t index, int32_t partial, struct pie_answer *answer)
{
    const char *type =
        o->route == PIE_OPENAI_GENERATION
            ? partial < 0 ? "image_generation.completed" : "image_generation.partial_image"
        : partial < 0 ? "image_edit.completed"
                      : "image_edit.partial_image";
    struct pie_drawing d = openai_reply_drawing(o, index);
    struct pie_buf json, png;
    apipie_status status;

    d.coarse = partial < 0 ? 1 : 32 >> partial;
    pie_buf_init(&json, &pie_mem_libc, PIE_SANDBOX_REPLY_MAX);
    pie_buf_init(&png, &pie_mem_libc, PIE_SANDBOX_REPLY_MAX);
    status = pie_draw(&d, &png);
    pie_buf_add_text(&json, "{\"type\":");
    pie_json_string(&json, pie_slice_text(type));
    pie_buf_add_text(&json, ",\"b64_json\":\"");
    pie_draw_base64(&json, pie_buf_slice(&png));
    openai_reply_tokens(&json, "\",\"created_at\":", (uint64_t)pie_clock_wall_ms() / 1000);
    openai_reply_look(o, &json);
    if (partial >= 0)
        openai_reply_tokens(&json, ",\"partial_image_index\":", (uint64_t)partial);
    else if (!(f->set & PIE_FAULT_NOUSAGE))
        openai_reply_usage(o, 1, &json);
    pie_buf_add_char(&json, '}');
    if (status == APIPIE_OK)
        status = json.failed;
    if (status == APIPIE_OK)
        pie_sse_event(answer, f->sse, type, pie_buf_slice(&json));
    pie_buf_free(&json);
    pie_buf_free(&png);
    return status;
}

static void reply_stream_error(const struct pie_fault *f, struct pie_answer *answer)
{
    pie_sse_event(answer, f->sse, "error",
                  pie_slice_text("{\"type\":\"error\",\"error\":{\"message\":\"The server had an "
                                 "error while drawing your image.\",\"type\":\"server_error\","
                                 "\"param\":null,\"code\":\"server_error\"}}"));
}

static apipie_status openai_reply_picture(const struct pie_openai_order *o,
                                          const struct pie_fault *f, int32_t index,
                                          struct pie_answer *answer)
{
    apipie_status status = APIPIE_OK;

    for (int32_t p = 0; p < o->partials && status == APIPIE_OK; p++)
        status = openai_reply_event(o, f, index, p, answer);
    if (status != APIPIE_OK || f->sse & (PIE_SSE_EOF | PIE_SSE_ERROR))
        return status;
    return openai_reply_event(o, f, index, -1, answer);
}

static void openai_reply_stream(struct apipie_sandbox *box, const struct pie_openai_order *o,
                                const struct pie_fault *f, struct pie_answer *answer)
{
    int32_t drawn = o->n - (f->set & PIE_FAULT_FEWER ? 1 : 0);
    int32_t shown = f->set & PIE_FAULT_NOIMAGE ? 0 : drawn;
    apipie_status status = APIPIE_OK;

    pie_call_count(box, APIPIE_SANDBOX_STREAMS);
    pie_sse_begin(answer, f->sse);
    for (int32_t i = 0; i < shown && status == APIPIE_OK; i++)
        status = openai_reply_picture(o, f, i, answer);
    if (f->sse & PIE_SSE_ERROR)
        reply_stream_error(f, answer);
    if (f->sse & PIE_SSE_DONE)
        pie_sse_done(answer, f->sse);
    pie_lock_take(box->lock);
    answer->pause_ms = box->draw_ms / (o->partials + 1);
    pie_lock_drop(box->lock);
    if (status != APIPIE_OK || answer->body.failed != APIPIE_OK) {
        answer->stream = 0;
        pie_openai_error(answer, 500, NULL, "The server had an error.", NULL);
    } else if (drawn > 0 && !(f->sse & PIE_SSE_ERROR))
        openai_reply_bill(box, o, f, drawn);
}

void pie_openai_reply(struct apipie_sandbox *box, const struct pie_openai_order *o,
                      const struct pie_fault *f, struct pie_answer *answer)
{
    if (o->stream && !(f->sse & PIE_SSE_PLAIN))
        openai_reply_stream(box, o, f, answer);
    else
        openai_reply_json(box, o, f, answer);
}
