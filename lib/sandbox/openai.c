/* SPDX-License-Identifier: MIT */
/* Knows the routes, the key and the errors of OpenAI's images API; must not know its parameters or pictures. */
#include "sandbox/wires_priv.h"

void pie_openai_error(struct pie_answer *answer, int32_t status, const char *code,
                      const char *message, const char *param)
{
    static const struct {
        const char *code, *type;
    } types[] = {
        {"insufficient_quota", "insufficient_quota"},
        {"rate_limit_exceeded", "requests"},
        {"moderation_blocked", "image_generation_user_error"},
        {"content_policy_violation", "image_generation_user_error"},
    };
    const char *type = status >= 500 || status == 200 ? "server_error" : "invalid_request_error";

    for (size_t i = 0; code != NULL && i < PIE_COUNT(types); i++)
        if (strcmp(code, types[i].code) == 0)
            type = types[i].type;
    pie_answer_typed_error(answer, status, type, code, message, param);
}

apipie_status pie_openai_refuse(struct pie_answer *answer, const char *code, struct pie_slice param,
                                const char *a, const char *b)
{
    char name[160];
    struct pie_buf text;

    pie_text_display(param, name, sizeof(name));
    pie_buf_init(&text, &pie_mem_libc, 2048);
    pie_buf_add_text(&text, a);
    pie_buf_add_char(&text, '\'');
    pie_buf_add_text(&text, name);
    pie_buf_add_char(&text, '\'');
    pie_buf_add_text(&text, b);
    pie_openai_error(answer, 400, code, text.failed == APIPIE_OK ? text.p : a, name);
    pie_buf_free(&text);
    return APIPIE_E_ARGUMENT;
}

/* ---- the key */

/* As the real one shows it: its start and its end. */
static void openai_refuse_key(struct pie_slice key, struct pie_answer *answer)
{
    struct pie_buf text;

    if (key.n == 0) {
        pie_openai_error(answer, 401, NULL,
                         "You didn't provide an API key. You need to provide your API key in an "
                         "Authorization header using Bearer auth (i.e. Authorization: Bearer "
                         "YOUR_KEY).",
                         NULL);
        return;
    }
    pie_buf_init(&text, &pie_mem_libc, 512);
    pie_buf_add_text(&text, "Incorrect API key provided: ");
    pie_buf_add_slice(&text, pie_slice(key.p, key.n < 12 ? 0 : 7));
    pie_buf_add_text(&text, "********");
    pie_buf_add_slice(&text, key.n < 12 ? pie_slice_text("") : pie_slice(key.p + key.n - 4, 4));
    pie_buf_add_text(&text, ". You can find your API key where the sandbox printed it.");
    pie_openai_error(answer, 401, "invalid_api_key",
                     pie_utf8_valid(text.p, text.n) == text.n ? text.p : "Incorrect API key.",
                     NULL);
    pie_buf_free(&text);
}

static apipie_status openai_check_key(struct apipie_sandbox *box, const struct pie_call *call,
                                      struct pie_answer *answer)
{
    struct pie_slice key = pie_call_bearer(call);

    if (pie_sandbox_takes_key(box, key))
        return APIPIE_OK;
    openai_refuse_key(key, answer);
    return APIPIE_E_ARGUMENT;
}

/* ---- drawing */

static void openai_refuse_content(const struct pie_openai_order *o, struct pie_answer *answer)
{
    if (o->family & PIE_OPENAI_GPT)
        pie_openai_error(
            answer, 400, "moderation_blocked",
            "Your request was rejected by the safety system. If you believe this is an "
            "error, contact us and include the request ID req_sandbox_blocked. "
            "safety_violations=[violence].",
            NULL);
    else
        pie_openai_error(answer, 400, "content_policy_violation",
                         "Your request was rejected as a result of our safety system. Your prompt "
                         "may contain text that is not allowed by our safety system.",
                         NULL);
}

static void openai_draw(struct apipie_sandbox *box, const struct pie_call *call,
                        struct pie_openai_order *o, struct pie_answer *answer)
{
    struct pie_fault fault;

    if (pie_spoil_choose(box, o->model, call->fault, answer, &fault) != APIPIE_OK)
        return;
    pie_box_note(box, &o->inputs, NULL, APIPIE_UNKNOWN);
    if (fault.set & PIE_FAULT_ONLYONE && o->n > 1)
        pie_openai_error(answer, 400, "invalid_value", "n must be 1 for this model", "n");
    else if (fault.set & PIE_FAULT_REFUSED)
        pie_spoil_refuse(&fault, answer, pie_openai_error);
    else
        pie_openai_reply(box, o, &fault, answer);
    if (fault.set & PIE_FAULT_CONTENT)
        openai_refuse_content(o, answer);
    pie_spoil_answer(box, &fault, answer);
}

static void openai_order(struct apipie_sandbox *box, const struct pie_call *call,
                         const struct pie_node *root, const struct pie_fields *form, int32_t route,
                         struct pie_answer *answer)
{
    struct pie_openai_order o;

    if (pie_openai_read(root, form, route, answer, &o) == APIPIE_OK &&
        pie_openai_pictures(box, answer, &o) == APIPIE_OK)
        openai_draw(box, call, &o, answer);
}

static void openai_json(struct apipie_sandbox *box, const struct pie_call *call, int32_t route,
                        struct pie_answer *answer)
{
    struct pie_doc *doc = NULL;
    apipie_status status;

