/* SPDX-License-Identifier: MIT */
/* Knows what a failed reply means: code, fault, advice; must not know one provider from another. */
#include "dialect/explain_priv.h"

static const char *const explain_quota[] = {"insufficient_quota",
                                            "billing",
                                            "ACCOUNT_ERROR",
                                            "ServiceQuotaExceeded",
                                            "insufficient credit",
                                            "insufficient fund",
                                            "insufficient balance",
                                            "out of credit",
                                            "no credit",
                                            "top up",
                                            "exceeded your current quota",
                                            "payment required",
                                            "spend limit",
                                            "spending limit",
                                            NULL};
static const char *const explain_policy[] = {"content_policy",   "content policy",
                                             "moderation",       "moderated",
                                             "content_filter",   "content filter",
                                             "safety system",    "safety_violation",
                                             "Filter reason",    "nsfw",
                                             "CONTENT_FILTERED", "usage policy",
                                             "policy violation", NULL};
static const char *const explain_credentials[] = {
    "UnrecognizedClient", "InvalidSignature", "ExpiredToken",      "AccessDenied",
    "invalid_api_key",    "invalid api key",  "incorrect api key", NULL};
static const char *const explain_prompt[] = {"prompt", "too long", "input length", NULL};
static const char *const explain_model[] = {"model_not_found", "no such model", "unknown model",
                                            "model not found", NULL};
static const char *const explain_busy[] = {
    "model_loading",      "overloaded",     "capacity",
    "ServiceUnavailable", "ModelNotReady",  "temporarily unavailable",
    "queue is full",      "inflight_limit", NULL};
static const char *const explain_out_of_memory[] = {"OutOfMemory", "out of memory", NULL};

static apipie_status explain_4xx(int32_t status, const struct pie_complaint *c)
{
    if (status == 401)
        return APIPIE_E_AUTH;
    if (status == 402)
        return APIPIE_E_QUOTA;
    if (status == 429)
        return pie_complaint_says(c, explain_quota) ? APIPIE_E_QUOTA : APIPIE_E_RATE_LIMITED;
    if (status == 408)
        return APIPIE_E_SERVER;
    if (pie_complaint_says(c, explain_policy))
        return APIPIE_E_CONTENT_POLICY;
    if (status == 403 && !c->html && pie_complaint_says(c, explain_prompt))
        return APIPIE_E_PARAMETER;
    if (pie_complaint_says(c, explain_quota))
        return APIPIE_E_QUOTA;
    if (status == 403 || pie_complaint_says(c, explain_credentials))
        return APIPIE_E_AUTH;
    if (status == 404 || pie_complaint_says(c, explain_model))
        return APIPIE_E_NOT_FOUND;
    return APIPIE_E_PARAMETER;
}

/* A success that tells of a failure: only its words can say which. */
static apipie_status explain_by_words(const struct pie_complaint *c)
{
    static const char *const limited[] = {"rate_limit", "rate limit", "too many requests", NULL};
    static const char *const parameter[] = {"invalid_parameter", "invalid_request",
                                            "unknown_parameter", "invalid parameter", NULL};
    if (pie_complaint_says(c, explain_policy))
        return APIPIE_E_CONTENT_POLICY;
    if (pie_complaint_says(c, explain_quota))
        return APIPIE_E_QUOTA;
    if (pie_complaint_says(c, limited))
        return APIPIE_E_RATE_LIMITED;
    if (pie_complaint_says(c, explain_credentials))
        return APIPIE_E_AUTH;
    if (pie_complaint_says(c, explain_model))
        return APIPIE_E_NOT_FOUND;
    return pie_complaint_says(c, parameter) ? APIPIE_E_PARAMETER : APIPIE_E_SERVER;
}

static apipie_status explain_code(int32_t status, const struct pie_complaint *c)
{
    if (status >= 500)
        return APIPIE_E_SERVER;
    if (status >= 400)
        return explain_4xx(status, c);
    if (status >= 300)
        return APIPIE_E_NETWORK;
    return explain_by_words(c);
}

/* ---- advice */

