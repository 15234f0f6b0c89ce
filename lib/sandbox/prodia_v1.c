/* SPDX-License-Identifier: MIT */
/* Knows Prodia's API before its jobs of today (https://docs.prodia.com, v1): checkpoints in two lists, jobs that are looked at until
 * their picture has a url; must not know HTTP. */
#include "sandbox/wires_priv.h"

#define PRO1_SD 6 /* the first ones are of /sd, the others of /sdxl */

const struct pie_model pie_sandbox_prodia_v1[PIE_SANDBOX_PRODIA_V1] = {
    {.provider = "prodia",
     .model = "v1-5-pruned-emaonly.safetensors [d7049739]",
     .description = "",
     .best_for = ""},
    {.provider = "prodia",
     .model = "dreamshaper_8.safetensors [9d40847d]",
     .description = "",
     .best_for = ""},
    {.provider = "prodia",
     .model = "absolutereality_v181.safetensors [3d9d4d2b]",
     .description = "",
     .best_for = ""},
    {.provider = "prodia",
     .model = "deliberate_v2.safetensors [10ec4b29]",
     .description = "",
     .best_for = ""},
    {.provider = "prodia", .model = "sdv1_4.ckpt [7460a6fa]", .description = "", .best_for = ""},
    {.provider = "prodia",
     .model = "v1-5-inpainting.safetensors [21c7ab71]",
     .description = "",
     .best_for = ""},
    {.provider = "prodia",
     .model = "sd_xl_base_1.0.safetensors [be9edd61]",
     .description = "",
     .best_for = ""},
    {.provider = "prodia",
     .model = "sd_xl_base_1.0_inpainting_0.1.safetensors [5679a81a]",
     .description = "",
     .best_for = ""},
    {.provider = "prodia",
     .model = "dreamshaperXL10_alpha2.safetensors [c8afe2ef]",
     .description = "",
     .best_for = ""},
    {.provider = "prodia",
     .model = "juggernautXL_v45.safetensors [e75f5471]",
     .description = "",
     .best_for = ""},
    {.provider = "prodia",
     .model = "turbovisionXL_v431.safetensors [78890989]",
     .description = "",
     .best_for = ""},
    {.provider = "prodia",
     .model = "animagineXLV3_v30.safetensors [75f2f05b]",
     .description = "",
     .best_for = ""},
};

static const char *const pro1_samplers[] = {"DPM++ 2M Karras",
                                            "DPM++ SDE Karras",
                                            "DPM++ 2M SDE",
                                            "DPM++ 2M SDE Karras",
                                            "Euler",
                                            "Euler a",
                                            "DDIM",
                                            "UniPC",
                                            "Heun"};

#define PRO1_COMMON                                                                                \
    {"prompt", PIE_JSON_TEXT, 1, 1, PIE_SANDBOX_TEXT_MAX, NULL},                                   \
        {"model", PIE_JSON_TEXT, 0, 1, 512, NULL},                                                 \
        {"negative_prompt", PIE_JSON_TEXT, 0, 0, 0, NULL},                                         \
        {"style_preset", PIE_JSON_TEXT, 0, 0, 0, NULL}, {"steps", PIE_RULE_WHOLE, 0, 1, 50, NULL}, \
        {"cfg_scale", PIE_JSON_NUMERIC, 0, 0, 20, NULL}, {"seed", PIE_RULE_WHOLE, 0, 0, 0, NULL},  \
        {"upscale", PIE_JSON_BOOL, 0, 0, 0, NULL}, {"sampler", PIE_JSON_TEXT, 0, 0, 0, NULL},      \
        {"aspect_ratio", PIE_JSON_TEXT, 0, 0, 0, "square portrait landscape"},                     \
        {"width", PIE_RULE_WHOLE, 0, 1, 1024, NULL},                                               \
    {                                                                                              \
        "height", PIE_RULE_WHOLE, 0, 1, 1024, NULL                                                 \
    }