    if (!pie_media_is(call->media, "application/json")) {
        pie_openai_error(answer, 400, "unsupported_content_type",
                         "Unsupported content type. This API method only accepts "
                         "'application/json' requests.",
                         NULL);
        return;
    }
    status = pie_call_json(call, &doc);
    if (status == APIPIE_E_TOO_LARGE)
        pie_openai_error(answer, 413, NULL, "The request is too large.", NULL);
    else if (status != APIPIE_OK || pie_node_kind(pie_doc_root(doc)) != PIE_JSON_OBJECT)
        pie_openai_error(answer, 400, NULL,
                         "We could not parse the JSON body of your request. (HINT: This likely "
                         "means you aren't using your HTTP library correctly. The API expects a "
                         "JSON payload, but what was sent was not valid JSON.)",
                         NULL);
    else
        openai_order(box, call, pie_doc_root(doc), NULL, route, answer);
    pie_doc_free(doc);
}

static void openai_form(struct apipie_sandbox *box, const struct pie_call *call, int32_t route,
                        struct pie_answer *answer)
{
    struct pie_fields form;

    if (!call->is_form)
        pie_openai_error(answer, 400, "unsupported_content_type",
                         "Unsupported content type. This API method only accepts "
                         "'multipart/form-data' requests.",
                         NULL);
    else if (pie_fields_parse(call->media, call->body, &form) != APIPIE_OK)
        pie_openai_error(answer, 400, NULL, "Could not parse multipart form", NULL);
    else
        openai_order(box, call, NULL, &form, route, answer);
}

static void openai_generations(struct apipie_sandbox *box, const struct pie_call *call,
                               struct pie_answer *answer)
{
    openai_json(box, call, PIE_OPENAI_GENERATION, answer);
}

static void openai_edits(struct apipie_sandbox *box, const struct pie_call *call,
                         struct pie_answer *answer)
{
    if (call->is_form)
        openai_form(box, call, PIE_OPENAI_FORM, answer);
    else
        openai_json(box, call, PIE_OPENAI_EDIT, answer);
}

static void openai_variations(struct apipie_sandbox *box, const struct pie_call *call,
                              struct pie_answer *answer)
{
    openai_form(box, call, PIE_OPENAI_VARIATION, answer);
}

static void openai_models(struct apipie_sandbox *box, const struct pie_call *call,
                          struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body;

    (void)box;
    (void)call;
    pie_buf_add_text(out, "{\"object\":\"list\",\"data\":[");
    for (size_t i = 0; i < PIE_SANDBOX_OPENAI; i++) {
        pie_buf_add_text(out, i != 0 ? ",{\"id\":" : "{\"id\":");
        pie_json_string(out, pie_slice_text(pie_sandbox_openai[i].model));
        pie_buf_add_text(out, ",\"object\":\"model\",\"created\":");
        pie_buf_add_uint(out, 1698785189 + 1000000 * i);
        pie_buf_add_text(out, ",\"owned_by\":\"system\"}");
    }
    pie_buf_add_text(out, "]}");
}

/* ---- the door */

static const struct pie_route openai_routes[] = {
    {"/images/generations", "POST", openai_generations, 1},
    {"/images/edits", "POST", openai_edits, 1},
    {"/images/variations", "POST", openai_variations, 1},
    {"/models", "GET", openai_models, 0},
};

/* Without a limit of ours, what a large account is told. */
static apipie_status openai_throttle(struct apipie_sandbox *box, struct pie_answer *answer)
{
    apipie_status status = pie_call_throttle(box, answer, pie_openai_error);

    if (status == APIPIE_OK && answer->rate_limit[0] == '\0') {
        pie_text_copy(pie_slice_text("5000"), answer->rate_limit, sizeof(answer->rate_limit));
        pie_text_copy(pie_slice_text("4999"), answer->rate_remaining,
                      sizeof(answer->rate_remaining));
        pie_text_copy(pie_slice_text("12ms"), answer->rate_reset, sizeof(answer->rate_reset));
    }
    return status;
}

static void openai_no_route(const struct pie_call *call, const char *allow,
                            struct pie_answer *answer)
{
    struct pie_buf text;

    pie_buf_init(&text, &pie_mem_libc, 1024);
    pie_buf_add_text(&text, allow != NULL ? "Not allowed to " : "Invalid URL (");
    pie_buf_add_text(&text, call->method);
    pie_buf_add_text(&text, allow != NULL ? " on /v1" : " /v1");
    pie_buf_add_slice(&text,
                      pie_slice(call->path, pie_utf8_cut(call->path, strlen(call->path), 512)));
    pie_buf_add_text(&text, allow != NULL ? "." : ")");
    pie_openai_error(answer, allow != NULL ? 405 : 404, NULL,
                     text.failed == APIPIE_OK && pie_utf8_valid(text.p, text.n) == text.n
                         ? text.p
                         : "Invalid URL",
                     NULL);
    answer->allow = allow;
    pie_buf_free(&text);
}

void pie_openai_answer(struct apipie_sandbox *box, const struct pie_call *call,
                       struct pie_answer *answer)
{
    const char *allow;
    const struct pie_route *route =
        pie_route_find(openai_routes, PIE_COUNT(openai_routes), call, &allow);
    char ms[PIE_NUMBER_MAX];

    if (route != NULL && route->draws)
        pie_call_arrived(box);
    if (route == NULL)
        openai_no_route(call, allow, answer);
    else if (openai_check_key(box, call, answer) == APIPIE_OK &&
             (!route->draws || openai_throttle(box, answer) == APIPIE_OK))
        pie_call_run(box, route, call, answer, pie_openai_error);
    pie_number_int_text(pie_clock_ms() - call->at_ms, ms);
    pie_answer_header(answer, "openai-version", "2020-10-01");
    pie_answer_header(answer, "openai-organization", "sandbox");
    pie_answer_header(answer, "openai-processing-ms", ms);
}
