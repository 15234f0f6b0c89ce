/* SPDX-License-Identifier: MIT */
/* Knows the web API of Automatic1111's Stable Diffusion web UI, which Forge speaks too (modules/api of
 * https://github.com/AUTOMATIC1111/stable-diffusion-webui); must not send anything. */
#include "dialect/shared_priv.h"
#include "flow/flow.h"

static const struct pie_path a1111_paths[] = {
    {"images[]", PIE_PATH_IMAGE},
    {NULL, 0},
};

static int32_t a1111_names_model(const struct pie_call *c)
{
    return c->model != NULL && c->model[0] != '\0';
}

/* ---- encode */

static const struct {
    const char *name;
    int32_t text;
} a1111_texts[] = {
    {"prompt", PIE_WISH_PROMPT},
    {"negative_prompt", PIE_WISH_NEGATIVE},
    {"sampler_name", PIE_WISH_SAMPLER},
};

static const struct {
    const char *name;
    uint32_t has;
} a1111_numbers[] = {
    {"batch_size", PIE_WISH_HAS_N},       {"width", PIE_WISH_HAS_SIZE},
    {"height", PIE_WISH_HAS_SIZE},        {"steps", PIE_WISH_HAS_STEPS},
    {"cfg_scale", PIE_WISH_HAS_GUIDANCE}, {"denoising_strength", PIE_WISH_HAS_STRENGTH},
    {"seed", PIE_WISH_HAS_SEED},
};

static void a1111_number(struct pie_buf *out, const struct pie_call *c, size_t i)
{
    const char *name = a1111_numbers[i].name;
    switch (a1111_numbers[i].has) {
    case PIE_WISH_HAS_N:
        pie_field_int(out, name, c->n);
        break;
    case PIE_WISH_HAS_SIZE:
        pie_field_int(out, name, strcmp(name, "width") == 0 ? c->width : c->height);
        break;
    case PIE_WISH_HAS_STEPS:
        pie_field_int(out, name, c->steps);
        break;
    case PIE_WISH_HAS_GUIDANCE:
        pie_field_double(out, name, c->guidance);
        break;
    case PIE_WISH_HAS_STRENGTH:
        pie_field_double(out, name, c->strength);
        break;
    default:
        pie_field_name(out, name);
        pie_buf_add_uint(out, c->seed);
        break;
    }
}

/* The checkpoint for this call alone, beside the settings that the user overrides. */
static void a1111_settings(struct pie_buf *out, const struct pie_call *c)
{
    if (!a1111_names_model(c))
        return;
    pie_field_name(out, "override_settings");
    pie_buf_add_char(out, '{');
    pie_field_text(out, "sd_model_checkpoint", c->model);
    pie_field_members(out, pie_wish_extra(c->wish, "override_settings"));
    pie_buf_add_char(out, '}');
}

/* Without a word the server fills what is under the mask with a colour before it draws, and draws the neighbourhood of the mask
 * alone, enlarged; in its own page it does neither. */
static void a1111_inpainting(struct pie_buf *out, const struct pie_call *c)
{
    if (pie_wish_extra(c->wish, "inpainting_fill") == NULL)
        pie_field_int(out, "inpainting_fill", 1);
    if (pie_wish_extra(c->wish, "inpaint_full_res") == NULL) {
        pie_field_name(out, "inpaint_full_res");
        pie_buf_add_text(out, "false");
    }
}

static void a1111_pictures(struct pie_buf *out, const struct pie_call *c, struct pie_leg *leg)
{
    if (c->images == 0)
        return;
    pie_field_name(out, "init_images");
    pie_buf_add_char(out, '[');
    pie_input_member(out, leg, &c->wish->images.items[0]);
    pie_buf_add_char(out, ']');
    if (c->mask == NULL)
        return;
    a1111_inpainting(out, c);
    pie_field_name(out, "mask");
    pie_input_member(out, leg, c->mask);
}

