/* SPDX-License-Identifier: MIT */
/* Knows InvokeModel of Amazon Bedrock for Stability's models (https://docs.aws.amazon.com/bedrock/latest/APIReference/
 * API_runtime_InvokeModel.html): its route, replies and exceptions; must not know HTTP, callers or parameters. */
#include "sandbox/wires_priv.h"

#define ROCK_BODY_MAX 25000000

/* ---- exceptions */

static const char *rock_exception(int32_t status)
{
    static const struct {
        int32_t status;
        const char *exception;
    } known[] = {
        {401, "UnrecognizedClientException"}, {403, "AccessDeniedException"},
        {404, "ResourceNotFoundException"},   {408, "ModelTimeoutException"},
        {424, "ModelErrorException"},         {429, "ThrottlingException"},
        {503, "ServiceUnavailableException"},
    };

    for (size_t i = 0; i < PIE_COUNT(known); i++)
        if (known[i].status == status)
            return known[i].exception;
    return status < 500 ? "ValidationException" : "InternalServerException";
}

void pie_bedrock_error(struct pie_answer *answer, int32_t status, const char *code,
                       const char *message, const char *param)
{
    static const char word[] = "Exception";
    struct pie_buf *body = &answer->body;
    size_t n = code != NULL ? strlen(code) : 0;
    const char *exception = rock_exception(status);
    char type[128];

    (void)param;
    if (n > sizeof(word) && strcmp(code + n - (sizeof(word) - 1), word) == 0)
        exception = code;
    if (n != 0 && strcmp(code, "insufficient_quota") == 0) {
        status = 400;
        exception = "ServiceQuotaExceededException";
        message = "Your request exceeds the service quota for your account.";
    } else if (status == 429 && exception != code) {
        message = "Too many requests, please wait before trying again.";
    }
    pie_buf_clear(body);
    answer->status = status;
    answer->mime = "application/json";
    pie_buf_add_text(body, "{\"message\":");
    pie_json_string(body, pie_slice_text(message));
    pie_buf_add_char(body, '}');
    pie_text_copy(pie_slice_text(exception), type, 64);
    pie_text_copy(pie_slice_text(":http://internal.amazon.com/coral/com.amazon.bedrock/"),
                  type + strlen(type), 64);
    pie_answer_header(answer, "x-amzn-ErrorType", type);
}

/* ---- replies */

/* Filtered by SDXL: a picture, but blurred. The others send none. */
static apipie_status rock_picture(struct apipie_sandbox *box, const struct pie_bedrock_order *o,
                                  const struct pie_fault *f, struct pie_buf *out)
{
    struct pie_drawing d = {o->prompt, o->look, o->width, o->height,
                            f->set & PIE_FAULT_CONTENT ? 64 : 1};
    struct pie_picture *picture = NULL;
    apipie_status status = pie_draw_picture(&d, &picture);

    if (status == APIPIE_OK)
        pie_draw_value(box, f, 1, picture, out);
    pie_picture_unref(picture);
    return status;
}

static apipie_status rock_artifacts(struct apipie_sandbox *box, const struct pie_bedrock_order *o,
                                    const struct pie_fault *f, int32_t shown, struct pie_buf *out)
{
    const int32_t failed = f->set & PIE_FAULT_ERROR200;
    apipie_status status = APIPIE_OK;

    pie_buf_add_text(out, failed ? "{\"result\":\"error\",\"artifacts\":["
                                 : "{\"result\":\"success\",\"artifacts\":[");
    if (shown) {
        pie_buf_add_text(out, "{\"seed\":");
        pie_buf_add_uint(out, o->seed);
        pie_buf_add_text(out, ",\"base64\":");
        if (failed)
            pie_buf_add_text(out, "\"\"");
        else
            status = rock_picture(box, o, f, out);
        pie_buf_add_text(out, failed ? ",\"finishReason\":\"ERROR\"}"
                              : f->set & PIE_FAULT_CONTENT
                                  ? ",\"finishReason\":\"CONTENT_FILTERED\"}"
                                  : ",\"finishReason\":\"SUCCESS\"}");
    }
    pie_buf_add_text(out, "]}");
    return status;
}

static apipie_status rock_images(struct apipie_sandbox *box, const struct pie_bedrock_order *o,
                                 const struct pie_fault *f, int32_t shown, struct pie_buf *out)
{
    apipie_status status = APIPIE_OK;

    if (f->set & PIE_FAULT_CONTENT) {
        pie_buf_add_text(out, "{\"finish_reasons\":[\"Filter reason: prompt\"]}");
        return APIPIE_OK;
    }
    if (f->set & PIE_FAULT_ERROR200) {
        pie_buf_add_text(out, "{\"finish_reasons\":[\"Inference error\"]}");
        return APIPIE_OK;
    }
    if (!shown) {
        pie_buf_add_text(out, "{\"seeds\":[],\"finish_reasons\":[],\"images\":[]}");
        return APIPIE_OK;
    }
    pie_buf_add_text(out, "{\"seeds\":[");
    pie_buf_add_uint(out, o->seed);
    pie_buf_add_text(out, "],\"finish_reasons\":[null],\"images\":[");
    status = rock_picture(box, o, f, out);
    pie_buf_add_text(out, "]}");
    return status;
}

