/* SPDX-License-Identifier: MIT */
/* Knows the routes, the lists and the errors of Automatic1111's web API; must not know how a picture is asked for. */
#include "sandbox/wires_priv.h"

/* ---- errors */

void pie_a1111_error(struct pie_answer *answer, int32_t status, const char *code,
                     const char *message, const char *param)
{
    int32_t raised = status >= 500 && code != NULL && strcmp(code, "HTTPException") != 0;
    struct pie_buf *body = &answer->body;

    (void)param;
    pie_buf_clear(body);
    answer->status = status;
    answer->mime = "application/json";
    pie_buf_add_text(body, "{\"error\":");
    pie_json_string(body, pie_slice_text(raised ? code : "HTTPException"));
    pie_buf_add_text(body, ",\"detail\":");
    pie_json_string(body, pie_slice_text(raised ? "" : message));
    pie_buf_add_text(body, ",\"body\":\"\",\"errors\":");
    pie_json_string(body, pie_slice_text(raised ? message : ""));
    pie_buf_add_char(body, '}');
}

/* ---- what is installed */

static const struct a1111_model {
    const char *name, *hash, *sha256; /* NULL: not computed yet */
} a1111_models[] = {
    {"v1-5-pruned-emaonly", "6ce0161689",
     "6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa"},
    {"sd_xl_base_1.0", "31e35c80fc",
     "31e35c80fc4829d14f90153f4c74cd59c90b779f6afe05a74cd6120b893f7e5b"},
    {"dreamshaper_8", NULL, NULL},
};

static const struct a1111_sampler {
    const char *name, *alias;
} a1111_samplers[] = {
    {"DPM++ 2M", "k_dpmpp_2m"}, {"DPM++ SDE", "k_dpmpp_sde"},
    {"Euler a", "k_euler_a"},   {"Euler", "k_euler"},
    {"LMS", "k_lms"},           {"DDIM", "ddim"},
};

static const struct a1111_scheduler {
    const char *name, *label;
} a1111_schedulers[] = {{"automatic", "Automatic"},
                        {"uniform", "Uniform"},
                        {"karras", "Karras"},
                        {"exponential", "Exponential"}};

/* "sd_xl_base_1.0.safetensors [31e35c80fc]" */
static void a1111_title(struct pie_buf *out, const struct a1111_model *m)
{
    pie_buf_add_text(out, m->name);
    pie_buf_add_text(out, ".safetensors");
    if (m->hash == NULL)
        return;
    pie_buf_add_text(out, " [");
    pie_buf_add_text(out, m->hash);
    pie_buf_add_char(out, ']');
}

static int32_t a1111_is_model(const struct a1111_model *m, struct pie_slice name)
{
    struct pie_buf title;
    int32_t same;

    pie_buf_init(&title, &pie_mem_libc, 256);
    a1111_title(&title, m);
    same = title.failed == APIPIE_OK && pie_slice_equal(name, title.p);
    if (title.failed == APIPIE_OK && !same) {
        pie_buf_truncate(&title, strlen(m->name) + strlen(".safetensors"));
        same = pie_slice_equal(name, title.p);
    }
    pie_buf_free(&title);
    return same || pie_slice_equal(name, m->name) ||
           (m->hash != NULL && pie_slice_equal(name, m->hash));
}

int32_t pie_a1111_model(struct pie_slice name)
{
    for (size_t i = 0; i < PIE_COUNT(a1111_models); i++)
        if (a1111_is_model(&a1111_models[i], name))
            return (int32_t)i;
    return -1;
}

const char *pie_a1111_model_name(int32_t model)
{
    return a1111_models[model].name;
}

const char *pie_a1111_model_hash(int32_t model)
{
    return a1111_models[model].hash;
}

int32_t pie_a1111_has_sampler(struct pie_slice name)
{
    for (size_t i = 0; i < PIE_COUNT(a1111_samplers); i++)
        if (pie_slice_equal_nocase(name, a1111_samplers[i].name) ||
            pie_slice_equal_nocase(name, a1111_samplers[i].alias))
            return 1;
    return 0;
}