/* leg NULL: the bytes of pictures are left out. */
static void a1111_body(struct pie_buf *out, const struct pie_call *c, struct pie_leg *leg)
{
    pie_buf_add_char(out, '{');
    for (size_t i = 0; i < PIE_COUNT(a1111_texts); i++) {
        const char *text = pie_call_text(c, a1111_texts[i].text);
        if (text != NULL)
            pie_field_text(out, a1111_texts[i].name, text);
    }
    for (size_t i = 0; i < PIE_COUNT(a1111_numbers); i++) {
        if (pie_call_has(c, a1111_numbers[i].has))
            a1111_number(out, c, i);
    }
    a1111_settings(out, c);
    pie_field_extras(out, c->wish, a1111_names_model(c) ? "override_settings" : NULL);
    a1111_pictures(out, c, leg);
    pie_buf_add_char(out, '}');
}

static void a1111_write(const struct pie_call *c, struct pie_buf *out)
{
    a1111_body(out, c, NULL);
}

/* The key is "user:password", as --api-auth has it, and shown at once: the server's 401 asks for nothing. Any other key is for
 * whatever stands in front of it. */
static apipie_status a1111_basic(const char *key, struct pie_leg *leg)
{
    struct pie_buf line;
    const size_t n = strlen(key);
    pie_buf_init(&line, leg->request.text.mem, PIE_HEADERS_MAX);
    pie_buf_reserve(&line, strlen("Basic ") + (n + 2) / 3 * 4); /* growing would leave copies */
    pie_buf_add_text(&line, "Basic ");
    for (size_t i = 0; i < n; i += 45) {
        char text[64];
        const size_t piece = n - i < 45 ? n - i : 45;
        pie_buf_add(&line, text, pie_base64_encode((const uint8_t *)key + i, piece, text));
        pie_mem_wipe(text, sizeof(text));
    }
    apipie_status status = line.failed;
    if (status == APIPIE_OK)
        status = pie_begin_header(&leg->request, "Authorization", line.p);
    if (line.p != NULL)
        pie_mem_wipe(line.p, line.cap);
    pie_buf_free(&line);
    return status;
}

static apipie_status a1111_begin(const struct pie_call *c, const char *method, const char *path,
                                 int32_t purpose, struct pie_leg *leg)
{
    struct pie_call bare = *c;
    const int32_t basic = c->key != NULL && strchr(c->key, ':') != NULL;
    if (basic)
        bare.key = NULL;
    apipie_status status =
        purpose == APIPIE_PURPOSE_MODELS     ? pie_begin_models(&bare, path, '#', leg)
        : purpose == APIPIE_PURPOSE_GENERATE ? pie_begin_paid(&bare, path, leg)
                                             : pie_begin(&bare, method, path, leg);
    if (status == APIPIE_OK && basic)
        status = a1111_basic(c->key, leg);
    leg->purpose = purpose;
    leg->with_key = c->key != NULL;
    return status;
}

static apipie_status a1111_encode(const struct pie_call *c, struct pie_leg *leg,
                                  struct apipie_error *err)
{
    const char *path = c->images != 0 ? "/sdapi/v1/img2img" : "/sdapi/v1/txt2img";
    (void)err;
    apipie_status status = a1111_begin(c, "POST", path, APIPIE_PURPOSE_GENERATE, leg);
    if (status == APIPIE_OK)
        status = pie_begin_header(&leg->request, "Content-Type", "application/json");
    if (status != APIPIE_OK)
        return status;
    a1111_body(&leg->request.text, c, leg);
    return pie_http_request_end_body(&leg->request);
}

/* ---- what cannot be asked for */

/* Room for every name, and the end. */
#define A1111_NAMES (PIE_COUNT(a1111_texts) + PIE_COUNT(a1111_numbers) + 3)

static void a1111_names_set(const struct pie_call *c, const char *names[A1111_NAMES])
{
    size_t n = 0;
    for (size_t i = 0; i < PIE_COUNT(a1111_texts); i++) {
        if (pie_call_text(c, a1111_texts[i].text) != NULL)
            names[n++] = a1111_texts[i].name;
    }
    for (size_t i = 0; i < PIE_COUNT(a1111_numbers); i++) {
        if (pie_call_has(c, a1111_numbers[i].has))
            names[n++] = a1111_numbers[i].name;
    }
    if (c->images != 0)
        names[n++] = "init_images";
    if (c->mask != NULL)
        names[n++] = "mask";
    names[n] = NULL;
}

