/* SPDX-License-Identifier: MIT */
/* Knows what Automatic1111 reads of a request for pictures, and what it answers; must not know HTTP or other jobs. */
#include "sandbox/wires_priv.h"

#define A_DRAW_PICTURES 100
#define A_DRAW_GRID     512 /* the longer side of a grid */

struct a1111_order {
    const struct pie_node *root;
    struct pie_slice prompt, negative, sampler;
    int64_t steps, batch, iterations, width, height;
    int32_t seeded, model, keeps_model, sends, grid, image_route;
    uint64_t seed, subseed;
    uint32_t look; /* of all that changes the picture but prompt and seed */
    struct pie_inputs inputs;
};

static const struct a1111_member {
    const char *name;
    int32_t kind; /* PIE_JSON_NUMERIC is a whole number, PIE_OPENAI_FILE any number */
} a1111_members[] = {
    {"prompt", PIE_JSON_TEXT},
    {"negative_prompt", PIE_JSON_TEXT},
    {"styles", PIE_JSON_ARRAY},
    {"seed", PIE_JSON_NUMERIC},
    {"subseed", PIE_JSON_NUMERIC},
    {"subseed_strength", PIE_OPENAI_FILE},
    {"sampler_name", PIE_JSON_TEXT},
    {"sampler_index", PIE_JSON_TEXT},
    {"scheduler", PIE_JSON_TEXT},
    {"batch_size", PIE_JSON_NUMERIC},
    {"n_iter", PIE_JSON_NUMERIC},
    {"steps", PIE_JSON_NUMERIC},
    {"cfg_scale", PIE_OPENAI_FILE},
    {"width", PIE_JSON_NUMERIC},
    {"height", PIE_JSON_NUMERIC},
    {"restore_faces", PIE_JSON_BOOL},
    {"tiling", PIE_JSON_BOOL},
    {"denoising_strength", PIE_OPENAI_FILE},
    {"override_settings", PIE_JSON_OBJECT},
    {"override_settings_restore_afterwards", PIE_JSON_BOOL},
    {"enable_hr", PIE_JSON_BOOL},
    {"hr_scale", PIE_OPENAI_FILE},
    {"script_name", PIE_JSON_TEXT},
    {"script_args", PIE_JSON_ARRAY},
    {"alwayson_scripts", PIE_JSON_OBJECT},
    {"send_images", PIE_JSON_BOOL},
    {"save_images", PIE_JSON_BOOL},
    {"do_not_save_grid", PIE_JSON_BOOL},
    {"init_images", PIE_JSON_ARRAY},
    {"mask", PIE_JSON_TEXT},
    {"mask_blur", PIE_JSON_NUMERIC},
    {"inpainting_fill", PIE_JSON_NUMERIC},
    {"inpaint_full_res", PIE_JSON_BOOL},
    {"inpaint_full_res_padding", PIE_JSON_NUMERIC},
    {"inpainting_mask_invert", PIE_JSON_NUMERIC},
    {"resize_mode", PIE_JSON_NUMERIC},
    {"include_init_images", PIE_JSON_BOOL},
};

/* ---- reading */

/* Numbers come as text too, as the real one's models take them. */
static int32_t a1111_is_kind(const struct pie_node *node, int32_t kind)
{
    struct pie_slice text = pie_node_text(node);
    int32_t is = pie_node_kind(node);

    if (kind == PIE_JSON_NUMERIC || kind == PIE_OPENAI_FILE)
        return (is == PIE_JSON_NUMERIC || is == PIE_JSON_TEXT) && pie_json_is_number(text) &&
               (kind == PIE_OPENAI_FILE || strcspn(text.p, ".eE") >= text.n);
    return is == kind;
}

