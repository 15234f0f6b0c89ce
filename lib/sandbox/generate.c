/* SPDX-License-Identifier: MIT */
/* Knows how an order becomes pictures, a bill and an answer, or a fault; must not know HTTP. */
#include "sandbox/sandbox_priv.h"

/* A multiple of 3, so that the pieces join without padding. */
#define GENERATE_PIECE 3072

static void generate_base64(struct pie_buf *out, const struct pie_buf *png)
{
    char text[GENERATE_PIECE / 3 * 4];

    pie_buf_reserve(out, out->n + (size_t)pie_base64_length(png->n));
    for (size_t i = 0; i < png->n; i += GENERATE_PIECE) {
        size_t n = png->n - i < GENERATE_PIECE ? png->n - i : GENERATE_PIECE;

        pie_buf_add(out, text, pie_base64_encode((const uint8_t *)png->p + i, n, text));
    }
}

static apipie_status generate_draw(const struct pie_order *o, int32_t index,
                                   struct pie_picture **ret)
{
    struct pie_picture *picture = pie_picture_new();
    struct pie_scene *scene = pie_scene_new(&pie_mem_libc, o->width, o->height, o->prompt,
                                            o->seed + (uint32_t)index * 40503u);
    apipie_status status = APIPIE_E_MEMORY;

    if (picture != NULL && scene != NULL)
        status = pie_png_draw(scene, o->width, o->height, &picture->png);
    pie_scene_free(scene);
    if (status != APIPIE_OK) {
        pie_picture_unref(picture);
        return status;
    }
    *ret = picture;
    return APIPIE_OK;
}

static void generate_link(struct apipie_sandbox *box, const struct pie_fault *f,
                          struct pie_picture *picture, struct pie_buf *out)
{
    if (f->set & PIE_FAULT_URL404)
        picture->misses = 2;
    picture->wrong_mime = (f->set & PIE_FAULT_WRONGMIME) != 0;
    pie_lock_take(box->lock);
    pie_store_put(&box->store, picture);
    if (!(f->set & PIE_FAULT_RELURL))
        pie_buf_add_text(out, box->root);
    pie_lock_drop(box->lock);
    pie_buf_add_text(out, "/temp/");
    pie_buf_add_text(out, picture->name);
}

static void generate_item(struct apipie_sandbox *box, const struct pie_order *o,
                          const struct pie_fault *f, struct pie_picture *picture,
                          struct pie_buf *out)
{
    int32_t link_in_base64 = (f->set & PIE_FAULT_URLIN64) != 0;

    if (o->base64 || link_in_base64) {
        pie_buf_add_text(out, "{\"url\":null,\"b64_json\":\"");
        if (link_in_base64)
            generate_link(box, f, picture, out);
        else
            generate_base64(out, &picture->png);
        pie_buf_add_char(out, '"');
    } else {
        pie_buf_add_text(out, "{\"url\":\"");
        if (f->set & PIE_FAULT_DATAURL) {
            pie_buf_add_text(out, "data:image/png;base64,");
            generate_base64(out, &picture->png);
        } else {
            generate_link(box, f, picture, out);
        }
        pie_buf_add_text(out, "\",\"b64_json\":null");
    }
    if (o->revised) {
        pie_buf_add_text(out, ",\"revised_prompt\":");
        pie_json_string(out, o->prompt);
    }
    pie_buf_add_char(out, '}');
}

/* A word is a token, and three frame them: the documented example counts 15. */
static uint64_t generate_tokens(struct pie_slice prompt)
{
    uint64_t words = 0;
    int32_t inside = 0;

    for (size_t i = 0; i < prompt.n; i++) {
        int32_t blank = pie_is_blank(prompt.p[i]);

        words += !blank && !inside ? 1 : 0;
        inside = !blank;
    }
    return words + 3;
}

static void generate_usage(const struct pie_order *o, const struct pie_fault *f, int64_t cost,
                           struct pie_buf *out)
{
    const char *quote = f->set & PIE_FAULT_COSTSTRING ? "\"" : "";
    uint64_t tokens = generate_tokens(o->prompt);

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

/* Of valid UTF-8. */
static int64_t generate_characters(struct pie_slice text)
{
    int64_t characters = 0;

    for (size_t i = 0; i < text.n; i++)
        characters += ((unsigned char)text.p[i] & 0xC0) != 0x80 ? 1 : 0;
    return characters;
}

static void generate_bill(struct apipie_sandbox *box, const struct pie_order *o,
                          const struct pie_fault *f, int64_t cost)
{
    struct pie_till_row row;

    row.model = o->model;
    row.cost = cost;
    row.tokens = (int64_t)generate_tokens(o->prompt);
    row.characters = generate_characters(o->prompt);
    row.latency_ms = pie_price_latency(o->model->provider, o->width, o->height, o->hd);
    pie_lock_take(box->lock);
    row.wall_ms = pie_clock_wall_ms();
    row.visible_ms = pie_clock_ms() + f->late_ms;
    box->billed++;
    box->billed_micro += cost;
    pie_till_add(&box->till, &row);
    pie_lock_drop(box->lock);
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
        generate_bill(box, o, f, cost);
}

/* The server's, which this call uses up. The lock is held. */
static void generate_server_fault(struct apipie_sandbox *box, struct pie_fault *ret)
{
    if (box->fault_times != 0)
        *ret = box->fault;
    if (box->fault_times > 0)
        box->fault_times--;
}

/* The call's own fault, else its route's, else the server's. */
static apipie_status generate_fault(struct apipie_sandbox *box, const struct pie_model *model,
                                    struct pie_slice words, struct pie_answer *answer,
                                    struct pie_fault *ret)
{
    const struct pie_fault *outage;

    if (words.n != 0)
        return pie_spoil_words(words, answer, ret);
    memset(ret, 0, sizeof(*ret));
    pie_lock_take(box->lock);
    outage = pie_outage_of(box->outages, model);
    if (outage != NULL)
        *ret = *outage;
    else
        generate_server_fault(box, ret);
    pie_lock_drop(box->lock);
    return APIPIE_OK;
}

static int32_t generate_n_max(struct apipie_sandbox *box)
{
    int32_t n;

    pie_lock_take(box->lock);
    n = box->n_max;
    pie_lock_drop(box->lock);
    return n;
}

static void generate_order(struct apipie_sandbox *box, const struct pie_node *root,
                           struct pie_slice header_fault, struct pie_answer *answer)
{
    struct pie_order order;
    struct pie_fault fault;

    if (pie_order_read(root, generate_n_max(box), answer, &order) != APIPIE_OK ||
        generate_fault(box, order.model, header_fault.n != 0 ? header_fault : order.fault, answer,
                       &fault) != APIPIE_OK)
        return;
    if (fault.set & PIE_FAULT_ONLYONE && order.n > 1)
        (void)pie_order_refuse_n(answer, 1);
    else if (fault.set & PIE_FAULT_REFUSED)
        pie_spoil_refuse(&fault, answer);
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