static const char *explain_server_hint(int32_t status, const struct pie_complaint *c)
{
    if (pie_complaint_says(c, explain_out_of_memory))
        return "the server has too little memory for this: ask for a smaller size";
    if (c->html || status == 502 || status == 504 || status >= 520)
        return "the gateway in front of the model failed; try later, and look at your usage before "
               "you "
               "pay again";
    if (status == 503)
        return "the server is busy or starting; try later";
    return "the server failed; if it stays so, report the request id to its support";
}

/* 4xx that say nothing about the request: it may do as it is, later. */
static int32_t explain_passing(int32_t status)
{
    return status == 409 || status == 424 || status == 425 || status == 499;
}

static const char *explain_hint(apipie_status code, int32_t status, const struct pie_complaint *c)
{
    switch (code) {
    case APIPIE_E_AUTH:
        if (c->html)
            return "a firewall in front of the server refused this machine, perhaps not the key; "
                   "try "
                   "from another network";
        return "check the key (APIPIE_API_KEY, or the backend's own): it may be wrong, expired, or "
               "not "
               "allowed to use this model";
    case APIPIE_E_QUOTA:
        return "the account has no credit left, or met its spending limit: top up, then try again";
    case APIPIE_E_RATE_LIMITED:
        return "too many requests: wait, or send fewer at once";
    case APIPIE_E_CONTENT_POLICY:
        return "the provider refuses this prompt or picture: change the prompt";
    case APIPIE_E_NOT_FOUND:
        if (c->html)
            return "a web page answered: check the base URL (it ends with /v1)";
        return "check the model and provider names, and the base URL (it ends with /v1)";
    case APIPIE_E_NETWORK:
        return "the server redirects elsewhere: set that address as base URL";
    case APIPIE_E_SERVER:
        return explain_server_hint(status, c);
    default:
        if (explain_passing(status))
            return "the server could not finish it now; look at your usage, then try again";
        return "change the parameter that the message names; not every model takes every one";
    }
}

/* ---- verdicts */

static int32_t explain_retryable(apipie_status code, int32_t status, const struct pie_complaint *c)
{
    if (code == APIPIE_E_RATE_LIMITED)
        return 1;
    if (pie_complaint_says(c, explain_out_of_memory))
        return 0;
    if (code == APIPIE_E_SERVER)
        return status < 300 ||
               status >= 400; /* a success status around an error is as good as 500 */
    return explain_passing(status);
}

static int32_t explain_fault(apipie_status code, int32_t status, const struct pie_complaint *c)
{
    if (c->html && code != APIPIE_E_PARAMETER)
        return APIPIE_FAULT_GATEWAY;
    if (code == APIPIE_E_SERVER)
        return status == 502 || status == 504 || status >= 520 ? APIPIE_FAULT_GATEWAY
                                                               : APIPIE_FAULT_PROVIDER;
    if (explain_passing(status))
        return APIPIE_FAULT_PROVIDER;
    return pie_error_fault(code);
}

static const char *explain_status_words(int32_t status)
{
    static const struct {
        int32_t status;
        const char *words;
    } known[] = {
        {400, "bad request"},
        {401, "not authorised"},
        {402, "payment required"},
        {403, "forbidden"},
        {404, "not found"},
        {405, "method not allowed"},
        {408, "request timed out"},
        {413, "request too large"},
        {422, "request not understood"},
        {429, "too many requests"},
        {500, "the server failed"},
        {502, "bad gateway"},
        {503, "service unavailable"},
        {504, "gateway timed out"},
        {520, "unknown error at the origin"},
        {522, "the origin timed out"},
        {524, "the origin took too long"},
    };
    for (size_t i = 0; i < PIE_COUNT(known); i++) {
        if (known[i].status == status)
            return known[i].words;
    }
    return "no reason was given";
}

void pie_explain_request_id(const struct pie_headers *headers, char out[128])
{
    static const char *const names[] = {"x-request-id", "request-id", "x-amzn-requestid",
                                        "x-fal-request-id", "cf-ray"};
    out[0] = '\0';
    for (size_t i = 0; i < PIE_COUNT(names); i++) {
        const char *value = pie_headers_get(headers, names[i]);
        if (value != NULL && value[0] != '\0') {
            pie_text_display(pie_slice_text(value), out, 128);
            return;
        }
    }
}