static apipie_status a1111_check(const struct pie_node *root, struct pie_answer *answer)
{
    for (size_t i = 0; i < PIE_COUNT(a1111_members); i++) {
        const struct a1111_member *m = &a1111_members[i];
        const struct pie_node *node = pie_call_get(root, m->name);

        if (node == NULL || a1111_is_kind(node, m->kind))
            continue;
        pie_answer_invalid(answer, m->name,
                           m->kind == PIE_JSON_TEXT      ? "str type expected"
                           : m->kind == PIE_JSON_NUMERIC ? "value is not a valid integer"
                           : m->kind == PIE_JSON_BOOL    ? "value could not be parsed to a boolean"
                           : m->kind == PIE_JSON_ARRAY   ? "value is not a valid list"
                           : m->kind == PIE_JSON_OBJECT  ? "value is not a valid dict"
                                                         : "value is not a valid float",
                           m->kind == PIE_JSON_TEXT      ? "type_error.str"
                           : m->kind == PIE_JSON_NUMERIC ? "type_error.integer"
                           : m->kind == PIE_JSON_BOOL    ? "value_error.boolean"
                           : m->kind == PIE_JSON_ARRAY   ? "type_error.list"
                           : m->kind == PIE_JSON_OBJECT  ? "type_error.dict"
                                                         : "type_error.float");
        return APIPIE_E_ARGUMENT;
    }
    return APIPIE_OK;
}

static int64_t a1111_int(const struct pie_node *root, const char *name, int64_t otherwise)
{
    int64_t v = otherwise;

    (void)pie_node_int(pie_call_get(root, name), &v);
    return v;
}

static struct pie_slice a1111_words(const struct pie_node *root, const char *name)
{
    return pie_node_text(pie_call_get(root, name));
}

/* -1 and none: any. */
static uint64_t a1111_seed(const struct pie_node *root, const char *name)
{
    uint64_t v = 0;

    if (pie_node_uint(pie_call_get(root, name), &v) == APIPIE_OK)
        return v;
    return pie_random_below(UINT32_MAX);
}

static apipie_status a1111_raise(struct pie_answer *answer, const char *error, const char *text)
{
    pie_a1111_error(answer, 500, error, text, NULL);
    return APIPIE_E_ARGUMENT;
}

static apipie_status a1111_refuse(struct pie_answer *answer, int32_t status, const char *text)
{
    pie_a1111_error(answer, status, "HTTPException", text, NULL);
    return APIPIE_E_ARGUMENT;
}

static apipie_status a1111_scripts(const struct pie_node *root, struct pie_answer *answer)
{
    if (a1111_words(root, "script_name").n != 0)
        return a1111_refuse(answer, 422, "Script 'script_name' not found");
    if (pie_node_count(pie_call_get(root, "alwayson_scripts")) != 0)
        return a1111_refuse(answer, 422, "always on script not found");
    return APIPIE_OK;
}

static apipie_status a1111_samplers_of(const struct pie_node *root, struct pie_answer *answer,
                                       struct a1111_order *o)
{
    o->sampler = a1111_words(root, "sampler_name");
    if (o->sampler.n == 0)
        o->sampler = a1111_words(root, "sampler_index");
    if (o->sampler.n == 0)
        o->sampler = pie_slice_text("Euler");
    if (pie_a1111_has_sampler(o->sampler))
        return APIPIE_OK;
    return a1111_refuse(answer, 400, "Sampler not found");
}

static apipie_status a1111_sizes(const struct pie_node *root, struct pie_answer *answer,
                                 struct a1111_order *o)
{
    o->steps = a1111_int(root, "steps", 50);
    o->batch = a1111_int(root, "batch_size", 1);
    o->iterations = a1111_int(root, "n_iter", 1);
    o->width = a1111_int(root, "width", 512) / 8 * 8;
    o->height = a1111_int(root, "height", 512) / 8 * 8;
    if (o->width < 8 || o->height < 8 || o->batch < 1 || o->iterations < 1 || o->steps < 1)
        return a1111_raise(answer, "RuntimeError",
                           "Trying to create tensor with negative dimension");
    if (o->width > PIE_SANDBOX_SIDE_MAX || o->height > PIE_SANDBOX_SIDE_MAX ||
        o->batch > A_DRAW_PICTURES || o->iterations > A_DRAW_PICTURES ||
        o->batch * o->iterations > A_DRAW_PICTURES)
        return a1111_raise(answer, "OutOfMemoryError",
                           "CUDA out of memory. Tried to allocate 20.00 GiB (GPU 0; 8.00 GiB total "
                           "capacity; 5.41 GiB already allocated)");
    return APIPIE_OK;
}

