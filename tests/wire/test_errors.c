/* SPDX-License-Identifier: MIT */
/* Error replies of every shape that has been seen, from every provider: what they mean, whose fault they are and
 * whether they cost money. Knows the public API alone. */
#include "../support/draw.h"

#include <stdlib.h>
#include <string.h>

#define ANY  (-99)
#define JSON NULL
#define HTML "Content-Type: text/html\r\n"
#define TEXT "Content-Type: text/plain\r\n"

enum { NO = APIPIE_BILLED_NO, MAYBE = APIPIE_BILLED_UNKNOWN };
enum {
    CALLER = APIPIE_FAULT_CALLER,
    ACCOUNT = APIPIE_FAULT_ACCOUNT,
    GATEWAY = APIPIE_FAULT_GATEWAY
};

struct refusal {
    int32_t status;
    const char *headers, *body;
    apipie_status code;
    int32_t fault, billed, retryable;
    const char *provider_code; /* NULL: not checked */
    const char *message;       /* part of it */
};

static const struct refusal refusals[] = {
    /* the gateway's own */
    {401, JSON, "{\"error\":{\"message\":\"Invalid API key\"}}", APIPIE_E_AUTH, ACCOUNT, NO, 0,
     NULL, "Invalid API key"},
    {429, JSON, "{\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"slow down\"}}",
     APIPIE_E_RATE_LIMITED, ACCOUNT, NO, 1, "rate_limit_exceeded", "slow down"},
    {400, JSON, "{\"error\":{\"code\":\"invalid_parameter\",\"message\":\"size is bad\"}}",
     APIPIE_E_PARAMETER, CALLER, NO, 0, "invalid_parameter", "size is bad"},
    {400, JSON, "{\"error\":{\"code\":\"content_policy_violation\",\"message\":\"not that\"}}",
     APIPIE_E_CONTENT_POLICY, CALLER, NO, 0, "content_policy_violation", "not that"},
    {400, JSON,
     "{\"error\":{\"message\":\"too "
     "long\",\"type\":\"invalid_request_error\",\"param\":\"messages\","
     "\"code\":\"context_length_exceeded\"}}",
     APIPIE_E_PARAMETER, CALLER, NO, 0, "context_length_exceeded", "too long"},
    {402, JSON, "{\"code\":\"ACCOUNT_ERROR\",\"message\":\"You are out of credit\"}",
     APIPIE_E_QUOTA, ACCOUNT, NO, 0, "ACCOUNT_ERROR", "out of credit"},
    {400, JSON, "{\"code\":400,\"message\":\"Insufficient credits. Please top up.\"}",
     APIPIE_E_QUOTA, ACCOUNT, NO, 0, "400", "Insufficient credits"},
    /* OpenAI */
    {400, JSON,
     "{\"error\":{\"message\":\"Unknown parameter: "
     "'response_format'.\",\"type\":\"invalid_request_error\","
     "\"param\":\"response_format\",\"code\":\"unknown_parameter\"}}",
     APIPIE_E_PARAMETER, CALLER, NO, 0, "unknown_parameter",
     "Unknown parameter: 'response_format'."},
    {400, JSON,
     "{\"error\":{\"message\":\"rejected by the safety system. safety_violations=[x]\",\"type\":"
     "\"image_generation_user_error\",\"param\":null,\"code\":\"moderation_blocked\"}}",
     APIPIE_E_CONTENT_POLICY, CALLER, NO, 0, "moderation_blocked", "safety system"},
    {400, JSON,
     "{\"error\":{\"message\":\"Billing hard limit has been "
     "reached\",\"type\":\"invalid_request_error\","
     "\"param\":null,\"code\":\"billing_hard_limit_reached\"}}",
     APIPIE_E_QUOTA, ACCOUNT, NO, 0, "billing_hard_limit_reached", "Billing hard limit"},
    {429, JSON,
     "{\"error\":{\"message\":\"You exceeded your current "
     "quota\",\"type\":\"insufficient_quota\",\"param\":"
     "null,\"code\":\"insufficient_quota\"}}",
     APIPIE_E_QUOTA, ACCOUNT, NO, 0, "insufficient_quota", "current quota"},
    {404, JSON,
     "{\"error\":{\"message\":\"The model 'x' does not exist\",\"code\":\"model_not_found\"}}",
     APIPIE_E_NOT_FOUND, CALLER, NO, 0, "model_not_found", "does not exist"},
    {500, JSON, "{\"error\":{\"message\":\"The server had an error\",\"type\":\"server_error\"}}",
     APIPIE_E_SERVER, ANY, MAYBE, 1, NULL, "The server had an error"},
    /* Together */
    {429, JSON,
     "{\"id\":\"x\",\"error\":{\"message\":\"limit\",\"type\":\"dynamic_request_limited\"}}",
     APIPIE_E_RATE_LIMITED, ACCOUNT, NO, 1, NULL, "limit"},
    {402, JSON, "{\"error\":{\"message\":\"spend limit\"}}", APIPIE_E_QUOTA, ACCOUNT, NO, 0, NULL,
     "spend limit"},
    /* DeepInfra, fal and other FastAPI servers */
    {422, JSON, "{\"detail\":\"bad width\"}", APIPIE_E_PARAMETER, CALLER, NO, 0, NULL, "bad width"},
    {422, JSON,
     "{\"detail\":[{\"loc\":[\"body\",\"size\"],\"msg\":\"not a size\",\"type\":\"value_error\"}]}",
     APIPIE_E_PARAMETER, CALLER, NO, 0, NULL, "not a size"},
    {404, JSON, "{\"detail\":{\"error\":\"Model is not available\"}}", APIPIE_E_NOT_FOUND, CALLER,
     NO, 0, NULL, "Model is not available"},
    {429, JSON, "{\"detail\":\"Rate limited\"}", APIPIE_E_RATE_LIMITED, ACCOUNT, NO, 1, NULL,
     "Rate limited"},
    /* Bedrock */
    {400,
     "Content-Type: application/json\r\nx-amzn-ErrorType: "
     "ValidationException:http://internal.amazon.com/x\r\n",
     "{\"message\":\"Malformed input request\"}", APIPIE_E_PARAMETER, CALLER, NO, 0,
     "ValidationException", "Malformed input request"},
    {403, "Content-Type: application/json\r\nx-amzn-ErrorType: AccessDeniedException\r\n",
     "{\"Message\":\"You don't have access\"}", APIPIE_E_AUTH, ACCOUNT, NO, 0,
     "AccessDeniedException", "You don't have access"},
    {429, "Content-Type: application/json\r\nx-amzn-ErrorType: ThrottlingException\r\n",
     "{\"message\":\"Rate exceeded\"}", APIPIE_E_RATE_LIMITED, ACCOUNT, NO, 1,
     "ThrottlingException", "Rate exceeded"},
    /* Prodia */
    {401, TEXT, "token is invalid", APIPIE_E_AUTH, ACCOUNT, NO, 0, NULL, "token is invalid"},
    {402, TEXT, "no credits", APIPIE_E_QUOTA, ACCOUNT, NO, 0, NULL, "no credits"},
    /* Stability */
    {400, JSON,
     "{\"errors\":[\"content-type: must be multipart/form-data\",\"second\"],\"id\":\"i\",\"name\":"
     "\"bad_request\"}",
     APIPIE_E_PARAMETER, CALLER, NO, 0, "bad_request", "must be multipart/form-data"},
    {400, JSON, "{\"id\":\"i\",\"name\":\"invalid_samples\",\"message\":\"samples must be 1\"}",
     APIPIE_E_PARAMETER, CALLER, NO, 0, "invalid_samples", "samples must be 1"},
    {403, JSON,
     "{\"id\":\"i\",\"name\":\"content_moderation\",\"errors\":[\"Your request was flagged by our "
     "content "
     "moderation system\"]}",
     APIPIE_E_CONTENT_POLICY, CALLER, NO, 0, "content_moderation", "flagged"},
    /* Replicate */
    {422, JSON,
     "{\"title\":\"Input validation failed\",\"detail\":\"- width: too big\",\"status\":422}",
     APIPIE_E_PARAMETER, CALLER, NO, 0, NULL, "width: too big"},
    /* Automatic1111, stable-diffusion.cpp, LocalAI, Google */
    {500, JSON,
     "{\"error\":\"OutOfMemoryError\",\"detail\":\"\",\"body\":\"\",\"errors\":\"CUDA out of "
     "memory. Tried\"}",
     APIPIE_E_SERVER, ANY, MAYBE, 0, "OutOfMemoryError", "CUDA out of memory"},
    {400, JSON, "{\"error\":\"prompt required\"}", APIPIE_E_PARAMETER, CALLER, NO, 0, NULL,
     "prompt required"},
    {500, JSON, "{\"error\":\"server_error\",\"message\":\"[json.exception.type_error.302] type\"}",
     APIPIE_E_SERVER, ANY, MAYBE, ANY, NULL, "type_error.302"},
    {503, "Content-Type: application/json\r\nRetry-After: 5\r\n",
     "{\"error\":{\"code\":\"model_loading\",\"message\":\"loading\"}}", APIPIE_E_SERVER, ANY, NO,
     1, "model_loading", "loading"},
    {500, JSON,
     "{\"error\":{\"code\":500,\"status\":\"INTERNAL\",\"message\":\"oops\",\"details\":[{}]}}",
     APIPIE_E_SERVER, ANY, MAYBE, 1, "500", "oops"},
    {422, JSON, "{\"error\":{\"message\":{\"field\":\"prompt\",\"why\":\"too odd\"}}}",
     APIPIE_E_PARAMETER, CALLER, NO, 0, NULL, "too odd"},
    {422, JSON,
     "{\"success\":false,\"error\":{\"message\":\"{\\\"error\\\":{\\\"message\\\":\\\"inner "
     "words\\\"}}\"}}",
     APIPIE_E_PARAMETER, CALLER, NO, 0, NULL, "inner words"},
    {429, JSON, "{\"error\":\"too many\",\"reject_reason\":\"inflight_limit\"}",
     APIPIE_E_RATE_LIMITED, ACCOUNT, NO, 1, NULL, "too many"},
    {400, JSON, "{\"error\":\"unknown error\",\"warnings\":[]}", APIPIE_E_PARAMETER, CALLER, NO, 0,
     NULL, "unknown error"},
    /* proxies */
    {524, "Content-Type: text/html\r\ncf-ray: 8f00\r\n",
     "<!DOCTYPE html>\n<html><head><title>apipie.ai | 524: A timeout\n "
     "occurred</title><style>b{}</style></head>"
     "<body>x</body></html>",
     APIPIE_E_SERVER, GATEWAY, MAYBE, 1, NULL, "524: A timeout occurred"},
    {502, TEXT, "error code: 502", APIPIE_E_SERVER, GATEWAY, MAYBE, 1, NULL, "error code: 502"},
    {504, HTML, "<html>\r\n<head><title>504 Gateway Time-out</title></head></html>",
     APIPIE_E_SERVER, GATEWAY, MAYBE, 1, NULL, "504 Gateway Time-out"},
    {403, HTML, "<html><head><title>Just a moment...</title></head></html>", APIPIE_E_AUTH, ANY, NO,
     ANY, NULL, "Just a moment"},
    {404, HTML, "<!doctype html><html><head><title>My App</title></head></html>",
     APIPIE_E_NOT_FOUND, ANY, NO, 0, NULL, "My App"},
    {404, "Connection: close\r\n", "", APIPIE_E_NOT_FOUND, CALLER, NO, 0, NULL, "404"},
    {500, "", "", APIPIE_E_SERVER, ANY, MAYBE, 1, NULL, "500"},
    {408, "", "", APIPIE_E_SERVER, ANY, MAYBE, 1, NULL, "408"},
    {405, "", "", APIPIE_E_PARAMETER, CALLER, NO, 0, NULL, "405"},
    {413, HTML, "<html><head><title>413 Request Entity Too Large</title></head></html>",
     APIPIE_E_PARAMETER, ANY, NO, 0, NULL, "413"},
    {415, JSON, "{}", APIPIE_E_PARAMETER, CALLER, NO, 0, NULL, "415"},
    {400, JSON, "{\"error\":{\"message\":", APIPIE_E_PARAMETER, CALLER, NO, 0, NULL, "400"},
    {500, JSON, "\xff\xfe\x01\x02", APIPIE_E_SERVER, ANY, MAYBE, 1, NULL, "500"},
    {400, JSON, "[]", APIPIE_E_PARAMETER, CALLER, NO, 0, NULL, "400"},
    {400, JSON, "null", APIPIE_E_PARAMETER, CALLER, NO, 0, NULL, "400"},
};