/* ---- lists */

static void a1111_text(struct pie_buf *out, const char *key, const char *value)
{
    pie_buf_add_text(out, key);
    if (value != NULL)
        pie_json_string(out, pie_slice_text(value));
    else
        pie_buf_add_text(out, "null");
}

static void a1111_sd_models(struct apipie_sandbox *box, const struct pie_call *call,
                            struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body;

    (void)box;
    (void)call;
    for (size_t i = 0; i < PIE_COUNT(a1111_models); i++) {
        const struct a1111_model *m = &a1111_models[i];

        pie_buf_add_text(out, i == 0 ? "[{\"title\":\"" : ",{\"title\":\"");
        a1111_title(out, m);
        a1111_text(out, "\",\"model_name\":", m->name);
        a1111_text(out, ",\"hash\":", m->hash);
        a1111_text(out, ",\"sha256\":", m->sha256);
        pie_buf_add_text(out, ",\"filename\":\"/models/Stable-diffusion/");
        pie_buf_add_text(out, m->name);
        pie_buf_add_text(out, ".safetensors\",\"config\":null}");
    }
    pie_buf_add_char(out, ']');
}

static void a1111_list_samplers(struct apipie_sandbox *box, const struct pie_call *call,
                                struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body;

    (void)box;
    (void)call;
    for (size_t i = 0; i < PIE_COUNT(a1111_samplers); i++) {
        a1111_text(out, i == 0 ? "[{\"name\":" : ",{\"name\":", a1111_samplers[i].name);
        a1111_text(out, ",\"aliases\":[", a1111_samplers[i].alias);
        pie_buf_add_text(out, "],\"options\":{}}");
    }
    pie_buf_add_char(out, ']');
}

static void a1111_list_schedulers(struct apipie_sandbox *box, const struct pie_call *call,
                                  struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body;

    (void)box;
    (void)call;
    for (size_t i = 0; i < PIE_COUNT(a1111_schedulers); i++) {
        a1111_text(out, i == 0 ? "[{\"name\":" : ",{\"name\":", a1111_schedulers[i].name);
        a1111_text(out, ",\"label\":", a1111_schedulers[i].label);
        pie_buf_add_text(out, ",\"aliases\":null,\"default_rho\":-1.0,\"need_inner_model\":false}");
    }
    pie_buf_add_char(out, ']');
}

static void a1111_options(struct apipie_sandbox *box, const struct pie_call *call,
                          struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body;
    int32_t model;

    (void)call;
    pie_lock_take(box->lock);
    model = box->a1111.model;
    pie_lock_drop(box->lock);
    pie_buf_add_text(out, "{\"samples_save\":true,\"samples_format\":\"png\",\"return_grid\":true,"
                          "\"CLIP_stop_at_last_layers\":1,\"sd_vae\":\"Automatic\","
                          "\"sd_model_checkpoint\":\"");
    a1111_title(out, &a1111_models[model]);
    a1111_text(out, "\",\"sd_checkpoint_hash\":", a1111_models[model].sha256);
    pie_buf_add_char(out, '}');
}

static void a1111_unknown_model(struct pie_slice name, struct pie_answer *answer)
{
    char shown[160];
    struct pie_buf text;

    pie_text_display(name, shown, sizeof(shown));
    pie_buf_init(&text, &pie_mem_libc, 512);
    pie_buf_add_text(&text, "model '");
    pie_buf_add_text(&text, shown);
    pie_buf_add_text(&text, "' not found");
    pie_a1111_error(answer, 500, "RuntimeError", text.p != NULL ? text.p : "", NULL);
    pie_buf_free(&text);
}

static void a1111_set_options(struct apipie_sandbox *box, const struct pie_call *call,
                              struct pie_answer *answer)
{
    struct pie_doc *doc = NULL;
    apipie_status status = pie_call_json(call, &doc);
    struct pie_slice name = pie_node_text(pie_node_get(pie_doc_root(doc), "sd_model_checkpoint"));
    int32_t model = pie_a1111_model(name);

