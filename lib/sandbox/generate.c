/* SPDX-License-Identifier: MIT */
/* Knows how an order becomes pictures, a bill and an answer, or a fault; must not know HTTP. */
#include "sandbox/wires_priv.h"

static apipie_status generate_draw(const struct pie_order *o, int32_t index,
                                   struct pie_picture **ret)
{
    struct pie_drawing d = {o->prompt, o->seed + (uint32_t)index * PIE_DRAW_NEXT, o->width,
                            o->height, 1};

    return pie_draw_picture(&d, ret);
}

static void generate_item(struct apipie_sandbox *box, const struct pie_order *o,
                          const struct pie_fault *f, struct pie_picture *picture,
                          struct pie_buf *out)
{
    int32_t base64 = o->base64 || f->set & PIE_FAULT_URLIN64;

    pie_buf_add_text(out, base64 ? "{\"url\":null,\"b64_json\":" : "{\"url\":");
    pie_draw_value(box, f, base64, picture, out);
    if (!base64)
        pie_buf_add_text(out, ",\"b64_json\":null");
    if (o->revised) {
        pie_buf_add_text(out, ",\"revised_prompt\":");
        pie_json_string(out, o->prompt);
    }
    pie_buf_add_char(out, '}');
}

static void generate_usage(const struct pie_order *o, const struct pie_fault *f, int64_t cost,
                           struct pie_buf *out)
{
    const char *quote = f->set & PIE_FAULT_COSTSTRING ? "\"" : "";
    uint64_t tokens = pie_bill_tokens(o->prompt);

    pie_buf_add_text(out, ",\"usage\":{\"prompt_tokens\":");
    pie_buf_add_uint(out, tokens);
    pie_buf_add_text(out, ",\"total_tokens\":");
    pie_buf_add_uint(out, tokens);
    pie_buf_add_text(out, ",\"cost\":");
    pie_buf_add_text(out, quote);
    pie_price_write(cost, out);
    pie_buf_add_text(out, quote);
    pie_buf_add_text(out, ",\"latency_ms\":");
    pie_buf_add_int(out, pie_price_latency(o->model->provider, o->width, o->height, o->hd));
    pie_buf_add_char(out, '}');
}

static void generate_pictures(struct apipie_sandbox *box, const struct pie_order *o,
                              const struct pie_fault *f, struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body;
    int32_t drawn = o->n - (f->set & PIE_FAULT_FEWER ? 1 : 0);
    int32_t shown = f->set & PIE_FAULT_NOIMAGE ? 0 : drawn;
    int64_t cost = drawn * pie_price_cost(o->model->provider, o->width, o->height, o->hd);
    apipie_status status = APIPIE_OK;

    pie_buf_add_text(out, "{\"created\":");
    pie_buf_add_int(out, pie_clock_wall_ms() / 1000);
    pie_buf_add_text(out, ",\"data\":[");
    for (int32_t i = 0; i < shown && status == APIPIE_OK; i++) {
        struct pie_picture *picture = NULL;

        if (i != 0)
            pie_buf_add_char(out, ',');
        status = generate_draw(o, i, &picture);
        if (status == APIPIE_OK)
            generate_item(box, o, f, picture, out);
        pie_picture_unref(picture);
    }
    pie_buf_add_char(out, ']');
    if (!(f->set & PIE_FAULT_NOUSAGE))
        generate_usage(o, f, cost, out);
    pie_buf_add_char(out, '}');
    if (status != APIPIE_OK || out->failed != APIPIE_OK)
        pie_answer_status(answer, 500);
    else if (drawn > 0)
        pie_bill(box, o->model, o->prompt, cost,
                 pie_price_latency(o->model->provider, o->width, o->height, o->hd), f);
}

static int32_t generate_n_max(struct apipie_sandbox *box)
{
    int32_t n;

    pie_lock_take(box->lock);
    n = box->n_max;
    pie_lock_drop(box->lock);
    return n;
}

/* A link of ours must still be there, and changes what is drawn; other URLs and data are taken as they are. */
static apipie_status generate_input(struct apipie_sandbox *box, const char *param,
                                    struct pie_slice url, struct pie_answer *answer,
                                    struct pie_inputs *in)
{
    static const struct pie_probe unseen = {PIE_PROBE_OTHER, 0, 0, 0};
    struct pie_buf bytes;
    apipie_status status;

    if (!pie_slice_starts_nocase(url, box->root))
        return APIPIE_OK;
    pie_buf_init(&bytes, &pie_mem_libc, PIE_SANDBOX_BODY_MAX);
    status = pie_source_read(box, url, &bytes);
    if (status != APIPIE_OK)
        pie_answer_error(answer, 400, "invalid_parameter", "There is no picture at this URL.",
                         param);
    else if (strcmp(param, "mask") == 0)
        pie_inputs_mask(in, pie_buf_slice(&bytes));
    else
        pie_box_inputs_add(in, pie_buf_slice(&bytes), &unseen);
    pie_buf_free(&bytes);
    return status;
}

static apipie_status generate_inputs(struct apipie_sandbox *box, struct pie_order *o,
                                     struct pie_answer *answer)
{
    struct pie_inputs in;
    apipie_status status;

    memset(&in, 0, sizeof(in));
    status = generate_input(box, "image", o->image, answer, &in);
    if (status == APIPIE_OK)
        status = generate_input(box, "mask", o->mask, answer, &in);
    if (status != APIPIE_OK)
        return status;
    if (in.count != 0 || in.mask_bytes != 0)
        o->seed = pie_draw_hash_uint(o->seed, in.hash);
    pie_box_note(box, &in, o->seeded ? &o->wanted : NULL, o->steps);
    return APIPIE_OK;
}

static void generate_order(struct apipie_sandbox *box, const struct pie_node *root,
                           struct pie_slice header_fault, struct pie_answer *answer)
{
    struct pie_order order;
    struct pie_fault fault;

    if (pie_order_read(root, generate_n_max(box), answer, &order) != APIPIE_OK ||
        generate_inputs(box, &order, answer) != APIPIE_OK ||
        pie_spoil_choose(box, order.model, header_fault.n != 0 ? header_fault : order.fault, answer,
                         &fault) != APIPIE_OK)
        return;
    if (fault.set & PIE_FAULT_ONLYONE && order.n > 1)
        (void)pie_order_refuse_n(answer, 1);
    else if (fault.set & PIE_FAULT_REFUSED)
        pie_spoil_refuse(&fault, answer, pie_answer_error);
    else
        generate_pictures(box, &order, &fault, answer);
    pie_spoil_answer(box, &fault, answer);
}

void pie_generate(struct apipie_sandbox *box, struct pie_intake *in, struct pie_slice header_fault,
                  struct pie_answer *answer)
{
    struct pie_doc *doc = NULL;
    apipie_status status = pie_intake_end(in, &doc);

    if (status == APIPIE_OK)
        generate_order(box, pie_doc_root(doc), header_fault, answer);
    else if (status == APIPIE_E_TOO_LARGE)
        pie_answer_status(answer, 413);
    else if (status == APIPIE_E_MALFORMED)
        pie_answer_error(answer, 400, "invalid_parameter", "The body is not valid JSON.", NULL);
    else
        pie_answer_status(answer, 500);
    pie_doc_free(doc);
}
