/* SPDX-License-Identifier: MIT */
/* Knows the platform of Stability AI (https://platform.stability.ai/docs/api-reference): its key, errors, engines and doors; must not
 * know what a route takes. */
#include "sandbox/wires_priv.h"

#define STAB_MODEL(name)                                                                           \
    {                                                                                              \
        .provider = "stability", .model = name, .description = "", .best_for = ""                  \
    }

const struct pie_model pie_sandbox_stability[PIE_SANDBOX_STABILITY] = {
    STAB_MODEL("ultra"),
    STAB_MODEL("core"),
    STAB_MODEL("sd3.5-large"),
    STAB_MODEL("sd3.5-large-turbo"),
    STAB_MODEL("sd3.5-medium"),
    STAB_MODEL("inpaint"),
    STAB_MODEL("erase"),
    STAB_MODEL("outpaint"),
    STAB_MODEL("search-and-replace"),
    STAB_MODEL("search-and-recolor"),
    STAB_MODEL("remove-background"),
    STAB_MODEL("replace-background-and-relight"),
    STAB_MODEL("fast"),
    STAB_MODEL("conservative"),
    STAB_MODEL("creative"),
    STAB_MODEL("stable-diffusion-xl-1024-v1-0"),
    STAB_MODEL("stable-diffusion-v1-6"),
};

const struct pie_model *pie_stability_model(struct pie_slice name)
{
    for (size_t i = 0; i < PIE_SANDBOX_STABILITY; i++)
        if (pie_slice_equal(name, pie_sandbox_stability[i].model))
            return &pie_sandbox_stability[i];
    return NULL;
}

/* ---- errors */

static const struct stab_words {
    int32_t status;
    const char *name, *message;
} stab_words[] = {
    {200, "internal_error", "An unexpected server error has occurred, please try again later."},
    {400, "bad_request", NULL},
    {401, "unauthorized", NULL},
    {402, "payment_required",
     "You lack sufficient credits to make this request. Please purchase more credits and try "
     "again."},
    {403, "content_moderation", "Your request was flagged by our content moderation system."},
    {404, "not_found", NULL},
    {413, "payload_too_large", NULL},
    {429, "rate_limit_exceeded",
     "You have exceeded the rate limit of 150 requests within a 10 second period, and have been "
     "timed out for 60 seconds."},
    {500, "internal_error", "An unexpected server error has occurred, please try again later."},
};

/* The platform's own words: `code` of ours may say more than the status. */
static int32_t stab_name(int32_t status, const char *code, const char **ret_name,
                         const char **ret_message)
{
    if (code != NULL && strcmp(code, "insufficient_quota") == 0)
        status = 402;
    if (code != NULL && strcmp(code, "content_policy_violation") == 0)
        status = 403;
    *ret_name = code != NULL ? code : "error";
    for (size_t i = 0; i < PIE_COUNT(stab_words); i++)
        if (stab_words[i].status == status) {
            *ret_name = stab_words[i].name;
            *ret_message = stab_words[i].message != NULL ? stab_words[i].message : *ret_message;
        }
    return status;
}

static void stab_write(struct pie_answer *answer, int32_t status, const char *before,
                       const char *message, const char *between, const char *name)
{
    struct pie_buf *body = &answer->body;
    char id[PIE_ANSWER_ID];

    pie_answer_id(id);
    pie_buf_clear(body);
    answer->status = status;
    answer->mime = "application/json";
    pie_buf_add_text(body, "{\"id\":\"");
    pie_buf_add_text(body, id);
    pie_buf_add_text(body, before);
    pie_json_string(body, pie_slice_text(message));
    pie_buf_add_text(body, between);
    pie_json_string(body, pie_slice_text(name));
    pie_buf_add_char(body, '}');
}

void pie_stability_error(struct pie_answer *answer, int32_t status, const char *code,
                         const char *message, const char *param)
{
    const char *name;

    (void)param;
    status = stab_name(status, code, &name, &message);
    stab_write(answer, status, "\",\"errors\":[", message, "],\"name\":", name);
}