/* An unknown checkpoint is dropped without a word, as there. */
static void a1111_override(struct apipie_sandbox *box, const struct pie_node *root,
                           struct a1111_order *o)
{
    const struct pie_node *settings = pie_call_get(root, "override_settings");
    int32_t wanted = pie_a1111_model(a1111_words(settings, "sd_model_checkpoint"));

    pie_lock_take(box->lock);
    o->model = wanted >= 0 ? wanted : box->a1111.model;
    o->keeps_model = a1111_int(root, "override_settings_restore_afterwards", 1) == 0;
    pie_lock_drop(box->lock);
}

/* "data:image/png;base64,..." is cut at the first ';' and the first ',' behind it; what has no such start is base64. */
static apipie_status a1111_picture(struct pie_slice text, int32_t is_mask,
                                   struct pie_answer *answer, struct pie_inputs *in)
{
    struct pie_probe probe;
    struct pie_buf bytes;
    apipie_status status;
    size_t at = 0;

    if (pie_slice_starts_nocase(text, "http://127.") ||
        pie_slice_starts_nocase(text, "http://localhost"))
        return a1111_refuse(answer, 500, "Request to local resource not allowed");
    if (pie_slice_starts_nocase(text, "http://") || pie_slice_starts_nocase(text, "https://"))
        return a1111_refuse(answer, 500, "Requests not allowed");
    if (pie_slice_starts_nocase(text, "data:image/")) {
        while (at < text.n && text.p[at] != ';')
            at++;
        while (at < text.n && text.p[at] != ',')
            at++;
        at += at < text.n ? 1 : 0;
    }
    pie_buf_init(&bytes, &pie_mem_libc, PIE_SANDBOX_BODY_MAX);
    status = pie_probe_base64(pie_slice(text.p + at, text.n - at), &bytes);
    pie_probe(pie_buf_slice(&bytes), &probe);
    if (status != APIPIE_OK || probe.kind == PIE_PROBE_OTHER)
        status = a1111_refuse(answer, 500, "Invalid encoded image");
    else if (is_mask)
        pie_inputs_mask(in, pie_buf_slice(&bytes));
    else
        pie_box_inputs_add(in, pie_buf_slice(&bytes), &probe);
    pie_buf_free(&bytes);
    return status;
}

static apipie_status a1111_inputs(const struct pie_node *root, struct pie_answer *answer,
                                  struct a1111_order *o)
{
    const struct pie_node *images = pie_call_get(root, "init_images");
    struct pie_slice mask = a1111_words(root, "mask");

    if (images == NULL)
        return a1111_refuse(answer, 404, "Init image not found");
    if (pie_node_count(images) == 0)
        return a1111_raise(answer, "IndexError", "list index out of range");
    if (pie_node_count(images) > (size_t)o->batch && pie_node_count(images) != 1)
        return a1111_raise(answer, "RuntimeError", "bad number of images passed");
    for (size_t i = 0; i < pie_node_count(images); i++)
        if (a1111_picture(pie_node_text(pie_node_at(images, i)), 0, answer, &o->inputs) !=
            APIPIE_OK)
            return APIPIE_E_ARGUMENT;
    return mask.n != 0 ? a1111_picture(mask, 1, answer, &o->inputs) : APIPIE_OK;
}