/* One line, without control bytes, C1 ones included, and without the key. */
static void assert_clean_line(const char *line)
{
    assert_non_null(line);
    for (const unsigned char *p = (const unsigned char *)line; *p; p++) {
        assert_true(*p >= 0x20 && *p != 0x7f);
        assert_false(p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f);
    }
    assert_lacks(line, DRAW_KEY);
}

static void assert_is(int32_t got, int32_t want, const char *what)
{
    if (want != ANY && got != want)
        print_error("%s is %d instead of %d\n", what, (int)got, (int)want);
    assert_true(want == ANY || got == want);
}

static void a_refusal(void **state)
{
    struct draw *d = *state;
    const struct refusal *t = d->row;
    draw_serve_reply(d, t->status, t->headers, t->body);
    apipie_status status = apipie_request_perform(d->request);
    assert_ended(d->request, status, t->code);
    const apipie_error *e = draw_error(d);
    assert_status(apipie_error_code(e), t->code);
    assert_int_equal(apipie_error_http_status(e), t->status);
    assert_contains(apipie_error_message(e), t->message);
    assert_clean_line(apipie_error_message(e));
    assert_clean_line(apipie_error_hint(e));
    assert_true(strlen(apipie_error_hint(e)) > 0);
    assert_is(apipie_error_fault(e), t->fault, "fault");
    assert_is(apipie_error_billed(e), t->billed, "billed");
    assert_is(apipie_error_is_retryable(e), t->retryable, "retryable");
    if (t->provider_code)
        assert_string_equal(apipie_error_provider_code(e), t->provider_code);
    assert_int_equal(apipie_error_attempts(e), 1);
    assert_int_equal(raw_server_count(d->server, NULL), 1);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0),
                     t->billed == NO ? APIPIE_OUTCOME_REJECTED : APIPIE_OUTCOME_UNKNOWN);
}