static apipie_status a1111_check(struct pie_call *c, struct pie_buf *notes,
                                 struct apipie_error *err)
{
    static const struct pie_field none[] = {{NULL, PIE_FIELD_NUMBER, 0}};
    const char *names[A1111_NAMES];
    (void)notes;
    a1111_names_set(c, names);
    apipie_status status = pie_fields_check(c, none, names, err);
    if (status == APIPIE_OK)
        status = pie_fields_check_count(c->wish, "batch_size", err);
    if (status == APIPIE_OK && a1111_names_model(c))
        status = pie_fields_check_object(c->wish, "override_settings", "sd_model_checkpoint", err);
    return status;
}

/* ---- checkpoints: one that the server does not have is silently left out of account, and another one draws */

static apipie_status a1111_ask_list(const struct pie_call *c, int32_t purpose, struct pie_leg *leg)
{
    return a1111_begin(c, "GET", "/sdapi/v1/sd-models", purpose, leg);
}

static apipie_status a1111_prepare(const struct pie_call *c, struct pie_leg *leg,
                                   int32_t *ret_needed, struct apipie_error *err)
{
    (void)err;
    *ret_needed = a1111_names_model(c) && c->found == NULL;
    return *ret_needed ? a1111_ask_list(c, APIPIE_PURPOSE_CHECK, leg) : APIPIE_OK;
}

/* The names by which the server knows one. */
static int32_t a1111_is(const struct pie_node *item, const char *model)
{
    static const char *const names[] = {"title", "model_name", "hash", "sha256"};
    struct pie_slice title = pie_node_text(pie_node_get(item, "title"));
    for (size_t i = 0; i < PIE_COUNT(names); i++) {
        struct pie_slice name = pie_node_text(pie_node_get(item, names[i]));
        if (name.n != 0 && pie_slice_equal(name, model))
            return 1;
    }
    return pie_checkpoint_is(title, model);
}

static apipie_status a1111_refuse(const struct pie_call *c, const struct pie_node *list,
                                  struct apipie_error *err)
{
    struct pie_buf names;
    pie_buf_init(&names, err->body.mem, 2 * PIE_CHECKPOINT_SHOWN);
    for (size_t i = 0; i < pie_node_count(list); i++)
        pie_checkpoint_show(&names, PIE_CHECKPOINT_SHOWN,
                            pie_node_text(pie_node_get(pie_node_at(list, i), "model_name")));
    pie_checkpoint_refuse(c->model, &names,
                          "give one of these, or let the server look for new files in its page",
                          err);
    pie_buf_free(&names);
    return err->code;
}

static apipie_status a1111_prepared(const struct pie_call *c, const struct pie_reply *reply,
                                    struct pie_buf *found, struct apipie_error *err)
{
    if (pie_node_kind(reply->root) != PIE_JSON_ARRAY) {
        pie_error_set(err, APIPIE_E_MALFORMED, "is there a web UI with --api at this address?",
                      "the server's list of checkpoints is none", NULL, NULL);
        return err->code;
    }
    for (size_t i = 0; i < pie_node_count(reply->root); i++) {
        if (a1111_is(pie_node_at(reply->root, i), c->model)) {
            pie_buf_add_text(found, c->model);
            return APIPIE_OK;
        }
    }
    return a1111_refuse(c, reply->root, err);
}

static apipie_status a1111_ask_models(const struct pie_call *c, struct pie_leg *leg)
{
    return a1111_ask_list(c, APIPIE_PURPOSE_MODELS, leg);
}

static apipie_status a1111_write_models(const struct pie_call *c, const struct pie_reply *reply,
                                        const char *backend, struct pie_buf *out)
{
    if (pie_node_kind(reply->root) != PIE_JSON_ARRAY)
        return APIPIE_E_MALFORMED;
    pie_buf_add_text(out, "{\"data\":[");
    for (size_t i = 0; i < pie_node_count(reply->root); i++) {
        const struct pie_node *item = pie_node_at(reply->root, i);
        pie_models_free_row(out, c->wish, backend, pie_node_text(pie_node_get(item, "model_name")),
                            pie_node_text(pie_node_get(item, "title")));
    }
    pie_buf_add_text(out, "]}");
    return out->failed;
}