static apipie_status a1111_read(struct apipie_sandbox *box, const struct pie_node *root,
                                struct pie_answer *answer, struct a1111_order *o)
{
    if (pie_node_kind(root) != PIE_JSON_OBJECT) {
        pie_answer_invalid(answer, NULL, "value is not a valid dict", "type_error.dict");
        return APIPIE_E_ARGUMENT;
    }
    o->root = root;
    if (a1111_check(root, answer) != APIPIE_OK || a1111_scripts(root, answer) != APIPIE_OK ||
        a1111_samplers_of(root, answer, o) != APIPIE_OK ||
        a1111_sizes(root, answer, o) != APIPIE_OK ||
        (o->image_route && a1111_inputs(root, answer, o) != APIPIE_OK))
        return APIPIE_E_ARGUMENT;
    a1111_override(box, root, o);
    o->prompt = a1111_words(root, "prompt");
    o->negative = a1111_words(root, "negative_prompt");
    o->seed = a1111_seed(root, "seed");
    o->subseed = a1111_seed(root, "subseed");
    o->sends = a1111_int(root, "send_images", 1) != 0;
    o->grid = a1111_int(root, "save_images", 0) != 0 &&
              a1111_int(root, "do_not_save_grid", 0) == 0 && o->batch * o->iterations > 1;
    o->look = pie_draw_hash(PIE_DRAW_HASH, o->negative);
    o->look = pie_draw_hash(o->look, pie_slice_text(pie_a1111_model_name(o->model)));
    o->look = pie_draw_hash(o->look, a1111_words(root, "denoising_strength"));
    o->look = pie_draw_hash_uint(o->look, (uint64_t)o->steps);
    o->look = pie_draw_hash_uint(o->look, o->inputs.hash);
    return APIPIE_OK;
}

/* ---- writing */

static void a1111_pair(struct pie_buf *out, const char *key, struct pie_slice value)
{
    pie_buf_add_text(out, key);
    pie_json_string(out, value);
}

static void a1111_count(struct pie_buf *out, const char *key, int64_t value)
{
    pie_buf_add_text(out, key);
    pie_buf_add_int(out, value);
}

/* ",\"all_seeds\":[7,8,9]" */
static void a1111_seeds(struct pie_buf *out, const char *key, uint64_t first, int64_t count)
{
    pie_buf_add_text(out, key);
    for (int64_t i = 0; i < count; i++) {
        if (i != 0)
            pie_buf_add_char(out, ',');
        pie_buf_add_uint(out, first + (uint64_t)i);
    }
    pie_buf_add_char(out, ']');
}

static void a1111_repeat(struct pie_buf *out, const char *key, struct pie_slice value,
                         int64_t count)
{
    pie_buf_add_text(out, key);
    for (int64_t i = 0; i < count; i++) {
        if (i != 0)
            pie_buf_add_char(out, ',');
        pie_json_string(out, value);
    }
    pie_buf_add_char(out, ']');
}

/* JSON, which the answer holds as a string. All pictures are named, also those that an interrupt prevented. */
static void a1111_info(const struct a1111_order *o, int32_t grid, struct pie_buf *out)
{
    struct pie_slice strength = a1111_words(o->root, "denoising_strength");
    struct pie_slice cfg = a1111_words(o->root, "cfg_scale");
    int64_t count = o->batch * o->iterations;
    const char *hash = pie_a1111_model_hash(o->model);

    a1111_pair(out, "{\"prompt\":", o->prompt);
    a1111_repeat(out, ",\"all_prompts\":[", o->prompt, count);
    a1111_pair(out, ",\"negative_prompt\":", o->negative);
    a1111_repeat(out, ",\"all_negative_prompts\":[", o->negative, count);
    pie_buf_add_text(out, ",\"seed\":");
    pie_buf_add_uint(out, o->seed);
    a1111_seeds(out, ",\"all_seeds\":[", o->seed, count);
    pie_buf_add_text(out, ",\"subseed\":");
    pie_buf_add_uint(out, o->subseed);
    a1111_seeds(out, ",\"all_subseeds\":[", o->subseed, count);
    a1111_count(out, ",\"subseed_strength\":0,\"width\":", o->width);
    a1111_count(out, ",\"height\":", o->height);
    a1111_pair(out, ",\"sampler_name\":", o->sampler);
    pie_buf_add_text(out, ",\"cfg_scale\":");
    pie_buf_add_slice(out, cfg.n != 0 ? cfg : pie_slice_text("7.0"));
    a1111_count(out, ",\"steps\":", o->steps);
    a1111_count(out, ",\"batch_size\":", o->batch);
    pie_buf_add_text(out, ",\"restore_faces\":false,\"face_restoration_model\":null");
    a1111_pair(out, ",\"sd_model_name\":", pie_slice_text(pie_a1111_model_name(o->model)));
    a1111_pair(out, ",\"sd_model_hash\":", pie_slice_text(hash));
    pie_buf_add_text(out, ",\"sd_vae_name\":null,\"sd_vae_hash\":null,\"seed_resize_from_w\":-1,"
                          "\"seed_resize_from_h\":-1,\"denoising_strength\":");
    pie_buf_add_slice(out, strength.n != 0       ? strength
                           : o->image_route != 0 ? pie_slice_text("0.75")
                                                 : pie_slice_text("null"));
    a1111_count(out, ",\"extra_generation_params\":{},\"index_of_first_image\":", grid);
    a1111_repeat(out, ",\"infotexts\":[", o->prompt, count + grid);
    pie_buf_add_text(out, ",\"styles\":[],\"job_timestamp\":\"20261101120000\",\"clip_skip\":1,"
                          "\"is_using_inpainting_conditioning\":false,\"version\":\"v1.10.1\"}");
}