#define PRO1_FROM                                                                                  \
    {"imageUrl", PIE_JSON_TEXT, 0, 1, INT32_MAX, NULL},                                            \
        {"imageData", PIE_JSON_TEXT, 0, 1, INT32_MAX, NULL},                                       \
    {                                                                                              \
        "denoising_strength", PIE_JSON_NUMERIC, 0, 0, 1, NULL                                      \
    }

static const struct pie_rule pro1_generate[] = {PRO1_COMMON};
static const struct pie_rule pro1_transform[] = {PRO1_COMMON, PRO1_FROM};
static const struct pie_rule pro1_inpainting[] = {
    PRO1_COMMON,
    PRO1_FROM,
    {"maskUrl", PIE_JSON_TEXT, 0, 1, INT32_MAX, NULL},
    {"maskData", PIE_JSON_TEXT, 0, 1, INT32_MAX, NULL},
    {"mask_blur", PIE_RULE_WHOLE, 0, 0, 64, NULL},
    {"inpainting_fill", PIE_RULE_WHOLE, 0, 0, 3, NULL},
    {"inpainting_mask_invert", PIE_RULE_WHOLE, 0, 0, 1, NULL},
    {"inpainting_full_res", PIE_JSON_TEXT, 0, 0, 0, NULL}};

enum { PRO1_GENERATE, PRO1_TRANSFORM, PRO1_INPAINTING };

struct pro1_order {
    int32_t route, xl;
    const struct pie_model *model;
    const struct pie_node *root;
    struct pie_slice prompt;
    int32_t width, height;
    int64_t steps;
    uint64_t seed;
    uint32_t look; /* of all that changes the picture */
    struct pie_inputs inputs;
};

/* A job is what its clock says: taken, drawn, done. */
struct pie_prodia_job {
    char id[PIE_ANSWER_ID];
    int64_t began_ms, ready_ms;
    int32_t fault;         /* of its set PIE_FAULT_JOBFAIL and _EXPIRED */
    struct pie_buf params; /* JSON */
    struct pie_buf url;    /* JSON; empty: there is none */
};

/* ---- errors: plain words, as the API writes most of them */

static void pro1_error(struct pie_answer *answer, int32_t status, const char *code,
                       const char *message, const char *param)
{
    (void)param;
    if (code != NULL && strcmp(code, "insufficient_quota") == 0) {
        status = 402;
        message = "This key has no credit left.";
    }
    pie_buf_clear(&answer->body);
    answer->status = status;
    answer->mime = status == 200 ? "application/json" : "text/plain";
    if (status != 200) {
        pie_buf_add_text(&answer->body, message);
        return;
    }
    pie_buf_add_text(&answer->body, "{\"error\":");
    pie_json_string(&answer->body, pie_slice_text(message));
    pie_buf_add_char(&answer->body, '}');
}

static apipie_status pro1_refuse(struct pie_answer *answer, const char *what, const char *name)
{
    char text[PIE_ANSWER_SAY];

    pie_answer_say(text, what, pie_slice_text(name), "");
    pro1_error(answer, 400, NULL, text, NULL);
    return APIPIE_E_ARGUMENT;
}

/* ---- reading */

static apipie_status pro1_find_model(struct pie_slice name, struct pie_answer *answer,
                                     struct pro1_order *o)
{
    const size_t first = o->xl ? PRO1_SD : 0;
    const size_t end = o->xl ? PIE_SANDBOX_PRODIA_V1 : PRO1_SD;

    o->model = name.n == 0 ? &pie_sandbox_prodia_v1[first] : NULL;
    for (size_t i = first; i < end; i++)
        if (pie_slice_equal(name, pie_sandbox_prodia_v1[i].model))
            o->model = &pie_sandbox_prodia_v1[i];
    return o->model != NULL ? APIPIE_OK : pro1_refuse(answer, "Invalid model", "");
}