static void explain_keep_body(const struct pie_reply *reply, struct apipie_error *err)
{
    pie_buf_clear(&err->body);
    if (reply->root != NULL)
        pie_node_write(reply->root, &err->body);
    else
        pie_buf_add(&err->body, reply->text.p,
                    pie_utf8_cut(reply->text.p, reply->text.n, err->body.max));
    if (err->body.failed != APIPIE_OK)
        pie_buf_free(&err->body); /* only a convenience: the error itself must not fail */
}

static void explain_ids(const struct pie_reply *reply, const struct pie_complaint *c,
                        struct apipie_error *err)
{
    pie_text_copy(pie_slice_text(c->code[0] != '\0' ? c->code : c->type), err->provider_code,
                  sizeof(err->provider_code));
    pie_text_copy(pie_slice_text(c->param), err->provider_param, sizeof(err->provider_param));
    pie_explain_request_id(&reply->outcome->headers, err->request_id);
    if (err->request_id[0] == '\0')
        pie_text_display(pie_node_text(pie_node_get(reply->root, "request_id")), err->request_id,
                         sizeof(err->request_id));
    if (err->request_id[0] == '\0')
        pie_text_display(pie_node_text(pie_node_get(reply->root, "id")), err->request_id,
                         sizeof(err->request_id));
}

/* The advice that the OpenAI clients obey: a server that knows better than its status. */
static void explain_advice(const struct pie_headers *headers, struct apipie_error *err)
{
    err->should_retry = pie_explain_should_retry(headers);
    if (err->should_retry == 0)
        err->retryable = 0;
}

static void explain_fill(const struct pie_reply *reply, const struct pie_complaint *c,
                         apipie_status code, struct apipie_error *err)
{
    int32_t status = reply->outcome->status;
    char prefix[PIE_NUMBER_MAX + 8] = "HTTP ";
    const char *words = c->message.n != 0 ? c->message.p : explain_status_words(status);
    pie_number_int_text(status, prefix + 5);
    pie_error_set(err, code, explain_hint(code, status, c), prefix, ": ", words);
    err->http_status = status;
    err->retryable = explain_retryable(code, status, c);
    explain_advice(&reply->outcome->headers, err);
    err->fault = explain_fault(code, status, c);
    err->one_image = code == APIPIE_E_PARAMETER && (status == 400 || status == 422) &&
                     pie_complaint_one_image(c);
    err->refused =
        status == 425 || status == 429 ||
        (status == 503 && (pie_headers_get(&reply->outcome->headers, "retry-after") != NULL ||
                           (!c->html && pie_complaint_says(c, explain_busy))));
    explain_ids(reply, c, err);
    explain_keep_body(reply, err);
}

void pie_explain(const struct pie_reply *reply, struct apipie_error *err)
{
    struct pie_complaint c;
    pie_complaint_init(&c, err->body.mem);
    pie_complaint_read(&c, reply);
    explain_fill(reply, &c, explain_code(reply->outcome->status, &c), err);
    pie_complaint_free(&c);
}

static const struct pie_known *explain_known(const struct pie_complaint *c, int32_t status,
                                             const struct pie_known *known)
{
    for (; known->word != NULL; known++) {
        const char *const words[] = {known->word, NULL};
        if ((known->status == 0 || known->status == status) &&
            (known->word[0] == '\0' || pie_complaint_says(c, words)))
            return known;
    }
    return NULL;
}

static void explain_as_known(const struct pie_known *known, struct apipie_error *err)
{
    err->code = known->code;
    err->fault = pie_error_fault(known->code);
    err->retryable = known->retryable && err->should_retry != 0;
    pie_text_copy(pie_slice_text(known->hint), err->hint, sizeof(err->hint));
}

void pie_dialect_explain(const struct pie_dialect *d, const struct pie_reply *reply,
                         struct apipie_error *err)
{
    struct pie_complaint c;
    pie_complaint_init(&c, err->body.mem);
    pie_complaint_read(&c, reply);
    explain_fill(reply, &c, explain_code(reply->outcome->status, &c), err);
    const struct pie_known *known =
        d->known != NULL ? explain_known(&c, reply->outcome->status, d->known) : NULL;
    pie_complaint_free(&c);
    if (known != NULL)
        explain_as_known(known, err);
    if (d->explain != NULL)
        d->explain(reply, err);
}