/* Every member that was sent; the pictures are not given back. */
static void a1111_echo(const struct a1111_order *o, struct pie_buf *out)
{
    const char *key = NULL;

    pie_buf_add_text(out, "],\"parameters\":{");
    for (size_t i = 0; i < pie_node_count(o->root); i++) {
        const struct pie_node *node = pie_node_member(o->root, i, &key);

        a1111_pair(out, i != 0 ? "," : "", pie_slice_text(key));
        pie_buf_add_char(out, ':');
        if (strcmp(key, "init_images") == 0 || strcmp(key, "mask") == 0)
            pie_buf_add_text(out, "null");
        else
            pie_node_write(node, out);
    }
    pie_buf_add_text(out, "},\"info\":");
}

/* ---- drawing */

static apipie_status a1111_draw_one(const struct a1111_order *o, uint64_t seed, int32_t share,
                                    int64_t side, struct pie_buf *out)
{
    struct pie_drawing d;
    struct pie_buf png;
    apipie_status status;
    int64_t longer = o->width > o->height ? o->width : o->height;

    d.prompt = o->prompt;
    d.seed = pie_draw_hash_uint(pie_draw_hash(o->look, o->prompt), seed);
    d.width = (int32_t)(side != 0 ? (o->width * side + longer - 1) / longer : o->width);
    d.height = (int32_t)(side != 0 ? (o->height * side + longer - 1) / longer : o->height);
    d.coarse = share < 1000 ? 16 : 1;
    pie_buf_init(&png, &pie_mem_libc, PIE_SANDBOX_REPLY_MAX);
    status = pie_draw(&d, &png);
    pie_buf_add_char(out, '"');
    pie_draw_base64(out, pie_buf_slice(&png));
    pie_buf_add_char(out, '"');
    pie_buf_free(&png);
    return status == APIPIE_OK ? out->failed : status;
}

/* As many rounds as were asked for, or until somebody interrupts: what is begun then comes as it is. */
static apipie_status a1111_rounds(struct apipie_sandbox *box, const struct a1111_order *o,
                                  const struct pie_fault *f, struct pie_buf *out)
{
    apipie_status status = APIPIE_OK;
    int64_t most = o->batch * o->iterations - (f->set & PIE_FAULT_FEWER ? 1 : 0), made = 0;

    for (int64_t i = 0; i < o->iterations && status == APIPIE_OK; i++) {
        int32_t share = pie_a1111_pass(box, (int32_t)i, (int32_t)o->iterations);

        for (int64_t k = 0; k < o->batch && made < most && status == APIPIE_OK; k++, made++) {
            if (!o->sends || f->set & PIE_FAULT_NOIMAGE)
                continue;
            if (out->p[out->n - 1] == '"')
                pie_buf_add_char(out, ',');
            status = a1111_draw_one(o, o->seed + (uint64_t)made, share, 0, out);
        }
        if (pie_a1111_is_interrupted(box))
            break;
    }
    return status;
}