static apipie_status pro1_sampler(struct pie_slice name, struct pie_answer *answer)
{
    int32_t known = name.p == NULL;

    for (size_t i = 0; i < PIE_COUNT(pro1_samplers) && !known; i++)
        known = pie_slice_equal(name, pro1_samplers[i]);
    return known ? APIPIE_OK : pro1_refuse(answer, "Invalid sampler", "");
}

/* One of the two, by its url or by its bytes. */
static apipie_status pro1_input(struct apipie_sandbox *box, const char *by_url, const char *by_data,
                                int32_t is_mask, struct pie_answer *answer, struct pro1_order *o)
{
    const struct pie_node *url = pie_node_get(o->root, by_url);
    const struct pie_node *data = pie_node_get(o->root, by_data);
    struct pie_inputs seen;
    apipie_status status;

    if ((url == NULL) == (data == NULL))
        return pro1_refuse(answer, "Give one of the two: ", by_url);
    memset(&seen, 0, sizeof(seen));
    if (data != NULL)
        status = pie_source_base64(pie_node_text(data), is_mask, &o->inputs, NULL);
    else
        status = pie_source_url(box, pie_node_text(url), is_mask ? &seen : &o->inputs);
    if (status == APIPIE_OK && seen.count != 0)
        pie_inputs_mask(&o->inputs, pie_node_text(url));
    return status == APIPIE_OK
               ? APIPIE_OK
               : pro1_refuse(answer, "Invalid picture: ", data != NULL ? by_data : by_url);
}

static apipie_status pro1_inputs(struct apipie_sandbox *box, struct pie_answer *answer,
                                 struct pro1_order *o)
{
    apipie_status status = APIPIE_OK;

    if (o->route != PRO1_GENERATE)
        status = pro1_input(box, "imageUrl", "imageData", 0, answer, o);
    if (status == APIPIE_OK && o->route == PRO1_INPAINTING)
        status = pro1_input(box, "maskUrl", "maskData", 1, answer, o);
    return status;
}

/* -1, or nothing: any. */
static apipie_status pro1_seed(struct pie_answer *answer, struct pro1_order *o)
{
    const struct pie_node *seed = pie_node_get(o->root, "seed");

    if (seed == NULL || pie_slice_equal(pie_node_text(seed), "-1"))
        o->seed = pie_random_below(UINT32_MAX);
    else if (pie_node_uint(seed, &o->seed) != APIPIE_OK)
        return pro1_refuse(answer, "Invalid seed", "");
    return APIPIE_OK;
}

static void pro1_size(struct pro1_order *o)
{
    struct pie_slice shape = pie_node_text(pie_node_get(o->root, "aspect_ratio"));
    const int32_t side = o->xl ? 1024 : 512;
    int64_t v = pie_slice_equal(shape, "portrait") ? side * 3 / 4 : side;

    (void)pie_node_int(pie_node_get(o->root, "width"), &v);
    o->width = (int32_t)v;
    v = pie_slice_equal(shape, "landscape") ? side * 3 / 4 : side;
    (void)pie_node_int(pie_node_get(o->root, "height"), &v);
    o->height = (int32_t)v;
    o->steps = 20;
    (void)pie_node_int(pie_node_get(o->root, "steps"), &o->steps);
}

static void pro1_look(struct pro1_order *o)
{
    static const char *const looks[] = {"prompt",  "negative_prompt", "style_preset",
                                        "sampler", "cfg_scale",       "denoising_strength"};

    o->prompt = pie_node_text(pie_node_get(o->root, "prompt"));
    o->look = pie_draw_hash(PIE_DRAW_HASH, pie_slice_text(o->model->model));
    for (size_t i = 0; i < PIE_COUNT(looks); i++)
        o->look = pie_draw_hash(o->look, pie_node_text(pie_node_get(o->root, looks[i])));
    o->look = pie_draw_hash_uint(o->look, (uint64_t)o->steps);
    o->look = pie_draw_hash_uint(o->look, o->inputs.hash);
    o->look = pie_draw_hash_uint(o->look, o->seed);
}