int32_t pie_explain_has_error(const struct pie_node *root)
{
    const struct pie_node *error = pie_node_get(root, "error");
    const struct pie_node *errors = pie_node_get(root, "errors");
    if (pie_node_kind(errors) == PIE_JSON_ARRAY && pie_node_count(errors) != 0)
        return 1;
    switch (pie_node_kind(error)) {
    case PIE_JSON_OBJECT:
    case PIE_JSON_ARRAY:
        return pie_node_count(error) != 0;
    case PIE_JSON_TEXT:
        return pie_node_text(error).n != 0;
    case PIE_JSON_BOOL: {
        int64_t yes = 0;
        return pie_node_int(error, &yes) == APIPIE_OK && yes != 0;
    }
    default:
        return 0;
    }
}

/* The first image that could not be had says more than "no image". */
static void explain_parts(const struct apipie_result *result, const struct pie_reply *reply,
                          struct apipie_error *err)
{
    const char *problem = NULL;
    apipie_status code = APIPIE_E_NO_IMAGE;
    for (size_t i = 0; i < result->count && problem == NULL; i++) {
        if (result->images[i].status != APIPIE_OK) {
            code = result->images[i].status;
            problem = result->images[i].problem;
        }
    }
    if (problem == NULL && reply->root == NULL) {
        code = APIPIE_E_MALFORMED;
        problem = "the reply is neither JSON nor a picture";
    }
    if (code <= APIPIE_E_MEMORY && code > APIPIE_E_CONNECT) {
        pie_error_set(err, code, "the picture was drawn and billed",
                      "the picture came and could not be kept: ", problem, NULL);
        return;
    }
    if (code == APIPIE_E_TOO_LARGE) {
        pie_error_set(err, code,
                      "raise the limit: apipie_request_set_max_image_bytes(), --max-image-bytes",
                      "the picture is too large: ", problem, NULL);
        return;
    }
    pie_error_set(
        err, code, "nothing can be drawn from this reply; look at your usage before you pay again",
        "the server answered without a picture: ", problem != NULL ? problem : "no image in it",
        NULL);
    err->retryable = 1;
}

void pie_explain_no_image(const struct pie_reply *reply, const struct apipie_result *result,
                          struct apipie_error *err)
{
    struct pie_complaint c;
    pie_complaint_init(&c, err->body.mem);
    pie_complaint_read(&c, reply);
    if (reply->failed || pie_explain_has_error(reply->root) ||
        pie_complaint_says(&c, explain_policy)) {
        explain_fill(reply, &c, explain_by_words(&c), err);
    } else {
        explain_parts(result, reply, err);
        err->http_status = reply->outcome->status;
        explain_advice(&reply->outcome->headers, err);
        err->fault = c.html ? APIPIE_FAULT_GATEWAY : err->fault;
        explain_ids(reply, &c, err);
        explain_keep_body(reply, err);
    }
    pie_complaint_free(&c);
}

int32_t pie_explain_should_retry(const struct pie_headers *headers)
{
    struct pie_slice advice = pie_slice_text(pie_headers_get(headers, "x-should-retry"));
    if (pie_slice_equal_nocase(advice, "true"))
        return 1;
    return pie_slice_equal_nocase(advice, "false") ? 0 : APIPIE_UNKNOWN;
}

int64_t pie_explain_retry_after(const struct pie_headers *headers, int64_t now_wall_ms)
{
    struct pie_slice ms = pie_slice_text(pie_headers_get(headers, "retry-after-ms"));
    struct pie_slice after =
        pie_slice_trim(pie_slice_text(pie_headers_get(headers, "retry-after")));
    int64_t value = 0;
    int64_t until = 0;
    if (pie_number_seconds(ms, &value) == APIPIE_OK)
        return value / 1000 + (value % 1000 != 0);
    if (pie_number_seconds(after, &value) == APIPIE_OK)
        return value;
    if (after.n == 0 || pie_number_http_date(after, &until) != APIPIE_OK)
        return APIPIE_UNKNOWN;
    /* Our clock may be wrong; the server's own tells how far away its date is. */
    const char *date = pie_headers_get(headers, "date");
    if (date == NULL || pie_number_http_date(pie_slice_text(date), &value) != APIPIE_OK)
        value = now_wall_ms;
    return until > value ? until - value : 0;
}