/* ---- decode */

/* What "info" says: JSON in a string. NULL without it, or when it cannot be read. */
static struct pie_doc *a1111_info(const struct pie_mem *mem, const struct pie_node *root)
{
    struct pie_doc *doc = NULL;
    struct pie_buf safe;
    pie_buf_init(&safe, mem, PIE_REST_MAX);
    if (pie_json_safe(mem, pie_node_text(pie_node_get(root, "info")), &safe, NULL) == APIPIE_OK &&
        safe.failed == APIPIE_OK)
        pie_doc_parse(mem, pie_buf_slice(&safe), &doc);
    pie_buf_free(&safe);
    return doc;
}

/* A grid of all pictures may stand before them. */
static size_t a1111_first(const struct pie_node *info, size_t parts)
{
    int64_t first = 0;
    if (pie_node_int(pie_node_get(info, "index_of_first_image"), &first) != APIPIE_OK || first < 0)
        return 0;
    return (uint64_t)first < parts ? (size_t)first : 0;
}

/* all_seeds counts pictures, without a grid. */
static void a1111_seeds(const struct pie_node *info, struct apipie_result *ret)
{
    const struct pie_node *seeds = pie_node_get(info, "all_seeds");
    for (size_t i = 0; i < ret->count; i++) {
        const struct pie_node *seed = pie_node_at(seeds, i);
        if (seed == NULL && i == 0)
            seed = pie_node_get(info, "seed");
        ret->images[i].has_seed = pie_node_uint(seed, &ret->images[i].seed) == APIPIE_OK;
    }
}