static void a_prompt_that_is_too_long_is_no_bad_key(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 403, JSON,
                     "{\"error\":{\"message\":\"The prompt is longer than the model takes\"}}");
    apipie_status status = apipie_request_perform(d->request);
    assert_true(status == APIPIE_E_PARAMETER || status == APIPIE_E_CONTENT_POLICY);
    assert_int_equal(apipie_error_fault(draw_error(d)), CALLER);
}

static void html_is_reduced_to_its_title(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(
        d, 502, HTML,
        "<html><head><style>body{color:red}</style><TITLE lang=en>\n Bad  gateway \n</TITLE>"
        "</head><body><script>alert(1)</script>secret body</body></html>");
    apipie_request_perform(d->request);
    const char *message = apipie_error_message(draw_error(d));
    assert_contains(message, "Bad gateway");
    assert_lacks(message, "<");
    assert_lacks(message, "color:red");
    assert_lacks(message, "secret body");
    assert_contains(apipie_error_body(draw_error(d), NULL), "secret body");
}

static void the_key_is_masked(void **state)
{
    struct draw *d = *state;
    size_t n = 0;
    draw_serve_reply(d, 401, JSON,
                     "{\"error\":{\"message\":\"Incorrect API key provided: " DRAW_KEY
                     ". See settings\",\"code\":\"" DRAW_KEY "\",\"param\":\"" DRAW_KEY "\"}}");
    apipie_request_perform(d->request);
    const apipie_error *e = draw_error(d);
    assert_contains(apipie_error_message(e), "Incorrect API key provided: ");
    assert_contains(apipie_error_message(e), "See settings");
    assert_clean_line(apipie_error_message(e));
    assert_clean_line(apipie_error_hint(e));
    assert_lacks(apipie_error_provider_code(e), DRAW_KEY);
    assert_lacks(apipie_error_provider_param(e), DRAW_KEY);
    assert_contains(apipie_error_body(e, &n), "See settings");
    assert_lacks(apipie_error_body(e, NULL), DRAW_KEY);
    assert_int_equal(strlen(apipie_error_body(e, NULL)), n);
}