/* The engines are older: they have words of their own for some of it. */
void pie_stability_engine_error(struct pie_answer *answer, int32_t status, const char *code,
                                const char *message, const char *param)
{
    const char *name;

    (void)param;
    if (status == 200) { /* a success that is none */
        pie_buf_clear(&answer->body);
        pie_buf_add_text(
            &answer->body,
            "{\"artifacts\":[{\"base64\":\"\",\"seed\":0,\"finishReason\":\"ERROR\"}]}");
        return;
    }
    if (code != NULL && strcmp(code, "insufficient_quota") == 0) {
        stab_write(answer, 429, "\",\"message\":",
                   "Your organization does not have enough balance to request this action.",
                   ",\"name\":", "insufficient_balance");
        return;
    }
    if (code != NULL && strcmp(code, "content_policy_violation") == 0) {
        stab_write(answer, 400, "\",\"message\":",
                   "Invalid prompts detected: one or more prompts contains filtered words.",
                   ",\"name\":", "invalid_prompts");
        return;
    }
    status = stab_name(status, code, &name, &message);
    if (code != NULL && strncmp(code, "invalid_", 8) == 0 && strcmp(code, "invalid_api_key") != 0)
        name = code;
    stab_write(answer, status, "\",\"message\":", message,
               ",\"name\":", status == 500 ? "server_error" : name);
}

apipie_status pie_stability_refuse(struct pie_answer *answer, pie_error_fn error, const char *name,
                                   struct pie_slice field, const char *what)
{
    char text[PIE_ANSWER_SAY];

    pie_answer_say(text, "", field, what);
    error(answer, 400, name, text, NULL);
    return APIPIE_E_ARGUMENT;
}

apipie_status pie_stability_refuse_breach(struct pie_answer *answer, pie_error_fn error,
                                          const struct pie_breach *breach)
{
    static const char *const ends[] = {
        [PIE_BREACH_UNKNOWN] = ": is not allowed",
        [PIE_BREACH_MISSING] = ": is required",
        [PIE_BREACH_KIND] = ": has the wrong type",
        [PIE_BREACH_LOW] = ": is below what is allowed",
        [PIE_BREACH_HIGH] = ": is above what is allowed",
        [PIE_BREACH_CHOICE] = ": is none of the allowed values",
        [PIE_BREACH_TWICE] = ": is there twice",
    };

    return pie_stability_refuse(answer, error, "bad_request", breach->shown, ends[breach->what]);
}

/* ---- what the routes have in common */

apipie_status pie_stability_way(const struct pie_call *call, int32_t otherwise,
                                struct pie_answer *answer, pie_error_fn error, int32_t *ret)
{
    struct pie_slice accept = pie_call_header(call, "Accept");

    *ret = otherwise;
    if (accept.n == 0 || pie_slice_equal(accept, "*/*"))
        return APIPIE_OK;
    if (pie_slice_starts_nocase(accept, "application/json"))
        *ret = PIE_STABILITY_JSON;
    else if (pie_slice_starts_nocase(accept, "image/png") ||
             pie_slice_starts_nocase(accept, "image/*"))
        *ret = PIE_STABILITY_RAW;
    else
        return pie_stability_refuse(answer, error, "bad_request", pie_slice_text("accept"),
                                    ": must be application/json or image/*");
    return APIPIE_OK;
}

uint64_t pie_stability_seed(struct pie_slice text)
{
    uint64_t seed = 0;

    if (pie_number_uint(text, &seed) == APIPIE_OK && seed != 0)
        return seed;
    return 1 + pie_random_below(UINT32_MAX - 1);
}

/* The least side of an input picture. */
#define STAB_SIDE_MIN 64

apipie_status pie_stability_input(const struct pie_field *part, int32_t is_mask,
                                  struct pie_answer *answer, pie_error_fn error,
                                  struct pie_stability_order *o)
{
    const struct pie_probe *first = &o->inputs.first;
    struct pie_probe probe;

