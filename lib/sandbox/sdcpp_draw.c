/* SPDX-License-Identifier: MIT */
/* Knows stable-diffusion.cpp's own parameters, its one-at-a-time drawing and its input pictures; must not know routes. */
#include "sandbox/wires_priv.h"

#define SDCPP_SIDE_MIN 64
#define SDCPP_SIDE_MAX 4096
#define SDCPP_STEPS    20

void pie_sdcpp_order_init(struct pie_sdcpp_order *o)
{
    memset(o, 0, sizeof(*o));
    pie_buf_init(&o->prompt, &pie_mem_libc, PIE_SANDBOX_TEXT_MAX);
    o->n = 1;
    o->width = o->height = 512;
    o->steps = SDCPP_STEPS;
    o->seed = 42;
    o->look = PIE_DRAW_HASH;
}

void pie_sdcpp_order_free(struct pie_sdcpp_order *o)
{
    pie_buf_free(&o->prompt);
}

/* ---- native parameters */

static apipie_status sdcpp_int(const struct pie_node *root, const char *name, int64_t least,
                               int64_t *ret)
{
    const struct pie_node *node = pie_call_get(root, name);

    if (node == NULL)
        return APIPIE_OK;
    if (pie_node_kind(node) != PIE_JSON_NUMERIC || pie_node_int(node, ret) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    return *ret >= least && *ret <= INT32_MAX ? APIPIE_OK : APIPIE_E_ARGUMENT;
}

static apipie_status sdcpp_size(const struct pie_node *root, const char *name, int32_t *ret)
{
    int64_t v = *ret;
    apipie_status status = sdcpp_int(root, name, INT32_MIN, &v);

    *ret = (int32_t)v;
    return status;
}

/* Below 0: any. */
static apipie_status sdcpp_seed(const struct pie_node *root, uint64_t *ret)
{
    const struct pie_node *node = pie_call_get(root, "seed");
    int64_t v = 0;

    if (node == NULL)
        return APIPIE_OK;
    if (pie_node_kind(node) != PIE_JSON_NUMERIC)
        return APIPIE_E_ARGUMENT;
    if (pie_node_uint(node, ret) == APIPIE_OK)
        return APIPIE_OK;
    if (pie_node_int(node, &v) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    *ret = pie_random_below(INT32_MAX);
    return APIPIE_OK;
}

apipie_status pie_sdcpp_native(const struct pie_node *root, struct pie_sdcpp_order *o)
{
    static const char *const texts[] = {"negative_prompt", "cache_mode"};
    static const char *const numbers[] = {"strength", "control_strength"};
    const struct pie_node *prompt = pie_call_get(root, "prompt");
    const struct pie_node *sample = pie_call_get(root, "sample_params");

    if (pie_node_kind(root) != PIE_JSON_OBJECT ||
        (prompt != NULL && pie_node_kind(prompt) != PIE_JSON_TEXT) ||
        (sample != NULL && pie_node_kind(sample) != PIE_JSON_OBJECT) ||
        sdcpp_size(root, "width", &o->width) != APIPIE_OK ||
        sdcpp_size(root, "height", &o->height) != APIPIE_OK ||
        sdcpp_size(root, "batch_count", &o->n) != APIPIE_OK ||
        sdcpp_int(sample, "sample_steps", 1, &o->steps) != APIPIE_OK ||
        sdcpp_seed(root, &o->seed) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    for (size_t i = 0; i < PIE_COUNT(texts); i++) {
        const struct pie_node *node = pie_call_get(root, texts[i]);

        if (node != NULL && pie_node_kind(node) != PIE_JSON_TEXT)
            return APIPIE_E_ARGUMENT;
        if (node != NULL)
            o->look = pie_draw_hash(o->look, pie_node_text(node));
    }
    for (size_t i = 0; i < PIE_COUNT(numbers); i++) {
        const struct pie_node *node = pie_call_get(root, numbers[i]);

        if (node != NULL && pie_node_kind(node) != PIE_JSON_NUMERIC)
            return APIPIE_E_ARGUMENT;
        if (node != NULL)
            o->look = pie_draw_hash(o->look, pie_node_text(node));
    }
    if (prompt != NULL) {
        pie_buf_clear(&o->prompt);
        pie_buf_add_slice(&o->prompt, pie_node_text(prompt));
    }
    return o->prompt.failed == APIPIE_OK ? APIPIE_OK : APIPIE_E_ARGUMENT;
}

apipie_status pie_sdcpp_check(const struct pie_sdcpp_order *o)
{
    return o->prompt.n != 0 && o->width >= SDCPP_SIDE_MIN && o->height >= SDCPP_SIDE_MIN &&
                   o->width <= SDCPP_SIDE_MAX && o->height <= SDCPP_SIDE_MAX && o->n >= 1 &&
                   o->n <= PIE_SDCPP_N
               ? APIPIE_OK
               : APIPIE_E_ARGUMENT;
}

/* ---- input pictures */

apipie_status pie_sdcpp_input(struct pie_slice text, int32_t is_mask, struct pie_inputs *in)
{
    struct pie_probe probe;
    struct pie_buf bytes;
    apipie_status status;

    if (text.n == 0)
        return APIPIE_OK;
    if (pie_slice_starts_nocase(text, "data:")) {
        const char *comma = memchr(text.p, ',', text.n);

        if (comma == NULL)
            return APIPIE_E_ARGUMENT;
        text = pie_slice(comma + 1, text.n - (size_t)(comma + 1 - text.p));
    }
    pie_buf_init(&bytes, &pie_mem_libc, PIE_SANDBOX_BODY_MAX);
    status = pie_probe_base64(text, &bytes);
    pie_probe(pie_buf_slice(&bytes), &probe);
    if (status == APIPIE_OK && probe.kind == PIE_PROBE_OTHER)
        status = APIPIE_E_ARGUMENT;
    if (status == APIPIE_OK && is_mask)
        pie_inputs_mask(in, pie_buf_slice(&bytes));
    else if (status == APIPIE_OK)
        pie_box_inputs_add(in, pie_buf_slice(&bytes), &probe);
    pie_buf_free(&bytes);
    return status;
}

static apipie_status sdcpp_picture(const struct pie_node *node, int32_t is_mask,
                                   struct pie_inputs *in)
{
    if (node == NULL)
        return APIPIE_OK;
    if (pie_node_kind(node) != PIE_JSON_TEXT)
        return APIPIE_E_ARGUMENT;
    return pie_sdcpp_input(pie_node_text(node), is_mask, in);
}

apipie_status pie_sdcpp_native_inputs(const struct pie_node *root, struct pie_sdcpp_order *o)
{
    static const char *const single[] = {"init_image", "control_image", "ip_adapter_image"};
    const struct pie_node *list = pie_call_get(root, "ref_images");

    for (size_t i = 0; i < PIE_COUNT(single); i++)
        if (sdcpp_picture(pie_call_get(root, single[i]), 0, &o->inputs) != APIPIE_OK)
            return APIPIE_E_ARGUMENT;
    if (list != NULL && pie_node_kind(list) != PIE_JSON_ARRAY)
        return APIPIE_E_ARGUMENT;
    for (size_t i = 0; i < pie_node_count(list); i++)
        if (sdcpp_picture(pie_node_at(list, i), 0, &o->inputs) != APIPIE_OK)
            return APIPIE_E_ARGUMENT;
    return sdcpp_picture(pie_call_get(root, "mask_image"), 1, &o->inputs);
}

/* ---- drawing */

apipie_status pie_sdcpp_turn(struct apipie_sandbox *box)
{
    apipie_status status;

    pie_lock_take(box->lock);
    box->numbers[APIPIE_SANDBOX_WAITING]++;
    while (box->sdcpp.busy && !box->stopping)
        pie_lock_wait(box->lock, -1);
    box->numbers[APIPIE_SANDBOX_WAITING]--;
    status = box->stopping ? APIPIE_E_CANCELLED : APIPIE_OK;
    if (status == APIPIE_OK) {
        box->sdcpp.busy = 1;
        box->numbers[APIPIE_SANDBOX_RUNNING]++;
    }
    pie_lock_drop(box->lock);
    return status;
}

void pie_sdcpp_turn_end(struct apipie_sandbox *box)
{
    pie_lock_take(box->lock);
    box->sdcpp.busy = 0;
    box->numbers[APIPIE_SANDBOX_RUNNING]--;
    pie_lock_wake(box->lock);
    pie_lock_drop(box->lock);
}

apipie_status pie_sdcpp_draw(struct apipie_sandbox *box, const struct pie_sdcpp_order *o,
                             int32_t index, struct pie_buf *out)
{
    struct pie_drawing d = {pie_buf_slice(&o->prompt), o->look, o->width, o->height, 1};
    int32_t ms;

    pie_lock_take(box->lock);
    ms = box->draw_ms;
    pie_lock_drop(box->lock);
    if (pie_sandbox_sleep(box, ms) != APIPIE_OK)
        return APIPIE_E_CANCELLED;
    d.seed = pie_draw_hash(d.seed, d.prompt);
    d.seed = pie_draw_hash_uint(d.seed, (uint64_t)o->steps);
    d.seed = pie_draw_hash_uint(d.seed, o->inputs.hash);
    d.seed = pie_draw_hash_uint(d.seed, o->seed + (uint64_t)index);
    return pie_draw(&d, out);
}