static apipie_status pro1_read(struct apipie_sandbox *box, struct pie_answer *answer,
                               struct pro1_order *o)
{
    static const struct {
        const struct pie_rule *rules;
        size_t count;
    } rules[] = {{pro1_generate, PIE_COUNT(pro1_generate)},
                 {pro1_transform, PIE_COUNT(pro1_transform)},
                 {pro1_inpainting, PIE_COUNT(pro1_inpainting)}};
    struct pie_breach breach;

    if (pie_node_kind(o->root) != PIE_JSON_OBJECT)
        return pro1_refuse(answer, "Invalid JSON", "");
    if (pie_rules_check(o->root, rules[o->route].rules, rules[o->route].count, 0, &breach) !=
        APIPIE_OK)
        return pro1_refuse(answer, "Invalid parameter: ", breach.name);
    if (pro1_find_model(pie_node_text(pie_node_get(o->root, "model")), answer, o) != APIPIE_OK ||
        pro1_sampler(pie_node_text(pie_node_get(o->root, "sampler")), answer) != APIPIE_OK ||
        pro1_seed(answer, o) != APIPIE_OK || pro1_inputs(box, answer, o) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    pro1_size(o);
    pro1_look(o);
    return APIPIE_OK;
}

/* ---- jobs */

static struct pie_prodia_job *pro1_free(struct pie_prodia_job *job)
{
    if (job == NULL)
        return NULL;
    pie_buf_free(&job->params);
    pie_buf_free(&job->url);
    return pie_mem_free(&pie_mem_libc, job);
}

void pie_prodia_v1_close(struct apipie_sandbox *box)
{
    for (size_t i = 0; i < PIE_PRODIA_JOBS; i++)
        box->prodia.jobs[i] = pro1_free(box->prodia.jobs[i]);
}

static void pro1_params(const struct pro1_order *o, struct pie_buf *out)
{
    pie_buf_add_text(out, "{\"prompt\":");
    pie_json_string(out, o->prompt);
    pie_buf_add_text(out, ",\"model\":");
    pie_json_string(out, pie_slice_text(o->model->model));
    pie_buf_add_text(out, ",\"steps\":");
    pie_buf_add_int(out, o->steps);
    pie_buf_add_text(out, ",\"seed\":");
    pie_buf_add_uint(out, o->seed);
    pie_buf_add_text(out, ",\"width\":");
    pie_buf_add_int(out, o->width);
    pie_buf_add_text(out, ",\"height\":");
    pie_buf_add_int(out, o->height);
    pie_buf_add_char(out, '}');
}

/* The picture is there at once; when the job says so is its clock's. NULL: something failed. */
static struct pie_prodia_job *pro1_work(struct apipie_sandbox *box, const struct pro1_order *o,
                                        const struct pie_fault *f)
{
    const struct pie_drawing d = {o->prompt, o->look, o->width, o->height, 1};
    struct pie_prodia_job *job = pie_mem_new(&pie_mem_libc, 1, sizeof(*job));
    struct pie_picture *picture = NULL;

    if (job == NULL)
        return NULL;
    pie_buf_init(&job->params, &pie_mem_libc, 2 * PIE_SANDBOX_TEXT_MAX);
    pie_buf_init(&job->url, &pie_mem_libc, PIE_SANDBOX_REPLY_MAX);
    pie_answer_id(job->id);
    job->fault = f->set;
    pro1_params(o, &job->params);
    if (!(f->set & (PIE_FAULT_NOIMAGE | PIE_FAULT_FEWER | PIE_FAULT_JOBFAIL))) {
        if (pie_draw_picture(&d, &picture) != APIPIE_OK)
            return pro1_free(job);
        pie_draw_value(box, f, 0, picture, &job->url);
        pie_picture_unref(picture);
    }
    if (job->params.failed != APIPIE_OK || job->url.failed != APIPIE_OK)
        return pro1_free(job);
    return job;
}

static int32_t pro1_is_over(const struct pie_prodia_job *job)
{
    return pie_clock_ms() >= job->ready_ms;
}

/* status NULL: as the job is now. */
static void pro1_write(const struct pie_prodia_job *job, const char *status, struct pie_buf *out)
{
    const int32_t over = status == NULL && pro1_is_over(job);

    if (status == NULL)
        status = !over ? "generating" : job->fault & PIE_FAULT_JOBFAIL ? "failed" : "succeeded";
    pie_buf_add_text(out, "{\"job\":\"");
    pie_buf_add_text(out, job->id);
    pie_buf_add_text(out, "\",\"params\":");
    pie_buf_add_slice(out, pie_buf_slice(&job->params));
    pie_buf_add_text(out, ",\"status\":\"");
    pie_buf_add_text(out, status);
    pie_buf_add_char(out, '"');
    if (over && job->url.n != 0) {
        pie_buf_add_text(out, ",\"imageUrl\":");
        pie_buf_add_slice(out, pie_buf_slice(&job->url));
    }
    pie_buf_add_char(out, '}');
}

/* Takes the job over. */
static void pro1_accept(struct apipie_sandbox *box, struct pie_prodia_job *job,
                        struct pie_answer *answer)
{
    struct pie_prodia *p = &box->prodia;