    if (part == NULL)
        return APIPIE_OK;
    pie_probe(part->body, &probe);
    if (probe.kind == PIE_PROBE_OTHER)
        return pie_stability_refuse(answer, error, "bad_request", part->name,
                                    ": must be a JPEG, PNG or WebP picture");
    if (probe.kind == PIE_PROBE_PNG &&
        (probe.width < STAB_SIDE_MIN || probe.height < STAB_SIDE_MIN))
        return pie_stability_refuse(answer, error, "bad_request", part->name,
                                    ": each side must have at least 64 pixels");
    if (!is_mask) {
        pie_box_inputs_add(&o->inputs, part->body, &probe);
        return APIPIE_OK;
    }
    if (probe.kind == PIE_PROBE_PNG && first->kind == PIE_PROBE_PNG &&
        (probe.width != first->width || probe.height != first->height))
        return pie_stability_refuse(answer, error, "bad_request", part->name,
                                    ": must have the size of the picture");
    pie_inputs_mask(&o->inputs, part->body);
    return APIPIE_OK;
}

/* ---- the list: a bare array, of engines alone */

static void stab_engines(struct apipie_sandbox *box, const struct pie_call *call,
                         struct pie_answer *answer)
{
    (void)box;
    (void)call;
    pie_buf_add_text(&answer->body,
                     "[{\"description\":\"Stability-AI Stable Diffusion XL v1.0\",\"id\":"
                     "\"stable-diffusion-xl-1024-v1-0\",\"name\":\"Stable Diffusion XL v1.0\","
                     "\"type\":\"PICTURE\"},{\"description\":\"Stability-AI Stable Diffusion "
                     "v1.6\",\"id\":\"stable-diffusion-v1-6\",\"name\":\"Stable Diffusion v1.6\","
                     "\"type\":\"PICTURE\"}]");
}

/* ---- the door */

static const struct pie_route stab_routes[] = {
    {"/v2beta/stable-image/*", "POST", pie_stability_form, 1},
    {"/v1/generation/*", "POST", pie_stability_engine, 1},
    {"/v2beta/results/*", "GET", pie_stability_result, 0},
    {"/v1/engines/list", "GET", stab_engines, 0},
};

static apipie_status stab_check_key(struct apipie_sandbox *box, const struct pie_call *call,
                                    struct pie_answer *answer, pie_error_fn error)
{
    struct pie_slice key = pie_call_bearer(call);

    if (pie_sandbox_takes_key(box, key))
        return APIPIE_OK;
    error(answer, 401, NULL,
          key.n == 0 ? "authorization: missing authorization header"
                     : "authorization: invalid key: the sandbox printed the right one",
          NULL);
    return APIPIE_E_ARGUMENT;
}

void pie_stability_answer(struct apipie_sandbox *box, const struct pie_call *call,
                          struct pie_answer *answer)
{
    const char *allow;
    const struct pie_route *route =
        pie_route_find(stab_routes, PIE_COUNT(stab_routes), call, &allow);
    pie_error_fn error =
        strncmp(call->path, "/v1/", 4) == 0 ? pie_stability_engine_error : pie_stability_error;
    apipie_status status = APIPIE_OK;

    if (route != NULL && route->draws)
        pie_call_arrived(box);
    if (route == NULL) {
        error(answer, allow != NULL ? 405 : 404, allow != NULL ? "method_not_allowed" : NULL,
              allow != NULL ? "This route takes another method." : "There is no such route.", NULL);
        answer->allow = allow;
        return;
    }
    if (stab_check_key(box, call, answer, error) != APIPIE_OK)
        return;
    if (route->draws)
        status = pie_call_throttle(box, answer, error);
    pie_answer_no_rate(answer); /* the platform says nothing of it */
    answer->retry_after[0] = answer->retry_after_ms[0] = '\0';
    if (status == APIPIE_OK)
        pie_call_run(box, route, call, answer, error);
}
