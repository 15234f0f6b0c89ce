/* SPDX-License-Identifier: MIT */
/* Knows the routes, the lists and the errors of stable-diffusion.cpp's server; must not know how it draws. */
#include "sandbox/wires_priv.h"

void pie_sdcpp_error2(struct pie_answer *answer, int32_t status, const char *error,
                      const char *message)
{
    struct pie_buf *body = &answer->body;

    pie_buf_clear(body);
    answer->status = status;
    answer->mime = "application/json";
    pie_buf_add_text(body, "{\"error\":");
    pie_json_string(body, pie_slice_text(error));
    if (message != NULL) {
        pie_buf_add_text(body, ",\"message\":");
        pie_json_string(body, pie_slice_text(message));
    }
    pie_buf_add_char(body, '}');
}

void pie_sdcpp_error(struct pie_answer *answer, int32_t status, const char *code,
                     const char *message, const char *param)
{
    (void)code;
    (void)param;
    pie_sdcpp_error2(answer, status, message, NULL);
}

/* ---- lists */

#define SDCPP_DEFAULTS                                                                             \
    "{\"prompt\":\"\",\"negative_prompt\":\"\",\"clip_skip\":-1,\"width\":512,\"height\":512,"     \
    "\"strength\":0.75,\"seed\":-1,\"batch_count\":1,\"sample_params\":{\"scheduler\":"            \
    "\"default\","                                                                                 \
    "\"sample_method\":\"default\",\"sample_steps\":20,\"eta\":null,\"shifted_timestep\":0,"       \
    "\"flow_shift\":null,\"guidance\":{\"txt_cfg\":7.0,\"img_cfg\":null,\"distilled_guidance\":3." \
    "5}},"                                                                                         \
    "\"output_format\":\"png\",\"output_compression\":100}"
#define SDCPP_FORMATS "[\"png\",\"jpeg\",\"webp\"]"
#define SDCPP_FEATURES                                                                             \
    "{\"init_image\":true,\"mask_image\":true,\"control_image\":true,\"ip_adapter_image\":true,"   \
    "\"ref_images\":true,\"lora\":true,\"vae_tiling\":true,\"hires\":true,\"cache\":true,"         \
    "\"cancel_queued\":true,\"cancel_generating\":false}"
#define SDCPP_SAMPLERS   "[\"euler\",\"euler_a\",\"heun\",\"dpm2\",\"dpm++2s_a\",\"dpm++2m\",\"lcm\"]"
#define SDCPP_SCHEDULERS "[\"discrete\",\"normal\",\"karras\",\"exponential\",\"ays\"]"

/* GET routes whose answer is always the same. */
static const struct sdcpp_text {
    const char *path, *text;
} sdcpp_texts[] = {
    {"/v1/models",
     "{\"data\":[{\"id\":\"sd-cpp-local\",\"object\":\"model\",\"owned_by\":\"local\"}]}"},
    {"/sdcpp/v1/capabilities",
     "{\"model\":{\"name\":\"sd-v1-4.ckpt\",\"stem\":\"sd-v1-4\",\"path\":\"/models/"
     "sd-v1-4.ckpt\"},"
     "\"current_mode\":\"img_gen\",\"supported_modes\":[\"img_gen\"],"
     "\"defaults\":" SDCPP_DEFAULTS ",\"defaults_by_mode\":{\"img_gen\":" SDCPP_DEFAULTS "},"
     "\"output_formats\":" SDCPP_FORMATS ",\"output_formats_by_mode\":{\"img_gen\":" SDCPP_FORMATS
     "},\"features\":" SDCPP_FEATURES ",\"features_by_mode\":{\"img_gen\":" SDCPP_FEATURES "},"
     "\"samplers\":" SDCPP_SAMPLERS ",\"schedulers\":" SDCPP_SCHEDULERS ",\"loras\":[],"
     "\"upscalers\":[{\"name\":\"None\"},{\"name\":\"Lanczos\"}],\"limits\":{\"min_width\":64,"
     "\"max_width\":4096,\"min_height\":64,\"max_height\":4096,\"max_batch_count\":8,"
     "\"max_queue_size\":64}}"},
    {"/sdapi/v1/options", "{\"samples_format\":\"png\",\"sd_model_checkpoint\":\"sd-v1-4\"}"},
    {"/sdapi/v1/sd-models",
     "[{\"title\":\"sd-v1-4\",\"model_name\":\"sd-v1-4.ckpt\",\"filename\":\"sd-v1-4.ckpt\","
     "\"hash\":\"8888888888\",\"sha256\":"
     "\"8888888888888888888888888888888888888888888888888888888888888888\",\"config\":null}]"},
    {"/sdapi/v1/samplers",
     "[{\"name\":\"euler\",\"aliases\":[\"euler\"],\"options\":{}},{\"name\":\"euler_a\","
     "\"aliases\":[\"euler_a\"],\"options\":{}}]"},
    {"/sdapi/v1/schedulers", "[{\"name\":\"discrete\",\"label\":\"discrete\"},{\"name\":\"karras\","
                             "\"label\":\"karras\"}]"},
    {"/sdapi/v1/loras", "[]"},
    {"/sdapi/v1/upscalers", "[{\"name\":\"None\"},{\"name\":\"Lanczos\"}]"},
    {"/sdapi/v1/latent-upscale-modes", "[{\"name\":\"Latent\"}]"},
};