    pie_lock_take(box->lock);
    job->began_ms = pie_clock_ms();
    job->ready_ms = job->began_ms + box->draw_ms;
    pro1_free(p->jobs[p->next]);
    p->jobs[p->next] = job;
    p->next = (p->next + 1) % PIE_PRODIA_JOBS;
    pro1_write(job, "queued", &answer->body);
    pie_lock_drop(box->lock);
}

static void pro1_draw(struct apipie_sandbox *box, const struct pie_call *call,
                      const struct pro1_order *o, struct pie_answer *answer)
{
    struct pie_prodia_job *job = NULL;
    struct pie_fault fault;

    if (pie_spoil_choose(box, o->model, call->fault, answer, &fault) != APIPIE_OK)
        return;
    pie_box_note(box, &o->inputs, &o->seed, o->steps);
    if (fault.set & PIE_FAULT_REFUSED)
        pie_spoil_refuse(&fault, answer, pro1_error);
    else if (fault.set & PIE_FAULT_QUEUEFULL)
        pro1_error(answer, 429, NULL, "Too many jobs are in the queue", NULL);
    else
        job = pro1_work(box, o, &fault);
    if (job != NULL) {
        pro1_accept(box, job, answer);
        if (!(fault.set & (PIE_FAULT_FEWER | PIE_FAULT_JOBFAIL)))
            pie_bill(box, o->model, o->prompt, pie_price_cost("prodia", o->width, o->height, 0),
                     pie_price_latency("prodia", o->width, o->height, 0), &fault);
    } else if (!(fault.set & (PIE_FAULT_REFUSED | PIE_FAULT_QUEUEFULL))) {
        pro1_error(answer, 500, NULL, "Internal Server Error", NULL);
    }
    pie_spoil_answer(box, &fault, answer);
}

static void pro1_order(struct apipie_sandbox *box, const struct pie_call *call,
                       struct pie_answer *answer)
{
    struct pie_doc *doc = NULL;
    struct pro1_order o;

    memset(&o, 0, sizeof(o));
    o.xl = strncmp(call->path, "/sdxl/", 6) == 0;
    o.route = strstr(call->path, "/inpainting") != NULL  ? PRO1_INPAINTING
              : strstr(call->path, "/transform") != NULL ? PRO1_TRANSFORM
                                                         : PRO1_GENERATE;
    if (!pie_media_is(call->media, "application/json") || pie_call_json(call, &doc) != APIPIE_OK) {
        (void)pro1_refuse(answer, "Invalid JSON", "");
        return;
    }
    o.root = pie_doc_root(doc);
    if (pro1_read(box, answer, &o) == APIPIE_OK)
        pro1_draw(box, call, &o, answer);
    pie_doc_free(doc);
}

static void pro1_look_at(struct apipie_sandbox *box, const struct pie_call *call,
                         struct pie_answer *answer)
{
    struct pie_slice id = pie_call_wild(call, "/job/*");
    const struct pie_prodia_job *job = NULL;