    if (status != APIPIE_OK || pie_node_kind(pie_doc_root(doc)) != PIE_JSON_OBJECT)
        pie_answer_invalid(answer, NULL, "value is not a valid dict", "type_error.dict");
    else if (name.n != 0 && model < 0)
        a1111_unknown_model(name, answer);
    else {
        pie_lock_take(box->lock);
        if (model >= 0)
            box->a1111.model = model;
        pie_lock_drop(box->lock);
        pie_buf_add_text(&answer->body, "null");
    }
    pie_doc_free(doc);
}

static void a1111_cmd_flags(struct apipie_sandbox *box, const struct pie_call *call,
                            struct pie_answer *answer)
{
    int32_t basic;

    (void)call;
    pie_lock_take(box->lock);
    basic = box->basic[0] != '\0';
    pie_lock_drop(box->lock);
    pie_buf_add_text(&answer->body, "{\"api\":true,\"api_auth\":");
    pie_buf_add_text(&answer->body, basic ? "\"********\"" : "null");
    pie_buf_add_text(&answer->body, ",\"listen\":false,\"port\":null,\"medvram\":false,"
                                    "\"xformers\":false}");
}

/* ---- the door */

static const struct pie_route a1111_routes[] = {
    {"/sdapi/v1/txt2img", "POST", pie_a1111_txt2img, 1},
    {"/sdapi/v1/img2img", "POST", pie_a1111_img2img, 1},
    {"/sdapi/v1/progress", "GET", pie_a1111_progress, 0},
    {"/sdapi/v1/interrupt", "POST", pie_a1111_interrupt, 0},
    {"/sdapi/v1/skip", "POST", pie_a1111_skip, 0},
    {"/sdapi/v1/options", "GET", a1111_options, 0},
    {"/sdapi/v1/options", "POST", a1111_set_options, 0},
    {"/sdapi/v1/sd-models", "GET", a1111_sd_models, 0},
    {"/sdapi/v1/samplers", "GET", a1111_list_samplers, 0},
    {"/sdapi/v1/schedulers", "GET", a1111_list_schedulers, 0},
    {"/sdapi/v1/cmd-flags", "GET", a1111_cmd_flags, 0},
};

/* The real one's middleware builds the answer anew, and the challenge is lost. */
static apipie_status a1111_check_basic(struct apipie_sandbox *box, const struct pie_call *call,
                                       struct pie_answer *answer)
{
    struct pie_slice sent = call->authorization;
    int32_t basic = pie_slice_starts_nocase(sent, "Basic "), good;

    sent = basic ? pie_slice_trim(pie_slice(sent.p + 6, sent.n - 6)) : sent;
    pie_lock_take(box->lock);
    good = box->basic[0] == '\0' || (basic && pie_slice_equal(sent, box->basic));
    pie_lock_drop(box->lock);
    if (good)
        return APIPIE_OK;
    pie_a1111_error(answer, 401, NULL,
                    basic ? "Incorrect username or password" : "Not authenticated", NULL);
    return APIPIE_E_ARGUMENT;
}

void pie_a1111_answer(struct apipie_sandbox *box, const struct pie_call *call,
                      struct pie_answer *answer)
{
    const char *allow;
    const struct pie_route *route =
        pie_route_find(a1111_routes, PIE_COUNT(a1111_routes), call, &allow);
    char seconds[PIE_NUMBER_MAX];

    answer->no_id = 1;
    if (route != NULL && route->draws)
        pie_call_arrived(box);
    if (route == NULL) {
        answer->status = allow != NULL ? 405 : 404;
        answer->allow = allow;
        pie_buf_add_text(&answer->body, allow != NULL ? "{\"detail\":\"Method Not Allowed\"}"
                                                      : "{\"detail\":\"Not Found\"}");
    } else if (a1111_check_basic(box, call, answer) == APIPIE_OK)
        pie_call_run(box, route, call, answer, pie_a1111_error);
    pie_number_double((double)(pie_clock_ms() - call->at_ms) / 1000, seconds);
    pie_answer_header(answer, "X-Process-Time", seconds);
}