static void the_key_is_masked_when_escaped(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 401, JSON,
                     "{\"error\":{\"message\":\"bad key \\u0073k-pie-0123456789abcdef\"}}");
    apipie_request_perform(d->request);
    assert_clean_line(apipie_error_message(draw_error(d)));
}

static void terminal_escapes_are_removed(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(
        d, 400, JSON,
        "{\"error\":{\"message\":\"a\\u001b[31mb\\u0007\\u009b2Jc\\nd\\u007f\\u0000e\","
        "\"code\":\"x\\u001b]0;t\\u0007\",\"param\":\"\\u001bp\"}}");
    apipie_request_perform(d->request);
    assert_clean_line(apipie_error_message(draw_error(d)));
    assert_clean_line(apipie_error_provider_code(draw_error(d)));
    assert_clean_line(apipie_error_provider_param(draw_error(d)));
    assert_contains(apipie_error_message(draw_error(d)), "c d");
}

static void parameters_are_told(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(
        d, 400, JSON,
        "{\"error\":{\"message\":\"m\",\"param\":\"response_format\",\"code\":\"c\"}}");
    apipie_request_perform(d->request);
    assert_string_equal(apipie_error_provider_param(draw_error(d)), "response_format");
}

static void empty_members_are_absent(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 400, JSON, "{\"error\":{\"message\":\"m\",\"param\":\"\",\"code\":\"\"}}");
    apipie_request_perform(d->request);
    assert_null(apipie_error_provider_param(draw_error(d)));
    assert_null(apipie_error_provider_code(draw_error(d)));
    assert_null(apipie_error_request_id(draw_error(d)));
    assert_int_equal(apipie_error_retry_after(draw_error(d)), APIPIE_UNKNOWN);
}