static int32_t a1111_same_text(struct pie_slice a, struct pie_slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Is that the checkpoint that was asked for? Where the reply does not say it, it is. */
static int32_t a1111_drew(const char *model, struct pie_slice name, struct pie_slice hash)
{
    struct pie_slice asked = pie_slice_text(model);
    if (name.n == 0 || a1111_same_text(pie_checkpoint_stem(asked), pie_checkpoint_stem(name)))
        return 1;
    /* A hash, the longer one that it is the beginning of, or a title that has it in brackets. */
    return hash.n != 0 && pie_slice_find_nocase(asked, hash.p) != asked.n;
}

static apipie_status a1111_model(const struct pie_call *c, const struct pie_node *info,
                                 struct apipie_result *ret)
{
    struct pie_slice name = pie_node_text(pie_node_get(info, "sd_model_name"));
    if (name.n != 0 && a1111_names_model(c) &&
        !a1111_drew(c->model, name, pie_node_text(pie_node_get(info, "sd_model_hash"))))
        pie_result_warn(ret, "another checkpoint drew than was asked for: ", name.p);
    if (name.n == 0)
        name = pie_slice_text(c->model);
    apipie_status status = pie_answer_text(ret->mem, name, &ret->model);
    return status == APIPIE_OK
               ? pie_answer_text(ret->mem, pie_slice_text(c->provider), &ret->provider)
               : status;
}

static apipie_status a1111_parts(const struct pie_reply *reply, size_t first,
                                 struct apipie_result *ret)
{
    apipie_status status = APIPIE_OK;
    for (size_t i = 0; i < reply->part_count && status == APIPIE_OK; i++) {
        size_t index = pie_answer_index(&reply->parts[i]);
        if (index >= first)
            status = pie_answer_part(ret, &reply->parts[i], index - first);
    }
    return status;
}

static apipie_status a1111_decode(const struct pie_call *c, const struct pie_reply *reply,
                                  struct apipie_result *ret, struct apipie_error *err)
{
    int64_t took = APIPIE_UNKNOWN;
    struct pie_doc *doc = a1111_info(ret->mem, reply->root);
    const struct pie_node *info = pie_doc_root(doc);
    apipie_status status = a1111_parts(reply, a1111_first(info, reply->part_count), ret);
    if (status == APIPIE_OK) {
        a1111_seeds(info, ret);
        if (a1111_model(c, info, ret) != APIPIE_OK)
            pie_result_warn(ret, "out of memory: some texts of the reply are missing", NULL);
    }
    pie_doc_free(doc);
    if (status != APIPIE_OK)
        return status;
    const char *seconds = pie_headers_get(&reply->outcome->headers, "x-process-time");
    if (pie_number_seconds(pie_slice_text(seconds), &took) == APIPIE_OK)
        ret->usage.latency_ms = took;
    return pie_answer_end(c, reply, ret, err);
}

/* ---- explain */

static const struct pie_known a1111_known[] = {
    {401, "", APIPIE_E_AUTH, 0,
     "the server wants user and password (--api-auth): give the backend the key user:password"},
    {0, "Sampler not found", APIPIE_E_PARAMETER, 0,
     "the server knows no sampler of that name: its page lists them, as does /sdapi/v1/samplers"},
    {404, "Init image not found", APIPIE_E_PARAMETER, 0, "give it an input image"},
    {404, "Not Found", APIPIE_E_NOT_FOUND, 0,
     "start the server with --api, and give the backend its address without a path, like "
     "http://127.0.0.1:7860"},
    {0, "Invalid encoded image", APIPIE_E_PARAMETER, 0,
     "the server cannot read the input image or the mask: give it as PNG or JPEG"},
    {0, "Requests not allowed", APIPIE_E_PARAMETER, 0,
     "the server fetches no pictures: give the input image as bytes or as a file"},
    {0, "Request to local resource not allowed", APIPIE_E_PARAMETER, 0,
     "the server fetches no pictures from its own network: give it as bytes or as a file"},
    {0, NULL, APIPIE_OK, 0, NULL},
};

/* ---- beside the call */

/* It stops whatever is being drawn, which is this call unless others draw there too. */
static int32_t a1111_abandon(const struct pie_call *c, const struct pie_step *s,
                             struct pie_leg *leg)
{
    (void)s;
    return a1111_begin(c, "POST", "/sdapi/v1/interrupt", APIPIE_PURPOSE_STOP, leg) == APIPIE_OK;
}

static int32_t a1111_ask_progress(const struct pie_call *c, struct pie_leg *leg)
{
    return a1111_begin(c, "GET", "/sdapi/v1/progress?skip_current_image=true",
                       APIPIE_PURPOSE_PROGRESS, leg) == APIPIE_OK;
}

/* Below 0 while the server does not know yet how many pictures there will be; 0 without a job when nothing is drawn any more. */
static int32_t a1111_read_progress(const struct pie_reply *reply)
{
    const struct pie_node *progress = pie_node_get(reply->root, "progress");
    struct pie_slice text = pie_node_text(progress);
    int64_t jobs = APIPIE_UNKNOWN;
    int64_t parts = 0; /* of a million million */
    if (pie_node_kind(progress) != PIE_JSON_NUMERIC)
        return APIPIE_UNKNOWN;
    if (pie_node_int(pie_node_get(pie_node_get(reply->root, "state"), "job_count"), &jobs) ==
            APIPIE_OK &&
        jobs == 0)
        return APIPIE_UNKNOWN;
    if (text.n != 0 && text.p[0] == '-')
        return 0;
    if (pie_node_money(progress, &parts) != APIPIE_OK || parts > APIPIE_DOLLAR)
        return 1000;
    return (int32_t)(parts / (APIPIE_DOLLAR / 1000));
}

const struct pie_dialect pie_dialect_a1111 = {
    .name = "a1111",
    .free = 1,
    .paths = a1111_paths,
    .takes_texts = UINT32_C(1) << PIE_WISH_NEGATIVE | UINT32_C(1) << PIE_WISH_SAMPLER,
    .takes_numbers = PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_STEPS |
                     PIE_WISH_HAS_STRENGTH | PIE_WISH_HAS_GUIDANCE | PIE_WISH_HAS_SEED,
    .takes_images = 1,
    .takes_mask = 1,
    .check = a1111_check,
    .encode = a1111_encode,
    .write = a1111_write,
    .decode = a1111_decode,
    .known = a1111_known,
    .ask_models = a1111_ask_models,
    .write_models = a1111_write_models,
    .prepare = a1111_prepare,
    .prepared = a1111_prepared,
    .abandon = a1111_abandon,
    .stops_any = 1,
    .ask_progress = a1111_ask_progress,
    .read_progress = a1111_read_progress,
};