    pie_lock_take(box->lock);
    box->numbers[APIPIE_SANDBOX_POLLS]++;
    for (size_t i = 0; i < PIE_PRODIA_JOBS && job == NULL; i++)
        if (box->prodia.jobs[i] != NULL && pie_slice_equal(id, box->prodia.jobs[i]->id))
            job = box->prodia.jobs[i];
    if (job == NULL || (job->fault & PIE_FAULT_EXPIRED && pro1_is_over(job)))
        pro1_error(answer, 404, NULL, "Job not found", NULL);
    else
        pro1_write(job, NULL, &answer->body);
    pie_lock_drop(box->lock);
}

/* ---- lists */

static void pro1_list(const char *const *names, size_t count, struct pie_buf *out)
{
    for (size_t i = 0; i < count; i++) {
        pie_buf_add_char(out, i == 0 ? '[' : ',');
        pie_json_string(out, pie_slice_text(names[i]));
    }
    pie_buf_add_char(out, ']');
}

static void pro1_models(struct apipie_sandbox *box, const struct pie_call *call,
                        struct pie_answer *answer)
{
    const int32_t xl = strncmp(call->path, "/sdxl/", 6) == 0;
    const char *names[PIE_SANDBOX_PRODIA_V1];
    size_t count = 0;

    (void)box;
    for (size_t i = xl ? PRO1_SD : 0; i < (xl ? PIE_SANDBOX_PRODIA_V1 : PRO1_SD); i++)
        names[count++] = pie_sandbox_prodia_v1[i].model;
    pro1_list(names, count, &answer->body);
}

static void pro1_list_samplers(struct apipie_sandbox *box, const struct pie_call *call,
                               struct pie_answer *answer)
{
    (void)box;
    (void)call;
    pro1_list(pro1_samplers, PIE_COUNT(pro1_samplers), &answer->body);
}

/* ---- the door */

static const struct pie_route pro1_routes[] = {
    {"/sd/generate", "POST", pro1_order, 1},
    {"/sd/transform", "POST", pro1_order, 1},
    {"/sd/inpainting", "POST", pro1_order, 1},
    {"/sdxl/generate", "POST", pro1_order, 1},
    {"/sdxl/transform", "POST", pro1_order, 1},
    {"/sdxl/inpainting", "POST", pro1_order, 1},
    {"/job/*", "GET", pro1_look_at, 0},
    {"/sd/models", "GET", pro1_models, 0},
    {"/sdxl/models", "GET", pro1_models, 0},
    {"/sd/samplers", "GET", pro1_list_samplers, 0},
    {"/sdxl/samplers", "GET", pro1_list_samplers, 0},
};

void pie_prodia_v1_answer(struct apipie_sandbox *box, const struct pie_call *call,
                          struct pie_answer *answer)
{
    const char *allow;
    const struct pie_route *route =
        pie_route_find(pro1_routes, PIE_COUNT(pro1_routes), call, &allow);
    apipie_status status = APIPIE_OK;

    if (route == NULL) {
        pro1_error(answer, allow != NULL ? 405 : 404, NULL,
                   allow != NULL ? "Method Not Allowed" : "Not Found", NULL);
        answer->allow = allow;
        return;
    }
    if (route->draws)
        pie_call_arrived(box);
    if (!pie_sandbox_takes_key(box, pie_call_header(call, "X-Prodia-Key"))) {
        pro1_error(answer, 401, NULL, "Invalid API key", NULL);
        return;
    }
    if (route->draws)
        status = pie_call_throttle(box, answer, pro1_error);
    if (status == APIPIE_OK)
        pie_call_run(box, route, call, answer, pro1_error);
    pie_answer_no_rate(answer);
    answer->retry_after_ms[0] = '\0';
}