static const char *const request_ids[] = {"x-request-id: id-1\r\n", "X-Request-ID: id-1\r\n",
                                          "cf-ray: id-1\r\n", "x-amzn-RequestId: id-1\r\n",
                                          "x-request-id: id-1\r\ncf-ray: other\r\n"};

static void a_request_id(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 500, *(const char *const *)d->row, "");
    apipie_request_perform(d->request);
    assert_string_equal(apipie_error_request_id(draw_error(d)), "id-1");
    assert_string_equal(apipie_request_attempt_request_id(d->request, 0), "id-1");
}

static void flood(struct raw_conn *c, const struct raw_request *q, void *user)
{
    char *body = draw_replace("{\"error\":{\"message\":\"first words %\"}}", "%", user);
    (void)q;
    raw_reply(c, 400, "Content-Type: application/json\r\n", body, strlen(body));
    free(body);
}

static void a_long_error_is_cut(void **state)
{
    struct draw *d = *state;
    static char text[1000001];
    size_t n = 0;
    memset(text, 'x', sizeof text - 1);
    draw_serve(d, flood, text);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_PARAMETER);
    assert_contains(apipie_error_message(draw_error(d)), "first words");
    assert_true(strlen(apipie_error_message(draw_error(d))) < 1024);
    assert_non_null(apipie_error_body(draw_error(d), &n));
    assert_true(n <= 65536);
}

static void unknown_members_can_be_read(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 429, JSON, "{\"error\":\"too many\",\"reject_reason\":\"inflight_limit\"}");
    apipie_request_perform(d->request);
    assert_contains(apipie_error_body(draw_error(d), NULL), "inflight_limit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {

        DRAW_TEST(a_prompt_that_is_too_long_is_no_bad_key),
        DRAW_TEST(html_is_reduced_to_its_title),
        DRAW_TEST(the_key_is_masked),
        DRAW_TEST(the_key_is_masked_when_escaped),
        DRAW_TEST(terminal_escapes_are_removed),
        DRAW_TEST(parameters_are_told),
        DRAW_TEST(empty_members_are_absent),

        DRAW_TEST(a_long_error_is_cut),
        DRAW_TEST(unknown_members_can_be_read),
    };
    int failed = cmocka_run_group_tests_name("errors", tests, NULL, NULL);
    failed += DRAW_ROWS_AT(a_refusal, refusals, offsetof(struct refusal, message));
    failed += DRAW_ROWS(a_request_id, request_ids);
    return failed;
}