static void sdcpp_list(struct apipie_sandbox *box, const struct pie_call *call,
                       struct pie_answer *answer)
{
    (void)box;
    for (size_t i = 0; i < PIE_COUNT(sdcpp_texts); i++)
        if (strcmp(call->path, sdcpp_texts[i].path) == 0)
            pie_buf_add_text(&answer->body, sdcpp_texts[i].text);
}

/* ---- the door */

#define SDCPP_JOBS "/sdcpp/v1/jobs/"

static void sdcpp_job(struct apipie_sandbox *box, const struct pie_call *call,
                      struct pie_answer *answer)
{
    pie_sdcpp_job(box, call, call->path + sizeof(SDCPP_JOBS) - 1, answer);
}

static const struct pie_route sdcpp_routes[] = {
    {"/v1/images/generations", "POST", pie_sdcpp_generations, 1},
    {"/v1/images/edits", "POST", pie_sdcpp_edits, 1},
    {"/sdapi/v1/txt2img", "POST", pie_sdcpp_txt2img, 1},
    {"/sdapi/v1/img2img", "POST", pie_sdcpp_img2img, 1},
    {"/sdcpp/v1/img_gen", "POST", pie_sdcpp_submit, 1},
};

static const struct pie_route sdcpp_job_route = {SDCPP_JOBS, "GET", sdcpp_job, 0};
static const struct pie_route sdcpp_list_route = {"", "GET", sdcpp_list, 0};

/* GET .../jobs/ID and POST .../jobs/ID/cancel. */
static int32_t sdcpp_is_job(const struct pie_call *call)
{
    const char *id = call->path + sizeof(SDCPP_JOBS) - 1;
    size_t n;

    if (strncmp(call->path, SDCPP_JOBS, sizeof(SDCPP_JOBS) - 1) != 0)
        return 0;
    n = strcspn(id, "/");
    return n != 0 && strcmp(id + n, strcmp(call->method, "POST") == 0 ? "/cancel" : "") == 0;
}

static const struct pie_route *sdcpp_find(const struct pie_call *call)
{
    const char *allow;
    const struct pie_route *route =
        pie_route_find(sdcpp_routes, PIE_COUNT(sdcpp_routes), call, &allow);

    if (route != NULL)
        return route;
    if (sdcpp_is_job(call))
        return &sdcpp_job_route;
    for (size_t i = 0; i < PIE_COUNT(sdcpp_texts); i++)
        if (strcmp(call->path, sdcpp_texts[i].path) == 0 && strcmp(call->method, "POST") != 0)
            return &sdcpp_list_route;
    return NULL;
}

void pie_sdcpp_answer(struct apipie_sandbox *box, const struct pie_call *call,
                      struct pie_answer *answer)
{
    const struct pie_route *route = sdcpp_find(call);

    answer->no_id = 1;
    if (route != NULL && route->draws)
        pie_call_arrived(box);
    if (route != NULL) {
        pie_call_run(box, route, call, answer, pie_sdcpp_error);
    } else { /* not a word, whatever was wrong: path or method */
        answer->status = 404;
        answer->mime = NULL;
    }
    answer->close = answer->status >= 400;
    pie_answer_header(answer, "Access-Control-Allow-Origin", "*");
    pie_answer_header(answer, "Access-Control-Allow-Methods", "GET, POST, OPTIONS");
    pie_answer_header(answer, "Access-Control-Allow-Headers", "*");
}