static void a1111_make(struct apipie_sandbox *box, const struct a1111_order *o,
                       const struct pie_fault *f, struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body, info;
    int32_t grid = f->set & PIE_FAULT_GRID || o->grid;
    apipie_status status = APIPIE_OK;

    pie_buf_init(&info, &pie_mem_libc, PIE_SANDBOX_REPLY_MAX);
    pie_buf_add_text(out, "{\"images\":[");
    if (grid)
        status = a1111_draw_one(o, o->seed, 1000, A_DRAW_GRID, out);
    if (status == APIPIE_OK)
        status = a1111_rounds(box, o, f, out);
    a1111_echo(o, out);
    a1111_info(o, grid, &info);
    pie_json_string(out, pie_buf_slice(&info));
    pie_buf_add_char(out, '}');
    if (status != APIPIE_OK || info.failed != APIPIE_OK || out->failed != APIPIE_OK)
        (void)a1111_raise(answer, "MemoryError", "");
    pie_buf_free(&info);
}

static void a1111_run(struct apipie_sandbox *box, const struct a1111_order *o,
                      const struct pie_fault *f, struct pie_answer *answer)
{
    struct pie_a1111 job;

    memset(&job, 0, sizeof(job));
    job.steps = (int32_t)(o->steps < INT32_MAX ? o->steps : INT32_MAX);
    job.seed = (uint32_t)o->seed;
    job.draw_ms = f->stall_ms;
    pie_text_copy(pie_slice_text(o->image_route ? "scripts_img2img" : "scripts_txt2img"), job.job,
                  sizeof(job.job));
    pie_text_copy(o->prompt, job.prompt, sizeof(job.prompt));
    memcpy(job.progress, f->progress, sizeof(job.progress));
    if (pie_a1111_begin(box, &job) != APIPIE_OK) {
        answer->cut = 1;
        return;
    }
    pie_box_note(box, &o->inputs, &o->seed, o->steps);
    a1111_make(box, o, f, answer);
    pie_lock_take(box->lock);
    if (o->keeps_model)
        box->a1111.model = o->model;
    pie_lock_drop(box->lock);
    pie_a1111_end(box);
}

static void a1111_ask(struct apipie_sandbox *box, const struct pie_call *call, int32_t image_route,
                      struct pie_answer *answer)
{
    struct pie_doc *doc = NULL;
    struct pie_fault fault;
    struct a1111_order o;
    apipie_status status = pie_call_json(call, &doc);

    memset(&o, 0, sizeof(o));
    o.image_route = image_route;
    if (status != APIPIE_OK)
        pie_answer_invalid(answer, NULL, "Expecting value: line 1 column 1 (char 0)",
                           "value_error.jsondecode");
    else if (!pie_media_is(call->media, "application/json"))
        pie_answer_invalid(answer, NULL, "value is not a valid dict", "type_error.dict");
    else if (a1111_read(box, pie_doc_root(doc), answer, &o) == APIPIE_OK &&
             pie_spoil_choose(box, &pie_sandbox_local[0], call->fault, answer, &fault) ==
                 APIPIE_OK) {
        if (fault.set & PIE_FAULT_REFUSED)
            pie_spoil_refuse(&fault, answer, pie_a1111_error);
        else
            a1111_run(box, &o, &fault, answer);
        if (!(fault.set & PIE_FAULT_REFUSED)) /* it was the drawing that stalled */
            fault.set &= ~PIE_FAULT_STALL;
        pie_spoil_answer(box, &fault, answer);
    }
    pie_doc_free(doc);
}

void pie_a1111_txt2img(struct apipie_sandbox *box, const struct pie_call *call,
                       struct pie_answer *answer)
{
    a1111_ask(box, call, 0, answer);
}

void pie_a1111_img2img(struct apipie_sandbox *box, const struct pie_call *call,
                       struct pie_answer *answer)
{
    a1111_ask(box, call, 1, answer);
}