/* The filter and a failed inference answer as a picture does: 200, and nothing to pay. */
static void rock_reply(struct apipie_sandbox *box, const struct pie_bedrock_order *o,
                       const struct pie_fault *f, struct pie_answer *answer)
{
    int64_t took = pie_price_latency("bedrock", o->width, o->height, 0);
    int32_t drawn = !(f->set & (PIE_FAULT_FEWER | PIE_FAULT_CONTENT | PIE_FAULT_ERROR200));
    int32_t shown = !(f->set & (PIE_FAULT_FEWER | PIE_FAULT_NOIMAGE));
    char ms[PIE_NUMBER_MAX];
    apipie_status status = o->artifacts ? rock_artifacts(box, o, f, shown, &answer->body)
                                        : rock_images(box, o, f, shown, &answer->body);

    if (status != APIPIE_OK || answer->body.failed != APIPIE_OK) {
        pie_bedrock_error(answer, 500, NULL, "The server had an error.", NULL);
        return;
    }
    pie_number_int_text(took, ms);
    if (!(f->set & PIE_FAULT_NOUSAGE))
        pie_answer_header(answer, "X-Amzn-Bedrock-Invocation-Latency", ms);
    if (drawn)
        pie_bill(box, o->model, o->prompt, pie_price_cost("bedrock", o->width, o->height, 0), took,
                 f);
}

static void rock_draw(struct apipie_sandbox *box, const struct pie_call *call,
                      const struct pie_bedrock_order *o, struct pie_answer *answer)
{
    const int32_t refused = PIE_FAULT_REFUSED & ~(PIE_FAULT_CONTENT | PIE_FAULT_ERROR200);
    struct pie_fault fault;

    if (pie_spoil_choose(box, o->model, call->fault, answer, &fault) != APIPIE_OK)
        return;
    pie_box_note(box, &o->inputs, &o->seed, o->steps);
    if (fault.set & refused)
        pie_spoil_refuse(&fault, answer, pie_bedrock_error);
    else
        rock_reply(box, o, &fault, answer);
    pie_spoil_answer(box, &fault, answer);
}

/* ---- the route */

static const char rock_invoke_path[] = "/model/*/invoke";

static const struct pie_model *rock_model(const struct pie_call *call)
{
    struct pie_slice id = pie_call_wild(call, rock_invoke_path);

    for (size_t i = 0; i < PIE_SANDBOX_BEDROCK; i++)
        if (pie_slice_equal(id, pie_sandbox_bedrock[i].model))
            return &pie_sandbox_bedrock[i];
    return NULL;
}

static void rock_invoke(struct apipie_sandbox *box, const struct pie_call *call,
                        struct pie_answer *answer)
{
    struct pie_doc *doc = NULL;
    struct pie_bedrock_order o;
    const struct pie_model *model = rock_model(call);
    apipie_status status = pie_call_json(call, &doc);

    if (model == NULL)
        pie_bedrock_error(answer, 404, NULL,
                          "Could not resolve the foundation model from the provided model "
                          "identifier.",
                          NULL);
    else if (call->body.n > ROCK_BODY_MAX)
        pie_bedrock_error(answer, 400, NULL,
                          "1 validation error detected: Value at 'body' failed to satisfy "
                          "constraint: Member must have length less than or equal to 25000000",
                          NULL);
    else if (!pie_media_is(call->media, "application/json"))
        pie_bedrock_error(answer, 400, NULL,
                          "The provided Content Type is invalid or not supported for this model",
                          NULL);
    else if (status != APIPIE_OK || pie_node_kind(pie_doc_root(doc)) != PIE_JSON_OBJECT)
        pie_bedrock_error(answer, 400, NULL,
                          "The format of the request is malformed: the body must be a JSON object.",
                          NULL);
    else if (pie_bedrock_read(pie_doc_root(doc), model, answer, &o) == APIPIE_OK)
        rock_draw(box, call, &o, answer);
    pie_doc_free(doc);
}

/* ---- the door */

static const struct pie_route rock_routes[] = {{rock_invoke_path, "POST", rock_invoke, 1}};

/* "01234567-89ab-cdef-0123-456789abcdef" */
static void rock_request_id(struct pie_answer *answer)
{
    static const size_t parts[] = {8, 4, 4, 4, 12};
    char id[PIE_ANSWER_ID], uuid[PIE_ANSWER_ID + 4];
    size_t from = 0, to = 0;

    pie_answer_id(id);
    for (size_t i = 0; i < PIE_COUNT(parts); i++) {
        memcpy(uuid + to, id + from, parts[i]);
        from += parts[i];
        to += parts[i];
        uuid[to++] = i + 1 < PIE_COUNT(parts) ? '-' : '\0';
    }
    answer->no_id = 1;
    pie_answer_header(answer, "x-amzn-RequestId", uuid);
}

void pie_bedrock_answer(struct apipie_sandbox *box, const struct pie_call *call,
                        struct pie_answer *answer)
{
    const char *allow;
    const struct pie_route *route =
        pie_route_find(rock_routes, PIE_COUNT(rock_routes), call, &allow);
    apipie_status status;

    rock_request_id(answer);
    if (route == NULL) {
        pie_bedrock_error(answer, 404, "UnknownOperationException",
                          "The sandbox knows POST /model/MODEL/invoke alone.", NULL);
        return;
    }
    pie_call_arrived(box);
    if (pie_bedrock_check_caller(box, call, answer) != APIPIE_OK)
        return;
    status = pie_call_throttle(box, answer, pie_bedrock_error);
    pie_answer_no_rate(answer);
    answer->retry_after[0] = answer->retry_after_ms[0] = '\0';
    if (status == APIPIE_OK)
        pie_call_run(box, route, call, answer, pie_bedrock_error);
}
